//! Backups by date, one a day; the oldest make room. Those of a clock that was ahead make none and take none. Those of a
//! clock that is behind have numbers.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::{Backup, BackupError, Watch, doing};
use crate::clock::Timestamp;
use crate::limits::{BACKUP_WEEKS_KEPT, BACKUPS_UNDATED_KEPT};
use crate::store::Store;

const DAY_MS: i64 = 86_400_000;

/// Days since 1970, UTC.
fn day_of(at: Timestamp) -> i64 {
    at.ms().div_euclid(DAY_MS)
}

/// `linkjar-2026-11-20.redb`. Those that people ask for have a time in their names, and stay until people remove them.
fn name(day: i64) -> String {
    let date = Timestamp::from_ms(day.saturating_mul(DAY_MS)).rfc3339();
    format!("linkjar-{}.redb", &date[..10])
}

/// The day in a name of ours.
fn day_in(text: &str) -> Option<i64> {
    let date = text.strip_prefix("linkjar-")?.strip_suffix(".redb")?;
    let day = day_of(Timestamp::parse_form(&format!("{date}T00:00"))?);
    (name(day) == text).then_some(day)
}

/// `linkjar-undated-3.redb`: made while dates said nothing.
fn undated(number: u32) -> String {
    format!("linkjar-undated-{number}.redb")
}

/// The number in such a name.
pub(super) fn number_in(text: &str) -> Option<u32> {
    let number = text.strip_prefix("linkjar-undated-")?.strip_suffix(".redb")?.parse().ok()?;
    (undated(number) == text).then_some(number)
}

/// Which days may go: all but the newest `keep`, and of those before them the newest of each week for some weeks.
fn old(days: &BTreeSet<i64>, keep: usize) -> Vec<i64> {
    let mut weeks: Vec<i64> = Vec::new();
    let before = days.iter().rev().skip(keep);
    let goes = before.filter(|day| {
        let week = day.div_euclid(7);
        if weeks.contains(&week) || weeks.len() >= BACKUP_WEEKS_KEPT {
            return true;
        }
        weeks.push(week);
        false
    });
    goes.copied().collect()
}

/// What came of a daily backup.
#[derive(Debug)]
pub(crate) enum Daily {
    Made(Backup),
    /// There is one of this date.
    Exists,
}

impl Store {
    /// Makes the backup of this date, and lets old ones go once it has passed.
    ///
    /// # Errors
    /// As [`BackupError`] says; no other backup is touched then.
    pub(crate) fn back_up_daily(&self, now: Timestamp, keep: usize, watch: Watch<'_>) -> Result<Daily, BackupError> {
        let _alone = self.alone()?;
        let folder = self.backup_folder()?;
        let today = day_of(now);
        let mut days = named(&folder, day_in)?;
        if days.contains(&today) {
            return Ok(Daily::Exists);
        }
        let made = self.back_up_alone(&folder.join(name(today)), watch)?;
        days.insert(today);
        // Those of later dates were made when the clock was ahead.
        days.retain(|day| *day <= today);
        old(&days, keep).into_iter().try_for_each(|day| remove(&folder.join(name(day))))?;
        Ok(Daily::Made(made))
    }

    /// Makes a backup while dates say nothing: it takes the place of none that has a date, and of those without the newest
    /// [`BACKUPS_UNDATED_KEPT`] stay.
    ///
    /// # Errors
    /// As [`BackupError`] says; no other backup is touched then.
    pub(crate) fn back_up_undated(&self, watch: Watch<'_>) -> Result<Backup, BackupError> {
        let _alone = self.alone()?;
        let folder = self.backup_folder()?;
        let numbers = named(&folder, number_in)?;
        let next = numbers.last().map_or(1, |last| last.saturating_add(1));
        let made = self.back_up_alone(&folder.join(undated(next)), watch)?;
        let old = numbers.iter().rev().skip(BACKUPS_UNDATED_KEPT - 1);
        old.into_iter().try_for_each(|number| remove(&folder.join(undated(*number))))?;
        Ok(made)
    }
}

/// What stands in the names of the backups in a folder.
fn named<T: Ord>(folder: &Path, in_name: fn(&str) -> Option<T>) -> Result<BTreeSet<T>, BackupError> {
    let read = || -> io::Result<BTreeSet<T>> {
        let mut found = BTreeSet::new();
        for entry in fs::read_dir(folder)? {
            found.extend(entry?.file_name().to_str().and_then(in_name));
        }
        Ok(found)
    };
    read().map_err(doing("reading the folder of backups"))
}

