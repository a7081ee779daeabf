//! Everybody's links, as administrators see them.

use crate::appliance::{ADMIN, Appliance, Start};
use crate::browser::{Browser, Page, attribute};

const LIST: &str = "/admin/links";

/// The addresses in a list, without host.
fn addresses(page: &Page) -> Vec<String> {
    let cells = page.body.split("<span class=\"address\">").skip(1);
    cells.map(|cell| cell[..cell.find('<').unwrap()].split_once('/').unwrap().1.to_owned()).collect()
}

fn pager(page: &Page, rel: &str) -> Option<String> {
    let tag = page.body.split("<a").find(|tag| tag.contains(&format!("rel=\"{rel}\"")))?;
    attribute(tag, "href")
}

/// An administrator, and a link of somebody else's with its number.
fn with_a_link() -> (Appliance, Browser, String) {
    let appliance = Start::with_admin().run();
    let admin = Browser::admin(&appliance);
    let id = Browser::user(&appliance, "anna").make_link("https://shop.example/autumn", "promo");
    (appliance, admin, id)
}

#[test]
fn links_of_everybody_are_listed_with_their_owners_and_searched() {
    let (appliance, mut admin, _) = with_a_link();
    let id = admin.make_link("https://docs.example/", "docs");
    let edit = format!("/links/{id}/edit");
    admin.submit(&edit, &edit, &[("title", "Handbook"), ("slug", "manual")]);
    let page = admin.open(LIST);
    assert_eq!(addresses(&page), ["root-user/manual", "anna/promo"]);
    page.says(&format!("{}/anna/promo https://shop.example/autumn anna", appliance.address));
    assert!(page.body.contains("href=\"/admin/users/anna\""));
    for (query, found) in [
        ("shop.EXAMPLE", &["anna/promo"][..]),
        ("handbook", &["root-user/manual"]),
        ("promo", &["anna/promo"]),
        ("docs", &["root-user/manual"]),
        (ADMIN, &["root-user/manual"]),
        ("anna", &["anna/promo"]),
        ("http%3A%2F%2Fgo.example%2Fanna%2Fpromo%2B", &["anna/promo"]),
        ("nothing", &[]),
    ] {
        let page = admin.open(&format!("{LIST}?q={query}"));
        assert_eq!(addresses(&page), found, "{query}");
    }
    admin.open(&format!("{LIST}?q=nothing")).says("No link matches “nothing”.");
    let state = admin.open("/admin");
    assert!(state.body.contains("href=\"/admin/links\"") && state.text().contains("2 links"));
}

#[test]
fn the_list_goes_on_over_pages_from_the_newest_on() {
    let appliance = Start::with_admin().run();
    let (mut admin, mut anna) = (Browser::admin(&appliance), Browser::user(&appliance, "anna"));
    let mut expected = Vec::new();
    for at in 0..28 {
        let (browser, name) = if at % 3 == 0 { (&mut admin, ADMIN) } else { (&mut anna, "anna") };
        browser.make_link("https://example.com/", &format!("s{at}"));
        expected.insert(0, format!("{name}/s{at}"));
    }
    let first = admin.open(LIST);
    let second = admin.open(&pager(&first, "next").unwrap());
    assert_eq!((addresses(&first).len(), pager(&first, "prev")), (25, None));
    assert_eq!([addresses(&first), addresses(&second)].concat(), expected);
    assert_eq!(pager(&second, "next"), None);
    assert_eq!(addresses(&admin.open(&pager(&second, "prev").unwrap())), addresses(&first));
    let found = admin.open(&format!("{LIST}?q=anna%2F"));
    assert_eq!((addresses(&found).len(), pager(&found, "next")), (18, None));
    // Places that nobody was given, and words that are none.
    for place in ["after=0", "before=1z141z3", "after=x.y", "before=-1"] {
        admin.open(&format!("{LIST}?{place}"));
    }
}

#[test]
fn anybodys_link_is_switched_off_and_on_where_it_is_listed() {
    let (appliance, mut admin, id) = with_a_link();
    let mut visitor = Browser::of(&appliance);
    let (list, switch) = (format!("{LIST}?q=shop"), format!("{LIST}/anna/{id}/switch"));
    assert_eq!(visitor.get("/anna/promo").status, 302, "in memory");
    for (to, status, flash, event) in
        [("off", 410, "Disabled. Visitors see “switched off”.", "disabled"), ("on", 302, "Enabled.", "enabled")]
    {
        let page = admin.submit(&list, &switch, &[("to", to)]);
        assert_eq!((page.status, page.header("location")), (303, Some(list.as_str())), "back to where it was");
        admin.open(&list).says(flash);
        assert_eq!(visitor.get("/anna/promo").status, status);
        let line = format!("link {event} owner=anna slug=promo by={ADMIN} ip=127.0.0.1");
        assert!(appliance.log().contains(&line), "{}", appliance.log());
    }
    let token = admin.open(LIST).token();
    let send =
        |admin: &mut Browser, path: &str, to: &str| admin.post(path, &[("csrf_token", &token), ("to", to)]).status;
    assert_eq!(send(&mut admin, &switch, "away"), 400);
    for path in
        [format!("{LIST}/{ADMIN}/{id}/switch"), format!("{LIST}/anna/zzzzz/switch"), format!("{LIST}/x/{id}/switch")]
    {
        assert_eq!(send(&mut admin, &path, "off"), 404, "{path}");
    }
    let form = [("csrf_token", token.as_str()), ("to", "off"), ("next", "https://evil.example/")];
    assert_eq!(admin.post(&switch, &form).header("location"), Some(LIST));
}
