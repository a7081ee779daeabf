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
    assert!(page.body.contains(&format!("/links/{id}")));
}

#[test]
fn before_setup_the_home_page_says_where_the_code_is() {
    let appliance = Start::empty().run();
    Browser::of(&appliance).open("/").says("This server is not set up yet.");
}
