//! What the network front has refused, in numbers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Statuses of refusals, each with a counter; any other counts under the last.
const STATUSES: [u16; 13] = [400, 405, 408, 413, 414, 417, 431, 501, 503, 504, 505, 421, 500];

/// Counters since the start of the program.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    connections: AtomicU64,
    refused: [AtomicU64; STATUSES.len()],
    /// Requests that were answered while the program was ending.
    finished: AtomicU64,
    /// Somebody who is not trusted has said whom a request is from.
    has_untrusted_proxy: AtomicBool,
}

/// What the counters stood at, at some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) connections: u64,
    refused: [u64; STATUSES.len()],
}

impl Traffic {
    /// Counts a connection that was made to us.
    pub(crate) fn note_connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request, or a connection, that was refused before anybody looked at what it meant.
    pub(crate) fn note_refused(&self, status: u16) {
        let place = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1);
        self.refused[place].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that was answered while the program was ending.
    pub(crate) fn note_finished(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    /// Notes that somebody who is not trusted says whom a request is from. True for the first.
    pub(crate) fn note_untrusted_proxy(&self) -> bool {
        !self.has_untrusted_proxy.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn has_untrusted_proxy(&self) -> bool {
        self.has_untrusted_proxy.load(Ordering::Relaxed)
    }

    pub(crate) fn totals(&self) -> Totals {
        let refused = std::array::from_fn(|place| self.refused[place].load(Ordering::Relaxed));
        Totals { connections: self.connections.load(Ordering::Relaxed), refused }
    }
}

impl Totals {
    /// Statuses that were given since `earlier`, with how often.
    pub(crate) fn refused_since(&self, earlier: &Totals) -> Vec<(u16, u64)> {
        let grown = |place: usize| (STATUSES[place], self.refused[place] - earlier.refused[place]);
        (0..STATUSES.len()).map(grown).filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_status() {
        let traffic = Traffic::default();
        let before = traffic.totals();
        for status in [400, 503, 400, 500, 599] {
            traffic.note_refused(status);
        }
        assert_eq!(traffic.totals().refused_since(&before), [(400, 2), (503, 1), (500, 2)]);
        assert!(traffic.totals().refused_since(&traffic.totals()).is_empty());
    }
}
