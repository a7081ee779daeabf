//! What the forms that make or change an account share: name, address and password, checked in one way.

use crate::app::App;
use crate::password::{self, PasswordHash};
use crate::random;
use crate::ui::field::Errors;
use crate::ui::text;
use crate::user::{Email, Role, UserName};
use crate::web::access::Visitor;
use crate::web::error::Error;
use crate::web::form::Form;

/// Reads `username`.
pub(crate) fn name(form: &Form, errors: &mut Errors) -> Option<UserName> {
    UserName::parse(form.get("username")).map_err(|why| errors.push("username", why.to_string())).ok()
}

/// Reads `email`.
pub(crate) fn email(form: &Form, errors: &mut Errors) -> Option<Email> {
    Email::parse(form.get("email")).map_err(|why| errors.push("email", why.to_string())).ok()
}

/// Whose password is being chosen: nobody should take their own name for it.
pub(crate) struct Owner<'a> {
    pub(crate) name: &'a str,
    pub(crate) email: Option<&'a Email>,
    pub(crate) role: Role,
}

/// Reads `password1` and `password2`.
pub(crate) fn new_password<'a>(
    form: &'a Form,
    owner: &Owner<'_>,
    visitor: &Visitor,
    errors: &mut Errors,
) -> Option<&'a str> {
    let password = form.get("password1");
    let context = [
        owner.name,
        owner.email.map_or("", Email::as_str),
        owner.email.map_or("", Email::local_part),
        &visitor.settings.site_name,
        &visitor.shown.host,
        "linkjar",
    ];
    if let Err(why) = password::check(password, owner.role.strength(), &context) {
        errors.push("password1", why.to_string());
        return None;
    }
    if password != form.get("password2") {
        errors.push("password2", text::PASSWORDS_DIFFER);
        return None;
    }
    Some(password)
}

/// Hashes a password with a fresh salt.
///
/// # Errors
/// [`Error::Busy`] when too many wait for the same.
pub(crate) fn hash(app: &App, password: &str) -> Result<PasswordHash, Error> {
    Ok(app.hasher.hash(password, random::bytes()?)?)
}
