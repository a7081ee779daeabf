//! The page for everything that did not work: a number, a sentence, a way on.
//!
//! Inside details never come here. What the log knows more is found by the incident's number.

use maud::{Markup, html};

use crate::ui::field;
use crate::ui::layout::{self, Frame};

/// What went wrong, as far as a visitor is concerned.
#[derive(Debug, Clone)]
pub(crate) struct ErrorPage<'a> {
    pub(crate) status: u16,
    pub(crate) heading: &'a str,
    pub(crate) text: &'a str,
    /// Under which number the log tells more.
    pub(crate) incident: Option<&'a str>,
    /// A form that was refused only because of its age.
    pub(crate) resend: Option<Resend<'a>>,
}

/// A refused form, ready to be sent once more with a new token.
#[derive(Debug, Clone)]
pub(crate) struct Resend<'a> {
    pub(crate) action: &'a str,
    /// What was typed, without the old token and never with a password.
    pub(crate) fields: Vec<(String, String)>,
}

/// Draws the page.
pub(crate) fn page(frame: &Frame<'_>, error: &ErrorPage<'_>) -> Markup {
    let main = html! {
        div.error-page {
            p.status aria-hidden="true" { (error.status) }
            h1 { (error.heading) }
            p.lead {
                (error.text)
                @if let Some(incident) = error.incident {
                    " The log has it under "
                    code { (incident) }
                    "."
                }
            }
            div.buttons {
                @if let Some(resend) = &error.resend {
                    (resend_form(frame, resend))
                }
                a.button.primary[error.resend.is_none()] href="/" { "Go to Homepage" }
            }
        }
    };
    layout::page(frame, main)
}

fn resend_form(frame: &Frame<'_>, resend: &Resend<'_>) -> Markup {
    html! {
        form method="post" action=(resend.action) {
            (field::token(frame.csrf_token))
            @for (name, value) in &resend.fields {
                input type="hidden" name=(name) value=(value);
            }
            button.primary type="submit" { "Send again" }
        }
    }
}
