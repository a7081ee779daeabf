//! Request heads: read strictly from a client's bytes, written anew for the pool.
//!
//! This stands between the network and every other parser, so that a proxy in front, the door and the pool can never
//! disagree where a request ends: whatever leaves room for doubt is refused, and what passes is printed again from its
//! parsed form, with the headers of a fixed list only. Everything here is pure; it owns no socket and no clock.
//!
//! It leaves to others: the body ([`super::body`] and the byte count in [`Framing::Length`]), the size a route allows
//! (413), the path, and the names this server answers for.
//!
//! The verdict goes by position: every line is judged when its end has arrived, first by its length, then by its
//! content. How the bytes were cut on the way therefore cannot change it. The parser is written by hand because the
//! tokeniser at hand takes bare line feeds and leading blank lines, which are the doubts we refuse.

mod fields;
mod host;

pub(crate) use fields::{is_token_byte, is_value_byte};

use fields::Field;

use crate::web::headers::Headers;
use crate::web::request::Method;

/// Bytes of a request line, its CRLF not counted; one more is 414.
///
/// RFC 9112, section 3, asks for 8,000 at least.
const REQUEST_LINE_BYTES_MAX: usize = 8_192;

/// Bytes of one field line, its CRLF not counted; one more is 431.
const FIELD_LINE_BYTES_MAX: usize = 8_192;

/// Bytes of all field lines with their CRLFs, the blank line not counted; one more is 431.
const FIELDS_BYTES_MAX: usize = 16_384;

/// Field lines of one head; one more is 431. Browsers send about 20.
const FIELDS_MAX: usize = 100;

/// Room made for field lines; browsers send fewer.
const FIELDS_USUAL: usize = 24;

/// Bytes of the longest head that [`parse`] accepts: CRLF, request line, fields, blank line.
///
/// A buffer of this size always gets a verdict, so nobody needs a larger one.
pub(crate) const HEAD_BYTES_MAX: usize = 2 + REQUEST_LINE_BYTES_MAX + 2 + FIELDS_BYTES_MAX + 2;

/// What the bytes read so far amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// The head may still become a good one: read on.
    Incomplete,
    /// A whole head that passed every check.
    Head(Head),
    /// Answer with the status, then close: where the next request would start is unknown.
    Refused(Refusal),
}

/// A request head that passed every check.
///
/// # Invariants
/// After [`parse`]: `target` is visible ASCII without `#`, header names are lower-case tokens from the allow-list,
/// values hold bytes 0x20–0x7e only and no space at either end. `host` comes first, at most once, in the form of
/// [`host::Host`]; `cookie` stands at most once, last. Any other header stands as often, and in the order, as the client
/// sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Length in the buffer, with the blank line and a CRLF before the request line.
    pub(crate) bytes: usize,
    pub(crate) method: Method,
    /// Begins with `/`, or with `http://` or `https://` in any case, or is `*` (OPTIONS only), or anything (CONNECT
    /// only).
    pub(crate) target: String,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
    /// What the client, or a proxy, says of the way: the lines of `X-Forwarded-For` and of `X-Forwarded-Proto`. Not
    /// repeated by [`Head::write`], and worth nothing unless the peer is trusted.
    pub(crate) forwarded_for: Vec<String>,
    pub(crate) forwarded_proto: Vec<String>,
    pub(crate) framing: Framing,
    /// The client wants to send another request after this one.
    pub(crate) keep_alive: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
}

/// The protocol version of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    Http11,
}

/// How the body's end is found (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// No body.
    None,
    /// So many bytes; any number, so compare it with the bound of the route before reading.
    Length(u64),
    /// Chunks, to be read with [`super::body::Chunked`].
    Chunked,
}

/// Why a head is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// 400, 414, 417, 431, 501 or 505.
    pub(crate) status: u16,
    /// For the debug log; holds nothing the client sent.
    pub(crate) reason: &'static str,
}

