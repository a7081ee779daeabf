//! Signing out. Only by a form: a link could be followed by a picture on somebody else's page.

use log::info;

use crate::app::App;
use crate::web::access::Submission;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Ends the session, for the server too. Without one it says the same.
pub(crate) fn submit(app: &App, submission: &Submission<'_>, _: &Parts<'_>) -> Result<Response, Error> {
    let visitor = submission.visitor;
    if let Some(account) = &visitor.account {
        app.store.end_session(account.session)?;
        info!(target: "accounts", user = account.user.name.as_str(); "logged out");
    }
    // Where the home page leads elsewhere nobody would read that it is done.
    let next = if visitor.settings.home.is_some() { "/accounts/login" } else { "/" };
    let response = visitor.end_session(Response::see_other(next));
    Ok(visitor.say(response, &Message::LoggedOut))
}
