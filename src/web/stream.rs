//! Long answers: made piece by piece, each when its reader has taken the one before.
//!
//! A page is made whole and a worker is free again. What is too long for that, or never ends, goes out as a
//! [`Source`]: the server keeps it and asks for pieces, so that a slow reader holds neither a worker nor the whole
//! answer in memory.

use std::time::Duration;

use crate::app::App;
use crate::session::SessionHash;

/// The rest of an answer whose head has been sent.
pub(crate) trait Source: Send + std::fmt::Debug {
    /// The next piece. May read the data file, in a transaction that ends before this returns; must not wait for
    /// anything else, since other readers' pieces wait meanwhile.
    fn next(&mut self, app: &App) -> Piece;
}

/// What a source has to say now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Some tens of kilobytes as a rule, so that many readers fit into memory.
    Bytes(Vec<u8>),
    /// Nothing yet: ask again after this long.
    Later(Duration),
    End,
    /// It cannot be finished; the reader must not take what came for the whole.
    Broken,
}

/// A file for somebody signed in. Its reader gets the rest only for as long as their session lasts.
#[derive(Debug)]
pub(crate) struct WhileSignedIn {
    session: SessionHash,
    rest: Box<dyn Source>,
}

impl WhileSignedIn {
    pub(crate) fn boxed(session: SessionHash, rest: impl Source + 'static) -> Box<dyn Source> {
        Box::new(WhileSignedIn { session, rest: Box::new(rest) })
    }
}

impl Source for WhileSignedIn {
    fn next(&mut self, app: &App) -> Piece {
        match app.store.session(self.session, app.now()) {
            Ok(Some(_)) => self.rest.next(app),
            Ok(None) | Err(_) => Piece::Broken,
        }
    }
}
