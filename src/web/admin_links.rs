//! Everybody's links, for those who answer for what this server leads to.

use log::info;

use crate::app::App;
use crate::click;
use crate::limits::{SEARCH_BYTES_MAX, SITE_LINKS_SCANNED_MAX};
use crate::link::LinkId;
use crate::store::{SitePage, SiteStep};
use crate::ui::admin_links::{self, AdminLinks, Row};
use crate::ui::pager::{Pager, PagerOrder};
use crate::web::Section;
use crate::web::access::{Administrator, Submission, Visitor};
use crate::web::admin_user;
use crate::web::confirm::Confirmed;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::next;
use crate::web::own_link::OwnLink;
use crate::web::percent;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// The address of the list.
pub(super) const LIST: &str = "/admin/links";

/// The link that the open parts of the path name: whose it is, and its number.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) fn named(app: &App, parts: &Parts<'_>) -> Result<OwnLink, Error> {
    let id = parts.get(1).and_then(|text| LinkId::parse(text)).ok_or(Error::NotFound)?;
    let owner = admin_user::named(app, parts)?;
    let link = app.store.link(owner.id, id)?.ok_or(Error::NotFound)?;
    Ok(OwnLink { link, name: owner.name })
}

/// Where a link's own addresses for administrators begin.
pub(super) fn path(link: &OwnLink) -> String {
    format!("{LIST}/{}/{}", link.name.as_str(), link.link.id)
}

/// Shows a page of the list.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    _: &Administrator,
    request: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let query = click::cut(request.query("q").trim(), SEARCH_BYTES_MAX);
    let step = match (LinkId::parse(request.query("after")), LinkId::parse(request.query("before"))) {
        (Some(after), _) => SiteStep::After(after),
        (None, Some(before)) => SiteStep::Before(before),
        (None, None) => SiteStep::First,
    };
    let page = app.store.site_page(&query.to_lowercase(), step)?;
    let mut frame = visitor.frame("Links");
    frame.section = Section::Admin;
    let pager = pager(query, &page);
    let (now, settings) = (app.now(), app.settings());
    let here = percent::query(&[("next", frame.here)]);
    let block_href =
        |host: &str| format!("/admin/block-host{}", percent::query(&[("host", host), ("next", frame.here)]));
    let rows = page.rows.into_iter().map(|(link, name)| {
        let link = OwnLink { link, name };
        let (path, about) = (path(&link), &link.link.about);
        Row {
            url: link.url(visitor),
            owner: link.name.as_str().to_owned(),
            title: about.title.as_str().to_owned(),
            target: about.target.as_str().to_owned(),
            created_at: link.link.created,
            state: link.link.state(&settings.blocked_hosts, now),
            block_href: (!about.target.is_blocked(&settings.blocked_hosts)).then(|| block_href(about.target.host())),
            delete_href: format!("{path}/delete{here}"),
            path,
        }
    });
    let data = AdminLinks {
        query,
        rows: rows.collect(),
        pager,
        damaged: page.damaged as u64,
        looked_at: page.is_cut_short.then_some(SITE_LINKS_SCANNED_MAX as u64),
    };
    Ok(super::page(admin_links::page(&frame, &data)))
}

fn pager(query: &str, page: &SitePage) -> Pager {
    let href = |way, link: LinkId| format!("{LIST}{}", percent::query(&[("q", query), (way, &link.to_string())]));
    Pager {
        previous: page.before.map(|link| href("before", link)),
        next: page.after.map(|link| href("after", link)),
        order: PagerOrder::NewestFirst,
    }
}

/// Switches a link on or off.
pub(crate) fn submit_switch(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let OwnLink { link, name } = named(app, parts)?;
    let (enabled, message, event) = match submission.form.get("to") {
        "on" => (true, Message::Enabled, "link enabled"),
        "off" => (false, Message::Disabled, "link disabled"),
        _ => return Err(Error::Malformed),
    };
    if app.store.switch_links(link.owner, name.clone(), vec![link.id], enabled, app.now())?.is_empty() {
        return Err(Error::NotFound);
    }
    let (by, ip) = (administrator.0.user.name.as_str(), submission.request.ip());
    info!(target: "links", owner = name.as_str(), slug = link.slug.as_str(), by, ip; "{event}");
    Ok(submission.visitor.say(Response::see_other(back(submission.form.get("next"))), &message))
}

/// The place in the list that somebody came from.
pub(super) fn back(next: &str) -> &str {
    next::safe(next).unwrap_or(LIST)
}
