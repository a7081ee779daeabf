//! Signing out: by the form only, and for the server too.

use crate::appliance::{ADMIN, PASSWORD, Start};
use crate::browser::Browser;

#[test]
fn logging_out_ends_the_session_on_the_server() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let elsewhere = Browser::admin(&appliance);
    let before = browser.clone();
    let page = browser.submit("/links", "/accounts/logout", &[]);
    assert_eq!((page.status, page.header("location")), (303, Some("/")));
    let cleared = page.set_cookies().into_iter().find(|cookie| cookie.starts_with("session=")).unwrap();
    assert!(cleared.starts_with("session=;") && cleared.contains("Max-Age=0"), "{cleared}");
    browser.open("/").says("You have been logged out.");
    browser.open("/").does_not_say("You have been logged out.");
    // Whoever kept the cookie has nothing.
    for mut kept in [before, browser] {
        let page = kept.get("/links");
        assert_eq!((page.status, page.header("location")), (302, Some("/accounts/login?next=%2Flinks")));
        kept.open("/").says("Log in");
    }
    // The other browser is none of its business.
    elsewhere.clone().open("/links");
    assert!(appliance.log().contains("logged out user=root-user"), "{}", appliance.log());
}

#[test]
fn pages_are_not_kept_for_the_back_button() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    for path in ["/", "/links", "/links/new", "/accounts/profile"] {
        assert_eq!(browser.open(path).header("cache-control"), Some("no-store"), "{path}");
    }
}

#[test]
fn no_link_logs_anybody_out() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    for (method, status) in [("GET", 405), ("HEAD", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 204)] {
        let page = browser.send(method, "/accounts/logout", &[], None);
        assert_eq!((page.status, page.header("allow")), (status, Some("POST, OPTIONS")), "{method}");
    }
    // Neither does a form of somebody else's page.
    assert_eq!(browser.post("/accounts/logout", &[]).status, 403);
    browser.open("/links");
}

#[test]
fn logging_out_twice_says_the_same() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let token = browser.open("/accounts/login").token();
    let page = browser.post("/accounts/logout", &[("csrf_token", &token)]);
    assert_eq!((page.status, page.header("location")), (303, Some("/")));
    browser.log_in(ADMIN, PASSWORD);
}

#[test]
fn over_https_the_browser_forgets_what_it_kept() {
    let appliance = Start::with_admin().env("SERVER_BASE_URL", "https://short.example").run();
    let mut browser = Browser::of(&appliance);
    browser.header("Host", "short.example");
    browser.header("Origin", "https://short.example");
    let fields = [("username", ADMIN), ("password", PASSWORD)];
    assert_eq!(browser.submit("/accounts/login", "/accounts/login", &fields).status, 303);
    let page = browser.submit("/links", "/accounts/logout", &[]);
    assert_eq!(page.status, 303);
    assert_eq!(page.header("clear-site-data"), Some("\"cache\", \"storage\""));
}
