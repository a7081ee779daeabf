//! Copies of the data file that prove themselves.
//!
//! A copy is made while everybody goes on: first the whole file, then what was written meanwhile, then the rest inside a
//! writing transaction, when the last commit is whole and no other can begin. It stands under a temporary name until it
//! was opened and examined like the file of a crashed server; only then it gets its name, and takes no other file's.

mod compact;
mod daily;
mod damaged;
mod list;
mod restore;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, TryLockError};

use redb::{Database, ReadableTableMetadata, WriteTransaction};

use crate::clock::Timestamp;
use crate::limits::{BACKUP_LAST_CHUNKS, BACKUP_PASSES_MAX};
use crate::store::backend::Storage;
use crate::store::check::{self, Report};
use crate::store::copy::{Chunk, Haste, Temporary, copy_all, copy_chunk, digest, folder_of, unfinished};
use crate::store::create::create_backups;
use crate::store::dirty::CHUNK_BYTES;
use crate::store::error::{Error, OpenError};
use crate::store::file::{self, Held};
use crate::store::quiet::quietly;
use crate::store::upgrade::{self, FORMAT};
use crate::store::{Store, space, tables};

pub(super) use compact::write_anew;
pub(crate) use daily::Daily;
pub(crate) use damaged::DAMAGED;
pub(crate) use list::{BackupFile, BackupReader};
pub(crate) use restore::Restore;

/// How far the making of a copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Bytes copied, of about so many.
    Copying {
        done: u64,
        total: u64,
    },
    /// Book-keeping that a crash left behind is made anew.
    Repairing {
        done: u64,
        total: u64,
    },
    /// Rows of an older format are rewritten.
    Converting {
        done: u64,
        total: u64,
    },
    Checking,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (word, done, total) = match *self {
            Stage::Copying { done, total } => ("copying", done, total),
            Stage::Repairing { done, total } => ("repairing", done, total),
            Stage::Converting { done, total } => ("converting", done, total),
            Stage::Checking => return f.write_str("checking"),
        };
        write!(f, "{word} {} %", done.saturating_mul(100) / total.max(1))
    }
}

/// How the opening of a file tells how far it is.
pub(crate) type Tell = fn(Stage);

/// Hears how far it is; may say that nobody wants the copy any more.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(Stage) -> ControlFlow<()>;

/// A copy that has passed.
#[derive(Debug)]
pub(crate) struct Backup {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub(crate) sha256: String,
    pub(crate) report: Report,
}

/// What a command asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Backup,
    /// A file written anew.
    Compact,
    Check,
}

/// Why there is no copy. Nothing of it is left, but for one that is [`BackupError::Kept`], and no backup was touched.
#[derive(Debug)]
pub(crate) enum BackupError {
    /// Something stands under its name already.
    Exists(PathBuf),
    /// Another is being made.
    Busy,
    /// Nobody wanted it any more.
    Cancelled,
    /// The file system refused; what was being done, and why.
    Io(&'static str, io::Error),
    /// There is too little room for it.
    Room { needed: u64, free: u64 },
    /// The data file could not be read.
    Store(Error),
    /// The copy does not open.
    Open(OpenError),
    /// It has opened, and is damaged: so is the data file.
    Damaged(Report),
    /// The same with whole pages: a copy stands there.
    Kept(Report, PathBuf),
}

impl From<Error> for BackupError {
    fn from(error: Error) -> BackupError {
        BackupError::Store(error)
    }
}

impl BackupError {
    /// True when the data file is damaged.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, BackupError::Damaged(_) | BackupError::Kept(..) | BackupError::Open(OpenError::Damaged(_)))
    }

    /// What a look at the whole file has found, if that is why.
    pub(crate) fn report(&self) -> Option<&Report> {
        match self {
            BackupError::Damaged(report) | BackupError::Kept(report, _) => Some(report),
            _ => None,
        }
    }

    /// What is wrong with what a command has asked for, and what to do.
    pub(crate) fn sentence(&self, task: Task) -> String {
        let undone = match task {
            Task::Backup => "no backup was made",
            Task::Compact => "no file was made",
            Task::Check => "the data file was not checked",
        };
        let advice = match (self, task) {
            (BackupError::Exists(_), Task::Backup) => "Choose another name with --to, or move it away.",
            (BackupError::Exists(_), _) => "Choose another name, or move it away.",
            (BackupError::Busy | BackupError::Cancelled, _) => "Try again later.",
            (BackupError::Io(..) | BackupError::Room { .. }, Task::Backup) => {
                "Make room, or name another place with --to."
            }
            (BackupError::Io(..) | BackupError::Room { .. }, Task::Compact) => "Make room, or name another place.",
            (BackupError::Io(..) | BackupError::Room { .. }, Task::Check) => "Make room.",
            (BackupError::Store(_), _) => "Look into the log.",
            (BackupError::Open(_) | BackupError::Damaged(_) | BackupError::Kept(..), _) => {
                "Keep the backups you have. See: linkjar check"
            }
        };
        format!("{undone}: {self}. {advice}")
    }
}

