//! The setup page: the first administrator, made by whoever can read the server's terminal, once.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::appliance::{ADMIN, ADMIN_EMAIL, PASSWORD, Start, run_command};
use crate::browser::{Browser, Page, attribute};

/// A filled-in form, but for the code.
const FIELDS: [(&str, &str); 6] = [
    ("username", ADMIN),
    ("email", ADMIN_EMAIL),
    ("password1", PASSWORD),
    ("password2", PASSWORD),
    ("site_name", "Our links"),
    ("registration", "open"),
];

/// [`FIELDS`] with the code and some values changed.
fn fields<'a>(code: &'a str, changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = FIELDS.into_iter().chain([("code", code)]);
    let kept = kept.filter(|(name, _)| !changed.iter().any(|(given, _)| given == name));
    kept.chain(changed.iter().copied()).collect()
}

/// What stands in a field of the page.
fn value(page: &Page, field: &str) -> String {
    let tag = page.body.split("<input").find(|tag| tag.contains(&format!("name=\"{field}\""))).expect(field);
    attribute(tag, "value").unwrap_or_default()
}

#[test]
fn before_setup_only_four_addresses_answer() {
    let appliance = Start::empty().run();
    let mut browser = Browser::of(&appliance);
    browser.open("/").says("The setup code is printed where it was started.");
    browser.open("/setup").says("Set up this server");
    browser.open("/health");
    browser.open("/assets/app.css");
    for path in [
        "/accounts/login",
        "/accounts/register",
        "/accounts/profile",
        "/accounts/reset",
        "/accounts/reset/0000",
        "/.well-known/change-password",
        "/robots.txt",
        "/links",
        "/links/new",
        "/links/1",
        "/admin",
        "/api/v1/links",
        "/nowhere",
        "/alice",
        "/alice/promo",
    ] {
        let page = browser.get(path);
        assert_eq!(page.status, 503, "{path}");
        page.says("This server is not set up yet.");
        assert!(page.header("location").is_none() && page.set_cookies().is_empty(), "{path}");
    }
    let token = browser.open("/setup").token();
    for path in ["/accounts/register", "/accounts/login", "/accounts/logout", "/accounts/theme", "/links/new"] {
        let page = browser.post(path, &[("csrf_token", &token), ("username", "alice"), ("password", PASSWORD)]);
        assert_eq!(page.status, 503, "{path}");
    }
}

#[test]
fn the_code_stands_on_stderr_and_nowhere_else() {
    let appliance = Start::empty().run();
    let code = appliance.setup_code();
    assert_eq!(code.len(), "xxxx-xxxx-xxxx".len(), "{code}");
    assert_eq!(appliance.log().matches(&code).count(), 1);
    let bare = code.replace('-', "");
    let mut browser = Browser::of(&appliance);
    for path in ["/", "/setup", "/health", "/links", "/assets/app.js", "/robots.txt"] {
        let page = browser.get(path);
        assert!(!page.body.contains(&code) && !page.body.contains(&bare), "{path}");
        assert!(!page.headers.iter().any(|(_, value)| value.contains(&code)), "{path}");
    }
    let refused = browser.submit("/setup", "/setup", &fields("aaaa-aaaa-aaaa", &[]));
    assert_eq!(refused.status, 403);
    assert!(!refused.body.contains(&code));
    assert_ne!(appliance.restart().setup_code(), code, "the code changes at every start");
}

#[test]
fn stdout_has_the_address_only() {
    let start = Start::empty();
    let mut child = Command::new(env!("CARGO_BIN_EXE_linkjar"))
        .env_clear()
        .args(["--port", "0"])
        .arg("--data-dir")
        .arg(start.data())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut said = vec![0; 1];
    stdout.read_exact(&mut said).unwrap();
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    stdout.read_to_end(&mut said).unwrap();
    child.wait().unwrap();
    let said = String::from_utf8(said).unwrap();
    assert!(said.starts_with("http://127.0.0.1:") && said.ends_with("/\n") && said.lines().count() == 1, "{said:?}");
}

