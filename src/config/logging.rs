//! What the log says, and how it is written.

use log::LevelFilter;

use super::{ConfigError, Value};

/// The parts of the program whose level can be set by itself.
pub(crate) const LOG_TARGETS: [&str; 5] = ["accounts", "links", "core", "store", "door"];

/// Which lines are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter {
    /// For every target that is not in `targets`.
    pub(crate) default: LevelFilter,
    /// Names of [`LOG_TARGETS`], each at most once.
    pub(crate) targets: Vec<(String, LevelFilter)>,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// `info`, or `info,links=debug`. Without a level for all it is `info`.
pub(super) fn filter(value: &Value) -> Result<LogFilter, ConfigError> {
    let refused = || {
        let targets = LOG_TARGETS.join(", ");
        value.refused(&format!(
            "Use off, error, warn, info, debug or trace, and perhaps links=debug; parts are {targets}."
        ))
    };
    let mut default = None;
    let mut targets: Vec<(String, LevelFilter)> = Vec::new();
    for part in value.text.split(',').map(str::trim) {
        let Some((target, level)) = part.split_once('=') else {
            let level = part.parse().map_err(|_| refused())?;
            if default.replace(level).is_some() {
                return Err(refused());
            }
            continue;
        };
        let repeated = targets.iter().any(|(known, _)| known == target);
        if repeated || !LOG_TARGETS.contains(&target) {
            return Err(refused());
        }
        targets.push((target.to_owned(), level.parse().map_err(|_| refused())?));
    }
    Ok(LogFilter { default: default.unwrap_or(LevelFilter::Info), targets })
}

pub(super) fn format(value: &Value) -> Result<LogFormat, ConfigError> {
    match value.text.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(value.refused("Use text or json.")),
    }
}
