//! What is kept of people: the page that says so, and a file that says to browsers which signal is honoured.

use crate::app::App;
use crate::ui::privacy::{self, Privacy};
use crate::web::access::Visitor;
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{Kind, Response};
use crate::web::router::Parts;

/// Says what is kept, in words that follow the settings.
pub(crate) fn show(app: &App, visitor: &Visitor, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let settings = app.settings();
    let privacy = Privacy { addresses: settings.addresses, keep_days: settings.keep_days, backups: app.backup_keep };
    Ok(super::page(privacy::page(&visitor.frame("Privacy"), &privacy)))
}

/// That `Sec-GPC: 1` is honoured, and since when.
///
/// # Source
/// Global Privacy Control, W3C, section 4 ("GPC Support Resource").
pub(crate) fn show_gpc(_: &App, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    Ok(Response::new(200, Kind::Plain)
        .with("Content-Type", "application/json")
        .with("Cache-Control", "public, max-age=86400")
        .with_body(br#"{"gpc":true,"lastUpdate":"2026-11-28"}"#.as_slice()))
}
