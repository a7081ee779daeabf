//! Signing in: by name or address, with one answer to everything wrong, and on to pages of ours only.

use crate::appliance::{ADMIN, ADMIN_EMAIL, PASSWORD, Start};
use crate::browser::{Browser, Page, encode};

fn log_in(browser: &mut Browser, name: &str, password: &str) -> Page {
    browser.submit("/accounts/login", "/accounts/login", &[("username", name), ("password", password)])
}

/// The whole answer without what differs from one answer to the next: date, form token, and the name typed.
fn comparable(page: &Page, name: &str) -> (u16, Vec<(String, String)>, String) {
    let mut headers = page.headers.clone();
    headers.retain(|(name, _)| name != "date");
    (page.status, headers, page.body.replace(&page.token(), "TOKEN").replace(name, "NAME"))
}

#[test]
fn name_and_address_sign_in_in_any_case() {
    let appliance = Start::with_admin().run();
    for login in
        [ADMIN, "Root-User", "ROOT-USER", ADMIN_EMAIL, "Admin@Site.EXAMPLE", " root-user ", " ADMIN@site.example "]
    {
        let mut browser = Browser::of(&appliance);
        let page = log_in(&mut browser, login, PASSWORD);
        assert_eq!((page.status, page.header("location")), (303, Some("/links")), "{login:?}");
        browser.open("/links").says("Welcome back, root-user!");
        browser.open("/links").does_not_say("Welcome back");
    }
    assert!(appliance.log().contains("login ok user=root-user ip=127.0.0.1"), "{}", appliance.log());
}

#[test]
fn a_wrong_login_has_the_same_answer_for_unknown_people_and_wrong_passwords() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    browser.open("/accounts/login");
    let mut answers = Vec::new();
    for (name, password) in [
        (ADMIN, "not the right password"),
        ("nobody-xy", "not the right password"),
        ("nobody-xy", PASSWORD),
        (ADMIN, ""),
        ("nobody-xy", ""),
    ] {
        let page = log_in(&mut browser, name, password);
        assert_eq!(page.status, 422);
        page.says("Wrong email, username or password.");
        assert!(page.body.contains("<title>Error: Log in"), "{}", page.body);
        assert!(page.body.contains(&format!("value=\"{name}\"")), "the name is kept");
        assert!(!page.body.contains(PASSWORD) && !page.body.contains("not the right password"));
        let cookies = page.set_cookies();
        assert!(cookies.len() == 1 && cookies[0].starts_with("form="), "the form can be sent again: {cookies:?}");
        answers.push(comparable(&page, name));
    }
    for other in &answers[1..] {
        assert_eq!(&answers[0], other);
    }
    // Addresses too, and text that could be neither.
    for (known, unknown) in [(ADMIN_EMAIL, "nobod@site.example"), (ADMIN_EMAIL, "'; DROP TABLE--   ")] {
        let pages = [known, unknown].map(|name| comparable(&log_in(&mut browser, name, "not right"), name.trim()));
        assert_eq!((&pages[0].0, &pages[0].2), (&pages[1].0, &pages[1].2));
    }
}

#[test]
fn only_the_password_as_it_was_chosen_signs_in() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let with_space = format!("{PASSWORD} ");
    for wrong in [with_space.as_str(), &PASSWORD.to_uppercase(), &PASSWORD[1..]] {
        assert_eq!(log_in(&mut browser, ADMIN, wrong).status, 422, "{wrong:?}");
    }
    // A success does not need a new page after failures.
    assert_eq!(log_in(&mut browser, ADMIN, PASSWORD).status, 303);
}

#[test]
fn the_log_names_who_failed_only_when_it_could_be_a_name() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    for name in ["nobody-xy", "my secret typed here", "x\" ip=1.2.3.4\nWARN  login ok user=root-user"] {
        assert_eq!(log_in(&mut browser, name, "hush hush hush").status, 422);
    }
    let log = appliance.log();
    assert!(log.contains("login failed user=nobody-xy ip=127.0.0.1"), "{log}");
    assert_eq!(log.matches("login failed user=- ip=127.0.0.1").count(), 2, "{log}");
    for absent in ["my secret", "hush", "1.2.3.4", "login ok"] {
        assert!(!log.contains(absent), "{absent} is in: {log}");
    }
}

