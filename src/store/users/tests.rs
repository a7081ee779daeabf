//! Names and addresses are given out once, whoever asks at the same moment.

use std::thread;

use super::*;
use crate::store::error::Kind;
use crate::store::tables::{META, USER};
use crate::store::tests::{NOW, audit, fresh, hash_of, name, new_user, open, tamper, user};

fn admin(name: &str) -> NewUser {
    NewUser { role: Role::Administrator, ..new_user(name, &format!("{name}@example.com")) }
}

/// Runs `make` on so many threads at once.
fn race<T: Send>(threads: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let make = &make;
        let threads: Vec<_> = (0..threads).map(|at| scope.spawn(move || make(at))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn names_and_addresses_are_unique() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    for (name, email, outcome) in [
        ("anna", "other@example.com", Err(NewAccountError::NameTaken)),
        ("ANNA", "other@example.com", Err(NewAccountError::NameTaken)),
        ("bert", "anna@example.com", Err(NewAccountError::EmailTaken)),
        ("bert", "Anna@Example.com", Err(NewAccountError::EmailTaken)),
        ("anna", "anna@example.com", Err(NewAccountError::NameTaken)),
        ("bert", "other@example.com", Ok(UserId(anna.0 + 1))),
    ] {
        assert_eq!(store.create_user(new_user(name, email), NOW).unwrap(), outcome, "{name} {email}");
    }
    audit(&store);
    let names: Vec<_> = store.users().unwrap().iter().map(|user| user.name.as_str().to_owned()).collect();
    assert_eq!(names, ["anna", "bert"]);
}

#[test]
fn users_are_found_by_name_by_address_and_by_number() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    for (login, found) in [
        ("anna", Some(anna)),
        ("anna@example.com", Some(anna)),
        ("Anna", None),
        ("ann", None),
        ("anna@example.co", None),
        ("@", None),
        ("", None),
    ] {
        assert_eq!(store.user_by_login(login).unwrap().map(|user| user.id), found, "{login:?}");
    }
    let found = store.user(anna).unwrap().unwrap();
    assert_eq!((found.name, found.role, found.created, found.last_login), (name("anna"), Role::User, NOW, None));
    assert!(store.user(UserId(anna.0 + 1)).unwrap().is_none());
}

#[test]
fn one_of_eight_that_ask_at_once_gets_the_name_or_the_address() {
    let (_folder, store) = fresh();
    let same_name = race(8, |at| store.create_user(new_user("anna", &format!("a{at}@example.com")), NOW).unwrap());
    let same_email = race(8, |at| store.create_user(new_user(&format!("bert{at}"), "b@example.com"), NOW).unwrap());
    for (outcomes, loss) in [(same_name, NewAccountError::NameTaken), (same_email, NewAccountError::EmailTaken)] {
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(loss)).count(), 7);
    }
    assert_eq!(store.counts().unwrap().0, 2);
    audit(&store);
}

#[test]
fn setting_up_happens_once() {
    let (folder, store) = fresh();
    assert!(!store.is_set_up().unwrap());
    user(&store, "anna");
    assert!(!store.is_set_up().unwrap(), "users alone are no administrators");
    let taken = store.set_up(admin("anna"), Settings::default(), Some([9; 32]), NOW).unwrap();
    assert_eq!(taken, Err(NewAccountError::NameTaken));
    assert!(!store.is_set_up().unwrap());
    let chosen = |at: usize| Settings { site_name: format!("Site {at}"), ..Settings::default() };
    let outcomes = race(20, |at| {
        let session = [u8::try_from(at).unwrap(); 32];
        store.set_up(admin(&format!("admin{at}")), chosen(at), Some(session), NOW).unwrap()
    });
    let winner = outcomes.iter().position(Result::is_ok).unwrap();
    let losers = outcomes.iter().filter(|outcome| **outcome == Err(NewAccountError::AlreadySetUp)).count();
    assert_eq!(losers, 19);
    assert_eq!(store.settings().unwrap(), chosen(winner), "settings and session are the winner's");
    let (_, signed_in) = store.session([u8::try_from(winner).unwrap(); 32], NOW).unwrap().unwrap();
    assert_eq!((Ok(signed_in.id), signed_in.role), (outcomes[winner], Role::Administrator));
    assert_eq!(store.counts().unwrap().0, 2);
    audit(&store);
    store.close();
    let (store, _) = open(folder.path()).unwrap();
    assert!(store.is_set_up().unwrap());
}

