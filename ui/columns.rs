//! The column chart: clicks by hour, day, week, month or year, and the same numbers as a table.
//!
//! Positions along the page are percentages and heights are pixels, so that the chart is as wide as its place and its
//! letters keep their size. Colours come from the style sheet: the content policy allows no inline style.

use maud::{Markup, html};

use crate::ui::number;

/// Pixels from the top: the highest column's end, the line that columns stand on, the end of the drawing.
const TOP: u64 = 16;
const BASE: u64 = 172;
const HEIGHT: u64 = 196;
/// A column with any clicks is at least this high, in pixels.
const COLUMN_MIN: u64 = 2;
/// Few columns stand on the left of as many places, so that none becomes a wall.
const PLACES_MIN: usize = 7;
/// Labels below the columns.
const LABELS: usize = 5;
/// A label that would begin this near the right end, in percent, is left out: it would be cut off on a phone.
const LABEL_ROOM_PERCENT: usize = 16;

/// What a chart draws. There is at least one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chart {
    pub(crate) unit: Unit,
    /// The oldest first.
    pub(crate) columns: Vec<Column>,
}

/// What one column stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Visitors are not known by the hour.
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// The clicks of one hour, day, week, month or year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// Below the chart, where there is little room.
    pub(crate) short: String,
    pub(crate) long: String,
    pub(crate) people: u64,
    /// Different people, summed up by day.
    pub(crate) visitors: u64,
    pub(crate) bots: u64,
}

/// Whether bots stand on top of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bots {
    Show,
    Hide,
}

impl Unit {
    const fn word(self) -> &'static str {
        match self {
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Year => "year",
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Unit::Hour => "Hour (UTC)",
            Unit::Day => "Day (UTC)",
            Unit::Week => "Week (UTC)",
            Unit::Month => "Month (UTC)",
            Unit::Year => "Year (UTC)",
        }
    }
}

/// Draws the chart and its table.
pub(crate) fn chart(chart: &Chart, bots: Bots) -> Markup {
    let places = chart.columns.len().max(PLACES_MIN);
    let highest = chart.columns.iter().map(|column| sum(column, bots)).max().unwrap_or_default();
    let scale = scale(highest);
    let middle = if scale.is_multiple_of(2) { Some(scale / 2) } else { None };
    html! {
        @if bots == Bots::Show {
            p.legend {
                span { (swatch("people")) "people" }
                span { (swatch("bots")) "bots and previews" }
            }
        }
        div.chart {
            div.scale aria-hidden="true" {
                span { (number::grouped(scale)) }
                @if let Some(middle) = middle {
                    span { (number::grouped(middle)) }
                }
                span { "0" }
            }
            svg width="100%" height=(HEIGHT) role="img" aria-labelledby="chart-name chart-words" {
                title #chart-name { "Clicks by " (chart.unit.word()) }
                desc #chart-words { (words(chart, bots)) }
                @for line in [Some(TOP), middle.map(|_| TOP.midpoint(BASE)), Some(BASE)].into_iter().flatten() {
                    line.grid x1="0" x2="100%" y1=(line) y2=(line) {}
                }
                @for (index, column) in chart.columns.iter().enumerate() {
                    (draw(column, (index, places), scale, bots))
                }
                @for (index, column) in labelled(&chart.columns, places) {
                    text.axis x=(percent(index, places)) y=(HEIGHT - 6) { (column.short) }
                }
            }
        }
        (table(chart, bots))
    }
}

fn swatch(class: &str) -> Markup {
    html! {
        svg width="10" height="10" aria-hidden="true" focusable="false" {
            rect class=(class) width="10" height="10" rx="2" {}
        }
    }
}

/// The chart in a sentence, for those who do not see it.
fn words(chart: &Chart, bots: Bots) -> String {
    let all = chart.columns.iter().fold(0, |all: u64, column| all.saturating_add(sum(column, bots)));
    let (Some(first), Some(last)) = (chart.columns.first(), chart.columns.last()) else { return String::new() };
    let whose = if bots == Bots::Show { "people, bots and previews" } else { "people" };
    let clicks = number::counted(all, "click");
    let mut words = format!("{clicks} by {whose} from {} to {}, in UTC", first.long, last.long);
    if let Some(most) = chart.columns.iter().rev().max_by_key(|column| sum(column, bots)).filter(|_| all > 0) {
        words += &format!("; the most, {}, in: {}", number::grouped(sum(most, bots)), most.long);
    }
    words + "."
}

fn sum(column: &Column, bots: Bots) -> u64 {
    match bots {
        Bots::Show => column.people.saturating_add(column.bots),
        Bots::Hide => column.people,
    }
}

/// Draws a column at one of so many places.
fn draw(column: &Column, (index, places): (usize, usize), scale: u64, bots: Bots) -> Markup {
    let people = height(column.people, scale);
    let on_top = if bots == Bots::Show { height(column.bots, scale) } else { 0 };
    // A tenth of the room stays free on either side.
    let (x, width) = (percent(10 * index + 1, 10 * places), percent(8, 10 * places));
    html! {
        g.column {
            title { (column.long) ": " (said(column, bots)) }
            rect.room x=(percent(index, places)) width=(percent(1, places)) height=(BASE) {}
            @if people > 0 {
                rect.people x=(x) y=(BASE - people) width=(width) height=(people) {}
            }
            @if on_top > 0 {
                rect.bots x=(x) y=(BASE.saturating_sub(people + on_top)) width=(width) height=(on_top) {}
            }
        }
    }
}

