//! The backups that are there.

use std::fs::{self, File};
use std::io::{self, Read};

use super::daily::number_in;
use super::folder_of;
use crate::clock::Timestamp;
use crate::limits::BACKUPS_SHOWN_MAX;
use crate::store::Store;
use crate::store::create::BACKUPS;
use crate::store::dirty::CHUNK_BYTES;
use crate::store::error::{Error, Kind};

/// A file that has passed when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BackupFile {
    pub(crate) name: String,
    pub(crate) made: Timestamp,
    pub(crate) bytes: u64,
}

/// One that is being read.
#[derive(Debug)]
pub(crate) struct BackupReader(File);

impl BackupReader {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn next(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (&mut self.0).take(CHUNK_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Names that backups are given: of a day, of a second, or of a number.
fn is_name(name: &str) -> bool {
    let middle = name.strip_prefix("linkjar-").and_then(|rest| rest.strip_suffix(".redb"));
    let is_time = |middle: &str| !middle.is_empty() && middle.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    middle.is_some_and(is_time) || number_in(name).is_some()
}

impl Store {
    /// The newest backups in the folder below the data folder, the newest first; none when the folder does not read.
    pub(crate) fn backups(&self) -> Vec<BackupFile> {
        let folder = folder_of(self.file.path()).join(BACKUPS);
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<BackupFile> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok().filter(|name| is_name(name))?;
                let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                let age = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
                let made = Timestamp::from_ms(i64::try_from(age.as_millis()).ok()?);
                Some(BackupFile { name, made, bytes: about.len() })
            })
            .collect();
        files.sort_by(|a, b| (b.made, &b.name).cmp(&(a.made, &a.name)));
        files.truncate(BACKUPS_SHOWN_MAX);
        files
    }

    /// Opens one of them. `None` for any other name.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn open_backup(&self, name: &str) -> Result<Option<BackupReader>, Error> {
        if !self.backups().iter().any(|backup| backup.name == name) {
            return Ok(None);
        }
        let path = folder_of(self.file.path()).join(BACKUPS).join(name);
        let opened = File::open(path).map(|file| Some(BackupReader(file)));
        opened.map_err(|error| Error::new(Kind::Disk, error.to_string()).while_doing("opening a backup"))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::store::tests::{NOW, fresh};

    #[test]
    fn the_list_has_backups_and_nothing_else_and_only_those_are_opened() {
        let (folder, store) = fresh();
        assert_eq!(store.backups(), []);
        let made = store.back_up(&store.new_backup(NOW).unwrap(), &mut |_| ControlFlow::Continue(())).unwrap();
        let backups = folder.path().join(BACKUPS);
        for other in
            [".linkjar-12345678.partial", "linkjar-.redb", "linkjar-x.redb", "notes.txt", "linkjar-2025.redb.old"]
        {
            fs::write(backups.join(other), "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", backups.join("linkjar-2026-01-01.redb")).unwrap();
        fs::create_dir(backups.join("linkjar-2026-01-02.redb")).unwrap();
        let listed = store.backups();
        assert_eq!((listed.len(), listed[0].bytes), (1, made.bytes));
        assert_eq!(made.path.file_name().unwrap().to_str(), Some(listed[0].name.as_str()));
        for name in ["", "notes.txt", "../linkjar.redb", "linkjar-2026-01-01.redb", "linkjar-2026-01-02.redb"] {
            assert!(store.open_backup(name).unwrap().is_none(), "{name}");
        }
        let mut reader = store.open_backup(&listed[0].name).unwrap().unwrap();
        let mut all = Vec::new();
        loop {
            let piece = reader.next().unwrap();
            if piece.is_empty() {
                break;
            }
            assert!(piece.len() <= 64 << 10);
            all.extend(piece);
        }
        assert_eq!(all, fs::read(&made.path).unwrap());
    }
}
