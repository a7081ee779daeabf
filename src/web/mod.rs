//! What a request means and what we answer. Knows no socket.
//!
//! [`respond`] is the whole of it: host name, short link or page, form check, page function, and the headers every
//! answer carries. Read [`router`] for the addresses and [`access`] for who may reach them.

mod access;
mod account_delete;
mod account_export;
mod account_form;
mod admin;
mod admin_backups;
mod admin_host_block;
mod admin_link_delete;
mod admin_links;
mod admin_settings;
mod admin_user;
mod admin_user_remove;
mod admin_users;
pub(crate) mod assets;
mod click_export;
mod confirm;
mod cookie;
mod device;
mod email_change;
mod error;
mod export;
mod flash;
mod form;
pub(crate) mod headers;
mod health;
mod home;
mod host;
mod json_lines;
mod link_alias;
mod link_create;
mod link_delete;
mod link_detail;
mod link_edit;
mod link_export;
mod link_list;
mod link_live;
mod link_qr;
mod link_range;
mod link_selected;
mod link_switch;
mod login;
mod logout;
mod next;
mod own_link;
mod password_change;
mod percent;
mod preview;
mod privacy;
mod profile;
mod redirect;
mod refusal;
mod register;
pub(crate) mod request;
mod reset;
pub(crate) mod response;
mod robots;
mod router;
mod session_end;
mod setup;
mod spreadsheet;
mod statistics;
mod statistics_export;
pub(crate) mod stream;
mod target_rules;
mod theme;
mod transport;

use std::borrow::Cow;
use std::time::Instant;

use log::debug;

use crate::app::App;
use crate::proxy::Transport;
use crate::store::Redirect;
use crate::throttle::Wait;
use crate::ui::Markup;
use crate::ui::layout::Section;
use crate::visitor::AddressPolicy;
pub(crate) use redirect::plain_path;
pub(crate) use refusal::{refuse, refuse_plain};

use access::{Administrator, Visitor};
use error::Error;
use form::Form;
use host::Standing;
use request::{Method, Raw, Request};
use response::{Kind, Response};
use router::{Parts, Show, Submit};

/// The content policy of pages: nothing but our own files, no inline script or style anywhere.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; manifest-src 'self'";
/// The content policy of answers that are nobody's page.
const BARE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// A year, in which the browser asks for no plain HTTP of ours.
const STRICT_TRANSPORT: &str = "max-age=31536000";

/// Answers a request. Who sends the answer waits for its [click](Response::click).
pub(crate) fn respond(app: &App, raw: Raw) -> Response {
    respond_with(app, raw, None)
}

/// Answers a request for a short address whose link was found under its [`plain_path`]. The same code as for every
/// other request, so a link has one behaviour; but nothing in it waits for a disk.
pub(crate) fn respond_found(app: &App, raw: Raw, found: &Redirect) -> Response {
    respond_with(app, raw, Some(found))
}

fn respond_with(app: &App, raw: Raw, found: Option<&Redirect>) -> Response {
    let started = log::log_enabled!(target: "core", log::Level::Debug).then(Instant::now);
    let transport = raw.transport;
    let parsed = Request::parse(raw);
    let (response, request) = match &parsed {
        Ok(request) => (answer(app, request, found), Some(request)),
        Err(error) => (error::respond(error, None, None), None),
    };
    if let Some(started) = started {
        note(app, request, response.status, started);
    }
    with_headers(app, transport, response)
}

/// Logs a request. Visitors are in these lines too, so they have the address only where clicks keep it whole.
fn note(app: &App, request: Option<&Request>, status: u16, started: Instant) {
    let method = request.map_or("?", |request| request.method.as_str());
    let path = request.map(Request::logged_path).unwrap_or_default();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if app.settings().addresses == AddressPolicy::Store {
        let ip = request.map(Request::ip).unwrap_or_default();
        debug!(target: "core", method, path, status, ip, duration_ms; "request");
    } else {
        debug!(target: "core", method, path, status, duration_ms; "request");
    }
}

/// The answer for a panic in a page: the worker lives on, the log has the message under the incident's number.
pub(crate) fn respond_to_panic(app: &App, transport: Transport, message: &str) -> Response {
    with_headers(app, transport, error::respond(&Error::Internal(format!("panic: {message}")), None, None))
}

