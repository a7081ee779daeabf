//! Whoever is disabled is out at once, and somebody can always administer the site.

use std::thread;

use super::*;
use crate::clock::Timestamp;
use crate::store::Settings;
use crate::store::tests::{NOW, admin, audit, fresh, hash_of, link, user};

const SESSION: [u8; 32] = [7; 32];

fn sign_in(store: &Store, user: UserId, session: [u8; 32]) -> bool {
    store.sign_in(user, hash_of("first"), None, session, None, NOW).unwrap()
}

fn later() -> Timestamp {
    NOW.plus_s(60)
}

#[test]
fn a_disabled_user_is_out_at_once_and_the_links_go_on() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    link(&store, anna, "a");
    assert!(sign_in(&store, anna, SESSION));
    let reset = store.hand_out_reset(None, anna, later()).unwrap().unwrap();
    assert_eq!(store.disable_user(None, anna).unwrap(), Ok(()));
    assert!(store.session(SESSION, NOW).unwrap().is_none());
    assert_eq!(store.reset_for(&reset, NOW).unwrap(), None);
    assert_eq!(store.use_reset(&reset, hash_of("second"), [8; 32], NOW).unwrap(), None);
    assert_eq!(store.hand_out_reset(None, anna, later()).unwrap(), Err(Refused::NotInUse));
    assert!(!sign_in(&store, anna, SESSION), "the password was verified before");
    let verified = || Some(hash_of("first"));
    assert!(!store.change_password(anna, verified(), hash_of("second"), Some(SESSION), NOW).unwrap());
    assert!(store.session(SESSION, NOW).unwrap().is_none());
    assert!(store.redirect("anna/a").unwrap().is_some());
    audit(&store);
    assert_eq!(store.enable_user(None, anna).unwrap(), Ok(()));
    assert!(store.session(SESSION, NOW).unwrap().is_none(), "what was over stays so");
    assert!(sign_in(&store, anna, SESSION));
    audit(&store);
}

#[test]
fn another_role_ends_sessions_and_the_same_one_does_not() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    assert!(sign_in(&store, anna, SESSION));
    let reset = store.hand_out_reset(None, anna, later()).unwrap().unwrap();
    assert_eq!(store.set_role(None, anna, Role::User).unwrap(), Ok(()));
    assert!(store.session(SESSION, NOW).unwrap().is_some());
    assert_eq!(store.set_role(None, anna, Role::Administrator).unwrap(), Ok(()));
    assert_eq!(store.user(anna).unwrap().unwrap().role, Role::Administrator);
    assert!(store.session(SESSION, NOW).unwrap().is_none());
    assert_eq!(store.reset_for(&reset, NOW).unwrap(), None);
    assert_eq!(store.set_role(None, UserId(99), Role::User).unwrap(), Err(Refused::NoAccount));
    audit(&store);
}

#[test]
fn the_last_administrator_who_can_log_in_stays_one() {
    let (_folder, store) = fresh();
    let (anna, bert) = (admin(&store, "anna"), admin(&store, "bert"));
    user(&store, "carl");
    assert_eq!(store.disable_user(None, bert).unwrap(), Ok(()));
    let refused = Err(Refused::LastAdministrator);
    assert_eq!(store.set_role(None, anna, Role::User).unwrap(), refused, "one who is disabled does not count");
    assert_eq!(store.disable_user(None, anna).unwrap(), refused);
    assert_eq!(store.remove_user(None, anna, crate::user::Estate::Archived).unwrap(), refused);
    assert_eq!(store.set_role(None, anna, Role::Administrator).unwrap(), Ok(()), "that changes nothing");
    assert_eq!(store.set_role(None, bert, Role::User).unwrap(), Ok(()), "nor does one who is out");
    assert_eq!(store.set_role(None, bert, Role::Administrator).unwrap(), Ok(()));
    assert_eq!(store.enable_user(None, bert).unwrap(), Ok(()));
    assert_eq!(store.disable_user(None, anna).unwrap(), Ok(()));
    assert_eq!(store.disable_user(None, bert).unwrap(), refused);
    audit(&store);
}

#[test]
fn of_two_administrators_who_go_at_once_one_stays() {
    type Way = fn(&Store, UserId) -> Ordered;
    let ways: [Way; 3] = [
        |store, id| store.set_role(None, id, Role::User).unwrap(),
        |store, id| store.disable_user(None, id).unwrap(),
        |store, id| store.remove_user(None, id, crate::user::Estate::Archived).unwrap(),
    ];
    for (first, second) in [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)] {
        let (_folder, store) = fresh();
        let (anna, bert) = (admin(&store, "anna"), admin(&store, "bert"));
        let outcomes = thread::scope(|scope| {
            let store = &store;
            let other = scope.spawn(move || ways[second](store, bert));
            [ways[first](store, anna), other.join().unwrap()]
        });
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1, "{first} {second}: {outcomes:?}");
        assert!(outcomes.contains(&Err(Refused::LastAdministrator)));
        audit(&store);
    }
}

#[test]
fn whoever_is_no_administrator_any_more_orders_nothing() {
    type Order = fn(&Store, Option<UserId>, UserId) -> Ordered;
    let orders: [Order; 7] = [
        |store, by, id| store.set_role(by, id, Role::Administrator).unwrap(),
        |store, by, id| store.disable_user(by, id).unwrap(),
        |store, by, id| store.enable_user(by, id).unwrap(),
        |store, by, id| store.remove_user(by, id, crate::user::Estate::Archived).unwrap(),
        |store, by, id| store.hand_out_reset(by, id, later()).unwrap().map(drop),
        |store, by, _| store.invite(by, NOW).unwrap().map(drop),
        |store, by, _| {
            let chosen = Settings { site_name: "Ours".to_owned(), ..Settings::default() };
            let is_written = store.order_settings(by.unwrap(), chosen.clone()).unwrap();
            assert_eq!(store.settings().unwrap() == chosen, is_written);
            if is_written { Ok(()) } else { Err(Refused::NotAllowed) }
        },
    ];
    for order in orders {
        let (_folder, store) = fresh();
        let (root, gone, out) = (admin(&store, "rita"), admin(&store, "gone"), admin(&store, "out"));
        let (plain, anna) = (user(&store, "plain"), user(&store, "anna"));
        store.remove_user(None, gone, crate::user::Estate::Archived).unwrap().unwrap();
        store.disable_user(None, out).unwrap().unwrap();
        let standing = |user: User| (user.role, user.state);
        let before = store.user(anna).unwrap().map(standing);
        for by in [gone, out, plain, anna, UserId(99), UserId(0)] {
            assert_eq!(order(&store, Some(by), anna), Err(Refused::NotAllowed), "{by:?}");
        }
        assert_eq!(store.user(anna).unwrap().map(standing), before);
        assert_eq!(order(&store, Some(root), anna), Ok(()));
    }
}
