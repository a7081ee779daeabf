//! The header fields of a request: those that mean something to us, in one buffer.
//!
//! A visitor's browser sends a dozen fields, and a redirect is answered in a few microseconds; a text of its own for
//! each name and value would cost a good part of that.

use std::ops::Range;

/// The fields that are read; all others end at the door.
pub(crate) const NAMES: [&str; 16] = [
    "host",
    "cookie",
    "user-agent",
    "accept",
    "accept-encoding",
    "content-type",
    "content-encoding",
    "if-none-match",
    "referer",
    "origin",
    "sec-fetch-site",
    "sec-purpose",
    "purpose",
    "x-moz",
    "dnt",
    "sec-gpc",
];

/// Fields in the order in which they came.
///
/// # Invariants
/// Every name is one of [`NAMES`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    fields: Vec<(&'static str, Range<usize>)>,
    values: String,
}

/// The name in [`NAMES`] that this one equals but for case.
pub(crate) fn known(name: &str) -> Option<&'static str> {
    NAMES.iter().copied().find(|known| known.eq_ignore_ascii_case(name))
}

impl Headers {
    /// Room for as many fields, and as many bytes of values, as are to come.
    pub(crate) fn with_capacity(fields: usize, values_bytes: usize) -> Headers {
        Headers { fields: Vec::with_capacity(fields), values: String::with_capacity(values_bytes) }
    }

    /// Adds a field. One that means nothing to us is left out.
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        if let Some(name) = known(name) {
            let start = self.values.len();
            self.values.push_str(value);
            self.fields.push((name, start..self.values.len()));
        }
    }

    /// All fields: name in lower case, value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.fields.iter().map(|(name, range)| (*name, self.values.get(range.clone()).unwrap_or_default()))
    }

    /// All values of one field.
    pub(crate) fn all<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The value of a field; `None` when it is absent or stands more than once.
    pub(crate) fn one(&self, name: &'static str) -> Option<&str> {
        let mut values = self.all(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(fields: I) -> Headers {
        let mut headers = Headers::default();
        fields.into_iter().for_each(|(name, value)| headers.push(name, value));
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_whatever_their_case_and_others_left_out() {
        let headers: Headers =
            [("Host", "a.example"), ("COOKIE", "a=1"), ("X-Forwarded-For", "1.2.3.4"), ("cookie", "b=2"), ("dnt", "")]
                .into_iter()
                .collect();
        let all: Vec<_> = headers.iter().collect();
        assert_eq!(all, [("host", "a.example"), ("cookie", "a=1"), ("cookie", "b=2"), ("dnt", "")]);
        assert_eq!(
            (headers.one("host"), headers.one("cookie"), headers.one("dnt")),
            (Some("a.example"), None, Some(""))
        );
        assert_eq!(headers.all("cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(headers.one("accept"), None);
    }
}
