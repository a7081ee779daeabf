//! The one thread that writes.
//!
//! Everything that changes the file goes through here, so no two changes ever race: a change looks and writes in
//! one transaction, and its caller is answered after that transaction is on disk. Clicks ride along. They come in
//! through a bounded queue that never makes a redirect wait, gather for a moment, and are written many at a time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redb::{Durability, WriteTransaction};

use crate::click::Click;
use crate::limits::{
    CLICK_FLUSH, CLICK_GATHER, CLICK_QUEUE_MAX, CLICK_RETRY_MAX, CLICKS_PER_COMMIT_MAX, CLICKS_UNDER_LOAD,
};
use crate::store::error::{Error, Kind};
use crate::store::file::DataFile;
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
    /// Commits of clicks that failed one after the other.
    failures: u32,
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

    /// Clicks shed since the last call.
    pub(super) fn take_shed(&self) -> u64 {
        self.shed.swap(0, Ordering::Relaxed)
    }

    /// Runs `work` in a transaction of its own and waits until it is on disk.
    ///
    /// # Errors
    /// Those of `work` and of the commit; nothing of the change is kept then.
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
pub(super) fn run(queue: &Queue, file: &Arc<DataFile>, report: Report) {
    while let Some((change, clicks)) = queue.next() {
        let mut left = write(file, change, clicks, report);
        let mut waiting = queue.lock();
        waiting.in_hand = 0;
        if left.is_empty() {
            waiting.failures = 0;
        } else if waiting.stopping {
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

/// Writes a change and some clicks in one transaction. Returns the clicks that are not on disk.
fn write(file: &DataFile, change: Option<Change>, clicks: Vec<Click>, report: Report) -> Vec<Click> {
    let (job, refuse) = match change {
        Some(Change { job, refuse }) => (Some(job), Some(refuse)),
        None => (None, None),
    };
    // Opening it after the last failure did not succeed.
    if !file.is_open() {
        file.reopen(report);
    }
    let outcome = attempt(file, job, &clicks, report);
    let Err((error, answer)) = outcome else {
        return Vec::new();
    };
    // A change that failed by itself takes no clicks with it.
    let change_alone_failed = refuse.is_some() && error.kind != Kind::Disk && file.is_open();
    if error.kind == Kind::Disk {
        report(&format!("the data file could not be written, opening it again: {error}"));
        file.reopen(report);
    }
    match (answer, refuse) {
        (Some(answer), _) => answer(Err(error)),
        (None, Some(refuse)) => refuse(error),
        (None, None) => {}
    }
    if change_alone_failed && !clicks.is_empty() { write(file, None, clicks, report) } else { clicks }
}

/// One transaction. On failure nothing of it is kept, and the answer owed to the change's caller, if its work was
/// done, comes back with the error.
fn attempt(file: &DataFile, job: Option<Job>, clicks: &[Click], report: Report) -> Result<(), (Error, Option<Answer>)> {
    let early = |error: Error| (error, None);
    let db = file.database().map_err(early)?;
    let mut tx = db.begin_write().map_err(|error| early(error.into()))?;
    tx.set_durability(Durability::Immediate).map_err(|error| early(Error::new(Kind::Disk, error.to_string())))?;
    let answer = match job {
        Some(job) => Some(job(&tx).map_err(early)?),
        None => None,
    };
    if let Err(error) = clicks::write(&tx, clicks, report) {
        return Err((error.while_doing("counting clicks"), answer));
    }
    match tx.commit() {
        Ok(()) => {
            if let Some(answer) = answer {
                answer(Ok(()));
            }
            Ok(())
        }
        Err(error) => Err((error.into(), answer)),
    }
}

#[cfg(test)]
mod tests;
