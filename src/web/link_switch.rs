//! Switching a link on or off where it is shown, without its form.

use log::info;

use crate::app::App;
use crate::web::access::{SignedIn, Submission};
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::next;
use crate::web::own_link::{self, OwnLink};
use crate::web::response::Response;
use crate::web::router::Parts;

/// Switches, and goes back to where the button is.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let OwnLink { link, name } = own_link::find(app, account, parts)?;
    let (enabled, message, event) = match submission.form.get("to") {
        "on" => (true, Message::Enabled, "link enabled"),
        "off" => (false, Message::Disabled, "link disabled"),
        _ => return Err(Error::Malformed),
    };
    let switched = app.store.switch_links(link.owner, name.clone(), vec![link.id], enabled, app.now())?;
    if switched.is_empty() {
        return Err(Error::NotFound);
    }
    info!(target: "links", owner = name.as_str(), slug = link.slug.as_str(); "{event}");
    let back = next::safe(submission.form.get("next")).map_or_else(|| format!("/links/{}", link.id), str::to_owned);
    Ok(submission.visitor.say(Response::see_other(back), &message))
}
