//! `linkjar migrate`: a data file of an older format brought to the present one, or a trial of that on a copy.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::cli::Options;
use crate::command::backup::Progress;
use crate::command::{Error, data, machine, say};
use crate::config;
use crate::store::{FILE_NAME, Stage, Upgraded, try_upgrade};
use crate::ui::number;

static PROGRESS: Mutex<Progress> = Mutex::new(Progress::new());

/// Does what the next start would do first, without serving; with `dry_run` on a copy that is gone afterwards.
///
/// # Errors
/// Exit code 3 when a process has the data file, 4 when it is damaged or newer, 1 when there is no room. It is as it was
/// then.
pub(crate) fn run(options: &Options, dry_run: bool) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    data::must_exist(&config)?;
    let (folder, path) = (&config.data_dir, config.data_dir.join(FILE_NAME));
    let start = Instant::now();
    let outcome = if dry_run {
        try_upgrade(&path, machine::page_cache_bytes(), show).map_err(|error| data::explain(folder, &error))
    } else {
        data::open_and_tell(&config, show).and_then(|(store, opened)| {
            store.close_well()?;
            Ok(opened.upgraded)
        })
    };
    *PROGRESS.lock().unwrap_or_else(PoisonError::into_inner) = Progress::new();
    let path = path.display();
    let Some(Upgraded { from, to, kept, report }) = outcome? else {
        say(&format!("{path} is of the format of this version. There is nothing to do.\n"));
        return Ok(());
    };
    let (users, links) = (number::counted(report.users, "user"), number::counted(report.links, "link"));
    let (clicks, s) = (number::counted(report.clicks, "click"), start.elapsed().as_secs_f64());
    let done = format!("{users}, {links}, {clicks}, in {s:.1} s");
    say(&match kept {
        None => format!("{path} can go from format {from} to format {to}: {done}. Nothing was changed.\n"),
        Some(kept) => {
            let kept = kept.display();
            format!("{path} went from format {from} to format {to}: {done}.\nWhat was there before is {kept}.\n")
        }
    });
    Ok(())
}

fn show(stage: Stage) {
    PROGRESS.lock().unwrap_or_else(PoisonError::into_inner).show(stage);
}
