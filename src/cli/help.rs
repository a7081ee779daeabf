//! The help texts, made from the tables of commands and options.
//!
//! Each fits a terminal of 24 lines and 80 columns.

use super::form::{COMMANDS, Form, GROUPS, PROGRAM, SETTING_KEYS, Topic};
use crate::options::OptionRow;

/// The help for `topic`, several lines, each ended.
pub(crate) fn help(topic: &Topic) -> String {
    let form = form(*topic);
    let mut lines = vec![form.sentence.to_owned()];
    if !form.examples.is_empty() {
        lines.push(String::new());
    }
    lines.extend(form.examples.iter().map(|example| format!("  {example}")));
    let listed = listed(form);
    if !listed.is_empty() {
        lines.push(String::new());
        lines.extend(listed);
    }
    if matches!(topic, Topic::Settings) {
        lines.push(String::new());
        lines.extend(SETTING_KEYS.iter().map(|(key, values)| format!("  {key:<22} {values}")));
    }
    let flags: Vec<_> = form.rows().filter(|row| row.flag.is_some()).collect();
    if !flags.is_empty() {
        lines.push(String::new());
        lines.extend(columns(&flags));
    }
    let variables: Vec<_> = form.rows().filter(|row| row.flag.is_none()).collect();
    if !variables.is_empty() {
        // Right below the flags: both together fill a terminal.
        lines.extend(columns(&variables));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn form(topic: Topic) -> &'static Form {
    let mut forms = COMMANDS.iter().chain(GROUPS).copied();
    forms.find(|form| form.topic == topic).unwrap_or(&PROGRAM)
}

/// The commands below `form`, a line each: those of a group, or all of the program, of which groups are one line.
fn listed(form: &Form) -> Vec<String> {
    let members = COMMANDS.iter().copied().filter(|command| group(command).is_some_and(|of| of.topic == form.topic));
    let mut lines: Vec<String> =
        members.map(|command| command_line(command.words, command.operands, command)).collect();
    if form.topic == Topic::Program {
        let line = |command: &&Form| match group(command) {
            Some(group) => command_line(group.words, "COMMAND", group),
            None => command_line(command.words, command.operands, command),
        };
        lines = COMMANDS.iter().map(line).collect();
        lines.dedup();
    }
    lines
}

/// The group that a command is in.
fn group(command: &Form) -> Option<&'static Form> {
    let first = command.words.split(' ').next();
    GROUPS.iter().copied().find(|group| Some(group.words) == first)
}

fn command_line(words: &str, operands: &str, form: &Form) -> String {
    let typed = format!("{words} {operands}");
    format!("  {typed:<26} {}", form.sentence)
}

/// One line for each of `rows`: flag, variable, meaning and default below each other.
fn columns(rows: &[&OptionRow]) -> Vec<String> {
    let flags: Vec<String> = rows.iter().map(|row| flag(row)).collect();
    let flag_width = flags.iter().map(String::len).max().unwrap_or(0);
    let variable_width = rows.iter().map(|row| variable(row).len()).max().unwrap_or(0);
    let line = |(row, flag): (&&OptionRow, &String)| {
        let mut line = String::from(" ");
        for (text, width) in [(flag.as_str(), flag_width), (variable(row), variable_width)] {
            if width > 0 {
                line += &format!(" {text:<width$} ");
            }
        }
        line += &format!(" {}", row.meaning);
        if let Some(default) = row.default {
            line += &format!(" [{default}]");
        }
        line
    };
    rows.iter().zip(&flags).map(line).collect()
}

fn flag(row: &OptionRow) -> String {
    [row.flag, row.value].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn variable(row: &OptionRow) -> &'static str {
    row.variable.unwrap_or_default()
}
