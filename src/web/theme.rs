//! The switch between light, dark and what the browser prefers. A cookie, so that the server draws the page right at
//! once and nothing flashes.

use crate::app::App;
use crate::limits::THEME_COOKIE_S;
use crate::ui::layout::Theme;
use crate::web::access::Submission;
use crate::web::cookie::Name;
use crate::web::error::Error;
use crate::web::next;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Keeps the choice and goes back to where it was made.
pub(crate) fn submit(_: &App, submission: &Submission<'_>, _: &Parts<'_>) -> Result<Response, Error> {
    let theme = Theme::from_word(submission.form.get("theme"));
    let back = next::safe(submission.form.get("next")).unwrap_or("/");
    let response = Response::see_other(back);
    Ok(submission.visitor.set_cookie(response, Name::Theme, theme.word(), THEME_COOKIE_S))
}
