//! Single clicks of a link in the order in which they came, a piece at a time.
//!
//! A click's place is how many came before it on its link. That never changes: not when it goes from memory into the
//! log and from there into a segment, nor when clicks before it are removed. So pieces that are read one after the other,
//! each in a transaction of its own, repeat none and miss none.

use redb::ReadTransaction;

use super::late::Latest;
use super::{Seen, Whose, exists, sum};
use crate::link::LinkId;
use crate::store::Store;
use crate::store::error::{Error, unless_damaged};
use crate::store::ledger::block;
use crate::store::ledger::memory::Late;
use crate::store::record::SumRecord;
use crate::store::tables::{CLICK_SEG, DICT_ID, click_key, link_key};
use crate::user::UserId;

/// Places of clicks that are still to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    from: u64,
    to: u64,
}

impl Places {
    pub(crate) fn is_empty(&self) -> bool {
        self.from >= self.to
    }
}

/// The place after the last click that is counted.
fn counted(sum: &SumRecord) -> u64 {
    sum.passed.saturating_add(sum.kept.into())
}

/// The sums of a link that is there; `None` for one that is gone, and for sums that do not read.
fn sum_of(tx: &ReadTransaction, owner: UserId, link: LinkId) -> Result<Option<SumRecord>, Error> {
    if !exists(tx, owner, link)? {
        return Ok(None);
    }
    let sum = unless_damaged(sum(tx, &link_key(owner, link)))?;
    Ok(sum.map(|sum| sum.unwrap_or_else(SumRecord::empty)))
}

/// Counted clicks from a place on, at most `count`, and the place to go on from. What does not read is passed over.
fn read_counted(
    tx: &ReadTransaction,
    link: [u8; 8],
    sum: &SumRecord,
    places: Places,
    count: usize,
) -> Result<(Vec<Latest>, u64), Error> {
    let segments = tx.open_table(CLICK_SEG)?;
    let (mut clicks, mut next) = (Vec::new(), places.from.max(sum.passed));
    let end = places.to.min(counted(sum));
    let (from, to) = (click_key(link, sum.segment_first), click_key(link, u32::MAX));
    let mut first = sum.passed;
    for row in segments.range(from.as_slice()..=to.as_slice())? {
        if clicks.len() == count || next >= end {
            return Ok((clicks, next));
        }
        let (key, raw) = row?;
        let after = first.saturating_add(block::count(raw.value()).into());
        if next < after {
            let segment = unless_damaged(block::read_segment(key.value(), raw.value()))?.unwrap_or_default();
            // Both are within a segment.
            let skipped = (next - first) as usize;
            let wanted = (count - clicks.len()).min((end - next) as usize);
            let is_damaged = segment.is_empty();
            let before = clicks.len();
            clicks.extend(segment.into_iter().skip(skipped).take(wanted).map(Latest::Packed));
            next = if is_damaged { after } else { next + (clicks.len() - before) as u64 };
        }
        first = after;
    }
    // Damage can make a link's count too high; behind the last segment there is nothing to wait for.
    Ok((clicks, if next >= first { next.max(end) } else { next }))
}

impl Store {
    /// The places of a link's clicks as they are now.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn click_places(&self, owner: UserId, link: LinkId) -> Result<Places, Error> {
        self.read_with_late(
            "looking for clicks to export",
            |late| late.of(Whose::Link(owner, link)).count() as u64,
            |tx, late| {
                let places = |sum: SumRecord| Places { from: sum.passed, to: counted(&sum).saturating_add(late) };
                Ok(sum_of(tx, owner, link)?.map_or(Places { from: 0, to: 0 }, places))
            },
        )
    }

    /// The first clicks of some places, at most `count`, and the places that are left. Clicks that were removed
    /// meanwhile, and those that do not read, are passed over.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn clicks_at(
        &self,
        owner: UserId,
        link: LinkId,
        places: Places,
        count: usize,
    ) -> Result<(Vec<Seen>, Places), Error> {
        let nothing = Places { from: places.to, to: places.to };
        self.read_at_place("exporting clicks", |tx, place| {
            let Some(sum) = sum_of(tx, owner, link)? else { return Ok(Some((Vec::new(), nothing))) };
            let (mut clicks, mut next) = read_counted(tx, link_key(owner, link), &sum, places, count)?;
            let left = count - clicks.len();
            if left > 0 && next >= counted(&sum) && next < places.to {
                let skipped = next - counted(&sum);
                // What does not fit a number is not in memory.
                let (skipped, wanted) = (skipped as usize, left.min((places.to - next) as usize));
                let late = self.ledger.look(&self.queue, place, |late| {
                    let late = late.of(Whose::Link(owner, link)).skip(skipped).take(wanted);
                    late.map(|late| match late {
                        Late::Logged(click) => Latest::Packed(click.packed),
                        Late::Waiting(click) => Latest::Whole(Box::new(click.clone())),
                    })
                    .collect::<Vec<Latest>>()
                });
                let Some(late) = late else { return Ok(None) };
                next = if late.is_empty() { places.to } else { next + late.len() as u64 };
                clicks.extend(late);
            }
            let words = self.words()?;
            let words = words.open_table(DICT_ID)?;
            let clicks = clicks.into_iter().map(|click| click.seen(&words)).collect::<Result<Vec<Seen>, Error>>()?;
            Ok(Some((clicks, Places { from: next, to: places.to })))
        })
    }
}

#[cfg(test)]
mod tests;
