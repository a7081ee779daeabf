//! The password again: not from somebody who has just given it, and always where a form asks for it itself.

use crate::appliance::{PASSWORD, Start};
use crate::browser::Browser;

const PAGE: &str = "/admin/settings";

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
