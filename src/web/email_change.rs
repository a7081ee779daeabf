//! Another e-mail address for one's account. Asks for the password: the address signs in too.

use log::{info, warn};

use crate::app::App;
use crate::password::Verdict;
use crate::ui::field::Errors;
use crate::ui::text;
use crate::web::access::{SignedIn, Submission};
use crate::web::account_form;
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
        let changed = match account_form::verdict(&app.hasher, form.get("password"), Some(&account.user))? {
            Verdict::Wrong => None,
            // The store looks again: hashing takes a while, and somebody else may have been faster.
            _ => app.store.change_email(account.user.id, Some(verified.clone()), email)?,
        };
        match changed {
            Some(true) => {}
            Some(false) => errors.push("email", text::EMAIL_TAKEN),
            None => {
                warn!(target: "accounts", user = name, ip = submission.request.ip(); "login failed");
                errors.push("password", text::WRONG_PASSWORD);
            }
        }
    }
    if errors.is_empty() {
        info!(target: "accounts", user = name; "email changed");
        return Ok(visitor.say(Response::see_other("/accounts/profile"), &Message::EmailChanged));
    }
    let refused = Refused { new_email: form.get("email"), email_errors: errors, ..Refused::default() };
    Ok(super::form_again(profile::draw(app, visitor, account, &refused)?))
}
