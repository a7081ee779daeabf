//! Where a short address leads: one row per slug of a link under its path, so that a redirect is one look-up.
//!
//! A link's earlier slugs have rows like its present one. Where a link has been there is a row without a target: its
//! visitors are told so, and nobody but its owner gets the address.

use std::sync::Arc;

use redb::{ReadableTable, WriteTransaction};

use crate::clock::Timestamp;
use crate::limits::GRAVES_PER_USER_MAX;
use crate::link::{Link, LinkId};
use crate::slug::Slug;
use crate::store::Store;
use crate::store::error::{Error, unless_damaged};
use crate::store::hot::Epoch;
use crate::store::record::{self, RedirectRecord};
use crate::store::tables::{GRAVE_COUNT, REDIRECT, count_of, user_key};
use crate::target::Target;
use crate::user::{UserId, UserName};

/// What a redirect needs to know of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) owner: UserId,
    pub(crate) link: LinkId,
    pub(crate) enabled: bool,
    pub(crate) expires: Option<Timestamp>,
    /// `None` where a link has been.
    pub(crate) target: Option<Target>,
}

/// The key of a short address: its path without the leading slash.
pub(super) fn path(name: &UserName, slug: &Slug) -> String {
    format!("{}/{}", name.as_str(), slug.as_str())
}

/// What stands under every slug of a link.
pub(super) fn to_record(link: &Link) -> RedirectRecord {
    RedirectRecord {
        owner: link.owner.0,
        link: link.id.0,
        enabled: link.about.enabled,
        expires_ms: link.about.expires.map(Timestamp::ms),
        target: Some(link.about.target.as_str().to_owned()),
    }
}

/// Writes a row. True when there was a grave.
fn insert(tx: &WriteTransaction, path: &str, record: &RedirectRecord) -> Result<bool, Error> {
    let sealed = record::seal(path.as_bytes(), record)?;
    let mut table = tx.open_table(REDIRECT)?;
    let before = table.insert(path.as_bytes(), sealed.as_slice())?;
    let before = before.map(|raw| record::unseal::<RedirectRecord>(path.as_bytes(), raw.value()));
    Ok(before.is_some_and(|before| before.is_ok_and(|before| before.target.is_none())))
}

/// Writes the rows of a link.
pub(super) fn put(tx: &WriteTransaction, name: &UserName, link: &Link) -> Result<(), Error> {
    let record = to_record(link);
    for slug in link.slugs() {
        if insert(tx, &path(name, slug), &record)? {
            put_graves(tx, link.owner, graves(tx, link.owner)?.saturating_sub(1))?;
        }
    }
    Ok(())
}

/// Removes the rows of a link, as if it had never been.
pub(super) fn remove(tx: &WriteTransaction, name: &UserName, link: &Link) -> Result<(), Error> {
    let mut table = tx.open_table(REDIRECT)?;
    for slug in link.slugs() {
        table.remove(path(name, slug).as_bytes())?;
    }
    Ok(())
}

/// Removes what stands under the name of somebody who has no links, so many rows at most. True when nothing is left.
pub(super) fn clear(tx: &WriteTransaction, owner: UserId, name: &UserName, count_max: usize) -> Result<bool, Error> {
    let mut table = tx.open_table(REDIRECT)?;
    // `0` comes after `/`.
    let (from, to) = (format!("{}/", name.as_str()), format!("{}0", name.as_str()));
    let mut paths = Vec::new();
    for row in table.range(from.as_bytes()..to.as_bytes())?.take(count_max) {
        paths.push(row?.0.value().to_vec());
    }
    for path in &paths {
        table.remove(path.as_slice())?;
    }
    let is_clear = paths.len() < count_max;
    if is_clear {
        tx.open_table(GRAVE_COUNT)?.remove(user_key(owner).as_slice())?;
    }
    Ok(is_clear)
}

/// Leaves a row that says: here a link has been. Past [`GRAVES_PER_USER_MAX`] of them it leaves none: nobody else gets an
/// address under this name in any case, and a deletion never has to wait for room.
pub(super) fn bury(tx: &WriteTransaction, name: &UserName, link: &Link, slug: &Slug) -> Result<(), Error> {
    let path = path(name, slug);
    let graves = graves(tx, link.owner)?;
    if graves >= GRAVES_PER_USER_MAX {
        tx.open_table(REDIRECT)?.remove(path.as_bytes())?;
        return Ok(());
    }
    let record = RedirectRecord { enabled: false, expires_ms: None, target: None, ..to_record(link) };
    insert(tx, &path, &record)?;
    put_graves(tx, link.owner, graves + 1)
}

