//! Target: where a link leads.
//!
//! One door decides what a redirect may send: form, API, import, command line and changed settings all go through
//! [`Target::parse`], so that there is one list of what is accepted and none of what is forbidden. Two parsers that
//! read one address differently are the root of most tricks with addresses. Whatever browsers would have to repair
//! is therefore refused, and what is kept is the one form that every parser reads alike.
//!
//! Nothing here opens a connection or asks for a name: the target is the visitor's business. Bytes that are not
//! UTF-8 are the decoders' to refuse, escaping and shortening for display are the pages'.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Host;

use crate::limits::{TARGET_BYTES_MAX, TARGET_INPUT_BYTES_MAX};

mod blocked;
mod host;

pub(crate) use blocked::BlockedHosts;

/// What is escaped after the host, besides everything that is not ASCII.
///
/// These may not stand in a header or in an attribute as they are. `%` is not among them: an escape stays as typed,
/// a broken one too.
const ESCAPED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'|').add(b'^');

/// The address that a link leads to, in the form that is kept, compared and sent.
///
/// # Invariants
/// At most [`TARGET_BYTES_MAX`] bytes, all of them in `0x21..=0x7e`, starting with `http://` or `https://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target(String);

/// What this instance allows, beside what is true of every address.
pub(crate) struct TargetRules<'a> {
    /// Where this server itself is reached; its short links are no targets.
    pub own: &'a [OwnAddress],
    /// Hosts that are refused.
    pub blocked: &'a BlockedHosts,
    /// Whether addresses of private networks may be targets.
    pub private: PrivateTargets,
    /// Tells first path words of our own pages from user names.
    pub reserved: fn(&str) -> bool,
}

/// A host that this server answers for, with the ports it is reached at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnAddress {
    /// As [`canonical_host`] gives it: lower case, no dot at the end, IPv6 in brackets.
    pub host: String,
    /// Every port that leads here, the usual ones too.
    pub ports: Vec<u16>,
}

/// Whether hosts that only a private network knows may be targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrivateTargets {
    Allow,
    Refuse,
}

/// Why a text is no target here; its `Display` is the sentence at the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetError {
    /// Nothing, a relative address, or one without a host.
    Incomplete,
    /// Neither `http` nor `https`.
    Scheme,
    /// More than [`TARGET_BYTES_MAX`] bytes as it would be kept, or [`TARGET_INPUT_BYTES_MAX`] as typed.
    TooLong,
    /// A second address follows the first.
    TwoAddresses,
    /// An invisible character at the ends or in the host name.
    Invisible,
    /// A tab, line break or other control character.
    Control,
    /// A backslash where browsers read a slash.
    Backslash,
    /// A user name or password before the host.
    UserName,
    /// A host name that no name server could know.
    HostName,
    /// A number for a host, other than four plain parts from 0 to 255.
    HostNumber,
    /// Not a number from 1 to 65535.
    Port,
    /// A host that the administrator refuses.
    Blocked,
    /// A host of a private network, where these are refused.
    Private,
    /// A short link of this server.
    Circle,
}

impl Target {
    /// Reads what a person or program gave as a target, and puts it into canonical form.
    ///
    /// Scheme and host become lower case, the host ASCII; the scheme's usual port and one dot at the host's end go;
    /// after the host, what [`ESCAPED`] lists is escaped. Nothing is decoded, and the path stays as it is.
    ///
    /// # Errors
    /// A [`TargetError`] that names the first thing wrong.
    /// # Invariants
    /// The result, read again under the same rules, is itself. The URL Standard's parser finds the same scheme,
    /// host and port in it.
    /// # Source
    /// URL Standard, section 4.4, less its repairs; UTS 46 for host names.
    pub(crate) fn parse(text: &str, rules: &TargetRules<'_>) -> Result<Target, TargetError> {
        let address = Address::read(text)?;
        let canonical = address.to_string();
        if canonical.len() > TARGET_BYTES_MAX {
            return Err(TargetError::TooLong);
        }
        match address.refusal(rules) {
            Some(refusal) => Err(refusal),
            None => Ok(Target(canonical)),
        }
    }

    /// Takes a target from the data file, where only [`Target::parse`] has put any.
    ///
    /// # Errors
    /// `None` when the text breaks the type's invariants: the row is damaged and must not reach a header.
    pub(crate) fn from_stored(text: String) -> Option<Target> {
        let is_whole = text.len() <= TARGET_BYTES_MAX
            && text.bytes().all(|byte| matches!(byte, 0x21..=0x7e))
            && (text.starts_with("http://") || text.starts_with("https://"));
        is_whole.then_some(Target(text))
    }

