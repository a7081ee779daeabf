//! Room on the file system: looked at before it runs out.
//!
//! Below a bound nothing more is written but what removes something, or takes next to nothing. What is kept free that
//! way is what another program would keep in a file to delete: a file of ours would buy nothing beyond it, as redb uses
//! again what was removed and gives nothing back to the file system.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rustix::fs::statvfs;

use crate::limits::{SPACE_KEPT_BYTES_MAX, SPACE_KEPT_PART, SPACE_LOOK_EVERY};
use crate::store::backup::BackupError;

/// How much room there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) free_bytes: u64,
    /// Writing stops when less than this is free.
    pub(crate) kept_bytes: u64,
    /// It has stopped.
    pub(crate) is_short: bool,
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (free, kept) = (self.free_bytes / 1_000_000, self.kept_bytes.div_ceil(1_000_000));
        write!(f, "{free} MB are free, {kept} MB are kept so")
    }
}

/// The file system of a folder.
pub(super) struct Room {
    folder: PathBuf,
    seen: Mutex<(Option<Instant>, Space)>,
}

impl Room {
    pub(super) fn of(folder: &Path) -> Room {
        Room { folder: folder.to_owned(), seen: Mutex::default() }
    }

    /// Looks at most once in [`SPACE_LOOK_EVERY`]. A file system that does not tell has room: writing will show.
    pub(super) fn look(&self) -> Space {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0.is_none_or(|at| at.elapsed() >= SPACE_LOOK_EVERY)
            && let Ok((free_bytes, all_bytes)) = measure(&self.folder)
        {
            let kept_bytes = kept(all_bytes);
            // A little more than the bound ends it, so that it does not begin again at once.
            let enough = if seen.1.is_short { kept_bytes + kept_bytes / 8 } else { kept_bytes };
            *seen = (Some(Instant::now()), Space { free_bytes, kept_bytes, is_short: free_bytes < enough });
        }
        seen.1
    }
}

/// Bytes that we may still write to the file system of a folder, and bytes that it has.
fn measure(folder: &Path) -> io::Result<(u64, u64)> {
    #[cfg(test)]
    if let Some(free) = fault::free(folder) {
        return Ok((free, 1 << 40));
    }
    let about = statvfs(folder)?;
    Ok((about.f_bavail.saturating_mul(about.f_frsize), about.f_blocks.saturating_mul(about.f_frsize)))
}

/// What is kept free of a file system.
fn kept(all_bytes: u64) -> u64 {
    SPACE_KEPT_BYTES_MAX.min(all_bytes / SPACE_KEPT_PART)
}

/// Whether a file of that size can be written without using what is kept free.
///
/// # Errors
/// [`BackupError::Room`] when it cannot.
pub(super) fn demand(folder: &Path, needed: u64) -> Result<(), BackupError> {
    let (free, all) = measure(folder).map_err(|error| BackupError::Io("looking for room", error))?;
    let needed = needed.saturating_add(kept(all));
    if free < needed { Err(BackupError::Room { needed, free }) } else { Ok(()) }
}

/// File systems that are nearly full, for tests.
#[cfg(test)]
pub(super) mod fault {
    use super::*;

    static FREE: Mutex<Vec<(PathBuf, u64)>> = Mutex::new(Vec::new());

    /// Has a folder stand on a file system with so much room, or on its own again.
    pub(in crate::store) fn set_free(folder: &Path, free: Option<u64>) {
        let mut all = FREE.lock().unwrap();
        all.retain(|(known, _)| known != folder);
        all.extend(free.map(|free| (folder.to_owned(), free)));
    }

    pub(super) fn free(folder: &Path) -> Option<u64> {
        FREE.lock().unwrap().iter().find(|(known, _)| known == folder).map(|(_, free)| *free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_stops_below_the_bound_and_goes_on_a_little_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::of(folder.path());
        let kept = SPACE_KEPT_BYTES_MAX;
        for (free, is_short) in [
            (kept, false),
            (kept - 1, true),
            (0, true),
            (kept, true),
            (kept + kept / 8 - 1, true),
            (kept * 9 / 8, false),
        ] {
            fault::set_free(folder.path(), Some(free));
            room.seen.lock().unwrap().0 = None;
            assert_eq!(room.look(), Space { free_bytes: free, kept_bytes: kept, is_short }, "{free}");
        }
        fault::set_free(folder.path(), Some(0));
        assert!(!room.look().is_short, "not looked at twice in a second");
        fault::set_free(folder.path(), None);
        room.seen.lock().unwrap().0 = None;
        let about = room.look();
        assert!(about.free_bytes > 0 && about.kept_bytes <= SPACE_KEPT_BYTES_MAX, "{about}");
    }
}
