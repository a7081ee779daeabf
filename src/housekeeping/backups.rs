//! When the server makes a backup of its own accord.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use log::{error, info, warn};

use crate::app::{App, BackupState};
use crate::clock::Trust;
use crate::limits::{BACKUP_AFTER, BACKUP_EVERY, BACKUP_RETRY};
use crate::store::{self, Backup, BackupError, Daily, Kind, Stage};

/// What is remembered of daily backups while the server runs.
pub(super) struct Backups {
    started: Instant,
    /// When the last try ended, and how long the next one waits from then.
    tried: Option<(Instant, Duration)>,
    /// The start had to repair the data file, and nobody has looked at all of it since.
    is_unexamined: bool,
}

impl Backups {
    pub(super) fn new(is_repaired: bool) -> Backups {
        Backups { started: Instant::now(), tried: None, is_unexamined: is_repaired }
    }

    /// True when a try is due after so long a time. Uptime decides here: a clock that jumps makes no backups.
    fn is_due(&self, now: Instant) -> bool {
        match self.tried {
            Some((at, wait)) => now.saturating_duration_since(at) >= wait,
            None => now.saturating_duration_since(self.started) >= BACKUP_AFTER,
        }
    }

    /// Makes the backup of the day when it is due; a failure is loud, and tried again. Where none is made the data file
    /// is examined all the same, once, after a start that had to repair it.
    pub(super) fn round(&mut self, app: &App) {
        let makes_some = app.backup_keep > 0;
        if !(makes_some || self.is_unexamined) || !self.is_due(Instant::now()) {
            return;
        }
        let (wait, is_examined) = if makes_some { make(app) } else { (BACKUP_RETRY, false) };
        self.is_unexamined = self.is_unexamined && !is_examined && !examine(app);
        self.tried = Some((Instant::now(), wait));
    }
}

/// Returns how long to wait for the next try, and whether the file was examined.
fn make(app: &App) -> (Duration, bool) {
    let mut watch = |_: Stage| if app.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let outcome = guarded(|| match app.trust() {
        Trust::Good => app.store.back_up_daily(app.now(), app.backup_keep, &mut watch),
        // While the clock is not believed, none is too old.
        Trust::Jumped(_) => app.store.back_up_daily(app.now(), usize::MAX, &mut watch),
        Trust::Behind(..) => app.store.back_up_undated(&mut watch).map(Daily::Made),
    });
    // One that was given up says nothing of the file, and is tried again.
    if !matches!(outcome, Err(BackupError::Busy | BackupError::Cancelled)) {
        note(app, outcome.as_ref().err());
    }
    let is_examined = matches!(&outcome, Ok(Daily::Made(_))) || outcome.as_ref().is_err_and(BackupError::is_damage);
    let wait = match outcome {
        Ok(Daily::Made(made)) => {
            tell(app, &made);
            BACKUP_EVERY
        }
        // A restart later on the same day.
        Ok(Daily::Exists) => BACKUP_RETRY,
        Err(BackupError::Busy | BackupError::Cancelled) => BACKUP_AFTER,
        Err(why) => {
            error!(target: "store", "no daily backup was made: {why}");
            // Damage does not go by itself, and each try writes another copy of what could be saved.
            if why.is_damage() { BACKUP_EVERY } else { BACKUP_RETRY }
        }
    };
    (wait, is_examined)
}

/// Looks at all of the data file, as the making of a backup does. False when it has to be tried again.
fn examine(app: &App) -> bool {
    let mut watch = |_: Stage| if app.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let found = guarded(|| match app.store.check(&mut watch)? {
        report if report.damage.count > 0 => Err(BackupError::Damaged(report)),
        report => {
            app.note_check(&report);
            Ok(())
        }
    });
    match &found {
        Ok(()) => info!(target: "store", "data file checked after a shutdown that was not clean: good"),
        Err(why) if why.is_damage() => {
            note(app, Some(why));
            error!(target: "store", "the check after a shutdown that was not clean: {why}");
        }
        Err(BackupError::Busy | BackupError::Cancelled) => {}
        Err(why) => warn!(target: "store", "no check after a shutdown that was not clean: {why}"),
    }
    found.map_or_else(|why| why.is_damage(), |()| true)
}

/// Makes a backup that somebody asked for; it stays until somebody removes it.
pub(super) fn make_another(app: &App) {
    let mut watch = |_: Stage| if app.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let outcome = guarded(|| {
        let target = app.store.new_backup(app.now())?;
        app.store.back_up(&target, &mut watch)
    });
    note(app, outcome.as_ref().err());
    match outcome {
        Ok(made) => tell(app, &made),
        Err(why) => error!(target: "store", "the backup that was asked for was not made: {why}"),
    }
}

