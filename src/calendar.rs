//! Days, weeks, months and years in UTC, as clicks are summed up by them. Whatever zone the host is in, and whatever
//! its clocks do in spring and autumn, a day has 24 hours.

use time::{Date, Month};

use crate::clock::Timestamp;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 1970-01-01 as a Julian day.
const EPOCH_JULIAN_DAY: i32 = 2_440_588;

/// A day, counted from 1970-01-01. The last one is 2149-06-06.
pub(crate) type Day = u16;

/// The first day that anything is counted by; 0 stands for all days together where sums are kept.
pub(crate) const FIRST_DAY: Day = 1;

/// The day of a time in milliseconds since 1970. Clocks that are far off are held at the ends.
pub(crate) fn day(at_ms: i64) -> Day {
    // Within 1 and 65,535 after the clamp.
    at_ms.div_euclid(DAY_MS).clamp(FIRST_DAY.into(), Day::MAX.into()) as Day
}

/// The hour of its day, below 24.
pub(crate) fn hour(at_ms: i64) -> u8 {
    // Below 24.
    at_ms.div_euclid(HOUR_MS).rem_euclid(24) as u8
}

/// When an hour of a day begins.
pub(crate) fn time(day: Day, hour: u8) -> Timestamp {
    Timestamp::from_ms(i64::from(day) * DAY_MS + i64::from(hour) * HOUR_MS)
}

/// Days that are summed up together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Day,
    /// From Monday to Sunday (ISO 8601).
    Week,
    Month,
    Year,
}

impl Step {
    /// The first day of the step that `day` lies in.
    pub(crate) fn start(self, day: Day) -> Day {
        let date = date(day);
        match self {
            Step::Day => day,
            Step::Week => before(day, date.weekday().number_days_from_monday().into()),
            Step::Month => before(day, u16::from(date.day()) - 1),
            Step::Year => before(day, date.ordinal() - 1),
        }
    }

    /// The first day of the step after the one that `day` lies in; `None` past the last day there is.
    pub(crate) fn next(self, day: Day) -> Option<Day> {
        let start = self.start(day);
        let days = match self {
            Step::Day => 1,
            Step::Week => 7,
            Step::Month => length(start),
            Step::Year => time::util::days_in_year(date(day).year()),
        };
        // The first step may have lost its beginning.
        let lost = if start == FIRST_DAY && self != Step::Day { lost_before_first(self) } else { 0 };
        start.checked_add(days - lost)
    }
}

/// Days of a step that lie before [`FIRST_DAY`].
fn lost_before_first(step: Step) -> u16 {
    match step {
        // 1970-01-01 was a Thursday.
        Step::Week => 4,
        Step::Month | Step::Year => 1,
        Step::Day => 0,
    }
}

/// So many days before one, and never before the first.
pub(crate) fn before(day: Day, days: u16) -> Day {
    day.saturating_sub(days).max(FIRST_DAY)
}

/// The first day of the month that is so many months before the one of `day`.
pub(crate) fn months_before(day: Day, months: u16) -> Day {
    (0..months).fold(Step::Month.start(day), |start, _| match start {
        FIRST_DAY => FIRST_DAY,
        start => Step::Month.start(start - 1),
    })
}

/// Days of the month that `day` lies in.
fn length(day: Day) -> u16 {
    let date = date(day);
    date.month().length(date.year()).into()
}

fn date(day: Day) -> Date {
    Date::from_julian_day(EPOCH_JULIAN_DAY + i32::from(day)).unwrap_or(Date::MIN)
}

fn month_name(month: Month) -> &'static str {
    match month {
        Month::January => "Jan",
        Month::February => "Feb",
        Month::March => "Mar",
        Month::April => "Apr",
        Month::May => "May",
        Month::June => "Jun",
        Month::July => "Jul",
        Month::August => "Aug",
        Month::September => "Sep",
        Month::October => "Oct",
        Month::November => "Nov",
        Month::December => "Dec",
    }
}

/// `20 Nov`.
pub(crate) fn day_month(day: Day) -> String {
    let date = date(day);
    format!("{} {}", date.day(), month_name(date.month()))
}

/// `Nov 2026`.
pub(crate) fn month_year(day: Day) -> String {
    let date = date(day);
    format!("{} {}", month_name(date.month()), date.year())
}

/// `2026`.
pub(crate) fn year(day: Day) -> String {
    date(day).year().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The day of a date.
    fn of(text: &str) -> Day {
        day(Timestamp::parse_form(&format!("{text}T00:00")).unwrap().ms())
    }

    #[test]
    fn days_and_hours_are_those_of_utc_whatever_the_clock_says() {
        for (at_ms, expected_day, expected_hour) in [
            (0, 1, 0),
            (i64::MIN, 1, 16),
            (-1, 1, 23),
            (i64::MAX, Day::MAX, 7),
            (DAY_MS - 1, 1, 23),
            (2 * DAY_MS, 2, 0),
            (1_763_640_000_000, 20_412, 12),
        ] {
            assert_eq!((day(at_ms), hour(at_ms)), (expected_day, expected_hour), "{at_ms}");
        }
        assert_eq!(time(20_412, 12).ms(), 1_763_640_000_000);
    }

    #[test]
    fn steps_begin_where_people_expect_it() {
        for (text, week, month, year) in [
            ("2026-11-20", "2026-11-16", "2026-11-01", "2026-01-01"),
            ("2026-11-16", "2026-11-16", "2026-11-01", "2026-01-01"),
            ("2026-11-15", "2026-11-09", "2026-11-01", "2026-01-01"),
            ("2027-01-01", "2026-12-28", "2027-01-01", "2027-01-01"),
            ("2028-02-29", "2028-02-28", "2028-02-01", "2028-01-01"),
            ("2028-03-01", "2028-02-28", "2028-03-01", "2028-01-01"),
            ("2028-12-31", "2028-12-25", "2028-12-01", "2028-01-01"),
        ] {
            let starts = [Step::Day, Step::Week, Step::Month, Step::Year].map(|step| step.start(of(text)));
            assert_eq!(starts, [of(text), of(week), of(month), of(year)], "{text}");
        }
    }

    #[test]
    fn steps_follow_each_other_without_a_gap_from_the_first_day_to_the_last() {
        for step in [Step::Day, Step::Week, Step::Month, Step::Year] {
            let mut start = FIRST_DAY;
            while let Some(next) = step.next(start) {
                assert!(next > start, "{step:?} {start}");
                assert_eq!((step.start(next), step.start(next - 1)), (next, start), "{step:?} {start}");
                start = next;
            }
        }
    }

    #[test]
    fn months_are_counted_backwards_over_years_and_stop_at_the_first() {
        for (text, months, expected) in [
            ("2026-11-20", 0, "2026-11-01"),
            ("2026-11-20", 11, "2025-12-01"),
            ("2026-03-31", 1, "2026-02-01"),
            ("2028-03-31", 1, "2028-02-01"),
            ("2026-01-01", 24, "2024-01-01"),
            ("1970-03-01", 2, "1970-01-02"),
            ("1970-03-01", 99, "1970-01-02"),
        ] {
            assert_eq!(months_before(of(text), months), of(expected), "{text} {months}");
        }
    }

    #[test]
    fn dates_are_written_for_people() {
        assert_eq!(day_month(of("2028-02-29")), "29 Feb");
        assert_eq!((month_year(of("2026-05-09")), year(of("2026-05-09"))), ("May 2026".to_owned(), "2026".to_owned()));
        assert_eq!((month_year(Day::MAX), month_year(0)), ("Jun 2149".to_owned(), "Jan 1970".to_owned()));
    }
}
