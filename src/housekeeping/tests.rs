//! Rounds on a damaged file, on a failing disk, and with clocks that are wrong.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::app::BackupState;
use crate::click::{Click, Visit};
use crate::clock::{Clock, ClockSeen, Timestamp};
use crate::config;
use crate::limits::{RESET_LINK_S, SESSION_IDLE_S};
use crate::link::{LinkChange, LinkId, NewLink, Title};
use crate::options::Options;
use crate::password::{Cost, Hasher, PasswordHash};
use crate::store::{FILE_NAME, Fault, Settings};
use crate::target::Target;
use crate::user::{Email, NewUser, Role, UserId, UserName};
use crate::visitor::AddressPolicy;

const NOON: Timestamp = Timestamp::from_ms(1_795_176_000_000);
const SESSION: [u8; 32] = [1; 32];

/// An app with clicks to purge, and a session and a reset link that are over.
pub(super) fn untidy() -> (tempfile::TempDir, App) {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), 1 << 20, |_| {}).unwrap();
    let name = UserName::parse("anna").unwrap();
    let new = NewUser {
        name: name.clone(),
        email: Email::parse("anna@mail.example").unwrap(),
        password: PasswordHash::from_stored("a hash".to_owned()),
        role: Role::Administrator,
    };
    let anna = store.set_up(new, Settings::default(), Some(SESSION), NOON).unwrap().unwrap();
    store.hand_out_reset(None, anna, NOON.plus_s(RESET_LINK_S)).unwrap().unwrap();
    let target = Target::from_stored("https://example.com/".to_owned()).unwrap();
    let change = LinkChange { target, title: Title::default(), expires: None, enabled: true };
    let link = store.create_link(anna, name.clone(), NewLink { slug: None, change }, NOON).unwrap().unwrap();
    store.delete_link(anna, name, link.id).unwrap().unwrap();
    drop(store);
    let app = on(folder.path());
    (folder, app)
}

/// An app on a data file that stands at noon and as long after it as a session lasts.
pub(super) fn on(folder: &Path) -> App {
    let (store, _) = Store::open(folder, 1 << 20, |_| {}).unwrap();
    let hasher = Hasher::new(1, 4, Cost { memory_kib: 8, passes: 1, lanes: 1 });
    let config = config::resolve(&Options::default(), &|_| None).unwrap();
    let clock = Clock::fixed(NOON.plus_s(SESSION_IDLE_S));
    let app = App::new(store, clock, hasher, &config).unwrap();
    app.note_trust(Trust::Good);
    app
}

/// Damages the pages with the session.
pub(super) fn damage_sessions(folder: &Path) {
    // A leaf whose head alone is whole: a start does not see it, and redb panics when it reads it.
    let path = folder.join(FILE_NAME);
    let mut file = std::fs::read(&path).unwrap();
    let has_session = |page: &[u8]| page.windows(SESSION.len()).any(|part| part == SESSION);
    file.chunks_mut(4_096).filter(|page| has_session(page)).for_each(|page| page[4..].fill(0xff));
    std::fs::write(&path, file).unwrap();
}

#[test]
fn a_damaged_page_ends_one_part_of_housekeeping_and_no_other() {
    let (folder, app) = untidy();
    drop(app);
    damage_sessions(folder.path());
    let app = Arc::new(on(folder.path()));
    let housekeeping = Housekeeping::start(Arc::clone(&app), false).unwrap();
    housekeeping.begin();
    app.ask_for_backup();
    let end = Instant::now() + Duration::from_secs(30);
    while !matches!(app.backup_state(), BackupState::Failed(_)) {
        assert!(Instant::now() < end, "{:?}", app.backup_state());
        thread::sleep(Duration::from_millis(5));
    }
    assert!(!app.store.purge_clicks().unwrap(), "they were purged before");
    assert!(matches!(app.trust(), Trust::Jumped(_)), "the file does not say what it has seen");
    drop(housekeeping);
    let daily = app.store.back_up_daily(app.now(), 7, &mut |_| ControlFlow::Continue(()));
    assert!(daily.unwrap_err().is_damage());
    app.note_trust(Trust::Good);
    let (mut last, mut parts) = (Last::default(), Parts::default());
    round(&app, &mut last, &mut parts);
    assert!(last.swept.is_none() && last.retired.is_some());
    assert_eq!(app.store.sweep_one_time(app.now()).unwrap(), 0, "they were swept before");
}

#[test]
fn a_stop_does_not_wait_for_ever_for_what_listens_to_nobody() {
    let (calls, _called) = channel();
    let thread = thread::spawn(|| thread::sleep(4 * STOP_GRACE));
    let begun = Instant::now();
    drop(Housekeeping { calls, thread });
    assert!(begun.elapsed() < 2 * STOP_GRACE);
}

#[test]
fn a_purge_that_fails_neither_skips_nor_postpones_the_sweeps() {
    let (_folder, app) = untidy();
    app.marker.marks(NOON, [192, 0, 2, 1].into(), "", UserId(1), LinkId(1)).unwrap();
    app.store.break_disk(Fault::LostWrites);
    let mut last = Last::default();
    round(&app, &mut last, &mut Parts::default());
    assert!(last.swept.is_some());
    assert!(app.marker.secret().is_empty(), "the keys of an earlier day");
    assert_eq!((app.store.sweep_sessions(app.now()).unwrap(), app.store.sweep_one_time(app.now()).unwrap()), (0, 0));
    assert!(app.store.purge_clicks().unwrap(), "the purge had failed");
}

