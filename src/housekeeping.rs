//! The thread for what has expired: old sessions, used-up links, clicks of deleted links; and for what should be said
//! once in a while.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use log::{debug, warn};

use crate::app::App;
use crate::limits::{HOUSEKEEPING_EVERY, SWEEP_EVERY};
use crate::store;

/// The running thread; ends when dropped.
pub(crate) struct Housekeeping {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeping {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system has no thread to give.
    pub(crate) fn start(app: Arc<App>) -> std::io::Result<Housekeeping> {
        let (stop, stopped) = channel::<()>();
        let thread = thread::Builder::new().name("housekeeping".to_owned()).spawn(move || {
            let mut swept: Option<Instant> = None;
            loop {
                let is_due = swept.is_none_or(|at| at.elapsed() >= SWEEP_EVERY);
                if let Err(error) = round(&app, is_due) {
                    warn!(target: "store", "housekeeping: {error}");
                }
                if is_due {
                    swept = Some(Instant::now());
                }
                if stopped.recv_timeout(HOUSEKEEPING_EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Housekeeping { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it was reported where it happened.
            drop(thread.join());
        }
    }
}

/// One round. Each transaction is a slice, so that nobody waits behind it.
fn round(app: &App, sweep: bool) -> Result<(), store::Error> {
    let shed = app.store.take_shed_clicks();
    if shed > 0 {
        warn!(target: "store", count = shed; "clicks shed");
    }
    // 19 MiB that a small board has better uses for between two logins.
    app.hasher.release_idle();
    while !app.is_stopping() && app.store.purge_clicks()? {}
    if sweep {
        let now = app.now();
        let sessions = app.store.sweep_sessions(now)?;
        let one_time = app.store.sweep_one_time(now)?;
        debug!(target: "store", sessions, one_time; "swept");
    }
    Ok(())
}
