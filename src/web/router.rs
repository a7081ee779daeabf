//! Every address, what answers there, and who may reach it.
//!
//! The table is the only list of addresses: the verbs of a 405, the pages that `next` may name, and the words no
//! user may be called are all derived from it or checked against it.

use crate::app::App;
use crate::user;
use crate::web::access::{Administrator, SignedIn, Submission, Visitor};
use crate::web::confirm::Confirmed;
use crate::web::error::Error;
use crate::web::request::{Method, Request};
use crate::web::response::Response;
use crate::web::{
    account_delete, account_export, admin, admin_backups, admin_host_block, admin_link_delete, admin_links,
    admin_settings, admin_user, admin_user_remove, admin_users, assets, click_export, email_change, health, home,
    link_alias, link_create, link_delete, link_detail, link_edit, link_export, link_list, link_live, link_qr,
    link_selected, link_switch, login, logout, password_change, privacy, profile, register, reset, robots, session_end,
    setup, statistics, statistics_export, theme,
};

type Answer = Result<Response, Error>;

/// What is shown at an address.
#[derive(Clone, Copy)]
pub(crate) enum Show {
    /// Needs to know nothing of who asks; sets no cookies.
    Plain(fn(&App, &Request, &Parts<'_>) -> Answer),
    Anyone(fn(&App, &Visitor, &Request, &Parts<'_>) -> Answer),
    SignedIn(fn(&App, &Visitor, &SignedIn, &Request, &Parts<'_>) -> Answer),
    Administrator(fn(&App, &Visitor, &Administrator, &Request, &Parts<'_>) -> Answer),
}

/// What takes a form at an address.
#[derive(Clone, Copy)]
pub(crate) enum Submit {
    Anyone(fn(&App, &Submission<'_>, &Parts<'_>) -> Answer),
    SignedIn(fn(&App, &SignedIn, &Submission<'_>, &Parts<'_>) -> Answer),
    Administrator(fn(&App, &Administrator, &Submission<'_>, &Parts<'_>) -> Answer),
    /// What a passer-by at an open browser must not do: whoever has not given their password lately is asked for it
    /// first, see [`Confirmed`].
    ConfirmedAdministrator(fn(&App, &Confirmed<Administrator>, &Submission<'_>, &Parts<'_>) -> Answer),
}

/// The parts of a path that a route leaves open, in order.
pub(crate) type Parts<'a> = [&'a str];

/// One address.
pub(crate) struct Route {
    /// Parts separated by `/`; `*` stands for any one part.
    pub(crate) pattern: &'static str,
    pub(crate) show: Option<Show>,
    pub(crate) submit: Option<Submit>,
    /// Whether it answers before there is an administrator.
    pub(crate) before_setup: bool,
}

const fn page(pattern: &'static str, show: Show) -> Route {
    Route { pattern, show: Some(show), submit: None, before_setup: false }
}

const fn form(pattern: &'static str, show: Show, submit: Submit) -> Route {
    Route { pattern, show: Some(show), submit: Some(submit), before_setup: false }
}

const fn action(pattern: &'static str, submit: Submit) -> Route {
    Route { pattern, show: None, submit: Some(submit), before_setup: false }
}

const fn early(route: Route) -> Route {
    Route { before_setup: true, ..route }
}

/// Every address but the short ones.
pub(crate) const ROUTES: &[Route] = &[
    early(page("", Show::Anyone(home::show))),
    early(form("setup", Show::Anyone(setup::show), Submit::Anyone(setup::submit))),
    early(page("health", Show::Plain(health::show))),
    early(page("assets/*", Show::Plain(assets::show))),
    early(page("favicon.ico", Show::Plain(assets::show_favicon))),
    page("robots.txt", Show::Plain(robots::show)),
    page("privacy", Show::Anyone(privacy::show)),
    page(".well-known/gpc.json", Show::Plain(privacy::show_gpc)),
    page(".well-known/change-password", Show::Plain(password_change::show_well_known)),
    form("accounts/register", Show::Anyone(register::show), Submit::Anyone(register::submit)),
    form("accounts/login", Show::Anyone(login::show), Submit::Anyone(login::submit)),
    action("accounts/logout", Submit::Anyone(logout::submit)),
    action("accounts/theme", Submit::Anyone(theme::submit)),
    page("accounts/profile", Show::SignedIn(profile::show)),
    action("accounts/email", Submit::SignedIn(email_change::submit)),
    action("accounts/password", Submit::SignedIn(password_change::submit)),
    action("accounts/sessions", Submit::SignedIn(session_end::submit)),
    form("accounts/reset", Show::Anyone(reset::show), Submit::Anyone(reset::submit)),
    page("accounts/reset/*", Show::Anyone(reset::take)),
    page("accounts/invite/*", Show::Anyone(register::take)),
    form("accounts/delete", Show::SignedIn(account_delete::show), Submit::SignedIn(account_delete::submit)),
    page("links", Show::SignedIn(link_list::show)),
    form("links/new", Show::SignedIn(link_create::show), Submit::SignedIn(link_create::submit)),
    page("accounts/export.jsonl", Show::SignedIn(account_export::show)),
    page("links/export.csv", Show::SignedIn(link_export::show)),
    page("links/export.jsonl", Show::SignedIn(link_export::show)),
    page("links/clicks.csv", Show::SignedIn(click_export::show)),
    page("links/clicks.jsonl", Show::SignedIn(click_export::show)),
    page("links/statistics.csv", Show::SignedIn(statistics_export::show)),
    page("links/statistics.jsonl", Show::SignedIn(statistics_export::show)),
    page("links/statistics", Show::SignedIn(statistics::show)),
    form("links/selected", Show::SignedIn(link_selected::show), Submit::SignedIn(link_selected::submit)),
    page("links/*", Show::SignedIn(link_detail::show)),
    page("links/*/live", Show::SignedIn(link_live::show)),
    page("links/*/qr.svg", Show::SignedIn(link_qr::show)),
    page("links/*/clicks.csv", Show::SignedIn(click_export::show)),
    page("links/*/clicks.jsonl", Show::SignedIn(click_export::show)),
    page("links/*/statistics.csv", Show::SignedIn(statistics_export::show)),
    page("links/*/statistics.jsonl", Show::SignedIn(statistics_export::show)),
    page("admin", Show::Administrator(admin::show)),
    page("admin/statistics", Show::Administrator(statistics::show_site)),
    form(
        "admin/settings",
        Show::Administrator(admin_settings::show),
        Submit::ConfirmedAdministrator(admin_settings::submit),
    ),
    page("admin/users", Show::Administrator(admin_users::show)),
    action("admin/invitations", Submit::ConfirmedAdministrator(admin_users::submit)),
    action("admin/invitations/take-back", Submit::Administrator(admin_users::take_back)),
    page("admin/users/*", Show::Administrator(admin_user::show)),
    action("admin/users/*/role", Submit::ConfirmedAdministrator(admin_user::submit_role)),
    action("admin/users/*/state", Submit::ConfirmedAdministrator(admin_user::submit_state)),
    action("admin/users/*/reset-link", Submit::ConfirmedAdministrator(admin_user::submit_reset)),
    action("admin/users/*/sessions", Submit::ConfirmedAdministrator(admin_user::submit_sessions)),
    form(
        "admin/users/*/remove",
        Show::Administrator(admin_user_remove::show),
        Submit::ConfirmedAdministrator(admin_user_remove::submit),
    ),
    action("admin/users/*/release", Submit::ConfirmedAdministrator(admin_user_remove::submit_release)),
    page("admin/links", Show::Administrator(admin_links::show)),
    action("admin/links/*/*/switch", Submit::ConfirmedAdministrator(admin_links::submit_switch)),
    form(
        "admin/links/*/*/delete",
        Show::Administrator(admin_link_delete::show),
        Submit::ConfirmedAdministrator(admin_link_delete::submit),
    ),
    form(
        "admin/block-host",
        Show::Administrator(admin_host_block::show),
        Submit::ConfirmedAdministrator(admin_host_block::submit),
    ),
    action("admin/backups", Submit::Administrator(admin_backups::submit)),
    action("admin/backups/download", Submit::ConfirmedAdministrator(admin_backups::submit_download)),
    form("links/*/edit", Show::SignedIn(link_edit::show), Submit::SignedIn(link_edit::submit)),
    action("links/*/aliases", Submit::SignedIn(link_alias::submit)),
    action("links/*/switch", Submit::SignedIn(link_switch::submit)),
    form("links/*/delete", Show::SignedIn(link_delete::show), Submit::SignedIn(link_delete::submit)),
];

impl Route {
    /// The verbs that answer here, as an `Allow` header has them.
    pub(crate) fn allow(&self) -> &'static str {
        match (self.show.is_some(), self.submit.is_some()) {
            (true, true) => "GET, HEAD, POST, OPTIONS",
            (true, false) => "GET, HEAD, OPTIONS",
            (false, true) => "POST, OPTIONS",
            (false, false) => "OPTIONS",
        }
    }

    /// Whether who asks does not matter here, nor the query.
    pub(crate) fn asks_nothing(&self) -> bool {
        matches!(self.show, Some(Show::Plain(_)))
    }

    /// The open parts of `path`, if the path is of this route.
    fn matches<'a>(&self, path: &'a [String]) -> Option<Vec<&'a str>> {
        let count = if self.pattern.is_empty() { 0 } else { self.pattern.split('/').count() };
        if count != path.len() {
            return None;
        }
        let mut open = Vec::new();
        for (part, found) in self.pattern.split('/').zip(path) {
            match part {
                "*" => open.push(found.as_str()),
                fixed if fixed == found => {}
                _ => return None,
            }
        }
        Some(open)
    }
}

/// The route of a path with its open parts. Fixed words come before `*` in the table.
pub(crate) fn find(path: &[String]) -> Option<(&'static Route, Vec<&str>)> {
    ROUTES.iter().find_map(|route| route.matches(path).map(|open| (route, open)))
}

/// The path of the page that a form sent to `request` stands on: the same, or for forms that have no page of their own the
/// one that several stand on.
pub(crate) fn form_page(request: &Request) -> &str {
    // Of the administrators' addresses nothing is to be learned from where this leads.
    if is_for_administrators(&request.path) {
        return match request.path.get(1).map_or("", String::as_str) {
            "users" | "invitations" => "/admin/users",
            "links" | "block-host" => "/admin/links",
            _ => "/admin/settings",
        };
    }
    let has_page = find(&request.path).is_some_and(|(route, _)| route.show.is_some());
    match has_page {
        true => request.path_text(),
        false if request.path.first().is_some_and(|first| first == "links") => "/links",
        false => "/accounts/profile",
    }
}

/// True when nobody else is to know what there is at a path, nor whether there is anything.
pub(crate) fn is_for_administrators(path: &[String]) -> bool {
    path.first().is_some_and(|first| first == "admin")
}

/// True when a path belongs to a user: two parts, of which the first is no word of ours.
pub(crate) fn is_short(path: &[String]) -> bool {
    path.len() == 2 && !user::is_reserved(&path[0]) && !path[0].starts_with('.')
}

/// True when a path is a user's name alone, or could be: there is nothing there, for known names and others alike.
pub(crate) fn is_bare_name(path: &[String]) -> bool {
    path.len() == 1 && !user::is_reserved(&path[0]) && find(path).is_none()
}

/// The verbs of a short address.
pub(crate) const SHORT_ALLOW: &str = "GET, HEAD";

/// Answers `OPTIONS`, and any verb a route does not have.
pub(crate) fn other_verb(method: Method, allow: &'static str) -> Answer {
    match method {
        Method::Options => Ok(Response::new(204, crate::web::response::Kind::Plain).with("Allow", allow)),
        _ => Err(Error::MethodNotAllowed(allow)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkId;

    fn path(text: &str) -> Vec<String> {
        text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn every_first_word_is_reserved_or_cannot_be_a_name() {
        for route in ROUTES {
            let first = route.pattern.split('/').next().unwrap();
            let is_safe = first.is_empty() || first.contains('.') || user::is_reserved(first);
            assert!(is_safe, "a user could be called {first}");
        }
    }

    #[test]
    fn no_word_of_ours_is_a_link() {
        let words = ROUTES.iter().filter_map(|route| route.pattern.strip_prefix("links/")?.split('/').next());
        assert!(words.clone().any(|word| word == "new"));
        for word in words {
            assert_eq!(LinkId::parse(word), None, "a link could have the page /links/{word}");
        }
    }

    #[test]
    fn what_an_administrator_does_takes_the_password_again_but_for_what_harms_nobody() {
        let harmless = ["admin/backups", "admin/invitations/take-back"];
        for route in ROUTES.iter().filter(|route| route.pattern.starts_with("admin/")) {
            let is_confirmed = matches!(route.submit, None | Some(Submit::ConfirmedAdministrator(_)));
            assert!(is_confirmed || harmless.contains(&route.pattern), "{}", route.pattern);
        }
    }

    #[test]
    fn paths_find_their_route() {
        for (text, pattern, open) in [
            ("", Some(""), vec![]),
            ("links", Some("links"), vec![]),
            ("links/new", Some("links/new"), vec![]),
            ("links/abc", Some("links/*"), vec!["abc"]),
            ("links/abc/edit", Some("links/*/edit"), vec!["abc"]),
            ("accounts/reset/t", Some("accounts/reset/*"), vec!["t"]),
            ("links/abc/none", None, vec![]),
            ("LINKS", None, vec![]),
            ("alice/promo", None, vec![]),
        ] {
            let path = path(text);
            let found = find(&path).map(|(route, open)| (route.pattern, open));
            assert_eq!(found, pattern.map(|pattern| (pattern, open)), "{text}");
        }
        for (text, short) in [("alice/promo", true), ("links/abc", false), ("alice", false), ("a/b/c", false)] {
            assert_eq!(is_short(&path(text)), short, "{text}");
        }
    }
}
