//! Making an account of one's own, where the administrator allows it or has invited somebody.

use log::info;

use crate::app::App;
use crate::store::NewAccountError;
use crate::ui::Markup;
use crate::ui::field::Errors;
use crate::ui::register::{self, NoRegistration, Register};
use crate::ui::text;
use crate::user::{NewUser, Registration, Role};
use crate::web::Section;
use crate::web::access::{Submission, Visitor};
use crate::web::account_form::{self, Owner};
use crate::web::cookie::{self, Name};
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::form::Form;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;
use crate::web::transport;

/// The form may be filled in for this long after an invitation was opened.
const INVITE_COOKIE_S: i64 = 3_600;

/// Takes the secret of an invitation out of the address, as that of a reset link. Opening it does not use it up.
///
/// # Errors
/// [`Error::NotFound`] for an invitation that is wrong, used, taken back or expired alike; [`Error::SlowDown`] after
/// too many of them.
pub(crate) fn take(app: &App, visitor: &Visitor, request: &Request, parts: &Parts<'_>) -> Result<Response, Error> {
    let secret = parts.first().copied().unwrap_or_default();
    if !app.store.is_invited(secret, app.now())? {
        return Err(account_form::wrong_secret(app, request));
    }
    Ok(visitor.set_cookie(Response::see_other("/accounts/register"), Name::Invite, secret, INVITE_COOKIE_S))
}

/// The secret of an invitation in the cookie, good or not.
fn secret(app: &App, request: &Request) -> Option<String> {
    let secure = transport::is_secure(app, request.transport);
    cookie::find(&request.cookies(), Name::Invite, secure).filter(|secret| !secret.is_empty()).map(str::to_owned)
}

/// The form, or the page that says whom to ask. A cookie whose invitation is over is no try, and goes.
pub(crate) fn show(app: &App, visitor: &Visitor, request: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let secret = secret(app, request);
    let is_invited = match &secret {
        Some(secret) => app.store.is_invited(secret, app.now())?,
        None => false,
    };
    let refused = |why| register::closed_page(&visitor.frame("Register"), why);
    let page = super::page(match app.registration() {
        Registration::Closed => refused(NoRegistration::Closed),
        Registration::Invite if !is_invited => refused(NoRegistration::ByInvitation),
        Registration::Invite | Registration::Open => draw(visitor, is_invited, &Form::default(), &Errors::new()),
    });
    let is_over = secret.is_some() && !is_invited;
    Ok(if is_over { visitor.set_cookie(page, Name::Invite, "", 0) } else { page })
}

/// Makes the account. Signing in comes next, so that the password is typed once more by whoever chose it.
///
/// # Errors
/// [`Error::Forbid`] when nobody may register, or only who is invited and there is no invitation.
pub(crate) fn submit(app: &App, submission: &Submission<'_>, _: &Parts<'_>) -> Result<Response, Error> {
    let (form, visitor) = (&submission.form, submission.visitor);
    let secret = match secret(app, submission.request) {
        _ if app.registration() == Registration::Closed => return Err(Error::Forbid),
        Some(secret) if app.store.is_invited(&secret, app.now())? => Some(secret),
        _ if app.registration() == Registration::Open => None,
        Some(_) => return Ok(over(visitor, form)),
        None => return Err(Error::Forbid),
    };
    let is_invited = secret.is_some();
    let mut errors = Errors::new();
    let name = account_form::name(form, &mut errors);
    let email = account_form::email(form, &mut errors);
    let owner = Owner { name: form.get("username"), email: email.as_ref(), role: Role::User };
    let password = account_form::new_password(form, &owner, visitor, &mut errors);
    let (Some(name), Some(email), Some(password)) = (name, email, password) else {
        return Ok(super::form_again(draw(visitor, is_invited, form, &errors)));
    };
    let attempt = match app.throttle.register(app.uptime(), submission.request.peer) {
        Ok(attempt) => attempt,
        Err(wait) => {
            account_form::note_throttled("registration", name.as_str(), submission.request, wait);
            errors.push("", text::slow_down(wait.s));
            return Ok(super::form_later(draw(visitor, is_invited, form, &errors), wait));
        }
    };
    let password = match account_form::hash(app, password) {
        Err(Error::Busy(wait_s)) => {
            errors.push("", text::BUSY);
            return Ok(super::form_busy(draw(visitor, is_invited, form, &errors), wait_s));
        }
        outcome => outcome?,
    };
    let new = NewUser { name: name.clone(), email, password, role: Role::User };
    let created = match secret {
        Some(secret) => match app.store.create_invited_user(&secret, new, app.now())? {
            Some(created) => created,
            // Somebody has used it meanwhile.
            None => return Ok(over(visitor, form)),
        },
        None => app.store.create_user(new, app.now())?,
    };
    // An invitation is good once and so counts itself; what came to nothing has told something of names all the same.
    if !is_invited || created.is_err() {
        attempt.count();
    }
    match created {
        Ok(_) => {}
        Err(NewAccountError::EmailTaken) => errors.push("email", text::EMAIL_TAKEN),
        Err(_) => errors.push("username", text::USERNAME_TAKEN),
    }
    if !errors.is_empty() {
        return Ok(super::form_again(draw(visitor, is_invited, form, &errors)));
    }
    info!(target: "accounts", user = name.as_str(), ip = submission.request.ip(); "user created");
    let response = Response::see_other("/accounts/login");
    let response = if is_invited { visitor.set_cookie(response, Name::Invite, "", 0) } else { response };
    Ok(visitor.say(response, &Message::Registered))
}

/// The form again, when the invitation has ended while it was filled in: another one may come into the same browser.
fn over(visitor: &Visitor, form: &Form) -> Response {
    let mut errors = Errors::new();
    errors.push("", text::INVITATION_OVER);
    super::form_again(draw(visitor, false, form, &errors))
}

fn draw(visitor: &Visitor, is_invited: bool, form: &Form, errors: &Errors) -> Markup {
    let host = visitor.shown.text();
    let mut frame = visitor.frame("Register");
    frame.failed = !errors.is_empty();
    frame.section = Section::Register;
    let data = Register {
        is_invited,
        host: &host,
        username: form.get("username"),
        email: form.get("email"),
        password_chars_min: Role::User.strength().chars_min(),
        errors,
    };
    register::page(&frame, &data)
}
