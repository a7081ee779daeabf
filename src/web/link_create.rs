//! A new link.

use log::info;

use crate::app::App;
use crate::clock::Timestamp;
use crate::link::{LinkChange, NewLink, Title};
use crate::slug::Slug;
use crate::store::NotMade;
use crate::ui::Markup;
use crate::ui::field::Errors;
use crate::ui::link_form::{self, LinkForm, Mode};
use crate::ui::text;
use crate::web::Section;
use crate::web::access::{SignedIn, Submission, Visitor};
use crate::web::account_form;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::form::Form;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;
use crate::web::target_rules;

/// The form, filled in from the query if that says something.
pub(crate) fn show(
    _: &App,
    visitor: &Visitor,
    account: &SignedIn,
    request: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let typed = Typed {
        target_url: request.query("url"),
        slug: request.query("slug"),
        title: request.query("title"),
        expires_at: "",
        enabled: true,
    };
    Ok(super::page(draw(visitor, account.user.name.as_str(), Mode::Create, &typed, &Errors::new())))
}

/// Makes the link. Whether its slug is free is decided where it is written.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let visitor = submission.visitor;
    let typed = Typed::of(&submission.form);
    let mut errors = Errors::new();
    let slug = match typed.slug.trim() {
        "" => Some(None),
        slug => Slug::parse(slug).map(Some).map_err(|why| errors.push("slug", why.to_string())).ok(),
    };
    let change = typed.change(app, visitor, &mut errors);
    // A slip, for a new link. A link that has expired may still be edited.
    let has_passed = Timestamp::parse_form(typed.expires_at.trim()).is_some_and(|expires| expires <= app.now());
    if has_passed {
        errors.push("expires_at", text::EXPIRY_PASSED);
    }
    if let (Some(slug), Some(change), false) = (slug, change, has_passed) {
        let user = &account.user;
        let most = visitor.settings.links_per_minute;
        let attempt = match most.map(|most| app.throttle.make_link(app.uptime(), user.id, most)) {
            None => None,
            Some(Ok(attempt)) => Some(attempt),
            Some(Err(wait)) => {
                account_form::note_throttled("new link", user.name.as_str(), submission.request, wait);
                errors.push("", text::LINKS_TOO_FAST);
                let form = draw(visitor, user.name.as_str(), Mode::Create, &typed, &errors);
                return Ok(super::form_later(form, wait));
            }
        };
        match app.store.create_link(user.id, user.name.clone(), NewLink { slug, change }, app.now())? {
            Ok(link) => {
                if let Some(attempt) = attempt {
                    attempt.count();
                }
                info!(target: "links", owner = user.name.as_str(), slug = link.slug.as_str(); "link created");
                let response = Response::see_other(format!("/links?new={}", link.id));
                return Ok(visitor.say(response, &Message::Created(link.slug.as_str())));
            }
            Err(NotMade::Taken) => errors.push("slug", text::SLUG_TAKEN),
            Err(NotMade::Full(most)) => errors.push("", text::links_full(most)),
        }
    }
    Ok(super::form_again(draw(visitor, account.user.name.as_str(), Mode::Create, &typed, &errors)))
}

/// A link form as it was typed.
pub(crate) struct Typed<'a> {
    pub(crate) target_url: &'a str,
    pub(crate) slug: &'a str,
    pub(crate) title: &'a str,
    pub(crate) expires_at: &'a str,
    pub(crate) enabled: bool,
}

impl<'a> Typed<'a> {
    pub(crate) fn of(form: &'a Form) -> Typed<'a> {
        Typed {
            target_url: form.get("target_url"),
            slug: form.get("slug"),
            title: form.get("title"),
            expires_at: form.get("expires_at"),
            enabled: form.is_ticked("enabled"),
        }
    }

    /// All but the slug, checked; `None` with what is wrong at which field.
    pub(crate) fn change(&self, app: &App, visitor: &Visitor, errors: &mut Errors) -> Option<LinkChange> {
        let target = target_rules::parse(app, visitor, self.target_url)
            .map_err(|why| errors.push("target_url", why.to_string()))
            .ok();
        let title = Title::parse(self.title).map_err(|why| errors.push("title", why.to_string())).ok();
        let expires = match self.expires_at.trim() {
            "" => Some(None),
            text => Timestamp::parse_form(text).map(Some),
        };
        if expires.is_none() {
            errors.push("expires_at", text::EXPIRY_BAD);
        }
        Some(LinkChange { target: target?, title: title?, expires: expires?, enabled: self.enabled })
    }
}

/// Draws the form, for a new link and for one that is changed, of which `name` is in the address.
pub(crate) fn draw(visitor: &Visitor, name: &str, mode: Mode<'_>, typed: &Typed<'_>, errors: &Errors) -> Markup {
    let mut frame = visitor.frame(match mode {
        Mode::Create => "New link",
        Mode::Edit { .. } => "Edit link",
    });
    frame.failed = !errors.is_empty();
    frame.section = Section::Links;
    let prefix = format!("{}/{name}/", visitor.shown.text());
    let data = LinkForm {
        mode,
        prefix: &prefix,
        target_url: typed.target_url,
        slug: typed.slug,
        title: typed.title,
        expires_at: typed.expires_at,
        enabled: typed.enabled,
        errors,
    };
    link_form::page(&frame, &data)
}
