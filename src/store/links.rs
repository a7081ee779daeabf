//! Links: made, listed, changed, removed.

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use crate::clock::Timestamp;
use crate::limits::{ALIASES_PER_LINK_MAX, SLUG_TRIES_MAX};
use crate::link::{Link, LinkChange, LinkId, NewLink, Title};
use crate::slug::Slug;
use crate::store::error::{Error, Kind};
use crate::store::ledger::overall;
use crate::store::record::{self, LinkRecord};
use crate::store::redirects::Standing;
use crate::store::tables::{CLICK_PURGE, LINK, LINK_COUNT, META, count_of, link_key, link_of, next_id, user_key};
use crate::store::{Store, link_past, redirects, settings, users};
use crate::target::Target;
use crate::user::{UserId, UserName};

/// The slug is in use by another link of the same user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken;

/// Why a link does not get another slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRenamed {
    /// It is in use by another link of the same user.
    Taken,
    /// The link has [`ALIASES_PER_LINK_MAX`] earlier ones.
    TooOften,
}

/// Why no link was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotMade {
    Taken,
    /// The user has as many links as the settings allow, this many.
    Full(u32),
}

fn to_record(link: &Link) -> LinkRecord {
    LinkRecord {
        slug: link.slug.as_str().to_owned(),
        target: link.about.target.as_str().to_owned(),
        title: link.about.title.as_str().to_owned(),
        enabled: link.about.enabled,
        expires_ms: link.about.expires.map(Timestamp::ms),
        created_ms: link.created.ms(),
        updated_ms: link.updated.ms(),
        aliases: link.aliases.iter().map(|alias| alias.as_str().to_owned()).collect(),
    }
}

