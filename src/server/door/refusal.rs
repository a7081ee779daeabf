//! What the door says by itself: refusals in the site's words, and the words it uses towards the pool.

use crate::app::App;
use crate::proxy::Transport;
use crate::server::wire::{self, Send};
use crate::web;
use crate::web::request::Method;

/// The header that tells the pool who a request is from. A client's own copy never passes the door.
pub(in crate::server) const IDENTITY: &str = "x-door";

/// The answer of a status that the door gives, ready to be sent.
pub(super) fn answer(app: &App, status: u16) -> Vec<u8> {
    wire::print(&web::refuse(app, status, Transport::Unknown), Send::Whole).unwrap_or_default()
}

/// The status of a method whose target is no address of a page.
pub(super) fn of_method(method: Method) -> Option<u16> {
    (method == Method::Connect).then_some(405)
}

/// The first request on a new lane: answered by the pool with a head alone.
pub(super) fn greeting(secret: &str) -> Vec<u8> {
    format!("HEAD /health HTTP/1.1\r\nHost: localhost\r\n{IDENTITY}: {secret} 127.0.0.1\r\n\r\n").into_bytes()
}
