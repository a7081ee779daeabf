//! Pages of everybody's links neither repeat a row nor skip one, whoever has how many.

use super::*;
use crate::limits::LINKS_PER_PAGE;
use crate::link::NewLink;
use crate::store::tables::USER;
use crate::store::tables::user_key;
use crate::store::tests::{NOW, about, fresh, link, name, open, slug, tamper, user};

fn slugs(page: &SitePage) -> Vec<String> {
    page.rows.iter().map(|(link, _)| link.slug.as_str().to_owned()).collect()
}

/// Links of three users, one of whom has most, in the order they were made.
fn many() -> (tempfile::TempDir, Store, Vec<String>) {
    let (folder, store) = fresh();
    let users = ["anna", "bert", "carl"].map(|name| user(&store, name));
    user(&store, "nobody");
    let made: Vec<String> = (0..60).map(|at| format!("s{at}")).collect();
    for (at, text) in made.iter().enumerate() {
        let (owner, name_of) = match at {
            0..3 | 57 => (users[2], "carl"),
            _ if at % 7 == 0 => (users[1], "bert"),
            _ => (users[0], "anna"),
        };
        let new = NewLink { slug: Some(slug(text)), change: about("https://example.org/", "") };
        store.create_link(owner, name(name_of), new, NOW).unwrap().unwrap();
    }
    (folder, store, made)
}

#[test]
fn pages_lead_through_everybodys_links_from_the_newest_on_and_back() {
    let (_folder, store, mut expected) = many();
    expected.reverse();
    for text in ["", "example.org", "/s"] {
        let page = |step| store.site_page(text, step).unwrap();
        let first = page(SiteStep::First);
        let second = page(SiteStep::After(first.after.unwrap()));
        let third = page(SiteStep::After(second.after.unwrap()));
        let lengths = [&first, &second, &third].map(|page| page.rows.len());
        assert_eq!((lengths, first.before, third.after), ([LINKS_PER_PAGE, LINKS_PER_PAGE, 10], None, None));
        assert_eq!([slugs(&first), slugs(&second), slugs(&third)].concat(), expected, "{text}");
        let back = page(SiteStep::Before(third.before.unwrap()));
        assert_eq!((slugs(&back), back.after), (slugs(&second), second.after));
        let back = page(SiteStep::Before(back.before.unwrap()));
        assert_eq!((slugs(&back), back.before, back.after), (slugs(&first), None, first.after));
    }
    for id in [0, u32::MAX] {
        for step in [SiteStep::After(LinkId(id)), SiteStep::Before(LinkId(id))] {
            let rows = store.site_page("", step).unwrap().rows.len();
            let has_some = matches!((step, id), (SiteStep::After(_), 1..) | (SiteStep::Before(_), 0));
            assert_eq!(rows > 0, has_some, "{step:?}");
        }
    }
    assert!(fresh().1.site_page("", SiteStep::First).unwrap().rows.is_empty());
}

#[test]
fn a_search_that_finds_little_goes_on_where_it_stopped() {
    let (_folder, store, _) = many();
    let page = |step| store.read("test", |tx| super::page(tx, &Sought::new("carl/"), step, 20)).unwrap();
    let (mut found, mut steps, mut step) = (Vec::new(), Vec::new(), SiteStep::First);
    loop {
        let page = page(step);
        steps.push(page.before);
        found.push(slugs(&page));
        let Some(after) = page.after else { break };
        step = SiteStep::After(after);
    }
    assert_eq!(found, [vec!["s57"], vec![], vec!["s2", "s1", "s0"]]);
    assert_eq!(slugs(&page(SiteStep::Before(steps[2].unwrap()))), [""; 0]);
}

#[test]
fn a_search_looks_at_addresses_targets_and_titles() {
    let (_folder, store) = fresh();
    for (owner, text, target, title) in [
        ("anna", "promo", "https://example.com/", "Autumn SALE"),
        ("bert", "sale", "https://example.com/Promo?x=1", ""),
        ("sale", "other", "https://other.example/", "Übersicht"),
    ] {
        let id = user(&store, owner);
        let new = NewLink { slug: Some(slug(text)), change: about(target, title) };
        store.create_link(id, name(owner), new, NOW).unwrap().unwrap();
    }
    for (text, found) in [
        ("", &["other", "sale", "promo"][..]),
        ("promo", &["sale", "promo"]),
        ("sale", &["other", "sale", "promo"]),
        ("übersicht", &["other"]),
        ("bert", &["sale"]),
        ("bert/sale", &["sale"]),
        ("https://go.example/bert/sale", &["sale"]),
        ("go.example/bert/sale+?x=1", &["sale"]),
        ("https://go.example/xbert/sale", &[]),
        ("https://go.example/bert/sale2", &[]),
        ("https://example.com/promo?x=1", &["sale"]),
        ("nothing", &[]),
    ] {
        assert_eq!(slugs(&store.site_page(text, SiteStep::First).unwrap()), found, "{text:?}");
    }
}

#[test]
fn links_to_a_host_and_below_it_are_counted() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    for (text, target) in
        [("a", "https://bad.example/"), ("b", "https://www.bad.example/x"), ("c", "https://notbad.example/")]
    {
        let new = NewLink { slug: Some(slug(text)), change: about(target, "") };
        store.create_link(anna, name("anna"), new, NOW).unwrap().unwrap();
    }
    for (host, count) in [("bad.example", 2), ("www.bad.example", 1), ("none.example", 0)] {
        assert_eq!(store.links_to(&BlockedHosts::new(vec![host.to_owned()])).unwrap(), (count, true), "{host}");
    }
}

#[test]
fn a_damaged_link_or_owner_hides_no_others() {
    let (folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let one = link(&store, anna, "one");
    link(&store, anna, "two");
    let new = NewLink { slug: Some(slug("three")), change: about("https://example.org/", "") };
    store.create_link(bert, name("bert"), new, NOW).unwrap().unwrap();
    store.close();
    tamper(folder.path(), LINK, &link_key(anna, one.id), b"\x01nonsense");
    tamper(folder.path(), USER, &user_key(bert), b"\x01nonsense");
    let (store, _) = open(folder.path()).unwrap();
    let page = store.site_page("", SiteStep::First).unwrap();
    assert_eq!((slugs(&page), page.damaged), (vec!["two".to_owned()], 2));
}
