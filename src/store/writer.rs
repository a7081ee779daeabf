//! The one thread that writes.
//!
//! Everything that changes the file goes through here, so no two changes ever race: a change looks and writes in
//! one transaction, and its caller is answered after that transaction is on disk. Clicks ride along. They come in
//! through a bounded queue that never makes a redirect wait, gather for a moment, and are written many at a time.
//!
//! A commit that fails may be in the file all the same: the disk can report an error after its work. So every
//! transaction has a number, kept in the file by the transaction itself; once the file is open again, it tells whether
//! the transaction is in it. That way a change is answered as what became of it, and no click is counted twice.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redb::{Durability, ReadableDatabase, WriteTransaction};

use crate::click::Click;
use crate::limits::{
    CLICK_FLUSH, CLICK_GATHER, CLICK_QUEUE_MAX, CLICK_RETRY_MAX, CLICKS_PER_COMMIT_MAX, CLICKS_UNDER_LOAD,
};
use crate::store::error::{Error, Kind};
use crate::store::file::DataFile;
use crate::store::tables::{self, META};
use crate::store::{Report, clicks};

/// A change: works inside the transaction and returns how to tell its caller the outcome of the commit.
type Job = Box<dyn FnOnce(&WriteTransaction) -> Result<Answer, Error> + Send>;
/// Given the commit's outcome, tells the caller.
type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Tells the caller of a change that it failed before its commit.
type Refusal = Box<dyn FnOnce(Error) + Send>;

struct Change {
    job: Job,
    refuse: Refusal,
}

#[derive(Default)]
struct Waiting {
    changes: VecDeque<Change>,
    clicks: VecDeque<Click>,
    /// Clicks that the thread has taken and not yet written.
    in_hand: usize,
    /// When the oldest waiting click came.
    since: Option<Instant>,
    /// Commits of clicks that failed since the last that did not.
    failures: u32,
    /// When the disk last failed, if nothing was written since.
    failed: Option<Instant>,
    /// When a reader last asked for a look at the file.
    looked: Option<Instant>,
    stopping: bool,
}

/// What callers and the writing thread share.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    shed: AtomicU64,
}

