//! Clicks in numbers, as a chart and in lists: of one link on its page, of many links on a page of their own.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::ui::admin;
use crate::ui::bars::{self, Bar};
use crate::ui::columns::{self, Bots, Chart, Unit};
use crate::ui::layout::{self, Frame};
use crate::ui::link_list::Filter;
use crate::ui::{moment, number};

/// The clicks of a range.
#[derive(Debug, Clone)]
pub(crate) struct Statistics {
    /// Clicks of all time.
    pub(crate) ever: Clicks,
    /// Where they are told while they happen, if they are.
    pub(crate) live: Option<String>,
    /// The ranges to choose from.
    pub(crate) ranges: Vec<Filter>,
    /// The chosen one in words: `30 days`; `None` for all time.
    pub(crate) length: Option<&'static str>,
    /// Clicks in it.
    pub(crate) clicks: Clicks,
    /// Different people, summed up by day.
    pub(crate) visitors: u64,
    /// Of some days with people it is not known how many different ones they were.
    pub(crate) has_uncounted_days: bool,
    pub(crate) change: Option<Change>,
    pub(crate) chart: Chart,
    /// People that are in the number of all clicks, but in no column.
    pub(crate) uncharted: u64,
    /// Some of it could not be read.
    pub(crate) is_damaged: bool,
    /// Whether chart and lists show bots and previews too.
    pub(crate) bots: Bots,
    /// This page, and this page the other way with bots.
    pub(crate) here: String,
    pub(crate) other_bots: String,
    pub(crate) last_click_at: Option<Timestamp>,
    pub(crate) referrers: Vec<Bar>,
    pub(crate) browsers: Vec<Bar>,
    pub(crate) systems: Vec<Bar>,
    pub(crate) devices: Vec<Bar>,
    /// Bots and previews by why they were taken for such.
    pub(crate) reasons: Vec<Bar>,
    /// Times that a browser was ahead of its user.
    pub(crate) prefetches: u64,
}

/// The clicks on many links, on a page of their own.
#[derive(Debug, Clone)]
pub(crate) struct Overall<'a> {
    pub(crate) heading: &'a str,
    /// A page for administrators.
    pub(crate) is_of_site: bool,
    pub(crate) statistics: Statistics,
}

/// Draws the page of many links.
pub(crate) fn page(frame: &Frame<'_>, overall: &Overall<'_>) -> Markup {
    let statistics = &overall.statistics;
    let main = html! {
        h1 { (overall.heading) }
        @if overall.is_of_site {
            (admin::pages("/admin/statistics"))
        }
        (numbers(statistics))
        @if statistics.is_empty() {
            (nothing("No clicks yet. Share a link or open it yourself."))
        } @else {
            (history(statistics))
            p.help { "Clicks on links that were deleted since are in these numbers." }
        }
    };
    layout::page(frame, main)
}

/// Clicks by who made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clicks {
    pub(crate) people: u64,
    /// Bots and previews.
    pub(crate) bots: u64,
}

/// How many more or fewer people there are than in the period before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// There was nobody before.
    New,
    /// In percent; below zero for fewer.
    Percent(i64),
}

impl Change {
    /// The change from one number to another, rounded to whole percents.
    pub(crate) fn between(before: u64, now: u64) -> Change {
        if before == 0 {
            return if now == 0 { Change::Percent(0) } else { Change::New };
        }
        let (before, now) = (i128::from(before), i128::from(now));
        let percent = ((now - before) * 200 + before).div_euclid(2 * before);
        Change::Percent(i64::try_from(percent).unwrap_or(i64::MAX))
    }
}

impl Statistics {
    /// True when there is nothing to show, in any range.
    pub(crate) fn is_empty(&self) -> bool {
        self.ever.people == 0 && (self.ever.bots == 0 || self.bots == Bots::Hide)
    }
}

/// Says that there is nothing; the first click that is told live takes it away.
pub(crate) fn nothing(words: &str) -> Markup {
    html! {
        p #none.empty { (words) }
    }
}

