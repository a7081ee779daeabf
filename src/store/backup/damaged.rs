//! Copies of a data file whose pages are whole, and in which something else is not: a wrong sum of clicks, say. They are
//! no backups, but all that could be saved of the links, so they are kept beside the good ones.

use std::fs;
use std::path::{Path, PathBuf};

use super::{BackupError, doing};
use crate::store::Store;
use crate::store::check::Report;
use crate::store::copy::{Temporary, folder_of, sync_folder};

/// Ends the names, before the extension.
pub(crate) const DAMAGED: &str = "-damaged";

/// `linkjar-2026-11-20.redb` becomes `linkjar-2026-11-20-damaged.redb`.
fn name(target: &Path) -> PathBuf {
    let mut name = target.file_stem().unwrap_or_default().to_owned();
    name.push(DAMAGED);
    if let Some(extension) = target.extension() {
        name.push(".");
        name.push(extension);
    }
    target.with_file_name(name)
}

/// True for names that are made from those of backups.
fn is_name(name: &str) -> bool {
    let middle = name.strip_prefix("linkjar-").and_then(|rest| rest.strip_suffix(".redb")?.strip_suffix(DAMAGED));
    middle.is_some_and(|middle| !middle.is_empty() && middle.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

impl Store {
    /// Keeps a copy that has not passed, if its pages are whole, beside where it was to go. Of those named by us
    /// in the folder of backups the newest stays; no other file is touched.
    ///
    /// # Errors
    /// Always: there is no backup. [`BackupError::Kept`] tells of a copy that was kept.
    pub(super) fn keep_damaged(&self, copy: Temporary, target: &Path, report: Report) -> BackupError {
        if !report.has_whole_pages() {
            return BackupError::Damaged(report);
        }
        let kept = name(target);
        let is_ours = kept.file_name().and_then(|name| name.to_str()).is_some_and(is_name)
            && self.backup_folder().is_ok_and(|folder| folder == folder_of(target));
        let outcome = if is_ours { replace(&copy, &kept) } else { copy.keep(&kept) };
        match outcome {
            Ok(()) => BackupError::Kept(report, kept),
            Err(_) => BackupError::Damaged(report),
        }
    }
}

/// Names a copy; those before it go.
fn replace(copy: &Temporary, kept: &Path) -> Result<(), BackupError> {
    let keep = doing("keeping the damaged copy");
    fs::rename(copy.path()?, kept).and_then(|()| sync_folder(kept)).map_err(keep)?;
    // It is there, whatever becomes of the others.
    for other in fs::read_dir(folder_of(kept)).into_iter().flatten().flatten() {
        if other.file_name().to_str().is_some_and(is_name) && other.path() != kept {
            let _ = fs::remove_file(other.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::super::tests::names;
    use super::*;
    use crate::store::tests::{NOW, fresh, link, open, tamper, user};
    use crate::store::{FILE_NAME, tables};

    #[test]
    fn names_are_made_from_those_of_backups() {
        for (target, kept) in [
            ("b/linkjar-2026-11-20.redb", "b/linkjar-2026-11-20-damaged.redb"),
            ("b/linkjar-2026-11-20-031500.redb", "b/linkjar-2026-11-20-031500-damaged.redb"),
            ("b/copy", "b/copy-damaged"),
        ] {
            assert_eq!(name(Path::new(target)), Path::new(kept));
        }
        assert!(is_name("linkjar-2026-11-20-damaged.redb") && is_name("linkjar-2026-11-20-031500-damaged.redb"));
        for other in ["linkjar-2026-11-20.redb", "linkjar-damaged.redb", "linkjar-mine-damaged.redb", "copy-damaged"] {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn a_wrong_number_does_not_cost_the_safety_of_the_links() {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        let mut go_on = |_| ControlFlow::Continue(());
        store.back_up_daily(NOW, 1, &mut go_on).unwrap();
        link(&store, anna, "late");
        store.close();
        tamper(folder.path(), tables::LINK_COUNT, &[0, 0, 0, 99], &[0; 4]);
        let (store, _) = open(folder.path()).unwrap();
        let backups = folder.path().join("backups");
        let good = "linkjar-2025-11-20.redb";
        for (days, kept) in [
            (1, "linkjar-2025-11-21-damaged.redb"),
            (1, "linkjar-2025-11-21-damaged.redb"),
            (30, "linkjar-2025-12-20-damaged.redb"),
        ] {
            let refused = store.back_up_daily(NOW.plus_s(days * 86_400), 1, &mut go_on).unwrap_err();
            assert!(refused.is_damage() && refused.to_string().ends_with(kept), "{refused}");
            assert_eq!(names(&backups), [good, kept], "no good one goes, and of the others the newest stays");
        }
        assert_eq!(store.backups().len(), 1, "it is no backup");
        fs::write(backups.join("mine-damaged.redb"), "somebody's").unwrap();
        assert!(store.back_up(&backups.join("mine.redb"), &mut go_on).is_err());
        assert!(fs::read(backups.join("mine-damaged.redb")).unwrap() == b"somebody's");
        let elsewhere = tempfile::tempdir().unwrap();
        for is_kept in [true, false] {
            let refused = store.back_up(&elsewhere.path().join("copy.redb"), &mut go_on).unwrap_err();
            assert_eq!(matches!(refused, BackupError::Kept(..)), is_kept, "nothing is overwritten: {refused}");
            assert_eq!(names(elsewhere.path()), ["copy-damaged.redb"]);
        }
        let saved = tempfile::tempdir().unwrap();
        fs::copy(elsewhere.path().join("copy-damaged.redb"), saved.path().join(FILE_NAME)).unwrap();
        assert_eq!(open(saved.path()).unwrap().0.counts().unwrap(), (1, 1));
    }

    #[test]
    fn a_copy_with_damaged_pages_is_not_kept() {
        let (folder, store) = fresh();
        let target = store.new_backup(NOW).unwrap();
        let copy = Temporary::create(folder.path().join("copy"), store.file.path()).unwrap();
        let mut report = Report::default();
        report.damage.add("pages: torn".to_owned());
        assert!(matches!(store.keep_damaged(copy, &target, report), BackupError::Damaged(_)));
        assert_eq!(names(folder_of(&target)), [""; 0]);
    }
}
