//! The writing thread's end of the ledger: what goes into a transaction, and what its success means.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use redb::{ReadTransaction, WriteTransaction};

use crate::click::Click;
use crate::limits::WORDS_PER_HOUR_MAX;
use crate::store::Report;
use crate::store::error::{Error, unless_damaged};
use crate::store::ledger::batch::{Batch, Pile};
use crate::store::ledger::block::{self, Entry, Packed};
use crate::store::ledger::dict::{self, Agent, Dictionary};
use crate::store::ledger::memory::{Ledger, Round};
use crate::store::ledger::{Logged, rounds};
use crate::store::queue::Queue;
use crate::store::record::{self, PlaceRecord};
use crate::store::tables::{self, CLICK_LOG, META, link_key};

/// What there is to do besides clicks that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Work {
    Nothing,
    /// A round is due at this time.
    At(Instant),
    /// A round is under way.
    Now,
}

/// What a transaction has done, to be remembered when it is on disk.
#[derive(Default)]
pub(in crate::store) struct Done {
    logged: Option<Batch>,
    /// Blocks in the log then.
    next_block: u64,
    /// Clicks of the round that are counted then, and how far that is.
    counted: Option<(usize, PlaceRecord)>,
}

/// Logs and counts.
pub(in crate::store) struct Keeper {
    ledger: Arc<Ledger>,
    dictionary: Dictionary,
    /// The number of the next block of the log.
    next_block: u64,
}

impl Keeper {
    /// Reads the log of a file that was just opened. A block that does not read is lost and reported.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::store) fn start(ledger: Arc<Ledger>, tx: &ReadTransaction, report: Report) -> Result<Keeper, Error> {
        let Replayed { place, round, fresh, next_block } = replay(tx, report)?;
        let mut memory = ledger.lock();
        memory.head = place.head;
        if place.to > place.head {
            let done = round.len() - round.after(&place).count();
            memory.round = Some(Round { clicks: Arc::new(round.rest(&place)), done, place });
        }
        memory.fresh_since = (fresh.len() > 0).then(Instant::now);
        memory.fresh = fresh;
        drop(memory);
        Ok(Keeper { ledger, dictionary: Dictionary::new(WORDS_PER_HOUR_MAX), next_block })
    }

    /// What there is to do.
    pub(in crate::store) fn work(&self) -> Work {
        let memory = self.ledger.lock();
        match (&memory.round, memory.fresh_since) {
            (Some(_), _) => Work::Now,
            (None, _) if memory.fresh.len() >= self.ledger.pace.round => Work::Now,
            (None, Some(since)) => Work::At(since + self.ledger.pace.settle),
            (None, None) => Work::Nothing,
        }
    }

    /// The next clicks to log.
    pub(in crate::store) fn take(&self, queue: &Queue) -> Arc<Vec<Click>> {
        self.ledger.take(queue)
    }

    /// True when there is so much to count that no clicks are taken.
    pub(in crate::store) fn is_crowded(&self) -> bool {
        self.ledger.lock().uncounted() >= self.ledger.pace.uncounted_max
    }

    /// Begins a round if one is due. True when a slice of one can be counted.
    pub(in crate::store) fn begin_round(&self) -> bool {
        let is_due = match self.work() {
            Work::Nothing => false,
            Work::Now => true,
            Work::At(time) => time <= Instant::now(),
        };
        let mut memory = self.ledger.lock();
        if is_due && memory.round.is_none() {
            let clicks = Arc::new(std::mem::take(&mut memory.fresh));
            memory.fresh_since = None;
            memory.round = Some(Round { clicks, done: 0, place: super::beginning(memory.head, self.next_block) });
        }
        is_due
    }

    /// Logs clicks, and counts a slice of the round if asked to.
    ///
    /// # Errors
    /// When the disk fails. Whenever the transaction comes to nothing, [`Keeper::forget`] is due.
    pub(in crate::store) fn fill(
        &mut self,
        tx: &WriteTransaction,
        clicks: &[Click],
        counts: bool,
        report: Report,
    ) -> Result<Done, Error> {
        let mut done = Done { next_block: self.next_block, ..Done::default() };
        if !clicks.is_empty() {
            self.log(tx, clicks, &mut done)?;
        }
        let memory = self.ledger.lock();
        let round = memory.round.as_ref().filter(|_| counts);
        let Some((clicks, before, mut place)) = round.map(|r| (Arc::clone(&r.clicks), r.done, r.place.clone())) else {
            return Ok(done);
        };
        drop(memory);
        let clicks_left = clicks.after(&place);
        let counted = before + rounds::slice(tx, clicks_left, &mut place, &self.ledger.pace, report)?;
        if counted == clicks.len() {
            place = super::beginning(place.to, place.to);
            let mut log = tx.open_table(CLICK_LOG)?;
            log.retain_in(..place.head.to_be_bytes().as_slice(), |_, _| false)?;
        }
        tables::put_place(tx, &place)?;
        done.counted = Some((counted, place));
        Ok(done)
    }

    fn log(&mut self, tx: &WriteTransaction, clicks: &[Click], done: &mut Done) -> Result<(), Error> {
        let mut words = dict::Tables::open(tx)?;
        let mut logged = Vec::with_capacity(clicks.len());
        for click in clicks {
            let referrer = self.dictionary.referrer(&mut words, &click.referrer)?;
            let agent = self.dictionary.agent(&mut words, &click.agent)?;
            logged.push(Logged {
                key: u64::from_be_bytes(link_key(click.owner, click.link)),
                packed: Packed {
                    at_ms: click.at.ms(),
                    referrer: referrer.id,
                    agent: agent.id,
                    class: click.class,
                    reason: click.reason,
                    address: click.address,
                },
                host: referrer.host,
                about: agent.about.codes(),
                marks: click.marks,
            });
        }
        sort(&mut logged);
        let mut log = tx.open_table(CLICK_LOG)?;
        let entry = |click: &Logged| Entry { key: click.key, packed: click.packed, marks: click.marks };
        for mut block in block::blocks(logged.iter().map(entry)) {
            let key = done.next_block.to_be_bytes();
            record::seal_bytes(&key, &mut block);
            log.insert(key.as_slice(), block.as_slice())?;
            done.next_block += 1;
        }
        done.logged = Some(Batch::new(&logged));
        Ok(())
    }

    /// Remembers what a transaction has done that is on disk now. Returns how many clicks it has logged.
    pub(in crate::store) fn remember(&mut self, done: Done) -> usize {
        self.next_block = done.next_block;
        let mut memory = self.ledger.lock();
        let (mut written, mut batch) = (0, Arc::default());
        if let Some(logged) = done.logged {
            written = logged.len();
            batch = std::mem::take(&mut memory.in_hand);
            memory.fresh.push(logged);
            memory.fresh_since.get_or_insert_with(Instant::now);
        }
        let mut finished = None;
        if let (Some((counted, place)), Some(round)) = (done.counted, memory.round.as_mut()) {
            let is_over = counted == round.clicks.len();
            let rest = if is_over { Pile::default() } else { round.clicks.rest(&place) };
            finished = Some(std::mem::replace(&mut round.clicks, Arc::new(rest)));
            (round.done, round.place) = (counted, place);
            if is_over {
                memory.head = round.place.head;
                memory.round = None;
            }
        }
        drop(memory);
        // Giving back their memory takes a while; readers need not wait for it.
        drop((batch, finished));
        written
    }

    /// Forgets what a transaction had added that came to nothing.
    pub(in crate::store) fn forget(&mut self) {
        self.dictionary.forget();
    }
}

