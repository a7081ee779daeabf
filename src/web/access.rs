//! Who asks, and whether a form may be believed.
//!
//! A page for signed-in people takes a [`SignedIn`], a form's page a [`Submission`]. Only this file makes them, so no
//! page can forget to check session, origin or form token.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use log::{info, warn};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::limits::{FLASH_COOKIE_S, FORM_COOKIE_S, SESSION_ABSOLUTE_S};
use crate::random;
use crate::session::{Origin, SessionHash, SessionToken};
use crate::store::Settings;
use crate::ui::flash::Flash;
use crate::ui::layout::{Account, Frame, Section, Theme};
use crate::user::{Registration, Role, User};
use crate::web::cookie::{self, Name};
use crate::web::error::Error;
use crate::web::flash;
use crate::web::form::Form;
use crate::web::host;
use crate::web::request::{Authority, Request};
use crate::web::response::{Kind, Response};
use crate::web::transport;

/// Bytes of the form secret and of the mask it is shown under.
const FORM_SECRET_BYTES: usize = 32;

/// Whoever sent this request, and what every page needs to know of them.
pub(crate) struct Visitor {
    pub(crate) account: Option<SignedIn>,
    pub(crate) theme: Theme,
    pub(crate) settings: Arc<Settings>,
    /// The authority to show in links: the public address, or what the client asked for.
    pub(crate) shown: Authority,
    /// `https` or `http`, as far as we know.
    pub(crate) scheme: &'static str,
    secure: bool,
    flash: Option<Flash>,
    had_flash: bool,
    form_secret: [u8; FORM_SECRET_BYTES],
    form_token: String,
    /// What ties this page's forms to a browser that is not signed in, known or new.
    form_cookie: Option<String>,
    registration_open: bool,
    here: String,
    bare: bool,
}

/// Somebody with a live session.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) user: User,
    pub(crate) session: SessionHash,
    /// The password was given lately; see [`Confirmed`](crate::web::confirm::Confirmed).
    pub(crate) is_confirmed: bool,
}

/// Somebody signed in who is an administrator now; the role is read with every request.
pub(crate) struct Administrator(pub(crate) SignedIn);

impl Administrator {
    /// # Errors
    /// [`Error::Forbid`] for anybody else.
    pub(crate) fn check(account: &SignedIn) -> Result<Administrator, Error> {
        match account.user.role {
            Role::Administrator => Ok(Administrator(account.clone())),
            Role::User => Err(Error::Forbid),
        }
    }
}

/// A form from a page of ours, sent by the browser that page was drawn for.
pub(crate) struct Submission<'a> {
    pub(crate) visitor: &'a Visitor,
    pub(crate) form: Form,
    pub(crate) request: &'a Request,
}

impl Visitor {
    /// Reads the cookies and looks the session up; a visit is noted at most once an hour.
    ///
    /// # Errors
    /// When the store fails, or there is no randomness.
    pub(crate) fn of(app: &App, request: &Request) -> Result<Visitor, Error> {
        let secure = transport::is_secure(app, request.transport);
        let cookies = request.cookies();
        let account = signed_in(app, request, cookie::find(&cookies, Name::Session, secure))?;
        let known = cookie::find(&cookies, Name::Form, secure).filter(|value| random::from_hex::<32>(value).is_some());
        let form_cookie = match (&account, known) {
            (Some(_), _) => None,
            (None, Some(value)) => Some(value.to_owned()),
            (None, None) => Some(random::hex(&random::bytes::<32>()?)),
        };
        let form_secret = match (&account, &form_cookie) {
            (Some(account), _) => form_secret(app, "session", &account.session),
            (None, value) => form_secret(app, "form", value.as_deref().unwrap_or_default().as_bytes()),
        };
        let flash = cookie::find(&cookies, Name::Flash, secure);
        let shown = host::shown(app, request);
        let scheme = if secure { "https" } else { "http" };
        let owner = account.as_ref().map(|account| account.user.name.as_str());
        Ok(Visitor {
            theme: Theme::from_word(cookie::find(&cookies, Name::Theme, secure).unwrap_or_default()),
            settings: app.settings(),
            flash: flash.and_then(|value| flash::read(value, &format!("{scheme}://{}", shown.text()), owner)),
            had_flash: flash.is_some(),
            account,
            shown,
            scheme,
            secure,
            form_token: mask(&form_secret)?,
            form_secret,
            form_cookie,
            registration_open: app.is_set_up() && app.registration() == Registration::Open,
            here: request.here.clone(),
            bare: !app.is_set_up(),
        })
    }

