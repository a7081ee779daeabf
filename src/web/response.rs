//! An answer: status, headers, body. Which security headers go with it follows from its [`Kind`].

use std::borrow::Cow;

use crate::ui::Markup;
use crate::web::stream::Source;

/// Room made for headers; few answers have more.
const HEADERS_USUAL: usize = 12;

/// What an answer is, for the header matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// HTML in the site's frame.
    Page,
    /// The redirect of a short link.
    ShortLink,
    /// A file of the pages.
    Asset,
    /// A file made for somebody signed in.
    Download,
    /// Anything small without a frame: health, `OPTIONS`, plain-text errors.
    Plain,
}

/// An answer. `Content-Length`, `Date` and `Server` are the server's to add.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) kind: Kind,
    pub(crate) headers: Vec<(&'static str, Cow<'static, str>)>,
    pub(crate) body: Cow<'static, [u8]>,
    /// What follows the head in the place of `body`, piece by piece.
    pub(crate) stream: Option<Box<dyn Source>>,
    /// Not to be sent before the click of this number is on disk.
    pub(crate) click: Option<u64>,
}

impl Response {
    pub(crate) fn new(status: u16, kind: Kind) -> Response {
        Response {
            status,
            kind,
            headers: Vec::with_capacity(HEADERS_USUAL),
            body: Cow::Borrowed(&[]),
            stream: None,
            click: None,
        }
    }

    /// A page.
    pub(crate) fn page(status: u16, markup: Markup) -> Response {
        Response::new(status, Kind::Page)
            .with("Content-Type", "text/html; charset=utf-8")
            .with_body(markup.into_string().into_bytes())
    }

    /// One line of text.
    pub(crate) fn plain(status: u16, text: &str) -> Response {
        Response::new(status, Kind::Plain)
            .with("Content-Type", "text/plain; charset=utf-8")
            .with_body(format!("{text}\n").into_bytes())
    }

    /// Sends the browser to another page of ours with GET. `path` is a path, never a whole address.
    pub(crate) fn see_other(path: impl Into<String>) -> Response {
        Response::new(303, Kind::Page).with("Location", path.into())
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Response {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn with_body(mut self, body: impl Into<Cow<'static, [u8]>>) -> Response {
        self.body = body.into();
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(found, _)| *found == name)
    }
}
