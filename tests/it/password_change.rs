//! A new password: it takes the old one, and ends every other session.

use crate::appliance::{ADMIN, PASSWORD, Start, run_command};
use crate::browser::{Browser, Page};

const NEW: &str = "blue paper boats sink";

fn change(browser: &mut Browser, old: &str, new: &str, repeated: &str) -> Page {
    let fields = [("password", old), ("password1", new), ("password2", repeated)];
    browser.submit("/accounts/profile", "/accounts/password", &fields)
}

#[test]
fn a_new_password_ends_every_other_session_and_renews_this_one() {
    let appliance = Start::with_admin().run();
    let mut alice = Browser::user(&appliance, "alice");
    let mut elsewhere = Browser::of(&appliance);
    elsewhere.log_in("alice", PASSWORD);
    let mut before = alice.clone();
    let mut admin = Browser::admin(&appliance);

    let page = change(&mut alice, PASSWORD, NEW, NEW);
    assert_eq!((page.status, page.header("location")), (303, Some("/accounts/profile")));
    alice.open("/accounts/profile").says("Saved. Other browsers are logged out.");
    assert_ne!(alice.cookies["session"], before.cookies["session"]);
    for (who, browser) in [("another browser", &mut elsewhere), ("the old cookie", &mut before)] {
        assert_eq!(browser.get("/links").status, 302, "{who}");
    }
    admin.open("/links");

    let mut other = Browser::of(&appliance);
    let old = [("username", "alice"), ("password", PASSWORD)];
    assert_eq!(other.submit("/accounts/login", "/accounts/login", &old).status, 422);
    other.log_in("alice", NEW);
    assert!(appliance.log().contains("password changed user=alice ip=127.0.0.1"), "{}", appliance.log());
}

#[test]
fn a_password_that_is_refused_changes_nothing() {
    let appliance = Start::with_admin().run();
    let mut alice = Browser::user(&appliance, "alice");
    let mut admin = Browser::admin(&appliance);
    let wrong = "This is not your current password.";
    let rows = [
        ("", NEW, NEW, wrong),
        ("correct horse", NEW, NEW, wrong),
        (PASSWORD, "short", "short", "Use at least 8 characters."),
        (PASSWORD, "password", "password", "This password is too common."),
        (PASSWORD, "alice@mail.example", "alice@mail.example", "too much like your name"),
        (PASSWORD, NEW, "blue paper goats sink", "The two passwords differ."),
        (PASSWORD, NEW, "", "The two passwords differ."),
    ];
    for (old, new, repeated, words) in rows {
        let page = change(&mut alice, old, new, repeated);
        assert_eq!(page.status, 422, "{words}");
        page.says(words);
        assert!(page.body.contains("<title>Error: Profile"));
        for typed in [old, new, repeated] {
            assert!(typed.len() < 9 || typed.contains('@') || !page.body.contains(typed), "{typed} is shown");
        }
        assert!(page.set_cookies().is_empty());
    }
    // Administrators need a longer one.
    let page = change(&mut admin, PASSWORD, "elevenchars", "elevenchars");
    assert_eq!(page.status, 422);
    page.says("Use at least 12 characters.");
    alice.open("/links");
    Browser::of(&appliance).log_in("alice", PASSWORD);
}

#[test]
fn a_password_set_on_the_command_line_ends_the_sessions_too() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut alice = Browser::user(&appliance, "alice");
    let (status, folder) = appliance.stop();
    assert!(status.success());
    let ended = run_command(folder.path(), &["user", "passwd", ADMIN, "--password-stdin"], NEW);
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    let appliance = Start::empty().folder(folder).run();
    for browser in [&mut admin, &mut alice] {
        browser.address = appliance.address;
    }
    assert_eq!(admin.get("/links").status, 302);
    alice.open("/links");
    Browser::of(&appliance).log_in(ADMIN, NEW);
}
