//! Ranges around midnight, ends of months, leap days, and clocks that stand wrong.

use super::*;
use crate::store::Numbers;

const LONG_AGO: Timestamp = Timestamp::from_ms(0);

fn at(text: &str) -> Timestamp {
    Timestamp::parse_form(text).unwrap()
}

fn day_of(text: &str) -> Day {
    calendar::day(at(&format!("{text}T00:00")).ms())
}

fn empty(day: Day) -> OneDay {
    OneDay { day, people: 0, bots: 0, visitors: 0, hours: Vec::new(), bot_hours: Vec::new() }
}

/// What the store would find for a range: a person, the same all day, and two bots at each of these times.
fn history(range: Range, now: &str, clicks: &[&str]) -> History {
    let period = range.period(at(now));
    let mut history = History::default();
    for text in clicks {
        let (day, hour) = (calendar::day(at(text).ms()), calendar::hour(at(text).ms()));
        history.numbers.humans += 1;
        history.numbers.bots += 2;
        if !period.days.contains(&day) {
            continue;
        }
        let place = history.days.partition_point(|known| known.day < day);
        if history.days.get(place).is_none_or(|known| known.day != day) {
            history.days.insert(place, empty(day));
        }
        let known = &mut history.days[place];
        (known.people, known.bots, known.visitors) = (known.people + 1, known.bots + 2, 1);
        for (hours, more) in [(&mut known.hours, 1), (&mut known.bot_hours, 2)] {
            match hours.iter_mut().find(|pair| pair.0 == hour) {
                Some(pair) => pair.1 += more,
                None => hours.push((hour, more)),
            }
        }
    }
    history
}

fn figures(range: Range, now: &str, clicks: &[&str]) -> Figures {
    range.figures(at(now), LONG_AGO, &history(range, now, clicks))
}

/// The names of the first and last column, how many there are, and those with people in them.
fn outline(figures: &Figures) -> (String, String, usize, Vec<(String, u64)>) {
    let columns = &figures.chart.columns;
    let filled = columns.iter().filter(|column| column.people > 0);
    (
        columns[0].long.clone(),
        columns.last().unwrap().long.clone(),
        columns.len(),
        filled.map(|column| (column.long.clone(), column.people)).collect(),
    )
}

#[track_caller]
fn check(range: Range, now: &str, clicks: &[&str], (first, last, count): (&str, &str, usize), filled: &[(&str, u64)]) {
    let figures = figures(range, now, clicks);
    let filled: Vec<_> = filled.iter().map(|(name, people)| ((*name).to_owned(), *people)).collect();
    assert_eq!(outline(&figures), (first.to_owned(), last.to_owned(), count, filled), "{range:?} at {now}");
    let people = figures.chart.columns.iter().map(|column| column.people).sum::<u64>();
    assert_eq!(people + figures.uncharted, figures.people, "the columns are the number");
}

#[test]
fn words_name_ranges_and_anything_else_is_thirty_days() {
    for (word, range) in [
        ("24h", Range::Hours24),
        ("7d", Range::Days(7)),
        ("", Range::Days(30)),
        ("90d", Range::Days(90)),
        ("12m", Range::Months12),
        ("all", Range::AllTime),
        ("30d", Range::Days(30)),
        ("7D", Range::Days(30)),
        ("\u{0}", Range::Days(30)),
    ] {
        assert_eq!(of_word(word).range, range, "{word:?}");
    }
}

#[test]
fn days_change_at_midnight_in_utc() {
    let clicks = ["2026-11-19T23:59", "2026-11-20T00:00", "2026-11-13T23:59", "2026-11-14T00:00"];
    let week = Range::Days(7);
    let whole = [("14 Nov 2026", 1), ("19 Nov 2026", 1), ("20 Nov 2026", 1)];
    check(week, "2026-11-20T00:00", &clicks, ("14 Nov 2026", "20 Nov 2026", 7), &whole);
    check(week, "2026-11-20T23:59", &clicks, ("14 Nov 2026", "20 Nov 2026", 7), &whole);
    // A minute earlier today's click has not happened: it is a wrong clock's.
    let earlier = [("13 Nov 2026", 1), ("14 Nov 2026", 1), ("19 Nov 2026", 1)];
    check(week, "2026-11-19T23:59", &clicks, ("13 Nov 2026", "19 Nov 2026", 7), &earlier);
    check(Range::Days(30), "2026-11-20T00:00", &[], ("22 Oct 2026", "20 Nov 2026", 30), &[]);
    check(Range::Days(90), "2026-11-20T00:00", &[], ("23 Aug 2026", "20 Nov 2026", 90), &[]);
}

