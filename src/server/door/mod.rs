//! The door: the only thing that touches the network.
//!
//! One thread owns every client's socket. It accepts, ends TLS, reads one bounded head and body within absolute
//! deadlines, and refuses what leaves room for doubt. A complete request has one of three ways:
//!
//! | It asks for | Way |
//! |---|---|
//! | a short link that is in memory, a file of the pages | answered here and now |
//! | any other short link | looked up by the [`finder`], then answered here |
//! | a page | written anew, over a permanent [`lane`] to the pool; its answer comes back in memory |
//!
//! Answers go out at the client's pace; a slow or silent client costs a few kilobytes and never a worker. Nothing in the
//! loop waits for a disk, a lock or a client: a redirect whose click must be on disk first is [`held`]. What a client
//! may be in the middle of, and for how long, stands in a table in [`client`].

mod admission;
mod body;
mod client;
mod deadlines;
mod dispatch;
mod feeder;
mod finder;
mod head;
mod held;
mod input;
mod lane;
#[cfg(test)]
mod mutate;
mod opener;
mod origin;
mod pooled;
mod socket;

use std::collections::{HashMap, VecDeque};
use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener as BlockingListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use log::{error, warn};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::app::App;
use crate::limits::{ACCEPTED_PER_ROUND, EVENTS_PER_ROUND, LISTEN_BACKLOG, QUICK_PER_PROCESSOR, STOP_POLL, STOP_QUIET};
use crate::proxy::TrustedProxies;
use crate::server::identity::GREETING;
use crate::server::pool::Pool;
use crate::server::streams::Streams;
use crate::server::tls::Tls;
use client::{Buffers, Client, Standing};
use feeder::Feeder;
use finder::Finder;
use held::Held;
use lane::Lane;
use opener::Opener;
use pooled::Queued;

/// Tokens: the listening sockets from 0 on, the waker, the lane, then the clients.
const LISTENERS_MAX: usize = 2;
const WAKER: Token = Token(LISTENERS_MAX);
const LANE: Token = Token(LISTENERS_MAX + 1);
const FIRST_CLIENT: usize = LISTENERS_MAX + 2;

/// Names a client for as long as it is the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticket {
    key: usize,
    generation: u64,
}

impl Ticket {
    /// A client that has left, or was told something else meanwhile.
    const NOBODY: Ticket = Ticket { key: usize::MAX, generation: 0 };
}

/// A listening socket, and what is spoken on it.
pub(super) struct Entrance {
    pub(super) listener: BlockingListener,
    pub(super) speech: Speech,
}

/// What is spoken on a socket.
pub(super) enum Speech {
    /// Plain HTTP; who is in front may have taken TLS off.
    Plain,
    /// Plain HTTP beside a socket with TLS.
    PlainBesideTls,
    Tls(Arc<Tls>),
}

/// What the door works with.
pub(super) struct Setting {
    pub(super) app: Arc<App>,
    pub(super) pool: Arc<Pool>,
    /// One or two.
    pub(super) entrances: Vec<Entrance>,
    pub(super) trusted: TrustedProxies,
    /// Connections held at once.
    pub(super) clients_max: usize,
}

/// The running door.
pub(super) struct Door {
    waker: Arc<Waker>,
    thread: JoinHandle<()>,
}

impl Door {
    /// Opens the lane and starts the loop. `failed` is told when the loop ends by itself.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) fn start(setting: Setting, failed: Sender<String>) -> Result<Door, String> {
        let (mut state, waker) = Loop::new(setting).map_err(|error| {
            format!("the network front cannot start: {error}. Raise the open-file limit (ulimit -n).")
        })?;
        let run = move || {
            let ended = catch_unwind(AssertUnwindSafe(|| state.run()));
            if ended.is_err() || !state.app.is_stopping() {
                // The other end is gone only when the program is already ending.
                let _ = failed.send("the network front has failed".to_owned());
            }
        };
        let thread = thread::Builder::new().name("door".to_owned()).spawn(run).map_err(|error| error.to_string())?;
        Ok(Door { waker, thread })
    }

    /// Takes no more connections, lets requests that have come finish, and returns when nobody is left or it is `end`.
    /// The program must have been noted as stopping before.
    pub(super) fn stop(self, end: Instant) {
        if let Err(error) = self.waker.wake() {
            warn!(target: "door", "the door cannot be told to stop: {error}");
            return;
        }
        while !self.thread.is_finished() && Instant::now() < end {
            thread::sleep(STOP_POLL);
        }
        if !self.thread.is_finished() {
            warn!(target: "door", "the time is over; connections that did not end were cut off");
        }
    }
}

