//! Whether the program can do its work: for load balancers, containers and people with a browser.

use log::warn;

use crate::app::App;
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{Kind, Response};
use crate::web::router::Parts;

/// Reads something from the data file and says whether that worked. Needs no login and tells nothing else.
pub(crate) fn show(app: &App, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let (status, body) = match app.store.health().reads {
        Ok(()) => (200, r#"{"status":"healthy","database":"connected"}"#),
        Err(error) => {
            warn!(target: "core", "health: {error}");
            (503, r#"{"status":"unhealthy","database":"disconnected"}"#)
        }
    };
    Ok(Response::new(status, Kind::Plain)
        .with("Content-Type", "application/json; charset=utf-8")
        .with_body(body.as_bytes()))
}
