//! One client's connection: bytes in, requests out, answers back, within bounds and deadlines.
//!
//! A state machine without a socket's surprises: the loop tells it what can be read or written and asks what comes
//! next. What a request means it does not know. The bounds of the table stand in [`crate::limits`].
//!
//! | State | Waits for | At most | Then |
//! |---|---|---|---|
//! | Greeting | the end of the TLS handshake | `HANDSHAKE_TIMEOUT` from the start | closed |
//! | Head, nothing come | a request's first byte | `IDLE_TIMEOUT`, `IDLE_TIMEOUT_CROWDED` when it is crowded | closed |
//! | Head, begun | the blank line | `HEAD_TIMEOUT` from its first byte | 408 |
//! | Body | the last byte | `BODY_GRACE` and a second for each `BODY_BYTES_PER_S` come, never past `BODY_TIMEOUT` | 408 |
//! | Waiting | an answer from elsewhere | what the loop allows | 503 where it can come back soon, else 504 |
//! | Streaming | the next piece | `PIECE_TIMEOUT`, or until its source wants to be asked again | closed |
//! | Answering, Streaming | the client, to take bytes | `ANSWER_STALL` without one taken | closed |
//! | Discarding | the client's end, after a refusal | `DISCARD_TIMEOUT`, `DISCARD_BYTES_MAX` | closed |

mod answering;
mod reading;
mod streaming;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use crate::limits::{HANDSHAKE_TIMEOUT, IDLE_TIMEOUT, IDLE_TIMEOUT_CROWDED, NEWCOMER};
use crate::proxy::Transport;
use crate::server::door::head::{Head, Version};
use crate::server::door::input::Input;
use crate::server::door::socket::Socket;
use crate::server::streams::Stream;
use answering::Output;
use reading::Body;
use streaming::Streaming;

/// A client's connection and where it stands.
pub(super) struct Client {
    socket: Socket,
    /// The other end of the socket.
    pub(super) peer: IpAddr,
    /// What the socket it came in by says of the way.
    pub(super) transport: Transport,
    /// Tells this client from an earlier one in the same place.
    pub(super) generation: u64,
    phase: Phase,
    input: Input,
    output: Output,
    /// Edge-triggered: what the last event said and no call has refuted.
    can_read: bool,
    /// The client's last byte has come, or will be the next thing to come.
    is_ending: bool,
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
    /// Connections are many: this one is kept for less long.
    is_crowded: bool,
    /// The address that this connection counts for, if its connections are counted.
    pub(super) place: Option<IpAddr>,
    /// What the loop has noted of it: bytes held, a handshake under way.
    pub(super) held_noted: usize,
    pub(super) half_open_noted: bool,
    /// The program ends: no request after this one, and no more time for it.
    is_last: bool,
    /// When the step that is waited for began, or was last seen to go on.
    since: Instant,
    deadline: Instant,
}

enum Phase {
    /// Before and within a TLS handshake.
    Greeting,
    /// Between requests, or within a head.
    Head,
    Body(Box<Head>, Body),
    /// The request is complete and somewhere else.
    Waiting,
    /// The answer is being written; then the next request, or the end.
    Answering,
    /// A long answer is under way, piece by piece.
    Streaming(Streaming),
    /// The last answer was a refusal: what still comes is read and dropped for a moment, so that the answer arrives.
    Discarding(usize),
}

/// How far a connection has come: between requests first.
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

/// Large buffers, for one client at a time.
#[derive(Default)]
pub(super) struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
}

/// What is lost by closing a connection for another one: the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// It has been there for a while and has never said a word.
    Silent,
    /// It has had its answers a while ago; a browser asks again on a new one.
    Kept,
    /// Its request has been on its way for a while.
    Slow,
    /// It has had no time to say anything, or anything more.
    New,
    Reading,
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
    /// Have the next piece of a long answer made.
    Feed(Stream),
    /// Say that TLS is spoken here, and end.
    NotTls,
    /// Say that the answer did not come in time.
    GiveUp,
    /// Answer this status and end: the request cannot be trusted, or is too large or too late.
    Refuse(u16, &'static str),
    Close,
}

