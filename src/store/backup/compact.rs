//! The data file written anew, row by row: pages are full again, and nothing is left of what was removed.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::{Backup, BackupError, Proven, Report, Stage, Watch, doing, prove};
use crate::limits::COMPACT_TOLD_ROWS;
use crate::store::Store;
use crate::store::copy::{Temporary, digest, folder_of, unfinished_anew};
use crate::store::error::Error;
use crate::store::{space, tables};

impl Store {
    /// Writes what the data file holds to a new file, `target`, and proves it.
    ///
    /// It is done from a copy: whoever reads a file for long makes it grow meanwhile.
    ///
    /// # Errors
    /// As [`BackupError`] says.
    pub(crate) fn compact(&self, target: &Path, watch: Watch<'_>) -> Result<Backup, BackupError> {
        let _alone = self.alone()?;
        if fs::symlink_metadata(target).is_ok() {
            return Err(BackupError::Exists(target.to_owned()));
        }
        let folder = folder_of(target);
        let (copy, before) = self.copy(folder, watch)?;
        if before.damage.count > 0 {
            return Err(BackupError::Damaged(before));
        }
        space::demand(folder, self.file.size_bytes())?;
        let new = Temporary::create(folder.join(unfinished_anew(&self.secret()?)), self.file.path())?;
        let cache_bytes = self.file.cache_bytes();
        let from = prove(copy.path()?, cache_bytes, |_| {})?.database;
        let report = write_anew(&from, &before, &new, cache_bytes, watch)?.report;
        new.file.sync_all().map_err(doing("writing the copy"))?;
        let (bytes, sha256) = digest(&new.file, None, watch)?;
        new.keep(target)?;
        Ok(Backup { path: target.to_owned(), bytes, sha256, report })
    }
}

/// Fills a new file with what another holds, of which `before` tells, and proves it.
///
/// # Errors
/// As [`BackupError`] says.
pub(in crate::store) fn write_anew(
    from: &Database,
    before: &Report,
    new: &Temporary,
    cache_bytes: usize,
    watch: Watch<'_>,
) -> Result<Proven, BackupError> {
    let to = OpenOptions::new().read(true).write(true).open(new.path()?).map_err(doing("opening the new file"))?;
    if !rewrite(from, to, cache_bytes, watch)? {
        return Err(BackupError::Cancelled);
    }
    let mut proven = prove(new.path()?, cache_bytes, |_| {})?;
    let report = &mut proven.report;
    if (report.users, report.links, report.clicks) != (before.users, before.links, before.clicks) {
        report.damage.add(format!("users, links and clicks are not those of the data file: {before:?}"));
    }
    if report.damage.count > 0 { Err(BackupError::Damaged(proven.report)) } else { Ok(proven) }
}

/// Copies every row of every table, in the order of their keys, which fills pages. False when nobody wants it any more.
fn rewrite(from: &Database, to: File, cache_bytes: usize, watch: Watch<'_>) -> Result<bool, Error> {
    let old = from.begin_read()?;
    let backend = FileBackend::new(to).map_err(redb::Error::from)?;
    let new = Builder::new().set_cache_size(cache_bytes).create_with_backend(backend).map_err(redb::Error::from)?;
    let mut tx = new.begin_write()?;
    tx.set_durability(Durability::Immediate).map_err(redb::Error::from)?;
    let (mut done, mut total) = (0, 0);
    for table in tables::ALL {
        total += old.open_table(table)?.len()?;
    }
    for table in tables::ALL {
        let mut rows = tx.open_table(table)?;
        for row in old.open_table(table)?.iter()? {
            let (key, value) = row?;
            rows.insert(key.value(), value.value())?;
            done += 1;
            if done % COMPACT_TOLD_ROWS == 0 && watch(Stage::Converting { done, total }).is_break() {
                return Ok(false);
            }
        }
    }
    // Of what was removed nothing is in the new file.
    tx.open_table(tables::META)?.remove(tables::REMAINS)?;
    tx.commit()?;
    Ok(true)
}