    /// Whoever follows a short link is nobody's user: no session is looked up, and what they see has neither menu nor
    /// form. A message for the owner waits for a page of the site.
    pub(crate) fn stranger(app: &App, request: &Request) -> Visitor {
        let secure = transport::is_secure(app, request.transport);
        Visitor {
            account: None,
            theme: Theme::from_word(cookie::find(&request.cookies(), Name::Theme, secure).unwrap_or_default()),
            settings: app.settings(),
            shown: host::shown(app, request),
            scheme: if secure { "https" } else { "http" },
            secure,
            flash: None,
            had_flash: false,
            form_secret: [0; FORM_SECRET_BYTES],
            form_token: String::new(),
            form_cookie: None,
            registration_open: false,
            here: request.here.clone(),
            bare: true,
        }
    }

    /// The frame of a page for this visitor.
    pub(crate) fn frame<'a>(&'a self, title: &'a str) -> Frame<'a> {
        Frame {
            site_name: &self.settings.site_name,
            title,
            failed: false,
            theme: self.theme,
            account: self.account.as_ref().map(|account| Account {
                username: account.user.name.as_str(),
                is_admin: account.user.role == Role::Administrator,
            }),
            csrf_token: &self.form_token,
            here: &self.here,
            flash: self.flash.clone(),
            section: Section::Other,
            bare: self.bare,
            version: env!("CARGO_PKG_VERSION"),
            registration_open: self.registration_open,
        }
    }

    /// Adds the cookies a shown page needs: the one its forms belong to, and the end of a message that was shown.
    ///
    /// The form cookie is set anew with every page, so that a form just drawn can be sent for its whole time. An
    /// answer without a page leaves it alone: it may have ended with the login that the answer tells of.
    pub(crate) fn keep(&self, response: Response) -> Response {
        let page_was_drawn = response.kind == Kind::Page && !response.body.is_empty();
        let response = match &self.form_cookie {
            Some(value) if page_was_drawn => {
                response.with("Set-Cookie", cookie::set(Name::Form, value, FORM_COOKIE_S, self.secure))
            }
            _ => response,
        };
        // What somebody signed in sees is nobody's search result.
        let response = if self.account.is_some() { response.with("X-Robots-Tag", "noindex") } else { response };
        if self.had_flash && page_was_drawn && !response.headers.iter().any(|(_, value)| is_flash(value)) {
            response.with("Set-Cookie", cookie::clear(Name::Flash, self.secure))
        } else {
            response
        }
    }

    /// Adds the cookie of a session that has just begun; the anonymous one is over.
    pub(crate) fn begin_session(&self, response: Response, token: &SessionToken) -> Response {
        response
            .with("Set-Cookie", cookie::set(Name::Session, &token.text(), SESSION_ABSOLUTE_S, self.secure))
            .with("Set-Cookie", cookie::clear(Name::Form, self.secure))
    }

    /// Takes the cookie of a session that is over, and over HTTPS what the browser has kept of its pages.
    pub(crate) fn end_session(&self, response: Response) -> Response {
        let response = response.with("Set-Cookie", cookie::clear(Name::Session, self.secure));
        if self.secure { response.with("Clear-Site-Data", "\"cache\", \"storage\"") } else { response }
    }

    /// Leaves a message for the next page.
    pub(crate) fn say(&self, response: Response, message: &flash::Message<'_>) -> Response {
        response.with("Set-Cookie", cookie::set(Name::Flash, &message.write(), FLASH_COOKIE_S, self.secure))
    }

    /// Sets any other cookie of ours.
    pub(crate) fn set_cookie(&self, response: Response, name: Name, value: &str, max_age_s: i64) -> Response {
        response.with("Set-Cookie", cookie::set(name, value, max_age_s, self.secure))
    }

    /// The whole short address of a slug of `owner`.
    pub(crate) fn short_url(&self, owner: &str, slug: &str) -> String {
        format!("{}/{owner}/{slug}", self.site())
    }

    /// The address of this server as links show it, without a path.
    pub(crate) fn site(&self) -> String {
        format!("{}://{}", self.scheme, self.shown.text())
    }
}

fn is_flash(value: &str) -> bool {
    value.starts_with("flash=") || value.starts_with("__Host-flash=")
}

