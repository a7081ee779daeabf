//! Making an account of one's own, where the administrator allows it.

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
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::form::Form;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// The form, or the page that says whom to ask.
pub(crate) fn show(app: &App, visitor: &Visitor, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let reason = match app.registration() {
        Registration::Open => return Ok(super::page(draw(visitor, &Form::default(), &Errors::new()))),
        Registration::Invite => NoRegistration::ByInvitation,
        Registration::Closed => NoRegistration::Closed,
    };
    Ok(super::page(register::closed_page(&visitor.frame("Register"), reason)))
}

/// Makes the account. Signing in comes next, so that the password is typed once more by whoever chose it.
///
/// # Errors
/// [`Error::Forbid`] unless registration is open.
pub(crate) fn submit(app: &App, submission: &Submission<'_>, _: &Parts<'_>) -> Result<Response, Error> {
    let (form, visitor) = (&submission.form, submission.visitor);
    if app.registration() != Registration::Open {
        return Err(Error::Forbid);
    }
    let mut errors = Errors::new();
    let name = account_form::name(form, &mut errors);
    let email = account_form::email(form, &mut errors);
    let owner = Owner { name: form.get("username"), email: email.as_ref(), role: Role::User };
    let password = account_form::new_password(form, &owner, visitor, &mut errors);
    let (Some(name), Some(email), Some(password)) = (name, email, password) else {
        return Ok(super::form_again(draw(visitor, form, &errors)));
    };
    let password = account_form::hash(app, password)?;
    let new = NewUser { name: name.clone(), email, password, role: Role::User };
    match app.store.create_user(new, app.now())? {
        Ok(_) => {}
        Err(NewAccountError::EmailTaken) => errors.push("email", text::EMAIL_TAKEN),
        Err(_) => errors.push("username", text::USERNAME_TAKEN),
    }
    if !errors.is_empty() {
        return Ok(super::form_again(draw(visitor, form, &errors)));
    }
    info!(target: "accounts", user = name.as_str(), ip = submission.request.ip(); "user created");
    Ok(visitor.say(Response::see_other("/accounts/login"), &Message::Registered))
}

fn draw(visitor: &Visitor, form: &Form, errors: &Errors) -> Markup {
    let host = visitor.shown.text();
    let mut frame = visitor.frame("Register");
    frame.failed = !errors.is_empty();
    frame.section = Section::Register;
    let data = Register {
        host: &host,
        username: form.get("username"),
        email: form.get("email"),
        password_chars_min: Role::User.strength().chars_min(),
        errors,
    };
    register::page(&frame, &data)
}
