//! Connections that stay open, ask and wait, at full speed and with as little work as possible on this side.
//!
//! Each thread writes one request on all its connections, then reads all answers, and so on. So there are always as
//! many requests on their way as there are connections, without a thread for each of them.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use crate::answer::{self, Answer};
use crate::endpoint::{Endpoint, PATIENCE, Stream};

/// More threads would take processors away from the program that is measured.
const THREADS_MAX: usize = 2;
/// The longest answer that is read.
pub const BUFFER_BYTES: usize = 512 << 10;

/// A connection that stays open.
pub struct Connection {
    endpoint: Endpoint,
    stream: Stream,
    buffer: Vec<u8>,
    /// The server has said that its last answer ended the connection.
    has_ended: bool,
}

/// How a run went.
pub struct Run {
    pub answers: u64,
    pub elapsed: Duration,
}

impl Run {
    pub fn per_second(&self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64()
    }
}

impl Connection {
    pub fn open(endpoint: &Endpoint) -> Connection {
        let stream = endpoint.connect(PATIENCE).unwrap();
        Connection { endpoint: endpoint.clone(), stream, buffer: vec![0; BUFFER_BYTES], has_ended: false }
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, request: &[u8]) -> Answer {
        self.send(request);
        self.answer()
    }

    /// Sends a request, on a new connection when the server has ended this one, as it does once in a while.
    fn send(&mut self, request: &[u8]) {
        if std::mem::take(&mut self.has_ended) {
            self.stream = self.endpoint.connect(PATIENCE).unwrap();
        }
        self.stream.write_all(request).unwrap();
    }

    fn answer(&mut self) -> Answer {
        let answer = answer::read(&mut self.stream, &mut self.buffer).unwrap();
        self.has_ended = answer.is_last;
        answer
    }
}

/// Opens connections one after the other, each used once: the HTTP library loses connections that come all at once.
pub fn open(endpoint: &Endpoint, count: usize, warm_up: &[u8]) -> Vec<Connection> {
    let open = |_| {
        let mut connection = Connection::open(endpoint);
        connection.ask(warm_up);
        connection
    };
    (0..count).map(open).collect()
}

/// Sends requests chosen at random, the same choice every time, for a while and at least once on every connection.
pub fn repeat(connections: Vec<Connection>, requests: &[Vec<u8>], expected: u16, lasts: Duration) -> Run {
    let started = Instant::now();
    let answers = share(connections, |mut connections| {
        let (mut answers, mut picks) = (0, Picks(connections.len() as u64));
        while answers == 0 || started.elapsed() < lasts {
            for connection in &mut connections {
                connection.send(&requests[picks.below(requests.len())]);
            }
            for connection in &mut connections {
                assert_eq!(connection.answer().status, expected);
                answers += 1;
            }
        }
        answers
    });
    Run { answers, elapsed: started.elapsed() }
}

/// Sends each request once.
pub fn once(connections: Vec<Connection>, requests: &[Vec<u8>], expected: u16) -> Run {
    let started = Instant::now();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let answers = share(connections, |mut connections| {
        let mut answers = 0;
        loop {
            let from = next.fetch_add(connections.len(), std::sync::atomic::Ordering::Relaxed);
            let Some(rest) = requests.get(from..).filter(|rest| !rest.is_empty()) else { return answers };
            let mine = connections.iter_mut().zip(rest);
            let sent = mine.map(|(connection, request)| connection.send(request)).count();
            for connection in &mut connections[..sent] {
                assert_eq!(connection.answer().status, expected);
                answers += 1;
            }
        }
    });
    Run { answers, elapsed: started.elapsed() }
}

/// Divides the connections among the threads and adds up what these return.
fn share(mut connections: Vec<Connection>, work: impl Fn(Vec<Connection>) -> u64 + Sync) -> u64 {
    let each = connections.len().div_ceil(THREADS_MAX);
    thread::scope(|scope| {
        let mut threads = Vec::new();
        while !connections.is_empty() {
            let mine = connections.split_off(connections.len().saturating_sub(each));
            threads.push(scope.spawn(|| work(mine)));
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

/// Numbers without a pattern, the same in every run (SplitMix64).
struct Picks(u64);

impl Picks {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}
