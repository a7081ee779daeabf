//! Short addresses that are easy to take along.
//!
//! The button needs the script and stays hidden without it; the address itself is selected as a whole by one click.

use maud::{Markup, html};

use crate::ui::icon::{self, Icon};

/// The address as people write it, without `https://`.
pub(crate) fn shown(url: &str) -> &str {
    url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url)
}

/// The address and its button.
pub(crate) fn field(url: &str) -> Markup {
    html! {
        span.copy {
            code.copy-text { (shown(url)) }
            (button(url))
        }
    }
}

/// The button alone, for places that show the address already.
pub(crate) fn button(url: &str) -> Markup {
    button_of(url, &format!("Copy {}", shown(url)))
}

/// The button for another text, with the name of what it copies.
pub(crate) fn button_of(text: &str, label: &str) -> Markup {
    html! {
        button.small.copy-button type="button" data-copy=(text) aria-label=(label) hidden {
            (icon::draw(Icon::Copy))
            span { "Copy" }
        }
    }
}
