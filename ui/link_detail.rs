//! One link: where it leads, and who has followed it.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::ui::badge::{self, LinkState};
use crate::ui::icon::{self, Icon};
use crate::ui::layout::{self, Frame};
use crate::ui::statistics::{self, Statistics};
use crate::ui::{action, copy, export, moment, number};

/// A link and its numbers.
#[derive(Debug, Clone)]
pub(crate) struct LinkDetail<'a> {
    pub(crate) id: &'a str,
    /// The whole short address.
    pub(crate) url: &'a str,
    pub(crate) state: LinkState,
    /// Earlier addresses, whole, that lead where it leads, with their slugs; the oldest first.
    pub(crate) aliases: Vec<(String, String)>,
    /// May be empty.
    pub(crate) title: &'a str,
    pub(crate) target: &'a str,
    /// Where it led before, and until when; the latest first.
    pub(crate) past: Vec<(Timestamp, String)>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) statistics: Statistics,
    /// Newest first.
    pub(crate) recent: Vec<RecentClick>,
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
        @if link.state == LinkState::Blocked {
            p.note { "Links to this host are not allowed here. Visitors see “switched off”." }
        }
        (action::form(frame))
        (facts(link))
        (statistics::numbers(&link.statistics))
        @if link.statistics.is_empty() {
            (statistics::nothing("No clicks yet. Share the link or open it yourself."))
        } @else {
            (statistics::history(&link.statistics))
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
                a.button href={ "/links/" (link.id) "/qr.svg" } { "QR code" }
                (badge::switch("button", &format!("/links/{}", link.id), link.state))
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
            @if !link.past.is_empty() {
                dt { "Led before" }
                dd {
                    details.values {
                        summary { (number::counted(link.past.len() as u64, "change")) }
                        ul {
                            @for (until, target) in &link.past {
                                li {
                                    "Until "
                                    (moment::minute(*until))
                                    ": "
                                    span.whole { (target) }
                                }
                            }
                        }
                    }
                }
            }
            @if !link.aliases.is_empty() {
                dt { "Earlier addresses" }
                dd {
                    ul {
                        @for (url, slug) in &link.aliases {
                            li.copy {
                                code { (copy::shown(url)) }
                                (action::button("small", &format!("/links/{}/aliases", link.id), ("give_up", slug), "Give up"))
                            }
                        }
                    }
                }
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
