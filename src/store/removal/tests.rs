//! Removed users: nothing is left but their names, and their links go where it was said.

use redb::ReadableTable;

use super::*;
use crate::link::{Link, LinkChange, NewLink};
use crate::store::check_file;
use crate::store::tests::{
    CACHE_BYTES, NOW, about, admin, audit, click, fresh, hash_of, name, new_user, open, open_hasty, slug, user,
};
use crate::store::{FILE_NAME, NewAccountError};
use crate::visitor::Class;

const SESSION: [u8; 32] = [7; 32];

fn change(text: &str) -> LinkChange {
    about(&format!("https://example.com/{text}"), "")
}

fn link(store: &Store, owner: UserId, of: &str, text: &str) -> Link {
    let new = NewLink { slug: Some(slug(text)), change: change(text) };
    store.create_link(owner, name(of), new, NOW).unwrap().unwrap()
}

fn get(store: &Store, id: UserId) -> User {
    store.user(id).unwrap().unwrap()
}

fn may_see(store: &Store, user: UserId, link: &Link) -> bool {
    store.link_for(&get(store, user), link.id).unwrap().is_some()
}

fn kept(store: &Store, user: UserId) -> Vec<(String, u32)> {
    let kept = store.kept_by(&get(store, user), usize::MAX).unwrap();
    kept.into_iter().map(|kept| (kept.name.as_str().to_owned(), kept.links)).collect()
}

/// Every row of every table that holds these bytes.
fn rows_with(store: &Store, bytes: &[u8]) -> Vec<&'static str> {
    store
        .read("looking", |tx| {
            let mut found = Vec::new();
            for table in crate::store::tables::ALL {
                for row in tx.open_table(table)?.iter()? {
                    let (key, raw) = row?;
                    let has = |text: &[u8]| text.windows(bytes.len()).any(|part| part == bytes);
                    if has(key.value()) || has(raw.value()) {
                        found.push(redb::TableHandle::name(&table).to_owned().leak() as &'static str);
                    }
                }
            }
            Ok(found)
        })
        .unwrap()
}

#[test]
fn of_a_removed_user_the_name_is_left_and_nothing_else() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let made = link(&store, anna, "anna", "a");
    assert!(store.sign_in(anna, hash_of("first"), None, SESSION, None, NOW).unwrap());
    let reset = store.hand_out_reset(None, anna, NOW.plus_s(60)).unwrap().unwrap();
    assert_eq!(rows_with(&store, b"anna@example.com"), ["user", "user_email"]);
    assert_eq!(store.remove_user(None, anna, Estate::Archived).unwrap(), Ok(()));
    assert_eq!(rows_with(&store, b"anna@example.com"), [""; 0]);
    assert_eq!(rows_with(&store, &SESSION), [""; 0]);
    assert_eq!(store.reset_for(&reset, NOW).unwrap(), None);
    let left = get(&store, anna);
    assert_eq!((left.name, left.role, left.last_login), (name("anna"), Role::User, None));
    assert!(left.email.as_str().is_empty() && left.password.as_str().is_empty());
    assert!(store.session(SESSION, NOW).unwrap().is_none());
    assert!(!store.sign_in(anna, hash_of(""), None, SESSION, None, NOW).unwrap());
    assert_eq!(store.hand_out_reset(None, anna, NOW).unwrap(), Err(Refused::NotInUse));
    assert_eq!(store.set_role(None, anna, Role::Administrator).unwrap(), Err(Refused::NoAccount));
    assert_eq!(store.enable_user(None, anna).unwrap(), Err(Refused::NoAccount));
    assert_eq!(store.redirect("anna/a").unwrap().unwrap().target, Some(made.about.target), "the links go on");
    let again = store.create_user(new_user("anna", "other@example.com"), NOW).unwrap();
    assert_eq!(again, Err(NewAccountError::NameTaken));
    let address = store.create_user(new_user("another", "anna@example.com"), NOW).unwrap();
    assert!(address.is_ok(), "the address is free");
    let new = NewLink { slug: None, change: change("late") };
    assert!(store.create_link(anna, name("anna"), new, NOW).is_err(), "nobody makes links in this name");
    assert_eq!(store.counts().unwrap(), (1, 1));
    audit(&store);
}

