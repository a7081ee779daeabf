//! Signals: the operator's way to say stop.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use log::info;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator;

use crate::server::tls::watch::Reloader;

/// The signals, once they are caught.
pub(crate) struct Signals(Arc<Mutex<Option<Serving>>>);

/// Who hears of them.
struct Serving {
    stop: Sender<String>,
    certificate: Option<Reloader>,
    /// It was asked to stop before.
    was_asked: bool,
}

impl Signals {
    /// Catches SIGTERM, SIGINT and SIGHUP on a thread of its own. Until somebody serves, the first two end the process at
    /// once, and well: nothing was promised to anybody, and the data file stands it.
    ///
    /// # Errors
    /// A sentence for the operator, when they cannot be caught.
    pub(crate) fn catch() -> Result<Signals, String> {
        let mut signals = iterator::Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(|error| error.to_string())?;
        let serving = Arc::new(Mutex::new(None::<Serving>));
        let heard = Arc::clone(&serving);
        let thread = thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in &mut signals {
                let mut serving = heard.lock().unwrap_or_else(PoisonError::into_inner);
                match (signal, serving.as_mut()) {
                    (SIGHUP, Some(Serving { certificate: Some(certificate), .. })) => certificate.reload_now(),
                    (SIGHUP, _) => info!(target: "core", "SIGHUP: there is no certificate to read again"),
                    (_, None) => {
                        info!(target: "core", "stopped before serving");
                        std::process::exit(0);
                    }
                    (_, Some(Serving { was_asked: true, .. })) => std::process::exit(1),
                    (_, Some(serving)) => {
                        serving.was_asked = true;
                        // The other end is gone only when the program is already ending.
                        let _ = serving.stop.send(String::new());
                    }
                }
            }
        });
        thread.map(|_| Signals(serving)).map_err(|error| error.to_string())
    }

    /// From now on the first SIGTERM or SIGINT sends a word to `stop`, and the second ends the process at once (the data
    /// file stands that). SIGHUP has the certificate read again, where there is one.
    pub(super) fn serve(&self, stop: Sender<String>, certificate: Option<Reloader>) {
        let serving = Serving { stop, certificate, was_asked: false };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
    }
}
