//! One permanent connection to the pool: whole requests go out, one at a time. Answers come back in memory, see
//! [`answers`](crate::server::answers); on the lane itself nothing comes that is any good.
//!
//! The pool never sees a client's connection, so it cannot be slowed down, starved or confused by one. A lane knows
//! nothing of clients but the ticket of the one it works for.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream as BlockingStream;
use std::time::Instant;

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use crate::limits::{LANE_SLOW, LANE_TIMEOUT};
use crate::server::door::Ticket;

/// A lane and what it is doing.
pub(super) struct Lane {
    stream: UnixStream,
    token: Token,
    /// Events tell, too, when the pool takes more of a request.
    waits_to_write: bool,
    work: Option<Work>,
    /// Bytes of the request not yet taken by the pool.
    outgoing: Vec<u8>,
}

/// A request on its way.
struct Work {
    /// The pool's answer says which request it is for.
    number: u64,
    /// Whom the answer is for.
    ticket: Ticket,
    since: Instant,
}

/// The pool closed the lane, or said something on it: the library's words about a request that it did not pass on, or
/// that was lost. The client, if any, gets no answer from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) Option<Ticket>);

impl Lane {
    /// Takes an open connection to the pool.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(super) fn new(stream: BlockingStream, registry: &Registry, token: Token) -> std::io::Result<Lane> {
        let mut stream = UnixStream::from_std(stream);
        // Not for writing: a Unix socket would tell each time that the pool has read something.
        registry.register(&mut stream, token, Interest::READABLE)?;
        Ok(Lane { stream, token, waits_to_write: false, work: None, outgoing: Vec::new() })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.work.is_none() && self.outgoing.is_empty()
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
    ///
    /// # Errors
    /// [`Broken`].
    pub(super) fn send(
        &mut self,
        request: Vec<u8>,
        number: u64,
        ticket: Ticket,
        now: Instant,
        registry: &Registry,
    ) -> Result<(), Broken> {
        self.work = Some(Work { number, ticket, since: now });
        self.outgoing = request;
        self.write(registry)
    }

    /// Takes note that a request was answered. Whom the answer is for, if it was this lane's request; the lane is free.
    pub(super) fn answered(&mut self, number: u64) -> Option<Ticket> {
        self.work.take_if(|work| work.number == number).map(|work| work.ticket)
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
        Broken(self.work.take().map(|work| work.ticket))
    }

    fn write(&mut self, registry: &Registry) -> Result<(), Broken> {
        while !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(0) => return Err(self.broken()),
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(self.broken()),
            }
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
