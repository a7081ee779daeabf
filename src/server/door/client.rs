//! One client's connection: bytes in, requests out, answers back, within bounds and deadlines.
//!
//! A state machine without a socket's surprises: the loop tells it what can be read or written and asks what comes
//! next. What a request means it does not know.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown};
use std::time::Instant;

use mio::net::TcpStream;

use crate::limits::{
    ANSWER_STALL, BODY_TIMEOUT, DISCARD_BYTES_MAX, DISCARD_TIMEOUT, FORM_BYTES_MAX, HEAD_STEP_BYTES, HEAD_TIMEOUT,
    IDLE_TIMEOUT, REQUESTS_PER_CONNECTION_MAX,
};
use crate::server::door::body::{BodyError, Chunked};
use crate::server::door::head::{self, Framing, HEAD_BYTES_MAX, Head, Parsed, Version};
use crate::web::request::Method;

/// A client's connection and where it stands.
pub(super) struct Client {
    stream: TcpStream,
    pub(super) peer: IpAddr,
    /// Tells this client from an earlier one in the same place.
    pub(super) generation: u64,
    phase: Phase,
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    /// Edge-triggered: what the last event said and no call has refuted.
    can_read: bool,
    /// The client has sent its last byte.
    is_finished: bool,
    keep_alive: bool,
    /// False after a HEAD: its answer has no body, a refusal neither.
    wants_body: bool,
    version: Version,
    requests: u32,
    /// The first byte of the head that is being read has come.
    has_begun: bool,
    /// Bytes of the head that were judged incomplete.
    judged: usize,
    /// The program ends: no request after this one, and no more time for it.
    is_last: bool,
    deadline: Instant,
}

enum Phase {
    /// Between requests, or within a head.
    Head,
    Body(Box<Head>, Body),
    /// The request is complete and somewhere else.
    Waiting,
    /// The answer is being written; then the next request, or the end.
    Answering,
    /// The last answer was a refusal: what still comes is read and dropped for a moment, so that the answer arrives.
    Discarding(usize),
}

struct Body {
    bytes: Vec<u8>,
    rest: Rest,
}

enum Rest {
    Length(usize),
    Chunked(Chunked),
}

/// How little is lost by closing a connection: the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Between requests.
    Idle,
    /// Its request is not whole, or was refused.
    Incomplete,
    /// It has an answer to read, and is slow to do so.
    Reading,
    /// Its request is being answered.
    AtWork,
}

/// A complete request.
pub(super) struct Request {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

/// What the loop has to do next.
pub(super) enum Next {
    /// Wait for an event.
    Wait,
    /// Have this answered.
    Answer(Box<Request>),
    /// Answer this status and end: the request cannot be trusted, or is too large or too late.
    Refuse(u16, &'static str),
    Close,
}

impl Client {
    pub(super) fn new(stream: TcpStream, peer: IpAddr, generation: u64, now: Instant) -> Client {
        Client {
            stream,
            peer: peer.to_canonical(),
            generation,
            phase: Phase::Head,
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            can_read: true,
            is_finished: false,
            keep_alive: true,
            wants_body: true,
            version: Version::Http11,
            requests: 0,
            has_begun: false,
            judged: 0,
            is_last: false,
            deadline: now + IDLE_TIMEOUT,
        }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How little is lost by closing this connection now.
    pub(super) fn standing(&self) -> Standing {
        match self.phase {
            Phase::Head if self.input.is_empty() => Standing::Idle,
            Phase::Head | Phase::Body(..) | Phase::Discarding(_) => Standing::Incomplete,
            Phase::Answering => Standing::Reading,
            Phase::Waiting => Standing::AtWork,
        }
    }

    /// Ends the connection after the request at hand.
    pub(super) fn note_last(&mut self) {
        self.is_last = true;
    }

    /// True once a request of this connection was whole.
    pub(super) fn was_served(&self) -> bool {
        self.requests > 0
    }

    pub(super) fn note_readable(&mut self) {
        self.can_read = true;
    }

    /// Writes and reads what can be written and read, and says what comes next.
    pub(super) fn proceed(&mut self, now: Instant) -> Next {
        loop {
            match self.flush(now) {
                Ok(true) => {}
                Ok(false) => return Next::Wait,
                Err(()) => return Next::Close,
            }
            self.read();
            let next = match self.phase {
                Phase::Head => self.read_head(now),
                Phase::Body(..) => self.read_body(),
                Phase::Waiting => Some(Next::Wait),
                Phase::Answering => self.next_request(now),
                Phase::Discarding(_) => self.discard(),
            };
            if let Some(next) = next {
                return next;
            }
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 16 << 10];
        // Never more than one head ahead: what is not read stays with the client.
        while self.can_read && self.input.len() < HEAD_BYTES_MAX {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.is_finished = true;
                    self.can_read = false;
                }
                Ok(count) => self.input.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.can_read = false;
                    self.is_finished |= error.kind() != ErrorKind::WouldBlock;
                }
            }
        }
    }