impl Queue {
    pub(super) fn new() -> Queue {
        Queue { waiting: Mutex::default(), changed: Condvar::new(), shed: AtomicU64::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a click to be written. Never waits; with the queue full the click is shed and counted.
    pub(super) fn push_click(&self, click: Click) {
        let mut waiting = self.lock();
        if waiting.clicks.len() >= CLICK_QUEUE_MAX || waiting.stopping {
            self.shed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.clicks.push_back(click);
        let count = waiting.clicks.len();
        if count == 1 {
            waiting.since = Some(Instant::now());
        }
        drop(waiting);
        // The thread needs to hear of the first click, and of the one that makes it a crowd.
        if count == 1 || count == CLICKS_UNDER_LOAD {
            self.changed.notify_one();
        }
    }

    /// Clicks that came in and are not on disk, those being written now among them.
    pub(super) fn unwritten_clicks(&self) -> usize {
        let waiting = self.lock();
        waiting.clicks.len() + waiting.in_hand
    }

    /// True when clicks wait for the disk, or it failed within [`CLICK_RETRY_MAX`], and nothing was written since.
    /// Readers ask for no writing then: each try would have the file opened again, and all others wait for that.
    pub(super) fn is_failing(&self) -> bool {
        let waiting = self.lock();
        waiting.failures > 0 || waiting.failed.is_some_and(|failed| failed.elapsed() < CLICK_RETRY_MAX)
    }

    fn note_commit(&self) {
        let mut waiting = self.lock();
        (waiting.failures, waiting.failed) = (0, None);
    }

    /// Clicks shed since the last call.
    pub(super) fn take_shed(&self) -> u64 {
        self.shed.swap(0, Ordering::Relaxed)
    }

    /// Runs `work` in a transaction of its own and waits until it is on disk.
    ///
    /// # Errors
    /// Those of `work` and of the commit; nothing of the change is kept then, unless the file cannot be opened again
    /// to find that out.
    /// [`Kind::Unavailable`] once the store is closing.
    pub(super) fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = sync_channel::<Result<T, Error>>(1);
        let refused = sender.clone();
        let job: Job = Box::new(move |tx| work(tx).map(|value| answer(sender, value)));
        let refuse: Refusal = Box::new(move |error| drop(refused.send(Err(error))));
        {
            let mut waiting = self.lock();
            if waiting.stopping {
                return Err(Error::new(Kind::Unavailable, "the store is closed"));
            }
            waiting.changes.push_back(Change { job, refuse });
        }
        self.changed.notify_one();
        receiver.recv().unwrap_or_else(|_| Err(Error::new(Kind::Unavailable, "the writing thread has ended")))
    }

    /// Has the thread try a commit, without waiting for it: a handle that has seen a disk error fails then, and the
    /// file is opened again. At most once in [`CLICK_FLUSH`].
    ///
    /// Readers ask for this when they fail. Most changes begin with a look at something, so without it nothing might
    /// ever be written, and nothing read, after the disk has recovered.
    pub(super) fn look_after_file(&self) {
        let mut waiting = self.lock();
        if waiting.stopping || waiting.looked.is_some_and(|looked| looked.elapsed() < CLICK_FLUSH) {
            return;
        }
        waiting.looked = Some(Instant::now());
        let nobody: Answer = Box::new(drop);
        waiting.changes.push_back(Change { job: Box::new(|_| Ok(nobody)), refuse: Box::new(drop) });
        drop(waiting);
        self.changed.notify_one();
    }

    /// Asks the thread to write what waits and end.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    /// Waits for something to write.
    ///
    /// A change is taken at once and alone: if it fails, exactly its own writes are undone. Clicks go along with it,
    /// or by themselves once they have gathered. `None` when stopping and nothing is left.
    fn next(&self) -> Option<(Option<Change>, Vec<Click>)> {
        let mut waiting = self.lock();
        loop {
            let due = waiting.since.map(|since| due_in(since.elapsed(), waiting.clicks.len(), waiting.failures));
            if !waiting.changes.is_empty() || due == Some(Duration::ZERO) || waiting.stopping {
                break;
            }
            waiting = match due {
                Some(rest) => self.changed.wait_timeout(waiting, rest).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        }
        let change = waiting.changes.pop_front();
        let count = waiting.clicks.len().min(CLICKS_PER_COMMIT_MAX);
        let clicks: Vec<Click> = waiting.clicks.drain(..count).collect();
        waiting.in_hand = count;
        // What is left of a crowd has waited long enough already; its clock goes on.
        if waiting.clicks.is_empty() {
            waiting.since = None;
        }
        (change.is_some() || !clicks.is_empty()).then_some((change, clicks))
    }
}

/// How much longer clicks gather: a crowd a moment, a few until the flush is due. After failures they wait twice as
/// long each time: every try on a failing disk opens the file again, and readers wait for that.
fn due_in(age: Duration, count: usize, failures: u32) -> Duration {
    let span = match failures {
        0 if count >= CLICKS_UNDER_LOAD => CLICK_GATHER,
        0 => CLICK_FLUSH,
        _ => CLICK_RETRY_MAX.min(CLICK_FLUSH.saturating_mul(2_u32.saturating_pow(failures - 1))),
    };
    span.saturating_sub(age)
}

fn answer<T: Send + 'static>(sender: SyncSender<Result<T, Error>>, value: T) -> Answer {
    // A caller that has gone away no longer cares for the answer.
    Box::new(move |outcome| drop(sender.send(outcome.map(|()| value))))
}

/// The body of the writing thread: ends when the queue is stopped and empty.
pub(super) fn run(queue: &Queue, file: &DataFile, report: Report) {
    let mut writer = Writer { queue, file, report, used: 0, undecided: None };
    while let Some((change, clicks)) = queue.next() {
        let mut left = writer.write(change, clicks);
        let mut waiting = queue.lock();
        waiting.in_hand = 0;
        if left.is_empty() {
            continue;
        }
        if waiting.stopping {
            drop(waiting);
            report(&format!("{} clicks could not be written before the end", left.len()));
        } else {
            waiting.failures = waiting.failures.saturating_add(1);
            // A failed commit is not the clicks' fault: they wait for the next one, in front of the queue.
            while let Some(click) = left.pop() {
                waiting.clicks.push_front(click);
            }
            waiting.since = Some(Instant::now());
        }
    }
}

/// A commit that failed while the file could not be opened again: nobody knows yet whether the file has it.
struct Undecided {
    number: u64,
    /// So many clicks were in it. They stand in front of the queue, so they are the first of the next batch.
    clicks: usize,
}

/// Why a transaction came to nothing, as far as is known.
enum Failure {
    /// It did not get to its commit: nothing of it is in the file.
    BeforeCommit(Error),
    /// Its commit failed, which does not tell whether the file has it. With it the answer owed to the change's caller.
    AtCommit(Error, u64, Option<Answer>),
}

/// What the thread knows.
struct Writer<'a> {
    queue: &'a Queue,
    file: &'a DataFile,
    report: Report,
    /// The last number given to a transaction.
    used: u64,
    undecided: Option<Undecided>,
}

impl Writer<'_> {
    /// Writes a change and some clicks in one transaction. Returns the clicks that are to be written again.
    fn write(&mut self, change: Option<Change>, mut clicks: Vec<Click>) -> Vec<Click> {
        let (job, refuse) = match change {
            Some(Change { job, refuse }) => (Some(job), Some(refuse)),
            None => (None, None),
        };
        let refused = |error: Error| refuse.map_or((), |refuse| refuse(error));
        // Opening it after the last failure did not succeed.
        if !self.file.is_open() {
            self.file.reopen(self.report);
        }
        if let Err(error) = self.decide(&mut clicks) {
            // Writing on would bury the answer under the next number.
            self.look_after(&error);
            refused(error);
            return clicks;
        }
        let is_change = job.is_some();
        if !is_change && clicks.is_empty() {
            return clicks;
        }
        match self.attempt(job, &clicks) {
            Ok(()) => Vec::new(),
            Err(Failure::BeforeCommit(error)) => {
                // A change that failed by itself takes no clicks with it.
                let change_alone_failed = is_change && error.kind != Kind::Disk && self.file.is_open();
                self.look_after(&error);
                refused(error);
                if change_alone_failed && !clicks.is_empty() { self.write(None, clicks) } else { clicks }
            }
            Err(Failure::AtCommit(error, number, answer)) => {
                self.undecided = Some(Undecided { number, clicks: clicks.len() });
                self.look_after(&error);
                match (self.decide(&mut clicks), answer) {
                    (Ok(true), Some(answer)) => answer(Ok(())),
                    (Ok(true), None) => {}
                    (Ok(false) | Err(_), _) => refused(error),
                }
                clicks
            }
        }
    }

