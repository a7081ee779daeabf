//! A data file of an older format, brought to the present one.
//!
//! It is done on a copy. The file itself is whole at every moment: old until the copy has passed all that `check` looks
//! at, and new from the one renaming on that puts the copy in its place. What was there before stays among the backups.

use std::fs;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use redb::{Database, Durability, WriteTransaction};

use crate::limits::{UPGRADE_ROOM_FILES, UPGRADES_KEPT_MAX};
use crate::store::backend::Storage;
use crate::store::backup::{BackupError, Proven, Stage, Tell, doing, prove};
use crate::store::check::Report;
use crate::store::copy::{Haste, Temporary, UPGRADING, copy_all, folder_of, is_same, sync_folder};
use crate::store::create::create_backups;
use crate::store::error::{Error, Kind, OpenError};
use crate::store::file::{self, Held};
use crate::store::ledger::migrate;
use crate::store::space;
use crate::store::tables::{self, META};

/// Brings what is in a transaction from one format to the next. Tells how much of how much is done.
pub(super) type Step = fn(&WriteTransaction, &mut dyn FnMut(u64, u64)) -> Result<(), Error>;

/// The steps in their order, from format 1 on. A new one is a line here.
const STEPS: &[Step] = &[migrate::from_rows, migrate::sums::from_links, only_new_tables];

/// From format 3 to format 4: there are more tables, and [`convert`] makes them.
fn only_new_tables(_: &WriteTransaction, _: &mut dyn FnMut(u64, u64)) -> Result<(), Error> {
    Ok(())
}

/// The version of our tables and keys. A larger one is refused; see the module docs of [`crate::store`].
pub(super) const FORMAT: u32 = 1 + STEPS.len() as u32;

/// What became of a file of an older format.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Upgraded {
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// Where the file stands as it was before; `None` after a trial.
    pub(crate) kept: Option<PathBuf>,
    pub(crate) report: Report,
}

/// Runs the steps that a file of an older format needs, and writes the new number, in one transaction.
///
/// # Errors
/// When the disk fails, or a step does; the file is of its old format then.
pub(super) fn convert(database: &Database, format: u32, tell: Tell) -> Result<(), Error> {
    let mut tx = database.begin_write()?;
    tx.set_durability(Durability::Immediate).map_err(|error| Error::new(Kind::Disk, error.to_string()))?;
    for step in STEPS.iter().skip(format.saturating_sub(1) as usize) {
        step(&tx, &mut |done, total| tell(Stage::Converting { done, total }))?;
    }
    for table in tables::ALL {
        tx.open_table(table)?;
    }
    let mut meta = tx.open_table(META)?;
    meta.insert(b"schema".as_slice(), FORMAT.to_be_bytes().as_slice())?;
    meta.insert(b"version".as_slice(), env!("CARGO_PKG_VERSION").as_bytes())?;
    drop(meta);
    Ok(tx.commit()?)
}

/// The file of the present format that takes the place of an older one.
pub(super) struct Replaced {
    pub(super) database: Database,
    pub(super) storage: Storage,
    pub(super) upgraded: Upgraded,
}

/// Puts a converted copy in the place of a file that is held.
///
/// # Errors
/// As [`OpenError`] says; the file is as it was then.
pub(super) fn replace(path: &Path, old: &Held, cache_bytes: usize, tell: Tell) -> Result<Replaced, OpenError> {
    let put = || -> Result<Replaced, BackupError> {
        // It may be a link: then names change where it leads.
        let place = fs::canonicalize(path).map_err(doing("looking for the data file"))?;
        let (temporary, converted) = copy(&place, old, cache_bytes, tell)?;
        let new = temporary.path()?;
        let kept = keep(&place, path, &old.hold.storage())?;
        if let Err(error) = fs::rename(new, &place) {
            // Two names for one file that goes on being written to would be no backup.
            let _ = fs::remove_file(&kept);
            return Err(BackupError::Io("putting the new file in place", error));
        }
        #[cfg(test)]
        crate::store::backend::tape::note_place();
        sync_folder(&place).map_err(doing("putting the new file in place"))?;
        let Proven { database, storage, report } = converted;
        Ok(Replaced {
            database,
            storage,
            upgraded: Upgraded { from: old.format, to: FORMAT, kept: Some(kept), report },
        })
    };
    put().map_err(|error| refused(old.format, error))
}

