//! The clicks on many links together: one's own, and everybody's for administrators.

use crate::appliance::{ADMIN, Start};
use crate::browser::{Browser, FIREFOX};

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1";

fn click(browser: &Browser, path: &str, headers: &[(&str, &str)]) {
    let mut visitor = Browser::at(browser.address);
    assert_eq!(visitor.send("GET", path, headers, None).status, 302, "{path}");
}

#[test]
fn ones_own_links_are_summed_up_and_visitors_of_several_links_are_one() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.open("/links/statistics").says("No clicks yet. Share a link or open it yourself.");
    let first = admin.make_link("https://example.com/", "first");
    admin.make_link("https://example.com/", "second");
    for (slug, agent) in [("first", FIREFOX), ("second", FIREFOX), ("second", PHONE), ("second", "curl/8.5.0")] {
        let headers = [("User-Agent", agent), ("Referer", "https://news.example/")];
        click(&admin, &format!("/{ADMIN}/{slug}"), &headers);
    }
    click(&admin, &format!("/{ADMIN}/first"), &[("User-Agent", FIREFOX), ("Sec-Purpose", "prefetch")]);
    for range in ["24h", "7d", "", "90d", "12m", "all"] {
        let page = admin.open(&format!("/links/statistics?range={range}"));
        page.says("3 clicks in ");
        page.says("2 visitors");
        page.says("1 click by bots and previews Show them");
        assert_eq!(page.clicks(), (3, 1));
        assert!(!page.body.contains("data-live="), "nothing is told live here");
    }
    let page = admin.open("/links/statistics?bots=1");
    page.says("Referrers news.example 3 Browsers Firefox 2 Safari 1 Systems Linux 2 iOS 1 Devices Desktop 2 Phone 1");
    page.says("Bots and previews Not a browser 1");
    page.says("Not counted as clicks: 1 time a browser was ahead of its user.");
    // What was counted stays when its link goes. What was not is counted nowhere.
    assert_eq!(admin.submit(&format!("/links/{first}/delete"), &format!("/links/{first}/delete"), &[]).status, 303);
    let (people, bots) = admin.open("/links/statistics").clicks();
    assert!((2..=3).contains(&people) && bots == 1, "{people}");
    admin.open("/links").says("Statistics");
}

#[test]
fn a_visitor_who_asks_not_to_be_tracked_is_a_click_and_no_visitor() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    for header in ["DNT", "Sec-GPC"] {
        click(&admin, &format!("/{ADMIN}/promo"), &[("User-Agent", FIREFOX), (header, "1")]);
    }
    for path in [format!("/links/{id}"), "/links/statistics".to_owned(), "/admin/statistics".to_owned()] {
        let page = admin.open(&path);
        page.says("2 clicks in 30 days 0 visitors, of days when they were counted");
        page.says("2 not counted");
    }
}

#[test]
fn administrators_see_everybodys_clicks_and_nobody_else_does() {
    let appliance = Start::with_admin().run();
    let (mut admin, mut anna) = (Browser::admin(&appliance), Browser::user(&appliance, "anna"));
    admin.make_link("https://example.com/", "promo");
    anna.make_link("https://example.com/", "promo");
    for path in [format!("/{ADMIN}/promo"), "/anna/promo".to_owned(), "/anna/promo".to_owned()] {
        click(&admin, &path, &[("User-Agent", FIREFOX)]);
    }
    assert_eq!(anna.open("/links/statistics").clicks(), (2, 0));
    assert_eq!(admin.open("/links/statistics").clicks(), (1, 0));
    let site = admin.open("/admin/statistics");
    site.says("3 clicks in 30 days");
    site.says("1 visitor");
    assert!(admin.open("/admin").body.contains("href=\"/admin/statistics\""));
    assert_eq!(anna.get("/admin/statistics").status, 403);
    assert_eq!(anna.get("/admin/statistics?range=all").status, 403);
    let nobody = Browser::of(&appliance).get("/admin/statistics");
    assert_eq!((nobody.status, nobody.header("location")), (302, Some("/accounts/login?next=%2Fadmin%2Fstatistics")));
    assert_eq!(Browser::of(&appliance).get("/links/statistics").status, 302);
}

#[test]
fn numbers_outlive_a_restart_and_visitors_begin_anew() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let visit = |admin: &Browser| click(admin, &format!("/{ADMIN}/promo"), &[("User-Agent", FIREFOX)]);
    (0..3).for_each(|_| visit(&admin));
    // Also when it is killed: what a page has shown is on disk.
    admin.open(&format!("/links/{id}")).says("3 clicks in 30 days 1 visitor");
    let appliance = appliance.restart_after_kill();
    admin.address = appliance.address;
    admin.open(&format!("/links/{id}")).says("3 clicks in 30 days 1 visitor");
    visit(&admin);
    // The same person has another mark, because nobody knows the old keys any more.
    for path in [format!("/links/{id}"), "/links/statistics".to_owned(), "/admin/statistics".to_owned()] {
        admin.open(&path).says("4 clicks in 30 days 2 visitors");
    }
}
