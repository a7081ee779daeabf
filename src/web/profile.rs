//! One's own account: what is known of it, and the forms that change it.

use crate::app::App;
use crate::random;
use crate::ui::Markup;
use crate::ui::field::Errors;
use crate::ui::profile::{self, Browser, Profile};
use crate::user::Role;
use crate::visitor;
use crate::web::Section;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// What came back from one of the page's forms.
#[derive(Default)]
pub(crate) struct Refused<'a> {
    pub(crate) new_email: &'a str,
    pub(crate) email_errors: Errors,
    pub(crate) password_errors: Errors,
}

/// Shows the account.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    account: &SignedIn,
    _: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    Ok(super::page(draw(app, visitor, account, &Refused::default())?))
}

/// Draws the page, with what was refused if anything was.
pub(crate) fn draw(app: &App, visitor: &Visitor, account: &SignedIn, refused: &Refused<'_>) -> Result<Markup, Error> {
    let user = &account.user;
    let policy = app.settings().addresses;
    let browsers = app.store.sessions_of(user.id, app.now())?.into_iter().map(|(hash, session)| Browser {
        id: random::hex(&hash[..8]),
        is_this: hash == account.session,
        browser: visitor::browser_name(session.origin.browser),
        system: visitor::system_name(session.origin.system),
        // No more than would be kept now.
        address: session.origin.address.and_then(|address| policy.apply(address)),
        first_seen: session.created,
        last_seen: session.seen,
    });
    let mut frame = visitor.frame("Profile");
    frame.failed = !(refused.email_errors.is_empty() && refused.password_errors.is_empty());
    frame.section = Section::Profile;
    let data = Profile {
        username: user.name.as_str(),
        email: user.email.as_str(),
        created_at: user.created,
        last_login_at: user.last_login,
        is_admin: user.role == Role::Administrator,
        password_chars_min: user.role.strength().chars_min(),
        links: app.store.link_count(user.id)?.into(),
        new_link_url: &format!("{}/links/new", visitor.site()),
        new_email: refused.new_email,
        browsers: browsers.collect(),
        email_errors: &refused.email_errors,
        password_errors: &refused.password_errors,
    };
    Ok(profile::page(&frame, &data))
}
