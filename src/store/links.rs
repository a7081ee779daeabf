//! Links: made, listed, changed, removed.

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use crate::clock::Timestamp;
use crate::limits::SLUG_TRIES_MAX;
use crate::link::{Link, LinkChange, LinkId, NewLink, Title};
use crate::slug::Slug;
use crate::store::error::{Error, Kind};
use crate::store::ledger::overall;
use crate::store::record::{self, LinkRecord};
use crate::store::tables::{CLICK_PURGE, LINK, LINK_COUNT, link_key, link_of, next_id, number, user_key};
use crate::store::{Store, redirects, users};
use crate::target::Target;
use crate::user::{UserId, UserName};

/// The slug is in use by another link of the same user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken;

fn to_record(link: &Link) -> LinkRecord {
    LinkRecord {
        slug: link.slug.as_str().to_owned(),
        target: link.about.target.as_str().to_owned(),
        title: link.about.title.as_str().to_owned(),
        enabled: link.about.enabled,
        expires_ms: link.about.expires.map(Timestamp::ms),
        created_ms: link.created.ms(),
        updated_ms: link.updated.ms(),
    }
}

/// Reads a row.
pub(super) fn from_row(owner: UserId, key: &[u8], raw: &[u8]) -> Result<Link, Error> {
    let record: LinkRecord = record::unseal(key, raw)?;
    let slug = Slug::parse(&record.slug).map_err(|why| Error::damaged("link", key, why))?;
    let target = Target::from_stored(record.target).ok_or_else(|| Error::damaged("link", key, "not a target"))?;
    Ok(Link {
        id: link_of(key)?,
        owner,
        slug,
        about: LinkChange {
            target,
            title: Title::from_stored(record.title),
            expires: record.expires_ms.map(Timestamp::from_ms),
            enabled: record.enabled,
        },
        created: Timestamp::from_ms(record.created_ms),
        updated: Timestamp::from_ms(record.updated_ms),
    })
}

/// A link by number, in any kind of transaction's table.
pub(super) fn get(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    owner: UserId,
    id: LinkId,
) -> Result<Option<Link>, Error> {
    let key = link_key(owner, id);
    match table.get(key.as_slice())? {
        Some(raw) => Ok(Some(from_row(owner, &key, raw.value())?)),
        None => Ok(None),
    }
}

/// Writes both rows of a link.
fn put(tx: &WriteTransaction, name: &UserName, link: &Link) -> Result<(), Error> {
    let key = link_key(link.owner, link.id);
    let sealed = record::seal(&key, &to_record(link))?;
    tx.open_table(LINK)?.insert(key.as_slice(), sealed.as_slice())?;
    redirects::put(tx, name, link)
}

/// Removes a link and its numbers, but not what stands under its address; its days and single clicks go later.
pub(super) fn remove(tx: &WriteTransaction, owner: UserId, id: LinkId) -> Result<(), Error> {
    let key = link_key(owner, id);
    tx.open_table(LINK)?.remove(key.as_slice())?;
    count(tx, owner, -1)?;
    overall::forget_link(tx, owner, id)?;
    tx.open_table(CLICK_PURGE)?.insert(key.as_slice(), [].as_slice())?;
    Ok(())
}

/// Changes the number of an owner's links by one, up or down.
fn count(tx: &WriteTransaction, owner: UserId, step: i64) -> Result<(), Error> {
    let mut counts = tx.open_table(LINK_COUNT)?;
    let before = match counts.get(user_key(owner).as_slice())? {
        Some(raw) => number("link_count", raw.value())?,
        None => 0,
    };
    let after = u32::try_from(i64::from(before) + step).unwrap_or(0);
    counts.insert(user_key(owner).as_slice(), after.to_be_bytes().as_slice())?;
    Ok(())
}

/// The slug asked for if it is free, or a free one of our own choosing.
fn free_slug(tx: &WriteTransaction, name: &UserName, wanted: Option<Slug>) -> Result<Result<Slug, Taken>, Error> {
    if let Some(slug) = wanted {
        return Ok(if redirects::is_taken(tx, name, &slug)? { Err(Taken) } else { Ok(slug) });
    }
    for _ in 0..SLUG_TRIES_MAX {
        let slug = Slug::random()?;
        if !redirects::is_taken(tx, name, &slug)? {
            return Ok(Ok(slug));
        }
    }
    Err(Error::new(Kind::Unavailable, "no free slug found"))
}

/// The number of an owner's links.
pub(super) fn total(tx: &ReadTransaction, owner: UserId) -> Result<u32, Error> {
    match tx.open_table(LINK_COUNT)?.get(user_key(owner).as_slice())? {
        Some(raw) => number("link_count", raw.value()),
        None => Ok(0),
    }
}

