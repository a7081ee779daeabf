//! Files with everything of one kind that a person has, however much that is: made in pieces, each of which reads the data
//! file for some milliseconds, so that a reader who takes all day keeps no old pages of it alive.

use std::time::Instant;

use log::warn;
use serde_json::Value;

use crate::app::App;
use crate::calendar::Day;
use crate::limits::{EXPORT_PIECE, EXPORT_PIECE_BYTES, LINKS_PER_PIECE, STREAMS_PER_PERSON_MAX};
use crate::link::{Link, LinkId};
use crate::share::Share;
use crate::store::{self, Places, Row};
use crate::user::{User, UserId};
use crate::web::access::SignedIn;
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{Kind, Response};
use crate::web::stream::{Piece, Source, WhileSignedIn};
use crate::web::{account_export, click_export, json_lines, link_export, spreadsheet, statistics_export};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    JsonLines,
}

impl Format {
    /// The one that the address asks for by its ending.
    pub(crate) fn of(request: &Request) -> Format {
        let last = request.path.last().map_or("", String::as_str);
        if last.ends_with(".csv") { Format::Csv } else { Format::JsonLines }
    }

    const fn ending(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::JsonLines => "jsonl",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::JsonLines => "application/jsonl; charset=utf-8",
        }
    }
}

/// A kind of rows: what programs know it by, and its columns.
pub(crate) struct Table<const N: usize> {
    pub(crate) name: &'static str,
    pub(crate) columns: [&'static str; N],
}

/// Rows that have been made and not been sent.
#[derive(Debug)]
pub(crate) struct Rows {
    format: Format,
    bytes: Vec<u8>,
}

impl Rows {
    /// Appends a row, its cells in the order of the table's columns.
    pub(crate) fn push<const N: usize>(&mut self, table: &Table<N>, cells: [Value; N]) {
        match self.format {
            Format::Csv => {
                let cells = cells.map(|cell| match cell {
                    Value::String(text) => text,
                    Value::Null => String::new(),
                    other => other.to_string(),
                });
                spreadsheet::push_row(&mut self.bytes, &cells.each_ref().map(String::as_str));
            }
            Format::JsonLines => {
                let named = table.columns.into_iter().zip(cells);
                let fields: Vec<_> = [("type", table.name.into())].into_iter().chain(named).collect();
                json_lines::push_row(&mut self.bytes, &fields);
            }
        }
    }
}

/// What is told of a link besides the link itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Clicks,
    Statistics,
}

/// A link whose clicks or days are told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) owner: UserId,
    pub(crate) id: LinkId,
    pub(crate) slug: String,
}

/// Something that is still to be written.
#[derive(Debug)]
pub(crate) enum Part {
    Account,
    Sessions,
    /// Where links from this one on stood and led before.
    Earlier(LinkId),
    /// All links from this one on.
    Links(LinkId),
    /// Something of all links from this one on.
    OfLinks(Of, LinkId),
    OfLink(Of, Told),
    Clicks(Told, Places),
    /// The last of these is the next.
    Days(Told, Vec<Day>),
}

/// A file on its way.
#[derive(Debug)]
struct Export {
    user: User,
    rows: Rows,
    /// The last of these is the next.
    parts: Vec<Part>,
    /// For as long as this lives.
    _share: Share,
}

/// Begins a file `name` with some parts of what a person has. A table has its columns first.
///
/// # Errors
/// [`Error::TooMany`] when too many long answers to this person are under way.
pub(crate) fn begin(
    app: &App,
    account: &SignedIn,
    (name, format): (&str, Format),
    columns: &[&str],
    mut parts: Vec<Part>,
) -> Result<Response, Error> {
    let share = app.long_answers.take(account.user.id, STREAMS_PER_PERSON_MAX).ok_or(Error::TooMany)?;
    let mut rows = Rows { format, bytes: Vec::new() };
    if format == Format::Csv {
        spreadsheet::push_row(&mut rows.bytes, columns);
    }
    parts.reverse();
    let mut response = Response::new(200, Kind::Download)
        .with("Content-Type", format.content_type())
        .with("Content-Disposition", format!("attachment; filename=\"{name}.{}\"", format.ending()));
    let export = Export { user: account.user.clone(), rows, parts, _share: share };
    response.stream = Some(WhileSignedIn::boxed(account.session, export));
    Ok(response)
}

impl Source for Export {
    fn next(&mut self, app: &App) -> Piece {
        let begun = Instant::now();
        while self.rows.bytes.len() < EXPORT_PIECE_BYTES && begun.elapsed() < EXPORT_PIECE {
            let Some(part) = self.parts.pop() else { break };
            if let Err(error) = self.write(app, part) {
                warn!(target: "links", "an export was cut off: {error}");
                return Piece::Broken;
            }
        }
        match std::mem::take(&mut self.rows.bytes) {
            bytes if bytes.is_empty() && self.parts.is_empty() => Piece::End,
            bytes => Piece::Bytes(bytes),
        }
    }
}

impl Export {
    /// Writes some of a part; what is left of it comes next.
    fn write(&mut self, app: &App, part: Part) -> Result<(), store::Error> {
        let (store, owner, rows) = (&app.store, self.user.id, &mut self.rows);
        match part {
            Part::Account => account_export::push(rows, &self.user),
            Part::Sessions => account_export::push_sessions(rows, app, owner)?,
            Part::Earlier(first) => {
                let (links, next) = store.links_from(owner, first, LINKS_PER_PIECE)?;
                for Row { link, .. } in &links {
                    account_export::push_earlier(rows, link, &store.past_targets(owner, link.id)?);
                }
                self.parts.extend(next.map(Part::Earlier));
            }
            Part::Links(first) => {
                let (links, next) = store.links_from(owner, first, LINKS_PER_PIECE)?;
                links.iter().for_each(|row| link_export::push(rows, row));
                self.parts.extend(next.map(Part::Links));
            }
            Part::OfLinks(of, first) => {
                let (links, next) = store.links_from(owner, first, LINKS_PER_PIECE)?;
                self.parts.extend(next.map(|next| Part::OfLinks(of, next)));
                self.parts.extend(links.iter().rev().map(|Row { link, .. }| Part::OfLink(of, Told::of(link))));
            }
            Part::OfLink(Of::Clicks, told) => {
                let places = store.click_places(told.owner, told.id)?;
                self.parts.push(Part::Clicks(told, places));
            }
            Part::OfLink(Of::Statistics, told) => {
                let days = statistics_export::days(store, &told)?;
                self.parts.push(Part::Days(told, days));
            }
            Part::Clicks(told, places) => {
                if !places.is_empty() {
                    let left = click_export::push(rows, app, &told, places)?;
                    self.parts.push(Part::Clicks(told, left));
                }
            }
            Part::Days(told, mut days) => {
                if let Some(day) = days.pop() {
                    statistics_export::push(rows, store, &told, day)?;
                    self.parts.push(Part::Days(told, days));
                }
            }
        }
        Ok(())
    }
}

impl Told {
    pub(crate) fn of(link: &Link) -> Told {
        Told { owner: link.owner, id: link.id, slug: link.slug.as_str().to_owned() }
    }
}
