//! A new password for one's account. Every other browser is signed out and known no more: whoever had the old one may be
//! in it.

use log::info;

use crate::app::App;
use crate::session::SessionToken;
use crate::ui::field::Errors;
use crate::ui::text;
use crate::web::access::{SignedIn, Submission};
use crate::web::account_form::{self, Owner};
use crate::web::confirm;
use crate::web::device;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::profile::{self, Refused};
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Where password managers look for the page to change a password on.
///
/// # Source
/// "A Well-Known URL for Changing Passwords", W3C.
pub(crate) fn show_well_known(_: &App, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    Ok(Response { status: 302, ..Response::see_other("/accounts/profile") })
}

/// Changes the password and goes on in a new session.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let (form, visitor, user) = (&submission.form, submission.visitor, &account.user);
    let mut errors = Errors::new();
    let owner = Owner { name: user.name.as_str(), email: Some(&user.email), role: user.role };
    if let Some(password) = account_form::new_password(form, &owner, visitor, &mut errors) {
        let token = SessionToken::random()?;
        let is_right = confirm::give(app, account, form.get("password"), submission.request)?;
        // The store looks again: hashing takes a while, and somebody else may have been faster.
        let is_changed = is_right && {
            let (verified, hash) = (Some(user.password.clone()), account_form::hash(app, password)?);
            app.store.change_password(user.id, verified, hash, Some(token.hash()), app.now())?
        };
        if is_changed {
            info!(target: "accounts", user = user.name.as_str(), ip = submission.request.ip(); "password changed");
            let response = visitor.begin_session(Response::see_other("/accounts/profile"), &token);
            let response = device::remember(app, visitor, submission.request, user, response)?;
            return Ok(visitor.say(response, &Message::PasswordChanged));
        }
        errors.push("password", text::WRONG_PASSWORD);
    }
    let refused = Refused { password_errors: errors, ..Refused::default() };
    Ok(super::form_again(profile::draw(app, visitor, account, &refused)?))
}
