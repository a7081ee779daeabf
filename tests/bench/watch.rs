//! The most that a process comes to while somebody does something to it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::process;

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(20);

/// The largest figures seen.
#[derive(Clone, Copy, Default)]
pub struct Most {
    pub resident_kb: u64,
    pub threads: u64,
}

/// Looks at a process until it is over, at least once.
pub fn watch(pid: u32, over: &AtomicBool) -> Most {
    let mut most = Most::default();
    loop {
        most.resident_kb = most.resident_kb.max(process::resident_kb(pid));
        most.threads = most.threads.max(process::threads(pid));
        if over.load(Relaxed) {
            return most;
        }
        thread::sleep(EVERY);
    }
}