fn answer(app: &App, request: &Request, found: Option<&Redirect>) -> Response {
    let path = &request.path;
    // Health checks ask by address, whatever the public name is.
    let is_health = path.len() == 1 && path[0] == "health";
    let standing = if is_health { Standing::Own } else { host::standing(app, request) };
    if standing == Standing::Foreign {
        host::note_refused(app, request);
        return error::respond(&Error::Misdirected, Some(request), None);
    }
    if router::is_short(path) || router::is_bare_name(path) {
        return short_link(app, request, found);
    }
    if let Standing::Alias(base) = standing {
        return page_elsewhere(app, request, &base.text, &Error::Forbid);
    }
    if !is_health && let Some(origin) = transport::https_origin(app, request) {
        return page_elsewhere(app, request, &origin, &Error::SentInClear);
    }
    match dispatch(app, request) {
        Ok(response) => response,
        Err(error) => failed(app, request, &error),
    }
}

/// The page of an error. If even that needs something that fails, one line has to do; for who gets no page nothing is
/// looked up.
fn failed(app: &App, request: &Request, error: &Error) -> Response {
    if router::find(&request.path).is_some_and(|(route, _)| route.asks_nothing()) {
        return failed_for_stranger(app, request, error);
    }
    let draws = error::wants_page(request) && !matches!(error, Error::SignInFirst);
    let visitor = if draws { Visitor::of(app, request).ok() } else { None };
    error::respond(error, Some(request), visitor.as_ref())
}

fn short_link(app: &App, request: &Request, found: Option<&Redirect>) -> Response {
    let outcome = match request.method {
        Method::Get | Method::Head if app.is_set_up() => match (found, preview::asked(&request.path)) {
            (_, Some((user, slug))) => preview::show(app, request, user, slug),
            (Some(found), None) => redirect::follow(app, request, found),
            (None, None) => redirect::show(app, request),
        },
        Method::Get | Method::Head => Err(Error::NotSetUp),
        method => router::other_verb(method, router::SHORT_ALLOW),
    };
    outcome.unwrap_or_else(|error| failed_for_stranger(app, request, &error))
}

/// Sends whoever asks for a page to the `origin` where it is: an alias has short links only, and no page travels in
/// clear where it need not. What was sent along is not carried over there; it is refused.
fn page_elsewhere(app: &App, request: &Request, origin: &str, refusal: &Error) -> Response {
    match request.method {
        Method::Get | Method::Head => {
            Response::new(308, Kind::Plain).with("Location", format!("{origin}{}", request.here))
        }
        _ => failed_for_stranger(app, request, refusal),
    }
}

/// An error for whoever is nobody's user here: no cookies, and a page without a menu.
fn failed_for_stranger(app: &App, request: &Request, error: &Error) -> Response {
    let visitor = error::wants_page(request).then(|| Visitor::stranger(app, request));
    error::respond(error, Some(request), visitor.as_ref())
}

fn dispatch(app: &App, request: &Request) -> Result<Response, Error> {
    if app.is_set_up()
        && router::is_for_administrators(&request.path)
        && let Some(response) = turned_away(app, request)?
    {
        return Ok(response);
    }
    let Some((route, parts)) = router::find(&request.path) else {
        return Err(if app.is_set_up() { Error::NotFound } else { Error::NotSetUp });
    };
    if !app.is_set_up() && !route.before_setup {
        return Err(Error::NotSetUp);
    }
    if !route.asks_nothing() && !request.has_sound_query() {
        return Err(Error::Malformed);
    }
    match (request.method, route.show, route.submit) {
        (Method::Get | Method::Head, Some(show), _) => shown(app, request, show, &parts),
        (Method::Post, _, Some(submit)) => submitted(app, request, submit, &parts),
        (method, ..) => router::other_verb(method, route.allow()),
    }
}

/// What whoever is no administrator is told at their addresses, whatever there is and however it is asked for; nothing for
/// administrators.
fn turned_away(app: &App, request: &Request) -> Result<Option<Response>, Error> {
    let form = if request.method == Method::Post { Some(access::form(app, request)?) } else { None };
    match (&Visitor::of(app, request)?.account, form) {
        (Some(account), _) => Administrator::check(account).map(|_| None),
        (None, Some(form)) => Ok(Some(Response::see_other(next::login_for_form(request, &form)))),
        (None, None) => Err(Error::SignInFirst),
    }
}

