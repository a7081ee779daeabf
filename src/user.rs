//! People: their names, their e-mail addresses, what they may do.

mod state;

use crate::clock::Timestamp;
use crate::limits::{EMAIL_BYTES_MAX, USER_NAME_BYTES};
use crate::password::{PasswordHash, Strength};

pub(crate) use state::{Estate, State};

/// A user's number in the data file; never given out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UserId(pub(crate) u32);

/// The first part of every short address of a user.
///
/// # Invariants
/// 2 to 32 of `a-z 0-9 - _`, the first a letter or digit; not a reserved word. No dots, so files at the root of the
/// site never collide with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserName(String);

/// Why a text is no user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserNameError {
    Form,
    Reserved,
}

impl std::fmt::Display for UserNameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            UserNameError::Form => {
                "Use 2 to 32 lowercase letters, numbers, hyphens, and underscores; begin with a letter or number."
            }
            UserNameError::Reserved => "This name is not available.",
        })
    }
}

impl UserName {
    /// Reads a name as typed; upper-case ASCII letters are lowered, nothing else is "cleaned".
    ///
    /// # Errors
    /// [`UserNameError::Form`] when alphabet or length are wrong, [`UserNameError::Reserved`] for words that name
    /// pages or offices.
    pub(crate) fn parse(text: &str) -> Result<UserName, UserNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !starts_well || !USER_NAME_BYTES.contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(UserNameError::Form);
        }
        let name = text.to_ascii_lowercase();
        if is_reserved(&name) {
            return Err(UserNameError::Reserved);
        }
        Ok(UserName(name))
    }

    /// A name that was checked before it was stored.
    pub(crate) fn from_stored(name: String) -> UserName {
        UserName(name)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Words that no user may be called: first path words of ours, now and later, and names that would let somebody
/// pass for an office.
///
/// The router's tests compare its own first words with this list.
const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "anonymous",
    "api",
    "app",
    "assets",
    "auth",
    "callback",
    "cdn",
    "contact",
    "css",
    "dashboard",
    "docs",
    "everyone",
    "favicon",
    "health",
    "help",
    "hostmaster",
    "img",
    "imprint",
    "js",
    "legal",
    "links",
    "login",
    "logout",
    "mailer-daemon",
    "manifest",
    "me",
    "media",
    "metrics",
    "new",
    "noreply",
    "null",
    "oauth",
    "password",
    "postmaster",
    "privacy",
    "profile",
    "register",
    "reset",
    "robots",
    "root",
    "saml",
    "search",
    "security",
    "self",
    "settings",
    "setup",
    "signin",
    "signout",
    "signup",
    "sso",
    "static",
    "stats",
    "status",
    "support",
    "system",
    "terms",
    "token",
    "tokens",
    "undefined",
    "user",
    "users",
    "webhook",
    "webmaster",
    "well-known",
    "www",
];

/// True for words that belong to the site and not to a user. Expects lower case.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok()
}

/// An e-mail address, folded to lower case as a whole so that it is unique.
///
/// No mail is ever sent, so the form is checked no further than a person's slip of the finger needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EmailError;

impl std::fmt::Display for EmailError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enter an email address, such as anna@example.com.")
    }
}

impl Email {
    /// # Errors
    /// [`EmailError`] unless there is one `@` with something before it, a host name after it, and nothing that
    /// cannot be seen.
    /// # Source
    /// RFC 5321, section 4.5.3.1 (lengths).
    pub(crate) fn parse(text: &str) -> Result<Email, EmailError> {
        let text = text.trim_matches(' ');
        let (local, host) = text.split_once('@').ok_or(EmailError)?;
        let visible = |c: char| !c.is_whitespace() && !c.is_control() && !"\"<>(),;:\\[]@".contains(c);
        let host_is_fine = !host.is_empty()
            && host
                .split('.')
                .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_'));
        if local.is_empty() || text.len() > EMAIL_BYTES_MAX || !local.chars().all(visible) || !host_is_fine {
            return Err(EmailError);
        }
        Ok(Email(text.to_lowercase()))
    }

