//! Redirects in memory, never older than what a person was told.
//!
//! A short address that is followed often need not be read from the file each time, and the door may look here because
//! nothing in it waits for a disk. The hard part is an edit: once it is acknowledged no visitor may be sent to the old
//! target. Removing the entry is not enough, for a reader that looked before the edit may put the old row back after
//! it. So every entry carries the *epoch* of its path that was read before its row was, and an edit moves the epoch on
//! after its commit and before anybody is told. What was read before the commit carries the old epoch and is never
//! used again.
//!
//! Misses are not kept: whoever tries names at random would own the cache.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::limits::{HOT_BYTES_MAX, HOT_ENTRY_BYTES, HOT_STRIPES};
use crate::store::redirects::Redirect;

/// The redirects that were followed lately.
pub(super) struct Hot {
    rows: Cache<String, Kept, Bytes>,
    /// Paths share epochs; an edit makes a few others be read once more.
    epochs: Vec<AtomicU64>,
    stripes: RandomState,
}

#[derive(Clone)]
struct Kept {
    epoch: u64,
    redirect: Arc<Redirect>,
}

/// What an entry weighs in memory: its texts, and about [`HOT_ENTRY_BYTES`] around them.
#[derive(Clone)]
struct Bytes;

impl Weighter<String, Kept> for Bytes {
    fn weight(&self, path: &String, kept: &Kept) -> u64 {
        let target = kept.redirect.target.as_ref().map_or(0, |target| target.as_str().len());
        HOT_ENTRY_BYTES + (path.len() + target) as u64
    }
}

/// The epoch of a path at the time of asking. The row must be read after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epoch(u64);

impl Hot {
    pub(super) fn new() -> Hot {
        // Most entries weigh little more than what stands around them.
        let entries = usize::try_from(HOT_BYTES_MAX / (2 * HOT_ENTRY_BYTES)).unwrap_or(usize::MAX);
        Hot {
            rows: Cache::with_weighter(entries, HOT_BYTES_MAX, Bytes),
            epochs: (0..HOT_STRIPES).map(|_| AtomicU64::new(0)).collect(),
            stripes: RandomState::new(),
        }
    }

    fn stripe(&self, path: &str) -> &AtomicU64 {
        // The remainder is below the number of stripes, whatever the width of `usize`.
        &self.epochs[(self.stripes.hash_one(path) % HOT_STRIPES as u64) as usize]
    }

    /// Where a path leads, if that is known and still true. Waits for nothing.
    pub(super) fn get(&self, path: &str) -> Option<Arc<Redirect>> {
        let epoch = self.epoch(path);
        let kept = self.rows.get(path)?;
        (kept.epoch == epoch.0).then_some(kept.redirect)
    }

    /// To be asked before a row is read that will be kept.
    pub(super) fn epoch(&self, path: &str) -> Epoch {
        Epoch(self.stripe(path).load(Ordering::SeqCst))
    }

    /// Keeps a row that was read after `epoch` was asked for.
    pub(super) fn keep(&self, path: &str, epoch: Epoch, redirect: Arc<Redirect>) {
        self.rows.insert(path.to_owned(), Kept { epoch: epoch.0, redirect });
    }

    /// Makes everything known of a path untrue. To be called after the commit of an edit and before it is
    /// acknowledged.
    pub(super) fn forget(&self, path: &str) {
        self.stripe(path).fetch_add(1, Ordering::SeqCst);
    }

    /// The same for every path.
    pub(super) fn forget_all(&self) {
        for epoch in &self.epochs {
            epoch.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests;