#[test]
fn hours_run_over_midnight_and_end_with_this_one() {
    let clicks = ["2026-11-19T10:59", "2026-11-19T11:00", "2026-11-19T23:59", "2026-11-20T00:00", "2026-11-20T10:01"];
    let filled = [("19 Nov, 11:00", 1), ("19 Nov, 23:00", 1), ("20 Nov, 00:00", 1), ("20 Nov, 10:00", 1)];
    check(Range::Hours24, "2026-11-20T10:30", &clicks, ("19 Nov, 11:00", "20 Nov, 10:00", 24), &filled);
    let figures = figures(Range::Hours24, "2026-11-20T10:30", &clicks);
    assert_eq!((figures.people, figures.bots, figures.change), (4, 8, Some(Change::Percent(300))));
    check(Range::Hours24, "2026-11-20T00:00", &[], ("19 Nov, 01:00", "20 Nov, 00:00", 24), &[]);
    check(Range::Hours24, "2026-11-20T23:59", &[], ("20 Nov, 00:00", "20 Nov, 23:00", 24), &[]);
}

#[test]
fn months_are_whole_whatever_their_length() {
    let clicks = ["2027-12-31T23:59", "2028-02-29T12:00", "2028-03-01T00:00", "2028-02-01T00:00", "2027-03-31T00:00"];
    let filled = [("Dec 2027", 1), ("Feb 2028", 2), ("Mar 2028", 1)];
    check(Range::Months12, "2028-03-31T12:00", &clicks, ("Apr 2027", "Mar 2028", 12), &filled);
    assert_eq!(figures(Range::Months12, "2028-03-31T12:00", &clicks).change, Some(Change::Percent(300)));
    check(
        Range::Months12,
        "2028-02-29T00:00",
        &clicks[..2],
        ("Mar 2027", "Feb 2028", 12),
        &[("Dec 2027", 1), ("Feb 2028", 1)],
    );
}

#[test]
fn a_leap_day_is_a_day() {
    let clicks = ["2028-02-28T00:00", "2028-02-29T00:00", "2028-03-01T00:00"];
    let filled = [("28 Feb 2028", 1), ("29 Feb 2028", 1), ("1 Mar 2028", 1)];
    check(Range::Days(7), "2028-03-02T00:00", &clicks, ("25 Feb 2028", "2 Mar 2028", 7), &filled);
    check(Range::Days(7), "2027-03-02T00:00", &[], ("24 Feb 2027", "2 Mar 2027", 7), &[]);
}

#[test]
fn all_time_begins_with_the_first_click_in_steps_that_leave_room() {
    let now = "2026-11-20T12:00";
    let all = Range::AllTime;
    check(all, now, &[], ("20 Nov 2026", "20 Nov 2026", 1), &[]);
    check(all, now, &["2026-11-18T00:00"], ("18 Nov 2026", "20 Nov 2026", 3), &[("18 Nov 2026", 1)]);
    for (first, unit, name, count) in [
        ("2026-08-21T00:00", Unit::Day, "21 Aug 2026", 92),
        ("2026-08-20T00:00", Unit::Week, "Week of 17 Aug 2026", 14),
        ("2025-03-01T00:00", Unit::Week, "Week of 24 Feb 2025", 91),
        ("2024-03-01T00:00", Unit::Month, "Mar 2024", 33),
        ("2016-11-20T00:00", Unit::Month, "Nov 2016", 121),
        ("2014-03-01T00:00", Unit::Year, "2014", 13),
        ("1970-01-01T00:00", Unit::Year, "1970", 57),
    ] {
        let figures = figures(all, now, &[first, now]);
        assert_eq!(figures.chart.unit, unit, "{first}");
        let (found, _, columns, filled) = outline(&figures);
        assert_eq!((found.as_str(), columns, filled.len()), (name, count, 2), "{first}");
    }
}

#[test]
fn clicks_from_the_future_are_in_all_time_only() {
    let clicks = ["2026-11-20T12:00", "2026-11-22T12:00"];
    check(Range::Days(7), "2026-11-20T13:00", &clicks, ("14 Nov 2026", "20 Nov 2026", 7), &[("20 Nov 2026", 1)]);
    let both = [("20 Nov 2026", 1), ("22 Nov 2026", 1)];
    check(Range::AllTime, "2026-11-20T13:00", &clicks, ("20 Nov 2026", "22 Nov 2026", 3), &both);
    check(Range::Hours24, "2026-11-20T11:59", &clicks, ("19 Nov, 12:00", "20 Nov, 11:00", 24), &[]);
}

#[test]
fn clocks_at_either_end_of_time_draw_something() {
    for range in RANGES.map(|named| named.range) {
        for now in [i64::MIN, -1, 0, 1, i64::MAX].map(Timestamp::from_ms) {
            for day in [calendar::FIRST_DAY, Day::MAX] {
                let hours = vec![(0, u64::MAX)];
                let most = u64::MAX;
                let days =
                    vec![OneDay { day, people: most, bots: most, visitors: most, bot_hours: hours.clone(), hours }];
                let numbers = Numbers { humans: u64::MAX, bots: u64::MAX, last: None };
                let history = History { days, numbers, ..History::default() };
                let figures = range.figures(now, LONG_AGO, &history);
                assert!((1..=200).contains(&figures.chart.columns.len()), "{range:?} {now:?}");
            }
        }
    }
}

