//! The data file written anew, after clicks with whole addresses were removed from it.
//!
//! What redb removes stays in pages that nobody uses, until something else is written there. So such a removal leaves a
//! mark, and the next opening puts a file in the place of this one that holds the same rows and nothing else. The file
//! itself is whole at every moment: the old one until the new one has passed all that `check` looks at, and the new one
//! from the one renaming on. Nothing of the old one is kept: that is what it is done for.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use redb::{Database, ReadableDatabase};

use crate::store::backend::Storage;
use crate::store::backup::{BackupError, Proven, Tell, doing, examine, write_anew};
use crate::store::copy::{RENEWING, Temporary, folder_of, sync_folder};
use crate::store::error::Error;
use crate::store::file::Held;
use crate::store::tables::{CLICK_LOG, META, REMAINS};
use crate::store::{check, space};

/// Whether such a mark is in a file, and all of its log that may still have some of those clicks is counted. A file that
/// does not read has other troubles.
pub(super) fn is_due(database: &Database) -> bool {
    let read = || -> Result<bool, Error> {
        let tx = database.begin_read()?;
        let meta = tx.open_table(META)?;
        let Some(mark) = meta.get(REMAINS)? else { return Ok(false) };
        Ok(tx.open_table(CLICK_LOG)?.range(..mark.value())?.next().is_none())
    };
    read().unwrap_or(false)
}

/// Puts a file with the same rows in the place of one that is held.
///
/// # Errors
/// As [`BackupError`] says; the file is as it was then, and damage stays where it can be looked at.
pub(super) fn replace(
    path: &Path,
    old: &mut Held,
    cache_bytes: usize,
    tell: Tell,
) -> Result<(Database, Storage), BackupError> {
    // It may be a link: then names change where it leads.
    let place = fs::canonicalize(path).map_err(doing("looking for the data file"))?;
    let about = fs::metadata(&place).map_err(doing("looking for the data file"))?;
    space::demand(folder_of(&place), about.blocks().saturating_mul(512))?;
    let before = examine(|| check::examine(&mut old.database))?;
    if before.damage.count > 0 {
        return Err(BackupError::Damaged(before));
    }
    let new = Temporary::create(place.with_extension(RENEWING), &place)?;
    let mut watch = |stage| {
        tell(stage);
        ControlFlow::Continue(())
    };
    let Proven { database, storage, .. } = write_anew(&old.database, &before, &new, cache_bytes, &mut watch)?;
    new.file.sync_all().map_err(doing("writing the new file"))?;
    fs::rename(new.path()?, &place).map_err(doing("putting the new file in place"))?;
    sync_folder(&place).map_err(doing("putting the new file in place"))?;
    Ok((database, storage))
}

#[cfg(test)]
mod tests;
