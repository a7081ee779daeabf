//! The address of a link as a picture, to be printed.

use crate::app::App;
use crate::ui::qr;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::own_link;
use crate::web::request::Request;
use crate::web::response::{Kind, Response};
use crate::web::router::Parts;

/// A picture that is opened by itself may do nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Sends the picture.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    account: &SignedIn,
    _: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let own = own_link::find(app, account, parts)?;
    Ok(Response::new(200, Kind::Download)
        .with("Content-Type", "image/svg+xml; charset=utf-8")
        .with("Content-Disposition", "inline; filename=\"qr.svg\"")
        .with("Content-Security-Policy", POLICY)
        .with("Cache-Control", "private, max-age=3600")
        .with_body(qr::draw(&own.url(visitor)).into_string().into_bytes()))
}