    /// An address that was checked before it was stored.
    pub(crate) fn from_stored(email: String) -> Email {
        Email(email)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub(crate) fn local_part(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

/// What a user may do beyond keeping links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Administrator,
}

impl Role {
    /// Reads the word back.
    pub(crate) fn parse(word: &str) -> Option<Role> {
        [Role::User, Role::Administrator].into_iter().find(|role| role.word() == word)
    }

    /// How strong the password has to be.
    pub(crate) fn strength(self) -> Strength {
        match self {
            Role::User => Strength::User,
            Role::Administrator => Strength::Administrator,
        }
    }

    /// The word in lists and commands.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Administrator => "admin",
        }
    }
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registration {
    Open,
    Invite,
    Closed,
}

impl Registration {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Registration::Open => "open",
            Registration::Invite => "invite",
            Registration::Closed => "closed",
        }
    }

    /// Reads the word back.
    pub(crate) fn parse(word: &str) -> Option<Registration> {
        [Registration::Open, Registration::Invite, Registration::Closed].into_iter().find(|mode| mode.word() == word)
    }
}

/// Somebody with an account, or who had one: of them the name is left.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) name: UserName,
    pub(crate) email: Email,
    pub(crate) password: PasswordHash,
    pub(crate) role: Role,
    pub(crate) state: State,
    pub(crate) created: Timestamp,
    pub(crate) last_login: Option<Timestamp>,
}

impl User {
    /// False when the account is disabled or removed.
    pub(crate) fn is_active(&self) -> bool {
        self.state == State::Active
    }

    /// True when only the name is left.
    pub(crate) fn is_removed(&self) -> bool {
        self.state.estate().is_some()
    }
}

/// An account about to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewUser {
    pub(crate) name: UserName,
    pub(crate) email: Email,
    pub(crate) password: PasswordHash,
    pub(crate) role: Role,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_form() {
        let long = "a".repeat(33);
        for (text, parsed) in [
            ("alice", Ok("alice")),
            ("Alice", Ok("alice")),
            ("a1", Ok("a1")),
            ("0-_", Ok("0-_")),
            ("a", Err(UserNameError::Form)),
            ("", Err(UserNameError::Form)),
            (long.as_str(), Err(UserNameError::Form)),
            ("-a", Err(UserNameError::Form)),
            ("_a", Err(UserNameError::Form)),
            ("al ice", Err(UserNameError::Form)),
            ("al/ice", Err(UserNameError::Form)),
            ("..", Err(UserNameError::Form)),
            ("a.b", Err(UserNameError::Form)),
            ("Аlice", Err(UserNameError::Form)), // Cyrillic
            ("a\0b", Err(UserNameError::Form)),
            ("alice\n", Err(UserNameError::Form)),
            ("' OR 1=1", Err(UserNameError::Form)),
            ("admin", Err(UserNameError::Reserved)),
            ("LINKS", Err(UserNameError::Reserved)),
            ("www", Err(UserNameError::Reserved)),
        ] {
            assert_eq!(UserName::parse(text).as_ref().map(UserName::as_str).map_err(|e| *e), parsed, "{text:?}");
        }
    }

    #[test]
    fn reserved_words_are_sorted_for_the_search() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn email_addresses_fold_case_and_need_a_host() {
        let long = format!("{}@example.com", "a".repeat(250));
        for (text, parsed) in [
            ("Anna@Example.COM", Some("anna@example.com")),
            (" a@b ", Some("a@b")),
            ("a+tag@mail.example.com", Some("a+tag@mail.example.com")),
            ("o'neil@example.com", Some("o'neil@example.com")),
            ("anna", None),
            ("@example.com", None),
            ("anna@", None),
            ("anna@example..com", None),
            ("an na@example.com", None),
            ("a@b@c", None),
            ("<a@b.c>", None),
            ("a\n@b.c", None),
            (long.as_str(), None),
        ] {
            assert_eq!(Email::parse(text).ok().as_ref().map(Email::as_str), parsed, "{text:?}");
        }
    }
}
