//! Percent-encoding, read strictly: what does not decode to text is refused, not repaired.

use percent_encoding::percent_decode;

/// Decodes `%XX` once.
///
/// # Errors
/// `None` when a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
/// # Source
/// URL Standard, section 1.3, without its leniency.
pub(crate) fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let escapes_are_whole = text
        .match_indices('%')
        .all(|(at, _)| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    if !escapes_are_whole {
        return None;
    }
    percent_decode(bytes).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Decodes a form's text: `+` is a space, then [`decode`].
///
/// # Errors
/// As [`decode`].
/// # Source
/// URL Standard, section 5.1.
pub(crate) fn decode_form(text: &str) -> Option<String> {
    decode(&text.replace('+', " "))
}

/// Reads `name=value&name=value`, keeping order and repetitions. At most `pairs_max` pairs.
///
/// # Errors
/// `None` past the bound, or when a name or value does not decode.
pub(crate) fn decode_pairs(text: &str, pairs_max: usize) -> Option<Vec<(String, String)>> {
    let pairs: Vec<&str> = text.split('&').filter(|pair| !pair.is_empty()).collect();
    if pairs.len() > pairs_max {
        return None;
    }
    let decoded = pairs.into_iter().map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decode_form(name)?, decode_form(value)?))
    });
    decoded.collect()
}

/// Writes `?name=value&…`; nothing for pairs without a value.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_once_and_strictly() {
        for (text, decoded) in [
            ("plain", Some("plain")),
            ("a%20b", Some("a b")),
            ("%C3%BC", Some("ü")),
            ("%2561", Some("%61")),
            ("a+b", Some("a+b")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%ff", None),
            ("%+1", None),
        ] {
            assert_eq!(decode(text).as_deref(), decoded, "{text}");
        }
        assert_eq!(decode_form("a+b%2B").as_deref(), Some("a b+"));
    }

    #[test]
    fn pairs_keep_order_and_repetitions_within_their_bound() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(decode_pairs("a=1&&b&a=%C3%BC", 3), Some(vec![pair("a", "1"), pair("b", ""), pair("a", "ü")]));
        assert_eq!(decode_pairs("a&b", 1), None);
        assert_eq!(decode_pairs("a=%ff", 9), None);
        assert_eq!(query(&[("q", "a b&c"), ("empty", ""), ("sort", "slug")]), "?q=a+b%26c&sort=slug");
        assert_eq!(query(&[]), "");
    }
}
