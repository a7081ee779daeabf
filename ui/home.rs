//! The home page in its three states: before the setup, for visitors, for people who are signed in.

use maud::{Markup, html};

use crate::ui::copy;
use crate::ui::layout::{self, Frame};
use crate::ui::number;
use crate::ui::quick_add::{self, Focus};
use crate::ui::statistics::{self, Change};

/// What the home page shows.
#[derive(Debug, Clone)]
pub(crate) enum Home {
    /// There is no administrator yet.
    NotSetUp,
    SignedOut,
    SignedIn(Overview),
}

/// A person's links in short.
#[derive(Debug, Clone)]
pub(crate) struct Overview {
    /// Clicks by people on all links, in 30 days.
    pub(crate) clicks: u64,
    pub(crate) change: Option<Change>,
    pub(crate) links: u64,
    /// Clicks by people since midnight, UTC.
    pub(crate) today: u64,
    /// At most five, most clicked first, of all time.
    pub(crate) most_clicked: Vec<TopLink>,
}

/// A line of the most clicked links.
#[derive(Debug, Clone)]
pub(crate) struct TopLink {
    pub(crate) id: String,
    /// The whole short address.
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) clicks: u64,
}

/// Draws the home page.
pub(crate) fn page(frame: &Frame<'_>, home: &Home) -> Markup {
    let main = match home {
        Home::NotSetUp => not_set_up(frame),
        Home::SignedOut => signed_out(frame),
        Home::SignedIn(overview) => signed_in(frame, overview),
    };
    layout::page(frame, main)
}

fn not_set_up(frame: &Frame<'_>) -> Markup {
    html! {
        div.welcome {
            h1 { (frame.site_name) }
            p.lead { "This server is not set up yet. The setup code is printed where it was started." }
            p {
                a.button.primary href="/setup" { "Set up" }
            }
        }
    }
}

fn signed_out(frame: &Frame<'_>) -> Markup {
    html! {
        div.welcome {
            h1 { (frame.site_name) }
            p.lead { "Short addresses for long links, and a count of who follows them." }
            p.buttons {
                a.button.primary href="/accounts/login" { "Log in" }
                @if frame.registration_open {
                    a.button href="/accounts/register" { "Register" }
                }
            }
        }
    }
}

fn signed_in(frame: &Frame<'_>, overview: &Overview) -> Markup {
    html! {
        h1 { (frame.site_name) }
        (quick_add::form(frame.csrf_token, Focus::Take))
        div.tiles {
            a.tile href="/links/statistics" {
                span.tile-number { (number::grouped(overview.clicks)) }
                span.tile-label {
                    (if overview.clicks == 1 { "click" } else { "clicks" })
                    " in 30 days"
                    @if let Some(change) = overview.change {
                        br;
                        (statistics::changed(change, "30 days"))
                    }
                }
            }
            a.tile href="/links" {
                span.tile-number { (number::grouped(overview.links)) }
                span.tile-label { (if overview.links == 1 { "link" } else { "links" }) }
            }
            a.tile href="/links/statistics?range=24h" {
                span.tile-number { (number::grouped(overview.today)) }
                span.tile-label { (if overview.today == 1 { "click today, UTC" } else { "clicks today, UTC" }) }
            }
        }
        section {
            h2 { "Most clicked of all time" }
            @if overview.most_clicked.is_empty() {
                p.muted { "No clicks yet. Share a link or open it yourself." }
            } @else {
                ol.top-links {
                    @for link in &overview.most_clicked {
                        li {
                            a.address href={ "/links/" (link.id) } { (copy::shown(&link.url)) }
                            span.top-title { (link.title) }
                            span.top-clicks { (number::counted(link.clicks, "click")) }
                        }
                    }
                }
            }
        }
    }
}
