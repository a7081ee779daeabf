//! The question before a host is blocked.

use maud::{Markup, html};

use crate::ui::field::{self, Errors};
use crate::ui::layout::{self, Frame};
use crate::ui::number;

/// The host in question.
#[derive(Debug, Clone)]
pub(crate) struct AdminHostBlock<'a> {
    pub(crate) host: &'a str,
    /// How many links lead there.
    pub(crate) links: u64,
    /// False when there may be more: not all links were looked at.
    pub(crate) is_all: bool,
    /// The list that it was chosen in.
    pub(crate) back: &'a str,
    pub(crate) errors: &'a Errors,
}

/// Draws the question.
pub(crate) fn page(frame: &Frame<'_>, block: &AdminHostBlock<'_>) -> Markup {
    let links = number::counted(block.links, "link");
    let main = html! {
        div.form {
            h1.whole { "Block " (block.host) "?" }
            (field::summary("", block.errors))
            p.lead {
                (if block.is_all { "" } else { "At least " })
                (links)
                (if block.links == 1 { " leads" } else { " lead" })
                " there or to a host below it. Everyone who opens one will see “switched off”, and no new ones can be made. "
                "To take it back, remove the host from the blocked hosts in "
                a href="/admin/settings" { "Settings" }
                "."
            }
            form method="post" action="/admin/block-host" {
                (field::token(frame.csrf_token))
                input type="hidden" name="host" value=(block.host);
                input type="hidden" name="next" value=(block.back);
                div.buttons {
                    button.danger-solid type="submit" { "Block host" }
                    a.button href=(block.back) { "Cancel" }
                }
            }
        }
    };
    layout::page(frame, main)
}
