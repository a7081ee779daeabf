//! Changing a link. Its slug changes only when the person changes it.

use log::info;

use crate::app::App;
use crate::slug::Slug;
use crate::store::NotRenamed;
use crate::ui::field::Errors;
use crate::ui::link_form::Mode;
use crate::ui::text;
use crate::web::access::{SignedIn, Submission, Visitor};
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::link_create::{Typed, draw};
use crate::web::own_link::{self, OwnLink};
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// The form with the link as it is.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    account: &SignedIn,
    _: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let OwnLink { link, name } = own_link::find(app, account, parts)?;
    let expires_at = link.about.expires.map(crate::clock::Timestamp::form_text).unwrap_or_default();
    let typed = Typed {
        target_url: link.about.target.as_str(),
        slug: link.slug.as_str(),
        title: link.about.title.as_str(),
        expires_at: &expires_at,
        enabled: link.about.enabled,
    };
    let id = link.id.to_string();
    Ok(super::page(draw(visitor, name.as_str(), Mode::Edit { id: &id }, &typed, &Errors::new())))
}

/// Saves the change.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let visitor = submission.visitor;
    let OwnLink { link, name } = own_link::find(app, account, parts)?;
    let typed = Typed::of(&submission.form);
    let mut errors = Errors::new();
    let slug = Slug::parse(typed.slug.trim()).map_err(|why| errors.push("slug", why.to_string())).ok();
    let change = typed.change(app, visitor, &mut errors);
    let id = link.id.to_string();
    if let (Some(slug), Some(change)) = (slug, change) {
        match app.store.change_link(link.owner, name.clone(), link.id, slug, change, app.now())? {
            Some(Ok(link)) => {
                info!(target: "links", owner = name.as_str(), slug = link.slug.as_str(); "link changed");
                return Ok(visitor.say(Response::see_other(format!("/links/{id}")), &Message::Saved));
            }
            Some(Err(NotRenamed::Taken)) if link.owner == account.user.id => errors.push("slug", text::SLUG_TAKEN),
            Some(Err(NotRenamed::Taken)) => errors.push("slug", text::SLUG_TAKEN_THERE),
            Some(Err(NotRenamed::TooOften)) => errors.push("slug", text::renamed_too_often()),
            None => return Err(Error::NotFound),
        }
    }
    Ok(super::form_again(draw(visitor, name.as_str(), Mode::Edit { id: &id }, &typed, &errors)))
}
