//! From format 1 to format 2: rows of single clicks become segments and sums. From there to format 3 see [`sums`].
//!
//! Of single clicks that were damaged only their sums stay.

pub(in crate::store) mod sums;

use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};

use crate::limits::CLICKS_PER_COMMIT_MAX;
use crate::store::error::{Error, unless_damaged};
use crate::store::ledger::block::Packed;
use crate::store::ledger::dict::{self, Dictionary};
use crate::store::ledger::rolls::ALL_DAYS;
use crate::store::ledger::sketch::Scope;
use crate::store::ledger::{Logged, rounds};
use crate::store::record::{self, ClickRecord, Record, RollRecord, SumRecord, TallyRecord, TotalRecord};
use crate::store::tables::{CLICK, CLICK_PURGE, CLICK_TALLY, CLICK_TOTAL, META, Table, click_key};
use crate::visitor::{Class, Reason};

/// Moves the clicks of format 1 to where format 2 has them.
///
/// # Errors
/// When the disk fails.
pub(in crate::store) fn from_rows(tx: &WriteTransaction, told: &mut dyn FnMut(u64, u64)) -> Result<(), Error> {
    move_clicks(tx, told)?;
    for old in [CLICK, CLICK_TOTAL, CLICK_TALLY, CLICK_PURGE] {
        tx.delete_table(old)?;
    }
    // Clicks of deleted links went with the rows.
    tx.open_table(CLICK_PURGE)?;
    // The days of links that are older than this are not all known; whoever checks the sums must know that.
    tx.open_table(META)?.insert(b"moved".as_slice(), b"1".as_slice())?;
    Ok(())
}

/// The tables of format 1, and what is known while they are read.
struct Old<'a> {
    rows: Table<'a>,
    totals: Table<'a>,
    tallies: Table<'a>,
    words: dict::Tables<'a>,
    dictionary: Dictionary,
}

fn move_clicks(tx: &WriteTransaction, told: &mut dyn FnMut(u64, u64)) -> Result<(), Error> {
    let mut old = Old {
        rows: tx.open_table(CLICK)?,
        totals: tx.open_table(CLICK_TOTAL)?,
        tallies: tx.open_table(CLICK_TALLY)?,
        words: dict::Tables::open(tx)?,
        // These came long ago; only their number in all is bounded.
        dictionary: Dictionary::new(usize::MAX),
    };
    let mut new = rounds::Tables::open(tx)?;
    // Some at a time: the table of links is among those being written to.
    let (mut moved, all) = (0, old.rows.len()?);
    let mut from = Vec::new();
    loop {
        let links: Vec<[u8; 8]> = {
            let range = new.links().range(from.as_slice()..)?.take(CLICKS_PER_COMMIT_MAX);
            range
                .filter_map(|row| row.map(|(key, _)| key.value().try_into().ok()).transpose())
                .collect::<Result<_, _>>()?
        };
        let Some(last) = links.last() else { return Ok(()) };
        from = [last.as_slice(), &[0]].concat();
        for link in links {
            moved += old.move_link(&mut new, link)?;
            told(moved, all);
        }
    }
}

fn get<R: Record>(table: &Table<'_>, key: &[u8]) -> Result<Option<R>, Error> {
    let Some(raw) = table.get(key)? else { return Ok(None) };
    unless_damaged(record::decode(key, raw.value()))
}

impl Old<'_> {
    /// Moves the clicks of one link. What its sums say stands; of its days only single clicks know. Returns how many it
    /// had.
    fn move_link(&mut self, new: &mut rounds::Tables<'_>, link: [u8; 8]) -> Result<u64, Error> {
        let (total, tally) = (get::<TotalRecord>(&self.totals, &link)?, get::<TallyRecord>(&self.tallies, &link)?);
        let mut sum = SumRecord::empty();
        let mut days: Vec<(u16, RollRecord)> = Vec::new();
        let (mut all, mut count) = (RollRecord::empty(), 0);
        let (mut from, to) = (click_key(link, 0).to_vec(), click_key(link, u32::MAX));
        loop {
            let mut clicks = Vec::new();
            for row in self.rows.range(from.as_slice()..=to.as_slice())?.take(CLICKS_PER_COMMIT_MAX) {
                let (key, raw) = row?;
                from = [key.value(), &[0]].concat();
                let record = unless_damaged(record::decode::<ClickRecord>(key.value(), raw.value()))?;
                clicks.push(record);
            }
            if clicks.is_empty() {
                break;
            }
            count += clicks.len() as u64;
            let mut logged = Vec::with_capacity(clicks.len());
            for record in clicks.into_iter().flatten() {
                logged.push(self.pack(link, &record)?);
            }
            logged.iter().for_each(|click| sum.add(&click.packed));
            rounds::append(new, link, &mut sum, logged.iter().map(|click| &click.packed), |_| {})?;
            for (day, roll) in rounds::by_day(&logged, Scope::Link) {
                all.add_counts(&roll);
                match days.iter_mut().rev().find(|known| known.0 == day) {
                    Some((_, known)) => known.add_counts(&roll),
                    None => days.push((day, roll)),
                }
            }
        }
        if let Some(total) = total {
            (sum.humans, sum.bots) = (total.humans, total.bots);
            sum.last_ms = total.last_ms;
        } else if sum == SumRecord::empty() {
            return Ok(count);
        }
        if let Some(tally) = tally {
            all = self.roll(tally, all)?;
        }
        (all.humans, all.bots) = (sum.humans, sum.bots);
        days.push((ALL_DAYS, all));
        rounds::put_days(new, link, days)?;
        rounds::put_sum(new, link, &sum)?;
        Ok(count)
    }

    fn pack(&mut self, link: [u8; 8], record: &ClickRecord) -> Result<Logged, Error> {
        let referrer = self.dictionary.referrer(&mut self.words, &record.referrer)?;
        let agent = self.dictionary.agent(&mut self.words, &record.agent)?;
        let v4 = <[u8; 4]>::try_from(record.address.as_slice()).map(std::net::IpAddr::from);
        let v6 = <[u8; 16]>::try_from(record.address.as_slice()).map(std::net::IpAddr::from);
        Ok(Logged {
            key: u64::from_be_bytes(link),
            packed: Packed {
                at_ms: record.at_ms,
                referrer: referrer.id,
                agent: agent.id,
                class: Class::from_code(record.class),
                reason: Reason::from_code(record.reason),
                address: v4.or(v6).ok(),
            },
            host: referrer.host,
            about: agent.about.codes(),
            // Nobody was told apart.
            marks: None,
        })
    }

    /// A tally as the sum of all days; what it does not tell is only known of `rows`, single clicks.
    fn roll(&mut self, tally: TallyRecord, rows: RollRecord) -> Result<RollRecord, Error> {
        let mut roll = RollRecord {
            hosts: Vec::new(),
            hosts_other: tally.referrers_other,
            browsers: tally.browsers,
            systems: tally.systems,
            ..rows
        };
        for (host, people) in tally.referrers {
            let referrer = self.dictionary.referrer(&mut self.words, &host)?;
            roll.add_host(referrer.host, people);
        }
        roll.browsers.sort_unstable();
        roll.systems.sort_unstable();
        Ok(roll)
    }
}

#[cfg(test)]
pub(in crate::store) mod tests;
