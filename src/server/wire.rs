//! An answer as bytes: HTTP/1.1 head and body in one buffer, sent at once.
//!
//! Apart from the pool, because whatever sends answers must send the same ones. It is also the last guard: a header
//! value that could end the line early is never written.

use std::borrow::Cow;

use log::error;

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::web::response::{Kind, Response};

/// RFC 9110, section 5.6.7.
const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Whether the client wants a body: HEAD does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Send {
    Whole,
    HeadOnly,
}

/// A header of an answer that must not be sent, and why; the answer is replaced by a 500.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unprintable(pub(super) &'static str);

/// Prints an answer.
///
/// # Errors
/// [`Unprintable`] when a header value holds a byte that no header may: below 0x20 or above 0x7e, in `Location` also
/// a space. Nothing of the answer may be sent then.
pub(super) fn print(response: &Response, send: Send) -> Result<Vec<u8>, Unprintable> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
    for (name, value) in &response.headers {
        let lowest = if *name == "Location" { 0x21 } else { 0x20 };
        if !value.bytes().all(|byte| (lowest..=0x7e).contains(&byte)) {
            return Err(Unprintable(name));
        }
        push(&mut head, name, value);
    }
    push(&mut head, "Server", "linkjar");
    push(&mut head, "Date", &OffsetDateTime::now_utc().format(DATE).unwrap_or_default());
    // Neither has a body, and a length would be wrong (RFC 9110, section 8.6).
    let has_body = !matches!(response.status, 204 | 304);
    if has_body {
        push(&mut head, "Content-Length", &response.body.len().to_string());
    }
    head.push_str("\r\n");
    let mut out = head.into_bytes();
    if has_body && send == Send::Whole {
        out.extend_from_slice(&response.body);
    }
    Ok(out)
}

fn push(head: &mut String, name: &str, value: &str) {
    head.push_str(name);
    head.push_str(": ");
    head.push_str(value);
    head.push_str("\r\n");
}

/// Prints an answer; one that must not be sent is reported and replaced by a 500.
pub(super) fn print_or_apologise(response: &Response, send: Send) -> Vec<u8> {
    print(response, send).unwrap_or_else(|Unprintable(name)| {
        error!(target: "core", header = name; "an answer held bytes that no header may; it was not sent");
        print(&last_resort(), send).unwrap_or_default()
    })
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

    #[test]
    fn answers_are_printed_with_their_true_length() {
        let response = Response::new(200, Kind::Plain).with("X-A", "b").with_body(b"hello".as_slice());
        let text = String::from_utf8(print(&response, Send::Whole).unwrap()).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\nX-A: b\r\nServer: linkjar\r\nDate: "), "{text}");
        assert!(text.ends_with("GMT\r\nContent-Length: 5\r\n\r\nhello"), "{text}");
        let head = String::from_utf8(print(&response, Send::HeadOnly).unwrap()).unwrap();
        assert!(head.ends_with("Content-Length: 5\r\n\r\n"), "{head}");
        for status in [204, 304] {
            let text = String::from_utf8(print(&Response::new(status, Kind::Plain), Send::Whole).unwrap()).unwrap();
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
            assert_eq!(print(&response, Send::Whole).is_ok(), fine, "{name}: {value:?}");
        }
    }
}
