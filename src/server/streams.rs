//! Long answers on their way from the worker that begins them to the door that sends them.
//!
//! The worker leaves the source here and answers with a head that carries its number; the door takes it out under that
//! number. So the worker is free at once, and the number of such answers has one bound.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::app::App;
use crate::limits::{LANE_TIMEOUT, STREAMS_MAX};
use crate::web::stream::{Piece, Source};

/// The header line that names a stream; it stands right behind the status line, and never leaves the door.
const HEADER: &str = "X-Door-Stream: ";

/// The long answers that wait to be taken, and the count of all that live.
#[derive(Debug, Default)]
pub(super) struct Streams {
    waiting: Mutex<HashMap<u64, (Instant, Stream)>>,
    last: AtomicU64,
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
    /// Leaves a source to be taken; returns the header line that names it. `None` when there are [`STREAMS_MAX`].
    pub(super) fn put(&self, source: Box<dyn Source>) -> Option<String> {
        if self.living.fetch_add(1, Ordering::AcqRel) >= STREAMS_MAX {
            self.living.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        let stream = Stream { source, living: Arc::clone(&self.living) };
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // One whose lane broke under it is never taken.
        waiting.retain(|_, (since, _)| since.elapsed() < LANE_TIMEOUT);
        waiting.insert(number, (Instant::now(), stream));
        Some(format!("{HEADER}{number}\r\n"))
    }

    /// Takes the stream that the lines behind a status line begin with, and returns it with the rest of them.
    pub(super) fn take<'a>(&self, lines: &'a [u8]) -> Option<(Stream, &'a [u8])> {
        let named = lines.strip_prefix(HEADER.as_bytes())?;
        let end = super::wire::find(named, b"\r\n")?;
        let number = std::str::from_utf8(&named[..end]).ok()?.parse().ok()?;
        let (_, stream) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)?;
        Some((stream, &named[end + 2..]))
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
    fn a_stream_is_taken_once_by_its_own_line() {
        let streams = Streams::default();
        let (first, second) = (streams.put(Box::new(Nothing)).unwrap(), streams.put(Box::new(Nothing)).unwrap());
        let lines = format!("{second}Date: x\r\n\r\n");
        assert_eq!(streams.take(lines.as_bytes()).unwrap().1, b"Date: x\r\n\r\n");
        assert!(streams.take(lines.as_bytes()).is_none());
        assert!(streams.take(first.as_bytes()).is_some());
        for odd in ["", "Date: x\r\n", "X-Door-Stream: \r\n", "X-Door-Stream: 1", "X-Door-Stream: 99\r\n"] {
            assert!(streams.take(odd.as_bytes()).is_none(), "{odd}");
        }
    }

    #[test]
    fn there_are_only_so_many_and_one_that_ends_makes_room() {
        let streams = Streams::default();
        let lines: Vec<String> = (0..STREAMS_MAX).map(|_| streams.put(Box::new(Nothing)).unwrap()).collect();
        assert!(streams.put(Box::new(Nothing)).is_none());
        let taken = streams.take(lines[0].as_bytes());
        assert!(streams.put(Box::new(Nothing)).is_none(), "it lives while it is sent");
        drop(taken);
        assert!(streams.put(Box::new(Nothing)).is_some());
    }
}
