//! Pages of links: every order, both directions, searches, and places nobody was given.

use std::thread;

use super::*;
use crate::link::{LinkChange, NewLink};
use crate::store::tables::ROLL_TOTAL;
use crate::store::tests::{NOW, about, audit, click, fresh, link, name, open, slug, tamper, user};
use crate::visitor::Class;

const SORTS: [Sort; 4] = [Sort::Newest, Sort::Oldest, Sort::Clicks, Sort::Slug];

fn wanted(sort: Sort) -> Wanted {
    Wanted {
        sort,
        text: String::new(),
        slug: None,
        state: None,
        step: Step::First,
        blocked: BlockedHosts::default(),
        now: NOW,
    }
}

fn slugs(page: &Page) -> Vec<String> {
    page.rows.iter().map(|row| row.link.slug.as_str().to_owned()).collect()
}

/// All pages of a list from its first to its last; going back from there has to give the same ones.
fn walk(store: &Store, owner: UserId, first: &Wanted) -> Vec<Vec<String>> {
    let page_at = |step| store.links(owner, &Wanted { step, ..first.clone() }).unwrap();
    let mut pages = Vec::new();
    let mut page = page_at(Step::First);
    assert_eq!(page.before, None);
    loop {
        pages.push(slugs(&page));
        assert!(page.rows.len() <= LINKS_PER_PAGE && pages.len() < 100);
        assert!(!page.truncated);
        let Some(after) = page.after.clone() else { break };
        page = page_at(Step::After(after));
        assert!(page.before.is_some());
    }
    for expected in pages.iter().rev().skip(1) {
        page = page_at(Step::Before(page.before.clone().unwrap()));
        assert_eq!(&slugs(&page), expected, "{first:?}");
        assert!(page.after.is_some());
    }
    assert_eq!(page.before, None);
    pages
}

/// 130 links of `anna`, some clicked, among links of others.
fn many() -> (tempfile::TempDir, Store, UserId) {
    let (folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let new = |text: String| NewLink { slug: Some(slug(&text)), change: about("https://example.org/", "") };
    thread::scope(|scope| {
        // Two at a time, so that numbers of two owners alternate.
        scope.spawn(|| (0..26).for_each(|at| drop(store.create_link(bert, name("bert"), new(format!("b{at}")), NOW))));
        for at in 0..130_u32 {
            let made = link(&store, anna, &format!("s{}", at * 37 % 130));
            for _ in 0..at % 4 {
                store.record_click(click(anna, made.id, Class::Human));
            }
        }
    });
    store.flush_clicks();
    (folder, store, anna)
}

#[test]
fn every_order_visits_every_link_once_in_both_directions() {
    let (_folder, store, anna) = many();
    for sort in SORTS {
        let pages = walk(&store, anna, &wanted(sort));
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 25, 25, 25, 5], "{sort:?}");
        let mut all = pages.concat();
        let in_age: Vec<_> = (0..130).map(|at| format!("s{}", at * 37 % 130)).collect();
        match sort {
            Sort::Oldest => assert_eq!(all, in_age),
            Sort::Newest => assert_eq!(all, in_age.iter().rev().cloned().collect::<Vec<_>>()),
            Sort::Slug => assert!(all.is_sorted()),
            Sort::Clicks => {
                let clicks = |slug: &String| in_age.iter().position(|other| other == slug).unwrap() % 4;
                assert!(all.iter().map(clicks).is_sorted_by(|a, b| a >= b));
            }
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 130, "{sort:?}");
        let page = store.links(anna, &wanted(sort)).unwrap();
        assert_eq!((page.total, page.found), (130, 130));
    }
    audit(&store);
}

#[test]
fn a_page_of_exactly_one_length_is_the_only_one() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    for sort in SORTS {
        assert_eq!(walk(&store, anna, &wanted(sort)), [Vec::<String>::new()], "no links");
    }
    for at in 0..LINKS_PER_PAGE {
        link(&store, anna, &format!("s{at}"));
    }
    for sort in SORTS {
        assert_eq!(walk(&store, anna, &wanted(sort)).len(), 1);
    }
    link(&store, anna, "more");
    for sort in SORTS {
        assert_eq!(walk(&store, anna, &wanted(sort)).len(), 2);
    }
}

#[test]
fn places_that_nobody_was_given_give_pages_all_the_same() {
    let (_folder, store, anna) = many();
    for value in ["", "0", "1", "99", "s5", "zzz", "-1", "99999999999999999999999"] {
        for id in [0, 1, 100, u32::MAX] {
            let cursor = Cursor { value: value.to_owned(), link: LinkId(id) };
            for (sort, step) in SORTS
                .into_iter()
                .flat_map(|sort| [(sort, Step::After(cursor.clone())), (sort, Step::Before(cursor.clone()))])
            {
                let page = store.links(anna, &Wanted { step, ..wanted(sort) }).unwrap();
                assert!(page.rows.len() <= LINKS_PER_PAGE);
                assert!(page.rows.iter().all(|row| row.link.owner == anna));
            }
        }
    }
}

