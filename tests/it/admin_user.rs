//! One account, and what an administrator can do with it.

use std::sync::Barrier;
use std::thread;

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::browser::{Browser, attribute};

const NEW: &str = "blue paper boats sink";

fn cannot_log_in(appliance: &Appliance, name: &str, password: &str) {
    let fields = [("username", name), ("password", password)];
    let page = Browser::of(appliance).submit("/accounts/login", "/accounts/login", &fields);
    assert_eq!(page.status, 422);
    page.says("Wrong email, username or password.");
}

#[test]
fn the_page_tells_of_an_account_and_of_no_secret() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    anna.make_link("https://example.com/", "promo");
    let page = admin.open("/admin/users/anna");
    for words in ["anna", "anna@mail.example", "Role User", "Links 1", "1 browser.", "Active"] {
        page.says(words);
    }
    assert!(!page.body.contains("argon2"));
    for path in ["/admin/users/nobody", "/admin/users/anna@mail.example", "/admin/users/anna/none"] {
        assert_eq!(admin.get(path).status, 404, "{path}");
    }
    let form = page.form("/admin/users/anna/role");
    assert!(form.iter().all(|(name, _)| name == "csrf_token"), "{form:?}");
}

#[test]
fn another_role_counts_at_once_and_logs_out() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    let act = |admin: &mut Browser, role: &str| {
        admin.submit("/admin/users/anna", "/admin/users/anna/role", &[("role", role)]).status
    };
    assert_eq!(act(&mut admin, "admin"), 303);
    assert_eq!(anna.get("/links").status, 302, "a new role begins with a new login");
    anna.log_in("anna", PASSWORD);
    anna.open("/admin/users");
    assert_eq!(act(&mut admin, "user"), 303);
    anna.log_in("anna", PASSWORD);
    assert_eq!(anna.get("/admin/users").status, 403);
    assert_eq!(act(&mut admin, "boss"), 400);
    let log = appliance.log();
    assert!(log.contains(&format!("role changed user=anna role=admin by={ADMIN} ip=127.0.0.1")), "{log}");
    // Fields that are no fields of the form change nothing.
    let fields = [("role", "user"), ("state", "removed"), ("email", "x@y.example"), ("is_admin", "1"), ("keeper", "1")];
    admin.submit("/admin/users/anna", "/admin/users/anna/role", &fields);
    admin.open("/admin/users/anna").says("anna@mail.example Role User");
}

#[test]
fn a_disabled_user_is_out_at_once_and_the_links_go_on() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    anna.make_link("https://example.com/", "promo");
    let act = |admin: &mut Browser, to: &str| {
        admin.submit("/admin/users/anna", "/admin/users/anna/state", &[("to", to)]).status
    };
    admin.open("/admin/users/anna").says("Links go on redirecting.");
    assert_eq!(act(&mut admin, "off"), 303);
    assert_eq!(anna.get("/links").status, 302);
    cannot_log_in(&appliance, "anna", PASSWORD);
    cannot_log_in(&appliance, "anna@mail.example", PASSWORD);
    assert_eq!(Browser::of(&appliance).get("/anna/promo").status, 302);
    let page = admin.open("/admin/users/anna");
    page.says("Disabled");
    page.says("0 browsers.");
    assert!(!page.body.contains("reset-link"));
    let reset = [("csrf_token", page.token())];
    let reset = reset.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(admin.post("/admin/users/anna/reset-link", &reset).status, 409);
    assert_eq!(act(&mut admin, "on"), 303);
    anna.log_in("anna", PASSWORD);
    assert_eq!(act(&mut admin, "sideways"), 400);
    let log = appliance.log();
    assert!(log.contains(&format!("user disabled user=anna by={ADMIN} ip=127.0.0.1")), "{log}");
}

