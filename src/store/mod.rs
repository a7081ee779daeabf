//! The data file: users, sessions, links and clicks in one redb database.
//!
//! # Format
//! Tables and keys stand in [`tables`], records in [`record`]. `meta["schema"]` is the version of both; a file with a
//! larger number is refused untouched. New fields are new record versions, read lazily.
//!
//! # Invariants
//! - One thread writes ([`writer`]); every other thread reads snapshots. A change looks and writes in one
//!   transaction, and its caller hears of it after the commit is on disk.
//! - A link stands in `link`, in `redirect` and in its owner's `link_count`, or in none of them.
//! - A click is logged, then counted once, see [`ledger`]: its segment and its sums, also those of its link's owner and of
//!   the site, are written in the same transaction, so they always agree; a click that makes room for a newer one stays
//!   counted.
//! - Secrets are not here: passwords, sessions and one-time links are kept as hashes only.
//!
//! Nothing here knows of HTTP, logs, or asks the time: times come in as parameters.

mod backend;
mod backup;
mod check;
mod clicks;
mod clock;
mod copy;
mod create;
mod devices;
mod dirty;
mod error;
mod file;
mod health;
mod hot;
mod invitations;
mod keepers;
mod ledger;
mod link_pages;
mod link_past;
mod links;
mod one_time;
mod queue;
mod quiet;
mod record;
mod redirects;
mod removal;
mod renew;
mod sessions;
mod settings;
mod site_pages;
mod space;
mod standing;
mod tables;
mod upgrade;
mod user_pages;
mod users;
mod writer;

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use redb::{ReadTransaction, ReadableDatabase, ReadableTableMetadata, WriteTransaction};

#[cfg(test)]
pub(crate) use backend::fault::Fault;
pub(crate) use backup::{
    Backup, BackupError, BackupFile, BackupReader, DAMAGED, Daily, Restore, Stage, Task, Tell, Watch, check_file,
    prove_copy,
};
pub(crate) use check::{Findings, Report as CheckReport};
pub(crate) use clicks::{History, Numbers, OneDay, Period, Places, Seen, TallyOf, Whose};
pub(crate) use create::{begin_anew, create_folder};
pub(crate) use error::{Error, Kind, OpenError};
pub(crate) use file::{FILE_NAME, Opened};
pub(crate) use health::Health;
pub(crate) use keepers::Kept;
pub(crate) use link_pages::{Cursor, Page, Row, Sort, Step, Wanted};
pub(crate) use link_past::Past;
pub(crate) use links::{NotMade, NotRenamed};
pub(crate) use quiet::{is_trying, quietly, text_of};
pub(crate) use redirects::Redirect;
pub(crate) use settings::{Redirects, SETTINGS, Setting, Settings};
pub(crate) use site_pages::{SitePage, SiteStep};
pub(crate) use standing::Refused;
pub(crate) use upgrade::{Upgraded, try_upgrade};
pub(crate) use user_pages::{UserPage, UserStep};
pub(crate) use users::NewAccountError;

use file::DataFile;
use hot::Hot;
use ledger::{Keeper, Ledger, Pace};
use queue::{Queue, Taking};

/// How the writing thread tells the operator of trouble: one sentence.
pub(crate) type Report = fn(&str);

/// The open store. Dropping it writes what waits and closes the file.
pub(crate) struct Store {
    file: Arc<DataFile>,
    queue: Arc<Queue>,
    ledger: Arc<Ledger>,
    hot: Hot,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Held while the file is being copied: one at a time.
    copying: Mutex<()>,
    /// Logged clicks that opening found, and that are counted from here on.
    pub(crate) found_in_log: usize,
}

impl Store {
    /// Opens the data file in `folder`, making both when they do not exist.
    ///
    /// # Errors
    /// As [`OpenError`] says; an existing file is unchanged then.
    pub(crate) fn open_and_tell(
        folder: &Path,
        cache_bytes: usize,
        report: Report,
        tell: Tell,
    ) -> Result<(Store, Opened), OpenError> {
        let (file, opened) = DataFile::open(folder, cache_bytes, tell)?;
        Ok((Store::on(file, Pace::default(), report)?, opened))
    }

    /// The same without a word on how far it is.
    #[cfg(test)]
    pub(crate) fn open(folder: &Path, cache_bytes: usize, report: Report) -> Result<(Store, Opened), OpenError> {
        Store::open_and_tell(folder, cache_bytes, report, |_| {})
    }

