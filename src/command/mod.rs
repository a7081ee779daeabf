//! What an operator can ask of the program. Wires the rest together.
//!
//! Results go to stdout, messages to stderr. A command ends with an exit code: 0 done, 1 failed, 2 wrong usage or
//! configuration, 3 data file in use, 4 data file damaged or from a newer version.

mod backup;
mod check;
mod config;
mod data;
mod health;
mod logging;
mod machine;
mod migrate;
mod password;
mod prove;
mod restore;
mod serve;
mod settings;
mod sockets;
mod tls_self_signed;
mod user_add;
mod user_disable;
mod user_invite;
mod user_list;
mod user_passwd;
mod user_release;
mod user_remove;
mod user_reset_link;
mod user_role;
mod version;

use std::any::Any;
use std::ffi::OsString;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind};

use crate::cli::{self, Command};
use crate::config::ConfigError;
use crate::password::HasherError;
use crate::random::NoRandomness;
use crate::store;

/// What the exit code of the process says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Failed = 1,
    Usage = 2,
    InUse = 3,
    Damaged = 4,
}

/// Why a command did not do what it was asked: one sentence or two, and the exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) code: Code,
    /// What is wrong, then what to do.
    pub(crate) text: String,
}

impl Error {
    pub(crate) fn failed(text: impl Into<String>) -> Error {
        Error { code: Code::Failed, text: text.into() }
    }

    pub(crate) fn usage(text: impl Into<String>) -> Error {
        Error { code: Code::Usage, text: text.into() }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Error {
        Error::usage(error.to_string())
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error.kind {
            store::Kind::Damaged | store::Kind::Nonsense => {
                let text = format!("the data file is damaged ({error}). {}", data::PUT_A_COPY);
                Error { code: Code::Damaged, text }
            }
            store::Kind::Disk | store::Kind::Full | store::Kind::Unavailable => Error::failed(error.to_string()),
        }
    }
}

impl From<HasherError> for Error {
    fn from(error: HasherError) -> Error {
        Error::failed(format!("the password could not be hashed ({error:?}). Is there enough memory?"))
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Error {
        Error::failed(error.to_string())
    }
}

/// Does what the arguments (without the program's name) ask for. Returns the exit code.
pub(crate) fn run(args: Vec<OsString>) -> u8 {
    std::panic::set_hook(Box::new(tell_of_panic));
    if let Some(copy) = prove::asked(&args) {
        prove::run(copy);
        return 0;
    }
    let outcome = match cli::parse(args) {
        Ok(command) => catch_unwind(AssertUnwindSafe(|| perform(command))).unwrap_or_else(broken_off),
        Err(usage) => Err(Error::usage(usage.to_string())),
    };
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            report(&error.text);
            error.code as u8
        }
    }
}

/// Pages that make no sense can make redb panic. Any other panic goes on.
fn broken_off(panic: Box<dyn Any + Send>) -> Result<(), Error> {
    if !data::has_opened() {
        resume_unwind(panic);
    }
    let text = format!("its pages make no sense: {}", store::text_of(&*panic));
    Err(store::Error::new(store::Kind::Nonsense, text).into())
}

/// Says why a command failed, in the log if that is all that its reader understands.
fn report(text: &str) {
    if logging::is_json() && log::log_enabled!(target: "core", log::Level::Error) {
        log::error!(target: "core", "{text}");
    } else {
        tell(&format!("error: {text}\n"));
    }
}

/// A panic is one line of the log like every other event; without a log it goes to stderr as it is. What [`broken_off`]
/// makes an error is told once.
fn tell_of_panic(panic: &PanicHookInfo<'_>) {
    if store::is_trying() || data::has_opened() {
        return;
    }
    if log::log_enabled!(target: "core", log::Level::Error) {
        log::error!(target: "core", "{panic}");
    } else {
        tell(&format!("{panic}\n"));
    }
}

fn perform(command: Command) -> Result<(), Error> {
    match command {
        Command::Serve(options) => serve::run(&options),
        Command::UserAdd { options, name, email, admin, password_stdin } => {
            user_add::run(&options, &name, &email, admin, password_stdin)
        }
        Command::UserList { options, json } => user_list::run(&options, json),
        Command::UserPasswd { options, name, password_stdin } => user_passwd::run(&options, &name, password_stdin),
        Command::UserResetLink { options, name } => user_reset_link::run(&options, &name),
        Command::UserRole { options, name, role } => user_role::run(&options, &name, &role),
        Command::UserDisable { options, name } => user_disable::run(&options, &name),
        Command::UserEnable { options, name } => user_disable::undo(&options, &name),
        Command::UserRemove { options, name, links, yes } => user_remove::run(&options, &name, links.as_deref(), yes),
        Command::UserRelease { options, name } => user_release::run(&options, &name),
        Command::UserInvite { options } => user_invite::run(&options),
        Command::Backup { options, to } => backup::run(&options, to.as_deref()),
        Command::Export { options, compact } => backup::compact(&options, &compact),
        Command::Check { options, json } => check::run(&options, json),
        Command::Restore { options, file, verify } => restore::run(&options, &file, verify),
        Command::Migrate { options, dry_run } => migrate::run(&options, dry_run),
        Command::Settings { options, change } => settings::run(&options, change),
        Command::Config { options, json } => config::run(&options, json),
        Command::Health { options, url } => health::run(&options, url.as_deref()),
        Command::TlsSelfSigned { options, names } => tls_self_signed::run(&options, &names),
        Command::Version { json } => {
            version::run(json);
            Ok(())
        }
        Command::Help(topic) => {
            say(&cli::help(&topic));
            Ok(())
        }
    }
}

/// Writes a result to stdout. A reader that has gone away is no failure of ours.
fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a message to stderr.
fn tell(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_record_ends_a_command_as_a_damaged_file_does() {
        let error = Error::from(store::Error::damaged("user", b"7", "cut off"));
        assert_eq!(error.code, Code::Damaged);
        assert_eq!(
            error.text,
            "the data file is damaged (user 7: cut off). Put a backup in its place: linkjar restore FILE"
        );
    }
}
