//! Where a short link leads, for those who look before they follow it.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::ui::layout::{self, Frame};
use crate::ui::{copy, moment, qr};

/// A link as strangers may know it.
#[derive(Debug, Clone)]
pub(crate) struct Preview<'a> {
    /// The whole short address.
    pub(crate) url: &'a str,
    pub(crate) target: &'a str,
    /// The target's host.
    pub(crate) host: &'a str,
    /// May be empty.
    pub(crate) title: &'a str,
    pub(crate) created_at: Timestamp,
    /// When it began to lead where it leads, if it led elsewhere before.
    pub(crate) target_changed_at: Option<Timestamp>,
}

/// Draws the page.
pub(crate) fn page(frame: &Frame<'_>, preview: &Preview<'_>) -> Markup {
    let main = html! {
        div.form {
            h1 { "This link leads to " (preview.host) }
            dl.facts {
                dt { "Short address" }
                dd { code.whole { (copy::shown(preview.url)) } }
                dt { "Leads to" }
                dd.whole { (preview.target) }
                @if !preview.title.is_empty() {
                    dt { "Title" }
                    dd { (preview.title) }
                }
                dt { "Created" }
                dd { (moment::minute(preview.created_at)) }
                @if let Some(at) = preview.target_changed_at {
                    dt { "Leads there since" }
                    dd { (moment::minute(at)) }
                }
            }
            p.buttons {
                a.button.primary href=(preview.target) rel="noopener noreferrer nofollow ugc" { "Continue" }
            }
            p { (qr::draw(preview.url)) }
        }
    };
    layout::page(frame, main)
}