#[test]
fn a_reset_link_from_the_page_is_shown_once_and_is_the_only_one() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    let make = |admin: &mut Browser| {
        let page = admin.submit("/admin/users/anna", "/admin/users/anna/reset-link", &[]);
        assert_eq!(page.status, 200, "{}", page.text());
        let button = page.body.split("<button").find(|tag| tag.contains("data-copy")).unwrap();
        let url = attribute(button, "data-copy").unwrap();
        url.strip_prefix(&format!("http://{}", appliance.address)).unwrap().to_owned()
    };
    let (first, second) = (make(&mut admin), make(&mut admin));
    assert!(!admin.open("/admin/users/anna").body.contains("/accounts/reset/"), "it is shown once");
    let mut browser = Browser::of(&appliance);
    assert_eq!(browser.get(&first).status, 404, "the newest only");
    assert_eq!(browser.get(&second).status, 303);
    let page = browser.submit("/accounts/reset", "/accounts/reset", &[("password1", NEW), ("password2", NEW)]);
    assert_eq!(page.status, 303);
    assert_eq!(anna.get("/links").status, 302);
    cannot_log_in(&appliance, "anna", PASSWORD);
    anna.log_in("anna", NEW);
    // Disabling ends it.
    let third = make(&mut admin);
    admin.submit("/admin/users/anna", "/admin/users/anna/state", &[("to", "off")]);
    admin.submit("/admin/users/anna", "/admin/users/anna/state", &[("to", "on")]);
    assert_eq!(Browser::of(&appliance).get(&third).status, 404);
    let log = appliance.log();
    assert!(log.contains(&format!("reset link made user=anna by={ADMIN} ip=127.0.0.1")), "{log}");
    for path in [&first, &second, &third] {
        assert!(!log.contains(path.rsplit('/').next().unwrap()), "{log}");
    }
}

#[test]
fn somebody_can_be_logged_out_everywhere() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    Browser::of(&appliance).log_in("anna", PASSWORD);
    admin.open("/admin/users/anna").says("2 browsers.");
    assert_eq!(admin.submit("/admin/users/anna", "/admin/users/anna/sessions", &[]).status, 303);
    assert_eq!(anna.get("/links").status, 302);
    anna.log_in("anna", PASSWORD);
    admin.open("/admin/users/anna").says("1 browser.");
}

#[test]
fn the_last_administrator_stays_one() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let own = format!("/admin/users/{ADMIN}");
    let token = admin.open(&own).token();
    for (to, name, value) in [("role", "role", "user"), ("state", "to", "off"), ("remove", "name", ADMIN)] {
        let page = admin.post(&format!("{own}/{to}"), &[("csrf_token", &token), (name, value)]);
        assert_eq!(page.status, 409, "{to}");
        page.says("This is the last administrator. Make somebody else one first.");
    }
    admin.open("/admin/users").says("admin");
}

#[test]
fn of_two_administrators_who_demote_each_other_at_once_one_stays() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    Browser::user(&appliance, "anna");
    assert_eq!(admin.submit("/admin/users/anna", "/admin/users/anna/role", &[("role", "admin")]).status, 303);
    let mut anna = Browser::of(&appliance);
    anna.log_in("anna", PASSWORD);
    let barrier = Barrier::new(2);
    let demote = |browser: &mut Browser, name: &str| {
        let page = browser.open(&format!("/admin/users/{name}"));
        barrier.wait();
        let answer = browser.submit_on(&page, &format!("/admin/users/{name}/role"), &[("role", "user")]);
        // Whoever was demoted first is not logged in any more.
        let is_done = answer.status == 303 && !answer.header("location").unwrap().starts_with("/accounts/login");
        (is_done, answer.status)
    };
    let demote = &demote;
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(|| demote(&mut admin, "anna"));
        let other = scope.spawn(|| demote(&mut anna, ADMIN));
        (one.join().unwrap(), other.join().unwrap())
    });
    // Whoever was slower is no administrator any more when it is their turn, or is told that they are the last one.
    assert_eq!([one, other].iter().filter(|(is_done, _)| *is_done).count(), 1, "{one:?} {other:?}");
    let mut roles = Vec::new();
    for name in ["anna", ADMIN] {
        let mut browser = Browser::of(&appliance);
        browser.log_in(name, PASSWORD);
        roles.push(browser.get("/admin").status);
    }
    roles.sort_unstable();
    assert_eq!(roles, [200, 403]);
}
