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
        HOT_ENTRY_BYTES + path.len() as u64 + kept.redirect.target.as_str().len() as u64
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
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;
    use crate::link::LinkId;
    use crate::target::Target;
    use crate::user::UserId;

    fn to(version: u32) -> Arc<Redirect> {
        let target = Target::from_stored("https://example.com/".to_owned()).unwrap();
        Arc::new(Redirect { owner: UserId(1), link: LinkId(version), enabled: true, expires: None, target })
    }

    #[test]
    fn what_is_forgotten_is_not_found_and_what_was_read_before_is_not_kept() {
        let hot = Hot::new();
        assert!(hot.get("anna/docs").is_none());
        let epoch = hot.epoch("anna/docs");
        hot.keep("anna/docs", epoch, to(1));
        assert_eq!(hot.get("anna/docs").unwrap().link, LinkId(1));
        hot.forget("anna/docs");
        assert!(hot.get("anna/docs").is_none());
        hot.keep("anna/docs", epoch, to(1));
        assert!(hot.get("anna/docs").is_none(), "read before the edit, put back after it");
        hot.keep("anna/docs", hot.epoch("anna/docs"), to(2));
        assert_eq!(hot.get("anna/docs").unwrap().link, LinkId(2));
        hot.forget_all();
        assert!(hot.get("anna/docs").is_none());
    }

    #[test]
    fn the_cache_stays_within_its_bound() {
        let hot = Hot::new();
        for number in 0..200_000 {
            let path = format!("anna/{number}");
            hot.keep(&path, hot.epoch(&path), to(number));
        }
        assert!(hot.rows.weight() <= HOT_BYTES_MAX);
        assert!(hot.rows.len() > 1_000);
    }

    #[test]
    fn no_reader_sees_a_row_older_than_the_last_acknowledged_edit() {
        const PATHS: usize = 16;
        const EDITS: u32 = 20_000;
        let hot = Hot::new();
        let paths: Vec<String> = (0..PATHS).map(|path| format!("anna/{path}")).collect();
        // The file, and what the editor was told.
        let file: Vec<AtomicU64> = (0..PATHS).map(|_| AtomicU64::new(0)).collect();
        let told: Vec<AtomicU64> = (0..PATHS).map(|_| AtomicU64::new(0)).collect();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for reader in 0..3 {
                let (hot, paths, file, told, done) = (&hot, &paths, &file, &told, &done);
                scope.spawn(move || {
                    let mut at = reader;
                    while !done.load(Ordering::SeqCst) {
                        at = (at * 31 + 7) % PATHS;
                        let least = told[at].load(Ordering::SeqCst);
                        let found = hot.get(&paths[at]).unwrap_or_else(|| {
                            let epoch = hot.epoch(&paths[at]);
                            let row = to(u32::try_from(file[at].load(Ordering::SeqCst)).unwrap());
                            hot.keep(&paths[at], epoch, Arc::clone(&row));
                            row
                        });
                        assert!(u64::from(found.link.0) >= least, "a row older than the acknowledged edit");
                    }
                });
            }
            for edit in 1..=EDITS {
                let at = edit as usize * 5 % PATHS;
                file[at].store(edit.into(), Ordering::SeqCst);
                hot.forget(&paths[at]);
                told[at].store(edit.into(), Ordering::SeqCst);
            }
            done.store(true, Ordering::SeqCst);
        });
    }
}
