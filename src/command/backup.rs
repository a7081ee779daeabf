//! `linkjar backup` and `linkjar export --compact`: a copy of the data file that has proven itself, with the server
//! running or stopped.

use std::io::{IsTerminal, stderr};
use std::ops::ControlFlow;
use std::path::{PathBuf, absolute};

use crate::cli::Options;
use crate::clock::Clock;
use crate::command::{Code, Error, data, say, tell};
use crate::config::{self, Config};
use crate::server::desk::{self, Answered};
use crate::store::{Backup, BackupError, Stage, Store, Task, Watch};
use crate::ui::number;

/// Makes a backup in the data folder, or as `to`.
///
/// # Errors
/// Exit code 1 when there is none, 3 when a process has the data file that is no server, 4 when it is damaged.
pub(crate) fn run(options: &Options, to: Option<&str>) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let to = to.map(absolute_path).transpose()?;
    let request = to.as_ref().map_or_else(|| "backup".to_owned(), |(_, path)| format!("backup {path}"));
    made(&config, Task::Backup, &request, |store, watch| {
        let target = to.map_or_else(|| store.new_backup(Clock::system().now()), |(path, _)| Ok(path))?;
        store.back_up(&target, watch)
    })
}

/// Writes the data file anew, as `to`.
///
/// # Errors
/// As [`run`].
pub(super) fn compact(options: &Options, to: &str) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let (path, text) = absolute_path(to)?;
    made(&config, Task::Compact, &format!("compact {text}"), |store, watch| store.compact(&path, watch))
}

/// A path that a server in another folder understands, and its text.
fn absolute_path(to: &str) -> Result<(PathBuf, String), Error> {
    let path = absolute(to).map_err(|why| Error::usage(format!("{to} is no path: {why}. Name a file.")))?;
    match path.to_str().map(str::to_owned) {
        Some(text) if !text.contains('\n') => Ok((path, text)),
        _ => Err(Error::usage("the file's name is no text. Choose another name.")),
    }
}

/// Has the server make a file, or makes it `here` when there is none, and says what came of it.
fn made(
    config: &Config,
    task: Task,
    request: &str,
    here: impl FnOnce(&Store, Watch<'_>) -> Result<Backup, BackupError>,
) -> Result<(), Error> {
    let mut progress = Progress::new();
    let asked = desk::ask(&config.data_dir, request, |stage| progress.show(stage));
    let made = match asked.map_err(broken_off)? {
        Some(Answered::Backup(made)) => made,
        Some(Answered::Failed(text, is_damage)) => return Err(failed(text, is_damage)),
        Some(Answered::Checked(_)) => return Err(broken_off("an odd answer")),
        None => here(&data::open_existing(config)?, &mut |stage| {
            progress.show(stage);
            ControlFlow::Continue(())
        })
        .map_err(|why| not_done(&why, task))?,
    };
    drop(progress);
    let (users, links) = (number::counted(made.report.users, "user"), number::counted(made.report.links, "link"));
    let (bytes, clicks) = (number::counted(made.bytes, "byte"), number::counted(made.report.clicks, "click"));
    say(&format!("{}\n{bytes}: {users}, {links}, {clicks}\nSHA-256 {}\n", made.path.display(), made.sha256));
    Ok(())
}

/// Why something was not done here.
pub(super) fn not_done(why: &BackupError, task: Task) -> Error {
    failed(why.sentence(task), why.is_damage())
}

/// What a server, or we ourselves, say of a failure.
pub(super) fn failed(text: String, is_damage: bool) -> Error {
    Error { code: if is_damage { Code::Damaged } else { Code::Failed }, text }
}

pub(super) fn broken_off(why: impl std::fmt::Display) -> Error {
    Error::failed(format!("the server broke off ({why}). Look into its log."))
}

/// A line on a terminal that says how far it is; nothing elsewhere.
pub(super) struct Progress {
    shown: Option<String>,
}

impl Progress {
    pub(super) const fn new() -> Progress {
        Progress { shown: None }
    }

    pub(super) fn show(&mut self, stage: Stage) {
        // As wide as the widest, so that each covers the last.
        let text = format!("{:<16}", stage.to_string());
        if stderr().is_terminal() && self.shown.as_ref() != Some(&text) {
            tell(&format!("\r{text}"));
            self.shown = Some(text);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            tell(&format!("\r{:16}\r", ""));
        }
    }
}
