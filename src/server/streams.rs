//! Long answers, counted: they hold no worker, but each has a piece of itself in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::app::App;
use crate::limits::STREAMS_MAX;
use crate::web::stream::{Piece, Source};

/// The count of all that live.
#[derive(Debug, Default)]
pub(super) struct Streams {
    living: Arc<AtomicUsize>,
}

/// A source, counted for as long as it lives.
#[derive(Debug)]
pub(super) struct Stream {
    source: Box<dyn Source>,
    living: Arc<AtomicUsize>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.living.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Stream {
    pub(super) fn next(&mut self, app: &App) -> Piece {
        self.source.next(app)
    }
}

impl Streams {
    /// Counts a source in. `None` when there are [`STREAMS_MAX`].
    pub(super) fn begin(&self, source: Box<dyn Source>) -> Option<Stream> {
        if self.living.fetch_add(1, Ordering::AcqRel) >= STREAMS_MAX {
            self.living.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        Some(Stream { source, living: Arc::clone(&self.living) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Nothing;

    impl Source for Nothing {
        fn next(&mut self, _: &App) -> Piece {
            Piece::End
        }
    }

    #[test]
    fn there_are_only_so_many_and_one_that_ends_makes_room() {
        let streams = Streams::default();
        let mut living: Vec<_> = (0..STREAMS_MAX).map(|_| streams.begin(Box::new(Nothing)).unwrap()).collect();
        assert!(streams.begin(Box::new(Nothing)).is_none());
        assert!(streams.begin(Box::new(Nothing)).is_none());
        living.pop();
        assert!(streams.begin(Box::new(Nothing)).is_some());
    }
}
