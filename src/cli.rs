//! The command line as typed: which command, which options, and the help.
//!
//! The only file that names `pico_args`. What an option's text means is the business of `config.rs`; printing and
//! exit codes are the caller's.

mod form;
mod help;
#[cfg(test)]
mod tests;
mod usage;
mod user;

use std::ffi::OsString;

use pico_args::Arguments;

use crate::limits::SELF_SIGNED_NAMES_MAX;
use crate::options::{
    ALLOWED_HOSTS, BACKUP_KEEP, BASE_URL, CLICK_DURABILITY, CLICK_WINDOW, COMPACT, DATA_DIR, DRY_RUN, HOST, HTTP_PORT,
    JSON, LOG_FORMAT, LOG_LEVEL, NEW, NUMTHREADS, OptionRow, PAGE_CACHE, PORT, TLS_CERT, TLS_KEY, TO, TRUSTED_PROXIES,
    VERIFY,
};
use crate::spelling::shown;
use form::{COMMANDS, Form, GROUPS, SERVE};
use usage::{no_command, not_taken, see, stray_argument, unknown_command};

pub(crate) use crate::options::Options;
#[cfg(test)]
pub(crate) use form::SETTING_KEYS;
pub(crate) use form::Topic;
pub(crate) use help::help;
pub(crate) use usage::Usage;

/// What a person asked for. Names and values are as typed; nothing but their presence has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Serve(Options),
    UserAdd {
        options: Options,
        name: String,
        email: String,
        admin: bool,
        password_stdin: bool,
    },
    UserList {
        options: Options,
        json: bool,
    },
    UserPasswd {
        options: Options,
        name: String,
        password_stdin: bool,
    },
    UserResetLink {
        options: Options,
        name: String,
    },
    UserRole {
        options: Options,
        name: String,
        role: String,
    },
    UserDisable {
        options: Options,
        name: String,
    },
    UserEnable {
        options: Options,
        name: String,
    },
    UserRemove {
        options: Options,
        name: String,
        /// What becomes of the links.
        links: Option<String>,
        yes: bool,
    },
    UserRelease {
        options: Options,
        name: String,
    },
    UserInvite {
        options: Options,
    },
    Backup {
        options: Options,
        to: Option<String>,
    },
    Export {
        options: Options,
        /// The file to write the data file to anew.
        compact: String,
    },
    Check {
        options: Options,
        json: bool,
    },
    Restore {
        options: Options,
        file: String,
        verify: bool,
    },
    Migrate {
        options: Options,
        dry_run: bool,
    },
    Settings {
        options: Options,
        /// A key to show, or a key and its new value (which may be empty).
        change: Option<(String, Option<String>)>,
    },
    Config {
        options: Options,
        json: bool,
    },
    Health {
        options: Options,
        url: Option<String>,
    },
    TlsSelfSigned {
        options: Options,
        names: Vec<String>,
    },
    Version {
        json: bool,
    },
    Help(Topic),
}

/// Reads the arguments that follow the program's name.
///
/// A request for help or for the version wins over everything else that stands behind its command.
///
/// # Errors
/// [`Usage`] for an unknown command or option, an option without its value or given twice, a missing or a stray
/// argument, and an argument that is not UTF-8.
pub(crate) fn parse(args: Vec<OsString>) -> Result<Command, Usage> {
    for (index, arg) in args.iter().enumerate() {
        if arg.to_str().is_none() {
            let text = shown(&arg.to_string_lossy());
            let place = index + 1;
            return Err(Usage(format!(
                "argument {place} is not UTF-8 text: {text}. Type it in UTF-8. See: linkjar help"
            )));
        }
    }
    let mut args = Arguments::from_vec(args);
    let words = words(&mut args)?;
    if args.contains(["-h", "--help"]) {
        return topic(&words).map(Command::Help);
    }
    let form = if words.is_empty() { &SERVE } else { command(&words)? };
    if args.contains(["-V", "--version"]) {
        return Ok(Command::Version { json: args.contains("--json") });
    }
    let typed = Typed { form, args };
    match form.topic {
        Topic::UserAdd => user::add(typed),
        Topic::UserList => user::list(typed),
        Topic::UserPasswd => user::passwd(typed),
        Topic::UserResetLink => user::reset_link(typed),
        Topic::UserRole => user::role(typed),
        Topic::UserDisable => user::disable(typed),
        Topic::UserEnable => user::enable(typed),
        Topic::UserRemove => user::remove(typed),
        Topic::UserRelease => user::release(typed),
        Topic::UserInvite => user::invite(typed),
        Topic::Backup => backup(typed),
        Topic::Export => export(typed),
        Topic::Check => check(typed),
        Topic::Restore => restore(typed),
        Topic::Migrate => migrate(typed),
        Topic::Settings => settings(typed),
        Topic::Config => config(typed),
        Topic::Health => health(typed),
        Topic::TlsSelfSigned => tls_self_signed(typed),
        Topic::Version => version(typed),
        Topic::Help => help_on(typed),
        Topic::Serve | Topic::User | Topic::Tls | Topic::Program => serve(typed),
    }
}

/// Takes the words that name a command: none, `serve`, `user add`.
fn words(args: &mut Arguments) -> Result<String, Usage> {
    let mut word = || args.subcommand().map_err(|_| Usage(see("unreadable argument. Type it in UTF-8", "")));
    let Some(mut words) = word()? else {
        return Ok(String::new());
    };
    if group(&words).is_some()
        && let Some(second) = word()?
    {
        words = format!("{words} {second}");
    }
    Ok(words)
}

