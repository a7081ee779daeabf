//! Signing in with e-mail address or user name.

use log::{info, warn};

use crate::app::App;
use crate::password::Verdict;
use crate::session::SessionToken;
use crate::ui::Markup;
use crate::ui::field::Errors;
use crate::ui::login::{self, Login};
use crate::ui::text;
use crate::user::{User, UserName};
use crate::web::Section;
use crate::web::access::{Submission, Visitor};
use crate::web::account_form;
use crate::web::device;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::next;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// The form; whoever is signed in already goes on.
pub(crate) fn show(_: &App, visitor: &Visitor, request: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let next = request.query("next");
    if visitor.account.is_some() {
        return Ok(Response::see_other(next::safe(next).unwrap_or(next::DEFAULT)));
    }
    Ok(super::page(draw(visitor, "", next, &Errors::new())))
}

/// Signs in. An unknown account, a wrong password and an account that is not in use have one answer and take one time.
pub(crate) fn submit(app: &App, submission: &Submission<'_>, _: &Parts<'_>) -> Result<Response, Error> {
    let (form, visitor) = (&submission.form, submission.visitor);
    let login = form.get("username").trim();
    let next = form.get("next");
    let ip = submission.request.ip();
    let name = login.to_lowercase();
    let user = app.store.user_by_login(&name)?.filter(User::is_active);
    let known = device::known(app, submission.request, user.as_ref())?;
    let attempt = match app.throttle.log_in(app.uptime(), submission.request.peer, &name, known) {
        Ok(attempt) => attempt,
        Err(wait) => {
            account_form::note_throttled("login", logged_name(login).as_str(), submission.request, wait);
            let mut errors = Errors::new();
            errors.push("", text::slow_down(wait.s));
            return Ok(super::form_later(draw(visitor, login, next, &errors), wait));
        }
    };
    let verdict = account_form::verdict(&app.hasher, form.get("password"), user.as_ref());
    let verdict = match verdict.map_err(Error::from) {
        Err(Error::Busy(wait_s)) => {
            let mut errors = Errors::new();
            errors.push("", text::BUSY);
            return Ok(super::form_busy(draw(visitor, login, next, &errors), wait_s));
        }
        outcome => outcome?,
    };
    let token = SessionToken::random()?;
    let signed_in = match (&user, verdict) {
        (Some(user), Verdict::Right | Verdict::RightButOutdated) => {
            let stronger = match verdict {
                Verdict::RightButOutdated => Some(account_form::hash(app, form.get("password"))?),
                _ => None,
            };
            let ended = visitor.account.as_ref().map(|account| account.session);
            app.store.sign_in(user.id, user.password.clone(), stronger, token.hash(), ended, app.now())?
        }
        _ => false,
    };
    match user {
        Some(user) if signed_in => {
            attempt.succeed();
            info!(target: "accounts", user = user.name.as_str(), ip; "login ok");
            device::remember(app, visitor, submission.request, &user, welcome(visitor, next, &token))
        }
        _ => {
            attempt.count();
            warn!(target: "accounts", user = logged_name(login), ip; "login failed");
            let mut errors = Errors::new();
            errors.push("", text::WRONG_LOGIN);
            Ok(super::form_again(draw(visitor, login, next, &errors)))
        }
    }
}

fn welcome(visitor: &Visitor, next: &str, token: &SessionToken) -> Response {
    let response = Response::see_other(next::safe(next).unwrap_or(next::DEFAULT));
    visitor.say(visitor.begin_session(response, token), &Message::Welcome)
}

/// A name for the log. People type their password into the wrong field, so only what could be a name is written.
fn logged_name(login: &str) -> String {
    UserName::parse(login).map_or_else(|_| "-".to_owned(), |name| name.as_str().to_owned())
}

fn draw(visitor: &Visitor, username: &str, next: &str, errors: &Errors) -> Markup {
    let mut frame = visitor.frame("Log in");
    frame.failed = !errors.is_empty();
    frame.section = Section::LogIn;
    let next = next::safe(next).unwrap_or_default();
    login::page(&frame, &Login { username, next, errors })
}
