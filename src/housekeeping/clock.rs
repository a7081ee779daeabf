//! Whether the clock is believed when something goes because of its age.
//!
//! Small boards start in 1970, and one bad answer of a time server can be years ahead. Nothing that was removed for it
//! comes back, so the wall clock is held against what the file has seen, and against how long the program has run.

use std::time::{Duration, Instant};

use log::warn;

use crate::app::App;
use crate::clock::{ClockSeen, Timestamp, Trust};
use crate::limits::{CLOCK_AHEAD_S, CLOCK_BEHIND_S, CLOCK_DOUBT, CLOCK_NOTE_EVERY};
use crate::store;

/// Looks at the clock, round by round.
pub(super) struct ClockWatch {
    looks: Looks,
    /// When the file was last asked, and told.
    noted: Option<Instant>,
    /// The newest time in the file then.
    newest: Timestamp,
}

/// What was seen of the clock.
struct Looks {
    /// How much further than the program has run the clock may go.
    ahead_s: i64,
    /// What it said at the last look; `None` before the first of a file that has seen nobody.
    said: Option<Timestamp>,
    /// When that was in this run of the program.
    at: Option<Instant>,
    /// How long the program has to run before the clock is believed.
    wait: Duration,
    /// The newest time in the file that the clock stood before when it was last doubted for that.
    doubted: Option<Timestamp>,
}

impl Default for Looks {
    fn default() -> Looks {
        Looks { ahead_s: CLOCK_AHEAD_S, said: None, at: None, wait: Duration::ZERO, doubted: None }
    }
}

impl Looks {
    /// Looks at the clock, which says `now`. `at` never jumps.
    fn look(&mut self, now: Timestamp, at: Instant, newest: Timestamp) -> Trust {
        let run = self.at.map_or(Duration::ZERO, |before| at.saturating_duration_since(before));
        self.wait = self.wait.saturating_sub(run);
        if let Some(said) = self.said {
            let expected = said.plus_s(i64::try_from(run.as_secs()).unwrap_or(i64::MAX));
            if now > expected.plus_s(self.ahead_s) || now.plus_s(CLOCK_BEHIND_S) < expected {
                self.wait = CLOCK_DOUBT;
            }
        }
        (self.said, self.at) = (Some(now), Some(at));
        // One login while the clock was ahead must not count for years: that time, too, is doubted for a day only.
        let is_behind = now.plus_s(CLOCK_BEHIND_S) < newest;
        if is_behind && self.doubted.is_none_or(|doubted| doubted < newest) {
            (self.wait, self.doubted) = (CLOCK_DOUBT, Some(newest));
        }
        match (self.wait, is_behind) {
            (Duration::ZERO, _) => Trust::Good,
            (wait, true) => Trust::Behind(newest, wait),
            (wait, false) => Trust::Jumped(wait),
        }
    }

    /// Goes on from what was seen when the program last ran. Hours that were waited count; a doubt that was over then
    /// begins anew, if there is still cause for it.
    fn go_on(&mut self, seen: ClockSeen, newest: Timestamp) {
        (self.said, self.wait) = (Some(seen.at), seen.wait);
        self.doubted = Some(newest).filter(|_| !seen.wait.is_zero() && seen.at.plus_s(CLOCK_BEHIND_S) < newest);
    }
}

impl ClockWatch {
    pub(super) fn new() -> ClockWatch {
        ClockWatch { looks: Looks::default(), noted: None, newest: Timestamp::from_ms(0) }
    }

