//! The icons: one stroke, in the colour of the text beside them.
//!
//! Icons never speak. A button that shows nothing else carries its name in `aria-label`.

use maud::{Markup, html};

/// What an icon shows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Icon {
    Jar,
    Copy,
    Search,
    More,
    Menu,
    User,
    Sun,
    Moon,
    Screen,
    Plus,
    Pencil,
    Trash,
}

impl Icon {
    /// The outline on a field of 24 × 24.
    const fn path(self) -> &'static str {
        match self {
            Icon::Jar => {
                "M7 3h10M7.5 3v2.5C7.5 7 5 7.5 5 10v8.5A2.5 2.5 0 0 0 7.5 21h9a2.5 2.5 0 0 0 2.5-2.5V10\
                 c0-2.5-2.5-3-2.5-4.5V3M10.5 11.5h-.5a2.8 2.8 0 0 0 0 5.6h.5M13.5 11.5h.5a2.8 2.8 0 0 1 0 5.6h-.5M10.5 14.3h3"
            }
            Icon::Copy => "M9 9h10v11H9zM5 15V4h10",
            Icon::Search => "M4 10.5a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0M15.5 15.5 20 20",
            Icon::More => "M5.5 12h.01M12 12h.01M18.5 12h.01",
            Icon::Menu => "M4 6.5h16M4 12h16M4 17.5h16",
            Icon::User => "M8 8a4 4 0 1 0 8 0a4 4 0 1 0-8 0M4.5 20.5a7.5 7.5 0 0 1 15 0",
            Icon::Sun => {
                "M8 12a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2\
                 M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"
            }
            Icon::Moon => "M20 14.5A8.5 8.5 0 1 1 9.5 4a6.8 6.8 0 0 0 10.5 10.5z",
            Icon::Screen => "M3.5 5h17v11h-17zM8.5 20h7M12 16v4",
            Icon::Plus => "M12 5v14M5 12h14",
            Icon::Pencil => "M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19zM13.5 7l3.5 3.5",
            Icon::Trash => "M4.5 7h15M9.5 7V4h5v3M6.5 7l1 13h9l1-13M10.5 11v5M13.5 11v5",
        }
    }
}

/// Draws an icon.
pub(crate) fn draw(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.75"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false" {
            path d=(icon.path()) {}
        }
    }
}
