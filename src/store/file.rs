//! The data file: opened so that one which is not ours stays as it
//! was, opened again after the disk has failed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadableDatabase};

use crate::limits::REOPEN_WAIT;
use crate::store::Report;
use crate::store::backend::{self, Hold, Storage};
use crate::store::backup::{Stage, Tell};
use crate::store::copy::{folder_of, is_same, remove_unfinished};
use crate::store::create::create_if_missing;
use crate::store::error::{Error, Kind, OpenError};
use crate::store::quiet::quietly;
use crate::store::renew;
use crate::store::space::Room;
use crate::store::tables::{self, META};
use crate::store::upgrade::{self, FORMAT, Upgraded};

/// The name of the data file inside the data folder.
pub(crate) const FILE_NAME: &str = "linkjar.redb";
/// Every redb file begins with this (redb, `docs/design.md`, "Database header").
const MAGIC: &[u8; 9] = b"redb\x1a\x0a\xa9\x0d\x0a";
/// The shortest file with a header; anything shorter was cut off.
const HEADER_BYTES: u64 = 320;
/// After a disk error the file is opened again; readers that still hold it may take this many pauses to let go.
const REOPEN_TRIES: u32 = 20;
const REOPEN_PAUSE: Duration = Duration::from_millis(50);
const _: () = assert!(REOPEN_PAUSE.as_millis() * (REOPEN_TRIES as u128) < REOPEN_WAIT.as_millis());

/// The open data file.
pub(super) struct DataFile {
    path: PathBuf,
    room: Room,
    cache_bytes: usize,
    state: RwLock<State>,
    /// Until it is released: nothing has been written.
    hold: Mutex<Option<Hold>>,
    /// Readers wait here while the file is being opened again. The lock has nothing in it: looking at the open file
    /// is every request's business, and needs only to share `state`.
    turned: Mutex<()>,
    opened: Condvar,
}

#[derive(Clone)]
enum State {
    Open(Arc<Database>, Storage),
    /// Being opened again after a disk error.
    Opening,
    /// Opening it again did not succeed, or the store is closed.
    Shut,
}

/// What opening found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Opened {
    /// The file did not exist before.
    pub(crate) new: bool,
    /// The file was not closed cleanly; redb repaired it from its last commit.
    pub(crate) repaired: bool,
    /// The file was of an older format.
    pub(crate) upgraded: Option<Upgraded>,
    /// The file was written anew, because of what was removed from it; or why not: the next opening tries again.
    pub(crate) renewed: Option<Result<(), String>>,
}

impl DataFile {
    /// Opens the data file in `folder`, making folder and file when they do not exist, and brings one of an older format
    /// to ours. Until [`DataFile::release`] what redb writes stays in memory, but for a file that was just written anew.
    ///
    /// # Errors
    /// As [`OpenError`] says; an existing file is unchanged then.
    pub(super) fn open(folder: &Path, cache_bytes: usize, tell: Tell) -> Result<(DataFile, Opened), OpenError> {
        // Closing what did not open well can make redb panic, too.
        quietly(|| DataFile::open_or_panic(folder, cache_bytes, tell))
            .unwrap_or_else(|why| Err(OpenError::nonsense(&why)))
    }

    fn open_or_panic(folder: &Path, cache_bytes: usize, tell: Tell) -> Result<(DataFile, Opened), OpenError> {
        let path = folder.join(FILE_NAME);
        let new = create_if_missing(folder, &path, cache_bytes)?;
        let mut held = open_held(&path, cache_bytes, tell)?;
        let (repaired, is_older) = (held.repaired, held.format != FORMAT);
        let (mut upgraded, mut renewed) = (None, None);
        let (database, storage, hold) = if is_older {
            // What is left of copies takes room that the next one needs.
            secret(&held.database).inspect(|secret| remove_unfinished(&path, secret));
            let replaced = upgrade::replace(&path, &held, cache_bytes, tell)?;
            upgraded = Some(replaced.upgraded);
            (replaced.database, replaced.storage, None)
        } else if renew::is_due(&held.database) {
            secret(&held.database).inspect(|secret| remove_unfinished(&path, secret));
            let outcome = renew::replace(&path, &mut held, cache_bytes, tell);
            // The old file is let go of in either case; what examining it had redb write stays in memory.
            drop(held);
            renewed = Some(outcome.as_ref().map(drop).map_err(ToString::to_string));
            match outcome {
                Ok((database, storage)) => (database, storage, None),
                Err(_) => open_held(&path, cache_bytes, |_| {})?.parts(),
            }
        } else {
            held.parts()
        };
        let state = RwLock::new(State::Open(Arc::new(database), storage));
        // It may be a link: what it leads to is what grows.
        let place = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let room = Room::of(folder_of(&place));
        let (hold, turned, opened) = (Mutex::new(hold), Mutex::default(), Condvar::new());
        let file = DataFile { path, room, cache_bytes, state, hold, turned, opened };
        Ok((file, Opened { new, repaired, upgraded, renewed }))
    }

