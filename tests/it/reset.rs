//! The one-time link to a new password: handed out by the operator, moved out of the address, good once.

use std::path::Path;
use std::sync::Barrier;
use std::thread;

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start, run_command};
use crate::browser::{Browser, Page};

const NEW: &str = "blue paper boats sink";

/// Makes a link on the command line and returns its path. The server must not run.
fn reset_link(folder: &Path, user: &str) -> String {
    let ended = run_command(folder, &["user", "reset-link", user], "");
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    let at = ended.stdout.find("/accounts/reset/").expect("a link is printed");
    ended.stdout[at..].trim_end().to_owned()
}

/// A running server with the user alice, and links for her made in order.
fn with_links(count: usize) -> (Appliance, Vec<String>) {
    let appliance = Start::with_admin().env("SERVER_LOG_LEVEL", "debug").run();
    Browser::user(&appliance, "alice");
    let (status, folder) = appliance.stop();
    assert!(status.success());
    let links = (0..count).map(|_| reset_link(folder.path(), "alice")).collect();
    (Start::empty().folder(folder).env("SERVER_LOG_LEVEL", "debug").run(), links)
}

fn choose(browser: &mut Browser, page: &Page, password: &str, repeated: &str) -> Page {
    browser.submit_on(page, "/accounts/reset", &[("password1", password), ("password2", repeated)])
}

#[test]
fn a_link_sets_a_password_once_and_signs_in() {
    let (appliance, links) = with_links(1);
    let secret = links[0].strip_prefix("/accounts/reset/").unwrap().to_owned();
    assert!(secret.len() >= 43, "256 bits need as many characters: {secret}");
    let mut elsewhere = Browser::of(&appliance);
    elsewhere.log_in("alice", PASSWORD);

    // Programs that look at links do not use them up.
    for method in ["GET", "HEAD", "GET"] {
        assert_eq!(Browser::of(&appliance).send(method, &links[0], &[], None).status, 303, "{method}");
    }
    let mut browser = Browser::of(&appliance);
    let page = browser.get(&links[0]);
    assert_eq!((page.status, page.header("location")), (303, Some("/accounts/reset")));
    let page = browser.open("/accounts/reset");
    page.says("For the account alice");
    assert!(!page.body.contains(&secret), "the secret is not on the page");

    // Mistakes do not use it up either.
    for (password, repeated, words) in
        [("short", "short", "Use at least 8 characters."), (NEW, "another boat", "The two passwords differ.")]
    {
        let page = choose(&mut browser, &page, password, repeated);
        assert_eq!(page.status, 422);
        page.says(words);
        assert!(!page.body.contains(NEW));
    }
    let mut later = browser.clone();
    let page = choose(&mut browser, &page, NEW, NEW);
    assert_eq!((page.status, page.header("location")), (303, Some("/links")), "{}", page.text());
    assert!(!browser.cookies.contains_key("reset"));
    browser.open("/links").says("Saved. Other browsers are logged out.");

    assert_eq!(elsewhere.get("/links").status, 302, "sessions from before are over");
    assert_eq!(later.get("/accounts/reset").status, 404, "it is used up");
    let token = later.open("/accounts/login").token();
    let again = [("csrf_token", token.as_str()), ("password1", "yet another boat"), ("password2", "yet another boat")];
    assert_eq!(later.post("/accounts/reset", &again).status, 404);
    assert_eq!(Browser::of(&appliance).get(&links[0]).status, 404);
    let mut other = Browser::of(&appliance);
    let old = [("username", "alice"), ("password", PASSWORD)];
    assert_eq!(other.submit("/accounts/login", "/accounts/login", &old).status, 422);
    other.log_in("alice", NEW);

    let log = appliance.log();
    assert!(log.contains("reset link used user=alice ip=127.0.0.1"), "{log}");
    assert!(log.contains("/accounts/reset/…"), "{log}");
    assert!(!log.contains(&secret), "{log}");
}

