//! A file that becomes a copy of the data file: under a temporary name until it is whole, and never in another's place.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};

use crate::limits::{COPY_PAUSE_MAX, COPY_PIECE_CHUNKS};
use crate::store::backend::Storage;
use crate::store::backup::{BackupError, Stage, Watch, doing};
use crate::store::create::{BACKUPS, owner};
use crate::store::dirty::CHUNK_BYTES;

/// A file under a temporary name; dropped, it is gone.
pub(super) struct Temporary {
    path: PathBuf,
    pub(super) file: Arc<File>,
}

impl Temporary {
    /// Makes it, for nobody but the owner of the data file; one that a killed process left behind goes first.
    pub(super) fn create(path: PathBuf, data_file: &Path) -> Result<Temporary, BackupError> {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(BackupError::Io("removing an unfinished copy", error));
            }
            _ => {}
        }
        let create = doing("making the copy");
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path).map_err(&create)?;
        // From here on it is removed when something fails. The umask may have taken more away than it should.
        let temporary = Temporary { path, file: Arc::new(file) };
        temporary.file.set_permissions(Permissions::from_mode(0o600)).map_err(&create)?;
        let owner = owner(data_file).map_err(create)?;
        let _ = fchown(&temporary.file, Some(owner.uid()), Some(owner.gid()));
        Ok(temporary)
    }

    /// Its name, as long as no other file stands under it: two instances that came from one backup give theirs the same.
    ///
    /// # Errors
    /// When another does, or none.
    pub(super) fn path(&self) -> Result<&Path, BackupError> {
        let named = fs::symlink_metadata(&self.path).and_then(|named| Ok(is_same(&named, &self.file.metadata()?)));
        match named {
            Ok(true) => Ok(&self.path),
            Ok(false) => Err(BackupError::Io("looking for the copy", io::Error::other("another took its place"))),
            Err(why) => Err(BackupError::Io("looking for the copy", why)),
        }
    }

    /// Gives it its name. What stands there already stays.
    pub(super) fn keep(self, target: &Path) -> Result<(), BackupError> {
        #[cfg(test)]
        crate::store::backup::tests::at_naming(&self.path);
        rename(self.path()?, target).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => BackupError::Exists(target.to_owned()),
            _ => BackupError::Io("naming the copy", error),
        })?;
        sync_folder(target).map_err(doing("naming the copy"))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing under this name, or what somebody else has begun.
        let _ = self.path().map(fs::remove_file);
    }
}

/// True when both are of one file.
pub(super) fn is_same(a: &Metadata, b: &Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// What the data file's copies are called while they are unfinished, beside it.
pub(super) const RESTORING: &str = "redb.restoring";
pub(super) const UPGRADING: &str = "redb.upgrading";
pub(super) const RENEWING: &str = "redb.renewing";

/// What an unfinished copy is called elsewhere: the same name each time, so that the next one finds what a killed process
/// has left behind, and another for each instance, as several may keep their backups in one folder.
pub(super) fn unfinished(secret: &[u8]) -> String {
    let sum = Sha256::new().chain_update(b"unfinished copy").chain_update(secret).finalize();
    format!(".linkjar-{}.partial", crate::random::hex(&sum[..4]))
}

/// The same for one that is written anew.
pub(super) fn unfinished_anew(secret: &[u8]) -> String {
    unfinished(secret) + ".compact"
}

/// Removes what a killed process of this instance has left of copies, as far as that is possible. Nobody else may be at
/// the data file.
pub(super) fn remove_unfinished(data_file: &Path, secret: &[u8]) {
    let place = fs::canonicalize(data_file).unwrap_or_else(|_| data_file.to_owned());
    let mut left: Vec<PathBuf> = [RESTORING, UPGRADING, RENEWING].map(|name| place.with_extension(name)).into();
    let folder = folder_of(data_file);
    for folder in [folder, &folder.join(BACKUPS)] {
        left.extend([unfinished(secret), unfinished_anew(secret)].map(|name| folder.join(name)));
    }
    for path in left {
        let _ = fs::remove_file(path);
    }
}

/// Renames a file unless there is another under the new name.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`], and those of the file system.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
        other => return Ok(other?),
    }
    // A file system that knows no such renaming; a second name takes no other's place either.
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

/// Puts a file's name on disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Where a file stands.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How fast a file is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    /// Nobody else needs the disk.
    Full,
    /// Half of the disk's time is left for others: after each piece there is a pause of the time that it took. Each is
    /// on disk before the next begins, or whoever syncs meanwhile would wait for all of it.
    Half,
}

/// Copies all of a file, but for what is zero: the copy is as sparse. Its length is that of what was copied.
pub(super) fn copy_all(from: &Storage, to: &File, haste: Haste, watch: Watch<'_>) -> Result<(), BackupError> {
    let write = doing("writing the copy");
    let total = from.len().map_err(&write)?;
    let mut buffer = vec![0; CHUNK_BYTES as usize];
    let chunks: Vec<u64> = (0..total.div_ceil(CHUNK_BYTES)).collect();
    for piece in chunks.chunks(COPY_PIECE_CHUNKS) {
        let start = Instant::now();
        for chunk in piece {
            copy_chunk(from, to, *chunk, &mut buffer, Chunk::New).map_err(&write)?;
        }
        let done = piece.last().map_or(0, |last| ((last + 1) * CHUNK_BYTES).min(total));
        if watch(Stage::Copying { done, total }).is_break() {
            return Err(BackupError::Cancelled);
        }
        if haste == Haste::Half {
            to.sync_data().map_err(&write)?;
            thread::sleep(start.elapsed().min(COPY_PAUSE_MAX));
        }
    }
    to.set_len(total).map_err(write)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Nothing of it is in the copy: zeros need not be written.
    New,
    Again,
}

/// Copies a chunk, or what the file has of it.
pub(super) fn copy_chunk(from: &Storage, to: &File, chunk: u64, buffer: &mut [u8], kind: Chunk) -> io::Result<()> {
    let offset = chunk * CHUNK_BYTES;
    let left = from.len()?.saturating_sub(offset).min(CHUNK_BYTES);
    // At most a chunk, so it fits.
    let part = &mut buffer[..left as usize];
    match from.read(offset, part) {
        Ok(()) => {}
        // The file became shorter in between; what it lost is not needed.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
        Err(error) => return Err(error),
    }
    if kind == Chunk::New && part.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    #[cfg(test)]
    crate::store::backup::tests::at_copy()?;
    to.write_all_at(part, offset)
}

/// Reads a file to its end, and writes what it reads to another if there is one. Returns its length and SHA-256.
pub(super) fn digest(mut from: &File, to: Option<&File>, watch: Watch<'_>) -> Result<(u64, String), BackupError> {
    let total = from.metadata().map_err(doing("reading the file"))?.len();
    let (mut sha, mut done, mut buffer) = (Sha256::new(), 0, vec![0; CHUNK_BYTES as usize]);
    loop {
        let count = from.read(&mut buffer).map_err(doing("reading the file"))?;
        if count == 0 {
            return Ok((done, crate::random::hex(&sha.finalize())));
        }
        sha.update(&buffer[..count]);
        if let Some(mut to) = to {
            to.write_all(&buffer[..count]).map_err(doing("writing the copy"))?;
        }
        done += count as u64;
        if to.is_some() && watch(Stage::Copying { done, total }).is_break() {
            return Err(BackupError::Cancelled);
        }
    }
}
