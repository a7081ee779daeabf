//! An older file becomes a new one in one step, and stays among the backups; or stays where it is.

use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::*;
use crate::store::backup::tests::{limit_copies, names};
use crate::store::create::BACKUPS;
use crate::store::ledger::migrate::tests::{compare, old_file};
use crate::store::tests::{CACHE_BYTES, audit, open, tamper};
use crate::store::{FILE_NAME, Store};

/// Opening must be refused, and leave everything as it was.
#[track_caller]
fn refusal(folder: &Path) -> OpenError {
    let before = fs::read(folder.join(FILE_NAME)).unwrap();
    let error = open(folder).map(drop).unwrap_err();
    assert!(fs::read(folder.join(FILE_NAME)).unwrap() == before, "{error}");
    let left: Vec<String> = names(folder).into_iter().filter(|name| name != BACKUPS).collect();
    assert_eq!(left, [FILE_NAME], "{error}");
    error
}

fn name(further: &str) -> String {
    format!("before-format-{FORMAT}{further}.redb")
}

#[test]
fn the_old_file_stays_among_the_backups_byte_for_byte() {
    let (folder, links) = old_file(&[300, 0, 40]);
    let (path, backups) = (folder.path().join(FILE_NAME), folder.path().join(BACKUPS));
    // Only root can give files away.
    let _ = chown(&path, Some(1_000), Some(1_000));
    let owner = fs::metadata(&path).unwrap().uid();
    let before = fs::read(&path).unwrap();
    let kept_as = [name(""), name("-2")];
    for kept in &kept_as {
        let (store, opened) = open(folder.path()).unwrap();
        let upgraded = opened.upgraded.unwrap();
        assert_eq!((upgraded.from, upgraded.to, upgraded.report.links), (1, FORMAT, 3));
        assert_eq!(upgraded.kept, Some(backups.join(kept)));
        assert!(fs::read(backups.join(kept)).unwrap() == before);
        let about = fs::metadata(&path).unwrap();
        assert_eq!((about.permissions().mode() & 0o777, about.uid()), (0o600, owner));
        assert_eq!(fs::metadata(&backups).unwrap().uid(), owner);
        compare(&store, &links);
        audit(&store);
        store.close();
        assert_eq!(open(folder.path()).unwrap().1.upgraded, None, "once");
        // Whoever regrets it puts the old file back, and may think again.
        fs::remove_file(&path).unwrap();
        fs::copy(backups.join(&kept_as[0]), &path).unwrap();
        let _ = chown(&path, Some(owner), None);
    }
    assert_eq!(names(&backups), [name("-2"), name("")]);
}

#[test]
fn a_kill_between_the_two_names_is_gone_on_from() {
    let (folder, links) = old_file(&[20]);
    let (path, backups) = (folder.path().join(FILE_NAME), folder.path().join(BACKUPS));
    fs::create_dir(&backups).unwrap();
    fs::hard_link(&path, backups.join(name(""))).unwrap();
    fs::write(folder.path().join("linkjar.redb.upgrading"), "half a copy").unwrap();
    let (store, _) = open(folder.path()).unwrap();
    compare(&store, &links);
    assert_eq!(names(&backups), [name("")]);
    assert_eq!(names(folder.path()), [BACKUPS, FILE_NAME]);
}

#[test]
fn a_data_file_behind_a_link_is_replaced_where_it_stands() {
    let (elsewhere, links) = old_file(&[20]);
    let folder = tempfile::tempdir().unwrap();
    symlink(elsewhere.path().join(FILE_NAME), folder.path().join(FILE_NAME)).unwrap();
    let (store, _) = open(folder.path()).unwrap();
    compare(&store, &links);
    assert!(fs::symlink_metadata(folder.path().join(FILE_NAME)).unwrap().is_symlink());
    assert_eq!(names(elsewhere.path()), [FILE_NAME]);
    assert_eq!(names(&folder.path().join(BACKUPS)), [name("")]);
}

#[test]
fn without_room_or_with_damage_the_old_file_stays() {
    let (folder, links) = old_file(&[3_000]);
    space::fault::set_free(folder.path(), Some(1 << 20));
    let error = refusal(folder.path());
    space::fault::set_free(folder.path(), None);
    assert!(matches!(&error, OpenError::NotUpgraded { found: 1, ours: FORMAT, .. }), "{error}");
    assert!(error.to_string().contains("1 MB are free"), "{error}");
    for room in 0..2 {
        limit_copies(Some(room));
        let error = refusal(folder.path());
        limit_copies(None);
        assert!(matches!(error, OpenError::NotUpgraded { .. }), "{error}");
    }
    let (&(_, link), _) = links.first_key_value().unwrap();
    let count = |number: u32| tamper(folder.path(), tables::LINK_COUNT, &[0, 0, 0, 1], &number.to_be_bytes());
    count(link.0 + 7);
    assert!(matches!(refusal(folder.path()), OpenError::Damaged(why) if why.contains("link_count")));
    count(1);
    compare(&open(folder.path()).unwrap().0, &links);
}

#[test]
fn a_trial_says_what_would_be_and_leaves_nothing() {
    let (folder, links) = old_file(&[300, 20]);
    let path = folder.path().join(FILE_NAME);
    let before = fs::read(&path).unwrap();
    let tried = try_upgrade(&path, CACHE_BYTES, |_| {}).unwrap().unwrap();
    assert_eq!((tried.from, tried.to, tried.kept, tried.report.links), (1, FORMAT, None, 2));
    assert_eq!(names(folder.path()), [FILE_NAME]);
    assert!(fs::read(&path).unwrap() == before);
    let (store, _) = open(folder.path()).unwrap();
    compare(&store, &links);
    assert_eq!(try_upgrade(&path, CACHE_BYTES, |_| {}).unwrap_err(), OpenError::InUse);
    Store::close(&store);
    assert_eq!(try_upgrade(&path, CACHE_BYTES, |_| {}).unwrap(), None, "there is nothing to do");
}
