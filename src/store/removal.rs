//! Users who are removed, and what becomes of their links.
//!
//! The row of a removed user stays, with the name alone: it is part of the addresses of links, and whoever got it would
//! get their visitors. Links stay stored under the number of whoever made them, so that no address changes, whoever
//! looks after them. Links that are to go do so in slices, begun here and gone on with by housekeeping; `user_purge` says
//! of whom.

use redb::{ReadableTable, WriteTransaction};

use crate::clock::Timestamp;
use crate::limits::{LINKS_DELETED_PER_COMMIT, PURGE_ROWS_PER_COMMIT};
use crate::link::LinkId;
use crate::password::PasswordHash;
use crate::store::error::{Error, Kind, unless_damaged};
use crate::store::standing::{Ordered, Refused, end_access, is_last_administrator, may_order};
use crate::store::tables::{
    self, KEEPER, LINK, LINK_COUNT, USER, USER_EMAIL, USER_NAME, USER_PURGE, count_of, keeper_key, link_key, link_of,
    number, user_key,
};
use crate::store::{Store, devices, links, redirects, users};
use crate::user::{Email, Estate, Role, State, User, UserId};

/// Who looks after an estate, as the table of keepers has it: the archive is nobody's. `None` when nobody needs to.
fn keeper(estate: Estate) -> Option<Option<UserId>> {
    match estate {
        Estate::Archived => Some(None),
        Estate::Kept(keeper) => Some(Some(keeper)),
        Estate::Deleted => None,
    }
}

/// Writes what becomes of the links of a user of whom the name is left. Where there are none nobody looks after them.
fn settle(tx: &WriteTransaction, user: &User, estate: Estate) -> Result<(), Error> {
    let links = unless_damaged(count_of(&tx.open_table(LINK_COUNT)?, user.id))?;
    let has_links = links.is_none_or(|links| links > 0);
    let estate = if has_links || estate == Estate::Deleted { estate } else { Estate::Archived };
    let mut keepers = tx.open_table(KEEPER)?;
    if let Some(before) = user.state.estate().and_then(keeper) {
        keepers.remove(keeper_key(before, user.id).as_slice())?;
    }
    match keeper(estate) {
        Some(keeper) if has_links => drop(keepers.insert(keeper_key(keeper, user.id).as_slice(), [].as_slice())?),
        Some(_) => {}
        None => drop(tx.open_table(USER_PURGE)?.insert(user_key(user.id).as_slice(), [].as_slice())?),
    }
    users::put(tx, &tombstone(user, estate))
}

/// What is left of a user.
fn tombstone(user: &User, estate: Estate) -> User {
    User {
        email: Email::from_stored(String::new()),
        password: PasswordHash::from_stored(String::new()),
        role: Role::User,
        state: State::Removed(estate),
        created: Timestamp::from_ms(0),
        last_login: None,
        ..user.clone()
    }
}

/// The removed users whose links somebody looks after; of `None` those in the archive.
pub(super) fn kept_by(
    keepers: &impl ReadableTable<&'static [u8], &'static [u8]>,
    keeper: Option<UserId>,
) -> Result<Vec<UserId>, Error> {
    let (from, to) = (keeper_key(keeper, UserId(0)), keeper_key(keeper, UserId(u32::MAX)));
    let mut users = Vec::new();
    for row in keepers.range(from.as_slice()..=to.as_slice())? {
        // What is no number is for `check` to tell of; it must not hide the others.
        users.extend(number("keeper", row?.0.value().get(4..).unwrap_or_default()).ok().map(UserId));
    }
    Ok(users)
}

/// Removes a user; `own` becomes of their own links, `kept` of those that they look after.
fn remove(tx: &WriteTransaction, user: &User, own: Estate, kept: Estate) -> Result<Ordered, Error> {
    if let Estate::Kept(keeper) = own
        && (keeper == user.id || !users::is_active(tx, keeper)?)
    {
        return Ok(Err(Refused::NoKeeper));
    }
    if is_last_administrator(tx, user)? {
        return Ok(Err(Refused::LastAdministrator));
    }
    settle(tx, user, own)?;
    // Their bytes stay in pages that nobody uses until the file is written anew.
    tables::note_remains(tx)?;
    tx.open_table(USER_EMAIL)?.remove(user.email.as_str().as_bytes())?;
    end_access(tx, user.id)?;
    devices::forget_all(tx, user.id)?;
    let owners = kept_by(&tx.open_table(KEEPER)?, Some(user.id))?;
    for id in owners {
        let owner = unless_damaged(users::get(&tx.open_table(USER)?, id))?.flatten();
        if let Some(owner) = owner {
            settle(tx, &owner, kept)?;
        }
    }
    Ok(Ok(()))
}