    /// The store on an open file.
    fn on(file: DataFile, pace: Pace, report: Report) -> Result<Store, OpenError> {
        let file = Arc::new(file);
        let queue = Arc::new(Queue::new());
        let ledger = Arc::new(Ledger::new(pace));
        let (tell_start, started) = sync_channel(1);
        let writer = {
            let (file, queue, ledger) = (Arc::clone(&file), Arc::clone(&queue), Arc::clone(&ledger));
            thread::Builder::new().name("writer".to_owned()).spawn(move || {
                let start = || -> Result<Keeper, OpenError> {
                    let read = || Keeper::start(ledger, &file.database()?.begin_read()?, report);
                    let keeper = read()?;
                    file.release().map(|()| keeper)
                };
                // Allocators keep threads apart: what reading the log takes is given back to the one that has read it,
                // and no other thread will ever need as much.
                let keeper = match quietly(start).unwrap_or_else(|why| Err(OpenError::nonsense(&why))) {
                    Ok(keeper) => keeper,
                    Err(error) => return drop(tell_start.send(Err(error))),
                };
                if tell_start.send(Ok(())).is_err() {
                    return;
                }
                // Without its writer the store would answer errors for ever; a supervisor can start it anew.
                let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    writer::run(&queue, &file, keeper, report)
                }));
                if ended.is_err() {
                    std::process::exit(exit_code(&file, report));
                }
            })
        };
        let writer = writer.map_err(|error| OpenError::Io(error.to_string()))?;
        if let Err(error) = started.recv().unwrap_or_else(|_| Err(OpenError::nonsense(""))) {
            // It has the file until its end. What closing writes reaches nothing.
            drop(writer.join());
            let _ = file.close();
            return Err(error);
        }
        let found_in_log = ledger.uncounted();
        let writer = Mutex::new(Some(writer));
        Ok(Store { file, queue, ledger, hot: Hot::new(), writer, copying: Mutex::default(), found_in_log })
    }

    /// Writes what waits and closes the file. Later calls find it closed. Whoever has to know how that went calls
    /// [`Store::close_well`].
    pub(crate) fn close(&self) {
        let _ = self.close_well();
    }

    /// Closes the store and says how that went.
    ///
    /// # Errors
    /// When redb stumbles over its own pages while it closes them; [`Kind::Damaged`] when they are to blame.
    pub(crate) fn close_well(&self) -> Result<(), Error> {
        self.queue.stop();
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The thread turns its own panics into an exit.
            drop(writer.join());
        }
        self.file.close().map_err(|why| {
            let kind = if is_damaged(&self.file) { Kind::Damaged } else { Kind::Disk };
            Error::new(kind, format!("it could not be closed well; it is examined at the next start: {why}"))
        })
    }

    /// Bytes the data file occupies on disk.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.file.size_bytes()
    }

    /// Users and links in the file. Of a user who is removed an address is not kept.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn counts(&self) -> Result<(u64, u64), Error> {
        self.read("counting users and links", |tx| {
            Ok((tx.open_table(tables::USER_EMAIL)?.len()?, tx.open_table(tables::LINK)?.len()?))
        })
    }

    /// The secret of this instance, 256 bits; form tokens are made with it.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn secret(&self) -> Result<[u8; 32], Error> {
        self.read("reading the secret", tables::secret)
    }

    fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&ReadTransaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let attempt = || work(&self.file.database()?.begin_read()?);
        let outcome = attempt();
        if outcome.as_ref().is_err_and(|error| error.kind != Kind::Damaged) {
            self.queue.look_after_file();
        }
        outcome.map_err(|error| error.while_doing(doing))
    }

    fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.queue.change(Taking::Room, work).map_err(|error| error.while_doing(doing))
    }

    /// The same for what removes something, or takes next to nothing of the disk: it goes on when room is short.
    fn write_sparingly<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.queue.change(Taking::Nothing, work).map_err(|error| error.while_doing(doing))
    }

    /// Runs `work` when the last commit is whole and no other can begin. Nothing of its own is written, so a full disk
    /// does not matter.
    fn look_between_commits<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, seen) = sync_channel(1);
        let undone = self.write_sparingly::<()>(doing, move |tx| {
            // Whoever waits for it does so until the end of this change.
            let _ = sender.send(work(tx));
            Err(Error::new(Kind::Damaged, "nothing is to be written"))
        });
        match (seen.try_recv(), undone) {
            (Ok(outcome), _) => outcome.map_err(|error| error.while_doing(doing)),
            (Err(_), Err(error)) => Err(error),
            (Err(_), Ok(())) => Err(Error::new(Kind::Unavailable, "nobody looked").while_doing(doing)),
        }
    }
}

/// What the process ends with when its writing thread has failed.
///
/// Damage makes redb panic. Opening a file that was closed well does not show it, and each new start would go the same
/// way: whoever keeps the server running has to be told.
fn exit_code(file: &DataFile, report: Report) -> i32 {
    // Closing may fail like the writing did; the file is let go of all the same.
    let _ = file.close();
    if is_damaged(file) {
        report("the data file is damaged; the process ends. Put a backup in its place: linkjar restore FILE");
        return 4;
    }
    report("the writing thread failed; the process ends");
    1
}

/// Looks at everything in a file that was closed.
fn is_damaged(file: &DataFile) -> bool {
    let check = || match check_file(file.path(), file.cache_bytes()) {
        Err(BackupError::Open(OpenError::InUse)) => None,
        checked => Some(checked),
    };
    match quietly(|| file::when_let_go(check)).ok().flatten() {
        Some(Ok(found)) => found.damage.count > 0,
        Some(Err(error)) => error.is_damage(),
        None => false,
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
