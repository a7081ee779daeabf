//! Opening the data file for a command, and saying what to do when it does not open.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use log::{info, warn};

use crate::command::{Code, Error, machine};
use crate::config::Config;
use crate::limits::OPENING_SAID_EVERY;
use crate::store::{FILE_NAME, OpenError, Opened, Stage, Store, Tell, begin_anew};

/// What to do about a file that is damaged.
pub(crate) const PUT_A_COPY: &str = "Put a backup in its place: linkjar restore FILE";

/// Opens the data file, making folder and file when they do not exist.
///
/// # Errors
/// Exit code 3 when another process has it, 4 when it is damaged or newer, 2 when the folder does not allow it; an
/// existing file is unchanged then.
pub(crate) fn open(config: &Config) -> Result<(Store, Opened), Error> {
    open_and_tell(config, tell_of_opening)
}

/// The same with somebody of one's own who hears how far it is.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_and_tell(config: &Config, tell: Tell) -> Result<(Store, Opened), Error> {
    let opened = Store::open_and_tell(&config.data_dir, cache_bytes(config), report, tell);
    HAS_OPENED.set(opened.is_ok());
    opened.map_err(|error| explain(&config.data_dir, &error))
}

thread_local! {
    static HAS_OPENED: Cell<bool> = const { Cell::new(false) };
}

/// True once this thread has opened the data file: a panic in it is taken for one over pages that make no sense.
pub(super) fn has_opened() -> bool {
    HAS_OPENED.get()
}

fn cache_bytes(config: &Config) -> usize {
    config.page_cache_bytes.unwrap_or_else(machine::page_cache_bytes)
}

/// The same for a server that was told to begin anew: a missing data file is made even beside backups.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_anew(config: &Config) -> Result<(Store, Opened), Error> {
    let made = begin_anew(&config.data_dir, cache_bytes(config));
    let new = made.map_err(|error| explain(&config.data_dir, &error))?;
    open(config).map(|(store, opened)| (store, Opened { new, ..opened }))
}

/// The same for commands that make no sense without a data file.
///
/// # Errors
/// As [`open`], and exit code 1 when there is none.
pub(crate) fn open_existing(config: &Config) -> Result<Store, Error> {
    must_exist(config)?;
    open(config).map(|(store, _)| store)
}

/// Says what is in the way of a data file that is there.
///
/// # Errors
/// Exit code 2 when folder, link or rights are, 1 when there is none.
pub(crate) fn must_exist(config: &Config) -> Result<(), Error> {
    let path = config.data_dir.join(FILE_NAME);
    if let Some(trouble) = trouble(&config.data_dir, &path) {
        return Err(Error::usage(trouble));
    }
    if !path.exists() {
        let path = path.display();
        return Err(Error::failed(format!(
            "{path} does not exist. Start the server once, or name the folder with --data-dir."
        )));
    }
    Ok(())
}

/// What the system's own words would not tell: which of folder, link and rights is in the way. `None` when it is none
/// of them.
fn trouble(folder: &Path, path: &Path) -> Option<String> {
    if fs::metadata(folder).is_ok_and(|about| !about.is_dir()) {
        return Some(format!("{} is a file, not a folder. Name a folder with --data-dir.", folder.display()));
    }
    let opened = File::options().read(true).write(true).open(path).map_err(|error| error.kind());
    let shown = path.display();
    match opened {
        Err(ErrorKind::PermissionDenied) => {
            let done = if File::open(path).is_ok() { "written" } else { "read" };
            let uid = own_uid().map_or_else(|| "-".to_owned(), |uid| uid.to_string());
            Some(format!("{shown} cannot be {done} by user id {uid}. Run this as the user who owns it."))
        }
        Err(ErrorKind::NotFound) => {
            let target = fs::read_link(path).ok()?;
            let target = target.display();
            Some(format!(
                "{shown} is a link to {target}, which does not exist. Put the data file there, or remove the link."
            ))
        }
        _ => None,
    }
}

/// The writing thread's trouble.
fn report(sentence: &str) {
    log::error!(target: "store", "{sentence}");
}

/// How far the opening of a large file is, every few seconds.
fn tell_of_opening(stage: Stage) {
    static SAID: Mutex<Option<Instant>> = Mutex::new(None);
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    let at = *said.get_or_insert_with(Instant::now);
    if at.elapsed() >= OPENING_SAID_EVERY {
        info!(target: "store", "opening the data file: {stage}");
        *said = Some(Instant::now());
    }
}

/// What is wrong with a data file that does not open, and what to do.
pub(crate) fn explain(folder: &Path, error: &OpenError) -> Error {
    let path = folder.join(FILE_NAME);
    let path = path.display();
    match error {
        OpenError::InUse => Error { code: Code::InUse, text: format!("{path} is {error}. Stop it first.") },
        OpenError::Damaged(_) => {
            Error { code: Code::Damaged, text: format!("{path} is {error}. It was left as it is. {PUT_A_COPY}") }
        }
        OpenError::Disk(_) => {
            Error::failed(format!("{path} cannot be read: {error}. Look after the disk, then try again."))
        }
        OpenError::Newer { .. } => {
            Error { code: Code::Damaged, text: format!("{path} was {error}. Run the newer executable.") }
        }
        OpenError::Older { .. } => Error::failed(format!("{path} is {error}. Bring it there: linkjar migrate")),
        OpenError::NotUpgraded { .. } => Error::failed(format!(
            "{path} is {error}. It was left as it is. Make room if that is what is missing, or run the older executable."
        )),
        OpenError::MissingBesideBackups => {
            let text = format!(
                "{path} is {error}. Run linkjar restore with the newest of them, or linkjar serve --new to begin afresh."
            );
            Error::usage(text)
        }
        OpenError::MissingInRestore => Error::usage(format!(
            "{path} is {error}. Run linkjar restore again, or linkjar serve --new to begin afresh."
        )),
        OpenError::Io(why) => {
            if let Some(trouble) = trouble(folder, &folder.join(FILE_NAME)) {
                return Error::usage(trouble);
            }
            let uid = own_uid().map_or_else(String::new, |uid| format!(" for user id {uid}"));
            let text = format!(
                "{path} cannot be opened: {why}. Make the folder writable{uid}, or choose another with --data-dir."
            );
            Error::usage(text)
        }
    }
}

/// The user this process runs as; its own folder in `/proc` belongs to it.
fn own_uid() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|about| about.uid())
}

/// Warns of a data folder that others may read, and of running as root.
pub(crate) fn warn_of_rights(folder: &Path) {
    if let Ok(about) = fs::metadata(folder)
        && about.permissions().mode() & 0o077 != 0
    {
        let path = folder.display().to_string();
        warn!(target: "core", "the data folder can be read by others. Run: chmod 700 {path}");
    }
    if own_uid() == Some(0) {
        warn!(target: "core", "running as root. Use an account of its own: nothing here needs root");
    }
}
