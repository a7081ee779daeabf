//! A crowd of connections that are held and say a little now and then, opened again when the server closes them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::endpoint::{dial, is_open};

/// Between two looks at the crowd.
pub const TICK: Duration = Duration::from_millis(20);
/// A connection that the server does not take by then is given up for now.
const PATIENCE: Duration = Duration::from_secs(1);
/// Small, so that a connection that is not read is full at once.
const RECEIVE_BYTES: usize = 4_096;

/// What the crowd does.
pub struct Siege {
    pub connections: usize,
    /// What a connection says first; they take these in turn.
    pub first: Vec<Vec<u8>>,
    /// What it says after that, again and again.
    pub more: Vec<u8>,
    /// Time between two of these on one connection.
    pub every: Duration,
    /// Whether it reads what comes back.
    pub reads: bool,
}

/// One connection.
struct Besieger {
    stream: TcpStream,
    /// Bytes of what it says again and again that are said.
    said: usize,
}

impl Siege {
    /// Goes on until it is over, and tells how many were held. `ready` is dropped once all are there.
    pub fn run(&self, address: SocketAddr, sources: &[Ipv4Addr], ready: Sender<()>, over: &AtomicBool) -> String {
        let open = |number: usize| self.open(address, sources[number % sources.len()], number);
        let mut crowd: Vec<Option<Besieger>> = (0..self.connections).map(open).collect();
        drop(ready);
        // In each tick it is the turn of some, so that the crowd does not move as one.
        let ticks = usize::try_from(self.every.as_millis().div_ceil(TICK.as_millis())).unwrap().max(1);
        let (mut turn, mut again) = (0, 0);
        while !over.load(Relaxed) {
            for number in (turn..crowd.len()).step_by(ticks) {
                let place = &mut crowd[number];
                if !place.as_mut().is_some_and(|besieger| self.go_on(besieger)) {
                    *place = open(number);
                    again += 1;
                }
            }
            turn = (turn + 1) % ticks;
            thread::sleep(TICK);
        }
        // What has come is not read here: to clients that never read, very much would come after it.
        let held = crowd.iter().flatten().filter(|besieger| is_open(&besieger.stream)).count();
        format!("{held} of {} held, {again} came again", self.connections)
    }

    fn open(&self, address: SocketAddr, source: Ipv4Addr, number: usize) -> Option<Besieger> {
        let mut stream = dial(address, source, PATIENCE).ok()?;
        SockRef::from(&stream).set_recv_buffer_size(RECEIVE_BYTES).ok()?;
        stream.write_all(&self.first[number % self.first.len()]).ok()?;
        stream.set_nonblocking(true).ok()?;
        Some(Besieger { stream, said: 0 })
    }

    /// False when the server has closed the connection.
    fn go_on(&self, besieger: &mut Besieger) -> bool {
        match besieger.stream.write(&self.more[besieger.said..]) {
            Ok(count) => besieger.said = (besieger.said + count) % self.more.len().max(1),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
        !self.reads || besieger.read()
    }
}

impl Besieger {
    /// Reads what has come. False when that was the last.
    fn read(&mut self) -> bool {
        let mut buffer = [0; RECEIVE_BYTES];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}
