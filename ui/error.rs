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
    pub(crate) way_on: WayOn<'a>,
}

/// What a person may do next.
#[derive(Debug, Clone)]
pub(crate) enum WayOn<'a> {
    Home,
    /// A form that was refused only because of its age, ready to be sent once more with a new token.
    SendAgain {
        action: &'a str,
        /// What was typed, without the old token and never with a password.
        fields: Vec<(String, String)>,
    },
    /// The page of such a form that held a password: it has to be typed again.
    BackToForm(String),
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
                @match &error.way_on {
                    WayOn::Home => {}
                    WayOn::SendAgain { action, fields } => (resend_form(frame, action, fields)),
                    WayOn::BackToForm(page) => a.button.primary href=(page) { "Back to the form" },
                }
                a.button.primary[matches!(error.way_on, WayOn::Home)] href="/" { "Go to Homepage" }
            }
        }
    };
    layout::page(frame, main)
}

fn resend_form(frame: &Frame<'_>, action: &str, fields: &[(String, String)]) -> Markup {
    html! {
        form method="post" action=(action) {
            (field::token(frame.csrf_token))
            @for (name, value) in fields {
                input type="hidden" name=(name) value=(value);
            }
            button.primary type="submit" { "Send again" }
        }
    }
}
