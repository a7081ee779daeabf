//! Who comes again on the same day: a mark that tells visitors apart, and tells nothing else of them.
//!
//! A mark is 32 bits of a hash of address, user agent, day, and what was visited. Its keys are random, live in memory
//! alone, and are drawn anew at the start and after midnight: after that nobody can find out whose mark one was, nor that
//! two of different days, or of different links, are of one person.

use std::hash::Hasher;
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock};

use siphasher::sip::SipHasher13;

use crate::calendar::{self, Day};
use crate::clock::Timestamp;
use crate::link::LinkId;
use crate::random;
use crate::user::UserId;

/// The marks of one visitor: on the link, on all links of its owner, on the whole site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) link: u32,
    pub(crate) owner: u32,
    pub(crate) site: u32,
}

/// The keys of a day.
#[derive(Clone, Copy)]
struct Salt {
    day: Day,
    /// Of the hash of a person, and of the hash of that and a place.
    keys: [[u8; 16]; 2],
}

/// Makes marks.
///
/// # Invariants
/// The keys are never written anywhere and have no `Debug`.
#[derive(Default)]
pub(crate) struct Marker {
    salt: RwLock<Option<Salt>>,
}

impl Marker {
    /// The marks of a visitor; none when there is no randomness to make them with.
    ///
    /// Waits for nothing but another thread's look at the salt, or its drawing of a new one.
    pub(crate) fn marks(
        &self,
        at: Timestamp,
        address: IpAddr,
        agent: &str,
        owner: UserId,
        link: LinkId,
    ) -> Option<Marks> {
        let day = calendar::day(at.ms());
        let keys = self.keys(day)?;
        let mut person = SipHasher13::new_with_key(&keys[0]);
        person.write(&day.to_le_bytes());
        // Of one length, so that no agent can be taken for a part of an address.
        let address = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        person.write(&address.octets());
        person.write(agent.as_bytes());
        let person = person.finish();
        let mark = |owner: u32, link: u32| {
            let mut mark = SipHasher13::new_with_key(&keys[1]);
            mark.write(&person.to_le_bytes());
            mark.write(&owner.to_le_bytes());
            mark.write(&link.to_le_bytes());
            // Half of the hash: what is kept of it in a day's row.
            mark.finish() as u32
        };
        Some(Marks { link: mark(owner.0, link.0), owner: mark(owner.0, 0), site: mark(0, 0) })
    }

    /// The keys for a day: those at hand, or new ones when it is a later day.
    ///
    /// A request that began just before midnight may come here after one from the new day. It takes the new keys: going
    /// back would draw keys for either in turn, and forget each time who has been here. A clock that was set back by
    /// more than that gets keys of its own.
    fn keys(&self, day: Day) -> Option<[[u8; 16]; 2]> {
        let of_day = |salt: &Option<Salt>| {
            let fits = |salt: &Salt| salt.day == day || day.checked_add(1) == Some(salt.day);
            salt.filter(fits).map(|salt| salt.keys)
        };
        let known = of_day(&self.salt.read().unwrap_or_else(PoisonError::into_inner));
        if known.is_some() {
            return known;
        }
        let mut salt = self.salt.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been here first.
        let known = of_day(&salt);
        if known.is_some() {
            return known;
        }
        let keys = [random::bytes().ok()?, random::bytes().ok()?];
        *salt = Some(Salt { day, keys });
        Some(keys)
    }

    /// Forgets the keys of a day that is over: no visit may come that draws new ones.
    pub(crate) fn forget_past(&self, now: Timestamp) {
        let mut salt = self.salt.write().unwrap_or_else(PoisonError::into_inner);
        if salt.is_some_and(|salt| salt.day < calendar::day(now.ms())) {
            *salt = None;
        }
    }

