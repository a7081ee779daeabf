//! From bytes on a socket to requests and back.
//!
//! [`bind`] opens the socket, [`run`] serves until a signal. Bytes of strangers end at the [`door`]; behind it the
//! [`pool`] works through whole requests. What a request means is the business of `web`.

mod door;
mod exchange;
mod pool;
mod stop;
#[cfg_attr(not(test), expect(dead_code, reason = "the door does not speak TLS yet"))]
mod tls;
mod wire;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use log::info;
use socket2::{Domain, Protocol, Socket, Type};

use crate::app::App;
use crate::limits::{LISTEN_BACKLOG, STOP_GRACE, STOP_QUIET, TCP_USER_TIMEOUT};
use door::Door;
use pool::Pool;

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
    socket.listen(LISTEN_BACKLOG)?;
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

/// Serves until a signal, then lets running requests finish. `folder` is the data folder; `ready` is called once
/// requests are answered.
///
/// # Errors
/// A sentence for the operator, when threads or signals are not to be had.
pub(crate) fn run(
    app: &Arc<App>,
    listener: TcpListener,
    folder: &Path,
    workers: usize,
    ready: impl FnOnce(),
) -> Result<Ended, String> {
    let (sender, receiver) = channel();
    stop::listen(sender.clone())?;
    let pool = Pool::start(app, folder, workers, &sender)?;
    let door = Door::start(Arc::clone(app), listener, pool.address(), sender)?;
    ready();
    let reason = receiver.recv().unwrap_or_default();
    app.note_stopping();
    info!(target: "core", "stopping");
    door.stop(STOP_GRACE);
    pool.stop(STOP_QUIET);
    Ok(if reason.is_empty() { Ended::Stopped } else { Ended::Failed(reason) })
}
