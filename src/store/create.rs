//! A new data file: made so that a crash leaves a whole one or none.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Builder, Durability};

use crate::random;
use crate::store::copy::{RESTORING, folder_of};
use crate::store::error::{Error, OpenError};
use crate::store::file::FILE_NAME;
use crate::store::tables::{self, META};
use crate::store::upgrade::FORMAT;

/// Backups stand here; an absent data file beside them is not replaced by a fresh one.
pub(super) const BACKUPS: &str = "backups";

/// Makes the folder and an empty data file where there are none. True when the file is new.
pub(super) fn create_if_missing(folder: &Path, path: &Path, cache_bytes: usize) -> Result<bool, OpenError> {
    // `symlink_metadata`, so that a dangling link counts as something that somebody put there.
    if fs::symlink_metadata(path).is_ok() {
        return Ok(false);
    }
    let io = |error: io::Error| OpenError::Io(error.to_string());
    create_folder(folder).map_err(io)?;
    if fs::symlink_metadata(path.with_extension(RESTORING)).is_ok() {
        return Err(OpenError::MissingInRestore);
    }
    if fs::read_dir(folder.join(BACKUPS)).is_ok_and(|mut files| files.next().is_some()) {
        return Err(OpenError::MissingBesideBackups);
    }
    create_alone(folder, path, cache_bytes)
}

/// Makes an empty data file where there is none, even beside backups: for somebody who has said that this is meant.
///
/// # Errors
/// Those of the file system.
pub(crate) fn begin_anew(folder: &Path, cache_bytes: usize) -> Result<bool, OpenError> {
    let path = folder.join(FILE_NAME);
    create_folder(folder).map_err(|error| OpenError::Io(error.to_string()))?;
    create_alone(folder, &path, cache_bytes)
}

/// Makes the file unless another process is faster. True when it is new.
fn create_alone(folder: &Path, path: &Path, cache_bytes: usize) -> Result<bool, OpenError> {
    let io = |error: io::Error| OpenError::Io(error.to_string());
    // Two processes that start at once make one file: the lock is on the folder and goes with this function.
    let lock = File::open(folder).map_err(io)?;
    lock.lock().map_err(io)?;
    if fs::symlink_metadata(path).is_ok() {
        return Ok(false);
    }
    create(path, cache_bytes)?;
    lock.sync_all().map_err(io)?;
    Ok(true)
}

/// Makes a folder and those above it. A new folder is on disk once the one above it is, or a power cut could take it
/// away with all that is in it.
///
/// # Errors
/// Those of the file system; what was made by then stays.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for new in missing {
        // The umask may have taken more away than it should.
        fs::set_permissions(new, Permissions::from_mode(0o700))?;
        let above = new.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // One that we may write to but not read cannot be synced.
        if let Ok(above) = File::open(above) {
            above.sync_all()?;
        }
    }
    Ok(())
}

/// Makes the folder of backups of a data file if need be, for the owner of that file.
///
/// # Errors
/// Those of the file system.
pub(super) fn create_backups(data_file: &Path) -> io::Result<PathBuf> {
    let backups = folder_of(data_file).join(BACKUPS);
    let is_new = !backups.exists();
    create_folder(&backups)?;
    if is_new {
        let owner = owner(data_file)?;
        let _ = lchown(&backups, Some(owner.uid()), Some(owner.gid()));
    }
    Ok(backups)
}

/// Whose a data file is, or would be: where there is none the folder tells. Copies are given to them, as root may make one
/// for a service that has to reach it afterwards.
pub(super) fn owner(data_file: &Path) -> io::Result<Metadata> {
    fs::metadata(data_file).or_else(|_| fs::metadata(folder_of(data_file)))
}

/// Makes a data file under a temporary name and renames it when it is whole and on disk: a crash in between leaves
/// nothing that would be taken for a data file.
fn create(path: &Path, cache_bytes: usize) -> Result<(), OpenError> {
    let io = |error: io::Error| OpenError::Io(error.to_string());
    let temporary = path.with_extension("redb.new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&temporary).map_err(io)?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(io)?;
    let synced = file.try_clone().map_err(io)?;
    let made = (|| -> Result<(), Error> {
        let backend = FileBackend::new(file).map_err(redb::Error::from)?;
        let database =
            Builder::new().set_cache_size(cache_bytes).create_with_backend(backend).map_err(redb::Error::from)?;
        let mut tx = database.begin_write()?;
        tx.set_durability(Durability::Immediate).map_err(redb::Error::from)?;
        for table in tables::ALL {
            tx.open_table(table)?;
        }
        {
            let mut meta = tx.open_table(META)?;
            let mut put = |key: &str, value: &[u8]| meta.insert(key.as_bytes(), value).map(drop);
            put("schema", &FORMAT.to_be_bytes())?;
            put("version", env!("CARGO_PKG_VERSION").as_bytes())?;
            tables::put_meta_bytes(&mut meta, tables::SECRET, &random::bytes::<32>()?)?;
        }
        tx.commit()?;
        Ok(())
    })();
    made.map_err(|error| OpenError::Io(error.to_string()))?;
    synced.sync_all().map_err(io)?;
    fs::rename(&temporary, path).map_err(io)
}
