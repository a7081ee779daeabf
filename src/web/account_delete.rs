//! Deleting one's own account. Nobody does that by a slip, nor does a passer-by at an open browser: it takes the password
//! and the name.

use log::info;

use crate::app::App;
use crate::store::Refused;
use crate::ui::account_delete::{self, AccountDelete};
use crate::ui::field::Errors;
use crate::ui::{Markup, text};
use crate::user::Estate;
use crate::web::Section;
use crate::web::access::{SignedIn, Submission, Visitor};
use crate::web::admin_user_remove::word;
use crate::web::confirm;
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
    account: &SignedIn,
    _: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    Ok(super::page(draw(app, visitor, account, &Form::default(), &Errors::new())?))
}

/// Deletes.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let (form, user, visitor) = (&submission.form, &account.user, submission.visitor);
    let mut errors = Errors::new();
    let estate = match form.get("links") {
        "delete" => Some(Estate::Deleted),
        "keep" => Some(Estate::Archived),
        _ if app.store.link_count(user.id)? == 0 => Some(Estate::Archived),
        _ => {
            errors.push("links", text::LINKS_UNDECIDED);
            None
        }
    };
    if form.get("name").trim() != user.name.as_str() {
        errors.push("name", text::NAME_DIFFERS);
    }
    if !confirm::give(app, account, form.get("password"), submission.request)? {
        errors.push("password", text::WRONG_PASSWORD);
    }
    let Some(estate) = estate.filter(|_| errors.is_empty()) else {
        return Ok(super::form_again(draw(app, visitor, account, form, &errors)?));
    };
    match app.store.delete_account(user.id, user.password.clone(), estate)? {
        Ok(()) => {}
        Err(Refused::LastAdministrator) => {
            errors.push("", text::LAST_ADMINISTRATOR);
            return Ok(Response::page(409, draw(app, visitor, account, form, &errors)?));
        }
        // Somebody was faster.
        Err(_) => return Err(Error::SignInFirst),
    }
    app.ask_for_tidying();
    let name = user.name.as_str();
    info!(target: "accounts", user = name, links = word(estate), by = name, ip = submission.request.ip(); "user removed");
    Ok(visitor.say(visitor.end_session(Response::see_other("/")), &Message::AccountDeleted))
}

fn draw(app: &App, visitor: &Visitor, account: &SignedIn, form: &Form, errors: &Errors) -> Result<Markup, Error> {
    let mut frame = visitor.frame("Delete account");
    frame.section = Section::Profile;
    frame.failed = !errors.is_empty();
    let data = AccountDelete {
        name: account.user.name.as_str(),
        links: app.store.link_count(account.user.id)?.into(),
        kept: app.store.kept_link_count(account.user.id)?.into(),
        chosen: form.get("links"),
        typed: form.get("name"),
        errors,
    };
    Ok(account_delete::page(&frame, &data))
}
