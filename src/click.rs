//! One visit to a short address, and what of it is kept.

use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::limits::{AGENT_BYTES_MAX, REFERRER_BYTES_MAX, REFERRING_HOST_BYTES_MAX};
use crate::link::LinkId;
use crate::user::UserId;
use crate::visitor::marks::{Marker, Marks};
use crate::visitor::{self, AddressPolicy, Class, Reason};

/// A visit that is going to be kept.
///
/// # Invariants
/// Nothing in here that the privacy rules forbid to keep: what must not reach the disk is gone before a `Click`
/// exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Click {
    pub(crate) owner: UserId,
    pub(crate) link: LinkId,
    pub(crate) at: Timestamp,
    pub(crate) class: Class,
    pub(crate) reason: Reason,
    /// Host and path, or empty.
    pub(crate) referrer: Arc<str>,
    pub(crate) agent: Arc<str>,
    pub(crate) address: Option<IpAddr>,
    /// What tells a person from others of the same day; bots have none, nor has who asks not to be told apart.
    pub(crate) marks: Option<Marks>,
}

/// When a redirect is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Durability {
    /// At once; its click is on disk within the window.
    #[default]
    Relaxed,
    /// When its click is on disk.
    Strict,
}

impl Durability {
    pub(crate) fn parse(word: &str) -> Option<Durability> {
        match word {
            "relaxed" => Some(Durability::Relaxed),
            "strict" => Some(Durability::Strict),
            _ => None,
        }
    }
}

/// What a visitor's request says, as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) at: Timestamp,
    pub(crate) address: Option<IpAddr>,
    pub(crate) agent: &'a str,
    pub(crate) referrer: &'a str,
    /// A purpose header says that nobody has followed the link yet.
    pub(crate) ahead_of_time: bool,
    /// `Sec-GPC: 1` or `DNT: 1`: the visit counts, its details are not kept.
    pub(crate) counts_only: bool,
}

impl Click {
    /// Keeps of a visit what `policy` and the visitor's own wish allow.
    pub(crate) fn of(visit: Visit<'_>, owner: UserId, link: LinkId, policy: AddressPolicy, marker: &Marker) -> Click {
        let (class, reason) = visitor::classify(visit.agent, visit.ahead_of_time);
        let mut click = Click {
            owner,
            link,
            at: visit.at,
            class,
            reason,
            referrer: Arc::default(),
            agent: Arc::default(),
            address: None,
            marks: None,
        };
        if !visit.counts_only {
            click.referrer = referrer(visit.referrer).into();
            click.agent = cut(visit.agent, AGENT_BYTES_MAX).into();
            click.address = visit.address.and_then(|address| policy.apply(address));
            if class == Class::Human {
                // Made from all of the address, of which no more is kept than the policy says.
                click.marks =
                    visit.address.and_then(|address| marker.marks(visit.at, address, &click.agent, owner, link));
            }
        }
        click
    }
}

/// Host and path of a `Referer` value: no scheme, user, query or fragment, since queries hold secrets.
///
/// Anything that is no web address is dropped, and so is a host longer than a name can be.
fn referrer(value: &str) -> String {
    let Some(rest) = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://")) else {
        return String::new();
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let place = &rest[..end];
    let authority_end = place.find('/').unwrap_or(place.len());
    let (authority, path) = place.split_at(authority_end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_empty()
        || host.len() > REFERRING_HOST_BYTES_MAX
        || host.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return String::new();
    }
    let path = if path == "/" { "" } else { path };
    let mut kept = String::with_capacity(host.len() + path.len());
    kept.push_str(host);
    kept.make_ascii_lowercase();
    kept.push_str(cut(path, REFERRER_BYTES_MAX - host.len()));
    kept
}

/// The host of a kept referrer.
pub(crate) fn referring_host(referrer: &str) -> &str {
    referrer.split('/').next().unwrap_or_default()
}

/// The longest start of `text` within `bytes_max` that ends between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn referrers_keep_host_and_path_only() {
        let long = format!("https://a.example/{}", "x".repeat(600));
        let (longest, too_long) = ("a".repeat(REFERRING_HOST_BYTES_MAX), "a".repeat(REFERRING_HOST_BYTES_MAX + 1));
        let (of_longest, of_too_long) = (format!("https://{longest}/"), format!("https://{too_long}/"));
        let cut_long = format!("a.example/{}", "x".repeat(REFERRER_BYTES_MAX - 10));
        for (value, kept) in [
            ("https://News.Example/story?id=7#top", "news.example/story"),
            ("https://news.example/", "news.example"),
            ("http://news.example", "news.example"),
            ("https://anna:secret@news.example/a", "news.example/a"),
            ("https://news.example?token=1", "news.example"),
            ("android-app://org.example", ""),
            ("about:blank", ""),
            ("https://", ""),
            ("https://a b/", ""),
            ("", ""),
            (long.as_str(), cut_long.as_str()),
            (of_longest.as_str(), longest.as_str()),
            (of_too_long.as_str(), ""),
        ] {
            assert_eq!(referrer(value), kept, "{value}");
        }
        assert_eq!(referring_host("news.example/story"), "news.example");
    }

    const VISIT: Visit<'static> = Visit {
        at: Timestamp::from_ms(7),
        address: Some(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 77))),
        agent: "Mozilla/5.0 Firefox/132.0",
        referrer: "https://news.example/",
        ahead_of_time: false,
        counts_only: false,
    };

    fn of(visit: Visit<'_>, policy: AddressPolicy, marker: &Marker) -> Click {
        Click::of(visit, UserId(1), LinkId(2), policy, marker)
    }

    #[test]
    fn a_visitor_who_asks_is_counted_without_details() {
        let marker = Marker::default();
        let click = of(Visit { counts_only: true, ..VISIT }, AddressPolicy::Store, &marker);
        assert_eq!((click.class, &*click.referrer, &*click.agent), (Class::Human, "", ""));
        assert_eq!((click.address, click.marks), (None, None));
        let open = of(VISIT, AddressPolicy::Shorten, &marker);
        assert_eq!(open.address, Some("203.0.113.0".parse().unwrap()));
        assert_eq!(&*open.referrer, "news.example");
    }

    #[test]
    fn people_are_told_apart_by_all_of_their_address_whatever_is_kept_of_it() {
        let marker = Marker::default();
        let policies = [AddressPolicy::Never, AddressPolicy::Shorten, AddressPolicy::Store];
        let [never, shorten, store] = policies.map(|policy| of(VISIT, policy, &marker).marks);
        assert!(never.is_some() && never == shorten && never == store);
        let neighbour = Visit { address: Some("203.0.113.78".parse().unwrap()), ..VISIT };
        assert_ne!(of(neighbour, AddressPolicy::Shorten, &marker).marks, shorten);
        for nobody in [
            Visit { agent: "curl/8.5.0", ..VISIT },
            Visit { agent: "WhatsApp/2.23", ..VISIT },
            Visit { ahead_of_time: true, ..VISIT },
            Visit { address: None, ..VISIT },
        ] {
            assert_eq!(of(nobody, AddressPolicy::Store, &marker).marks, None, "{nobody:?}");
        }
    }

    #[test]
    fn long_agents_are_cut_between_characters() {
        let agent = "ü".repeat(AGENT_BYTES_MAX);
        assert_eq!(cut(&agent, AGENT_BYTES_MAX - 1).len(), AGENT_BYTES_MAX - 2);
        assert_eq!(cut("abc", 10), "abc");
    }
}