/// The group of that name.
fn group(words: &str) -> Option<&'static Form> {
    GROUPS.iter().copied().find(|form| form.words == words)
}

/// The command of that name.
fn command(words: &str) -> Result<&'static Form, Usage> {
    if let Some(group) = group(words) {
        return Err(no_command(group));
    }
    let known = COMMANDS.iter().copied().find(|form| form.words == words);
    known.ok_or_else(|| unknown_command(words))
}

/// What help for these words is about.
fn topic(words: &str) -> Result<Topic, Usage> {
    match group(words) {
        _ if words.is_empty() => Ok(Topic::Program),
        Some(group) => Ok(group.topic),
        None => command(words).map(|form| form.topic),
    }
}

fn serve(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    typed.operands(0)?;
    Ok(Command::Serve(options))
}

fn backup(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let to = typed.value(&TO)?;
    typed.operands(0)?;
    Ok(Command::Backup { options, to })
}

fn export(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let compact = typed.value(&COMPACT)?;
    let form = typed.form;
    typed.operands(0)?;
    let Some(compact) = compact else {
        return Err(Usage(see("export needs a file. Add --compact FILE", form.words)));
    };
    Ok(Command::Export { options, compact })
}

fn check(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let json = typed.switch(&JSON);
    typed.operands(0)?;
    Ok(Command::Check { options, json })
}

fn restore(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let verify = typed.switch(&VERIFY);
    let file = typed.name()?;
    Ok(Command::Restore { options, file, verify })
}

fn migrate(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let dry_run = typed.switch(&DRY_RUN);
    typed.operands(0)?;
    Ok(Command::Migrate { options, dry_run })
}

fn settings(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let change = typed.operands(1)?.pop().map(|change| match change.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (change, None),
    });
    Ok(Command::Settings { options, change })
}

fn config(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let json = typed.switch(&JSON);
    typed.operands(0)?;
    Ok(Command::Config { options, json })
}

fn health(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let url = typed.operands(1)?.pop();
    Ok(Command::Health { options, url })
}

fn tls_self_signed(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let names = typed.operands(SELF_SIGNED_NAMES_MAX)?;
    Ok(Command::TlsSelfSigned { options, names })
}

fn version(mut typed: Typed) -> Result<Command, Usage> {
    let json = typed.switch(&JSON);
    typed.operands(0)?;
    Ok(Command::Version { json })
}

fn help_on(typed: Typed) -> Result<Command, Usage> {
    // Two words, because the longest name of a command has two.
    topic(&typed.operands(2)?.join(" ")).map(Command::Help)
}

/// What was typed behind a command's name. Every reading takes its arguments away; [`Typed::operands`] comes last
/// and wants nothing else left.
struct Typed {
    form: &'static Form,
    args: Arguments,
}

impl Typed {
    fn options(&mut self) -> Result<Options, Usage> {
        Ok(Options {
            host: self.value(&HOST)?,
            port: self.value(&PORT)?,
            numthreads: self.value(&NUMTHREADS)?,
            data_dir: self.value(&DATA_DIR)?,
            base_url: self.value(&BASE_URL)?,
            allowed_hosts: self.value(&ALLOWED_HOSTS)?,
            trusted_proxies: self.value(&TRUSTED_PROXIES)?,
            tls_cert: self.value(&TLS_CERT)?,
            tls_key: self.value(&TLS_KEY)?,
            http_port: self.value(&HTTP_PORT)?,
            click_durability: self.value(&CLICK_DURABILITY)?,
            click_window: self.value(&CLICK_WINDOW)?,
            page_cache: self.value(&PAGE_CACHE)?,
            backup_keep: self.value(&BACKUP_KEEP)?,
            log_level: self.value(&LOG_LEVEL)?,
            log_format: self.value(&LOG_FORMAT)?,
            new: self.switch(&NEW),
        })
    }

    /// The value of an option, if this command takes the option and it was given.
    fn value(&mut self, row: &OptionRow) -> Result<Option<String>, Usage> {
        let Some(flag) = row.flag.filter(|_| self.form.takes(row)) else {
            return Ok(None);
        };
        match self.args.opt_value_from_str::<_, String>(flag) {
            // None of our values starts like a flag, so the value was forgotten; an empty one was, too.
            Ok(Some(value)) if value.is_empty() || value.starts_with("--") => Err(self.no_value(row)),
            Ok(value) => Ok(value),
            Err(_) => Err(self.no_value(row)),
        }
    }

    fn switch(&mut self, row: &OptionRow) -> bool {
        row.flag.is_some_and(|flag| self.form.takes(row) && self.args.contains(flag))
    }

    /// The only operand, which must be there.
    fn name(self) -> Result<String, Usage> {
        let form = self.form;
        let missing = || {
            let what = format!("{} needs a name. Add {}", form.words, form.operands);
            Usage(see(&what, form.words))
        };
        self.operands(1)?.pop().ok_or_else(missing)
    }

    /// What is left when all options are taken: at most `count_max` operands.
    fn operands(self, count_max: usize) -> Result<Vec<String>, Usage> {
        let form = self.form;
        let left: Vec<String> = self.args.finish().iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        if let Some(option) = left.iter().find(|arg| arg.starts_with('-') && arg.len() > 1) {
            return Err(not_taken(form, option));
        }
        match left.get(count_max) {
            Some(stray) => Err(stray_argument(form, stray)),
            None => Ok(left),
        }
    }

    fn no_value(&self, row: &OptionRow) -> Usage {
        let flag = row.flag.unwrap_or_default();
        let value = row.value.unwrap_or_default();
        let what = format!("{flag} has no value. Write {flag} {value}");
        Usage(see(&what, self.form.words))
    }
}
