//! A copy in the place of the data file.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{BackupError, Watch, doing};
use crate::clock::Timestamp;
use crate::store::check::Report;
use crate::store::copy::{RESTORING, Temporary, digest, rename, sync_folder};
use crate::store::create::create_folder;
use crate::store::error::OpenError;
use crate::store::file::{self, FILE_NAME};

/// A copy on its way to the data file's place: beside it, and to be proven.
///
/// # Invariants
/// As long as it exists no server can open the data file, if that file opens at all.
pub(crate) struct Restore {
    temporary: Temporary,
    path: PathBuf,
    /// SHA-256 of the backup in hexadecimal digits.
    pub(crate) sha256: String,
    /// Holds the lock on the data file.
    _current: Option<file::Held>,
    /// Holds the lock under which data files are made.
    _folder: File,
}

impl Restore {
    /// Copies `from` into the data folder.
    ///
    /// # Errors
    /// [`OpenError::InUse`] when a process has the data file, [`BackupError::Busy`] when another is restoring or making
    /// one; else as [`BackupError`] says. Nothing is changed then.
    pub(crate) fn prepare(
        from: &Path,
        folder: &Path,
        cache_bytes: usize,
        watch: Watch<'_>,
    ) -> Result<Restore, BackupError> {
        let open = doing("opening the backup");
        // A pipe would be waited for without an end.
        if !fs::metadata(from).map_err(&open)?.is_file() {
            return Err(BackupError::Open(OpenError::Damaged("it is not a file".to_owned())));
        }
        let source = File::open(from).map_err(open)?;
        create_folder(folder).map_err(doing("making the data folder"))?;
        let lock = File::open(folder).map_err(doing("opening the data folder"))?;
        lock.try_lock().map_err(|_| BackupError::Busy)?;
        let path = place(folder)?;
        let current = match file::open_held(&path, cache_bytes, |_| {}) {
            Ok(held) => Some(held),
            Err(OpenError::InUse) => return Err(BackupError::Open(OpenError::InUse)),
            // Damaged, newer or missing: the reason to restore one. No server has it open.
            Err(_) => None,
        };
        let temporary = Temporary::create(path.with_extension(RESTORING), &path)?;
        let (_, sha256) = digest(&source, Some(&temporary.file), watch)?;
        temporary.file.sync_all().map_err(doing("copying the backup"))?;
        Ok(Restore { temporary, path, sha256, _current: current, _folder: lock })
    }

    /// The copy, for whoever examines it.
    ///
    /// # Errors
    /// When another file stands in its place.
    pub(crate) fn copy(&self) -> Result<&Path, BackupError> {
        self.temporary.path()
    }

    /// Puts it in place once it has passed. Returns where the file that was there stands now, if there was one.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] for a copy that has not, and those of the file system; the old file is in its place then.
    pub(crate) fn finish(self, report: Report, now: Timestamp) -> Result<Option<PathBuf>, BackupError> {
        if report.damage.count > 0 {
            return Err(BackupError::Damaged(report));
        }
        // What examining it has written.
        self.temporary.file.sync_all().map_err(doing("copying the backup"))?;
        let new = self.temporary.path()?;
        let put = doing("putting the backup in place");
        let old = self.path.with_extension(format!("redb.before-restore-{}", now.file_text()));
        let had = fs::symlink_metadata(&self.path).is_ok();
        if had {
            // A second name for the old file: then the first passes from one file to the other in one step.
            match fs::hard_link(&self.path, &old) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(BackupError::Exists(old)),
                // A file system without second names.
                Err(_) => {
                    rename(&self.path, &old).map_err(&put)?;
                    if let Err(error) = rename(new, &self.path) {
                        let _ = rename(&old, &self.path);
                        return Err(put(error));
                    }
                    sync_folder(&self.path).map_err(put)?;
                    return Ok(Some(old));
                }
            }
            if let Err(error) = fs::rename(new, &self.path) {
                // It is still there under its first name.
                let _ = fs::remove_file(&old);
                return Err(put(error));
            }
        } else {
            rename(new, &self.path).map_err(&put)?;
        }
        sync_folder(&self.path).map_err(put)?;
        Ok(had.then_some(old))
    }
}

/// Where the data file stands, or will. It may be a link: then names change where it leads.
fn place(folder: &Path) -> Result<PathBuf, BackupError> {
    let path = folder.join(FILE_NAME);
    if fs::symlink_metadata(&path).is_err() {
        return Ok(path);
    }
    fs::canonicalize(path).map_err(doing("looking for the data file"))
}