    /// Looks at the clock and tells `app`. The operator hears of it when what comes of it is another than before.
    ///
    /// # Errors
    /// When the store fails; the clock is not believed then.
    pub(super) fn round(&mut self, app: &App) -> Result<(), store::Error> {
        let (at, before) = (Instant::now(), app.trust());
        let is_first = self.noted.is_none();
        let is_due = self.noted.is_none_or(|noted| at.saturating_duration_since(noted) >= CLOCK_NOTE_EVERY);
        let noted = match (is_first, is_due) {
            (true, _) => self.remember(app),
            (false, true) => self.note(app),
            (false, false) => Ok(()),
        };
        // A jump by less must not take all clicks either where they are kept for some days only.
        let keep_days = app.settings().keep_days.unwrap_or(u16::MAX);
        self.looks.ahead_s = CLOCK_AHEAD_S.min(i64::from(keep_days) * 86_400);
        // While the file does not say what it has seen, nothing goes because of its age.
        let trust = match &noted {
            Ok(()) => self.looks.look(app.now(), at, self.newest),
            Err(_) => Trust::Jumped(CLOCK_DOUBT),
        };
        app.note_trust(trust);
        if is_first || std::mem::discriminant(&trust) != std::mem::discriminant(&before) {
            tell(trust, app.now());
        }
        if noted.is_ok() && is_due {
            self.noted = Some(at);
        }
        noted
    }

    /// Asks the file what was known of the clock when the program last ran. A start writes nothing.
    fn remember(&mut self, app: &App) -> Result<(), store::Error> {
        self.newest = app.store.newest_time()?;
        match app.store.clock_seen()? {
            Some(seen) => self.looks.go_on(seen, self.newest),
            // Nobody has noted anything yet, but somebody's visit may have.
            None => self.looks.said = Some(self.newest).filter(|newest| newest.ms() > 0),
        }
        Ok(())
    }

    /// Notes in the file what is known now.
    fn note(&mut self, app: &App) -> Result<(), store::Error> {
        self.newest = app.store.newest_time()?;
        match self.looks.said {
            Some(at) => app.store.note_clock(ClockSeen { at, wait: self.looks.wait }),
            None => Ok(()),
        }
    }
}