/// Reads a row.
pub(super) fn from_row(owner: UserId, key: &[u8], raw: &[u8]) -> Result<Link, Error> {
    let record: LinkRecord = record::unseal(key, raw)?;
    let slug = |text: &String| Slug::parse(text).map_err(|why| Error::damaged("link", key, why));
    let target = Target::from_stored(record.target).ok_or_else(|| Error::damaged("link", key, "not a target"))?;
    Ok(Link {
        id: link_of(key)?,
        owner,
        slug: slug(&record.slug)?,
        aliases: record.aliases.iter().map(slug).collect::<Result<_, _>>()?,
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

/// Writes all rows of a link.
fn put(tx: &WriteTransaction, name: &UserName, link: &Link) -> Result<(), Error> {
    let key = link_key(link.owner, link.id);
    let sealed = record::seal(&key, &to_record(link))?;
    tx.open_table(LINK)?.insert(key.as_slice(), sealed.as_slice())?;
    redirects::put(tx, name, link)
}

/// The bound on an owner's links, if it is reached.
fn full(tx: &WriteTransaction, owner: UserId) -> Result<Option<u32>, Error> {
    let Some(most) = settings::of(&tx.open_table(META)?)?.links_per_user else { return Ok(None) };
    let links = count_of(&tx.open_table(LINK_COUNT)?, owner)?;
    Ok((links >= most).then_some(most))
}

/// Changes the number of an owner's links by one, up or down.
fn count(tx: &WriteTransaction, owner: UserId, step: i64) -> Result<(), Error> {
    let mut counts = tx.open_table(LINK_COUNT)?;
    let after = u32::try_from(i64::from(count_of(&counts, owner)?) + step).unwrap_or(0);
    counts.insert(user_key(owner).as_slice(), after.to_be_bytes().as_slice())?;
    Ok(())
}

/// The slug asked for if it is free, or a free one of our own choosing.
fn free_slug(
    tx: &WriteTransaction,
    owner: UserId,
    name: &UserName,
    wanted: Option<Slug>,
) -> Result<Result<Slug, Taken>, Error> {
    if let Some(slug) = wanted {
        let is_taken = redirects::standing(tx, owner, name, &slug)? == Standing::Taken;
        return Ok(if is_taken { Err(Taken) } else { Ok(slug) });
    }
    for _ in 0..SLUG_TRIES_MAX {
        let slug = Slug::random()?;
        if redirects::standing(tx, owner, name, &slug)? == Standing::Unused {
            return Ok(Ok(slug));
        }
    }
    Err(Error::new(Kind::Unavailable, "no free slug found"))
}

/// Gives a link another slug; it stays where it was, too. One of its earlier slugs becomes the present one again.
fn rename(
    tx: &WriteTransaction,
    name: &UserName,
    link: &mut Link,
    slug: Slug,
) -> Result<Result<(), NotRenamed>, Error> {
    match link.aliases.iter().position(|alias| *alias == slug) {
        Some(at) => drop(link.aliases.remove(at)),
        None if redirects::standing(tx, link.owner, name, &slug)? == Standing::Taken => {
            return Ok(Err(NotRenamed::Taken));
        }
        None if link.aliases.len() == ALIASES_PER_LINK_MAX => return Ok(Err(NotRenamed::TooOften)),
        None => {}
    }
    link.aliases.push(std::mem::replace(&mut link.slug, slug));
    Ok(Ok(()))
}

/// Removes a link and its numbers, but not what stands under its addresses; its days and single clicks go later.
pub(super) fn remove(tx: &WriteTransaction, owner: UserId, id: LinkId) -> Result<(), Error> {
    let key = link_key(owner, id);
    tx.open_table(LINK)?.remove(key.as_slice())?;
    count(tx, owner, -1)?;
    overall::forget_link(tx, owner, id)?;
    link_past::forget(tx, owner, id)?;
    tx.open_table(CLICK_PURGE)?.insert(key.as_slice(), [].as_slice())?;
    Ok(())
}

/// The number of an owner's links.
pub(super) fn total(tx: &ReadTransaction, owner: UserId) -> Result<u32, Error> {
    count_of(&tx.open_table(LINK_COUNT)?, owner)
}

impl Store {
    /// Makes a link under `name`. Whether the slug is free, and whether the user may have one more, is decided in the
    /// transaction that makes it.
    ///
    /// # Errors
    /// When the store fails. That it may not be is an answer: [`NotMade`].
    pub(crate) fn create_link(
        &self,
        owner: UserId,
        name: UserName,
        new: NewLink,
        now: Timestamp,
    ) -> Result<Result<Link, NotMade>, Error> {
        let owner_name = name.clone();
        let made = self.write("creating a link", move |tx| {
            if !users::is_active(tx, owner)? {
                return Err(Error::new(Kind::Unavailable, "the account is not in use any more"));
            }
            if let Some(most) = full(tx, owner)? {
                return Ok(Err(NotMade::Full(most)));
            }
            let Ok(slug) = free_slug(tx, owner, &name, new.slug)? else { return Ok(Err(NotMade::Taken)) };
            let id = LinkId(next_id(tx, LINK, |id| link_key(owner, LinkId(id)))?);
            let link = Link { id, owner, slug, about: new.change, created: now, updated: now, aliases: Vec::new() };
            put(tx, &name, &link)?;
            count(tx, owner, 1)?;
            Ok(Ok(link))
        });
        // There may have been one before it.
        self.forget_links(&owner_name, &made, |made| made.as_ref().ok().into_iter());
        made
    }

    /// A link of this owner; another's is `None` like one that does not exist.
    ///
    /// # Errors
    /// When the store fails.
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

    /// Changes a link, its slug too when `slug` differs: it is found under its earlier one all the same. `None` when the
    /// owner has no such link.
    ///
    /// # Errors
    /// When the store fails. That it cannot have the slug is an answer: [`NotRenamed`]; nothing is changed then.
    pub(crate) fn change_link(
        &self,
        owner: UserId,
        name: UserName,
        id: LinkId,
        slug: Slug,
        about: LinkChange,
        now: Timestamp,
    ) -> Result<Option<Result<Link, NotRenamed>>, Error> {
        let owner_name = name.clone();
        let changed = self.write("changing a link", move |tx| {
            let Some(mut link) = get(&tx.open_table(LINK)?, owner, id)? else { return Ok(None) };
            if slug != link.slug
                && let Err(why) = rename(tx, &name, &mut link, slug)?
            {
                return Ok(Some(Err(why)));
            }
            link.updated = now.max(link.updated);
            if about.target != link.about.target {
                link_past::note(tx, &link, link.updated)?;
            }
            link.about = about;
            put(tx, &name, &link)?;
            Ok(Some(Ok(link)))
        });
        self.forget_links(&owner_name, &changed, |changed| changed.iter().flatten());
        changed
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
        self.forget_links(&owner_name, &switched, |links| links.iter());
        switched
    }

    /// Gives up one of a link's earlier slugs: it leads nowhere then. `None` when the owner has no such link, or the link no
    /// such slug.
    ///
    /// # Errors
    /// When the store fails; it stays then.
    pub(crate) fn give_up_alias(
        &self,
        owner: UserId,
        name: UserName,
        id: LinkId,
        slug: Slug,
    ) -> Result<Option<Link>, Error> {
        let path = redirects::path(&name, &slug);
        let given_up = self.write("giving up an address", move |tx| {
            let Some(mut link) = get(&tx.open_table(LINK)?, owner, id)? else { return Ok(None) };
            let Some(at) = link.aliases.iter().position(|alias| *alias == slug) else { return Ok(None) };
            link.aliases.remove(at);
            put(tx, &name, &link)?;
            redirects::bury(tx, &name, &link, &slug)?;
            Ok(Some(link))
        });
        match given_up {
            Ok(_) => self.hot.forget(&path),
            Err(_) => self.hot.forget_all(),
        }
        given_up
    }

    /// Removes a link, as [`Store::delete_links`] does several. `None` when the owner has no such link.
    ///
    /// # Errors
    /// When the store fails; the link stays then.
    pub(crate) fn delete_link(&self, owner: UserId, name: UserName, id: LinkId) -> Result<Option<Link>, Error> {
        Ok(self.delete_links(owner, name, vec![id])?.pop())
    }

    /// Removes links with their numbers, and tells which: those of this owner. Their visitors are told that they are gone,
    /// and nobody else gets their addresses.
    ///
    /// # Errors
    /// When the store fails; all stay then.
    pub(crate) fn delete_links(&self, owner: UserId, name: UserName, ids: Vec<LinkId>) -> Result<Vec<Link>, Error> {
        let owner_name = name.clone();
        let deleted = self.write("deleting links", move |tx| {
            let mut deleted = Vec::new();
            for id in ids {
                let Some(link) = get(&tx.open_table(LINK)?, owner, id)? else { continue };
                remove(tx, owner, id)?;
                link.slugs().try_for_each(|slug| redirects::bury(tx, &name, &link, slug))?;
                deleted.push(link);
            }
            Ok(deleted)
        });
        self.forget_links(&owner_name, &deleted, |links| links.iter());
        deleted
    }

    /// Has nobody sent where a link led before a change. To be called before anybody is told of it.
    fn forget_links<'a, T, L: Iterator<Item = &'a Link>>(
        &self,
        name: &UserName,
        outcome: &'a Result<T, Error>,
        links: impl FnOnce(&'a T) -> L,
    ) {
        match outcome {
            Ok(changed) => {
                links(changed).flat_map(Link::slugs).for_each(|slug| self.hot.forget(&redirects::path(name, slug)))
            }
            // Whether it is in the file is not certain; what is remembered may be untrue.
            Err(_) => self.hot.forget_all(),
        }
    }
}

#[cfg(test)]
mod tests;
