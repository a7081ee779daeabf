//! Clicks over days, of a link, a user or the site: how many on each, and where people came from and what they used on all
//! together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;

use redb::{ReadTransaction, ReadableTable};

use super::late::{self, LateTally};
use super::{Numbers, Tally, Whose, exists, numbers, overall, to_tally};
use crate::calendar::Day;
use crate::limits::HISTORY_DAYS_MAX;
#[cfg(test)]
use crate::link::LinkId;
use crate::store::Store;
use crate::store::error::{Error, unless_damaged};
use crate::store::ledger::memory::Uncounted;
use crate::store::ledger::rolls::ALL_DAYS;
use crate::store::ledger::sketch::Sketch;
use crate::store::record::{self, RollHead, RollRecord};
use crate::store::tables::{ROLL_DAY, day_key};
#[cfg(test)]
use crate::user::UserId;

/// A table of ours, in any kind of transaction.
trait Rows: ReadableTable<&'static [u8], &'static [u8]> {}
impl<T: ReadableTable<&'static [u8], &'static [u8]>> Rows for T {}

/// What is asked of the days.
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

/// Clicks over days.
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
    /// Different people, or nearly so many: see [`Sketch`](crate::store::ledger::sketch::Sketch).
    pub(crate) visitors: u64,
    /// People by hour of the day; hours without any are left out.
    pub(crate) hours: Vec<(u8, u64)>,
    /// Bots by hour in the same way.
    pub(crate) bot_hours: Vec<(u8, u64)>,
}

/// What is read, before it is named.
struct Reading<'a> {
    whose: Whose,
    period: &'a Period,
    /// Days with what is shown of each alone.
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

    /// Reads the days. Of those that are not tallied the first fields are enough, unless there is more to `join`.
    fn days(&mut self, table: &impl Rows, join: &BTreeMap<Day, LateTally>) -> Result<(), Error> {
        let (first, last) = (*self.period.days.start(), *self.period.days.end());
        if first > last {
            return Ok(());
        }
        let (from, to) = (day_key(self.whose.key(), first), day_key(self.whose.key(), last));
        for row in table.range(from.as_slice()..=to.as_slice())?.rev().take(HISTORY_DAYS_MAX) {
            let (key, raw) = row?;
            let Some(day) = key.value().last_chunk().map(|day| Day::from_be_bytes(*day)) else { continue };
            let (key, raw) = (key.value(), raw.value());
            let is_tallied = matches!(self.period.tally, TallyOf::Since(first) if day >= first);
            let roll = if is_tallied || join.contains_key(&day) {
                unless_damaged(record::unseal::<RollRecord>(key, raw))?
            } else {
                unless_damaged(RollHead::unseal(key, raw))?.map(|head| {
                    let RollHead { humans, bots, hours, visitors, bot_hours } = head;
                    RollRecord { humans, bots, hours, visitors, bot_hours, ..RollRecord::empty() }
                })
            };
            let Some(mut roll) = roll else {
                self.unread.insert(day);
                continue;
            };
            self.days.insert(day, take_day(&mut roll));
            if is_tallied {
                self.tally(roll);
            }
        }
        Ok(())
    }

    fn all_time(&mut self, table: &impl Rows) -> Result<(), Error> {
        let key = day_key(self.whose.key(), ALL_DAYS);
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
            sum.add_counts(&roll);
        }
    }

    /// Adds clicks that are in no sum; those that fall on what does not read are not going to be counted.
    fn late(&mut self, day: Day, mut late: LateTally) {
        if self.unread.contains(&day) {
            return;
        }
        let of_day = take_day(&mut late.roll);
        if self.period.days.contains(&day) {
            self.days.entry(day).or_insert_with(RollRecord::empty).join(&of_day, self.whose.scope());
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
        let of_day = |(day, roll): (Day, RollRecord)| {
            let RollRecord { humans: people, bots, visitors, hours, bot_hours, .. } = roll;
            OneDay { day, people, bots, visitors, hours, bot_hours }
        };
        let days = self.days.into_iter().map(of_day).filter(|day| day.people > 0 || day.bots > 0).collect();
        Ok(History { numbers, tally, days, is_damaged })
    }
}

/// Takes out of a roll what is shown of a day by itself.
fn take_day(roll: &mut RollRecord) -> RollRecord {
    use std::mem::{replace, take};
    RollRecord {
        humans: take(&mut roll.humans),
        bots: take(&mut roll.bots),
        visitors: take(&mut roll.visitors),
        hours: take(&mut roll.hours),
        bot_hours: take(&mut roll.bot_hours),
        sketch: replace(&mut roll.sketch, Sketch::empty()),
        ..RollRecord::empty()
    }
}

impl Store {
    /// The clicks of a period, and the numbers of all time. Of these, what does not read is left empty.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn history(&self, whose: Whose, period: &Period) -> Result<History, Error> {
        let gone = self.links_gone(whose)?;
        let late = |late: &Uncounted<'_>| {
            let clicks = || late.of(whose).filter(|click| !gone.contains(&click.key()));
            (late::numbers(clicks()), late::by_day(clicks(), whose.scope()))
        };
        self.read_with_late("reading statistics", late, |tx, (late, late_days)| {
            let numbers = match whose {
                Whose::Link(owner, link) if exists(tx, owner, link)? => numbers(tx, owner, link, late)?,
                Whose::Link(..) => return Ok(History::default()),
                Whose::Owner(_) | Whose::Site => overall(tx, whose, late)?,
            };
            let (days, unread, sum) = (BTreeMap::new(), HashSet::new(), Some(RollRecord::empty()));
            let (hosts, late_hosts) = (HashMap::new(), HashMap::new());
            let mut reading = Reading { whose, period, days, unread, sum, hosts, late_hosts };
            let table = tx.open_table(ROLL_DAY)?;
            reading.days(&table, &late_days)?;
            if period.tally == TallyOf::AllTime {
                reading.all_time(&table)?;
            }
            late_days.into_iter().for_each(|(day, late)| reading.late(day, late));
            reading.history(&self.words()?, numbers)
        })
    }

    /// The numbers of one link and its tally, of all time.
    #[cfg(test)]
    pub(crate) fn statistics(&self, owner: UserId, link: LinkId) -> Result<(Numbers, Tally), Error> {
        let period = Period { days: 1..=Day::MAX, tally: TallyOf::AllTime };
        self.history(Whose::Link(owner, link), &period).map(|history| (history.numbers, history.tally))
    }
}

#[cfg(test)]
mod tests;
