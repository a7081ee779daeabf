//! The clicks of one link over days: how many on each, and where people came from and what they used on all together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;

use redb::{ReadTransaction, ReadableTable};

use super::late::{self, LateTally};
use super::{Numbers, Tally, exists, numbers, to_tally};
use crate::calendar::Day;
use crate::limits::HISTORY_DAYS_MAX;
use crate::link::LinkId;
use crate::store::Store;
use crate::store::error::{Error, unless_damaged};
use crate::store::ledger::memory::Uncounted;
use crate::store::ledger::rolls::ALL_DAYS;
use crate::store::record::{self, RollRecord};
use crate::store::tables::{ROLL_DAY, day_key, link_key};
use crate::user::UserId;

/// What is asked of a link's days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Period {
    /// The newest [`HISTORY_DAYS_MAX`] of these are read.
    pub(crate) days: RangeInclusive<Day>,
    pub(crate) tally: TallyOf,
}

/// The days that referrers, browsers and systems are counted over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TallyOf {
    /// Of all time, with what is only known as a sum.
    AllTime,
    /// Those read from this one on.
    Since(Day),
}

/// A link's clicks over days.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// Of all time.
    pub(crate) numbers: Numbers,
    pub(crate) tally: Tally,
    /// Days with clicks, the oldest first.
    pub(crate) days: Vec<OneDay>,
    /// Some of it does not read and was left out.
    pub(crate) is_damaged: bool,
}

/// The clicks of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OneDay {
    pub(crate) day: Day,
    pub(crate) people: u64,
    /// Bots and previews.
    pub(crate) bots: u64,
    /// People by hour of the day; hours without any are left out.
    pub(crate) hours: Vec<(u8, u64)>,
}

/// What is read of a link, before it is named.
struct Reading<'a> {
    period: &'a Period,
    /// Days with their counts and hours alone.
    days: BTreeMap<Day, RollRecord>,
    /// Days that do not read.
    unread: HashSet<Day>,
    /// The days of the tally together, without their hosts; `None` when the sum of all time does not read.
    sum: Option<RollRecord>,
    /// Hosts stand apart: a year has many, and a sorted list of them would be moved about for each.
    hosts: HashMap<u32, u64>,
    late_hosts: HashMap<String, u64>,
}

