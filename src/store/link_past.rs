//! Where links led before: a row for each change of target, the newest of them.

use redb::{ReadableTable, WriteTransaction};

use crate::clock::Timestamp;
use crate::limits::PAST_TARGETS_MAX;
use crate::link::{Link, LinkId};
use crate::store::Store;
use crate::store::error::{Error, unless_damaged};
use crate::store::record::{self, PastRecord};
use crate::store::tables::{LINK_PAST, Table, click_key, link_key, number};
use crate::target::Target;
use crate::user::UserId;

/// Where a link led until a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) until: Timestamp,
    pub(crate) target: Target,
}

/// Reads a row.
pub(super) fn from_row(key: &[u8], raw: &[u8]) -> Result<Past, Error> {
    let PastRecord { until_ms, target } = record::unseal(key, raw)?;
    let target = Target::from_stored(target).ok_or_else(|| Error::damaged("link_past", key, "not a target"))?;
    Ok(Past { until: Timestamp::from_ms(until_ms), target })
}

/// Notes where a link leads until now. The oldest row makes room.
pub(super) fn note(tx: &WriteTransaction, link: &Link, now: Timestamp) -> Result<(), Error> {
    let mut table = tx.open_table(LINK_PAST)?;
    let keys = keys(&table, link.owner, link.id)?;
    let last = keys.last().map(|key| number("link_past", &key[8..])).transpose()?;
    let key = click_key(link_key(link.owner, link.id), last.map_or(0, |last| last.saturating_add(1)));
    let record = PastRecord { until_ms: now.ms(), target: link.about.target.as_str().to_owned() };
    table.insert(key.as_slice(), record::seal(&key, &record)?.as_slice())?;
    for key in keys.iter().take((keys.len() + 1).saturating_sub(PAST_TARGETS_MAX)) {
        table.remove(key.as_slice())?;
    }
    Ok(())
}

/// Removes all rows of a link.
pub(super) fn forget(tx: &WriteTransaction, owner: UserId, link: LinkId) -> Result<(), Error> {
    let mut table = tx.open_table(LINK_PAST)?;
    for key in keys(&table, owner, link)? {
        table.remove(key.as_slice())?;
    }
    Ok(())
}

fn keys(table: &Table<'_>, owner: UserId, link: LinkId) -> Result<Vec<Vec<u8>>, Error> {
    let link = link_key(owner, link);
    let (from, to) = (click_key(link, 0), click_key(link, u32::MAX));
    table.range(from.as_slice()..=to.as_slice())?.map(|row| Ok(row?.0.value().to_vec())).collect()
}

impl Store {
    /// Where a link led before, the latest first. What does not read is left out.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn past_targets(&self, owner: UserId, link: LinkId) -> Result<Vec<Past>, Error> {
        self.read("reading where a link led", |tx| {
            let link = link_key(owner, link);
            let (from, to) = (click_key(link, 0), click_key(link, u32::MAX));
            let mut past = Vec::new();
            for row in tx.open_table(LINK_PAST)?.range(from.as_slice()..=to.as_slice())?.rev() {
                let (key, raw) = row?;
                past.extend(unless_damaged(from_row(key.value(), raw.value()))?);
            }
            Ok(past)
        })
    }
}

#[cfg(test)]
mod tests;