#[test]
fn a_search_looks_at_slug_title_target_and_state() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let make = |text: &str, target: &str, title: &str, enabled: bool, expires: Option<i64>| {
        let change = LinkChange { enabled, expires: expires.map(|s| NOW.plus_s(s)), ..about(target, title) };
        store.create_link(anna, name("anna"), NewLink { slug: Some(slug(text)), change }, NOW).unwrap().unwrap();
    };
    make("promo", "https://example.com/", "Autumn SALE", true, None);
    make("sale", "https://example.com/Promo", "", false, Some(-5));
    make("old", "https://other.example/", "Übersicht", true, Some(0));
    make("soon", "https://other.example/%C3%9Cbung", "", true, Some(1));
    for (text, state, found) in [
        ("", None, &["soon", "old", "sale", "promo"][..]),
        ("promo", None, &["sale", "promo"]),
        ("PROMO", None, &["sale", "promo"]),
        ("sale", None, &["sale", "promo"]),
        ("übersicht", None, &["old"]),
        ("%c3%9cbung", None, &["soon"]),
        ("ÜBER", None, &["old"]),
        ("other.example", None, &["soon", "old"]),
        ("nothing", None, &[]),
        ("", Some(State::Active), &["soon", "promo"]),
        ("", Some(State::Disabled), &["sale"]),
        ("", Some(State::Expired), &["old"]),
        ("sale", Some(State::Active), &["promo"]),
        ("sale", Some(State::Expired), &[]),
    ] {
        let page = store.links(anna, &Wanted { text: text.to_owned(), state, ..wanted(Sort::Newest) }).unwrap();
        assert_eq!(slugs(&page), found, "{text:?} {state:?}");
        assert_eq!((page.total, page.found), (4, found.len()));
    }
}

#[test]
fn a_short_address_finds_the_link_with_its_slug() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    for text in ["promo", "promo-2", "other"] {
        link(&store, anna, text);
    }
    for (wanted_slug, found) in [("promo", &["promo-2", "promo"][..]), ("PROMO-2", &["promo-2"]), ("none", &[])] {
        let text = format!("https://go.example/anna/{wanted_slug}");
        for sort in SORTS {
            let wanted = Wanted { text: text.clone(), slug: Some(wanted_slug.to_owned()), ..wanted(sort) };
            let mut page = slugs(&store.links(anna, &wanted).unwrap());
            page.sort_by(|a, b| b.cmp(a));
            assert_eq!(page, found, "{wanted_slug} {sort:?}");
        }
    }
}

#[test]
fn the_most_clicked_links_come_first() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    assert!(store.most_clicked(anna, 5).unwrap().0.is_empty());
    for (text, humans, bots) in [("a", 2, 0), ("b", 5, 0), ("c", 0, 9), ("d", 2, 1), ("e", 0, 0)] {
        let id = link(&store, anna, text).id;
        (0..humans).for_each(|_| {
            store.record_click(click(anna, id, Class::Human));
        });
        (0..bots).for_each(|_| {
            store.record_click(click(anna, id, Class::Bot));
        });
    }
    store.flush_clicks();
    for (count, expected) in [(5, &["b", "a", "d"][..]), (2, &["b", "a"]), (0, &[])] {
        let (rows, sum) = store.most_clicked(anna, count).unwrap();
        assert_eq!(rows.iter().map(|row| row.link.slug.as_str()).collect::<Vec<_>>(), expected);
        assert_eq!(sum, 9);
    }
}

#[test]
fn a_page_in_any_order_shows_the_clicks_of_its_links() {
    let (_folder, store, anna) = many();
    for sort in SORTS {
        for text in ["", "example"] {
            let page = store.links(anna, &Wanted { text: text.to_owned(), ..wanted(sort) }).unwrap();
            for row in page.rows {
                assert_eq!(row.numbers, store.statistics(anna, row.link.id).unwrap().0, "{sort:?}");
            }
        }
    }
}

#[test]
fn damaged_sums_hide_no_link() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let ids = ["one", "two", "gone"].map(|text| {
        let id = link(&store, anna, text).id;
        (0..3).for_each(|_| {
            store.record_click(click(anna, id, Class::Human));
        });
        id
    });
    store.close();
    tamper(folder.path(), ROLL_TOTAL, &link_key(anna, ids[0]), b"\x01");
    tamper(folder.path(), ROLL_TOTAL, &[link_key(anna, ids[0]).as_slice(), b"x"].concat(), b"");
    tamper(folder.path(), LINK, &link_key(anna, ids[2]), b"\x01nonsense");
    let (store, _) = open(folder.path()).unwrap();
    for sort in SORTS {
        let page = store.links(anna, &wanted(sort)).unwrap();
        let mut shown: Vec<_> = page.rows.iter().map(|row| (row.link.slug.as_str(), row.numbers.humans)).collect();
        shown.sort_unstable();
        assert_eq!(shown, [("one", 0), ("two", 3)], "{sort:?}");
    }
    let (rows, sum) = store.most_clicked(anna, 1).unwrap();
    assert_eq!(rows.iter().map(|row| row.link.slug.as_str()).collect::<Vec<_>>(), ["two"]);
    assert_eq!(sum, 6);
}

#[test]
fn a_damaged_link_does_not_hide_the_others() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let (one, _) = (link(&store, anna, "one"), link(&store, anna, "two"));
    store.close();
    tamper(folder.path(), LINK, &link_key(anna, one.id), b"\x01nonsense");
    let (store, _) = open(folder.path()).unwrap();
    for sort in SORTS {
        let page = store.links(anna, &wanted(sort)).unwrap();
        assert_eq!((slugs(&page), page.damaged), (vec!["two".to_owned()], 1), "{sort:?}");
    }
}
