//! Earlier addresses of a link: they go on leading where it leads, until somebody gives them up.

use crate::appliance::Start;
use crate::browser::Browser;

fn location(browser: &mut Browser, path: &str) -> (u16, Option<String>) {
    let page = browser.get(path);
    (page.status, page.header("location").map(str::to_owned))
}

#[test]
fn an_earlier_address_follows_every_change_and_counts_for_the_link() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut visitor = Browser::of(&appliance);
    let id = admin.make_link("https://example.com/", "one");
    let edit = format!("/links/{id}/edit");
    for (to, number) in [("two", 2), ("three", 3)] {
        let target = format!("https://example.com/{number}");
        assert_eq!(admin.submit(&edit, &edit, &[("slug", to), ("target_url", &target)]).status, 303);
        for slug in &["one", "two", "three"][..number] {
            assert_eq!(location(&mut visitor, &format!("/root-user/{slug}")), (302, Some(target.clone())), "{slug}");
        }
    }
    let page = admin.open(&format!("/links/{id}"));
    assert_eq!(page.clicks(), (5, 0));
    let host = appliance.address;
    page.says(&format!("Earlier addresses {host}/root-user/one Give up {host}/root-user/two Give up"));
    admin.open("/links?q=two").says("1 of 1 link");
    for (to, status) in [("off", 410), ("on", 302)] {
        admin.submit("/links", &format!("/links/{id}/switch"), &[("to", to)]);
        for slug in ["one", "two", "three"] {
            assert_eq!(visitor.get(&format!("/root-user/{slug}")).status, status, "{slug} {to}");
        }
    }
    // Back to where it was.
    assert_eq!(admin.submit(&edit, &edit, &[("slug", "one")]).status, 303);
    let page = admin.open(&format!("/links/{id}"));
    page.says(&format!("Earlier addresses {host}/root-user/two Give up {host}/root-user/three Give up"));
    assert_eq!(visitor.get("/root-user/one").status, 302);
}

#[test]
fn an_address_that_is_given_up_leads_nowhere_and_can_be_taken_back() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut visitor = Browser::of(&appliance);
    let id = admin.make_link("https://example.com/secret", "one");
    let (detail, edit) = (format!("/links/{id}"), format!("/links/{id}/edit"));
    let give_up = format!("/links/{id}/aliases");
    admin.submit(&edit, &edit, &[("slug", "two")]);
    let form = admin.open(&detail);
    for (value, status) in [("two", 404), ("none", 404), ("a b", 404), ("", 404)] {
        assert_eq!(admin.submit_on(&form, &give_up, &[("give_up", value)]).status, status, "{value}");
    }
    assert_eq!(admin.post(&give_up, &[("give_up", "one")]).status, 403);
    assert_eq!(visitor.get("/root-user/one").status, 302);
    let page = admin.submit_on(&form, &give_up, &[("give_up", "one")]);
    assert_eq!((page.status, page.header("location")), (303, Some(detail.as_str())));
    let page = admin.open(&detail);
    page.says(&format!("Gave up {}/root-user/one. Visitors see “deleted”.", appliance.address));
    page.does_not_say("Earlier addresses");
    let page = visitor.get("/root-user/one");
    assert_eq!((page.status, page.header("location")), (410, None));
    page.says("This link was deleted.");
    assert!(!page.body.contains("secret"));
    assert_eq!(visitor.get("/root-user/two").status, 302);
    assert_eq!(admin.submit_on(&form, &give_up, &[("give_up", "one")]).status, 404, "a second time");
    assert_eq!(admin.submit(&edit, &edit, &[("slug", "one")]).status, 303);
    assert_eq!(visitor.get("/root-user/one").status, 302);
}

#[test]
fn a_link_has_so_many_earlier_addresses_and_no_more() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "s0");
    let edit = format!("/links/{id}/edit");
    for number in 1..=10 {
        assert_eq!(admin.submit(&edit, &edit, &[("slug", &format!("s{number}"))]).status, 303);
    }
    let page = admin.submit(&edit, &edit, &[("slug", "more"), ("title", "Kept")]);
    assert_eq!(page.status, 422);
    page.says("This link has 10 earlier addresses. Give one up first.");
    assert!(page.body.contains("value=\"Kept\"") && page.body.contains("id=\"slug-error\""));
    assert_eq!(admin.get("/root-user/more").status, 404);
    admin.submit(&format!("/links/{id}"), &format!("/links/{id}/aliases"), &[("give_up", "s4")]);
    assert_eq!(admin.submit(&edit, &edit, &[("slug", "more")]).status, 303);
    // All of them go with the link.
    let delete = format!("/links/{id}/delete");
    let page = admin.open(&delete);
    page.says("will see “deleted”. Its earlier addresses go with it. This cannot be undone.");
    admin.submit_on(&page, &delete, &[]);
    for slug in ["s0", "s4", "s10", "more"] {
        assert_eq!(admin.get(&format!("/root-user/{slug}")).status, 410, "{slug}");
    }
}
