//! Single clicks that are too old: they go, and stay counted.
//!
//! A walk over all links in slices: each looks at some, and removes from those that have something to remove. Of a
//! link's segments the first go, up to the one with a click that stays; of that one the older clicks go, so that a link
//! which is seldom followed keeps them no longer than a busy one. Clicks stand in the order in which they came, and a
//! clock may have been wrong: so each click of a segment is looked at, and one that begins in the future hides none
//! behind it. One of a clock that was ahead, and has been caught up with, does: old clicks in later segments go with it,
//! as many days too late as that clock was ahead, and never later than after twice the days that are kept.

use redb::{ReadTransaction, ReadableTable};

use crate::clock::Timestamp;
use crate::limits::{LINKS_SCANNED_MAX, PURGE_ROWS_PER_COMMIT};
use crate::store::Store;
use crate::store::error::{Error, unless_damaged};
use crate::store::ledger::block::{self, Packed, Segment};
use crate::store::record::{self, SumRecord};
use crate::store::tables::{self, CLICK_SEG, ROLL_TOTAL, Table, click_key, is_sum};

/// What a slice has done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Retired {
    /// Clicks that were removed.
    pub(crate) removed: u64,
    /// The link to go on from; `None` at the end.
    pub(crate) next: Option<u64>,
}

/// What a link costs besides its segments, counted as rows that go.
const ROWS_PER_LINK: usize = 4;

/// Which clicks are too old.
#[derive(Debug, Clone, Copy)]
struct Age {
    now_ms: i64,
    before_ms: i64,
}

impl Age {
    fn is_old(self, click: &Packed) -> bool {
        click.at_ms < self.before_ms
    }

    /// Whether segments after this one may have old clicks: those of a link come in the order of time, but for a clock
    /// that was ahead.
    fn goes_on(self, clicks: &[Packed]) -> bool {
        let first_to_stay = clicks.iter().find(|click| !self.is_old(click));
        first_to_stay.is_none_or(|click| click.at_ms > self.now_ms)
    }
}

/// Links with clicks to remove, and where to go on.
struct Due {
    links: Vec<[u8; 8]>,
    next: Option<u64>,
}

/// Looks at links from one on, until enough is found for one transaction.
fn due(tx: &ReadTransaction, age: Age, from: u64) -> Result<Due, Error> {
    let (sums, segments) = (tx.open_table(ROLL_TOTAL)?, tx.open_table(CLICK_SEG)?);
    let (mut links, mut rows, mut looked) = (Vec::new(), 0, 0);
    for row in sums.range(from.to_be_bytes().as_slice()..)? {
        let (key, raw) = row?;
        let Some(link) = key.value().try_into().ok().filter(|link| !is_sum(*link)) else { continue };
        if looked == LINKS_SCANNED_MAX || rows > PURGE_ROWS_PER_COMMIT {
            return Ok(Due { links, next: Some(u64::from_be_bytes(link)) });
        }
        looked += 1;
        let Some(sum) = unless_damaged(record::unseal::<SumRecord>(&link, raw.value()))? else { continue };
        if sum.kept > 0 && has_old(&segments, link, &sum, age)? {
            // What is written anew, the sums and a segment, costs more than what goes.
            rows += ROWS_PER_LINK + sum.segment_next.saturating_sub(sum.segment_first) as usize;
            links.push(link);
        }
    }
    Ok(Due { links, next: None })
}

