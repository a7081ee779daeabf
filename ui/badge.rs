//! The state of a link, in a word.

use maud::{Markup, html};

/// Whether a link leads anywhere now.
pub(crate) use crate::link::State as LinkState;

/// The badge of a state.
pub(crate) fn state(state: LinkState) -> Markup {
    html! {
        @match state {
            LinkState::Active => span.badge.badge-success { "Active" },
            LinkState::Disabled => span.badge { "Disabled" },
            LinkState::Expired => span.badge.badge-warning { "Expired" },
        }
    }
}
