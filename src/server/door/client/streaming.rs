//! Long answers: a head, then pieces until their source ends.

use std::io::Write;
use std::time::Instant;

use super::{Client, Next, Phase};
use crate::limits::{ANSWER_STALL, PIECE_TIMEOUT};
use crate::server::door::head::Version;
use crate::server::streams::Stream;
use crate::server::wire::Send;
use crate::web::response::Response;
use crate::web::stream::Piece;

/// A long answer under way.
pub(super) struct Streaming {
    /// `None` while its next piece is being made.
    stream: Option<Stream>,
    /// When it has said that it has nothing yet: ask again at this time.
    again: Option<Instant>,
}

impl Streaming {
    /// It waits for something to happen, not for its reader.
    pub(super) fn is_waiting(&self) -> bool {
        self.again.is_some()
    }
}

impl Client {
    /// Sends the head of a long answer; pieces follow, unless the head was all that was asked for. A client of HTTP/1.0
    /// finds the end at the end of the connection.
    pub(in crate::server::door) fn begin_stream(
        &mut self,
        response: &Response,
        stream: Stream,
        is_last: bool,
        now: Instant,
    ) {
        let is_chunked = self.version == Version::Http11;
        let line = self.begin_answer(is_last || !is_chunked, now);
        let coding = if is_chunked { "Transfer-Encoding: chunked\r\n" } else { "" };
        self.output.print(response, Send::Stream, &[line, coding].concat());
        if self.wants_body {
            self.phase = Phase::Streaming(Streaming { stream: Some(stream), again: None });
        }
    }

    /// What to do once everything that was made has been sent.
    pub(super) fn next_piece(&mut self, now: Instant) -> Option<Next> {
        let Phase::Streaming(streaming) = &mut self.phase else { return None };
        if streaming.again.is_some_and(|again| again > now) {
            // Nobody is there to tell when something happens.
            return Some(if self.is_finished { Next::Close } else { Next::Wait });
        }
        streaming.again = None;
        let Some(stream) = streaming.stream.take() else { return Some(Next::Wait) };
        self.wait(now, PIECE_TIMEOUT);
        Some(Next::Feed(stream))
    }

    /// Takes the next piece. False when the connection must end so that nobody takes what came for the whole.
    pub(in crate::server::door) fn take_piece(&mut self, stream: Stream, piece: Piece, now: Instant) -> bool {
        let is_chunked = self.version == Version::Http11;
        self.wait(now, ANSWER_STALL);
        let Phase::Streaming(streaming) = &mut self.phase else { return true };
        match piece {
            // An empty chunk would be the end.
            Piece::Bytes(bytes) if bytes.is_empty() => streaming.stream = Some(stream),
            Piece::Bytes(bytes) => {
                streaming.stream = Some(stream);
                if is_chunked {
                    // Writing to memory does not fail.
                    let _ = write!(self.output, "{:x}\r\n", bytes.len());
                }
                self.output.push(&bytes);
                self.output.push(if is_chunked { b"\r\n" } else { b"" });
            }
            Piece::Later(pause) => {
                streaming.stream = Some(stream);
                streaming.again = Some(now + pause);
                self.deadline = now + pause;
            }
            Piece::End => {
                self.output.push(if is_chunked { b"0\r\n\r\n" } else { b"" });
                self.phase = Phase::Answering;
            }
            Piece::Broken => return false,
        }
        true
    }

    /// Has a source that waits for something asked at once: the program ends.
    pub(in crate::server::door) fn hurry_stream(&mut self) {
        if let Phase::Streaming(streaming) = &mut self.phase {
            streaming.again = None;
        }
    }
}
