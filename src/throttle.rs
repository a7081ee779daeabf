//! How often somebody may try: to guess names, passwords and secrets, and to make accounts and links.
//!
//! Rules and a bounded table, no more: who asks, and what came of a try, is for others to say. Times are those of a clock
//! that never jumps, counted from any beginning. Nothing here is on disk and nothing is a state of an account: a name
//! under attack is closed to strangers for an hour at most, and known names are treated like made-up ones.
//!
//! What stays, and why:
//! - Name and e-mail address of one account are counted apart, so whoever has both has twice the tries. One count for
//!   both would tell strangers which belong together.
//! - Somebody in a network where an account is known gets on with a closed name where others have to wait, and so learns
//!   that it is an account's and that its owner is a neighbour.
//! - Whoever guesses at an address that its owner shares keeps them from the forms that ask for the password again, and
//!   in a browser that is not known from logging in. A known browser gets in, and has then given the password.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::mem::{self, Discriminant};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits::{
    GUESSING_PLACES_MAX, KNOWN_TRIES, KNOWN_TRY_EVERY, LINK_MAKERS_MAX, LOGIN_TRIES, LOGIN_TRY_EVERY, NAME_TRIES,
    NAME_TRY_EVERY, PAIR_FORGOTTEN, PAIR_PAUSE, PAIR_PAUSE_MAX, PAIR_TRIES, PRIVATE_ADDRESS_FACTOR,
    REGISTERING_PLACES_MAX, REGISTRATION_EVERY, REGISTRATIONS, TOKEN_PLACES_MAX, TOKEN_TRIES, TOKEN_TRY_EVERY,
    TRIED_KNOWN_MAX, TRIED_NAMES_MAX, TRIED_PAIRS_MAX,
};
use crate::session::{Known, SessionHash};
use crate::user::UserId;

const MINUTE: Duration = Duration::from_secs(60);

/// Everybody's tries.
pub(crate) struct Throttle {
    tables: Mutex<Tables>,
    /// Names are held as hashes under keys of this process, so that a long one takes no more room.
    names: RandomState,
}

/// The counts of each kind of key in a table with a bound of its own: what is cheap to fill pushes out nothing else.
#[derive(Default)]
struct Tables(HashMap<Discriminant<Key>, HashMap<Key, Entry>>);

/// Something that is being tried. Dropped, it counts as never begun.
#[must_use]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    keys: Vec<Key>,
    now: Duration,
}

/// Too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    /// Seconds until the next may be made; at least one.
    pub(crate) s: u64,
    /// Nobody was told yet since this pause began.
    pub(crate) is_new: bool,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Guesses(Place),
    Registrations(Place),
    Tokens(Place),
    /// A name from one place.
    Pair(u64, Place),
    /// A name from everywhere.
    Name(u64),
    /// A name from a browser or network that it is known in, or from a session.
    Known(u64, u64),
    /// Under another bound the count begins anew.
    Links {
        user: UserId,
        per_minute: u32,
    },
}

/// Where somebody is: an IPv4 address, or the /64 that an IPv6 connection has to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    bits: u128,
    is_private: bool,
}

/// How a count grows and what it does.
enum Rule {
    /// So many at once, then one in this time.
    Bucket { room: u32, every: Duration },
    /// The same, and once it is full nothing more until it is empty.
    Closing { room: u32, every: Duration },
    /// After some failures a pause that doubles with each further one.
    Pause,
}

/// A count.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// When nothing of it counts any more.
    over: Duration,
    /// Nothing is let in before.
    closed: Duration,
    failures: u32,
    /// The pause that somebody was told of ends then.
    told: Duration,
}

impl Throttle {
    pub(crate) fn new() -> Throttle {
        Throttle { tables: Mutex::default(), names: RandomState::new() }
    }

