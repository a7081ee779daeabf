//! `/USER/SLUG+`: where a link leads, without going there. It is no click.

use crate::app::App;
use crate::ui::preview::{self, Preview};
use crate::web::access::Visitor;
use crate::web::error::Error;
use crate::web::redirect;
use crate::web::request::Request;
use crate::web::response::Response;

/// What stands behind the slug of such an address.
const MARK: char = '+';

/// The user and slug that a preview is asked for; `None` for any other path.
pub(crate) fn asked(path: &[String]) -> Option<(&str, &str)> {
    let [user, slug] = path else { return None };
    Some((user, slug.strip_suffix(MARK)?))
}

/// Shows the link.
///
/// # Errors
/// Those of the redirect: what leads nowhere shows nothing of where it led.
pub(crate) fn show(app: &App, request: &Request, user: &str, slug: &str) -> Result<Response, Error> {
    let found = app.store.redirect(&redirect::key(user, slug))?.ok_or(Error::NotFound)?;
    let target = redirect::destination(&found, &app.settings(), app.now())?;
    let link = app.store.link(found.owner, found.link)?.ok_or(Error::NotFound)?;
    let past = app.store.past_targets(found.owner, found.link)?;
    let visitor = Visitor::stranger(app, request);
    let frame = visitor.frame("Preview");
    let data = Preview {
        url: &visitor.short_url(&user.to_ascii_lowercase(), &slug.to_ascii_lowercase()),
        target: target.as_str(),
        host: target.host(),
        title: link.about.title.as_str(),
        created_at: link.created,
        target_changed_at: past.first().map(|past| past.until),
    };
    Ok(super::page(preview::page(&frame, &data)).with("X-Robots-Tag", "noindex"))
}
