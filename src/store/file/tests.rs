//! Which files open, and that all others stay as they are.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use redb::TableDefinition;

use super::*;
use crate::store::Store;
use crate::store::create::BACKUPS;
use crate::store::tests::{CACHE_BYTES, NOW, audit, click, folder_with, fresh, ignore, link, open, user};
use crate::user::UserId;
use crate::visitor::Class;

/// The bytes of a cleanly closed data file with some links and clicks.
fn whole_file() -> Vec<u8> {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    for at in 0..30 {
        let made = link(&store, anna, &format!("promo{at}"));
        store.record_click(click(anna, made.id, Class::Human));
    }
    store.close();
    fs::read(folder.path().join(FILE_NAME)).unwrap()
}

/// Opens a folder whose data file must be refused, and stay as it is.
fn refusal(bytes: &[u8]) -> OpenError {
    let folder = folder_with(bytes);
    let error = open(folder.path()).err().unwrap_or_else(|| panic!("{} bytes were opened", bytes.len()));
    assert_eq!(fs::read(folder.path().join(FILE_NAME)).unwrap(), bytes, "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no other file is made");
    error
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_folder_and_file_are_for_their_owner_only() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/data");
    let (store, opened) = open(&folder).unwrap();
    assert_eq!(opened, Opened { new: true, ..Opened::default() });
    assert_eq!((mode(&folder), mode(&folder.join(FILE_NAME))), (0o700, 0o600));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the temporary file is gone");
    assert!(store.size_bytes() > 0);
    assert_eq!(store.counts().unwrap(), (0, 0));
}

#[test]
fn a_file_left_by_a_crash_while_creating_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("linkjar.redb.new"), b"half a file").unwrap();
    assert!(open(folder.path()).unwrap().1.new);
}

#[test]
fn what_killed_processes_left_of_copies_is_gone_after_a_start_and_nothing_else_is() {
    let (folder, store) = fresh();
    let own = crate::store::copy::unfinished(&store.secret().unwrap());
    store.close();
    fs::create_dir(folder.path().join(BACKUPS)).unwrap();
    // Another instance may keep its backups in the same folder, and be making one.
    let others = "backups/.linkjar-0badcafe.partial";
    let kept =
        ["backups/linkjar-2026-11-20.redb", others, "linkjar.redb.before-restore-2026-11-20-120000", "notes.partial"];
    let left = [own.clone(), format!("{own}.compact"), format!("backups/{own}"), format!("backups/{own}.compact")];
    let left = left.iter().map(String::as_str).chain(["linkjar.redb.restoring", "linkjar.redb.upgrading"]);
    for name in kept.into_iter().chain(left.clone()) {
        fs::write(folder.path().join(name), "half").unwrap();
    }
    open(folder.path()).unwrap();
    for (name, stays) in kept.map(|name| (name, true)).into_iter().chain(left.map(|name| (name, false))) {
        assert_eq!(folder.path().join(name).exists(), stays, "{name}");
    }
}

#[test]
fn a_second_opening_is_refused_and_the_first_goes_on() {
    let (folder, store) = fresh();
    let again = || DataFile::open(folder.path(), CACHE_BYTES, |_| {}).err();
    assert_eq!(again(), Some(OpenError::InUse));
    let anna = user(&store, "anna");
    fs::hard_link(folder.path().join(FILE_NAME), folder.path().join("other")).unwrap();
    assert_eq!(open_existing(&folder.path().join("other"), CACHE_BYTES).err(), Some(OpenError::InUse));
    assert!(store.user(anna).unwrap().is_some());
    store.close();
    assert_eq!(again(), None);
}

#[test]
fn one_of_many_that_start_at_once_makes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| open(folder.path()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(OpenError::InUse))));
}

