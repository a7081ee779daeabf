//! Removing an account, after a page that says what becomes of its links; and deciding that anew later.

use log::info;

use crate::app::App;
use crate::ui::admin_user_remove::{self, AdminUserRemove};
use crate::ui::field::Errors;
use crate::ui::{Markup, text};
use crate::user::{Estate, User};
use crate::web::Section;
use crate::web::access::{Administrator, Submission, Visitor};
use crate::web::admin_user::{named, note, refused};
use crate::web::confirm::Confirmed;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::form::Form;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Asks.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    _: &Administrator,
    _: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    Ok(super::page(draw(app, visitor, &named(app, parts)?, &Form::default(), &Errors::new())?))
}

/// Removes. Whoever has links is named once more, so that it is no slip.
pub(crate) fn submit(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let (form, user) = (&submission.form, named(app, parts)?);
    let mut errors = Errors::new();
    let has_links = app.store.link_count(user.id)? > 0 || app.store.kept_link_count(user.id)? > 0;
    let estate = if has_links { estate(app, form, &user, &mut errors)? } else { Some(Estate::Archived) };
    if has_links && form.get("name").trim() != user.name.as_str() {
        errors.push("name", text::NAME_DIFFERS);
    }
    let Some(estate) = estate.filter(|_| errors.is_empty()) else {
        return Ok(super::form_again(draw(app, submission.visitor, &user, form, &errors)?));
    };
    app.store.remove_user(Some(administrator.0.user.id), user.id, estate)?.map_err(refused)?;
    app.ask_for_tidying();
    let (by, ip) = (administrator.0.user.name.as_str(), submission.request.ip());
    info!(target: "accounts", user = user.name.as_str(), links = word(estate), by, ip; "user removed");
    Ok(submission.visitor.say(Response::see_other("/admin/users"), &Message::UserRemoved(user.name.as_str())))
}

/// Gives the name of somebody who was removed free.
pub(crate) fn submit_release(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let user = named(app, parts)?;
    app.store.release_name(user.id)?.map_err(refused)?;
    note(administrator, submission, &user, "name released");
    Ok(submission.visitor.say(Response::see_other("/admin/users"), &Message::Saved))
}

/// Reads `links` and `keeper`: what becomes of the links.
fn estate(app: &App, form: &Form, user: &User, errors: &mut Errors) -> Result<Option<Estate>, Error> {
    Ok(match form.get("links") {
        "delete" => Some(Estate::Deleted),
        "keep" => Some(Estate::Archived),
        "to" => {
            let keeper = app.store.user_by_login(&form.get("keeper").trim().to_lowercase())?;
            let keeper = keeper.filter(|keeper| keeper.is_active() && keeper.id != user.id);
            if keeper.is_none() {
                errors.push("keeper", text::NO_KEEPER);
            }
            keeper.map(|keeper| Estate::Kept(keeper.id))
        }
        _ => {
            errors.push("links", text::LINKS_UNDECIDED);
            None
        }
    })
}

/// What becomes of links, for the log.
pub(crate) fn word(estate: Estate) -> &'static str {
    match estate {
        Estate::Archived => "kept",
        Estate::Kept(_) => "handed over",
        Estate::Deleted => "deleted",
    }
}

fn draw(app: &App, visitor: &Visitor, user: &User, form: &Form, errors: &Errors) -> Result<Markup, Error> {
    if user.state.estate() == Some(Estate::Deleted) {
        return Err(Error::NotFound);
    }
    let mut frame = visitor.frame("Remove user");
    frame.section = Section::Admin;
    frame.failed = !errors.is_empty();
    let data = AdminUserRemove {
        name: user.name.as_str(),
        is_removed: user.is_removed(),
        links: app.store.link_count(user.id)?.into(),
        kept: app.store.kept_link_count(user.id)?.into(),
        chosen: form.get("links"),
        keeper: form.get("keeper"),
        typed: form.get("name"),
        errors,
    };
    Ok(admin_user_remove::page(&frame, &data))
}
