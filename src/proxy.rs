//! What is known of the way a request came: over which transport, and through whose hands.
//!
//! Anybody can write `X-Forwarded-For` and `X-Forwarded-Proto`; only what a proxy of the operator's own wrote there
//! counts. Whether a transport is good enough for what is asked is the business of `web`.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4};

use ipnet::{IpNet, Ipv4Net};

use crate::limits::{FORWARDED_HOPS_MAX, TRUSTED_NETWORKS_MAX};

/// How a request travelled to us, as far as we know for certain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Encrypted: our own TLS, or a trusted proxy says `https`.
    Secure,
    /// In clear: the plain port beside our own TLS, or a trusted proxy says `http`.
    Plain,
    /// Nobody who could know has said.
    #[default]
    Unknown,
}

/// The networks of the proxies whose word counts; none unless the operator names some.
///
/// # Invariants
/// At most [`TRUSTED_NETWORKS_MAX`], each without host bits, none of addresses that are IPv4 written as IPv6.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

/// Why a list of networks is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NetworksError {
    /// This word, as typed, is no network.
    Word(String),
    /// There are more than [`TRUSTED_NETWORKS_MAX`].
    TooMany,
}

/// What the word `loopback` stands for (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3).
const LOOPBACK: &str = "127.0.0.0/8 ::1";

/// What the word `private` stands for: private (RFC 1918; RFC 4193, section 3) and link-local (RFC 3927; RFC 4291,
/// section 2.5.6) networks.
const PRIVATE: &str = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fe80::/10 169.254.0.0/16";

impl TrustedProxies {
    /// Reads networks (`10.0.0.0/8`), single addresses and the words `loopback` and `private`, divided by commas or
    /// spaces. An empty text names nobody.
    ///
    /// An address with a length, such as `10.0.0.1/8`, means the network it lies in: that is how a machine shows its
    /// own address and network, and what other proxies and servers make of it.
    ///
    /// # Errors
    /// [`NetworksError`] with the first word that is none of these, or for too many networks.
    pub(crate) fn parse(text: &str) -> Result<TrustedProxies, NetworksError> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).flat_map(|word| match word {
            "loopback" => LOOPBACK.split(' '),
            "private" => PRIVATE.split(' '),
            word => word.split(' '),
        });
        let mut networks = Vec::new();
        for word in words.filter(|word| !word.is_empty()) {
            if networks.len() == TRUSTED_NETWORKS_MAX {
                return Err(NetworksError::TooMany);
            }
            networks.push(network(word).ok_or_else(|| NetworksError::Word(word.to_owned()))?);
        }
        Ok(TrustedProxies(networks))
    }

    /// Whether the word of this address counts. An IPv4 address written as IPv6 is that IPv4 address.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of whoever asked, in canonical form: the first one that is not trusted on the way back from `peer`.
    ///
    /// `forwarded_for` holds the lines of `X-Forwarded-For` in their order. Each proxy appended the address it was
    /// asked from, so the walk goes from the right and believes an entry only if everything right of it is trusted.
    /// It ends at an entry that is no address, an empty one too, because what stands left of it is nobody's word; then
    /// the last address counts. So it does when all are trusted, and after [`FORWARDED_HOPS_MAX`] entries.
    pub(crate) fn client(&self, peer: IpAddr, forwarded_for: &[&str]) -> IpAddr {
        let mut client = peer.to_canonical();
        let entries = forwarded_for.iter().rev().flat_map(|line| line.rsplit(','));
        for entry in entries.take(FORWARDED_HOPS_MAX) {
            if !self.contains(client) {
                break;
            }
            let Some(address) = hop(entry) else { break };
            client = address;
        }
        client
    }

    /// How the request came, as `peer` says in the lines of `X-Forwarded-Proto`, if its word counts.
    ///
    /// Only the single value `https` makes a request secure. Several values are of several proxies, and which of them
    /// spoke of whoever asked cannot be told.
    pub(crate) fn transport(&self, peer: IpAddr, forwarded_proto: &[&str]) -> Transport {
        if forwarded_proto.is_empty() || !self.contains(peer) {
            return Transport::Unknown;
        }
        match forwarded_proto {
            [only] if trimmed(only).eq_ignore_ascii_case("https") => Transport::Secure,
            _ => Transport::Plain,
        }
    }
}

/// A network, or an address as the network of itself alone.
fn network(word: &str) -> Option<IpNet> {
    let network = match word.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => word.parse().ok()?,
    };
    Some(canonical(network).trunc())
}

/// A network of IPv4 addresses written as IPv6 becomes the IPv4 network (RFC 4291, section 2.5.5.2: 96 bits in front).
fn canonical(network: IpNet) -> IpNet {
    let mapped = || {
        let prefix_length = network.prefix_len().checked_sub(96)?;
        let IpAddr::V4(address) = network.addr().to_canonical() else { return None };
        Ipv4Net::new(address, prefix_length).ok()
    };
    match network {
        IpNet::V6(_) => mapped().map_or(network, IpNet::V4),
        IpNet::V4(_) => network,
    }
}

/// One entry of `X-Forwarded-For`, in canonical form: an address, perhaps with a port, which is dropped. IPv6 may stand
/// in brackets, and does if a port follows.
fn hop(entry: &str) -> Option<IpAddr> {
    let entry = trimmed(entry);
    if let Some(rest) = entry.strip_prefix('[') {
        let (inside, after) = rest.split_once(']')?;
        let is_port = |text: &str| !text.starts_with('+') && text.parse::<u16>().is_ok();
        let ends_well = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        return if ends_well { ipv6(inside) } else { None };
    }
    let with_port = || entry.parse::<SocketAddrV4>().map(|address| *address.ip());
    let ipv4 = entry.parse::<Ipv4Addr>().or_else(|_| with_port());
    ipv4.map(IpAddr::V4).ok().or_else(|| ipv6(entry))
}

/// An IPv6 address in canonical form, without its zone: that is a name on the proxy's machine alone (RFC 4007,
/// section 11).
fn ipv6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse::<Ipv6Addr>().ok().map(|address| address.to_canonical())
}

/// Without the white space that may stand around a header's values (RFC 9110, section 5.6.3).
fn trimmed(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}