    /// The whole address, ready for a header.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The host: a name in ASCII, an IPv4 address, or an IPv6 address in brackets.
    pub(crate) fn host(&self) -> &str {
        let after_scheme = self.0.split_once("://").map_or("", |(_, after)| after);
        let (authority, _) = split_before(after_scheme, &['/', '?', '#']);
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        }
    }

    /// Whether it leads to this server itself, be it to a page or to a short link.
    pub(crate) fn is_own(&self, own: &[OwnAddress]) -> bool {
        Address::read(&self.0).is_ok_and(|address| {
            let host = address.host.to_string();
            address.is_own(&host::comparable(&host), own)
        })
    }

    /// Whether it leads to a blocked host. Asked again at every redirect: a host may have been blocked after the link
    /// was made.
    pub(crate) fn is_blocked(&self, blocked: &BlockedHosts) -> bool {
        !blocked.is_empty() && blocked.cover(&host::comparable(self.host()))
    }
}

/// The one spelling of a host by which own and blocked hosts are compared.
///
/// # Errors
/// [`TargetError::HostName`], [`TargetError::HostNumber`] or [`TargetError::Invisible`] as for a target's host.
pub(crate) fn canonical_host(text: &str) -> Result<String, TargetError> {
    let host = host::read(text)?.to_string();
    Ok(host::comparable(&host).into_owned())
}

/// A target taken apart: what the rules look at.
struct Address {
    scheme: Scheme,
    host: Host<String>,
    /// Present only when it is not the scheme's usual one.
    port: Option<u16>,
    /// Path, query and fragment, escaped.
    rest: String,
}

#[derive(Clone, Copy)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn named(name: &str) -> Option<Scheme> {
        [Scheme::Http, Scheme::Https].into_iter().find(|scheme| name.eq_ignore_ascii_case(scheme.name()))
    }

    fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    fn usual_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl Address {
    fn read(text: &str) -> Result<Address, TargetError> {
        let text = tidy(text)?;
        let (scheme, after_scheme) = split_scheme(text)?;
        let (authority, rest) = split_before(after_scheme, &['/', '?', '#']);
        let (host, port) = split_authority(authority)?;
        let host = host::read(host)?;
        let port = read_port(port)?;
        // A word alone is a slip of the hand; with a dot or a port it is meant as a host.
        let is_word = matches!(&host, Host::Domain(name) if !name.contains('.')) && port.is_none();
        if scheme.is_none() && is_word {
            return Err(TargetError::Incomplete);
        }
        let scheme = scheme.unwrap_or(Scheme::Https);
        Ok(Address {
            scheme,
            host,
            port: port.filter(|port| *port != scheme.usual_port()),
            rest: utf8_percent_encode(rest, ESCAPED).to_string(),
        })
    }

    fn refusal(&self, rules: &TargetRules<'_>) -> Option<TargetError> {
        let host = self.host.to_string();
        let host = host::comparable(&host);
        if self.is_own(&host, rules.own) && !is_own_page(&self.rest, rules.reserved) {
            return Some(TargetError::Circle);
        }
        if rules.blocked.cover(&host) {
            return Some(TargetError::Blocked);
        }
        if rules.private == PrivateTargets::Refuse && host::is_private(&self.host) {
            return Some(TargetError::Private);
        }
        None
    }

    fn is_own(&self, host: &str, own: &[OwnAddress]) -> bool {
        let port = self.port.unwrap_or(self.scheme.usual_port());
        own.iter().any(|address| address.host == host && address.ports.contains(&port))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.rest)
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TargetError::Incomplete => "Enter a full web address, such as https://example.com/page.",
            TargetError::Scheme => "Enter an address that starts with http:// or https://.",
            TargetError::TooLong => "This address is too long. Use at most 2,048 bytes.",
            TargetError::TwoAddresses => "Enter only one address.",
            TargetError::Invisible => "Remove the invisible characters from this address.",
            TargetError::Control => "Remove tabs, line breaks and control characters from this address.",
            TargetError::Backslash => "Use / instead of \\ in this address.",
            TargetError::UserName => "Remove the user name or password before the @ from this address.",
            TargetError::HostName => "Check the host name in this address.",
            TargetError::HostNumber => "Write a numeric host as four numbers from 0 to 255, such as 192.0.2.1.",
            TargetError::Port => "Use a port number from 1 to 65535, or leave it out.",
            TargetError::Blocked => "Links to this host are not allowed here.",
            TargetError::Private => "Links to private networks are not allowed here.",
            TargetError::Circle => "That would redirect in a circle.",
        })
    }
}

