//! `linkjar restore`: a proven backup takes the data file's place, and the file that was there is kept.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::appliance::{ADMIN, Start, run_command};
use crate::backup::{made, names};
use crate::browser::Browser;
use crate::chance;
use crate::command_line::is_error;
use crate::restart::Delays;

fn target(folder: tempfile::TempDir, slug: &str) -> (Option<String>, tempfile::TempDir) {
    let appliance = Start::with_admin().folder(folder).run();
    let answer = Browser::of(&appliance).get(&format!("/{ADMIN}/{slug}"));
    let location = answer.header("location").map(str::to_owned);
    (location, appliance.stop().1)
}

#[test]
fn a_backup_takes_the_place_of_the_data_file_which_is_kept() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://before.example/", "a");
    let copy = made(&run_command(appliance.folder.path(), &["backup"], ""));
    admin.make_link("https://after.example/", "b");
    let copy = copy.to_str().unwrap();
    for args in [["restore", copy].as_slice(), &["restore", "--verify", copy]] {
        is_error(&run_command(appliance.folder.path(), args, ""), 3, "in use by a running server. Stop it first");
    }
    let (_, folder) = appliance.stop();
    let data = folder.path().join("data");
    let before = fs::read(data.join("linkjar.redb")).unwrap();
    let ended = run_command(folder.path(), &["restore", "--verify", copy], "");
    assert!(
        ended.stdout.contains(" is good: 1 user, 1 link, 0 clicks. Nothing was changed.\nSHA-256 "),
        "{}",
        ended.stderr
    );
    assert_eq!(names(&data), ["backups", "linkjar.redb"]);
    assert!(fs::read(data.join("linkjar.redb")).unwrap() == before);
    let ended = run_command(folder.path(), &["restore", copy], "");
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""));
    let kept: Vec<String> = names(&data).into_iter().filter(|name| name.contains("before-restore")).collect();
    assert_eq!(kept.len(), 1, "{:?}", names(&data));
    assert!(ended.stdout.contains(&kept[0]));
    assert!(fs::read(data.join(&kept[0])).unwrap() == before);
    assert_eq!(fs::metadata(data.join("linkjar.redb")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(Path::new(copy).exists());
    let (location, folder) = target(folder, "a");
    assert_eq!(location.as_deref(), Some("https://before.example/"));
    let (location, folder) = target(folder, "b");
    assert_eq!(location, None);
    // And back again.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let old = format!("data/{}", kept[0]);
    assert_eq!(run_command(folder.path(), &["restore", &old], "").code(), 0);
    assert_eq!(target(folder, "b").0.as_deref(), Some("https://after.example/"));
}

#[test]
fn a_data_file_behind_a_link_is_replaced_where_it_stands() {
    let appliance = Start::with_admin().run();
    let copy = made(&run_command(appliance.folder.path(), &["backup", "--to", "copy.redb"], ""));
    let (_, folder) = appliance.stop();
    let (volume, path) = (folder.path().join("volume"), folder.path().join("data/linkjar.redb"));
    let place = volume.join("linkjar.redb");
    fs::create_dir(&volume).unwrap();
    fs::rename(&path, &place).unwrap();
    std::os::unix::fs::symlink(&place, &path).unwrap();
    let before = fs::read(&place).unwrap();
    let ended = run_command(folder.path(), &["restore", copy.to_str().unwrap()], "");
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""));
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert!(!fs::symlink_metadata(&place).unwrap().is_symlink());
    assert_eq!(names(&folder.path().join("data")), ["linkjar.redb"]);
    let kept: Vec<String> = names(&volume).into_iter().filter(|name| name.contains("before-restore")).collect();
    assert!(kept.len() == 1 && fs::read(volume.join(&kept[0])).unwrap() == before, "{kept:?}");
    // A volume that is not there is no place to put a file.
    fs::rename(&volume, folder.path().join("away")).unwrap();
    is_error(&run_command(folder.path(), &["restore", copy.to_str().unwrap()], ""), 1, "looking for the data file");
    assert_eq!(names(&folder.path().join("data")), ["linkjar.redb"]);
}

