//! Damage to a redirect is noticed, and costs that redirect only.

use std::sync::Arc;

use super::Redirect;
use crate::limits::GRAVES_PER_USER_MAX;
use crate::store::Store;
use crate::store::error::Kind;
use crate::store::record::{self, RedirectRecord};
use crate::store::tables::{GRAVE_COUNT, REDIRECT, user_key};
use crate::store::tests::{fresh, link, name, open, tamper, user};
use crate::target::Target;
use crate::user::UserId;

/// Where something leads.
fn target_of(found: &Option<Arc<Redirect>>) -> Option<&str> {
    found.as_ref()?.target.as_ref().map(Target::as_str)
}

/// The good row of `anna/promo`, in a file of two links.
fn row() -> Vec<u8> {
    let record = RedirectRecord {
        owner: 1,
        link: 2,
        enabled: true,
        expires_ms: None,
        target: Some("https://example.com/promo".to_owned()),
    };
    record::seal(b"anna/promo", &record).unwrap()
}

#[test]
fn a_damaged_redirect_is_an_error_and_never_a_target() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    link(&store, anna, "promo");
    link(&store, anna, "other");
    store.close();
    let good = row();
    let foreign =
        record::seal(b"anna/other", &record::unseal::<RedirectRecord>(b"anna/promo", &good).unwrap()).unwrap();
    let elsewhere = RedirectRecord {
        target: Some("javascript:alert(1)".to_owned()),
        ..record::unseal(b"anna/promo", &good).unwrap()
    };
    let not_a_target = record::seal(b"anna/promo", &elsewhere).unwrap();
    let flip = |at: usize, bit: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << bit;
        bytes
    };
    let flips = (0..good.len()).step_by(5).map(|at| flip(at, u8::try_from(at % 8).unwrap()));
    let others = [Vec::new(), good[..good.len() - 1].to_vec(), good[1..].to_vec(), foreign, not_a_target];
    for bad in flips.chain(others) {
        tamper(folder.path(), REDIRECT, b"anna/promo", &bad);
        let (store, _) = open(folder.path()).unwrap();
        assert_eq!(store.redirect("anna/promo").unwrap_err().kind, Kind::Damaged, "{}", bad.escape_ascii());
        assert_eq!(target_of(&store.redirect("anna/other").unwrap()), Some("https://example.com/other"));
    }
    tamper(folder.path(), REDIRECT, b"anna/promo", &good);
    let (store, _) = open(folder.path()).unwrap();
    let redirect = store.redirect("anna/promo").unwrap().unwrap();
    assert_eq!((redirect.owner, target_of(&Some(redirect.clone()))), (UserId(1), Some("https://example.com/promo")));
}

#[test]
fn only_the_whole_path_leads_somewhere() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    link(&store, anna, "promo");
    assert!(store.redirect("anna/promo").unwrap().is_some());
    for path in
        ["", "/", "anna", "anna/", "anna/prom", "anna/promo2", "Anna/promo", "/anna/promo", "bert/promo", "promo"]
    {
        assert_eq!(store.redirect(path).unwrap(), None, "{path}");
    }
    assert_eq!(store.redirect(&"x".repeat(100_000)).unwrap(), None);
}

#[test]
fn many_paths_are_looked_up_at_once_and_the_bad_cost_the_good_nothing() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    link(&store, anna, "promo");
    link(&store, anna, "other");
    store.close();
    let mut bad = row();
    bad[5] ^= 1;
    tamper(folder.path(), REDIRECT, b"anna/promo", &bad);
    let (store, _) = open(folder.path()).unwrap();
    let found = store.redirects(["anna/other", "anna/promo", "anna/none", "anna/other"].into_iter());
    let targets: Vec<_> = found.iter().map(target_of).collect();
    let other = Some("https://example.com/other");
    assert_eq!(targets, [other, None, None, other]);
    assert!(store.hot_redirect("anna/other").is_some(), "it is in memory now");
    assert!(store.hot_redirect("anna/promo").is_none());
    assert!(store.redirects([].into_iter()).is_empty());
    store.close();
    assert_eq!(store.redirects(["anna/none"].into_iter()), [None], "a store that fails finds nothing");
}

#[test]
fn past_so_many_graves_a_deletion_leaves_none_and_is_never_refused() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|slug| link(&store, anna, slug).id);
    let delete = |store: &Store, id| store.delete_link(anna, name("anna"), id).unwrap().unwrap();
    let is_grave = |store: &Store, path| store.redirect(path).unwrap().map(|found| found.target.is_none());
    delete(&store, a);
    store.close();
    tamper(folder.path(), GRAVE_COUNT, &user_key(anna), &(GRAVES_PER_USER_MAX - 1).to_be_bytes());
    let (store, _) = open(folder.path()).unwrap();
    delete(&store, b);
    delete(&store, c);
    assert_eq!(["anna/a", "anna/b", "anna/c"].map(|path| is_grave(&store, path)), [Some(true), Some(true), None]);
    // One that is taken back makes room for another.
    link(&store, anna, "b");
    delete(&store, d);
    assert_eq!(["anna/b", "anna/d"].map(|path| is_grave(&store, path)), [Some(false), Some(true)]);
    let e = link(&store, anna, "c").id;
    delete(&store, e);
    assert_eq!(is_grave(&store, "anna/c"), None);
    store.close();
    // Also not where the number does not read.
    tamper(folder.path(), GRAVE_COUNT, &user_key(anna), b"x");
    let (store, _) = open(folder.path()).unwrap();
    let f = link(&store, anna, "f").id;
    delete(&store, f);
    assert_eq!(is_grave(&store, "anna/f"), None);
}
