//! The ranges that pages show clicks for: which days are read, and how they become figures and columns.
//!
//! Everything is counted in UTC. Clicks that a wrong clock has put after today are in the figures of all time only.

use std::collections::HashMap;

use crate::calendar::{self, Day, Step};
use crate::clock::Timestamp;
use crate::store::{History, OneDay, Period, TallyOf};
use crate::ui::columns::{self, Chart, Column, Unit};
use crate::ui::statistics::Change;

const HOURS: u32 = 24;
/// Columns that a chart of all time has at most, in days and in weeks; past it the next larger unit is taken.
const COLUMNS_MAX: u16 = 92;
/// Days that make ten years and more: columns are years then.
const MONTHS_DAYS_MAX: u16 = 3_700;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    Hours24,
    Days(u16),
    Months12,
    AllTime,
}

/// A range with its word in the address, its name on the page, and its length in words.
pub(super) struct Named {
    pub(super) range: Range,
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    pub(super) length: &'static str,
}

const fn named(range: Range, word: &'static str, label: &'static str, length: &'static str) -> Named {
    Named { range, word, label, length }
}

pub(super) const RANGES: [Named; 6] = [
    named(Range::Hours24, "24h", "24 h", "24 hours"),
    named(Range::Days(7), "7d", "7 d", "7 days"),
    // What an address without a range means.
    named(Range::Days(30), "", "30 d", "30 days"),
    named(Range::Days(90), "90d", "90 d", "90 days"),
    named(Range::Months12, "12m", "12 mo", "12 months"),
    named(Range::AllTime, "all", "All", "all"),
];

/// The range of a word; any other word means 30 days.
pub(super) fn of_word(word: &str) -> &'static Named {
    RANGES.iter().find(|named| named.word == word).unwrap_or(&RANGES[2])
}

/// What a page shows of a range.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) people: u64,
    pub(super) bots: u64,
    /// Different people, summed up by day: whole days, also of the last 24 hours.
    pub(super) visitors: u64,
    /// Some of the days have people and no visitors.
    pub(super) has_uncounted_days: bool,
    /// Against the period of the same length before, up to the hour of its last day that it is now; `None` when there was
    /// nothing to click on then.
    pub(super) change: Option<Change>,
    pub(super) chart: Chart,
    /// People that are counted, but on no day that is known.
    pub(super) uncharted: u64,
}

impl Range {
    /// The first day of this range, and of the period before it.
    fn first_days(self, today: Day) -> (Day, Day) {
        match self {
            Range::Hours24 => (calendar::before(today, 1), calendar::before(today, 2)),
            Range::Days(days) => (calendar::before(today, days - 1), calendar::before(today, 2 * days - 1)),
            Range::Months12 => (calendar::months_before(today, 11), calendar::months_before(today, 23)),
            Range::AllTime => (calendar::FIRST_DAY, calendar::FIRST_DAY),
        }
    }

    /// What the store is asked for.
    pub(super) fn period(self, now: Timestamp) -> Period {
        let today = calendar::day(now.ms());
        let (first, before) = self.first_days(today);
        match self {
            Range::AllTime => Period { days: calendar::FIRST_DAY..=Day::MAX, tally: TallyOf::AllTime },
            _ => Period { days: before..=today, tally: TallyOf::Since(first) },
        }
    }

    /// What the page shows of a history that was read for [`Range::period`], of links since `created`.
    pub(super) fn figures(self, now: Timestamp, created: Timestamp, history: &History) -> Figures {
        let today = calendar::day(now.ms());
        let (first, _) = self.first_days(today);
        let (before, shown) = history.days.split_at(history.days.partition_point(|day| day.day < first));
        let (people_before, columns, unit) = match self {
            Range::Hours24 => {
                let last = hour_number(today, calendar::hour(now.ms()));
                let (before, columns) = by_hour(&history.days, last);
                (before, columns, Unit::Hour)
            }
            Range::Days(days) => {
                let before = people_until(before, calendar::before(today, days), now);
                (before, by_step(shown, Step::Day, first, today), Unit::Day)
            }
            Range::Months12 => {
                // The same day of the month a year ago, or the last before the first that is shown.
                let same_day = calendar::months_before(today, 12) + (today - calendar::months_before(today, 0));
                let before = people_until(before, same_day.min(calendar::before(first, 1)), now);
                (before, by_step(shown, Step::Month, first, today), Unit::Month)
            }
            Range::AllTime => {
                let (columns, unit) = of_all_time(shown, today);
                (0, columns, unit)
            }
        };
        let sum = |of: fn(&Column) -> u64| columns.iter().fold(0, |sum: u64, column| sum.saturating_add(of(column)));
        let (in_columns, bots) = (sum(|column| column.people), sum(|column| column.bots));
        let has_uncounted_days = shown.iter().any(|day| !columns::are_counted(day.people, day.visitors));
        let visitors = shown.iter().fold(0, |sum: u64, day| sum.saturating_add(day.visitors));
        let chart = Chart { unit, columns };
        if self == Range::AllTime {
            let (people, bots) = (history.numbers.humans, history.numbers.bots);
            let uncharted = people.saturating_sub(in_columns);
            return Figures { people, bots, visitors, has_uncounted_days, change: None, uncharted, chart };
        }
        let begin = match self {
            Range::Hours24 => now.plus_s(-i64::from(HOURS) * 3_600),
            _ => calendar::time(first, 0),
        };
        Figures {
            people: in_columns,
            bots,
            visitors,
            has_uncounted_days,
            change: (created < begin).then(|| Change::between(people_before, in_columns)),
            chart,
            uncharted: 0,
        }
    }
}

