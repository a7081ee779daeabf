//! `linkjar restore`: a backup in the place of the data file, once it has proven itself.

use std::ops::ControlFlow;
use std::path::Path;

use crate::cli::Options;
use crate::clock::Clock;
use crate::command::backup::Progress;
use crate::command::{Code, Error, data, machine, prove, say};
use crate::config;
use crate::server::desk;
use crate::store::{BackupError, DAMAGED, FILE_NAME, OpenError, Restore};
use crate::ui::number;

/// Puts `file` in place of the data file, which is kept under another name; with `verify` only tries whether it could.
///
/// # Errors
/// Exit code 3 when the data file is in use, 4 when the backup is damaged or newer, 1 when the file system refuses.
/// Nothing is changed then.
pub(crate) fn run(options: &Options, file: &str, verify: bool) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let (folder, path) = (&config.data_dir, config.data_dir.join(FILE_NAME));
    if desk::is_open(folder) {
        return Err(data::explain(folder, &OpenError::InUse));
    }
    let mut progress = Progress::new();
    let mut watch = |stage| {
        progress.show(stage);
        ControlFlow::Continue(())
    };
    let prepared = Restore::prepare(Path::new(file), folder, machine::page_cache_bytes(), &mut watch);
    let restore = prepared.map_err(|error| explain(folder, file, &error))?;
    let copy = restore.copy().map_err(|error| explain(folder, file, &error))?;
    let report = prove::apart(copy, |stage| progress.show(stage)).map_err(|refused| {
        let code = if refused.is_damage { Code::Damaged } else { Code::Failed };
        Error { code, text: format!("{file} {}", refused.text) }
    })?;
    drop(progress);
    if report.damage.count > 0 {
        return Err(explain(folder, file, &BackupError::Damaged(report)));
    }
    let (users, links) = (number::counted(report.users, "user"), number::counted(report.links, "link"));
    let counts = format!("{users}, {links}, {}", number::counted(report.clicks, "click"));
    let sha256 = format!("SHA-256 {}\n", restore.sha256);
    if verify {
        say(&format!("{file} is good: {counts}. Nothing was changed.\n{sha256}"));
        return Ok(());
    }
    let old = restore.finish(report, Clock::system().now()).map_err(|error| explain(folder, file, &error))?;
    say(&format!("{} is now {file}: {counts}.\n{sha256}", path.display()));
    if let Some(old) = old {
        say(&format!("What was there before is {}.\n", old.display()));
    }
    Ok(())
}

/// Whether a file is one of those that the server keeps where no backup could be made.
fn is_damaged_copy(file: &str) -> bool {
    Path::new(file).file_stem().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(DAMAGED))
}

fn explain(folder: &Path, file: &str, error: &BackupError) -> Error {
    let damaged = |text| Error { code: Code::Damaged, text };
    match error {
        BackupError::Open(why @ OpenError::InUse) => data::explain(folder, why),
        BackupError::Open(why) => damaged(format!("{file} is {why}. Nothing was changed. Take another backup.")),
        BackupError::Damaged(report) => {
            let first = report.damage.shown.first().map_or("", String::as_str);
            let places = number::counted(report.damage.count, "place");
            let advice = match is_damaged_copy(file) {
                true => {
                    let path = folder.join(FILE_NAME);
                    format!(
                        "It is what was saved of a damaged file. Take a backup; if there is none, stop the server and \
                         copy it over {}.",
                        path.display()
                    )
                }
                false => "Take another backup.".to_owned(),
            };
            damaged(format!("{file} is damaged in {places} ({first}). Nothing was changed. {advice}"))
        }
        BackupError::Busy => Error::failed("another process is at the data folder. Try again."),
        other => Error::failed(format!("{file} was not restored: {other}. The data file is as it was.")),
    }
}
