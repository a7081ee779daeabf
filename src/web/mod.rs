//! What a request means and what we answer. Knows no socket.
//!
//! [`respond`] is the whole of it: host name, short link or page, form check, page function, and the headers every
//! answer carries. Read [`router`] for the addresses and [`access`] for who may reach them.

mod access;
mod account_form;
mod assets;
mod cookie;
mod email_change;
mod error;
mod flash;
mod form;
mod health;
mod home;
mod host;
mod link_create;
mod link_delete;
mod link_detail;
mod link_edit;
mod link_list;
mod login;
mod logout;
mod next;
mod password_change;
mod percent;
mod profile;
mod redirect;
mod register;
pub(crate) mod request;
mod reset;
pub(crate) mod response;
mod robots;
mod router;
mod setup;
mod target_rules;
mod theme;

use std::borrow::Cow;
use std::time::Instant;

use log::debug;

use crate::app::App;
use crate::ui::Markup;
use crate::ui::layout::Section;
use access::Visitor;
use error::Error;
use host::Standing;
use request::{Method, Raw, Request};
use response::{Kind, Response};
use router::{Show, Submit};

/// The content policy of pages: nothing but our own files, no inline script or style anywhere.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; manifest-src 'self'";
/// The content policy of answers that are nobody's page.
const BARE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// A year, in which the browser asks for no plain HTTP of ours.
const STRICT_TRANSPORT: &str = "max-age=31536000";

/// Answers a request.
pub(crate) fn respond(app: &App, raw: Raw) -> Response {
    let started = Instant::now();
    let parsed = Request::parse(raw);
    let (response, request) = match &parsed {
        Ok(request) => (answer(app, request), Some(request)),
        Err(error) => (error::respond(error, None, None), None),
    };
    if log::log_enabled!(target: "core", log::Level::Debug) {
        debug!(
            target: "core",
            method = request.map_or_else(|| "?".to_owned(), |request| format!("{:?}", request.method).to_uppercase()),
            path = request.map(Request::logged_path).unwrap_or_default(),
            status = response.status,
            ip = request.map(Request::ip).unwrap_or_default(),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            "request"
        );
    }
    with_headers(app, response)
}

/// The answer for a panic in a page: the worker lives on, the log has the message under the incident's number.
pub(crate) fn respond_to_panic(app: &App, message: &str) -> Response {
    with_headers(app, error::respond(&Error::Internal(format!("panic: {message}")), None, None))
}

fn answer(app: &App, request: &Request) -> Response {
    let path = &request.path;
    let is_health = path.first().is_some_and(|first| first == "health");
    let standing = if is_health { Standing::Own } else { host::standing(app, request) };
    if standing == Standing::Foreign {
        host::note_refused(app, request);
        return error::respond(&Error::Misdirected, Some(request), None);
    }
    if router::is_short(path) || router::is_bare_name(path) {
        return short_link(app, request);
    }
    if standing == Standing::Alias {
        return to_base_url(app, request);
    }
    match dispatch(app, request) {
        Ok(response) => response,
        Err(error) => failed(app, request, &error),
    }
}

/// The page of an error. If even that needs something that fails, one line has to do.
fn failed(app: &App, request: &Request, error: &Error) -> Response {
    let visitor = Visitor::of(app, request).ok();
    error::respond(error, Some(request), visitor.as_ref())
}

fn short_link(app: &App, request: &Request) -> Response {
    let outcome = match request.method {
        Method::Get | Method::Head if app.is_set_up() => redirect::show(app, request),
        Method::Get | Method::Head => Err(Error::NotSetUp),
        method => router::other_verb(method, router::SHORT_ALLOW),
    };
    outcome.unwrap_or_else(|error| {
        // Visitors of short links get no cookies, and a page without a menu.
        let visitor = Visitor::of(app, request).ok().map(Visitor::without_menu);
        error::respond(&error, Some(request), visitor.as_ref())
    })
}

