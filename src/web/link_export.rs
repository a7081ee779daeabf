//! One's own links as a table for spreadsheets, however many there are.

use log::warn;

use crate::app::App;
use crate::clock::Timestamp;
use crate::limits::LINKS_PER_PIECE;
use crate::link::LinkId;
use crate::store::Row;
use crate::user::UserId;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{Kind, Response};
use crate::web::router::Parts;
use crate::web::spreadsheet;
use crate::web::stream::{Piece, Source};

const COLUMNS: [&str; 7] = ["slug", "target_url", "title", "enabled", "expires_at", "created_at", "clicks"];

/// Sends all links of the person who asks, the oldest first.
pub(crate) fn show(_: &App, _: &Visitor, account: &SignedIn, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let links = Links { owner: account.user.id, step: Step::Columns };
    let mut response = Response::new(200, Kind::Download)
        .with("Content-Type", "text/csv; charset=utf-8; header=present")
        .with("Content-Disposition", "attachment; filename=\"links.csv\"");
    response.stream = Some(Box::new(links));
    Ok(response)
}

/// The links of one person that have not been sent.
#[derive(Debug)]
struct Links {
    owner: UserId,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Columns,
    From(LinkId),
    Done,
}

impl Source for Links {
    fn next(&mut self, app: &App) -> Piece {
        let mut bytes = Vec::new();
        match self.step {
            Step::Columns => {
                spreadsheet::push_row(&mut bytes, &COLUMNS);
                self.step = Step::From(LinkId(0));
            }
            Step::From(first) => match app.store.links_from(self.owner, first, LINKS_PER_PIECE) {
                Ok((rows, next)) => {
                    rows.iter().for_each(|row| push(&mut bytes, row));
                    self.step = next.map_or(Step::Done, Step::From);
                }
                Err(error) => {
                    warn!(target: "links", "an export was cut off: {error}");
                    return Piece::Broken;
                }
            },
            Step::Done => return Piece::End,
        }
        Piece::Bytes(bytes)
    }
}

fn push(bytes: &mut Vec<u8>, Row { link, numbers }: &Row) {
    let about = &link.about;
    let time = |at: Timestamp| at.rfc3339();
    spreadsheet::push_row(
        bytes,
        &[
            link.slug.as_str(),
            about.target.as_str(),
            about.title.as_str(),
            if about.enabled { "true" } else { "false" },
            &about.expires.map(time).unwrap_or_default(),
            &time(link.created),
            &numbers.humans.to_string(),
        ],
    );
}
