//! Logged clicks in memory, in nearly as few bytes as they have in the log.
//!
//! A batch is a list of parts. In a part each click stands as in a [`block`](super::block), and after a person's click
//! follow the number of the referrer's host, as a varint, and the three codes of what the visitor used. Parts begin
//! anew, so that a link is found without reading all before it. They are as large as the pages of the file, so that
//! memory which one of them gives back serves the others.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use crate::limits::CLICK_BLOCK_BYTES_MAX;
use crate::store::ledger::block::{Bytes, ENTRY_BYTES_MAX, Entry, Last, push_entry, push_varint};
use crate::store::ledger::{Logged, key_at};
use crate::store::record::PlaceRecord;
use crate::visitor::Class;

/// The longest click: that of a block, a number, three codes.
const LOGGED_BYTES_MAX: usize = ENTRY_BYTES_MAX + 5 + 3;

/// Some clicks, and on whose link the first of them is.
#[derive(Clone)]
struct Part {
    first: u64,
    clicks: Arc<[u8]>,
}

impl Part {
    fn clicks(&self) -> Clicks<'_> {
        Clicks { bytes: Bytes(&self.clicks), last: Last::default() }
    }
}

/// Clicks that were logged one after the other.
///
/// # Invariants
/// Sorted by link, then as they came.
pub(super) struct Batch {
    parts: Vec<Part>,
    /// Clicks that it was made of.
    count: usize,
    /// On whose link the last of them is.
    last: u64,
}

impl Batch {
    /// Packs clicks that are sorted by link, then as they came.
    pub(super) fn new(clicks: &[Logged]) -> Batch {
        debug_assert!(clicks.is_sorted_by_key(|click| click.key));
        let last = clicks.last().map_or(0, |click| click.key);
        let mut batch = Batch { parts: Vec::new(), count: clicks.len(), last };
        let (mut open, mut first, mut last) = (Vec::with_capacity(CLICK_BLOCK_BYTES_MAX), 0, Last::default());
        for click in clicks {
            if open.len() > CLICK_BLOCK_BYTES_MAX - LOGGED_BYTES_MAX {
                batch.parts.push(Part { first, clicks: open.as_slice().into() });
                open.clear();
            }
            if open.is_empty() {
                (first, last) = (click.key, Last::default());
            }
            push(&mut open, &mut last, click);
        }
        if !open.is_empty() {
            batch.parts.push(Part { first, clicks: open.as_slice().into() });
        }
        batch
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Its parts from the first on that may have a click on a link with this key, or with a later one.
    fn parts_from(&self, key: u64) -> &[Part] {
        // The part before the first that begins with the key may end with it.
        &self.parts[self.parts.partition_point(|part| part.first < key).saturating_sub(1)..]
    }

    /// Its clicks from the first on a link with this key, or with a later one, on.
    fn from(&self, key: u64) -> impl Iterator<Item = Logged> {
        self.parts_from(key).iter().flat_map(Part::clicks).skip_while(move |click| click.key < key)
    }
}

fn push(out: &mut Vec<u8>, last: &mut Last, click: &Logged) {
    let Logged { key, packed, host, about, marks } = *click;
    push_entry(out, last, &Entry { key, packed, marks });
    if packed.class == Class::Human {
        push_varint(out, host.into());
        out.extend(about);
    }
}

/// The clicks of a part.
struct Clicks<'a> {
    bytes: Bytes<'a>,
    last: Last,
}

impl Iterator for Clicks<'_> {
    type Item = Logged;

    fn next(&mut self) -> Option<Logged> {
        let Entry { key, packed, marks } = self.bytes.entry(&mut self.last, true)?;
        let (mut host, mut about) = (0, [0; 3]);
        if packed.class == Class::Human {
            (host, about) = (self.bytes.varint()?.try_into().ok()?, self.bytes.take()?);
        }
        Some(Logged { key, packed, host, about, marks })
    }
}

/// Batches, the oldest first.
#[derive(Default)]
pub(super) struct Pile {
    batches: Vec<Batch>,
    /// Clicks that were added.
    count: usize,
}

impl Pile {
    /// Adds clicks that came after all others. As far as they are on the same links as the last batch or on later ones,
    /// they become a part of it.
    pub(super) fn push(&mut self, batch: Batch) {
        let Some(first) = batch.parts.first().map(|part| part.first) else { return };
        self.count += batch.count;
        match self.batches.last_mut() {
            Some(before) if before.last <= first => {
                before.parts.extend(batch.parts);
                (before.count, before.last) = (before.count + batch.count, batch.last);
            }
            _ => self.batches.push(batch),
        }
    }

    /// Clicks that were added.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The same without most of what is before a place: nobody will ask for it.
    pub(super) fn rest(&self, place: &PlaceRecord) -> Pile {
        let rest = |batch: &Batch| Batch { parts: batch.parts_from(key_at(place)).to_vec(), ..*batch };
        Pile { batches: self.batches.iter().map(rest).collect(), count: self.count }
    }

    /// The clicks after a place as one list, sorted by link, then as they came.
    pub(super) fn after<'a>(&'a self, place: &PlaceRecord) -> impl Iterator<Item = Logged> + use<'a> {
        let key = key_at(place);
        let mut merged = Merged { rests: Vec::with_capacity(self.batches.len()), order: BinaryHeap::new() };
        for batch in &self.batches {
            let mut rest = batch.from(key);
            if let Some(first) = rest.next() {
                merged.order.push(Reverse((first.key, merged.rests.len())));
                merged.rests.push((first, rest));
            }
        }
        // All clicks on that link are next.
        let mut counted = place.within;
        merged.skip_while(move |click| {
            let is_counted = click.key == key && counted > 0;
            counted = counted.saturating_sub(1);
            is_counted
        })
    }

    /// The clicks after a place that are on links from one key to another, the oldest of each link first.
    pub(super) fn between<'a>(
        &'a self,
        place: &PlaceRecord,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = Logged> + use<'a> {
        let key = key_at(place);
        let mut counted = place.within;
        let of_batches = self
            .batches
            .iter()
            .flat_map(move |batch| batch.from(from.max(key)).take_while(move |click| click.key <= to));
        of_batches.filter(move |click| {
            let is_counted = click.key == key && counted > 0;
            counted -= u32::from(is_counted);
            !is_counted
        })
    }
}

/// Several sorted lists as one; of equal keys, that of the first list is first.
struct Merged<I> {
    /// The next click of each list, and those after it.
    rests: Vec<(Logged, I)>,
    /// The keys of the next clicks, and in which list they are, the smallest on top.
    order: BinaryHeap<Reverse<(u64, usize)>>,
}

impl<I: Iterator<Item = Logged>> Iterator for Merged<I> {
    type Item = Logged;

    fn next(&mut self) -> Option<Logged> {
        let mut top = self.order.peek_mut()?;
        let (first, rest) = &mut self.rests[top.0.1];
        match rest.next() {
            Some(next) => {
                top.0.0 = next.key;
                Some(std::mem::replace(first, next))
            }
            None => {
                let last = *first;
                PeekMut::pop(top);
                Some(last)
            }
        }
    }
}

#[cfg(test)]
mod tests;
