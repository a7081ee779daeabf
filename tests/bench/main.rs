//! `cargo bench`: how fast the optimised executable is over real HTTP, and what it costs.
//!
//! Prints plain lines and judges none of them, but for one: every redirect must be found again as a click. In the
//! normal tests it runs with tiny counts, so that it stays alive. `LINKJAR_BENCH_LINKS` is the size of the large data
//! file.

// A measurement that cannot go on ends with what went wrong.
#![allow(clippy::unwrap_used)]

// Starts and stops the program. Not all of it is needed here.
#[allow(dead_code)]
#[path = "../it/appliance.rs"]
mod appliance;
// Logs in and reads pages. Not all of it is needed here.
#[allow(dead_code)]
#[path = "../it/browser.rs"]
mod browser;

// How long pages of the link list take.
mod list;
// Connections that ask and wait, at full speed.
mod load;
// What the operating system knows of a process.
mod process;
// Redirects per second, and every one of them counted.
mod redirect;
// The same HTTP library with nothing behind it, to compare with.
mod reference;
// From the start of the program to its first answer.
mod start;

use std::io::Write;
use std::time::Duration;

use appliance::Start;
use browser::Browser;

/// How much is measured.
pub struct Scale {
    /// Links in the list whose pages are measured.
    pub list_links: usize,
    /// Links in the file that the program is started with.
    pub file_links: usize,
    /// Requests for each kind of page.
    pub pages: usize,
    /// Connections, one measurement each.
    pub connections: &'static [usize],
    /// How long each of these lasts.
    pub lasts: Duration,
    /// Starts of which the median is told.
    pub starts: usize,
}

impl Scale {
    fn full() -> Scale {
        let asked = std::env::var("LINKJAR_BENCH_LINKS").ok();
        let file_links = asked.map_or(100_000, |text| text.parse().expect("LINKJAR_BENCH_LINKS is a number"));
        let connections = &[1, 16, 64, 256];
        Scale { list_links: 10_000, file_links, pages: 300, connections, lasts: Duration::from_secs(4), starts: 7 }
    }

    fn tiny() -> Scale {
        let lasts = Duration::from_millis(20);
        Scale { list_links: 30, file_links: 60, pages: 3, connections: &[1, 4], lasts, starts: 1 }
    }
}

fn main() {
    if reference::is_asked_for() {
        reference::serve();
    }
    // Cargo says `--bench` to a bench only when it is there to measure.
    let arguments: Vec<String> = std::env::args().collect();
    let is_full = arguments.iter().any(|arg| arg == "--bench") && !arguments.iter().any(|arg| arg == "--test");
    let scale = if is_full { Scale::full() } else { Scale::tiny() };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    say(&format!("processors                     {processors}, shared by the program and whoever asks"));
    say(&format!("executable                     {} bytes", process::size(env!("CARGO_BIN_EXE_linkjar"))));
    start::measure_empty(&scale);
    let appliance = Start::with_admin().run();
    Browser::of(&appliance).open("/health");
    let idle = process::resident_kb(appliance.pid());
    let mut browser = Browser::admin(&appliance);
    let links = list::measure(&appliance, &mut browser, &scale);
    let listed = process::resident_kb(appliance.pid());
    redirect::measure(&appliance, &mut browser, &scale);
    say(&format!("resident, after the start      {idle} kB"));
    say(&format!("resident, after the lists      {listed} kB"));
    say(&format!("resident, after the redirects  {} kB", process::resident_kb(appliance.pid())));
    list::fill(&appliance, &mut browser, links..scale.file_links);
    start::measure_full(appliance, &scale);
}

/// One line of the result.
pub fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output is there");
}

/// The value below which this share of the sorted values lies.
pub fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// A time in milliseconds.
pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
