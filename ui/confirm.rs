//! The page between a form and what it does: the password is asked for again.

use maud::{Markup, html};

use crate::ui::field::{self, Errors, Field};
use crate::ui::layout::{self, Frame};

/// The name of the field for the password, which no other form has.
pub(crate) const PASSWORD_AGAIN: &str = "password-again";

/// What waits for the password.
#[derive(Debug, Clone)]
pub(crate) struct Confirm<'a> {
    pub(crate) username: &'a str,
    /// Where the form goes.
    pub(crate) action: &'a str,
    /// What it holds, without its token and without secrets.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) errors: &'a Errors,
}

/// Draws the page.
pub(crate) fn page(frame: &Frame<'_>, confirm: &Confirm<'_>) -> Markup {
    let password = Field {
        name: PASSWORD_AGAIN,
        label: "Your password",
        kind: "password",
        autocomplete: Some("current-password"),
        autofocus: true,
        ..Field::default()
    };
    let main = html! {
        div.card {
            h1 { "Enter your password to go on" }
            (field::summary("", confirm.errors))
            form method="post" action=(confirm.action) {
                (field::token(frame.csrf_token))
                @for (name, value) in &confirm.fields {
                    input type="hidden" name=(name) value=(value);
                }
                // Password managers look for it; without a name it is not sent, where a field of the form may be called so.
                input type="hidden" autocomplete="username" value=(confirm.username);
                (field::input(&password, confirm.errors))
                button.primary type="submit" { "Go on" }
            }
            p.help { "You gave it more than 15 minutes ago. What you have sent is not lost; it is done next." }
        }
    };
    layout::page(frame, main)
}
