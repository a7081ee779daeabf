//! Clicks of deleted links: removed in slices, long after the link.

use redb::{ReadableTable, WriteTransaction};

use crate::limits::PURGE_ROWS_PER_COMMIT;
use crate::store::error::Error;
use crate::store::ledger::block::{self, Packed};
use crate::store::tables::{self, CLICK_PURGE, CLICK_SEG, LINK, META, ROLL_DAY, Table, click_key, day_key};
use crate::store::{Store, settings};
use crate::visitor::AddressPolicy;

impl Store {
    /// Removes one slice of the clicks of deleted links. True while more are left.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn purge_clicks(&self) -> Result<bool, Error> {
        let first = self.read("looking for clicks to remove", |tx| {
            let table = tx.open_table(CLICK_PURGE)?;
            let first = table.iter()?.next();
            Ok(first.transpose()?.map(|(key, _)| key.value().to_vec()))
        })?;
        let Some(mark) = first else { return Ok(false) };
        self.write_sparingly("removing clicks", move |tx| {
            // A damaged key must not cost the clicks of links that exist.
            let Ok(link) = <[u8; 8]>::try_from(mark.as_slice()) else {
                tx.open_table(CLICK_PURGE)?.remove(mark.as_slice())?;
                return Ok(true);
            };
            let exists = tables::is_sum(link) || tx.open_table(LINK)?.get(mark.as_slice())?.is_some();
            let is_done = exists
                || purge_segments(tx, link)?
                    && purge(&mut tx.open_table(ROLL_DAY)?, &day_key(link, 0), &day_key(link, u16::MAX), |_, _| {})?;
            if is_done {
                tx.open_table(CLICK_PURGE)?.remove(mark.as_slice())?;
            }
            Ok(true)
        })
    }
}

/// Removes one slice of a link's single clicks. True when there are no more.
fn purge_segments(tx: &WriteTransaction, link: [u8; 8]) -> Result<bool, Error> {
    // Clicks that were not counted yet when the link was deleted go with the log.
    let mut has_whole_addresses = settings::of(&tx.open_table(META)?)?.addresses == AddressPolicy::Store;
    let look = |key: &[u8], raw: &[u8]| {
        let has_some =
            || block::read_segment(key, raw).is_ok_and(|clicks| clicks.iter().any(Packed::has_whole_address));
        has_whole_addresses = has_whole_addresses || has_some();
    };
    let is_done = purge(&mut tx.open_table(CLICK_SEG)?, &click_key(link, 0), &click_key(link, u32::MAX), look)?;
    if has_whole_addresses {
        tables::note_remains(tx)?;
    }
    Ok(is_done)
}

/// Removes one slice of the rows from one key to another; `look` sees each before. True when there are no more.
fn purge(table: &mut Table<'_>, from: &[u8], to: &[u8], mut look: impl FnMut(&[u8], &[u8])) -> Result<bool, Error> {
    let mut slice = Vec::new();
    for row in table.range(from..=to)?.take(PURGE_ROWS_PER_COMMIT) {
        let (key, raw) = row?;
        look(key.value(), raw.value());
        slice.push(key.value().to_vec());
    }
    for key in &slice {
        table.remove(key.as_slice())?;
    }
    Ok(slice.len() < PURGE_ROWS_PER_COMMIT)
}