impl std::fmt::Display for BackupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BackupError::Exists(path) => write!(f, "{} exists already", path.display()),
            BackupError::Busy => f.write_str("another backup is being made"),
            BackupError::Cancelled => f.write_str("it was given up"),
            BackupError::Io(doing, why) => write!(f, "{doing}: {why}"),
            BackupError::Room { needed, free } => {
                let (needed, free) = (needed.div_ceil(1_000_000), free / 1_000_000);
                write!(f, "it may take {needed} MB, and {free} MB are free")
            }
            BackupError::Store(why) => write!(f, "{why}"),
            BackupError::Open(why) => write!(f, "the copy does not open: {why}"),
            BackupError::Damaged(report) | BackupError::Kept(report, _) => {
                let first = report.damage.shown.first().map_or("", String::as_str);
                write!(f, "the data file is damaged in {} places, among them {first}", report.damage.count)?;
                let BackupError::Kept(_, path) = self else { return Ok(()) };
                write!(f, "; a copy of it as it is was kept as {}", path.display())
            }
        }
    }
}

pub(super) fn doing(what: &'static str) -> impl Fn(io::Error) -> BackupError {
    move |error| BackupError::Io(what, error)
}

impl Store {
    /// Where the next backup goes when nobody says: below the data folder, named by the time. Makes the folder.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(crate) fn new_backup(&self, now: Timestamp) -> Result<PathBuf, BackupError> {
        Ok(self.backup_folder()?.join(format!("linkjar-{}.redb", now.file_text())))
    }

    /// Where backups go when nobody says, made if need be.
    fn backup_folder(&self) -> Result<PathBuf, BackupError> {
        create_backups(self.file.path()).and_then(std::path::absolute).map_err(doing("making the folder of backups"))
    }

    /// Copies the data file to `target`, and proves the copy.
    ///
    /// # Errors
    /// As [`BackupError`] says.
    pub(crate) fn back_up(&self, target: &Path, watch: Watch<'_>) -> Result<Backup, BackupError> {
        let _alone = self.alone()?;
        self.back_up_alone(target, watch)
    }

    fn back_up_alone(&self, target: &Path, watch: Watch<'_>) -> Result<Backup, BackupError> {
        if fs::symlink_metadata(target).is_ok() {
            return Err(BackupError::Exists(target.to_owned()));
        }
        let (temporary, report) = self.copy(folder_of(target), watch)?;
        if report.damage.count > 0 {
            return Err(self.keep_damaged(temporary, target, report));
        }
        let (bytes, sha256) = digest(&temporary.file, None, watch)?;
        temporary.keep(target)?;
        Ok(Backup { path: target.to_owned(), bytes, sha256, report })
    }

    /// Looks at everything in the data file, by way of a copy that is gone afterwards.
    ///
    /// # Errors
    /// As [`BackupError`] says; damage is an answer.
    pub(crate) fn check(&self, watch: Watch<'_>) -> Result<Report, BackupError> {
        let _alone = self.alone()?;
        self.copy(folder_of(self.file.path()), watch).map(|(_, report)| report)
    }

    /// Keeps other copies from being begun. To be held until this one has its name, or is gone: all of a folder are made
    /// under one temporary name.
    fn alone(&self) -> Result<MutexGuard<'_, ()>, BackupError> {
        match self.copying.try_lock() {
            Ok(alone) => Ok(alone),
            Err(TryLockError::WouldBlock) => Err(BackupError::Busy),
            // One that ended in a panic has left nothing half-done in memory.
            Err(TryLockError::Poisoned(alone)) => Ok(alone.into_inner()),
        }
    }

    /// Makes a copy in a folder and examines it. The caller is [`Store::alone`].
    fn copy(&self, folder: &Path, watch: Watch<'_>) -> Result<(Temporary, Report), BackupError> {
        // What was counted before this call is in the copy.
        self.flush_clicks();
        space::demand(folder, self.file.size_bytes())?;
        let temporary = Temporary::create(folder.join(unfinished(&self.secret()?)), self.file.path())?;
        let storage = self.file.storage()?;
        storage.dirty().start();
        let copied = self.copy_file(&storage, &temporary, watch);
        storage.dirty().stop();
        let (users, links) = copied?;
        if watch(Stage::Checking).is_break() {
            return Err(BackupError::Cancelled);
        }
        let mut report = prove(temporary.path()?, self.file.cache_bytes(), |_| {})?.report;
        if (report.users, report.links) != (users, links) {
            report
                .damage
                .add(format!("tables: users and links: {} and {} of {users} and {links}", report.users, report.links));
        }
        temporary.file.sync_all().map_err(doing("writing the copy"))?;
        Ok((temporary, report))
    }

    /// Copies the file as it was at one moment. Returns how many users and links there were.
    fn copy_file(&self, storage: &Storage, to: &Temporary, watch: Watch<'_>) -> Result<(u64, u64), BackupError> {
        let write = doing("writing the copy");
        copy_all(storage, &to.file, Haste::Half, watch)?;
        let mut buffer = vec![0; CHUNK_BYTES as usize];
        let mut rest = storage.dirty().take();
        for _ in 0..BACKUP_PASSES_MAX {
            if rest.len() < BACKUP_LAST_CHUNKS {
                break;
            }
            for chunk in std::mem::take(&mut rest) {
                copy_chunk(storage, &to.file, chunk, &mut buffer, Chunk::Again).map_err(&write)?;
            }
            rest = storage.dirty().take();
        }
        // The file system should not have much to do while nobody can write.
        to.file.sync_data().map_err(&write)?;
        let (storage, data, file) = (storage.clone(), Arc::clone(&self.file), Arc::clone(&to.file));
        let finish = move |tx: &WriteTransaction| {
            #[cfg(test)]
            let _paused = tests::Pause::begin();
            if !data.storage()?.is(&storage) {
                return Ok(Err(io::Error::other("the data file was opened again meanwhile")));
            }
            let counts = (tx.open_table(tables::USER)?.len()?, tx.open_table(tables::LINK)?.len()?);
            rest.extend(storage.dirty().take());
            // The head of the file says which commit is the last.
            rest.insert(0);
            let copied =
                rest.iter().try_for_each(|chunk| copy_chunk(&storage, &file, *chunk, &mut buffer, Chunk::Again));
            Ok(copied.and_then(|()| file.set_len(storage.len()?)).map(|()| counts))
        };
        self.look_between_commits("finishing a backup", finish)?.map_err(write)
    }
}

