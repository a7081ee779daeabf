//! Several people at once, each with a browser of their own: what one does, the others see at their next click.

use serde_json::json;

use crate::appliance::{Appliance, PASSWORD, Start};
use crate::browser::Browser;
use crate::screen::{ENTER, Screen, Scripts};

const LOGIN: &str = "/accounts/login";
const NEW_PASSWORD: &str = "brown teapots fly at dawn";
/// More than enough wrong passwords from everywhere to close a name to strangers; see `limits/tries.rs`.
const TRIES_MAX: usize = 200;

/// A server where people register by invitation, and its administrator, who looks at the list of users.
fn with_administrator() -> Option<(Appliance, Screen)> {
    let start = Start::with_admin().env("SERVER_REGISTRATION", "invite");
    let appliance = start.env("SERVER_TRUSTED_PROXIES", "loopback").run();
    let screen = Screen::open(&appliance, Scripts::On)?;
    screen.log_in();
    screen.click("header .wide a[href='/admin']");
    screen.arrives_at("/admin");
    open_users(&screen);
    Some((appliance, screen))
}

fn open_users(admin: &Screen) {
    admin.click("main nav a[href='/admin/users']");
    admin.arrives_at("/admin/users");
}

/// The page of a user, reached from any page for administrators.
fn open_user(admin: &Screen, name: &str) {
    open_users(admin);
    admin.click(&format!("main a.address[href='/admin/users/{name}']"));
    admin.arrives_at(&format!("/admin/users/{name}"));
}

/// Presses a button that makes an address, and copies it from the page that shows it once.
fn make_link(admin: &Screen, action: &str) -> String {
    admin.click(&format!("form[action='{action}'] button"));
    admin.wait("document.querySelector('.copy-text.whole') !== null");
    let url = admin.text_of("return document.querySelector('.copy-text.whole').innerText", &[]);
    url.strip_prefix(&admin.site).unwrap().to_owned()
}

/// Opens a browser and makes an account there with an invitation.
fn join(appliance: &Appliance, admin: &Screen, name: &str) -> Screen {
    open_users(admin);
    let invitation = make_link(admin, "/admin/invitations");
    let screen = Screen::open(appliance, Scripts::On).unwrap();
    screen.go(&invitation);
    screen.arrives_at("/accounts/register");
    screen.says("You are invited.");
    screen.fill("#username", name);
    screen.fill("#email", &format!("{name}@mail.example"));
    screen.fill("#password1", PASSWORD);
    screen.fill("#password2", PASSWORD);
    screen.keys(ENTER);
    screen.arrives_at(LOGIN);
    screen.says("Account created. Log in to start.");
    log_in(&screen, name, PASSWORD);
    screen.arrives_at("/links");
    screen.says(&format!("Welcome back, {name}!"));
    screen
}

/// Fills in the form that is there and sends it.
fn log_in(screen: &Screen, name: &str, password: &str) {
    screen.fill("#username", name);
    screen.fill("#password", password);
    screen.run("document.documentElement.dataset.left = ''", &[]);
    screen.keys(ENTER);
    screen.wait("document.readyState == 'complete' && !('left' in document.documentElement.dataset)");
}

/// From now on the browser is at this address, as the proxy tells it.
fn is_at(screen: &Screen, address: &str) {
    screen.chromium("Network.enable", &json!({}));
    screen.chromium("Network.setExtraHTTPHeaders", &json!({ "headers": { "X-Forwarded-For": address } }));
}

/// Tries wrong passwords from many addresses, two from each, until the name is closed to strangers.
fn besiege(appliance: &Appliance, name: &str) {
    let is_refused = |number: usize| {
        let mut browser = Browser::of(appliance);
        browser.header("X-Forwarded-For", &format!("198.51.100.{}", number / 2));
        browser.submit(LOGIN, LOGIN, &[("username", name), ("password", "a guess")]).status == 429
    };
    assert!((0..TRIES_MAX).any(is_refused), "nobody stops them");
}

