//! Several links of the list at once.

use crate::appliance::Start;
use crate::browser::{Browser, Page};

const SELECTED: &str = "/links/selected";

fn ticked<'a>(names: &'a [String], wish: &'a str) -> Vec<(&'a str, &'a str)> {
    names.iter().map(|name| (name.as_str(), "1")).chain([("do", wish)]).collect()
}

fn names(ids: &[&String]) -> Vec<String> {
    ids.iter().map(|id| format!("link-{id}")).collect()
}

fn statuses(browser: &mut Browser, paths: &[&str]) -> Vec<u16> {
    paths.iter().map(|path| browser.get(path).status).collect()
}

/// Follows an answer to the page it leads to.
fn follow(browser: &mut Browser, answer: &Page) -> Page {
    assert_eq!(answer.status, 303, "{}", answer.body);
    let place = answer.header("location").unwrap().to_owned();
    browser.open(&place)
}

#[test]
fn ticked_links_are_switched_and_deleted_together_and_others_stay() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut visitor = Browser::of(&appliance);
    let [a, b, c] = ["a", "b", "c"].map(|slug| admin.make_link("https://example.com/", slug));
    let paths = ["/root-user/a", "/root-user/b", "/root-user/c"];
    let list = "/links?sort=slug";
    let page = admin.open(list);
    for id in [&a, &b, &c] {
        let tag = page.body.split("<input").find(|tag| tag.contains(&format!("name=\"link-{id}\""))).unwrap();
        assert!(tag.contains("type=\"checkbox\"") && tag.contains("form=\"selected\"") && !tag.contains("checked"));
    }
    let two = names(&[&a, &c]);
    assert_eq!(statuses(&mut visitor, &paths), [302, 302, 302], "in memory");
    for (wish, flash, expected) in [
        ("disable", "2 links disabled.", [410, 302, 410]),
        ("disable", "2 links disabled.", [410, 302, 410]),
        ("enable", "2 links enabled.", [302, 302, 302]),
    ] {
        let answer = admin.submit(list, SELECTED, &ticked(&two, wish));
        assert_eq!(answer.header("location"), Some(list));
        follow(&mut admin, &answer).says(flash);
        assert_eq!(statuses(&mut visitor, &paths), expected, "{wish}");
    }
    let asked = admin.submit(list, SELECTED, &ticked(&two, "ask"));
    assert_eq!(statuses(&mut visitor, &paths), [302, 302, 302], "asking deletes nothing");
    let page = follow(&mut admin, &asked);
    page.says("Delete 2 links? Everyone who opens one of these will see “deleted”. This cannot be undone.");
    let host = appliance.address;
    page.says(&format!("{host}/root-user/a 3 clicks"));
    page.says(&format!("{host}/root-user/c 3 clicks"));
    page.does_not_say("/root-user/b");
    let answer = admin.submit_on(&page, SELECTED, &[("do", "disable")]);
    assert_eq!(answer.header("location"), Some(list), "back to the list as it was");
    assert_eq!(statuses(&mut visitor, &paths), [410, 302, 410]);
    let answer = admin.submit_on(&page, SELECTED, &[("do", "delete")]);
    let page = follow(&mut admin, &answer);
    page.says("2 links deleted.");
    page.says("1 link ");
    for (path, words) in [(paths[0], "This link was deleted."), (paths[2], "This link was deleted.")] {
        visitor.get(path).says(words);
    }
    assert_eq!(visitor.get(paths[1]).status, 302);
    // Sent again, nothing is left of them.
    let answer = admin.submit(list, SELECTED, &ticked(&two, "delete"));
    follow(&mut admin, &answer).says("Nothing was changed. Tick the links first.");
}

#[test]
fn anothers_links_count_as_absent() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let mut bob = Browser::user(&appliance, "bob");
    let annas = anna.make_link("https://example.com/secret", "promo");
    let bobs = bob.make_link("https://example.com/", "mine");
    let both = names(&[&annas, &bobs, &"zzzzz".to_owned(), &"no id".to_owned()]);
    let only_annas = names(&[&annas]);
    for (wish, flash) in [("disable", "1 link disabled."), ("enable", "1 link enabled.")] {
        let answer = bob.submit("/links", SELECTED, &ticked(&both, wish));
        follow(&mut bob, &answer).says(flash);
        assert_eq!(bob.get("/anna/promo").status, 302, "{wish}");
        let answer = bob.submit("/links", SELECTED, &ticked(&only_annas, wish));
        follow(&mut bob, &answer).says("Nothing was changed.");
    }
    let asked = bob.submit("/links", SELECTED, &ticked(&both, "ask"));
    let page = follow(&mut bob, &asked);
    page.says("Delete 1 link?");
    assert!(!page.body.contains("promo") && !page.body.contains(&format!("link-{annas}\"")));
    let answer = bob.submit("/links", SELECTED, &ticked(&both, "delete"));
    follow(&mut bob, &answer).says("1 link deleted.");
    assert_eq!((bob.get("/anna/promo").status, bob.get("/bob/mine").status), (302, 410));
    for ids in [annas.as_str(), "zzzzz", "", "."] {
        assert_eq!(bob.get(&format!("/links/selected?ids={ids}")).status, 404, "{ids}");
    }
}

#[test]
fn what_no_list_sends_is_refused_and_the_way_back_is_ours() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let token = admin.open("/links").token();
    let one = names(&[&id]);
    for wish in ["", "remove", "DELETE"] {
        let fields: Vec<_> = ticked(&one, wish).into_iter().chain([("csrf_token", token.as_str())]).collect();
        assert_eq!(admin.post(SELECTED, &fields).status, 400, "{wish}");
    }
    assert_eq!(admin.post(SELECTED, &ticked(&one, "delete")).status, 403);
    let many: Vec<String> = (0..26).map(|number| format!("link-{number}")).collect();
    let fields: Vec<_> = ticked(&many, "delete").into_iter().chain([("csrf_token", token.as_str())]).collect();
    assert_eq!(admin.post(SELECTED, &fields).status, 400, "more than a page has");
    for next in ["https://evil.example/", "//evil.example", "/root-user/promo", ""] {
        let fields = [(one[0].as_str(), "1"), ("do", "enable"), ("csrf_token", &token), ("next", next)];
        assert_eq!(admin.post(SELECTED, &fields).header("location"), Some("/links"), "{next}");
        let path = format!("/links/selected?ids={id}&next={}", crate::browser::encode(next));
        let fields = admin.open(&path).form(SELECTED);
        assert!(fields.contains(&("next".to_owned(), "/links".to_owned())), "{next}: {fields:?}");
    }
    assert_eq!(admin.get("/root-user/promo").status, 302);
}