/// An operator does it with `sudo`, and the service goes on under its own account.
#[test]
fn what_root_makes_belongs_to_the_owner_of_the_data_file() {
    const SERVICE: u32 = 1_000;
    let appliance = Start::with_admin().run();
    let copy = made(&run_command(appliance.folder.path(), &["backup", "--to", "copy.redb"], ""));
    let (_, folder) = appliance.stop();
    let (data, path) = (folder.path().join("data"), folder.path().join("data/linkjar.redb"));
    for place in [&data, &path] {
        if std::os::unix::fs::chown(place, Some(SERVICE), Some(SERVICE)).is_err() {
            // Only root can give files away.
            return;
        }
    }
    let owner = |path: &Path| fs::metadata(path).map(|about| (about.uid(), about.gid())).unwrap();
    let asked = made(&run_command(folder.path(), &["backup"], ""));
    let anew = made(&run_command(folder.path(), &["export", "--compact", "anew.redb"], ""));
    assert_eq!(run_command(folder.path(), &["restore", copy.to_str().unwrap()], "").code(), 0);
    for place in [asked.parent().unwrap(), &asked, &anew, &path] {
        assert_eq!(owner(place), (SERVICE, SERVICE), "{}", place.display());
        assert_eq!(fs::metadata(place).unwrap().permissions().mode() & 0o077, 0);
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(run_command(folder.path(), &["restore", copy.to_str().unwrap()], "").code(), 0);
    assert_eq!(owner(&path), (SERVICE, SERVICE), "that of the folder when there is no file");
    assert_eq!(owner(folder.path()), (0, 0));
}

#[test]
fn what_is_no_good_backup_changes_nothing() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for number in 0..30 {
        admin.make_link("https://target.example/", &format!("slug-{number}"));
    }
    let copy = made(&run_command(appliance.folder.path(), &["backup", "--to", "good.redb"], ""));
    let (_, folder) = appliance.stop();
    let (data, bad) = (folder.path().join("data"), folder.path().join("bad.redb"));
    let before = fs::read(data.join("linkjar.redb")).unwrap();
    let good = fs::read(copy).unwrap();
    // What `cp` of a live file may give: its second half is older than its first.
    let mut torn = good.clone();
    let half = torn.len() / 8;
    torn[half..].fill(0);
    for bytes in [b"".as_slice(), b"a text that is no backup", &good[..good.len() / 2], &torn] {
        fs::write(&bad, bytes).unwrap();
        let ended = run_command(folder.path(), &["restore", "bad.redb"], "");
        is_error(&ended, 4, "bad.redb is damaged");
        assert_eq!(names(&data), ["linkjar.redb"]);
        assert!(fs::read(data.join("linkjar.redb")).unwrap() == before);
    }
    is_error(&run_command(folder.path(), &["restore", "none.redb"], ""), 1, "none.redb was not restored");
    is_error(&run_command(folder.path(), &["restore", "data"], ""), 4, "it is not a file");
    is_error(&run_command(folder.path(), &["restore"], ""), 2, "restore needs a name. Add FILE");
}

/// Bits, pages and lengths by chance.
#[test]
fn whatever_was_done_to_a_backup_it_is_good_or_refused_and_nothing_changes() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for number in 0..30 {
        admin.make_link("https://target.example/", &format!("slug-{number}"));
    }
    let copy = made(&run_command(appliance.folder.path(), &["backup", "--to", "good.redb"], ""));
    let (_, folder) = appliance.stop();
    let (data, bad) = (folder.path().join("data"), folder.path().join("bad.redb"));
    let before = fs::read(data.join("linkjar.redb")).unwrap();
    let good = fs::read(copy).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    chance::rounds(24, |seed| {
        let mut bytes = good.clone();
        let at = usize::try_from(Delays::new(seed).below(good.len() as u64)).unwrap();
        let page = at / 4096 * 4096;
        match seed % 4 {
            0 => bytes[at % 8192] ^= 1 << (at % 8),
            1 => bytes[page..page + 4096].fill(0xff),
            2 => bytes.truncate(at),
            // Numbers in the head of the file, where lengths are.
            _ => bytes[at % 320..at % 320 + 8].fill(0xff),
        }
        fs::write(&bad, bytes).unwrap();
        let ended = run_command(folder.path(), &["restore", "--verify", "bad.redb"], "");
        if ended.code() == 0 {
            accepted += 1;
        } else {
            is_error(&ended, 4, "bad.redb is ");
            refused += 1;
        }
        assert_eq!(names(&data), ["linkjar.redb"], "{}", ended.stderr);
        assert!(fs::read(data.join("linkjar.redb")).unwrap() == before);
    });
    // Pages that are no longer in use may hold anything.
    println!("{accepted} good, {refused} refused");
}

#[test]
fn the_copy_of_a_damaged_file_is_refused_with_words_on_what_can_be_done() {
    let appliance = Start::with_admin().run();
    Browser::admin(&appliance).make_link("https://target.example/", "promo");
    let (_, folder) = appliance.stop();
    let path = folder.path().join("data/linkjar.redb");
    let sound = fs::read(&path).unwrap();
    let database = redb::Database::open(&path).unwrap();
    let tx = database.begin_write().unwrap();
    let counts = redb::TableDefinition::<&[u8], &[u8]>::new("link_count");
    tx.open_table(counts).unwrap().insert([0, 0, 0, 1].as_slice(), [0, 0, 0, 9].as_slice()).unwrap();
    tx.commit().unwrap();
    drop(database);
    let words = "It is what was saved of a damaged file. Take a backup; if there is none, stop the server and copy it \
                 over data/linkjar.redb.";
    for (name, says) in [("linkjar-2026-11-20-damaged.redb", words), ("mine.redb", "Take another backup.")] {
        fs::copy(&path, folder.path().join(name)).unwrap();
        is_error(&run_command(folder.path(), &["restore", name], ""), 4, says);
    }
    fs::write(&path, sound).unwrap();
    fs::copy(folder.path().join("linkjar-2026-11-20-damaged.redb"), &path).unwrap();
    let again = Start::with_admin().folder(folder).run();
    let answer = Browser::of(&again).get(&format!("/{ADMIN}/promo"));
    assert_eq!(answer.header("location"), Some("https://target.example/"));
}

#[test]
fn a_damaged_or_missing_data_file_is_the_reason_to_restore_one() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://target.example/", "a");
    let copy = made(&run_command(appliance.folder.path(), &["backup"], ""));
    let (_, mut folder) = appliance.stop();
    for damage in [Some("no data file at all"), Some(""), None] {
        let path = folder.path().join("data/linkjar.redb");
        match damage {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let before = names(&folder.path().join("data")).len();
        let ended = run_command(folder.path(), &["restore", copy.to_str().unwrap()], "");
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{damage:?}");
        assert_eq!(names(&folder.path().join("data")).len(), before + 1);
        let (location, again) = target(folder, "a");
        assert_eq!(location.as_deref(), Some("https://target.example/"));
        folder = again;
        // Within one second the old files would have one name.
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}
