//! The gate before the hasher: a few inside, a few in line, everybody else turned away at once.
//!
//! Apart because it knows nothing of passwords, only of places and turns. First come, first served: a newcomer never
//! passes someone who waits. A place is given back when its [`Place`] is dropped, so a panic inside frees it too.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(super) struct Gate {
    at_once: usize,
    admitted_max: usize,
    wait_max: Duration,
    line: Mutex<Line>,
    moved: Condvar,
}

/// Who is inside and who waits.
#[derive(Default)]
struct Line {
    inside: usize,
    waiting: VecDeque<u64>,
    next_ticket: u64,
}

/// A place inside, held until it is dropped.
pub(super) struct Place<'a>(&'a Gate);

impl Gate {
    /// A gate for `at_once` inside and `admitted_max` inside and in line; both are at least one.
    pub(super) fn new(at_once: usize, admitted_max: usize, wait_max: Duration) -> Gate {
        Gate {
            at_once: at_once.max(1),
            admitted_max: admitted_max.max(1),
            wait_max,
            line: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// `None` at once when the line is full, or after the longest wait.
    pub(super) fn enter(&self) -> Option<Place<'_>> {
        let mut line = self.lock();
        if line.inside + line.waiting.len() >= self.admitted_max {
            return None;
        }
        let ticket = line.take_ticket();
        let must_wait = |line: &mut Line| line.inside >= self.at_once || line.waiting.front() != Some(&ticket);
        let (mut line, wait) =
            self.moved.wait_timeout_while(line, self.wait_max, must_wait).unwrap_or_else(PoisonError::into_inner);
        line.waiting.retain(|waiting| *waiting != ticket);
        let place = (!wait.timed_out()).then(|| {
            line.inside += 1;
            Place(self)
        });
        drop(line);
        // Whoever is next in line now may find another place free.
        self.moved.notify_all();
        place
    }

    /// The line is whole even after a panic: nothing between its changes can fail.
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }
}

impl Line {
    fn take_ticket(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket = ticket.wrapping_add(1);
        self.waiting.push_back(ticket);
        ticket
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut line = self.0.lock();
        line.inside = line.inside.saturating_sub(1);
        drop(line);
        self.0.moved.notify_all();
    }
}
