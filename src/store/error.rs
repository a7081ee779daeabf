//! What can go wrong with the data file, for the operator.

use std::io::ErrorKind;

/// A failure of the store: what we were doing, and the cause. It travels up untouched and is reported once.
#[derive(Debug, Clone)]
pub(crate) struct Error {
    pub(crate) kind: Kind,
    doing: &'static str,
    cause: String,
}

/// What a caller may want to choose by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The disk or the file system refused. The handle is not used again; the writer opens the file anew.
    Disk,
    /// Pages are not what redb has written. The handle is used no more than after [`Kind::Disk`].
    Nonsense,
    /// There is no room on the disk. Nothing was written.
    Full,
    /// A record does not read as what it should be. Only that record is affected.
    Damaged,
    /// The store is closed, or is being opened again after a disk error.
    Unavailable,
}

impl Error {
    pub(crate) fn new(kind: Kind, cause: impl Into<String>) -> Error {
        Error { kind, doing: "", cause: cause.into() }
    }

    /// A record under `key` that does not decode.
    pub(crate) fn damaged(table: &str, key: &[u8], why: impl std::fmt::Display) -> Error {
        Error::new(Kind::Damaged, format!("{table} {}: {why}", key.escape_ascii()))
    }

    /// True when the handle on the file is of no use any more.
    pub(super) fn is_of_disk(&self) -> bool {
        matches!(self.kind, Kind::Disk | Kind::Nonsense | Kind::Full)
    }

    /// Names what failed; the innermost name stays.
    pub(crate) fn while_doing(mut self, doing: &'static str) -> Error {
        if self.doing.is_empty() {
            self.doing = doing;
        }
        self
    }
}

/// Passes over what does not read: `None` for a damaged record, so that it cannot hide all others.
///
/// # Errors
/// All but [`Kind::Damaged`].
pub(super) fn unless_damaged<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Err(error) if error.kind == Kind::Damaged => Ok(None),
        other => other.map(Some),
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.doing.is_empty() { f.write_str(&self.cause) } else { write!(f, "{}: {}", self.doing, self.cause) }
    }
}

impl From<redb::Error> for Error {
    fn from(error: redb::Error) -> Error {
        let kind = match error {
            redb::Error::DatabaseClosed => Kind::Unavailable,
            redb::Error::Io(ref why) => match why.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Kind::Full,
                // A page leads behind the end of the file, or is one that redb cannot make sense of.
                ErrorKind::UnexpectedEof | ErrorKind::InvalidData => Kind::Nonsense,
                _ => Kind::Disk,
            },
            redb::Error::PreviousIo => Kind::Disk,
            // Also tables that are missing or of another kind: ours are all there since the file was made.
            _ => Kind::Nonsense,
        };
        Error::new(kind, error.to_string())
    }
}

impl From<redb::StorageError> for Error {
    fn from(error: redb::StorageError) -> Error {
        redb::Error::from(error).into()
    }
}

impl From<redb::TableError> for Error {
    fn from(error: redb::TableError) -> Error {
        redb::Error::from(error).into()
    }
}

impl From<redb::TransactionError> for Error {
    fn from(error: redb::TransactionError) -> Error {
        redb::Error::from(error).into()
    }
}

impl From<redb::CommitError> for Error {
    fn from(error: redb::CommitError) -> Error {
        redb::Error::from(error).into()
    }
}

impl From<crate::random::NoRandomness> for Error {
    fn from(error: crate::random::NoRandomness) -> Error {
        Error::new(Kind::Unavailable, error.to_string())
    }
}

/// Why a data file was not opened. The file is as it was, byte for byte.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// Another process has it open.
    InUse,
    /// It is not one of ours, or damaged; the text says how that was noticed.
    Damaged(String),
    /// A newer version of this program wrote it.
    Newer { found: u32, ours: u32, version: String },
    /// It is missing, but its backups are here: somebody should look before a new one is begun.
    MissingBesideBackups,
    /// It is missing, and a backup was on its way to its place.
    MissingInRestore,
    /// It is of an older format, and was to be left at that.
    Older { found: u32, ours: u32 },
    /// It is of an older format, and could not be brought to ours.
    NotUpgraded { found: u32, ours: u32, why: String },
    /// The operating system refused.
    Io(String),
    /// The disk failed while what is in it was read.
    Disk(String),
}

impl OpenError {
    /// redb takes some damage for a bug of its own, and panics with this text.
    pub(super) fn nonsense(panic: &str) -> OpenError {
        OpenError::Damaged(format!("its pages make no sense: {panic}"))
    }
}

impl From<Error> for OpenError {
    fn from(error: Error) -> OpenError {
        match error.kind {
            Kind::Damaged | Kind::Nonsense => OpenError::Damaged(error.to_string()),
            Kind::Disk | Kind::Full | Kind::Unavailable => OpenError::Disk(error.to_string()),
        }
    }
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OpenError::InUse => f.write_str("in use by a running server"),
            OpenError::Damaged(why) => write!(f, "damaged or not a Linkjar data file ({why})"),
            OpenError::Newer { found, ours, version } => {
                write!(f, "written by version {version} (format {found}, this is format {ours})")
            }
            OpenError::Older { found, ours } => write!(f, "of format {found}, this is format {ours}"),
            OpenError::NotUpgraded { found, ours, why } => {
                write!(f, "of format {found}, and could not be brought to format {ours} ({why})")
            }
            OpenError::MissingBesideBackups => f.write_str("missing, but its backups are here"),
            OpenError::MissingInRestore => f.write_str("missing, and a restore is under way or was cut off"),
            OpenError::Io(why) | OpenError::Disk(why) => f.write_str(why),
        }
    }
}
