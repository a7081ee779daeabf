//! What just happened, told once on the next page.

use maud::{Markup, html};

use crate::ui::copy;

/// A message above the page's content.
#[derive(Debug, Clone)]
pub(crate) struct Flash {
    pub(crate) text: String,
    /// A short address that follows the text, with a button to copy it.
    pub(crate) link: Option<String>,
}

impl Flash {
    /// Something went well.
    pub(crate) fn success(text: impl Into<String>) -> Flash {
        Flash { text: text.into(), link: None }
    }

    /// A link was made; `url` is its whole short address.
    pub(crate) fn created(url: impl Into<String>) -> Flash {
        Flash { text: "Created".to_owned(), link: Some(url.into()) }
    }
}

/// Draws the message.
pub(crate) fn message(flash: &Flash) -> Markup {
    html! {
        div.flash.flash-success role="status" {
            (flash.text)
            @if let Some(url) = &flash.link {
                " "
                (copy::field(url))
            }
        }
    }
}
