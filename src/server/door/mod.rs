//! The door: the only thing that touches the network.
//!
//! One thread owns every client's socket. It accepts, reads one bounded head and body within absolute deadlines,
//! refuses what leaves room for doubt, and hands a complete request, written anew, over one of a few permanent
//! [`lane`]s to the pool. The pool's answer goes back at the client's pace; a slow or silent client costs a few
//! kilobytes and never a worker. Nothing in the loop waits for a disk, a lock or a client.

mod admission;
mod body;
mod client;
mod deadlines;
mod head;
mod lane;
mod refusal;

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener as BlockingListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use log::{debug, error, warn};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::app::App;
use crate::limits::{EVENTS_PER_ROUND, LANE_TIMEOUT, QUEUE_TIMEOUT, QUEUED_MAX, STOP_QUIET};
use crate::proxy::Transport;
use crate::server::exchange;
use crate::server::wire::{self, Send};
use crate::web;
use crate::web::request::{Method, Raw};
use client::{Client, Next, Request, Standing};
use lane::{Lane, Progress};

pub(super) use refusal::IDENTITY;

const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);
const FIRST_LANE: usize = 2;

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

/// What a request needs to be trusted by the pool: the path of its socket, and a secret of this process.
#[derive(Clone)]
pub(super) struct PoolAddress {
    pub(super) socket: PathBuf,
    pub(super) secret: String,
    pub(super) lanes: usize,
}

/// The running door.
pub(super) struct Door {
    waker: Arc<Waker>,
    thread: JoinHandle<()>,
}

