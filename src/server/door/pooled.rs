//! The way over the pool: a bounded queue, the lane out, and answers back in memory.

use std::time::Instant;

use log::warn;

use crate::limits::{LANE_TIMEOUT, QUEUE_TIMEOUT, QUEUED_BYTES_MAX, QUEUED_MAX, WORK_SLOW};
use crate::server::answers::Answered;
use crate::server::door::client::Request;
use crate::server::door::dispatch::is_here;
use crate::server::door::lane::Broken;
use crate::server::door::{Loop, Ticket};
use crate::server::identity::{HEADER, Identity};

/// A request that waits for a worker.
pub(super) struct Queued {
    ticket: Ticket,
    number: u64,
    bytes: Vec<u8>,
    pub(super) since: Instant,
}

impl Loop {
    /// Has a request answered by the pool. True when there is no room for it, and the answer says so already.
    pub(super) fn enqueue(
        &mut self,
        ticket: Ticket,
        Request { head, body }: Request,
        from: Identity,
        now: Instant,
    ) -> bool {
        if self.queue.len() >= QUEUED_MAX || self.queued_bytes + body.len() > QUEUED_BYTES_MAX {
            self.reply_with(ticket.key, 503, now);
            return true;
        }
        self.number += 1;
        let number = self.number;
        let mut bytes = Vec::with_capacity(512 + body.len());
        head.write(&[(HEADER, &from.write(self.pool.secret(), number))], body.len(), &mut bytes);
        bytes.extend_from_slice(&body);
        if let Some(client) = self.clients.get_mut(ticket.key) {
            client.wait_until(now + QUEUE_TIMEOUT + LANE_TIMEOUT);
        }
        self.note_deadline(now + QUEUE_TIMEOUT);
        self.queued_bytes += bytes.len();
        self.queue.push_back(Queued { ticket, number, bytes, since: now });
        self.start_work(now);
        false
    }

    /// Gives waiting requests to the pool, no more than it has workers.
    ///
    /// As long as they are answered quickly, no more of them are there at once than keep the processors busy: each
    /// further one would only make threads change places. One that takes long, because it waits for the disk or hashes a
    /// password, does not count.
    pub(super) fn start_work(&mut self, now: Instant) {
        self.start_again = None;
        let Some(lane) = &mut self.lane else { return };
        let mut room = self.pool.workers().saturating_sub(lane.count());
        let (mut quick, first) = lane.slow_at(now).fold((0, None), |(count, first), slow_at| {
            (count + 1, Some(first.map_or(slow_at, |first: Instant| first.min(slow_at))))
        });
        while room > 0 && quick < self.quick_max {
            let Some(next) = self.queue.pop_front() else { break };
            self.queued_bytes -= next.bytes.len();
            if is_here(&self.clients, next.ticket) {
                lane.push(&next.bytes, next.number, next.ticket, now);
                (room, quick) = (room - 1, quick + 1);
            }
        }
        if room > 0 && !self.queue.is_empty() {
            self.start_again = Some(first.unwrap_or(now + WORK_SLOW));
        }
        if let Err(broken) = lane.write(self.poll.registry()) {
            self.replace_lane(broken, now);
        }
    }

    pub(super) fn lane_event(&mut self, now: Instant) {
        if let Some(Err(broken)) = self.lane.as_mut().map(|lane| lane.proceed(self.poll.registry())) {
            self.replace_lane(broken, now);
        }
    }

    fn replace_lane(&mut self, Broken(tickets): Broken, now: Instant) {
        warn!(target: "door", "the pool closed its lane");
        self.lane = None;
        self.opener.open();
        tickets.into_iter().for_each(|ticket| self.apologise(ticket, 500, now));
    }

    /// Gives clients what the pool has answered; its workers get the next requests first.
    pub(super) fn take_answers(&mut self, now: Instant) {
        let mut answers = Vec::new();
        for Answered { number, response } in self.pool.answers().take() {
            // One of a lane that broke meanwhile is nobody's.
            if let Some(ticket) = self.lane.as_mut().and_then(|lane| lane.answered(number)) {
                answers.push((ticket, response));
            }
        }
        self.start_work(now);
        for (ticket, response) in answers {
            if is_here(&self.clients, ticket) && self.give(ticket, response, now) {
                self.proceed(ticket.key, now);
            }
        }
    }

    /// Requests that no worker took in time are asked to come back.
    pub(super) fn expire_queue(&mut self, now: Instant) {
        while self.queue.front().is_some_and(|queued| now.duration_since(queued.since) >= QUEUE_TIMEOUT) {
            let Some(queued) = self.queue.pop_front() else { return };
            self.queued_bytes -= queued.bytes.len();
            self.apologise(queued.ticket, 503, now);
        }
    }
}
