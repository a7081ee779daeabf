//! Cookies: read strictly, written in one form.
//!
//! Where browsers are told to stay with HTTPS, every name carries the `__Host-` prefix and the plain names are
//! ignored, so that neither a plain-HTTP page nor a sibling domain can plant one (RFC 6265bis, section 4.1.3.2).

use crate::limits::{COOKIE_BYTES_MAX, COOKIE_PAIRS_MAX, COOKIE_VALUE_BYTES_MAX};

/// The cookies of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Session,
    /// Ties forms to a browser that is not signed in.
    Form,
    Theme,
    /// A message for the next page.
    Flash,
    /// Tells that somebody has logged in with this browser before.
    Device,
    /// The secret of a reset link, moved out of the address.
    Reset,
    /// The secret of an invitation, likewise.
    Invite,
}

impl Name {
    fn text(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Name::Session, false) => "session",
            (Name::Session, true) => "__Host-session",
            (Name::Form, false) => "form",
            (Name::Form, true) => "__Host-form",
            (Name::Theme, false) => "theme",
            (Name::Theme, true) => "__Host-theme",
            (Name::Flash, false) => "flash",
            (Name::Flash, true) => "__Host-flash",
            (Name::Device, false) => "device",
            (Name::Device, true) => "__Host-device",
            (Name::Reset, false) => "reset",
            (Name::Reset, true) => "__Host-reset",
            (Name::Invite, false) => "invite",
            (Name::Invite, true) => "__Host-invite",
        }
    }
}

/// A cookie of ours in a `Cookie` header.
///
/// Names are compared byte for byte and never decoded. A name that stands twice counts as absent, as does a value
/// that is longer than any of ours.
pub(crate) fn find(header: &str, name: Name, secure: bool) -> Option<&str> {
    if header.len() > COOKIE_BYTES_MAX {
        return None;
    }
    let mut values = header
        .split(';')
        .take(COOKIE_PAIRS_MAX)
        .filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('='))
        .filter(|(found, _)| *found == name.text(secure))
        .map(|(_, value)| value);
    let value = values.next()?;
    (values.next().is_none() && value.len() <= COOKIE_VALUE_BYTES_MAX).then_some(value)
}

/// The value of a `Set-Cookie` header.
pub(crate) fn set(name: Name, value: &str, max_age_s: i64, secure: bool) -> String {
    let mark = if secure { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{mark}", name.text(secure))
}

/// The value of a `Set-Cookie` header that removes a cookie.
pub(crate) fn clear(name: Name, secure: bool) -> String {
    set(name, "", 0, secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_plain_cookie_of_the_right_name_counts() {
        let many = format!("{} session=late", "x=1; ".repeat(COOKIE_PAIRS_MAX));
        let long = format!("session={}", "a".repeat(COOKIE_VALUE_BYTES_MAX + 1));
        for (header, secure, found) in [
            ("session=abc", false, Some("abc")),
            ("a=1; session=abc; b=2", false, Some("abc")),
            ("session=a=b", false, Some("a=b")),
            ("session=", false, Some("")),
            ("session=abc; session=abc", false, None),
            ("Session=abc", false, None),
            ("%73ession=abc", false, None),
            ("session=abc", true, None),
            ("__Host-session=abc; session=evil", true, Some("abc")),
            ("%5f%5fHost-session=abc", true, None),
            ("__Host-session=abc", false, None),
            ("session", false, None),
            ("", false, None),
            (many.as_str(), false, None),
            (long.as_str(), false, None),
        ] {
            assert_eq!(find(header, Name::Session, secure), found, "{header}");
        }
    }

    #[test]
    fn cookies_are_written_with_the_least_power() {
        assert_eq!(set(Name::Theme, "dark", 60, false), "theme=dark; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert_eq!(clear(Name::Session, true), "__Host-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }
}