    /// Opens the file again after a disk error.
    fn look_after(&self, error: &Error) {
        if error.kind == Kind::Disk {
            self.queue.lock().failed = Some(Instant::now());
            (self.report)(&format!("the data file could not be written, opening it again: {error}"));
            self.file.reopen(self.report);
        }
    }

    /// Looks whether the file has the commit of which nobody knew. True when it does; its clicks are taken out then.
    ///
    /// # Errors
    /// When the file cannot be read; the question stays open.
    fn decide(&mut self, clicks: &mut Vec<Click>) -> Result<bool, Error> {
        let Some(undecided) = &self.undecided else { return Ok(false) };
        let tx = self.file.database()?.begin_read()?;
        let is_kept = tables::last_commit(&tx.open_table(META)?)? == undecided.number;
        if is_kept {
            clicks.drain(..undecided.clicks.min(clicks.len()));
            self.queue.note_commit();
        }
        self.undecided = None;
        Ok(is_kept)
    }

    /// One transaction.
    fn attempt(&mut self, job: Option<Job>, clicks: &[Click]) -> Result<(), Failure> {
        let (tx, answer) = self.fill(job, clicks).map_err(Failure::BeforeCommit)?;
        match tx.commit() {
            Ok(()) => {
                self.queue.note_commit();
                if let Some(answer) = answer {
                    answer(Ok(()));
                }
                Ok(())
            }
            Err(error) => Err(Failure::AtCommit(error.into(), self.used, answer)),
        }
    }

    /// A transaction that needs only its commit, and the answer that is owed after it.
    fn fill(&mut self, job: Option<Job>, clicks: &[Click]) -> Result<(WriteTransaction, Option<Answer>), Error> {
        let mut tx = self.file.database()?.begin_write()?;
        tx.set_durability(Durability::Immediate).map_err(|error| Error::new(Kind::Disk, error.to_string()))?;
        self.used = tables::number_commit(&tx, self.used)?;
        let answer = match job {
            Some(job) => Some(job(&tx)?),
            None => None,
        };
        clicks::write(&tx, clicks, self.report).map_err(|error| error.while_doing("counting clicks"))?;
        Ok((tx, answer))
    }
}

#[cfg(test)]
mod tests;
