//! The few words under a redirect, for clients that do not follow it.

use maud::{Markup, html};

/// A link to where it leads.
pub(crate) fn body(target: &str) -> Markup {
    html! {
        "Moved to "
        a href=(target) { (target) }
    }
}
