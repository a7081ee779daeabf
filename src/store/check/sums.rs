//! Sums of users and of the site: what they hold is what is below them, and what was on links that are gone.

use std::collections::BTreeMap;

use super::clicks::{Both, check_days};
use super::{Examiner, Flaw, Rows, miscount};
use crate::calendar::Day;
use crate::link::LinkId;
use crate::store::ledger::rolls::ALL_DAYS;
use crate::store::record::{self, OverallRecord, RollHead, SumRecord};
use crate::store::tables::{day_key, link_key, sum_key};
use crate::user::UserId;

/// What is counted below a sum, as far as it reads: in all, and by day.
#[derive(Default)]
struct Below {
    all: Both,
    days: BTreeMap<Day, Both>,
}

impl Below {
    /// Adds a link, or a user, by its rows.
    fn add(&mut self, days: &Rows, key: [u8; 8], all: Both) -> Result<(), Flaw> {
        self.all.add_all(all);
        // Days that do not read were reported already.
        for (day, counts) in by_day(days, key)? {
            self.days.entry(day).or_default().add_all(counts);
        }
        Ok(())
    }

    fn of_links(sums: &Rows, days: &Rows, owner: UserId) -> Result<Below, Flaw> {
        let mut below = Below::default();
        let (from, to) = (link_key(owner, LinkId(1)), link_key(owner, LinkId(u32::MAX)));
        for row in sums.range(from.as_slice()..=to.as_slice())? {
            let (key, raw) = row?;
            if let (Ok(link), Ok(sum)) = (key.value().try_into(), record::unseal::<SumRecord>(key.value(), raw.value()))
            {
                below.add(days, link, Both(sum.humans, sum.bots))?;
            }
        }
        Ok(below)
    }
}

/// The days of a link, a user or the site that read, without the sum of all.
fn by_day(days: &Rows, key: [u8; 8]) -> Result<BTreeMap<Day, Both>, Flaw> {
    let (from, to) = (day_key(key, ALL_DAYS + 1), day_key(key, Day::MAX));
    let mut counts = BTreeMap::new();
    for row in days.range(from.as_slice()..=to.as_slice())? {
        let (key, raw) = row?;
        if let (Some(day), Ok(head)) = (key.value().last_chunk(), RollHead::unseal(key.value(), raw.value())) {
            counts.insert(Day::from_be_bytes(*day), Both(head.humans, head.bots));
        }
    }
    Ok(counts)
}

impl Examiner<'_> {
    pub(super) fn sums(&mut self, sums: &Rows, days: &Rows, knows_all_days: bool) -> Result<(), Flaw> {
        let (mut site, mut next) = (Below::default(), Some(UserId(1)));
        while let Some(owner) = next_owner(sums, next)? {
            let below = Below::of_links(sums, days, owner)?;
            let key = sum_key(Some(owner));
            let overall = check(sums, days, key, &below, knows_all_days);
            if let Ok(Some(overall)) = &overall {
                site.add(days, key, Both(overall.humans, overall.bots))?;
            }
            self.note(overall.map(drop)).map_err(Flaw::Fatal)?;
            next = owner.0.checked_add(1).map(UserId);
        }
        check(sums, days, sum_key(None), &site, knows_all_days).map(drop)
    }
}

fn next_owner(sums: &Rows, from: Option<UserId>) -> Result<Option<UserId>, Flaw> {
    let Some(from) = from else { return Ok(None) };
    let Some(row) = sums.range(link_key(from, LinkId(0)).as_slice()..)?.next() else { return Ok(None) };
    let (key, _) = row?;
    Ok(key.value().first_chunk().map(|owner| UserId(u32::from_be_bytes(*owner))))
}

/// Holds a sum against what is below it.
fn check(
    sums: &Rows,
    days: &Rows,
    key: [u8; 8],
    below: &Below,
    knows_all_days: bool,
) -> Result<Option<OverallRecord>, Flaw> {
    const TABLE: &str = "roll_total";
    let Some(raw) = sums.get(key.as_slice())? else {
        return if below.all == Both::default() { Ok(None) } else { Err(miscount(TABLE, &key, "missing")) };
    };
    let overall: OverallRecord = record::unseal(&key, raw.value())?;
    let gone = Both(overall.gone_humans, overall.gone_bots);
    let mut all = below.all;
    all.add_all(gone);
    if all != Both(overall.humans, overall.bots) {
        return Err(miscount(TABLE, &key, "differs from the sums below it"));
    }
    check_days(days, key, Both(overall.humans, overall.bots), knows_all_days, None)?;
    let own = by_day(days, key)?;
    for (day, of_day) in &own {
        let below = below.days.get(day).copied().unwrap_or_default();
        let fits = if gone == Both::default() { below == *of_day } else { below.0 <= of_day.0 && below.1 <= of_day.1 };
        if !fits {
            return Err(miscount("roll_day", &day_key(key, *day), "differs from the days below it"));
        }
    }
    match below.days.keys().find(|day| !own.contains_key(day)) {
        Some(day) => Err(miscount("roll_day", &day_key(key, *day), "missing")),
        None => Ok(Some(overall)),
    }
}
