//! Accounts as administrators order them: roles, and who may log in.
//!
//! There is always somebody who can: what would leave the site without an administrator is refused, in the transaction
//! that would write it.

use redb::{ReadableTable, WriteTransaction};

use crate::store::error::{Error, unless_damaged};
use crate::store::tables::USER;
use crate::store::{Store, one_time, sessions, users};
use crate::user::{Role, State, User, UserId};

/// Why an account stays as it is; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is none, it is removed, or its password is not the one that was verified.
    NoAccount,
    /// Nobody could administer the site any more.
    LastAdministrator,
    /// Whoever should look after the links has no account in use.
    NoKeeper,
    /// The name is still part of the addresses of links.
    HasLinks,
    /// The account is disabled or removed.
    NotInUse,
    /// Whoever orders it is no administrator any more.
    NotAllowed,
    /// As many invitations are open as there may be.
    TooManyInvitations,
}

/// What came of a change to an account.
pub(crate) type Ordered = Result<(), Refused>;

/// Somebody who is an administrator and can log in.
pub(super) fn can_administer(user: &User) -> bool {
    user.is_active() && user.role == Role::Administrator
}

/// True when `by` is an administrator still, whatever has happened since the request came in; the command line, which is
/// nobody, may do everything.
pub(super) fn may_order(tx: &WriteTransaction, by: Option<UserId>) -> Result<bool, Error> {
    let Some(by) = by else { return Ok(true) };
    Ok(users::get(&tx.open_table(USER)?, by)?.is_some_and(|by| can_administer(&by)))
}

/// True while the user is the only administrator who can log in.
pub(super) fn is_last_administrator(tx: &WriteTransaction, user: &User) -> Result<bool, Error> {
    if !can_administer(user) {
        return Ok(false);
    }
    for row in tx.open_table(USER)?.iter()? {
        let (key, raw) = row?;
        let other = unless_damaged(users::from_row(key.value(), raw.value()))?;
        if other.is_some_and(|other| other.id != user.id && can_administer(&other)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Ends what a user holds: every session, and every one-time link of theirs or by them.
pub(super) fn end_access(tx: &WriteTransaction, user: UserId) -> Result<(), Error> {
    sessions::end_all(tx, user)?;
    one_time::drop_all(tx, user)
}

/// Changes an account that is not removed. Whoever has it logs in anew. A change that changes nothing is one, too, but
/// nobody is logged out by it.
fn order(
    tx: &WriteTransaction,
    by: Option<UserId>,
    id: UserId,
    edit: impl FnOnce(&mut User),
) -> Result<Ordered, Error> {
    if !may_order(tx, by)? {
        return Ok(Err(Refused::NotAllowed));
    }
    let Some(before) = users::get(&tx.open_table(USER)?, id)?.filter(|user| !user.is_removed()) else {
        return Ok(Err(Refused::NoAccount));
    };
    let mut after = before.clone();
    edit(&mut after);
    if (after.role, after.state) == (before.role, before.state) {
        return Ok(Ok(()));
    }
    if !can_administer(&after) && is_last_administrator(tx, &before)? {
        return Ok(Err(Refused::LastAdministrator));
    }
    users::put(tx, &after)?;
    end_access(tx, id)?;
    Ok(Ok(()))
}

impl Store {
    /// Gives a user another role and ends every session, unused reset link and open invitation of theirs. `by` is an
    /// administrator, here as below, or nobody on the command line.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn set_role(&self, by: Option<UserId>, id: UserId, role: Role) -> Result<Ordered, Error> {
        self.write("changing a role", move |tx| order(tx, by, id, |user| user.role = role))
    }

    /// Keeps a user from logging in; every session, reset link and invitation of theirs ends. Their links go on.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn disable_user(&self, by: Option<UserId>, id: UserId) -> Result<Ordered, Error> {
        self.write("disabling a user", move |tx| order(tx, by, id, |user| user.state = State::Disabled))
    }

    /// Lets a user log in again.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn enable_user(&self, by: Option<UserId>, id: UserId) -> Result<Ordered, Error> {
        self.write("enabling a user", move |tx| order(tx, by, id, |user| user.state = State::Active))
    }
}

#[cfg(test)]
mod tests;
