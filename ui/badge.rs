//! The state of a link in a word, and the button that switches it.

use maud::{Markup, html};

use crate::ui::action;

/// Whether a link leads anywhere now.
pub(crate) use crate::link::State as LinkState;

/// The badge of a state.
pub(crate) fn state(state: LinkState) -> Markup {
    html! {
        @match state {
            LinkState::Active => span.badge.badge-success { "Active" },
            LinkState::Disabled => span.badge { "Disabled" },
            LinkState::Expired => span.badge.badge-warning { "Expired" },
            LinkState::Blocked => span.badge.badge-warning { "Blocked" },
        }
    }
}

/// The button that switches a link on or off, by the path of its addresses.
pub(crate) fn switch(class: &str, path: &str, state: LinkState) -> Markup {
    let (to, word) = if state == LinkState::Disabled { ("on", "Enable") } else { ("off", "Disable") };
    action::button(class, &format!("{path}/switch"), ("to", to), word)
}
