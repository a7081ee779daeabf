//! What pages show of clicks: numbers, tallies and the latest ones. What is counted comes from the file, the rest from
//! memory, so that a visit shows as soon as it was answered.

mod daily;
mod export;
mod history;
mod late;
mod purge;
mod retention;
mod whose;

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use redb::{ReadTransaction, ReadableDatabase};

use crate::click::{Click, Durability};
use crate::clock::Timestamp;
use crate::limits::{CLICK_LOOKS_MAX, CLICKS_LATEST, CLICKS_SCANNED_MAX, LINKS_SCANNED_MAX, REFERRERS_PER_LINK_MAX};
use crate::link::LinkId;
use crate::store::Store;
use crate::store::error::{Error, Kind, unless_damaged};
use crate::store::ledger::block::{self, Packed};
use crate::store::ledger::dict::{self, Words};
use crate::store::ledger::memory::{Late, Uncounted};
use crate::store::queue::Written;
use crate::store::record::{self, OverallRecord, PlaceRecord, RollRecord, SumRecord};
use crate::store::tables::{self, CLICK_SEG, DICT_ID, LINK, META, ROLL_TOTAL, click_key, link_key, link_of};
use crate::user::UserId;
use crate::visitor::{self, Class, Reason};
use late::Latest;

pub(crate) use export::Places;
pub(crate) use history::{History, OneDay, Period, TallyOf};
pub(super) use late::LateNumbers;
pub(crate) use whose::Whose;

/// A link's clicks in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) humans: u64,
    /// Bots and previews.
    pub(crate) bots: u64,
    pub(crate) last: Option<Timestamp>,
}

