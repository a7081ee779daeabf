//! Strict redirects: answers that are there, and wait until their click is on disk.
//!
//! They wait here, in the loop, and hold no worker. The writing thread wakes the loop after each commit, and everybody
//! whose click it has is sent on at once.

use std::time::Instant;

use crate::limits::CLICK_STRICT_WAIT;
use crate::server::door::dispatch::is_here;
use crate::server::door::{Loop, Ticket};
use crate::web::response::{Pending, Response};

/// An answer that waits.
pub(super) struct Held {
    ticket: Ticket,
    response: Response,
    pending: Box<Pending>,
    since: Instant,
}

impl Held {
    pub(super) fn until(&self) -> Instant {
        self.since + CLICK_STRICT_WAIT
    }
}

impl Loop {
    /// Keeps an answer until its click is on disk.
    pub(super) fn hold(&mut self, ticket: Ticket, pending: Box<Pending>, response: Response, now: Instant) {
        let held = Held { ticket, response, pending, since: now };
        if let Some(client) = self.clients.get_mut(ticket.key) {
            // Its end is looked after here.
            client.wait_until(held.until() + CLICK_STRICT_WAIT);
        }
        self.note_deadline(held.until());
        self.held.push_back(held);
    }

    /// Sends those on whose clicks are on disk, and away those whose clicks will not be in time.
    pub(super) fn release_held(&mut self, now: Instant) {
        if self.held.is_empty() {
            return;
        }
        let written = self.app.store.written_clicks();
        // Clicks are written in the order in which they came, and here they came in that order, too.
        while let Some(held) = self.held.front()
            && (held.pending.click <= written.last || written.is_failing || held.until() <= now)
        {
            let Some(Held { ticket, response, pending, .. }) = self.held.pop_front() else { break };
            let is_written = pending.click <= written.last;
            let response = if is_written { response } else { pending.too_late(&self.app) };
            if is_here(&self.clients, ticket) {
                self.reply(ticket.key, &response, now);
                self.proceed(ticket.key, now);
            }
        }
    }
}

#[cfg(test)]
mod tests;
