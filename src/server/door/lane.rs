//! One permanent connection to the pool: whole requests go out, several one behind the other. Answers come back in
//! memory and in any order, see [`answers`](crate::server::answers); on the lane itself nothing comes that is any good.
//!
//! The pool never sees a client's connection, so it cannot be slowed down, starved or confused by one. A lane knows
//! nothing of clients but the tickets of those it works for.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream as BlockingStream;
use std::time::Instant;

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use crate::limits::{LANE_TIMEOUT, WORK_SLOW};
use crate::server::door::Ticket;

/// Bytes of memory that a lane keeps for the next requests; most together fit.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// A lane and what it is doing.
pub(super) struct Lane {
    stream: UnixStream,
    token: Token,
    /// Events tell, too, when the pool takes more.
    waits_to_write: bool,
    works: Vec<Work>,
    /// Bytes of requests not yet taken by the pool.
    outgoing: Vec<u8>,
}

/// A request that is not answered.
struct Work {
    /// The pool's answer says which request it is for.
    number: u64,
    /// Whom the answer is for.
    ticket: Ticket,
    since: Instant,
}

/// The pool closed the lane, or said something on it: the library's words about a request that it did not pass on, or
/// that was lost. These clients get no answer from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) Vec<Ticket>);

impl Lane {
    /// Takes an open connection to the pool.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(super) fn new(stream: BlockingStream, registry: &Registry, token: Token) -> std::io::Result<Lane> {
        let mut stream = UnixStream::from_std(stream);
        // Not for writing: a Unix socket would tell each time that the pool has read something.
        registry.register(&mut stream, token, Interest::READABLE)?;
        Ok(Lane { stream, token, waits_to_write: false, works: Vec::new(), outgoing: Vec::new() })
    }

    /// Requests that are not answered.
    pub(super) fn count(&self) -> usize {
        self.works.len()
    }

    /// When each request will count as slow that does not yet.
    pub(super) fn slow_at(&self, now: Instant) -> impl Iterator<Item = Instant> {
        self.works.iter().map(|work| work.since + WORK_SLOW).filter(move |slow_at| *slow_at > now)
    }

    /// Whom the pool has kept waiting past [`LANE_TIMEOUT`]. Their requests count until the pool answers; the answers
    /// are nobody's then.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<Ticket> {
        let late = |work: &&mut Work| now.duration_since(work.since) >= LANE_TIMEOUT && work.ticket != Ticket::NOBODY;
        self.works.iter_mut().filter(late).map(|work| std::mem::replace(&mut work.ticket, Ticket::NOBODY)).collect()
    }

    /// Takes a client's request; it goes out with the next [`Lane::write`].
    pub(super) fn push(&mut self, request: &[u8], number: u64, ticket: Ticket, now: Instant) {
        self.works.push(Work { number, ticket, since: now });
        self.outgoing.extend_from_slice(request);
    }

    /// Takes note that a request was answered. Whom the answer is for, if it was a request of this lane.
    pub(super) fn answered(&mut self, number: u64) -> Option<Ticket> {
        let at = self.works.iter().position(|work| work.number == number)?;
        Some(self.works.swap_remove(at).ticket)
    }

    /// Goes on after an event.
    ///
    /// # Errors
    /// [`Broken`].
    pub(super) fn proceed(&mut self, registry: &Registry) -> Result<(), Broken> {
        self.write(registry)?;
        loop {
            match self.stream.read(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return Err(self.broken()),
            }
        }
    }

    fn broken(&mut self) -> Broken {
        Broken(self.works.drain(..).map(|work| work.ticket).collect())
    }

    /// Sends what the pool takes.
    ///
    /// # Errors
    /// [`Broken`].
    pub(super) fn write(&mut self, registry: &Registry) -> Result<(), Broken> {
        while !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(0) => return Err(self.broken()),
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(self.broken()),
            }
        }
        if self.outgoing.capacity() > KEPT_BYTES_MAX && self.outgoing.is_empty() {
            self.outgoing = Vec::new();
        }
        let waits = !self.outgoing.is_empty();
        if waits != std::mem::replace(&mut self.waits_to_write, waits) {
            let interest = if waits { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            if registry.reregister(&mut self.stream, self.token, interest).is_err() {
                return Err(self.broken());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
