//! One link: where it leads, and who has followed it.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::ui::badge::{self, LinkState};
use crate::ui::bars::{self, Bar};
use crate::ui::columns::{self, Bots, Chart, Unit};
use crate::ui::icon::{self, Icon};
use crate::ui::layout::{self, Frame};
use crate::ui::link_list::Filter;
use crate::ui::{copy, export, moment, number};

/// A link and its numbers.
#[derive(Debug, Clone)]
pub(crate) struct LinkDetail<'a> {
    pub(crate) id: &'a str,
    /// The whole short address.
    pub(crate) url: &'a str,
    pub(crate) state: LinkState,
    /// May be empty.
    pub(crate) title: &'a str,
    pub(crate) target: &'a str,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    /// Clicks of all time.
    pub(crate) ever: Clicks,
    /// The ranges to choose from.
    pub(crate) ranges: Vec<Filter>,
    /// The chosen one in words: `30 days`; `None` for all time.
    pub(crate) length: Option<&'static str>,
    /// Clicks in it.
    pub(crate) clicks: Clicks,
    pub(crate) change: Option<Change>,
    pub(crate) chart: Chart,
    /// People that are in the number of all clicks, but in no column.
    pub(crate) uncharted: u64,
    /// Some of it could not be read.
    pub(crate) is_damaged: bool,
    /// Whether chart and recent clicks show bots and previews too.
    pub(crate) bots: Bots,
    /// This page, and this page the other way with bots.
    pub(crate) here: String,
    pub(crate) other_bots: String,
    pub(crate) last_click_at: Option<Timestamp>,
    pub(crate) referrers: Vec<Bar>,
    pub(crate) browsers: Vec<Bar>,
    pub(crate) systems: Vec<Bar>,
    /// Newest first.
    pub(crate) recent: Vec<RecentClick>,
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

/// A line of the recent clicks; texts may be empty.
#[derive(Debug, Clone)]
pub(crate) struct RecentClick {
    pub(crate) at: Timestamp,
    pub(crate) referrer: String,
    pub(crate) browser: String,
    pub(crate) system: String,
    /// The visitor's address as far as it is kept.
    pub(crate) address: String,
    /// A word for clicks that were no person's: bot, preview, prefetch.
    pub(crate) class: Option<&'static str>,
    /// Why it was given that class, as a sentence.
    pub(crate) reason: &'static str,
}

/// Draws the link's page.
pub(crate) fn page(frame: &Frame<'_>, link: &LinkDetail<'_>) -> Markup {
    let main = html! {
        (head(link))
        (facts(link))
        (numbers(link))
        @if link.ever.people == 0 && (link.ever.bots == 0 || link.bots == Bots::Hide) {
            p #none.empty { "No clicks yet. Share the link or open it yourself." }
        } @else {
            (history(link))
            (recent_clicks(link))
        }
    };
    layout::page(frame, main)
}

fn head(link: &LinkDetail<'_>) -> Markup {
    html! {
        div.head {
            h1.head-address { (copy::shown(link.url)) }
            (copy::button(link.url))
            (badge::state(link.state))
            div.buttons.head-actions {
                (export::of_link(link.id))
                a.button href={ "/links/" (link.id) "/edit" } {
                    (icon::draw(Icon::Pencil))
                    span { "Edit" }
                }
                a.button.danger href={ "/links/" (link.id) "/delete" } {
                    (icon::draw(Icon::Trash))
                    span { "Delete" }
                }
            }
        }
    }
}

fn facts(link: &LinkDetail<'_>) -> Markup {
    html! {
        dl.facts {
            @if !link.title.is_empty() {
                dt { "Title" }
                dd { (link.title) }
            }
            dt { "Leads to" }
            dd {
                (target(link.target))
            }
            dt { "Created" }
            dd { (moment::minute(link.created_at)) }
            dt { "Expires" }
            dd {
                @match link.expires_at {
                    Some(at) => (moment::minute(at)),
                    None => "never",
                }
            }
        }
    }
}

