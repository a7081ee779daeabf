//! The thread pool behind the door: tiny_http takes requests off the lane, our workers answer them.
//!
//! All requests come over one lane: it carries them one behind the other, each worker takes the next, and answers do not
//! go back on it, so none waits behind a slow one. tiny_http stops taking connections for ever after the first that it
//! cannot take; an open lane goes on then, and the next one is opened on a new server.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use log::error;
use tiny_http::Server;

use crate::app::App;
use crate::limits::{LANE_GREETING_BYTES_MAX, LANE_OPEN_TIMEOUT, STOP_POLL};
use crate::proxy::Transport;
use crate::random;
use crate::server::answers::Answers;
use crate::server::exchange;
use crate::server::identity::{GREETING, HEADER, Identity};
use crate::server::wire;

/// The folder of the pool's sockets inside the data folder; for nobody but us, like all that is in there.
const FOLDER: &str = ".door";

/// A running pool.
pub(super) struct Pool {
    app: Arc<App>,
    folder: PathBuf,
    /// What a request must show to be answered.
    secret: Arc<str>,
    /// What workers have answered.
    answers: Arc<Answers>,
    /// The server that takes new lanes.
    newest: Mutex<Arc<Running>>,
    /// Workers for a lane.
    workers: usize,
    /// Workers of all servers that have not gone.
    living: Arc<AtomicUsize>,
}

/// A server and what its workers must know of it.
struct Running {
    server: Server,
    socket: PathBuf,
    /// How many servers there were before it.
    generation: u32,
    /// It takes no more connections.
    is_deaf: AtomicBool,
    /// Workers that are to go.
    leaving: AtomicUsize,
}

/// The workers' places, held by the lane they work for.
pub(super) struct Seat {
    running: Arc<Running>,
    workers: usize,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.running.leaving.fetch_add(self.workers, Ordering::AcqRel);
        (0..self.workers).for_each(|_| self.running.server.unblock());
    }
}

impl Pool {
    /// Makes the folder of the pool's sockets, below `folder` where the file system allows it. `workers` are at work once
    /// there is a lane.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) fn start(app: &Arc<App>, folder: &Path, workers: usize) -> Result<Pool, String> {
        let secret = random::hex(&random::bytes::<16>().map_err(|error| error.to_string())?);
        let elsewhere = std::env::temp_dir().join(format!("linkjar-{}", std::process::id()));
        let (folder, running) = [folder.join(FOLDER), elsewhere]
            .into_iter()
            .map(|folder| {
                make_folder(&folder).and_then(|()| Running::start(&folder, 0)).map(|running| (folder, running))
            })
            .reduce(|first, second| first.or(second))
            .unwrap_or_else(|| Err("no folder".into()))
            .map_err(|error| format!("the pool has no socket: {error}"))?;
        Ok(Pool {
            app: Arc::clone(app),
            folder,
            secret: secret.into(),
            answers: Arc::default(),
            newest: Mutex::new(Arc::new(running)),
            workers,
            living: Arc::default(),
        })
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }

    pub(super) fn workers(&self) -> usize {
        self.workers
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.app.is_stopping()
    }

    /// Opens a lane with workers of its own, proven by a round trip.
    ///
    /// # Errors
    /// Those of the operating system; no answer within [`LANE_OPEN_TIMEOUT`]. The next try is made on a new server.
    pub(super) fn open_lane(&self) -> Result<(UnixStream, Seat), Box<dyn std::error::Error + Send + Sync>> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.is_deaf.load(Ordering::Acquire) {
            *newest = Arc::new(Running::start(&self.folder, newest.generation + 1)?);
        }
        let mut seat = Seat { running: Arc::clone(&newest), workers: 0 };
        for _ in 0..self.workers {
            self.employ(&newest)?;
            seat.workers += 1;
        }
        match connect(&newest.socket, &greeting(&self.secret)) {
            Ok(stream) => Ok((stream, seat)),
            Err(error) => {
                newest.is_deaf.store(true, Ordering::Release);
                Err(error.into())
            }
        }
    }

    /// Starts one more worker.
    fn employ(&self, running: &Arc<Running>) -> std::io::Result<()> {
        let (app, secret, answers) = (Arc::clone(&self.app), Arc::clone(&self.secret), Arc::clone(&self.answers));
        let (running, living) = (Arc::clone(running), Arc::clone(&self.living));
        living.fetch_add(1, Ordering::AcqRel);
        let count = Arc::clone(&living);
        let thread = thread::Builder::new().name("worker".to_owned()).spawn(move || {
            work(&app, &running, &secret, &answers);
            living.fetch_sub(1, Ordering::AcqRel);
        });
        if thread.is_err() {
            count.fetch_sub(1, Ordering::AcqRel);
        }
        thread.map(drop)
    }

    /// Waits until the workers have gone, or it is `end`, and removes the sockets. Workers go when the lane is closed.
    pub(super) fn stop(&self, end: Instant) {
        while self.living.load(Ordering::Acquire) > 0 && Instant::now() < end {
            thread::sleep(STOP_POLL);
        }
        // A folder that stays is made anew at the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Running {
    /// Starts a server on a socket of its own.
    fn start(folder: &Path, generation: u32) -> Result<Running, Box<dyn std::error::Error + Send + Sync>> {
        let socket = folder.join(format!("pool-{generation}"));
        let server = Server::http_unix(&socket)?;
        fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        Ok(Running { server, socket, generation, is_deaf: AtomicBool::new(false), leaving: AtomicUsize::new(0) })
    }

    /// Whether a worker that was woken without a request is one of those that are to go.
    fn lets_go(&self) -> bool {
        let one_less = |leaving: usize| leaving.checked_sub(1);
        self.leaving.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less).is_ok()
    }
}

