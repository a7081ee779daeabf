//! The one thing this program exists for: from `/alice/docs` to where it leads, counted.

use crate::app::App;
use crate::click::{Click, Visit};
use crate::clock::Timestamp;
use crate::limits::{CLICK_STRICT_WAIT, LASTING_REDIRECT_S};
use crate::link::{self, State};
use crate::store::{Redirect, Redirects, Settings};
use crate::target::Target;
use crate::ui::{self, text};
use crate::user;
use crate::web::error::Error;
use crate::web::request::{Method, Request};
use crate::web::response::{Kind, Response};

/// Sends the visitor to the link's target. Each GET is one click.
///
/// # Errors
/// [`Error::NotFound`] for an unknown user or slug alike; [`Error::Gone`] when the link was deleted, is switched off,
/// expired, or leads to a host that is blocked by now; [`Error::Busy`] when the click has to be on disk and finds no room in the
/// queue; [`Error::Internal`] when its row is damaged: never a wrong target.
pub(crate) fn show(app: &App, request: &Request) -> Result<Response, Error> {
    let [user, slug] = request.path.as_slice() else { return Err(Error::NotFound) };
    let found = app.store.redirect(&key(user, slug))?.ok_or(Error::NotFound)?;
    follow(app, request, &found)
}

/// What the store knows a short address by.
pub(super) fn key(user: &str, slug: &str) -> String {
    let mut key = String::with_capacity(user.len() + 1 + slug.len());
    [user, "/", slug].into_iter().for_each(|part| key.push_str(part));
    key.make_ascii_lowercase();
    key
}

/// What the store knows a plain short address by. `target` is the request target as sent; what needs more than a look
/// (escapes, another shape) has no such path, nor have nearly all of our own addresses.
pub(crate) fn plain_path(target: &str) -> Option<String> {
    let path = target.split('?').next()?.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let (user, slug) = path.split_once('/')?;
    let is_plain = !slug.contains(['/', '%']) && !user.contains('%') && !user::is_reserved(user);
    is_plain.then(|| key(user, slug))
}

/// Where a link leads now.
///
/// # Errors
/// [`Error::Gone`] as for [`show`].
pub(super) fn destination<'a>(found: &'a Redirect, settings: &Settings, now: Timestamp) -> Result<&'a Target, Error> {
    let Some(target) = &found.target else { return Err(Error::Gone(text::DELETED)) };
    match link::state(found.enabled, found.expires, target.is_blocked(&settings.blocked_hosts), now) {
        State::Active => Ok(target),
        State::Disabled | State::Blocked => Err(Error::Gone(text::SWITCHED_OFF)),
        State::Expired => Err(Error::Gone(text::EXPIRED)),
    }
}

/// Answers with where a link leads, if it leads anywhere now, and counts the click.
///
/// # Errors
/// As [`show`].
pub(super) fn follow(app: &App, request: &Request, found: &Redirect) -> Result<Response, Error> {
    let (now, settings) = (app.now(), app.settings());
    let target = destination(found, &settings, now)?;
    let mut click = None;
    if request.method == Method::Get {
        let visit = Visit {
            at: now,
            address: request.peer,
            agent: request.header("user-agent").unwrap_or_default(),
            referrer: request.header("referer").unwrap_or_default(),
            ahead_of_time: is_ahead_of_time(request),
            counts_only: request.header("sec-gpc") == Some("1") || request.header("dnt") == Some("1"),
        };
        let kept = Click::of(visit, found.owner, found.link, settings.addresses, &app.marker);
        let number = app.store.record_click(kept);
        if app.is_strict {
            click = Some(number.ok_or(Error::Busy(CLICK_STRICT_WAIT.as_secs()))?);
        }
    }
    let target = target.as_str();
    let response = Response::new(settings.redirects.code(), Kind::ShortLink)
        .with("Location", target.to_owned())
        .with("Content-Type", "text/html; charset=utf-8")
        .with_body(ui::redirect::body(target).into_string().into_bytes());
    let response = match settings.redirects {
        Redirects::Passing => response,
        Redirects::Lasting => {
            let kept_s = lasts_s(found.expires, now);
            response.with("Cache-Control", format!("private, max-age={kept_s}"))
        }
    };
    Ok(Response { click, ..response })
}

/// Seconds for which a browser may keep a redirect: never past the link's end.
fn lasts_s(expires: Option<Timestamp>, now: Timestamp) -> i64 {
    expires.map_or(LASTING_REDIRECT_S, |end| ((end.ms() - now.ms()) / 1_000).clamp(0, LASTING_REDIRECT_S))
}

/// True when the browser fetches before its user has followed the link.
fn is_ahead_of_time(request: &Request) -> bool {
    ["sec-purpose", "purpose", "x-moz"]
        .iter()
        .any(|name| request.header(name).is_some_and(|value| value.to_ascii_lowercase().contains("prefetch")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_redirect_never_outlives_its_link() {
        let now = Timestamp::from_ms(1_000_000);
        for (left_ms, kept_s) in
            [(Some(301_000), 300), (Some(299_999), 299), (Some(999), 0), (Some(-1), 0), (None, 300)]
        {
            let expires = left_ms.map(|left_ms| Timestamp::from_ms(now.ms() + left_ms));
            assert_eq!(lasts_s(expires, now), kept_s, "{left_ms:?}");
        }
    }
}
