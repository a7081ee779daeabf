//! The click ledger: clicks are first logged, many in one block, and later counted, many of one link at a time.
//!
//! # Where a click is
//! 1. In the queue or in hand: in memory only. A crash loses it.
//! 2. In the log ([`block`]), and in memory too ([`memory`]): on disk, not counted.
//! 3. Counted ([`rounds`]): in a segment of its link, and in the sums of the link, of its owner and of the site
//!    ([`rolls`]). The transaction that counts it moves the place in `meta` past it, so it is counted once, whenever the
//!    program ends. A finished round takes its blocks out of the log.
//!
//! Readers add what is in memory to what is counted, so what they see is complete at any time.
//!
//! Clicks on a link go with it. In the sums of its owner and of the site they stay: what happened on a day is not undone
//! by tidying up. How many these are is kept beside the sums, so that they can be checked against those below them.
//!
//! # Invariants
//! - What the log holds beyond the place is exactly what memory holds as logged; [`keeper`] reads it back at the start.
//! - The order of a round depends on the log alone: by link, then as the clicks came.

mod batch;
pub(in crate::store) mod block;
pub(in crate::store) mod dict;
mod keeper;
pub(in crate::store) mod memory;
pub(in crate::store) mod migrate;
pub(in crate::store) mod overall;
pub(in crate::store) mod rolls;
mod rounds;
pub(in crate::store) mod sketch;

use std::time::Duration;

use crate::limits::{
    CLICK_SETTLE, CLICK_SLICE, CLICKS_PER_COMMIT_MAX, CLICKS_PER_ROUND, CLICKS_PER_SLICE, CLICKS_UNCOUNTED_MAX,
};
use crate::link::LinkId;
use crate::store::record::PlaceRecord;
use crate::store::tables::link_key;
use crate::user::UserId;
use crate::visitor::marks::Marks;
use block::Packed;

pub(in crate::store) use keeper::{Done, Keeper, Work};
pub(in crate::store) use memory::Ledger;

/// A click that is in the log, with what counting needs to know of its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Logged {
    /// Owner and link, as in the tables' keys.
    pub(in crate::store) key: u64,
    pub(in crate::store) packed: Packed,
    /// The referrer's host in the dictionary.
    pub(in crate::store) host: u32,
    /// What the agent says of itself, see [`Description::codes`](crate::visitor::Description::codes).
    pub(in crate::store) about: [u8; 3],
    pub(in crate::store) marks: Option<Marks>,
}

/// How much is done at a time; the constants of [`crate::limits`], but for tests.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Pace {
    /// Clicks logged in one transaction.
    pub(in crate::store) batch: usize,
    /// Logged clicks that start a round.
    pub(in crate::store) round: usize,
    /// Logged clicks past which no more are taken.
    pub(in crate::store) uncounted_max: usize,
    /// The oldest click's age that starts a round.
    pub(in crate::store) settle: Duration,
    /// A slice's length, in time and in clicks.
    pub(in crate::store) slice: Duration,
    pub(in crate::store) slice_clicks: usize,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            batch: CLICKS_PER_COMMIT_MAX,
            round: CLICKS_PER_ROUND,
            uncounted_max: CLICKS_UNCOUNTED_MAX,
            settle: CLICK_SETTLE,
            slice: CLICK_SLICE,
            slice_clicks: CLICKS_PER_SLICE,
        }
    }
}

/// The place before the first click of a round, which takes the blocks from one on, before another.
const fn beginning(head: u64, to: u64) -> PlaceRecord {
    PlaceRecord { head, to, owner: 0, link: 0, within: 0 }
}

/// The key of the last link that is counted at a place.
fn key_at(place: &PlaceRecord) -> u64 {
    u64::from_be_bytes(link_key(UserId(place.owner), LinkId(place.link)))
}

/// Moves a place past so many more clicks on a link.
fn pass(place: &mut PlaceRecord, key: u64, clicks: usize) {
    if key != key_at(place) {
        // A key is the owner's number and the link's.
        (place.owner, place.link, place.within) = ((key >> 32) as u32, key as u32, 0);
    }
    // A round has fewer clicks than a u32 can count.
    place.within += clicks as u32;
}

#[cfg(test)]
mod tests;