#[test]
fn whoever_removes_themselves_knows_the_password() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let wrong = store.delete_account(anna, hash_of("before"), Estate::Deleted).unwrap();
    assert_eq!(wrong, Err(Refused::NoAccount));
    assert!(get(&store, anna).is_active());
    assert_eq!(store.delete_account(anna, hash_of("first"), Estate::Deleted).unwrap(), Ok(()));
    assert!(get(&store, anna).is_removed());
    audit(&store);
}

#[test]
fn whoever_removes_themselves_decides_on_their_own_links_alone() {
    for own in [Estate::Deleted, Estate::Archived] {
        let (_folder, store) = fresh();
        let root = admin(&store, "root-user");
        let [anna, bert] = ["anna", "bert"].map(|name| user(&store, name));
        let (a, b) = (link(&store, anna, "anna", "a"), link(&store, bert, "bert", "b"));
        store.remove_user(None, anna, Estate::Kept(bert)).unwrap().unwrap();
        assert_eq!(store.delete_account(bert, hash_of("first"), own).unwrap(), Ok(()));
        while store.delete_estates().unwrap() {}
        assert!(may_see(&store, root, &a) && store.redirect("anna/a").unwrap().is_some(), "{own:?}");
        assert_eq!(may_see(&store, root, &b), own == Estate::Archived);
        audit(&store);
    }
}

#[test]
fn links_are_seen_by_whoever_looks_after_them_and_by_nobody_else() {
    let (_folder, store) = fresh();
    let root = admin(&store, "root-user");
    let [anna, bert, carl] = ["anna", "bert", "carl"].map(|name| user(&store, name));
    let (a, b) = (link(&store, anna, "anna", "a"), link(&store, bert, "bert", "b"));
    let see = |link| [root, anna, bert, carl].map(|user| may_see(&store, user, link));
    assert_eq!(see(&a), [false, true, false, false]);
    assert_eq!(store.remove_user(None, anna, Estate::Kept(bert)).unwrap(), Ok(()));
    assert_eq!(see(&a), [false, true, true, false]);
    assert_eq!((kept(&store, bert), kept(&store, root)), (vec![("anna".to_owned(), 1)], vec![]));
    audit(&store);

    // It is a removed user's and stays so, whatever its keeper does with it.
    let (seen, under) = store.link_for(&get(&store, bert), a.id).unwrap().unwrap();
    assert_eq!((seen.owner, under), (anna, name("anna")));
    store.change_link(anna, name("anna"), a.id, slug("a"), change("new"), NOW).unwrap().unwrap().unwrap();
    assert_eq!(store.redirect("anna/a").unwrap().unwrap().target, Some(change("new").target));

    // With the keeper it goes on as the keeper's own.
    assert_eq!(store.remove_user(None, bert, Estate::Kept(carl)).unwrap(), Ok(()));
    assert_eq!((see(&a), see(&b)), ([false, true, false, true], [false, false, true, true]));
    assert_eq!(kept(&store, carl), [("anna".to_owned(), 1), ("bert".to_owned(), 1)]);
    audit(&store);

    // It can be decided anew, for each of them.
    assert_eq!(store.remove_user(None, anna, Estate::Archived).unwrap(), Ok(()));
    assert_eq!((see(&a)[0], see(&a)[3], kept(&store, root).len(), kept(&store, carl).len()), (true, false, 1, 1));
    audit(&store);

    // The archive is there for every administrator, and for nobody who is one no more.
    let other = admin(&store, "other");
    assert!(may_see(&store, other, &a));
    assert_eq!(store.set_role(None, root, Role::User).unwrap(), Ok(()));
    assert_eq!(kept(&store, root), []);
    assert!(!may_see(&store, root, &a));
}

#[test]
fn only_another_user_in_use_can_look_after_links() {
    let (_folder, store) = fresh();
    let [anna, bert, carl] = ["anna", "bert", "carl"].map(|name| user(&store, name));
    store.disable_user(None, bert).unwrap().unwrap();
    store.remove_user(None, carl, Estate::Archived).unwrap().unwrap();
    for keeper in [anna, bert, carl, UserId(99)] {
        assert_eq!(store.remove_user(None, anna, Estate::Kept(keeper)).unwrap(), Err(Refused::NoKeeper), "{keeper:?}");
    }
    assert!(get(&store, anna).is_active());
    audit(&store);
}

