//! Removing a link, after a page that says what goes with it.

use log::info;

use crate::app::App;
use crate::ui::link_delete::{self, LinkDelete};
use crate::web::Section;
use crate::web::access::{SignedIn, Submission, Visitor};
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::own_link;
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
    let own = own_link::find(app, account, parts)?;
    app.store.flush_clicks();
    let numbers = app.store.numbers(own.link.owner, own.link.id)?;
    let path = format!("/links/{}", own.link.id);
    let mut frame = visitor.frame("Delete link");
    frame.section = Section::Links;
    let data = LinkDelete {
        path: &path,
        back: &path,
        url: &own.url(visitor),
        clicks: numbers.humans,
        has_aliases: !own.link.aliases.is_empty(),
    };
    Ok(super::page(link_delete::page(&frame, &data)))
}

/// Removes.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let own = own_link::find(app, account, parts)?;
    app.store.delete_link(own.link.owner, own.name.clone(), own.link.id)?.ok_or(Error::NotFound)?;
    info!(target: "links", owner = own.name.as_str(), slug = own.link.slug.as_str(); "link deleted");
    Ok(submission
        .visitor
        .say(Response::see_other(own.list(account)), &Message::Deleted(&own.told(account, &own.link.slug))))
}
