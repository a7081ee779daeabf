//! The home page.

use crate::appliance::{Start, run_command};
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
    page.says("Most clicked of all time");
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

#[test]
fn visitors_are_sent_on_where_the_settings_say_so_and_people_of_the_house_are_not() {
    let appliance = Start::with_admin().run();
    let (mut admin, mut visitor) = (Browser::admin(&appliance), Browser::of(&appliance));
    let fields = [("site.home", "www.example.com/about")];
    assert_eq!(admin.submit("/admin/settings", "/admin/settings", &fields).status, 303);
    for method in ["GET", "HEAD"] {
        let sent = visitor.send(method, "/", &[], None);
        assert_eq!((sent.status, sent.header("location")), (302, Some("https://www.example.com/about")), "{method}");
        assert_eq!((sent.header("cache-control"), sent.header("vary")), (Some("no-store"), Some("Cookie")), "{method}");
        assert_eq!((sent.header("set-cookie"), sent.body.as_str()), (None, ""), "{method}");
    }
    admin.open("/").says("clicks in 30 days");
    // Who logs out reads that it is done.
    let out = admin.submit("/links", "/accounts/logout", &[]);
    assert_eq!((out.status, out.header("location")), (303, Some("/accounts/login")));
    admin.open("/accounts/login").says("You have been logged out.");
}

#[test]
fn the_home_page_never_leads_into_a_circle() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let own = format!("http://{}", appliance.address);
    for path in ["", "/", "/links", "/root-user/promo"] {
        let page = admin.submit("/admin/settings", "/admin/settings", &[("site.home", &format!("{own}{path}"))]);
        assert_eq!(page.status, 422, "{path}");
        page.says("That would redirect in a circle.");
    }
    // The command line does not know under which names we are reached.
    let (_, folder) = appliance.stop();
    assert_eq!(run_command(folder.path(), &["settings", "site.home=http://127.0.0.1/"], "").code(), 0);
    let appliance = Start::with_admin().folder(folder).run();
    Browser::of(&appliance).open("/").says("Log in");
}
