//! The question before somebody deletes their own account.

use maud::{Markup, html};

use crate::ui::admin_user_remove::{choice, typed_name};
use crate::ui::field::{self, Errors, Field};
use crate::ui::layout::{self, Frame};
use crate::ui::number;

/// The account, and the form as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct AccountDelete<'a> {
    pub(crate) name: &'a str,
    pub(crate) links: u64,
    /// Links of removed users that they look after.
    pub(crate) kept: u64,
    /// `keep` or `delete`; empty before anything was chosen.
    pub(crate) chosen: &'a str,
    pub(crate) typed: &'a str,
    pub(crate) errors: &'a Errors,
}

/// Draws the question.
pub(crate) fn page(frame: &Frame<'_>, account: &AccountDelete<'_>) -> Markup {
    let choices = [
        ("keep", "Keep them: they go on redirecting, and only the administrators of this server see them"),
        ("delete", "Delete them: everyone who opens one will see “not found”"),
    ];
    let password = Field {
        name: "password",
        label: "Your password",
        kind: "password",
        autocomplete: Some("current-password"),
        ..Field::default()
    };
    let main = html! {
        div.form {
            h1 { "Delete your account?" }
            (field::summary("", account.errors))
            p.lead {
                "Your email address, password and logins are gone for good. Nobody else can take the name "
                (account.name)
                "."
            }
            p.help {
                a href="/accounts/export.jsonl" { "Export everything" }
                " first, if you want to keep it."
            }
            form method="post" action="/accounts/delete" {
                (field::token(frame.csrf_token))
                @if account.links > 0 {
                    @let legend = format!("What becomes of your {}?", number::counted(account.links, "link"));
                    (choice(&legend, &choices, account.chosen, account.errors))
                }
                @if account.kept > 0 {
                    p.help {
                        "You look after " (number::counted(account.kept, "link")) " of removed users. "
                        "They stay whatever you choose, and the administrators of this server look after them."
                    }
                }
                (field::input(&typed_name(account.name, account.typed), account.errors))
                (field::input(&password, account.errors))
                div.buttons {
                    button.danger-solid type="submit" { "Delete account" }
                    a.button href="/accounts/profile" { "Cancel" }
                }
            }
        }
    };
    layout::page(frame, main)
}
