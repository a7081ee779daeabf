//! Time: a point on the UTC clock, and a clock that tests can set.
//!
//! Stored times are milliseconds since 1970 (UTC). Time-outs and limits do not belong here: they use
//! [`std::time::Instant`], which never jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(i64);

const SECOND: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const FORM: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]");
const FILE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]-[hour][minute][second]");
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:short] [year]");
const MINUTE: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");

impl Timestamp {
    /// Milliseconds since 1970; any value is a valid timestamp.
    pub(crate) const fn from_ms(ms: i64) -> Timestamp {
        Timestamp(ms)
    }

    /// Milliseconds since 1970.
    pub(crate) const fn ms(self) -> i64 {
        self.0
    }

    /// This time moved by `seconds`, held at the ends of the range.
    pub(crate) const fn plus_s(self, seconds: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// RFC 3339 in UTC with seconds: `2026-11-20T14:02:11Z`.
    pub(crate) fn rfc3339(self) -> String {
        self.format(SECOND)
    }

    /// What a `datetime-local` field shows, in UTC: `2026-11-20T14:02`.
    pub(crate) fn form_text(self) -> String {
        self.format(FORM)
    }

    /// Part of a file's name, in UTC; later ones sort behind: `2026-11-20-140211`.
    pub(crate) fn file_text(self) -> String {
        self.format(FILE)
    }

    /// For people: `20 Nov 2026`.
    pub(crate) fn day_text(self) -> String {
        self.format(DAY)
    }

    /// For people: `20 Nov 2026, 14:02 UTC`.
    pub(crate) fn minute_text(self) -> String {
        self.format(MINUTE)
    }

    fn format(self, items: &[BorrowedFormatItem<'_>]) -> String {
        let moment = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        moment.format(items).unwrap_or_default()
    }

    /// Reads a `datetime-local` value as UTC, with or without seconds; typed by hand it may have a space for the `T`.
    ///
    /// # Errors
    /// `None` when the text is not of that form or names no real date.
    pub(crate) fn parse_form(text: &str) -> Option<Timestamp> {
        let minute = text.get(..16)?.replacen(' ', "T", 1);
        let rest = &text[16..];
        let seconds_are_fine = rest.is_empty()
            || (rest.len() >= 3 && rest.starts_with(':') && rest[1..].bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        if !seconds_are_fine {
            return None;
        }
        let date = time::PrimitiveDateTime::parse(&minute, FORM).ok()?;
        Some(Timestamp(date.assume_utc().unix_timestamp() * 1000))
    }
}

/// Whether the clock is believed when something goes because of its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    Good,
    /// It stands before this time, which the data file has seen; believed when the program has run for this long.
    Behind(Timestamp, Duration),
    /// It has jumped against the time the program has run; believed when it has run for this long.
    Jumped(Duration),
}

/// What was known of the clock at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockSeen {
    pub(crate) at: Timestamp,
    /// How long the program had to run before the clock was believed.
    pub(crate) wait: Duration,
}

/// Tells the time: the system's, or one that a test sets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    set: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The operating system's clock.
    pub(crate) fn system() -> Clock {
        Clock { set: None }
    }

    /// A clock that stands where it is put.
    #[cfg(test)]
    pub(crate) fn fixed(at: Timestamp) -> Clock {
        Clock { set: Some(Arc::new(AtomicI64::new(at.ms()))) }
    }

    /// Moves a fixed clock; the system's is not ours to move.
    #[cfg(test)]
    pub(crate) fn advance_s(&self, seconds: i64) {
        if let Some(set) = &self.set {
            set.fetch_add(seconds * 1000, Ordering::SeqCst);
        }
    }

    /// The time now. A clock before 1970 reads as 1970.
    pub(crate) fn now(&self) -> Timestamp {
        match &self.set {
            Some(set) => Timestamp(set.load(Ordering::SeqCst)),
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_times_are_read_as_utc_and_shown_again_unchanged() {
        for (text, ms) in [
            ("1970-01-01T00:00", Some(0)),
            ("2026-11-20T14:02", Some(1_795_183_320_000)),
            ("2026-11-20T14:02:59", Some(1_795_183_320_000)),
            ("2039-02-28T00:00", Some(2_182_464_000_000)),
            ("2026-11-20 14:02", Some(1_795_183_320_000)),
            ("2026-02-30T00:00", None),
            (" 026-11-20T14:02", None),
            ("2026-11-20", None),
            ("2026-11-20T14:02junk", None),
            ("", None),
            ("ü026-11-20T14:02", None),
        ] {
            let read = Timestamp::parse_form(text);
            assert_eq!(read.map(Timestamp::ms), ms, "{text}");
            if let Some(time) = read {
                assert_eq!(time.form_text(), text[..16].replace(' ', "T"));
            }
        }
    }

    #[test]
    fn times_far_outside_the_calendar_do_not_panic() {
        for ms in [i64::MIN, -1, 0, i64::MAX] {
            assert!(!Timestamp::from_ms(ms).rfc3339().is_empty());
        }
    }
}
