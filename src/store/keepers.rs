//! Links of removed users: who may see and change them.

use redb::ReadTransaction;

use crate::link::{Link, LinkId};
use crate::store::Store;
use crate::store::error::{Error, unless_damaged};
use crate::store::removal::kept_by;
use crate::store::tables::{KEEPER, LINK, USER_NAME, keeper_key, number};
use crate::store::{links, users};
use crate::user::{Role, User, UserId, UserName};

/// A removed user whose links somebody looks after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) owner: UserId,
    pub(crate) name: UserName,
    pub(crate) links: u32,
}

/// Whose links a user looks after besides their own; administrators those in the archive, too.
fn owners(tx: &ReadTransaction, user: &User) -> Result<Vec<UserId>, Error> {
    let keepers = tx.open_table(KEEPER)?;
    let mut owners = kept_by(&keepers, Some(user.id))?;
    if user.role == Role::Administrator {
        owners.extend(kept_by(&keepers, None)?);
    }
    Ok(owners)
}

impl Store {
    /// The removed users whose links a user looks after, so many at most, if there are any links; administrators look
    /// after the archive.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn kept_by(&self, user: &User, count_max: usize) -> Result<Vec<Kept>, Error> {
        self.read("looking for links of removed users", |tx| {
            let mut kept = Vec::new();
            for owner in owners(tx, user)? {
                if kept.len() == count_max {
                    break;
                }
                let links = links::total(tx, owner)?;
                let owner = if links > 0 { unless_damaged(users::read(tx, owner))?.flatten() } else { None };
                kept.extend(owner.map(|owner| Kept { owner: owner.id, name: owner.name, links }));
            }
            kept.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
            Ok(kept)
        })
    }

    /// The one of them who has this name, also where no link is left.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn kept_of(&self, user: &User, name: &str) -> Result<Option<Kept>, Error> {
        self.read("looking for links of a removed user", |tx| {
            let owner = match tx.open_table(USER_NAME)?.get(name.as_bytes())? {
                Some(raw) => UserId(number("user_name", raw.value())?),
                None => return Ok(None),
            };
            let keepers = tx.open_table(KEEPER)?;
            let is_kept_by = |keeper| Ok::<_, Error>(keepers.get(keeper_key(keeper, owner).as_slice())?.is_some());
            let is_kept = is_kept_by(Some(user.id))? || (user.role == Role::Administrator && is_kept_by(None)?);
            if !is_kept {
                return Ok(None);
            }
            let links = links::total(tx, owner)?;
            Ok(users::read(tx, owner)?.map(|user| Kept { owner, name: user.name, links }))
        })
    }

    /// The number of links that are decided on with the removal of a user besides their own: those they look after. The
    /// archive stays whoever goes.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn kept_link_count(&self, user: UserId) -> Result<u32, Error> {
        self.read("counting links", |tx| {
            let owners = kept_by(&tx.open_table(KEEPER)?, Some(user))?;
            owners.into_iter().try_fold(0_u32, |sum, owner| Ok(sum.saturating_add(links::total(tx, owner)?)))
        })
    }

    /// A link that a user may see and change, and the name in its address: one of their own, else one that they look
    /// after. Any other is `None` like one that does not exist.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn link_for(&self, user: &User, id: LinkId) -> Result<Option<(Link, UserName)>, Error> {
        self.read("reading a link", |tx| {
            let table = tx.open_table(LINK)?;
            if let Some(link) = links::get(&table, user.id, id)? {
                return Ok(Some((link, user.name.clone())));
            }
            for owner in owners(tx, user)? {
                if let Some(link) = links::get(&table, owner, id)? {
                    return Ok(users::read(tx, owner)?.map(|owner| (link, owner.name)));
                }
            }
            Ok(None)
        })
    }
}
