//! What is said of a command line that cannot be understood.

use std::fmt;

use super::form::{COMMANDS, Form, GROUPS};
use crate::options::OptionRow;
use crate::spelling::{nearest, shown};

/// A command line that cannot be understood: one line that says what is wrong, then what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Usage(pub(super) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// A group alone does nothing; the answer names what is in it.
pub(super) fn no_command(group: &Form) -> Usage {
    let in_group = |form: &&Form| form.words.strip_prefix(group.words)?.strip_prefix(' ');
    let members: Vec<&str> = COMMANDS.iter().filter_map(in_group).collect();
    let members = match members.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("one: {} or {last}", others.join(", ")),
        None => String::new(),
    };
    Usage(see(&format!("{} needs a command. Add {members}", group.words), group.words))
}

pub(super) fn unknown_command(words: &str) -> Usage {
    let mut what = format!("unknown command {}", shown(words));
    let known = COMMANDS.iter().chain(GROUPS).map(|form| form.words);
    if let Some(meant) = nearest(words, known) {
        what += &format!(". Did you mean {meant}?");
    }
    Usage(see(&what, ""))
}

/// Why `typed`, which starts like an option, was left over.
pub(super) fn not_taken(form: &Form, typed: &str) -> Usage {
    let flag = typed.split_once('=').map_or(typed, |(flag, _)| flag);
    let is_meant = |row: &&OptionRow| row.flag == Some(flag);
    let flag = shown(flag);
    if let Some(row) = form.rows().find(is_meant) {
        let what = if row.value.is_none() && typed.contains('=') {
            format!("{flag} takes no value. Write {flag} alone")
        } else {
            format!("{flag} is given twice. Give it once")
        };
        return Usage(see(&what, form.words));
    }
    if COMMANDS.iter().flat_map(|other| other.rows()).any(|row| is_meant(&row)) {
        let what = format!("{} does not take {flag}. Leave it out", form.words);
        return Usage(see(&what, form.words));
    }
    let mut what = format!("unknown option {flag}");
    if let Some(meant) = nearest(&flag, form.rows().filter_map(|row| row.flag).chain(["--help"])) {
        what += &format!(". Did you mean {meant}?");
    }
    Usage(see(&what, form.words))
}

pub(super) fn stray_argument(form: &Form, stray: &str) -> Usage {
    let is_command = COMMANDS.iter().any(|command| command.words.split(' ').next() == Some(stray));
    let stray = shown(stray);
    let what = if is_command {
        format!("stray argument {stray}. A command comes before its options: linkjar {stray} …")
    } else {
        format!("stray argument {stray}. Leave it out")
    };
    Usage(see(&what, form.words))
}

/// `what` as a sentence, and where to read on.
pub(super) fn see(what: &str, words: &str) -> String {
    let end = if what.ends_with(['?', '…']) { "" } else { "." };
    let space = if words.is_empty() { "" } else { " " };
    format!("{what}{end} See: linkjar help{space}{words}")
}
