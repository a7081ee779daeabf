//! Removing a link, after a page that says what goes with it.

use log::info;

use crate::app::App;
use crate::ui::link_delete::{self, LinkDelete};
use crate::web::Section;
use crate::web::access::{SignedIn, Submission, Visitor};
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::link_edit::own_link;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Asks.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    account: &SignedIn,
    _: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let link = own_link(app, account, parts)?;
    app.store.flush_clicks();
    let numbers = app.store.numbers(account.user.id, link.id)?;
    let mut frame = visitor.frame("Delete link");
    frame.section = Section::Links;
    let url = visitor.short_url(account.user.name.as_str(), link.slug.as_str());
    let data = LinkDelete { id: &link.id.to_string(), url: &url, clicks: numbers.humans };
    Ok(super::page(link_delete::page(&frame, &data)))
}

/// Removes.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let link = own_link(app, account, parts)?;
    let user = &account.user;
    let gone = app.store.delete_link(user.id, user.name.clone(), link.id)?.ok_or(Error::NotFound)?;
    info!(target: "links", owner = user.name.as_str(), slug = gone.slug.as_str(); "link deleted");
    Ok(submission.visitor.say(Response::see_other("/links"), &Message::Deleted(gone.slug.as_str())))
}
