//! An invitation makes one account, in time, and for an administrator's guest only.

use super::*;
use crate::store::NewAccountError;
use crate::store::tests::{NOW, admin, audit, fresh, hash_of, new_user, user};
use crate::user::Role;

fn guest(name: &str) -> NewUser {
    new_user(name, &format!("{name}@example.com"))
}

#[test]
fn an_invitation_is_good_once_and_in_time() {
    let (_folder, store) = fresh();
    let anna = admin(&store, "anna");
    let token = store.invite(Some(anna), NOW).unwrap().unwrap();
    let (last, late) = (NOW.plus_s(INVITATION_S - 1), NOW.plus_s(INVITATION_S));
    for (token, now, good) in [
        (token.as_str(), NOW, true),
        (&token, last, true),
        (&token, late, false),
        (&token[1..], NOW, false),
        (&token.to_uppercase(), NOW, false),
        ("", NOW, false),
    ] {
        assert_eq!(store.is_invited(token, now).unwrap(), good, "{token} {now:?}");
    }
    assert_eq!(store.create_invited_user(&token, guest("bert"), late).unwrap(), None);
    let taken = store.create_invited_user(&token, guest("anna"), NOW).unwrap();
    assert_eq!(taken, Some(Err(NewAccountError::NameTaken)));
    assert!(store.is_invited(&token, NOW).unwrap(), "a mistake does not use it up");
    assert!(store.create_invited_user(&token, guest("bert"), last).unwrap().unwrap().is_ok());
    assert_eq!(store.create_invited_user(&token, guest("carl"), last).unwrap(), None);
    assert!(store.user_by_login("carl").unwrap().is_none());
    audit(&store);
}

#[test]
fn of_twenty_who_use_one_at_once_one_gets_an_account() {
    let (_folder, store) = fresh();
    let anna = admin(&store, "anna");
    let token = store.invite(Some(anna), NOW).unwrap().unwrap();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let (store, token) = (&store, &token);
        let use_it = |at: usize| store.create_invited_user(token, guest(&format!("guest{at}")), NOW).unwrap();
        let threads: Vec<_> = (0..20).map(|at| scope.spawn(move || use_it(at))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().flatten().count(), 1);
    assert_eq!(store.counts().unwrap().0, 2);
    audit(&store);
}

#[test]
fn a_reset_link_invites_nobody_and_an_invitation_resets_nothing() {
    let (_folder, store) = fresh();
    let anna = admin(&store, "anna");
    let reset = store.hand_out_reset(None, anna, NOW.plus_s(60)).unwrap().unwrap();
    let invitation = store.invite(Some(anna), NOW).unwrap().unwrap();
    assert_eq!(store.create_invited_user(&reset, guest("bert"), NOW).unwrap(), None);
    assert_eq!(store.use_reset(&invitation, hash_of("x"), [1; 32], NOW).unwrap(), None);
    assert_eq!(store.reset_for(&invitation, NOW).unwrap(), None);
    assert!(!store.is_invited(&reset, NOW).unwrap());
    // A new password ends reset links and no invitation.
    assert!(store.change_password(anna, None, hash_of("second"), None, NOW).unwrap());
    assert!(store.is_invited(&invitation, NOW).unwrap());
    assert_eq!(store.reset_for(&reset, NOW).unwrap(), None);
}

#[test]
fn open_ones_are_listed_and_can_be_taken_back() {
    let (_folder, store) = fresh();
    let anna = admin(&store, "anna");
    let first = store.invite(Some(anna), NOW).unwrap().unwrap();
    let second = store.invite(None, NOW.plus_s(1)).unwrap().unwrap();
    let now = NOW.plus_s(2);
    let open = store.invitations(now).unwrap();
    let told: Vec<_> = open.iter().map(|one| (one.by.clone(), one.made, one.expires)).collect();
    let name = crate::store::tests::name("anna");
    let (made, later) = (NOW, NOW.plus_s(1));
    let expected = [(None, later, later.plus_s(INVITATION_S)), (Some(name), made, made.plus_s(INVITATION_S))];
    assert_eq!(told, expected);
    assert!(store.take_invitation_back(open[0].hash, now).unwrap());
    assert!(!store.take_invitation_back(open[0].hash, now).unwrap());
    assert!(!store.is_invited(&second, now).unwrap() && store.is_invited(&first, now).unwrap());
    let reset = store.hand_out_reset(None, anna, NOW.plus_s(60)).unwrap().unwrap();
    assert!(!store.take_invitation_back(one_time::hash(&reset), now).unwrap(), "that is none");
    assert_eq!(store.reset_for(&reset, now).unwrap(), Some(anna));
    assert_eq!(store.invitations(NOW.plus_s(INVITATION_S)).unwrap(), []);
    audit(&store);
}

#[test]
fn only_administrators_invite_and_not_without_end() {
    let (_folder, store) = fresh();
    let (anna, bert) = (admin(&store, "anna"), user(&store, "bert"));
    let carl = admin(&store, "carl");
    assert_eq!(store.invite(Some(bert), NOW).unwrap(), Err(Refused::NotAllowed));
    assert_eq!(store.invite(Some(UserId(99)), NOW).unwrap(), Err(Refused::NotAllowed));
    let by_carl = store.invite(Some(carl), NOW).unwrap().unwrap();
    store.set_role(None, carl, Role::User).unwrap().unwrap();
    assert!(!store.is_invited(&by_carl, NOW).unwrap(), "it ends with the role of whoever made it");
    assert_eq!(store.invite(Some(carl), NOW).unwrap(), Err(Refused::NotAllowed));
    for _ in 0..INVITATIONS_MAX {
        store.invite(Some(anna), NOW).unwrap().unwrap();
    }
    assert_eq!(store.invite(Some(anna), NOW).unwrap(), Err(Refused::TooManyInvitations));
    assert!(store.invite(Some(anna), NOW.plus_s(INVITATION_S)).unwrap().is_ok(), "those are over");
    audit(&store);
}
