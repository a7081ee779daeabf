//! The last part of a short address.
//!
//! Only the alphabet and the length are decided here; whether a slug is free is decided in the transaction that
//! takes it.

use crate::limits::{SLUG_BYTES_MAX, SLUG_LENGTH_CHARS};
use crate::random::{self, NoRandomness};

/// 1 to [`SLUG_BYTES_MAX`] of `a-z 0-9 _ -`, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slug(String);

/// Why a text is no slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlugError {
    Alphabet,
    TooLong,
}

impl std::fmt::Display for SlugError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SlugError::Alphabet => f.write_str("Use only lowercase letters, numbers, hyphens, and underscores."),
            SlugError::TooLong => write!(f, "Use at most {SLUG_BYTES_MAX} characters."),
        }
    }
}

impl Slug {
    /// Reads a slug as typed; upper-case ASCII letters are lowered, nothing else is changed.
    ///
    /// # Errors
    /// [`SlugError::Alphabet`] for any other character and for an empty text, [`SlugError::TooLong`] past the bound.
    pub(crate) fn parse(text: &str) -> Result<Slug, SlugError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err(SlugError::Alphabet);
        }
        if text.len() > SLUG_BYTES_MAX {
            return Err(SlugError::TooLong);
        }
        Ok(Slug(text.to_ascii_lowercase()))
    }

    /// A slug of our own choosing: [`SLUG_LENGTH_CHARS`] symbols that are hard to misread.
    ///
    /// # Errors
    /// As [`random::bytes`].
    pub(crate) fn random() -> Result<Slug, NoRandomness> {
        Ok(Slug(random::readable::<SLUG_LENGTH_CHARS>()?))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_have_their_alphabet_and_length() {
        let longest = "a".repeat(SLUG_BYTES_MAX);
        let too_long = "a".repeat(SLUG_BYTES_MAX + 1);
        for (text, parsed) in [
            ("promo", Ok("promo")),
            ("Promo-2026_B", Ok("promo-2026_b")),
            ("-", Ok("-")),
            ("7", Ok("7")),
            (longest.as_str(), Ok(longest.as_str())),
            (too_long.as_str(), Err(SlugError::TooLong)),
            ("", Err(SlugError::Alphabet)),
            ("a b", Err(SlugError::Alphabet)),
            (" a", Err(SlugError::Alphabet)),
            ("a/b", Err(SlugError::Alphabet)),
            ("a.b", Err(SlugError::Alphabet)),
            ("a+", Err(SlugError::Alphabet)),
            ("ä", Err(SlugError::Alphabet)),
            ("\u{430}", Err(SlugError::Alphabet)), // Cyrillic a
            ("a\0", Err(SlugError::Alphabet)),
            ("\u{212a}", Err(SlugError::Alphabet)), // KELVIN SIGN lowers to an ASCII k in Unicode
        ] {
            assert_eq!(Slug::parse(text).as_ref().map(Slug::as_str).map_err(|e| *e), parsed, "{text:?}");
        }
    }

    #[test]
    fn random_slugs_are_slugs() {
        for _ in 0..100 {
            let slug = Slug::random().unwrap();
            assert_eq!(slug.as_str().len(), SLUG_LENGTH_CHARS);
            assert_eq!(Slug::parse(slug.as_str()), Ok(slug));
        }
    }
}