/// Everything the loop owns.
struct Loop {
    app: Arc<App>,
    pool: Arc<Pool>,
    trusted: TrustedProxies,
    poll: Poll,
    /// Empty once stopping.
    listeners: Vec<(TcpListener, Speech)>,
    /// Accepting goes on at this time; the descriptors had run out.
    accept_again: Option<Instant>,
    /// Somebody was closed for the next connection, which has not come yet.
    has_made_room: bool,
    /// When it was last said that they had.
    starved: Option<Instant>,
    clients: Slab<Client>,
    clients_max: usize,
    /// Nobody was let in because there was no room; that may be over after any event.
    is_full: bool,
    /// Connections of each address that may have only so many.
    places: HashMap<IpAddr, usize>,
    /// TLS connections that each address has made since a time.
    eager: HashMap<IpAddr, usize>,
    eager_since: Instant,
    /// Handshakes under way, the oldest first.
    half_open: Vec<usize>,
    /// Bytes held for all clients together.
    held_bytes: usize,
    /// Clients that sent so much in a row that others come first.
    turns: Vec<Ticket>,
    buffers: Buffers,
    generation: u64,
    /// `None` while it is opened anew.
    lane: Option<Lane>,
    /// The number of the last request for the pool; above those of greetings.
    number: u64,
    /// Long answers under way.
    streams: Streams,
    opener: Opener,
    feeder: Feeder,
    finder: Finder,
    /// Answers that wait for their clicks to be on disk, in the order of these.
    held: VecDeque<Held>,
    /// Requests that may be with the pool at once as long as each is answered quickly.
    quick_max: usize,
    /// Bytes of the requests that wait for a lane.
    queued_bytes: usize,
    /// When waiting requests may get another lane although nothing happens.
    start_again: Option<Instant>,
    /// Requests that wait for a lane, each with its bytes and the time it came.
    queue: VecDeque<Queued>,
    /// No deadline passes before this time.
    next_deadline: Option<Instant>,
    /// Deadlines were last looked at.
    looked: Instant,
    is_stopping: bool,
}

