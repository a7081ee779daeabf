//! Host: the part of a target that decides where it really leads.
//!
//! Apart because names come in more disguises than all the rest of an address: other scripts, numbers in other bases,
//! invisible characters, addresses inside addresses. What is read here has one spelling. Which hosts are our own or
//! blocked is left to the rules of [`super::Target::parse`].

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, ParseError};

use super::{TargetError, is_paste_debris};

/// Characters in a host name, without the dot at its end (RFC 1035, section 2.3.4, less the root's length byte).
const HOST_CHARS_MAX: usize = 253;

/// Characters between two dots of a host name (RFC 1035, section 2.3.4).
const LABEL_CHARS_MAX: usize = 63;

/// Reads a host as browsers do, then refuses what only a browser would understand.
///
/// # Errors
/// [`TargetError::Invisible`], [`TargetError::HostName`] or [`TargetError::HostNumber`].
/// # Source
/// URL Standard, section 3.5; UTS 46.
pub(super) fn read(text: &str) -> Result<Host<String>, TargetError> {
    // UTS 46 drops invisible characters and `url` decodes escapes; both would hide what was typed.
    if text.contains(is_invisible) {
        return Err(TargetError::Invisible);
    }
    if text.contains('%') {
        return Err(TargetError::HostName);
    }
    match Host::parse(text) {
        Ok(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            is_host_name(name).then(|| Host::Domain(name.to_owned())).ok_or(TargetError::HostName)
        }
        // Whole numbers, octal and hexadecimal parts are an address in disguise.
        Ok(Host::Ipv4(address)) if address.to_string() != text => Err(TargetError::HostNumber),
        Ok(address) => Ok(address),
        Err(ParseError::InvalidIpv4Address) => Err(TargetError::HostNumber),
        Err(_) => Err(TargetError::HostName),
    }
}

/// Whether a mapped name fits DNS. Underscores and hyphens at the ends exist in the wild; quotes, commas and the like,
/// which the URL Standard lets pass, do not.
fn is_host_name(name: &str) -> bool {
    name.len() <= HOST_CHARS_MAX
        && name.split('.').all(|label| (1..=LABEL_CHARS_MAX).contains(&label.len()))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The host as own and blocked hosts are spelt: an IPv4 address inside an IPv6 address comes out.
pub(super) fn comparable(host: &str) -> Cow<'_, str> {
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let address = inside.and_then(|inside| inside.parse::<Ipv6Addr>().ok());
    match address.and_then(|address| address.to_ipv4_mapped()) {
        Some(mapped) => Cow::Owned(mapped.to_string()),
        None => Cow::Borrowed(host),
    }
}

/// Whether `host` is `domain` or below it.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Whether only a private network knows the host.
pub(super) fn is_private(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => is_private_name(name),
        Host::Ipv4(address) => is_private_v4(*address),
        Host::Ipv6(address) => is_private_v6(*address),
    }
}

/// Names that no public name server knows.
///
/// # Source
/// RFC 6761 (`localhost`), RFC 6762 (`local`), RFC 8375 (`home.arpa`), ICANN resolution 2024.07.29.06 (`internal`);
/// `lan` by habit of home routers.
fn is_private_name(name: &str) -> bool {
    let domains = ["localhost", "local", "lan", "home.arpa", "internal"];
    !name.contains('.') || domains.iter().any(|domain| is_within(name, domain))
}

/// Loopback, private, link-local, shared (RFC 6598), "this network" (RFC 1122) and broadcast addresses.
fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, _, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || is_shared
        || first == 0
}

/// The same for IPv6, with IPv4 addresses inside; `::` and `::1` are among those that read as `0.0.0.0/8`.
fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.to_ipv4().is_some_and(is_private_v4)
}

/// Paste debris, and everything else that shows nothing: two hosts must not look the same because of it.
///
/// # Source
/// Unicode property `Default_Ignorable_Code_Point`.
fn is_invisible(c: char) -> bool {
    let is_ignorable = matches!(c, '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    is_ignorable || is_paste_debris(c)
}
