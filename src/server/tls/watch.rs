//! The thread that reads the certificate again when its files have changed, or when it is told to.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use log::{error, info, warn};

use crate::limits::{CERTIFICATE_LOOK_EVERY, CERTIFICATE_REMIND_EVERY, CERTIFICATE_SETTLE};
use crate::server::tls::{Stamps, Tls};

/// The running thread; ends when dropped.
pub(crate) struct Watch {
    asks: Sender<Ask>,
    thread: Option<JoinHandle<()>>,
}

/// Tells the thread to read now. May outlive it, and does nothing then.
#[derive(Clone)]
pub(crate) struct Reloader(Sender<Ask>);

enum Ask {
    Reload,
    Stop,
}

impl Watch {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system has no thread to give.
    pub(crate) fn start(tls: Arc<Tls>) -> std::io::Result<Watch> {
        let (asks, asked) = channel();
        let work = move || Watcher::new(tls).run(&asked);
        let thread = thread::Builder::new().name("certificate".to_owned()).spawn(work)?;
        Ok(Watch { asks, thread: Some(thread) })
    }

    /// A handle for whoever hears the operator.
    pub(crate) fn reloader(&self) -> Reloader {
        Reloader(self.asks.clone())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A thread that has ended no longer listens, and a panic in it was reported where it happened.
        let _ = self.asks.send(Ask::Stop);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Reloader {
    /// Has the files read at once, changed or not. Does not wait for it; what comes of it stands in the log.
    pub(crate) fn reload_now(&self) {
        let _ = self.0.send(Ask::Reload);
    }
}

/// What the thread knows.
pub(super) struct Watcher {
    tls: Arc<Tls>,
    /// The files as last seen, while they differ from those in use.
    unsettled: Option<Stamps>,
    /// The files could not be used when last read.
    failed: bool,
    /// When the operator last heard of the certificate.
    reminded: Instant,
}

impl Watcher {
    pub(super) fn new(tls: Arc<Tls>) -> Watcher {
        Watcher { tls, unsettled: None, failed: false, reminded: Instant::now() }
    }

    fn run(mut self, asked: &Receiver<Ask>) {
        loop {
            match asked.recv_timeout(self.pause()) {
                Ok(Ask::Reload) => self.reload(),
                Err(RecvTimeoutError::Timeout) => self.look(),
                Ok(Ask::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn pause(&self) -> Duration {
        if self.unsettled.is_some() { CERTIFICATE_SETTLE } else { CERTIFICATE_LOOK_EVERY }
    }

    /// Reads files that have changed once two looks have found them the same: then whoever writes them is done, and
    /// half a pair or half a chain is not taken for the whole.
    pub(super) fn look(&mut self) {
        let changed = self.tls.changed();
        if changed.is_some() && changed == self.unsettled {
            self.reload();
        } else {
            self.unsettled = changed;
        }
        if self.reminded.elapsed() >= CERTIFICATE_REMIND_EVERY {
            self.remind();
        }
    }

    /// Says again what is wrong. Files that could not be read are tried once more: it may not have been their fault.
    pub(super) fn remind(&mut self) {
        if self.failed {
            self.reload();
        } else {
            self.reminded = Instant::now();
            write(&self.tls.warnings());
        }
    }

    fn reload(&mut self) {
        self.unsettled = None;
        self.reminded = Instant::now();
        let loaded = self.tls.reload();
        self.failed = loaded.is_err();
        match loaded {
            Ok(warnings) => {
                info!(target: "door", until = self.tls.valid_until().rfc3339(); "certificate loaded");
                write(&warnings);
            }
            Err(why) => error!(target: "door", "the certificate stays as it was: {why}"),
        }
    }
}

fn write(warnings: &[String]) {
    for warning in warnings {
        warn!(target: "door", "{warning}");
    }
}
