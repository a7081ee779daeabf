//! From format 2 to format 3: what was only counted of links is summed up by user, and for the site.
//!
//! Clicks that are still in the log are in none of these sums. They will be counted into all of them.

use std::collections::BTreeMap;

use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};

use crate::calendar::Day;
use crate::link::LinkId;
use crate::store::error::{Error, unless_damaged};
use crate::store::record::{self, OverallRecord, RollRecord, SumRecord};
use crate::store::tables::{ROLL_DAY, ROLL_TOTAL, Table, day_key, link_key, sum_key};
use crate::user::UserId;

/// Makes the sums, from what reads of those of links.
///
/// # Errors
/// When the store fails.
pub(in crate::store) fn from_links(tx: &WriteTransaction, told: &mut dyn FnMut(u64, u64)) -> Result<(), Error> {
    let (mut totals, mut days) = (tx.open_table(ROLL_TOTAL)?, tx.open_table(ROLL_DAY)?);
    let (mut site, mut next) = (Sums::new(), Some(UserId(1)));
    let (mut done, all) = (0, totals.len()?);
    while let Some(owner) = next_owner(&totals, next)? {
        let sums = Sums::of(&totals, &days, owner, &mut || {
            done += 1;
            told(done, all);
        })?;
        site.add(&sums);
        sums.put(&mut totals, &mut days, Some(owner))?;
        next = owner.0.checked_add(1).map(UserId);
    }
    site.put(&mut totals, &mut days, None)
}

/// The first user from one on whose links have been clicked.
fn next_owner(totals: &Table<'_>, from: Option<UserId>) -> Result<Option<UserId>, Error> {
    let Some(from) = from else { return Ok(None) };
    let Some(row) = totals.range(link_key(from, LinkId(0)).as_slice()..)?.next() else { return Ok(None) };
    let (key, _) = row?;
    Ok(key.value().first_chunk().map(|owner| UserId(u32::from_be_bytes(*owner))))
}

/// What many links have together.
struct Sums {
    overall: OverallRecord,
    /// By day, and of all days.
    days: BTreeMap<Day, RollRecord>,
}

impl Sums {
    fn new() -> Sums {
        Sums { overall: OverallRecord::empty(), days: BTreeMap::new() }
    }

    /// Those of a user.
    fn of(totals: &Table<'_>, days: &Table<'_>, owner: UserId, told: &mut dyn FnMut()) -> Result<Sums, Error> {
        let mut sums = Sums::new();
        let (from, to) = (link_key(owner, LinkId(1)), link_key(owner, LinkId(u32::MAX)));
        for row in totals.range(from.as_slice()..=to.as_slice())? {
            let (key, raw) = row?;
            told();
            let (Ok(link), Some(sum)) =
                (key.value().try_into(), unless_damaged(record::unseal::<SumRecord>(key.value(), raw.value()))?)
            else {
                continue;
            };
            sums.add_overall(sum.humans, sum.bots, sum.last_ms);
            for row in days.range(day_key(link, 0).as_slice()..=day_key(link, Day::MAX).as_slice())? {
                let (key, raw) = row?;
                let roll = unless_damaged(record::unseal::<RollRecord>(key.value(), raw.value()))?;
                if let (Some(day), Some(roll)) = (key.value().last_chunk(), roll) {
                    sums.day(Day::from_be_bytes(*day)).add_counts(&roll);
                }
            }
        }
        Ok(sums)
    }

    fn day(&mut self, day: Day) -> &mut RollRecord {
        self.days.entry(day).or_insert_with(RollRecord::empty)
    }

    fn add_overall(&mut self, humans: u64, bots: u64, last_ms: i64) {
        let overall = &mut self.overall;
        overall.humans = overall.humans.saturating_add(humans);
        overall.bots = overall.bots.saturating_add(bots);
        overall.last_ms = overall.last_ms.max(last_ms);
    }

    fn add(&mut self, other: &Sums) {
        self.add_overall(other.overall.humans, other.overall.bots, other.overall.last_ms);
        other.days.iter().for_each(|(day, roll)| self.day(*day).add_counts(roll));
    }

    /// Writes them, if there are any.
    fn put(self, totals: &mut Table<'_>, days: &mut Table<'_>, owner: Option<UserId>) -> Result<(), Error> {
        if self.overall == OverallRecord::empty() && self.days.is_empty() {
            return Ok(());
        }
        let key = sum_key(owner);
        totals.insert(key.as_slice(), record::seal(&key, &self.overall)?.as_slice())?;
        for (day, mut roll) in self.days {
            roll.trim();
            let key = day_key(key, day);
            days.insert(key.as_slice(), record::seal(&key, &roll)?.as_slice())?;
        }
        Ok(())
    }
}