#[test]
fn wrong_codes_are_403_and_the_sixth_try_has_to_wait() {
    let appliance = Start::empty().run();
    let mut browser = Browser::of(&appliance);
    let right = appliance.setup_code();
    for wrong in ["", "aaaa-aaaa-aaaa", &right[1..], &format!("{right}2"), "\"><svg>"] {
        let page = browser.submit("/setup", "/setup", &fields(wrong, &[]));
        assert_eq!(page.status, 403, "{wrong:?}");
        page.says("This is not the setup code.");
        assert_eq!((value(&page, "username"), value(&page, "email")), (ADMIN.to_owned(), ADMIN_EMAIL.to_owned()));
        assert!(!page.body.contains(PASSWORD));
    }
    // The bound is for everybody together, and the right code makes no difference.
    for code in ["aaaa-aaaa-aaaa", &right] {
        let page = Browser::of(&appliance).submit("/setup", "/setup", &fields(code, &[]));
        assert_eq!(page.status, 429, "{}", page.body);
        page.says("Too many attempts. Try again in 1 minute.");
        let wait_s: u64 = page.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait_s), "{wait_s}");
    }
    browser.open("/").says("not set up yet");
    let log = appliance.log();
    assert!(log.contains("setup code wrong") && log.contains("ip=127.0.0.1"), "{log}");
}

#[test]
fn the_right_code_makes_the_administrator_signs_in_and_closes_the_page_for_good() {
    let appliance = Start::empty().run();
    let mut browser = Browser::of(&appliance);
    // People type it as they read it.
    let code = appliance.setup_code().to_uppercase().replace('-', " ");
    let page = browser.submit("/setup", "/setup", &fields(&code, &[("username", "Root-User")]));
    assert_eq!((page.status, page.header("location")), (303, Some("/links")), "{}", page.body);
    browser.open("/links").says("You have no links yet.");
    let profile = browser.open("/accounts/profile");
    profile.says("Role Administrator");
    profile.says("Username root-user");
    // What the form said about the site counts at once.
    let mut other = Browser::of(&appliance);
    other.open("/").says("Our links");
    other.open("/accounts/register").says("Repeat password");
    let mut appliance = appliance;
    for round in ["at once", "after a restart"] {
        assert_eq!(other.get("/setup").status, 404, "{round}");
        let token = other.open("/accounts/login").token();
        let again = fields(&code, &[("username", "second"), ("email", "b@site.example"), ("csrf_token", &token)]);
        assert_eq!(other.post("/setup", &again).status, 404, "{round}");
        assert_eq!(other.post("/setup", &[("csrf_token", &token)]).status, 404, "{round}");
        appliance = appliance.restart();
        other = Browser::of(&appliance);
        assert!(!appliance.log().contains("setup#"), "no code is printed once there is an administrator");
    }
    let (_, folder) = appliance.stop();
    let users = run_command(folder.path(), &["user", "list"], "").stdout;
    assert!(users.contains(ADMIN) && !users.contains("second"), "{users}");
}

