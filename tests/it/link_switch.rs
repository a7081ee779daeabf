//! Switching a link on or off with the buttons beside it.

use crate::appliance::Start;
use crate::browser::Browser;

#[test]
fn a_link_is_switched_where_it_is_shown_and_visitors_notice_at_once() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/?a=1", "promo");
    admin.make_link("https://example.com/other", "other");
    let edit = format!("/links/{id}/edit");
    admin.submit(&edit, &edit, &[("title", "Autumn sale"), ("expires_at", "2099-11-20T14:02")]);
    let mut visitor = Browser::of(&appliance);
    let switch = format!("/links/{id}/switch");
    for page in [format!("/links/{id}"), "/links?sort=slug&q=promo".to_owned(), format!("/links?new={id}")] {
        for (to, word, flash, status) in
            [("off", "Disable", "Disabled. Visitors see “switched off”.", 410), ("on", "Enable", "Enabled.", 302)]
        {
            let open = admin.open(&page);
            let button = open.body.split("<button").find(|tag| tag.contains(&switch)).unwrap();
            let button = &button[..button.find('<').unwrap()];
            assert!(button.contains(&format!("value=\"{to}\"")) && button.ends_with(&format!(">{word}")), "{button}");
            let answer = admin.submit_on(&open, &switch, &[("to", to)]);
            assert_eq!((answer.status, answer.header("location")), (303, Some(page.as_str())));
            admin.open(&page).says(flash);
            assert_eq!(visitor.get("/root-user/promo").status, status, "{page} {to}");
            assert_eq!(visitor.get("/root-user/other").status, 302, "{page} {to}");
            // A second time changes nothing.
            assert_eq!(admin.submit_on(&open, &switch, &[("to", to)]).status, 303);
            assert_eq!(visitor.get("/root-user/promo").status, status, "{page} {to} again");
        }
    }
    let fields = admin.open(&edit).form(&edit);
    let value = |name: &str| fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
    assert_eq!((value("title"), value("slug")), (Some("Autumn sale"), Some("promo")), "nothing else is changed");
    assert_eq!(
        (value("target_url"), value("expires_at")),
        (Some("https://example.com/?a=1"), Some("2099-11-20T14:02"))
    );
}

#[test]
fn an_expired_link_stays_so_until_its_date_is_changed() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let (edit, switch) = (format!("/links/{id}/edit"), format!("/links/{id}/switch"));
    admin.submit(&edit, &edit, &[("expires_at", "2020-01-01T00:00")]);
    for (to, word) in [("off", "switched off"), ("on", "has expired")] {
        admin.submit("/links", &switch, &[("to", to)]);
        let page = admin.get("/root-user/promo");
        assert_eq!(page.status, 410);
        page.says(word);
    }
    admin.open("/links").says("Expired");
}

#[test]
fn what_is_no_wish_changes_nothing_and_the_way_back_is_ours() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let (detail, switch) = (format!("/links/{id}"), format!("/links/{id}/switch"));
    let token = admin.open(&detail).token();
    for (fields, status) in [
        (vec![("csrf_token", token.as_str())], 400),
        (vec![("csrf_token", token.as_str()), ("to", "")], 400),
        (vec![("csrf_token", token.as_str()), ("to", "OFF")], 400),
        (vec![("to", "off")], 403),
    ] {
        assert_eq!(admin.post(&switch, &fields).status, status, "{fields:?}");
        assert_eq!(admin.get("/root-user/promo").status, 302, "{fields:?}");
    }
    assert_eq!(admin.get(&switch).status, 405);
    for next in ["https://evil.example/", "//evil.example", "/root-user/promo", "/accounts/logout", ""] {
        let page = admin.post(&switch, &[("csrf_token", &token), ("to", "on"), ("next", next)]);
        assert_eq!((page.status, page.header("location")), (303, Some(detail.as_str())), "{next}");
    }
    // Without a session it leads to the list, once somebody has logged in again.
    let page = Browser::of(&appliance).post(&switch, &[("csrf_token", &token), ("to", "off")]);
    assert_eq!((page.status, page.header("location")), (303, Some("/accounts/login?next=%2Flinks")));
    assert_eq!(admin.get("/root-user/promo").status, 302);
}
