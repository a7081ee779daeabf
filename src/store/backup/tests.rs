//! A copy that gets its name is whole; one that fails leaves nothing.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::click::Click;
use crate::store::FILE_NAME;
use crate::store::tests::{NOW, audit, click, fresh, link, open, open_hasty, rounds, user};
use crate::visitor::Class;

/// The last such time, whoever's store it was.
static PAUSED_US: AtomicU64 = AtomicU64::new(0);

pub(super) struct Pause(std::time::Instant);

impl Pause {
    pub(super) fn begin() -> Pause {
        Pause(std::time::Instant::now())
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        PAUSED_US.store(u64::try_from(self.0.elapsed().as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Store {
    /// How long nobody could write while the last copy was finished.
    pub(crate) fn last_pause(&self) -> std::time::Duration {
        std::time::Duration::from_micros(PAUSED_US.load(Ordering::SeqCst))
    }
}

thread_local! {
    /// Chunks that may still be written to copies by this thread.
    static ROOM: Cell<Option<usize>> = const { Cell::new(None) };
}

pub(in crate::store) fn at_copy() -> io::Result<()> {
    match ROOM.get() {
        Some(0) => Err(ErrorKind::StorageFull.into()),
        room => {
            ROOM.set(room.map(|room| room - 1));
            Ok(())
        }
    }
}

/// Lets this thread write so many chunks to copies.
pub(in crate::store) fn limit_copies(chunks: Option<usize>) {
    ROOM.set(chunks);
}

type AtNaming = Box<dyn FnOnce(&Path)>;
type Make = fn(&Store, &Path) -> Result<Backup, BackupError>;

thread_local! {
    /// What happens when this thread's next copy is about to get its name.
    static AT_NAMING: RefCell<Option<AtNaming>> = const { RefCell::new(None) };
}

pub(in crate::store) fn at_naming(temporary: &Path) {
    let happens = AT_NAMING.take();
    if let Some(happens) = happens {
        happens(temporary);
    }
}

fn go_on(_: Stage) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

pub(in crate::store) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A store on a copy.
fn open_copy(copy: &Path) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(copy, folder.path().join(FILE_NAME)).unwrap();
    let (store, opened) = open(folder.path()).unwrap();
    assert!(!opened.repaired, "a copy is as a closed file is");
    (folder, store)
}

#[test]
fn copies_made_while_everybody_writes_are_whole_and_complete() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "first").id;
    store.close();
    let store = open_hasty(folder.path());
    let (stop, clicks, made) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(1));
    let copies = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (store, stop, made) = (&store, &stop, &made);
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    link(store, anna, &format!("w{writer}-{number}"));
                    made.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                store.record_click(Click { referrer: "a.example/b".into(), ..click(anna, id, Class::Human) });
                clicks.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
        });
        for round in 0..rounds(3) {
            let before = (made.load(Ordering::SeqCst), clicks.load(Ordering::SeqCst));
            let target = copies.path().join(format!("{round}.redb"));
            let backup = store.back_up(&target, &mut go_on).unwrap();
            let after = (made.load(Ordering::SeqCst) + 4, clicks.load(Ordering::SeqCst));
            assert!((before.0..=after.0).contains(&backup.report.links), "{before:?} {backup:?}");
            assert!((before.1..=after.1 + 1).contains(&backup.report.clicks), "{before:?} {after:?} {backup:?}");
            assert_eq!(backup.bytes, fs::metadata(&target).unwrap().len());
            assert!(store.last_pause() < std::time::Duration::from_secs(1), "people write again at once");
            assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
            let (_folder, copy) = open_copy(&target);
            audit(&copy);
            assert_eq!(copy.counts().unwrap(), (1, backup.report.links));
            assert_eq!(copy.numbers(anna, id).unwrap().humans, backup.report.clicks);
        }
        stop.store(true, Ordering::SeqCst);
    });
    assert_eq!(names(copies.path()).len() as u64, rounds(3));
    audit(&store);
}