fn said(column: &Column, bots: Bots) -> String {
    let people = number::grouped(column.people);
    match bots {
        Bots::Show => format!("{people} by people, {} by bots and previews", number::grouped(column.bots)),
        Bots::Hide => people,
    }
}

/// A column's height in pixels.
fn height(count: u64, scale: u64) -> u64 {
    if count == 0 {
        return 0;
    }
    let room = BASE - TOP;
    let height = u128::from(count) * u128::from(room) / u128::from(scale.max(1));
    // At most the room: a count is at most the scale.
    u64::try_from(height).unwrap_or(room).clamp(COLUMN_MIN, room)
}

/// The number at the top of the chart: the next above the highest that people read easily.
fn scale(highest: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for factor in [1, 2, 4, 6, 8] {
            match power.checked_mul(factor) {
                Some(scale) if scale >= highest => return scale,
                Some(_) => {}
                None => return highest,
            }
        }
        let Some(next) = power.checked_mul(10) else { return highest };
        power = next;
    }
}

/// A share in percent, cut to hundredths.
fn percent(part: usize, whole: usize) -> String {
    let hundredths = part * 10_000 / whole.max(1);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// The columns that have a label below them.
fn labelled(columns: &[Column], places: usize) -> impl Iterator<Item = (usize, &Column)> {
    let every = places.div_ceil(LABELS);
    let has_room = move |index: usize| (places - index) * 100 >= LABEL_ROOM_PERCENT * places;
    columns.iter().enumerate().step_by(every).filter(move |(index, _)| has_room(*index))
}

fn table(chart: &Chart, bots: Bots) -> Markup {
    let has_visitors = chart.unit != Unit::Hour;
    html! {
        details.values {
            summary { "These numbers as a table" }
            table {
                caption.unseen { "Clicks by " (chart.unit.word()) ", the newest first" }
                thead {
                    tr {
                        th scope="col" { (chart.unit.heading()) }
                        th.number scope="col" { "Clicks" }
                        @if has_visitors {
                            th.number scope="col" { "Visitors" }
                        }
                        @if bots == Bots::Show {
                            th.number scope="col" { "Bots and previews" }
                        }
                    }
                }
                tbody {
                    @for column in chart.columns.iter().rev() {
                        tr {
                            th scope="row" { (column.long) }
                            td.number { (number::grouped(column.people)) }
                            @if has_visitors {
                                td.number { (visitors(column)) }
                            }
                            @if bots == Bots::Show {
                                td.number { (number::grouped(column.bots)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Nobody was told apart where there are people and no visitors: files of an early format did not, and some ask for it.
pub(crate) fn are_counted(people: u64, visitors: u64) -> bool {
    people == 0 || visitors > 0
}

fn visitors(column: &Column) -> String {
    if are_counted(column.people, column.visitors) {
        number::grouped(column.visitors)
    } else {
        "not counted".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_never_too_small() {
        for (highest, expected) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 4),
            (7, 8),
            (9, 10),
            (11, 20),
            (41, 60),
            (87, 100),
            (1_204, 2_000),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(scale(highest), expected, "{highest}");
        }
    }

    #[test]
    fn columns_stay_inside_and_are_seen() {
        for (count, scale, pixels) in
            [(0, 10, 0), (1, 1_000_000, COLUMN_MIN), (5, 10, 78), (10, 10, 156), (u64::MAX, u64::MAX, 156), (9, 0, 156)]
        {
            assert_eq!(height(count, scale), pixels, "{count} of {scale}");
        }
        assert_eq!((percent(1, 3), percent(0, 0), percent(3, 3)), ("33.33%".into(), "0.00%".into(), "100.00%".into()));
    }

    #[test]
    fn visitors_that_nobody_counted_are_not_none() {
        for (people, visitors, said) in [(0, 0, "0"), (3, 2, "2"), (3, 0, "not counted")] {
            let column = Column { short: String::new(), long: String::new(), people, visitors, bots: 0 };
            assert_eq!(super::visitors(&column), said);
        }
    }

    #[test]
    fn labels_are_few_and_keep_away_from_the_end() {
        let column = |at: usize| Column { short: at.to_string(), long: String::new(), people: 0, visitors: 0, bots: 0 };
        for (count, expected) in [
            (1, vec![0]),
            (3, vec![0, 2]),
            (7, vec![0, 2, 4]),
            (12, vec![0, 3, 6, 9]),
            (24, vec![0, 5, 10, 15, 20]),
            (30, vec![0, 6, 12, 18, 24]),
            (26, vec![0, 6, 12, 18]),
        ] {
            let columns: Vec<Column> = (0..count).map(column).collect();
            assert_eq!(
                labelled(&columns, count.max(PLACES_MIN)).map(|pair| pair.0).collect::<Vec<_>>(),
                expected,
                "{count}"
            );
        }
    }
}