#[test]
fn people_are_invited_forget_their_password_and_are_shut_out_and_let_in_again() {
    let Some((appliance, admin)) = with_administrator() else { return };
    let anna = join(&appliance, &admin, "anna");
    anna.shorten("https://docs.example/", "docs");

    // Anna has forgotten her password, in a browser that was never hers.
    let elsewhere = Screen::open(&appliance, Scripts::On).unwrap();
    elsewhere.go(LOGIN);
    log_in(&elsewhere, "anna", "was it this one");
    elsewhere.says("Wrong email, username or password.");
    open_user(&admin, "anna");
    let reset = make_link(&admin, "/admin/users/anna/reset-link");
    elsewhere.go(&reset);
    elsewhere.arrives_at("/accounts/reset");
    elsewhere.says("For the account anna.");
    elsewhere.fill("#password1", NEW_PASSWORD);
    elsewhere.fill("#password2", NEW_PASSWORD);
    elsewhere.keys(ENTER);
    elsewhere.wait("document.readyState == 'complete' && location.pathname != '/accounts/reset'");
    elsewhere.go("/links");
    elsewhere.says("/anna/docs");
    // Her first window is logged out, and takes the new password only.
    anna.click("main a.address");
    anna.arrives_at(LOGIN);
    log_in(&anna, "anna", PASSWORD);
    anna.says("Wrong email, username or password.");
    log_in(&anna, "anna", NEW_PASSWORD);
    anna.wait("location.pathname.startsWith('/links/') && document.readyState == 'complete'");
    anna.says("docs.example");
    // The link is used up.
    elsewhere.go(&reset);
    elsewhere.says("Page Not Found");

    admin.reload();
    admin.click("form[action='/admin/users/anna/state'] button");
    admin.wait("document.querySelector('main .badge-warning') !== null");
    anna.click("header a.brand");
    anna.arrives_at("/");
    anna.says("Log in");
    anna.go(LOGIN);
    log_in(&anna, "anna", NEW_PASSWORD);
    anna.says("Wrong email, username or password.");
    let redirect = Browser::of(&appliance).get("/anna/docs");
    assert_eq!((redirect.status, redirect.header("location")), (302, Some("https://docs.example/")));
    admin.click("form[action='/admin/users/anna/state'] button");
    admin.wait("document.querySelector('main .badge-success') !== null");
    log_in(&anna, "anna", NEW_PASSWORD);
    anna.arrives_at("/links");
    anna.says("/anna/docs");
    for screen in [&admin, &anna, &elsewhere] {
        assert_eq!(screen.complaints(), [""; 0]);
    }
}

#[test]
fn whoever_leaves_gives_links_into_hands_that_go_on_while_a_stranger_guesses() {
    let Some((appliance, admin)) = with_administrator() else { return };
    let anna = join(&appliance, &admin, "anna");
    let bob = join(&appliance, &admin, "bob");
    anna.shorten("https://docs.example/", "docs");

    let guesser = Screen::open(&appliance, Scripts::On).unwrap();
    is_at(&guesser, "192.0.2.1");
    guesser.go(LOGIN);
    for (name, password) in [("nobody", "a guess"), ("bob", "a guess"), ("root-user", "a guess"), ("bob", "another")] {
        log_in(&guesser, name, password);
        guesser.says("Wrong email, username or password.");
    }
    // Others guess, too. Then not even the right password is looked at.
    besiege(&appliance, "bob");
    log_in(&guesser, "bob", PASSWORD);
    guesser.says("Too many attempts. Try again in");
    assert_eq!(guesser.text_of("return document.querySelector('#username').value", &[]), "bob");
    // Bob comes and goes in his own browser, even where nobody has seen him yet.
    is_at(&bob, "203.0.113.7");
    bob.click("header .wide details.menu > summary");
    bob.click("header .wide form[action='/accounts/logout'] button");
    bob.arrives_at("/");
    bob.go(LOGIN);
    log_in(&bob, "bob", PASSWORD);
    bob.arrives_at("/links");

    leave(&anna);
    hand_over(&admin, "anna", "bob");
    bob.reload();
    bob.says("anna’s links (1)");
    bob.click("main a[href='/links?of=anna']");
    bob.arrives_at("/links?of=anna");
    bob.says("/anna/docs");
    let mut visitor = Browser::of(&appliance);
    assert_eq!(visitor.get("/anna/docs").header("location"), Some("https://docs.example/"));
    for screen in [&admin, &anna, &bob, &guesser] {
        assert_eq!(screen.complaints(), [""; 0]);
    }
}

/// Deletes one's own account and leaves the links.
fn leave(anna: &Screen) {
    anna.click("header .wide details.menu > summary");
    anna.click("header .wide a[href='/accounts/profile']");
    anna.arrives_at("/accounts/profile");
    anna.click("main a[href='/accounts/delete']");
    anna.arrives_at("/accounts/delete");
    anna.click("input[name=links][value=keep]");
    anna.fill("#name", "anna");
    anna.fill("#password", PASSWORD);
    anna.keys(ENTER);
    anna.arrives_at("/");
    anna.go(LOGIN);
    log_in(anna, "anna", PASSWORD);
    anna.says("Wrong email, username or password.");
}

/// Gives the links of somebody who is gone to somebody who is there.
fn hand_over(admin: &Screen, from: &str, to: &str) {
    open_user(admin, from);
    admin.says("1 link goes on redirecting, in the archive.");
    admin.click(&format!("main a[href='/admin/users/{from}/remove']"));
    admin.arrives_at(&format!("/admin/users/{from}/remove"));
    admin.click("input[name=links][value=to]");
    admin.fill("#keeper", to);
    admin.fill("#name", from);
    admin.keys(ENTER);
    admin.arrives_at("/admin/users");
    open_user(admin, from);
    admin.says(&format!("{to} looks after it."));
}
