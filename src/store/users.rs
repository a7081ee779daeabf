//! Accounts: made, found, changed.

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use crate::clock::Timestamp;
use crate::password::PasswordHash;
use crate::session::SessionHash;
use crate::store::error::Error;
use crate::store::record::{self, UserRecord};
use crate::store::settings::{self, Settings};
use crate::store::tables::{META, USER, USER_EMAIL, USER_NAME, next_id, number, user_key};
use crate::store::{Store, devices, one_time, sessions};
use crate::user::{Email, Estate, NewUser, Role, State, User, UserId, UserName};

const SET_UP: &[u8] = b"set_up";

/// What came of making an account.
pub(crate) type Created = Result<UserId, NewAccountError>;

/// Why an account was not made; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewAccountError {
    NameTaken,
    EmailTaken,
    /// The first administrator exists already.
    AlreadySetUp,
}

fn to_record(user: &User) -> UserRecord {
    let (state, keeper) = match user.state {
        State::Active => (0, None),
        State::Disabled => (1, None),
        State::Removed(Estate::Archived) => (2, None),
        State::Removed(Estate::Kept(keeper)) => (2, Some(keeper.0)),
        State::Removed(Estate::Deleted) => (3, None),
    };
    UserRecord {
        state,
        keeper,
        name: user.name.as_str().to_owned(),
        email: user.email.as_str().to_owned(),
        password: user.password.as_str().to_owned(),
        role: u8::from(user.role == Role::Administrator),
        created_ms: user.created.ms(),
        last_login_ms: user.last_login.map(Timestamp::ms),
    }
}

/// Reads a row.
pub(super) fn from_row(key: &[u8], raw: &[u8]) -> Result<User, Error> {
    let id = UserId(number("user", key)?);
    let record: UserRecord = record::unseal(key, raw)?;
    let state = match (record.state, record.keeper) {
        (0, None) => State::Active,
        (1, None) => State::Disabled,
        (2, None) => State::Removed(Estate::Archived),
        (2, Some(keeper)) => State::Removed(Estate::Kept(UserId(keeper))),
        (3, None) => State::Removed(Estate::Deleted),
        _ => return Err(Error::damaged("user", key, "in no known state")),
    };
    Ok(User {
        id,
        state,
        name: UserName::from_stored(record.name),
        email: Email::from_stored(record.email),
        password: PasswordHash::from_stored(record.password),
        role: if record.role == 1 { Role::Administrator } else { Role::User },
        created: Timestamp::from_ms(record.created_ms),
        last_login: record.last_login_ms.map(Timestamp::from_ms),
    })
}

/// A user by number, in any kind of transaction's table.
pub(super) fn get(table: &impl ReadableTable<&'static [u8], &'static [u8]>, id: UserId) -> Result<Option<User>, Error> {
    let key = user_key(id);
    table.get(key.as_slice())?.map(|raw| from_row(&key, raw.value())).transpose()
}

/// A user by number inside a reading transaction.
pub(super) fn read(tx: &ReadTransaction, id: UserId) -> Result<Option<User>, Error> {
    get(&tx.open_table(USER)?, id)
}

pub(super) fn put(tx: &WriteTransaction, user: &User) -> Result<(), Error> {
    let key = user_key(user.id);
    tx.open_table(USER)?.insert(key.as_slice(), record::seal(&key, &to_record(user))?.as_slice())?;
    Ok(())
}

/// Changes a user inside a writing transaction; `None` when there is none.
pub(super) fn change<T>(
    tx: &WriteTransaction,
    id: UserId,
    edit: impl FnOnce(&mut User) -> T,
) -> Result<Option<T>, Error> {
    let Some(mut user) = get(&tx.open_table(USER)?, id)? else {
        return Ok(None);
    };
    let value = edit(&mut user);
    put(tx, &user)?;
    Ok(Some(value))
}

/// True when the account is in use and this is still its password: it was verified before the transaction began, and
/// somebody may have changed either since.
pub(super) fn has_password(tx: &WriteTransaction, id: UserId, verified: &PasswordHash) -> Result<bool, Error> {
    let user = get(&tx.open_table(USER)?, id)?;
    Ok(user.is_some_and(|user| user.is_active() && user.password.as_str() == verified.as_str()))
}

/// True when the account is in use.
pub(super) fn is_active(tx: &WriteTransaction, id: UserId) -> Result<bool, Error> {
    Ok(get(&tx.open_table(USER)?, id)?.is_some_and(|user| user.is_active()))
}

