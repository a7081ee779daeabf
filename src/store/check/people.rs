//! Users, their names and addresses, their sessions and one-time links.

use super::{Examiner, Flaw, Rows, damage, leftover};
use crate::store::record::{self, OneTimeRecord, Record, SessionRecord, UserRecord};
use crate::store::tables::{ONE_TIME, SESSION, SESSION_USER, USER, USER_EMAIL, USER_NAME, number, session_user_key};
use crate::user::UserId;

impl Examiner<'_> {
    pub(super) fn people(&mut self) -> Result<(), Flaw> {
        let (users, names, emails) = (self.open(USER)?, self.open(USER_NAME)?, self.open(USER_EMAIL)?);
        let last_id = self.last_id()?;
        self.each(&users, |key, raw| {
            let record: UserRecord = record::unseal(key, raw)?;
            if number("user", key)? > last_id {
                return Err(damage("user", key, "a number that was never given out"));
            }
            leads_to(&names, "user_name", record.name.as_bytes(), key)?;
            leads_to(&emails, "user_email", record.email.as_bytes(), key)
        })?;
        self.each(&names, |name, id| comes_from(&users, "user_name", name, id, |user| user.name))?;
        self.each(&emails, |email, id| comes_from(&users, "user_email", email, id, |user| user.email))?;
        self.sessions(&users)
    }

    fn sessions(&mut self, users: &Rows) -> Result<(), Flaw> {
        let (sessions, of_users) = (self.open(SESSION)?, self.open(SESSION_USER)?);
        self.each(&sessions, |key, raw| {
            let record: SessionRecord = record::unseal(key, raw)?;
            exists(users, SessionRecord::TABLE, key, record.user)?;
            let Ok(hash) = key.try_into() else { return Err(damage("session", key, "key of a wrong length")) };
            match of_users.get(session_user_key(UserId(record.user), hash).as_slice())? {
                Some(_) => Ok(()),
                None => Err(damage("session", key, "its user does not know of it")),
            }
        })?;
        self.each(&of_users, |key, _| {
            let Some((user, hash)) = key.split_first_chunk::<4>().filter(|(_, hash)| hash.len() == 32) else {
                return Err(damage("session_user", key, "key of a wrong length"));
            };
            // A session that did not read is removed without the row that names its user.
            let Some(raw) = sessions.get(hash)? else { return Err(leftover("session_user", key, "of no session")) };
            let record: SessionRecord = record::unseal(hash, raw.value())?;
            if record.user.to_be_bytes() == *user {
                Ok(())
            } else {
                Err(damage("session_user", key, "of another user"))
            }
        })?;
        let one_time = self.open(ONE_TIME)?;
        self.each(&one_time, |key, raw| {
            let record: OneTimeRecord = record::unseal(key, raw)?;
            exists(users, OneTimeRecord::TABLE, key, record.user)
        })
    }
}

/// A name or address has to lead to the user who bears it.
fn leads_to(index: &Rows, table: &str, text: &[u8], user: &[u8]) -> Result<(), Flaw> {
    match index.get(text)? {
        Some(id) if id.value() == user => Ok(()),
        Some(_) => Err(damage(table, text, "leads to somebody else")),
        None => Err(damage(table, text, "missing")),
    }
}

/// And the user it leads to has to bear it.
fn comes_from(
    users: &Rows,
    table: &str,
    text: &[u8],
    id: &[u8],
    of: impl Fn(UserRecord) -> String,
) -> Result<(), Flaw> {
    let Some(raw) = users.get(id)? else { return Err(damage(table, text, "leads to nobody")) };
    let record: UserRecord = record::unseal(id, raw.value())?;
    if of(record).as_bytes() == text { Ok(()) } else { Err(damage(table, text, "leads to somebody else")) }
}

fn exists(users: &Rows, table: &str, key: &[u8], user: u32) -> Result<(), Flaw> {
    match users.get(user.to_be_bytes().as_slice())? {
        Some(_) => Ok(()),
        None => Err(damage(table, key, "of no user")),
    }
}
