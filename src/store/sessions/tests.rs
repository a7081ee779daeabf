//! Sessions begin, count and end.

use super::*;
use crate::limits::SESSION_IDLE_S;
use crate::session::Signs;
use crate::store::error::Kind;
use crate::store::tests::{NOW, audit, fresh, hash_of, open, tamper, user};

fn hash(number: usize) -> SessionHash {
    let mut hash = [0; 32];
    // Not in the order of their making.
    hash[0] = u8::try_from(number * 7 % 256).unwrap();
    hash[1] = u8::try_from(number).unwrap();
    hash
}

fn sign_in(store: &Store, user: UserId, number: usize, now: Timestamp) {
    assert!(store.sign_in(user, hash_of("first"), None, hash(number), None, now).unwrap());
}

fn is_live(store: &Store, number: usize, now: Timestamp) -> bool {
    store.session(hash(number), now).unwrap().is_some()
}

#[test]
fn with_too_many_sessions_the_oldest_end() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    sign_in(&store, bert, 200, NOW);
    let at = |number: usize| NOW.plus_s(i64::try_from(number).unwrap());
    for number in 0..SESSIONS_PER_USER_MAX + 3 {
        sign_in(&store, anna, number, at(number));
    }
    let now = at(100);
    let live: Vec<_> = (0..SESSIONS_PER_USER_MAX + 3).filter(|number| is_live(&store, *number, now)).collect();
    assert_eq!(live, (3..SESSIONS_PER_USER_MAX + 3).collect::<Vec<_>>());
    assert!(is_live(&store, 200, now), "another's sessions do not count");
    audit(&store);
}

#[test]
fn a_session_counts_until_it_ends() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    sign_in(&store, anna, 1, NOW);
    let (session, of) = store.session(hash(1), NOW).unwrap().unwrap();
    assert_eq!(
        (session, of.id),
        (Session { user: anna, created: NOW, seen: NOW, confirmed: NOW, origin: Origin::default() }, anna)
    );
    assert!(!is_live(&store, 2, NOW));
    let last = NOW.plus_s(SESSION_IDLE_S - 1);
    assert!(is_live(&store, 1, last));
    assert!(!is_live(&store, 1, last.plus_s(1)));
    store.stamp_session(hash(1), Origin::default(), last).unwrap();
    assert!(is_live(&store, 1, last.plus_s(1)));
    for _ in 0..2 {
        store.end_session(hash(1)).unwrap();
        assert!(!is_live(&store, 1, NOW));
    }
    store.stamp_session(hash(1), Origin::default(), NOW).unwrap();
    assert!(!is_live(&store, 1, NOW), "a session that has ended stays ended");
    audit(&store);
}

#[test]
fn a_password_given_again_is_noted_where_it_still_counts() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    sign_in(&store, anna, 1, NOW);
    let later = NOW.plus_s(3_000);
    let confirmed = || store.session(hash(1), later).unwrap().unwrap().0.confirmed;
    assert!(!store.confirm_session(hash(1), hash_of("another"), later).unwrap());
    assert!(!store.confirm_session(hash(2), hash_of("first"), later).unwrap(), "of no session");
    assert_eq!(confirmed(), NOW);
    assert!(store.confirm_session(hash(1), hash_of("first"), later).unwrap());
    assert_eq!(confirmed(), later);
    // A visit that is noted takes nothing of it back.
    store.stamp_session(hash(1), Origin::default(), later).unwrap();
    assert_eq!(confirmed(), later);
    store.end_session(hash(1)).unwrap();
    assert!(!store.confirm_session(hash(1), hash_of("first"), later).unwrap(), "what has ended stays ended");
    audit(&store);
}

#[test]
fn sessions_are_listed_and_ended_one_by_one_or_all_but_one() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    for number in 0..4 {
        sign_in(&store, anna, number, NOW);
    }
    sign_in(&store, bert, 9, NOW);
    let later = NOW.plus_s(60);
    for (number, address) in [(2, "203.0.113.0"), (1, "2001:db8::")] {
        let origin = Origin { browser: 3, system: 4, address: Some(address.parse().unwrap()) };
        let at = later.plus_s(i64::try_from(number).unwrap());
        store.stamp_session(hash(number), origin.clone(), at).unwrap();
        assert_eq!(store.session(hash(number), at).unwrap().unwrap().0.origin, origin);
    }
    let listed = |now| store.sessions_of(anna, now).unwrap().iter().map(|(hash, _)| hash[1]).collect::<Vec<_>>();
    assert_eq!(listed(later)[..2], [2, 1]);
    assert_eq!(listed(later).len(), 4);
    assert_eq!(listed(NOW.plus_s(SESSION_IDLE_S)), [2, 1]);
    let beginning = |number| *hash(number).first_chunk::<8>().unwrap();
    store.end_session_of(anna, beginning(9)).unwrap();
    assert!(is_live(&store, 9, NOW), "another's");
    store.end_session_of(anna, beginning(2)).unwrap();
    assert!(!is_live(&store, 2, later) && listed(later).len() == 3);
    store.end_other_sessions(anna, hash(3)).unwrap();
    assert_eq!(listed(later), [3]);
    assert!(is_live(&store, 9, NOW));
    audit(&store);
}

