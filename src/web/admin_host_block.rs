//! Blocking a host from the list of everybody's links, after a page that says how many lead there. The whole list of
//! blocked hosts is a setting.

use log::info;

use crate::app::App;
use crate::target::{self, BlockedHosts};
use crate::ui::Markup;
use crate::ui::admin_host_block::{self, AdminHostBlock};
use crate::ui::field::Errors;
use crate::web::Section;
use crate::web::access::{Administrator, Submission, Visitor};
use crate::web::admin_links::back;
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
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let host = target::canonical_host(request.query("host")).map_err(|_| Error::NotFound)?;
    Ok(super::page(draw(app, visitor, &host, back(request.query("next")), &Errors::new())?))
}

/// Blocks it, beside what others may be saving at this moment.
pub(crate) fn submit(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let form = &submission.form;
    let host = target::canonical_host(form.get("host")).map_err(|_| Error::Malformed)?;
    let back = back(form.get("next"));
    let edited = app.change_settings(administrator.0.user.id, |settings| settings.block(&host))?;
    if let Err(why) = edited.ok_or(Error::Forbid)? {
        let mut errors = Errors::new();
        errors.push("", why);
        return Ok(super::form_again(draw(app, submission.visitor, &host, back, &errors)?));
    }
    let (by, ip) = (administrator.0.user.name.as_str(), submission.request.ip());
    info!(target: "links", host = host.as_str(), by, ip; "host blocked");
    Ok(submission.visitor.say(Response::see_other(back), &Message::HostBlocked))
}

fn draw(app: &App, visitor: &Visitor, host: &str, back: &str, errors: &Errors) -> Result<Markup, Error> {
    let (links, is_all) = app.store.links_to(&BlockedHosts::new(vec![host.to_owned()]))?;
    let mut frame = visitor.frame("Block host");
    frame.section = Section::Admin;
    frame.failed = !errors.is_empty();
    let data = AdminHostBlock { host, links: links as u64, is_all, back, errors };
    Ok(admin_host_block::page(&frame, &data))
}
