//! The names this server answers for, and the address it shows.
//!
//! Links, flashes and the same-origin check are built on the host name, so a name that anybody could have sent is
//! worth nothing: with a public address that one counts, without it only names that no stranger can own.

use std::net::Ipv4Addr;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use log::warn;

use crate::app::App;
use crate::config::BaseUrl;
use crate::proxy::Transport;
use crate::web::request::{Authority, Request};

/// Endings of names that mean something on a local network only (RFC 6762, RFC 8375, and ICANN's reserved `.internal`).
const LOCAL_ENDINGS: &[&str] = &[".local", ".lan", ".home.arpa", ".internal", ".localhost"];
/// A refused name is logged once in this time.
const REFUSED_QUIET: Duration = Duration::from_secs(600);
/// Refused names remembered for that.
const REFUSED_MAX: usize = 64;

/// What a request's host name means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing<'a> {
    /// Serves everything.
    Own,
    /// Serves short links; pages are at the public address.
    Alias(&'a BaseUrl),
    Foreign,
}

/// Judges the name a request was sent to.
pub(crate) fn standing<'a>(app: &'a App, request: &Request) -> Standing<'a> {
    let Some(authority) = &request.authority else { return Standing::Own };
    let host = authority.host.as_str();
    let is_allowed = app.allowed_hosts.iter().any(|allowed| allowed == host);
    match &app.base_url {
        Some(base) if base.host == host => Standing::Own,
        Some(base) if is_allowed => Standing::Alias(base),
        Some(_) => Standing::Foreign,
        None if is_allowed || is_local(host) => Standing::Own,
        None => Standing::Foreign,
    }
}

/// True for names and addresses that nobody on the internet can register: what they resolve to was decided by
/// whoever runs this network.
fn is_local(host: &str) -> bool {
    let is_address = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
    is_address || !host.contains('.') || LOCAL_ENDINGS.iter().any(|ending| host.ends_with(ending))
}

/// Tells the operator of a refused name, each name once in ten minutes.
pub(crate) fn note_refused(app: &App, request: &Request) {
    let Some(authority) = &request.authority else { return };
    let mut refused = app.refused_hosts.lock().unwrap_or_else(PoisonError::into_inner);
    refused.retain(|(_, at)| at.elapsed() < REFUSED_QUIET);
    if refused.len() < REFUSED_MAX && !refused.iter().any(|(host, _)| *host == authority.host) {
        refused.push((authority.host.clone(), Instant::now()));
        warn!(target: "core", host = authority.host.as_str(), ip = request.ip(); "host refused");
    }
}

/// The authority shown in links: the public address, or what the client asked for.
pub(crate) fn shown(app: &App, request: &Request) -> Authority {
    match (&app.base_url, &request.authority) {
        (Some(base), _) => Authority { host: base.host.clone(), port: base.port },
        (None, Some(authority)) => authority.clone(),
        (None, None) => Authority { host: "localhost".to_owned(), port: Some(app.port()) },
    }
}

/// Whether an `Origin` is that of our pages. Without a public address its scheme must be that of the request; where
/// nobody has said how that travelled both count, since a proxy in front may have taken the encryption off.
pub(crate) fn is_own_origin(app: &App, request: &Request, origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let Some(authority) = Authority::parse(authority) else { return false };
    let (https, usual) = match scheme {
        "https" => (true, 443),
        "http" => (false, 80),
        _ => return false,
    };
    let with_port = |authority: &Authority, usual: u16| (authority.host.clone(), authority.port.unwrap_or(usual));
    match (&app.base_url, &request.authority) {
        (Some(base), _) => {
            https == base.https && with_port(&authority, usual) == (base.host.clone(), base.port.unwrap_or(usual))
        }
        (None, Some(own)) => {
            let fits = match request.transport {
                Transport::Secure => https,
                Transport::Plain => !https,
                Transport::Unknown => true,
            };
            fits && with_port(&authority, usual) == with_port(own, usual)
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_own_network_are_local() {
        for (host, local) in [
            ("localhost", true),
            ("nas", true),
            ("nas.local", true),
            ("a.b.home.arpa", true),
            ("x.internal", true),
            ("192.168.0.7", true),
            ("[::1]", true),
            ("evil.example", false),
            ("local.evil.example", false),
            ("notlocal", true),
            ("evil-local.example", false),
            ("1.2.3.4.evil.example", false),
        ] {
            assert_eq!(is_local(host), local, "{host}");
        }
    }
}