impl Client {
    pub(super) fn new(socket: Socket, peer: IpAddr, transport: Transport, generation: u64, now: Instant) -> Client {
        let (phase, patience) = match socket.is_open() {
            true => (Phase::Head, IDLE_TIMEOUT),
            false => (Phase::Greeting, HANDSHAKE_TIMEOUT),
        };
        Client {
            socket,
            peer,
            transport,
            generation,
            phase,
            input: Input::default(),
            output: Output::default(),
            can_read: true,
            is_ending: false,
            is_finished: false,
            keep_alive: true,
            wants_body: true,
            version: Version::Http11,
            requests: 0,
            has_begun: false,
            judged: 0,
            is_crowded: false,
            place: None,
            held_noted: 0,
            half_open_noted: false,
            is_last: false,
            since: now,
            deadline: now + patience,
        }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        self.socket.tcp()
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Ends a connection that says nothing sooner than usual: there are many.
    pub(super) fn hurry(&mut self) {
        self.deadline = self.deadline.min(self.since + IDLE_TIMEOUT_CROWDED);
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Begins to wait for a step of the client's, for this long.
    fn wait(&mut self, now: Instant, patience: Duration) {
        (self.since, self.deadline) = (now, now + patience);
    }

    /// A TLS handshake has begun and is not done.
    pub(super) fn is_half_open(&self) -> bool {
        self.socket.is_half_open()
    }

    pub(super) fn standing(&self) -> Standing {
        match self.phase {
            Phase::Head if self.input.is_empty() => Standing::Idle,
            Phase::Greeting if !self.socket.is_half_open() => Standing::Idle,
            Phase::Greeting | Phase::Head | Phase::Body(..) | Phase::Discarding(_) => Standing::Incomplete,
            Phase::Answering | Phase::Streaming(_) => Standing::Reading,
            Phase::Waiting => Standing::AtWork,
        }
    }

    /// How little is lost by closing this connection for another one.
    pub(super) fn worth(&self, now: Instant) -> Worth {
        let is_new = now.duration_since(self.since) < NEWCOMER;
        match self.standing() {
            Standing::Idle | Standing::Incomplete if is_new => Worth::New,
            Standing::Idle if self.requests > 0 => Worth::Kept,
            Standing::Idle => Worth::Silent,
            Standing::Incomplete => Worth::Slow,
            Standing::Reading => Worth::Reading,
            Standing::AtWork => Worth::AtWork,
        }
    }

    /// Others have had theirs: this client may go on. `is_crowded`: there are so many that each should be short.
    pub(super) fn begin_turn(&mut self, is_crowded: bool) {
        self.is_crowded = is_crowded;
        self.socket.begin_turn();
    }

    /// It could go on at once, after others have had their turn.
    pub(super) fn wants_turn(&self) -> bool {
        self.can_read && self.socket.is_turn_over()
    }

    /// Ends the connection after the request at hand.
    pub(super) fn note_last(&mut self) {
        self.is_last = true;
    }

    /// True once a request of this connection was whole.
    pub(super) fn was_served(&self) -> bool {
        self.requests > 0
    }

    /// There may be something to read; `is_ending`: the client's end is among it.
    pub(super) fn note_readable(&mut self, is_ending: bool) {
        self.can_read = true;
        self.is_ending |= is_ending;
    }

    /// Sees to a client that may have nothing new to say for a while: buffers that thousands of clients share come
    /// before [`Client::proceed`] and go after it.
    pub(super) fn lend(&mut self, buffers: &mut Buffers) {
        self.input.lend(&mut buffers.input);
        self.output.lend(&mut buffers.output);
    }

    /// Takes the buffers back. Needed after every call that may have put something into them.
    pub(super) fn settle(&mut self, buffers: &mut Buffers) {
        self.input.settle(&mut buffers.input);
        self.output.settle(&mut buffers.output);
    }

    /// Writes and reads what can be written and read, and says what comes next.
    pub(super) fn proceed(&mut self, now: Instant) -> Next {
        loop {
            match self.flush(now) {
                Ok(true) => {}
                Ok(false) => return Next::Wait,
                Err(()) => return Next::Close,
            }
            if let Some(refusal) = self.read() {
                return refusal;
            }
            let next = match self.phase {
                Phase::Greeting => self.greet(now),
                Phase::Head => self.read_head(now),
                Phase::Body(..) => self.read_body(),
                Phase::Waiting => Some(Next::Wait),
                Phase::Answering => self.next_request(now),
                Phase::Streaming(_) => self.next_piece(now),
                Phase::Discarding(_) => self.discard(),
            };
            if let Some(next) = next {
                return next;
            }
        }
    }

    /// What a passed deadline means: a late request is told so, everything else ends without a word.
    pub(super) fn timed_out(&mut self) -> Next {
        match &self.phase {
            // A stray line end after a body is no request; an unasked answer would be taken for the next one's.
            Phase::Head if self.input.data().iter().any(|byte| !b"\r\n".contains(byte)) => {
                self.note_method();
                Next::Refuse(408, "head came too slowly")
            }
            Phase::Body(..) => Next::Refuse(408, "body came too slowly"),
            Phase::Waiting => Next::GiveUp,
            // Its time to be asked again has come; what it waits for is not the client.
            Phase::Streaming(streaming) if streaming.is_waiting() => Next::Wait,
            _ => Next::Close,
        }
    }

    /// Bytes held for this client: what came and is not whole, and answers that it does not take.
    pub(super) fn held_bytes(&self) -> usize {
        let body = match &self.phase {
            Phase::Body(_, body) => body.bytes.capacity(),
            _ => 0,
        };
        self.input.held() + self.output.held() + self.socket.held() + body
    }

    /// Sets the time by which the client's next step must have come.
    pub(super) fn wait_until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }
}

#[cfg(test)]
mod tests;