#[test]
fn used_old_and_invented_links_have_one_answer() {
    let (appliance, links) = with_links(3);
    let mut browser = Browser::of(&appliance);
    browser.open("/accounts/login");
    let mut wrong = vec![links[0].clone(), links[1].clone()];
    let secret = links[2].strip_prefix("/accounts/reset/").unwrap();
    wrong.push(format!("/accounts/reset/{}", "0".repeat(secret.len())));
    wrong.push(format!("/accounts/reset/{}", &secret[1..]));
    wrong.push(format!("/accounts/reset/{secret}0"));
    wrong.push(format!("/accounts/reset/{secret}/x"));
    wrong.push("/accounts/reset/%22%3E".to_owned());
    let mut texts = Vec::new();
    for path in &wrong {
        let page = browser.get(path);
        assert_eq!(page.status, 404, "{path}");
        assert!(page.set_cookies().iter().all(|cookie| cookie.starts_with("form=")), "{path}");
        texts.push(page.text());
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert_eq!(browser.get(&links[2]).status, 303, "the newest is good");
}

#[test]
fn of_two_who_use_a_link_at_the_same_moment_one_succeeds() {
    let (appliance, links) = with_links(1);
    let prepared = [(); 2].map(|()| {
        let mut browser = Browser::of(&appliance);
        browser.get(&links[0]);
        let page = browser.open("/accounts/reset");
        (browser, page)
    });
    let barrier = Barrier::new(2);
    let send = |(mut browser, page): (Browser, Page)| {
        barrier.wait();
        choose(&mut browser, &page, NEW, NEW).status
    };
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let running = prepared.map(|one| scope.spawn(|| send(one)));
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404]);
}

#[test]
fn without_a_link_there_is_no_form() {
    let (appliance, _) = with_links(0);
    let mut browser = Browser::of(&appliance);
    let token = browser.open("/accounts/login").token();
    for value in [None, Some(""), Some("0000"), Some(&*"0".repeat(64))] {
        browser.cookies.remove("reset");
        if let Some(value) = value {
            browser.cookies.insert("reset".to_owned(), value.to_owned());
        }
        assert_eq!(browser.get("/accounts/reset").status, 404, "{value:?}");
        let fields = [("csrf_token", token.as_str()), ("password1", NEW), ("password2", NEW)];
        assert_eq!(browser.post("/accounts/reset", &fields).status, 404, "{value:?}");
    }
    Browser::of(&appliance).log_in("alice", PASSWORD);
}

#[test]
fn a_password_change_ends_a_link_that_was_not_used() {
    let (appliance, links) = with_links(1);
    let mut opened = Browser::of(&appliance);
    assert_eq!(opened.get(&links[0]).status, 303);
    let mut alice = Browser::of(&appliance);
    alice.log_in("alice", PASSWORD);
    let fields = [("password", PASSWORD), ("password1", NEW), ("password2", NEW)];
    assert_eq!(alice.submit("/accounts/profile", "/accounts/password", &fields).status, 303);
    assert_eq!(opened.get("/accounts/reset").status, 404);
    assert_eq!(Browser::of(&appliance).get(&links[0]).status, 404);
}

#[test]
fn links_are_for_people_who_exist_and_show_the_public_address() {
    let appliance = Start::with_admin().run();
    let (_, folder) = appliance.stop();
    let ended = run_command(folder.path(), &["user", "reset-link", "nobody"], "");
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("nobody"), "{}", ended.stderr);
    let args = ["user", "reset-link", ADMIN, "--base-url", "https://short.example"];
    let ended = run_command(folder.path(), &args, "");
    assert!(ended.stdout.starts_with("https://short.example/accounts/reset/"), "{}", ended.stdout);
    // An administrator's password is a longer one, by link too.
    let appliance = Start::empty().folder(folder).run();
    let mut browser = Browser::of(&appliance);
    browser.get(ended.stdout.trim_end().strip_prefix("https://short.example").unwrap());
    let page = browser.open("/accounts/reset");
    let page = choose(&mut browser, &page, "elevenchars", "elevenchars");
    assert_eq!(page.status, 422);
    page.says("Use at least 12 characters.");
}