    /// Lets what redb has written since opening reach the file, and removes what killed processes left of copies: from
    /// here on the file is known to be good enough to serve.
    ///
    /// # Errors
    /// When it is not open, and those of the file system.
    pub(super) fn release(&self) -> Result<(), OpenError> {
        let secret = secret(&*self.database()?);
        let hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner).take();
        hold.map_or(Ok(()), Hold::release).map_err(|error| OpenError::Io(error.to_string()))?;
        secret.inspect(|secret| remove_unfinished(&self.path, secret));
        Ok(())
    }

    /// The database, for one transaction. While it is being opened again, waits for that up to [`REOPEN_WAIT`].
    ///
    /// # Errors
    /// [`Kind::Unavailable`] when it is not open by then, when opening it again failed, and once it is closed.
    pub(super) fn database(&self) -> Result<Arc<Database>, Error> {
        self.opening().map(|(database, _)| database)
    }

    /// The file beneath the database, as it is open now.
    ///
    /// # Errors
    /// As [`DataFile::database`].
    pub(super) fn storage(&self) -> Result<Storage, Error> {
        self.opening().map(|(_, storage)| storage)
    }

    fn opening(&self) -> Result<(Arc<Database>, Storage), Error> {
        match self.settled_state() {
            State::Open(database, storage) => Ok((database, storage)),
            State::Opening | State::Shut => Err(Error::new(Kind::Unavailable, "the data file is not open")),
        }
    }

    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The state, after opening again has ended or taken too long.
    fn settled_state(&self) -> State {
        let state = self.state();
        if !matches!(state, State::Opening) {
            return state;
        }
        let deadline = Instant::now() + REOPEN_WAIT;
        let mut turned = self.turned.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // Looked at under the lock: a turn after this look finds us waiting.
            let (state, rest) = (self.state(), deadline.saturating_duration_since(Instant::now()));
            if !matches!(state, State::Opening) || rest.is_zero() {
                return state;
            }
            turned = self.opened.wait_timeout(turned, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// # Errors
    /// The text of a panic while the old handle was closed, as damage can cause one.
    fn turn(&self, state: State) -> Result<(), String> {
        // The old handle closes its file when dropped; nobody should wait for that behind the lock.
        let old = std::mem::replace(&mut *self.state.write().unwrap_or_else(PoisonError::into_inner), state);
        let closed = quietly(|| drop(old));
        drop(self.turned.lock().unwrap_or_else(PoisonError::into_inner));
        self.opened.notify_all();
        closed
    }

    pub(super) fn cache_bytes(&self) -> usize {
        self.cache_bytes
    }

    /// Bytes the file occupies on disk. It is sparse, so its length says little.
    pub(super) fn size_bytes(&self) -> u64 {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(&self.path).map_or(0, |about| about.blocks() * 512)
    }

    /// The file system it stands on.
    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets go of the database after a disk error and opens the file anew.
    ///
    /// redb refuses every later call on a handle that has seen one I/O error, so that nothing is built on data of
    /// which nobody knows whether it is on disk. Until this succeeds [`DataFile::database`] says so; the writer
    /// calls again before its next write.
    pub(super) fn reopen(&self, report: Report) {
        // How a handle that is of no use was closed does not matter: the file is examined on opening.
        let _ = self.turn(State::Opening);
        match self.open_again() {
            Ok((database, storage)) => {
                let _ = self.turn(State::Open(Arc::new(database), storage));
                report("the data file is open again");
            }
            Err(error) => {
                let _ = self.turn(State::Shut);
                let why = match error {
                    OpenError::InUse => "it is still in use".to_owned(),
                    other => other.to_string(),
                };
                report(&format!("the data file cannot be opened again: {why}"));
            }
        }
    }

    fn open_again(&self) -> Result<(Database, Storage), OpenError> {
        let opened = when_let_go(|| match open_existing(&self.path, self.cache_bytes) {
            Err(OpenError::InUse) => None,
            other => Some(other),
        });
        opened.unwrap_or(Err(OpenError::InUse))
    }

    /// False after a [`DataFile::reopen`] that failed, and once closed.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state(), State::Open(..))
    }

    /// Closes the database; the file is marked as cleanly closed once the last reader is gone.
    ///
    /// # Errors
    /// The text of a panic, as damage can cause one; the file is not marked then.
    pub(super) fn close(&self) -> Result<(), String> {
        self.turn(State::Shut)
    }
}

/// Tries something with a file that was closed, as long as the answer is `None`: a reader still holds the old handle.
pub(super) fn when_let_go<T>(attempt: impl Fn() -> Option<T>) -> Option<T> {
    for _ in 0..REOPEN_TRIES {
        if let Some(outcome) = attempt() {
            return Some(outcome);
        }
        thread::sleep(REOPEN_PAUSE);
    }
    None
}

