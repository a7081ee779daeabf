//! From the start of the program to its first good answer of `/health`.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::appliance::{Appliance, Start};
use crate::browser::Browser;
use crate::{Scale, ms, process, quantile, say};

/// Starts in empty folders.
pub fn measure_empty(scale: &Scale) {
    let times = (0..scale.starts).map(|_| time(Start::empty()).1).collect();
    tell("start, empty folder", times);
}

/// Starts with the data of a program that has done its work.
pub fn measure_full(appliance: Appliance, scale: &Scale) {
    let mut folder = stop(appliance);
    let mut times = Vec::new();
    for _ in 0..scale.starts {
        let (appliance, time) = time(Start::empty().folder(folder));
        times.push(time);
        folder = stop(appliance);
    }
    let file = folder.path().join("data").join("linkjar.redb");
    say(&format!("data file of {:>8} links     {} bytes", scale.file_links, process::size(&file.to_string_lossy())));
    tell(&format!("start, {} links", scale.file_links), times);
}

fn time(start: Start) -> (Appliance, Duration) {
    let started = Instant::now();
    let appliance = start.run();
    Browser::of(&appliance).open("/health");
    (appliance, started.elapsed())
}

fn stop(appliance: Appliance) -> TempDir {
    let (status, folder) = appliance.stop();
    assert!(status.success(), "{status}");
    folder
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    say(&format!("{what:<31}{} (median of {})", ms(quantile(&times, 50)), times.len()));
}
