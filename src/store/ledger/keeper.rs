//! The writing thread's end of the ledger: what goes into a transaction, and what its success means.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use redb::{ReadTransaction, WriteTransaction};

use crate::click::Click;
use crate::limits::WORDS_PER_HOUR_MAX;
use crate::store::Report;
use crate::store::error::{Error, unless_damaged};
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
    logged: Vec<Logged>,
    /// Blocks in the log then.
    next_block: u64,
    /// Clicks of the round that are counted then.
    counted: Option<usize>,
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
        let replayed = replay(tx, report)?;
        let next_block = replayed.next_block;
        let mut memory = ledger.lock();
        memory.head = replayed.place.head;
        if replayed.place.to > replayed.place.head {
            let mut round = Round { clicks: Arc::new(sorted(replayed.round)), done: 0, to: replayed.place.to };
            round.done = round.index(&replayed.place);
            memory.round = Some(round);
        }
        let fresh = sorted(replayed.fresh);
        if !fresh.is_empty() {
            memory.fresh_count = fresh.len();
            memory.fresh.push(Arc::new(fresh));
            memory.fresh_since = Some(Instant::now());
        }
        drop(memory);
        Ok(Keeper { ledger, dictionary: Dictionary::new(WORDS_PER_HOUR_MAX), next_block })
    }

    /// What there is to do.
    pub(in crate::store) fn work(&self) -> Work {
        let memory = self.ledger.lock();
        match (&memory.round, memory.fresh_since) {
            (Some(_), _) => Work::Now,
            (None, _) if memory.fresh_count >= self.ledger.pace.round => Work::Now,
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
        if !is_due || memory.round.is_some() {
            return is_due;
        }
        let batches = memory.fresh.clone();
        drop(memory);
        // Nobody else changes them; readers see them in their batches meanwhile.
        let mut clicks = Vec::with_capacity(batches.iter().map(|batch| batch.len()).sum());
        batches.iter().for_each(|batch| clicks.extend_from_slice(batch));
        let clicks = Arc::new(sorted(clicks));
        memory = self.ledger.lock();
        memory.fresh.clear();
        (memory.fresh_count, memory.fresh_since) = (0, None);
        memory.round = Some(Round { clicks, done: 0, to: self.next_block });
        true
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
        let Some((clicks, from, to)) = round.map(|round| (Arc::clone(&round.clicks), round.done, round.to)) else {
            return Ok(done);
        };
        let head = memory.head;
        drop(memory);
        let counted = rounds::slice(tx, &clicks, from, &self.ledger.pace, report)?;
        if counted < clicks.len() {
            tables::put_place(tx, &super::place(head, to, &clicks[..counted]))?;
        } else {
            let mut log = tx.open_table(CLICK_LOG)?;
            log.retain_in(..to.to_be_bytes().as_slice(), |_, _| false)?;
            tables::put_place(tx, &PlaceRecord { head: to, to, owner: 0, link: 0, within: 0 })?;
        }
        done.counted = Some(counted);
        Ok(done)
    }

    fn log(&mut self, tx: &WriteTransaction, clicks: &[Click], done: &mut Done) -> Result<(), Error> {
        let mut words = dict::Tables::open(tx)?;
        for click in clicks {
            let referrer = self.dictionary.referrer(&mut words, &click.referrer)?;
            let agent = self.dictionary.agent(&mut words, &click.agent)?;
            done.logged.push(Logged {
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
                about: agent.about,
                marks: click.marks,
            });
        }
        done.logged = sorted(std::mem::take(&mut done.logged));
        let mut log = tx.open_table(CLICK_LOG)?;
        let entry = |click: &Logged| Entry { key: click.key, packed: click.packed, marks: click.marks };
        for mut block in block::blocks(done.logged.iter().map(entry)) {
            let key = done.next_block.to_be_bytes();
            record::seal_bytes(&key, &mut block);
            log.insert(key.as_slice(), block.as_slice())?;
            done.next_block += 1;
        }
        Ok(())
    }

    /// Remembers what a transaction has done that is on disk now. Returns how many clicks it has logged.
    pub(in crate::store) fn remember(&mut self, done: Done) -> usize {
        self.next_block = done.next_block;
        let mut memory = self.ledger.lock();
        let written = done.logged.len();
        let batch = if written > 0 { std::mem::take(&mut memory.in_hand) } else { Arc::default() };
        if written > 0 {
            memory.fresh_count += written;
            memory.fresh.push(Arc::new(done.logged));
            memory.fresh_since.get_or_insert_with(Instant::now);
        }
        let mut finished = None;
        if let (Some(counted), Some(round)) = (done.counted, memory.round.as_mut()) {
            round.done = counted;
            if counted == round.clicks.len() {
                memory.head = round.to;
                finished = memory.round.take();
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
fn sorted(mut clicks: Vec<Logged>) -> Vec<Logged> {
    clicks.sort_by_key(|click| click.key);
    clicks
}

/// What the log holds.
struct Replayed {
    place: PlaceRecord,
    /// Clicks of the round that was under way, those counted by then among them.
    round: Vec<Logged>,
    fresh: Vec<Logged>,
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
    let lost = PlaceRecord { head: last, to: last, owner: 0, link: 0, within: 0 };
    let place = unless_damaged(place)?.unwrap_or(lost);
    let next_block = last.max(place.to);
    let mut replayed = Replayed { place, round: Vec::new(), fresh: Vec::new(), next_block };
    let (mut hosts, mut agents): (HashMap<u32, u32>, HashMap<u32, Agent>) = Default::default();
    for row in log.range(replayed.place.head.to_be_bytes().as_slice()..)? {
        let (key, raw) = row?;
        let read = block::read_block(key.value(), raw.value());
        let read = read.inspect_err(|error| report(&format!("clicks are lost: {error}")));
        let is_of_round = key.value() < replayed.place.to.to_be_bytes().as_slice();
        for Entry { key, packed, marks } in unless_damaged(read)?.unwrap_or_default() {
            let host = match hosts.get(&packed.referrer) {
                Some(host) => *host,
                None => *hosts.entry(packed.referrer).or_insert(dict::host_of(tx, packed.referrer)?),
            };
            let agent = match agents.get(&packed.agent) {
                Some(agent) => *agent,
                None => *agents.entry(packed.agent).or_insert(dict::agent_of(tx, packed.agent)?),
            };
            let click = Logged { key, packed, host, about: agent.about, marks };
            if is_of_round { replayed.round.push(click) } else { replayed.fresh.push(click) }
        }
    }
    Ok(replayed)
}
