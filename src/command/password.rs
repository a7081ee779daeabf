//! A password for a command: asked for twice on a terminal, or one line of standard input. Never an argument, which
//! every user of the machine could read.

use std::io::{BufRead, IsTerminal, Read};

use crate::command::Error;
use crate::limits::PASSWORD_BYTES_MAX;
use crate::password::{self, Cost, Hasher, PasswordHash};
use crate::random;
use crate::user::{Email, Role};

/// Reads a new password, checks it, and hashes it.
///
/// # Errors
/// Exit code 2 without a terminal or `--password-stdin`, and for a password that is too weak.
pub(crate) fn read_new(name: &str, email: &Email, role: Role, from_stdin: bool) -> Result<PasswordHash, Error> {
    let typed = if from_stdin { line_of_stdin()? } else { prompt()? };
    check(&typed, name, email.as_str(), role)?;
    hash(&typed)
}

/// Checks a password that somebody chose for an account.
///
/// # Errors
/// Exit code 2 with what is wrong with it.
pub(crate) fn check(typed: &str, name: &str, email: &str, role: Role) -> Result<(), Error> {
    let local_part = email.split('@').next().unwrap_or_default();
    password::check(typed, role.strength(), &[name, email, local_part, "linkjar"])
        .map_err(|why| Error::usage(format!("the password for {name} is not good enough. {why}")))
}

/// Hashes a password at the usual cost.
///
/// # Errors
/// When memory or randomness is not to be had.
pub(crate) fn hash(typed: &str) -> Result<PasswordHash, Error> {
    Ok(Hasher::new(1, 1, Cost::USUAL).hash(typed, random::bytes()?)?)
}

fn line_of_stdin() -> Result<String, Error> {
    let mut line = String::new();
    // One byte more than allowed, and a line end, so that a longer one is noticed and not cut.
    let mut bounded = std::io::stdin().lock().take(PASSWORD_BYTES_MAX as u64 + 3);
    bounded.read_line(&mut line).map_err(|error| Error::failed(format!("standard input cannot be read: {error}")))?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn prompt() -> Result<String, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage("there is no terminal to ask for the password on. Use --password-stdin."));
    }
    let ask = |text| rpassword::prompt_password(text).map_err(|error| Error::failed(format!("no password: {error}")));
    let first = ask("Password: ")?;
    if ask("Repeat password: ")? != first {
        return Err(Error::usage("the two passwords differ. Nothing was changed; run the command again."));
    }
    Ok(first)
}
