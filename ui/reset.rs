//! Choosing a new password after a one-time link.

use maud::{Markup, html};

use crate::ui::field::{self, Errors};
use crate::ui::layout::{self, Frame};

/// What the form shows.
#[derive(Debug, Clone)]
pub(crate) struct Reset<'a> {
    /// Whose password it is.
    pub(crate) username: &'a str,
    pub(crate) password_chars_min: usize,
    pub(crate) errors: &'a Errors,
}

/// Draws the form.
pub(crate) fn page(frame: &Frame<'_>, reset: &Reset<'_>) -> Markup {
    let main = html! {
        div.card {
            h1 { "Choose a new password" }
            (field::summary("", reset.errors))
            form method="post" action="/accounts/reset" {
                (field::token(frame.csrf_token))
                p.help {
                    "For the account "
                    strong { (reset.username) }
                    ". Every browser that is logged in to it will be logged out."
                }
                // Password managers look for the name beside the password.
                input type="text" name="username" value=(reset.username) autocomplete="username" hidden;
                (field::new_passwords("", "New password", reset.password_chars_min, reset.errors))
                div.buttons {
                    button.primary type="submit" { "Save password" }
                }
            }
        }
    };
    layout::page(frame, main)
}
