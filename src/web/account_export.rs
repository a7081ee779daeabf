//! Everything that is kept of a person as one file: the account, where it is logged in, the links and what they were
//! before, what is counted of them, and single clicks.

use crate::app::App;
use crate::clock::Timestamp;
use crate::link::{Link, LinkId};
use crate::store::{self, Past};
use crate::user::{Role, User, UserId};
use crate::visitor;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::export::{self, Format, Of, Part, Rows, Table};
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

const ACCOUNT: Table<5> =
    Table { name: "account", columns: ["username", "email", "role", "created_at", "last_login_at"] };
const SESSIONS: Table<5> =
    Table { name: "session", columns: ["browser", "system", "network", "created_at", "last_visit_at"] };
const EARLIER_ADDRESSES: Table<2> = Table { name: "earlier_address", columns: ["slug", "earlier_slug"] };
const EARLIER_TARGETS: Table<3> = Table { name: "earlier_target", columns: ["slug", "target_url", "until"] };

/// Sends it; of the password there is nothing that could be sent.
pub(crate) fn show(app: &App, _: &Visitor, account: &SignedIn, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let parts = vec![
        Part::Account,
        Part::Sessions,
        Part::Links(LinkId(0)),
        Part::Earlier(LinkId(0)),
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

/// The browsers in which somebody is logged in; of their addresses no more than is kept now.
///
/// # Errors
/// When the store fails.
pub(super) fn push_sessions(rows: &mut Rows, app: &App, user: UserId) -> Result<(), store::Error> {
    let policy = app.settings().addresses;
    for (_, session) in app.store.sessions_of(user, app.now())? {
        let address = session.origin.address.and_then(|address| policy.apply(address));
        rows.push(
            &SESSIONS,
            [
                visitor::browser_name(session.origin.browser).into(),
                visitor::system_name(session.origin.system).into(),
                address.map(|address| address.to_string()).into(),
                session.created.rfc3339().into(),
                session.seen.rfc3339().into(),
            ],
        );
    }
    Ok(())
}

/// The addresses that a link still answers under, and where it led.
pub(super) fn push_earlier(rows: &mut Rows, link: &Link, past: &[Past]) {
    let slug = link.slug.as_str();
    for alias in &link.aliases {
        rows.push(&EARLIER_ADDRESSES, [slug.into(), alias.as_str().into()]);
    }
    for Past { until, target } in past {
        rows.push(&EARLIER_TARGETS, [slug.into(), target.as_str().into(), until.rfc3339().into()]);
    }
}
