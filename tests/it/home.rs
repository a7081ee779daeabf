//! The home page.

use crate::appliance::Start;
use crate::browser::Browser;

#[test]
fn the_home_page_says_what_the_site_is_and_shows_ones_own_links() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    browser.open("/").says("Log in");
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/page", "promo");
    browser.get("/root-user/promo");
    let page = admin.open("/");
    page.says("/root-user/promo");
    page.says("1 click in 30 days 1 link 1 click today, UTC");
    assert!(page.body.contains(&format!("/links/{id}")));
    assert!(page.body.contains("href=\"/links/statistics\""));
    for _ in 0..4 {
        browser.get("/root-user/promo");
    }
    admin.open("/").says("5 clicks in 30 days 1 link 5 clicks today, UTC");
}

#[test]
fn before_setup_the_home_page_says_where_the_code_is() {
    let appliance = Start::empty().run();
    Browser::of(&appliance).open("/").says("This server is not set up yet.");
}
