//! Whose clicks are asked for: those on one link, on all of a user's, on everybody's.

use std::collections::HashSet;

use crate::limits::LINKS_SCANNED_MAX;
use crate::link::LinkId;
use crate::store::Store;
use crate::store::error::Error;
use crate::store::ledger::sketch::Scope;
use crate::store::tables::{CLICK_PURGE, link_key, sum_key};
use crate::user::UserId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Link(UserId, LinkId),
    Owner(UserId),
    Site,
}

impl Whose {
    /// Where the sums stand.
    pub(in crate::store) fn key(self) -> [u8; 8] {
        match self {
            Whose::Link(owner, link) => link_key(owner, link),
            Whose::Owner(owner) => sum_key(Some(owner)),
            Whose::Site => sum_key(None),
        }
    }

    /// The keys of the first link and the last.
    pub(in crate::store) fn links(self) -> (u64, u64) {
        let key = |owner, link| u64::from_be_bytes(link_key(owner, link));
        match self {
            Whose::Link(owner, link) => (key(owner, link), key(owner, link)),
            Whose::Owner(owner) => (key(owner, LinkId(0)), key(owner, LinkId(u32::MAX))),
            Whose::Site => (0, u64::MAX),
        }
    }

    pub(in crate::store) fn scope(self) -> Scope {
        match self {
            Whose::Link(..) => Scope::Link,
            Whose::Owner(_) => Scope::Owner,
            Whose::Site => Scope::Site,
        }
    }
}

impl Store {
    /// Keys of links that were deleted lately: clicks on them that are in no sum yet are not going to be in any. A link
    /// by itself is looked up instead.
    pub(super) fn links_gone(&self, whose: Whose) -> Result<HashSet<u64>, Error> {
        if matches!(whose, Whose::Link(..)) {
            return Ok(HashSet::new());
        }
        let (from, to) = whose.links();
        self.read("looking for deleted links", |tx| {
            let table = tx.open_table(CLICK_PURGE)?;
            let rows = table.range(from.to_be_bytes().as_slice()..=to.to_be_bytes().as_slice())?;
            let mut gone = HashSet::new();
            for row in rows.take(LINKS_SCANNED_MAX) {
                gone.extend(row?.0.value().try_into().map(u64::from_be_bytes));
            }
            Ok(gone)
        })
    }
}