fn remove(old: &Path) -> Result<(), BackupError> {
    match fs::remove_file(old) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(BackupError::Io("removing an old backup", error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::store::tests::{NOW, fresh, user};

    #[test]
    fn names_are_dates_and_nothing_else_is_ours() {
        assert_eq!(name(day_of(NOW)), "linkjar-2025-11-20.redb");
        assert_eq!(day_in("linkjar-2025-11-20.redb"), Some(day_of(NOW)));
        for other in [
            "linkjar-2025-11-20-120000.redb",
            "linkjar-2025-13-20.redb",
            "linkjar-2025-11-20.redb.old",
            "linkjar-monday.redb",
            "linkjar-2025-11-20 .redb",
            ".linkjar-12345678.partial",
            "",
        ] {
            assert_eq!(day_in(other), None, "{other}");
        }
    }

    #[test]
    fn day_by_day_seven_days_and_four_weeks_are_kept() {
        let mut days = BTreeSet::new();
        for today in 20_000..20_100 {
            days.insert(today);
            let gone = old(&days, 7);
            assert!(gone.len() <= 1);
            days.retain(|day| !gone.contains(day));
            assert!((today - 6..=today).all(|day| day < 20_000 || days.contains(&day)));
            assert!(days.len() <= 11);
        }
        assert_eq!(days.len(), 11);
        assert!(*days.first().unwrap() <= 20_099 - 7 - 14, "the first of the four may have begun just now");
        assert_eq!(old(&BTreeSet::from([1, 2, 3]), 1), [1], "two days of one week");
    }

    #[test]
    fn one_a_date_and_old_ones_go_after_a_good_one_but_none_of_later_dates() {
        let (folder, store) = fresh();
        user(&store, "anna");
        let backups = folder.path().join("backups");
        let mut go_on = |_| ControlFlow::Continue(());
        let day = 86_400;
        for (after, made) in [(0, true), (10, false), (day, true), (2 * day, true), (2 * day - 7_200, false)] {
            let outcome = store.back_up_daily(NOW.plus_s(after), 1, &mut go_on).unwrap();
            assert_eq!(matches!(outcome, Daily::Made(_)), made, "{after}: {outcome:?}");
        }
        // Weeks begin on Thursdays, as 1970 did; the first day is one.
        let names = || super::super::tests::names(&backups);
        assert_eq!(names(), ["linkjar-2025-11-21.redb", "linkjar-2025-11-22.redb"]);
        let ahead = ["linkjar-2031-01-01.redb", "linkjar-2031-01-02.redb"];
        ahead.iter().for_each(|name| fs::write(backups.join(name), "").unwrap());
        store.back_up_daily(NOW.plus_s(3 * day), 1, &mut go_on).unwrap();
        assert_eq!(names(), ["linkjar-2025-11-22.redb", "linkjar-2025-11-23.redb", ahead[0], ahead[1]]);
        let mut give_up = |_| ControlFlow::Break(());
        assert!(store.back_up_daily(NOW.plus_s(30 * day), 1, &mut give_up).is_err());
        assert_eq!(names().len(), 4, "nothing went");
    }

    #[test]
    fn of_those_without_a_date_the_newest_stay_and_no_other_goes() {
        let (folder, store) = fresh();
        let backups = folder.path().join("backups");
        let mut go_on = |_| ControlFlow::Continue(());
        store.back_up_daily(NOW, 1, &mut go_on).unwrap();
        let others = ["linkjar-2025-11-20.redb", "linkjar-undated-x.redb", "linkjar-undated-07.redb"];
        others[1..].iter().for_each(|name| fs::write(backups.join(name), "").unwrap());
        let kept = u32::try_from(BACKUPS_UNDATED_KEPT).unwrap();
        for number in 1..=kept + 2 {
            store.back_up_undated(&mut go_on).unwrap();
            let numbers = number.saturating_sub(kept) + 1..=number;
            let mut expected: Vec<String> = numbers.map(undated).chain(others.map(str::to_owned)).collect();
            expected.sort();
            assert_eq!(super::super::tests::names(&backups), expected);
        }
        let mut give_up = |_| ControlFlow::Break(());
        assert!(store.back_up_undated(&mut give_up).is_err());
        assert_eq!(store.backups().len(), 1 + BACKUPS_UNDATED_KEPT, "they are shown, and none went");
    }
}
