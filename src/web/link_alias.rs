//! Giving up an earlier address of a link.

use log::info;

use crate::app::App;
use crate::slug::Slug;
use crate::web::access::{SignedIn, Submission};
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::own_link;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Gives it up; one that the link does not have does not exist.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let own = own_link::find(app, account, parts)?;
    let alias = Slug::parse(submission.form.get("give_up")).map_err(|_| Error::NotFound)?;
    app.store.give_up_alias(own.link.owner, own.name.clone(), own.link.id, alias.clone())?.ok_or(Error::NotFound)?;
    info!(target: "links", owner = own.name.as_str(), slug = alias.as_str(); "address given up");
    let response = Response::see_other(format!("/links/{}", own.link.id));
    Ok(submission.visitor.say(response, &Message::GivenUp(&own.told(account, &alias))))
}
