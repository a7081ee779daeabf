//! Where somebody has logged in: browsers by a secret they hold, networks by a mark. When guessing has closed a name to
//! strangers, its owner gets in from there. Nobody is signed in by it.

use redb::{ReadableTable, WriteTransaction};

use crate::clock::Timestamp;
use crate::limits::{KNOWN_BROWSERS_MAX, KNOWN_NETWORKS_MAX, KNOWN_S, KNOWN_STAMP_S, PURGE_ROWS_PER_COMMIT};
use crate::session::{Known, SessionHash, Signs};
use crate::store::error::{Error, unless_damaged};
use crate::store::record::{self, DeviceRecord};
use crate::store::tables::{DEVICE, session_user_key};
use crate::store::{Store, users};
use crate::user::UserId;

/// The numbers are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Browser = 1,
    Network = 2,
}

impl Kind {
    /// As many a person has at most.
    pub(super) fn max(self) -> usize {
        match self {
            Kind::Browser => KNOWN_BROWSERS_MAX,
            Kind::Network => KNOWN_NETWORKS_MAX,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Kind> {
        [Kind::Browser, Kind::Network].into_iter().find(|kind| *kind as u8 == code)
    }
}

/// A time that lies ahead of the clock counts as now.
fn is_known(device: &DeviceRecord, now: Timestamp) -> bool {
    now < Timestamp::from_ms(device.seen_ms).min(now).plus_s(KNOWN_S)
}

fn wants_stamp(device: &DeviceRecord, now: Timestamp) -> bool {
    let seen = Timestamp::from_ms(device.seen_ms);
    now >= seen.plus_s(KNOWN_STAMP_S) || seen > now
}

fn get(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    user: UserId,
    mark: &SessionHash,
) -> Result<Option<DeviceRecord>, Error> {
    let key = session_user_key(user, mark);
    match table.get(key.as_slice())? {
        Some(raw) => unless_damaged(record::unseal(&key, raw.value())),
        None => Ok(None),
    }
}

/// A row's key, and what is in it if it reads.
type Row = (Vec<u8>, Option<DeviceRecord>);

/// All that is known of a user.
fn of_user(tx: &WriteTransaction, user: UserId) -> Result<Vec<Row>, Error> {
    let (from, to) = (session_user_key(user, &[0; 32]), session_user_key(user, &[0xff; 32]));
    let mut found = Vec::new();
    for row in tx.open_table(DEVICE)?.range(from.as_slice()..=to.as_slice())? {
        let (key, raw) = row?;
        found.push((key.value().to_vec(), unless_damaged(record::unseal(key.value(), raw.value()))?));
    }
    Ok(found)
}

fn remember(tx: &WriteTransaction, user: UserId, kind: Kind, mark: &SessionHash, now: Timestamp) -> Result<(), Error> {
    let key = session_user_key(user, mark);
    let others = of_user(tx, user)?.into_iter().filter(|(other, _)| other != key.as_slice());
    let is_same_kind = |device: &DeviceRecord| device.kind == kind as u8;
    let mut others: Vec<_> = others
        .filter(|(_, device)| device.as_ref().is_none_or(is_same_kind))
        // One that does not read goes first.
        .map(|(key, device)| (device.map_or(i64::MIN, |device| device.seen_ms), key))
        .collect();
    others.sort_unstable();
    let mut table = tx.open_table(DEVICE)?;
    for (_, other) in others.iter().take((others.len() + 1).saturating_sub(kind.max())) {
        table.remove(other.as_slice())?;
    }
    let device = DeviceRecord { kind: kind as u8, seen_ms: now.ms() };
    table.insert(key.as_slice(), record::seal(&key, &device)?.as_slice())?;
    Ok(())
}

/// Forgets where a user has logged in.
pub(super) fn forget_all(tx: &WriteTransaction, user: UserId) -> Result<(), Error> {
    let known = of_user(tx, user)?;
    let mut table = tx.open_table(DEVICE)?;
    known.iter().try_for_each(|(key, _)| Ok(table.remove(key.as_slice()).map(drop)?))
}

impl Store {
    /// What a user is known by, if any; the browser's first. Looking costs the same for whoever does not exist.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn known_by(&self, user: Option<UserId>, signs: &Signs, now: Timestamp) -> Result<Option<Known>, Error> {
        let user = user.unwrap_or(UserId(0));
        self.read("looking for a known browser", |tx| {
            let table = tx.open_table(DEVICE)?;
            let signs = [(signs.browser, Known::Browser as fn(_) -> _), (signs.network, Known::Network)];
            for (mark, known) in signs {
                if let Some(mark) = mark
                    && get(&table, user, &mark)?.is_some_and(|device| is_known(&device, now))
                {
                    return Ok(Some(known(mark)));
                }
            }
            Ok(None)
        })
    }

    /// Notes where a user has logged in; with too many of a kind the one that was not seen for longest is forgotten.
    /// Nothing is written of what was noted within [`KNOWN_STAMP_S`].
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn remember(&self, user: UserId, signs: Signs, now: Timestamp) -> Result<(), Error> {
        let both = [(Kind::Browser, signs.browser), (Kind::Network, signs.network)];
        let all: Vec<_> = both.into_iter().filter_map(|(kind, mark)| Some((kind, mark?))).collect();
        let due = self.read("looking for a known browser", |tx| {
            let table = tx.open_table(DEVICE)?;
            let mut due = Vec::new();
            for (kind, mark) in all {
                if get(&table, user, &mark)?.is_none_or(|device| wants_stamp(&device, now)) {
                    due.push((kind, mark));
                }
            }
            Ok(due)
        })?;
        if due.is_empty() {
            return Ok(());
        }
        self.write("noting a browser", move |tx| {
            if !users::is_active(tx, user)? {
                return Ok(());
            }
            due.iter().try_for_each(|(kind, mark)| remember(tx, user, *kind, mark, now))
        })
    }

    /// Forgets what nobody has logged in from for [`KNOWN_S`], in slices of [`PURGE_ROWS_PER_COMMIT`]. Returns how many.
    /// What does not read stays: it may be a page of another table; a check tells of it.
    ///
    /// # Errors
    /// When the store fails; slices removed before stay so.
    pub(crate) fn sweep_devices(&self, now: Timestamp) -> Result<usize, Error> {
        let over = self.read("looking for old browsers", |tx| {
            let mut over = Vec::new();
            for row in tx.open_table(DEVICE)?.iter()? {
                let (key, raw) = row?;
                let device = unless_damaged(record::unseal::<DeviceRecord>(key.value(), raw.value()))?;
                if device.is_some_and(|device| !is_known(&device, now)) {
                    over.push(key.value().to_vec());
                }
            }
            Ok(over)
        })?;
        for slice in over.chunks(PURGE_ROWS_PER_COMMIT) {
            let slice = slice.to_vec();
            self.write_sparingly("forgetting old browsers", move |tx| {
                let mut table = tx.open_table(DEVICE)?;
                slice.iter().try_for_each(|key| Ok(table.remove(key.as_slice()).map(drop)?))
            })?;
        }
        Ok(over.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{NOW, audit, fresh, open, tamper, user};

    fn browser(number: u8) -> Signs {
        Signs { browser: Some([number; 32]), network: None }
    }

    fn network(number: u8) -> Signs {
        Signs { browser: None, network: Some([!number; 32]) }
    }

    fn knows(store: &Store, user: UserId, signs: &Signs, now: Timestamp) -> bool {
        store.known_by(Some(user), signs, now).unwrap().is_some()
    }

    #[test]
    fn the_last_browsers_and_networks_of_a_user_are_known_for_half_a_year() {
        let (_folder, store) = fresh();
        let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
        for (make, max) in [(browser as fn(u8) -> Signs, KNOWN_BROWSERS_MAX), (network, KNOWN_NETWORKS_MAX)] {
            let count = u8::try_from(max + 2).unwrap();
            let at = |number: u8| NOW.plus_s(i64::from(number) * 10);
            for number in 0..count {
                // The first is there again and again.
                store.remember(anna, make(100 + number), at(number)).unwrap();
                store.remember(anna, make(100), at(number).plus_s(KNOWN_STAMP_S)).unwrap();
            }
            let now = at(count);
            let known: Vec<u8> = (0..count).filter(|number| knows(&store, anna, &make(100 + number), now)).collect();
            let expected: Vec<u8> = [0].into_iter().chain(3..count).collect();
            assert_eq!(known, expected);
            assert!((0..count).all(|number| !knows(&store, bert, &make(100 + number), now)));
            let last = at(count - 1).plus_s(KNOWN_S);
            assert!(knows(&store, anna, &make(99 + count), last.plus_s(-1)));
            assert!(!knows(&store, anna, &make(99 + count), last));
        }
        audit(&store);
        let all = KNOWN_BROWSERS_MAX + KNOWN_NETWORKS_MAX;
        assert_eq!(store.sweep_devices(NOW).unwrap(), 0);
        assert_eq!(store.sweep_devices(NOW.plus_s(2 * KNOWN_S)).unwrap(), all);
        assert_eq!(store.sweep_devices(NOW.plus_s(2 * KNOWN_S)).unwrap(), 0);
    }

    #[test]
    fn what_is_known_is_written_once_a_day_and_for_users_alone() {
        let (_folder, store) = fresh();
        let anna = user(&store, "anna");
        let signs = Signs { browser: Some([1; 32]), network: Some([!2; 32]) };
        let before = store.commits();
        for s in [0, 1, KNOWN_STAMP_S - 1] {
            store.remember(anna, signs.clone(), NOW.plus_s(s)).unwrap();
        }
        assert_eq!(store.commits(), before + 1);
        store.remember(anna, signs.clone(), NOW.plus_s(KNOWN_STAMP_S)).unwrap();
        assert_eq!(store.commits(), before + 2);
        assert_eq!(store.known_by(Some(anna), &signs, NOW).unwrap(), Some(Known::Browser([1; 32])));
        assert_eq!(store.known_by(Some(anna), &network(2), NOW).unwrap(), Some(Known::Network([!2; 32])));
        assert_eq!(store.known_by(None, &signs, NOW).unwrap(), None);
        store.remember(UserId(99), signs.clone(), NOW).unwrap();
        assert_eq!(store.known_by(Some(UserId(99)), &signs, NOW).unwrap(), None);
    }

    #[test]
    fn a_damaged_one_is_unknown_and_makes_room() {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        for number in 0..5 {
            store.remember(anna, network(number), NOW.plus_s(i64::from(number))).unwrap();
        }
        store.close();
        tamper(folder.path(), DEVICE, &session_user_key(anna, &[!3; 32]), b"\x09nonsense");
        let (store, _) = open(folder.path()).unwrap();
        assert!(!knows(&store, anna, &network(3), NOW));
        // It may be a row of another table, in a page that was written to the wrong place.
        assert_eq!(store.sweep_devices(NOW).unwrap(), 0, "it is not ours to remove");
        store.remember(anna, network(9), NOW).unwrap();
        assert!((0..3).chain([4, 9]).all(|number| knows(&store, anna, &network(number), NOW)));
        audit(&store);
    }
}
