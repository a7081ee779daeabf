//! Which parts of the data file were written while somebody copies it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes of a chunk: what is copied at a time.
pub(super) const CHUNK_BYTES: u64 = 64 << 10;

/// Numbers of chunks. Nothing is kept unless somebody asks for it.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    is_on: AtomicBool,
    chunks: Mutex<BTreeSet<u64>>,
}

impl Dirty {
    pub(super) fn start(&self) {
        self.take();
        self.is_on.store(true, Ordering::SeqCst);
    }

    pub(super) fn stop(&self) {
        self.is_on.store(false, Ordering::SeqCst);
        self.take();
    }

    /// Notes a write that is done: whoever reads a chunk between a write and its note reads it again.
    pub(super) fn note(&self, offset: u64, bytes: usize) {
        if bytes > 0 && self.is_on.load(Ordering::SeqCst) {
            let last = (offset + bytes as u64 - 1) / CHUNK_BYTES;
            self.chunks.lock().unwrap_or_else(PoisonError::into_inner).extend(offset / CHUNK_BYTES..=last);
        }
    }

    /// What was written since the last call.
    pub(super) fn take(&self) -> BTreeSet<u64> {
        std::mem::take(&mut *self.chunks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_that_was_touched_is_noted_while_it_is_asked_for() {
        let dirty = Dirty::default();
        dirty.note(0, 10);
        assert!(dirty.take().is_empty());
        dirty.start();
        dirty.note(0, 0);
        dirty.note(CHUNK_BYTES - 1, 2);
        dirty.note(5 * CHUNK_BYTES, CHUNK_BYTES as usize);
        assert_eq!(dirty.take().into_iter().collect::<Vec<_>>(), [0, 1, 5]);
        assert!(dirty.take().is_empty());
        dirty.note(7, 1);
        dirty.stop();
        dirty.note(7, 1);
        assert!(dirty.take().is_empty());
    }
}