/// A copy that was looked at; closed cleanly when dropped.
pub(super) struct Proven {
    pub(super) database: Database,
    pub(super) storage: Storage,
    pub(super) report: Report,
}

/// Opens a copy as a start after a crash would, brings it to the present format, and looks at everything in it.
///
/// # Errors
/// As [`BackupError`] says; damage that lets it open is an answer.
pub(super) fn prove(path: &Path, cache_bytes: usize, tell: Tell) -> Result<Proven, BackupError> {
    let held = file::open_held(path, cache_bytes, tell).map_err(BackupError::Open)?;
    let format = held.format;
    let (mut database, storage) = held.release().map_err(BackupError::Open)?;
    let report = examine(|| {
        if format < FORMAT {
            upgrade::convert(&database, format, tell)?;
        }
        tell(Stage::Checking);
        check::examine(&mut database)
    })?;
    Ok(Proven { database, storage, report })
}

/// Examines a copy, which becomes one of the present format.
///
/// # Errors
/// As [`BackupError`] says; damage that lets it open is an answer.
pub(crate) fn prove_copy(path: &Path, cache_bytes: usize, tell: Tell) -> Result<Report, BackupError> {
    prove(path, cache_bytes, tell).map(|proven| proven.report)
}

/// Damage can make redb panic.
pub(super) fn examine(look: impl FnOnce() -> Result<Report, Error>) -> Result<Report, BackupError> {
    match quietly(look) {
        Ok(report) => Ok(report?),
        Err(why) => Err(BackupError::Open(OpenError::nonsense(&why))),
    }
}

/// Looks at everything in the data file of a stopped server. The file stays as it is: what redb writes stays in memory.
///
/// # Errors
/// As [`BackupError`] says; damage that lets it open is an answer.
pub(crate) fn check_file(path: &Path, cache_bytes: usize) -> Result<Report, BackupError> {
    let held = file::open_held(path, cache_bytes, |_| {}).map_err(BackupError::Open)?;
    let Held { mut database, hold, format, repaired } = held;
    if format != FORMAT {
        return Err(BackupError::Open(OpenError::Older { found: format, ours: FORMAT }));
    }
    let report = examine(move || check::examine(&mut database));
    // Until now: without it redb's writes would reach nothing, and nothing of them may be kept.
    drop(hold);
    report.map(|report| Report { repaired: report.repaired || repaired, ..report })
}

#[cfg(test)]
pub(super) mod tests;
