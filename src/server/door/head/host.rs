//! Hosts: the name in a request's `Host` line, in the one form in which names are compared.
//!
//! Apart from the other fields because its grammar is its own. Which names this server answers for is not decided here.

use std::fmt;
use std::net::Ipv6Addr;

/// Bytes of a host name without port and trailing dot (RFC 1035, section 2.3.4: 255 octets on the wire).
const HOST_NAME_BYTES_MAX: usize = 253;

/// Bytes of one label of a host name (RFC 1035, section 2.3.4).
const HOST_LABEL_BYTES_MAX: usize = 63;

/// A host in the one form in which hosts are compared.
///
/// # Invariants
/// `name` is lower-case without a trailing dot: labels of `a-z`, `0-9`, `-` and `_`, or an IPv6 address in brackets in
/// its shortest form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    /// Reads `name`, `name:port`, `[IPv6]` or `[IPv6]:port`; `None` when it is anything else.
    ///
    /// Stricter than the grammar: no percent-encoding, no user, no empty port, no address zone. No browser sends them,
    /// and each has been a way round a comparison.
    ///
    /// # Source
    /// RFC 9110, section 7.2; RFC 3986, section 3.2.2.
    pub(crate) fn parse(text: &str) -> Option<Host> {
        if let Some(bracketed) = text.strip_prefix('[') {
            let (address, port) = bracketed.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            let port = if port.is_empty() { None } else { Some(parse_port(port.strip_prefix(':')?)?) };
            return Some(Host { name: format!("[{address}]"), port });
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(parse_port(port)?)),
            None => (text, None),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_name = name.len() <= HOST_NAME_BYTES_MAX && name.split('.').all(is_label);
        is_name.then(|| Host { name: name.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// One to five digits up to 65,535.
fn parse_port(text: &str) -> Option<u16> {
    let is_number = matches!(text.len(), 1..=5) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Letters, digits, hyphen, and the underscore that container networks use.
fn is_label(label: &str) -> bool {
    let is_length = matches!(label.len(), 1..=HOST_LABEL_BYTES_MAX);
    is_length && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
