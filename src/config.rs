//! What the command line and the environment mean: flag before variable before default, checked, in final types.
//!
//! The only file that reads the environment. How things are typed is `cli.rs`'s business, and what an
//! administrator changes while the server runs lives in the data file.

mod address;
mod admin;
mod contact;
mod entry;
mod logging;
#[cfg(test)]
mod tests;
mod tls;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::click::Durability;
use crate::limits::{BACKUP_KEEP_MAX, CLICK_WINDOW_MS, PAGE_CACHE_MIB, THREADS_MAX};
use crate::options::{
    self, BACKUP_KEEP, BASE_URL, CLICK_DURABILITY, CLICK_WINDOW, DATA_DIR, FROM_ENVIRONMENT, NUMTHREADS, OptionRow,
    Options, PAGE_CACHE, REGISTRATION,
};
use crate::proxy::TrustedProxies;
use crate::spelling::{nearest, shown};
use crate::user::Registration;

pub(crate) use address::{BaseUrl, host_name, web_address};
pub(crate) use admin::AdminSeed;
pub(crate) use contact::{Contact, certificate, contact};
pub(crate) use entry::{Source, entries, json, text};
pub(crate) use logging::{LOG_TARGETS, LogFilter, LogFormat};
pub(crate) use tls::TlsFiles;

/// Everything that is fixed for the life of the process.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where to listen; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Request threads, 1 to [`THREADS_MAX`].
    pub(crate) threads: usize,
    pub(crate) data_dir: PathBuf,
    /// The public address, if the operator names one.
    pub(crate) base_url: Option<BaseUrl>,
    /// More host names that links answer to: lower case, no final dot, no port, IPv6 in brackets.
    pub(crate) allowed_hosts: Vec<String>,
    /// The proxies whose forwarded headers count.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Where the certificate is, if [`Config::listen`] speaks TLS. Nothing is known of the files but their names.
    pub(crate) tls: Option<TlsFiles>,
    /// The port for plain HTTP on the same address, only beside TLS and never the same port; 0 takes a free one.
    pub(crate) http_port: Option<u16>,
    /// When redirects are answered.
    pub(crate) click_durability: Durability,
    /// The longest a click waits for its commit.
    pub(crate) click_window: Duration,
    /// Memory for pages of the data file, if the operator says how much.
    pub(crate) page_cache_bytes: Option<usize>,
    /// Daily backups to keep, up to [`BACKUP_KEEP_MAX`]; 0 makes none.
    pub(crate) backup_keep: usize,
    pub(crate) log: LogFilter,
    pub(crate) log_format: LogFormat,
    /// Who may register, if the environment says so.
    pub(crate) registration: Option<Registration>,
    /// The administrator to make if none exists.
    pub(crate) admin: Option<AdminSeed>,
    /// One line each, for the log: half of a TLS pair, and variables that look mistyped.
    pub(crate) warnings: Vec<String>,
}

/// A flag or variable that cannot be used: one line that names it, shows the value and says what is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Reads flags and the process's environment.
///
/// # Errors
/// As [`resolve`], and for one of our variables that is not UTF-8.
pub(crate) fn from_environment(options: &Options) -> Result<Config, ConfigError> {
    check_text(FROM_ENVIRONMENT)?;
    let mut config = resolve(options, &variable)?;
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    config.warnings.extend(warnings(names));
    Ok(config)
}

/// Refuses variables that are not UTF-8.
fn check_text(rows: &[&OptionRow]) -> Result<(), ConfigError> {
    let is_text = |name: &str| std::env::var_os(name).is_none_or(|value| value.to_str().is_some());
    match rows.iter().filter_map(|row| row.variable).find(|name| !is_text(name)) {
        Some(name) => Err(ConfigError(format!("{name} is not UTF-8 text. Write it in UTF-8."))),
        None => Ok(()),
    }
}

/// One variable of the process's environment; what is not UTF-8 is absent.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Works out the configuration from flags and variables. Resolves a host name and reads the password file if there
/// is one; changes nothing.
///
/// # Errors
/// The first flag or variable whose value is not accepted, a host name without an address, half of a TLS pair where
/// others could reach it, a plain port that does not go with the other one, an administrator of whom only a part is
/// given, a password file that cannot be read.
pub(crate) fn resolve(options: &Options, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let given = Given { options, env };
    let mut warnings = Vec::new();
    let listen = address::listen(&given)?;
    let tls = tls::files(&given, listen.ip(), &mut warnings)?;
    let http_port = tls::http_port(&given, listen.port(), tls.is_some())?;
    Ok(Config {
        listen,
        threads: threads(&given.value(&NUMTHREADS))?,
        data_dir: PathBuf::from(given.value(&DATA_DIR).text),
        base_url: given.find(&BASE_URL).map(|value| address::base_url(&value)).transpose()?,
        allowed_hosts: address::allowed_hosts(&given)?,
        trusted_proxies: address::trusted_proxies(&given)?,
        tls,
        http_port,
        click_durability: click_durability(&given.value(&CLICK_DURABILITY))?,
        click_window: click_window(&given.value(&CLICK_WINDOW))?,
        page_cache_bytes: given.find(&PAGE_CACHE).map(|value| page_cache_bytes(&value)).transpose()?,
        backup_keep: backup_keep(&given.value(&BACKUP_KEEP))?,
        log: logging::filter(&given.value(&options::LOG_LEVEL))?,
        log_format: logging::format(&given.value(&options::LOG_FORMAT))?,
        registration: given.find(&REGISTRATION).map(|value| registration(&value)).transpose()?,
        admin: admin::seed(&given)?,
        warnings,
    })
}

