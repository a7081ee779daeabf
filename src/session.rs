//! Being signed in: a secret that the browser holds, and its hash that we hold.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::limits::{CONFIRMED_S, SESSION_ABSOLUTE_S, SESSION_IDLE_S, SESSION_STAMP_S};
use crate::random::{self, NoRandomness};
use crate::user::UserId;
use crate::visitor::{self, AddressPolicy};

/// 32 random bytes in the browser's cookie. It means nothing and is stored nowhere.
#[derive(Clone)]
pub(crate) struct SessionToken([u8; 32]);

/// What the data file holds of a token: its SHA-256, so that a copied backup signs nobody in.
pub(crate) type SessionHash = [u8; 32];

impl SessionToken {
    /// # Errors
    /// As [`random::bytes`].
    pub(crate) fn random() -> Result<SessionToken, NoRandomness> {
        random::bytes().map(SessionToken)
    }

    /// Reads a cookie's value; anything but 64 hexadecimal digits is no token.
    pub(crate) fn parse(text: &str) -> Option<SessionToken> {
        random::from_hex(text).map(SessionToken)
    }

    /// The cookie's value.
    pub(crate) fn text(&self) -> String {
        random::hex(&self.0)
    }

    pub(crate) fn hash(&self) -> SessionHash {
        Sha256::digest(self.0).into()
    }
}

/// What somebody is known by where they log in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    /// The hash of a secret in the browser: a [`SessionToken`] that begins no session.
    pub(crate) browser: Option<SessionHash>,
    /// See [`network_mark`].
    pub(crate) network: Option<SessionHash>,
}

/// The sign that somebody was known by. Each comes as its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// They alone hold it.
    Browser(SessionHash),
    /// Neighbours have it too.
    Network(SessionHash),
}

/// The mark of the network (IPv4 /24, IPv6 /48) that an address is in, which tells those apart who have the instance's
/// secret.
pub(crate) fn network_mark(secret: &[u8; 32], address: IpAddr) -> SessionHash {
    let network = AddressPolicy::Shorten.apply(address).map(|network| network.to_string());
    Sha256::new().chain_update(secret).chain_update(network.unwrap_or_default()).finalize().into()
}

/// One browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) user: UserId,
    pub(crate) created: Timestamp,
    pub(crate) seen: Timestamp,
    /// When the password was last given in it.
    pub(crate) confirmed: Timestamp,
    pub(crate) origin: Origin,
}

/// Where a session was when a visit was last noted, as far as it is kept. The default is not known yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Numbers of [`visitor`].
    pub(crate) browser: u8,
    pub(crate) system: u8,
    pub(crate) address: Option<IpAddr>,
}

impl Origin {
    pub(crate) fn of(agent: &str, address: Option<IpAddr>, policy: AddressPolicy) -> Origin {
        let description = visitor::describe(agent);
        Origin {
            browser: description.browser as u8,
            system: description.system as u8,
            address: address.and_then(|address| policy.apply(address)),
        }
    }
}

impl Session {
    /// True while the session counts: seen within the idle time, not older than the absolute one.
    ///
    /// A stamp in the future (the clock was set back) counts as now, so no session is immortal.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        let seen = self.seen.min(now);
        now < seen.plus_s(SESSION_IDLE_S) && now < self.created.plus_s(SESSION_ABSOLUTE_S)
    }

    /// True while the password was given lately enough for what a passer-by at an open browser must not do. A time in
    /// the future (the clock was set back) tells nothing, so the password is asked for again.
    pub(crate) fn is_confirmed(&self, now: Timestamp) -> bool {
        self.confirmed <= now && now < self.confirmed.plus_s(CONFIRMED_S)
    }

    /// True when a visit should be written: the first from which it is known where it is, then at most once an hour, to
    /// spare the disk. A stamp in the future is brought back, or it would be taken for "now" for ever.
    pub(crate) fn wants_stamp(&self, now: Timestamp, origin: &Origin) -> bool {
        let is_first = self.origin == Origin::default() && *origin != Origin::default();
        is_first || now >= self.seen.plus_s(SESSION_STAMP_S) || self.seen > now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end_when_idle_and_when_old() {
        let at = |s: i64| Timestamp::from_ms(s * 1000);
        let session = |created, seen| Session {
            user: UserId(1),
            created: at(created),
            seen: at(seen),
            confirmed: at(created),
            origin: Origin::default(),
        };
        assert!(session(0, 0).is_live(at(SESSION_IDLE_S - 1)));
        assert!(!session(0, 0).is_live(at(SESSION_IDLE_S)));
        assert!(session(0, SESSION_ABSOLUTE_S - 5).is_live(at(SESSION_ABSOLUTE_S - 1)));
        assert!(!session(0, SESSION_ABSOLUTE_S - 5).is_live(at(SESSION_ABSOLUTE_S)));
        // Stamped in the future: counts as now, and is written again.
        assert!(session(0, 99_999_999).is_live(at(10)));
        assert!(session(0, 99_999_999).wants_stamp(at(10), &Origin::default()));
        assert!(!session(0, 10).wants_stamp(at(11), &Origin::default()));
        assert!(session(0, 10).wants_stamp(at(11), &Origin { browser: 1, ..Origin::default() }));
        assert!(session(0, 0).wants_stamp(at(SESSION_STAMP_S), &Origin::default()));
    }

    #[test]
    fn a_password_counts_for_a_quarter_of_an_hour() {
        let at = |s: i64| Timestamp::from_ms(s * 1000);
        let session =
            Session { user: UserId(1), created: at(0), seen: at(0), confirmed: at(100), origin: Origin::default() };
        for (now, is_confirmed) in [(99, false), (100, true), (100 + 899, true), (100 + 900, false)] {
            assert_eq!(session.is_confirmed(at(now)), is_confirmed, "{now}");
        }
    }

    #[test]
    fn tokens_are_read_back_and_hashed_one_way() {
        let token = SessionToken::random().unwrap();
        let again = SessionToken::parse(&token.text()).unwrap();
        assert_eq!(token.hash(), again.hash());
        assert_ne!(random::hex(&token.hash()), token.text());
        assert!(SessionToken::parse("abc").is_none());
    }
}
