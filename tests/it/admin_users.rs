//! The list of users, and invitations: made on the page, shown once, good for one account.

use std::sync::Barrier;
use std::thread;

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start, run_command};
use crate::browser::{Browser, Page, attribute};

/// Makes an invitation and returns its path.
fn invite(admin: &mut Browser) -> String {
    let page = admin.submit("/admin/users", "/admin/invitations", &[]);
    assert_eq!(page.status, 200, "{}", page.text());
    page.says("Copy this link now; it is not shown again.");
    let button = page.body.split("<button").find(|tag| tag.contains("data-copy")).unwrap();
    let url = attribute(button, "data-copy").unwrap();
    url.strip_prefix(&format!("http://{}", admin.address)).unwrap().to_owned()
}

/// Opens an invitation and the form that it leads to.
fn accept(appliance: &Appliance, path: &str) -> (Browser, Page) {
    let mut browser = Browser::of(appliance);
    let page = browser.get(path);
    assert_eq!((page.status, page.header("location")), (303, Some("/accounts/register")), "{path}");
    let page = browser.open("/accounts/register");
    (browser, page)
}

fn register(browser: &mut Browser, page: &Page, name: &str) -> Page {
    let email = format!("{name}@mail.example");
    let fields = [("username", name), ("email", &email), ("password1", PASSWORD), ("password2", PASSWORD)];
    browser.submit_on(page, "/accounts/register", &fields)
}

fn in_mode(mode: &str) -> Appliance {
    Start::with_admin().env("SERVER_REGISTRATION", mode).env("SERVER_LOG_LEVEL", "debug").run()
}

#[test]
fn users_are_listed_searched_and_paged() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    anna.make_link("https://example.com/", "promo");
    let page = admin.open("/admin/users");
    for words in ["anna@mail.example", "user 1 link", "Active", ADMIN, "admin@site.example"] {
        page.says(words);
    }
    for (query, found, not) in [
        ("ANNA", "anna@mail.example", "admin@site.example"),
        ("site.example", "admin@site.example", "anna@mail.example"),
        ("%40mail", "anna@mail.example", "admin@site.example"),
    ] {
        let page = admin.open(&format!("/admin/users?q={query}"));
        page.says(found);
        page.does_not_say(not);
    }
    admin.open("/admin/users?q=nobody").says("No user matches.");
    let (_, folder) = appliance.stop();
    for at in 0..30 {
        let (name, email) = (format!("u{at:02}"), format!("u{at:02}@mail.example"));
        let args = ["user", "add", &name, "--email", &email, "--password-stdin"];
        let ended = run_command(folder.path(), &args, "blue paper boats sink");
        assert_eq!(ended.code(), 0, "{}", ended.stderr);
    }
    let appliance = Start::with_admin().folder(folder).run();
    let mut admin = Browser::admin(&appliance);
    let names = |page: &Page| {
        let cells = page.body.split("class=\"address\" href=\"/admin/users/").skip(1);
        cells.map(|cell| cell[..cell.find('"').unwrap()].to_owned()).collect::<Vec<_>>()
    };
    let link = |page: &Page, rel: &str| {
        let tag = page.body.split("<a").find(|tag| tag.contains(&format!("rel=\"{rel}\"")))?;
        attribute(tag, "href")
    };
    let first = admin.open("/admin/users");
    let second = admin.open(&link(&first, "next").unwrap());
    let all = [names(&first), names(&second)].concat();
    assert_eq!((names(&first).len(), all.len()), (25, 32));
    assert!(all.is_sorted() && link(&first, "prev").is_none() && link(&second, "next").is_none());
    assert_eq!(names(&admin.open(&link(&second, "prev").unwrap())), names(&first));
    let found = admin.open("/admin/users?q=u0");
    assert_eq!((names(&found).len(), link(&found, "next")), (10, None));
}

