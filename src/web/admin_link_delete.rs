//! Removing anybody's link, after a page that says what goes with it.

use log::info;

use crate::app::App;
use crate::ui::link_delete::{self, LinkDelete};
use crate::web::Section;
use crate::web::access::{Administrator, Submission, Visitor};
use crate::web::admin_links::{back, named, path};
use crate::web::confirm::Confirmed;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Asks.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    _: &Administrator,
    request: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let own = named(app, parts)?;
    app.store.flush_clicks();
    let mut frame = visitor.frame("Delete link");
    frame.section = Section::Admin;
    let data = LinkDelete {
        path: &path(&own),
        back: back(request.query("next")),
        url: &own.url(visitor),
        clicks: app.store.numbers(own.link.owner, own.link.id)?.humans,
        has_aliases: !own.link.aliases.is_empty(),
    };
    Ok(super::page(link_delete::page(&frame, &data)))
}

/// Removes.
pub(crate) fn submit(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let own = named(app, parts)?;
    app.store.delete_link(own.link.owner, own.name.clone(), own.link.id)?.ok_or(Error::NotFound)?;
    let (owner, slug) = (own.name.as_str(), own.link.slug.as_str());
    let (by, ip) = (administrator.0.user.name.as_str(), submission.request.ip());
    info!(target: "links", owner, slug, by, ip; "link deleted");
    let response = Response::see_other(back(submission.form.get("next")));
    Ok(submission.visitor.say(response, &Message::Deleted(&format!("{owner}.{slug}"))))
}
