//! Links to the pages before and after.
//!
//! Lists are read by position, not by page number, so there are two ways to go and no numbers.

use maud::{Markup, html};

/// Where the two links lead; an absent one is an end of the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pager {
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
    pub(crate) order: PagerOrder,
}

/// What the list is sorted by, which decides the words on the links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum PagerOrder {
    /// By age, newest first: Newer, Older.
    #[default]
    NewestFirst,
    /// Anything else: Previous, Next.
    Other,
}

/// Draws the pager; nothing at all when the list fits one page.
pub(crate) fn links(pager: &Pager) -> Markup {
    let (previous_text, next_text) = match pager.order {
        PagerOrder::NewestFirst => ("‹ Newer", "Older ›"),
        PagerOrder::Other => ("‹ Previous", "Next ›"),
    };
    html! {
        @if pager.previous.is_some() || pager.next.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some(href) = &pager.previous {
                    a.button href=(href) rel="prev" { (previous_text) }
                }
                @if let Some(href) = &pager.next {
                    a.button.pager-next href=(href) rel="next" { (next_text) }
                }
            }
        }
    }
}
