//! Backups for administrators: one more, made beside everything else, or one to take away.

use log::{info, warn};

use crate::app::App;
use crate::limits::STREAMS_PER_PERSON_MAX;
use crate::share::Share;
use crate::store::BackupReader;
use crate::web::access::{Administrator, Submission};
use crate::web::confirm::Confirmed;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::response::{Kind, Response};
use crate::web::router::Parts;
use crate::web::stream::{Piece, Source, WhileSignedIn};

/// Has a backup made. That may take a while, so the page does not wait for it.
pub(crate) fn submit(
    app: &App,
    administrator: &Administrator,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let user = administrator.0.user.name.as_str();
    info!(target: "store", user, ip = submission.request.ip(); "backup asked for");
    app.ask_for_backup();
    Ok(submission.visitor.say(Response::see_other("/admin/settings"), &Message::BackupBegun))
}

/// Sends a backup.
pub(crate) fn submit_download(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let name = submission.form.get("name");
    let Some(reader) = app.store.open_backup(name)? else { return Err(Error::NotFound) };
    let user = &administrator.0.user;
    let share = app.long_answers.take(user.id, STREAMS_PER_PERSON_MAX).ok_or(Error::TooMany)?;
    info!(target: "store", user = user.name.as_str(), name, ip = submission.request.ip(); "backup downloaded");
    let mut response = Response::new(200, Kind::Download)
        .with("Content-Type", "application/octet-stream")
        // A name of our own making: letters, digits and hyphens.
        .with("Content-Disposition", format!("attachment; filename=\"{name}\""));
    response.stream = Some(WhileSignedIn::boxed(administrator.0.session, Copy { reader, _share: share }));
    Ok(response)
}

/// The rest of a backup.
#[derive(Debug)]
struct Copy {
    reader: BackupReader,
    /// For as long as this lives.
    _share: Share,
}

impl Source for Copy {
    fn next(&mut self, _: &App) -> Piece {
        match self.reader.next() {
            Ok(bytes) if bytes.is_empty() => Piece::End,
            Ok(bytes) => Piece::Bytes(bytes),
            Err(error) => {
                warn!(target: "store", "a download of a backup was cut off: {error}");
                Piece::Broken
            }
        }
    }
}