fn is_set_up(meta: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<bool, Error> {
    Ok(meta.get(SET_UP)?.is_some())
}

/// Makes an account inside a writing transaction: looks whether name and address are free and takes them.
pub(super) fn create(tx: &WriteTransaction, new: NewUser, now: Timestamp) -> Result<Created, Error> {
    let mut names = tx.open_table(USER_NAME)?;
    let mut emails = tx.open_table(USER_EMAIL)?;
    if names.get(new.name.as_str().as_bytes())?.is_some() {
        return Ok(Err(NewAccountError::NameTaken));
    }
    if emails.get(new.email.as_str().as_bytes())?.is_some() {
        return Ok(Err(NewAccountError::EmailTaken));
    }
    let id = UserId(next_id(tx, USER, |id| user_key(UserId(id)))?);
    names.insert(new.name.as_str().as_bytes(), user_key(id).as_slice())?;
    emails.insert(new.email.as_str().as_bytes(), user_key(id).as_slice())?;
    if new.role == Role::Administrator {
        tx.open_table(META)?.insert(SET_UP, b"1".as_slice())?;
    }
    let user = User {
        id,
        name: new.name,
        email: new.email,
        password: new.password,
        role: new.role,
        state: State::Active,
        created: now,
        last_login: None,
    };
    put(tx, &user)?;
    Ok(Ok(id))
}

impl Store {
    /// True once there has been an administrator; it never becomes false again.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn is_set_up(&self) -> Result<bool, Error> {
        self.read("looking for an administrator", |tx| is_set_up(&tx.open_table(META)?))
    }

    /// Makes an account.
    ///
    /// # Errors
    /// When the store fails. A taken name or address is an answer, not an error.
    pub(crate) fn create_user(&self, new: NewUser, now: Timestamp) -> Result<Created, Error> {
        self.write("creating a user", move |tx| create(tx, new, now))
    }

    /// Makes the first administrator, the settings chosen with it, and its first session, in one transaction that
    /// finds no administrator.
    ///
    /// # Errors
    /// When the store fails. That somebody was faster is an answer: [`NewAccountError::AlreadySetUp`].
    pub(crate) fn set_up(
        &self,
        new: NewUser,
        chosen: Settings,
        session: Option<SessionHash>,
        now: Timestamp,
    ) -> Result<Created, Error> {
        self.write("setting up", move |tx| {
            if is_set_up(&tx.open_table(META)?)? {
                return Ok(Err(NewAccountError::AlreadySetUp));
            }
            let created = create(tx, new, now)?;
            if let Ok(id) = created {
                settings::put(tx, &chosen)?;
                if let Some(hash) = session {
                    change(tx, id, |user| user.last_login = Some(now))?;
                    sessions::start(tx, id, &hash, now)?;
                }
            }
            Ok(created)
        })
    }

    /// A user by number.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        self.read("reading a user", |tx| read(tx, id))
    }

    /// A user by name or e-mail address, already in lower case.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn user_by_login(&self, login: &str) -> Result<Option<User>, Error> {
        self.read("finding a user", |tx| {
            let index = if login.contains('@') { USER_EMAIL } else { USER_NAME };
            let found = match tx.open_table(index)?.get(login.as_bytes())? {
                Some(raw) => UserId(number("user index", raw.value())?),
                None => return Ok(None),
            };
            read(tx, found)
        })
    }

    /// All users in the order of their making, also those of whom the name is left.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn users(&self) -> Result<Vec<User>, Error> {
        self.read("listing users", |tx| {
            let table = tx.open_table(USER)?;
            let mut users = Vec::new();
            for row in table.iter()? {
                let (key, raw) = row?;
                users.push(from_row(key.value(), raw.value())?);
            }
            Ok(users)
        })
    }

    /// Signs a user in: a new session, the time of it, and a stronger hash of the same password if there is one.
    /// `ended` is the session the browser had before; it is over.
    ///
    /// False when the password is no longer the one that was `verified`, or the account not in use; nothing is written
    /// then.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn sign_in(
        &self,
        id: UserId,
        verified: PasswordHash,
        stronger: Option<PasswordHash>,
        session: SessionHash,
        ended: Option<SessionHash>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write("signing in", move |tx| {
            if !has_password(tx, id, &verified)? {
                return Ok(false);
            }
            change(tx, id, |user| {
                user.last_login = Some(now);
                if let Some(stronger) = stronger {
                    user.password = stronger;
                }
            })?;
            if let Some(ended) = ended {
                sessions::end(tx, &ended)?;
            }
            sessions::start(tx, id, &session, now)?;
            Ok(true)
        })
    }

    /// Gives a user a new password and ends every session and unused reset link; `session` is begun anew. No browser or
    /// network is known any more: one of them may have been a thief's.
    ///
    /// False when there is no such user, or the password is no longer the one that was `verified`; nothing is written
    /// then. Whoever need not know the old password gives `None`.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn change_password(
        &self,
        id: UserId,
        verified: Option<PasswordHash>,
        password: PasswordHash,
        session: Option<SessionHash>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write("changing a password", move |tx| {
            if let Some(verified) = verified
                && !has_password(tx, id, &verified)?
            {
                return Ok(false);
            }
            let found = change(tx, id, |user| user.password = password)?.is_some();
            if found {
                sessions::end_all(tx, id)?;
                one_time::drop_resets(tx, id)?;
                devices::forget_all(tx, id)?;
                if let Some(hash) = session {
                    sessions::start(tx, id, &hash, now)?;
                }
            }
            Ok(found)
        })
    }

    /// Gives a user another e-mail address. `Some(false)` when it is taken by somebody else, `None` when there is no
    /// such user or the password is no longer the one that was `verified`; nothing is written then.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn change_email(
        &self,
        id: UserId,
        verified: Option<PasswordHash>,
        email: Email,
    ) -> Result<Option<bool>, Error> {
        self.write("changing an e-mail address", move |tx| {
            if let Some(verified) = verified
                && !has_password(tx, id, &verified)?
            {
                return Ok(None);
            }
            let mut emails = tx.open_table(USER_EMAIL)?;
            let holder = match emails.get(email.as_str().as_bytes())? {
                Some(raw) => Some(UserId(number("user_email", raw.value())?)),
                None => None,
            };
            if holder.is_some_and(|holder| holder != id) {
                return Ok(Some(false));
            }
            let Some(old) = change(tx, id, |user| std::mem::replace(&mut user.email, email.clone()))? else {
                return Ok(None);
            };
            emails.remove(old.as_str().as_bytes())?;
            emails.insert(email.as_str().as_bytes(), user_key(id).as_slice())?;
            Ok(Some(true))
        })
    }
}

#[cfg(test)]
mod tests;
