//! The list of everybody's links.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::ui::badge::{self, LinkState};
use crate::ui::icon::{self, Icon};
use crate::ui::layout::{self, Frame};
use crate::ui::link_list::cut_middle;
use crate::ui::pager::{self, Pager};
use crate::ui::{action, admin, copy, moment, number};

/// One page of the list.
#[derive(Debug, Clone)]
pub(crate) struct AdminLinks<'a> {
    pub(crate) query: &'a str,
    pub(crate) rows: Vec<Row>,
    pub(crate) pager: Pager,
    /// Links whose rows in the data file are damaged.
    pub(crate) damaged: u64,
    /// How many links were looked at, if there are more that this page could have shown.
    pub(crate) looked_at: Option<u64>,
}

/// A link in the list.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The whole short address.
    pub(crate) url: String,
    pub(crate) owner: String,
    /// May be empty.
    pub(crate) title: String,
    pub(crate) target: String,
    pub(crate) created_at: Timestamp,
    pub(crate) state: LinkState,
    /// Where its addresses for administrators begin.
    pub(crate) path: String,
    /// Where its target's host is blocked, unless it is.
    pub(crate) block_href: Option<String>,
    pub(crate) delete_href: String,
}

/// Draws the page.
pub(crate) fn page(frame: &Frame<'_>, links: &AdminLinks<'_>) -> Markup {
    let main = html! {
        h1 { "Links" }
        (admin::pages("/admin/links"))
        (admin::search("/admin/links", "Search links", links.query))
        @if let Some(count) = links.looked_at {
            p.note { (number::grouped(count)) " links were looked at for this page; “Older” and “Newer” go on from there." }
        }
        @if links.damaged > 0 {
            p.note role="alert" { (number::counted(links.damaged, "link")) " could not be read from the data file." }
        }
        @if links.rows.is_empty() {
            p.empty {
                @if links.query.is_empty() {
                    "There are no links here. "
                } @else {
                    "No link matches “"
                    (links.query)
                    "”. "
                }
                a href="/admin/links" { "Show all links" }
            }
        } @else {
            (action::form(frame))
            (table(&links.rows))
        }
        (pager::links(&links.pager))
    };
    layout::page(frame, main)
}

fn table(rows: &[Row]) -> Markup {
    html! {
        table.links {
            caption.unseen { "Links of all users" }
            thead {
                tr {
                    @for label in ["Address", "Leads to", "Owner", "Created", "State"] {
                        th scope="col" { (label) }
                    }
                    th scope="col" {
                        span.unseen { "Actions" }
                    }
                }
            }
            tbody {
                @for row in rows {
                    (table_row(row))
                }
            }
        }
    }
}

fn table_row(row: &Row) -> Markup {
    html! {
        tr {
            th.cell-address scope="row" {
                span.address { (copy::shown(&row.url)) }
            }
            td.cell-target {
                @if !row.title.is_empty() {
                    span.title { (row.title) }
                    " "
                }
                span.target title=(row.target) { (cut_middle(&row.target)) }
            }
            td {
                a href={ "/admin/users/" (row.owner) } { (row.owner) }
            }
            td.muted { (moment::day(row.created_at)) }
            td { (badge::state(row.state)) }
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
                (badge::switch("menu-item", &row.path, row.state))
                @if let Some(href) = &row.block_href {
                    a.menu-item href=(href) { "Block this host" }
                }
                a.menu-item.danger-text href=(row.delete_href) { "Delete" }
            }
        }
    }
}
