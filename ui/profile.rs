//! A person's own account: its details, and forms for email and password.

use std::net::IpAddr;

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::limits::EMAIL_BYTES_MAX;
use crate::ui::field::{self, Errors, Field};
use crate::ui::layout::{self, Frame};
use crate::ui::{copy, moment, number};

/// The account, and the two forms as they were sent.
#[derive(Debug, Clone)]
pub(crate) struct Profile<'a> {
    pub(crate) username: &'a str,
    pub(crate) email: &'a str,
    pub(crate) created_at: Timestamp,
    pub(crate) last_login_at: Option<Timestamp>,
    pub(crate) is_admin: bool,
    pub(crate) password_chars_min: usize,
    pub(crate) links: u64,
    /// The one seen last first.
    pub(crate) browsers: Vec<Browser>,
    /// Where the form for a new link is, whole.
    pub(crate) new_link_url: &'a str,
    /// What stands in the field for a new address; empty unless it was refused.
    pub(crate) new_email: &'a str,
    pub(crate) email_errors: &'a Errors,
    pub(crate) password_errors: &'a Errors,
}

/// A browser in which the person is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    pub(crate) id: String,
    /// The one this page is drawn for.
    pub(crate) is_this: bool,
    pub(crate) browser: &'static str,
    pub(crate) system: &'static str,
    /// As much of it as is kept of visitors.
    pub(crate) address: Option<IpAddr>,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
}

/// Draws the profile.
pub(crate) fn page(frame: &Frame<'_>, profile: &Profile<'_>) -> Markup {
    let main = html! {
        h1 { "Profile" }
        (details(profile))
        (email_form(frame, profile))
        (password_form(frame, profile))
        (browsers(frame, profile))
        (bookmarklet(profile))
        section.form {
            h2 { "Your data" }
            p.help { "Everything that is kept of you, your links and their clicks, one JSON object a line." }
            p.buttons {
                a.button href="/accounts/export.jsonl" { "Export everything" }
            }
        }
        section.form {
            h2 { "Delete account" }
            p.help { "What becomes of your links is asked first." }
            p.buttons {
                a.button.danger href="/accounts/delete" { "Delete account…" }
            }
        }
        section.form #shortcuts hidden {
            h2 { "Keyboard" }
            label.choice {
                input #shortcuts-on type="checkbox";
                " Shortcuts in this browser: "
                kbd { "/" }
                " searches, "
                kbd { "n" }
                " makes a new link"
            }
        }
    };
    layout::page(frame, main)
}

fn details(profile: &Profile<'_>) -> Markup {
    html! {
        dl.facts {
            dt { "Username" }
            dd { (profile.username) }
            dt { "Email" }
            dd { (profile.email) }
            dt { "Role" }
            dd { (if profile.is_admin { "Administrator" } else { "User" }) }
            dt { "Member since" }
            dd { (moment::day(profile.created_at)) }
            dt { "Last login" }
            dd {
                @match profile.last_login_at {
                    Some(at) => (moment::minute(at)),
                    None => "never",
                }
            }
            dt { "Links" }
            dd { (number::grouped(profile.links)) }
        }
    }
}

/// The code of a bookmark that takes the page one is on along to the form for a new link. Text to copy: a link with code
/// in it is nothing that our pages have.
fn bookmarklet(profile: &Profile<'_>) -> Markup {
    let code = format!(
        "javascript:location.href='{}?url='+encodeURIComponent(location.href)+'&title='+encodeURIComponent(document.title)",
        profile.new_link_url
    );
    html! {
        section.form {
            h2 { "Bookmark" }
            div.field {
                label for="bookmark" { "Shorten this page" }
                p.help #bookmark-help {
                    "Make a bookmark of any page, then replace its address by this: from then on it fills in a new link for \
                     the page that you are on."
                }
                input #bookmark type="text" readonly value=(code) aria-describedby="bookmark-help";
            }
            (copy::button_of(&code, "Copy the code"))
        }
    }
}

fn email_form(frame: &Frame<'_>, profile: &Profile<'_>) -> Markup {
    let email = Field {
        form: "email",
        name: "email",
        label: "New email",
        kind: "email",
        value: profile.new_email,
        autocomplete: Some("email"),
        chars_max: Some(EMAIL_BYTES_MAX),
        ..Field::default()
    };
    html! {
        section.form {
            h2 { "Change email" }
            (field::summary("email", profile.email_errors))
            form method="post" action="/accounts/email" {
                (field::token(frame.csrf_token))
                (field::input(&email, profile.email_errors))
                (field::input(&current_password("email", "password"), profile.email_errors))
                button type="submit" { "Change email" }
            }
        }
    }
}

fn password_form(frame: &Frame<'_>, profile: &Profile<'_>) -> Markup {
    html! {
        section.form {
            h2 { "Change password" }
            p.help { "Other browsers in which you are logged in will be logged out." }
            (field::summary("password", profile.password_errors))
            form method="post" action="/accounts/password" {
                (field::token(frame.csrf_token))
                // Password managers look for the name beside the password.
                input type="hidden" name="username" autocomplete="username" value=(profile.username);
                (field::input(&current_password("password", "password"), profile.password_errors))
                (field::new_passwords("password", "New password", profile.password_chars_min, profile.password_errors))
                button type="submit" { "Change password" }
            }
        }
    }
}

fn browsers(frame: &Frame<'_>, profile: &Profile<'_>) -> Markup {
    html! {
        section.form {
            h2 #browsers { "Where you are logged in" }
            div.scroll tabindex="0" role="region" aria-labelledby="browsers" {
                table {
                    caption.unseen { "Browsers in which you are logged in" }
                    thead {
                        tr {
                            th scope="col" { "Browser" }
                            th scope="col" { "Network" }
                            th scope="col" { "Since" }
                            th scope="col" { "Last visit" }
                            th scope="col" { span.unseen { "Log out" } }
                        }
                    }
                    tbody {
                        @for browser in &profile.browsers {
                            (row(frame, browser))
                        }
                    }
                }
            }
            @if profile.browsers.len() > 1 {
                form method="post" action="/accounts/sessions" {
                    (field::token(frame.csrf_token))
                    button type="submit" { "Log out all others" }
                }
            }
        }
    }
}

fn row(frame: &Frame<'_>, browser: &Browser) -> Markup {
    let name = format!("{} on {}", browser.browser, browser.system);
    html! {
        tr {
            td { (name) }
            td { (browser.address.map(|address| address.to_string()).unwrap_or_default()) }
            td { (moment::day(browser.first_seen)) }
            td { (moment::minute(browser.last_seen)) }
            td {
                @if browser.is_this {
                    "This browser"
                } @else {
                    form method="post" action="/accounts/sessions" {
                        (field::token(frame.csrf_token))
                        input type="hidden" name="session" value=(browser.id);
                        button type="submit" aria-label={ "Log out " (name) } { "Log out" }
                    }
                }
            }
        }
    }
}

fn current_password<'a>(form: &'a str, name: &'a str) -> Field<'a> {
    Field {
        form,
        name,
        label: "Current password",
        kind: "password",
        autocomplete: Some("current-password"),
        ..Field::default()
    }
}
