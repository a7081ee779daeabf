//! What waits for the writing thread: changes, and clicks in a bounded queue that never makes a redirect wait.

mod texts;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use redb::WriteTransaction;

use crate::click::{Click, Durability};
use crate::limits::{
    CLICK_FLUSH, CLICK_GATHER, CLICK_QUEUE_MAX, CLICK_RETRY_MAX, CLICKS_PER_BUNDLE, CLICKS_UNDER_LOAD,
};
use crate::store::error::{Error, Kind};
use crate::store::ledger::Work;
use texts::Texts;

/// A change: works inside the transaction and returns how to tell its caller the outcome of the commit.
pub(super) type Job = Box<dyn FnOnce(&WriteTransaction) -> Result<Answer, Error> + Send>;
/// Given the commit's outcome, tells the caller.
pub(super) type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Tells the caller of a change that it failed before its commit.
pub(super) type Refusal = Box<dyn FnOnce(Error) + Send>;

pub(super) struct Change {
    pub(super) job: Job,
    pub(super) refuse: Refusal,
    pub(super) taking: Taking,
}

/// What a change takes of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taking {
    Room,
    /// It removes something, or writes next to nothing: it may use what is kept free.
    Nothing,
}

/// What the thread is to do next.
pub(super) struct Turn {
    pub(super) change: Option<Change>,
    /// The thread has been told to end.
    pub(super) is_last: bool,
}

/// How long clicks gather.
#[derive(Debug, Clone, Copy)]
struct Flow {
    durability: Durability,
    /// The longest a click waits for its commit.
    window: Duration,
    /// The same after failures.
    retry_max: Duration,
}

impl Default for Flow {
    fn default() -> Flow {
        Flow { durability: Durability::default(), window: CLICK_FLUSH, retry_max: CLICK_RETRY_MAX }
    }
}

#[derive(Default)]
struct Waiting {
    changes: VecDeque<Change>,
    /// Clicks as they came, [`CLICKS_PER_BUNDLE`] together; whoever looks at them takes them along, see
    /// [`Ledger`](crate::store::ledger::Ledger).
    clicks: Vec<Vec<Click>>,
    /// Clicks that ever came, but for those shed; the last one's number.
    came: u64,
    /// Clicks that are on disk: they are written in the order in which they come.
    written: u64,
    /// Clicks between the two that no transaction has been begun for.
    gathered: usize,
    /// When the oldest of these came; after a failure, when that was.
    since: Option<Instant>,
    /// Transactions with clicks that failed since the last that did not.
    failures: u32,
    /// When the disk last failed, if nothing was written since.
    failed: Option<Instant>,
    /// The last trouble with the disk, and when.
    trouble: Option<(Instant, String)>,
    /// When a reader last asked for a look at the file.
    looked: Option<Instant>,
    /// When clicks are written.
    flow: Flow,
    stopping: bool,
}

impl Waiting {
    /// Clicks that are not on disk, wherever they are.
    fn unwritten(&self) -> usize {
        // Bounded by the queue, so it fits.
        (self.came - self.written) as usize
    }
}

/// What callers and the writing thread share.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    texts: Mutex<Texts>,
    changed: Condvar,
    /// Called after each transaction with clicks, and after each that failed.
    listener: OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// Clicks shed since the start, and how many of them were told.
    shed: AtomicU64,
    told: AtomicU64,
}

/// How far clicks are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// The number of the last one that is, as are all before it.
    pub(crate) last: u64,
    /// The disk takes none at the moment.
    pub(crate) is_failing: bool,
}

