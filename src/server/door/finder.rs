//! Looks links up for the loop on a thread of its own: one that nobody has followed lately stands in the data file, and
//! the loop must not wait for a disk.
//!
//! A way over the pool would do as well, at several times the cost: here one wake-up and one reading transaction serve
//! everybody who asks in the same moment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use log::error;
use mio::Waker;

use crate::app::App;
use crate::limits::{FINDS_MAX, FINDS_PER_READ};
use crate::server::door::Ticket;
use crate::server::door::client::Request;
use crate::server::identity::Identity;
use crate::store::Redirect;

/// The thread as the loop sees it. It ends when this is dropped.
pub(super) struct Finder {
    wanted: Sender<Wanted>,
    found: Receiver<Found>,
    /// Requests that are with the thread.
    out: usize,
}

/// A request whose link is looked for.
pub(super) struct Wanted {
    pub(super) ticket: Ticket,
    pub(super) request: Box<Request>,
    pub(super) from: Identity,
    /// What the store knows the link by.
    pub(super) path: String,
}

/// What came of it. Nothing is found where there is no such link, and where the store failed: the pool has the words
/// for both.
pub(super) struct Found {
    pub(super) wanted: Wanted,
    pub(super) redirect: Option<Arc<Redirect>>,
}

impl Finder {
    /// `waker` is called whenever something was looked up.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn start(app: Arc<App>, waker: Arc<Waker>) -> std::io::Result<Finder> {
        let (wanted, requests) = channel::<Wanted>();
        let (sender, found) = channel();
        thread::Builder::new().name("links".to_owned()).spawn(move || {
            while let Ok(first) = requests.recv() {
                let batch: Vec<Wanted> =
                    std::iter::once(first).chain(requests.try_iter()).take(FINDS_PER_READ).collect();
                let redirects = look_up(&app, &batch);
                for (wanted, redirect) in batch.into_iter().zip(redirects) {
                    if sender.send(Found { wanted, redirect }).is_err() {
                        return;
                    }
                }
                if waker.wake().is_err() {
                    return;
                }
            }
        })?;
        Ok(Finder { wanted, found, out: 0 })
    }

    /// Has a link looked up; it is among [`Finder::found`] some time later.
    ///
    /// # Errors
    /// The request, when so many wait that the pool is the quicker way: on a disk that is slow its workers read side by
    /// side.
    pub(super) fn find(&mut self, wanted: Wanted) -> Result<(), Wanted> {
        if self.out >= FINDS_MAX {
            return Err(wanted);
        }
        self.wanted.send(wanted).map_err(|back| back.0)?;
        self.out += 1;
        Ok(())
    }

    pub(super) fn found(&mut self) -> Vec<Found> {
        let found: Vec<Found> = self.found.try_iter().collect();
        self.out -= found.len();
        found
    }
}

fn look_up(app: &App, batch: &[Wanted]) -> Vec<Option<Arc<Redirect>>> {
    let paths = || batch.iter().map(|wanted| wanted.path.as_str());
    catch_unwind(AssertUnwindSafe(|| app.store.redirects(paths()))).unwrap_or_else(|_| {
        error!(target: "core", "looking links up ended in a panic");
        vec![None; batch.len()]
    })
}