#[test]
fn an_invitation_makes_one_account_also_where_everybody_may() {
    for mode in ["invite", "open"] {
        let appliance = in_mode(mode);
        let mut admin = Browser::admin(&appliance);
        let path = invite(&mut admin);
        let secret = path.strip_prefix("/accounts/invite/").unwrap();
        assert_eq!(secret.len(), 64, "256 bits");
        admin.open("/admin/users").says(&format!("by {ADMIN}, until"));
        assert!(!admin.open("/admin/users").body.contains(secret), "it is shown once");
        // Programs that look at links do not use them up.
        for method in ["GET", "HEAD", "GET"] {
            assert_eq!(Browser::of(&appliance).send(method, &path, &[], None).status, 303, "{method}");
        }
        let (mut bob, page) = accept(&appliance, &path);
        page.says("You are invited.");
        assert!(!page.body.contains(secret), "the secret is not on the page");
        let (mut late, late_page) = accept(&appliance, &path);
        // Mistakes do not use it up.
        let fields = [("username", ADMIN), ("email", "b@c.example"), ("password1", PASSWORD), ("password2", PASSWORD)];
        let page = bob.submit_on(&page, "/accounts/register", &fields);
        assert_eq!(page.status, 422, "{mode}");
        page.says("This name is not available.");
        let page = register(&mut bob, &page, "bob");
        assert_eq!((page.status, page.header("location")), (303, Some("/accounts/login")), "{mode}");
        assert!(!bob.cookies.contains_key("invite"));
        bob.log_in("bob", PASSWORD);
        assert_eq!(bob.get("/admin").status, 403, "always a user");
        let page = register(&mut late, &late_page, "bert");
        // Where everybody may register, so may who comes too late.
        assert_eq!(page.status, if mode == "open" { 303 } else { 422 }, "{mode}: it is used up");
        assert_eq!(Browser::of(&appliance).get(&path).status, 404);
        admin.open("/admin/users").says("None is open.");
        let log = appliance.log();
        assert!(log.contains(&format!("invited by={ADMIN} ip=127.0.0.1")), "{log}");
        assert!(log.contains("user created user=bob ip=127.0.0.1"), "{log}");
        assert!(log.contains("/accounts/invite/…") && !log.contains(secret), "{log}");
    }
}

#[test]
fn without_an_invitation_the_mode_decides() {
    let appliance = in_mode("invite");
    let mut browser = Browser::of(&appliance);
    browser.open("/accounts/register").says("Registration is by invitation.");
    let token = browser.open("/accounts/login").token();
    let fields = [
        ("csrf_token", token.as_str()),
        ("username", "bob"),
        ("email", "bob@mail.example"),
        ("password1", PASSWORD),
        ("password2", PASSWORD),
    ];
    assert_eq!(browser.post("/accounts/register", &fields).status, 403);
    for value in ["", "0000", &*"0".repeat(64)] {
        browser.cookies.insert("invite".to_owned(), value.to_owned());
        browser.open("/accounts/register").says("Registration is by invitation.");
        assert!([403, 422].contains(&browser.post("/accounts/register", &fields).status), "{value:?}");
    }
    Browser::admin(&appliance).open("/admin/users").does_not_say("bob");
}

#[test]
fn wrong_used_and_withdrawn_invitations_have_one_answer() {
    let appliance = in_mode("invite");
    let mut admin = Browser::admin(&appliance);
    let used = invite(&mut admin);
    let (mut bob, page) = accept(&appliance, &used);
    assert_eq!(register(&mut bob, &page, "bob").status, 303);
    let withdrawn = invite(&mut admin);
    let (mut late, late_page) = accept(&appliance, &withdrawn);
    let list = admin.open("/admin/users");
    let take_back = |admin: &mut Browser, id: &str| {
        admin.submit_on(&list, "/admin/invitations/take-back", &[("invitation", id)]).status
    };
    for (bad, status) in [("", 404), ("xyz", 404), (&*"0".repeat(64), 303)] {
        assert_eq!(take_back(&mut admin, bad), status, "{bad}");
    }
    assert_eq!(Browser::of(&appliance).get(&withdrawn).status, 303, "that took none back");
    let button = list.body.split("<button").find(|tag| tag.contains("name=\"invitation\"")).unwrap();
    assert_eq!(take_back(&mut admin, &attribute(button, "value").unwrap()), 303);
    admin.open("/admin/users").says("None is open.");
    let page = register(&mut late, &late_page, "late");
    assert_eq!(page.status, 422);
    page.says("This invitation is not good any more. Ask for another one.");
    assert!(page.body.contains("value=\"late@mail.example\"") && !page.body.contains(PASSWORD), "{}", page.body);
    page.does_not_say("You are invited.");

    let secret = withdrawn.strip_prefix("/accounts/invite/").unwrap();
    let (invented, cut) =
        (format!("/accounts/invite/{}", "0".repeat(64)), format!("/accounts/invite/{}", &secret[1..]));
    let answers: Vec<String> = [&used, &withdrawn, &invented, &cut, &format!("{withdrawn}/x")]
        .into_iter()
        .map(|path| {
            let page = Browser::of(&appliance).get(path);
            assert_eq!(page.status, 404, "{path}");
            page.text()
        })
        .collect();
    assert!(answers.iter().all(|text| *text == answers[0]), "{answers:?}");
}

