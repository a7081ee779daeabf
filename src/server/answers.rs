//! Answers on their way from the pool's workers to the door: handed over in memory, whatever their size.
//!
//! Over the lane that brought the request each would cost copies into the kernel and out of it, and the large ones many
//! wake-ups. There are never more of them here than workers, for no more requests are with the pool at a time.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::web::response::Response;

/// What workers have answered and the door has not taken.
#[derive(Default)]
pub(super) struct Answers {
    ready: Mutex<Vec<Answered>>,
    bell: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// An answer, and the number of the request it is for.
pub(super) struct Answered {
    pub(super) number: u64,
    pub(super) response: Response,
}

impl Answers {
    /// Has `bell` called for what comes. Before this nobody asks for anything.
    pub(super) fn on_arrival(&self, bell: impl Fn() + Send + Sync + 'static) {
        // There is one door.
        let _ = self.bell.set(Box::new(bell));
    }

    pub(super) fn give(&self, answered: Answered) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.push(answered);
        let is_first = ready.len() == 1;
        drop(ready);
        // Whoever is first rings; the door takes all there are.
        if is_first && let Some(bell) = self.bell.get() {
            bell();
        }
    }

    pub(super) fn take(&self) -> Vec<Answered> {
        std::mem::take(&mut self.ready.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
