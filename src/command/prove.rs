//! The examination of somebody's backup, in a process of its own: whatever a damaged or hostile file does to it, it is an
//! answer and ends nobody else.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::command::{machine, say};
use crate::limits::{PROOF_BYTES_PER_S, PROOF_MEMORY_BYTES, PROOF_TIME_MIN};
use crate::server::desk::answer::{self, Answered};
use crate::store::{BackupError, CheckReport, OpenError, Stage, prove_copy};

/// What this program says to itself; no command of the operator's.
const WORD: &str = "--prove-copy";

/// Why a copy has not passed: how its sentence goes on after its name, and whether the copy is to blame.
pub(super) struct Refused {
    pub(super) text: String,
    pub(super) is_damage: bool,
}

/// The copy to examine, if that is what this process was started for.
pub(super) fn asked(args: &[OsString]) -> Option<&OsStr> {
    match args {
        [word, path] if word == WORD => Some(path),
        _ => None,
    }
}

/// Examines a copy and says on stdout what came of it.
pub(super) fn run(path: &OsStr) {
    // A length in a hostile file may ask for any amount; without the bound the machine would have to give it.
    let bound = Rlimit { current: Some(PROOF_MEMORY_BYTES), maximum: Some(PROOF_MEMORY_BYTES) };
    let _ = setrlimit(Resource::As, bound);
    let proven = prove_copy(Path::new(path), machine::page_cache_bytes(), |stage| say(&answer::progress(stage)));
    let answered = proven.map_or_else(
        |error| {
            let Refused { text, is_damage } = refused(&error);
            Answered::Failed(text, is_damage)
        },
        Answered::Checked,
    );
    say(&answered.lines());
}

fn refused(error: &BackupError) -> Refused {
    let (text, is_damage) = match error {
        BackupError::Open(why @ OpenError::Newer { .. }) => (format!("was {why}. Run the newer executable."), true),
        BackupError::Open(why) => (format!("is {why}. Nothing was changed. Take another backup."), true),
        other => (format!("was not restored: {other}. The data file is as it was."), false),
    };
    Refused { text, is_damage }
}

/// Has a process of its own examine a copy.
pub(super) fn apart(copy: &Path, watch: impl FnMut(Stage)) -> Result<CheckReport, Refused> {
    let bytes = fs::metadata(copy).map_or(0, |about| about.len());
    let at_most = PROOF_TIME_MIN + Duration::from_secs(bytes / PROOF_BYTES_PER_S);
    let program = std::env::current_exe().map_err(|error| not_tried(&error))?;
    listen(Command::new(program).arg(WORD).arg(copy), at_most, watch)
}

fn not_tried(error: &io::Error) -> Refused {
    let text = format!("was not restored: nobody could examine it ({error}). The data file is as it was.");
    Refused { text, is_damage: false }
}

/// Runs a process that examines, and hears what it says.
fn listen(program: &mut Command, at_most: Duration, watch: impl FnMut(Stage)) -> Result<CheckReport, Refused> {
    let started = program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = started.map_err(|error| not_tried(&error))?;
    let Some(out) = child.stdout.take() else { return Err(not_tried(&io::ErrorKind::BrokenPipe.into())) };
    let child = Mutex::new(child);
    let (answered, was_too_long) = thread::scope(|scope| {
        let (done, is_done) = channel::<()>();
        let child = &child;
        let guard = scope.spawn(move || {
            let was_too_long = is_done.recv_timeout(at_most) == Err(RecvTimeoutError::Timeout);
            // Also one that has answered and does not end.
            let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
            was_too_long
        });
        let answered = answer::read(out, watch);
        drop(done);
        (answered, guard.join().unwrap_or(true))
    });
    let status = child.lock().unwrap_or_else(PoisonError::into_inner).wait();
    match answered {
        Ok(Answered::Checked(report)) => Ok(report),
        Ok(Answered::Failed(text, is_damage)) => Err(Refused { text, is_damage }),
        Ok(Answered::Backup(_)) | Err(_) => Err(ended(status.ok(), was_too_long.then_some(at_most))),
    }
}

/// It ended without an answer.
fn ended(status: Option<ExitStatus>, at_most: Option<Duration>) -> Refused {
    let how = match (at_most, status) {
        (Some(at_most), _) => format!("reading it took more than {} s", at_most.as_secs()),
        (None, Some(status)) => format!("whoever read it ended with {status}"),
        (None, None) => "whoever read it ended".to_owned(),
    };
    Refused { text: format!("is damaged ({how}). Nothing was changed. Take another backup."), is_damage: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<CheckReport, String> {
        let mut program = Command::new("sh");
        let heard = listen(program.args(["-c", script]), Duration::from_secs(2), |_| {});
        heard.map_err(|refused| refused.text)
    }

    #[test]
    fn whatever_becomes_of_the_process_is_an_answer() {
        let good =
            shell("echo checking; echo users 1; echo links 2; echo clicks 3; echo damaged 0; echo done").unwrap();
        assert_eq!((good.users, good.links, good.clicks), (1, 2, 3));
        assert_eq!(shell("echo done; exec sleep 60").unwrap(), CheckReport::default(), "nobody waits for its end");
        for (script, words) in [
            ("kill -ABRT $$", "signal: 6"),
            ("exit 101", "exit status: 101"),
            ("echo users 1", "exit status: 0"),
            ("echo gibberish; printf '\\377\\n'", "is damaged ("),
            ("exec sleep 60", "took more than 2 s"),
            ("echo failed damaged is bad.", "is bad."),
        ] {
            let text = shell(script).unwrap_err();
            assert!(text.contains(words), "{script}: {text}");
        }
    }
}
