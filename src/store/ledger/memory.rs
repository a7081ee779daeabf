//! The clicks that are not counted yet, as readers and the writing thread share them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::click::Click;
use crate::store::clicks::Whose;
use crate::store::ledger::batch::Pile;
use crate::store::ledger::{Logged, Pace, beginning, key_at};
use crate::store::queue::Queue;
use crate::store::record::PlaceRecord;
use crate::store::tables::link_key;

/// Where nothing is counted.
const FROM_THE_FIRST: PlaceRecord = beginning(0, 0);

/// True when less is counted at one place than at another.
fn is_before(place: &PlaceRecord, other: &PlaceRecord) -> bool {
    let order = |place: &PlaceRecord| (place.head, key_at(place), place.within);
    order(place) < order(other)
}

/// Clicks that are being counted.
pub(super) struct Round {
    /// Those that are not counted, and some that are.
    pub(super) clicks: Arc<Pile>,
    /// So many of them are counted.
    pub(super) done: usize,
    /// How far that is.
    pub(super) place: PlaceRecord,
}

/// # Invariants
/// A click is in one of the four places, from the queue until it is counted.
#[derive(Default)]
pub(super) struct Memory {
    /// From the queue, as they came.
    pub(super) staged: VecDeque<Click>,
    /// Being logged: older than those, newer than what is logged. A batch whose transaction came to nothing stays here
    /// and is the next again.
    pub(super) in_hand: Arc<Vec<Click>>,
    /// Logged: a batch of each transaction.
    pub(super) fresh: Pile,
    /// When the oldest of them was logged.
    pub(super) fresh_since: Option<Instant>,
    pub(super) round: Option<Round>,
    /// The first block of the log: what was before it is counted.
    pub(super) head: u64,
}

impl Memory {
    /// Clicks in the log that are not counted.
    pub(super) fn uncounted(&self) -> usize {
        self.fresh.len() + self.round.as_ref().map_or(0, |round| round.clicks.len() - round.done)
    }

    /// How far the log is counted.
    fn place(&self) -> PlaceRecord {
        let round = self.round.as_ref().map(|round| round.place.clone());
        round.unwrap_or_else(|| beginning(self.head, self.head))
    }
}

/// The shared end of the ledger.
pub(in crate::store) struct Ledger {
    memory: Mutex<Memory>,
    pub(super) pace: Pace,
}

impl Ledger {
    pub(in crate::store) fn new(pace: Pace) -> Ledger {
        Ledger { memory: Mutex::default(), pace }
    }

    /// Clicks in the log that are not counted.
    pub(in crate::store) fn uncounted(&self) -> usize {
        self.lock().uncounted()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next clicks to log: those of the last time when they were not written.
    pub(in crate::store) fn take(&self, queue: &Queue) -> Arc<Vec<Click>> {
        let mut memory = self.lock();
        memory.staged.extend(queue.take_clicks());
        if memory.in_hand.is_empty() && memory.uncounted() < self.pace.uncounted_max {
            let count = memory.staged.len().min(self.pace.batch);
            memory.in_hand = Arc::new(memory.staged.drain(..count).collect());
        }
        queue.note_taken(memory.in_hand.len());
        Arc::clone(&memory.in_hand)
    }

    /// How far the log is counted, for want of a file that says so.
    pub(in crate::store) fn place(&self) -> PlaceRecord {
        self.lock().place()
    }

    /// Has what is logged be counted as soon as the thread is awake. Returns how much there is.
    #[cfg(test)]
    pub(in crate::store) fn hurry(&self) -> usize {
        let mut memory = self.lock();
        if memory.fresh.len() > 0 {
            memory.fresh_since = Instant::now().checked_sub(self.pace.settle);
        }
        memory.uncounted()
    }

    /// Lets go of the clicks in hand as if they were written.
    #[cfg(test)]
    pub(in crate::store) fn let_go(&self) {
        self.lock().in_hand = Arc::default();
    }

    /// Looks at the clicks that are not in the sums of a file which says `place`. `None` when the file was read too long
    /// ago: what it lacks is no longer here.
    pub(in crate::store) fn look<T>(
        &self,
        queue: &Queue,
        place: &PlaceRecord,
        look: impl FnOnce(&Uncounted<'_>) -> T,
    ) -> Option<T> {
        let mut memory = self.lock();
        memory.staged.extend(queue.take_clicks());
        if is_before(place, &memory.place()) {
            return None;
        }
        let round = match &memory.round {
            // The file may know of counting that memory does not know of yet.
            Some(round) if place.head == memory.head => Some(&*round.clicks),
            _ => None,
        };
        Some(look(&Uncounted { round, place, memory: &memory }))
    }
}

/// A click that is in no sum.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Late<'a> {
    Logged(Logged),
    Waiting(&'a Click),
}

/// The clicks that are in no sum.
pub(in crate::store) struct Uncounted<'a> {
    /// Of these, those after the place.
    round: Option<&'a Pile>,
    place: &'a PlaceRecord,
    memory: &'a Memory,
}

impl<'a> Uncounted<'a> {
    /// Those on a link, on a user's links, or on all; the oldest of each link first.
    pub(in crate::store) fn of(&self, whose: Whose) -> impl Iterator<Item = Late<'a>> {
        let (from, to) = whose.links();
        let (round, place, memory) = (self.round, self.place, self.memory);
        let logged = round.into_iter().flat_map(move |round| round.between(place, from, to));
        let logged = logged.chain(memory.fresh.between(&FROM_THE_FIRST, from, to));
        let waiting = memory.in_hand.iter().chain(&memory.staged);
        let waiting = waiting.filter(move |click| {
            let key = u64::from_be_bytes(link_key(click.owner, click.link));
            (from..=to).contains(&key)
        });
        logged.map(Late::Logged).chain(waiting.map(Late::Waiting))
    }
}
