//! What the store's writing thread has done so far, in this process or in another.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// The thread's name in the program.
const NAME: &str = "writer";
/// A thread is called so a moment after it has begun.
const PATIENCE: Duration = Duration::from_secs(5);

/// Processor time, and bytes written to the file.
#[derive(Clone, Copy, Default)]
pub struct Work {
    pub time: Duration,
    pub bytes: u64,
}

impl std::ops::Sub for Work {
    type Output = Work;

    fn sub(self, before: Work) -> Work {
        Work { time: self.time.saturating_sub(before.time), bytes: self.bytes.saturating_sub(before.bytes) }
    }
}

/// A thread, as the system knows it.
#[derive(Clone)]
pub struct Thread(PathBuf);

impl Thread {
    /// The newest of that name in a process.
    pub fn writer(pid: u32) -> Option<Thread> {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?.filter_map(|task| Some(task.ok()?.path()));
        let is_writer = |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == NAME);
        let number = |task: &PathBuf| task.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        tasks.filter(is_writer).max_by_key(number).map(Thread)
    }

    /// The one that asks.
    pub fn own() -> Thread {
        Thread(PathBuf::from("/proc/thread-self"))
    }

    /// So far: fields of proc(5), `schedstat` and `io`.
    pub fn work(&self) -> Work {
        let time = fs::read_to_string(self.0.join("schedstat")).unwrap_or_default();
        let time =
            time.split(' ').next().and_then(|text| text.parse().ok()).map_or(Duration::ZERO, Duration::from_nanos);
        let io = fs::read_to_string(self.0.join("io")).unwrap_or_default();
        let bytes = io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok());
        Work { time, bytes: bytes.unwrap_or(0) }
    }
}

/// The writing thread of this process, which has one store open.
pub fn here() -> Thread {
    let begun = Instant::now();
    loop {
        match Thread::writer(std::process::id()) {
            Some(thread) => return thread,
            None => assert!(begun.elapsed() < PATIENCE, "a store is open, and proc(5) is there"),
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Bytes that a file takes on disk.
pub fn allocated(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map_or(0, |about| about.blocks() * 512)
}
