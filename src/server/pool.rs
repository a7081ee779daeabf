//! The thread pool: tiny_http takes connections apart, our workers answer requests.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use log::{error, warn};
use tiny_http::Server;

use crate::app::App;
use crate::server::exchange;

/// A running pool.
pub(super) struct Pool {
    server: Arc<Server>,
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
        Ok(Pool { server, workers, ended })
    }

    /// Lets running requests finish, for at most `grace`. Returns how many workers were still busy then.
    pub(super) fn stop(self, grace: Duration) -> usize {
        for _ in 0..self.workers {
            self.server.unblock();
        }
        let end = Instant::now() + grace;
        let mut busy = self.workers;
        while busy > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if self.ended.recv_timeout(left).is_err() {
                warn!(target: "core", busy; "requests were cut off");
                break;
            }
            busy -= 1;
        }
        busy
    }
}

/// The life of a worker: requests until it is told to stop.
fn work(app: &App, server: &Server, failed: &Sender<String>) {
    loop {
        match server.recv() {
            Ok(request) => exchange::serve(app, request),
            Err(error) if app.is_stopping() => {
                log::trace!(target: "core", "worker ends: {error}");
                return;
            }
            Err(error) => {
                // tiny_http's accept loop ends with its first error; nobody would be answered any more.
                error!(target: "core", "the listening socket is lost: {error}");
                let _ = failed.send(format!("the listening socket is lost: {error}"));
                return;
            }
        }
    }
}