#[test]
fn a_form_with_mistakes_comes_back_with_what_was_typed_but_for_the_password() {
    let mistakes: &[(&str, &str, &str)] = &[
        ("password1", "elevenchars", "Use at least 12 characters."),
        ("password1", "123456789012345", "Use letters too, or at least 16 digits."),
        ("password1", "1q2w3e4r5t6y7u8i9o0p", "This password is too common."),
        ("password1", "my-root-user", "This password is too much like your name or this site's."),
        ("password2", "correct horse battery stable", "The two passwords differ."),
        ("username", "-root", "begin with a letter or number."),
        ("username", "admin", "This name is not available."),
        ("email", "nobody", "Enter an email address"),
        ("site_name", "a name of sixty-one characters, which is one more than allowed!", "Use 1 to 60 characters"),
    ];
    // A server takes five tries a minute.
    for rows in mistakes.chunks(4) {
        let appliance = Start::empty().run();
        let code = appliance.setup_code();
        let mut browser = Browser::of(&appliance);
        for &(name, bad, words) in rows {
            let mut changed = vec![(name, bad), ("registration", "closed")];
            if name == "password1" {
                changed.push(("password2", bad));
            }
            let sent = fields(&code, &changed);
            let page = browser.submit("/setup", "/setup", &sent);
            assert_eq!(page.status, 422, "{name}={bad:?}");
            page.says(words);
            assert!(page.body.contains("<title>Error: Set up"), "{}", page.body);
            for (name, value_sent) in &sent {
                let expected = if name.starts_with("password") { "" } else { value_sent };
                if *name != "registration" {
                    assert_eq!(value(&page, name), expected, "{name}");
                }
            }
            assert!(page.form("/setup").contains(&("registration".to_owned(), "closed".to_owned())));
            assert!(!page.body.contains(PASSWORD));
        }
        browser.open("/").says("not set up yet");
    }
}

#[test]
fn the_setup_page_says_how_long_an_administrators_password_must_be() {
    let page = Browser::of(&Start::empty().run()).open("/setup");
    page.says("At least 12 characters.");
    page.does_not_say("At least 8 characters.");
}

#[test]
fn of_twenty_right_forms_at_the_same_moment_one_makes_the_administrator() {
    // Enough threads for all of them, so that nobody is turned away for want of a place.
    let appliance = Start::empty().env("SERVER_NUMTHREADS", "64").run();
    let code = appliance.setup_code();
    let prepared: Vec<(Browser, Page, String, String)> = (0..20)
        .map(|number| {
            let mut browser = Browser::of(&appliance);
            let page = browser.open("/setup");
            (browser, page, format!("admin-{number}"), format!("admin-{number}@site.example"))
        })
        .collect();
    let barrier = Barrier::new(prepared.len());
    let send = |(mut browser, page, name, email): (Browser, Page, String, String)| {
        barrier.wait();
        browser.submit_on(&page, "/setup", &fields(&code, &[("username", &name), ("email", &email)])).status
    };
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let running: Vec<_> = prepared.into_iter().map(|one| scope.spawn(|| send(one))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    let mut expected = vec![404; 20];
    expected[0] = 303;
    assert_eq!(statuses, expected);
    let (_, folder) = appliance.stop();
    let users = run_command(folder.path(), &["user", "list"], "").stdout;
    assert_eq!(users.matches("@site.example").count(), 1, "{users}");
}

#[test]
fn an_administrator_made_elsewhere_closes_the_page() {
    let by_environment = Start::with_admin();
    let by_command = Start::empty();
    let args = ["user", "add", ADMIN, "--email", ADMIN_EMAIL, "--admin", "--password-stdin"];
    let folder = by_command.data().parent().unwrap().to_owned();
    let ended = run_command(&folder, &args, PASSWORD);
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    for start in [by_environment, by_command] {
        let appliance = start.run();
        assert!(!appliance.log().contains("setup#"));
        assert_eq!(Browser::of(&appliance).get("/setup").status, 404);
        Browser::admin(&appliance).open("/links");
    }
}

#[test]
fn a_setup_form_whose_cookie_is_gone_can_be_sent_again() {
    let appliance = Start::empty().run();
    let code = appliance.setup_code();
    let mut browser = Browser::of(&appliance);
    let old = browser.open("/setup");
    browser.cookies.clear();
    let page = browser.submit_on(&old, "/setup", &fields(&code, &[]));
    assert_eq!(page.status, 403);
    page.says("This form is too old. Send it again.");
    assert!(!page.body.contains(PASSWORD) && !page.body.contains(&code));
    // Secrets would have to be typed again, so it leads back to the form.
    assert!(page.body.contains("href=\"/setup\">Back to the form</a>") && !page.body.contains("Send again"));
    let page = browser.submit("/setup", "/setup", &fields(&code, &[]));
    assert_eq!(page.status, 303, "{}", page.text());
}