#[test]
fn of_twenty_who_use_an_invitation_at_once_one_gets_an_account() {
    let appliance = Start::with_admin().env("SERVER_REGISTRATION", "invite").env("SERVER_NUMTHREADS", "48").run();
    let mut admin = Browser::admin(&appliance);
    let path = invite(&mut admin);
    let prepared: Vec<_> = (0..20).map(|_| accept(&appliance, &path)).collect();
    let barrier = Barrier::new(20);
    let barrier = &barrier;
    let statuses: Vec<u16> = thread::scope(|scope| {
        let running: Vec<_> = prepared
            .into_iter()
            .enumerate()
            .map(|(at, (mut browser, page))| {
                scope.spawn(move || {
                    barrier.wait();
                    register(&mut browser, &page, &format!("guest{at:02}")).status
                })
            })
            .collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [303, 422, 503].contains(status)), "{statuses:?}");
    let list = admin.open("/admin/users?q=guest");
    assert_eq!(list.body.matches("class=\"address\"").count(), 1);
}

#[test]
fn an_invitation_ends_with_its_maker_and_can_be_made_by_command() {
    let appliance = Start::with_admin().run();
    Browser::user(&appliance, "anna");
    let mut admin = Browser::admin(&appliance);
    admin.submit("/admin/users/anna", "/admin/users/anna/role", &[("role", "admin")]);
    let mut anna = Browser::of(&appliance);
    anna.log_in("anna", PASSWORD);
    let path = invite(&mut anna);
    admin.submit("/admin/users/anna", "/admin/users/anna/role", &[("role", "user")]);
    assert_eq!(Browser::of(&appliance).get(&path).status, 404);
    let (_, folder) = appliance.stop();
    let ended = run_command(folder.path(), &["user", "invite", "--base-url", "https://short.example"], "");
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    let path = ended.stdout.trim_end().strip_prefix("https://short.example").unwrap();
    let appliance = Start::with_admin().folder(folder).run();
    Browser::admin(&appliance).open("/admin/users").says("by the command line");
    let (mut carl, page) = accept(&appliance, path);
    assert_eq!(register(&mut carl, &page, "carl").status, 303);
    carl.log_in("carl", PASSWORD);
}

#[test]
fn while_registration_is_closed_invitations_wait() {
    const CLOSED: &str = "Registration is closed, for whoever is invited, too.";
    // As the data file says, not the environment.
    let (_, folder) = Start::with_admin().run().stop();
    let appliance = Start::empty().folder(folder).run();
    let mut admin = Browser::admin(&appliance);
    let path = invite(&mut admin);
    let (mut anna, form) = accept(&appliance, &path);
    let set = |admin: &mut Browser, mode: &str| {
        let page = admin.submit("/admin/settings", "/admin/settings", &[("accounts.registration", mode)]);
        assert_eq!(page.status, 303, "{}", page.text());
    };
    let list = admin.open("/admin/users");
    set(&mut admin, "closed");
    let page = admin.submit_on(&list, "/admin/invitations", &[]);
    assert_eq!(page.status, 409);
    page.says(CLOSED);
    let page = admin.open("/admin/users");
    page.says(CLOSED);
    assert!(!page.body.contains("action=\"/admin/invitations\""), "there is no button");
    assert_eq!(register(&mut anna, &form, "anna").status, 403);
    let (_, page) = accept(&appliance, &path);
    page.says("Registration is closed.");
    assert!(!page.body.contains("name=\"password1\""));
    set(&mut admin, "invite");
    assert_eq!(register(&mut anna, &form, "anna").status, 303, "it was not used up");

    set(&mut admin, "closed");
    let (_, folder) = appliance.stop();
    let ended = run_command(folder.path(), &["user", "invite"], "");
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("registration is closed"), "{}", ended.stderr);
}
