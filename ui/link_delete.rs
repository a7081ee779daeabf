//! The question before a link is deleted.

use maud::{Markup, html};

use crate::ui::layout::{self, Frame};
use crate::ui::{copy, field, number};

/// The link in question.
#[derive(Debug, Clone)]
pub(crate) struct LinkDelete<'a> {
    /// Where its addresses begin.
    pub(crate) path: &'a str,
    /// Where whoever is asked came from.
    pub(crate) back: &'a str,
    /// The whole short address.
    pub(crate) url: &'a str,
    pub(crate) clicks: u64,
    /// Its earlier addresses go with it.
    pub(crate) has_aliases: bool,
}

/// Draws the question.
pub(crate) fn page(frame: &Frame<'_>, link: &LinkDelete<'_>) -> Markup {
    let clicks = match link.clicks {
        0 => "no clicks".to_owned(),
        count => number::counted(count, "click"),
    };
    let main = html! {
        div.form {
            h1 {
                "Delete "
                (copy::shown(link.url))
                "?"
            }
            p.lead {
                "It has "
                (clicks)
                ". Everyone who opens it will see “deleted”. "
                @if link.has_aliases {
                    "Its earlier addresses go with it. "
                }
                "This cannot be undone."
            }
            form method="post" action={ (link.path) "/delete" } {
                (field::token(frame.csrf_token))
                input type="hidden" name="next" value=(link.back);
                div.buttons {
                    button.danger-solid type="submit" { "Delete link" }
                    button type="submit" formaction={ (link.path) "/switch" } name="to" value="off" {
                        "Disable instead"
                    }
                    a.button href=(link.back) { "Cancel" }
                }
            }
        }
    };
    layout::page(frame, main)
}
