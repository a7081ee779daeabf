//! Whether a data file is what it should be.
//!
//! Four levels: redb's own look at every page; every row reads; tables that say the same agree, both ways; the sums of
//! clicks are those of their parts. Each finding begins with its level: pages, rows, tables or sums. Nothing is held in memory but one row of each kind, so the size of the file does
//! not matter.

mod clicks;
mod links;
mod people;
mod sums;

use redb::{
    Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    StorageError, TableError,
};

use crate::limits::FINDINGS_MAX;
use crate::store::error::{Error, Kind, unless_damaged};
use crate::store::record::{self, ClockRecord};
use crate::store::settings;
use crate::store::tables::{self, Definition};

/// What a look at a whole file has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) users: u64,
    pub(crate) links: u64,
    /// People's and bots' clicks, counted or still in the log.
    pub(crate) clicks: u64,
    /// It was not closed cleanly, or redb's own book-keeping was off; the last commit is whole.
    pub(crate) repaired: bool,
    /// Rows that do not read, and rows that contradict others.
    pub(crate) damage: Findings,
    /// Rows that nobody needs, left by damage that was passed over.
    pub(crate) leftovers: Findings,
}

impl Report {
    /// True when redb itself finds all pages as it wrote them, whatever stands in them. Damaged ones are found first.
    pub(super) fn has_whole_pages(&self) -> bool {
        !self.damage.shown.first().is_some_and(|first| first.starts_with("pages: "))
    }
}

/// Rows by table and key, and what is wrong with each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// The first [`FINDINGS_MAX`] of them.
    pub(crate) shown: Vec<String>,
    pub(crate) count: u64,
}

impl Findings {
    pub(super) fn add(&mut self, what: String) {
        self.count += 1;
        if self.shown.len() < FINDINGS_MAX {
            self.shown.push(what);
        }
    }
}

/// Why a row is not fine.
enum Flaw {
    Damage(String),
    Leftover(String),
    /// The file could not be read.
    Fatal(Error),
}

impl From<Error> for Flaw {
    fn from(error: Error) -> Flaw {
        if error.kind == Kind::Damaged { Flaw::Damage(format!("rows: {error}")) } else { Flaw::Fatal(error) }
    }
}

impl From<StorageError> for Flaw {
    fn from(error: StorageError) -> Flaw {
        Flaw::Fatal(error.into())
    }
}

impl From<TableError> for Flaw {
    fn from(error: TableError) -> Flaw {
        match error {
            TableError::Storage(error) => error.into(),
            other => Flaw::Damage(format!("tables: {other}")),
        }
    }
}

/// Two tables contradict each other.
fn damage(table: &str, key: &[u8], why: &str) -> Flaw {
    Flaw::Damage(format!("tables: {}", Error::damaged(table, key, why)))
}

/// Clicks were counted wrongly.
fn miscount(table: &str, key: &[u8], why: &str) -> Flaw {
    Flaw::Damage(format!("sums: {}", Error::damaged(table, key, why)))
}

fn leftover(table: &str, key: &[u8], why: &str) -> Flaw {
    Flaw::Leftover(Error::damaged(table, key, why).to_string())
}

type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The file at one moment, and what has been found in it.
struct Examiner<'a> {
    tx: &'a ReadTransaction,
    report: Report,
}

/// Looks at everything in an open file. Nobody else may be using it.
///
/// # Errors
/// When the file cannot be read. Damage is an answer.
pub(super) fn examine(database: &mut Database) -> Result<Report, Error> {
    let mut report = Report::default();
    match database.check_integrity() {
        Ok(is_sound) => report.repaired = !is_sound,
        Err(DatabaseError::Storage(StorageError::Corrupted(why))) => {
            report.damage.add(format!("pages: {why}"));
            return Ok(report);
        }
        Err(error) => return Err(redb::Error::from(error).into()),
    }
    let tx = database.begin_read()?;
    let mut examiner = Examiner { tx: &tx, report };
    for look in [Examiner::meta, Examiner::people, Examiner::links, Examiner::clicks] {
        let outcome = look(&mut examiner);
        examiner.note(outcome)?;
    }
    Ok(examiner.report)
}

impl Examiner<'_> {
    fn open(&self, table: Definition) -> Result<Rows, Flaw> {
        Ok(self.tx.open_table(table)?)
    }

    fn note(&mut self, outcome: Result<(), Flaw>) -> Result<(), Error> {
        match outcome {
            Ok(()) => {}
            Err(Flaw::Damage(what)) => self.report.damage.add(what),
            Err(Flaw::Leftover(what)) => self.report.leftovers.add(what),
            Err(Flaw::Fatal(error)) => return Err(error),
        }
        Ok(())
    }

    /// Looks at every row of a table; what is wrong with one does not keep the others from being looked at.
    fn each(&mut self, rows: &Rows, mut look: impl FnMut(&[u8], &[u8]) -> Result<(), Flaw>) -> Result<(), Flaw> {
        for row in rows.iter()? {
            let (key, raw) = row?;
            self.note(look(key.value(), raw.value())).map_err(Flaw::Fatal)?;
        }
        Ok(())
    }

    fn meta(&mut self) -> Result<(), Flaw> {
        self.report.users = self.open(tables::USER)?.len()?;
        self.report.links = self.open(tables::LINK)?.len()?;
        let meta = self.open(tables::META)?;
        self.each(&meta, |key, raw| {
            let fits = match key {
                tables::SECRET => return Ok(tables::meta_bytes::<32>(key, raw).map(drop)?),
                b"seq" => return Ok(tables::meta_bytes::<4>(key, raw).map(drop)?),
                b"schema" => raw.len() == 4,
                b"commit" | tables::REMAINS => raw.len() == 8,
                b"settings" => return Ok(settings::of(&meta).map(drop)?),
                b"clock" => return Ok(record::unseal::<ClockRecord>(key, raw).map(drop)?),
                b"ingest" => return Ok(tables::place(&meta).map(drop)?),
                _ => true,
            };
            if fits { Ok(()) } else { Err(damage("meta", key, "of a wrong length")) }
        })?;
        if meta.get(tables::SECRET)?.is_none() {
            return Err(damage("meta", tables::SECRET, "missing"));
        }
        Ok(())
    }

    /// The last number given to a user or a link.
    fn last_id(&self) -> Result<u32, Flaw> {
        let meta = self.open(tables::META)?;
        // One that does not read was reported already.
        Ok(unless_damaged(tables::last_id(&meta))?.unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests;
