//! Of clicks that went nothing is left after the next opening, which needs nobody's help and takes nothing else.

use std::net::IpAddr;

use super::*;
use crate::click::Click;
use crate::clock::Timestamp;
use crate::link::LinkId;
use crate::store::backup::tests::names;
use crate::store::tables;
use crate::store::tests::{NOW, audit, click, fresh, link, name, open, tamper, user};
use crate::store::{FILE_NAME, Opened, Settings, Store};
use crate::user::UserId;
use crate::visitor::{AddressPolicy, Class};

const GONE: [&str; 2] = ["203.0.113.77", "2001:db8:1:2::9"];
const STAYS: &str = "198.51.100.78";

/// A store with old clicks from some addresses, and one of today from another.
fn visited(old: [&str; 2], today: &str) -> (tempfile::TempDir, Store, UserId, LinkId) {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let visit = |at: Timestamp, address: &str| {
        let address = Some(address.parse().unwrap());
        store.record_click(Click { at, address, ..click(anna, id, Class::Human) });
    };
    // Enough for segments that go as a whole beside one that is trimmed.
    for second in -600..0 {
        old.iter().for_each(|address| visit(NOW.plus_s(second), address));
    }
    visit(NOW, today);
    store.settle();
    (folder, store, anna, id)
}

/// Removes all clicks but that of today.
fn retire(store: &Store, _: UserId, _: LinkId) {
    assert_eq!(store.retire_clicks(NOW, NOW, 0).unwrap().next, None);
}

fn delete(store: &Store, owner: UserId, id: LinkId) {
    store.delete_link(owner, name("anna"), id).unwrap().unwrap();
    while store.purge_clicks().unwrap() {}
}

/// Whether an address is in the file, as bytes or as text.
fn has(folder: &Path, address: &str) -> bool {
    let file = fs::read(folder.join(FILE_NAME)).unwrap();
    let octets = match address.parse().unwrap() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let holds = |part: &[u8]| file.windows(part.len()).any(|window| window == part);
    holds(&octets) || holds(address.as_bytes())
}

fn renewed(folder: &Path) -> (Store, Option<Result<(), String>>) {
    let (store, opened) = open(folder).unwrap();
    assert_eq!(opened, Opened { renewed: opened.renewed.clone(), ..Opened::default() });
    (store, opened.renewed)
}

#[test]
fn after_the_next_opening_no_byte_of_a_removed_address_is_left() {
    for (remove, stays) in [(retire as fn(&Store, UserId, LinkId), true), (delete, false)] {
        let (folder, store, anna, id) = visited(GONE, STAYS);
        remove(&store, anna, id);
        let numbers = store.numbers(anna, id).unwrap();
        store.close();
        assert!(GONE.map(|address| has(folder.path(), address)).contains(&true), "else nothing is tried here");
        fs::write(folder.path().join("linkjar.redb.renewing"), "left by a kill").unwrap();
        let (store, outcome) = renewed(folder.path());
        assert_eq!(outcome, Some(Ok(())));
        audit(&store);
        assert_eq!(store.numbers(anna, id).unwrap(), numbers);
        store.close();
        assert_eq!(GONE.map(|address| has(folder.path(), address)), [false; 2]);
        assert_eq!(has(folder.path(), STAYS), stays);
        assert_eq!(names(folder.path()), [FILE_NAME], "and no other file has it");
        assert_eq!(renewed(folder.path()).1, None, "once");
    }
}

#[test]
fn clicks_that_were_in_the_log_when_their_link_was_deleted_are_waited_for() {
    let (folder, store) = fresh();
    store.put_settings(Settings { addresses: AddressPolicy::Store, ..Settings::default() }).unwrap();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    store.record_click(Click { address: Some(GONE[0].parse().unwrap()), ..click(anna, id, Class::Human) });
    store.flush_clicks();
    delete(&store, anna, id);
    store.close();
    let (store, outcome) = renewed(folder.path());
    assert_eq!(outcome, None);
    store.settle();
    store.close();
    let (store, outcome) = renewed(folder.path());
    assert_eq!(outcome, Some(Ok(())));
    store.close();
    assert!(!has(folder.path(), GONE[0]));
}

#[test]
fn shortened_addresses_are_no_reason() {
    for remove in [retire, delete] {
        let (folder, store, anna, id) = visited(["203.0.113.0", "2001:db8:1::"], "198.51.100.0");
        remove(&store, anna, id);
        store.close();
        assert_eq!(renewed(folder.path()).1, None);
    }
}

#[test]
fn one_old_address_in_a_segment_that_stays_is_reason_enough() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    for (second, address) in [(-1, GONE[0]), (0, STAYS)] {
        let address = Some(address.parse().unwrap());
        store.record_click(Click { at: NOW.plus_s(second), address, ..click(anna, id, Class::Human) });
    }
    store.settle();
    retire(&store, anna, id);
    store.close();
    let (store, outcome) = renewed(folder.path());
    assert_eq!(outcome, Some(Ok(())));
    store.close();
    assert_eq!((has(folder.path(), GONE[0]), has(folder.path(), STAYS)), (false, true));
}

#[test]
fn without_room_or_with_damage_the_file_opens_as_it_is_and_the_next_opening_tries_again() {
    let (folder, store, anna, id) = visited(GONE, STAYS);
    retire(&store, anna, id);
    store.close();
    space::fault::set_free(folder.path(), Some(1 << 20));
    for _ in 0..2 {
        let (store, outcome) = renewed(folder.path());
        assert!(outcome.unwrap().unwrap_err().contains("1 MB are free"));
        assert_eq!(store.numbers(anna, id).unwrap().humans, 1_201);
        store.close();
    }
    space::fault::set_free(folder.path(), None);
    let count = |number: u32| tamper(folder.path(), tables::LINK_COUNT, &[0, 0, 0, 1], &number.to_be_bytes());
    count(7);
    let (store, outcome) = renewed(folder.path());
    assert!(outcome.unwrap().unwrap_err().contains("link_count"));
    store.close();
    assert_eq!(names(folder.path()), [FILE_NAME]);
    count(1);
    assert_eq!(renewed(folder.path()).1, Some(Ok(())));
}

#[test]
fn a_file_behind_a_link_is_replaced_where_it_stands() {
    let (elsewhere, store, anna, id) = visited(GONE, STAYS);
    retire(&store, anna, id);
    store.close();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join(FILE_NAME), folder.path().join(FILE_NAME)).unwrap();
    let (store, outcome) = renewed(folder.path());
    assert_eq!(outcome, Some(Ok(())));
    store.close();
    assert!(fs::symlink_metadata(folder.path().join(FILE_NAME)).unwrap().is_symlink());
    assert!(!has(elsewhere.path(), GONE[0]));
    assert_eq!(names(elsewhere.path()), [FILE_NAME]);
}
