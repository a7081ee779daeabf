//! The thread pool: tiny_http takes connections apart, our workers answer requests.

use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use log::{debug, error, warn};
use socket2::Socket;
use tiny_http::Server;

use crate::app::App;
use crate::limits::STOP_QUIET;
use crate::server::exchange;

/// A running pool.
pub(super) struct Pool {
    server: Arc<Server>,
    /// The listening socket once more, to close it while tiny_http waits on it.
    listener: Socket,
    workers: usize,
    /// A message from each worker that has ended.
    ended: Receiver<()>,
}

impl Pool {
    /// Starts `workers` threads on the listener. `failed` is told when the listener is lost.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) fn start(
        app: &Arc<App>,
        listener: TcpListener,
        workers: usize,
        failed: &Sender<String>,
    ) -> Result<Pool, String> {
        let again = listener.try_clone().map_err(|error| error.to_string())?;
        let server = Server::from_listener(listener, None).map_err(|error| error.to_string())?;
        let server = Arc::new(server);
        let (sender, ended) = channel();
        for number in 0..workers {
            let (app, server, sender, failed) = (Arc::clone(app), Arc::clone(&server), sender.clone(), failed.clone());
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || {
                    work(&app, &server, &failed);
                    // Nobody listens any more when the stop took too long.
                    let _ = sender.send(());
                })
                .map_err(|error| error.to_string())?;
        }
        Ok(Pool { server, listener: Socket::from(again), workers, ended })
    }

    /// Takes no more connections, and lets requests that have come finish, for at most `grace`.
    pub(super) fn stop(self, grace: Duration) {
        // On Linux this ends the listening at once; a blocked accept comes back with an error.
        if let Err(error) = self.listener.shutdown(Shutdown::Both) {
            debug!(target: "core", "the listening socket stays open until the end: {error}");
        }
        let end = Instant::now() + grace;
        let mut busy = self.workers;
        while busy > 0 && Instant::now() < end {
            // One call frees one worker, and a busy one may have taken another's.
            (0..busy).for_each(|_| self.server.unblock());
            while self.ended.recv_timeout(STOP_QUIET).is_ok() {
                busy -= 1;
            }
        }
        if busy > 0 {
            warn!(target: "core", busy; "requests were cut off");
        }
    }
}

/// The life of a worker: requests until it is told to stop, and then those that were on their way.
fn work(app: &App, server: &Server, failed: &Sender<String>) {
    loop {
        match server.recv() {
            Ok(request) => exchange::serve(app, request),
            Err(_) if app.is_stopping() => break,
            Err(error) => {
                // tiny_http's accept loop ends with its first error; nobody would be answered any more.
                error!(target: "core", "the listening socket is lost: {error}");
                let _ = failed.send(format!("the listening socket is lost: {error}"));
                return;
            }
        }
    }
    let mut quiet_since = Instant::now();
    while quiet_since.elapsed() < STOP_QUIET {
        // Nothing, and an error, may be another worker's word to stop, or the accept loop's last.
        if let Ok(Some(request)) = server.recv_timeout(STOP_QUIET) {
            exchange::serve(app, request);
            quiet_since = Instant::now();
        }
    }
}