/// By link, then as they came.
fn sort(clicks: &mut [Logged]) {
    clicks.sort_by_key(|click| click.key);
}

/// What the log holds.
struct Replayed {
    place: PlaceRecord,
    /// Clicks of the round that was under way, those counted by then among them.
    round: Pile,
    fresh: Pile,
    next_block: u64,
}

fn replay(tx: &ReadTransaction, report: Report) -> Result<Replayed, Error> {
    let log = tx.open_table(CLICK_LOG)?;
    let last = match redb::ReadableTable::last(&log)? {
        Some((key, _)) => key.value().try_into().map_or(0, u64::from_be_bytes).saturating_add(1),
        None => 0,
    };
    let place = tables::place(&tx.open_table(META)?);
    let place = place.inspect_err(|error| report(&format!("clicks are lost: {error}")));
    // Without it nobody knows what is counted; counting twice would be worse than not at all.
    let lost = super::beginning(last, last);
    let place = unless_damaged(place)?.unwrap_or(lost);
    let next_block = last.max(place.to);
    let mut replayed = Replayed { place, round: Pile::default(), fresh: Pile::default(), next_block };
    let (mut hosts, mut agents): (HashMap<u32, u32>, HashMap<u32, Agent>) = Default::default();
    for row in log.range(replayed.place.head.to_be_bytes().as_slice()..)? {
        let (key, raw) = row?;
        let read = block::read_block(key.value(), raw.value());
        let read = read.inspect_err(|error| report(&format!("clicks are lost: {error}")));
        let is_of_round = key.value() < replayed.place.to.to_be_bytes().as_slice();
        let mut clicks = Vec::new();
        for Entry { key, packed, marks } in unless_damaged(read)?.unwrap_or_default() {
            let host = match hosts.get(&packed.referrer) {
                Some(host) => *host,
                None => *hosts.entry(packed.referrer).or_insert(dict::host_of(tx, packed.referrer)?),
            };
            let agent = match agents.get(&packed.agent) {
                Some(agent) => *agent,
                None => *agents.entry(packed.agent).or_insert(dict::agent_of(tx, packed.agent)?),
            };
            clicks.push(Logged { key, packed, host, about: agent.about.codes(), marks });
        }
        sort(&mut clicks);
        let pile = if is_of_round { &mut replayed.round } else { &mut replayed.fresh };
        pile.push(Batch::new(&clicks));
    }
    Ok(replayed)
}
