//! What a failure looks like: pages for browsers, one line for other clients, nothing of the inside for anybody.

use crate::appliance::Start;
use crate::browser::Browser;

#[test]
fn browsers_get_a_page_in_the_sites_frame_with_a_way_on() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let page = browser.get("/no/such/page");
    assert_eq!(page.status, 404);
    page.says("Page Not Found There is nothing at this address. The link may be mistyped or deleted. Go to Homepage");
    assert!(page.body.contains("<title>Page Not Found · Linkjar</title>"), "{}", page.body);
    assert!(page.body.contains("href=\"/accounts/login\""), "a person who is lost can still log in");
    let short = browser.get("/nobody/nothing");
    short.says("Page Not Found");
    assert!(!short.body.contains("href=\"/accounts/login\""), "visitors of short links are nobody's users");
    assert!(short.set_cookies().is_empty());
    let mut admin = Browser::admin(&appliance);
    admin.get("/no/such/page").says("root-user");
    let short = admin.get("/nobody/nothing");
    short.does_not_say("root-user");
    assert!(short.set_cookies().is_empty(), "the welcome waits for a page of the site");
}

#[test]
fn other_clients_get_one_plain_line() {
    let appliance = Start::with_admin().run();
    let mut client = Browser::of(&appliance);
    for accept in ["", "*/*", "application/json"] {
        client.header("Accept", accept);
        for (path, status, line) in [
            ("/nowhere", 404, "There is nothing at this address. The link may be mistyped or deleted.\n"),
            ("/%zz", 400, "The server could not understand this request.\n"),
        ] {
            let page = client.get(path);
            assert_eq!((page.status, page.body.as_str()), (status, line), "{accept} {path}");
            assert_eq!(page.header("content-type"), Some("text/plain; charset=utf-8"));
        }
    }
}

#[test]
fn a_refused_form_keeps_what_was_typed_and_can_be_sent_again() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let typed = [("csrf_token", "old"), ("target_url", "https://example.com/\"x"), ("slug", "kept"), ("enabled", "1")];
    let page = admin.post("/links/new", &typed);
    assert_eq!(page.status, 403);
    page.says("This form is too old. Send it again.");
    let again = admin.submit_on(&page, "/links/new", &[]);
    assert_eq!(again.status, 303, "{}", again.body);
    assert_eq!(admin.get("/root-user/kept").header("location"), Some("https://example.com/%22x"));
}

#[test]
fn no_error_tells_of_the_inside() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    for path in ["/nowhere", "/links/zzz", "/%00", "/root-user/none", "/assets/none.css", "/accounts/reset/none"] {
        let page = browser.get(path);
        for word in ["src/", ".rs", "redb", "panicked", "linkjar.redb", env!("CARGO_PKG_VERSION")] {
            assert!(!page.body.contains(word), "{path} says {word}: {}", page.body);
        }
    }
}