/// Reads one head from the start of `buffer`.
///
/// Bytes behind the head are not looked at. One call costs time linear in the head, and memory is taken for a whole
/// head only. A complete bad line is refused although the head goes on, an unfinished one as soon as it is too long.
///
/// # Errors
/// [`Parsed::Refused`] with 400 for anything malformed or doubtful, 414 for a long request line, 431 for long or many
/// fields, 505 for another protocol version, 501 for an unknown method or transfer coding, 417 for an unknown
/// expectation.
/// # Invariants
/// Never [`Parsed::Incomplete`] for [`HEAD_BYTES_MAX`] bytes or more. More bytes never change a verdict.
/// # Source
/// RFC 9112, sections 2.2 to 7.1; RFC 9110, sections 5 to 7.
pub(crate) fn parse(buffer: &[u8]) -> Parsed {
    match read(buffer) {
        Ok(None) => Parsed::Incomplete,
        Ok(Some(head)) => Parsed::Head(head),
        Err(refusal) => Parsed::Refused(refusal),
    }
}

impl Head {
    /// Appends this head to `out` as HTTP/1.1: request line, headers, `extra`, `Content-Length` if there is a body.
    ///
    /// Neither framing nor connection headers of the client are repeated. A client of HTTP/1.0 that named no host gets
    /// no `host` line; put one into `headers` where the pool should see one.
    ///
    /// # Invariants
    /// Only bytes 0x20–0x7e and the CRLFs written here reach `out`; any other byte in `extra`, or in a field changed
    /// since [`parse`], becomes `?`.
    /// # Source
    /// RFC 9112, sections 3 and 5.
    pub(crate) fn write(&self, extra: &[(&str, &str)], body_length: usize, out: &mut Vec<u8>) {
        write_parts(out, &[self.method.as_str(), " ", &self.target, " HTTP/1.1"]);
        for (name, value) in self.headers.iter() {
            write_parts(out, &[name, ": ", value]);
        }
        for (name, value) in extra {
            write_parts(out, &[name, ": ", value]);
        }
        if body_length > 0 {
            write_parts(out, &["content-length: ", &body_length.to_string()]);
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// The lines of a head, from the front.
struct Lines<'a> {
    rest: &'a [u8],
    /// Bytes taken so far, line ends counted.
    bytes: usize,
}

impl<'a> Lines<'a> {
    /// Takes the next line without its CRLF; `None` when its end has not arrived.
    ///
    /// The length comes before the content and before the line end, and counts alike for a finished and an unfinished
    /// line: a CR at the end may be half of the CRLF, anything else belongs to the line. That makes the verdict
    /// independent of where the bytes were cut.
    fn next(&mut self, bytes_max: usize, too_long: Refusal) -> Result<Option<&'a [u8]>, Refusal> {
        let window = self.rest.get(..bytes_max + 2).unwrap_or(self.rest);
        let end = memchr::memchr(b'\n', window);
        let (line, _) = window.split_at(end.unwrap_or(window.len()));
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        if text.len() > bytes_max {
            return Err(too_long);
        }
        let Some(end) = end else { return Ok(None) };
        if text.len() == line.len() {
            return Err(malformed("a line ends in LF without CR"));
        }
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        self.bytes += end + 1;
        Ok(Some(text))
    }

    /// Drops one CRLF before the request line (RFC 9112, section 2.2); `None` when it cannot be told yet.
    ///
    /// The first byte of the request line is judged at once, so that a TLS handshake on a plain port, which has no line
    /// end to wait for, is answered.
    fn skip_blank(&mut self) -> Result<Option<()>, Refusal> {
        if let Some(rest) = self.rest.strip_prefix(b"\r\n") {
            self.rest = rest;
            self.bytes = 2;
        } else if self.rest == b"\r" {
            return Ok(None);
        }
        match self.rest.first() {
            None => Ok(None),
            Some(&byte) if is_token_byte(byte) => Ok(Some(())),
            Some(_) => Err(malformed("the request line does not begin with a method")),
        }
    }
}

/// [`parse`] in the form that lets a refusal travel up.
fn read(buffer: &[u8]) -> Result<Option<Head>, Refusal> {
    let mut lines = Lines { rest: buffer, bytes: 0 };
    let Some(()) = lines.skip_blank()? else { return Ok(None) };
    let too_long = refuse(414, "the request line is too long");
    let Some(line) = lines.next(REQUEST_LINE_BYTES_MAX, too_long)? else { return Ok(None) };
    let (method, target, version) = parse_request_line(line)?;
    let Some(fields) = read_fields(&mut lines)? else { return Ok(None) };

    let host = fields::host(&fields, version)?;
    let framing = fields::framing(&fields, version)?;
    let expects_continue = fields::expects_continue(&fields)? && version == Version::Http11;
    Ok(Some(Head {
        bytes: lines.bytes,
        method,
        target: target.to_owned(),
        version,
        headers: fields::kept(&fields, host)?,
        forwarded_for: fields::all(&fields, "x-forwarded-for"),
        forwarded_proto: fields::all(&fields, "x-forwarded-proto"),
        framing,
        keep_alive: fields::keeps_alive(&fields, version),
        expects_continue,
    }))
}

/// Reads field lines up to the blank line; `None` when it has not arrived.
fn read_fields<'a>(lines: &mut Lines<'a>) -> Result<Option<Vec<Field<'a>>>, Refusal> {
    let start = lines.bytes;
    let mut fields = Vec::with_capacity(FIELDS_USUAL);
    loop {
        let left = FIELDS_BYTES_MAX.saturating_sub(lines.bytes - start).saturating_sub(2);
        // Where no further field is allowed the bound is 0: the blank line still passes.
        let (bytes_max, too_long) = if fields.len() >= FIELDS_MAX {
            (0, "there are too many fields")
        } else if left < FIELD_LINE_BYTES_MAX {
            (left, "the fields are too long together")
        } else {
            (FIELD_LINE_BYTES_MAX, "a field line is too long")
        };
        match lines.next(bytes_max, refuse(431, too_long))? {
            None => return Ok(None),
            Some([]) => return Ok(Some(fields)),
            Some(line) => fields.push(fields::parse(line)?),
        }
    }
}