impl Queue {
    pub(super) fn new() -> Queue {
        Queue {
            waiting: Mutex::default(),
            texts: Mutex::default(),
            changed: Condvar::new(),
            listener: OnceLock::new(),
            shed: AtomicU64::new(0),
            told: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how long clicks gather.
    pub(super) fn set_flow(&self, durability: Durability, window: Duration) {
        let mut waiting = self.lock();
        (waiting.flow.durability, waiting.flow.window) = (durability, window);
    }

    /// Leaves a click to be written, and gives it a number. Never waits; with the queue full the click is shed and
    /// counted, and has none.
    pub(super) fn push_click(&self, mut click: Click) -> Option<u64> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).share(&mut click);
        let mut waiting = self.lock();
        if waiting.unwritten() >= CLICK_QUEUE_MAX || waiting.stopping {
            self.shed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        match waiting.clicks.last_mut() {
            Some(bundle) if bundle.len() < CLICKS_PER_BUNDLE => bundle.push(click),
            _ => {
                let mut bundle = Vec::with_capacity(CLICKS_PER_BUNDLE);
                bundle.push(click);
                waiting.clicks.push(bundle);
            }
        }
        waiting.came += 1;
        waiting.gathered += 1;
        let (count, number) = (waiting.gathered, waiting.came);
        if count == 1 {
            waiting.since.get_or_insert_with(Instant::now);
        }
        drop(waiting);
        // The thread needs to hear of the first click, and of the one that makes it a crowd.
        if count == 1 || count == CLICKS_UNDER_LOAD {
            self.changed.notify_one();
        }
        Some(number)
    }

    /// Takes the clicks that have come; they stay unwritten. Nobody who leaves one waits for more than an exchange of
    /// two lists.
    pub(super) fn take_clicks(&self) -> Vec<Vec<Click>> {
        std::mem::take(&mut self.lock().clicks)
    }

    /// Notes that a transaction is begun for so many of the unwritten clicks.
    pub(super) fn note_taken(&self, count: usize) {
        let mut waiting = self.lock();
        waiting.gathered = waiting.unwritten().saturating_sub(count);
        // What is left of a crowd has waited long enough already; its clock goes on.
        if waiting.gathered == 0 {
            waiting.since = None;
        }
    }

    /// Notes a transaction that is on disk, with so many clicks.
    pub(super) fn note_commit(&self, clicks: usize) {
        let mut waiting = self.lock();
        waiting.written = waiting.came.min(waiting.written + clicks as u64);
        (waiting.failures, waiting.failed) = (0, None);
        if waiting.gathered == 0 {
            waiting.since = None;
        }
        drop(waiting);
        if clicks > 0 {
            self.tell();
        }
    }

    /// Tells whoever waits for clicks to be written.
    fn tell(&self) {
        if let Some(listener) = self.listener.get() {
            listener();
        }
    }

    /// Has `listener` called whenever that has changed, and when clicks cannot be written. There is one at most.
    pub(super) fn on_written(&self, listener: Box<dyn Fn() + Send + Sync>) {
        // A second one is not called.
        let _ = self.listener.set(listener);
    }

    /// How far clicks are on disk.
    pub(super) fn written_clicks(&self) -> Written {
        let waiting = self.lock();
        Written { last: waiting.written, is_failing: waiting.failures > 0 }
    }

    /// Notes that clicks could not be written: they wait for the next transaction, in the end for `retry_max`. Returns how
    /// many were given up, because there is none.
    pub(super) fn note_failure(&self, retry_max: Duration) -> usize {
        let mut waiting = self.lock();
        waiting.failures = waiting.failures.saturating_add(1);
        waiting.flow.retry_max = retry_max;
        let given_up = if waiting.stopping { waiting.unwritten() } else { 0 };
        if waiting.stopping {
            // Nobody is told that they were written.
            (waiting.gathered, waiting.came) = (0, waiting.written);
        } else {
            waiting.gathered = waiting.unwritten();
            waiting.since = Some(Instant::now());
        }
        drop(waiting);
        self.tell();
        given_up
    }

    /// Notes that the disk failed.
    pub(super) fn note_disk_failure(&self, why: String) {
        let mut waiting = self.lock();
        waiting.failed = Some(Instant::now());
        waiting.trouble = Some((Instant::now(), why));
    }

    /// Notes that there is room again: what waits is written with the next transaction.
    pub(super) fn note_room(&self) {
        let mut waiting = self.lock();
        (waiting.failures, waiting.failed) = (0, None);
    }

    /// The last trouble with the disk since the start, and how long ago it was.
    pub(super) fn trouble(&self) -> Option<(Duration, String)> {
        self.lock().trouble.as_ref().map(|(at, why)| (at.elapsed(), why.clone()))
    }

    /// The number of the last click that came.
    pub(super) fn last_click(&self) -> u64 {
        self.lock().came
    }

    /// True when a click and all before it are on disk.
    pub(super) fn is_written(&self, click: u64) -> bool {
        self.lock().written >= click
    }

    /// True when clicks wait for the disk, or it failed within [`CLICK_RETRY_MAX`], and nothing was written since.
    /// Readers ask for no writing then: each try would have the file opened again, and all others wait for that.
    pub(super) fn is_failing(&self) -> bool {
        let waiting = self.lock();
        waiting.failures > 0 || waiting.failed.is_some_and(|failed| failed.elapsed() < CLICK_RETRY_MAX)
    }

    /// Clicks shed since the start.
    pub(super) fn shed(&self) -> u64 {
        self.shed.load(Ordering::Relaxed)
    }

    /// Clicks shed since the last call.
    pub(super) fn take_shed(&self) -> u64 {
        let shed = self.shed();
        shed - self.told.swap(shed, Ordering::Relaxed)
    }

    /// Clicks that are not on disk.
    pub(super) fn waiting(&self) -> u64 {
        self.lock().unwritten() as u64
    }

    /// Runs `work` in a transaction of its own and waits until it is on disk.
    ///
    /// # Errors
    /// Those of `work` and of the commit; nothing of the change is kept then, unless the file cannot be opened again
    /// to find that out.
    /// [`Kind::Unavailable`] once the store is closing.
    pub(super) fn change<T: Send + 'static>(
        &self,
        taking: Taking,
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
            waiting.changes.push_back(Change { job, refuse, taking });
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
        let refuse: Refusal = Box::new(drop);
        waiting.changes.push_back(Change { job: Box::new(|_| Ok(nobody)), refuse, taking: Taking::Nothing });
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
    /// or by themselves once they have gathered. What is to be counted goes along with clicks; when none wait, it goes
    /// by itself. `None` when stopping and nothing is left to write.
    pub(super) fn next(&self, work: Work) -> Option<Turn> {
        let mut waiting = self.lock();
        loop {
            if !waiting.changes.is_empty() || waiting.stopping {
                break;
            }
            let rest = match (waiting.since, work) {
                (Some(since), _) => Some(due_in(since.elapsed(), waiting.gathered, waiting.failures, waiting.flow)),
                (None, Work::Now) => Some(Duration::ZERO),
                (None, Work::At(time)) => Some(time.saturating_duration_since(Instant::now())),
                (None, Work::Nothing) => None,
            };
            waiting = match rest {
                Some(Duration::ZERO) => break,
                Some(rest) => self.changed.wait_timeout(waiting, rest).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        }
        let change = waiting.changes.pop_front();
        let is_over = waiting.stopping && change.is_none() && waiting.unwritten() == 0;
        (!is_over).then_some(Turn { change, is_last: waiting.stopping })
    }
}

/// How much longer clicks gather: a crowd a moment, a few until the window closes; none when somebody waits for them:
/// those that come during a commit make the next. After failures they wait twice as
/// long each time: every try on a failing disk opens the file again, and readers wait for that.
fn due_in(age: Duration, count: usize, failures: u32, flow: Flow) -> Duration {
    let span = match failures {
        0 if flow.durability == Durability::Strict => Duration::ZERO,
        0 if count >= CLICKS_UNDER_LOAD => CLICK_GATHER.min(flow.window),
        0 => flow.window,
        _ => flow.retry_max.min(CLICK_FLUSH.saturating_mul(2_u32.saturating_pow(failures - 1))),
    };
    span.saturating_sub(age)
}

fn answer<T: Send + 'static>(sender: SyncSender<Result<T, Error>>, value: T) -> Answer {
    // A caller that has gone away no longer cares for the answer.
    Box::new(move |outcome| drop(sender.send(outcome.map(|()| value))))
}

#[cfg(test)]
mod tests;
