//! What happens when nothing happens: requests that come too slowly, answers that nobody reads, a pool that is slow.
//!
//! Deadlines are absolute, never extended by a byte that trickles in.

use std::time::Instant;

use crate::limits::{ACCEPTED_PER_ROUND, DEADLINE_STEP, LANE_TIMEOUT, QUEUE_TIMEOUT};
use crate::server::door::Loop;
use crate::server::door::client::{Client, Next, Standing};
use crate::server::door::held::Held;

impl Loop {
    /// Notes a client's deadline; the loop wakes for the earliest.
    pub(super) fn watch_deadline(&mut self, key: usize) {
        if let Some(deadline) = self.clients.get(key).map(Client::deadline) {
            self.note_deadline(deadline);
        }
    }

    pub(super) fn note_deadline(&mut self, deadline: Instant) {
        self.next_deadline = Some(self.next_deadline.map_or(deadline, |next| next.min(deadline)));
    }

    /// When the loop has something to do although nothing happens.
    pub(super) fn wake_up_at(&self) -> Option<Instant> {
        let look = self.next_deadline.map(|next| next.max(self.looked + DEADLINE_STEP));
        [look, self.accept_again, self.start_again].into_iter().flatten().min()
    }

    /// Sees to everything whose time is up.
    pub(super) fn pass_deadlines(&mut self, now: Instant) {
        if self.start_again.is_some_and(|at| at <= now) {
            self.start_work(now);
        }
        // What was put off in this round is for the next.
        if self.accept_again.take_if(|at| *at < now).is_some() || self.is_full {
            (0..self.listeners.len()).for_each(|index| self.accept(index, ACCEPTED_PER_ROUND, now));
        }
        if self.next_deadline.is_none_or(|next| next > now || self.looked + DEADLINE_STEP > now) {
            return;
        }
        self.looked = now;
        self.expire_queue(now);
        self.release_held(now);
        let overdue: Vec<_> = self.lane.iter_mut().flat_map(|lane| lane.overdue(now)).collect();
        overdue.into_iter().for_each(|ticket| self.apologise(ticket, 504, now));
        let due: Vec<usize> =
            self.clients.iter().filter(|(_, client)| client.deadline() <= now).map(|(key, _)| key).collect();
        for key in due {
            let Some(client) = self.clients.get_mut(key) else { continue };
            if self.is_stopping && client.standing() <= Standing::Incomplete {
                self.close(key);
                continue;
            }
            match client.timed_out() {
                Next::Refuse(status, reason) => {
                    self.refuse(key, status, reason, now);
                    self.proceed(key, now);
                }
                Next::GiveUp => {
                    self.give_up(key, now);
                    self.proceed(key, now);
                }
                Next::Wait => {
                    client.wait_until(now + LANE_TIMEOUT);
                    self.proceed(key, now);
                }
                _ => self.close(key),
            }
        }
        let deadlines = self.clients.iter().map(|(_, client)| client.deadline());
        // A request that waits for a worker has an earlier end than its client.
        let queued = self.queue.front().map(|queued| queued.since + QUEUE_TIMEOUT);
        let held = self.held.front().map(Held::until);
        self.next_deadline = deadlines.chain(queued).chain(held).min();
    }
}
