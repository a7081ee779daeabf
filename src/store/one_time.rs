//! Rights that were handed out as an address and can be used once. Kept as the hash of the address's secret.

use redb::{ReadableTable, WriteTransaction};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::limits::PURGE_ROWS_PER_COMMIT;
use crate::password::PasswordHash;
use crate::random;
use crate::session::SessionHash;
use crate::store::Store;
use crate::store::error::Error;
use crate::store::record::{self, OneTimeRecord};
use crate::store::standing::{Refused, may_order};
use crate::store::tables::ONE_TIME;
use crate::store::{devices, sessions, users};
use crate::user::{User, UserId};

/// What a one-time link is good for. The numbers are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Purpose {
    NewPassword = 1,
    Invitation = 2,
}

impl Purpose {
    pub(super) const ALL: [Purpose; 2] = [Purpose::NewPassword, Purpose::Invitation];
}

/// What the data file holds of a secret.
pub(crate) type TokenHash = [u8; 32];

/// A new secret, and what is kept of it.
pub(super) fn secret() -> Result<(String, TokenHash), Error> {
    let token = random::hex(&random::bytes::<32>()?);
    let hash = hash(&token);
    Ok((token, hash))
}

pub(super) fn hash(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}

/// A right, if it is good for this.
pub(super) fn get(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    hash: &TokenHash,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<OneTimeRecord>, Error> {
    let Some(raw) = table.get(hash.as_slice())? else { return Ok(None) };
    let right: OneTimeRecord = record::unseal(hash, raw.value())?;
    let is_good = right.purpose == purpose as u8 && now.ms() < right.expires_ms;
    Ok(is_good.then_some(right))
}

/// Hands out a right.
pub(super) fn put(tx: &WriteTransaction, hash: &TokenHash, right: &OneTimeRecord) -> Result<(), Error> {
    tx.open_table(ONE_TIME)?.insert(hash.as_slice(), record::seal(hash, right)?.as_slice())?;
    Ok(())
}

/// The keys of the rights that `lapsed` picks. Damaged ones are good for nothing and stay: they may be a page of another
/// table, whose rows are not ours to remove; a check tells of them.
fn keys_where(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    lapsed: impl Fn(&OneTimeRecord) -> bool,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut keys = Vec::new();
    for row in table.iter()? {
        let (key, raw) = row?;
        if record::unseal(key.value(), raw.value()).is_ok_and(|right| lapsed(&right)) {
            keys.push(key.value().to_vec());
        }
    }
    Ok(keys)
}

fn remove(tx: &WriteTransaction, keys: &[Vec<u8>]) -> Result<(), Error> {
    let mut table = tx.open_table(ONE_TIME)?;
    for key in keys {
        table.remove(key.as_slice())?;
    }
    Ok(())
}

/// Removes the rights that `lapsed` picks, and damaged ones.
fn drop_where(tx: &WriteTransaction, lapsed: impl Fn(&OneTimeRecord) -> bool) -> Result<(), Error> {
    let keys = keys_where(&tx.open_table(ONE_TIME)?, lapsed)?;
    remove(tx, &keys)
}

/// Removes every right of a user, and what they have handed out.
pub(super) fn drop_all(tx: &WriteTransaction, user: UserId) -> Result<(), Error> {
    drop_where(tx, |right| right.user == user.0 || right.by == user.0)
}

/// Removes a user's rights to choose a new password, and those that they have handed out: whoever knew the old password
/// may have made them.
pub(super) fn drop_resets(tx: &WriteTransaction, user: UserId) -> Result<(), Error> {
    drop_where(tx, |right| is_reset(right) && (right.user == user.0 || right.by == user.0))
}

fn is_reset(right: &OneTimeRecord) -> bool {
    right.purpose == Purpose::NewPassword as u8
}

impl Store {
    /// Hands out the right to choose a new password; earlier ones of this user end. Returns the secret, which is
    /// kept nowhere. It ends with the right of whoever made it: `by` is an administrator, or nobody on the command line.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn hand_out_reset(
        &self,
        by: Option<UserId>,
        user: UserId,
        expires: Timestamp,
    ) -> Result<Result<String, Refused>, Error> {
        let (token, key) = secret()?;
        let made = self.write("making a reset link", move |tx| {
            if !may_order(tx, by)? {
                return Ok(Err(Refused::NotAllowed));
            }
            if !users::is_active(tx, user)? {
                return Ok(Err(Refused::NotInUse));
            }
            drop_where(tx, |right| is_reset(right) && right.user == user.0)?;
            let (purpose, by) = (Purpose::NewPassword as u8, by.map_or(0, |by| by.0));
            put(tx, &key, &OneTimeRecord { purpose, user: user.0, by, expires_ms: expires.ms() })?;
            Ok(Ok(()))
        })?;
        Ok(made.map(|()| token))
    }

    /// Whose password the secret may change; it is not used up by asking.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn reset_for(&self, token: &str, now: Timestamp) -> Result<Option<UserId>, Error> {
        self.read("reading a reset link", |tx| {
            let right = get(&tx.open_table(ONE_TIME)?, &hash(token), Purpose::NewPassword, now)?;
            Ok(right.map(|right| UserId(right.user)))
        })
    }

    /// Uses the secret up: the new password, all sessions ended, one begun. `None` when it is not good (any more).
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn use_reset(
        &self,
        token: &str,
        password: PasswordHash,
        session: SessionHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, Error> {
        let key = hash(token);
        self.write("using a reset link", move |tx| {
            let right = get(&tx.open_table(ONE_TIME)?, &key, Purpose::NewPassword, now)?;
            let Some(user) = right.map(|right| UserId(right.user)) else { return Ok(None) };
            if !users::is_active(tx, user)? {
                return Ok(None);
            }
            let edit = |user: &mut User| {
                user.password = password;
                user.last_login = Some(now);
            };
            if users::change(tx, user, edit)?.is_none() {
                return Ok(None);
            }
            drop_resets(tx, user)?;
            sessions::end_all(tx, user)?;
            devices::forget_all(tx, user)?;
            sessions::start(tx, user, &session, now)?;
            Ok(Some(user))
        })
    }

    /// Removes one-time links that have expired, in slices of [`PURGE_ROWS_PER_COMMIT`]. Returns how many.
    ///
    /// # Errors
    /// When the store fails; slices removed before stay so.
    pub(crate) fn sweep_one_time(&self, now: Timestamp) -> Result<usize, Error> {
        let lapsed = self.read("looking for expired one-time links", |tx| {
            keys_where(&tx.open_table(ONE_TIME)?, |right| right.expires_ms <= now.ms())
        })?;
        for slice in lapsed.chunks(PURGE_ROWS_PER_COMMIT) {
            let slice = slice.to_vec();
            self.write_sparingly("removing expired one-time links", move |tx| remove(tx, &slice))?;
        }
        Ok(lapsed.len())
    }
}

#[cfg(test)]
mod tests;
