//! Sentences that more than one page or request needs: flashes and errors.
//!
//! They say what happened, then what to do. Labels and headings stand in the pages themselves.

use crate::limits::ALIASES_PER_LINK_MAX;
use crate::ui::number;

// After an account's own doings.
pub(crate) const REGISTERED: &str = "Account created. Log in to start.";
pub(crate) const LOGGED_OUT: &str = "You have been logged out.";
pub(crate) const LOGGED_OUT_ELSEWHERE: &str = "Logged out there.";
pub(crate) const EMAIL_CHANGED: &str = "Saved. Your email address is changed.";
pub(crate) const PASSWORD_CHANGED: &str = "Saved. Other browsers are logged out.";
pub(crate) const ACCOUNT_DELETED: &str = "Your account is deleted.";
pub(crate) const LOG_IN_FIRST: &str = "Log in to see this page.";

// About the accounts of others.
pub(crate) const LAST_ADMINISTRATOR: &str = "This is the last administrator. Make somebody else one first.";
pub(crate) const NO_KEEPER: &str = "The links need another user who can log in.";
pub(crate) const NAME_HAS_LINKS: &str = "There are still links under this name. Delete them first.";
pub(crate) const NOT_IN_USE: &str = "This account is disabled or removed. Enable it first.";
pub(crate) const NO_INVITATIONS: &str =
    "Registration is closed, for whoever is invited, too. Choose “Only people I invite” in the settings first.";
pub(crate) const TOO_MANY_INVITATIONS: &str = "Too many invitations are open. Take some back first.";

/// After an account is gone.
pub(crate) fn user_removed(username: &str) -> String {
    format!("Removed {username}.")
}

/// After logging in.
pub(crate) fn welcome(username: &str) -> String {
    format!("Welcome back, {username}!")
}

// After a change to a link.
pub(crate) const BACKUP_BEGUN: &str = "A backup is being made. It is in the list once it was examined.";
pub(crate) const SAVED: &str = "Saved.";
pub(crate) const ENABLED: &str = "Enabled.";
pub(crate) const HOST_BLOCKED: &str = "Blocked. Links to this host show “switched off”.";
pub(crate) const DISABLED: &str = "Disabled. Visitors see “switched off”.";

/// After a link is gone; `address` is the short address without `https://`.
pub(crate) fn deleted(address: &str) -> String {
    format!("Deleted {address}.")
}

pub(crate) const NONE_SELECTED: &str = "Nothing was changed. Tick the links first.";

/// After something was done to several links.
pub(crate) fn many_done(count: u64, done: &str) -> String {
    format!("{} {done}.", number::counted(count, "link"))
}

/// After an earlier address of a link is given up.
pub(crate) fn given_up(address: &str) -> String {
    format!("Gave up {address}. Visitors see “deleted”.")
}

/// At the slug, when a link has had too many.
pub(crate) fn renamed_too_often() -> String {
    format!("This link has {ALIASES_PER_LINK_MAX} earlier addresses. Give one up first.")
}

// At the fields of a form.
pub(crate) const WRONG_LOGIN: &str = "Wrong email, username or password.";
pub(crate) const WRONG_PASSWORD: &str = "This is not your current password.";
pub(crate) const WRONG_SETUP_CODE: &str = "This is not the setup code. It is printed where the server was started.";
pub(crate) const SLUG_TAKEN: &str = "You already have a link with this slug.";
/// Of a link that somebody else has made.
pub(crate) const SLUG_TAKEN_THERE: &str = "This slug is taken.";

/// At a new link past the bound on links per user.
pub(crate) fn links_full(most: u32) -> String {
    format!("You may have {} here. Delete one that you no longer need.", number::counted(most.into(), "link"))
}

pub(crate) const LINKS_TOO_FAST: &str = "You have made many links within a minute. Send this one again in a moment.";
pub(crate) const EXPIRY_BAD: &str = "Enter a date and a time for the expiry, such as 2026-11-20 14:02.";
pub(crate) const EXPIRY_PASSED: &str = "This time has passed. Choose a later one, or leave it empty.";
pub(crate) const INVITATION_OVER: &str = "This invitation is not good any more. Ask for another one.";
pub(crate) const USERNAME_TAKEN: &str = "This name is not available.";
pub(crate) const EMAIL_TAKEN: &str = "This email address is not available.";
pub(crate) const NAME_DIFFERS: &str = "This is not the username.";
pub(crate) const LINKS_UNDECIDED: &str = "Choose what becomes of the links.";
pub(crate) const PASSWORDS_DIFFER: &str = "The two passwords differ.";
pub(crate) const SITE_NAME_BAD: &str = "Use 1 to 60 characters for the site name.";

// On the error pages.
pub(crate) const NOT_UNDERSTOOD: &str = "The server could not understand this request.";
pub(crate) const FORBIDDEN: &str = "You may not do this.";
pub(crate) const FORM_TOO_OLD: &str = "This form is too old. Send it again.";
pub(crate) const SENT_IN_CLEAR: &str =
    "This form was not sent over HTTPS and was not accepted. Open its page again over HTTPS.";
pub(crate) const NOT_FOUND_HEADING: &str = "Page Not Found";
pub(crate) const NOT_FOUND: &str = "There is nothing at this address. The link may be mistyped or deleted.";
pub(crate) const EXPIRED: &str = "This link has expired.";
pub(crate) const DELETED: &str = "This link was deleted.";
pub(crate) const SWITCHED_OFF: &str = "This link is switched off.";
pub(crate) const URI_TOO_LONG: &str = "This address is too long.";
pub(crate) const METHOD_NOT_ALLOWED: &str = "This address does not answer to that kind of request.";
pub(crate) const NOT_SET_UP: &str = "This server is not set up yet.";
pub(crate) const MISDIRECTED: &str = "This server does not answer for that name.";
pub(crate) const TOO_MANY: &str =
    "Too many downloads and pages with live clicks are open in your name. Wait until one has ended, or close one.";
pub(crate) const BUSY: &str = "The server is busy. Try again in a moment.";
pub(crate) const NOT_SAVED_HEADING: &str = "Not Saved";
pub(crate) const NOT_SAVED: &str =
    "The server's disk is full; nothing was changed. Short links go on working. Try again when there is room.";
pub(crate) const SERVER_ERROR_HEADING: &str = "Server Error";
pub(crate) const SERVER_ERROR: &str = "Something broke on the server.";

/// A form past its bound.
pub(crate) fn too_large(bytes_max: usize) -> String {
    format!("That is too large (limit {} KB).", bytes_max / 1024)
}

/// After too many tries; the wait is rounded up to whole minutes.
pub(crate) fn slow_down(wait_s: u64) -> String {
    let minutes = wait_s.div_ceil(60).max(1);
    format!("Too many attempts. Try again in {}.", number::counted(minutes, "minute"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_minutes() {
        for (wait_s, text) in [
            (0, "Too many attempts. Try again in 1 minute."),
            (60, "Too many attempts. Try again in 1 minute."),
            (181, "Too many attempts. Try again in 4 minutes."),
        ] {
            assert_eq!(slow_down(wait_s), text);
        }
    }
}
