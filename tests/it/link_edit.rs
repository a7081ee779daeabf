//! Changing a link: what is saved counts at once, and the slug changes only when the person changes it.

use crate::appliance::Start;
use crate::browser::{Browser, Page};

fn value(page: &Page, action: &str, name: &str) -> Option<String> {
    page.form(action).into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

fn location(browser: &mut Browser, path: &str) -> (u16, Option<String>) {
    let page = browser.get(path);
    (page.status, page.header("location").map(str::to_owned))
}

#[test]
fn the_form_shows_the_link_as_it_is_and_saving_it_untouched_changes_nothing() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let fields = [
        ("target_url", "https://example.com/a?b=\"c\""),
        ("slug", "promo"),
        ("title", "A & B"),
        ("expires_at", "2099-11-20T14:02"),
    ];
    let made = admin.submit("/links/new", "/links/new", &fields);
    let id = made.header("location").unwrap().strip_prefix("/links?new=").unwrap().to_owned();
    let edit = format!("/links/{id}/edit");
    for _ in 0..2 {
        let page = admin.open(&edit);
        page.says("Edit link");
        page.says("After a change the old address leads here, too, until you give it up.");
        assert_eq!(value(&page, &edit, "target_url").as_deref(), Some("https://example.com/a?b=%22c%22"));
        assert_eq!(value(&page, &edit, "slug").as_deref(), Some("promo"));
        assert_eq!(value(&page, &edit, "title").as_deref(), Some("A & B"));
        assert_eq!(value(&page, &edit, "expires_at").as_deref(), Some("2099-11-20T14:02"));
        assert_eq!(value(&page, &edit, "enabled").as_deref(), Some("1"));
        let saved = admin.submit_on(&page, &edit, &[]);
        assert_eq!((saved.status, saved.header("location")), (303, Some(format!("/links/{id}").as_str())));
        let detail = admin.open(&format!("/links/{id}"));
        detail.says("Saved.");
        admin.open(&format!("/links/{id}")).does_not_say("Saved.");
    }
}

#[test]
fn a_change_counts_for_the_very_next_visitor() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut visitor = Browser::of(&appliance);
    let id = admin.make_link("https://example.com/0", "promo");
    let edit = format!("/links/{id}/edit");
    for round in 1..=5 {
        let target = format!("https://example.com/{round}");
        assert_eq!(admin.submit(&edit, &edit, &[("target_url", &target)]).status, 303);
        assert_eq!(location(&mut visitor, "/root-user/promo"), (302, Some(target)));
    }
    for (fields, status) in [
        ([("enabled", ""), ("expires_at", "")], 410),
        ([("enabled", "1"), ("expires_at", "")], 302),
        ([("enabled", "1"), ("expires_at", "2020-01-01T00:00")], 410),
        // Expired, and edited without touching that.
        ([("enabled", "1"), ("title", "Autumn sale")], 410),
        ([("enabled", "1"), ("expires_at", "2099-01-01T00:00")], 302),
        ([("enabled", "1"), ("expires_at", "")], 302),
    ] {
        assert_eq!(admin.submit(&edit, &edit, &fields).status, 303);
        assert_eq!(visitor.get("/root-user/promo").status, status, "{fields:?}");
    }
    admin.open(&format!("/links/{id}")).says("Expires never");
}

