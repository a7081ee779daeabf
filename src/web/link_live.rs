//! The clicks of one link while they happen: server-sent events for the page that shows them.

use std::time::Instant;

use log::debug;

use crate::app::App;
use crate::limits::{LIVE_EVERY, LIVE_WORD_EVERY, STREAMS_PER_PERSON_MAX};
use crate::link::LinkId;
use crate::session::SessionHash;
use crate::share::Share;
use crate::store::{Error as StoreError, Numbers};
use crate::ui::number;
use crate::user::UserId;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::own_link;
use crate::web::request::Request;
use crate::web::response::{Kind, Response};
use crate::web::router::Parts;
use crate::web::stream::{Piece, Source};

/// Begins to tell the numbers of a link, whenever they change. Nothing is done for links that nobody looks at.
///
/// Ends with the session, with the link, and with the program; a browser then asks again by itself.
///
/// # Source
/// HTML Standard, section 9.2 (server-sent events).
pub(crate) fn show(
    app: &App,
    _: &Visitor,
    account: &SignedIn,
    _: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let link = own_link::find(app, account, parts)?.link;
    let share = app.long_answers.take(account.user.id, STREAMS_PER_PERSON_MAX).ok_or(Error::TooMany)?;
    let clicks = Clicks {
        owner: link.owner,
        link: link.id,
        session: account.session,
        told: None,
        spoken: Instant::now(),
        _share: share,
    };
    let mut response = Response::new(200, Kind::Download)
        .with("Content-Type", "text/event-stream; charset=utf-8")
        // nginx would keep events back until it has many.
        .with("X-Accel-Buffering", "no");
    response.stream = Some(Box::new(clicks));
    Ok(response)
}

/// The numbers of a link, as far as they have been told.
#[derive(Debug)]
struct Clicks {
    owner: UserId,
    link: LinkId,
    /// Who may read them, for as long as it lasts.
    session: SessionHash,
    told: Option<Numbers>,
    /// When there was last a word.
    spoken: Instant,
    /// For as long as this lives.
    _share: Share,
}

impl Source for Clicks {
    fn next(&mut self, app: &App) -> Piece {
        if app.is_stopping() {
            return Piece::End;
        }
        self.look(app).unwrap_or_else(|error| {
            debug!(target: "links", "live clicks ended: {error}");
            Piece::End
        })
    }
}

impl Clicks {
    fn look(&mut self, app: &App) -> Result<Piece, StoreError> {
        let is_due = self.spoken.elapsed() >= LIVE_WORD_EVERY;
        let numbers = app.store.numbers(self.owner, self.link)?;
        let is_new = self.told != Some(numbers);
        if !is_new && !is_due {
            return Ok(Piece::Later(LIVE_EVERY));
        }
        // Whoever may not hear it any more hears nothing.
        let Some((_, user)) = app.store.session(self.session, app.now())? else { return Ok(Piece::End) };
        if app.store.link_for(&user, self.link)?.is_none() {
            return Ok(Piece::End);
        }
        self.told = Some(numbers);
        // A comment finds out readers that have gone, and keeps proxies from giving up.
        let piece = if is_new { event(numbers) } else { b":\n\n".to_vec() };
        self.spoken = Instant::now();
        Ok(Piece::Bytes(piece))
    }
}

/// Clicks by people, then those by bots and previews, of all time. The page knows the numbers it was drawn with and adds
/// what has come since to those of its range.
fn event(numbers: Numbers) -> Vec<u8> {
    format!("data: {} {}\n\n", number::grouped(numbers.humans), number::grouped(numbers.bots)).into_bytes()
}
