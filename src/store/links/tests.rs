//! Links: one winner per slug, and rows that stay in step.

use std::thread;

use super::*;
use crate::store::Settings;
use crate::store::tables::LINK;
use crate::store::tests::{NOW, about, audit, fresh, link, name, open, slug, tamper, user};

#[test]
fn of_fifty_that_want_one_slug_at_once_one_gets_it() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let made: Vec<_> = thread::scope(|scope| {
        let store = &store;
        let make = |at: usize| {
            let new = NewLink { slug: Some(slug("promo")), change: about(&format!("https://example.com/{at}"), "") };
            store.create_link(anna, name("anna"), new, NOW).unwrap()
        };
        let threads: Vec<_> = (0..50).map(|at| scope.spawn(move || make(at))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let winners: Vec<_> = made.iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.redirect("anna/promo").unwrap().unwrap().target.as_ref(), Some(&winners[0].about.target));
    assert_eq!(store.link_count(anna).unwrap(), 1);
    let new = NewLink { slug: Some(slug("promo")), change: about("https://example.com/", "") };
    assert!(store.create_link(bert, name("bert"), new, NOW).unwrap().is_ok(), "another user has slugs of their own");
    audit(&store);
}

#[test]
fn of_twenty_that_want_the_last_place_at_once_one_gets_it() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let first = link(&store, anna, "one");
    link(&store, anna, "two");
    let bound = |links_per_user| Settings { links_per_user, ..store.settings().unwrap() };
    store.put_settings(bound(Some(3))).unwrap();
    let make = |owner, of: &str| {
        store.create_link(owner, name(of), NewLink { slug: None, change: about("https://a.example/", "") }, NOW)
    };
    let made: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| make(anna, "anna").unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    assert_eq!(made.iter().filter(|made| **made == Err(NotMade::Full(3))).count(), 19);
    assert!(make(bert, "bert").unwrap().is_ok(), "another user has places of their own");
    // Below what somebody has already: nothing goes, and a place is free only below the bound.
    store.put_settings(bound(Some(2))).unwrap();
    store.delete_link(anna, name("anna"), first.id).unwrap().unwrap();
    assert_eq!(make(anna, "anna").unwrap(), Err(NotMade::Full(2)));
    assert_eq!(store.link_count(anna).unwrap(), 2);
    store.put_settings(bound(None)).unwrap();
    assert!(make(anna, "anna").unwrap().is_ok());
    audit(&store);
}

#[test]
fn a_link_without_a_slug_gets_a_free_one() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let new = NewLink { slug: None, change: about("https://example.com/", "") };
    let made: Vec<_> =
        (0..5).map(|_| store.create_link(anna, name("anna"), new.clone(), NOW).unwrap().unwrap()).collect();
    for link in &made {
        let redirect = store.redirect(&format!("anna/{}", link.slug.as_str())).unwrap().unwrap();
        assert_eq!((redirect.link, redirect.owner), (link.id, anna));
    }
    audit(&store);
}

#[test]
fn a_changed_link_leads_where_it_says_under_its_new_slug_and_the_one_before() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let (one, two) = (link(&store, anna, "one"), link(&store, anna, "two"));
    let mut edit = about("https://example.org/new", "New");
    edit.expires = Some(NOW.plus_s(9));
    let change = |owner, of: &str, id, to: &str, now| {
        store.change_link(owner, name(of), id, slug(to), edit.clone(), now).unwrap()
    };
    assert_eq!(change(anna, "anna", one.id, "two", NOW), Some(Err(NotRenamed::Taken)));
    assert_eq!(store.link(anna, one.id).unwrap(), Some(one.clone()), "nothing is changed");
    assert_eq!(change(bert, "bert", one.id, "mine", NOW), None, "another's link is like none");
    assert_eq!(store.link(bert, one.id).unwrap(), None);
    assert_eq!(change(anna, "anna", LinkId(99), "three", NOW), None);
    let changed = change(anna, "anna", one.id, "three", NOW.plus_s(5)).unwrap().unwrap();
    assert_eq!((changed.created, changed.updated, &changed.about), (NOW, NOW.plus_s(5), &edit));
    assert_eq!(store.link(anna, one.id).unwrap(), Some(changed));
    for path in ["anna/one", "anna/three"] {
        let redirect = store.redirect(path).unwrap().unwrap();
        let leads = (redirect.link, redirect.target.clone(), redirect.expires, redirect.enabled);
        assert_eq!(leads, (one.id, Some(edit.target.clone()), edit.expires, true), "{path}");
    }
    assert_eq!(change(anna, "anna", two.id, "one", NOW), Some(Err(NotRenamed::Taken)), "it is still in use");
    for (clock_s, updated_s) in [(-60, 0), (30, 30), (10, 30)] {
        let changed = change(anna, "anna", two.id, "two", NOW.plus_s(clock_s)).unwrap().unwrap();
        assert_eq!(changed.updated, NOW.plus_s(updated_s), "with the clock set back, no link becomes older");
    }
    audit(&store);
}

