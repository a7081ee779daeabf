//! What the file has seen of the clock.

use std::time::Duration;

use redb::ReadableTable;

use crate::clock::{ClockSeen, Timestamp};
use crate::store::Store;
use crate::store::error::{Error, Kind, unless_damaged};
use crate::store::quiet::quietly;
use crate::store::record::{self, ClockRecord, SessionRecord, UserRecord};
use crate::store::tables::{META, SESSION, USER};

const KEY: &[u8] = b"clock";

impl Store {
    /// The latest time that somebody's visit has left in the file.
    ///
    /// # Errors
    /// When the store fails, and when a page is damaged.
    pub(crate) fn newest_time(&self) -> Result<Timestamp, Error> {
        // It reads whole tables, so it is among the first to meet damage; that makes redb panic.
        let read = || self.read_newest_time();
        let damaged = |_| Err(Error::new(Kind::Damaged, "looking for the newest time: a page makes no sense"));
        quietly(read).unwrap_or_else(damaged)
    }

    fn read_newest_time(&self) -> Result<Timestamp, Error> {
        self.read("looking for the newest time", |tx| {
            let mut newest = 0;
            for row in tx.open_table(USER)?.iter()? {
                let (key, raw) = row?;
                if let Some(user) = unless_damaged(record::unseal::<UserRecord>(key.value(), raw.value()))? {
                    newest = newest.max(user.created_ms).max(user.last_login_ms.unwrap_or(0));
                }
            }
            for row in tx.open_table(SESSION)?.iter()? {
                let (key, raw) = row?;
                if let Some(session) = unless_damaged(record::unseal::<SessionRecord>(key.value(), raw.value()))? {
                    newest = newest.max(session.seen_ms);
                }
            }
            Ok(Timestamp::from_ms(newest))
        })
    }

    /// What was last noted of the clock; `None` when nothing was, or it does not read.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn clock_seen(&self) -> Result<Option<ClockSeen>, Error> {
        self.read("looking for the clock's last time", |tx| {
            let meta = tx.open_table(META)?;
            let Some(raw) = meta.get(KEY)? else { return Ok(None) };
            let seen = unless_damaged(record::unseal::<ClockRecord>(KEY, raw.value()))?;
            let to_seen = |seen: ClockRecord| ClockSeen {
                at: Timestamp::from_ms(seen.seen_ms),
                wait: Duration::from_secs(seen.wait_s.into()),
            };
            Ok(seen.map(to_seen))
        })
    }

    /// Notes what the clock says.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn note_clock(&self, seen: ClockSeen) -> Result<(), Error> {
        let wait_s = u32::try_from(seen.wait.as_secs()).unwrap_or(u32::MAX);
        let sealed = record::seal(KEY, &ClockRecord { seen_ms: seen.at.ms(), wait_s })?;
        self.write_sparingly("noting the clock", move |tx| {
            tx.open_table(META)?.insert(KEY, sealed.as_slice())?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{NOW, fresh, open, tamper};

    #[test]
    fn what_was_noted_of_the_clock_is_there_at_the_next_start_or_nothing_is() {
        let (folder, store) = fresh();
        assert_eq!(store.clock_seen().unwrap(), None);
        let seen = ClockSeen { at: NOW, wait: Duration::from_secs(7) };
        store.note_clock(seen).unwrap();
        store.close();
        assert_eq!(open(folder.path()).unwrap().0.clock_seen().unwrap(), Some(seen));
        tamper(folder.path(), META, KEY, b"\x01");
        assert_eq!(open(folder.path()).unwrap().0.clock_seen().unwrap(), None);
    }
}
