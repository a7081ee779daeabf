//! Connections that ask and wait, at full speed and with as little work as possible on this side.
//!
//! Each thread writes one request on all its connections, then reads all answers, and so on. So there are always as
//! many requests on their way as there are connections, without a thread for each of them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// More threads would take processors away from the program that is measured.
const THREADS_MAX: usize = 2;

/// A connection that stays open.
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
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
    pub fn open(address: SocketAddr) -> Connection {
        Connection { address, stream: connect(address), buffer: vec![0; 256 << 10], has_ended: false }
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, request: &[u8]) -> u16 {
        self.send(request);
        self.answer()
    }

    /// Sends a request, on a new connection when the server has ended this one, as it does once in a while.
    fn send(&mut self, request: &[u8]) {
        if std::mem::take(&mut self.has_ended) {
            self.stream = connect(self.address);
        }
        self.stream.write_all(request).unwrap();
    }

    /// Reads one answer to its end and returns its status.
    fn answer(&mut self) -> u16 {
        let (mut filled, mut length) = (0, None);
        while length.is_none_or(|length| filled < length) {
            let read = self.stream.read(&mut self.buffer[filled..]).unwrap();
            assert!(read > 0, "the server has closed the connection");
            filled += read;
            length = length.or_else(|| answer_length(&self.buffer[..filled]));
        }
        let head = &self.buffer[..filled.min(512)];
        self.has_ended = head.windows(CLOSE.len()).any(|window| window == CLOSE);
        std::str::from_utf8(&self.buffer[9..12]).unwrap().parse().unwrap()
    }
}

const CLOSE: &[u8] = b"\r\nConnection: close\r\n";

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// The length of head and body together, once the head is there.
fn answer_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let name = b"\r\nContent-Length: ";
    let at = bytes[..head].windows(name.len()).position(|window| window == name).expect("an answer says its length");
    let digits = bytes[at + name.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let body = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Some(head + 4 + body)
}

/// Opens connections one after the other, each used once: the HTTP library loses connections that come all at once.
pub fn open(address: SocketAddr, count: usize, warm_up: &[u8]) -> Vec<Connection> {
    let open = |_| {
        let mut connection = Connection::open(address);
        connection.ask(warm_up);
        connection
    };
    (0..count).map(open).collect()
}

/// Sends the same requests again and again for a while, at least once on every connection.
pub fn repeat(connections: Vec<Connection>, requests: &[Vec<u8>], expected: u16, lasts: Duration) -> Run {
    let started = Instant::now();
    let answers = share(connections, |mut connections| {
        let mut answers = 0;
        while answers == 0 || started.elapsed() < lasts {
            for (connection, request) in connections.iter_mut().zip(requests.iter().cycle()) {
                connection.send(request);
            }
            for connection in &mut connections {
                assert_eq!(connection.answer(), expected);
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
                assert_eq!(connection.answer(), expected);
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