#[test]
fn links_that_go_do_so_in_slices_also_after_a_kill() {
    let (folder, store) = fresh();
    let [anna, bert, carl] = ["anna", "bert", "carl"].map(|name| user(&store, name));
    let count = LINKS_DELETED_PER_COMMIT + 3;
    let links: Vec<Link> = (0..count).map(|at| link(&store, anna, "anna", &format!("a{at}"))).collect();
    let (b, c) = (link(&store, bert, "bert", "b"), link(&store, carl, "carl", "c"));
    store.close();
    let store = open_hasty(folder.path());
    for id in [links[0].id, links[count - 1].id] {
        store.record_click(click(anna, id, Class::Human));
    }
    store.settle();
    for path in ["anna/a0", "bert/b", "carl/c"] {
        assert!(store.redirect(path).unwrap().is_some(), "it is in memory");
    }
    assert!(!store.delete_estates().unwrap());
    // What anna looks after goes with her own.
    store.remove_user(None, bert, Estate::Kept(anna)).unwrap().unwrap();
    store.remove_user(None, anna, Estate::Deleted).unwrap().unwrap();
    assert_eq!(store.remove_user(None, anna, Estate::Archived).unwrap(), Err(Refused::NoAccount), "that is decided");
    assert_eq!(store.release_name(anna).unwrap(), Err(Refused::HasLinks));
    assert!(store.delete_estates().unwrap());
    assert_eq!(store.counts().unwrap().1, 5, "the rest of anna's, and the others'");
    assert!(store.redirect("anna/a0").unwrap().is_none());
    audit(&store);
    // A kill in the middle.
    let image = store.image();
    store.close();
    std::fs::write(folder.path().join(FILE_NAME), image).unwrap();
    let found = check_file(&folder.path().join(FILE_NAME), CACHE_BYTES).unwrap();
    assert_eq!((found.damage.shown, found.leftovers.shown), (vec![], vec![]), "that is no damage");
    let (store, _) = open(folder.path()).unwrap();
    while store.delete_estates().unwrap() {
        audit(&store);
    }
    while store.purge_clicks().unwrap() {}
    audit(&store);
    assert_eq!(store.counts().unwrap(), (1, 1));
    for (path, stays) in [("anna/a0", false), ("anna/a402", false), ("bert/b", false), ("carl/c", true)] {
        assert_eq!(store.redirect(path).unwrap().is_some(), stays, "{path}");
    }
    assert!(may_see(&store, carl, &c) && !may_see(&store, carl, &b));
    assert_eq!((store.release_name(anna).unwrap(), store.release_name(bert).unwrap()), (Ok(()), Ok(())));
    audit(&store);
}

#[test]
fn a_name_without_links_can_be_given_free() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let a = link(&store, anna, "anna", "a");
    assert_eq!(store.release_name(anna).unwrap(), Err(Refused::NoAccount), "it is in use");
    store.remove_user(None, anna, Estate::Archived).unwrap().unwrap();
    assert_eq!(store.release_name(anna).unwrap(), Err(Refused::HasLinks));
    store.delete_link(anna, name("anna"), a.id).unwrap().unwrap();
    assert_eq!(store.release_name(anna).unwrap(), Ok(()));
    assert_eq!(store.release_name(anna).unwrap(), Err(Refused::NoAccount));
    audit(&store);
    let again = user(&store, "anna");
    assert_ne!(again, anna, "a number is never given out twice");
    audit(&store);
    store.close();
    let found = check_file(&folder.path().join(FILE_NAME), CACHE_BYTES).unwrap();
    assert_eq!((found.damage.shown, found.leftovers.shown), (vec![], vec![]));
}

#[test]
fn a_link_that_does_not_read_goes_with_the_others() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let (a, _) = (link(&store, anna, "anna", "a"), link(&store, anna, "anna", "b"));
    store.close();
    crate::store::tests::tamper(folder.path(), LINK, &link_key(anna, a.id), b"\x01nonsense");
    let (store, _) = open(folder.path()).unwrap();
    store.remove_user(None, anna, Estate::Deleted).unwrap().unwrap();
    while store.delete_estates().unwrap() {}
    assert!(store.redirect("anna/a").unwrap().is_none());
    assert_eq!(store.counts().unwrap(), (0, 0));
    audit(&store);
}

#[test]
fn a_mark_that_is_wrong_costs_nobody_their_links() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    link(&store, anna, "anna", "a");
    store.close();
    crate::store::tests::tamper(folder.path(), USER_PURGE, &user_key(anna), b"");
    let (store, _) = open(folder.path()).unwrap();
    assert!(store.delete_estates().unwrap());
    assert!(!store.delete_estates().unwrap());
    assert!(store.redirect("anna/a").unwrap().is_some());
    audit(&store);
}

