//! The list of a person's links: quick add, search, filter, table.
//!
//! On narrow screens the style sheet turns every row into a card and the table's head into a line of sort links.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::limits::SEARCH_BYTES_MAX;
use crate::ui::badge::{self, LinkState};
use crate::ui::icon::{self, Icon};
use crate::ui::layout::{self, Frame};
use crate::ui::pager::{self, Pager};
use crate::ui::quick_add::{self, Focus};
use crate::ui::{action, copy, export, field, moment, number, sparkline};

/// Characters of a target that a row shows; more do not fit beside the other columns.
const TARGET_CHARS_MAX: usize = 64;

/// One page of the list, and where its links lead.
#[derive(Debug, Clone)]
pub(crate) struct LinkList<'a> {
    /// Whose links they are.
    pub(crate) title: &'a str,
    /// False for those that somebody only looks after: there are no new ones.
    pub(crate) is_own: bool,
    /// The lists there are; empty when there is only one.
    pub(crate) lists: Vec<List>,
    /// All links of this person.
    pub(crate) total: u64,
    /// How many of them are listed here and on the pages around it, where a search has counted them.
    pub(crate) matches: Option<u64>,
    /// The search words.
    pub(crate) query: &'a str,
    /// Fields that a new search keeps: status and order.
    pub(crate) kept: Vec<(&'static str, String)>,
    /// All, and the states.
    pub(crate) filters: Vec<Filter>,
    pub(crate) columns: Columns,
    pub(crate) rows: Vec<Row>,
    pub(crate) pager: Pager,
    /// Links whose rows in the data file are damaged.
    pub(crate) damaged: u64,
    /// How many of the newest links were searched, if not all of them.
    pub(crate) searched_only: Option<u64>,
    /// The list without search words and filter.
    pub(crate) clear_href: &'a str,
}

/// A list of links: one's own, or those of a removed user that one looks after.
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) is_current: bool,
}

/// A way to narrow the list.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pub(crate) label: &'static str,
    pub(crate) href: String,
    pub(crate) is_current: bool,
}

/// The columns that sort.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    pub(crate) address: Column,
    pub(crate) clicks: Column,
    pub(crate) created: Column,
}

/// A column's head: where its link leads, and whether the list is sorted by it now.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) href: String,
    pub(crate) order: Order,
}

/// How a column is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Unsorted,
    Ascending,
    Descending,
}

/// A link in the list.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    /// The whole short address.
    pub(crate) url: String,
    /// May be empty.
    pub(crate) title: String,
    pub(crate) target: String,
    pub(crate) clicks: u64,
    /// People on each of the last days, the oldest first.
    pub(crate) daily: Vec<u64>,
    pub(crate) created_at: Timestamp,
    pub(crate) state: LinkState,
    /// Was made by the request before this one; the row stands out.
    pub(crate) is_new: bool,
}

/// Draws the list.
pub(crate) fn page(frame: &Frame<'_>, list: &LinkList<'_>) -> Markup {
    let focus = if list.total == 0 { Focus::Take } else { Focus::Leave };
    let main = html! {
        div.head {
            h1 { (list.title) }
            @if list.is_own {
                div.buttons.head-actions {
                    @if list.total > 0 {
                        (export::of_links())
                        a.button href="/links/statistics" { "Statistics" }
                    }
                    a.button href="/links/new" {
                        (icon::draw(Icon::Plus))
                        span { "New link" }
                    }
                }
            }
        }
        (lists(&list.lists))
        @if list.is_own {
            (quick_add::form(frame.csrf_token, focus))
        } @else {
            p.help { "The account is removed. Its links go on under their addresses, and you look after them." }
        }
        @if list.total == 0 {
            p.empty { (if list.is_own { "You have no links yet. Create your first one!" } else { "No links are left." }) }
        } @else {
            (toolbar(list))
            @if let Some(count) = list.searched_only {
                p.note { "Only the newest " (number::grouped(count)) " links were searched." }
            }
            @if list.damaged > 0 {
                p.note role="alert" {
                    (number::counted(list.damaged, "link"))
                    " could not be read from the data file. Tell the administrator of this server."
                }
            }
            @if list.rows.is_empty() {
                (no_match(list))
            } @else {
                (table(list))
                (action::form(frame))
                (with_selected(frame))
            }
            (pager::links(&list.pager))
        }
    };
    layout::page(frame, main)
}

fn lists(lists: &[List]) -> Markup {
    html! {
        @if !lists.is_empty() {
            nav.filters.tabs aria-label="Lists of links" {
                @for list in lists {
                    a href=(list.href) aria-current=[list.is_current.then_some("page")] { (list.label) }
                }
            }
        }
    }
}

fn toolbar(list: &LinkList<'_>) -> Markup {
    html! {
        div.toolbar {
            p.count {
                @if let Some(matches) = list.matches {
                    (number::grouped(matches))
                    " of "
                }
                (number::counted(list.total, "link"))
            }
            search {
                form.search method="get" action="/links" {
                    @for (name, value) in &list.kept {
                        input type="hidden" name=(name) value=(value);
                    }
                    label.unseen for="search" { "Search links" }
                    input #search name="q" type="search" value=(list.query) placeholder="Search" maxlength=(SEARCH_BYTES_MAX)
                        autocomplete="off";
                    button type="submit" aria-label="Search" {
                        (icon::draw(Icon::Search))
                    }
                }
            }
            nav.filters aria-label="Status" {
                @for filter in &list.filters {
                    a href=(filter.href) aria-current=[filter.is_current.then_some("true")] { (filter.label) }
                }
            }
        }
    }
}