fn signed_in(app: &App, request: &Request, cookie: Option<&str>) -> Result<Option<SignedIn>, Error> {
    let Some(token) = cookie.and_then(SessionToken::parse) else { return Ok(None) };
    let now = app.now();
    let hash = token.hash();
    let Some((session, user)) = app.store.session(hash, now)? else { return Ok(None) };
    let origin = Origin::of(request.header("user-agent").unwrap_or_default(), request.peer, app.settings().addresses);
    if session.wants_stamp(now, &origin)
        && let Err(error) = app.store.stamp_session(hash, origin, now)
    {
        // Being signed in must not end because the disk is full.
        warn!(target: "accounts", user = user.name.as_str(); "visit not noted: {error}");
    }
    Ok(Some(SignedIn { user, session: hash, is_confirmed: session.is_confirmed(now) }))
}

/// The secret of a browser's forms: keyed by the instance, bound to its session or form cookie.
fn form_secret(app: &App, kind: &str, value: &[u8]) -> [u8; FORM_SECRET_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&app.secret).expect("HMAC takes keys of any length");
    mac.update(kind.as_bytes());
    mac.update(&[0]);
    mac.update(value);
    mac.finalize().into_bytes().into()
}

/// The form token of a page: the secret under a fresh mask, so that no two pages show the same text and the length
/// of a compressed answer tells nothing.
fn mask(secret: &[u8; FORM_SECRET_BYTES]) -> Result<String, Error> {
    let mask: [u8; FORM_SECRET_BYTES] = random::bytes()?;
    Ok(format!("{}{}", random::hex(&mask), random::hex(&xor(&mask, secret))))
}

/// Reads what [`mask`] wrote.
fn unmask(token: &str) -> Option<[u8; FORM_SECRET_BYTES]> {
    let (mask, masked) = token.split_at_checked(2 * FORM_SECRET_BYTES)?;
    Some(xor(&random::from_hex(mask)?, &random::from_hex(masked)?))
}

fn xor(a: &[u8; FORM_SECRET_BYTES], b: &[u8; FORM_SECRET_BYTES]) -> [u8; FORM_SECRET_BYTES] {
    std::array::from_fn(|at| a[at] ^ b[at])
}

/// Reads a form that comes from a page of ours, as far as the browser tells.
///
/// # Errors
/// As [`Form::read`]; [`Error::ForeignForm`] for a page of somebody else's. What such a form holds goes no further:
/// offered again under a good token it would be the attacker's form with our stamp on it.
pub(crate) fn form(app: &App, request: &Request) -> Result<Form, Error> {
    let form = Form::read(request)?;
    if comes_from_us(app, request) {
        return Ok(form);
    }
    note_refused(request, "origin");
    Err(Error::ForeignForm)
}

/// Accepts what [`form`] has read: it must carry the token of a page that was drawn for this browser.
///
/// # Errors
/// [`Error::StaleForm`] with what was typed when it does not, and nothing is done.
pub(crate) fn submission<'a>(request: &'a Request, visitor: &'a Visitor, form: Form) -> Result<Submission<'a>, Error> {
    let token = unmask(form.get("csrf_token"));
    if token.is_some_and(|token| bool::from(token.ct_eq(&visitor.form_secret))) {
        return Ok(Submission { visitor, form, request });
    }
    note_refused(request, "token");
    Err(Error::StaleForm(form))
}

fn note_refused(request: &Request, reason: &str) {
    info!(target: "accounts", reason, path = request.logged_path(), ip = request.ip(); "form refused");
}

/// Whether the browser says that the form was on a page of ours. Old browsers say nothing on plain HTTP; there the
/// token decides alone.
///
/// # Source
/// Fetch Metadata, section 2.1; RFC 6454, section 7; the order is that of Go's `net/http.CrossOriginProtection`.
fn comes_from_us(app: &App, request: &Request) -> bool {
    let site = request.header("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    match request.header("origin") {
        Some(origin) => host::is_own_origin(app, request, origin),
        // A header that stands twice is no header of a browser.
        None if request.has_header("origin") => false,
        None if site.is_some() => true,
        None if transport::is_secure(app, request.transport) => request.header("referer").is_some_and(|referer| {
            let end = referer.match_indices('/').nth(2).map_or(referer.len(), |(at, _)| at);
            host::is_own_origin(app, request, &referer[..end])
        }),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown_twice_and_reads_back() {
        let secret = [7; FORM_SECRET_BYTES];
        let (first, second) = (mask(&secret).unwrap(), mask(&secret).unwrap());
        assert_ne!(first, second);
        assert_eq!(unmask(&first), Some(secret));
        assert_eq!(unmask(&second), Some(secret));
        for bad in ["", "00", &first[1..], &format!("{first}0"), &first.to_uppercase().replace('0', "G")] {
            assert_ne!(unmask(bad), Some(secret), "{bad}");
        }
    }
}
