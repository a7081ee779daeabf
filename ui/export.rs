//! The menu of files that somebody can take away, and where these end.

use maud::{Markup, html};

use crate::limits::{CLICK_ROWS_PER_LINK_MAX, HISTORY_DAYS_MAX};
use crate::ui::number::{counted, grouped};

/// What there is to take away.
const FILES: [(&str, &str); 3] = [("export", "Links"), ("clicks", "Clicks"), ("statistics", "Statistics")];

/// The files of all links of a person.
pub(crate) fn of_links() -> Markup {
    menu("/links", &FILES)
}

/// The files of one link.
pub(crate) fn of_link(id: &str) -> Markup {
    menu(&format!("/links/{id}"), &FILES[1..])
}

fn menu(base: &str, files: &[(&str, &str)]) -> Markup {
    html! {
        details.menu {
            summary.button { "Export" }
            div.menu-panel {
                @for (file, name) in files {
                    a.menu-item href={ (base) "/" (file) ".csv" } { (name) " as CSV" }
                    a.menu-item href={ (base) "/" (file) ".jsonl" } { (name) " as JSON" }
                }
                p.menu-note {
                    "Of each link the newest " (counted(CLICK_ROWS_PER_LINK_MAX.into(), "click")) ", and the newest "
                    (grouped(HISTORY_DAYS_MAX as u64)) " days with clicks."
                }
            }
        }
    }
}
