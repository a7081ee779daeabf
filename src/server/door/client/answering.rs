//! Answers: from what is to be said to the last byte that the client takes.

use std::io::{ErrorKind, Write};
use std::time::Instant;

use super::{Client, Next, Phase};
use crate::limits::{ANSWER_STALL, DISCARD_BYTES_MAX, DISCARD_TIMEOUT};
use crate::server::door::head::Version;
use crate::server::wire::{self, Send};
use crate::web::response::Response;

/// Bytes of a buffer that is kept for the next client; one that a large answer has made larger is not.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Bytes that the client has not taken yet.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    written: usize,
}

impl Output {
    /// Goes on with `spare` where there is no buffer of its own.
    pub(super) fn lend(&mut self, spare: &mut Vec<u8>) {
        if self.bytes.capacity() == 0 {
            self.bytes = std::mem::take(spare);
        }
    }

    /// Gives the buffer back when nothing is left in it.
    pub(super) fn settle(&mut self, spare: &mut Vec<u8>) {
        if self.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            if (1..=KEPT_BYTES_MAX).contains(&bytes.capacity()) {
                *spare = bytes;
            }
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends an answer; `lines` follow its status line.
    pub(super) fn print(&mut self, response: &Response, send: Send, lines: &str) {
        wire::print_or_apologise(response, send, lines, &mut self.bytes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes held for a client that does not take them.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Client {
    /// Answers the request at hand. `is_last` ends the connection after it.
    pub(in crate::server::door) fn reply(&mut self, response: &Response, is_last: bool, now: Instant) {
        let line = self.begin_answer(is_last, now);
        let send = if self.wants_body { Send::Whole } else { Send::HeadOnly };
        self.output.print(response, send, line);
    }

    /// Takes the answer to a request that is refused; the connection ends after it.
    pub(in crate::server::door) fn refuse(&mut self, response: &Response, now: Instant) {
        self.reply(response, true, now);
        self.input.clear();
    }

    /// The line about the connection that the answer carries (RFC 9112, section 9.3).
    pub(super) fn begin_answer(&mut self, is_last: bool, now: Instant) -> &'static str {
        self.keep_alive &= !is_last;
        self.phase = Phase::Answering;
        self.wait(now, ANSWER_STALL);
        match (self.keep_alive, self.version) {
            (false, _) => "Connection: close\r\n",
            (true, Version::Http10) => "Connection: keep-alive\r\n",
            (true, Version::Http11) => "",
        }
    }

    /// Writes what is left of the answer. True when there is nothing more to write.
    pub(super) fn flush(&mut self, now: Instant) -> Result<bool, ()> {
        let before = self.socket.sent();
        let is_done = self.write();
        if self.socket.sent() > before && matches!(self.phase, Phase::Answering | Phase::Streaming(_)) {
            self.wait(now, ANSWER_STALL);
        }
        is_done
    }

    fn write(&mut self) -> Result<bool, ()> {
        while self.output.written < self.output.bytes.len() {
            match self.socket.send(&self.output.bytes[self.output.written..]) {
                Ok(0) => return Err(()),
                Ok(count) => self.output.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(()),
            }
        }
        self.output.bytes.clear();
        self.output.written = 0;
        self.socket.flush().map_err(drop)
    }

    /// After an answer: the next request (`None`: the loop goes on), or a quiet end.
    pub(super) fn next_request(&mut self, now: Instant) -> Option<Next> {
        if self.keep_alive && !self.is_last {
            self.await_request(now);
            return None;
        }
        // Closed at once, what the client still sends would make the kernel take the answer back.
        if self.is_finished || self.socket.finish().is_err() {
            return Some(Next::Close);
        }
        self.phase = Phase::Discarding(DISCARD_BYTES_MAX);
        self.wait(now, DISCARD_TIMEOUT);
        None
    }

    /// Says goodbye before the connection is closed, unless an answer is cut off by that.
    pub(in crate::server::door) fn part(&mut self) {
        if self.output.is_empty() && !matches!(self.phase, Phase::Streaming(_)) {
            // It is closed either way.
            let _ = self.socket.part();
        }
    }

    pub(super) fn discard(&mut self) -> Option<Next> {
        let Phase::Discarding(left) = &mut self.phase else { return None };
        *left = left.saturating_sub(self.input.data().len());
        self.input.clear();
        if *left == 0 || self.is_finished {
            return Some(Next::Close);
        }
        (!self.may_read()).then_some(Next::Wait)
    }
}
