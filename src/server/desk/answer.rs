//! The lines in which a desk answers, and a process that examines a copy.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::PathBuf;

use crate::limits::DESK_ANSWER_BYTES_MAX;
use crate::store::{Backup, CheckReport, Stage};

/// What came of it.
#[derive(Debug)]
pub(crate) enum Answered {
    Backup(Backup),
    Checked(CheckReport),
    /// The sentence, and whether a file is damaged.
    Failed(String, bool),
}

impl Answered {
    /// The lines that say so, the last of them last.
    pub(crate) fn lines(&self) -> String {
        let (mut lines, report) = match self {
            Answered::Backup(made) => {
                let path = one_line(&made.path.display().to_string());
                (format!("path {path}\nbytes {}\nsha256 {}\n", made.bytes, made.sha256), &made.report)
            }
            Answered::Checked(report) => (String::new(), report),
            Answered::Failed(text, is_damage) => {
                let word = if *is_damage { "damaged" } else { "failed" };
                return format!("failed {word} {}\n", one_line(text));
            }
        };
        lines += &format!("users {}\nlinks {}\nclicks {}\n", report.users, report.links, report.clicks);
        for (row, all, findings) in
            [("damage", "damaged", &report.damage), ("leftover", "leftovers", &report.leftovers)]
        {
            findings.shown.iter().for_each(|what| lines += &format!("{row} {}\n", one_line(what)));
            lines += &format!("{all} {}\n", findings.count);
        }
        lines + "done\n"
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// The line that says how far it is.
pub(crate) fn progress(stage: Stage) -> String {
    match stage {
        Stage::Copying { done, total } => format!("copying {done} {total}\n"),
        Stage::Repairing { done, total } => format!("repairing {done} {total}\n"),
        Stage::Converting { done, total } => format!("converting {done} {total}\n"),
        Stage::Checking => "checking\n".to_owned(),
    }
}

/// Reads what [`progress`] and [`Answered::lines`] wrote.
///
/// # Errors
/// When it breaks off.
pub(crate) fn read(from: impl Read, mut watch: impl FnMut(Stage)) -> io::Result<Answered> {
    let mut made = Backup { path: PathBuf::new(), bytes: 0, sha256: String::new(), report: CheckReport::default() };
    for line in BufReader::new(from.take(DESK_ANSWER_BYTES_MAX)).lines() {
        let line = line?;
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let number = |text: &str| text.parse().unwrap_or(0);
        let (done, total) = rest.split_once(' ').map_or((0, 0), |(done, total)| (number(done), number(total)));
        let report = &mut made.report;
        match word {
            "copying" => watch(Stage::Copying { done, total }),
            "repairing" => watch(Stage::Repairing { done, total }),
            "converting" => watch(Stage::Converting { done, total }),
            "checking" => watch(Stage::Checking),
            "path" => made.path = PathBuf::from(rest),
            "bytes" => made.bytes = number(rest),
            "sha256" => rest.clone_into(&mut made.sha256),
            "users" => report.users = number(rest),
            "links" => report.links = number(rest),
            "clicks" => report.clicks = number(rest),
            "damage" => report.damage.shown.push(rest.to_owned()),
            "damaged" => report.damage.count = number(rest),
            "leftover" => report.leftovers.shown.push(rest.to_owned()),
            "leftovers" => report.leftovers.count = number(rest),
            "done" if made.sha256.is_empty() => return Ok(Answered::Checked(made.report)),
            "done" => return Ok(Answered::Backup(made)),
            "failed" => {
                let (word, text) = rest.split_once(' ').unwrap_or_default();
                return Ok(Answered::Failed(text.to_owned(), word == "damaged"));
            }
            _ => {}
        }
    }
    Err(ErrorKind::UnexpectedEof.into())
}
