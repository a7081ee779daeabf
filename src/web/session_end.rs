//! Logging out browsers that are somewhere else: one of them, or all but this.

use log::info;

use crate::app::App;
use crate::random;
use crate::web::access::{SignedIn, Submission};
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Ends the session that the form names, or without one all others. One that is over already is as good.
///
/// # Errors
/// [`Error::Malformed`] when the name is none.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let (user, ip) = (&account.user, submission.request.ip());
    match submission.form.get("session") {
        "" => app.store.end_other_sessions(user.id, account.session)?,
        id => app.store.end_session_of(user.id, random::from_hex(id).ok_or(Error::Malformed)?)?,
    }
    info!(target: "accounts", user = user.name.as_str(), ip; "logged out elsewhere");
    Ok(submission.visitor.say(Response::see_other("/accounts/profile"), &Message::LoggedOutElsewhere))
}
