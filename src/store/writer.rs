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

use std::sync::Arc;

use redb::{Durability, ReadableDatabase, WriteTransaction};

use crate::click::Click;
use crate::limits::{CLICK_RETRY_MAX, SPACE_RETRY_MAX};
use crate::store::Report;
use crate::store::error::{Error, Kind};
use crate::store::file::DataFile;
use crate::store::ledger::{Done, Keeper};
use crate::store::queue::{Answer, Change, Job, Queue, Taking, Turn};
use crate::store::tables::{self, META};

/// The body of the writing thread: ends when the queue is stopped and empty.
pub(super) fn run(queue: &Queue, file: &DataFile, keeper: Keeper, report: Report) {
    let mut writer =
        Writer { queue, file, keeper, report, used: 0, undecided: None, is_short: false, is_in_trouble: false };
    while let Some(Turn { change, is_last }) = queue.next(writer.keeper.work()) {
        let retry_max = match writer.write(change, is_last) {
            Outcome::Written => continue,
            Outcome::Failed => CLICK_RETRY_MAX,
            Outcome::NoRoom => SPACE_RETRY_MAX,
        };
        let given_up = queue.note_failure(retry_max);
        if given_up > 0 {
            report(&format!("{given_up} clicks could not be written before the end"));
        }
    }
}

/// What came of a turn.
enum Outcome {
    Written,
    /// Clicks, or what is to be counted, have to be tried again.
    Failed,
    /// The same, for want of room.
    NoRoom,
}

impl Outcome {
    fn of(error: &Error) -> Outcome {
        if error.kind == Kind::Full { Outcome::NoRoom } else { Outcome::Failed }
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
    AtCommit(Error, Box<Undecided>, Option<Answer>),
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
    /// There is no room, and that was told.
    is_short: bool,
    /// The disk has failed, and nothing was written since.
    is_in_trouble: bool,
}

impl Writer<'_> {
    /// Writes a change, some clicks and a slice of counting in one transaction.
    fn write(&mut self, change: Option<Change>, is_last: bool) -> Outcome {
        let (job, refuse, taking) = match change {
            Some(Change { job, refuse, taking }) => (Some(job), Some(refuse), taking),
            None => (None, None, Taking::Room),
        };
        let refused = |error: Error| refuse.map_or((), |refuse| refuse(error));
        // What is kept free is for the end, too.
        let has_room = self.has_room() || is_last;
        if !has_room && taking == Taking::Room {
            refused(Error::new(Kind::Full, "the disk is nearly full"));
            return Outcome::NoRoom;
        }
        // Opening it after the last failure did not succeed.
        if !self.file.is_open() {
            self.file.reopen(self.report);
        }
        if let Err(error) = self.decide() {
            // Writing on would bury the answer under the next number.
            self.look_after(&error);
            let outcome = Outcome::of(&error);
            refused(error);
            return outcome;
        }
        let is_change = job.is_some();
        let clicks = if has_room { self.keeper.take(self.queue) } else { Arc::default() };
        // Nobody's change waits for counting, nor does the end; unless counting is what holds up the clicks.
        let counts = has_room && (!is_change && !is_last || self.keeper.is_crowded()) && self.keeper.begin_round();
        // After trouble a transaction with nothing in it shows whether it is over.
        if !is_change && clicks.is_empty() && !counts && !self.is_in_trouble {
            return Outcome::Written;
        }
        match self.attempt(job, &clicks, counts) {
            Ok(()) => Outcome::Written,
            Err(Failure::BeforeCommit(error)) => {
                self.keeper.forget();
                // A change that failed by itself takes no clicks with it.
                let change_alone_failed = is_change && !error.is_of_disk() && self.file.is_open();
                self.look_after(&error);
                let outcome = Outcome::of(&error);
                refused(error);
                match change_alone_failed {
                    true if clicks.is_empty() => Outcome::Written,
                    true => self.write(None, is_last),
                    // Somebody else's trouble is no reason to try again by oneself.
                    false if clicks.is_empty() && !counts && !self.is_in_trouble => Outcome::Written,
                    false => outcome,
                }
            }
            Err(Failure::AtCommit(error, undecided, answer)) => {
                self.undecided = Some(*undecided);
                self.look_after(&error);
                let (is_kept, outcome) = (self.decide(), Outcome::of(&error));
                match (&is_kept, answer) {
                    (Ok(true), Some(answer)) => answer(Ok(())),
                    (Ok(true), None) => {}
                    (Ok(false) | Err(_), _) => refused(error),
                }
                if matches!(is_kept, Ok(true)) { Outcome::Written } else { outcome }
            }
        }
    }

    /// Whether there is room to write. Says so when that turns.
    fn has_room(&mut self) -> bool {
        let space = self.file.room().look();
        match (self.is_short, space.is_short) {
            (false, true) => {
                let why = format!("the disk is nearly full: {space}");
                (self.report)(&format!("{why}. Nothing is written until there is room; redirects go on"));
                self.queue.note_disk_failure(why);
            }
            (true, false) => {
                (self.report)(&format!("there is room on the disk again: {space}. Writing goes on"));
                self.queue.note_room();
            }
            _ => {}
        }
        self.is_short = space.is_short;
        !space.is_short
    }

    /// Opens the file again after a disk error.
    fn look_after(&mut self, error: &Error) {
        if error.is_of_disk() {
            self.is_in_trouble = true;
            self.queue.note_disk_failure(error.to_string());
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
        if std::mem::take(&mut self.is_in_trouble) {
            (self.report)("the data file can be written again");
        }
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
            Err(error) => {
                let undecided = Box::new(Undecided { number: self.used, done });
                Err(Failure::AtCommit(error.into(), undecided, answer))
            }
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
