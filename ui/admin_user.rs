//! One account, as administrators see it.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::ui::layout::{self, Frame};
use crate::ui::{admin, admin_users, field, moment, number};
use crate::user::{Estate, Role, State};

/// An account, and what can be done with it.
#[derive(Debug, Clone)]
pub(crate) struct AdminUser<'a> {
    pub(crate) name: &'a str,
    /// Empty of somebody who is removed.
    pub(crate) email: &'a str,
    pub(crate) role: Role,
    pub(crate) state: State,
    pub(crate) created_at: Timestamp,
    pub(crate) last_login_at: Option<Timestamp>,
    pub(crate) links: Links<'a>,
    /// Browsers that are logged in.
    pub(crate) sessions: u64,
    /// The address of the reset link that was just made. It is shown once.
    pub(crate) reset_link: Option<&'a str>,
}

/// The links of an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links<'a> {
    pub(crate) count: u64,
    /// Who looks after them, if somebody does.
    pub(crate) keeper: Option<&'a str>,
}

/// Draws the page.
pub(crate) fn page(frame: &Frame<'_>, user: &AdminUser<'_>) -> Markup {
    let main = html! {
        div.head {
            h1 { (user.name) }
            (admin_users::state(user.state))
        }
        (admin::pages("/admin/users"))
        @match user.state.estate() {
            Some(estate) => (removed(frame, user, estate)),
            None => {
                (facts(user))
                (password(frame, user))
                (sessions(frame, user))
                (role(frame, user))
                (state(frame, user))
                section.form {
                    h2 { "Remove" }
                    p.help { "The account ends. What becomes of its links is asked first." }
                    p.buttons {
                        a.button.danger href={ "/admin/users/" (user.name) "/remove" } { "Remove…" }
                    }
                }
            }
        }
    };
    layout::page(frame, main)
}

fn facts(user: &AdminUser<'_>) -> Markup {
    html! {
        dl.facts {
            dt { "Email" }
            dd { (user.email) }
            dt { "Role" }
            dd { (if user.role == Role::Administrator { "Administrator" } else { "User" }) }
            dt { "Member since" }
            dd { (moment::day(user.created_at)) }
            dt { "Last login" }
            dd {
                @match user.last_login_at {
                    Some(at) => (moment::minute(at)),
                    None => "never",
                }
            }
            dt { "Links" }
            dd { (number::grouped(user.links.count)) }
        }
    }
}

/// A form with one button.
fn action(frame: &Frame<'_>, user: &AdminUser<'_>, to: &str, (name, value): (&str, &str), label: &str) -> Markup {
    html! {
        form method="post" action={ "/admin/users/" (user.name) "/" (to) } {
            (field::token(frame.csrf_token))
            button type="submit" name=[(!name.is_empty()).then_some(name)] value=[(!name.is_empty()).then_some(value)] {
                (label)
            }
        }
    }
}

fn password(frame: &Frame<'_>, user: &AdminUser<'_>) -> Markup {
    html! {
        section.form {
            h2 { "Password" }
            p.help {
                "A link to choose a new one, good once and for 24 hours. Earlier ones end, and with the new password every "
                "browser is logged out."
            }
            @if user.state == State::Active {
                form method="post" action={ "/admin/users/" (user.name) "/reset-link" } {
                    (field::token(frame.csrf_token))
                    @if let Some(url) = user.reset_link {
                        (admin_users::once(url))
                    }
                    button type="submit" { "Make a reset link" }
                }
            } @else {
                p.muted { "Enable the account first." }
            }
        }
    }
}

fn sessions(frame: &Frame<'_>, user: &AdminUser<'_>) -> Markup {
    html! {
        section.form {
            h2 { "Logged in" }
            p.help { (number::counted(user.sessions, "browser")) "." }
            @if user.sessions > 0 {
                (action(frame, user, "sessions", ("", ""), "Log out everywhere"))
            }
        }
    }
}

fn role(frame: &Frame<'_>, user: &AdminUser<'_>) -> Markup {
    html! {
        section.form {
            h2 { "Role" }
            p.help {
                "Administrators see all accounts and settings. Another role logs " (user.name) " out everywhere."
                @if user.role == Role::User {
                    " Their password was chosen by the rules for users. A reset link asks for a longer one."
                }
            }
            @if user.role == Role::User {
                (action(frame, user, "role", ("role", "admin"), "Make administrator"))
            } @else {
                (action(frame, user, "role", ("role", "user"), "Make plain user"))
            }
        }
    }
}

fn state(frame: &Frame<'_>, user: &AdminUser<'_>) -> Markup {
    html! {
        section.form {
            @if user.state == State::Active {
                h2 { "Disable" }
                p.help {
                    (user.name)
                    " cannot log in any more, and is logged out everywhere at once. Links go on redirecting."
                }
                (action(frame, user, "state", ("to", "off"), "Disable"))
            } @else {
                h2 { "Enable" }
                p.help { (user.name) " cannot log in. Links go on redirecting." }
                (action(frame, user, "state", ("to", "on"), "Enable"))
            }
        }
    }
}

fn removed(frame: &Frame<'_>, user: &AdminUser<'_>, estate: Estate) -> Markup {
    let links = number::counted(user.links.count, "link");
    let (go, are, them) = if user.links.count == 1 { ("goes", "is", "it") } else { ("go", "are", "them") };
    html! {
        section.form {
            h2 { "Removed" }
            @if user.links.count == 0 {
                p.help { "There are no links left under this name. Nobody can have it until it is released." }
                (action(frame, user, "release", ("", ""), "Release the name"))
            } @else {
                p.help {
                    @match estate {
                        Estate::Kept(_) => {
                            (links) " " (go) " on redirecting. "
                            (user.links.keeper.unwrap_or("Somebody"))
                            " looks after " (them) "."
                        }
                        Estate::Archived => {
                            (links) " " (go) " on redirecting, in the archive. "
                            a href={ "/links?of=" (user.name) } { "See " (them) }
                        }
                        Estate::Deleted => { (links) " " (are) " being deleted." }
                    }
                }
                @if estate != Estate::Deleted {
                    p.buttons {
                        a.button href={ "/admin/users/" (user.name) "/remove" } { "Decide anew…" }
                    }
                }
            }
        }
    }
}