/// Where `next` may lead, and where not; whoever names another place arrives at `/links`.
const NEXT: [(&str, bool); 42] = [
    ("/links?page=2", true),
    ("/links", true),
    ("/", true),
    ("/links/", true),
    ("/links/5k3v9q/edit", true),
    ("/links/new?url=https%3A%2F%2Fexample.com%2F", true),
    ("/accounts/profile", true),
    ("https://evil.example", false),
    ("http://evil.example/links", false),
    ("//evil.example", false),
    ("//evil.example/links", false),
    ("///evil.example", false),
    ("/\\evil.example", false),
    ("\\/evil.example", false),
    ("\\\\evil.example", false),
    ("/%2f/evil.example", false),
    ("/%2fevil.example", false),
    ("/%2F%2Fevil.example", false),
    ("/%5cevil.example", false),
    ("/\tevil", false),
    ("/\t/evil.example", false),
    ("/\n/evil.example", false),
    ("javascript:alert(1)", false),
    ("data:text/html,x", false),
    (" /links", false),
    ("\u{a0}/links", false),
    ("/links\r\nSet-Cookie:x", false),
    ("/links%0d%0aSet-Cookie:x", false),
    ("/links\u{0}", false),
    ("/mallory/phish", false),
    ("/mallory/phish+", false),
    ("/accounts/logout", false),
    ("/accounts/theme", false),
    ("/accounts/reset", false),
    ("/setup", false),
    ("/api/v1/links", false),
    ("/health", false),
    ("/assets/app.css", false),
    ("/nowhere", false),
    ("/links//evil", false),
    ("links", false),
    ("", false),
];

#[test]
fn next_leads_to_pages_of_ours_and_nowhere_else() {
    let appliance = Start::with_admin().run();
    let long = format!("/links?q={}", "x".repeat(4_096));
    for (next, accepted) in NEXT.into_iter().chain([(long.as_str(), false)]) {
        let expected = if accepted { next } else { "/links" };
        let mut browser = Browser::of(&appliance);
        let page = browser.open(&format!("/accounts/login?next={}", encode(next)));
        let offered = page.form("/accounts/login").into_iter().find(|(name, _)| name == "next").map(|(_, value)| value);
        assert_eq!(offered.as_deref(), accepted.then_some(next), "{next:?} on the page");
        // Also when the form did not come from such a page.
        let fields = [("username", ADMIN), ("password", PASSWORD), ("next", next)];
        let page = browser.submit_on(&page, "/accounts/login", &fields);
        assert_eq!((page.status, page.header("location")), (303, Some(expected)), "{next:?} after signing in");
        let page = browser.get(&format!("/accounts/login?next={}", encode(next)));
        assert_eq!((page.status, page.header("location")), (303, Some(expected)), "{next:?} when signed in already");
    }
}

#[test]
fn next_with_letters_of_any_script_does_not_break_signing_in() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let page = browser.open(&format!("/accounts/login?next={}", encode("/links?q=ü")));
    let page = browser.submit_on(&page, "/accounts/login", &[("username", ADMIN), ("password", PASSWORD)]);
    assert_eq!(page.status, 303, "{}", page.body);
    let location = page.header("location").unwrap();
    assert!(location == "/links" || location == "/links?q=%C3%BC", "{location}");
    assert!(!appliance.log().contains("ERROR"), "{}", appliance.log());
}

#[test]
fn whoever_was_sent_to_log_in_arrives_where_they_were_going() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let page = browser.get("/links?q=a%26b%C3%BC&sort=clicks");
    assert_eq!(page.status, 302);
    let login = page.header("location").unwrap();
    assert!(login.starts_with("/accounts/login?next="), "{login}");
    let page = browser.open(login);
    // A wrong password does not lose the way.
    let page = browser.submit_on(&page, "/accounts/login", &[("username", ADMIN), ("password", "wrong one")]);
    assert_eq!(page.status, 422);
    let page = browser.submit_on(&page, "/accounts/login", &[("username", ADMIN), ("password", PASSWORD)]);
    assert_eq!((page.status, page.header("location")), (303, Some("/links?q=a%26b%C3%BC&sort=clicks")));
    // Signed in, there is nothing to do on the login page.
    assert_eq!(browser.get("/accounts/login").header("location"), Some("/links"));
}
