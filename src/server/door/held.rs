//! Strict redirects: answers that are there, and wait until their click is on disk.
//!
//! They wait here, in the loop, and hold no worker. The writing thread wakes the loop after each commit, and everybody
//! whose click it has is sent on at once.

use std::time::Instant;

use log::debug;

use crate::limits::{CLICK_STRICT_WAIT, HELD_ANSWERS_MAX};
use crate::server::door::dispatch::is_here;
use crate::server::door::{Loop, Ticket};
use crate::web::response::Response;

/// An answer that waits.
pub(super) struct Held {
    ticket: Ticket,
    response: Response,
    click: u64,
    since: Instant,
}

impl Held {
    pub(super) fn until(&self) -> Instant {
        self.since + CLICK_STRICT_WAIT
    }
}

impl Loop {
    /// Keeps an answer until its click is on disk. True when the client has been sent away instead: the disk takes no
    /// clicks, or too many wait.
    pub(super) fn hold(&mut self, ticket: Ticket, click: u64, response: Response, now: Instant) -> bool {
        if self.held.len() >= HELD_ANSWERS_MAX || self.app.store.written_clicks().is_failing {
            self.send_away(ticket, now);
            return true;
        }
        let held = Held { ticket, response, click, since: now };
        if let Some(client) = self.clients.get_mut(ticket.key) {
            // Its end is looked after here.
            client.wait_until(held.until() + CLICK_STRICT_WAIT);
        }
        self.note_deadline(held.until());
        self.held.push_back(held);
        false
    }

    /// Sends those on whose clicks are on disk, and away those whose clicks will not be in time.
    pub(super) fn release_held(&mut self, now: Instant) {
        if self.held.is_empty() {
            return;
        }
        let written = self.app.store.written_clicks();
        // Clicks are written in the order in which they came. Those that came by way of the pool may stand a little
        // behind their turn, and go out with the next.
        while let Some(held) = self.held.front()
            && (held.click <= written.last || written.is_failing || held.until() <= now)
        {
            let Some(Held { ticket, response, click, .. }) = self.held.pop_front() else { break };
            if !is_here(&self.clients, ticket) {
                continue;
            }
            if click <= written.last {
                self.reply(ticket.key, &response, now);
            } else {
                self.send_away(ticket, now);
            }
            self.proceed(ticket.key, now);
        }
    }

    fn send_away(&mut self, ticket: Ticket, now: Instant) {
        debug!(target: "door", "a click is not on disk in time");
        self.reply_with(ticket.key, 503, now);
    }
}

#[cfg(test)]
mod tests;