impl Store {
    /// Makes a link under `name`. Whether the slug is free is decided in the transaction that takes it.
    ///
    /// # Errors
    /// When the store fails. A taken slug is an answer: [`Taken`].
    pub(crate) fn create_link(
        &self,
        owner: UserId,
        name: UserName,
        new: NewLink,
        now: Timestamp,
    ) -> Result<Result<Link, Taken>, Error> {
        self.write("creating a link", move |tx| {
            if !users::is_active(tx, owner)? {
                return Err(Error::new(Kind::Unavailable, "the account is not in use any more"));
            }
            let slug = match free_slug(tx, &name, new.slug)? {
                Ok(slug) => slug,
                Err(taken) => return Ok(Err(taken)),
            };
            let id = LinkId(next_id(tx, LINK, |id| link_key(owner, LinkId(id)))?);
            let link = Link { id, owner, slug, about: new.change, created: now, updated: now };
            put(tx, &name, &link)?;
            count(tx, owner, 1)?;
            Ok(Ok(link))
        })
    }

    /// A link of this owner; another's is `None` like one that does not exist.
    ///
    /// # Errors
    /// When the store fails.
    #[cfg(test)]
    pub(crate) fn link(&self, owner: UserId, id: LinkId) -> Result<Option<Link>, Error> {
        self.read("reading a link", |tx| get(&tx.open_table(LINK)?, owner, id))
    }

    /// The number of an owner's links.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn link_count(&self, owner: UserId) -> Result<u32, Error> {
        self.read("counting links", |tx| total(tx, owner))
    }

    /// Changes a link, its slug too when `slug` differs. `None` when the owner has no such link.
    ///
    /// # Errors
    /// When the store fails. A taken slug is an answer: [`Taken`]; nothing is changed then.
    pub(crate) fn change_link(
        &self,
        owner: UserId,
        name: UserName,
        id: LinkId,
        slug: Slug,
        about: LinkChange,
        now: Timestamp,
    ) -> Result<Option<Result<Link, Taken>>, Error> {
        let owner_name = name.clone();
        let changed = self.write("changing a link", move |tx| {
            let Some(old) = get(&tx.open_table(LINK)?, owner, id)? else { return Ok(None) };
            if slug != old.slug {
                if redirects::is_taken(tx, &name, &slug)? {
                    return Ok(Some(Err(Taken)));
                }
                redirects::remove(tx, &name, &old.slug)?;
            }
            let (before, updated) = (old.slug.clone(), now.max(old.updated));
            let link = Link { slug, about, updated, ..old };
            put(tx, &name, &link)?;
            Ok(Some(Ok((before, link))))
        });
        match &changed {
            Ok(Some(Ok((before, link)))) => {
                self.hot.forget(&redirects::path(&owner_name, before));
                self.hot.forget(&redirects::path(&owner_name, &link.slug));
            }
            Ok(_) => {}
            // Whether it is in the file is not certain; what is remembered may be untrue.
            Err(_) => self.hot.forget_all(),
        }
        Ok(changed?.map(|outcome| outcome.map(|(_, link)| link)))
    }

    /// Switches links on or off, and tells which: those of this owner, whether they had to be changed or not.
    ///
    /// # Errors
    /// When the store fails; all stay as they are then.
    pub(crate) fn switch_links(
        &self,
        owner: UserId,
        name: UserName,
        ids: Vec<LinkId>,
        enabled: bool,
        now: Timestamp,
    ) -> Result<Vec<Link>, Error> {
        let owner_name = name.clone();
        let switched = self.write("switching links", move |tx| {
            let mut switched = Vec::new();
            for id in ids {
                let Some(mut link) = get(&tx.open_table(LINK)?, owner, id)? else { continue };
                if link.about.enabled != enabled {
                    (link.about.enabled, link.updated) = (enabled, now.max(link.updated));
                    put(tx, &name, &link)?;
                }
                switched.push(link);
            }
            Ok(switched)
        });
        match &switched {
            Ok(links) => links.iter().for_each(|link| self.hot.forget(&redirects::path(&owner_name, &link.slug))),
            Err(_) => self.hot.forget_all(),
        }
        switched
    }

    /// Removes a link and its numbers; its days and single clicks go later, in slices. `None` when the owner has no such link.
    ///
    /// # Errors
    /// When the store fails; the link stays then.
    pub(crate) fn delete_link(&self, owner: UserId, name: UserName, id: LinkId) -> Result<Option<Link>, Error> {
        let owner_name = name.clone();
        let deleted = self.write("deleting a link", move |tx| {
            let Some(link) = get(&tx.open_table(LINK)?, owner, id)? else { return Ok(None) };
            redirects::remove(tx, &name, &link.slug)?;
            remove(tx, owner, id)?;
            Ok(Some(link))
        });
        match &deleted {
            Ok(Some(link)) => self.hot.forget(&redirects::path(&owner_name, &link.slug)),
            Ok(None) => {}
            Err(_) => self.hot.forget_all(),
        }
        deleted
    }
}

#[cfg(test)]
mod tests;