#[test]
fn foreign_files_are_refused_and_stay_as_they_are() {
    let kind = "it is of another kind";
    for (bytes, why) in [
        (&b""[..], "it is empty"),
        (b"x", kind),
        (b"redb", kind),
        (MAGIC, "it is cut off"),
        (&[MAGIC.as_slice(), &[0; 310]].concat(), "it is cut off"),
        (b"A letter to my aunt.\n", kind),
        (b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20", kind),
        (&[0; 8192], kind),
    ] {
        assert_eq!(refusal(bytes), OpenError::Damaged(why.to_owned()));
    }
    for byte in [0, 1, 0x7f, 0xff] {
        let after_magic = [MAGIC.as_slice(), &vec![byte; 8192]].concat();
        assert!(matches!(refusal(&after_magic), OpenError::Damaged(_)), "{byte:#x}");
    }
}

#[test]
fn what_is_not_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(FILE_NAME)).unwrap();
    assert_eq!(open(folder.path()).err(), Some(OpenError::Damaged("it is not a file".to_owned())));

    let folder = tempfile::tempdir().unwrap();
    symlink(folder.path().join("nowhere"), folder.path().join(FILE_NAME)).unwrap();
    assert!(matches!(open(folder.path()).err(), Some(OpenError::Io(_))));
    assert!(fs::symlink_metadata(folder.path().join(FILE_NAME)).unwrap().is_symlink());
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn a_truncated_file_is_refused_at_every_length() {
    let whole = whole_file();
    let boundaries = (4096..whole.len()).step_by(4096);
    let odd = [319, 320, 321, 4095, 4097, whole.len() / 2 + 1, whole.len() - 1];
    for len in boundaries.chain(odd) {
        assert!(matches!(refusal(&whole[..len]), OpenError::Damaged(_)), "{len}");
    }
    drop(open(folder_with(&whole).path()).unwrap());
}

#[test]
fn a_flipped_bit_in_the_header_is_refused_or_harmless() {
    let whole = whole_file();
    // Every fifth: each position within a byte, in every field.
    for bit in (0..HEADER_BYTES * 8).step_by(5) {
        let mut bytes = whole.clone();
        bytes[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
        let folder = folder_with(&bytes);
        match open(folder.path()) {
            Ok((store, _)) => {
                assert_eq!(store.counts().unwrap(), (1, 30), "bit {bit}");
                audit(&store);
            }
            Err(error) => {
                assert!(matches!(error, OpenError::Damaged(_)), "bit {bit}: {error}");
                assert_eq!(fs::read(folder.path().join(FILE_NAME)).unwrap(), bytes, "bit {bit}: {error}");
            }
        }
    }
}

#[test]
fn a_newer_format_is_named_and_left_alone() {
    let (folder, store) = fresh();
    store.close();
    crate::store::tests::tamper(folder.path(), META, b"schema", &(FORMAT + 1).to_be_bytes());
    crate::store::tests::tamper(folder.path(), META, b"version", b"9.8.7");
    let bytes = fs::read(folder.path().join(FILE_NAME)).unwrap();
    let error = refusal(&bytes);
    assert_eq!(error, OpenError::Newer { found: FORMAT + 1, ours: FORMAT, version: "9.8.7".to_owned() });
    let words = format!("written by version 9.8.7 (format {}, this is format {FORMAT})", FORMAT + 1);
    assert_eq!(error.to_string(), words);
}

#[test]
fn a_redb_file_that_is_not_ours_is_refused() {
    const TEXTS: TableDefinition<'static, &str, &str> = TableDefinition::new("meta");
    for (case, make) in [("no table", None), ("another kind of table", Some(TEXTS))] {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create(folder.path().join("other.redb")).unwrap();
        if let Some(table) = make {
            let tx = database.begin_write().unwrap();
            tx.open_table(table).unwrap().insert("schema", "1").unwrap();
            tx.commit().unwrap();
        }
        drop(database);
        let bytes = fs::read(folder.path().join("other.redb")).unwrap();
        assert!(matches!(refusal(&bytes), OpenError::Damaged(_)), "{case}");
    }
    for schema in [&b""[..], b"1", &0_u32.to_be_bytes(), &[0; 5]] {
        let (folder, store) = fresh();
        store.close();
        crate::store::tests::tamper(folder.path(), META, b"schema", schema);
        let bytes = fs::read(folder.path().join(FILE_NAME)).unwrap();
        assert!(matches!(refusal(&bytes), OpenError::Damaged(_)), "{schema:?}");
    }
}

#[test]
fn a_missing_file_beside_backups_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join(BACKUPS);
    fs::create_dir(&backups).unwrap();
    fs::write(backups.join("2026-11-20.redb"), b"a backup").unwrap();
    assert_eq!(open(folder.path()).err(), Some(OpenError::MissingBesideBackups));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::read(backups.join("2026-11-20.redb")).unwrap(), b"a backup");
    fs::remove_file(backups.join("2026-11-20.redb")).unwrap();
    assert!(open(folder.path()).unwrap().1.new, "an empty folder holds no backup");
}