/// The clicks of a segment; `None` when it is not there or does not read.
fn clicks_of(
    segments: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<Vec<Packed>>, Error> {
    let Some(raw) = segments.get(key)? else { return Ok(None) };
    unless_damaged(block::read_segment(key, raw.value()))
}

/// Whether a link has clicks to remove.
fn has_old(
    segments: &impl ReadableTable<&'static [u8], &'static [u8]>,
    link: [u8; 8],
    sum: &SumRecord,
    age: Age,
) -> Result<bool, Error> {
    for number in sum.segment_first..sum.segment_next {
        let Some(clicks) = clicks_of(segments, &click_key(link, number))? else { continue };
        let has_old = clicks.iter().any(|click| age.is_old(click));
        if has_old || !age.goes_on(&clicks) {
            return Ok(has_old);
        }
    }
    Ok(false)
}

/// What went of a link.
#[derive(Default)]
struct Gone {
    clicks: u64,
    has_whole_addresses: bool,
}

/// Removes the clicks of one link that are too old.
fn retire(sums: &mut Table<'_>, segments: &mut Table<'_>, link: [u8; 8], age: Age) -> Result<Gone, Error> {
    let Some(raw) = sums.get(link.as_slice())?.map(|raw| raw.value().to_vec()) else { return Ok(Gone::default()) };
    let mut sum: SumRecord = record::unseal(&link, &raw)?;
    let passed = sum.passed;
    let (first_to_stay, mut has_whole_addresses) = first_to_stay(segments, link, &sum, age)?;
    for number in sum.segment_first..first_to_stay {
        let removed = segments.remove(click_key(link, number).as_slice())?;
        sum.let_go(removed.map_or(0, |raw| block::count(raw.value())));
    }
    sum.segment_first = first_to_stay;
    for number in first_to_stay..sum.segment_next {
        let key = click_key(link, number);
        let Some(clicks) = clicks_of(segments, &key)? else { continue };
        has_whole_addresses |= clicks.iter().any(|click| age.is_old(click) && click.has_whole_address());
        sum.let_go(trim(segments, &key, &clicks, age)?);
        if !age.goes_on(&clicks) {
            break;
        }
    }
    sums.insert(link.as_slice(), record::seal(&link, &sum)?.as_slice())?;
    Ok(Gone { clicks: sum.passed - passed, has_whole_addresses })
}

/// The number after the last segment that goes, and whether those before it have whole addresses. One that does not read
/// goes with an old one after it.
fn first_to_stay(segments: &Table<'_>, link: [u8; 8], sum: &SumRecord, age: Age) -> Result<(u32, bool), Error> {
    let (mut first_to_stay, mut has_whole_addresses) = (sum.segment_first, false);
    for number in sum.segment_first..sum.segment_next {
        match clicks_of(segments, &click_key(link, number))? {
            Some(clicks) if clicks.iter().all(|click| age.is_old(click)) => {
                first_to_stay = number + 1;
                has_whole_addresses |= clicks.iter().any(Packed::has_whole_address);
            }
            Some(_) => break,
            None => {}
        }
    }
    Ok((first_to_stay, has_whole_addresses))
}

/// Writes a segment without its old clicks. It stays when it is empty then, because segments are numbered without gaps.
/// Returns how many went.
fn trim(segments: &mut Table<'_>, key: &[u8], clicks: &[Packed], age: Age) -> Result<u32, Error> {
    let young: Vec<&Packed> = clicks.iter().filter(|click| !age.is_old(click)).collect();
    let removed = clicks.len() - young.len();
    let Some(first) = young.first().copied().or(clicks.first()).filter(|_| removed > 0) else { return Ok(0) };
    let mut segment = Segment::new(first);
    young.iter().for_each(|click| segment.push(click));
    segments.insert(key, segment.seal(key).as_slice())?;
    // A segment holds fewer than five hundred.
    Ok(removed as u32)
}

impl Store {
    /// Removes single clicks from before a time, of links from a number on (0 is the first): one slice of them. Their
    /// sums stay, and what does not read is passed over. `now` tells clicks from the future.
    ///
    /// # Errors
    /// When the store fails; nothing of the slice is removed then.
    pub(crate) fn retire_clicks(&self, now: Timestamp, before: Timestamp, from: u64) -> Result<Retired, Error> {
        let age = Age { now_ms: now.ms(), before_ms: before.ms() };
        let Due { links, next } = self.read("looking for old clicks", |tx| due(tx, age, from))?;
        if links.is_empty() {
            return Ok(Retired { removed: 0, next });
        }
        self.write_sparingly("removing old clicks", move |tx| {
            let (mut sums, mut segments) = (tx.open_table(ROLL_TOTAL)?, tx.open_table(CLICK_SEG)?);
            let (mut removed, mut has_whole_addresses) = (0, false);
            for link in links {
                let gone = unless_damaged(retire(&mut sums, &mut segments, link, age))?.unwrap_or_default();
                removed += gone.clicks;
                has_whole_addresses |= gone.has_whole_addresses;
            }
            if has_whole_addresses {
                tables::note_remains(tx)?;
            }
            Ok(Retired { removed, next })
        })
    }
}

#[cfg(test)]
mod tests;
