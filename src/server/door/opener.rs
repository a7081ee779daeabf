//! Opens lanes anew on a thread of its own: the pool may take its time, the loop must not.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use log::{info, warn};
use mio::Waker;

use crate::limits::LANE_PAUSE;
use crate::server::pool::{Pool, Seat};

/// The thread that opens lanes, as the loop sees it. It ends when this is dropped.
pub(super) struct Opener {
    wanted: Sender<usize>,
    opened: Receiver<(usize, UnixStream)>,
}

impl Opener {
    /// `seats` are those of the lanes that are open; `waker` is called whenever another is.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn start(pool: Arc<Pool>, mut seats: Vec<Option<Seat>>, waker: Arc<Waker>) -> std::io::Result<Opener> {
        let (wanted, requests) = channel::<usize>();
        let (sender, opened) = channel();
        thread::Builder::new().name("lanes".to_owned()).spawn(move || {
            for index in requests {
                let Some(seat) = seats.get_mut(index) else { continue };
                // Its worker goes with it.
                *seat = None;
                let Some((stream, taken)) = open(&pool) else { return };
                *seat = Some(taken);
                if sender.send((index, stream)).is_err() || waker.wake().is_err() {
                    return;
                }
                info!(target: "door", lane = index; "a lane to the pool was opened again");
            }
        })?;
        Ok(Opener { wanted, opened })
    }

    /// Has a lane opened; it is among [`Opener::opened`] some time later.
    pub(super) fn open(&self, index: usize) {
        // The thread has ended only when the program does.
        let _ = self.wanted.send(index);
    }

    pub(super) fn opened(&self) -> impl Iterator<Item = (usize, UnixStream)> {
        self.opened.try_iter()
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
