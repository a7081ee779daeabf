//! What a failure looks like to a browser.
//!
//! Pages return an [`Error`]; the one `match` below makes it an answer. The cause of a failure goes to the log with
//! an incident number, and only the number to the page.

use log::error;

use crate::limits::SPACE_RETRY_MAX;
use crate::password::HasherError;
use crate::random;
use crate::store;
use crate::ui;
use crate::ui::error::{ErrorPage, WayOn};
use crate::ui::text;
use crate::web::access::Visitor;
use crate::web::form::Form;
use crate::web::next;
use crate::web::request::Request;
use crate::web::response::Response;

/// Why a request has no ordinary answer.
#[derive(Debug)]
pub(crate) enum Error {
    /// Bytes that make no sense: encoding, framing, a field sent twice.
    Malformed,
    UriTooLong,
    UnknownMethod,
    /// The address exists, but not for this verb; the verbs it has.
    MethodNotAllowed(&'static str),
    NotFound,
    /// A short link that leads nowhere (any more).
    Gone(&'static str),
    SignInFirst,
    Forbid,
    /// What cannot be as things stand, and what to do first.
    Conflict(&'static str),
    /// The form did not come from a page of ours; nothing of it is kept.
    ForeignForm,
    /// The form came from a page of another session, or an old one; what it held.
    StaleForm(Form),
    /// Something that would have been done, had it not travelled in clear.
    SentInClear,
    UnsupportedMediaType,
    /// Too many tries; seconds to wait.
    SlowDown(u64),
    /// Too many long answers to this person at a time.
    TooMany,
    /// Too much at once for now; seconds to wait.
    Busy(u64),
    NotSetUp,
    /// We do not answer for this host name.
    Misdirected,
    /// The disk is full; what the form held, if it came from a page of ours.
    NotSaved(Option<Form>),
    /// The cause, for the log.
    Internal(String),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error.kind {
            store::Kind::Unavailable => Error::Busy(2),
            // The store says so in the log, once.
            store::Kind::Full => Error::NotSaved(None),
            store::Kind::Disk | store::Kind::Nonsense | store::Kind::Damaged => Error::Internal(error.to_string()),
        }
    }
}

impl From<random::NoRandomness> for Error {
    fn from(error: random::NoRandomness) -> Error {
        Error::Internal(error.to_string())
    }
}

impl From<HasherError> for Error {
    fn from(error: HasherError) -> Error {
        match error {
            HasherError::Busy => Error::Busy(5),
            HasherError::BadHash | HasherError::Failed => Error::Internal(format!("password hash: {error:?}")),
        }
    }
}

/// Status, heading and sentence of an error.
struct Words {
    status: u16,
    heading: &'static str,
    text: String,
}

fn words(error: &Error) -> Words {
    let new = |status, heading, text: &str| Words { status, heading, text: text.to_owned() };
    match error {
        Error::Malformed => new(400, "Bad Request", text::NOT_UNDERSTOOD),
        Error::UriTooLong => new(414, "Address Too Long", text::URI_TOO_LONG),
        Error::UnknownMethod => new(501, "Not Implemented", text::NOT_UNDERSTOOD),
        Error::MethodNotAllowed(_) => new(405, "Method Not Allowed", text::METHOD_NOT_ALLOWED),
        Error::NotFound => new(404, text::NOT_FOUND_HEADING, text::NOT_FOUND),
        Error::Gone(why) => new(410, "Link Gone", why),
        Error::SignInFirst => new(401, "Log In First", text::LOG_IN_FIRST),
        Error::Conflict(why) => new(409, "Not Possible", why),
        Error::Forbid => new(403, "Forbidden", text::FORBIDDEN),
        Error::ForeignForm | Error::StaleForm(_) => new(403, "Form Too Old", text::FORM_TOO_OLD),
        Error::SentInClear => new(403, "Not Sent Over HTTPS", text::SENT_IN_CLEAR),
        Error::UnsupportedMediaType => new(415, "Unsupported Media Type", text::NOT_UNDERSTOOD),
        Error::SlowDown(wait_s) => Words { status: 429, heading: "Slow Down", text: text::slow_down(*wait_s) },
        Error::TooMany => new(429, "Too Many at Once", text::TOO_MANY),
        Error::Busy(_) => new(503, "Busy", text::BUSY),
        Error::NotSaved(_) => new(503, text::NOT_SAVED_HEADING, text::NOT_SAVED),
        Error::NotSetUp => new(503, "Not Set Up", text::NOT_SET_UP),
        Error::Misdirected => new(421, "Wrong Name", text::MISDIRECTED),
        Error::Internal(_) => new(500, text::SERVER_ERROR_HEADING, text::SERVER_ERROR),
    }
}

/// A number for the log and the page: `7f3a-91c2`.
fn incident() -> String {
    random::bytes::<4>().map_or_else(
        |_| "0000-0000".to_owned(),
        |bytes| format!("{}-{}", random::hex(&bytes[..2]), random::hex(&bytes[2..])),
    )
}

/// The answer to a failed request. Browsers get a page, other clients one plain line.
///
/// A `visitor` is known unless the request failed before anybody looked; short links show their errors without a
/// menu, since their visitors are nobody's users.
pub(crate) fn respond(error: &Error, request: Option<&Request>, visitor: Option<&Visitor>) -> Response {
    let path = request.map(Request::logged_path).unwrap_or_default();
    if let (Error::SignInFirst, Some(request)) = (error, request) {
        return Response { status: 302, ..Response::see_other(next::login_for_page(request)) };
    }
    let words = words(error);
    let number = match error {
        Error::Internal(cause) => {
            let number = incident();
            error!(target: "core", incident = number, path; "request failed: {cause}");
            Some(number)
        }
        _ => None,
    };
    let html = request.is_some_and(wants_page);
    let response = match visitor {
        Some(visitor) if html => page(error, &words, number.as_deref(), request, visitor),
        _ => {
            let after = number.map(|number| format!(" The log has it under {number}.")).unwrap_or_default();
            Response::plain(words.status, &format!("{}{after}", words.text))
        }
    };
    match error {
        Error::MethodNotAllowed(allow) => response.with("Allow", *allow),
        Error::SlowDown(wait_s) | Error::Busy(wait_s) => response.with("Retry-After", wait_s.to_string()),
        Error::NotSaved(_) => response.with("Retry-After", SPACE_RETRY_MAX.as_secs().to_string()),
        Error::TooMany => response.with("Retry-After", "10"),
        _ => response,
    }
}

fn page(error: &Error, words: &Words, number: Option<&str>, request: Option<&Request>, visitor: &Visitor) -> Response {
    let mut frame = visitor.frame(words.heading);
    frame.version = "";
    frame.bare |= matches!(error, Error::Gone(_) | Error::NotSetUp | Error::Misdirected);
    let way_on = match (error, request) {
        (Error::StaleForm(form) | Error::NotSaved(Some(form)), Some(request)) if form.has_secret() => {
            WayOn::BackToForm(next::form_again(request, form))
        }
        (Error::StaleForm(form) | Error::NotSaved(Some(form)), Some(request)) => {
            WayOn::SendAgain { action: &request.here, fields: form.to_resend() }
        }
        _ => WayOn::Home,
    };
    let is_offered_again = matches!(way_on, WayOn::SendAgain { .. });
    let page = ErrorPage { status: words.status, heading: words.heading, text: &words.text, incident: number, way_on };
    let response = Response::page(words.status, ui::error::page(&frame, &page));
    // A form that is sent again needs the cookie its new token belongs to.
    if frame.bare && !is_offered_again { response } else { visitor.keep(response) }
}

/// True when the client takes HTML: browsers say so, curl takes anything and gets one line.
pub(crate) fn wants_page(request: &Request) -> bool {
    request.header("accept").is_some_and(|accept| accept.contains("text/html"))
}
