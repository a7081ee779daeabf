//! The password again, before what a passer-by at an open browser must not do.

use std::ops::Deref;

use log::warn;

use crate::app::App;
use crate::password::Verdict;
use crate::ui::confirm::{self, Confirm, PASSWORD_AGAIN};
use crate::ui::field::Errors;
use crate::ui::text;
use crate::web::access::{SignedIn, Submission};
use crate::web::account_form;
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::Response;

/// Somebody, say an [`Administrator`](crate::web::access::Administrator), who has given their password in this session
/// within the last [`CONFIRMED_S`](crate::limits::CONFIRMED_S).
///
/// Only [`demand`] makes one, and only for routes of a kind that says so, `Submit::ConfirmedAdministrator`: a page that
/// takes this type cannot be reached without. Its form is drawn as if there were no such demand, and its `submit` finds
/// in it what was sent, once the password is right. Fields with "password" or "code" in their names are secrets and do
/// not survive the question; a form that has some asks for the password itself, takes a [`SignedIn`] and calls [`give`].
pub(crate) struct Confirmed<Who> {
    who: Who,
}

impl<Who> Deref for Confirmed<Who> {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.who
    }
}

/// Lets `who` pass whose password was given lately, or comes with the form. For everybody else a page that asks for
/// it and carries the whole form along.
///
/// # Errors
/// As [`give`].
pub(crate) fn demand<Who>(
    app: &App,
    who: Who,
    account: &SignedIn,
    submission: &mut Submission<'_>,
) -> Result<Result<Confirmed<Who>, Response>, Error> {
    let given = submission.form.take(PASSWORD_AGAIN);
    if account.is_confirmed {
        return Ok(Ok(Confirmed { who }));
    }
    let Some(password) = given else { return Ok(Err(ask(403, None, account, submission))) };
    match give(app, account, &password, submission.request) {
        Ok(true) => Ok(Ok(Confirmed { who })),
        Ok(false) => Ok(Err(ask(422, Some(text::WRONG_PASSWORD.to_owned()), account, submission))),
        Err(error) => {
            let (status, why, wait_s) = match error {
                Error::SlowDown(wait_s) => (429, text::slow_down(wait_s), wait_s),
                Error::Busy(wait_s) => (503, text::BUSY.to_owned(), wait_s),
                error => return Err(error),
            };
            Ok(Err(ask(status, Some(why), account, submission).with("Retry-After", wait_s.to_string())))
        }
    }
}

/// Whether this is the password of whoever is signed in; a right one counts for a while.
///
/// # Errors
/// [`Error::Busy`] when too many wait to have one compared, [`Error::SlowDown`] after too many wrong ones.
pub(crate) fn give(app: &App, account: &SignedIn, password: &str, request: &Request) -> Result<bool, Error> {
    let user = &account.user;
    let attempt =
        app.throttle.password(app.uptime(), request.peer, user.name.as_str(), account.session).map_err(|wait| {
            account_form::note_throttled("login", user.name.as_str(), request, wait);
            Error::SlowDown(wait.s)
        })?;
    if account_form::verdict(&app.hasher, password, Some(user))? == Verdict::Wrong {
        attempt.count();
        warn!(target: "accounts", user = user.name.as_str(), ip = request.ip(); "login failed");
        return Ok(false);
    }
    attempt.succeed();
    let noted = app.store.confirm_session(account.session, user.password.clone(), app.now());
    noted.or_else(|error| {
        // It was right, and a backup may be what somebody with a full disk is after.
        warn!(target: "accounts", user = user.name.as_str(); "password not noted: {error}");
        Ok(true)
    })
}

fn ask(status: u16, error: Option<String>, account: &SignedIn, submission: &Submission<'_>) -> Response {
    let mut errors = Errors::new();
    if let Some(text) = error {
        errors.push(PASSWORD_AGAIN, text);
    }
    let mut frame = submission.visitor.frame("Enter your password");
    frame.failed = !errors.is_empty();
    let data = Confirm {
        username: account.user.name.as_str(),
        action: &submission.request.here,
        fields: submission.form.to_resend(),
        errors: &errors,
    };
    Response::page(status, confirm::page(&frame, &data))
}
