//! The one-line form for a new link, on the home page and above the list.
//!
//! It posts to the link form, which shows itself with the person's words when something is wrong with them.

use maud::{Markup, html};

use crate::limits::SLUG_BYTES_MAX;
use crate::ui::field;

/// Whether the first field takes the focus when the page opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Take,
    Leave,
}

/// Draws the form.
pub(crate) fn form(csrf_token: &str, focus: Focus) -> Markup {
    html! {
        form.quick method="post" action="/links/new" {
            (field::token(csrf_token))
            input type="hidden" name="enabled" value="1";
            div.field.quick-target {
                label for="quick-target" { "Long address" }
                input #quick-target name="target_url" type="text" inputmode="url" required
                    placeholder="https://" autocomplete="off" autocapitalize="none" spellcheck="false"
                    autofocus[focus == Focus::Take];
            }
            div.field.quick-slug {
                label for="quick-slug" {
                    "Slug "
                    span.muted { "optional" }
                }
                input #quick-slug name="slug" type="text" maxlength=(SLUG_BYTES_MAX) autocomplete="off" autocapitalize="none"
                    spellcheck="false";
            }
            button.primary type="submit" { "Shorten" }
        }
    }
}
