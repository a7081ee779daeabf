//! Clicks of deleted links: removed in slices, long after the link.

use redb::ReadableTable;

use crate::limits::PURGE_ROWS_PER_COMMIT;
use crate::store::Store;
use crate::store::error::Error;
use crate::store::tables::{self, CLICK_PURGE, CLICK_SEG, LINK, ROLL_DAY, Table, click_key, day_key};

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
                || purge(&mut tx.open_table(CLICK_SEG)?, &click_key(link, 0), &click_key(link, u32::MAX))?
                    && purge(&mut tx.open_table(ROLL_DAY)?, &day_key(link, 0), &day_key(link, u16::MAX))?;
            if is_done {
                tx.open_table(CLICK_PURGE)?.remove(mark.as_slice())?;
            }
            Ok(true)
        })
    }
}

/// Removes one slice of the rows from one key to another. True when there are no more.
fn purge(table: &mut Table<'_>, from: &[u8], to: &[u8]) -> Result<bool, Error> {
    let mut slice = Vec::new();
    for row in table.range(from..=to)?.take(PURGE_ROWS_PER_COMMIT) {
        slice.push(row?.0.value().to_vec());
    }
    for key in &slice {
        table.remove(key.as_slice())?;
    }
    Ok(slice.len() < PURGE_ROWS_PER_COMMIT)
}