impl Door {
    /// Opens the lanes and starts the loop. `failed` is told when the loop ends by itself.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) fn start(
        app: Arc<App>,
        listener: BlockingListener,
        pool: PoolAddress,
        failed: Sender<String>,
    ) -> Result<Door, String> {
        let mut state = Loop::new(app, listener, pool).map_err(|error| error.to_string())?;
        let waker = Waker::new(state.poll.registry(), WAKER).map_err(|error| error.to_string())?;
        let run = move || {
            let ended = catch_unwind(AssertUnwindSafe(|| state.run()));
            if ended.is_err() || !state.app.is_stopping() {
                // The other end is gone only when the program is already ending.
                let _ = failed.send("the network front has failed".to_owned());
            }
        };
        let thread = thread::Builder::new().name("door".to_owned()).spawn(run).map_err(|error| error.to_string())?;
        Ok(Door { waker: Arc::new(waker), thread })
    }

    /// Takes no more connections, lets requests that have come finish, and returns when nobody is left or `grace` is
    /// over. The program must have been noted as stopping before.
    pub(super) fn stop(self, grace: Duration) {
        if let Err(error) = self.waker.wake() {
            warn!(target: "door", "the door cannot be told to stop: {error}");
            return;
        }
        let end = Instant::now() + grace;
        while !self.thread.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Everything the loop owns.
struct Loop {
    app: Arc<App>,
    pool: PoolAddress,
    poll: Poll,
    /// `None` once stopping.
    listener: Option<TcpListener>,
    /// Accepting goes on at this time; the descriptors had run out.
    accept_again: Option<Instant>,
    clients: Slab<Client>,
    generation: u64,
    lanes: Vec<Lane>,
    /// Requests that wait for a lane, each with its bytes and the time it came.
    queue: VecDeque<Queued>,
    /// No deadline passes before this time.
    next_deadline: Option<Instant>,
    first_client: usize,
    /// The pool is out of reach; the loop ends.
    is_broken: bool,
}

struct Queued {
    ticket: Ticket,
    bytes: Vec<u8>,
    has_body: bool,
    since: Instant,
}

impl Loop {
    fn new(app: Arc<App>, listener: BlockingListener, pool: PoolAddress) -> std::io::Result<Loop> {
        let poll = Poll::new()?;
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        let mut lanes = Vec::with_capacity(pool.lanes);
        for number in 0..pool.lanes {
            let token = Token(FIRST_LANE + number);
            lanes.push(Lane::open(&pool.socket, &refusal::greeting(&pool.secret), poll.registry(), token)?);
        }
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Loop {
            app,
            poll,
            listener: Some(listener),
            accept_again: None,
            clients: Slab::new(),
            generation: 0,
            first_client: FIRST_LANE + pool.lanes,
            lanes,
            pool,
            queue: VecDeque::new(),
            next_deadline: None,
            is_broken: false,
        })
    }

    fn run(&mut self) {
        let mut events = Events::with_capacity(EVENTS_PER_ROUND);
        loop {
            let now = Instant::now();
            let wake = [self.next_deadline, self.accept_again].into_iter().flatten().min();
            let timeout = wake.map(|at| at.saturating_duration_since(now));
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
                    LISTENER => self.accept(now),
                    WAKER => self.begin_stop(now),
                    Token(number) if number < self.first_client => self.lane_event(number - FIRST_LANE, now),
                    Token(number) => {
                        let key = number - self.first_client;
                        if let Some(client) = self.clients.get_mut(key) {
                            if event.is_readable() || event.is_read_closed() || event.is_error() {
                                client.note_readable();
                            }
                            self.proceed(key, now);
                        }
                    }
                }
            }
            self.pass_deadlines(now);
            let is_done = self.listener.is_none() && self.clients.is_empty();
            if is_done || self.is_broken {
                return;
            }
        }
    }

    // --- clients ----------------------------------------------------------------------------------------------

    fn close(&mut self, key: usize) {
        if let Some(mut client) = self.clients.try_remove(key) {
            // The socket is gone with the client either way.
            let _ = self.poll.registry().deregister(client.stream());
        }
    }

    fn proceed(&mut self, key: usize, now: Instant) {
        loop {
            let Some(client) = self.clients.get_mut(key) else { return };
            match client.proceed(now) {
                Next::Wait => break,
                Next::Close => return self.close(key),
                Next::Refuse(status, reason) => {
                    debug!(target: "door", status, reason, ip = client.peer.to_string(); "refused");
                    client.refuse(&refusal::answer(&self.app, status), now);
                }
                Next::Answer(request) => {
                    if !self.take(key, *request, now) {
                        break;
                    }
                }
            }
        }
        self.watch_deadline(key);
    }

    /// Has a complete request answered. True when the answer is there already.
    fn take(&mut self, key: usize, request: Request, now: Instant) -> bool {
        let Some(client) = self.clients.get_mut(key) else { return false };
        let ticket = Ticket { key, generation: client.generation };
        let Request { head, body } = request;
        if let Some(status) = refusal::of_method(head.method) {
            client.refuse(&refusal::answer(&self.app, status), now);
            return true;
        }
        let is_plain = body.is_empty() && matches!(head.method, Method::Get | Method::Head);
        if is_plain && let Some(found) = web::hot(&self.app, &head.target) {
            let send = if head.method == Method::Head { Send::HeadOnly } else { Send::Whole };
            // The loop carries every client, so nothing that one of them asks may end it.
            let (app, raw) = (&self.app, raw(head, client.peer));
            let response = exchange::guarded(app, raw.transport, || web::respond_hot(app, raw, &found));
            client.answer(&wire::print_or_apologise(&response, send), self.app.is_stopping(), now);
            return true;
        }
        if self.queue.len() >= QUEUED_MAX {
            client.answer(&refusal::answer(&self.app, 503), self.app.is_stopping(), now);
            return true;
        }
        let identity = format!("{} {}", self.pool.secret, client.peer);
        let mut bytes = Vec::with_capacity(512 + body.len());
        head.write(&[(refusal::IDENTITY, &identity)], body.len(), &mut bytes);
        bytes.extend_from_slice(&body);
        client.wait_until(now + QUEUE_TIMEOUT + LANE_TIMEOUT);
        self.note_deadline(now + QUEUE_TIMEOUT);
        self.queue.push_back(Queued { ticket, bytes, has_body: head.method != Method::Head, since: now });
        self.start_lanes(now);
        false
    }

    // --- lanes ------------------------------------------------------------------------------------------------

    /// Gives waiting requests to idle lanes.
    fn start_lanes(&mut self, now: Instant) {
        for index in 0..self.lanes.len() {
            while self.lanes[index].is_idle() && !self.is_broken {
                let Some(next) = self.queue.pop_front() else { return };
                if self.is_here(next.ticket) {
                    let progress = self.lanes[index].send(next.bytes, next.ticket, next.has_body, now);
                    self.lane_progress(index, progress, now);
                }
            }
        }
    }

    fn is_here(&self, ticket: Ticket) -> bool {
        self.clients.get(ticket.key).is_some_and(|client| client.generation == ticket.generation)
    }

    fn lane_event(&mut self, index: usize, now: Instant) {
        if let Some(lane) = self.lanes.get_mut(index) {
            let progress = lane.proceed();
            self.lane_progress(index, progress, now);
        }
        self.start_lanes(now);
    }

    fn lane_progress(&mut self, index: usize, progress: Progress, now: Instant) {
        match progress {
            Progress::Busy => {}
            Progress::Answer(ticket, answer) => self.deliver(ticket, &answer, now),
            Progress::Broken(ticket) => {
                warn!(target: "door", lane = index; "the pool closed a lane");
                // Before anybody is told: the answer may bring the next request, which needs a lane.
                self.reopen(index);
                if let Some(ticket) = ticket {
                    self.apologise(ticket, 500, now);
                }
            }
        }
    }

    fn reopen(&mut self, index: usize) {
        let token = self.lanes[index].token();
        match Lane::open(&self.pool.socket, &refusal::greeting(&self.pool.secret), self.poll.registry(), token) {
            Ok(lane) => self.lanes[index] = lane,
            Err(error) => {
                // Without lanes nobody is answered. The loop ends, and with it the program in good order: what waits
                // is written, and a supervisor can start it anew.
                error!(target: "door", "the pool does not take a lane: {error}");
                self.is_broken = true;
            }
        }
    }

    /// Tells a client that its request came to nothing.
    fn apologise(&mut self, ticket: Ticket, status: u16, now: Instant) {
        let answer = refusal::answer(&self.app, status);
        self.deliver(ticket, &answer, now);
    }

    fn deliver(&mut self, ticket: Ticket, answer: &[u8], now: Instant) {
        if self.is_here(ticket)
            && let Some(client) = self.clients.get_mut(ticket.key)
        {
            client.answer(answer, self.app.is_stopping(), now);
            self.proceed(ticket.key, now);
        }
    }

    // --- end --------------------------------------------------------------------------------------------------

    /// Closes the listening socket and every connection that has had its answers. One that is new, or half-way through
    /// its request, has a moment more. The loop ends when nobody is left.
    fn begin_stop(&mut self, now: Instant) {
        // Whoever waits before the door has come in time.
        self.accept(now);
        if let Some(mut listener) = self.listener.take() {
            // It is closed either way.
            let _ = self.poll.registry().deregister(&mut listener);
        }
        let keys: Vec<usize> = self.clients.iter().map(|(key, _)| key).collect();
        for key in keys {
            let Some(client) = self.clients.get_mut(key) else { continue };
            // Its bytes may have come after the last look.
            client.note_readable();
            client.note_last();
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

/// A request without a body as `web` wants it.
fn raw(head: head::Head, peer: IpAddr) -> Raw {
    Raw {
        method: head.method.as_str().into(),
        target: head.target,
        headers: head.headers,
        body: Vec::new(),
        peer: Some(peer),
        transport: Transport::default(),
        host_is_optional: true,
    }
}
