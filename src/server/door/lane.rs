//! One permanent connection to the pool: a whole request goes out, a whole answer comes back, one at a time.
//!
//! The pool never sees a client's connection, so it cannot be slowed down, starved or confused by one. A lane knows
//! nothing of clients but the ticket of the one it works for.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream as BlockingStream;
use std::time::Instant;

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use crate::limits::{ANSWER_BYTES_MAX, LANE_SLOW, LANE_TIMEOUT};
use crate::server::door::Ticket;
use crate::server::wire;

/// Bytes of memory that a lane keeps between answers; most pages fit.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// A lane and what it is doing.
pub(super) struct Lane {
    stream: UnixStream,
    token: Token,
    /// Events tell, too, when the pool takes more of a request.
    waits_to_write: bool,
    work: Option<Work>,
    /// Bytes of the request not yet taken by the pool.
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
}

/// A request on its way.
struct Work {
    /// Whom the answer is for.
    ticket: Ticket,
    /// Whether the answer has a body: one to HEAD has none, whatever its length says.
    has_body: bool,
    since: Instant,
}

/// What came of an event on a lane.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Busy,
    /// A whole answer for this client; the lane is free.
    Answer(Ticket, Vec<u8>),
    /// The pool closed the lane, or answered nonsense. The client, if any, gets no answer from it.
    Broken(Option<Ticket>),
}

impl Lane {
    /// Takes an open connection to the pool.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(super) fn new(stream: BlockingStream, registry: &Registry, token: Token) -> std::io::Result<Lane> {
        let mut stream = UnixStream::from_std(stream);
        // Not for writing: a Unix socket would tell each time that the pool has read something.
        registry.register(&mut stream, token, Interest::READABLE)?;
        Ok(Lane { stream, token, waits_to_write: false, work: None, outgoing: Vec::new(), incoming: Vec::new() })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.work.is_none()
    }

    /// When what the lane works on will count as slow; `None` when it does already, or there is nothing.
    pub(super) fn slow_at(&self, now: Instant) -> Option<Instant> {
        self.work.as_ref().map(|work| work.since + LANE_SLOW).filter(|slow_at| *slow_at > now)
    }

    /// Whom the lane has kept waiting past [`LANE_TIMEOUT`]. The lane stays busy until the pool answers; the answer is
    /// nobody's then.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Ticket> {
        let work = self.work.as_mut()?;
        let is_overdue = now.duration_since(work.since) >= LANE_TIMEOUT && work.ticket != Ticket::NOBODY;
        is_overdue.then(|| std::mem::replace(&mut work.ticket, Ticket::NOBODY))
    }

    /// Sends a request for a client. The lane must be idle.
    pub(super) fn send(
        &mut self,
        request: Vec<u8>,
        ticket: Ticket,
        has_body: bool,
        now: Instant,
        registry: &Registry,
    ) -> Progress {
        self.work = Some(Work { ticket, has_body, since: now });
        self.outgoing = request;
        self.incoming.clear();
        self.write(registry)
    }

    /// Goes on after an event. `is_ending`: the pool has closed, or will be found to have. `room` is any buffer.
    pub(super) fn proceed(&mut self, is_ending: bool, room: &mut [u8], registry: &Registry) -> Progress {
        match self.write(registry) {
            Progress::Busy => self.read(is_ending, room),
            broken => broken,
        }
    }

    /// Takes the memory of an answer back for the next one.
    pub(super) fn recycle(&mut self, mut answer: Vec<u8>) {
        if self.incoming.capacity() == 0 && answer.capacity() <= KEPT_BYTES_MAX {
            answer.clear();
            self.incoming = answer;
        }
    }

    fn broken(&mut self) -> Progress {
        Progress::Broken(self.work.take().map(|work| work.ticket))
    }

    fn write(&mut self, registry: &Registry) -> Progress {
        while !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(0) => return self.broken(),
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.broken(),
            }
        }
        let waits = !self.outgoing.is_empty();
        if waits != std::mem::replace(&mut self.waits_to_write, waits) {
            let interest = if waits { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            if registry.reregister(&mut self.stream, self.token, interest).is_err() {
                return self.broken();
            }
        }
        Progress::Busy
    }

    fn read(&mut self, is_ending: bool, room: &mut [u8]) -> Progress {
        loop {
            match self.stream.read(room) {
                Ok(0) => return self.broken(),
                Ok(count) => {
                    self.incoming.extend_from_slice(&room[..count]);
                    // Less than there was room for: the socket is empty, and an event will tell of more.
                    if count < room.len() && !is_ending {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.broken(),
            }
        }
        let Some(work) = &self.work else {
            // Words without a question: this lane and its pool disagree about what is whose.
            return if self.incoming.is_empty() { Progress::Busy } else { self.broken() };
        };
        match answer_length(&self.incoming, work.has_body) {
            Some(length) if length == self.incoming.len() && self.outgoing.is_empty() => {
                let ticket = work.ticket;
                self.work = None;
                Progress::Answer(ticket, std::mem::take(&mut self.incoming))
            }
            // More than was asked for, or an answer to half a question: whose words are next is not certain any more.
            Some(length) if length <= self.incoming.len() || length > ANSWER_BYTES_MAX => self.broken(),
            None if self.incoming.len() > ANSWER_BYTES_MAX => self.broken(),
            _ => Progress::Busy,
        }
    }
}

/// The whole length of the answer that begins in `bytes`; `None` while its head is incomplete.
///
/// Answers of the pool say their length, have a status that has no body, or are the head of a long answer whose body comes
/// by another way.
fn answer_length(bytes: &[u8], has_body: bool) -> Option<usize> {
    let head = wire::find(bytes, b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]);
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(if has_body { head.saturating_add(length.unwrap_or(0)) } else { head })
}

#[cfg(test)]
mod tests;
