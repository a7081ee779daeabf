//! The question before several links are deleted.

use maud::{Markup, html};

use crate::ui::layout::{self, Frame};
use crate::ui::{copy, field, number};

/// The links in question.
#[derive(Debug, Clone)]
pub(crate) struct LinkSelected<'a> {
    pub(crate) rows: Vec<Row>,
    /// The list that they were selected in.
    pub(crate) back: &'a str,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    /// The whole short address.
    pub(crate) url: String,
    pub(crate) clicks: u64,
}

/// Draws the question.
pub(crate) fn page(frame: &Frame<'_>, selected: &LinkSelected<'_>) -> Markup {
    let main = html! {
        div.form {
            h1 { "Delete " (number::counted(selected.rows.len() as u64, "link")) "?" }
            p.lead { "Everyone who opens one of these will see “deleted”. This cannot be undone." }
            form method="post" action="/links/selected" {
                (field::token(frame.csrf_token))
                input type="hidden" name="next" value=(selected.back);
                ul.top-links.field {
                    @for row in &selected.rows {
                        li {
                            input type="hidden" name={ "link-" (row.id) } value="1";
                            a.address href={ "/links/" (row.id) } { (copy::shown(&row.url)) }
                            span.top-clicks { (number::counted(row.clicks, "click")) }
                        }
                    }
                }
                div.buttons {
                    button.danger-solid type="submit" name="do" value="delete" { "Delete links" }
                    button type="submit" name="do" value="disable" { "Disable instead" }
                    a.button href=(selected.back) { "Cancel" }
                }
            }
        }
    };
    layout::page(frame, main)
}
