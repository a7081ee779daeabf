//! Room on the file system.

use std::io;
use std::path::Path;

use rustix::fs::statvfs;

use crate::store::backup::BackupError;

/// Bytes that we may still write to the file system of a folder.
pub(super) fn free_bytes(folder: &Path) -> io::Result<u64> {
    #[cfg(test)]
    if let Some(free) = fault::FREE.get() {
        return Ok(free);
    }
    let about = statvfs(folder)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

/// # Errors
/// [`BackupError::Room`] when there is less than that.
pub(super) fn demand(folder: &Path, needed: u64) -> Result<(), BackupError> {
    let free = free_bytes(folder).map_err(|error| BackupError::Io("looking for room", error))?;
    if free < needed { Err(BackupError::Room { needed, free }) } else { Ok(()) }
}

/// File systems that are nearly full, for tests, as seen by the thread that says so.
#[cfg(test)]
pub(super) mod fault {
    use std::cell::Cell;

    thread_local! {
        pub(in crate::store) static FREE: Cell<Option<u64>> = const { Cell::new(None) };
    }
}