#[test]
fn a_sweep_that_fails_is_tried_again_in_the_next_round() {
    let (_folder, app) = untidy();
    slices(&app, Store::purge_clicks).unwrap();
    app.store.break_disk(Fault::LostWrites);
    let mut last = Last::default();
    round(&app, &mut last, &mut Parts::default());
    assert_eq!(last.swept, None);
    assert_eq!(app.store.sweep_one_time(app.now()).unwrap(), 0, "one kind that fails keeps no other");
    round(&app, &mut last, &mut Parts::default());
    assert!(last.swept.is_some());
    assert_eq!(app.store.sweep_sessions(app.now()).unwrap(), 0);
}

/// Clicks that are 80 days old at noon, and an app on a clock that stands there.
fn visited() -> (tempfile::TempDir, App, impl Fn(&App) -> usize) {
    let (folder, app) = untidy();
    let name = UserName::parse("anna").unwrap();
    let owner = UserId(1);
    let target = Target::from_stored("https://example.com/".to_owned()).unwrap();
    let change = LinkChange { target, title: Title::default(), expires: None, enabled: true };
    let link = app.store.create_link(owner, name, NewLink { slug: None, change }, app.now()).unwrap().unwrap().id;
    let visit = Visit {
        at: app.now().plus_s(-80 * 86_400),
        address: None,
        agent: "",
        referrer: "",
        ahead_of_time: false,
        counts_only: false,
    };
    app.store.record_click(Click::of(visit, owner, link, AddressPolicy::Shorten, &app.marker));
    app.store.settle();
    let kept = move |app: &App| app.store.latest_clicks(owner, link, false).unwrap().len();
    (folder, app, kept)
}

#[test]
fn old_clicks_go_when_they_are_older_than_they_are_kept() {
    let (_folder, app, kept) = visited();
    let mut last = Last::default();
    for (days, left) in [(0, 1), (9, 1), (2, 0)] {
        app.clock.advance_s(days * 86_400);
        last.retired = None;
        round(&app, &mut last, &mut Parts::default());
        assert_eq!(kept(&app), left, "{days} days later");
    }
}

#[test]
fn another_time_of_keeping_counts_at_once_and_forever_is_forever() {
    let (_folder, app, kept) = visited();
    let mut last = Last::default();
    app.clock.advance_s(1_000 * 86_400);
    let keep = |keep_days| app.note_settings(Settings { keep_days, ..Settings::default() });
    keep(None);
    round(&app, &mut last, &mut Parts::default());
    assert_eq!(kept(&app), 1);
    keep(Some(3_000));
    round(&app, &mut last, &mut Parts::default());
    assert_eq!(kept(&app), 1);
    keep(Some(1_000));
    round(&app, &mut last, &mut Parts::default());
    assert_eq!(kept(&app), 0);
}

#[test]
fn nothing_goes_for_its_age_while_the_clock_is_not_believed() {
    let (_folder, app, kept) = visited();
    app.store.note_clock(ClockSeen { at: app.now(), wait: Duration::ZERO }).unwrap();
    for jump_days in [-3_650, 3_650, 365, 8] {
        let (mut clock, mut last) = (ClockWatch::new(), Last::default());
        clock.round(&app).unwrap();
        app.clock.advance_s(jump_days * 86_400);
        clock.round(&app).unwrap();
        assert_ne!(app.trust(), Trust::Good, "{jump_days} days");
        round(&app, &mut last, &mut Parts::default());
        assert_eq!((last.swept, last.retired, kept(&app)), (None, None, 1), "{jump_days} days");
        app.clock.advance_s(-jump_days * 86_400);
    }
}

#[test]
fn a_walk_ends_when_the_time_of_keeping_is_another_than_it_began_with() {
    let (_folder, app, kept) = visited();
    retire(&app, Some(1)).unwrap();
    assert_eq!(kept(&app), 1);
    app.note_settings(Settings { keep_days: Some(1), ..Settings::default() });
    retire(&app, Some(1)).unwrap();
    assert_eq!(kept(&app), 0);
}

#[test]
fn a_jump_by_more_than_clicks_are_kept_is_not_believed() {
    let (_folder, app, _) = visited();
    app.store.note_clock(ClockSeen { at: app.now(), wait: Duration::ZERO }).unwrap();
    for (keep_days, jump_days, is_believed) in [(90, 7, true), (90, 8, false), (3, 3, true), (3, 4, false)] {
        app.note_settings(Settings { keep_days: Some(keep_days), ..Settings::default() });
        let mut clock = ClockWatch::new();
        clock.round(&app).unwrap();
        app.clock.advance_s(jump_days * 86_400);
        clock.round(&app).unwrap();
        assert_eq!(app.trust() == Trust::Good, is_believed, "{keep_days} {jump_days}");
        app.clock.advance_s(-jump_days * 86_400);
    }
}

#[test]
fn nothing_goes_at_a_first_start_with_a_clock_that_is_years_ahead() {
    let (_folder, app, kept) = visited();
    app.clock.advance_s(20 * 365 * 86_400);
    ClockWatch::new().round(&app).unwrap();
    round(&app, &mut Last::default(), &mut Parts::default());
    assert_eq!(kept(&app), 1);
}
