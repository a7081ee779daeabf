//! One connection, byte for byte: what is sent is up to the test, answers are read one at a time.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustls::ClientConnection;

use crate::browser::{FIREFOX, Page, Way};

/// A connection that stays open.
pub struct Connection {
    pub stream: TcpStream,
    pub tls: Option<ClientConnection>,
    read: Vec<u8>,
}

impl Way {
    /// A connection, after the handshake if there is one.
    pub fn open(&self, address: SocketAddr) -> Connection {
        self.try_open(address).unwrap()
    }

    /// The same where the program may refuse.
    pub fn try_open(&self, address: SocketAddr) -> std::io::Result<Connection> {
        let (stream, tls) = self.connect(address)?;
        Ok(Connection { stream, tls, read: Vec::new() })
    }
}

impl Connection {
    pub fn open(address: SocketAddr) -> Connection {
        Way::default().open(address)
    }

    /// Sends bytes; a server that has closed already has its reasons.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.stream).write_all(bytes),
            None => self.stream.write_all(bytes),
        };
    }

    /// Says that nothing more will come.
    pub fn finish(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.stream);
        }
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// The next answer. `has_body` is false after HEAD.
    pub fn answer(&mut self, has_body: bool) -> Page {
        loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = Page::parse(&self.read[..end + 4]);
                let length = match head.header("content-length") {
                    Some(length) if has_body => length.parse().unwrap(),
                    _ => 0,
                };
                if self.read.len() >= end + 4 + length {
                    let rest = self.read.split_off(end + 4 + length);
                    return Page::parse(&std::mem::replace(&mut self.read, rest));
                }
            }
            let mut buffer = [0; 4096];
            let count = match &mut self.tls {
                Some(tls) => rustls::Stream::new(tls, &mut self.stream).read(&mut buffer),
                None => self.stream.read(&mut buffer),
            };
            let count = match count {
                // A read with a time-out is not taken up again by the kernel after a signal (signal(7)).
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                count => count.unwrap(),
            };
            assert!(count > 0, "closed after {:?}", String::from_utf8_lossy(&self.read));
            self.read.extend_from_slice(&buffer[..count]);
        }
    }

    /// Everything until the server closes, which it must; under TLS it must say so.
    pub fn rest(&mut self) -> String {
        let ended = match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.stream).read_to_end(&mut self.read),
            None => self.stream.read_to_end(&mut self.read),
        };
        match ended {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("still open: {error}"),
            _ => String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned(),
        }
    }
}

/// A request without a body.
pub fn get(address: SocketAddr, target: &str, lines: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {FIREFOX}\r\n{lines}\r\n")
}

/// Asks for the health page on a connection that stays open.
#[track_caller]
pub fn check_alive(connection: &mut Connection, address: SocketAddr) {
    connection.send(get(address, "/health", "").as_bytes());
    assert!(connection.answer(true).body.contains("healthy"));
}

/// Somebody comes along, and must be served.
#[track_caller]
pub fn check_served(address: SocketAddr) {
    let mut visitor = Connection::open(address);
    visitor.send(get(address, "/health", "Connection: close\r\n").as_bytes());
    assert!(visitor.answer(true).body.contains("healthy"));
}

/// Whether the server has closed a connection, after what it still had to say.
pub fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut buffer = [0; 4_096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
}

/// Looks again until it is so.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}
