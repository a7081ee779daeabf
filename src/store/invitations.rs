//! Invitations: the right to make an account, handed out by an administrator as an address that is good once.

use redb::ReadableTable;

use crate::clock::Timestamp;
use crate::limits::{INVITATION_S, INVITATIONS_MAX};
use crate::store::error::{Error, unless_damaged};
use crate::store::one_time::{self, Purpose, TokenHash};
use crate::store::record::{self, OneTimeRecord};
use crate::store::standing::{Refused, may_order};
use crate::store::tables::{ONE_TIME, USER};
use crate::store::users::Created;
use crate::store::{Store, users};
use crate::user::{NewUser, UserId, UserName};

/// An invitation that nobody has used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    /// What is kept of its secret. The secret does not follow from it.
    pub(crate) hash: TokenHash,
    /// The administrator who made it; `None` for the command line.
    pub(crate) by: Option<UserName>,
    pub(crate) made: Timestamp,
    pub(crate) expires: Timestamp,
}

/// The invitations that are good, the newest first, and the number of whoever made each.
fn open(
    rights: &impl ReadableTable<&'static [u8], &'static [u8]>,
    now: Timestamp,
) -> Result<Vec<(Invitation, UserId)>, Error> {
    let mut open = Vec::new();
    for row in rights.iter()? {
        let (key, raw) = row?;
        let right: Option<OneTimeRecord> = unless_damaged(record::unseal(key.value(), raw.value()))?;
        let Some(right) = right.filter(|right| right.purpose == Purpose::Invitation as u8) else { continue };
        let expires = Timestamp::from_ms(right.expires_ms);
        if let (Ok(hash), true) = (key.value().try_into(), now < expires) {
            let made = expires.plus_s(-INVITATION_S);
            open.push((Invitation { hash, by: None, made, expires }, UserId(right.by)));
        }
    }
    open.sort_by_key(|(invitation, _)| std::cmp::Reverse((invitation.made, invitation.hash)));
    Ok(open)
}

impl Store {
    /// Makes an invitation and returns its secret, which is kept nowhere. `by` is the administrator, or nobody on the
    /// command line. Refused past [`INVITATIONS_MAX`] open ones.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn invite(&self, by: Option<UserId>, now: Timestamp) -> Result<Result<String, Refused>, Error> {
        let (token, hash) = one_time::secret()?;
        let made = self.write("making an invitation", move |tx| {
            if !may_order(tx, by)? {
                return Ok(Err(Refused::NotAllowed));
            }
            if open(&tx.open_table(ONE_TIME)?, now)?.len() >= INVITATIONS_MAX {
                return Ok(Err(Refused::TooManyInvitations));
            }
            let (purpose, by, expires) = (Purpose::Invitation as u8, by.map_or(0, |by| by.0), now.plus_s(INVITATION_S));
            one_time::put(tx, &hash, &OneTimeRecord { purpose, user: 0, by, expires_ms: expires.ms() })?;
            Ok(Ok(()))
        })?;
        Ok(made.map(|()| token))
    }

    /// The open invitations, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn invitations(&self, now: Timestamp) -> Result<Vec<Invitation>, Error> {
        self.read("listing invitations", |tx| {
            let users = tx.open_table(USER)?;
            let named = |(invitation, by): (Invitation, UserId)| {
                let by = unless_damaged(users::get(&users, by))?.flatten();
                Ok(Invitation { by: by.map(|user| user.name), ..invitation })
            };
            open(&tx.open_table(ONE_TIME)?, now)?.into_iter().map(named).collect()
        })
    }

    /// Whether the secret is that of an open invitation; it is not used up by asking.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn is_invited(&self, token: &str, now: Timestamp) -> Result<bool, Error> {
        self.read("reading an invitation", |tx| {
            let right = one_time::get(&tx.open_table(ONE_TIME)?, &one_time::hash(token), Purpose::Invitation, now)?;
            Ok(right.is_some())
        })
    }

    /// Takes an invitation back. False when there is none (any more).
    ///
    /// # Errors
    /// When the store fails; it stays good then.
    pub(crate) fn take_invitation_back(&self, hash: TokenHash, now: Timestamp) -> Result<bool, Error> {
        self.write_sparingly("taking an invitation back", move |tx| {
            let mut rights = tx.open_table(ONE_TIME)?;
            let is_open = one_time::get(&rights, &hash, Purpose::Invitation, now)?.is_some();
            if is_open {
                rights.remove(hash.as_slice())?;
            }
            Ok(is_open)
        })
    }

    /// Makes an account for whoever holds the secret, and uses it up. `None` when it is not good (any more). A taken name
    /// or address does not use it up.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn create_invited_user(
        &self,
        token: &str,
        new: NewUser,
        now: Timestamp,
    ) -> Result<Option<Created>, Error> {
        let hash = one_time::hash(token);
        self.write("creating an invited user", move |tx| {
            if one_time::get(&tx.open_table(ONE_TIME)?, &hash, Purpose::Invitation, now)?.is_none() {
                return Ok(None);
            }
            let created = users::create(tx, new, now)?;
            if created.is_ok() {
                tx.open_table(ONE_TIME)?.remove(hash.as_slice())?;
            }
            Ok(Some(created))
        })
    }
}

#[cfg(test)]
mod tests;
