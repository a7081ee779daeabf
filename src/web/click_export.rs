//! Single clicks as a file: those of one link, or of all links of a person. Each as it was kept, the oldest of a link
//! first, and also those that were not written yet.

use crate::app::App;
use crate::limits::CLICKS_PER_PIECE;
use crate::link::LinkId;
use crate::store::{Error as StoreError, Places};
use crate::visitor;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::export::{self, Format, Of, Part, Rows, Table, Told};
use crate::web::own_link;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

pub(super) const CLICKS: Table<9> = Table {
    name: "click",
    columns: ["slug", "clicked_at", "class", "referrer", "browser", "system", "device", "user_agent", "address"],
};

/// Sends the clicks on one link, or on all of them where the address names none.
pub(crate) fn show(
    app: &App,
    _: &Visitor,
    account: &SignedIn,
    request: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let part = match parts {
        [] => Part::OfLinks(Of::Clicks, LinkId(0)),
        _ => Part::OfLink(Of::Clicks, Told::of(&own_link::find(app, account, parts)?.link)),
    };
    export::begin(app, account, ("clicks", Format::of(request)), &CLICKS.columns, vec![part])
}

/// Writes some clicks of a link; returns the places of those that are left. Of addresses no more than would be kept now.
pub(super) fn push(rows: &mut Rows, app: &App, told: &Told, places: Places) -> Result<Places, StoreError> {
    let addresses = app.settings().addresses;
    let (clicks, left) = app.store.clicks_at(told.owner, told.id, places, CLICKS_PER_PIECE)?;
    for click in clicks {
        let about = (!click.agent.is_empty()).then(|| visitor::describe(&click.agent));
        let cells = [
            told.slug.as_str().into(),
            click.at.rfc3339().into(),
            click.class.word().into(),
            click.referrer.into(),
            about.map(|about| visitor::browser_name(about.browser as u8)).into(),
            about.map(|about| visitor::system_name(about.system as u8)).into(),
            about.map(|about| visitor::device_name(about.device as u8)).into(),
            click.agent.into(),
            click.address.and_then(|address| addresses.apply(address)).map(|address| address.to_string()).into(),
        ];
        rows.push(&CLICKS, cells);
    }
    Ok(left)
}