/// How many graves an owner has, or a few more. A number that does not read is taken for the most.
fn graves(tx: &WriteTransaction, owner: UserId) -> Result<u32, Error> {
    Ok(unless_damaged(count_of(&tx.open_table(GRAVE_COUNT)?, owner))?.unwrap_or(GRAVES_PER_USER_MAX))
}

fn put_graves(tx: &WriteTransaction, owner: UserId, graves: u32) -> Result<(), Error> {
    tx.open_table(GRAVE_COUNT)?.insert(user_key(owner).as_slice(), graves.to_be_bytes().as_slice())?;
    Ok(())
}

/// How it stands with a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Unused,
    /// Once used by a link of this owner, who may have it back.
    Buried,
    Taken,
}

/// Whether an owner may have a slug.
///
/// # Errors
/// When the store fails. A row that does not read has its slug taken.
pub(super) fn standing(tx: &WriteTransaction, owner: UserId, name: &UserName, slug: &Slug) -> Result<Standing, Error> {
    let path = path(name, slug);
    let table = tx.open_table(REDIRECT)?;
    let Some(raw) = table.get(path.as_bytes())? else { return Ok(Standing::Unused) };
    let record = unless_damaged(record::unseal::<RedirectRecord>(path.as_bytes(), raw.value()))?;
    let is_own_grave = record.is_some_and(|record| record.target.is_none() && record.owner == owner.0);
    Ok(if is_own_grave { Standing::Buried } else { Standing::Taken })
}

impl Store {
    /// What stands under `name/slug`, both in lower case.
    ///
    /// # Errors
    /// When the store fails, or the row is damaged: then there is an error and never a wrong target.
    pub(crate) fn redirect(&self, path: &str) -> Result<Option<Arc<Redirect>>, Error> {
        if let Some(redirect) = self.hot.get(path) {
            return Ok(Some(redirect));
        }
        // Asked before the row is read, so that an edit in between makes what is kept here untrue.
        let epoch = self.hot.epoch(path);
        let redirect = self.read_redirect(path)?.map(Arc::new);
        if let Some(redirect) = &redirect {
            self.hot.keep(path, epoch, Arc::clone(redirect));
        }
        Ok(redirect)
    }

    /// What stands under some `name/slug`, in their order, read in one transaction. Nothing for one that is not there,
    /// and for one that cannot be read: [`Store::redirect`] tells why.
    pub(crate) fn redirects<'a>(&self, paths: impl Iterator<Item = &'a str> + Clone) -> Vec<Option<Arc<Redirect>>> {
        let epochs = paths.clone().map(|path| self.hot.epoch(path));
        // Asked before the rows are read.
        let epochs: Vec<Epoch> = epochs.collect();
        let rows = self.read("reading redirects", |tx| {
            let table = tx.open_table(REDIRECT)?;
            Ok(paths.clone().map(|path| row(&table, path).ok().flatten().map(Arc::new)).collect::<Vec<_>>())
        });
        let rows = rows.unwrap_or_else(|_| vec![None; epochs.len()]);
        for ((path, epoch), redirect) in paths.zip(epochs).zip(&rows) {
            if let Some(redirect) = redirect {
                self.hot.keep(path, epoch, Arc::clone(redirect));
            }
        }
        rows
    }

    /// What stands under `name/slug` if that is in memory. Waits for nothing.
    pub(crate) fn hot_redirect(&self, path: &str) -> Option<Arc<Redirect>> {
        self.hot.get(path)
    }

    fn read_redirect(&self, path: &str) -> Result<Option<Redirect>, Error> {
        self.read("reading a redirect", |tx| row(&tx.open_table(REDIRECT)?, path))
    }
}

/// The row of a path.
fn row(table: &impl ReadableTable<&'static [u8], &'static [u8]>, path: &str) -> Result<Option<Redirect>, Error> {
    let Some(raw) = table.get(path.as_bytes())? else { return Ok(None) };
    let record: RedirectRecord = record::unseal(path.as_bytes(), raw.value())?;
    let target = match record.target {
        Some(target) => Some(
            Target::from_stored(target).ok_or_else(|| Error::damaged("redirect", path.as_bytes(), "not a target"))?,
        ),
        None => None,
    };
    Ok(Some(Redirect {
        owner: UserId(record.owner),
        link: LinkId(record.link),
        enabled: record.enabled,
        expires: record.expires_ms.map(Timestamp::from_ms),
        target,
    }))
}

#[cfg(test)]
mod tests;