#[test]
fn a_change_needs_a_period_before() {
    let now = "2026-11-20T12:00";
    let clicks = ["2026-11-20T11:00", "2026-11-10T12:00"];
    let change = |range: Range, created: &str, clicks: &[&str]| {
        range.figures(at(now), at(created), &history(range, now, clicks)).change
    };
    for (range, created, clicks, expected) in [
        (Range::Days(7), "2026-11-01T00:00", clicks.as_slice(), Some(Change::Percent(0))),
        (Range::Days(7), "2026-11-01T00:00", &clicks[..1], Some(Change::New)),
        (Range::Days(7), "2026-11-01T00:00", &clicks[1..], Some(Change::Percent(-100))),
        (Range::Days(7), "2026-11-13T23:59", &[], Some(Change::Percent(0))),
        (Range::Days(7), "2026-11-14T00:00", &clicks, None),
        (Range::Hours24, "2026-11-19T12:00", &clicks, None),
        (Range::Hours24, "2026-11-19T11:59", &clicks, Some(Change::New)),
        (Range::AllTime, "2020-01-01T00:00", &clicks, None),
    ] {
        assert_eq!(change(range, created, clicks), expected, "{range:?} {created} {clicks:?}");
    }
}

#[test]
fn what_is_not_over_is_compared_with_as_much_of_the_period_before() {
    for (range, now, before, counts) in [
        (Range::Days(7), "2026-11-20T12:30", "2026-11-13T12:59", true),
        (Range::Days(7), "2026-11-20T12:30", "2026-11-13T13:00", false),
        (Range::Days(7), "2026-11-20T12:30", "2026-11-12T23:59", true),
        (Range::Days(30), "2026-11-20T00:10", "2026-10-21T01:00", false),
        (Range::Days(30), "2026-11-20T23:10", "2026-10-21T23:59", true),
        (Range::Months12, "2026-11-20T12:30", "2025-11-20T12:00", true),
        (Range::Months12, "2026-11-20T12:30", "2025-11-20T13:00", false),
        (Range::Months12, "2026-11-20T12:30", "2025-11-30T00:00", false),
        (Range::Months12, "2026-11-20T12:30", "2025-10-31T23:00", true),
        // There was no such day a year ago.
        (Range::Months12, "2028-02-29T12:30", "2027-02-28T12:00", true),
        (Range::Months12, "2028-02-29T12:30", "2027-02-28T13:00", false),
    ] {
        let expected = if counts { Change::Percent(-100) } else { Change::Percent(0) };
        assert_eq!(figures(range, now, &[before]).change, Some(expected), "{range:?} {now} {before}");
    }
}

#[test]
fn days_on_which_nobody_was_told_apart_are_told() {
    let now = "2026-11-20T12:00";
    let mut history = history(Range::Days(7), now, &["2026-11-18T11:00", "2026-11-20T11:00"]);
    for (visitors, has_uncounted_days) in [(1, false), (0, true)] {
        history.days[0].visitors = visitors;
        let figures = Range::Days(7).figures(at(now), LONG_AGO, &history);
        assert_eq!((figures.visitors, figures.has_uncounted_days), (1 + visitors, has_uncounted_days));
    }
}

#[test]
fn what_is_known_only_as_a_sum_is_said() {
    let mut history = history(Range::AllTime, "2026-11-20T12:00", &["2026-11-20T11:00"]);
    history.numbers.humans = 1_205;
    let figures = Range::AllTime.figures(at("2026-11-20T12:00"), LONG_AGO, &history);
    assert_eq!((figures.people, figures.uncharted), (1_205, 1_204));
}

#[test]
fn the_store_is_asked_for_the_range_and_the_one_before() {
    let now = at("2026-11-20T12:00");
    for (range, first, tally) in [
        (Range::Hours24, "2026-11-18", "2026-11-19"),
        (Range::Days(7), "2026-11-07", "2026-11-14"),
        (Range::Days(30), "2026-09-22", "2026-10-22"),
        (Range::Months12, "2024-12-01", "2025-12-01"),
    ] {
        let days = day_of(first)..=day_of("2026-11-20");
        assert_eq!(range.period(now), Period { days, tally: TallyOf::Since(day_of(tally)) });
    }
}

#[test]
fn visitors_are_those_of_whole_days_and_bots_those_of_the_range() {
    let clicks = ["2026-11-18T23:00", "2026-11-19T11:59", "2026-11-19T12:00", "2026-11-20T09:00", "2026-11-20T12:30"];
    for (range, people, visitors, bots) in
        [(Range::Hours24, 2, 2, 4), (Range::Days(7), 5, 3, 10), (Range::Months12, 5, 3, 10), (Range::AllTime, 5, 3, 10)]
    {
        // Of the last 24 hours the first began at 13:00.
        let figures = figures(range, "2026-11-20T12:45", &clicks);
        assert_eq!((figures.people, figures.visitors, figures.bots), (people, visitors, bots), "{range:?}");
        let columns = figures.chart.columns.iter();
        let in_columns = columns.fold((0, 0), |sum, column| (sum.0 + column.visitors, sum.1 + column.bots));
        assert_eq!(in_columns, (if range == Range::Hours24 { 0 } else { visitors }, bots), "{range:?}");
    }
}
