//! One's own links as a file, the oldest first.

use crate::app::App;
use crate::clock::Timestamp;
use crate::link::LinkId;
use crate::store::Row;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::export::{self, Format, Part, Rows, Table};
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

pub(super) const LINKS: Table<7> =
    Table { name: "link", columns: ["slug", "target_url", "title", "enabled", "expires_at", "created_at", "clicks"] };

/// Sends all links of the person who asks.
pub(crate) fn show(
    app: &App,
    _: &Visitor,
    account: &SignedIn,
    request: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    export::begin(app, account, ("links", Format::of(request)), &LINKS.columns, vec![Part::Links(LinkId(0))])
}

pub(super) fn push(rows: &mut Rows, Row { link, numbers }: &Row) {
    let about = &link.about;
    rows.push(
        &LINKS,
        [
            link.slug.as_str().into(),
            about.target.as_str().into(),
            about.title.as_str().into(),
            about.enabled.into(),
            about.expires.map(Timestamp::rfc3339).into(),
            link.created.rfc3339().into(),
            numbers.humans.into(),
        ],
    );
}
