//! How the store is, for pages, probes and the log.

use std::time::Duration;

use crate::store::Store;
use crate::store::error::Error;
use crate::store::space::Space;

/// The state of the data file and of the disk beneath.
#[derive(Debug)]
pub(crate) struct Health {
    /// Whether something small can be read from the file.
    pub(crate) reads: Result<(), Error>,
    /// Nothing is known that would keep a change from being written.
    pub(crate) writes: bool,
    pub(crate) space: Space,
    /// The last trouble with the disk since the start, and how long ago it was.
    pub(crate) trouble: Option<(Duration, String)>,
    /// Clicks that wait for the disk.
    pub(crate) waiting_clicks: u64,
    /// Clicks that were shed since the start, for want of room in the queue.
    pub(crate) shed_clicks: u64,
}

impl Store {
    /// How it is now. Cheap: one small read, and at most one look at the file system in a second.
    pub(crate) fn health(&self) -> Health {
        let space = self.file.room().look();
        Health {
            reads: self.secret().map(drop),
            writes: !space.is_short && self.file.is_open() && !self.queue.is_failing(),
            space,
            trouble: self.queue.trouble(),
            waiting_clicks: self.queue.waiting(),
            shed_clicks: self.queue.shed(),
        }
    }
}

#[cfg(test)]
mod tests;
