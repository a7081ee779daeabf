//! Addresses: where to listen, what the server is called, which names it answers to, which proxies it believes.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use url::{Host, Url};

use super::{ConfigError, Given, Value, number};
use crate::limits::TRUSTED_NETWORKS_MAX;
use crate::options::{ALLOWED_HOSTS, HOST, PORT, TRUSTED_PROXIES};
use crate::proxy::{NetworksError, TrustedProxies};

/// Characters of a host name at most.
///
/// # Source
/// RFC 1035, section 2.3.4: 255 octets with the length bytes of the first label and the root, so 253 as text.
const HOST_CHARS_MAX: usize = 253;

/// The public address of the instance. It has no path: links need the root of their host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    pub(crate) https: bool,
    /// Lower case, Punycode, no final dot; IPv6 in brackets.
    pub(crate) host: String,
    /// Nothing for the scheme's own port.
    pub(crate) port: Option<u16>,
    /// `https://short.example`, or with a port; never with a final slash.
    pub(crate) text: String,
}

/// Where to listen. Of a name's addresses an IPv4 one is preferred: `localhost` should be what the default is, and
/// what a health check on the same machine tries.
pub(super) fn listen(given: &Given<'_>) -> Result<SocketAddr, ConfigError> {
    let port_number = port(&given.value(&PORT))?;
    let host = given.value(&HOST);
    if let Some(ip) = ip_literal(&host.text) {
        return Ok(SocketAddr::new(ip, port_number));
    }
    let accepted = "Use an IPv4 or IPv6 address, or a name that this machine can resolve.";
    // What cannot be a name is refused here, before anyone is asked for it. `%` begins the zone of an IPv6 address.
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if !host.text.contains('%') && !host.text.chars().all(is_name) {
        return Err(host.refused(accepted));
    }
    let found = (host.text.as_str(), port_number).to_socket_addrs();
    let found: Vec<SocketAddr> = found.map_err(|_| host.refused(accepted))?.collect();
    let ipv4 = found.iter().find(|address| address.is_ipv4());
    ipv4.or(found.first()).copied().ok_or_else(|| host.refused(accepted))
}

/// The number of a port; 0 stands for a free one.
pub(super) fn port(value: &Value) -> Result<u16, ConfigError> {
    number(&value.text).ok_or_else(|| value.refused("Use a number from 0 to 65535; 0 takes a free port."))
}

fn ip_literal(text: &str) -> Option<IpAddr> {
    match in_brackets(text) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn in_brackets(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']')
}

/// A web address of scheme, host and perhaps port.
pub(super) fn base_url(value: &Value) -> Result<BaseUrl, ConfigError> {
    let accepted = "Use http:// or https://, a host and perhaps a port, such as https://short.example.";
    if value.text.contains('@') {
        // It may hold a password, so the value is not shown.
        return Err(ConfigError(format!("{} has a user name in it. {accepted}", value.name)));
    }
    web_address(&value.text).ok_or_else(|| value.refused(accepted))
}

/// Reads scheme, host and perhaps port; nothing may stand behind them but a slash.
pub(crate) fn web_address(text: &str) -> Option<BaseUrl> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let https = match scheme.as_str() {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    // The URL parser would drop or repair these; an address that needs repair is a mistake.
    let is_odd = |c: char| "/?#@\\%".contains(c) || c.is_control() || c.is_whitespace();
    if authority.contains(is_odd) || authority.ends_with(':') {
        return None;
    }
    let url = Url::parse(&format!("{scheme}://{authority}")).ok()?;
    let host = host_name(url.host_str()?)?;
    let port = url.port();
    if port == Some(0) {
        return None;
    }
    let text = match port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    };
    Some(BaseUrl { https, host, port, text })
}

/// Names divided by commas; empty ones are skipped, repeated ones dropped.
pub(super) fn allowed_hosts(given: &Given<'_>) -> Result<Vec<String>, ConfigError> {
    let Some(value) = given.find(&ALLOWED_HOSTS) else {
        return Ok(Vec::new());
    };
    let mut hosts = Vec::new();
    for name in value.text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let host = host_name(name).ok_or_else(|| {
            value.refused_word(name, "Use host names divided by commas, without scheme, port, path or *.")
        })?;
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    Ok(hosts)
}

/// The proxies whose forwarded headers count; nobody, if none are named.
pub(super) fn trusted_proxies(given: &Given<'_>) -> Result<TrustedProxies, ConfigError> {
    let Some(value) = given.find(&TRUSTED_PROXIES) else {
        return Ok(TrustedProxies::default());
    };
    TrustedProxies::parse(&value.text).map_err(|error| match error {
        NetworksError::Word(word) => value
            .refused_word(&word, "Use addresses, networks such as 10.0.0.0/8, loopback or private, divided by commas."),
        NetworksError::TooMany => ConfigError(format!(
            "{} has more than {TRUSTED_NETWORKS_MAX} networks. Name fewer, larger ones that hold them.",
            value.name
        )),
    })
}

/// The one form in which host names are compared: lower case, Punycode, no final dot; IPv6 in brackets.
///
/// # Source
/// URL Standard, section 3.5 (host parsing), so that it equals what browsers send.
pub(crate) fn host_name(text: &str) -> Option<String> {
    if let Ok(ip) = in_brackets(text).unwrap_or(text).parse::<Ipv6Addr>() {
        return Some(format!("[{ip}]"));
    }
    // Percent signs would be decoded, and what they hide is nobody's host name.
    if text.contains('%') {
        return None;
    }
    let host = Host::parse(text.strip_suffix('.').unwrap_or(text)).ok()?.to_string();
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    let fits = host.len() <= HOST_CHARS_MAX && host.split('.').all(|label| !label.is_empty());
    (fits && host.bytes().all(is_letter)).then_some(host)
}
