//! The thread pool behind the door: tiny_http takes requests off the lanes, our workers answer them.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use log::{error, warn};
use tiny_http::Server;

use crate::app::App;
use crate::limits::STOP_QUIET;
use crate::random;
use crate::server::door::PoolAddress;
use crate::server::exchange;

/// The folder of the pool's socket inside the data folder; for nobody but us, like all that is in there.
const FOLDER: &str = ".door";
const SOCKET: &str = "pool";

/// A running pool.
pub(super) struct Pool {
    server: Arc<Server>,
    address: PoolAddress,
    /// A message from each worker that has ended.
    ended: Receiver<()>,
}

impl Pool {
    /// Starts `workers` threads on a private socket below `folder`. `failed` is told when the socket is lost.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) fn start(
        app: &Arc<App>,
        folder: &Path,
        workers: usize,
        failed: &Sender<String>,
    ) -> Result<Pool, String> {
        // Not every file system has sockets; then it stands among the temporary files.
        let (server, socket) = open_socket(&folder.join(FOLDER))
            .or_else(|_| open_socket(&std::env::temp_dir().join(format!("linkjar-{}", std::process::id()))))
            .map_err(|error| format!("the pool has no socket: {error}"))?;
        let server = Arc::new(server);
        let secret = random::hex(&random::bytes::<16>().map_err(|error| error.to_string())?);
        let (sender, ended) = channel();
        for number in 0..workers {
            let (app, server, sender, failed) = (Arc::clone(app), Arc::clone(&server), sender.clone(), failed.clone());
            let secret = secret.clone();
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || {
                    work(&app, &server, &secret, &failed);
                    // Nobody listens any more when the stop took too long.
                    let _ = sender.send(());
                })
                .map_err(|error| error.to_string())?;
        }
        let address = PoolAddress { socket, secret, lanes: workers };
        Ok(Pool { server, address, ended })
    }

    /// How the door reaches this pool: as many lanes as workers, so that no lane waits behind another.
    pub(super) fn address(&self) -> PoolAddress {
        self.address.clone()
    }

    /// Lets running requests finish, for at most `grace`, and removes the socket.
    pub(super) fn stop(self, grace: Duration) {
        let end = Instant::now() + grace;
        let mut busy = self.address.lanes;
        while busy > 0 && Instant::now() < end {
            // One call frees one worker, and a busy one may have taken another's.
            (0..busy).for_each(|_| self.server.unblock());
            while busy > 0 && self.ended.recv_timeout(STOP_QUIET).is_ok() {
                busy -= 1;
            }
        }
        if busy > 0 {
            warn!(target: "core", busy; "requests were cut off");
        }
        if let Some(folder) = self.address.socket.parent() {
            // A folder that stays is made anew at the next start.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Opens the pool's socket in a folder of its own. One that a killed process left behind goes first; the data file's
/// lock has made sure that there is no other process.
fn open_socket(place: &Path) -> Result<(Server, PathBuf), Box<dyn std::error::Error + Send + Sync>> {
    match fs::remove_dir_all(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    DirBuilder::new().mode(0o700).create(place)?;
    // The umask may have taken more away than it should.
    fs::set_permissions(place, Permissions::from_mode(0o700))?;
    let socket = place.join(SOCKET);
    let server = Server::http_unix(&socket).inspect_err(|_| drop(fs::remove_dir_all(place)))?;
    fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
    Ok((server, socket))
}

/// The life of a worker: requests until it is told to stop.
fn work(app: &App, server: &Server, secret: &str, failed: &Sender<String>) {
    loop {
        match server.recv() {
            Ok(request) => exchange::serve(app, secret, request),
            Err(_) if app.is_stopping() => return,
            Err(error) => {
                error!(target: "core", "the pool's socket is lost: {error}");
                let _ = failed.send(format!("the pool's socket is lost: {error}"));
                return;
            }
        }
    }
}
