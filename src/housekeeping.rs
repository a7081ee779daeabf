//! The thread for what has expired: old sessions, used-up links, old clicks and those of deleted links; for daily
//! backups; and for what should be said once in a while.

mod backups;
mod clock;
mod parts;

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use log::{debug, info, warn};

use crate::app::{App, Call};
use crate::clock::Trust;
use crate::limits::{HOUSEKEEPING_EVERY, RETIRE_EVERY, STOP_GRACE, STOP_POLL, SWEEP_EVERY};
use crate::store::{self, Store};
use crate::traffic::Totals;
use backups::Backups;
use clock::ClockWatch;
use parts::Parts;

/// The running thread; ends when dropped.
pub(crate) struct Housekeeping {
    calls: Sender<Call>,
    thread: JoinHandle<()>,
}

impl Housekeeping {
    /// Starts the thread, which waits for [`Housekeeping::begin`]. `is_repaired` says that opening had to repair the data
    /// file.
    ///
    /// # Errors
    /// When the operating system has no thread to give.
    pub(crate) fn start(app: Arc<App>, is_repaired: bool) -> std::io::Result<Housekeeping> {
        let (calls, called) = channel();
        app.note_housekeeping(calls.clone());
        let thread = thread::Builder::new().name("housekeeping".to_owned()).spawn(move || {
            let mut clock = ClockWatch::new();
            let mut last = Last::default();
            let mut told = Totals::default();
            let mut backups = Backups::new(is_repaired);
            let mut parts = Parts::default();
            let mut call = called.recv().map_err(|_| RecvTimeoutError::Disconnected);
            loop {
                match call {
                    Err(RecvTimeoutError::Timeout) | Ok(Call::TidyUp) => {}
                    Ok(Call::BackUp) => backups::make_another(&app),
                    Ok(Call::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                }
                parts.run("looking at the clock", || clock.round(&app));
                round(&app, &mut last, &mut parts);
                tell_of_refusals(&app, &mut told);
                backups.round(&app);
                call = called.recv_timeout(HOUSEKEEPING_EVERY);
            }
        })?;
        Ok(Housekeeping { calls, thread })
    }

    /// Has the first round begin. It writes, so the start should be over by then: what ends it before has changed nothing.
    pub(crate) fn begin(&self) {
        // A thread that has ended hears nothing.
        let _ = self.calls.send(Call::TidyUp);
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        // A thread that has ended hears nothing.
        let _ = self.calls.send(Call::Stop);
        // A copy is given up soon; examining it takes its time, and what it leaves behind goes at the next start.
        let end = Instant::now() + STOP_GRACE;
        while !self.thread.is_finished() && Instant::now() < end {
            thread::sleep(STOP_POLL);
        }
    }
}

/// Says what the network front has refused since it was last said. One line: whoever knocks a thousand times a second
/// must not fill the disk.
fn tell_of_refusals(app: &App, told: &mut Totals) {
    let totals = app.traffic.totals();
    let refused = totals.refused_since(told);
    if !refused.is_empty() {
        let counts: Vec<String> = refused.iter().map(|(status, count)| format!("{status}:{count}")).collect();
        let connections = totals.connections - told.connections;
        info!(target: "door", connections, by_status = counts.join(" "); "requests refused");
    }
    *told = totals;
}

/// When what is not done in every round last succeeded.
#[derive(Debug, Default)]
struct Last {
    swept: Option<Instant>,
    /// And how many days clicks were kept then.
    retired: Option<(Instant, Option<u16>)>,
}

/// One round. Each transaction is a slice, so that nobody waits behind it; what fails does not keep the rest from
/// being done, and is tried again in the next round. While the clock is not believed nothing goes because of its age.
fn round(app: &App, last: &mut Last, parts: &mut Parts) {
    let shed = app.store.take_shed_clicks();
    if shed > 0 {
        warn!(target: "store", count = shed; "clicks shed");
    }
    parts.run("looking at the disk", || {
        tell_of_trouble(app);
        Ok(())
    });
    // 19 MiB that a small board has better uses for between two logins.
    app.hasher.release_idle();
    app.marker.forget_past(app.now());
    parts.run("deleting links of removed users", || slices(app, Store::delete_estates));
    parts.run("removing clicks of deleted links", || slices(app, Store::purge_clicks));
    if app.trust() != Trust::Good {
        return;
    }
    if last.swept.is_none_or(|at| at.elapsed() >= SWEEP_EVERY) {
        let now = app.now();
        let sessions = parts.run("removing old sessions", || swept("sessions", app.store.sweep_sessions(now)));
        let one_time = parts.run("removing one-time links", || swept("one-time links", app.store.sweep_one_time(now)));
        let devices = parts.run("forgetting old browsers", || swept("known browsers", app.store.sweep_devices(now)));
        if sessions && one_time && devices {
            last.swept = Some(Instant::now());
        }
    }
    let keep_days = app.settings().keep_days;
    let is_due = last.retired.is_none_or(|(at, days)| days != keep_days || at.elapsed() >= RETIRE_EVERY);
    if is_due && parts.run("removing old clicks", || retire(app, keep_days)) {
        last.retired = Some((Instant::now(), keep_days));
    }
}

/// That nothing can be written is said as long as it lasts.
fn tell_of_trouble(app: &App) {
    let health = app.store.health();
    if !health.writes {
        let (waiting, shed, space) = (health.waiting_clicks, health.shed_clicks, health.space);
        let why = health.trouble.map_or_else(|| space.to_string(), |(_, why)| why);
        warn!(target: "store", waiting, shed; "nothing can be written: {why}");
    }
}

/// Does one slice after another until none is left.
fn slices(app: &App, slice: fn(&Store) -> Result<bool, store::Error>) -> Result<(), store::Error> {
    while !app.is_stopping() && slice(&app.store)? {}
    Ok(())
}

/// Removes single clicks that are older than they are kept.
fn retire(app: &App, keep_days: Option<u16>) -> Result<(), store::Error> {
    let Some(days) = keep_days else { return Ok(()) };
    let now = app.now();
    let before = now.plus_s(-i64::from(days) * 86_400);
    let (mut from, mut removed) = (Some(0), 0);
    // Whoever corrects the setting saves what has not gone yet.
    let is_wanted = || !app.is_stopping() && app.settings().keep_days == keep_days;
    while let Some(link) = from.filter(|_| is_wanted()) {
        let slice = app.store.retire_clicks(now, before, link)?;
        removed += slice.removed;
        from = slice.next;
    }
    if removed > 0 {
        info!(target: "store", count = removed, before = before.rfc3339(); "old clicks removed");
    }
    Ok(())
}

fn swept(what: &str, outcome: Result<usize, store::Error>) -> Result<(), store::Error> {
    let count = outcome?;
    debug!(target: "store", count; "{what} swept");
    Ok(())
}

#[cfg(test)]
mod tests;