/// Tries on a copy, which is gone afterwards, what [`replace`] would do. `None` for a file of the present format.
///
/// # Errors
/// As [`replace`].
pub(crate) fn try_upgrade(path: &Path, cache_bytes: usize, tell: Tell) -> Result<Option<Upgraded>, OpenError> {
    let old = file::open_held(path, cache_bytes, tell)?;
    if old.format == FORMAT {
        return Ok(None);
    }
    let (_gone, converted) = copy(path, &old, cache_bytes, tell).map_err(|error| refused(old.format, error))?;
    Ok(Some(Upgraded { from: old.format, to: FORMAT, kept: None, report: converted.report }))
}

/// A converted copy beside the file, which has passed.
fn copy(place: &Path, old: &Held, cache_bytes: usize, tell: Tell) -> Result<(Temporary, Proven), BackupError> {
    let bytes = fs::metadata(place).map_err(doing("looking for the data file"))?.blocks().saturating_mul(512);
    space::demand(folder_of(place), bytes.saturating_mul(UPGRADE_ROOM_FILES))?;
    let temporary = Temporary::create(place.with_extension(UPGRADING), place)?;
    copy_all(&old.hold.storage(), &temporary.file, Haste::Full, &mut |stage| {
        tell(stage);
        ControlFlow::Continue(())
    })?;
    let converted = prove(temporary.path()?, cache_bytes, tell)?;
    if converted.report.damage.count > 0 {
        return Err(BackupError::Damaged(converted.report));
    }
    temporary.file.sync_all().map_err(doing("writing the copy"))?;
    Ok((temporary, converted))
}

/// Gives the old file a name among the backups; another file of that name stays.
fn keep(place: &Path, path: &Path, old: &Storage) -> Result<PathBuf, BackupError> {
    let name = doing("keeping the old file");
    let backups = create_backups(path).map_err(&name)?;
    for number in 1..=UPGRADES_KEPT_MAX {
        let further = if number == 1 { String::new() } else { format!("-{number}") };
        let kept = backups.join(format!("before-format-{FORMAT}{further}.redb"));
        match fs::hard_link(place, &kept) {
            Ok(()) => {}
            // A second name that it was given before a kill.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && is_one(place, &kept).map_err(&name)? => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            // Another file system, or one without second names.
            Err(_) => {
                let unfinished = backups.join(format!(".linkjar-before-format-{FORMAT}.partial"));
                let temporary = Temporary::create(unfinished, place)?;
                copy_all(old, &temporary.file, Haste::Full, &mut |_| ControlFlow::Continue(()))?;
                temporary.file.sync_all().map_err(&name)?;
                match temporary.keep(&kept) {
                    Err(BackupError::Exists(_)) => continue,
                    other => other?,
                }
            }
        }
        sync_folder(&kept).map_err(name)?;
        return Ok(kept);
    }
    Err(BackupError::Exists(backups))
}

/// True when both names are of one file.
fn is_one(a: &Path, b: &Path) -> io::Result<bool> {
    Ok(is_same(&fs::metadata(a)?, &fs::symlink_metadata(b)?))
}

fn refused(found: u32, error: BackupError) -> OpenError {
    match error {
        BackupError::Open(why @ OpenError::Damaged(_)) => why,
        BackupError::Damaged(report) => OpenError::Damaged(report.damage.shown.join("; ")),
        other => OpenError::NotUpgraded { found, ours: FORMAT, why: other.to_string() },
    }
}

#[cfg(test)]
mod tests;