    /// A try to log in as `name`, which is known in this browser or network, if in any.
    ///
    /// A known browser has a count of its own and no other: whoever guesses beside it, at the same address, does not
    /// keep its owner out. A network may be full of strangers, so it only gets past a name that is closed.
    ///
    /// # Errors
    /// When it has to wait; nothing is counted then.
    pub(crate) fn log_in(
        &self,
        now: Duration,
        from: Option<IpAddr>,
        name: &str,
        known: Option<Known>,
    ) -> Result<Attempt<'_>, Wait> {
        let (name, place) = (self.names.hash_one(name), Place::of(from));
        let last = match known {
            Some(Known::Browser(mark)) => return self.begin(now, &[self.known(name, mark)]),
            Some(Known::Network(mark)) if self.is_closed(now, name) => self.known(name, mark),
            _ => Key::Name(name),
        };
        self.begin(now, &[Key::Guesses(place), Key::Pair(name, place), last])
    }

    /// A try of the password of somebody signed in. It counts for the session too: whoever has stolen that may have a
    /// great many addresses, and asks from inside, where no name is ever closed.
    ///
    /// # Errors
    /// As [`Throttle::log_in`].
    pub(crate) fn password(
        &self,
        now: Duration,
        from: Option<IpAddr>,
        name: &str,
        session: SessionHash,
    ) -> Result<Attempt<'_>, Wait> {
        let (name, place) = (self.names.hash_one(name), Place::of(from));
        self.begin(now, &[Key::Guesses(place), Key::Pair(name, place), self.known(name, session)])
    }

    /// A registration; each counts, whatever comes of it.
    ///
    /// # Errors
    /// As [`Throttle::log_in`].
    pub(crate) fn register(&self, now: Duration, from: Option<IpAddr>) -> Result<Attempt<'_>, Wait> {
        self.begin(now, &[Key::Registrations(Place::of(from))])
    }

    /// A try of a secret that was handed out as an address.
    ///
    /// # Errors
    /// As [`Throttle::log_in`].
    pub(crate) fn token(&self, now: Duration, from: Option<IpAddr>) -> Result<Attempt<'_>, Wait> {
        self.begin(now, &[Key::Tokens(Place::of(from))])
    }

    /// A link that somebody makes, of whom `per_minute` are taken in a row, and from then on as many a minute.
    ///
    /// # Errors
    /// As [`Throttle::log_in`].
    pub(crate) fn make_link(&self, now: Duration, user: UserId, per_minute: u32) -> Result<Attempt<'_>, Wait> {
        self.begin(now, &[Key::Links { user, per_minute: per_minute.max(1) }])
    }

    /// Forgets all failures of a name: its owner has proved to be it in another way, or an administrator says so.
    pub(crate) fn forgive(&self, name: &str) {
        let name = self.names.hash_one(name);
        for table in self.lock().0.values_mut() {
            table.retain(|key, _| !matches!(key, Key::Pair(of, _) | Key::Name(of) | Key::Known(of, _) if *of == name));
        }
    }

    fn known(&self, name: u64, mark: SessionHash) -> Key {
        Key::Known(name, self.names.hash_one(mark))
    }

    fn is_closed(&self, now: Duration, name: u64) -> bool {
        self.lock().get(&Key::Name(name)).is_some_and(|entry| entry.closed > now)
    }

    fn begin(&self, now: Duration, keys: &[Key]) -> Result<Attempt<'_>, Wait> {
        let mut tables = self.lock();
        let wait = |key: &Key| tables.get(key).map_or(Duration::ZERO, |entry| key.rule().wait(entry, now));
        let longest = keys.iter().map(|key| (wait(key), *key)).max_by_key(|(wait, _)| *wait);
        if let Some((wait, key)) = longest.filter(|(wait, _)| !wait.is_zero()) {
            let entry = tables.entry(key, now);
            let is_new = entry.told <= now;
            entry.told = entry.told.max(now + wait);
            let s = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            return Err(Wait { s, is_new });
        }
        for key in keys {
            key.rule().count(tables.entry(*key, now), now);
        }
        Ok(Attempt { throttle: self, keys: keys.to_vec(), now })
    }

    /// The tables are whole even after a panic: nothing between its changes can fail.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn get(&self, key: &Key) -> Option<&Entry> {
        self.0.get(&mem::discriminant(key))?.get(key)
    }

    fn get_mut(&mut self, key: &Key) -> Option<&mut Entry> {
        self.0.get_mut(&mem::discriminant(key))?.get_mut(key)
    }

    /// The count of a key, with room made for it.
    fn entry(&mut self, key: Key, now: Duration) -> &mut Entry {
        let table = self.0.entry(mem::discriminant(&key)).or_default();
        if table.len() >= key.keys_max() && !table.contains_key(&key) {
            make_room(table, key.keys_max(), now);
        }
        table.entry(key).or_default()
    }
}

impl Attempt<'_> {
    /// It has failed, or has made what nobody should make too much of.
    pub(crate) fn count(mut self) {
        self.keys.clear();
    }

    /// It was right. That takes nothing back of what this place has tried with other names.
    pub(crate) fn succeed(self) {
        let mut tables = self.throttle.lock();
        for key in self.keys.iter().filter(|key| matches!(key, Key::Pair(..))) {
            if let Some(entry) = tables.get_mut(key) {
                *entry = Entry::default();
            }
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut tables = self.throttle.lock();
        for key in &self.keys {
            if let Some(entry) = tables.get_mut(key) {
                key.rule().take_back(entry, self.now);
            }
        }
    }
}

