//! The parts of a round, each by itself: what one of them meets keeps no other from being done.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use log::{Level, log};

use crate::store::{self, Kind};

/// What is remembered of parts that fail.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// What was last said of each: a round comes every minute, and the same line should not.
    said: BTreeMap<&'static str, String>,
}

impl Parts {
    /// Does a part; damage makes redb panic. The operator hears of a failure that is another than before. True when there
    /// is none.
    pub(super) fn run(&mut self, doing: &'static str, part: impl FnOnce() -> Result<(), store::Error>) -> bool {
        let outcome = if self.said.contains_key(doing) {
            store::quietly(part).ok()
        } else {
            // Where it was is told once.
            catch_unwind(AssertUnwindSafe(part)).ok()
        };
        let broke_off = || Err(store::Error::new(Kind::Damaged, "it ended in a panic. See: linkjar check"));
        let Err(error) = outcome.unwrap_or_else(broke_off) else {
            self.said.remove(doing);
            return true;
        };
        let level = if error.kind == Kind::Damaged { Level::Error } else { Level::Warn };
        let line = format!("housekeeping: {doing}: {error}");
        if self.said.get(doing) != Some(&line) {
            log!(target: "store", level, "{line}");
            self.said.insert(doing, line);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_fails_is_told_of_until_it_succeeds() {
        let mut parts = Parts::default();
        let fail = |why: &str| Err(store::Error::new(Kind::Disk, why));
        assert!(!parts.run("a", || panic!("damage")));
        assert!(!parts.run("a", || panic!("damage, again")));
        assert!(!parts.run("b", || fail("the disk")));
        assert_eq!(parts.said["b"], "housekeeping: b: the disk");
        assert!(parts.said["a"].contains("a panic"));
        assert!(parts.run("a", || Ok(())));
        assert_eq!(parts.said.keys().collect::<Vec<_>>(), [&"b"]);
    }
}
