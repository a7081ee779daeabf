//! What crawlers are asked: the home page is for everybody, the rest is nobody's search result.

use crate::app::App;
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{Kind, Response};
use crate::web::router::Parts;

/// The robots file (RFC 9309).
pub(crate) fn show(_: &App, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    Ok(Response::new(200, Kind::Plain)
        .with("Content-Type", "text/plain; charset=utf-8")
        .with("Cache-Control", "public, max-age=3600")
        .with_body(b"User-agent: *\nAllow: /$\nAllow: /assets/\nDisallow: /\n".as_slice()))
}
