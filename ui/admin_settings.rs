//! What an administrator changes while the program runs, and the backups.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::limits::SITE_NAME_CHARS_MAX;
use crate::ui::field::{self, Errors, Field, Need};
use crate::ui::layout::{self, Frame};
use crate::ui::{admin, moment, number};

/// The settings as they are, or as they were sent.
#[derive(Debug, Clone)]
pub(crate) struct AdminSettings<'a> {
    /// By name, in words.
    pub(crate) values: Vec<(&'static str, String)>,
    /// The same as they were when the person began: what is left alone is not written again.
    pub(crate) drawn: Vec<(&'static str, String)>,
    pub(crate) errors: &'a Errors,
    /// What the environment says of registration; it wins.
    pub(crate) registration_is_set: Option<&'static str>,
    /// The newest first.
    pub(crate) backups: Vec<Backup>,
    /// One is being made.
    pub(crate) is_backing_up: bool,
}

/// A backup to take away.
#[derive(Debug, Clone)]
pub(crate) struct Backup {
    pub(crate) name: String,
    pub(crate) made: Timestamp,
    pub(crate) bytes: u64,
}

impl AdminSettings<'_> {
    fn value(&self, key: &str) -> &str {
        self.values.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| value)
    }
}

/// The name of the hidden field with a setting as it was drawn.
pub(crate) fn drawn(key: &str) -> String {
    format!("drawn.{key}")
}

/// Draws the page.
pub(crate) fn page(frame: &Frame<'_>, settings: &AdminSettings<'_>) -> Markup {
    let main = html! {
        h1 { "Settings" }
        (admin::pages("/admin/settings"))
        section.form {
            (field::summary("settings", settings.errors))
            form method="post" action="/admin/settings" {
                (field::token(frame.csrf_token))
                @for (key, value) in &settings.drawn {
                    input type="hidden" name=(drawn(key)) value=(value);
                }
                (site(settings))
                (accounts(settings))
                (clicks(settings))
                (links(settings))
                button.primary type="submit" { "Save" }
            }
        }
        (backups(frame, settings))
        @if !settings.backups.is_empty() {
            (download(frame, settings))
        }
    };
    layout::page(frame, main)
}

fn site(settings: &AdminSettings<'_>) -> Markup {
    let name = Field {
        form: "settings",
        name: "site.name",
        label: "Site name",
        value: settings.value("site.name"),
        autocomplete: Some("off"),
        chars_max: Some(SITE_NAME_CHARS_MAX),
        ..Field::default()
    };
    let home = Field {
        form: "settings",
        name: "site.home",
        label: "Where the home page leads visitors",
        value: settings.value("site.home"),
        help: Some(html! { "Left empty they see ours. Whoever is logged in sees it in any case." }),
        placeholder: Some("https://"),
        autocomplete: Some("off"),
        need: Need::Optional,
        ..Field::default()
    };
    html! {
        (field::input(&name, settings.errors))
        (field::input(&home, settings.errors))
    }
}

fn accounts(settings: &AdminSettings<'_>) -> Markup {
    let choices = [("invite", "Only people I invite"), ("open", "Anyone"), ("closed", "Nobody, invited or not")];
    let most = Field {
        form: "settings",
        name: "accounts.links-max",
        label: "Links that each user may have",
        value: settings.value("accounts.links-max"),
        help: Some(html! { "A number, or “unlimited”. Who has more keeps them." }),
        autocomplete: Some("off"),
        ..Field::default()
    };
    let pace = Field {
        form: "settings",
        name: "links.per-minute",
        label: "Links that each user may make in a minute",
        value: settings.value("links.per-minute"),
        help: Some(html! { "A number, or “unlimited”. As many at once, then evenly." }),
        autocomplete: Some("off"),
        ..Field::default()
    };
    html! {
        (choice(settings, "accounts.registration", "Who may register?", &choices))
        @if let Some(word) = settings.registration_is_set {
            p.note { "SERVER_REGISTRATION says “" (word) "”, and that counts." }
        }
        (field::input(&most, settings.errors))
        (field::input(&pace, settings.errors))
    }
}

fn clicks(settings: &AdminSettings<'_>) -> Markup {
    let choices =
        [("never", "Keep nothing of them"), ("shorten", "Keep the network: 203.0.113.0"), ("store", "Keep them whole")];
    let days = Field {
        form: "settings",
        name: "clicks.keep-days",
        label: "Days that single clicks are kept",
        value: settings.value("clicks.keep-days"),
        help: Some(
            html! { "1 to 3650, or “forever”. Older ones are removed for good within minutes; the counts by day stay." },
        ),
        autocomplete: Some("off"),
        ..Field::default()
    };
    html! {
        (choice(settings, "clicks.addresses", "Visitors’ network addresses", &choices))
        (field::input(&days, settings.errors))
    }
}

fn links(settings: &AdminSettings<'_>) -> Markup {
    let hosts = Field {
        form: "settings",
        name: "links.blocked-hosts",
        label: "Hosts where no link may lead",
        value: settings.value("links.blocked-hosts"),
        help: Some(html! { "Names with commas. Links that lead there already stop at once." }),
        placeholder: Some("bad.example, worse.example"),
        autocomplete: Some("off"),
        need: Need::Optional,
        ..Field::default()
    };
    let codes = [("302", "Not at all (302)"), ("301", "5 minutes, uncounted (301)")];
    let choices = [("allow", "Allow"), ("refuse", "Refuse")];
    html! {
        (choice(settings, "links.redirect", "How long may browsers keep a redirect?", &codes))
        (field::input(&hosts, settings.errors))
        (choice(settings, "links.private", "Links into private networks, such as http://192.168.0.1/", &choices))
    }
}

fn choice(settings: &AdminSettings<'_>, key: &'static str, legend: &str, choices: &[(&str, &str)]) -> Markup {
    html! {
        fieldset id={ "settings-" (key) } {
            legend { (legend) }
            @if let Some(text) = settings.errors.get(key) {
                p.field-error { (text) }
            }
            @for (word, label) in choices {
                label.choice {
                    input type="radio" name=(key) value=(word) checked[*word == settings.value(key)];
                    " "
                    (label)
                }
            }
        }
    }
}

fn backups(frame: &Frame<'_>, settings: &AdminSettings<'_>) -> Markup {
    html! {
        section.form {
            h2 { "Backups" }
            p.help { "Each was opened and examined when it was made. They are in the folder “backups” beside the data file." }
            @if settings.is_backing_up {
                p.note { "A backup is being made. Reload this page to see it." }
            } @else {
                form method="post" action="/admin/backups" {
                    (field::token(frame.csrf_token))
                    button type="submit" { "Back up now" }
                }
            }
            @if settings.backups.is_empty() {
                p.muted { "There are none yet." }
            }
        }
    }
}

fn download(frame: &Frame<'_>, settings: &AdminSettings<'_>) -> Markup {
    html! {
        section.form {
            h2 { "Take a backup away" }
            p.help { "It holds everything: all accounts, links and clicks. Keep it as safe as the server." }
            form method="post" action="/admin/backups/download" {
                (field::token(frame.csrf_token))
                fieldset {
                    legend { "Which one?" }
                    @for (index, backup) in settings.backups.iter().enumerate() {
                        label.choice {
                            input type="radio" name="name" value=(backup.name) checked[index == 0];
                            " "
                            (moment::minute(backup.made))
                            " "
                            span.muted { (number::size(backup.bytes)) " · " (backup.name) }
                        }
                    }
                }
                button type="submit" { "Download" }
            }
        }
    }
}
