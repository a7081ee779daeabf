//! A request as pages see it: parsed, decoded once, within bounds.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::net::IpAddr;

use crate::limits::{QUERY_PAIRS_MAX, REQUEST_TARGET_BYTES_MAX};
use crate::proxy::Transport;
use crate::web::error::Error;
use crate::web::headers::Headers;
use crate::web::percent;

/// The verbs of RFC 9110, section 9, and PATCH of RFC 5789. Names are compared exactly: `get` is no method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Trace,
    Connect,
}

impl Method {
    /// The method as it stands in a request line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Trace => "TRACE",
            Method::Connect => "CONNECT",
        }
    }

    /// # Errors
    /// `None` for any other word.
    pub(crate) fn parse(word: &str) -> Option<Method> {
        Some(match word {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "TRACE" => Method::Trace,
            "CONNECT" => Method::Connect,
            _ => return None,
        })
    }
}

/// The authority that the client believes it speaks to, in comparable form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    /// Lower case, no trailing dot; an IPv6 address keeps its brackets.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl Authority {
    /// Reads a `Host` value.
    ///
    /// # Errors
    /// `None` unless it is a host name of letters, digits, `-`, `_` and `.`, or an address, with or without a port.
    /// # Source
    /// RFC 9110, section 7.2.
    pub(crate) fn parse(text: &str) -> Option<Authority> {
        let (host, port) = match text.rfind(':') {
            Some(at) if !text.ends_with(']') => (&text[..at], Some(&text[at + 1..])),
            _ => (text, None),
        };
        let port = match port {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse::<u16>().ok()?),
            Some(_) => return None,
            None => None,
        };
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_address = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .is_some_and(|inside| inside.parse::<std::net::Ipv6Addr>().is_ok());
        let host_is_fine = is_address || (host.len() <= 254 && !host.is_empty() && host.bytes().all(named));
        if !host_is_fine {
            return None;
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        (!host.is_empty()).then(|| Authority { host: host.to_ascii_lowercase(), port })
    }

    /// As it stands in an address.
    pub(crate) fn text(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

/// What the server hands over: one whole request.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) method: Cow<'static, str>,
    /// The request target as sent.
    pub(crate) target: String,
    pub(crate) headers: Headers,
    /// Whole and within its bound.
    pub(crate) body: Vec<u8>,
    /// The client's address.
    pub(crate) peer: Option<IpAddr>,
    /// How the request travelled.
    pub(crate) transport: Transport,
    /// HTTP/1.0 clients may leave out `Host`.
    pub(crate) host_is_optional: bool,
}

/// A request as pages see it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path's parts, each decoded once; an empty last part (a trailing slash) is left out.
    pub(crate) path: Vec<String>,
    /// Decoded when somebody asks; `None` inside when it does not decode. Short links never ask.
    query: OnceCell<Option<Vec<(String, String)>>>,
    /// Path and query as sent: where the theme switch comes back to.
    pub(crate) here: String,
    headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) transport: Transport,
    pub(crate) authority: Option<Authority>,
}

impl Request {
    /// # Errors
    /// [`Error::Malformed`] when anything but the query does not decode; [`Error::UriTooLong`];
    /// [`Error::UnknownMethod`].
    pub(crate) fn parse(raw: Raw) -> Result<Request, Error> {
        if raw.target.len() > REQUEST_TARGET_BYTES_MAX {
            return Err(Error::UriTooLong);
        }
        let method = Method::parse(&raw.method).ok_or(Error::UnknownMethod)?;
        let headers = raw.headers;
        let (authority, here) = split_target(raw.target, method)?;
        let authority = match authority {
            Some(authority) => Some(authority),
            None => authority_of(&headers, raw.host_is_optional)?,
        };
        if here.contains('#') {
            return Err(Error::Malformed);
        }
        let path = parts(here.split('?').next().unwrap_or_default()).ok_or(Error::Malformed)?;
        let query = OnceCell::new();
        let (body, peer, transport) = (raw.body, raw.peer, raw.transport);
        Ok(Request { method, path, query, here, headers, body, peer, transport, authority })
    }

