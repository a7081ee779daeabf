//! Another e-mail address: it takes the password, since the address signs in too.

use crate::appliance::{ADMIN_EMAIL, PASSWORD, Start};
use crate::browser::{Browser, Page};

fn change(browser: &mut Browser, email: &str, password: &str) -> Page {
    browser.submit("/accounts/profile", "/accounts/email", &[("email", email), ("password", password)])
}

#[test]
fn the_new_address_signs_in_and_the_old_one_does_not() {
    let appliance = Start::with_admin().run();
    let mut alice = Browser::user(&appliance, "alice");
    let page = change(&mut alice, "Alice@Elsewhere.Example", PASSWORD);
    assert_eq!((page.status, page.header("location")), (303, Some("/accounts/profile")));
    let page = alice.open("/accounts/profile");
    page.says("Saved. Your email address is changed.");
    page.says("Email alice@elsewhere.example");
    alice.open("/accounts/profile").does_not_say("Saved.");
    let mut other = Browser::of(&appliance);
    let old = [("username", "alice@mail.example"), ("password", PASSWORD)];
    assert_eq!(other.submit("/accounts/login", "/accounts/login", &old).status, 422);
    other.log_in("alice@elsewhere.example", PASSWORD);
    assert!(appliance.log().contains("email changed user=alice"), "{}", appliance.log());
    // The old one is free for somebody else, and one may keep one's own.
    assert_eq!(change(&mut other, "ALICE@elsewhere.example", PASSWORD).status, 303);
    let mut bob = Browser::user(&appliance, "bob");
    assert_eq!(change(&mut bob, "alice@mail.example", PASSWORD).status, 303);
}

#[test]
fn a_change_that_is_refused_keeps_the_old_address() {
    let appliance = Start::with_admin().run();
    let mut alice = Browser::user(&appliance, "alice");
    for (email, password, words) in [
        ("new@mail.example", "", "This is not your current password."),
        ("new@mail.example", "correct horse", "This is not your current password."),
        // Without the password nobody learns which addresses are taken.
        (ADMIN_EMAIL, "wrong one", "This is not your current password."),
        (ADMIN_EMAIL, PASSWORD, "This email address is not available."),
        ("Admin@SITE.example", PASSWORD, "This email address is not available."),
        ("nobody", PASSWORD, "Enter an email address"),
        ("", PASSWORD, "Enter an email address"),
    ] {
        let page = change(&mut alice, email, password);
        assert_eq!(page.status, 422, "{email:?}");
        page.says(words);
        page.says("Email alice@mail.example");
        assert!(page.body.contains("<title>Error: Profile"), "{}", page.body);
        assert!(page.body.contains(&format!("value=\"{email}\"")), "what was typed is kept");
        assert!(!page.body.contains(PASSWORD));
    }
    alice.open("/accounts/profile").says("Email alice@mail.example");
    assert!(appliance.log().contains("login failed user=alice ip=127.0.0.1"), "wrong passwords are noticed");
}