impl Loop {
    fn new(setting: Setting) -> Result<(Loop, Arc<Waker>), Box<dyn std::error::Error + Send + Sync>> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (stream, seat) = setting.pool.open_lane()?;
        let lane = Lane::new(stream, poll.registry(), LANE)?;
        let mut listeners = Vec::new();
        for (index, Entrance { listener, speech }) in setting.entrances.into_iter().enumerate() {
            listener.set_nonblocking(true)?;
            let mut listener = TcpListener::from_std(listener);
            poll.registry().register(&mut listener, Token(index), Interest::READABLE)?;
            listeners.push((listener, speech));
        }
        // A loop that has ended sends nothing to anybody, and waits for nothing.
        let wake = |waker: &Arc<Waker>| {
            let waker = Arc::clone(waker);
            move || drop(waker.wake())
        };
        setting.pool.answers().on_arrival(wake(&waker));
        let opener = Opener::start(Arc::clone(&setting.pool), seat, Arc::clone(&waker))?;
        let feeder = Feeder::start(Arc::clone(&setting.app), Arc::clone(&waker))?;
        if setting.app.is_strict {
            setting.app.store.on_clicks_written(wake(&waker));
        }
        let finder = Finder::start(Arc::clone(&setting.app), Arc::clone(&waker))?;
        let state = Loop {
            app: setting.app,
            pool: setting.pool,
            trusted: setting.trusted,
            poll,
            listeners,
            accept_again: None,
            has_made_room: false,
            starved: None,
            clients: Slab::new(),
            clients_max: setting.clients_max,
            is_full: false,
            places: HashMap::new(),
            eager: HashMap::new(),
            eager_since: Instant::now(),
            half_open: Vec::new(),
            held_bytes: 0,
            turns: Vec::new(),
            buffers: Buffers::default(),
            generation: 0,
            lane: Some(lane),
            number: GREETING,
            streams: Streams::default(),
            opener,
            feeder,
            finder,
            held: VecDeque::new(),
            quick_max: QUICK_PER_PROCESSOR * thread::available_parallelism().map_or(1, usize::from),
            queued_bytes: 0,
            start_again: None,
            queue: VecDeque::new(),
            next_deadline: None,
            looked: Instant::now(),
            is_stopping: false,
        };
        Ok((state, waker))
    }

    fn run(&mut self) {
        let mut events = Events::with_capacity(EVENTS_PER_ROUND);
        loop {
            let timeout = match self.turns.is_empty() {
                true => self.wake_up_at().map(|at| at.saturating_duration_since(Instant::now())),
                false => Some(Duration::ZERO),
            };
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    error!(target: "door", "the event loop failed: {error}");
                    return;
                }
                _ => {}
            }
            let now = Instant::now();
            for event in &events {
                match event.token() {
                    WAKER => self.woken(now),
                    Token(number) if number < LISTENERS_MAX => self.accept(number, ACCEPTED_PER_ROUND, now),
                    LANE => self.lane_event(now),
                    Token(number) => {
                        let key = number - FIRST_CLIENT;
                        if let Some(client) = self.clients.get_mut(key) {
                            if event.is_readable() || event.is_read_closed() || event.is_error() {
                                client.note_readable(event.is_read_closed() || event.is_error());
                            }
                            self.proceed(key, now);
                        }
                    }
                }
            }
            self.take_turns(now);
            self.pass_deadlines(now);
            if self.is_stopping && self.clients.is_empty() {
                return;
            }
        }
    }

    /// Another thread has something for the loop.
    fn woken(&mut self, now: Instant) {
        if let Some(stream) = self.opener.opened() {
            match Lane::new(stream, self.poll.registry(), LANE) {
                Ok(lane) => self.lane = Some(lane),
                Err(error) => {
                    warn!(target: "door", "a new lane cannot be watched: {error}");
                    self.opener.open();
                }
            }
        }
        self.take_answers(now);
        self.release_held(now);
        for found in self.finder.found() {
            self.take_found(found, now);
        }
        let fed: Vec<_> = self.feeder.fed().collect();
        for fed in fed {
            self.take_fed(fed, now);
        }
        if self.app.is_stopping() && !self.is_stopping {
            self.begin_stop(now);
        }
    }

    /// Whether so many connections are open that each should be short.
    fn is_crowded(&self) -> bool {
        self.clients.len() > self.clients_max / 2
    }

    /// Whether an answer should end its connection: the program ends, or there is hardly room for another.
    fn wants_less(&self) -> bool {
        self.app.is_stopping() || self.clients.len() * 10 > self.clients_max * 9
    }

    /// Counts an answer at the end of the program. True when it should end its connection.
    fn note_answer(&self) -> bool {
        if self.is_stopping {
            self.app.traffic.note_finished();
        }
        self.wants_less()
    }

    // --- end --------------------------------------------------------------------------------------------------

    /// Closes the listening sockets and every connection that has had its answers. One that is new, or half-way through
    /// its request, has a moment more. The loop ends when nobody is left.
    fn begin_stop(&mut self, now: Instant) {
        // Whoever waits before the door has come in time.
        (0..self.listeners.len()).for_each(|index| self.accept(index, usize::from(LISTEN_BACKLOG), now));
        for (mut listener, _) in std::mem::take(&mut self.listeners) {
            // It is closed either way.
            let _ = self.poll.registry().deregister(&mut listener);
        }
        self.is_stopping = true;
        let keys: Vec<usize> = self.clients.iter().map(|(key, _)| key).collect();
        for key in keys {
            let Some(client) = self.clients.get_mut(key) else { continue };
            // Its bytes may have come after the last look.
            client.note_readable(false);
            client.note_last();
            client.hurry_stream();
            self.proceed(key, now);
            let Some(client) = self.clients.get_mut(key) else { continue };
            match client.standing() {
                Standing::Idle if client.was_served() => self.close(key),
                Standing::Idle | Standing::Incomplete => {
                    client.wait_until(now + STOP_QUIET);
                    self.watch_deadline(key);
                }
                Standing::Reading | Standing::AtWork => {}
            }
        }
    }
}