fn shown(app: &App, request: &Request, show: Show, parts: &Parts<'_>) -> Result<Response, Error> {
    match show {
        Show::Plain(show) => show(app, request, parts),
        Show::Anyone(show) => {
            let visitor = Visitor::of(app, request)?;
            Ok(visitor.keep(show(app, &visitor, request, parts)?))
        }
        Show::SignedIn(show) => {
            let visitor = Visitor::of(app, request)?;
            let account = visitor.account.as_ref().ok_or(Error::SignInFirst)?;
            Ok(visitor.keep(show(app, &visitor, account, request, parts)?))
        }
        Show::Administrator(show) => {
            let visitor = Visitor::of(app, request)?;
            let account = visitor.account.as_ref().ok_or(Error::SignInFirst)?;
            Ok(visitor.keep(show(app, &visitor, &Administrator::check(account)?, request, parts)?))
        }
    }
}

fn submitted(app: &App, request: &Request, submit: Submit, parts: &Parts<'_>) -> Result<Response, Error> {
    let form = access::form(app, request)?;
    let visitor = Visitor::of(app, request)?;
    let response = match (submit, &visitor.account) {
        (Submit::Anyone(submit), _) => {
            let submission = access::submission(request, &visitor, form)?;
            kept(submit(app, &submission, parts), submission.form)?
        }
        // The token went with the session; there is nothing to compare it with, and nothing is done.
        (_, None) => Response::see_other(next::login_for_form(request, &form)),
        (Submit::SignedIn(submit), Some(account)) => {
            let submission = access::submission(request, &visitor, form)?;
            kept(submit(app, account, &submission, parts), submission.form)?
        }
        (Submit::Administrator(submit), Some(account)) => {
            let administrator = Administrator::check(account)?;
            let submission = access::submission(request, &visitor, form)?;
            kept(submit(app, &administrator, &submission, parts), submission.form)?
        }
        (Submit::ConfirmedAdministrator(submit), Some(account)) => {
            let administrator = Administrator::check(account)?;
            let mut submission = access::submission(request, &visitor, form)?;
            match confirm::demand(app, administrator, account, &mut submission)? {
                Ok(administrator) => kept(submit(app, &administrator, &submission, parts), submission.form)?,
                Err(page) => page,
            }
        }
    };
    Ok(visitor.keep(response))
}

/// What was typed is offered again when the disk did not take it.
fn kept(outcome: Result<Response, Error>, form: Form) -> Result<Response, Error> {
    outcome.map_err(|error| if matches!(error, Error::NotSaved(_)) { Error::NotSaved(Some(form)) } else { error })
}

/// Adds what every answer of its kind carries (the matrix of response headers).
fn with_headers(app: &App, transport: Transport, response: Response) -> Response {
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
        Kind::Download => add("Vary", "Cookie".into()),
        Kind::Asset => {}
    }
    // A policy on a redirect would replace the page's own for the next hop; targets would lose their referrer.
    if kind != Kind::ShortLink {
        add("Referrer-Policy", "same-origin".into());
    }
    if matches!(kind, Kind::Page | Kind::Plain | Kind::Download) {
        add("X-Frame-Options", "DENY".into());
    }
    if matches!(kind, Kind::Page | Kind::Asset | Kind::Download) {
        add("Cross-Origin-Resource-Policy", "same-origin".into());
    }
    if matches!(kind, Kind::ShortLink | Kind::Download) || (is_error && kind != Kind::Asset) {
        add("X-Robots-Tag", "noindex".into());
    }
    add("Cache-Control", "no-store".into());
    if transport::is_strict(app, transport) {
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

/// Draws a form again that came too soon.
fn form_later(markup: Markup, wait: Wait) -> Response {
    Response::page(429, markup).with("Retry-After", wait.s.to_string())
}

/// The form again, when too many passwords are being compared.
fn form_busy(markup: Markup, wait_s: u64) -> Response {
    Response::page(503, markup).with("Retry-After", wait_s.to_string())
}

#[cfg(test)]
mod tests;