/// People's clicks by where they came from and what they used, and what is known of the others, the largest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) referrers: Vec<(String, u64)>,
    /// Clicks from hosts that made room for larger ones.
    pub(crate) referrers_other: u64,
    pub(crate) browsers: Vec<(&'static str, u64)>,
    pub(crate) systems: Vec<(&'static str, u64)>,
    pub(crate) devices: Vec<(&'static str, u64)>,
    /// Bots and previews by why they were taken for such, as far as that was counted.
    pub(crate) reasons: Vec<(&'static str, u64)>,
    /// Times that a browser fetched a link before its user followed it.
    pub(crate) prefetches: u64,
}

/// A click as it was kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at: Timestamp,
    pub(crate) class: Class,
    pub(crate) reason: Reason,
    pub(crate) referrer: String,
    pub(crate) agent: String,
    pub(crate) address: Option<IpAddr>,
}

impl Numbers {
    fn count(&mut self, class: Class, at: Timestamp) {
        match class {
            Class::Human => self.humans = self.humans.saturating_add(1),
            Class::Bot | Class::Preview => self.bots = self.bots.saturating_add(1),
            // Nobody has followed the link yet.
            Class::Prefetch => return,
        }
        self.last = self.last.max((at.ms() > 0).then_some(at));
    }

    fn add(&mut self, other: &Numbers) {
        self.humans = self.humans.saturating_add(other.humans);
        self.bots = self.bots.saturating_add(other.bots);
        self.last = self.last.max(other.last);
    }
}

fn to_numbers(sum: &SumRecord) -> Numbers {
    Numbers { humans: sum.humans, bots: sum.bots, last: last(sum.last_ms) }
}

/// The numbers of a user or of the site.
fn overall(tx: &ReadTransaction, whose: Whose, late: Numbers) -> Result<Numbers, Error> {
    let (table, key) = (tx.open_table(ROLL_TOTAL)?, whose.key());
    let mut numbers = match table.get(key.as_slice())? {
        Some(raw) => unless_damaged(record::unseal::<OverallRecord>(&key, raw.value()))?
            .map_or(Numbers::default(), |sum| Numbers { humans: sum.humans, bots: sum.bots, last: last(sum.last_ms) }),
        None => Numbers::default(),
    };
    numbers.add(&late);
    Ok(numbers)
}

fn last(ms: i64) -> Option<Timestamp> {
    (ms > 0).then(|| Timestamp::from_ms(ms))
}

fn sum(tx: &ReadTransaction, key: &[u8]) -> Result<Option<SumRecord>, Error> {
    tx.open_table(ROLL_TOTAL)?.get(key)?.map(|raw| record::unseal(key, raw.value())).transpose()
}

/// False for a link that is gone; late clicks on it count nowhere.
fn exists(tx: &ReadTransaction, owner: UserId, link: LinkId) -> Result<bool, Error> {
    Ok(tx.open_table(LINK)?.get(link_key(owner, link).as_slice())?.is_some())
}

/// The numbers of one link; none when they do not read.
pub(super) fn numbers(tx: &ReadTransaction, owner: UserId, link: LinkId, late: Numbers) -> Result<Numbers, Error> {
    let mut numbers = match unless_damaged(sum(tx, &link_key(owner, link)))? {
        None => return Ok(Numbers::default()),
        Some(Some(sum)) => to_numbers(&sum),
        Some(None) if late == Numbers::default() || !exists(tx, owner, link)? => return Ok(Numbers::default()),
        Some(None) => Numbers::default(),
    };
    numbers.add(&late);
    Ok(numbers)
}

/// The numbers of a user's newest [`LINKS_SCANNED_MAX`] links that have any, and that read.
pub(super) fn numbers_of_user(
    tx: &ReadTransaction,
    owner: UserId,
    late: &LateNumbers,
) -> Result<HashMap<LinkId, Numbers>, Error> {
    let table = tx.open_table(ROLL_TOTAL)?;
    // Link 0 is no link.
    let (from, to) = (link_key(owner, LinkId(1)), link_key(owner, LinkId(u32::MAX)));
    let mut all = HashMap::new();
    for row in table.range(from.as_slice()..=to.as_slice())?.rev().take(LINKS_SCANNED_MAX) {
        let (key, raw) = row?;
        let of_link = link_of(key.value()).and_then(|link| Ok((link, record::unseal(key.value(), raw.value())?)));
        all.extend(unless_damaged(of_link)?.map(|(link, sum)| (link, to_numbers(&sum))));
    }
    for (link, late) in late {
        if let Some(numbers) = all.get_mut(link) {
            numbers.add(late);
        } else {
            let numbers = numbers(tx, owner, *link, *late)?;
            if numbers != Numbers::default() {
                all.insert(*link, numbers);
            }
        }
    }
    Ok(all)
}

fn named(counts: Vec<(u8, u64)>, name: fn(u8) -> &'static str) -> Vec<(&'static str, u64)> {
    let mut named: Vec<_> = counts.into_iter().map(|(code, count)| (name(code), count)).collect();
    named.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    named
}

/// Names what was counted. What is not yet in the dictionary of this transaction has no name.
fn to_tally(words: &ReadTransaction, roll: RollRecord, mut hosts: HashMap<String, u64>) -> Result<Tally, Error> {
    let words = words.open_table(DICT_ID)?;
    let mut referrers_other = roll.hosts_other;
    for (host, count) in roll.hosts {
        let name = dict::text(&words, Words::Referrer, host)?;
        if name.is_empty() {
            referrers_other = referrers_other.saturating_add(count);
        } else {
            *hosts.entry(name).or_default() += count;
        }
    }
    let mut referrers: Vec<_> = hosts.into_iter().collect();
    referrers.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    for (_, count) in referrers.drain(referrers.len().min(REFERRERS_PER_LINK_MAX)..) {
        referrers_other = referrers_other.saturating_add(count);
    }
    Ok(Tally {
        referrers,
        referrers_other,
        browsers: named(roll.browsers, visitor::browser_name),
        systems: named(roll.systems, visitor::system_name),
        devices: named(roll.devices, visitor::device_name),
        reasons: named(roll.reasons, |code| Reason::from_code(code).label()),
        prefetches: roll.prefetches,
    })
}

/// Clicks of a link's segments, the newest first, as long as more are wanted; segments that do not read are passed
/// over.
fn scan(tx: &ReadTransaction, link: [u8; 8], mut is_enough: impl FnMut(Packed) -> bool) -> Result<(), Error> {
    let table = tx.open_table(CLICK_SEG)?;
    let (from, to) = (click_key(link, 0), click_key(link, u32::MAX));
    for row in table.range(from.as_slice()..=to.as_slice())?.rev() {
        let (key, raw) = row?;
        let segment = unless_damaged(block::read_segment(key.value(), raw.value()))?;
        for click in segment.unwrap_or_default().into_iter().rev() {
            if is_enough(click) {
                return Ok(());
            }
        }
    }
    Ok(())
}

impl Store {
    /// Says how long clicks gather before they are written.
    pub(crate) fn set_click_flow(&self, durability: Durability, window: Duration) {
        self.queue.set_flow(durability, window);
    }

    /// Leaves a click to be written, and gives it a number that only grows. Never waits; with the queue full the click
    /// is shed and counted, and has none.
    pub(crate) fn record_click(&self, click: Click) -> Option<u64> {
        self.queue.push_click(click)
    }

    /// How far clicks are on disk.
    pub(crate) fn written_clicks(&self) -> Written {
        self.queue.written_clicks()
    }

    /// Has `tell` called, once for all, whenever that has changed, and when clicks cannot be written.
    pub(crate) fn on_clicks_written(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.queue.on_written(Box::new(tell));
    }

    /// Clicks shed since the last call.
    pub(crate) fn take_shed_clicks(&self) -> u64 {
        self.queue.take_shed()
    }

    /// Waits until the clicks that came before this call are on disk, so that what a page shows of them outlives the
    /// process.
    ///
    /// On a disk that takes none they stay where they are: the page shows them all the same, and does not make the file
    /// be opened again.
    pub(crate) fn flush_clicks(&self) {
        let last = self.queue.last_click();
        // Every change takes the clicks in front of the queue along, as many as fit one commit.
        while !self.queue.is_written(last) {
            if self.queue.is_failing() || self.write("writing clicks", |_| Ok(())).is_err() {
                return;
            }
        }
    }

    /// Reads with the clicks that are in no sum yet: `late` picks what is needed of them, and `work` adds it to what the
    /// file says.
    pub(super) fn read_with_late<L, T>(
        &self,
        doing: &'static str,
        late: impl Fn(&Uncounted<'_>) -> L,
        work: impl Fn(&ReadTransaction, L) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.read_at_place(doing, |tx, place| match self.ledger.look(&self.queue, place, &late) {
            Some(late) => work(tx, late).map(Some),
            None => Ok(None),
        })
    }

    /// Reads with the place that counting has come to. `work` looks at memory itself, and says `None` when the file was
    /// read too long ago for that.
    fn read_at_place<T>(
        &self,
        doing: &'static str,
        work: impl Fn(&ReadTransaction, &PlaceRecord) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        for _ in 0..CLICK_LOOKS_MAX {
            let read = self.read(doing, |tx| {
                // While the record of it does not read, memory knows.
                let place = unless_damaged(tables::place(&tx.open_table(META)?))?;
                work(tx, &place.unwrap_or_else(|| self.ledger.place()))
            })?;
            if let Some(read) = read {
                return Ok(read);
            }
        }
        Err(Error::new(Kind::Unavailable, "clicks are counted faster than they can be read").while_doing(doing))
    }

    /// A transaction that knows every number in memory that stands for a text: begun after memory was looked at.
    fn words(&self) -> Result<ReadTransaction, Error> {
        Ok(self.file.database()?.begin_read()?)
    }

    /// The numbers of one link alone.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn numbers(&self, owner: UserId, link: LinkId) -> Result<Numbers, Error> {
        let late = |late: &Uncounted<'_>| late::numbers(late.of(Whose::Link(owner, link)));
        self.read_with_late("reading a link's numbers", late, |tx, late| numbers(tx, owner, link, late))
    }

    /// Reads with the numbers of a user's clicks that are in no sum yet.
    pub(super) fn read_with_late_numbers<T>(
        &self,
        doing: &'static str,
        owner: UserId,
        work: impl Fn(&ReadTransaction, &LateNumbers) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.read_with_late(doing, |late| late::numbers_of_user(late, owner), |tx, late| work(tx, &late))
    }

    /// The latest [`CLICKS_LATEST`] clicks of people, or of everybody and everything, the newest first. Looks at the
    /// newest [`CLICKS_SCANNED_MAX`] and passes over what does not read.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn latest_clicks(&self, owner: UserId, link: LinkId, people_only: bool) -> Result<Vec<Seen>, Error> {
        let late = |late: &Uncounted<'_>| {
            let mut newest = VecDeque::with_capacity(CLICKS_SCANNED_MAX);
            for late in late.of(Whose::Link(owner, link)) {
                if newest.len() == CLICKS_SCANNED_MAX {
                    newest.pop_front();
                }
                newest.push_back(late);
            }
            let latest = newest.into_iter().rev().map(|late| match late {
                Late::Logged(click) => Latest::Packed(click.packed),
                Late::Waiting(click) => Latest::Whole(Box::new(click.clone())),
            });
            latest.collect::<Vec<Latest>>()
        };
        self.read_with_late("reading the latest clicks", late, |tx, late| {
            if !exists(tx, owner, link)? {
                return Ok(Vec::new());
            }
            let fits = |class: Class| !people_only || class == Class::Human;
            let mut scanned = late.len();
            let mut latest: Vec<Latest> =
                late.into_iter().filter(|click| fits(click.class())).take(CLICKS_LATEST).collect();
            if latest.len() < CLICKS_LATEST && scanned < CLICKS_SCANNED_MAX {
                scan(tx, link_key(owner, link), |click| {
                    scanned += 1;
                    if fits(click.class) {
                        latest.push(Latest::Packed(click));
                    }
                    latest.len() == CLICKS_LATEST || scanned == CLICKS_SCANNED_MAX
                })?;
            }
            let words = self.words()?;
            let words = words.open_table(DICT_ID)?;
            latest.into_iter().map(|click| click.seen(&words)).collect()
        })
    }
}

#[cfg(test)]
mod tests;
