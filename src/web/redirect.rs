//! The one thing this program exists for: from `/alice/docs` to where it leads, counted.

use crate::app::App;
use crate::click::{Click, Visit};
use crate::link::{self, State};
use crate::ui::{self, text};
use crate::web::error::Error;
use crate::web::request::{Method, Request};
use crate::web::response::{Kind, Response};

/// Sends the visitor to the link's target. Each GET is one click; it does not wait for the click to be written.
///
/// # Errors
/// [`Error::NotFound`] for an unknown user or slug alike; [`Error::Gone`] when the link is switched off, expired, or
/// leads to a host that is blocked by now; [`Error::Internal`] when its row is damaged: never a wrong target.
pub(crate) fn show(app: &App, request: &Request) -> Result<Response, Error> {
    let [user, slug] = request.path.as_slice() else { return Err(Error::NotFound) };
    let path = format!("{}/{}", user.to_ascii_lowercase(), slug.to_ascii_lowercase());
    let found = app.store.redirect(&path)?.ok_or(Error::NotFound)?;
    let now = app.now();
    let settings = app.settings();
    match link::state(found.enabled, found.expires, now) {
        State::Active if found.target.is_blocked(&settings.blocked_hosts) => {
            return Err(Error::Gone(text::SWITCHED_OFF));
        }
        State::Active => {}
        State::Disabled => return Err(Error::Gone(text::SWITCHED_OFF)),
        State::Expired => return Err(Error::Gone(text::EXPIRED)),
    }
    if request.method == Method::Get {
        let visit = Visit {
            at: now,
            address: request.peer,
            agent: request.header("user-agent").unwrap_or_default(),
            referrer: request.header("referer").unwrap_or_default(),
            ahead_of_time: is_ahead_of_time(request),
            counts_only: request.header("sec-gpc") == Some("1") || request.header("dnt") == Some("1"),
        };
        app.store.record_click(Click::of(visit, found.owner, found.link, settings.addresses));
    }
    let target = found.target.as_str();
    Ok(Response::new(302, Kind::ShortLink)
        .with("Location", target.to_owned())
        .with("Content-Type", "text/html; charset=utf-8")
        .with_body(ui::redirect::body(target).into_string().into_bytes()))
}

/// True when the browser fetches before its user has followed the link.
fn is_ahead_of_time(request: &Request) -> bool {
    ["sec-purpose", "purpose", "x-moz"]
        .iter()
        .any(|name| request.header(name).is_some_and(|value| value.to_ascii_lowercase().contains("prefetch")))
}