impl Store {
    /// Removes a user, or decides anew what becomes of the links of one who is removed already. Sessions, address,
    /// password and one-time links are gone with it; the links that they looked after go the same way as their own. `by`
    /// is an administrator, or nobody on the command line.
    ///
    /// Links that are being deleted stay so.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn remove_user(&self, by: Option<UserId>, id: UserId, estate: Estate) -> Result<Ordered, Error> {
        self.write("removing a user", move |tx| {
            if !may_order(tx, by)? {
                return Ok(Err(Refused::NotAllowed));
            }
            let user = users::get(&tx.open_table(USER)?, id)?;
            match user {
                Some(user) if user.state != State::Removed(Estate::Deleted) => remove(tx, &user, estate, estate),
                _ => Ok(Err(Refused::NoAccount)),
            }
        })
    }

    /// Removes a user who asks for it and has given the password that was `verified`. They decide on their own links;
    /// those that were handed to them are not theirs to delete and go to the archive.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn delete_account(&self, id: UserId, verified: PasswordHash, own: Estate) -> Result<Ordered, Error> {
        self.write("deleting an account", move |tx| {
            let user = users::get(&tx.open_table(USER)?, id)?;
            match user {
                Some(user) if users::has_password(tx, id, &verified)? => remove(tx, &user, own, Estate::Archived),
                _ => Ok(Err(Refused::NoAccount)),
            }
        })
    }

    /// Gives the name of a removed user free. Their number is never given out again. What is left of their addresses goes
    /// first, in slices; whoever is cut off there finds the name still taken, and goes on with the rest.
    ///
    /// # Errors
    /// When the store fails; the name stays taken then.
    pub(crate) fn release_name(&self, id: UserId) -> Result<Ordered, Error> {
        loop {
            let released = self.write("releasing a name", move |tx| release_slice(tx, id));
            self.hot.forget_all();
            match released? {
                Ok(false) => {}
                Ok(true) => return Ok(Ok(())),
                Err(why) => return Ok(Err(why)),
            }
        }
    }

    /// Deletes one slice of the links of removed users that are to go. True while more are left.
    ///
    /// # Errors
    /// When the store fails; nothing of the slice is deleted then. A mark that does not read, or whose user does not, is
    /// an error when nothing else is left.
    pub(crate) fn delete_estates(&self) -> Result<bool, Error> {
        let marks = self.read("looking for links to delete", |tx| {
            let leaving = tx.open_table(USER_PURGE)?;
            leaving.iter()?.map(|row| Ok(row?.0.value().to_vec())).collect::<Result<Vec<_>, Error>>()
        })?;
        let mut passed_over = None;
        for mark in marks {
            let deleted = number("user_purge", &mark)
                .and_then(|owner| self.write_sparingly("deleting links", move |tx| delete_slice(tx, UserId(owner))));
            match deleted {
                Err(error) if error.kind == Kind::Damaged => passed_over = passed_over.or(Some(error)),
                deleted => {
                    // Which addresses they had is not asked: it happens seldom, and each is read once more.
                    self.hot.forget_all();
                    return deleted.map(|()| true);
                }
            }
        }
        passed_over.map_or(Ok(false), Err)
    }
}

/// Removes one slice of what stands under a name, and with the last of it who had it. True when the name is free.
fn release_slice(tx: &WriteTransaction, id: UserId) -> Result<Result<bool, Refused>, Error> {
    let Some(user) = users::get(&tx.open_table(USER)?, id)?.filter(User::is_removed) else {
        return Ok(Err(Refused::NoAccount));
    };
    if !links_of(tx, id, 1)?.is_empty() || tx.open_table(USER_PURGE)?.get(user_key(id).as_slice())?.is_some() {
        return Ok(Err(Refused::HasLinks));
    }
    if !redirects::clear(tx, id, &user.name, PURGE_ROWS_PER_COMMIT)? {
        return Ok(Ok(false));
    }
    tx.open_table(USER)?.remove(user_key(id).as_slice())?;
    tx.open_table(USER_NAME)?.remove(user.name.as_str().as_bytes())?;
    tx.open_table(LINK_COUNT)?.remove(user_key(id).as_slice())?;
    if let Some(keeper) = user.state.estate().and_then(keeper) {
        tx.open_table(KEEPER)?.remove(keeper_key(keeper, id).as_slice())?;
    }
    Ok(Ok(true))
}

/// The first of a user's links.
fn links_of(tx: &WriteTransaction, owner: UserId, count: usize) -> Result<Vec<LinkId>, Error> {
    let (from, to) = (link_key(owner, LinkId(0)), link_key(owner, LinkId(u32::MAX)));
    let mut first = Vec::new();
    for row in tx.open_table(LINK)?.range(from.as_slice()..=to.as_slice())?.take(count) {
        first.push(link_of(row?.0.value())?);
    }
    Ok(first)
}

/// Deletes one slice of a user's links, and with the last of them the mark that they are to go.
fn delete_slice(tx: &WriteTransaction, owner: UserId) -> Result<(), Error> {
    let user = users::get(&tx.open_table(USER)?, owner)?;
    // A mark of somebody who is there must not cost their links.
    if let Some(user) = user.filter(|user| user.state == State::Removed(Estate::Deleted)) {
        let slice = links_of(tx, owner, LINKS_DELETED_PER_COMMIT)?;
        for id in &slice {
            let link = unless_damaged(links::get(&tx.open_table(LINK)?, owner, *id))?.flatten();
            if let Some(link) = link {
                redirects::remove(tx, &user.name, &link)?;
            }
            links::remove(tx, owner, *id)?;
        }
        // With the links gone, what is left under the name belongs to one that did not read.
        if slice.len() == LINKS_DELETED_PER_COMMIT || !redirects::clear(tx, owner, &user.name, PURGE_ROWS_PER_COMMIT)? {
            return Ok(());
        }
    }
    tx.open_table(USER_PURGE)?.remove(user_key(owner).as_slice())?;
    Ok(())
}

#[cfg(test)]
mod tests;