#[test]
fn links_are_switched_together_and_only_the_owners() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let (one, two) = (link(&store, anna, "one"), link(&store, anna, "two"));
    let new = NewLink { slug: Some(slug("one")), change: about("https://example.com/berts", "") };
    let berts = store.create_link(bert, name("bert"), new, NOW).unwrap().unwrap();
    let switch = |ids: &[LinkId], enabled, now| {
        let switched = store.switch_links(anna, name("anna"), ids.to_vec(), enabled, now).unwrap();
        switched.into_iter().map(|link| (link.id, link.about.enabled, link.updated)).collect::<Vec<_>>()
    };
    let is_on = |path: &str| store.redirect(path).unwrap().unwrap().enabled;
    assert!(is_on("anna/one") && is_on("anna/two"), "all are in memory");
    let later = NOW.plus_s(5);
    let off = switch(&[berts.id, two.id, LinkId(99), one.id], false, later);
    assert_eq!(off, [(two.id, false, later), (one.id, false, later)]);
    assert!(!is_on("anna/one") && !is_on("anna/two") && is_on("bert/one"));
    assert_eq!(switch(&[one.id], false, later.plus_s(5)), [(one.id, false, later)], "it was off already");
    assert_eq!(switch(&[one.id], true, NOW), [(one.id, true, later)], "no link becomes older");
    assert!(is_on("anna/one") && !is_on("anna/two"));
    assert_eq!(switch(&[], true, NOW), []);
    audit(&store);
}

#[test]
fn a_deleted_link_is_gone_everywhere_and_its_number_stays_unused() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let one = link(&store, anna, "one");
    assert_eq!(store.delete_link(bert, name("bert"), one.id).unwrap(), None);
    assert_eq!(store.delete_link(anna, name("anna"), one.id).unwrap(), Some(one.clone()));
    assert_eq!(store.delete_link(anna, name("anna"), one.id).unwrap(), None);
    assert_eq!(store.link(anna, one.id).unwrap(), None);
    assert_eq!(store.redirect("anna/one").unwrap().unwrap().target, None, "here a link has been");
    assert_eq!((store.link_count(anna).unwrap(), store.counts().unwrap().1), (0, 0));
    assert!(link(&store, anna, "one").id > one.id);
    audit(&store);
}

#[test]
fn a_damaged_link_is_an_error_and_its_redirect_goes_on() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let (one, two) = (link(&store, anna, "one"), link(&store, anna, "two"));
    store.close();
    tamper(folder.path(), LINK, &link_key(anna, one.id), b"\x01nonsense");
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(store.link(anna, one.id).unwrap_err().kind, Kind::Damaged);
    assert_eq!(store.link(anna, two.id).unwrap(), Some(two));
    assert!(store.redirect("anna/one").unwrap().is_some());
}

#[test]
fn an_earlier_slug_goes_on_until_it_is_given_up_and_comes_back_to_its_owner_only() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let id = link(&store, anna, "s0").id;
    let rename = |to: &str| store.change_link(anna, name("anna"), id, slug(to), about("https://example.com/", ""), NOW);
    let aliases =
        || store.link(anna, id).unwrap().unwrap().aliases.iter().map(|s| s.as_str().to_owned()).collect::<Vec<_>>();
    for number in 1..=ALIASES_PER_LINK_MAX {
        rename(&format!("s{number}")).unwrap().unwrap().unwrap();
    }
    assert_eq!(aliases().len(), ALIASES_PER_LINK_MAX);
    assert_eq!(rename("more").unwrap(), Some(Err(NotRenamed::TooOften)));
    assert_eq!(store.redirect("anna/more").unwrap(), None, "nothing is changed");
    rename("s3").unwrap().unwrap().unwrap();
    assert_eq!(aliases().len(), ALIASES_PER_LINK_MAX, "back to an earlier one, in the place of the present one");
    assert!(!aliases().contains(&"s3".to_owned()) && aliases().ends_with(&["s10".to_owned()]));
    let give_up = |of: &str, owner, text: &str| store.give_up_alias(owner, name(of), id, slug(text)).unwrap();
    for (of, owner, text) in [("bert", bert, "s0"), ("anna", anna, "s3"), ("anna", anna, "none")] {
        assert_eq!(give_up(of, owner, text), None, "{of} {text}");
    }
    assert_eq!(store.redirect("anna/s0").unwrap().unwrap().link, id, "in memory");
    assert!(give_up("anna", anna, "s0").is_some());
    assert_eq!(give_up("anna", anna, "s0"), None, "a second time");
    assert_eq!(store.redirect("anna/s0").unwrap().unwrap().target, None);
    audit(&store);
    // The owner takes it back, with a link of its own.
    let again = link(&store, anna, "s0");
    assert_eq!(store.redirect("anna/s0").unwrap().unwrap().link, again.id);
    // Deleting takes all addresses along.
    let deleted = store.delete_link(anna, name("anna"), id).unwrap().unwrap();
    for slug in deleted.slugs() {
        let left = store.redirect(&format!("anna/{}", slug.as_str())).unwrap().unwrap();
        assert_eq!((left.target.clone(), left.owner), (None, anna), "{}", slug.as_str());
    }
    audit(&store);
}

#[test]
fn what_is_left_of_a_link_is_nobody_elses() {
    let (folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let id = link(&store, anna, "promo").id;
    store.delete_link(anna, name("anna"), id).unwrap().unwrap();
    let make = |owner| {
        let new = NewLink { slug: Some(slug("promo")), change: about("https://example.com/", "") };
        store.create_link(owner, name("anna"), new, NOW).unwrap()
    };
    // Somebody else under the same name: it was released meanwhile.
    assert_eq!(make(bert), Err(NotMade::Taken));
    assert!(make(anna).is_ok());
    assert_eq!(make(anna), Err(NotMade::Taken));
    store.close();
    // What does not read is nobody's either.
    tamper(folder.path(), crate::store::tables::REDIRECT, b"anna/spoilt", b"\x02nonsense");
    let (store, _) = open(folder.path()).unwrap();
    let new = NewLink { slug: Some(slug("spoilt")), change: about("https://example.com/", "") };
    assert_eq!(store.create_link(anna, name("anna"), new, NOW).unwrap(), Err(NotMade::Taken));
}
