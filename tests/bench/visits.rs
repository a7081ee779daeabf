//! Visitors who come on a new connection, ask once and leave.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rustls::HandshakeKind;
use rustls::client::Resumption;

use crate::answer::{self, Answer};
use crate::endpoint::{Endpoint, PATIENCE};
use crate::load::{BUFFER_BYTES, Run};
use crate::say;
use crate::server::Server;

/// How the visits of a while went.
pub struct Visits {
    /// Those that were answered as expected.
    pub run: Run,
    /// The others.
    pub failed: u64,
    /// Those that took up an earlier TLS session.
    pub resumed: u64,
}

impl Visits {
    /// Tells of visits that came to nothing, which must not happen where every click is counted.
    pub fn judge(&self, server: &Server) {
        if self.failed > 0 {
            say(&format!("  {}: {} visits of {} failed", server.name, self.failed, self.failed + self.run.answers));
        }
        assert!(self.failed == 0 || !server.counts_clicks());
    }
}

/// Has so many visitors at any time, one after the other on each of as many threads; at least one each. `memory` is
/// how each of these remembers TLS sessions.
pub fn run(endpoint: &Endpoint, memory: fn() -> Resumption, request: &[u8], at_once: usize, lasts: Duration) -> Visits {
    let started = Instant::now();
    let (answered, failed, resumed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let visit_again = || {
        let endpoint = endpoint.with_memory(memory());
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match visit(&endpoint, request, &mut buffer, PATIENCE) {
                Ok((answer, handshake)) if answer.status == 302 => {
                    answered.fetch_add(1, Relaxed);
                    resumed.fetch_add(u64::from(handshake == Some(HandshakeKind::Resumed)), Relaxed);
                }
                _ => _ = failed.fetch_add(1, Relaxed),
            }
            if started.elapsed() >= lasts {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(visit_again);
        }
    });
    let run = Run { answers: answered.into_inner(), elapsed: started.elapsed() };
    Visits { run, failed: failed.into_inner(), resumed: resumed.into_inner() }
}

/// Connects, asks once and leaves.
///
/// # Errors
/// Those of the connection and of [`answer::read`].
pub fn visit(
    endpoint: &Endpoint,
    request: &[u8],
    buffer: &mut [u8],
    patience: Duration,
) -> io::Result<(Answer, Option<HandshakeKind>)> {
    let mut stream = endpoint.connect(patience)?;
    stream.write_all(request)?;
    Ok((answer::read(&mut stream, buffer)?, stream.handshake()))
}
