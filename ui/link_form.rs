//! The form for a link, new or existing.

use maud::{Markup, html};

use crate::limits::{SLUG_BYTES_MAX, TITLE_CHARS_MAX};
use crate::ui::field::{self, Errors, Field, Need};
use crate::ui::layout::{self, Frame};

/// The form as it was sent, as the link stands, or empty.
#[derive(Debug, Clone)]
pub(crate) struct LinkForm<'a> {
    pub(crate) mode: Mode<'a>,
    /// What stands before the slug: `short.example/alice/`.
    pub(crate) prefix: &'a str,
    pub(crate) target_url: &'a str,
    pub(crate) slug: &'a str,
    pub(crate) title: &'a str,
    /// As a `datetime-local` field has it, in UTC; empty for never.
    pub(crate) expires_at: &'a str,
    pub(crate) enabled: bool,
    pub(crate) errors: &'a Errors,
}

/// What the form does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode<'a> {
    Create,
    Edit { id: &'a str },
}

/// Draws the form.
pub(crate) fn page(frame: &Frame<'_>, form: &LinkForm<'_>) -> Markup {
    let (heading, action, cancel) = match form.mode {
        Mode::Create => ("New link", "/links/new".to_owned(), "/links".to_owned()),
        Mode::Edit { id } => ("Edit link", format!("/links/{id}/edit"), format!("/links/{id}")),
    };
    let main = html! {
        div.form {
            h1 { (heading) }
            (field::summary("", form.errors))
            form method="post" action=(action) {
                (field::token(frame.csrf_token))
                (address_fields(form))
                (other_fields(form))
                div.buttons {
                    button.primary type="submit" { "Save" }
                    a.button href=(cancel) { "Cancel" }
                }
            }
        }
    };
    layout::page(frame, main)
}

fn address_fields(form: &LinkForm<'_>) -> Markup {
    let target = Field {
        name: "target_url",
        label: "Long address",
        value: form.target_url,
        placeholder: Some("https://"),
        autocomplete: Some("off"),
        autofocus: matches!(form.mode, Mode::Create),
        ..Field::default()
    };
    let slug = Field {
        name: "slug",
        label: "Slug",
        value: form.slug,
        help: Some(match form.mode {
            Mode::Create => html! { "Left empty, the server picks one." },
            Mode::Edit { .. } => html! { "After a change the old address leads here, too, until you give it up." },
        }),
        prefix: Some(form.prefix),
        autocomplete: Some("off"),
        chars_max: Some(SLUG_BYTES_MAX),
        need: match form.mode {
            Mode::Create => Need::Optional,
            Mode::Edit { .. } => Need::Required,
        },
        ..Field::default()
    };
    html! {
        (field::input(&target, form.errors))
        (field::input(&slug, form.errors))
    }
}

fn other_fields(form: &LinkForm<'_>) -> Markup {
    let title = Field {
        name: "title",
        label: "Title",
        value: form.title,
        help: Some(html! { "Only you see it." }),
        autocomplete: Some("off"),
        chars_max: Some(TITLE_CHARS_MAX),
        need: Need::Optional,
        ..Field::default()
    };
    let expires_at = Field {
        name: "expires_at",
        label: "Expires (UTC)",
        kind: "datetime-local",
        is_utc: true,
        autocomplete: Some("off"),
        value: form.expires_at,
        help: Some(html! { "After this time visitors see “expired”." }),
        need: Need::Optional,
        ..Field::default()
    };
    html! {
        (field::input(&title, form.errors))
        (field::input(&expires_at, form.errors))
        div.field {
            label.choice {
                input type="checkbox" name="enabled" value="1" checked[form.enabled];
                " Enabled"
            }
        }
    }
}
