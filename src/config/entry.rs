//! The options in effect and where each comes from, as `linkjar config` shows them.

use serde_json::{Value as Json, json as object};

use super::Given;
use crate::options::{ADMIN_PASSWORD, BASE_URL, FROM_ENVIRONMENT, OptionRow, Options};
use crate::spelling::shown;

/// What stands for a secret.
pub(super) const MASK: &str = "********";

/// One option in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The variable, because every option of this list has one: `SERVER_PORT`.
    pub(crate) name: &'static str,
    /// As typed; a secret is masked; nothing if the option is not set and has no default.
    pub(crate) value: Option<String>,
    pub(crate) source: Source,
}

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Flag,
    Environment,
    Default,
}

impl Source {
    /// One word, the same for people and programs.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Source::Flag => "flag",
            Source::Environment => "environment",
            Source::Default => "default",
        }
    }
}

/// Every option that the environment can give, in reading order, unchecked: [`super::resolve`] says whether they work.
pub(crate) fn entries(options: &Options, env: &dyn Fn(&str) -> Option<String>) -> Vec<Entry> {
    let given = Given { options, env };
    FROM_ENVIRONMENT.iter().filter_map(|row| entry(&given, row)).collect()
}

fn entry(given: &Given<'_>, row: &OptionRow) -> Option<Entry> {
    let name = row.variable?;
    let Some(found) = given.find(row) else {
        return Some(Entry { name, value: None, source: Source::Default });
    };
    // A base URL with a user name is refused, but what is refused may still be shown here.
    let has_user = row.variable == BASE_URL.variable && found.text.contains('@');
    let is_secret = row.variable == ADMIN_PASSWORD.variable || has_user;
    let value = if is_secret { MASK.to_owned() } else { found.text };
    Some(Entry { name, value: Some(value), source: found.source })
}

/// One line for each entry: name, value, source.
pub(crate) fn text(entries: &[Entry]) -> String {
    let value = |entry: &Entry| entry.value.as_deref().map_or_else(|| "none".to_owned(), shown);
    let name_width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    let value_width = entries.iter().map(|entry| value(entry).chars().count()).max().unwrap_or(0);
    let line = |entry: &Entry| {
        let (name, value, source) = (entry.name, value(entry), entry.source.word());
        format!("{name:<name_width$}  {value:<value_width$}  {source}\n")
    };
    entries.iter().map(line).collect()
}

/// A list of objects with `name`, `value` (text or null) and `source`.
pub(crate) fn json(entries: &[Entry]) -> String {
    let item = |entry: &Entry| object!({ "name": entry.name, "value": entry.value, "source": entry.source.word() });
    Json::Array(entries.iter().map(item).collect()).to_string()
}
