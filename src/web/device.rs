//! The browser somebody logs in with, known again by a cookie that signs nobody in.

use log::warn;

use crate::app::App;
use crate::limits::KNOWN_S;
use crate::session::{self, Known, SessionHash, SessionToken, Signs};
use crate::user::User;
use crate::web::access::Visitor;
use crate::web::cookie::{self, Name};
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::transport;

fn token(app: &App, request: &Request) -> Option<SessionToken> {
    let secure = transport::is_secure(app, request.transport);
    cookie::find(&request.cookies(), Name::Device, secure).and_then(SessionToken::parse)
}

fn network(app: &App, request: &Request) -> Option<SessionHash> {
    request.peer.map(|address| session::network_mark(&app.secret, address))
}

/// What `user` is known by here. Whoever does not exist is looked for in the same way.
///
/// # Errors
/// When the store fails.
pub(crate) fn known(app: &App, request: &Request, user: Option<&User>) -> Result<Option<Known>, Error> {
    let browser = token(app, request).map(|token| token.hash());
    let signs = Signs { browser, network: network(app, request) };
    Ok(app.store.known_by(user.map(|user| user.id), &signs, app.now())?)
}

/// Notes that `user` has logged in here, and has the browser remember it. A value that is not this user's is never
/// adopted.
///
/// # Errors
/// When the store cannot be read, or there is no randomness.
pub(crate) fn remember(
    app: &App,
    visitor: &Visitor,
    request: &Request,
    user: &User,
    response: Response,
) -> Result<Response, Error> {
    let now = app.now();
    let held = token(app, request);
    let is_ours = match &held {
        Some(token) => {
            let signs = Signs { browser: Some(token.hash()), network: None };
            app.store.known_by(Some(user.id), &signs, now)?.is_some()
        }
        None => false,
    };
    let token = match held.filter(|_| is_ours) {
        Some(token) => token,
        None => SessionToken::random()?,
    };
    let signs = Signs { browser: Some(token.hash()), network: network(app, request) };
    if let Err(error) = app.store.remember(user.id, signs, now) {
        // They are in all the same.
        warn!(target: "accounts", user = user.name.as_str(); "browser not noted: {error}");
        return Ok(response);
    }
    Ok(visitor.set_cookie(response, Name::Device, &token.text(), KNOWN_S))
}
