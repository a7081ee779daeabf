//! Buttons of a page that do one thing at once, each sent to an address of its own. They share one form, and lead back to
//! the page.

use maud::{Markup, html};

use crate::ui::field;
use crate::ui::layout::Frame;

/// The form that the buttons send. It stands anywhere on the page, once, and shows nothing.
pub(crate) fn form(frame: &Frame<'_>) -> Markup {
    html! {
        form #actions method="post" {
            (field::token(frame.csrf_token))
            input type="hidden" name="next" value=(frame.here);
        }
    }
}

/// A button that goes to `path` with one value.
pub(crate) fn button(class: &str, path: &str, (name, value): (&str, &str), label: &str) -> Markup {
    html! {
        button class=(class) type="submit" form="actions" formaction=(path) name=(name) value=(value) { (label) }
    }
}
