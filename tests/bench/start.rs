//! From the start of the program to its first good answer of `/health`.

use std::time::{Duration, Instant};

use crate::appliance::Start;
use crate::browser::Browser;
use crate::scale::Scale;
use crate::server::Setting;
use crate::stock::Stock;
use crate::{ms, process, quantile, say};

/// In empty folders, and on a data file with very many links.
pub fn measure(scale: &Scale, stock: &Stock) {
    let (times, resident): (Vec<Duration>, Vec<u64>) = (0..scale.starts).map(|_| time_empty()).unzip();
    tell("start, empty folder", times);
    say(&format!("  resident then                {} kB", resident[0]));
    let site = stock.site(scale);
    let time = |_| {
        let started = Instant::now();
        let server = site.start(Setting::default()).unwrap();
        Browser::at(server.address()).open("/health");
        started.elapsed()
    };
    tell(&format!("start, {} links", scale.file_links), (0..scale.starts).map(time).collect());
    say(&format!("  data file                    {} bytes", process::size(&site.data_file())));
}

/// The time, and the memory that is resident then, in kB.
fn time_empty() -> (Duration, u64) {
    let started = Instant::now();
    let appliance = Start::empty().run();
    Browser::of(&appliance).open("/health");
    (started.elapsed(), process::resident_kb(appliance.pid()))
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    say(&format!("{what:<31}{} (median of {})", ms(quantile(&times, 50)), times.len()));
}