    /// `None` where the loop should go on: the phase has changed.
    fn read_head(&mut self, now: Instant) -> Option<Next> {
        // A client that leaves within a head has said nothing that could be answered.
        if self.input.is_empty() {
            return Some(if self.is_finished { Next::Close } else { Next::Wait });
        }
        // A head is judged line by line: without a new line's end there is nothing new to say, up to a bound.
        let new = self.input.get(self.judged..).unwrap_or_default();
        if self.judged > 0 && !self.is_finished && new.len() < HEAD_STEP_BYTES && !new.contains(&b'\n') {
            return Some(Next::Wait);
        }
        match head::parse(&self.input) {
            Parsed::Incomplete if self.is_finished => Some(Next::Close),
            Parsed::Incomplete => {
                // The clock runs from the first byte of a head, not from the last.
                self.judged = self.input.len();
                if !self.has_begun && !self.is_last {
                    self.has_begun = true;
                    self.deadline = now + HEAD_TIMEOUT;
                }
                Some(Next::Wait)
            }
            Parsed::Refused(refusal) => Some(Next::Refuse(refusal.status, refusal.reason)),
            Parsed::Head(head) => {
                self.input.drain(..head.bytes);
                self.judged = 0;
                self.version = head.version;
                self.wants_body = head.method != Method::Head;
                self.requests += 1;
                self.keep_alive = head.keep_alive && self.requests < REQUESTS_PER_CONNECTION_MAX;
                self.begin_body(head, now)
            }
        }
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
            self.output.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.deadline = now + BODY_TIMEOUT;
        self.phase = Phase::Body(Box::new(head), Body { bytes: Vec::new(), rest });
        None
    }

    /// `None` where the loop should go on: there is more to read or to write.
    fn read_body(&mut self) -> Option<Next> {
        let Phase::Body(_, body) = &mut self.phase else { return None };
        let is_done = match &mut body.rest {
            Rest::Length(length) => {
                let take = self.input.len().min(*length - body.bytes.len());
                body.bytes.extend(self.input.drain(..take));
                body.bytes.len() == *length
            }
            Rest::Chunked(chunked) => match chunked.feed(&self.input, &mut body.bytes) {
                Ok(fed) => {
                    self.input.drain(..fed.consumed);
                    fed.done
                }
                Err(BodyError::TooLarge) => return Some(Next::Refuse(413, "chunked body too long")),
                Err(BodyError::Malformed) => return Some(Next::Refuse(400, "chunked body malformed")),
            },
        };
        if !is_done {
            let can_go_on = self.can_read || !self.output.is_empty();
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

    /// Takes an answer as the pool printed it. `is_last` ends the connection after it.
    pub(super) fn answer(&mut self, answer: &[u8], is_last: bool, now: Instant) {
        self.keep_alive &= !is_last;
        let line_end = answer.windows(2).position(|window| window == b"\r\n").map_or(answer.len(), |at| at + 2);
        self.output.extend_from_slice(&answer[..line_end]);
        if !self.keep_alive {
            self.output.extend_from_slice(b"Connection: close\r\n");
        } else if self.keep_alive && self.version == Version::Http10 {
            self.output.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
        let end = if self.wants_body { answer.len() } else { end };
        self.output.extend_from_slice(&answer[line_end..end]);
        self.phase = Phase::Answering;
        self.deadline = now + ANSWER_STALL;
    }

    /// Takes the answer to a request that is refused; the connection ends after it.
    pub(super) fn refuse(&mut self, answer: &[u8], now: Instant) {
        self.answer(answer, true, now);
        self.input.clear();
    }

    /// Writes what is left of the answer. True when there is nothing more to write.
    fn flush(&mut self, now: Instant) -> Result<bool, ()> {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(0) => return Err(()),
                Ok(count) => {
                    self.written += count;
                    if matches!(self.phase, Phase::Answering) {
                        self.deadline = now + ANSWER_STALL;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(()),
            }
        }
        self.output.clear();
        self.written = 0;
        Ok(true)
    }

    /// After an answer: the next request (`None`: the loop goes on), or a quiet end.
    fn next_request(&mut self, now: Instant) -> Option<Next> {
        if self.keep_alive && !self.is_last {
            self.phase = Phase::Head;
            self.has_begun = false;
            self.deadline = now + IDLE_TIMEOUT;
            // A connection that carries nothing keeps nothing.
            self.output = Vec::new();
            if self.input.is_empty() {
                self.input = Vec::new();
            }
            return None;
        }
        // Closed at once, what the client still sends would make the kernel take the answer back.
        if self.is_finished || self.stream.shutdown(Shutdown::Write).is_err() {
            return Some(Next::Close);
        }
        self.phase = Phase::Discarding(DISCARD_BYTES_MAX);
        self.deadline = now + DISCARD_TIMEOUT;
        None
    }

    fn discard(&mut self) -> Option<Next> {
        let Phase::Discarding(left) = &mut self.phase else { return None };
        *left = left.saturating_sub(self.input.len());
        self.input.clear();
        if *left == 0 || self.is_finished {
            return Some(Next::Close);
        }
        (!self.can_read).then_some(Next::Wait)
    }

    /// What a passed deadline means: a late request is told so, everything else ends without a word.
    pub(super) fn timed_out(&mut self) -> Next {
        match self.phase {
            // A stray line end after a body is no request; an unasked answer would be taken for the next one's.
            Phase::Head if self.input.iter().any(|byte| !b"\r\n".contains(byte)) => {
                Next::Refuse(408, "head came too slowly")
            }
            Phase::Body(..) => Next::Refuse(408, "body came too slowly"),
            Phase::Waiting => Next::Wait,
            _ => Next::Close,
        }
    }

    /// Sets the time by which the client's next step must have come.
    pub(super) fn wait_until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }
}

#[cfg(test)]
mod tests;
