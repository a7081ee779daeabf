//! A short link: an owner, a slug, a target, and what people say of it.

use crate::clock::Timestamp;
use crate::limits::TITLE_CHARS_MAX;
use crate::slug::Slug;
use crate::target::{BlockedHosts, Target};
use crate::user::UserId;

/// A link's number in the data file; never given out twice. In addresses it is written in base 36, and one that would
/// look like a word of ours with a 0 in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LinkId(pub(crate) u32);

/// `new` in base 36: under `/links/` the form for a new link stands there. The other words are longer than any number.
const NEW: LinkId = LinkId(30_344);

impl std::fmt::Display for LinkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        if *self == NEW {
            return f.write_str("0new");
        }
        let mut rest = self.0;
        let mut text = Vec::with_capacity(7);
        loop {
            text.push(DIGITS[(rest % 36) as usize]);
            rest /= 36;
            if rest == 0 {
                break;
            }
        }
        text.iter().rev().try_for_each(|&digit| f.write_str((digit as char).encode_utf8(&mut [0; 4])))
    }
}

impl LinkId {
    /// Reads what `Display` writes, and only that: one address per link.
    pub(crate) fn parse(text: &str) -> Option<LinkId> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        if !plain || text.len() > 7 {
            return None;
        }
        u32::from_str_radix(text, 36).ok().map(LinkId).filter(|id| id.to_string() == text)
    }
}

/// Whether a link leads anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    Disabled,
    Expired,
    /// Its target's host is one where no link may lead.
    Blocked,
}

/// A title: one line of at most [`TITLE_CHARS_MAX`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Title(String);

/// The title is too long or spans lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TitleError;

impl std::fmt::Display for TitleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Use one line of at most {TITLE_CHARS_MAX} characters.")
    }
}

impl Title {
    /// # Errors
    /// [`TitleError`] when the text is longer than the bound or holds control characters.
    pub(crate) fn parse(text: &str) -> Result<Title, TitleError> {
        let text = text.trim();
        if text.chars().count() > TITLE_CHARS_MAX || text.chars().any(char::is_control) {
            return Err(TitleError);
        }
        Ok(Title(text.to_owned()))
    }

    pub(crate) fn from_stored(title: String) -> Title {
        Title(title)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a person decides about a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkChange {
    pub(crate) target: Target,
    pub(crate) title: Title,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) enabled: bool,
}

/// A link about to be made. Without a slug the store picks a free one.
#[derive(Debug, Clone)]
pub(crate) struct NewLink {
    pub(crate) slug: Option<Slug>,
    pub(crate) change: LinkChange,
}

/// A link as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) id: LinkId,
    pub(crate) owner: UserId,
    pub(crate) slug: Slug,
    pub(crate) about: LinkChange,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// Slugs that it had before and that still lead where it leads, the oldest first; none of them is its slug.
    pub(crate) aliases: Vec<Slug>,
}

impl Link {
    /// All slugs under which visitors find it.
    pub(crate) fn slugs(&self) -> impl Iterator<Item = &Slug> {
        std::iter::once(&self.slug).chain(&self.aliases)
    }

    pub(crate) fn state(&self, blocked: &BlockedHosts, now: Timestamp) -> State {
        state(self.about.enabled, self.about.expires, self.about.target.is_blocked(blocked), now)
    }
}

/// Whether a link leads anywhere at `now`. One rule for the redirect and for every page.
pub(crate) fn state(enabled: bool, expires: Option<Timestamp>, is_blocked: bool, now: Timestamp) -> State {
    if !enabled {
        State::Disabled
    } else if expires.is_some_and(|expires| expires <= now) {
        State::Expired
    } else if is_blocked {
        State::Blocked
    } else {
        State::Active
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_text_each() {
        for (id, text) in [(0, "0"), (1, "1"), (35, "z"), (36, "10"), (30_344, "0new"), (u32::MAX, "1z141z3")] {
            assert_eq!(LinkId(id).to_string(), text);
            assert_eq!(LinkId::parse(text), Some(LinkId(id)));
        }
        for bad in ["", "00", "01", "A", "1z141z4", "zzzzzzzz", "-1", "+1", "1 ", "new", "0nev"] {
            assert_eq!(LinkId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_link_expires_at_its_moment_and_its_owners_word_wins() {
        let at = Timestamp::from_ms;
        for (enabled, expires, is_blocked, now, expected) in [
            (true, None, false, 5, State::Active),
            (true, Some(6), false, 5, State::Active),
            (true, Some(6), true, 5, State::Blocked),
            (true, Some(5), false, 5, State::Expired),
            (true, Some(5), true, 5, State::Expired),
            (false, Some(5), false, 9, State::Disabled),
            (false, None, true, 0, State::Disabled),
        ] {
            assert_eq!(state(enabled, expires.map(at), is_blocked, at(now)), expected);
        }
    }

    #[test]
    fn titles_are_one_line() {
        assert_eq!(Title::parse("  Autumn sale ").unwrap().as_str(), "Autumn sale");
        assert_eq!(Title::parse(&"ü".repeat(TITLE_CHARS_MAX)).map(|_| ()), Ok(()));
        assert_eq!(Title::parse(&"ü".repeat(TITLE_CHARS_MAX + 1)), Err(TitleError));
        assert_eq!(Title::parse("a\nb"), Err(TitleError));
    }
}
