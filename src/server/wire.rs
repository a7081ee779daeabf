//! An answer as bytes: HTTP/1.1 head and body in one buffer, sent at once.
//!
//! Apart from the pool, because whatever sends answers must send the same ones. It is also the last guard: a header
//! value that could end the line early is never written.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Write;

use log::error;

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::web::response::{Kind, Response};

/// RFC 9110, section 5.6.7.
const DATE_FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Room made for a head; few are longer.
const HEAD_BYTES_USUAL: usize = 1_024;

/// Whether the client wants a body: HEAD does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Send {
    Whole,
    HeadOnly,
    /// The head of an answer whose body comes later, nobody knows how long.
    Stream,
}

/// A header of an answer that must not be sent, and why; the answer is replaced by a 500.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unprintable(pub(super) &'static str);

/// Appends an answer to `out`. `connection` is a whole line that stands right behind the status line, or nothing.
///
/// # Errors
/// [`Unprintable`] when a header value holds a byte that no header may: below 0x20 or above 0x7e, in `Location` also
/// a space. `out` is as it was then.
pub(super) fn print(response: &Response, send: Send, connection: &str, out: &mut Vec<u8>) -> Result<(), Unprintable> {
    debug_assert!(response.click.is_none(), "an answer that has to wait for its click");
    // Neither has a body, and a length would be wrong (RFC 9110, section 8.6).
    let has_body = !matches!(response.status, 204 | 304);
    let body: &[u8] = if has_body && send == Send::Whole { &response.body } else { &[] };
    let start = out.len();
    out.reserve(HEAD_BYTES_USUAL + body.len());
    // Writing to memory does not fail.
    let _ = write!(out, "HTTP/1.1 {} {}\r\n{connection}", response.status, reason(response.status));
    for (name, value) in &response.headers {
        let lowest = if *name == "Location" { 0x21 } else { 0x20 };
        if !value.bytes().all(|byte| (lowest..=0x7e).contains(&byte)) {
            out.truncate(start);
            return Err(Unprintable(name));
        }
        push(out, &[name, ": ", value, "\r\n"]);
    }
    push(out, &["Server: linkjar\r\n"]);
    DATE.with_borrow_mut(|date| push(out, &["Date: ", date.now(), "\r\n"]));
    if has_body && send != Send::Stream {
        let _ = write!(out, "Content-Length: {}\r\n", response.body.len());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    Ok(())
}

fn push(out: &mut Vec<u8>, parts: &[&str]) {
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
}

/// Prints an answer; one that must not be sent is reported and replaced by a 500.
pub(super) fn print_or_apologise(response: &Response, send: Send, connection: &str, out: &mut Vec<u8>) {
    if let Err(Unprintable(name)) = print(response, send, connection, out) {
        error!(target: "core", header = name; "an answer held bytes that no header may; it was not sent");
        // Its headers are ours.
        let _ = print(&last_resort(), send, connection, out);
    }
}

/// Where some bytes first stand in others.
pub(super) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

/// The time as it stands in `Date`, written anew once a second.
struct Date {
    second: i64,
    text: String,
}

impl Date {
    fn now(&mut self) -> &str {
        let now = OffsetDateTime::now_utc();
        if now.unix_timestamp() != self.second || self.text.is_empty() {
            (self.second, self.text) = (now.unix_timestamp(), now.format(DATE_FORMAT).unwrap_or_default());
        }
        &self.text
    }
}

thread_local! {
    static DATE: RefCell<Date> = const { RefCell::new(Date { second: 0, text: String::new() }) };
}

/// What is sent when an answer could not be printed.
fn last_resort() -> Response {
    Response::new(500, Kind::Plain)
        .with("Content-Type", "text/plain; charset=utf-8")
        .with("Cache-Control", "no-store")
        .with_body(Cow::Borrowed(b"Something broke on the server.\n".as_slice()))
}

/// The phrase of a status (RFC 9110, section 15; RFC 6585).
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(response: &Response, send: Send) -> Result<String, Unprintable> {
        let mut out = Vec::new();
        let outcome = print(response, send, "", &mut out);
        assert!(outcome.is_ok() || out.is_empty(), "half an answer");
        outcome.map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn answers_are_printed_with_their_true_length() {
        let response = Response::new(200, Kind::Plain).with("X-A", "b").with_body(b"hello".as_slice());
        let text = printed(&response, Send::Whole).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\nX-A: b\r\nServer: linkjar\r\nDate: "), "{text}");
        assert!(text.ends_with("GMT\r\nContent-Length: 5\r\n\r\nhello"), "{text}");
        let head = printed(&response, Send::HeadOnly).unwrap();
        assert!(head.ends_with("Content-Length: 5\r\n\r\n"), "{head}");
        for status in [204, 304] {
            let text = printed(&Response::new(status, Kind::Plain), Send::Whole).unwrap();
            assert!(!text.contains("Content-Length"), "{text}");
        }
    }

    #[test]
    fn values_that_could_end_a_line_are_never_written() {
        for (name, value, fine) in [
            ("Location", "https://example.com/a%20b", true),
            ("Location", "https://example.com/a b", false),
            ("Location", "https://example.com/\r\nSet-Cookie: x=1", false),
            ("Location", "https://example.com/ü", false),
            ("Set-Cookie", "a=1; Path=/", true),
            ("Set-Cookie", "a=1\nb", false),
            ("Allow", "GET\u{7f}", false),
        ] {
            let response = Response::new(302, Kind::ShortLink).with(name, value);
            assert_eq!(printed(&response, Send::Whole).is_ok(), fine, "{name}: {value:?}");
        }
    }
}