/// On a file system without second names the old file is put aside before the new one takes its place.
#[test]
fn a_file_that_is_missing_after_a_restore_was_cut_off_is_not_replaced() {
    let (folder, store) = fresh();
    store.close();
    let (path, aside) = (folder.path().join(FILE_NAME), folder.path().join("aside"));
    fs::rename(&path, &aside).unwrap();
    fs::write(path.with_extension(crate::store::copy::RESTORING), "a backup").unwrap();
    assert_eq!(open(folder.path()).err(), Some(OpenError::MissingInRestore));
    assert!(!path.exists());
    fs::rename(&aside, &path).unwrap();
    assert!(!open(folder.path()).unwrap().1.new);
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_of_the_system() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"").unwrap();
    assert!(matches!(open(&folder.path().join("file/data")).err(), Some(OpenError::Io(_))));
}

#[test]
fn a_file_keeps_its_mode() {
    let (folder, store) = fresh();
    store.close();
    let path = folder.path().join(FILE_NAME);
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    drop(open(folder.path()).unwrap());
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn a_crash_is_repaired_and_loses_nothing_that_was_answered() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    for at in 0..40 {
        link(&store, anna, &format!("promo{at}"));
    }
    // What is in the file while it is open is what a killed process leaves.
    let left = folder_with(&fs::read(folder.path().join(FILE_NAME)).unwrap());
    let (copy, opened) = open(left.path()).unwrap();
    assert_eq!(opened, Opened { repaired: true, ..Opened::default() });
    assert_eq!(copy.counts().unwrap(), (1, 40));
    audit(&copy);
    link(&copy, anna, "after");
    copy.close();
    let (copy, opened) = open(left.path()).unwrap();
    assert_eq!(opened, Opened::default());
    assert_eq!(copy.link_count(anna).unwrap(), 41);
}

#[test]
fn a_store_that_lost_its_file_opens_it_again_before_the_next_write() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let made = link(&store, anna, "promo");
    let (path, aside) = (folder.path().join(FILE_NAME), folder.path().join("aside"));
    fs::rename(&path, &aside).unwrap();
    store.file.reopen(ignore);
    assert!(!store.file.is_open());
    assert_eq!(store.user(anna).unwrap_err().kind, Kind::Unavailable);
    assert_eq!(store.end_session([0; 32]).unwrap_err().kind, Kind::Unavailable);
    store.record_click(click(anna, made.id, Class::Human));
    fs::rename(&aside, &path).unwrap();
    store.flush_clicks();
    assert_eq!(store.user(anna).unwrap().map(|user| user.id), Some(UserId(anna.0)));
    assert_eq!(store.statistics(anna, made.id).unwrap().0.humans, 1);
    assert_eq!(store.create_user(crate::store::tests::new_user("bert", "b@c.d"), NOW).unwrap(), Ok(UserId(3)));
}

