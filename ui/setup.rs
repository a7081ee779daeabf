//! The setup page: the first administrator, and who may register after that.

use maud::{Markup, html};

use crate::limits::SITE_NAME_CHARS_MAX;
use crate::ui::field::{self, Errors, Field, Need};
use crate::ui::layout::{self, Frame};
use crate::user::Registration;

/// The setup form as it was sent, or empty. Passwords are never shown again.
#[derive(Debug, Clone)]
pub(crate) struct Setup<'a> {
    /// The server's name before the first `/` of a link.
    pub(crate) host: &'a str,
    pub(crate) code: &'a str,
    pub(crate) username: &'a str,
    pub(crate) email: &'a str,
    pub(crate) site_name: &'a str,
    /// Who may make an account from then on.
    pub(crate) registration: Registration,
    pub(crate) password_chars_min: usize,
    pub(crate) errors: &'a Errors,
}

/// Draws the setup page.
pub(crate) fn page(frame: &Frame<'_>, setup: &Setup<'_>) -> Markup {
    let main = html! {
        div.card {
            h1 { "Set up this server" }
            (field::summary("", setup.errors))
            form method="post" action="/setup" {
                (field::token(frame.csrf_token))
                (code(setup))
                (account(setup))
                (site(setup))
                button.primary type="submit" { "Create administrator" }
            }
        }
    };
    layout::page(frame, main)
}

fn code(setup: &Setup<'_>) -> Markup {
    let code = Field {
        name: "code",
        label: "Setup code",
        value: setup.code,
        help: Some(html! { "Printed where the server was started. It changes at every start." }),
        placeholder: Some("xxxx-xxxx-xxxx"),
        autocomplete: Some("one-time-code"),
        autofocus: true,
        ..Field::default()
    };
    html! {
        (field::input(&code, setup.errors))
    }
}

fn account(setup: &Setup<'_>) -> Markup {
    html! {
        (field::username(setup.host, setup.username, setup.errors))
        (field::email(setup.email, setup.errors))
        (field::new_passwords("", "Password", setup.password_chars_min, setup.errors))
    }
}

fn site(setup: &Setup<'_>) -> Markup {
    let site_name = Field {
        name: "site_name",
        label: "Site name",
        value: setup.site_name,
        help: Some(html! { "Shown at the top of every page. Left empty: Linkjar." }),
        autocomplete: Some("off"),
        chars_max: Some(SITE_NAME_CHARS_MAX),
        need: Need::Optional,
        ..Field::default()
    };
    let choices = [
        (Registration::Invite, "Only people I invite"),
        (Registration::Open, "Anyone"),
        (Registration::Closed, "Nobody"),
    ];
    html! {
        (field::input(&site_name, setup.errors))
        fieldset {
            legend { "Who may register?" }
            @for (choice, label) in choices {
                label.choice {
                    input type="radio" name="registration" value=(choice.word())
                        checked[choice == setup.registration];
                    " "
                    (label)
                }
            }
        }
    }
}