#[test]
fn nothing_is_overwritten_and_a_copy_that_fails_leaves_nothing() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    (0..300).for_each(|number| drop(link(&store, anna, &format!("s{number}"))));
    let copies = tempfile::tempdir().unwrap();
    let target = copies.path().join("copy.redb");
    for room in 0..3 {
        limit_copies(Some(room));
        let refused = store.back_up(&target, &mut go_on).unwrap_err();
        limit_copies(None);
        assert!(matches!(&refused, BackupError::Io(_, why) if why.kind() == ErrorKind::StorageFull), "{refused}");
        assert_eq!(names(copies.path()), [""; 0]);
    }
    for stage in [0, 1] {
        let mut seen = 0;
        let mut give_up = |_| {
            seen += 1;
            if seen > stage { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        assert!(matches!(store.back_up(&target, &mut give_up), Err(BackupError::Cancelled)));
        assert_eq!(names(copies.path()), [""; 0]);
    }
    fs::write(&target, "somebody else's").unwrap();
    assert!(matches!(store.back_up(&target, &mut go_on), Err(BackupError::Exists(_))));
    assert_eq!(fs::read(&target).unwrap(), b"somebody else's");
    // A killed process leaves one behind.
    let left = copies.path().join(unfinished(&store.secret().unwrap()));
    fs::write(&left, "half a copy").unwrap();
    let mut put_in_the_way = |stage| {
        if stage == Stage::Checking {
            fs::write(copies.path().join("late.redb"), "faster").unwrap();
        }
        ControlFlow::Continue(())
    };
    let late = store.back_up(&copies.path().join("late.redb"), &mut put_in_the_way);
    assert!(matches!(late, Err(BackupError::Exists(_))));
    assert_eq!(names(copies.path()), ["copy.redb", "late.redb"]);
    let good = copies.path().join("good.redb");
    store.back_up(&good, &mut go_on).unwrap();
    let missing = copies.path().join("none/copy.redb");
    assert!(matches!(store.back_up(&missing, &mut go_on), Err(BackupError::Io(..))));
    let mut meanwhile = |_| {
        assert!(matches!(store.check(&mut go_on), Err(BackupError::Busy)));
        ControlFlow::Continue(())
    };
    store.back_up(&copies.path().join("other.redb"), &mut meanwhile).unwrap();
    assert!(store.check(&mut go_on).unwrap().damage.shown.is_empty());
}

#[test]
fn until_a_copy_has_its_name_no_other_is_begun() {
    let (folder, store) = fresh();
    user(&store, "anna");
    let store = Arc::new(store);
    // Checks and daily backups are made in these very folders.
    let backups = store.backup_folder().unwrap();
    let makers: [Make; 3] = [
        |store, folder| store.back_up(&folder.join("asked.redb"), &mut go_on),
        |store, folder| store.compact(&folder.join("anew.redb"), &mut go_on),
        |store, _| match store.back_up_daily(NOW, 7, &mut go_on)? {
            Daily::Made(made) => Ok(made),
            other => panic!("{other:?}"),
        },
    ];
    for make in makers {
        let other = Arc::clone(&store);
        AT_NAMING.set(Some(Box::new(move |temporary| {
            let late = temporary.with_file_name("late.redb");
            assert!(matches!(other.check(&mut go_on), Err(BackupError::Busy)));
            assert!(matches!(other.back_up(&late, &mut go_on), Err(BackupError::Busy)));
            assert!(matches!(other.compact(&late, &mut go_on), Err(BackupError::Busy)));
            assert!(matches!(other.back_up_daily(NOW, 7, &mut go_on), Err(BackupError::Busy)));
        })));
        make(&store, &backups).unwrap();
        assert!(AT_NAMING.take().is_none());
    }
    assert_eq!(names(&backups), ["anew.redb", "asked.redb", "linkjar-2025-11-20.redb"]);
    assert_eq!(names(folder.path()), ["backups", FILE_NAME]);
}

/// Two instances that came from one backup give their unfinished copies one name.
#[test]
fn what_another_instance_has_begun_is_neither_named_nor_removed() {
    let (_folder, store) = fresh();
    let copies = tempfile::tempdir().unwrap();
    for make in [Store::back_up, Store::compact] {
        AT_NAMING.set(Some(Box::new(|temporary| {
            fs::remove_file(temporary).unwrap();
            fs::write(temporary, "half a copy").unwrap();
        })));
        let refused = make(&store, &copies.path().join("copy.redb"), &mut go_on).unwrap_err();
        assert!(refused.to_string().contains("another took its place"), "{refused}");
        let left = names(copies.path());
        assert!(left.len() == 1 && left[0].contains(".partial"), "{left:?}");
        assert_eq!(fs::read(copies.path().join(&left[0])).unwrap(), b"half a copy");
        fs::remove_file(copies.path().join(&left[0])).unwrap();
    }
}

#[test]
fn a_data_file_that_was_opened_again_meanwhile_is_no_copy() {
    let (_folder, store) = fresh();
    user(&store, "anna");
    let copies = tempfile::tempdir().unwrap();
    let mut fail = |stage| {
        if stage != Stage::Checking {
            store.break_disk(crate::store::Fault::AfterSync);
            // Its commit is reported as failed, and is in the file all the same.
            store.write("trying", |_| Ok(())).unwrap();
        }
        ControlFlow::Continue(())
    };
    let refused = store.back_up(&copies.path().join("copy.redb"), &mut fail).unwrap_err();
    assert!(refused.to_string().contains("opened again"), "{refused}");
    assert_eq!(names(copies.path()), [""; 0]);
    store.back_up(&copies.path().join("copy.redb"), &mut go_on).unwrap();
}

#[test]
fn checking_a_closed_file_leaves_it_as_it_is() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "a").id;
    (0..50).for_each(|_| {
        let _ = store.record_click(click(anna, id, Class::Human));
    });
    store.flush_clicks();
    let path = folder.path().join(FILE_NAME);
    assert!(matches!(check_file(&path, 1 << 20), Err(BackupError::Open(OpenError::InUse))));
    let image = store.image();
    store.close();
    for (bytes, repaired) in [(fs::read(&path).unwrap(), false), (image, true)] {
        fs::write(&path, &bytes).unwrap();
        let report = check_file(&path, 1 << 20).unwrap();
        assert_eq!((report.users, report.links, report.clicks, report.repaired), (1, 1, 50, repaired));
        assert_eq!(report.damage.shown, [""; 0]);
        assert!(fs::read(&path).unwrap() == bytes);
    }
}

#[test]
fn each_command_is_told_what_it_can_do() {
    let exists = || BackupError::Exists(PathBuf::from("a"));
    let room = || BackupError::Room { needed: 2_000_000, free: 1_000_000 };
    for (why, task, sentence) in [
        (
            exists(),
            Task::Backup,
            "no backup was made: a exists already. Choose another name with --to, or move it away.",
        ),
        (exists(), Task::Compact, "no file was made: a exists already. Choose another name, or move it away."),
        (
            room(),
            Task::Backup,
            "no backup was made: it may take 2 MB, and 1 MB are free. Make room, or name another place with --to.",
        ),
        (
            room(),
            Task::Compact,
            "no file was made: it may take 2 MB, and 1 MB are free. Make room, or name another place.",
        ),
        (room(), Task::Check, "the data file was not checked: it may take 2 MB, and 1 MB are free. Make room."),
        (
            BackupError::Busy,
            Task::Check,
            "the data file was not checked: another backup is being made. Try again later.",
        ),
    ] {
        assert_eq!(why.sentence(task), sentence);
    }
}
