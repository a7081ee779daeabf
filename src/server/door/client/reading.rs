//! Requests: from bytes that come to a whole head and body.

use std::time::{Duration, Instant};

use super::{Client, Next, Phase, Request};
use crate::limits::{
    BODY_BYTES_PER_S, BODY_GRACE, BODY_TIMEOUT, FORM_BYTES_MAX, HEAD_STEP_BYTES, HEAD_TIMEOUT, IDLE_TIMEOUT,
    IDLE_TIMEOUT_CROWDED, REQUESTS_PER_CONNECTION_MAX,
};
use crate::proxy::Transport;
use crate::server::door::body::{BodyError, Chunked};
use crate::server::door::head::{self, Framing, HEAD_BYTES_MAX, Head, Parsed};
use crate::server::door::socket::Received;
use crate::web::request::Method;

/// A body that is coming.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    rest: Rest,
}

enum Rest {
    Length(usize),
    Chunked(Chunked),
}

impl Client {
    /// Reads what has come and there is room for: never more than one head ahead, the rest stays with the client.
    pub(super) fn read(&mut self) -> Option<Next> {
        while self.may_read() {
            let room = self.input.room();
            if room.is_empty() {
                break;
            }
            match self.socket.receive(room, self.is_ending) {
                Received::Bytes(count, may_go_on) => {
                    self.input.added(count);
                    self.can_read = may_go_on;
                }
                Received::Nothing => self.can_read = false,
                Received::Busy => break,
                Received::End => (self.can_read, self.is_finished) = (false, true),
                Received::NotTls => {
                    (self.phase, self.transport) = (Phase::Head, Transport::Plain);
                    return Some(Next::NotTls);
                }
            }
        }
        None
    }

    /// There may be something to read, and it is this client's turn.
    pub(super) fn may_read(&self) -> bool {
        self.can_read && !self.socket.is_turn_over()
    }

    /// `None` where the loop should go on: the handshake is done. A client's end may have come with it, and before that
    /// a request.
    pub(super) fn greet(&mut self, now: Instant) -> Option<Next> {
        if !self.socket.is_open() {
            return Some(if self.is_finished { Next::Close } else { Next::Wait });
        }
        self.await_request(now);
        None
    }

    /// Begins to wait for a request of which nothing is known yet.
    pub(super) fn await_request(&mut self, now: Instant) {
        self.phase = Phase::Head;
        self.has_begun = false;
        self.wait(now, if self.is_crowded { IDLE_TIMEOUT_CROWDED } else { IDLE_TIMEOUT });
    }

    /// `None` where the loop should go on: the phase has changed.
    pub(super) fn read_head(&mut self, now: Instant) -> Option<Next> {
        // A client that leaves within a head has said nothing that could be answered.
        if self.input.is_empty() {
            return Some(if self.is_finished { Next::Close } else { Next::Wait });
        }
        // A head is judged line by line: without a new line's end there is nothing new to say, up to a bound.
        let new = self.input.data().get(self.judged..).unwrap_or_default();
        let may_grow = self.input.data().len() < HEAD_BYTES_MAX && !self.is_finished;
        if self.judged > 0 && may_grow && new.len() < HEAD_STEP_BYTES && !new.contains(&b'\n') {
            return Some(Next::Wait);
        }
        match head::parse(self.input.data()) {
            Parsed::Incomplete if self.is_finished => Some(Next::Close),
            Parsed::Incomplete => {
                // The clock runs from the first byte of a head, not from the last.
                self.judged = self.input.data().len();
                if !self.has_begun && !self.is_last {
                    self.has_begun = true;
                    self.wait(now, HEAD_TIMEOUT);
                }
                Some(Next::Wait)
            }
            Parsed::Refused(refusal) => {
                self.note_method();
                Some(Next::Refuse(refusal.status, refusal.reason))
            }
            Parsed::Head(head) => {
                self.input.take(head.bytes);
                self.judged = 0;
                self.version = head.version;
                self.wants_body = head.method != Method::Head;
                self.requests += 1;
                self.keep_alive = head.keep_alive && self.requests < REQUESTS_PER_CONNECTION_MAX;
                self.begin_body(head, now)
            }
        }
    }

    /// What is refused unread may be a HEAD all the same, whose answer has no body.
    pub(super) fn note_method(&mut self) {
        let head = self.input.data();
        self.wants_body = !head.strip_prefix(b"\r\n").unwrap_or(head).starts_with(b"HEAD ");
    }

    fn begin_body(&mut self, head: Head, now: Instant) -> Option<Next> {
        let rest = match head.framing {
            Framing::None | Framing::Length(0) => return Some(self.complete(head, Vec::new())),
            Framing::Length(length) => match usize::try_from(length) {
                Ok(length) if length <= FORM_BYTES_MAX => Rest::Length(length),
                _ => return Some(Next::Refuse(413, "declared body too long")),
            },
            Framing::Chunked => Rest::Chunked(Chunked::new(FORM_BYTES_MAX)),
        };
        if head.expects_continue && self.input.is_empty() {
            self.output.push(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.wait(now, BODY_GRACE);
        self.phase = Phase::Body(Box::new(head), Body { bytes: Vec::new(), rest });
        None
    }

    /// `None` where the loop should go on: there is more to read or to write.
    pub(super) fn read_body(&mut self) -> Option<Next> {
        let Phase::Body(_, body) = &mut self.phase else { return None };
        let is_done = match &mut body.rest {
            Rest::Length(length) => {
                let take = self.input.data().len().min(*length - body.bytes.len());
                body.bytes.extend_from_slice(&self.input.data()[..take]);
                self.input.take(take);
                body.bytes.len() == *length
            }
            Rest::Chunked(chunked) => match chunked.feed(self.input.data(), &mut body.bytes) {
                Ok(fed) => {
                    self.input.take(fed.consumed);
                    fed.done
                }
                Err(BodyError::TooLarge) => return Some(Next::Refuse(413, "chunked body too long")),
                Err(BodyError::Malformed) => return Some(Next::Refuse(400, "chunked body malformed")),
            },
        };
        if !is_done {
            // What has come buys time for the rest, up to a point.
            let bought = BODY_GRACE + Duration::from_secs((body.bytes.len() / BODY_BYTES_PER_S) as u64);
            self.deadline = self.since + bought.min(BODY_TIMEOUT);
            let can_go_on = self.may_read() || !self.output.is_empty();
            return match self.is_finished {
                true => Some(Next::Refuse(400, "body cut off")),
                false => (!can_go_on).then_some(Next::Wait),
            };
        }
        match std::mem::replace(&mut self.phase, Phase::Waiting) {
            Phase::Body(head, body) => Some(self.complete(*head, body.bytes)),
            _ => None,
        }
    }

    fn complete(&mut self, head: Head, body: Vec<u8>) -> Next {
        self.phase = Phase::Waiting;
        Next::Answer(Box::new(Request { head, body }))
    }
}
