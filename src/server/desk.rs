//! The desk: where commands of the operator ask the running server for what only it can do.
//!
//! A Unix socket in a folder of its own inside the data folder, for nobody but the server's user. A command sends one
//! line; the answer is lines, the last of which is `done` or `failed`:
//!
//! | asked | answered |
//! |---|---|
//! | `backup`, `backup PATH` | `copying DONE TOTAL`…, `checking`, then `path`, `bytes`, `sha256` and those of `check` |
//! | `compact PATH` | as `backup`, with `converting DONE TOTAL`… |
//! | `check` | `users`, `links`, `clicks` with a number; `damage`, `leftover` with the rows that are named, `damaged`, `leftovers` with the number of all |
//!
//! `failed WHY TEXT` has `damaged` for a damaged data file, else `failed`. One is served at a time; others hear that.

pub(crate) mod answer;

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use log::{error, info, warn};

use crate::app::App;
use crate::limits::{ACCEPT_PAUSE, DESK_LINE_BYTES_MAX, DESK_PATIENCE, DESK_TIMEOUT, STOP_GRACE, STOP_POLL};
use crate::store::{BackupError, Stage, Task};
pub(crate) use answer::Answered;

const FOLDER: &str = ".desk";
const SOCKET: &str = "socket";

/// The open desk; dropped, it is closed, and what was being done there is given up.
pub(super) struct Desk {
    folder: PathBuf,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    /// Opens it below the data folder. One that a killed process left behind goes first; the data file's lock has made
    /// sure that there is no other process.
    ///
    /// # Errors
    /// Those of the file system, and a path that is too long for a socket.
    pub(super) fn open(app: &Arc<App>, data: &Path) -> io::Result<Desk> {
        let folder = data.join(FOLDER);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        let listener = UnixListener::bind(folder.join(SOCKET))?;
        fs::set_permissions(folder.join(SOCKET), Permissions::from_mode(0o600))?;
        let closing = Arc::new(AtomicBool::new(false));
        let (app, is_closing) = (Arc::clone(app), Arc::clone(&closing));
        let thread = thread::Builder::new().name("desk".to_owned()).spawn(move || {
            let mut at_work: Option<JoinHandle<()>> = None;
            loop {
                let accepted = listener.accept();
                if is_closing.load(Ordering::Acquire) {
                    break;
                }
                let Ok((stream, _)) = accepted else {
                    // No descriptor to spare just now.
                    thread::sleep(ACCEPT_PAUSE);
                    continue;
                };
                // One who has just been served may be on the way out.
                let patience = Instant::now() + DESK_PATIENCE;
                while at_work.as_ref().is_some_and(|work| !work.is_finished()) && Instant::now() < patience {
                    thread::sleep(STOP_POLL);
                }
                if at_work.as_ref().is_some_and(|work| !work.is_finished()) {
                    refuse(stream, &BackupError::Busy);
                    continue;
                }
                let app = Arc::clone(&app);
                let serve = move || {
                    // Who asked has gone away; there is nobody to tell.
                    let _ = serve(&app, stream);
                };
                at_work = thread::Builder::new().name("at the desk".to_owned()).spawn(serve).ok();
            }
            // A copy is given up soon; a check takes its time, and what it leaves behind is no loss.
            let end = Instant::now() + STOP_GRACE;
            while at_work.as_ref().is_some_and(|work| !work.is_finished()) && Instant::now() < end {
                thread::sleep(STOP_POLL);
            }
        })?;
        Ok(Desk { folder, closing, thread: Some(thread) })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        // Whoever waits in `accept` is woken by a visitor.
        let is_woken = UnixStream::connect(self.folder.join(SOCKET)).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| is_woken) {
            drop(thread.join());
        }
        // What stays is made anew at the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn refuse(mut stream: UnixStream, why: &BackupError) {
    let _ = stream.set_write_timeout(Some(DESK_TIMEOUT));
    let _ = stream.write_all(Answered::Failed(format!("{why}. Try again later."), false).lines().as_bytes());
}

/// Reads what is asked for and does it.
fn serve(app: &App, stream: UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(DESK_TIMEOUT))?;
    stream.set_write_timeout(Some(DESK_TIMEOUT))?;
    let mut line = String::new();
    BufReader::new(&stream).take(DESK_LINE_BYTES_MAX).read_line(&mut line)?;
    let (word, path) = line.trim_end_matches('\n').split_once(' ').unwrap_or((line.trim_end(), ""));
    let task = match word {
        "compact" => Task::Compact,
        "check" => Task::Check,
        _ => Task::Backup,
    };
    let mut out = &stream;
    let mut watch = |stage| {
        let told = out.write_all(answer::progress(stage).as_bytes());
        if told.is_err() || app.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let outcome = match word {
        "backup" if path.is_empty() => {
            app.store.new_backup(app.now()).and_then(|path| app.store.back_up(&path, &mut watch)).map(Answered::Backup)
        }
        "backup" => app.store.back_up(Path::new(path), &mut watch).map(Answered::Backup),
        "compact" if !path.is_empty() => app.store.compact(Path::new(path), &mut watch).map(Answered::Backup),
        "check" => app.store.check(&mut watch).map(Answered::Checked),
        _ => {
            let unknown = "this server does not know that command. Use the same version.";
            return out.write_all(Answered::Failed(unknown.to_owned(), false).lines().as_bytes());
        }
    };
    let found = match &outcome {
        Ok(Answered::Backup(made)) => Some(&made.report),
        Ok(Answered::Checked(report)) => Some(report),
        Ok(Answered::Failed(..)) => None,
        Err(why) => why.report(),
    };
    if let Some(found) = found {
        app.note_check(found);
    }
    match &outcome {
        Ok(Answered::Backup(made)) => info!(target: "store", path = made.path.display().to_string(); "backup made"),
        Ok(Answered::Checked(report)) if report.damage.count > 0 => {
            warn!(target: "store", count = report.damage.count; "the data file is damaged");
        }
        Ok(_) => info!(target: "store", "data file checked"),
        Err(why) if why.is_damage() => error!(target: "store", "backup: {why}"),
        Err(why) => warn!(target: "store", "backup: {why}"),
    }
    let answered = outcome.unwrap_or_else(|why| Answered::Failed(why.sentence(task), why.is_damage()));
    out.write_all(answered.lines().as_bytes())
}

/// True when a server is there.
pub(crate) fn is_open(data: &Path) -> bool {
    UnixStream::connect(data.join(FOLDER).join(SOCKET)).is_ok()
}

/// Asks the server on a data folder: for a backup (`Some`, to a path or wherever it chooses) or a check. `None` when no
/// server is there.
///
/// # Errors
/// When the conversation breaks off.
pub(crate) fn ask(data: &Path, request: &str, watch: impl FnMut(Stage)) -> io::Result<Option<Answered>> {
    let Ok(stream) = UnixStream::connect(data.join(FOLDER).join(SOCKET)) else { return Ok(None) };
    writeln!(&stream, "{request}")?;
    answer::read(stream, watch).map(Some)
}
