//! The password again: not from somebody who has just given it, and always where a form asks for it itself.

use crate::appliance::{PASSWORD, Start};
use crate::browser::Browser;

const PAGE: &str = "/admin/settings";
const DELETE: (&str, &str) = ("/accounts/delete", "/accounts/delete");

#[test]
fn whoever_has_just_logged_in_is_not_asked_again() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    assert_eq!(admin.submit(PAGE, PAGE, &[("site.name", "Ours")]).status, 303);
    admin.open("/").says("Ours");
    // What the question would have brought is not looked at, nor shown.
    let page = admin.submit(PAGE, PAGE, &[("site.name", " "), ("password-again", "a wrong one")]);
    assert_eq!(page.status, 422);
    page.says("Use 1 to 60 characters.");
    assert!(!page.body.contains("a wrong one") && !appliance.log().contains("login failed"));
}

#[test]
fn forms_that_ask_for_the_password_themselves_do_so_right_after_logging_in() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let email = [("email", "new@site.example")];
    let password = [("password1", "blue paper boats sink"), ("password2", "blue paper boats sink")];
    for (action, fields) in [("/accounts/email", email.as_slice()), ("/accounts/password", &password)] {
        for wrong in ["", "a wrong one"] {
            let mut fields = fields.to_vec();
            fields.push(("password", wrong));
            fields.push(("password-again", PASSWORD));
            let page = admin.submit("/accounts/profile", action, &fields);
            assert_eq!(page.status, 422, "{action}");
            page.says("This is not your current password.");
        }
    }
    assert_eq!(appliance.log().matches("login failed user=root-user").count(), 4, "{}", appliance.log());
}

#[test]
fn wrong_passwords_at_forms_of_the_account_are_tries_of_the_address_as_logins_are() {
    let appliance = Start::with_admin().env("SERVER_TRUSTED_PROXIES", "loopback").run();
    let mut users: Vec<Browser> = (0..3).map(|number| Browser::user(&appliance, &format!("user{number}"))).collect();
    let forms = [("/accounts/profile", "/accounts/email"), ("/accounts/profile", "/accounts/password"), DELETE];
    let mut give = |user: usize, (page, action): (&str, &str), password: &str| {
        users[user].header("X-Forwarded-For", "198.51.100.9");
        let name = format!("user{user}");
        let fields = [
            ("email", "new@home.example"),
            ("password1", "blue paper boats sink"),
            ("password2", "blue paper boats sink"),
            ("username", name.as_str()),
            ("password", password),
        ];
        users[user].submit(page, action, &fields).status
    };
    // Ten of an address, no more than four of them with one name.
    for number in 0..10 {
        assert_eq!(give(number % 3, forms[number / 3 % 3], "a wrong one"), 422, "{number}");
    }
    for form in forms {
        assert_eq!(give(1, form, PASSWORD), 429, "{}", form.1);
    }
    let mut stranger = Browser::of(&appliance);
    stranger.header("X-Forwarded-For", "198.51.100.9");
    let fields = [("username", "user2"), ("password", PASSWORD)];
    assert_eq!(stranger.submit("/accounts/login", "/accounts/login", &fields).status, 429);
    stranger.header("X-Forwarded-For", "198.51.100.10");
    assert_eq!(stranger.submit("/accounts/login", "/accounts/login", &fields).status, 303);
}
