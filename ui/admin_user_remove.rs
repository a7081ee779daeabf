//! The question before a user is removed: what becomes of the links.

use maud::{Markup, html};

use crate::ui::field::{self, Errors, Field, Need};
use crate::ui::layout::{self, Frame};
use crate::ui::number;

/// The user in question, and the form as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct AdminUserRemove<'a> {
    pub(crate) name: &'a str,
    /// Only the links are decided on, anew.
    pub(crate) is_removed: bool,
    pub(crate) links: u64,
    /// Links of other removed users that this one looks after.
    pub(crate) kept: u64,
    /// `to`, `keep` or `delete`; empty before anything was chosen.
    pub(crate) chosen: &'a str,
    pub(crate) keeper: &'a str,
    pub(crate) typed: &'a str,
    pub(crate) errors: &'a Errors,
}

/// Draws the question.
pub(crate) fn page(frame: &Frame<'_>, user: &AdminUserRemove<'_>) -> Markup {
    let links = number::counted(user.links, "link");
    let main = html! {
        div.form {
            h1 {
                @if user.is_removed { "What becomes of the links of " } @else { "Remove " }
                (user.name)
                "?"
            }
            (field::summary("", user.errors))
            p.lead {
                (user.name)
                " has "
                (if user.links == 0 { "no links" } else { &links })
                @if user.kept > 0 {
                    " and looks after "
                    (number::grouped(user.kept))
                    " more, which go the same way"
                }
                ". "
                @if !user.is_removed {
                    "Account, email address and password are gone for good; the name cannot be taken by anybody else."
                }
            }
            form method="post" action={ "/admin/users/" (user.name) "/remove" } {
                (field::token(frame.csrf_token))
                @if user.links + user.kept > 0 {
                    (what(user))
                    (field::input(&typed_name(user.name, user.typed), user.errors))
                }
                div.buttons {
                    button.danger-solid type="submit" { (if user.is_removed { "Decide" } else { "Remove user" }) }
                    a.button href={ "/admin/users/" (user.name) } { "Cancel" }
                }
            }
        }
    };
    layout::page(frame, main)
}

fn what(user: &AdminUserRemove<'_>) -> Markup {
    let choices = [
        ("to", "Hand them over to another user, who looks after them as after their own"),
        ("keep", "Keep them in the archive: only administrators see them"),
        ("delete", "Delete them: everyone who opens one will see “not found”"),
    ];
    let keeper = Field {
        name: "keeper",
        label: "Hand over to",
        value: user.keeper,
        help: Some(html! { "The username of somebody who can log in." }),
        autocomplete: Some("off"),
        need: Need::Optional,
        ..Field::default()
    };
    html! {
        (choice("What becomes of the links? Those that stay keep their addresses.", &choices, user.chosen, user.errors))
        (field::input(&keeper, user.errors))
    }
}

/// The choice `links`.
pub(crate) fn choice(legend: &str, choices: &[(&str, &str)], chosen: &str, errors: &Errors) -> Markup {
    html! {
        fieldset #links {
            legend { (legend) }
            @if let Some(text) = errors.get("links") {
                p.field-error { (text) }
            }
            @for (word, label) in choices {
                label.choice {
                    input type="radio" name="links" value=(word) checked[*word == chosen];
                    " "
                    (label)
                }
            }
        }
    }
}

/// The field `name`, to type a name once more.
pub(crate) fn typed_name<'a>(name: &str, typed: &'a str) -> Field<'a> {
    Field {
        name: "name",
        label: "Username",
        value: typed,
        help: Some(html! { "Type " strong { (name) } " to go on." }),
        autocomplete: Some("off"),
        ..Field::default()
    }
}