/// Draws the ranges and the large numbers.
pub(crate) fn numbers(statistics: &Statistics) -> Markup {
    html! {
        div.toolbar {
            h2 { "Clicks" }
            nav.filters aria-label="Range" {
                @for range in &statistics.ranges {
                    a href=(range.href) aria-current=[range.is_current.then_some("true")] { (range.label) }
                }
            }
        }
        div.tiles data-live=[&statistics.live] data-told={ (statistics.ever.people) " " (statistics.ever.bots) } {
            div.tile {
                span.tile-number.live { (number::grouped(statistics.clicks.people)) }
                span.tile-label {
                    (if statistics.clicks.people == 1 { "click" } else { "clicks" })
                    " in " (statistics.length.unwrap_or("all"))
                    @if let (Some(change), Some(length)) = (statistics.change, statistics.length) {
                        br;
                        (changed(change, length))
                    }
                }
            }
            div.tile {
                span.tile-number { (number::grouped(statistics.visitors)) }
                span.tile-label {
                    (if statistics.visitors == 1 { "visitor" } else { "visitors" })
                    (of_which_days(statistics))
                    @if statistics.has_uncounted_days {
                        ", of days when they were counted"
                    }
                    br;
                    "Same person, same day: one visitor"
                }
            }
            div.tile {
                span.tile-number.live { (number::grouped(statistics.clicks.bots)) }
                span.tile-label {
                    (if statistics.clicks.bots == 1 { "click" } else { "clicks" })
                    " by bots and previews "
                    @if statistics.bots == Bots::Show {
                        a href=(statistics.other_bots) { "Hide them" }
                    } @else if statistics.ever.bots > 0 {
                        a href=(statistics.other_bots) { "Show them" }
                    }
                }
            }
            div.tile {
                span.tile-number.tile-text {
                    @match statistics.last_click_at {
                        Some(at) => (moment::minute(at)),
                        None => "never",
                    }
                }
                span.tile-label { "last click" }
            }
        }
        p #more.note hidden {
            "There are new clicks. "
            a href=(statistics.here) { "Reload to see them below" }
        }
        @if statistics.is_damaged {
            p.note role="alert" {
                "Some of these numbers could not be read from the data file. Tell the administrator of this server."
            }
        }
    }
}

/// The change as text; nothing in it depends on colour.
pub(crate) fn changed(change: Change, length: &str) -> Markup {
    html! {
        @match change {
            Change::New => { strong { "new" } ": none in the " (length) " before" },
            Change::Percent(0) => { "as many as in the " (length) " before" },
            Change::Percent(percent) => {
                strong {
                    (if percent < 0 { "−" } else { "+" })
                    (number::grouped(percent.unsigned_abs()))
                    " %"
                }
                " against the " (length) " before"
            }
        }
    }
}

/// What is only counted by day is not of the last 24 hours.
fn of_which_days(statistics: &Statistics) -> &'static str {
    if statistics.chart.unit == Unit::Hour { " yesterday and today" } else { "" }
}

/// The chart, and who came from where with what.
pub(crate) fn history(statistics: &Statistics) -> Markup {
    let clicks = statistics.clicks;
    let is_empty = clicks.people == 0 && (clicks.bots == 0 || statistics.bots == Bots::Hide);
    let list = |name: &str, bars: &[Bar]| bars::list(&format!("{name}{}", of_which_days(statistics)), bars);
    html! {
        @if is_empty {
            p.empty { "No clicks in the last " (statistics.length.unwrap_or_default()) "." }
        } @else {
            section.history aria-label="Clicks over time" {
                (columns::chart(&statistics.chart, statistics.bots))
                @if statistics.uncharted > 0 {
                    p.help { "Of " (number::counted(statistics.uncharted, "more click")) " no day is known." }
                }
            }
            div.bar-lists {
                (list("Referrers", &statistics.referrers))
                (list("Browsers", &statistics.browsers))
                (list("Systems", &statistics.systems))
                (list("Devices", &statistics.devices))
                @if statistics.bots == Bots::Show {
                    (list("Bots and previews", &statistics.reasons))
                }
            }
            @if statistics.bots == Bots::Show && statistics.prefetches > 0 {
                p.help {
                    "Not counted as clicks" (of_which_days(statistics)) ": "
                    (number::counted(statistics.prefetches, "time")) " a browser was ahead of its user."
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_in_whole_percents_and_never_divided_by_nothing() {
        for (before, now, expected) in [
            (0, 0, Change::Percent(0)),
            (0, 7, Change::New),
            (7, 0, Change::Percent(-100)),
            (100, 112, Change::Percent(12)),
            (3, 4, Change::Percent(33)),
            (3, 5, Change::Percent(67)),
            (3, 2, Change::Percent(-33)),
            (1_000, 1_001, Change::Percent(0)),
            (u64::MAX, 1, Change::Percent(-100)),
            (1, u64::MAX, Change::Percent(i64::MAX)),
        ] {
            assert_eq!(Change::between(before, now), expected, "{before} {now}");
        }
        let said = |change| changed(change, "7 days").into_string();
        assert!(said(Change::Percent(1_204)).contains("+1,204 %"));
        assert!(said(Change::Percent(-5)).contains("−5 %"));
    }
}
