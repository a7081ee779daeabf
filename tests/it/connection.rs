//! One connection, byte for byte: what is sent is up to the test, answers are read one at a time.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::browser::Page;

/// A connection that stays open.
pub struct Connection {
    pub stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        Connection { stream, read: Vec::new() }
    }

    /// Sends bytes; a server that has closed already has its reasons.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Says that nothing more will come.
    pub fn finish(&mut self) {
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
            let count = self.stream.read(&mut buffer).unwrap();
            assert!(count > 0, "closed after {:?}", String::from_utf8_lossy(&self.read));
            self.read.extend_from_slice(&buffer[..count]);
        }
    }

    /// Everything until the server closes, which it must.
    pub fn rest(&mut self) -> String {
        match self.stream.read_to_end(&mut self.read) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("still open: {error}"),
            _ => String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned(),
        }
    }
}