#[test]
fn a_new_password_ends_every_session_and_begins_one() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    sign_in(&store, bert, 9, NOW);
    for number in 0..5 {
        sign_in(&store, anna, number, NOW);
    }
    let signs = Signs { browser: Some([1; 32]), network: Some([2; 32]) };
    [anna, bert].into_iter().for_each(|user| store.remember(user, signs.clone(), NOW).unwrap());
    assert!(store.change_password(anna, None, hash_of("second"), Some(hash(6)), NOW).unwrap());
    let is_known = |user| store.known_by(Some(user), &signs, NOW).unwrap().is_some();
    assert_eq!([anna, bert].map(is_known), [false, true]);
    assert!((0..5).all(|number| !is_live(&store, number, NOW)));
    assert!(is_live(&store, 6, NOW) && is_live(&store, 9, NOW));
    assert_eq!(store.user(anna).unwrap().unwrap().password.as_str(), "second");
    assert!(store.change_password(anna, None, hash_of("third"), None, NOW).unwrap());
    assert!(!is_live(&store, 6, NOW));
    assert!(!store.change_password(UserId(99), None, hash_of("x"), Some(hash(7)), NOW).unwrap());
    assert!(!is_live(&store, 7, NOW));
    audit(&store);
}

#[test]
fn sweeping_removes_what_is_over_and_nothing_else() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let later = NOW.plus_s(SESSION_IDLE_S);
    for number in 0..3 {
        sign_in(&store, anna, number, NOW);
    }
    sign_in(&store, anna, 3, NOW.plus_s(1));
    assert_eq!(store.sweep_sessions(NOW).unwrap(), 0);
    assert_eq!(store.sweep_sessions(later).unwrap(), 3);
    assert_eq!(store.sweep_sessions(later).unwrap(), 0);
    assert!(is_live(&store, 3, later));
    audit(&store);
}

#[test]
fn visits_do_not_try_a_failing_disk_again_and_again() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    sign_in(&store, anna, 1, NOW);
    store.break_disk(crate::store::Fault::Full);
    assert_eq!(store.stamp_session(hash(1), Origin::default(), NOW.plus_s(1)).unwrap_err().kind, Kind::Full);
    store.stamp_session(hash(1), Origin::default(), NOW.plus_s(2)).unwrap();
    assert_eq!(store.session(hash(1), NOW).unwrap().unwrap().0.seen, NOW, "nothing was tried");
    store.mend_disk();
    store.stamp_session(hash(1), Origin::default(), NOW.plus_s(3)).unwrap();
    assert_eq!(store.session(hash(1), NOW).unwrap().unwrap().0.seen, NOW.plus_s(3));
}

#[test]
fn sweeping_goes_in_slices() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let many = 2 * PURGE_ROWS_PER_COMMIT + 1;
    let put_many = move |tx: &WriteTransaction| {
        for number in 0..many {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_be_bytes());
            put(
                tx,
                &hash,
                &Session { user: anna, created: NOW, seen: NOW, confirmed: NOW, origin: Origin::default() },
            )?;
            tx.open_table(SESSION_USER)?.insert(session_user_key(anna, &hash).as_slice(), [].as_slice())?;
        }
        Ok(())
    };
    store.write("making sessions", put_many).unwrap();
    let before = store.commits();
    assert_eq!(store.sweep_sessions(NOW.plus_s(SESSION_IDLE_S)).unwrap(), many);
    assert_eq!(store.commits(), before + 3);
    audit(&store);
}

#[test]
fn a_damaged_session_signs_nobody_in_and_keeps_nobody_out() {
    let damaged = || {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        for number in 0..SESSIONS_PER_USER_MAX {
            sign_in(&store, anna, number, NOW);
        }
        store.close();
        tamper(folder.path(), SESSION, &hash(7), b"\x09nonsense");
        let (store, _) = open(folder.path()).unwrap();
        assert_eq!(store.session(hash(7), NOW).unwrap_err().kind, Kind::Damaged);
        (folder, store, anna)
    };
    let (_folder, store, anna) = damaged();
    sign_in(&store, anna, 100, NOW);
    assert!(store.session(hash(7), NOW).unwrap().is_none(), "it made room for the new one");
    audit(&store);

    let (_folder, store, anna) = damaged();
    assert!(store.change_password(anna, None, hash_of("second"), None, NOW).unwrap());
    audit(&store);

    // It may be a row of another table, in a page that was written to the wrong place.
    let (_folder, store, _) = damaged();
    let others = SESSIONS_PER_USER_MAX - 1;
    assert_eq!(store.sweep_sessions(NOW.plus_s(SESSION_IDLE_S)).unwrap(), others);
    assert_eq!(store.session(hash(7), NOW).unwrap_err().kind, Kind::Damaged, "it is not ours to remove");

    let (_folder, store, _) = damaged();
    store.end_session(hash(7)).unwrap();
    assert!(store.session(hash(7), NOW).unwrap().is_none());
}
