//! The registration page, and what stands in its place when not everybody may register.

use maud::{Markup, html};

use crate::ui::field::{self, Errors};
use crate::ui::layout::{self, Frame};

/// The registration form as it was sent, or empty. Passwords are never shown again.
#[derive(Debug, Clone)]
pub(crate) struct Register<'a> {
    /// Came with an invitation.
    pub(crate) is_invited: bool,
    /// The server's name before the first `/` of a link.
    pub(crate) host: &'a str,
    pub(crate) username: &'a str,
    pub(crate) email: &'a str,
    pub(crate) password_chars_min: usize,
    pub(crate) errors: &'a Errors,
}

/// Draws the registration form.
pub(crate) fn page(frame: &Frame<'_>, register: &Register<'_>) -> Markup {
    let main = html! {
        div.card {
            h1 { "Register" }
            @if register.is_invited {
                p.help { "You are invited. The invitation is good for one account." }
            }
            (field::summary("", register.errors))
            form method="post" action="/accounts/register" {
                (field::token(frame.csrf_token))
                (field::username(register.host, register.username, register.errors))
                (field::email(register.email, register.errors))
                (field::new_passwords("", "Password", register.password_chars_min, register.errors))
                button.primary type="submit" { "Register" }
            }
            p.help {
                "Already have an account? "
                a href="/accounts/login" { "Log in" }
            }
        }
    };
    layout::page(frame, main)
}

/// Why the form is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRegistration {
    /// Nobody may register.
    Closed,
    /// Only with an invitation.
    ByInvitation,
}

/// Draws the page without a form.
pub(crate) fn closed_page(frame: &Frame<'_>, reason: NoRegistration) -> Markup {
    let text = match reason {
        NoRegistration::Closed => "Registration is closed. Ask the administrator of this server for an account.",
        NoRegistration::ByInvitation => {
            "Registration is by invitation. Ask the administrator of this server for an account."
        }
    };
    let main = html! {
        div.card {
            h1 { "Register" }
            p { (text) }
            p.buttons {
                a.button.primary href="/accounts/login" { "Log in" }
                a.button href="/" { "Go to Homepage" }
            }
        }
    };
    layout::page(frame, main)
}
