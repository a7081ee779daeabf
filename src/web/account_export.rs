//! Everything that is kept of a person as one file: the account, the links, what is counted of them, and single clicks.

use crate::app::App;
use crate::clock::Timestamp;
use crate::link::LinkId;
use crate::user::{Role, User};
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::export::{self, Format, Of, Part, Rows, Table};
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

const ACCOUNT: Table<5> =
    Table { name: "account", columns: ["username", "email", "role", "created_at", "last_login_at"] };

/// Sends it; of the password there is nothing that could be sent.
pub(crate) fn show(app: &App, _: &Visitor, account: &SignedIn, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let parts = vec![
        Part::Account,
        Part::Links(LinkId(0)),
        Part::OfLinks(Of::Statistics, LinkId(0)),
        Part::OfLinks(Of::Clicks, LinkId(0)),
    ];
    export::begin(app, account, ("everything", Format::JsonLines), &ACCOUNT.columns, parts)
}

pub(super) fn push(rows: &mut Rows, user: &User) {
    let role = if user.role == Role::Administrator { "administrator" } else { "user" };
    rows.push(
        &ACCOUNT,
        [
            user.name.as_str().into(),
            user.email.as_str().into(),
            role.into(),
            user.created.rfc3339().into(),
            user.last_login.map(Timestamp::rfc3339).into(),
        ],
    );
}
