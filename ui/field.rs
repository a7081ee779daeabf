//! Labelled form fields, their errors, and the summary above a form that came back.
//!
//! Every message is tied to its field by `aria-describedby`; the summary takes the focus, so that nobody has to search.

use maud::{Markup, html};

use crate::limits::{EMAIL_BYTES_MAX, USER_NAME_BYTES};

/// What is wrong with a form, in the order of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Errors(Vec<(&'static str, String)>);

impl Errors {
    /// No errors yet.
    pub(crate) const fn new() -> Errors {
        Errors(Vec::new())
    }

    /// Adds a message for a field; the name `""` is the form as a whole.
    pub(crate) fn push(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.push((field, text.into()));
    }

    /// The first message for a field.
    pub(crate) fn get(&self, field: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == field).map(|(_, text)| text)
    }

    /// Whether the form is fine.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Field names and messages.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, text)| (*name, text.as_str()))
    }
}

/// One field with everything that stands around it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field<'a> {
    /// Tells fields of the same name apart when a page has several forms.
    pub(crate) form: &'a str,
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    /// The `type` attribute; empty means text.
    pub(crate) kind: &'a str,
    pub(crate) value: &'a str,
    pub(crate) help: Option<Markup>,
    /// Fixed text before what is typed, such as `short.example/alice/`.
    pub(crate) prefix: Option<&'a str>,
    pub(crate) placeholder: Option<&'a str>,
    pub(crate) autocomplete: Option<&'a str>,
    pub(crate) chars_max: Option<usize>,
    pub(crate) need: Need,
    /// A point in time, sent in UTC; the script shows it in the reader's own zone.
    pub(crate) is_utc: bool,
    /// Takes the focus, unless errors do.
    pub(crate) autofocus: bool,
}

/// Whether a form can be sent without a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Need {
    #[default]
    Required,
    /// Says "optional" beside the label.
    Optional,
}

/// Draws a field: label, help, error, input.
pub(crate) fn input(field: &Field<'_>, errors: &Errors) -> Markup {
    let id = id(field.form, field.name);
    let error = errors.get(field.name);
    html! {
        div.field {
            label for=(id) {
                (field.label)
                @if field.need == Need::Optional {
                    " "
                    span.muted { "optional" }
                }
            }
            @if let Some(help) = &field.help {
                p.help id={ (id) "-help" } { (help) }
            }
            @if let Some(text) = error {
                p.field-error id={ (id) "-error" } { (text) }
            }
            @if let Some(prefix) = field.prefix {
                div.prefixed {
                    span.prefix id={ (id) "-prefix" } { (prefix) }
                    (bare_input(field, &id, errors))
                }
            } @else {
                (bare_input(field, &id, errors))
            }
        }
    }
}

fn bare_input(field: &Field<'_>, id: &str, errors: &Errors) -> Markup {
    let is_wrong = errors.get(field.name).is_some();
    let kind = if field.kind.is_empty() { "text" } else { field.kind };
    // What a phone's keyboard would "correct" in names and addresses is never welcome.
    let is_verbatim = field.name != "title" && field.name != "site_name";
    html! {
        input id=(id) name=(field.name) type=(kind) value=(field.value)
            required[field.need == Need::Required]
            placeholder=[field.placeholder]
            autocomplete=[field.autocomplete]
            autocapitalize=[is_verbatim.then_some("none")]
            spellcheck=[is_verbatim.then_some("false")]
            maxlength=[field.chars_max]
            data-utc[field.is_utc]
            aria-invalid=[is_wrong.then_some("true")]
            aria-describedby=[described_by(field, id, is_wrong)]
            autofocus[field.autofocus && errors.is_empty()];
    }
}

/// The ids of everything that explains the field, in the order it is read.
fn described_by(field: &Field<'_>, id: &str, is_wrong: bool) -> Option<String> {
    let parts = [(is_wrong, "error"), (field.help.is_some(), "help"), (field.prefix.is_some(), "prefix")];
    let ids: Vec<String> =
        parts.iter().filter(|(is_there, _)| *is_there).map(|(_, part)| format!("{id}-{part}")).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// The field for a new username; the script shows it in the address under the label while it is typed.
pub(crate) fn username(host: &str, value: &str, errors: &Errors) -> Markup {
    let field = Field {
        name: "username",
        label: "Username",
        value,
        help: Some(html! {
            "Part of every link, for good: "
            code {
                (host)
                "/"
                b data-mirror="username" { "name" }
                "/…"
            }
        }),
        autocomplete: Some("username"),
        chars_max: Some(*USER_NAME_BYTES.end()),
        ..Field::default()
    };
    input(&field, errors)
}

/// The field for an email address.
pub(crate) fn email(value: &str, errors: &Errors) -> Markup {
    let field = Field {
        name: "email",
        label: "Email",
        kind: "email",
        value,
        autocomplete: Some("email"),
        chars_max: Some(EMAIL_BYTES_MAX),
        ..Field::default()
    };
    input(&field, errors)
}

/// Two fields for a new password of at least `chars_min` characters, `password1` and `password2`. They never show
/// what was sent.
pub(crate) fn new_passwords(form: &str, label: &str, chars_min: usize, errors: &Errors) -> Markup {
    let first = Field {
        form,
        name: "password1",
        label,
        kind: "password",
        help: Some(html! { "At least " (chars_min) " characters." }),
        autocomplete: Some("new-password"),
        ..Field::default()
    };
    let again = Field {
        form,
        name: "password2",
        label: "Repeat password",
        kind: "password",
        autocomplete: Some("new-password"),
        ..Field::default()
    };
    html! {
        (input(&first, errors))
        (input(&again, errors))
    }
}

/// The errors of a form as links to its fields. Takes the focus; draws nothing when all is well.
pub(crate) fn summary(form: &str, errors: &Errors) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.summary role="alert" tabindex="-1" autofocus {
                ul {
                    @for (name, text) in errors.iter() {
                        li {
                            @if name.is_empty() {
                                (text)
                            } @else {
                                a href={ "#" (id(form, name)) } { (text) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The hidden field that proves a form is ours.
pub(crate) fn token(csrf_token: &str) -> Markup {
    html! {
        input type="hidden" name="csrf_token" value=(csrf_token);
    }
}

/// The id of a field; the name alone unless a page has several forms.
fn id(form: &str, name: &str) -> String {
    if form.is_empty() { name.to_owned() } else { format!("{form}-{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_tied_to_its_message_and_to_the_summary() {
        let mut errors = Errors::new();
        errors.push("slug", "Taken.");
        let field = Field { form: "new", name: "slug", help: Some(html! { "Short." }), ..Field::default() };
        let drawn = input(&field, &errors).into_string();
        assert!(drawn.contains(r#"id="new-slug""#));
        assert!(drawn.contains(r#"aria-invalid="true""#));
        assert!(drawn.contains(r#"aria-describedby="new-slug-error new-slug-help""#));
        assert!(summary("new", &errors).into_string().contains(r##"href="#new-slug""##));
        assert!(summary("new", &Errors::new()).into_string().is_empty());
    }

    #[test]
    fn a_field_takes_the_focus_only_from_a_form_without_errors() {
        let mut errors = Errors::new();
        let field = Field { name: "slug", autofocus: true, ..Field::default() };
        assert!(input(&field, &errors).into_string().contains(" autofocus"));
        errors.push("", "Wrong email, username or password.");
        assert!(!input(&field, &errors).into_string().contains(" autofocus"));
    }
}
