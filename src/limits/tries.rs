//! How often strangers may try, and where somebody is known.

use std::time::Duration;

/// Wrong passwords of one address (IPv6: one /64) in a row, then one in [`LOGIN_TRY_EVERY`].
pub(crate) const LOGIN_TRIES: u32 = 10;
/// See [`LOGIN_TRIES`].
pub(crate) const LOGIN_TRY_EVERY: Duration = Duration::from_secs(30);
/// A private address may stand for a household behind a proxy that says nothing: so many times as much for it.
pub(crate) const PRIVATE_ADDRESS_FACTOR: u32 = 5;
/// Wrong passwords for one name from one address, then a pause of [`PAIR_PAUSE`] that doubles with each further one.
pub(crate) const PAIR_TRIES: u32 = 5;
/// See [`PAIR_TRIES`].
pub(crate) const PAIR_PAUSE: Duration = Duration::from_secs(30);
/// The longest such pause.
pub(crate) const PAIR_PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// This long after the last of them nothing of it counts any more.
pub(crate) const PAIR_FORGOTTEN: Duration = Duration::from_secs(3_600);
/// Wrong passwords for one name in an hour, from everywhere; then strangers wait for an hour, and only browsers and
/// networks it is known in may try (OWASP "Slow Down Online Guessing Attacks with Device Cookies").
pub(crate) const NAME_TRIES: u32 = 100;
/// See [`NAME_TRIES`].
pub(crate) const NAME_TRY_EVERY: Duration = Duration::from_secs(36);
/// Wrong passwords in each of those, then one in [`KNOWN_TRY_EVERY`]: ten in a quarter of an hour.
pub(crate) const KNOWN_TRIES: u32 = 10;
/// See [`KNOWN_TRIES`].
pub(crate) const KNOWN_TRY_EVERY: Duration = Duration::from_secs(90);
/// Accounts made from one address in a row, then one in [`REGISTRATION_EVERY`]: five an hour.
pub(crate) const REGISTRATIONS: u32 = 5;
/// See [`REGISTRATIONS`].
pub(crate) const REGISTRATION_EVERY: Duration = Duration::from_secs(720);
/// Wrong secrets of reset links and invitations of one address, then one in [`TOKEN_TRY_EVERY`]: ten an hour.
pub(crate) const TOKEN_TRIES: u32 = 10;
/// See [`TOKEN_TRIES`].
pub(crate) const TOKEN_TRY_EVERY: Duration = Duration::from_secs(360);
/// Links that one person makes in a row, and how many a minute from then on, unless the operator says otherwise.
pub(crate) const LINKS_PER_MINUTE: u32 = 60;
/// What the operator may say of it, where any bound is wanted: past it no bound is meant.
pub(crate) const LINKS_PER_MINUTE_RANGE: std::ops::RangeInclusive<u32> = 1..=10_000;
/// All whose tries are counted at a time; they take some 6 MB. Each kind has a share of its own: what costs an attacker
/// nothing, such as secrets from many addresses, pushes out nothing that holds one back elsewhere.
pub(crate) const THROTTLED_KEYS_MAX: usize = 20_000;
/// Addresses with wrong passwords. Each try is hashed, so nobody fills this faster than the gate lets them.
pub(crate) const GUESSING_PLACES_MAX: usize = 4_000;
/// Names with wrong passwords. To push out one that is closed, all of these have to be closed: 400,000 hashes.
pub(crate) const TRIED_NAMES_MAX: usize = 4_000;
/// Names at an address; one address may have many.
pub(crate) const TRIED_PAIRS_MAX: usize = 6_000;
/// Names in a known browser, network or session: only who has logged in has one.
pub(crate) const TRIED_KNOWN_MAX: usize = 2_000;
/// Addresses with new accounts.
pub(crate) const REGISTERING_PLACES_MAX: usize = 1_500;
/// Addresses with wrong secrets.
pub(crate) const TOKEN_PLACES_MAX: usize = 1_500;
/// People who make links; each counts for a minute or two.
pub(crate) const LINK_MAKERS_MAX: usize = 1_000;
/// A browser that somebody has logged in with is known for this long after it.
pub(crate) const KNOWN_S: i64 = 180 * 86_400;
/// Browsers in which one person is known.
pub(crate) const KNOWN_BROWSERS_MAX: usize = 20;
/// Networks in which one person is known: those of the last logins.
pub(crate) const KNOWN_NETWORKS_MAX: usize = 5;
/// That a known browser was there again is written at most this often.
pub(crate) const KNOWN_STAMP_S: i64 = 86_400;

const _: () = assert!(
    GUESSING_PLACES_MAX
        + TRIED_NAMES_MAX
        + TRIED_PAIRS_MAX
        + TRIED_KNOWN_MAX
        + REGISTERING_PLACES_MAX
        + TOKEN_PLACES_MAX
        + LINK_MAKERS_MAX
        == THROTTLED_KEYS_MAX
);
const _: () = assert!(NAME_TRY_EVERY.as_secs() * NAME_TRIES as u64 <= 3_600);
