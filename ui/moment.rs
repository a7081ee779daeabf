//! Points in time on a page: UTC in the text, turned into the reader's own zone by the script.

use maud::{Markup, html};

use crate::clock::Timestamp;

/// A day: `20 Nov 2026`, with the minute on hovering.
pub(crate) fn day(at: Timestamp) -> Markup {
    html! {
        time datetime=(at.rfc3339()) title=(at.minute_text()) data-show="day" {
            (at.day_text())
        }
    }
}

/// A minute: `20 Nov 2026, 14:02 UTC`.
pub(crate) fn minute(at: Timestamp) -> Markup {
    html! {
        time datetime=(at.rfc3339()) title=(at.minute_text()) data-show="minute" {
            (at.minute_text())
        }
    }
}
