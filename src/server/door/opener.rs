//! Opens the lane anew on a thread of its own: the pool may take its time, the loop must not.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use log::{info, warn};
use mio::Waker;

use crate::limits::LANE_PAUSE;
use crate::server::pool::{Pool, Seat};

/// The thread that opens the lane, as the loop sees it. It ends when this is dropped.
pub(super) struct Opener {
    wanted: Sender<()>,
    opened: Receiver<UnixStream>,
}

impl Opener {
    /// `seat` is that of the open lane; `waker` is called whenever there is another.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn start(pool: Arc<Pool>, seat: Seat, waker: Arc<Waker>) -> std::io::Result<Opener> {
        let (wanted, requests) = channel::<()>();
        let (sender, opened) = channel();
        thread::Builder::new().name("lane".to_owned()).spawn(move || {
            let mut seat = Some(seat);
            for () in requests {
                // Its workers go with it.
                drop(seat.take());
                let Some((stream, taken)) = open(&pool) else { return };
                seat = Some(taken);
                if sender.send(stream).is_err() || waker.wake().is_err() {
                    return;
                }
                info!(target: "door", "the lane to the pool was opened again");
            }
        })?;
        Ok(Opener { wanted, opened })
    }

    /// Has the lane opened; it is [`Opener::opened`] some time later.
    pub(super) fn open(&self) {
        // The thread has ended only when the program does.
        let _ = self.wanted.send(());
    }

    pub(super) fn opened(&self) -> Option<UnixStream> {
        self.opened.try_recv().ok()
    }
}

/// Tries until the pool takes a lane; `None` when the program ends meanwhile.
fn open(pool: &Pool) -> Option<(UnixStream, Seat)> {
    let mut has_warned = false;
    while !pool.is_stopping() {
        match pool.open_lane() {
            Ok(lane) => return Some(lane),
            Err(error) if has_warned => log::debug!(target: "door", "the pool does not take a lane: {error}"),
            Err(error) => {
                has_warned = true;
                warn!(target: "door", "the pool does not take a lane, which is tried again: {error}");
            }
        }
        thread::sleep(LANE_PAUSE);
    }
    None
}
