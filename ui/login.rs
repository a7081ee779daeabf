//! The login page.

use maud::{Markup, html};

use crate::ui::field::{self, Errors, Field};
use crate::ui::layout::{self, Frame};

/// The login form as it was sent, or empty.
#[derive(Debug, Clone)]
pub(crate) struct Login<'a> {
    /// Email or username.
    pub(crate) username: &'a str,
    /// Where to go afterwards; empty for the usual place.
    pub(crate) next: &'a str,
    pub(crate) errors: &'a Errors,
}

/// Draws the login page.
pub(crate) fn page(frame: &Frame<'_>, login: &Login<'_>) -> Markup {
    let username = Field {
        name: "username",
        label: "Email or username",
        value: login.username,
        autocomplete: Some("username"),
        autofocus: true,
        ..Field::default()
    };
    let password = Field {
        name: "password",
        label: "Password",
        kind: "password",
        autocomplete: Some("current-password"),
        ..Field::default()
    };
    let main = html! {
        div.card {
            h1 { "Log in" }
            (field::summary("", login.errors))
            form method="post" action="/accounts/login" {
                (field::token(frame.csrf_token))
                @if !login.next.is_empty() {
                    input type="hidden" name="next" value=(login.next);
                }
                (field::input(&username, login.errors))
                (field::input(&password, login.errors))
                button.primary type="submit" { "Log in" }
            }
            p.help { "Forgot your password? Ask an administrator of this server." }
            @if frame.registration_open {
                p.help {
                    "No account yet? "
                    a href="/accounts/register" { "Register" }
                }
            }
        }
    };
    layout::page(frame, main)
}
