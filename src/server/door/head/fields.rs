//! Field lines: how one is read, and what those that the door acts on mean.
//!
//! Apart from [`super`], which finds the lines and adds up what they say. Every rule on a header stands here.

use std::borrow::Cow;

use super::host::Host;
use super::{FIELD_LINE_BYTES_MAX, Framing, Refusal, Version, is_printable, malformed, refuse, visible};
use crate::web::headers::Headers;

/// A field line in the buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// A token.
    name: &'a str,
    /// Without control bytes and outer white space.
    value: &'a [u8],
    /// Nothing but visible ASCII and spaces, as nearly always.
    is_plain: bool,
}

/// RFC 9112, section 5: a token, a colon at once, a value. Folded lines (section 5.2) are refused.
pub(super) fn parse(line: &[u8]) -> Result<Field<'_>, Refusal> {
    if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        return Err(malformed("a field line begins with white space"));
    }
    let mut parts = line.splitn(2, |&byte| byte == b':');
    let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
        return Err(malformed("a field line has no colon"));
    };
    let is_token = !name.is_empty() && name.iter().all(|&byte| is_token_byte(byte));
    let name = std::str::from_utf8(name).ok().filter(|_| is_token);
    let name = name.ok_or(malformed("a field name is not a token"))?;
    // Without an early end the compiler looks at many bytes at a time.
    let is_plain = value.iter().fold(true, |is_plain, &byte| is_plain & is_printable(byte));
    if !is_plain && !value.iter().all(|&byte| is_value_byte(byte)) {
        return Err(malformed("a field value has a control byte"));
    }
    // With control bytes gone this takes off spaces and tabs only.
    Ok(Field { name, value: value.trim_ascii(), is_plain })
}

/// The host, which HTTP/1.1 must name once (RFC 9112, section 3.2).
pub(super) fn host(fields: &[Field], version: Version) -> Result<Option<Host>, Refusal> {
    let mut hosts = values(fields, "host");
    let Some(host) = hosts.next() else {
        return match version {
            Version::Http10 => Ok(None),
            Version::Http11 => Err(malformed("there is no Host")),
        };
    };
    if hosts.next().is_some() {
        return Err(malformed("there are two Hosts"));
    }
    Host::parse(&host).map(Some).ok_or(malformed("the Host is malformed"))
}

/// How long the body is; every doubt is refused, also where RFC 9112, section 6.3, would let a server guess.
pub(super) fn framing(fields: &[Field], version: Version) -> Result<Framing, Refusal> {
    let mut codings = values(fields, "transfer-encoding");
    let mut lengths = values(fields, "content-length");
    let (coding, length) = (codings.next(), lengths.next());
    if codings.next().is_some() || lengths.next().is_some() {
        return Err(malformed("Transfer-Encoding or Content-Length stands twice"));
    }
    match (coding, length) {
        (None, None) => Ok(Framing::None),
        (Some(_), Some(_)) => Err(malformed("Transfer-Encoding and Content-Length stand together")),
        (Some(_), None) if version == Version::Http10 => Err(malformed("HTTP/1.0 has no Transfer-Encoding")),
        (Some(coding), None) => parse_coding(&coding),
        (None, Some(length)) => parse_length(&length),
    }
}

/// `chunked` alone is read; other codings before it are unknown; anything after it, or not a token, is malformed.
fn parse_coding(text: &str) -> Result<Framing, Refusal> {
    let codings: Vec<&str> = text.split(',').map(|coding| coding.trim_matches([' ', '\t'])).collect();
    if codings.iter().any(|coding| coding.is_empty() || !coding.bytes().all(is_token_byte)) {
        return Err(malformed("the Transfer-Encoding is malformed"));
    }
    match codings.iter().position(|coding| coding.eq_ignore_ascii_case("chunked")) {
        Some(place) if place + 1 < codings.len() => Err(malformed("chunked is not the last transfer coding")),
        Some(0) => Ok(Framing::Chunked),
        _ => Err(refuse(501, "the transfer coding is unknown")),
    }
}

/// Digits only (RFC 9110, section 8.6); a sign, a list or a number above 2^64−1 is malformed.
fn parse_length(text: &str) -> Result<Framing, Refusal> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let length = text.parse().ok().filter(|_| is_digits);
    length.map(Framing::Length).ok_or(malformed("the Content-Length is malformed"))
}

/// Whether `100-continue`, the only expectation there is, stands there (RFC 9110, section 10.1.1).
pub(super) fn expects_continue(fields: &[Field]) -> Result<bool, Refusal> {
    let mut expects_continue = false;
    for value in values(fields, "expect") {
        if !value.eq_ignore_ascii_case("100-continue") {
            return Err(refuse(417, "the expectation is unknown"));
        }
        expects_continue = true;
    }
    Ok(expects_continue)
}

/// RFC 9112, section 9.3. `close` wins over `keep-alive`; headers named in `Connection` keep their meaning.
pub(super) fn keeps_alive(fields: &[Field], version: Version) -> bool {
    let has_option = |option: &str| {
        values(fields, "connection").any(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case(option)))
    };
    !has_option("close") && (version == Version::Http11 || has_option("keep-alive"))
}

/// The host, then the headers that mean something to us in order, then all cookies in one.
///
/// Joined cookies keep the bound of one field line. Only HTTP/2 lets a client split them (RFC 9113, section 8.2.3).
pub(super) fn kept(fields: &[Field], host: Option<Host>) -> Result<Headers, Refusal> {
    let mut headers = Headers::with_capacity(fields.len(), fields.iter().map(|field| field.value.len()).sum());
    if let Some(host) = host {
        headers.push("host", &host.to_string());
    }
    for field in fields {
        if !field.name.eq_ignore_ascii_case("host") && !field.name.eq_ignore_ascii_case("cookie") {
            headers.push(field.name, &printable(field));
        }
    }
    let mut cookies = values(fields, "cookie").filter(|value| !value.is_empty());
    if let Some(mut all) = cookies.next() {
        for more in cookies {
            let all = all.to_mut();
            all.push_str("; ");
            all.push_str(&more);
        }
        if "cookie:".len() + all.len() > FIELD_LINE_BYTES_MAX {
            return Err(refuse(431, "the cookies are too long together"));
        }
        headers.push("cookie", &all);
    }
    Ok(headers)
}

/// All values of one field, in order.
fn values<'a>(fields: &'a [Field], name: &'static str) -> impl Iterator<Item = Cow<'a, str>> {
    fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(printable)
}

/// All lines of one field, for whoever must judge them.
pub(super) fn all(fields: &[Field], name: &'static str) -> Vec<String> {
    values(fields, name).map(Cow::into_owned).collect()
}

/// A value in bytes 0x20–0x7e: a tab is white space, and real clients send bytes above ASCII in `Referer`.
fn printable<'a>(field: &Field<'a>) -> Cow<'a, str> {
    match std::str::from_utf8(field.value) {
        Ok(text) if field.is_plain => Cow::Borrowed(text),
        _ => field.value.iter().map(|&byte| if byte == b'\t' { ' ' } else { visible(byte) }).collect(),
    }
}

/// Whether a byte may stand in a token, such as a method or a field name.
///
/// # Source
/// `tchar` in RFC 9110, section 5.6.2.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'|' | b'~')
}

/// Whether a byte may stand in a field value: white space, visible ASCII, and `obs-text`.
///
/// # Source
/// `field-content` in RFC 9110, section 5.5.
pub(crate) fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7e | 0x80..)
}