/// The whole target, as a link only if following it is what it looks like.
fn target(target: &str) -> Markup {
    let is_web = target.starts_with("https://") || target.starts_with("http://");
    html! {
        @if is_web {
            a.whole href=(target) rel="noopener noreferrer nofollow" { (target) }
        } @else {
            span.whole { (target) }
        }
    }
}

fn numbers(link: &LinkDetail<'_>) -> Markup {
    html! {
        div.toolbar {
            h2 { "Clicks" }
            nav.filters aria-label="Range" {
                @for range in &link.ranges {
                    a href=(range.href) aria-current=[range.is_current.then_some("true")] { (range.label) }
                }
            }
        }
        div.tiles data-live={ "/links/" (link.id) "/live" } data-told={ (link.ever.people) " " (link.ever.bots) } {
            div.tile {
                span.tile-number { (number::grouped(link.clicks.people)) }
                span.tile-label {
                    (if link.clicks.people == 1 { "click" } else { "clicks" })
                    " in " (link.length.unwrap_or("all"))
                    @if let (Some(change), Some(length)) = (link.change, link.length) {
                        br;
                        (changed(change, length))
                    }
                }
            }
            div.tile {
                span.tile-number { (number::grouped(link.clicks.bots)) }
                span.tile-label {
                    (if link.clicks.bots == 1 { "click" } else { "clicks" })
                    " by bots and previews "
                    @if link.bots == Bots::Show {
                        a href=(link.other_bots) { "Hide them" }
                    } @else if link.ever.bots > 0 {
                        a href=(link.other_bots) { "Show them" }
                    }
                }
            }
            div.tile {
                span.tile-number.tile-text {
                    @match link.last_click_at {
                        Some(at) => (moment::minute(at)),
                        None => "never",
                    }
                }
                span.tile-label { "last click" }
            }
        }
        p #more.note hidden {
            "There are new clicks. "
            a href=(link.here) { "Reload to see them below" }
        }
        @if link.is_damaged {
            p.note role="alert" {
                "Some of these numbers could not be read from the data file. Tell the administrator of this server."
            }
        }
    }
}

/// The change as text; nothing in it depends on colour.
fn changed(change: Change, length: &str) -> Markup {
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

/// The chart, and who came from where with what.
fn history(link: &LinkDetail<'_>) -> Markup {
    let is_empty = link.clicks.people == 0 && (link.clicks.bots == 0 || link.bots == Bots::Hide);
    html! {
        @if is_empty {
            p.empty { "No clicks in the last " (link.length.unwrap_or_default()) "." }
        } @else {
            section.history aria-label="Clicks over time" {
                (columns::chart(&link.chart, link.bots))
                @if link.uncharted > 0 {
                    p.help { "Of " (number::counted(link.uncharted, "more click")) " no day is known." }
                }
                @if link.chart.unit == Unit::Hour {
                    p.help {
                        "Bots, referrers, browsers and systems are counted by day: these are of yesterday and today, in UTC."
                    }
                }
            }
            div.bar-lists {
                (bars::list("Referrers", &link.referrers))
                (bars::list("Browsers", &link.browsers))
                (bars::list("Systems", &link.systems))
            }
        }
    }
}

fn recent_clicks(link: &LinkDetail<'_>) -> Markup {
    html! {
        section {
            h2 #recent { "Recent clicks" }
            @if link.recent.is_empty() {
                p.muted { "Nothing yet." }
            } @else {
                div.scroll tabindex="0" role="region" aria-labelledby="recent" {
                    table {
                        caption.unseen { "Recent clicks, newest first" }
                        thead {
                            tr {
                                @for label in ["Time", "Referrer", "Browser", "System", "Address"] {
                                    th scope="col" { (label) }
                                }
                            }
                        }
                        tbody {
                            @for click in &link.recent {
                                (click_row(click))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn click_row(click: &RecentClick) -> Markup {
    html! {
        tr {
            td.cell-time {
                (moment::minute(click.at))
                @if let Some(class) = click.class {
                    " "
                    span.badge title=(click.reason) { (class) }
                }
            }
            td.cell-referrer { (or_dash(&click.referrer)) }
            td { (or_dash(&click.browser)) }
            td { (or_dash(&click.system)) }
            td { (or_dash(&click.address)) }
        }
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
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
