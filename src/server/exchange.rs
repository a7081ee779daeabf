//! One request: tiny_http on one side, `web` on the other.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use log::{debug, error};
use tiny_http::{HTTPVersion, Header, Request, StatusCode};

use crate::app::App;
use crate::limits::{BODY_DISCARD_BYTES_MAX, FORM_BYTES_MAX};
use crate::server::wire::{self, Send, Unprintable};
use crate::web;
use crate::web::request::{Body, Raw};
use crate::web::response::Response;

/// Reads a request, has it answered, and sends the answer. A panic on the way is a 500, and the worker lives on.
pub(super) fn serve(app: &App, mut request: Request) {
    let body = match read_body(&mut request) {
        Ok(body) => body,
        Err(error) => {
            debug!(target: "core", "body not read: {error}");
            return;
        }
    };
    let must_leave = matches!(body, Body::TooLarge) && !is_discardable(&request);
    let send = if request.method().as_str() == "HEAD" { Send::HeadOnly } else { Send::Whole };
    let raw = raw(&request, body);
    let response = catch_unwind(AssertUnwindSafe(|| web::respond(app, raw)))
        .unwrap_or_else(|panic| web::respond_to_panic(app, &panic_text(panic.as_ref())));
    let response = if app.is_stopping() { response.with("Connection", "close") } else { response };
    let bytes = wire::print(&response, send).unwrap_or_else(|Unprintable(name)| {
        error!(target: "core", header = name; "an answer held bytes that no header may; it was not sent");
        wire::print(&wire::last_resort(), send).unwrap_or_default()
    });
    if must_leave {
        leave(request, &response);
    } else {
        let mut writer = request.into_writer();
        // The client may have gone away; that is its right.
        let _ = writer.write_all(&bytes).and_then(|()| writer.flush());
    }
}

/// The body within its bound. One byte more is read, to know that it is too large; of a body that says so itself,
/// nothing.
fn read_body(request: &mut Request) -> std::io::Result<Body> {
    match request.body_length() {
        Some(0) => return Ok(Body::Whole(Vec::new())),
        Some(declared) if declared > FORM_BYTES_MAX => return Ok(Body::TooLarge),
        _ => {}
    }
    let mut body = Vec::new();
    request.as_reader().take(FORM_BYTES_MAX as u64 + 1).read_to_end(&mut body)?;
    Ok(if body.len() > FORM_BYTES_MAX { Body::TooLarge } else { Body::Whole(body) })
}

/// tiny_http reads what is left of a body into one buffer of that size before it goes on, which a declared terabyte
/// turns into the end of the process; and the rest of a chunked body it takes for the next request.
fn is_discardable(request: &Request) -> bool {
    request.body_length().is_some_and(|declared| declared <= BODY_DISCARD_BYTES_MAX)
}

/// Answers a request whose body cannot be discarded, head only, and never touches the connection again. The
/// connection and its thread are given up on purpose; the alternative is the process.
fn leave(request: Request, response: &Response) {
    let own = [("Server", "linkjar")].into_iter();
    let headers = response.headers.iter().map(|(name, value)| (*name, value.as_ref())).chain(own);
    let headers = headers.filter_map(|(name, value)| Header::from_bytes(name, value).ok()).collect();
    let answer = tiny_http::Response::new(StatusCode(response.status), headers, std::io::empty(), Some(0), None);
    std::mem::forget(request.upgrade("close", answer));
}

fn raw(request: &Request, body: Body) -> Raw {
    let headers = request.headers().iter();
    let headers = headers.map(|header| (header.field.as_str().as_str().to_owned(), header.value.as_str().to_owned()));
    Raw {
        method: request.method().as_str().to_owned(),
        target: request.url().to_owned(),
        headers: headers.collect(),
        body,
        peer: request.remote_addr().map(std::net::SocketAddr::ip),
        host_is_optional: *request.http_version() < HTTPVersion(1, 1),
    }
}

fn panic_text(panic: &(dyn std::any::Any + std::marker::Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
