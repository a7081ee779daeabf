//! `linkjar check`: whether the data file is what it should be.

use std::path::Path;

use serde_json::json;

use crate::cli::Options;
use crate::command::backup::{Progress, broken_off, failed, not_done};
use crate::command::{Code, Error, data, machine, say};
use crate::config;
use crate::server::desk::{self, Answered};
use crate::store::{BackupError, CheckReport, FILE_NAME, Findings, Task, check_file};
use crate::ui::number;

/// Looks at everything in the data file and changes nothing; a running server does it on a copy.
///
/// # Errors
/// Exit code 4 when it is damaged, 1 when something should be done about it, 3 when a process has it that is no server.
pub(crate) fn run(options: &Options, as_json: bool) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let path = config.data_dir.join(FILE_NAME);
    let mut progress = Progress::new();
    let asked = desk::ask(&config.data_dir, "check", |stage| progress.show(stage));
    let report = match asked.map_err(broken_off)? {
        Some(Answered::Checked(report)) => report,
        Some(Answered::Failed(text, is_damage)) => return Err(failed(text, is_damage)),
        Some(Answered::Backup(_)) => return Err(broken_off("an odd answer")),
        None => {
            data::must_exist(&config)?;
            check_file(&path, machine::page_cache_bytes()).map_err(|error| match error {
                BackupError::Open(why) => data::explain(&config.data_dir, &why),
                other => not_done(&other, Task::Check),
            })?
        }
    };
    drop(progress);
    say(&if as_json { json_text(&report) } else { text(&path, &report) });
    verdict(&path, &report)
}

fn state(report: &CheckReport) -> &'static str {
    match report {
        CheckReport { damage: Findings { count: 1.., .. }, .. } => "damaged",
        CheckReport { repaired: true, .. } | CheckReport { leftovers: Findings { count: 1.., .. }, .. } => "attention",
        _ => "good",
    }
}

fn verdict(path: &Path, report: &CheckReport) -> Result<(), Error> {
    let path = path.display();
    if report.damage.count > 0 {
        let places = number::counted(report.damage.count, "place");
        let text = format!("{path} is damaged in {places}. Restore a backup: linkjar restore FILE");
        return Err(Error { code: Code::Damaged, text });
    }
    if report.repaired {
        let text = format!("{path} was not closed cleanly. Start the server once: it brings the file in order.");
        return Err(Error::failed(text));
    }
    if report.leftovers.count > 0 {
        let rows = number::counted(report.leftovers.count, "row");
        return Err(Error::failed(format!("{path} has {rows} that nobody needs. They do no harm; keep your backups.")));
    }
    Ok(())
}

fn text(path: &Path, report: &CheckReport) -> String {
    let (users, links) = (number::counted(report.users, "user"), number::counted(report.links, "link"));
    let clicks = number::counted(report.clicks, "click");
    let mut text = format!("{}: {}. {users}, {links}, {clicks}.\n", path.display(), state(report));
    for (kind, findings) in [("damaged", &report.damage), ("left over", &report.leftovers)] {
        findings.shown.iter().for_each(|what| text += &format!("{kind}: {what}\n"));
        let more = findings.count - findings.shown.len() as u64;
        if more > 0 {
            text += &format!("{kind}: {} more\n", number::grouped(more));
        }
    }
    text
}

fn json_text(report: &CheckReport) -> String {
    let value = json!({
        "state": state(report),
        "users": report.users,
        "links": report.links,
        "clicks": report.clicks,
        "repaired": report.repaired,
        "damage_count": report.damage.count,
        "damage": report.damage.shown,
        "leftover_count": report.leftovers.count,
        "leftovers": report.leftovers.shown,
    });
    format!("{value}\n")
}