    /// The keys at hand, for tests that look for them where they must not be.
    #[cfg(test)]
    pub(crate) fn secret(&self) -> Vec<u8> {
        self.salt.read().unwrap().map(|salt| salt.keys.concat()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_763_640_000_000);
    const DAY_S: i64 = 86_400;
    const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";

    fn of(marker: &Marker, at: Timestamp, address: &str, agent: &str, owner: u32, link: u32) -> Marks {
        marker.marks(at, address.parse().unwrap(), agent, UserId(owner), LinkId(link)).unwrap()
    }

    #[test]
    fn the_same_person_on_the_same_day_makes_the_same_marks_and_everything_else_makes_others() {
        let marker = Marker::default();
        let first = of(&marker, AT, "203.0.113.77", AGENT, 1, 2);
        assert_eq!(of(&marker, AT.plus_s(3_600), "203.0.113.77", AGENT, 1, 2), first);
        assert_eq!(of(&marker, AT, "::ffff:203.0.113.77", AGENT, 1, 2), first);
        for (address, agent) in [("203.0.113.78", AGENT), ("2001:db8::1", AGENT), ("203.0.113.77", "curl/8")] {
            let other = of(&marker, AT, address, agent, 1, 2);
            assert!(other.link != first.link && other.owner != first.owner && other.site != first.site, "{address}");
        }
        let elsewhere = of(&marker, AT, "203.0.113.77", AGENT, 1, 3);
        assert_eq!((elsewhere.owner, elsewhere.site), (first.owner, first.site));
        assert_ne!(elsewhere.link, first.link);
        let of_other = of(&marker, AT, "203.0.113.77", AGENT, 9, 2);
        assert_eq!(of_other.site, first.site);
        assert!(of_other.link != first.link && of_other.owner != first.owner);
        assert_ne!(of(&Marker::default(), AT, "203.0.113.77", AGENT, 1, 2), first, "a start has keys of its own");
        assert_ne!(of(&marker, AT.plus_s(DAY_S), "203.0.113.77", AGENT, 1, 2), first, "and so has a day");
    }

    #[test]
    fn marks_are_spread_over_all_their_bits() {
        let marker = Marker::default();
        let marks: HashSet<u32> = (0..20_000_u32)
            .map(|at| of(&marker, AT, &format!("10.0.{}.{}", at >> 8, at & 255), AGENT, 1, 2).link)
            .collect();
        // Two of 20,000 meet in one of 2^32 places with a chance of 5 %; twenty never do.
        assert!(marks.len() > 19_980);
        for bit in 0..32 {
            let set = marks.iter().filter(|mark| *mark >> bit & 1 == 1).count();
            assert!((9_500..10_500).contains(&set), "bit {bit}: {set}");
        }
    }

    #[test]
    fn at_midnight_the_keys_change_once_whoever_comes_late() {
        let midnight = calendar::time(calendar::day(AT.ms()) + 1, 0);
        let (before, after) = (midnight.plus_s(-1), midnight.plus_s(1));
        let marker = Marker::default();
        let yesterday = of(&marker, before, "192.0.2.1", AGENT, 1, 2);
        let secret = marker.secret();
        assert_eq!(secret.len(), 32);
        let today = of(&marker, after, "192.0.2.1", AGENT, 1, 2);
        assert_ne!(marker.secret(), secret);
        let secret = marker.secret();
        let late = of(&marker, before, "192.0.2.1", AGENT, 1, 2);
        assert!(late != yesterday && late != today);
        assert_eq!(of(&marker, after, "192.0.2.1", AGENT, 1, 2), today, "who came late has changed nothing");
        assert_eq!(marker.secret(), secret);
        // A clock that stood a year ahead, and is set right.
        of(&marker, AT.plus_s(365 * DAY_S), "192.0.2.1", AGENT, 1, 2);
        let ahead = marker.secret();
        of(&marker, AT, "192.0.2.1", AGENT, 1, 2);
        assert!(marker.secret() != ahead && marker.secret() != secret);
    }

    #[test]
    fn keys_of_a_day_that_is_over_are_forgotten_without_a_visit() {
        let marker = Marker::default();
        of(&marker, AT, "192.0.2.1", AGENT, 1, 2);
        let secret = marker.secret();
        for now in [AT, AT.plus_s(-DAY_S)] {
            marker.forget_past(now);
            assert_eq!(marker.secret(), secret);
        }
        marker.forget_past(AT.plus_s(DAY_S));
        assert!(marker.secret().is_empty());
    }

    #[test]
    fn many_threads_at_midnight_agree_on_the_new_keys() {
        let marker = Marker::default();
        for day in 0..50 {
            let marks: HashSet<u32> = std::thread::scope(|scope| {
                let visit = || of(&marker, AT.plus_s(day * DAY_S), "192.0.2.1", AGENT, 1, 2).link;
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(visit)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(marks.len(), 1);
        }
    }

    /// `cargo test --release --lib -- --ignored --nocapture what_marks_cost`
    #[test]
    #[ignore = "says something in a release build only"]
    fn what_marks_cost() {
        let (marker, count) = (Marker::default(), 1_000_000_u32);
        let begun = std::time::Instant::now();
        let sum = (0..count).fold(0_u32, |sum, at| {
            let address = IpAddr::from(at.to_be_bytes());
            sum ^ marker.marks(AT, address, AGENT, UserId(1), LinkId(2)).unwrap().link
        });
        eprintln!("{} ns for the marks of a visitor ({sum})", begun.elapsed().as_nanos() / u128::from(count));
    }
}
