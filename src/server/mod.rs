//! From bytes on a socket to requests and back.
//!
//! [`bind`] opens the socket, [`run`] serves until a signal. Bytes of strangers end at the [`door`]; behind it the
//! [`pool`] works through whole requests. What a request means is the business of `web`.

mod answers;
pub(crate) mod desk;
mod door;
mod exchange;
mod identity;
mod pool;
mod stop;
mod streams;
mod tls;
mod wire;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Instant;

use log::{info, warn};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};

use crate::app::App;
use crate::config::Config;
use crate::limits::{CLIENTS_MAX, CLIENTS_MIN, DESCRIPTORS_KEPT, LISTEN_BACKLOG, STOP_GRACE, TCP_USER_TIMEOUT};
use desk::Desk;
use door::{Door, Entrance, Setting, Speech};
use pool::Pool;
pub(crate) use stop::Signals;
use tls::watch::Watch;
pub(crate) use tls::{Tls, certificates};

/// Opens the listening socket. Accepted connections inherit its options on Linux.
///
/// # Errors
/// Those of the operating system: the address is in use, or not ours.
pub(crate) fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart gets the port although old connections still linger in it.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    // Without it every answer of more than one segment waits for the client's delayed acknowledgement, 40 ms.
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT))?;
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG.into())?;
    Ok(socket.into())
}

/// How serving ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By a signal, everything answered.
    Stopped,
    /// By itself; the reason.
    Failed(String),
}

/// The sockets of the server, bound.
pub(crate) struct Sockets {
    /// The main one; it speaks TLS where there is a certificate.
    pub(crate) main: TcpListener,
    pub(crate) tls: Option<Arc<Tls>>,
    /// Plain HTTP beside TLS.
    pub(crate) plain: Option<TcpListener>,
}

impl Sockets {
    fn entrances(self) -> Vec<Entrance> {
        let speech = self.tls.map_or(Speech::Plain, Speech::Tls);
        let main = Entrance { listener: self.main, speech };
        let plain = self.plain.map(|listener| Entrance { listener, speech: Speech::PlainBesideTls });
        [Some(main), plain].into_iter().flatten().collect()
    }
}

/// Serves until a signal, then lets running requests finish. `ready` is called once requests are answered.
///
/// # Errors
/// A sentence for the operator, when threads or signals are not to be had.
pub(crate) fn run(
    app: &Arc<App>,
    sockets: Sockets,
    config: &Config,
    signals: &Signals,
    ready: impl FnOnce(),
) -> Result<Ended, String> {
    let (sender, receiver) = channel();
    let watch = sockets.tls.clone().map(Watch::start).transpose().map_err(|error| error.to_string())?;
    signals.serve(sender.clone(), watch.as_ref().map(Watch::reloader));
    let pool = Arc::new(Pool::start(app, &config.data_dir, config.threads)?);
    let setting = Setting {
        app: Arc::clone(app),
        pool: Arc::clone(&pool),
        entrances: sockets.entrances(),
        trusted: config.trusted_proxies.clone(),
        clients_max: clients_max(descriptors()),
    };
    let door = Door::start(setting, sender)?;
    let desk = Desk::open(app, &config.data_dir);
    if let Err(error) = &desk {
        warn!(target: "core", "commands cannot ask this server for a backup: {error}");
    }
    ready();
    let reason = receiver.recv().unwrap_or_default();
    app.note_stopping();
    info!(target: "core", "stopping");
    let end = Instant::now() + STOP_GRACE;
    door.stop(end);
    pool.stop(end);
    drop((watch, desk));
    Ok(if reason.is_empty() { Ended::Stopped } else { Ended::Failed(reason) })
}

/// Raises the open-file limit as far as we may, and says where it stands.
fn descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            warn!(target: "door", "the open-file limit cannot be raised: {error}");
            limit.current
        }
    };
    current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Connections that may be held at once: what the open-file limit leaves for them.
fn clients_max(descriptors: usize) -> usize {
    descriptors.saturating_sub(DESCRIPTORS_KEPT).clamp(CLIENTS_MIN, CLIENTS_MAX)
}