    /// The value of a header; `None` when it is absent or stands more than once.
    pub(crate) fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.one(name)
    }

    /// True when the header stands there, however often.
    pub(crate) fn has_header(&self, name: &'static str) -> bool {
        self.headers.all(name).next().is_some()
    }

    /// All `Cookie` headers as one.
    pub(crate) fn cookies(&self) -> String {
        self.headers.all("cookie").collect::<Vec<_>>().join("; ")
    }

    /// The first value of a query parameter, or nothing.
    pub(crate) fn query(&self, name: &str) -> &str {
        let pairs = self.pairs().unwrap_or_default();
        pairs.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// Whether the query decodes. A page must know; a short link leads on whatever somebody has hung on to it.
    pub(crate) fn has_sound_query(&self) -> bool {
        self.pairs().is_some()
    }

    fn pairs(&self) -> Option<&[(String, String)]> {
        let decode = || {
            let query = self.here.split_once('?').map_or("", |(_, query)| query);
            percent::decode_pairs(query, QUERY_PAIRS_MAX)
        };
        self.query.get_or_init(decode).as_deref()
    }

    /// The path as sent.
    pub(crate) fn path_text(&self) -> &str {
        self.here.split('?').next().unwrap_or_default()
    }

    /// The client's address for a log line.
    pub(crate) fn ip(&self) -> String {
        self.peer.map_or_else(|| "-".to_owned(), |ip| ip.to_canonical().to_string())
    }

    /// The path for a log line: no query, and no secret of a reset link.
    pub(crate) fn logged_path(&self) -> String {
        // A secret that was pasted with something around it is one all the same.
        let is_secret = |part: &str| part.len() >= 64 && part.bytes().filter(u8::is_ascii_hexdigit).count() >= 64;
        let mut logged = String::new();
        for (at, part) in self.path.iter().enumerate() {
            let leads_to_secret =
                |before: &String| ["reset", "invite"].iter().any(|word| before.eq_ignore_ascii_case(word));
            let follows_word = at > 0 && leads_to_secret(&self.path[at - 1]);
            logged.push('/');
            logged.push_str(if follows_word || is_secret(part) { "…" } else { part });
        }
        if logged.is_empty() { "/".to_owned() } else { logged }
    }
}

/// Splits a request target into the authority of an absolute one and its path with query.
fn split_target(target: String, method: Method) -> Result<(Option<Authority>, String), Error> {
    if target.starts_with('/') {
        return Ok((None, target));
    }
    if target == "*" && method == Method::Options {
        return Ok((None, "/".to_owned()));
    }
    let rest = target.strip_prefix("http://").or_else(|| target.strip_prefix("https://")).ok_or(Error::Malformed)?;
    let (authority, here) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = Authority::parse(authority).ok_or(Error::Malformed)?;
    if here.starts_with('?') {
        return Err(Error::Malformed);
    }
    Ok((Some(authority), if here.is_empty() { "/".to_owned() } else { here.to_owned() }))
}

fn authority_of(headers: &Headers, optional: bool) -> Result<Option<Authority>, Error> {
    let mut hosts = headers.all("host");
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::parse(host).map(Some).ok_or(Error::Malformed),
        (None, _) if optional => Ok(None),
        _ => Err(Error::Malformed),
    }
}

/// The decoded parts of a path. `/` separates before decoding, so an encoded slash never does.
fn parts(path: &str) -> Option<Vec<String>> {
    let inside = path.strip_prefix('/')?;
    let mut parts = inside.split('/').map(percent::decode).collect::<Option<Vec<String>>>()?;
    if parts.iter().any(|part| part.chars().any(char::is_control)) {
        return None;
    }
    if parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    Some(parts)
}

#[cfg(test)]
mod tests;
