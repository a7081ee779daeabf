//! Who is signed in. The key is the hash of what the browser holds, so a copy of the file signs nobody in.

use std::net::IpAddr;

use redb::{ReadableTable, WriteTransaction};

use crate::clock::Timestamp;
use crate::limits::{PURGE_ROWS_PER_COMMIT, SESSIONS_PER_USER_MAX};
use crate::password::PasswordHash;
use crate::session::{Origin, Session, SessionHash};
use crate::store::error::{Error, unless_damaged};
use crate::store::record::{self, SessionRecord};
use crate::store::tables::{SESSION, SESSION_USER, session_user_key};
use crate::store::{Store, users};
use crate::user::{User, UserId};

fn from_record(record: &SessionRecord) -> Session {
    Session {
        user: UserId(record.user),
        created: Timestamp::from_ms(record.created_ms),
        seen: Timestamp::from_ms(record.seen_ms),
        confirmed: Timestamp::from_ms(record.confirmed_ms),
        origin: Origin { browser: record.browser, system: record.system, address: address(&record.address) },
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn put(tx: &WriteTransaction, hash: &SessionHash, session: &Session) -> Result<(), Error> {
    let record = SessionRecord {
        user: session.user.0,
        created_ms: session.created.ms(),
        seen_ms: session.seen.ms(),
        confirmed_ms: session.confirmed.ms(),
        browser: session.origin.browser,
        system: session.origin.system,
        address: match session.origin.address {
            None => Vec::new(),
            Some(IpAddr::V4(v4)) => v4.octets().to_vec(),
            Some(IpAddr::V6(v6)) => v6.octets().to_vec(),
        },
    };
    tx.open_table(SESSION)?.insert(hash.as_slice(), record::seal(hash, &record)?.as_slice())?;
    Ok(())
}

fn get(table: &impl ReadableTable<&'static [u8], &'static [u8]>, hash: &SessionHash) -> Result<Option<Session>, Error> {
    match table.get(hash.as_slice())? {
        Some(raw) => Ok(Some(from_record(&record::unseal(hash, raw.value())?))),
        None => Ok(None),
    }
}

/// The hashes of a user's sessions.
fn of_user(tx: &WriteTransaction, user: UserId) -> Result<Vec<SessionHash>, Error> {
    listed(&tx.open_table(SESSION_USER)?, user)
}

fn listed(index: &impl ReadableTable<&'static [u8], &'static [u8]>, user: UserId) -> Result<Vec<SessionHash>, Error> {
    let from = session_user_key(user, &[0; 32]);
    let to = session_user_key(user, &[0xff; 32]);
    let mut hashes = Vec::new();
    for row in index.range(from.as_slice()..=to.as_slice())? {
        let (key, _) = row?;
        if let Some(hash) = key.value().last_chunk::<32>() {
            hashes.push(*hash);
        }
    }
    Ok(hashes)
}

/// Begins a session; with too many of them the oldest end.
pub(super) fn start(tx: &WriteTransaction, user: UserId, hash: &SessionHash, now: Timestamp) -> Result<(), Error> {
    let hashes = of_user(tx, user)?;
    if hashes.len() >= SESSIONS_PER_USER_MAX {
        let mut dated = Vec::with_capacity(hashes.len());
        {
            let table = tx.open_table(SESSION)?;
            for hash in hashes {
                let session = unless_damaged(get(&table, &hash))?.flatten();
                dated.push((session.map(|session| session.created), hash));
            }
        }
        dated.sort_unstable();
        // One that does not read counts as the oldest.
        for (_, hash) in dated.iter().take(dated.len() + 1 - SESSIONS_PER_USER_MAX) {
            remove(tx, user, hash)?;
        }
    }
    put(tx, hash, &Session { user, created: now, seen: now, confirmed: now, origin: Origin::default() })?;
    tx.open_table(SESSION_USER)?.insert(session_user_key(user, hash).as_slice(), [].as_slice())?;
    Ok(())
}

/// Removes both rows of a session.
fn remove(tx: &WriteTransaction, user: UserId, hash: &SessionHash) -> Result<(), Error> {
    tx.open_table(SESSION)?.remove(hash.as_slice())?;
    tx.open_table(SESSION_USER)?.remove(session_user_key(user, hash).as_slice())?;
    Ok(())
}

/// Ends a session; one that is already over stays so. Of one that does not read, the row with its user stays until
/// [`end_all`] or [`start`] meet it.
pub(super) fn end(tx: &WriteTransaction, hash: &SessionHash) -> Result<(), Error> {
    let session = unless_damaged(get(&tx.open_table(SESSION)?, hash))?.flatten();
    if let Some(session) = session {
        return remove(tx, session.user, hash);
    }
    tx.open_table(SESSION)?.remove(hash.as_slice())?;
    Ok(())
}

/// Ends every session of a user.
pub(super) fn end_all(tx: &WriteTransaction, user: UserId) -> Result<(), Error> {
    of_user(tx, user)?.iter().try_for_each(|hash| remove(tx, user, hash))
}

impl Store {
    /// A live session and its user, whose account is in use.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn session(&self, hash: SessionHash, now: Timestamp) -> Result<Option<(Session, User)>, Error> {
        self.read("reading a session", |tx| {
            let session = get(&tx.open_table(SESSION)?, &hash)?.filter(|session| session.is_live(now));
            let Some(session) = session else { return Ok(None) };
            Ok(users::read(tx, session.user)?.filter(User::is_active).map(|user| (session, user)))
        })
    }

    /// Notes a visit. A session that has ended meanwhile stays ended. On a disk that takes nothing the visit is left to
    /// a later one to note: people who only read should not make the file be opened again each time.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn stamp_session(&self, hash: SessionHash, origin: Origin, now: Timestamp) -> Result<(), Error> {
        if self.queue.is_failing() {
            return Ok(());
        }
        self.write("noting a visit", move |tx| {
            let Some(session) = get(&tx.open_table(SESSION)?, &hash)? else { return Ok(()) };
            // One that was begun by a clock that stood ahead was begun now, or it would last until that time and longer.
            put(tx, &hash, &Session { seen: now, created: session.created.min(now), origin, ..session })
        })
    }

    /// Notes that the password was given in a session. False when it has ended, or the password is no longer the one
    /// that was `verified`; nothing is written then.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn confirm_session(
        &self,
        hash: SessionHash,
        verified: PasswordHash,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write_sparingly("noting a password", move |tx| {
            let Some(session) = get(&tx.open_table(SESSION)?, &hash)? else { return Ok(false) };
            if !session.is_live(now) || !users::has_password(tx, session.user, &verified)? {
                return Ok(false);
            }
            put(tx, &hash, &Session { confirmed: now, ..session })?;
            Ok(true)
        })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store fails; the session goes on then.
    pub(crate) fn end_session(&self, hash: SessionHash) -> Result<(), Error> {
        self.write_sparingly("signing out", move |tx| end(tx, &hash))
    }

    /// The number of a user's sessions.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn session_count(&self, user: UserId) -> Result<usize, Error> {
        self.read("counting sessions", |tx| {
            let index = tx.open_table(SESSION_USER)?;
            let (from, to) = (session_user_key(user, &[0; 32]), session_user_key(user, &[0xff; 32]));
            Ok(index.range(from.as_slice()..=to.as_slice())?.count())
        })
    }

    /// Ends every session of a user.
    ///
    /// # Errors
    /// When the store fails; all of them go on then.
    pub(crate) fn end_sessions(&self, user: UserId) -> Result<(), Error> {
        self.write_sparingly("ending sessions", move |tx| end_all(tx, user))
    }

    /// The live sessions of a user, the one seen last first.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<(SessionHash, Session)>, Error> {
        let mut sessions = self.read("listing sessions", |tx| {
            let table = tx.open_table(SESSION)?;
            let mut found = Vec::new();
            for hash in listed(&tx.open_table(SESSION_USER)?, user)? {
                let session = unless_damaged(get(&table, &hash))?.flatten();
                found.extend(session.filter(|session| session.is_live(now)).map(|session| (hash, session)));
            }
            Ok(found)
        })?;
        sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.seen));
        Ok(sessions)
    }

    /// Ends the session of a user whose hash begins so, if there is one.
    ///
    /// # Errors
    /// When the store fails; the session goes on then.
    pub(crate) fn end_session_of(&self, user: UserId, beginning: [u8; 8]) -> Result<(), Error> {
        self.write_sparingly("signing out", move |tx| {
            let meant = of_user(tx, user)?.into_iter().filter(|hash| hash.starts_with(&beginning));
            meant.into_iter().try_for_each(|hash| remove(tx, user, &hash))
        })
    }

    /// Ends every session of a user but this one.
    ///
    /// # Errors
    /// When the store fails; all go on then.
    pub(crate) fn end_other_sessions(&self, user: UserId, but: SessionHash) -> Result<(), Error> {
        self.write_sparingly("signing out", move |tx| {
            of_user(tx, user)?.iter().filter(|hash| **hash != but).try_for_each(|hash| remove(tx, user, hash))
        })
    }

    /// Removes sessions that are over, in slices of [`PURGE_ROWS_PER_COMMIT`]. Returns how many. What does not read stays:
    /// it may be a page of another table, whose rows are not ours to remove; a check tells of it.
    ///
    /// # Errors
    /// When the store fails; slices removed before stay so.
    pub(crate) fn sweep_sessions(&self, now: Timestamp) -> Result<usize, Error> {
        let over = self.read("looking for old sessions", |tx| {
            let table = tx.open_table(SESSION)?;
            let mut over = Vec::new();
            for row in table.iter()? {
                let (key, raw) = row?;
                let session = record::unseal(key.value(), raw.value()).map(|record| from_record(&record));
                if session.is_ok_and(|session| !session.is_live(now)) {
                    over.extend(SessionHash::try_from(key.value()));
                }
            }
            Ok(over)
        })?;
        for slice in over.chunks(PURGE_ROWS_PER_COMMIT) {
            let slice = slice.to_vec();
            self.write_sparingly("removing old sessions", move |tx| slice.iter().try_for_each(|hash| end(tx, hash)))?;
        }
        Ok(over.len())
    }
}

#[cfg(test)]
mod tests;