#[test]
fn a_new_slug_moves_the_link_with_its_clicks_and_the_old_one_stays_its_own() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "old");
    admin.get("/root-user/old");
    let edit = format!("/links/{id}/edit");
    assert_eq!(admin.submit(&edit, &edit, &[("slug", " New ")]).status, 303);
    assert_eq!(admin.get("/root-user/new").status, 302);
    let page = admin.open(&format!("/links/{id}"));
    page.says("2 clicks");
    page.says("/root-user/new");
    // The old slug can be used by no other link until it is given up, and the first one cannot go back then.
    let taken = [("target_url", "https://example.com/other"), ("slug", "old")];
    admin.submit("/links/new", "/links/new", &taken).says("You already have a link with this slug.");
    admin.submit(&format!("/links/{id}"), &format!("/links/{id}/aliases"), &[("give_up", "old")]);
    let other = admin.make_link("https://example.com/other", "old");
    let page = admin.submit(&edit, &edit, &[("slug", "old"), ("title", "Kept")]);
    assert_eq!(page.status, 422);
    page.says("You already have a link with this slug.");
    assert_eq!(value(&page, &edit, "slug").as_deref(), Some("old"));
    assert_eq!(value(&page, &edit, "title").as_deref(), Some("Kept"));
    assert_eq!(location(&mut admin, "/root-user/old").1.as_deref(), Some("https://example.com/other"));
    admin.open(&format!("/links/{other}")).says("1 click");
    // One's own slug in other letters is not taken.
    assert_eq!(admin.submit(&edit, &edit, &[("slug", "NEW")]).status, 303);
}

#[test]
fn the_page_of_a_link_tells_where_it_led_before() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/1", "promo");
    let (detail, edit) = (format!("/links/{id}"), format!("/links/{id}/edit"));
    admin.submit(&edit, &edit, &[("title", "Autumn sale")]);
    admin.open(&detail).does_not_say("Led before");
    for number in 2..=3 {
        admin.submit(&edit, &edit, &[("target_url", &format!("https://example.com/{number}"))]);
    }
    let text = admin.open(&detail).text();
    let told = &text[text.find("Led before 2 changes Until ").unwrap()..text.find("Created").unwrap()];
    let places: Vec<_> = ["https://example.com/2", "https://example.com/1"].map(|at| told.find(at)).into();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{told}");
    assert!(!told.contains("https://example.com/3"), "{told}");
}

#[test]
fn wrong_fields_show_the_form_again_and_change_nothing() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    admin.make_link("https://example.com/", "taken");
    let edit = format!("/links/{id}/edit");
    let long = "x".repeat(201);
    for (field, wrong, message) in [
        ("target_url", "", "Enter a full web address, such as https://example.com/page."),
        ("target_url", "ftp://example.com/", "Enter an address that starts with http:// or https://."),
        ("slug", "", "Use only lowercase letters, numbers, hyphens, and underscores."),
        ("slug", "a/b", "Use only lowercase letters, numbers, hyphens, and underscores."),
        ("slug", "TAKEN", "You already have a link with this slug."),
        ("title", long.as_str(), "Use one line of at most 200 characters."),
        ("expires_at", "soon", "Enter a date and a time for the expiry"),
    ] {
        let mut fields = vec![("target_url", "https://example.com/changed"), ("title", "Changed"), ("slug", "changed")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, wrong));
        let page = admin.submit(&edit, &edit, &fields);
        assert_eq!(page.status, 422, "{field} {wrong:?}");
        page.says(message);
        assert!(page.body.contains("<title>Error: Edit link"), "{field}");
        for (name, typed) in &fields {
            assert_eq!(value(&page, &edit, name).as_deref(), Some(*typed), "{name} after a wrong {field}");
        }
        assert_eq!(location(&mut admin, "/root-user/promo"), (302, Some("https://example.com/".to_owned())));
        assert_eq!(admin.get("/root-user/changed").status, 404);
    }
}

#[test]
fn a_circle_made_by_an_edit_is_refused() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let edit = format!("/links/{id}/edit");
    let own = format!("http://{}/root-user/promo", appliance.address);
    let page = admin.submit(&edit, &edit, &[("target_url", &own)]);
    assert_eq!(page.status, 422);
    page.says("That would redirect in a circle.");
}

#[test]
fn a_link_that_is_gone_meanwhile_is_not_found_and_not_made_again() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let (edit, delete) = (format!("/links/{id}/edit"), format!("/links/{id}/delete"));
    let form = admin.open(&edit);
    assert_eq!(admin.submit(&delete, &delete, &[]).status, 303);
    assert_eq!(admin.submit_on(&form, &edit, &[]).status, 404);
    assert_eq!(admin.get("/root-user/promo").status, 410);
    assert_eq!(admin.get(&edit).status, 404);
}
