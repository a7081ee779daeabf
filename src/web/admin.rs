//! The state of the instance, for administrators.

use crate::app::{App, BackupState, Checked};
use crate::calendar::{self, Day};
use crate::clock::Trust;
use crate::limits::BACKUP_LATE_S;
use crate::store::{BackupFile, Health, Period, TallyOf, Whose};
use crate::ui::admin::{self, Instance};
use crate::ui::number;
use crate::user::Registration;
use crate::web::Section;
use crate::web::access::{Administrator, Visitor};
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Shows it; what wants somebody's attention stands first.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    _: &Administrator,
    _: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let mut frame = visitor.frame("Administration");
    frame.section = Section::Admin;
    let (users, links) = app.store.counts()?;
    let today = calendar::day(app.now().ms());
    let period = Period { days: today..=today, tally: TallyOf::Since(Day::MAX) };
    let clicks = app.store.history(Whose::Site, &period)?.numbers;
    let (health, backups) = (app.store.health(), app.store.backups());
    let instance = Instance {
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: app.started.elapsed().as_secs(),
        users,
        links,
        people: clicks.humans,
        bots: clicks.bots,
        waiting: health.waiting_clicks,
        shed: health.shed_clicks,
        file_bytes: app.store.size_bytes(),
        free_bytes: health.space.free_bytes,
        last_backup: backups.first().map(|backup| (backup.made, backup.bytes)),
        last_check: app.checked().map(|checked| (checked.at, found(&checked))),
        warnings: warnings(app, &health, backups.first()),
    };
    Ok(super::page(admin::page(&frame, &instance)))
}

/// What a check has found, in words.
fn found(checked: &Checked) -> String {
    match (checked.damage, checked.leftovers) {
        (0, 0) => "good".to_owned(),
        (0, rows) => format!("good, but for {} that nobody needs", number::counted(rows, "row")),
        (places, _) => format!("damaged in {}", number::counted(places, "place")),
    }
}

/// What wants somebody's attention, the worst first.
fn warnings(app: &App, health: &Health, newest: Option<&BackupFile>) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(damaged) = app.checked().filter(|checked| checked.damage > 0) {
        warnings.push(format!("The data file is {}. See: linkjar check, linkjar restore.", found(&damaged)));
    }
    if !health.writes {
        let why = health.trouble.as_ref().map_or_else(|| health.space.to_string(), |(_, why)| why.clone());
        warnings.push(format!("Nothing can be written to the data file: {why}."));
    } else if health.space.free_bytes < 2 * health.space.kept_bytes {
        let (free, kept) = (number::size(health.space.free_bytes), number::size(health.space.kept_bytes));
        warnings.push(format!("The disk is nearly full: {free} are free. Below {kept} nothing is written."));
    }
    if let BackupState::Failed(why) = app.backup_state() {
        warnings.push(format!("The last backup came to nothing: {why}."));
    }
    let late = |made: crate::clock::Timestamp| made.plus_s(BACKUP_LATE_S) < app.now();
    match newest {
        _ if app.backup_keep == 0 => warnings.push("No daily backups are made: SERVER_BACKUP_KEEP is 0.".to_owned()),
        Some(newest) if late(newest.made) => {
            warnings.push(format!("The newest backup is of {}: more than a day ago.", newest.made.minute_text()));
        }
        None if late(app.now().plus_s(-i64::try_from(app.started.elapsed().as_secs()).unwrap_or(i64::MAX))) => {
            warnings.push("There is no backup, although the server has run for more than a day.".to_owned());
        }
        _ => {}
    }
    match app.trust() {
        Trust::Good => {}
        Trust::Behind(newest, wait) => warnings.push(format!(
            "The clock stands at {}, but the data file has seen {}. Nothing is removed for its age, nor any backup, until \
             that has passed or the server has run for another {}. Set the clock.",
            app.now().minute_text(),
            newest.minute_text(),
            number::counted(wait.as_secs().div_ceil(3_600), "hour")
        )),
        Trust::Jumped(wait) => warnings.push(format!(
            "The clock has jumped against the time the server has run. Nothing is removed for its age for another {}.",
            number::counted(wait.as_secs().div_ceil(3_600), "hour")
        )),
    }
    warnings.extend(exposure(app).map(str::to_owned));
    if health.shed_clicks > 0 {
        let clicks = number::counted(health.shed_clicks, "click");
        warnings
            .push(format!("{clicks} could not be kept since the start: they came faster than the disk takes them."));
    }
    warnings
}

/// What strangers can make of how this server is reached.
fn exposure(app: &App) -> impl Iterator<Item = &'static str> {
    let is_open = app.is_exposed() && app.registration() == Registration::Open;
    let warnings = [
        (is_open, "Anybody who reaches this server can register. “Who may register?” is on the page Settings."),
        (
            app.speaks_in_clear(),
            "Passwords travel unencrypted. Set SERVER_TLS_CERT and SERVER_TLS_KEY, or put a proxy with TLS in front and \
             set SERVER_BASE_URL to its https address.",
        ),
        (
            app.traffic.has_untrusted_proxy(),
            "A proxy sits in front that is not trusted: all visitors seem to have its address. Set SERVER_TRUSTED_PROXIES.",
        ),
    ];
    warnings.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words)
}
