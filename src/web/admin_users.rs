//! Everybody with an account, and invitations for those who should have one.

use log::info;

use crate::app::App;
use crate::click;
use crate::limits::SEARCH_BYTES_MAX;
use crate::random;
use crate::store::{UserPage, UserStep};
use crate::ui::admin_users::{self, AdminUsers, OpenInvitation, Row};
use crate::ui::pager::{Pager, PagerOrder};
use crate::ui::{Markup, text};
use crate::user::Registration;
use crate::web::Section;
use crate::web::access::{Administrator, Submission, Visitor};
use crate::web::admin_user::refused;
use crate::web::confirm::Confirmed;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::percent;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Shows a page of the list.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    _: &Administrator,
    request: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    Ok(super::page(draw(app, visitor, request, None)?))
}

/// Makes an invitation. Its secret is on this one page and nowhere else.
pub(crate) fn submit(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let (visitor, user) = (submission.visitor, &administrator.0.user);
    if app.registration() == Registration::Closed {
        return Err(Error::Conflict(text::NO_INVITATIONS));
    }
    let secret = app.store.invite(Some(user.id), app.now())?.map_err(refused)?;
    info!(target: "accounts", by = user.name.as_str(), ip = submission.request.ip(); "invited");
    let url = format!("{}/accounts/invite/{secret}", visitor.site());
    Ok(super::page(draw(app, visitor, submission.request, Some(&url))?))
}

/// Takes an invitation back; one that was used meanwhile is gone as well.
pub(crate) fn take_back(
    app: &App,
    administrator: &Administrator,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let hash = random::from_hex(submission.form.get("invitation")).ok_or(Error::NotFound)?;
    if app.store.take_invitation_back(hash, app.now())? {
        let by = administrator.0.user.name.as_str();
        info!(target: "accounts", by, ip = submission.request.ip(); "invitation taken back");
    }
    Ok(submission.visitor.say(Response::see_other("/admin/users"), &Message::Saved))
}

fn draw(app: &App, visitor: &Visitor, request: &Request, invited: Option<&str>) -> Result<Markup, Error> {
    let query = click::cut(request.query("q").trim(), SEARCH_BYTES_MAX);
    let step = match (request.query("after"), request.query("before")) {
        ("", "") => UserStep::First,
        ("", before) => UserStep::Before(before),
        (after, _) => UserStep::After(after),
    };
    let page = app.store.user_page(&query.to_lowercase(), step)?;
    let now = app.now();
    let invitations = app.store.invitations(now)?.into_iter().map(|open| OpenInvitation {
        id: random::hex(&open.hash),
        by: open.by.map(|name| name.as_str().to_owned()),
        made: open.made,
        expires: open.expires,
    });
    let mut frame = visitor.frame("Users");
    frame.section = Section::Admin;
    let data = AdminUsers {
        query,
        pager: pager(query, &page),
        damaged: page.damaged as u64,
        rows: page
            .rows
            .into_iter()
            .map(|(links, user)| Row {
                name: user.name.as_str().to_owned(),
                email: user.email.as_str().to_owned(),
                role: user.role,
                links: links.into(),
                last_login_at: user.last_login,
                state: user.state,
            })
            .collect(),
        is_closed: app.registration() == Registration::Closed,
        invitations: invitations.collect(),
        invited,
    };
    Ok(admin_users::page(&frame, &data))
}

fn pager(query: &str, page: &UserPage) -> Pager {
    let href = |way, name: &String| format!("/admin/users{}", percent::query(&[("q", query), (way, name)]));
    Pager {
        previous: page.before.as_ref().map(|name| href("before", name)),
        next: page.after.as_ref().map(|name| href("after", name)),
        order: PagerOrder::Other,
    }
}
