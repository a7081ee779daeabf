//! The menu of files that somebody can take away.

use maud::{Markup, html};

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
            }
        }
    }
}
