//! The state of a link in a word, and the button that switches it.

use maud::{Markup, html};

use crate::ui::field;

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

/// The button that switches the link of this number on or off. It belongs to a form elsewhere on the page.
pub(crate) fn switch(form: &str, id: &str, state: LinkState, class: &str) -> Markup {
    let (to, word) = if state == LinkState::Disabled { ("on", "Enable") } else { ("off", "Disable") };
    html! {
        button class=(class) type="submit" form=(form) formaction={ "/links/" (id) "/switch" } name="to" value=(to) {
            (word)
        }
    }
}

/// What such a form holds: the way back to this page.
pub(crate) fn switch_form(id: &str, csrf_token: &str, here: &str) -> Markup {
    html! {
        form id=(id) method="post" {
            (field::token(csrf_token))
            input type="hidden" name="next" value=(here);
        }
    }
}
