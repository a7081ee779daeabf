//! Makes the pieces of long answers on a thread of its own: they may read the data file, the loop must not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use log::error;
use mio::Waker;

use crate::app::App;
use crate::server::door::Ticket;
use crate::server::streams::Stream;
use crate::web::stream::Piece;

/// The thread as the loop sees it. It ends when this is dropped.
pub(super) struct Feeder {
    hungry: Sender<(Ticket, Stream)>,
    fed: Receiver<Fed>,
}

/// A piece for a client, and the stream it came from.
pub(super) struct Fed {
    pub(super) ticket: Ticket,
    pub(super) stream: Stream,
    pub(super) piece: Piece,
}

impl Feeder {
    /// `waker` is called whenever there is a piece.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn start(app: Arc<App>, waker: Arc<Waker>) -> std::io::Result<Feeder> {
        let (hungry, streams) = channel::<(Ticket, Stream)>();
        let (sender, fed) = channel();
        thread::Builder::new().name("streams".to_owned()).spawn(move || {
            for (ticket, mut stream) in streams {
                let piece = catch_unwind(AssertUnwindSafe(|| stream.next(&app))).unwrap_or_else(|_| {
                    error!(target: "core", "a long answer was cut off by a panic");
                    Piece::Broken
                });
                if sender.send(Fed { ticket, stream, piece }).is_err() || waker.wake().is_err() {
                    return;
                }
            }
        })?;
        Ok(Feeder { hungry, fed })
    }

    /// Has the next piece made; it is among [`Feeder::fed`] some time later.
    pub(super) fn feed(&self, ticket: Ticket, stream: Stream) {
        // The thread has ended only when the program does.
        let _ = self.hungry.send((ticket, stream));
    }

    pub(super) fn fed(&self) -> impl Iterator<Item = Fed> {
        self.fed.try_iter()
    }
}
