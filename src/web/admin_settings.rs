//! What an administrator changes while the program runs: the same settings, in the same words, as on the command line. A
//! save counts at once.

use log::info;

use crate::app::{App, BackupState};
use crate::store::{SETTINGS, Settings};
use crate::target::TargetError;
use crate::ui::Markup;
use crate::ui::admin_settings::{self, AdminSettings, Backup};
use crate::ui::field::Errors;
use crate::web::Section;
use crate::web::access::{Administrator, Submission, Visitor};
use crate::web::confirm::Confirmed;
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::form::Form;
use crate::web::home;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Shows the settings as they are.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    _: &Administrator,
    _: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    Ok(super::page(draw(app, visitor, None, &Errors::new())))
}

/// Changes those that the person has changed, or none: the page may be old, and others may have changed the rest since.
pub(crate) fn submit(
    app: &App,
    administrator: &Confirmed<Administrator>,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let edited = app.change_settings(administrator.0.user.id, |settings| edit(app, submission, settings))?;
    let changed = match edited.ok_or(Error::Forbid)? {
        Ok(changed) => changed,
        Err(errors) => return Ok(super::form_again(draw(app, submission.visitor, Some(&submission.form), &errors))),
    };
    let user = administrator.0.user.name.as_str();
    info!(target: "accounts", user, changed = changed.join(" "), ip = submission.request.ip(); "settings changed");
    Ok(submission.visitor.say(Response::see_other("/admin/settings"), &Message::Saved))
}

/// Makes the changes of a form, and tells of which settings.
fn edit(app: &App, submission: &Submission<'_>, settings: &mut Settings) -> Result<Vec<&'static str>, Errors> {
    let form = &submission.form;
    let before = settings.clone();
    let mut errors = Errors::new();
    for setting in SETTINGS {
        let value = form.get(setting.key);
        if value == form.get(&admin_settings::drawn(setting.key)) {
            continue;
        }
        if let Err(why) = (setting.change)(settings, value) {
            errors.push(setting.key, why);
        }
    }
    if settings.home.as_ref().is_some_and(|home| home::is_circle(app, submission.visitor, home)) {
        errors.push("site.home", TargetError::Circle.to_string());
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let changed = SETTINGS.iter().filter(|setting| (setting.show)(&before) != (setting.show)(settings));
    Ok(changed.map(|setting| setting.key).collect())
}

/// Draws the page, with the form that was refused if one was.
fn draw(app: &App, visitor: &Visitor, refused: Option<&Form>, errors: &Errors) -> Markup {
    let mut frame = visitor.frame("Settings");
    frame.section = Section::Admin;
    frame.failed = !errors.is_empty();
    let settings = app.settings();
    let values = |name: fn(&str) -> String| {
        let values = SETTINGS.iter().map(|setting| match refused {
            Some(form) => (setting.key, form.get(&name(setting.key)).to_owned()),
            None => (setting.key, (setting.show)(&settings)),
        });
        values.collect()
    };
    let backups = app.store.backups().into_iter();
    let data = AdminSettings {
        values: values(str::to_owned),
        drawn: values(admin_settings::drawn),
        errors,
        registration_is_set: (app.registration() != settings.registration).then(|| app.registration().word()),
        backups: backups.map(|backup| Backup { name: backup.name, made: backup.made, bytes: backup.bytes }).collect(),
        is_backing_up: app.backup_state() == BackupState::Making,
    };
    admin_settings::page(&frame, &data)
}