/// A file that has opened and is ours, while nothing has been written to it.
pub(super) struct Held {
    pub(super) database: Database,
    pub(super) hold: Hold,
    pub(super) format: u32,
    pub(super) repaired: bool,
}

impl Held {
    /// Lets what was written reach the file.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn release(self) -> Result<(Database, Storage), OpenError> {
        let storage = self.hold.storage();
        self.hold.release().map_err(|error| OpenError::Io(error.to_string()))?;
        Ok((self.database, storage))
    }

    fn parts(self) -> (Database, Storage, Option<Hold>) {
        (self.database, self.hold.storage(), Some(self.hold))
    }
}

/// Opens a file that was open before, touching it only when it is known to be ours.
///
/// # Errors
/// As [`OpenError`] says; the file is unchanged then.
pub(super) fn open_existing(path: &Path, cache_bytes: usize) -> Result<(Database, Storage), OpenError> {
    open_held(path, cache_bytes, |_| {})?.release()
}

/// Opens a file that exists; what redb writes stays in memory.
///
/// # Errors
/// As [`OpenError`] says.
pub(super) fn open_held(path: &Path, cache_bytes: usize, tell: Tell) -> Result<Held, OpenError> {
    let io = |error: io::Error| OpenError::Io(error.to_string());
    // Asked before opening: the system refuses to open a folder for writing, with a less helpful error.
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(OpenError::Damaged("it is not a file".to_owned()));
    }
    let mut file = File::options().read(true).write(true).open(path).map_err(io)?;
    let about = file.metadata().map_err(io)?;
    look_at_header(&mut file, about.len())?;
    let repaired = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&repaired);
    let (backend, hold) = backend::holding(FileBackend::new(file).map_err(|error| OpenError::Io(error.to_string()))?);
    // redb takes some damage for a bug of its own and panics; nothing has reached the file by then.
    let opened = quietly(move || {
        let database = Builder::new()
            .set_cache_size(cache_bytes)
            .set_repair_callback(move |repair| {
                seen.store(true, Ordering::Relaxed);
                // Between 0 and 1, so it fits.
                tell(Stage::Repairing { done: (repair.progress() * 1_000.0) as u64, total: 1_000 });
            })
            .create_with_backend(backend)
            .map_err(open_error)?;
        let format = check_format(&database)?;
        Ok((database, format))
    });
    let (database, format) = opened.unwrap_or_else(|why| Err(OpenError::nonsense(&why)))?;
    // Whoever had the lock before may have put another file in its place, and written here nothing would be kept.
    if !is_same(&fs::metadata(path).map_err(io)?, &about) {
        return Err(OpenError::InUse);
    }
    Ok(Held { database, hold, format, repaired: repaired.load(Ordering::Relaxed) })
}

/// The secret of a file; it tells which unfinished copies are its own.
fn secret(database: &Database) -> Option<[u8; 32]> {
    database.begin_read().map_err(Error::from).and_then(|tx| tables::secret(&tx)).ok()
}

/// What can be told without redb: length and first bytes.
fn look_at_header(file: &mut File, len: u64) -> Result<(), OpenError> {
    if len == 0 {
        return Err(OpenError::Damaged("it is empty".to_owned()));
    }
    let mut start = [0; MAGIC.len()];
    match file.read_exact(&mut start) {
        Ok(()) if start == *MAGIC => {}
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(OpenError::Io(error.to_string())),
        _ => return Err(OpenError::Damaged("it is of another kind".to_owned())),
    }
    if len < HEADER_BYTES {
        return Err(OpenError::Damaged("it is cut off".to_owned()));
    }
    Ok(())
}

fn open_error(error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse,
        DatabaseError::Storage(error) => Error::from(error).into(),
        other => OpenError::Damaged(other.to_string()),
    }
}

/// The format of an open file that we can read.
fn check_format(database: &Database) -> Result<u32, OpenError> {
    let read = || -> Result<(Option<u32>, String), Error> {
        let meta = database.begin_read()?.open_table(META)?;
        let schema = match meta.get(b"schema".as_slice())? {
            Some(raw) => Some(tables::number("meta", raw.value())?),
            None => None,
        };
        let version = meta.get(b"version".as_slice())?;
        let version = version.map(|raw| String::from_utf8_lossy(raw.value()).into_owned()).unwrap_or_default();
        Ok((schema, version))
    };
    match read() {
        Ok((Some(format @ 1..=FORMAT), _)) => Ok(format),
        Ok((Some(found), version)) if found > FORMAT => Err(OpenError::Newer { found, ours: FORMAT, version }),
        Ok(_) => Err(OpenError::Damaged("it names no format of ours".to_owned())),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