fn threads(value: &Value) -> Result<usize, ConfigError> {
    let count = number(&value.text).filter(|count| (1..=THREADS_MAX).contains(count));
    count.ok_or_else(|| value.refused(&format!("Use a number from 1 to {THREADS_MAX}.")))
}

fn click_durability(value: &Value) -> Result<Durability, ConfigError> {
    Durability::parse(&value.text).ok_or_else(|| value.refused("Use relaxed or strict."))
}

fn click_window(value: &Value) -> Result<Duration, ConfigError> {
    let ms = number(&value.text).filter(|ms| CLICK_WINDOW_MS.contains(ms));
    let (least, most) = (CLICK_WINDOW_MS.start(), CLICK_WINDOW_MS.end());
    ms.map(Duration::from_millis)
        .ok_or_else(|| value.refused(&format!("Use a number of milliseconds from {least} to {most}.")))
}

fn page_cache_bytes(value: &Value) -> Result<usize, ConfigError> {
    let mib = number(&value.text).filter(|mib| PAGE_CACHE_MIB.contains(mib));
    let (least, most) = (PAGE_CACHE_MIB.start(), PAGE_CACHE_MIB.end());
    mib.map(|mib| mib << 20).ok_or_else(|| value.refused(&format!("Use a number of MiB from {least} to {most}.")))
}

fn backup_keep(value: &Value) -> Result<usize, ConfigError> {
    let count = number(&value.text).filter(|count| *count <= BACKUP_KEEP_MAX);
    count.ok_or_else(|| value.refused(&format!("Use a number from 0 to {BACKUP_KEEP_MAX}.")))
}

fn registration(value: &Value) -> Result<Registration, ConfigError> {
    Registration::parse(&value.text).ok_or_else(|| value.refused("Use open, invite or closed."))
}

/// Digits only: `str::parse` alone would also take `+8000`.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits_only = text.bytes().all(|b| b.is_ascii_digit());
    if digits_only { text.parse().ok() } else { None }
}

/// What to say about variables that are not ours but look as if they were meant to be.
fn warnings(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let known: Vec<&str> = FROM_ENVIRONMENT.iter().filter_map(|row| row.variable).collect();
    let mut warnings = Vec::new();
    for name in names {
        if !name.starts_with("SERVER_") || known.contains(&name.as_str()) {
            continue;
        }
        if let Some(meant) = nearest(&name, known.iter().copied()) {
            warnings.push(format!("unknown variable {}. Did you mean {meant}?", shown(&name)));
        }
    }
    // The environment has no order of its own; the log should read the same at every start.
    warnings.sort();
    warnings
}

/// Everything an operator gave, before it means anything.
struct Given<'a> {
    options: &'a Options,
    env: &'a dyn Fn(&str) -> Option<String>,
}

/// The text of an option and where it comes from.
struct Value {
    /// The flag or variable, for messages.
    name: &'static str,
    text: String,
    source: Source,
}

impl Given<'_> {
    /// Flag, then variable, then default, then nothing. An empty text counts as absent.
    fn find(&self, row: &OptionRow) -> Option<Value> {
        let filled = |text: &String| !text.is_empty();
        let flag = (row.typed)(self.options).map(str::to_owned).filter(filled);
        if let (Some(name), Some(text)) = (row.flag, flag) {
            return Some(Value { name, text, source: Source::Flag });
        }
        let name = row.variable?;
        if let Some(text) = (self.env)(name).filter(filled) {
            return Some(Value { name, text, source: Source::Environment });
        }
        let text = row.default?.to_owned();
        Some(Value { name, text, source: Source::Default })
    }

    /// The value of an option that has a default.
    fn value(&self, row: &OptionRow) -> Value {
        let name = row.variable.unwrap_or_default();
        self.find(row).unwrap_or(Value { name, text: String::new(), source: Source::Default })
    }
}

impl Value {
    /// The error for this value; `accepted` is a sentence.
    fn refused(&self, accepted: &str) -> ConfigError {
        self.refused_word(&self.text, accepted)
    }

    /// The error for one word of this value, which is a list.
    fn refused_word(&self, word: &str, accepted: &str) -> ConfigError {
        ConfigError(format!("{} \"{}\" is not accepted. {accepted}", self.name, shown(word)))
    }
}