impl Key {
    fn rule(self) -> Rule {
        let wide = |place: Place| if place.is_private { PRIVATE_ADDRESS_FACTOR } else { 1 };
        match self {
            Key::Guesses(place) => Rule::Bucket { room: LOGIN_TRIES * wide(place), every: LOGIN_TRY_EVERY },
            Key::Registrations(place) => Rule::Bucket { room: REGISTRATIONS * wide(place), every: REGISTRATION_EVERY },
            Key::Tokens(place) => Rule::Bucket { room: TOKEN_TRIES * wide(place), every: TOKEN_TRY_EVERY },
            Key::Pair(..) => Rule::Pause,
            Key::Name(_) => Rule::Closing { room: NAME_TRIES, every: NAME_TRY_EVERY },
            Key::Known(..) => Rule::Bucket { room: KNOWN_TRIES, every: KNOWN_TRY_EVERY },
            Key::Links { per_minute, .. } => Rule::Bucket { room: per_minute, every: MINUTE / per_minute },
        }
    }

    /// So many of its kind are counted at a time.
    fn keys_max(self) -> usize {
        match self {
            Key::Guesses(_) => GUESSING_PLACES_MAX,
            Key::Registrations(_) => REGISTERING_PLACES_MAX,
            Key::Tokens(_) => TOKEN_PLACES_MAX,
            Key::Pair(..) => TRIED_PAIRS_MAX,
            Key::Name(_) => TRIED_NAMES_MAX,
            Key::Known(..) => TRIED_KNOWN_MAX,
            Key::Links { .. } => LINK_MAKERS_MAX,
        }
    }
}

impl Place {
    /// Whoever has no address is in one place with all others who have none.
    fn of(address: Option<IpAddr>) -> Place {
        match address.map(|address| address.to_canonical()) {
            None => Place { bits: 0, is_private: true },
            Some(IpAddr::V4(v4)) => {
                let is_private = v4.is_private() || v4.is_loopback() || v4.is_link_local();
                Place { bits: v4.to_ipv6_mapped().to_bits(), is_private }
            }
            Some(IpAddr::V6(v6)) => {
                let is_private = v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local();
                Place { bits: v6.to_bits() >> 64 << 64, is_private }
            }
        }
    }
}

impl Rule {
    /// How long the next one has to wait.
    fn wait(&self, entry: &Entry, now: Duration) -> Duration {
        match self {
            Rule::Bucket { room, every } => entry.over.saturating_sub(now).saturating_sub(*every * (room - 1)),
            Rule::Closing { .. } | Rule::Pause => entry.closed.saturating_sub(now),
        }
    }

    fn count(&self, entry: &mut Entry, now: Duration) {
        match self {
            Rule::Bucket { every, .. } => entry.over = entry.over.max(now) + *every,
            Rule::Closing { room, every } => {
                entry.over = entry.over.max(now) + *every;
                if entry.over > now + *every * (room - 1) {
                    entry.closed = entry.over;
                }
            }
            Rule::Pause => {
                entry.failures = if entry.over > now { entry.failures + 1 } else { 1 };
                entry.over = now + PAIR_FORGOTTEN;
                entry.closed = now + pause(entry.failures);
            }
        }
    }

    /// Undoes a [`count`](Rule::count) at `then`, others may have come since.
    fn take_back(&self, entry: &mut Entry, then: Duration) {
        match self {
            Rule::Bucket { every, .. } => entry.over = entry.over.saturating_sub(*every),
            Rule::Closing { room, every } => {
                entry.over = entry.over.saturating_sub(*every);
                if entry.over <= then + *every * (room - 1) {
                    entry.closed = Duration::ZERO;
                }
            }
            Rule::Pause => {
                let closed_by_this = entry.closed == then + pause(entry.failures);
                entry.failures = entry.failures.saturating_sub(1);
                if closed_by_this || entry.failures < PAIR_TRIES {
                    entry.closed = entry.closed.min(then);
                }
            }
        }
    }
}

/// How long a name has to rest at an address after so many failures.
fn pause(failures: u32) -> Duration {
    match failures.checked_sub(PAIR_TRIES) {
        Some(further) => PAIR_PAUSE_MAX.min(PAIR_PAUSE * 2_u32.pow(further.min(8))),
        None => Duration::ZERO,
    }
}

/// Forgets what is over, and of a table that is full all the same the sixteenth that would be over first; what is closed
/// only where nothing else is left.
fn make_room(table: &mut HashMap<Key, Entry>, keys_max: usize, now: Duration) {
    table.retain(|_, entry| entry.over > now || entry.closed > now);
    if table.len() < keys_max {
        return;
    }
    let is_closed = |key: &Key, entry: &Entry| !key.rule().wait(entry, now).is_zero();
    let mut order: Vec<_> = table.iter().map(|(key, entry)| (is_closed(key, entry), entry.over, *key)).collect();
    let (first, ..) = order.select_nth_unstable_by_key(keys_max / 16, |(closed, over, _)| (*closed, *over));
    let all_closed = first.iter().all(|(closed, ..)| *closed);
    for (.., key) in first.iter().filter(|(closed, ..)| *closed == all_closed) {
        table.remove(key);
    }
}

#[cfg(test)]
mod tests;
