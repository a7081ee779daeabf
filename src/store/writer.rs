//! The one thread that writes.
//!
//! Everything that changes the file goes through here, so no two changes ever race: a change looks and writes in
//! one transaction, and its caller is answered after that transaction is on disk. Clicks ride along: they gather for a
//! moment in the [queue](crate::store::queue), are logged many at a time, and are counted in slices, see
//! [`ledger`](crate::store::ledger).
//!
//! A commit that fails may be in the file all the same: the disk can report an error after its work. So every
//! transaction has a number, kept in the file by the transaction itself; once the file is open again, it tells whether
//! the transaction is in it. That way a change is answered as what became of it, and no click is counted twice.

use redb::{Durability, ReadableDatabase, WriteTransaction};

use crate::click::Click;
use crate::store::Report;
use crate::store::error::{Error, Kind};
use crate::store::file::DataFile;
use crate::store::ledger::{Done, Keeper};
use crate::store::queue::{Answer, Change, Job, Queue, Turn};
use crate::store::tables::{self, META};

/// The body of the writing thread: ends when the queue is stopped and empty.
pub(super) fn run(queue: &Queue, file: &DataFile, keeper: Keeper, report: Report) {
    let mut writer = Writer { queue, file, keeper, report, used: 0, undecided: None };
    while let Some(Turn { change, is_last }) = queue.next(writer.keeper.work()) {
        if writer.write(change, is_last) {
            continue;
        }
        let given_up = queue.note_failure();
        if given_up > 0 {
            report(&format!("{given_up} clicks could not be written before the end"));
        }
    }
}

/// A commit that failed while the file could not be opened again: nobody knows yet whether the file has it.
struct Undecided {
    number: u64,
    /// What it did, if the file has it.
    done: Done,
}

/// A transaction that needs only its commit.
struct Filled {
    tx: WriteTransaction,
    done: Done,
    /// The answer that is owed to the change's caller.
    answer: Option<Answer>,
}

/// Why a transaction came to nothing, as far as is known.
enum Failure {
    /// It did not get to its commit: nothing of it is in the file.
    BeforeCommit(Error),
    /// Its commit failed, which does not tell whether the file has it. With it the answer owed to the change's caller.
    AtCommit(Error, Undecided, Option<Answer>),
}

/// What the thread knows.
struct Writer<'a> {
    queue: &'a Queue,
    file: &'a DataFile,
    keeper: Keeper,
    report: Report,
    /// The last number given to a transaction.
    used: u64,
    undecided: Option<Undecided>,
}

impl Writer<'_> {
    /// Writes a change, some clicks and a slice of counting in one transaction. False when clicks, or what is to be
    /// counted, have to be tried again.
    fn write(&mut self, change: Option<Change>, is_last: bool) -> bool {
        let (job, refuse) = match change {
            Some(Change { job, refuse }) => (Some(job), Some(refuse)),
            None => (None, None),
        };
        let refused = |error: Error| refuse.map_or((), |refuse| refuse(error));
        // Opening it after the last failure did not succeed.
        if !self.file.is_open() {
            self.file.reopen(self.report);
        }
        if let Err(error) = self.decide() {
            // Writing on would bury the answer under the next number.
            self.look_after(&error);
            refused(error);
            return false;
        }
        let is_change = job.is_some();
        let clicks = self.keeper.take(self.queue);
        // Nobody's change waits for counting, nor does the end; unless counting is what holds up the clicks.
        let counts = (!is_change && !is_last || self.keeper.is_crowded()) && self.keeper.begin_round();
        if !is_change && clicks.is_empty() && !counts {
            return true;
        }
        let is_alone = clicks.is_empty() && !counts;
        match self.attempt(job, &clicks, counts) {
            Ok(()) => true,
            Err(Failure::BeforeCommit(error)) => {
                self.keeper.forget();
                // A change that failed by itself takes no clicks with it.
                let change_alone_failed = is_change && error.kind != Kind::Disk && self.file.is_open();
                self.look_after(&error);
                refused(error);
                if change_alone_failed { clicks.is_empty() || self.write(None, is_last) } else { is_alone }
            }
            Err(Failure::AtCommit(error, undecided, answer)) => {
                self.undecided = Some(undecided);
                self.look_after(&error);
                let is_kept = self.decide();
                match (&is_kept, answer) {
                    (Ok(true), Some(answer)) => answer(Ok(())),
                    (Ok(true), None) => {}
                    (Ok(false) | Err(_), _) => refused(error),
                }
                is_alone || matches!(is_kept, Ok(true))
            }
        }
    }

    /// Opens the file again after a disk error.
    fn look_after(&self, error: &Error) {
        if error.kind == Kind::Disk {
            self.queue.note_disk_failure();
            (self.report)(&format!("the data file could not be written, opening it again: {error}"));
            self.file.reopen(self.report);
        }
    }

    /// Looks whether the file has the commit of which nobody knew. True when it does; what it did is remembered then.
    ///
    /// # Errors
    /// When the file cannot be read; the question stays open.
    fn decide(&mut self) -> Result<bool, Error> {
        let Some(undecided) = &self.undecided else { return Ok(false) };
        let tx = self.file.database()?.begin_read()?;
        let is_kept = tables::last_commit(&tx.open_table(META)?)? == undecided.number;
        if let Some(undecided) = self.undecided.take() {
            if is_kept {
                self.remember(undecided.done);
            } else {
                self.keeper.forget();
            }
        }
        Ok(is_kept)
    }

    fn remember(&mut self, done: Done) {
        let written = self.keeper.remember(done);
        self.queue.note_commit(written);
    }

    /// One transaction.
    fn attempt(&mut self, job: Option<Job>, clicks: &[Click], counts: bool) -> Result<(), Failure> {
        let Filled { tx, done, answer } = self.fill(job, clicks, counts).map_err(Failure::BeforeCommit)?;
        match tx.commit() {
            Ok(()) => {
                self.remember(done);
                if let Some(answer) = answer {
                    answer(Ok(()));
                }
                Ok(())
            }
            Err(error) => Err(Failure::AtCommit(error.into(), Undecided { number: self.used, done }, answer)),
        }
    }

    fn fill(&mut self, job: Option<Job>, clicks: &[Click], counts: bool) -> Result<Filled, Error> {
        let mut tx = self.file.database()?.begin_write()?;
        tx.set_durability(Durability::Immediate).map_err(|error| Error::new(Kind::Disk, error.to_string()))?;
        self.used = tables::number_commit(&tx, self.used)?;
        let answer = match job {
            Some(job) => Some(job(&tx)?),
            None => None,
        };
        let done = self.keeper.fill(&tx, clicks, counts, self.report);
        let done = done.map_err(|error| error.while_doing("counting clicks"))?;
        Ok(Filled { tx, done, answer })
    }
}

#[cfg(test)]
mod tests;
