//! What the forms that make or change an account share: name, address and password, checked in one way.

use log::{error, warn};

use crate::app::App;
use crate::password::{self, Hasher, HasherError, PasswordHash, Verdict};
use crate::random;
use crate::throttle::Wait;
use crate::ui::field::Errors;
use crate::ui::text;
use crate::user::{Email, Role, User, UserName};
use crate::web::access::Visitor;
use crate::web::error::Error;
use crate::web::form::Form;
use crate::web::request::Request;

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

/// Tells the log of a try that came too soon, once in a pause: whoever does not wait sends many.
pub(crate) fn note_throttled(what: &str, user: &str, request: &Request, wait: Wait) {
    if wait.is_new {
        warn!(target: "accounts", user, ip = request.ip(), wait_s = wait.s; "{what} throttled");
    }
}

/// The answer to a secret of no one-time link: [`Error::NotFound`], and [`Error::SlowDown`] after too many of them.
///
/// Only these are counted, and a good one is looked up before: 256 bits are not guessed, and whoever tries at the same
/// address keeps nobody from a link that was handed out to them.
pub(crate) fn wrong_secret(app: &App, request: &Request) -> Error {
    match app.throttle.token(app.uptime(), request.peer) {
        Ok(attempt) => {
            attempt.count();
            Error::NotFound
        }
        Err(wait) => {
            note_throttled("one-time link", "-", request, wait);
            Error::SlowDown(wait.s)
        }
    }
}

/// Hashes a password with a fresh salt.
///
/// # Errors
/// [`Error::Busy`] when too many wait for the same.
pub(crate) fn hash(app: &App, password: &str) -> Result<PasswordHash, Error> {
    Ok(app.hasher.hash(password, random::bytes()?)?)
}

/// Compares a password. An account whose hash is damaged has no right one: its owner needs a reset link, and whoever runs
/// the server has to know. Unknown accounts take the same time.
///
/// # Errors
/// Those of [`Hasher::verify`] but for a damaged hash.
pub(crate) fn verdict(hasher: &Hasher, password: &str, user: Option<&User>) -> Result<Verdict, HasherError> {
    let verdict = hasher.verify(password, user.map(|user| &user.password));
    let (Err(HasherError::BadHash), Some(user)) = (verdict, user) else { return verdict };
    error!(target: "accounts", user = user.name.as_str(); "{}. Run: linkjar user passwd", HasherError::BadHash);
    Ok(Verdict::Wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::password::{Cost, PasswordHash};
    use crate::user::{Email, Role, State, UserId};

    #[test]
    fn a_hash_that_is_damaged_makes_every_password_a_wrong_one() {
        let hasher = Hasher::new(1, 4, Cost { memory_kib: 8, passes: 1, lanes: 1 });
        let good = hasher.hash("correct horse", [7; 16]).unwrap();
        let costly = good.as_str().replace("m=8", "m=4000000000");
        for (hash, expected) in [
            (good.as_str(), Verdict::Right),
            (&costly, Verdict::Wrong),
            ("$argon2id$", Verdict::Wrong),
            ("", Verdict::Wrong),
        ] {
            let user = User {
                id: UserId(1),
                name: UserName::parse("anna").unwrap(),
                email: Email::parse("anna@mail.example").unwrap(),
                password: PasswordHash::from_stored(hash.to_owned()),
                role: Role::User,
                state: State::Active,
                created: Timestamp::from_ms(0),
                last_login: None,
            };
            assert_eq!(verdict(&hasher, "correct horse", Some(&user)), Ok(expected), "{hash}");
        }
    }
}
