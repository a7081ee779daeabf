//! Another e-mail address for one's account. Asks for the password: the address signs in too.

use log::info;

use crate::app::App;
use crate::ui::field::Errors;
use crate::ui::text;
use crate::web::access::{SignedIn, Submission};
use crate::web::account_form;
use crate::web::confirm;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::profile::{self, Refused};
use crate::web::response::Response;
use crate::web::router::Parts;

/// Changes the address.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let (form, visitor) = (&submission.form, submission.visitor);
    let name = account.user.name.as_str();
    let mut errors = Errors::new();
    let email = account_form::email(form, &mut errors);
    if let Some(email) = email {
        let verified = &account.user.password;
        let changed = match confirm::give(app, account, form.get("password"), submission.request)? {
            // The store looks again: hashing takes a while, and somebody else may have been faster.
            true => app.store.change_email(account.user.id, Some(verified.clone()), email)?,
            false => None,
        };
        match changed {
            Some(true) => {}
            Some(false) => errors.push("email", text::EMAIL_TAKEN),
            None => errors.push("password", text::WRONG_PASSWORD),
        }
    }
    if errors.is_empty() {
        info!(target: "accounts", user = name; "email changed");
        return Ok(visitor.say(Response::see_other("/accounts/profile"), &Message::EmailChanged));
    }
    let refused = Refused { new_email: form.get("email"), email_errors: errors, ..Refused::default() };
    Ok(super::form_again(profile::draw(app, visitor, account, &refused)?))
}