/// Makes the folder of the sockets. One that a killed process left behind goes first; the data file's lock has made
/// sure that there is no other process.
fn make_folder(place: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    match fs::remove_dir_all(place) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    DirBuilder::new().mode(0o700).create(place)?;
    // The umask may have taken more away than it should.
    fs::set_permissions(place, Permissions::from_mode(0o700))?;
    Ok(())
}

/// The life of a worker: requests until its place is given up.
fn work(app: &App, running: &Running, secret: &str, answers: &Answers) {
    loop {
        match running.server.recv() {
            Ok(request) => {
                // What is answered in there is guarded by itself; this is for the library around it.
                let served = catch_unwind(AssertUnwindSafe(|| exchange::serve(app, secret, answers, request)));
                if served.is_err() {
                    error!(target: "core", "a request was lost to a panic outside of its page");
                }
            }
            Err(_) if running.lets_go() => return,
            Err(error) => {
                running.is_deaf.store(true, Ordering::Release);
                error!(target: "core", "the pool takes no more lanes, the next is opened on a new socket: {error}");
            }
        }
    }
}

/// The first request on a new lane: answered by the pool with a head alone.
fn greeting(secret: &str) -> Vec<u8> {
    let identity = Identity { address: IpAddr::from([127, 0, 0, 1]), transport: Transport::Unknown };
    let identity = identity.write(secret, GREETING);
    format!("HEAD /health HTTP/1.1\r\nHost: localhost\r\n{HEADER}: {identity}\r\n\r\n").into_bytes()
}

/// Opens a connection to the pool and proves it by a round trip.
fn connect(socket: &Path, greeting: &[u8]) -> std::io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(LANE_OPEN_TIMEOUT))?;
    stream.set_write_timeout(Some(LANE_OPEN_TIMEOUT))?;
    stream.write_all(greeting)?;
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while wire::find(&answer, b"\r\n\r\n").is_none() {
        match stream.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            // A read with a time-out is not taken up again by the kernel after a signal (signal(7)).
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if answer.len() > LANE_GREETING_BYTES_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    stream.set_nonblocking(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests;
