//! The message for the next page. It travels in a cookie as a word, never as text: what a cookie can make the page
//! say is a short list of our own sentences.

use crate::slug::Slug;
use crate::ui::flash::Flash;
use crate::ui::text;
use crate::user::UserName;

/// Something to say on the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    Registered,
    Welcome,
    LoggedOut,
    LoggedOutElsewhere,
    EmailChanged,
    PasswordChanged,
    Saved,
    Enabled,
    Disabled,
    HostBlocked,
    BackupBegun,
    AccountDeleted,
    /// The name of somebody whose account is gone.
    UserRemoved(&'a str),
    NoneSelected,
    /// So many links.
    ManyEnabled(usize),
    ManyDisabled(usize),
    ManyDeleted(usize),
    /// The slug of the new link.
    Created(&'a str),
    /// The slug that a link had.
    GivenUp(&'a str),
    /// The slug of the link that is gone, behind `NAME.` if it was under another name than one's own.
    Deleted(&'a str),
}

impl Message<'_> {
    /// The cookie's value.
    pub(crate) fn write(&self) -> String {
        match self {
            Message::Registered => "registered".to_owned(),
            Message::Welcome => "welcome".to_owned(),
            Message::LoggedOut => "logged-out".to_owned(),
            Message::LoggedOutElsewhere => "logged-out-elsewhere".to_owned(),
            Message::EmailChanged => "email-changed".to_owned(),
            Message::PasswordChanged => "password-changed".to_owned(),
            Message::Saved => "saved".to_owned(),
            Message::Enabled => "enabled".to_owned(),
            Message::Disabled => "disabled".to_owned(),
            Message::HostBlocked => "host-blocked".to_owned(),
            Message::BackupBegun => "backup-begun".to_owned(),
            Message::AccountDeleted => "account-deleted".to_owned(),
            Message::UserRemoved(name) => format!("user-removed.{name}"),
            Message::NoneSelected => "none-selected".to_owned(),
            Message::ManyEnabled(count) => format!("many-enabled.{count}"),
            Message::ManyDisabled(count) => format!("many-disabled.{count}"),
            Message::ManyDeleted(count) => format!("many-deleted.{count}"),
            Message::Created(slug) => format!("created.{slug}"),
            Message::GivenUp(slug) => format!("given-up.{slug}"),
            Message::Deleted(slug) => format!("deleted.{slug}"),
        }
    }
}

/// What a cookie's value says; nothing for a value that is not ours. `site` is the address of this server, `user` the
/// name of whoever is signed in.
pub(crate) fn read(value: &str, site: &str, user: Option<&str>) -> Option<Flash> {
    let address = |slug: &str| {
        let (name, slug) = match slug.split_once('.') {
            Some((name, slug)) => (UserName::parse(name).ok()?.as_str().to_owned(), slug),
            None => (user?.to_owned(), slug),
        };
        Some(format!("{site}/{name}/{}", Slug::parse(slug).ok()?.as_str()))
    };
    let (word, slug) = value.split_once('.').unwrap_or((value, ""));
    Some(match word {
        "registered" => Flash::success(text::REGISTERED),
        "welcome" => Flash::success(text::welcome(user?)),
        "logged-out" => Flash::success(text::LOGGED_OUT),
        "logged-out-elsewhere" => Flash::success(text::LOGGED_OUT_ELSEWHERE),
        "email-changed" => Flash::success(text::EMAIL_CHANGED),
        "password-changed" => Flash::success(text::PASSWORD_CHANGED),
        "account-deleted" => Flash::success(text::ACCOUNT_DELETED),
        "user-removed" => Flash::success(text::user_removed(UserName::parse(slug).ok()?.as_str())),
        "host-blocked" => Flash::success(text::HOST_BLOCKED),
        "backup-begun" => Flash::success(text::BACKUP_BEGUN),
        "saved" => Flash::success(text::SAVED),
        "enabled" => Flash::success(text::ENABLED),
        "disabled" => Flash::success(text::DISABLED),
        "none-selected" => Flash::success(text::NONE_SELECTED),
        "many-enabled" => Flash::success(text::many_done(slug.parse().ok()?, "enabled")),
        "many-disabled" => Flash::success(text::many_done(slug.parse().ok()?, "disabled")),
        "many-deleted" => Flash::success(text::many_done(slug.parse().ok()?, "deleted")),
        "created" => Flash::created(address(slug)?),
        "given-up" => Flash::success(text::given_up(plain(&address(slug)?))),
        "deleted" => Flash::success(text::deleted(plain(&address(slug)?))),
        _ => return None,
    })
}

/// An address as people write it.
fn plain(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_back_and_nothing_else_is() {
        let site = "http://nas:8000";
        for message in [
            Message::Registered,
            Message::Welcome,
            Message::LoggedOut,
            Message::LoggedOutElsewhere,
            Message::EmailChanged,
            Message::PasswordChanged,
            Message::Saved,
            Message::Enabled,
            Message::Disabled,
            Message::HostBlocked,
            Message::BackupBegun,
            Message::AccountDeleted,
            Message::UserRemoved("bob"),
            Message::NoneSelected,
            Message::ManyEnabled(1),
            Message::ManyDisabled(2),
            Message::ManyDeleted(25),
            Message::Created("promo"),
            Message::GivenUp("promo"),
            Message::Deleted("promo"),
            Message::Deleted("bert.promo"),
        ] {
            assert!(read(&message.write(), site, Some("alice")).is_some(), "{message:?}");
        }
        let deleted = read("deleted.promo", site, Some("alice")).unwrap();
        assert_eq!(deleted.text, "Deleted nas:8000/alice/promo.");
        let deleted = read("deleted.bert.promo", site, Some("alice")).unwrap();
        assert_eq!(deleted.text, "Deleted nas:8000/bert/promo.");
        assert!(read("welcome", site, None).is_none());
        for bad in [
            "",
            "created",
            "created.a b",
            "created.<b>",
            "deleted.a b.promo",
            "deleted.bert.",
            "deleted.a.b.c",
            "Your account is locked",
        ] {
            assert!(read(bad, site, Some("alice")).is_none(), "{bad}");
        }
    }
}
