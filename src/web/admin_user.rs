//! One account, and all that an administrator can do with it. Passwords are neither seen nor set here: a link that is good
//! once lets somebody choose their own.

use log::info;

use crate::app::App;
use crate::limits::RESET_LINK_S;
use crate::store::Refused;
use crate::ui::admin_user::{self, AdminUser, Links};
use crate::ui::{Markup, text};
use crate::user::{Estate, Role, User};
use crate::web::Section;
use crate::web::access::{Administrator, Submission, Visitor};
use crate::web::confirm::Confirmed;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// The user that the open part of the path names, in use or not.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) fn named(app: &App, parts: &Parts<'_>) -> Result<User, Error> {
    let name = parts.first().filter(|name| !name.contains('@')).ok_or(Error::NotFound)?;
    app.store.user_by_login(name)?.ok_or(Error::NotFound)
}

/// Why an account stays as it is.
pub(crate) fn refused(why: Refused) -> Error {
    match why {
        Refused::NoAccount => Error::NotFound,
        Refused::LastAdministrator => Error::Conflict(text::LAST_ADMINISTRATOR),
        Refused::NoKeeper => Error::Conflict(text::NO_KEEPER),
        Refused::HasLinks => Error::Conflict(text::NAME_HAS_LINKS),
        Refused::NotInUse => Error::Conflict(text::NOT_IN_USE),
        Refused::NotAllowed => Error::Forbid,
        Refused::TooManyInvitations => Error::Conflict(text::TOO_MANY_INVITATIONS),
    }
}

/// Shows the account.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    _: &Administrator,
    _: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    Ok(super::page(draw(app, visitor, &named(app, parts)?, None)?))
}

/// Makes an administrator of somebody, or a plain user. They log in anew.
pub(crate) fn submit_role(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let user = named(app, parts)?;
    let role = Role::parse(submission.form.get("role")).ok_or(Error::Malformed)?;
    app.store.set_role(Some(administrator.0.user.id), user.id, role)?.map_err(refused)?;
    let (by, ip) = (administrator.0.user.name.as_str(), submission.request.ip());
    info!(target: "accounts", user = user.name.as_str(), role = role.word(), by, ip; "role changed");
    Ok(saved(submission, &user))
}

/// Keeps somebody from logging in, or lets them in again.
pub(crate) fn submit_state(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let user = named(app, parts)?;
    let by = Some(administrator.0.user.id);
    let (ordered, event) = match submission.form.get("to") {
        "on" => (app.store.enable_user(by, user.id)?, "user enabled"),
        "off" => (app.store.disable_user(by, user.id)?, "user disabled"),
        _ => return Err(Error::Malformed),
    };
    ordered.map_err(refused)?;
    note(administrator, submission, &user, event);
    Ok(saved(submission, &user))
}

/// Makes a link to choose a new password with. Its secret is on this one page and nowhere else.
pub(crate) fn submit_reset(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let (user, visitor) = (named(app, parts)?, submission.visitor);
    let expires = app.now().plus_s(RESET_LINK_S);
    let secret = app.store.hand_out_reset(Some(administrator.0.user.id), user.id, expires)?.map_err(refused)?;
    app.throttle.forgive(user.name.as_str());
    app.throttle.forgive(user.email.as_str());
    note(administrator, submission, &user, "reset link made");
    let url = format!("{}://{}/accounts/reset/{secret}", visitor.scheme, visitor.shown.text());
    Ok(super::page(draw(app, visitor, &user, Some(&url))?))
}

/// Logs somebody out everywhere.
pub(crate) fn submit_sessions(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let user = named(app, parts)?;
    app.store.end_sessions(user.id)?;
    note(administrator, submission, &user, "sessions ended");
    Ok(saved(submission, &user))
}

/// Logs what was done with an account, and who has ordered it.
pub(crate) fn note(administrator: &Administrator, submission: &Submission<'_>, user: &User, event: &str) {
    let (by, ip) = (administrator.0.user.name.as_str(), submission.request.ip());
    info!(target: "accounts", user = user.name.as_str(), by, ip; "{event}");
}

fn saved(submission: &Submission<'_>, user: &User) -> Response {
    let page = format!("/admin/users/{}", user.name.as_str());
    submission.visitor.say(Response::see_other(page), &Message::Saved)
}

fn draw(app: &App, visitor: &Visitor, user: &User, reset_link: Option<&str>) -> Result<Markup, Error> {
    let keeper = match user.state.estate() {
        Some(Estate::Kept(keeper)) => app.store.user(keeper)?.map(|keeper| keeper.name.as_str().to_owned()),
        _ => None,
    };
    let mut frame = visitor.frame(user.name.as_str());
    frame.section = Section::Admin;
    let data = AdminUser {
        name: user.name.as_str(),
        email: user.email.as_str(),
        role: user.role,
        state: user.state,
        created_at: user.created,
        last_login_at: user.last_login,
        links: Links { count: app.store.link_count(user.id)?.into(), keeper: keeper.as_deref() },
        sessions: app.store.session_count(user.id)? as u64,
        reset_link,
    };
    Ok(admin_user::page(&frame, &data))
}