/// People up to the hour that it is `now`, of a day and those before it: what is not over is compared with as much.
fn people_until(days: &[OneDay], last: Day, now: Timestamp) -> u64 {
    let hour = calendar::hour(now.ms());
    let of_last = |day: &OneDay| {
        let hours = day.hours.iter().filter(|(of_day, _)| *of_day <= hour);
        hours.fold(0, |sum: u64, (_, people)| sum.saturating_add(*people))
    };
    let people = |day: &OneDay| if day.day < last { day.people } else { of_last(day) };
    days.iter().filter(|day| day.day <= last).fold(0, |sum, day| sum.saturating_add(people(day)))
}

/// Hours since 1970.
fn hour_number(day: Day, hour: u8) -> u32 {
    u32::from(day) * HOURS + u32::from(hour)
}

/// Counts by the number of their hour.
fn by_hour_number(days: &[OneDay], hours: fn(&OneDay) -> &[(u8, u64)]) -> HashMap<u32, u64> {
    let of_day = |day| hours(day).iter().map(move |&(hour, count)| (hour_number(day.day, hour), count));
    days.iter().flat_map(of_day).collect()
}

/// The 24 hours up to one, and the people in the 24 hours before these.
fn by_hour(days: &[OneDay], last: u32) -> (u64, Vec<Column>) {
    let (people, bots) = (by_hour_number(days, |day| &day.hours), by_hour_number(days, |day| &day.bot_hours));
    let of = |counts: &HashMap<u32, u64>, hour| counts.get(&hour).copied().unwrap_or(0);
    let first = last.saturating_sub(HOURS - 1);
    let before = (first.saturating_sub(HOURS)..first).fold(0, |sum: u64, hour| sum.saturating_add(of(&people, hour)));
    let column = |number: u32| {
        // Hours are numbered from those of days, which are 16 bits; the rest is below 24.
        let (day, hour) = ((number / HOURS) as Day, (number % HOURS) as u8);
        let clock = format!("{hour:02}:00");
        Column {
            long: format!("{}, {clock}", calendar::day_month(day)),
            short: clock,
            people: of(&people, number),
            visitors: 0,
            bots: of(&bots, number),
        }
    };
    (before, (first..=last).map(column).collect())
}

/// The days from one to another, summed up in steps.
fn by_step(days: &[OneDay], step: Step, first: Day, last: Day) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut start = Some(step.start(first));
    while let Some(from) = start.filter(|from| *from <= last) {
        start = step.next(from);
        let end = days.partition_point(|day| day.day <= last && start.is_none_or(|next| day.day < next));
        let of_step = &days[days.partition_point(|day| day.day < from)..end];
        let (short, long) = names(step, from);
        let sum = |of: fn(&OneDay) -> u64| of_step.iter().fold(0, |sum: u64, day| sum.saturating_add(of(day)));
        let (people, visitors, bots) = (sum(|day| day.people), sum(|day| day.visitors), sum(|day| day.bots));
        columns.push(Column { short, long, people, visitors, bots });
    }
    columns
}

fn names(step: Step, from: Day) -> (String, String) {
    let whole = || calendar::time(from, 0).day_text();
    match step {
        Step::Day => (calendar::day_month(from), whole()),
        Step::Week => (calendar::month_year(from), format!("Week of {}", whole())),
        Step::Month => (calendar::month_year(from), calendar::month_year(from)),
        Step::Year => (calendar::year(from), calendar::year(from)),
    }
}

/// From the first day with clicks on, in the smallest steps that leave room for all.
fn of_all_time(days: &[OneDay], today: Day) -> (Vec<Column>, Unit) {
    let first = days.first().map_or(today, |day| day.day);
    let last = days.last().map_or(today, |day| day.day.max(today));
    let (step, unit) = match last.saturating_sub(first) {
        length if length < COLUMNS_MAX => (Step::Day, Unit::Day),
        length if length < COLUMNS_MAX * 7 => (Step::Week, Unit::Week),
        length if length < MONTHS_DAYS_MAX => (Step::Month, Unit::Month),
        _ => (Step::Year, Unit::Year),
    };
    (by_step(days, step, first, last), unit)
}

#[cfg(test)]
mod tests;