/// Whoever waits for a backup hears of it, also when damage makes redb panic.
fn guarded<T>(make: impl FnOnce() -> Result<T, BackupError>) -> Result<T, BackupError> {
    let broke_off = |_| Err(store::Error::new(Kind::Damaged, "it ended in a panic").into());
    catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(broke_off)
}

/// What administrators see of it.
fn note(app: &App, error: Option<&BackupError>) {
    if let Some(found) = error.and_then(BackupError::report) {
        app.note_check(found);
    }
    app.note_backup(error.map_or(BackupState::Fine, |why| BackupState::Failed(why.to_string())));
}

fn tell(app: &App, made: &Backup) {
    app.note_check(&made.report);
    let path = made.path.display().to_string();
    info!(target: "store", path, bytes = made.bytes, sha256 = made.sha256.as_str(); "backup made");
    if made.report.leftovers.count > 0 {
        warn!(target: "store", count = made.report.leftovers.count; "the data file has rows that nobody needs. See: linkjar check");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::housekeeping::tests::{damage_sessions, on, untidy};

    #[test]
    fn a_backup_waits_for_the_start_to_settle_then_for_the_last_one() {
        let mut backups = Backups::new(false);
        let start = backups.started;
        assert!(!backups.is_due(start));
        assert!(backups.is_due(start + BACKUP_AFTER));
        backups.tried = Some((start + BACKUP_AFTER, BACKUP_EVERY));
        assert!(!backups.is_due(start + BACKUP_EVERY));
        assert!(backups.is_due(start + BACKUP_AFTER + BACKUP_EVERY));
    }

    #[test]
    fn after_a_repair_somebody_looks_at_the_whole_file_also_when_no_backup_is_made() {
        for (keep, is_damaged, is_repaired, is_found) in
            [(0, true, true, true), (0, true, false, false), (7, true, true, true), (0, false, true, false)]
        {
            let (folder, app) = untidy();
            // Today's exists already.
            app.store.back_up_daily(app.now(), 7, &mut |_| ControlFlow::Continue(())).unwrap();
            drop(app);
            if is_damaged {
                damage_sessions(folder.path());
            }
            let mut app = on(folder.path());
            app.backup_keep = keep;
            let started = Instant::now().checked_sub(BACKUP_AFTER).unwrap();
            let mut backups = Backups { started, ..Backups::new(is_repaired) };
            backups.round(&app);
            assert!(!backups.is_unexamined);
            let says = matches!(app.backup_state(), BackupState::Failed(_));
            assert_eq!(says, is_found, "{keep} {is_damaged} {is_repaired}");
        }
    }

    #[test]
    fn while_the_clock_is_behind_a_backup_is_made_that_takes_no_date() {
        let (folder, mut app) = untidy();
        app.backup_keep = 1;
        let seen = app.store.newest_time().unwrap();
        app.clock.advance_s(-50 * 365 * 86_400);
        app.note_trust(Trust::Behind(seen, BACKUP_EVERY));
        let started = Instant::now().checked_sub(BACKUP_AFTER).unwrap();
        let mut backups = Backups { started, ..Backups::new(false) };
        backups.round(&app);
        let files: Vec<_> = std::fs::read_dir(folder.path().join("backups")).unwrap().flatten().collect();
        let names: Vec<String> = files.iter().map(|file| file.file_name().into_string().unwrap()).collect();
        assert_eq!(names, ["linkjar-undated-1.redb"]);
        assert!(backups.tried.is_some_and(|(_, wait)| wait == BACKUP_EVERY));
    }

    #[test]
    fn lasting_damage_is_copied_once_a_day() {
        let (folder, app) = untidy();
        drop(app);
        damage_sessions(folder.path());
        assert_eq!(make(&on(folder.path())), (BACKUP_EVERY, true));
    }

    #[test]
    fn whoever_asks_for_a_backup_hears_that_another_was_being_made() {
        let (folder, mut app) = untidy();
        app.backup_keep = 1;
        let mut state = Vec::new();
        let mut meanwhile = |_| {
            make_another(&app);
            state.push(app.backup_state());
            // One of the server's own is tried again, and hides no failure.
            make(&app);
            state.push(app.backup_state());
            ControlFlow::Break(())
        };
        app.store.back_up(&folder.path().join("first.redb"), &mut meanwhile).unwrap_err();
        let failed = BackupState::Failed("another backup is being made".to_owned());
        assert_eq!(state, [failed.clone(), failed]);
    }
}
