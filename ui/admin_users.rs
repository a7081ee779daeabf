//! The list of users, and the invitations that nobody has used yet.

use maud::{Markup, html};

use crate::clock::Timestamp;
use crate::ui::icon::{self, Icon};
use crate::ui::layout::{self, Frame};
use crate::ui::pager::{self, Pager};
use crate::ui::{admin, copy, field, moment, number, text};
use crate::user::{Role, State};

/// One page of the list.
#[derive(Debug, Clone)]
pub(crate) struct AdminUsers<'a> {
    pub(crate) query: &'a str,
    pub(crate) rows: Vec<Row>,
    pub(crate) pager: Pager,
    /// Users whose rows in the data file are damaged.
    pub(crate) damaged: u64,
    /// Nobody may register.
    pub(crate) is_closed: bool,
    /// The newest first.
    pub(crate) invitations: Vec<OpenInvitation>,
    /// The address of the invitation that was just made. It is shown once.
    pub(crate) invited: Option<&'a str>,
}

/// A user in the list.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// Empty, as what follows, of somebody who is removed.
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) links: u64,
    pub(crate) last_login_at: Option<Timestamp>,
    pub(crate) state: State,
}

/// An invitation that nobody has used yet.
#[derive(Debug, Clone)]
pub(crate) struct OpenInvitation {
    /// Names it in the form that takes it back; nobody can register with it.
    pub(crate) id: String,
    /// `None` for the command line.
    pub(crate) by: Option<String>,
    pub(crate) made: Timestamp,
    pub(crate) expires: Timestamp,
}

/// Draws the page.
pub(crate) fn page(frame: &Frame<'_>, users: &AdminUsers<'_>) -> Markup {
    let main = html! {
        h1 { "Users" }
        (admin::pages("/admin/users"))
        (admin::search("/admin/users", "Search users", users.query))
        @if users.damaged > 0 {
            p.note role="alert" { (number::counted(users.damaged, "user")) " could not be read from the data file." }
        }
        @if users.rows.is_empty() {
            p.empty {
                "No user matches. "
                a href="/admin/users" { "Show all users" }
            }
        } @else {
            form #act method="post" {
                (field::token(frame.csrf_token))
            }
            (table(&users.rows))
        }
        (pager::links(&users.pager))
        (invitations(frame, users))
    };
    layout::page(frame, main)
}

fn table(rows: &[Row]) -> Markup {
    html! {
        table.links {
            caption.unseen { "Users" }
            thead {
                tr {
                    th scope="col" { "Username" }
                    th scope="col" { "Email" }
                    th scope="col" { "Role" }
                    th.number scope="col" { "Links" }
                    th scope="col" { "Last login" }
                    th scope="col" { "State" }
                    th scope="col" {
                        span.unseen { "Actions" }
                    }
                }
            }
            tbody {
                @for row in rows {
                    (table_row(row))
                }
            }
        }
    }
}

fn table_row(row: &Row) -> Markup {
    let is_removed = row.state.estate().is_some();
    html! {
        tr {
            th.cell-address scope="row" {
                a.address href={ "/admin/users/" (row.name) } { (row.name) }
            }
            td.cell-target { (row.email) }
            td { @if !is_removed { (row.role.word()) } }
            td.number {
                (number::grouped(row.links))
                span.card-only { (if row.links == 1 { " link" } else { " links" }) }
            }
            td.muted {
                @match row.last_login_at {
                    Some(at) => (moment::day(at)),
                    None if is_removed => "",
                    None => "never",
                }
            }
            td { (state(row.state)) }
            td.cell-menu {
                (row_menu(row, is_removed))
            }
        }
    }
}

/// The badge of a state.
pub(crate) fn state(state: State) -> Markup {
    html! {
        @match state {
            State::Active => span.badge.badge-success { "Active" },
            State::Disabled => span.badge.badge-warning { "Disabled" },
            State::Removed(_) => span.badge { "Removed" },
        }
    }
}

fn row_menu(row: &Row, is_removed: bool) -> Markup {
    let page = format!("/admin/users/{}", row.name);
    let action = |to: &str| format!("{page}/{to}");
    html! {
        details.menu {
            summary aria-label={ "Actions for " (row.name) } {
                (icon::draw(Icon::More))
            }
            div.menu-panel {
                a.menu-item href=(page) { "Details" }
                @if !is_removed {
                    @if row.state == State::Active {
                        button.menu-item form="act" formaction=(action("reset-link")) { "Reset link" }
                    }
                    @if row.role == Role::User {
                        button.menu-item form="act" formaction=(action("role")) name="role" value="admin" { "Make admin" }
                    } @else {
                        button.menu-item form="act" formaction=(action("role")) name="role" value="user" { "Make plain user" }
                    }
                    @if row.state == State::Active {
                        button.menu-item form="act" formaction=(action("state")) name="to" value="off" { "Disable" }
                    } @else {
                        button.menu-item form="act" formaction=(action("state")) name="to" value="on" { "Enable" }
                    }
                    a.menu-item.danger-text href=(action("remove")) { "Remove" }
                }
            }
        }
    }
}

fn invitations(frame: &Frame<'_>, users: &AdminUsers<'_>) -> Markup {
    html! {
        section.form {
            h2 { "Invitations" }
            p.help { "A link to make one account with, good for 7 days, unless nobody may register." }
            @if users.is_closed {
                p.note { (text::NO_INVITATIONS) }
            } @else {
                form method="post" action="/admin/invitations" {
                    (field::token(frame.csrf_token))
                    @if let Some(url) = users.invited {
                        (once(url))
                    }
                    button type="submit" { "Invite" }
                }
            }
            @if users.invitations.is_empty() {
                p.muted { "None is open." }
            } @else {
                ul.top-links {
                    @for open in &users.invitations {
                        li {
                            span.top-title {
                                (moment::minute(open.made))
                                ", by "
                                (open.by.as_deref().unwrap_or("the command line"))
                                ", until "
                                (moment::day(open.expires))
                            }
                            form method="post" action="/admin/invitations/take-back" {
                                (field::token(frame.csrf_token))
                                button.small type="submit" name="invitation" value=(open.id) { "Take back" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// An address that is shown on this page and never again. Stands in the form that made it.
pub(crate) fn once(url: &str) -> Markup {
    html! {
        div.field {
            p.note { "Copy this link now; it is not shown again. Whoever has it can use it, once." }
            p.copy {
                code.copy-text.whole { (url) }
                (copy::button(url))
            }
        }
    }
}