#[test]
fn damage_to_a_file_that_needs_repair_is_noticed_or_harmless() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    for at in 0..30 {
        link(&store, anna, &format!("promo{at}"));
    }
    let left = fs::read(folder.path().join(FILE_NAME)).unwrap();
    let cut = (4096..left.len()).step_by(4096).map(|len| left[..len].to_vec());
    let flipped = (0..left.len()).step_by(4099).map(|at| {
        let mut bytes = left.clone();
        bytes[at] ^= 0x10;
        bytes
    });
    for (at, bytes) in cut.chain(flipped).enumerate() {
        let folder = folder_with(&bytes);
        match open(folder.path()) {
            Ok((copy, _)) => {
                // With its last commit damaged, a file looks as if that one had been cut short by the crash.
                assert!([(1, 30), (1, 29)].contains(&copy.counts().unwrap()), "{at}");
                audit(&copy);
            }
            Err(error) => {
                assert!(matches!(error, OpenError::Damaged(_)), "{at}: {error}");
                assert_eq!(fs::read(folder.path().join(FILE_NAME)).unwrap(), bytes, "{at}: {error}");
            }
        }
    }
}

#[test]
fn readers_wait_while_the_file_is_being_opened_again() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    thread::scope(|scope| {
        // Somebody who still reads keeps the file from being opened; meanwhile the others wait.
        let reading = store.file.database().unwrap();
        let reopening = scope.spawn(|| store.file.reopen(ignore));
        while !matches!(store.file.state(), State::Opening) {
            thread::yield_now();
        }
        let readers: Vec<_> = (0..4).map(|_| scope.spawn(|| store.user(anna).map(|user| user.is_some()))).collect();
        thread::sleep(REOPEN_PAUSE);
        assert!(readers.iter().all(|reader| !reader.is_finished()), "nobody is sent away at once");
        drop(reading);
        reopening.join().unwrap();
        for reader in readers {
            assert!(matches!(reader.join().unwrap(), Ok(true)));
        }
    });
}

#[test]
fn a_reader_waits_a_while_and_no_longer() {
    let (_folder, store) = fresh();
    store.file.turn(State::Opening).unwrap();
    let begun = Instant::now();
    assert_eq!(store.file.database().err().unwrap().kind, Kind::Unavailable);
    assert!((REOPEN_WAIT..REOPEN_WAIT * 3).contains(&begun.elapsed()));
    store.file.turn(State::Shut).unwrap();
    let begun = Instant::now();
    assert_eq!(store.file.database().err().unwrap().kind, Kind::Unavailable);
    assert!(begun.elapsed() < REOPEN_WAIT, "once it is shut nobody waits");
}

#[test]
fn reading_heals_by_itself_once_the_disk_does() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    link(&store, anna, "promo");
    store.close();
    let (store, _) = Store::open(folder.path(), 0, ignore).unwrap();
    let file = OpenOptions::new().write(true).open(folder.path().join(FILE_NAME)).unwrap();
    let bytes = fs::read(folder.path().join(FILE_NAME)).unwrap();
    file.set_len(0).unwrap();
    assert_eq!(store.redirect("anna/promo").unwrap_err().kind, Kind::Nonsense);
    std::os::unix::fs::FileExt::write_all_at(&file, &bytes, 0).unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while store.redirect("anna/promo").is_err() {
        assert!(std::time::Instant::now() < deadline, "nobody opened the file again");
        thread::yield_now();
    }
    audit(&store);
}

thread_local! {
    /// What takes the place of what while this thread opens a file.
    static REPLACES: std::cell::RefCell<Option<(PathBuf, PathBuf)>> = const { std::cell::RefCell::new(None) };
}

#[test]
fn a_file_that_lost_its_name_before_its_lock_was_had_is_not_written_to() {
    let (_folder, store) = fresh();
    user(&store, "anna");
    let folder = folder_with(&store.image());
    let (path, other) = (folder.path().join(FILE_NAME), folder.path().join("other"));
    fs::copy(&path, &other).unwrap();
    REPLACES.set(Some((other, path.clone())));
    // It was not closed, so this is called while it is opened.
    let replace = |_: Stage| {
        if let Some((other, path)) = REPLACES.take() {
            fs::rename(other, path).unwrap();
        }
    };
    let opened = open_held(&path, 1 << 20, replace);
    assert!(REPLACES.take().is_none(), "nothing was replaced");
    assert_eq!(opened.map(|held| held.format).map_err(|error| error.to_string()), Err(OpenError::InUse.to_string()));
    open_held(&path, 1 << 20, |_| {}).unwrap_or_else(|error| panic!("{error}"));
}