fn tell(trust: Trust, now: Timestamp) {
    let clock = now.rfc3339();
    match trust {
        Trust::Good => {}
        Trust::Behind(newest, wait) => {
            let (newest, hours) = (newest.rfc3339(), wait.as_secs().div_ceil(3_600));
            warn!(target: "store", clock, newest, hours; "the clock stands before the newest time in the data file: nothing is removed for its age, nor any backup, before that has passed or the server has run for some hours. Set the clock");
        }
        Trust::Jumped(wait) => {
            let hours = wait.as_secs().div_ceil(3_600);
            warn!(target: "store", clock, hours; "the clock has jumped, or the server has not run for long: nothing is removed for its age before it has run for some hours");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;
    const NOON: Timestamp = Timestamp::from_ms(1_795_176_000_000);

    /// A row is how long the program has run since the last look, what the clock says then, and what comes of it.
    #[track_caller]
    fn check(said: Option<Timestamp>, newest: Timestamp, rows: &[(i64, Timestamp, Trust)]) {
        let mut looks = Looks { said, ..Looks::default() };
        let mut at = Instant::now();
        for (number, (run_s, now, trust)) in rows.iter().enumerate() {
            at += Duration::from_secs(run_s.unsigned_abs());
            assert_eq!(looks.look(*now, at, newest), *trust, "row {number}");
        }
    }

    #[test]
    fn a_clock_that_goes_as_the_program_does_is_good() {
        let old = NOON.plus_s(-DAY);
        check(None, old, &[(0, NOON, Trust::Good), (DAY, NOON.plus_s(DAY), Trust::Good)]);
        check(Some(old), old, &[(0, NOON, Trust::Good)]);
        // Put right by a little, and a week in which nobody ran it.
        check(Some(NOON), NOON, &[(0, NOON.plus_s(-3_600), Trust::Good)]);
        check(Some(NOON.plus_s(-7 * DAY)), old, &[(0, NOON, Trust::Good), (60, NOON.plus_s(-DAY / 48), Trust::Good)]);
    }

    #[test]
    fn a_clock_before_the_newest_time_is_behind_until_that_has_passed_or_the_program_has_run_for_a_day() {
        for back in [3_700, DAY, 50 * 365 * DAY] {
            let now = NOON.plus_s(-back);
            let rows = [
                (0, now, Trust::Behind(NOON, CLOCK_DOUBT)),
                (60, now.plus_s(60), Trust::Behind(NOON, CLOCK_DOUBT - Duration::from_secs(60))),
                (DAY - 60, now.plus_s(DAY), Trust::Good),
                (DAY, now.plus_s(2 * DAY), Trust::Good),
            ];
            check(None, NOON, &rows);
        }
        check(None, NOON, &[(0, Timestamp::from_ms(-DAY), Trust::Behind(NOON, CLOCK_DOUBT))]);
    }

    #[test]
    fn each_later_time_in_the_file_is_doubted_for_itself_and_waited_hours_count_after_a_restart() {
        let (mut looks, at, hour) = (Looks::default(), Instant::now(), Duration::from_secs(3_600));
        let years = |years: i64| NOON.plus_s(years * 365 * DAY);
        assert_eq!(looks.look(NOON, at, years(1)), Trust::Behind(years(1), CLOCK_DOUBT));
        assert_eq!(looks.look(NOON.plus_s(DAY), at + CLOCK_DOUBT, years(1)), Trust::Good);
        assert_eq!(looks.look(NOON.plus_s(DAY), at + CLOCK_DOUBT, years(2)), Trust::Behind(years(2), CLOCK_DOUBT));
        let mut again = Looks::default();
        again.go_on(ClockSeen { at: NOON, wait: hour }, years(2));
        assert_eq!(again.look(NOON, at, years(2)), Trust::Behind(years(2), hour));
        assert_eq!(again.look(NOON.plus_s(3_600), at + hour, years(2)), Trust::Good);
        let mut over = Looks::default();
        over.go_on(ClockSeen { at: NOON, wait: Duration::ZERO }, years(2));
        assert_eq!(over.look(NOON, at, years(2)), Trust::Behind(years(2), CLOCK_DOUBT));
    }

    #[test]
    fn after_a_jump_the_program_has_to_run_for_a_day_before_the_clock_is_believed() {
        let old = NOON.plus_s(-30 * DAY);
        for jump in [8 * DAY, 3_650 * DAY, -2 * DAY, -7_200] {
            let now = NOON.plus_s(jump);
            let rows = [
                (0, NOON, Trust::Good),
                (60, now, Trust::Jumped(CLOCK_DOUBT)),
                (DAY - 60, now.plus_s(DAY - 60), Trust::Jumped(Duration::from_secs(60))),
                (60, now.plus_s(DAY), Trust::Good),
            ];
            check(None, old, &rows);
        }
        // The program was not running meanwhile.
        check(Some(old), old, &[(0, NOON, Trust::Jumped(CLOCK_DOUBT)), (DAY, NOON.plus_s(DAY), Trust::Good)]);
        // Back from a bad answer is a jump, too.
        let rows = [
            (0, NOON, Trust::Good),
            (60, NOON.plus_s(3_650 * DAY), Trust::Jumped(CLOCK_DOUBT)),
            (3_600, NOON.plus_s(3_660), Trust::Jumped(CLOCK_DOUBT)),
            (DAY, NOON.plus_s(3_660 + DAY), Trust::Good),
        ];
        check(None, old, &rows);
    }

    #[test]
    fn hours_that_were_waited_count_after_a_restart() {
        let mut looks = Looks { said: Some(NOON), wait: Duration::from_secs(7_200), ..Looks::default() };
        let at = Instant::now();
        assert_eq!(looks.look(NOON.plus_s(60), at, NOON), Trust::Jumped(Duration::from_secs(7_200)));
        let later = at + Duration::from_secs(7_200);
        assert_eq!(looks.look(NOON.plus_s(7_260), later, NOON), Trust::Good);
    }
}