#[test]
fn an_administrator_made_otherwise_counts_as_set_up() {
    let (_folder, store) = fresh();
    store.create_user(admin("anna"), NOW).unwrap().unwrap();
    assert!(store.is_set_up().unwrap());
    let again = store.set_up(admin("bert"), Settings::default(), None, NOW).unwrap();
    assert_eq!(again, Err(NewAccountError::AlreadySetUp));
}

#[test]
fn an_address_changes_unless_somebody_else_has_it() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    for (who, email, outcome) in [
        (anna, "bert@example.com", Some(false)),
        (anna, "anna@example.com", Some(true)),
        (anna, "new@example.com", Some(true)),
        (bert, "anna@example.com", Some(true)),
        (bert, "new@example.com", Some(false)),
        (UserId(99), "free@example.com", None),
        (UserId(99), "new@example.com", Some(false)),
    ] {
        let email = Email::parse(email).unwrap();
        assert_eq!(store.change_email(who, None, email.clone()).unwrap(), outcome, "{who:?} {email:?}");
        audit(&store);
    }
    assert_eq!(store.user_by_login("new@example.com").unwrap().unwrap().id, anna);
    assert!(store.user_by_login("bert@example.com").unwrap().is_none());
}

#[test]
fn signing_in_needs_the_password_that_was_verified() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let later = NOW.plus_s(5);
    let (old, stale, new) = ([1; 32], [2; 32], [3; 32]);
    assert!(store.sign_in(anna, hash_of("first"), None, old, None, NOW).unwrap());
    assert!(!store.sign_in(anna, hash_of("another"), Some(hash_of("x")), stale, Some(old), NOW).unwrap());
    assert!(store.session(stale, NOW).unwrap().is_none());
    assert!(store.session(old, NOW).unwrap().is_some(), "nothing was written");
    assert!(!store.sign_in(UserId(99), hash_of("first"), None, stale, None, NOW).unwrap());
    assert!(store.sign_in(anna, hash_of("first"), Some(hash_of("stronger")), new, Some(old), later).unwrap());
    let found = store.user(anna).unwrap().unwrap();
    assert_eq!((found.password.as_str(), found.last_login), ("stronger", Some(later)));
    assert!(store.session(old, later).unwrap().is_none(), "the browser's session before is over");
    assert!(store.session(new, later).unwrap().is_some());
    audit(&store);
}

#[test]
fn changing_an_account_needs_the_password_that_was_verified() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let (session, fresh_session, email) = ([1; 32], [2; 32], Email::parse("new@example.com").unwrap());
    assert!(store.sign_in(anna, hash_of("first"), None, session, None, NOW).unwrap());
    let stale = || Some(hash_of("before"));
    assert_eq!(store.change_email(anna, stale(), email.clone()).unwrap(), None);
    assert_eq!(store.change_email(UserId(99), Some(hash_of("first")), email.clone()).unwrap(), None);
    assert!(!store.change_password(anna, stale(), hash_of("theirs"), Some(fresh_session), NOW).unwrap());
    assert!(!store.change_password(UserId(99), Some(hash_of("first")), hash_of("x"), None, NOW).unwrap());
    let found = store.user(anna).unwrap().unwrap();
    assert_eq!((found.password.as_str(), found.email.as_str()), ("first", "anna@example.com"), "nothing was written");
    assert!(store.session(session, NOW).unwrap().is_some() && store.session(fresh_session, NOW).unwrap().is_none());
    assert_eq!(store.change_email(anna, Some(hash_of("first")), email).unwrap(), Some(true));
    assert!(store.change_password(anna, Some(hash_of("first")), hash_of("second"), None, NOW).unwrap());
    assert!(!store.change_password(anna, Some(hash_of("first")), hash_of("third"), None, NOW).unwrap());
    assert_eq!(store.user(anna).unwrap().unwrap().password.as_str(), "second");
    audit(&store);
}

#[test]
fn a_damaged_user_is_an_error_and_no_number_is_given_twice() {
    let (folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    store.close();
    tamper(folder.path(), USER, &user_key(anna), b"\x01nonsense");
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(store.user(anna).unwrap_err().kind, Kind::Damaged);
    assert_eq!(store.user_by_login("anna").unwrap_err().kind, Kind::Damaged);
    assert_eq!(store.user(bert).unwrap().unwrap().name, name("bert"));
    assert_eq!(user(&store, "carl"), UserId(bert.0 + 1));
    store.close();
    tamper(folder.path(), META, b"seq", &u32::MAX.to_be_bytes());
    let (store, _) = open(folder.path()).unwrap();
    let error = store.create_user(new_user("dora", "d@example.com"), NOW).unwrap_err();
    assert_eq!(error.to_string(), "creating a user: meta seq: used up");
    assert!(store.user_by_login("dora").unwrap().is_none(), "a change that failed leaves nothing");
}
