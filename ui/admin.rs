//! The state of the instance.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::limits::SEARCH_BYTES_MAX;
use crate::ui::icon::{self, Icon};
use crate::ui::layout::{self, Frame};
use crate::ui::{moment, number};

/// The instance in numbers.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) version: &'static str,
    pub(crate) uptime_s: u64,
    pub(crate) users: u64,
    pub(crate) links: u64,
    /// Clicks of all time, by who made them.
    pub(crate) people: u64,
    pub(crate) bots: u64,
    /// Clicks that are not on disk.
    pub(crate) waiting: u64,
    /// Clicks that were lost since the start.
    pub(crate) shed: u64,
    pub(crate) file_bytes: u64,
    pub(crate) free_bytes: u64,
    /// When the newest was made, and its size.
    pub(crate) last_backup: Option<(Timestamp, u64)>,
    /// When all of the data file was last looked at, and what was found.
    pub(crate) last_check: Option<(Timestamp, String)>,
    /// Whole sentences.
    pub(crate) warnings: Vec<String>,
}

/// The pages for administrators: their address and what they are called.
const PAGES: [(&str, &str); 5] = [
    ("/admin", "State"),
    ("/admin/users", "Users"),
    ("/admin/links", "Links"),
    ("/admin/statistics", "Statistics"),
    ("/admin/settings", "Settings"),
];

/// The way between the pages for administrators, one of which is shown.
pub(crate) fn pages(here: &str) -> Markup {
    html! {
        nav.filters.tabs aria-label="Administration" {
            @for (href, name) in PAGES {
                a href=(href) aria-current=[(href == here).then_some("page")] { (name) }
            }
        }
    }
}

/// Draws the page.
pub(crate) fn page(frame: &Frame<'_>, instance: &Instance) -> Markup {
    let main = html! {
        h1 { "Administration" }
        (pages("/admin"))
        @for warning in &instance.warnings {
            p.note role="alert" { (warning) }
        }
        (tiles(instance))
        (facts(instance))
    };
    layout::page(frame, main)
}

fn tiles(instance: &Instance) -> Markup {
    let tiles = [
        (instance.users, "user", "users", "/admin/users"),
        (instance.links, "link", "links", "/admin/links"),
        (instance.people, "click", "clicks", "/admin/statistics"),
    ];
    html! {
        div.tiles {
            @for (count, one, many, href) in tiles {
                div.tile {
                    span.tile-number { (number::grouped(count)) }
                    a.tile-label href=(href) { (if count == 1 { one } else { many }) }
                }
            }
        }
    }
}

fn facts(instance: &Instance) -> Markup {
    html! {
        dl.facts {
            dt { "Version" }
            dd { (instance.version) }
            dt { "Running for" }
            dd { (number::span(instance.uptime_s)) }
            dt { "Clicks by bots" }
            dd { (number::grouped(instance.bots)) }
            dt { "Waiting for the disk" }
            dd { (number::counted(instance.waiting, "click")) }
            dt { "Lost since the start" }
            dd { (number::counted(instance.shed, "click")) }
            dt { "Data file" }
            dd { (number::size(instance.file_bytes)) }
            dt { "Free on its disk" }
            dd { (number::size(instance.free_bytes)) }
            dt { "Last backup" }
            dd {
                @match instance.last_backup {
                    Some((made, bytes)) => {
                        (moment::minute(made))
                        ", "
                        (number::size(bytes))
                        ", examined when it was made"
                    }
                    None => "none yet",
                }
            }
            dt { "Last check" }
            dd {
                @match &instance.last_check {
                    Some((at, found)) => {
                        (moment::minute(*at))
                        ", "
                        (found)
                    }
                    None => "none since the start",
                }
            }
        }
    }
}

/// The search of a list at `path`.
pub(crate) fn search(path: &str, label: &str, query: &str) -> Markup {
    html! {
        div.toolbar {
            search {
                form.search method="get" action=(path) {
                    label.unseen for="search" { (label) }
                    input #search name="q" type="search" value=(query) placeholder="Search" maxlength=(SEARCH_BYTES_MAX)
                        autocomplete="off";
                    button type="submit" aria-label="Search" {
                        (icon::draw(Icon::Search))
                    }
                }
            }
        }
    }
}