/// An alias answers short links only; its pages are at the public address.
fn to_base_url(app: &App, request: &Request) -> Response {
    match &app.base_url {
        Some(base) if matches!(request.method, Method::Get | Method::Head) => {
            let response = Response::new(308, Kind::Plain);
            response.with("Location", format!("{}{}", base.text, request.here))
        }
        _ => error::respond(&Error::Forbid, Some(request), None),
    }
}

fn dispatch(app: &App, request: &Request) -> Result<Response, Error> {
    let Some((route, parts)) = router::find(&request.path) else {
        return Err(if app.is_set_up() { Error::NotFound } else { Error::NotSetUp });
    };
    if !app.is_set_up() && !route.before_setup {
        return Err(Error::NotSetUp);
    }
    match (request.method, route.show, route.submit) {
        (Method::Get | Method::Head, Some(Show::Plain(show)), _) => show(app, request, &parts),
        (Method::Get | Method::Head, Some(show), _) => {
            let visitor = Visitor::of(app, request)?;
            let response = match (show, &visitor.account) {
                (Show::SignedIn(show), Some(account)) => show(app, &visitor, account, request, &parts)?,
                (Show::SignedIn(_), None) => return Err(Error::SignInFirst),
                (Show::Anyone(show), _) => show(app, &visitor, request, &parts)?,
                (Show::Plain(show), _) => show(app, request, &parts)?,
            };
            Ok(visitor.keep(response))
        }
        (Method::Post, _, Some(submit)) => {
            let visitor = Visitor::of(app, request)?;
            let submission = access::submission(app, request, &visitor)?;
            let response = match (submit, &visitor.account) {
                (Submit::SignedIn(submit), Some(account)) => submit(app, account, &submission, &parts)?,
                (Submit::SignedIn(_), None) => return Err(Error::SignInFirst),
                (Submit::Anyone(submit), _) => submit(app, &submission, &parts)?,
            };
            Ok(visitor.keep(response))
        }
        (method, ..) => router::other_verb(method, route.allow()),
    }
}

/// Adds what every answer of its kind carries (the matrix of response headers).
fn with_headers(app: &App, response: Response) -> Response {
    let kind = response.kind;
    let is_error = response.status >= 400;
    let mut response = response.with("X-Content-Type-Options", "nosniff");
    let mut add = |name: &'static str, value: Cow<'static, str>| {
        if !response.has(name) {
            response.headers.push((name, value));
        }
    };
    match kind {
        Kind::Page => {
            add("Content-Security-Policy", PAGE_POLICY.into());
            add("Cross-Origin-Opener-Policy", "same-origin".into());
            add("Permissions-Policy", "camera=(), microphone=(), geolocation=()".into());
            add("Vary", "Cookie".into());
        }
        Kind::ShortLink | Kind::Plain => add("Content-Security-Policy", BARE_POLICY.into()),
        Kind::Asset => {}
    }
    // A policy on a redirect would replace the page's own for the next hop; targets would lose their referrer.
    if kind != Kind::ShortLink {
        add("Referrer-Policy", "same-origin".into());
    }
    if matches!(kind, Kind::Page | Kind::Plain) {
        add("X-Frame-Options", "DENY".into());
    }
    if matches!(kind, Kind::Page | Kind::Asset) {
        add("Cross-Origin-Resource-Policy", "same-origin".into());
    }
    if kind == Kind::ShortLink || (is_error && kind != Kind::Asset) {
        add("X-Robots-Tag", "noindex".into());
    }
    add("Cache-Control", "no-store".into());
    if app.is_secure() {
        add("Strict-Transport-Security", STRICT_TRANSPORT.into());
    }
    response
}

/// Draws a page that came out well.
fn page(markup: Markup) -> Response {
    Response::page(200, markup)
}

/// Draws a form again that came back with errors.
fn form_again(markup: Markup) -> Response {
    Response::page(422, markup)
}

#[cfg(test)]
mod tests;