/// Three words with one space between them (RFC 9112, section 3); the leniency it allows is the doubt we refuse.
///
/// The version comes first, so that a client of HTTP/2 learns what is wrong.
fn parse_request_line(line: &[u8]) -> Result<(Method, &str, Version), Refusal> {
    let is_visible = line.iter().all(|byte| matches!(byte, 0x20..=0x7e));
    let text = std::str::from_utf8(line).ok().filter(|_| is_visible);
    let text = text.ok_or(malformed("the request line has a byte that is not visible ASCII"))?;
    let mut words = text.split(' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(malformed("the request line is not three words"));
    };
    let version = parse_version(version)?;
    if method.is_empty() || !method.bytes().all(is_token_byte) {
        return Err(malformed("the method is not a token"));
    }
    let method = Method::parse(method).ok_or(refuse(501, "the method is unknown"))?;
    if !is_target(method, target) {
        return Err(malformed("the target has no accepted form"));
    }
    Ok((method, target, version))
}

/// RFC 9112, section 2.3: upper-case `HTTP/`, one digit, a dot, one digit.
fn parse_version(word: &str) -> Result<Version, Refusal> {
    match word.as_bytes() {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
            Err(refuse(505, "the protocol version is not HTTP/1.0 or HTTP/1.1"))
        }
        _ => Err(malformed("the protocol version is malformed")),
    }
}

/// Whether the method may come with a target of this form (RFC 9112, section 3.2); a fragment is never sent.
fn is_target(method: Method, target: &str) -> bool {
    let has_scheme = |scheme: &str| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let is_form = match method {
        Method::Connect => !target.is_empty(),
        Method::Options if target == "*" => true,
        _ => target.starts_with('/') || has_scheme("http://") || has_scheme("https://"),
    };
    is_form && !target.contains('#')
}

/// Whether a byte is visible ASCII or a space.
fn is_printable(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e)
}

/// The byte itself, or `?` in the place of one that is neither visible ASCII nor a space.
fn visible(byte: u8) -> char {
    if is_printable(byte) { char::from(byte) } else { '?' }
}

/// Appends one line made of `parts`.
fn write_parts(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend(part.bytes().map(|byte| visible(byte) as u8));
    }
    out.extend_from_slice(b"\r\n");
}

fn malformed(reason: &'static str) -> Refusal {
    refuse(400, reason)
}

fn refuse(status: u16, reason: &'static str) -> Refusal {
    Refusal { status, reason }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
