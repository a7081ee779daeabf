//! The sockets of `linkjar serve`: bound before anything is said, so that a port in use ends the start.

use std::net::SocketAddr;
use std::sync::Arc;

use log::{info, warn};

use crate::app::Listening;
use crate::clock::Clock;
use crate::command::Error;
use crate::config::Config;
use crate::server::{self, Sockets, Tls};

/// Reads the certificate, if there is to be one.
///
/// # Errors
/// A file that will not do, in one line.
pub(super) fn tls(config: &Config, clock: &Clock) -> Result<Option<Arc<Tls>>, Error> {
    let Some(files) = &config.tls else { return Ok(None) };
    let (tls, warnings) = Tls::load(&files.cert, &files.key, clock.clone()).map_err(Error::usage)?;
    info!(target: "door", until = tls.valid_until().rfc3339(); "certificate loaded");
    for warning in warnings {
        warn!(target: "door", "{warning}");
    }
    Ok(Some(Arc::new(tls)))
}

/// Binds the main socket, and the plain one beside TLS.
///
/// # Errors
/// An address that cannot be had.
pub(super) fn open(config: &Config, tls: Option<Arc<Tls>>) -> Result<(Sockets, Listening), Error> {
    let bind = |address: SocketAddr, flag: &str| {
        let bound = server::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
        bound.map_err(|error| cannot_listen(address, flag, &error))
    };
    let (main_address, main) = bind(config.listen, "--port")?;
    let plain =
        config.http_port.map(|port| bind(SocketAddr::new(config.listen.ip(), port), "--http-port")).transpose()?;
    let (plain_address, plain) = plain.unzip();
    Ok((Sockets { main, tls, plain }, Listening { main: main_address, plain: plain_address }))
}

fn cannot_listen(address: SocketAddr, flag: &str, error: &std::io::Error) -> Error {
    let why = match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("another program does. Stop it, or choose another port with {flag}."),
        std::io::ErrorKind::PermissionDenied => {
            format!("this port needs CAP_NET_BIND_SERVICE. Grant it, or choose one above 1023 with {flag}.")
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address. Choose another with --host.".to_owned()
        }
        _ => format!("{error}. Choose another address with --host or {flag}."),
    };
    Error::usage(format!("cannot listen on {address}: {why}"))
}
