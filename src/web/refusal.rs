//! Answers to requests that never became one: what the network front refuses, in the site's words.

use crate::app::App;
use crate::limits::FORM_BYTES_MAX;
use crate::proxy::Transport;
use crate::ui::text;
use crate::web::response::Response;

/// The answer of a status that is known before anybody looks at the request. One plain line: what is refused this
/// early has said nothing trustworthy of what it could read.
pub(crate) fn refuse(app: &App, status: u16, transport: Transport) -> Response {
    let words = match status {
        405 => text::METHOD_NOT_ALLOWED.to_owned(),
        408 => "The request came too slowly.".to_owned(),
        413 => text::too_large(FORM_BYTES_MAX),
        414 => text::URI_TOO_LONG.to_owned(),
        431 => "The request's headers are too large.".to_owned(),
        500 => text::SERVER_ERROR.to_owned(),
        503 | 504 => text::BUSY.to_owned(),
        _ => text::NOT_UNDERSTOOD.to_owned(),
    };
    refused(app, status, transport, &words)
}

/// The answer to plain bytes where TLS is spoken.
pub(crate) fn refuse_plain(app: &App) -> Response {
    refused(app, 400, Transport::Plain, "This port speaks HTTPS. Put https:// in front of the address.")
}

fn refused(app: &App, status: u16, transport: Transport, words: &str) -> Response {
    let response = Response::plain(status, words);
    let response = match status {
        405 => response.with("Allow", "GET, HEAD, POST, OPTIONS"),
        503 | 504 => response.with("Retry-After", "1"),
        _ => response,
    };
    super::with_headers(app, transport, response)
}