/// What can be done with several links at once. The boxes in the table belong to this form.
fn with_selected(frame: &Frame<'_>) -> Markup {
    html! {
        form.buttons #selected method="post" action="/links/selected" {
            (field::token(frame.csrf_token))
            input type="hidden" name="next" value=(frame.here);
            span.muted { "With selected:" }
            // Enter in a box presses the first button of the form. This one closes a dialog, and there is none.
            button type="submit" formmethod="dialog" hidden { "Nothing" }
            button.small type="submit" name="do" value="enable" { "Enable" }
            button.small type="submit" name="do" value="disable" { "Disable" }
            button.small.danger type="submit" name="do" value="ask" { "Delete…" }
        }
    }
}

fn no_match(list: &LinkList<'_>) -> Markup {
    html! {
        p.empty {
            @if list.query.is_empty() {
                "No link is in this list. "
                a href=(list.clear_href) { "Show all links" }
            } @else {
                "No link matches “"
                (list.query)
                "”. "
                a href=(list.clear_href) { "Clear search" }
            }
        }
    }
}

fn table(list: &LinkList<'_>) -> Markup {
    html! {
        table.links {
            caption.unseen { "Your links" }
            thead {
                tr {
                    td {}
                    (column_head("Address", "", &list.columns.address))
                    th scope="col" { "Leads to" }
                    (column_head("Clicks", "number", &list.columns.clicks))
                    (column_head("Created", "", &list.columns.created))
                    th scope="col" {
                        span.unseen { "Actions" }
                    }
                }
            }
            tbody {
                @for row in &list.rows {
                    (table_row(row))
                }
            }
        }
    }
}

fn column_head(label: &str, class: &str, column: &Column) -> Markup {
    let (sorted, mark) = match column.order {
        Order::Unsorted => (None, ""),
        Order::Ascending => (Some("ascending"), "▲"),
        Order::Descending => (Some("descending"), "▼"),
    };
    html! {
        th scope="col" class=[(!class.is_empty()).then_some(class)] aria-sort=[sorted] {
            a href=(column.href) {
                (label)
                @if !mark.is_empty() {
                    span.sort-mark aria-hidden="true" { (mark) }
                }
            }
        }
    }
}

fn table_row(row: &Row) -> Markup {
    html! {
        tr.new-row[row.is_new] {
            td.cell-pick {
                label.pick {
                    span.unseen { "Select " (copy::shown(&row.url)) }
                    input type="checkbox" form="selected" name={ "link-" (row.id) } value="1";
                }
            }
            th.cell-address scope="row" {
                a.address href={ "/links/" (row.id) } { (copy::shown(&row.url)) }
                (copy::button(&row.url))
            }
            td.cell-target {
                @if !row.title.is_empty() {
                    span.title { (row.title) }
                    " "
                }
                @if row.state != LinkState::Active {
                    (badge::state(row.state))
                    " "
                }
                span.target title=(row.target) { (cut_middle(&row.target)) }
            }
            td.cell-clicks {
                (sparkline::draw(&row.daily))
                span.count-beside { (number::grouped(row.clicks)) }
                span.card-only { (if row.clicks == 1 { " click" } else { " clicks" }) }
            }
            td.cell-created {
                (moment::day(row.created_at))
            }
            td.cell-menu {
                (row_menu(row))
            }
        }
    }
}

fn row_menu(row: &Row) -> Markup {
    html! {
        details.menu {
            summary aria-label={ "Actions for " (copy::shown(&row.url)) } {
                (icon::draw(Icon::More))
            }
            div.menu-panel {
                a.menu-item href={ "/links/" (row.id) } { "Details" }
                a.menu-item href={ "/links/" (row.id) "/edit" } { "Edit" }
                a.menu-item href={ "/links/" (row.id) "/qr.svg" } { "QR code" }
                (badge::switch("menu-item", &format!("/links/{}", row.id), row.state))
                a.menu-item.danger-text href={ "/links/" (row.id) "/delete" } { "Delete" }
            }
        }
    }
}

/// A long target with its middle left out: host and ending tell links apart best.
pub(crate) fn cut_middle(target: &str) -> String {
    let chars: Vec<char> = target.chars().collect();
    if chars.len() <= TARGET_CHARS_MAX {
        return target.to_owned();
    }
    let tail = TARGET_CHARS_MAX / 3;
    let start: String = chars.iter().take(TARGET_CHARS_MAX - tail - 1).collect();
    let end: String = chars.iter().skip(chars.len() - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_targets_lose_their_middle_and_nothing_else() {
        let short = "https://shop.example/ü";
        assert_eq!(cut_middle(short), short);
        let long = format!("https://shop.example/{}/end", "ü".repeat(2000));
        let cut = cut_middle(&long);
        assert_eq!(cut.chars().count(), TARGET_CHARS_MAX);
        assert!(cut.starts_with("https://shop.example/ü"));
        assert!(cut.ends_with("ü/end"));
    }
}
