//! A new password through a one-time link that the operator has handed out.
//!
//! Opening the link does not use it up, since chats and mail programs open what they show. It moves the secret out of
//! the address into a cookie, where neither history nor referrer has it.

use log::info;

use crate::app::App;
use crate::session::SessionToken;
use crate::ui::Markup;
use crate::ui::field::Errors;
use crate::ui::reset::{self, Reset};
use crate::user::{User, UserId};
use crate::web::access::{Submission, Visitor};
use crate::web::account_form::{self, Owner};
use crate::web::cookie::{self, Name};
use crate::web::device;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;
use crate::web::transport;

/// The form may be filled in for this long after the link was opened.
const RESET_COOKIE_S: i64 = 3_600;

/// Takes the secret out of the address.
///
/// # Errors
/// [`Error::NotFound`] for a link that is wrong, used, or expired alike; [`Error::SlowDown`] after too many of them.
pub(crate) fn take(app: &App, visitor: &Visitor, request: &Request, parts: &Parts<'_>) -> Result<Response, Error> {
    let secret = parts.first().copied().unwrap_or_default();
    owner(app, request, secret)?;
    Ok(visitor.set_cookie(Response::see_other("/accounts/reset"), Name::Reset, secret, RESET_COOKIE_S))
}

/// The form for the new password.
///
/// # Errors
/// As [`take`].
pub(crate) fn show(app: &App, visitor: &Visitor, request: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let (_, user) = asked(app, request)?;
    Ok(super::page(draw(visitor, &user, &Errors::new())))
}

/// Sets the password, ends every session, and signs in.
///
/// # Errors
/// As [`take`]; a link can be used once, also by two at the same moment.
pub(crate) fn submit(app: &App, submission: &Submission<'_>, _: &Parts<'_>) -> Result<Response, Error> {
    let (form, visitor) = (&submission.form, submission.visitor);
    let (secret, user) = asked(app, submission.request)?;
    let mut errors = Errors::new();
    let owner = Owner { name: user.name.as_str(), email: Some(&user.email), role: user.role };
    let Some(password) = account_form::new_password(form, &owner, visitor, &mut errors) else {
        return Ok(super::form_again(draw(visitor, &user, &errors)));
    };
    let hash = account_form::hash(app, password)?;
    let token = SessionToken::random()?;
    app.store.use_reset(&secret, hash, token.hash(), app.now())?.ok_or(Error::NotFound)?;
    info!(target: "accounts", user = user.name.as_str(), ip = submission.request.ip(); "reset link used");
    let response = visitor.begin_session(Response::see_other("/links"), &token);
    let response = visitor.set_cookie(response, Name::Reset, "", 0);
    app.throttle.forgive(user.name.as_str());
    app.throttle.forgive(user.email.as_str());
    let response = device::remember(app, visitor, submission.request, &user, response)?;
    Ok(visitor.say(response, &Message::PasswordChanged))
}

/// The secret in the cookie and whose it is.
fn asked(app: &App, request: &Request) -> Result<(String, User), Error> {
    let cookies = request.cookies();
    let secure = transport::is_secure(app, request.transport);
    let secret = cookie::find(&cookies, Name::Reset, secure).ok_or(Error::NotFound)?;
    let user = app.store.user(owner(app, request, secret)?)?.ok_or(Error::NotFound)?;
    Ok((secret.to_owned(), user))
}

/// Whose secret this is. Wrong ones are counted.
fn owner(app: &App, request: &Request, secret: &str) -> Result<UserId, Error> {
    app.store.reset_for(secret, app.now())?.ok_or_else(|| account_form::wrong_secret(app, request))
}

fn draw(visitor: &Visitor, user: &User, errors: &Errors) -> Markup {
    let mut frame = visitor.frame("New password");
    frame.failed = !errors.is_empty();
    reset::page(
        &frame,
        &Reset { username: user.name.as_str(), password_chars_min: user.role.strength().chars_min(), errors },
    )
}