impl std::error::Error for TargetError {}

/// Takes off white space at the ends and refuses what a browser would silently drop or read as something else.
fn tidy(text: &str) -> Result<&str, TargetError> {
    if text.len() > TARGET_INPUT_BYTES_MAX {
        return Err(TargetError::TooLong);
    }
    let text = text.trim_ascii();
    if text.split_ascii_whitespace().skip(1).any(starts_another_address) {
        return Err(TargetError::TwoAddresses);
    }
    if text.starts_with(is_paste_debris) || text.ends_with(is_paste_debris) {
        return Err(TargetError::Invisible);
    }
    if text.contains(|c: char| c.is_ascii_control()) {
        return Err(TargetError::Control);
    }
    // Browsers read a backslash as a slash, but only before query and fragment.
    if split_before(text, &['?', '#']).0.contains('\\') {
        return Err(TargetError::Backslash);
    }
    Ok(text)
}

fn starts_another_address(word: &str) -> bool {
    word.split_once("://").is_some_and(|(name, _)| Scheme::named(name).is_some())
}

/// Splits the scheme off; none when the text starts with a host.
fn split_scheme(text: &str) -> Result<(Option<Scheme>, &str), TargetError> {
    if text.is_empty() || text.starts_with(['/', '?', '#', '.']) {
        return Err(TargetError::Incomplete);
    }
    let Some((name, after)) = text.split_once(':').filter(|(name, _)| is_scheme_name(name)) else {
        return Ok((None, text));
    };
    if let Some(scheme) = Scheme::named(name) {
        let after = after.strip_prefix("//").ok_or(TargetError::Incomplete)?;
        return Ok((Some(scheme), after));
    }
    // `example.com:8443` has the shape of a scheme; digits after the colon make it host and port. Even
    // `javascript:80` is harmless then, because it gets `https://` in front.
    let (port, _) = split_before(after, &['/', '?', '#']);
    match is_number(port) {
        true => Ok((None, text)),
        false => Err(TargetError::Scheme),
    }
}

/// Whether `name` could be a scheme (RFC 3986, section 3.1).
fn is_scheme_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Splits into host and port; no port is an empty one.
fn split_authority(authority: &str) -> Result<(&str, &str), TargetError> {
    if authority.contains('@') {
        return Err(TargetError::UserName);
    }
    let host_end = match authority.starts_with('[') {
        true => authority.find(']').map(|bracket| bracket + 1),
        false => authority.find(':'),
    };
    let (host, after) = authority.split_at(host_end.unwrap_or(authority.len()));
    if host.is_empty() {
        return Err(TargetError::Incomplete);
    }
    match after.strip_prefix(':') {
        Some(port) => Ok((host, port)),
        None if after.is_empty() => Ok((host, "")),
        None => Err(TargetError::HostName),
    }
}

fn read_port(text: &str) -> Result<Option<u16>, TargetError> {
    if text.is_empty() {
        return Ok(None);
    }
    // `parse` alone would take a plus sign.
    let port = text.parse().ok().filter(|port| is_number(text) && *port != 0);
    port.map(Some).ok_or(TargetError::Port)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether an address on one of our own hosts leads to a page rather than to a short link.
///
/// A browser removes dots and decodes escapes on its way, so a path with any of these could end at a short link.
fn is_own_page(rest: &str, reserved: fn(&str) -> bool) -> bool {
    let (path, _) = split_before(rest, &['?', '#']);
    let Some(words) = path.strip_prefix('/').filter(|words| !words.is_empty()) else {
        return true;
    };
    let is_odd =
        path.contains("//") || path.contains(['%', '\\']) || words.split('/').any(|word| matches!(word, "." | ".."));
    let (first, _) = split_before(words, &['/']);
    !is_odd && reserved(first)
}

/// What copying from a page or document leaves at the ends of an address: odd spaces, marks of width and direction.
fn is_paste_debris(c: char) -> bool {
    let is_mark = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}');
    is_mark || (c.is_whitespace() && !c.is_ascii())
}

/// Splits before the first of `ends`, or at the end of the text.
fn split_before<'t>(text: &'t str, ends: &[char]) -> (&'t str, &'t str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests;
