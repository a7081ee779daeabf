//! Users, their names and addresses, their sessions and one-time links.

use super::{Examiner, Flaw, Rows, damage, leftover};
use crate::store::devices::Kind;
use crate::store::one_time::Purpose;
use crate::store::record::{self, DeviceRecord, OneTimeRecord, Record, SessionRecord};
use crate::store::standing::can_administer;
use crate::store::tables::{
    DEVICE, KEEPER, LINK_COUNT, META, ONE_TIME, SESSION, SESSION_USER, USER, USER_EMAIL, USER_NAME, USER_PURGE,
    keeper_key, session_user_key, user_key,
};
use crate::store::users;
use crate::user::{Estate, User, UserId};

impl Examiner<'_> {
    pub(super) fn people(&mut self) -> Result<(), Flaw> {
        let (users, names, emails) = (self.open(USER)?, self.open(USER_NAME)?, self.open(USER_EMAIL)?);
        let last_id = self.last_id()?;
        let estates =
            Estates { keepers: self.open(KEEPER)?, leaving: self.open(USER_PURGE)?, counts: self.open(LINK_COUNT)? };
        let mut administrators = 0_u64;
        self.each(&users, |key, raw| {
            let user = users::from_row(key, raw)?;
            if user.id.0 > last_id {
                return Err(damage("user", key, "a number that was never given out"));
            }
            administrators += u64::from(can_administer(&user));
            leads_to(&names, "user_name", user.name.as_str().as_bytes(), key)?;
            match user.state.estate() {
                None => leads_to(&emails, "user_email", user.email.as_str().as_bytes(), key),
                Some(estate) => estates.tombstone(&users, &user, estate),
            }
        })?;
        self.each(&names, |name, id| comes_from(&users, "user_name", name, id, |user| user.name.as_str().to_owned()))?;
        self.each(&emails, |email, id| {
            comes_from(&users, "user_email", email, id, |user| user.email.as_str().to_owned())
        })?;
        self.estates(&users, &estates)?;
        let outcome = self.administrators(administrators);
        self.note(outcome).map_err(Flaw::Fatal)?;
        self.sessions(&users)
    }

    /// What is said of the links of removed users is said of removed users.
    fn estates(&mut self, users: &Rows, estates: &Estates) -> Result<(), Flaw> {
        self.each(&estates.keepers, |key, raw| {
            is_empty("keeper", key, raw)?;
            let Some((keeper, id)) = key.split_first_chunk::<4>().filter(|(_, id)| id.len() == 4) else {
                return Err(damage("keeper", key, "key of a wrong length"));
            };
            let keeper = Some(UserId(u32::from_be_bytes(*keeper))).filter(|keeper| keeper.0 > 0);
            let expected = keeper.map_or(Estate::Archived, Estate::Kept);
            match user(users, id)?.and_then(|user| user.state.estate()) {
                Some(estate) if estate == expected => Ok(()),
                _ => Err(damage("keeper", key, "of links that others look after")),
            }
        })?;
        self.each(&estates.leaving, |key, raw| {
            is_empty("user_purge", key, raw)?;
            match user(users, key)?.and_then(|user| user.state.estate()) {
                Some(Estate::Deleted) => Ok(()),
                _ => Err(damage("user_purge", key, "of links that stay")),
            }
        })
    }

    /// A site that was set up has somebody who can administer it.
    fn administrators(&self, count: u64) -> Result<(), Flaw> {
        let is_set_up = self.open(META)?.get(b"set_up".as_slice())?.is_some();
        if is_set_up && count == 0 { Err(damage("user", b"", "no administrator can log in")) } else { Ok(()) }
    }

    fn sessions(&mut self, users: &Rows) -> Result<(), Flaw> {
        let (sessions, of_users) = (self.open(SESSION)?, self.open(SESSION_USER)?);
        self.each(&sessions, |key, raw| {
            let record: SessionRecord = record::unseal(key, raw)?;
            is_in_use(users, SessionRecord::TABLE, key, record.user)?;
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
        self.devices(users)?;
        let one_time = self.open(ONE_TIME)?;
        self.each(&one_time, |key, raw| {
            let record: OneTimeRecord = record::unseal(key, raw)?;
            match Purpose::ALL.into_iter().find(|purpose| *purpose as u8 == record.purpose) {
                Some(Purpose::NewPassword) => is_in_use(users, OneTimeRecord::TABLE, key, record.user)?,
                Some(Purpose::Invitation) if record.user == 0 => {}
                _ => return Err(damage(OneTimeRecord::TABLE, key, "good for nothing that is known")),
            }
            // The command line hands rights out in nobody's name.
            match user(users, &record.by.to_be_bytes())? {
                Some(by) if can_administer(&by) => Ok(()),
                None if record.by == 0 => Ok(()),
                _ => Err(damage(OneTimeRecord::TABLE, key, "made by somebody who is no administrator")),
            }
        })
    }
}

/// Where people have logged in. Each kind has its bound, so that guests make room for guests.
impl Examiner<'_> {
    fn devices(&mut self, users: &Rows) -> Result<(), Flaw> {
        let devices = self.open(DEVICE)?;
        let mut counted = (Vec::new(), [0, 0]);
        self.each(&devices, |key, raw| {
            let Some((user, _)) = key.split_first_chunk::<4>().filter(|(_, mark)| mark.len() == 32) else {
                return Err(damage("device", key, "key of a wrong length"));
            };
            let record: DeviceRecord = record::unseal(key, raw)?;
            if self::user(users, user)?.is_none_or(|user| user.is_removed()) {
                return Err(damage("device", key, "of no account"));
            }
            let Some(kind) = Kind::from_code(record.kind) else { return Err(damage("device", key, "of no kind")) };
            if counted.0 != user {
                counted = (user.to_vec(), [0, 0]);
            }
            let count = &mut counted.1[usize::from(kind == Kind::Network)];
            *count += 1;
            if *count > kind.max() { Err(damage("device", key, "one too many")) } else { Ok(()) }
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
fn comes_from(users: &Rows, table: &str, text: &[u8], id: &[u8], of: impl Fn(User) -> String) -> Result<(), Flaw> {
    let Some(user) = user(users, id)? else { return Err(damage(table, text, "leads to nobody")) };
    if of(user).as_bytes() == text { Ok(()) } else { Err(damage(table, text, "leads to somebody else")) }
}

/// A row of which the key says everything.
fn is_empty(table: &str, key: &[u8], raw: &[u8]) -> Result<(), Flaw> {
    if raw.is_empty() { Ok(()) } else { Err(damage(table, key, "has a value")) }
}

/// Only somebody who can log in has sessions and reset links.
fn is_in_use(users: &Rows, table: &str, key: &[u8], id: u32) -> Result<(), Flaw> {
    match user(users, &id.to_be_bytes())? {
        Some(user) if user.is_active() => Ok(()),
        Some(_) => Err(damage(table, key, "of an account that is not in use")),
        None => Err(damage(table, key, "of no user")),
    }
}

fn user(users: &Rows, key: &[u8]) -> Result<Option<User>, Flaw> {
    Ok(users.get(key)?.map(|raw| users::from_row(key, raw.value())).transpose()?)
}

/// The tables that say what becomes of the links of removed users.
struct Estates {
    keepers: Rows,
    leaving: Rows,
    counts: Rows,
}

impl Estates {
    /// Of a removed user the name is left, and what becomes of the links.
    fn tombstone(&self, users: &Rows, of: &User, estate: Estate) -> Result<(), Flaw> {
        let key = user_key(of.id);
        if !of.email.as_str().is_empty() || !of.password.as_str().is_empty() || of.last_login.is_some() {
            return Err(damage("user", &key, "removed, but more than the name is left"));
        }
        let has_links = self.counts.get(key.as_slice())?.is_some_and(|count| count.value() != [0; 4]);
        let keeper = match estate {
            Estate::Archived if !has_links => return Ok(()),
            Estate::Archived => None,
            Estate::Kept(keeper) => Some(keeper),
            Estate::Deleted => {
                if has_links && self.leaving.get(key.as_slice())?.is_none() {
                    return Err(damage("user", &key, "links are left that should be deleted"));
                }
                return Ok(());
            }
        };
        if self.keepers.get(keeper_key(keeper, of.id).as_slice())?.is_none() {
            return Err(damage("user", &key, "nobody knows who looks after the links"));
        }
        match keeper {
            Some(keeper) if user(users, &user_key(keeper))?.is_none_or(|keeper| keeper.is_removed()) => {
                Err(damage("user", &key, "nobody looks after the links"))
            }
            _ => Ok(()),
        }
    }
}
