//! The first run: whoever can read the server's terminal becomes its administrator.

use log::{info, warn};

use crate::app::{App, SetupTry};
use crate::limits::SITE_NAME_CHARS_MAX;
use crate::session::SessionToken;
use crate::store::{NewAccountError, Settings};
use crate::ui::Markup;
use crate::ui::field::Errors;
use crate::ui::setup::{self, Setup};
use crate::ui::text;
use crate::user::{NewUser, Registration, Role};
use crate::web::access::{Submission, Visitor};
use crate::web::account_form::{self, Owner};
use crate::web::device;
use crate::web::error::Error;
use crate::web::form::Form;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// The form; nothing at all once there is an administrator.
pub(crate) fn show(app: &App, visitor: &Visitor, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    if app.is_set_up() {
        return Err(Error::NotFound);
    }
    Ok(super::page(draw(visitor, &Form::default(), &Errors::new())))
}

/// Makes the administrator and signs them in.
///
/// # Errors
/// [`Error::NotFound`] when there is an administrator, also when somebody was faster by a moment.
/// [`Error::SlowDown`] after too many wrong codes.
pub(crate) fn submit(app: &App, submission: &Submission<'_>, _: &Parts<'_>) -> Result<Response, Error> {
    let (form, visitor) = (&submission.form, submission.visitor);
    if app.is_set_up() {
        return Err(Error::NotFound);
    }
    match app.setup_code.check(form.get("code")) {
        SetupTry::Right => {}
        SetupTry::Wait(wait_s) => return Err(Error::SlowDown(wait_s)),
        SetupTry::Wrong => {
            warn!(target: "accounts", ip = submission.request.ip(); "setup code wrong");
            let mut errors = Errors::new();
            errors.push("code", text::WRONG_SETUP_CODE);
            return Ok(Response { status: 403, ..super::form_again(draw(visitor, form, &errors)) });
        }
    }
    let mut errors = Errors::new();
    let Some((new, settings)) = read(app, submission, &mut errors)? else {
        return Ok(super::form_again(draw(visitor, form, &errors)));
    };
    let token = SessionToken::random()?;
    let name = new.name.clone();
    match app.store.set_up(new, settings.clone(), Some(token.hash()), app.now())? {
        Ok(_) => {}
        Err(NewAccountError::AlreadySetUp) => return Err(Error::NotFound),
        Err(taken) => {
            errors.push(
                if taken == NewAccountError::EmailTaken { "email" } else { "username" },
                match taken {
                    NewAccountError::EmailTaken => text::EMAIL_TAKEN,
                    _ => text::USERNAME_TAKEN,
                },
            );
            return Ok(super::form_again(draw(visitor, form, &errors)));
        }
    }
    app.note_set_up(settings);
    info!(target: "accounts", user = name.as_str(), ip = submission.request.ip(); "setup done");
    let response = visitor.begin_session(Response::see_other("/links"), &token);
    match app.store.user_by_login(name.as_str())? {
        Some(user) => device::remember(app, visitor, submission.request, &user, response),
        None => Ok(response),
    }
}

/// The account and settings a form asks for; `None` with what is wrong.
fn read(app: &App, submission: &Submission<'_>, errors: &mut Errors) -> Result<Option<(NewUser, Settings)>, Error> {
    let (form, visitor) = (&submission.form, submission.visitor);
    let name = account_form::name(form, errors);
    let email = account_form::email(form, errors);
    let owner = Owner { name: form.get("username"), email: email.as_ref(), role: Role::Administrator };
    let password = account_form::new_password(form, &owner, visitor, errors);
    let site_name = site_name(form.get("site_name"), errors);
    let registration = registration(form);
    let (Some(name), Some(email), Some(password), Some(site_name)) = (name, email, password, site_name) else {
        return Ok(None);
    };
    let password = account_form::hash(app, password)?;
    let new = NewUser { name, email, password, role: Role::Administrator };
    Ok(Some((new, Settings { site_name, registration, ..Settings::default() })))
}

/// Who may register; by invitation unless the form says otherwise.
fn registration(form: &Form) -> Registration {
    Registration::parse(form.get("registration")).unwrap_or(Registration::Invite)
}

/// The site's name; the program's own when left empty.
fn site_name(text: &str, errors: &mut Errors) -> Option<String> {
    let text = text.trim();
    if text.chars().count() > SITE_NAME_CHARS_MAX || text.chars().any(char::is_control) {
        errors.push("site_name", text::SITE_NAME_BAD);
        return None;
    }
    Some(if text.is_empty() { Settings::default().site_name } else { text.to_owned() })
}

fn draw(visitor: &Visitor, form: &Form, errors: &Errors) -> Markup {
    let host = visitor.shown.text();
    let mut frame = visitor.frame("Set up");
    frame.failed = !errors.is_empty();
    let data = Setup {
        host: &host,
        code: form.get("code"),
        username: form.get("username"),
        email: form.get("email"),
        site_name: form.get("site_name"),
        registration: registration(form),
        password_chars_min: Role::Administrator.strength().chars_min(),
        errors,
    };
    setup::page(&frame, &data)
}
