//! A form's fields as they were sent.

use crate::limits::{FORM_FIELDS_MAX, FORM_VALUE_BYTES_MAX};
use crate::ui::confirm::PASSWORD_AGAIN;
use crate::web::error::Error;
use crate::web::percent;
use crate::web::request::Request;

/// Fields in the order of the body. No name stands twice: our forms have no field with several values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`Error::UnsupportedMediaType`] for any other encoding than a form's, and for compressed bodies.
    /// [`Error::Malformed`] when it is not form-encoded UTF-8, has too many or too long fields, or one twice.
    /// # Source
    /// URL Standard, section 5.1, without its leniency.
    pub(crate) fn read(request: &Request) -> Result<Form, Error> {
        let body = request.body.as_slice();
        let kind = request.header("content-type").unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        // A form without fields (a mere button) may come without a type.
        let is_nothing = body.is_empty() && kind.is_empty();
        if !(is_form || is_nothing) || request.has_header("content-encoding") {
            return Err(Error::UnsupportedMediaType);
        }
        let text = std::str::from_utf8(body).map_err(|_| Error::Malformed)?;
        let fields = percent::decode_pairs(text, FORM_FIELDS_MAX).ok_or(Error::Malformed)?;
        let too_long = fields.iter().any(|(_, value)| value.len() > FORM_VALUE_BYTES_MAX);
        let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).any(|pair| pair[0] == pair[1]);
        if too_long || twice {
            return Err(Error::Malformed);
        }
        Ok(Form(fields))
    }

    /// What a field holds; nothing when it was not sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// What the fields are called.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// True when a box was ticked.
    pub(crate) fn is_ticked(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// Takes a field out; `None` when it was not sent.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(at).1)
    }

    /// What a refused form may be sent again with: no secrets, and the new page has a new token.
    pub(crate) fn to_resend(&self) -> Vec<(String, String)> {
        self.0.iter().filter(|(name, _)| !is_secret(name) && name != "csrf_token").cloned().collect()
    }

    /// True when a field held what is never shown again, so that sending the rest again could not work. The password
    /// that was asked for in between is asked for again.
    pub(crate) fn has_secret(&self) -> bool {
        self.0.iter().any(|(name, _)| is_secret(name) && name != PASSWORD_AGAIN)
    }
}

fn is_secret(name: &str) -> bool {
    name.contains("password") || name == "code"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::request::Raw;

    fn read(kind: Option<&str>, body: &[u8]) -> Result<Form, Error> {
        let headers = [("Host", "localhost")].into_iter().chain(kind.map(|kind| ("Content-Type", kind))).collect();
        let raw = Raw {
            method: "POST".into(),
            target: "/".to_owned(),
            headers,
            body: body.to_vec(),
            peer: None,
            transport: crate::proxy::Transport::default(),
            host_is_optional: false,
        };
        Form::read(&Request::parse(raw).unwrap())
    }

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded; charset=UTF-8");

    #[test]
    fn forms_are_read_strictly() {
        let form = read(FORM, b"a=1&title=%C3%BC+x&empty=").unwrap();
        assert_eq!((form.get("a"), form.get("title"), form.get("empty"), form.get("none")), ("1", "ü x", "", ""));
        assert!(form.is_ticked("a") && !form.is_ticked("empty"));
        assert!(read(None, b"").is_ok());
        assert!(matches!(read(None, b"a=1"), Err(Error::UnsupportedMediaType)));
        assert!(matches!(read(Some("text/plain"), b"a=1"), Err(Error::UnsupportedMediaType)));
        assert!(matches!(read(Some("application/json"), b"{}"), Err(Error::UnsupportedMediaType)));
        for bad in [b"a=1&a=2".as_slice(), b"a=%ff", b"a=\xff", b"a=%", &[b'&', b'a'].repeat(101)] {
            assert!(matches!(read(FORM, bad), Err(Error::Malformed)), "{}", bad.escape_ascii());
        }
        let long = [b"a=".as_slice(), &vec![b'x'; FORM_VALUE_BYTES_MAX + 1]].concat();
        assert!(matches!(read(FORM, &long), Err(Error::Malformed)));
        assert!(read(FORM, &long[..long.len() - 1]).is_ok());
    }

    #[test]
    fn secrets_are_not_sent_again() {
        let form = read(FORM, b"csrf_token=t&title=x&password1=p&code=c").unwrap();
        assert_eq!(form.to_resend(), [("title".to_owned(), "x".to_owned())]);
        assert!(form.has_secret() && !read(FORM, b"csrf_token=t&title=x").unwrap().has_secret());
        let mut asked = read(FORM, b"title=x&password-again=p").unwrap();
        assert!(!asked.has_secret() && asked.to_resend().len() == 1);
        assert_eq!((asked.take("password-again"), asked.take("password-again")), (Some("p".to_owned()), None));
    }
}
