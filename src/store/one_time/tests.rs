//! A right can be used once, in time, and only the newest.

use super::*;
use crate::session::Signs;
use crate::store::tests::{NOW, admin, audit, fresh, hash_of, open, tamper, user};
use crate::user::{Estate, Role};

const SESSION: SessionHash = [5; 32];

#[test]
fn a_reset_link_works_once() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    assert!(store.sign_in(anna, hash_of("first"), None, [1; 32], None, NOW).unwrap());
    let token = store.hand_out_reset(None, anna, NOW.plus_s(60)).unwrap().unwrap();
    for _ in 0..2 {
        assert_eq!(store.reset_for(&token, NOW).unwrap(), Some(anna), "asking does not use it up");
    }
    let signs = Signs { browser: Some([1; 32]), network: Some([2; 32]) };
    store.remember(anna, signs.clone(), NOW).unwrap();
    assert_eq!(store.use_reset(&token, hash_of("second"), SESSION, NOW).unwrap(), Some(anna));
    assert_eq!(store.known_by(Some(anna), &signs, NOW).unwrap(), None, "one of them may have been a thief's");
    assert_eq!(store.user(anna).unwrap().unwrap().password.as_str(), "second");
    assert!(store.session([1; 32], NOW).unwrap().is_none());
    assert!(store.session(SESSION, NOW).unwrap().is_some());
    assert_eq!(store.reset_for(&token, NOW).unwrap(), None);
    assert_eq!(store.use_reset(&token, hash_of("third"), [6; 32], NOW).unwrap(), None);
    assert_eq!(store.user(anna).unwrap().unwrap().password.as_str(), "second");
    assert!(store.session([6; 32], NOW).unwrap().is_none());
    audit(&store);
}

#[test]
fn of_many_uses_at_once_one_succeeds() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let token = store.hand_out_reset(None, anna, NOW.plus_s(60)).unwrap().unwrap();
    let used: Vec<_> = std::thread::scope(|scope| {
        let (store, token) = (&store, &token);
        let uses = (0..8_u8)
            .map(|at| scope.spawn(move || store.use_reset(token, hash_of(&format!("p{at}")), [at; 32], NOW).unwrap()));
        let uses: Vec<_> = uses.collect();
        uses.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let winner = used.iter().position(Option::is_some).unwrap();
    assert_eq!(used.iter().flatten().count(), 1);
    assert_eq!(store.user(anna).unwrap().unwrap().password.as_str(), format!("p{winner}"));
}

#[test]
fn a_reset_link_is_over_when_late_replaced_or_overtaken() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let berts = store.hand_out_reset(None, bert, NOW.plus_s(60)).unwrap().unwrap();
    let first = store.hand_out_reset(None, anna, NOW.plus_s(60)).unwrap().unwrap();
    let second = store.hand_out_reset(None, anna, NOW.plus_s(60)).unwrap().unwrap();
    for (token, now, good) in [
        (first.as_str(), NOW, None),
        (second.as_str(), NOW, Some(anna)),
        (second.as_str(), NOW.plus_s(59), Some(anna)),
        (second.as_str(), NOW.plus_s(60), None),
        (berts.as_str(), NOW, Some(bert)),
        (&second.to_uppercase(), NOW, None),
        (&second[1..], NOW, None),
        ("", NOW, None),
    ] {
        assert_eq!(store.reset_for(token, now).unwrap(), good, "{token}");
    }
    assert_eq!(store.use_reset(&second, hash_of("late"), SESSION, NOW.plus_s(60)).unwrap(), None);
    assert!(store.change_password(anna, None, hash_of("second"), None, NOW).unwrap());
    assert_eq!(store.reset_for(&second, NOW).unwrap(), None);
    assert_eq!(store.reset_for(&berts, NOW).unwrap(), Some(bert));
    assert_eq!(store.hand_out_reset(None, UserId(99), NOW.plus_s(60)).unwrap(), Err(Refused::NotInUse));
    assert!(store.session(SESSION, NOW).unwrap().is_none());
    audit(&store);
}