#[test]
fn marks_that_do_not_read_keep_no_other_links_and_hide_none() {
    let (folder, store) = fresh();
    let root = admin(&store, "root-user");
    let [anna, bert, carl, dora] = ["anna", "bert", "carl", "dora"].map(|name| user(&store, name));
    let links = [(anna, "anna"), (bert, "bert"), (carl, "carl"), (dora, "dora")];
    let links = links.map(|(owner, name)| link(&store, owner, name, "a"));
    for (user, estate) in [(anna, Estate::Archived), (bert, Estate::Deleted), (carl, Estate::Deleted)] {
        store.remove_user(None, user, estate).unwrap().unwrap();
    }
    store.close();
    use crate::store::tests::tamper;
    tamper(folder.path(), USER_PURGE, &[0, 0], b"");
    tamper(folder.path(), USER, &user_key(bert), b"\x02nonsense");
    tamper(folder.path(), KEEPER, &[0, 0, 0, 0, 0], b"");
    tamper(folder.path(), KEEPER, &[keeper_key(None, anna).as_slice(), &[1]].concat(), b"");
    tamper(folder.path(), KEEPER, &keeper_key(Some(dora), bert), b"");
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(kept(&store, root), [("anna".to_owned(), 1)]);
    assert!(may_see(&store, root, &links[0]));
    store.remove_user(None, dora, Estate::Deleted).unwrap().unwrap();
    while store.delete_estates().is_ok_and(|more| more) {}
    let why = store.delete_estates().unwrap_err().to_string();
    assert!(why.contains("user_purge"), "{why}");
    let left = ["anna/a", "bert/a", "carl/a", "dora/a"].map(|path| store.redirect(path).unwrap().is_some());
    assert_eq!(left, [true, true, false, false], "that of who does not read waits");
    store.close();
    let found = check_file(&folder.path().join(FILE_NAME), CACHE_BYTES).unwrap().damage.shown.join("\n");
    for damage in ["user_purge \\x00\\x00:", "user \\x00", "keeper \\x00\\x00\\x00\\x00\\x00:"] {
        assert!(found.contains(damage), "{damage}: {found}");
    }
}

#[test]
fn nobody_looks_after_links_where_there_are_none() {
    let (_folder, store) = fresh();
    let root = admin(&store, "root-user");
    let [anna, bert] = ["anna", "bert"].map(|name| user(&store, name));
    link(&store, bert, "bert", "b");
    store.remove_user(None, anna, Estate::Kept(bert)).unwrap().unwrap();
    assert_eq!(store.rows()[4], vec![], "no row says that somebody does");
    store.remove_user(None, bert, Estate::Kept(root)).unwrap().unwrap();
    assert_eq!(store.rows()[4].len(), 1);
    assert_eq!(kept(&store, root), [("bert".to_owned(), 1)]);
    assert!(store.kept_of(&get(&store, root), "anna").unwrap().is_none());
    assert!(store.kept_of(&get(&store, root), "bert").unwrap().is_some());
    assert_eq!(store.release_name(anna).unwrap(), Ok(()));
    audit(&store);
}

#[test]
fn a_name_with_many_graves_is_given_free_in_slices() {
    let (_folder, store) = fresh();
    let [anna, bert] = ["anna", "bert"].map(|name| user(&store, name));
    let (a, _) = (link(&store, anna, "anna", "a"), link(&store, bert, "bert", "b"));
    store.delete_link(anna, name("anna"), a.id).unwrap().unwrap();
    let bury = move |tx: &redb::WriteTransaction| {
        (0..PURGE_ROWS_PER_COMMIT).try_for_each(|at| redirects::bury(tx, &name("anna"), &a, &slug(&format!("x{at}"))))
    };
    store.write("burying", bury).unwrap();
    audit(&store);
    store.remove_user(None, anna, Estate::Archived).unwrap().unwrap();
    let before = store.commits();
    assert_eq!(store.release_name(anna).unwrap(), Ok(()));
    assert_eq!(store.commits() - before, 2);
    let left = ["anna/a", "anna/x7", "bert/b"].map(|path| store.redirect(path).unwrap().is_some());
    assert_eq!(left, [false, false, true]);
    assert_eq!(rows_with(&store, b"anna/"), [""; 0]);
    user(&store, "anna");
    audit(&store);
}