impl Reading<'_> {
    fn is_tallied(&self, day: Day) -> bool {
        match self.period.tally {
            TallyOf::AllTime => true,
            TallyOf::Since(first) => day >= first && self.period.days.contains(&day),
        }
    }

    fn days(&mut self, table: &impl ReadableTable<&'static [u8], &'static [u8]>, link: [u8; 8]) -> Result<(), Error> {
        let (first, last) = (*self.period.days.start(), *self.period.days.end());
        if first > last {
            return Ok(());
        }
        let (from, to) = (day_key(link, first), day_key(link, last));
        for row in table.range(from.as_slice()..=to.as_slice())?.rev().take(HISTORY_DAYS_MAX) {
            let (key, raw) = row?;
            let Some(day) = key.value().last_chunk().map(|day| Day::from_be_bytes(*day)) else { continue };
            let (key, raw) = (key.value(), raw.value());
            let roll = if matches!(self.period.tally, TallyOf::Since(first) if day >= first) {
                let roll = unless_damaged(record::unseal::<RollRecord>(key, raw))?;
                roll.map(|roll| (counts(&roll), Some(roll)))
            } else {
                let head = unless_damaged(record::unseal_head::<RollRecord, _>(key, raw))?;
                head.map(|(humans, bots, hours)| (RollRecord { humans, bots, hours, ..RollRecord::empty() }, None))
            };
            match roll {
                Some((counts, roll)) => {
                    self.days.insert(day, counts);
                    roll.into_iter().for_each(|roll| self.tally(roll));
                }
                None => drop(self.unread.insert(day)),
            }
        }
        Ok(())
    }

    fn all_time(
        &mut self,
        table: &impl ReadableTable<&'static [u8], &'static [u8]>,
        link: [u8; 8],
    ) -> Result<(), Error> {
        let key = day_key(link, ALL_DAYS);
        if let Some(raw) = table.get(key.as_slice())? {
            match unless_damaged(record::unseal(&key, raw.value()))? {
                Some(roll) => self.tally(roll),
                None => self.sum = None,
            }
        }
        Ok(())
    }

    fn tally(&mut self, mut roll: RollRecord) {
        for (host, people) in roll.hosts.drain(..) {
            let count = self.hosts.entry(host).or_default();
            *count = count.saturating_add(people);
        }
        if let Some(sum) = &mut self.sum {
            sum.merge(&roll);
        }
    }

    /// Adds clicks that are in no sum; those that fall on what does not read are not going to be counted.
    fn late(&mut self, day: Day, late: LateTally) {
        if self.unread.contains(&day) {
            return;
        }
        if self.period.days.contains(&day) {
            self.days.entry(day).or_insert_with(RollRecord::empty).merge(&counts(&late.roll));
        }
        if self.is_tallied(day) {
            self.tally(late.roll);
            for (host, people) in late.hosts {
                *self.late_hosts.entry(host).or_default() += people;
            }
        }
    }

    /// Names what was read. `words` is begun after memory was looked at.
    fn history(self, words: &ReadTransaction, numbers: Numbers) -> Result<History, Error> {
        let is_damaged = self.sum.is_none() || !self.unread.is_empty();
        let tally = match self.sum {
            Some(mut sum) => {
                sum.hosts = self.hosts.into_iter().collect();
                sum.trim();
                to_tally(words, sum, self.late_hosts)?
            }
            None => Tally::default(),
        };
        let of_day =
            |(day, roll): (Day, RollRecord)| OneDay { day, people: roll.humans, bots: roll.bots, hours: roll.hours };
        let days = self.days.into_iter().map(of_day).filter(|day| day.people > 0 || day.bots > 0).collect();
        Ok(History { numbers, tally, days, is_damaged })
    }
}

/// The counts and hours of a roll.
fn counts(roll: &RollRecord) -> RollRecord {
    RollRecord { humans: roll.humans, bots: roll.bots, hours: roll.hours.clone(), ..RollRecord::empty() }
}

impl Store {
    /// The clicks of one link in a period, and its numbers of all time. Of these, what does not read is left empty.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn history(&self, owner: UserId, link: LinkId, period: &Period) -> Result<History, Error> {
        let late =
            |late: &Uncounted<'_>| (late::numbers(late.of_link(owner, link)), late::by_day(late.of_link(owner, link)));
        self.read_with_late("reading statistics", late, |tx, (late, late_days)| {
            if !exists(tx, owner, link)? {
                return Ok(History::default());
            }
            let (days, unread, sum) = (BTreeMap::new(), HashSet::new(), Some(RollRecord::empty()));
            let (hosts, late_hosts) = (HashMap::new(), HashMap::new());
            let mut reading = Reading { period, days, unread, sum, hosts, late_hosts };
            let table = tx.open_table(ROLL_DAY)?;
            reading.days(&table, link_key(owner, link))?;
            if period.tally == TallyOf::AllTime {
                reading.all_time(&table, link_key(owner, link))?;
            }
            late_days.into_iter().for_each(|(day, late)| reading.late(day, late));
            reading.history(&self.words()?, numbers(tx, owner, link, late)?)
        })
    }

    /// The numbers of one link and its tally, of all time.
    #[cfg(test)]
    pub(crate) fn statistics(&self, owner: UserId, link: LinkId) -> Result<(Numbers, Tally), Error> {
        let period = Period { days: 1..=Day::MAX, tally: TallyOf::AllTime };
        self.history(owner, link, &period).map(|history| (history.numbers, history.tally))
    }
}

#[cfg(test)]
mod tests;