#[test]
fn a_reset_link_ends_with_the_right_of_whoever_made_it() {
    type Way = fn(&Store, UserId);
    let ways: [(&str, Way); 4] = [
        ("disabled", |store, root| store.disable_user(None, root).unwrap().unwrap()),
        ("demoted", |store, root| store.set_role(None, root, Role::User).unwrap().unwrap()),
        ("removed", |store, root| store.remove_user(None, root, Estate::Archived).unwrap().unwrap()),
        ("new password", |store, root| {
            assert!(store.change_password(root, None, hash_of("second"), None, NOW).unwrap());
        }),
    ];
    for (way, end) in ways {
        let (_folder, store) = fresh();
        let (root, other) = (admin(&store, "rita"), admin(&store, "other"));
        let (anna, bert, carl) = (user(&store, "anna"), user(&store, "bert"), user(&store, "carl"));
        let make = |by, user| store.hand_out_reset(by, user, NOW.plus_s(60)).unwrap().unwrap();
        let (by_root, by_other) = (make(Some(root), anna), make(Some(other), bert));
        let by_command = make(None, carl);
        end(&store, root);
        assert_eq!(store.reset_for(&by_root, NOW).unwrap(), None, "{way}");
        assert_eq!(store.use_reset(&by_root, hash_of("third"), SESSION, NOW).unwrap(), None, "{way}");
        assert_eq!(store.reset_for(&by_other, NOW).unwrap(), Some(bert), "{way}");
        assert_eq!(store.reset_for(&by_command, NOW).unwrap(), Some(carl), "{way}");
        audit(&store);
    }
}

#[test]
fn only_administrators_make_reset_links_on_pages() {
    let (_folder, store) = fresh();
    let (root, anna) = (admin(&store, "rita"), user(&store, "anna"));
    admin(&store, "other");
    store.disable_user(None, root).unwrap().unwrap();
    for by in [anna, root, UserId(99)] {
        let made = store.hand_out_reset(Some(by), anna, NOW.plus_s(60)).unwrap();
        assert_eq!(made, Err(Refused::NotAllowed), "{by:?}");
    }
}

#[test]
fn sweeping_removes_links_that_have_expired() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    store.hand_out_reset(None, anna, NOW.plus_s(1)).unwrap().unwrap();
    let token = store.hand_out_reset(None, bert, NOW.plus_s(9)).unwrap().unwrap();
    assert_eq!(store.sweep_one_time(NOW).unwrap(), 0);
    assert_eq!(store.sweep_one_time(NOW.plus_s(1)).unwrap(), 1);
    assert_eq!(store.sweep_one_time(NOW.plus_s(1)).unwrap(), 0);
    assert_eq!(store.reset_for(&token, NOW).unwrap(), Some(bert));
}

#[test]
fn a_damaged_right_is_nobodys_and_hinders_nobody() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    store.close();
    tamper(folder.path(), ONE_TIME, &hash("token"), b"\x01");
    let (store, _) = open(folder.path()).unwrap();
    let token = store.hand_out_reset(None, anna, NOW).unwrap().unwrap();
    assert_eq!(store.sweep_one_time(NOW).unwrap(), 1, "it hides no other");
    assert_eq!(store.reset_for(&token, NOW).unwrap(), None);
    assert!(store.change_password(anna, None, hash_of("second"), None, NOW).unwrap());
    // It may be a row of another table, in a page that was written to the wrong place.
    assert!(store.reset_for("token", NOW).is_err(), "it is not ours to remove");
}

#[test]
fn sweeping_goes_in_slices() {
    let (_folder, store) = fresh();
    let many = PURGE_ROWS_PER_COMMIT + 1;
    let put_many = move |tx: &WriteTransaction| {
        let mut table = tx.open_table(ONE_TIME)?;
        let right = OneTimeRecord { purpose: 1, user: 1, expires_ms: NOW.ms(), by: 0 };
        (0..many).try_for_each(|number| {
            let key = number.to_be_bytes();
            Ok(table.insert(key.as_slice(), record::seal(&key, &right)?.as_slice()).map(drop)?)
        })
    };
    store.write("making rights", put_many).unwrap();
    let before = store.commits();
    assert_eq!(store.sweep_one_time(NOW).unwrap(), many);
    assert_eq!(store.commits(), before + 2);
    assert_eq!(store.sweep_one_time(NOW).unwrap(), 0);
}
