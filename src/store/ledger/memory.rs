//! The clicks that are not counted yet, as readers and the writing thread share them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::click::Click;
use crate::limits::CLICKS_PER_BUNDLE;
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
    /// From the queue, as they came, and as they are bundled there.
    pub(super) staged: VecDeque<Vec<Click>>,
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

    /// Takes over what has come to the queue. Bundles that are small are joined: each may have room for many more.
    fn stage(&mut self, queue: &Queue) {
        for mut bundle in queue.take_clicks() {
            match self.staged.back_mut() {
                Some(last) if last.len() + bundle.len() <= CLICKS_PER_BUNDLE => last.append(&mut bundle),
                _ => self.staged.push_back(bundle),
            }
        }
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
        memory.stage(queue);
        if memory.in_hand.is_empty() && memory.uncounted() < self.pace.uncounted_max {
            memory.in_hand = Arc::new(take(&mut memory.staged, self.pace.batch));
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
        memory.stage(queue);
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

/// Takes the first clicks, at most so many.
fn take(bundles: &mut VecDeque<Vec<Click>>, count: usize) -> Vec<Click> {
    let all: usize = bundles.iter().map(Vec::len).sum();
    let mut taken = Vec::with_capacity(all.min(count));
    while taken.len() < count
        && let Some(mut bundle) = bundles.pop_front()
    {
        let left = bundle.split_off(bundle.len().min(count - taken.len()));
        taken.append(&mut bundle);
        if !left.is_empty() {
            bundles.push_front(left);
        }
    }
    taken
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
        let waiting = memory.in_hand.iter().chain(memory.staged.iter().flatten());
        let waiting = waiting.filter(move |click| {
            let key = u64::from_be_bytes(link_key(click.owner, click.link));
            (from..=to).contains(&key)
        });
        logged.map(Late::Logged).chain(waiting.map(Late::Waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::link::LinkId;
    use crate::store::tests::click;
    use crate::user::UserId;
    use crate::visitor::Class;

    #[test]
    fn waiting_clicks_are_taken_in_their_order_and_bundles_stay_few() {
        let (ledger, queue) = (Ledger::new(Pace { batch: 300, ..Pace::default() }), Queue::new());
        let at = Timestamp::from_ms;
        let mut sent = 0;
        // Somebody looks after every few clicks while the disk takes its time.
        for some in [1, 3, 255, 2, 256, 700, 1, 1, 1, 1] {
            for _ in 0..some {
                sent += 1;
                queue.push_click(Click { at: at(sent), ..click(UserId(1), LinkId(1), Class::Human) });
            }
            ledger.look(&queue, &FROM_THE_FIRST, |_| ()).unwrap();
        }
        assert!(ledger.lock().staged.len() <= 2 * sent as usize / CLICKS_PER_BUNDLE + 1);
        let time = |late: Late<'_>| match late {
            Late::Logged(click) => at(click.packed.at_ms),
            Late::Waiting(click) => click.at,
        };
        let seen = |late: &Uncounted<'_>| late.of(Whose::Site).map(time).collect::<Vec<_>>();
        let all: Vec<Timestamp> = (1..=sent).map(at).collect();
        assert_eq!(ledger.look(&queue, &FROM_THE_FIRST, seen).unwrap(), all);
        let mut taken = Vec::new();
        while let some @ 1.. = ledger.take(&queue).len() {
            assert!(some <= 300);
            taken.extend(ledger.lock().in_hand.iter().map(|click| click.at));
            ledger.let_go();
        }
        assert_eq!(taken, all);
    }
    #[test]
    fn of_a_file_that_was_read_before_a_slice_was_counted_memory_knows_too_little() {
        let (ledger, queue) = (Ledger::new(Pace::default()), Queue::new());
        let place = |link, clicks| {
            let mut place = beginning(3, 9);
            super::super::pass(&mut place, link, clicks);
            place
        };
        for (file, is_known) in [
            (beginning(3, 3), false),
            (place(4, 9), false),
            (place(5, 1), false),
            (place(5, 2), true),
            // Memory does not know of that yet.
            (place(5, 3), true),
            (place(6, 1), true),
            (beginning(9, 9), true),
        ] {
            let mut memory = ledger.lock();
            memory.head = 3;
            memory.round = Some(Round { clicks: Arc::default(), done: 7, place: place(5, 2) });
            drop(memory);
            assert_eq!(ledger.look(&queue, &file, |_| ()).is_some(), is_known, "{file:?}");
        }
    }
}
