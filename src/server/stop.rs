//! Signals: the operator's way to say stop.

use std::sync::mpsc::Sender;
use std::thread;

use log::info;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::server::tls::watch::Reloader;

/// Listens for SIGTERM and SIGINT on a thread of its own: the first sends a word to `stop`, the second ends the
/// process at once (the data file stands that). SIGHUP has the certificate read again, where there is one.
///
/// # Errors
/// A sentence for the operator, when the signals cannot be caught.
pub(super) fn listen(stop: Sender<String>, certificate: Option<Reloader>) -> Result<(), String> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(|error| error.to_string())?;
    let thread = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut asked = false;
        for signal in &mut signals {
            match signal {
                SIGHUP => match &certificate {
                    Some(certificate) => certificate.reload_now(),
                    None => info!(target: "core", "SIGHUP: there is no certificate to read again"),
                },
                _ if asked => std::process::exit(1),
                _ => {
                    asked = true;
                    // The other end is gone only when the program is already ending.
                    let _ = stop.send(String::new());
                }
            }
        }
    });
    thread.map(drop).map_err(|error| error.to_string())
}
