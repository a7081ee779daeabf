//! `cargo bench`: how fast the optimised executable is over real HTTP, what it costs, and what it bears.
//!
//! Prints plain lines and judges none of them, but for two counts: every request must be answered, and every redirect
//! must be found again as a click. Beside the program stand the HTTP library with nothing behind it and, where it is
//! installed, nginx. Cost is the processor time of the server for each answer; on a machine that does other things
//! too it is the figure to trust.
//!
//! `cargo bench --bench speed -- hot tls` measures only these parts:
//!
//! - `start`: from the start of the program to its first answer.
//! - `list`: pages of a long list of links.
//! - `hot`: redirects of a few links over connections that stay open.
//! - `flat`: the same of one link and of very many.
//! - `new`: redirects over a new connection for each.
//! - `cold`: redirects of links that nobody has followed yet.
//! - `page`: pages that go through the pool.
//! - `tls`: redirects over TLS, full and resumed handshakes.
//! - `idle`: memory for connections that do nothing.
//! - `ingest`: what a click costs, beside a row for each; steady at 100,000 a second.
//! - `strict`: redirects that wait for the disk.
//! - `dashboard`: pages with numbers at ten million clicks.
//! - `busy`: redirects, pages and memory while clicks come as fast as one client can make them.
//! - `login`: logins, many of them at once, and what their times tell.
//! - `backup`: copies of such a file, and how long nobody can write because of them.
//! - `restart`: the start after a kill amid clicks.
//! - `pressure`: how ordinary visitors fare while somebody attacks.
//!
//! In the normal tests it runs with tiny counts, so that it stays alive. `LINKJAR_BENCH_LINKS` is the size of the large
//! data file, `LINKJAR_BENCH_CLICKS` the number of clicks in the one with very many.

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

// The store as the program has it, and what that knows of: some figures are those of single calls, and a month of clicks
// cannot be made over HTTP in a minute. Little of it is needed here.
#[allow(dead_code, unused_imports)]
#[path = "../../src"]
mod domain {
    pub(crate) mod calendar;
    pub(crate) mod click;
    pub(crate) mod clock;
    pub(crate) mod limits;
    pub(crate) mod link;
    pub(crate) mod password;
    pub(crate) mod random;
    pub(crate) mod session;
    pub(crate) mod slug;
    pub(crate) mod target;
    pub(crate) mod user;
    pub(crate) mod visitor;
}
use domain::{calendar, click, clock, limits, link, password, random, session, slug, target, user, visitor};
#[allow(dead_code, unused_imports)]
#[path = "../../src/store/mod.rs"]
mod store;

// How much is measured.
mod scale;
// What the operating system knows of a process, and what it lets it have.
mod descriptors;
mod process;
mod watch;
mod writer;

// Servers: the program on a folder with links, and those it is compared with.
mod certificate;
mod history;
mod nginx;
mod reference;
mod server;
mod site;
mod stock;

// Clients: who asks how, for what.
mod answer;
mod endpoint;
mod load;
mod redirect;
mod visitors;
mod visits;

// Clicks without anybody who asks, and another layout for them.
mod clicks;
mod rows;

// People who mean no good.
mod attack;
mod siege;

// Tables, and the count of clicks.
mod compare;
mod tally;

// The parts.
mod backup;
mod busy;
mod cold;
mod dashboard;
mod hot;
mod idle;
mod ingest;
mod list;
mod login;
mod newcomers;
mod page;
mod pressure;
mod recover;
mod start;
mod strict;
mod tls;

use std::io::Write;
use std::time::Duration;

use scale::Scale;
use stock::Stock;

/// What can be measured by itself.
type Part = (&'static str, fn(&Scale, &Stock));

const PARTS: [Part; 17] = [
    ("start", start::measure),
    ("list", list::measure),
    ("hot", hot::measure),
    ("flat", hot::measure_flatness),
    ("new", newcomers::measure),
    ("cold", cold::measure),
    ("page", page::measure),
    ("tls", tls::measure),
    ("idle", idle::measure),
    ("pressure", pressure::measure),
    ("ingest", ingest::measure),
    ("strict", strict::measure),
    ("dashboard", dashboard::measure),
    ("busy", busy::measure),
    ("login", login::measure),
    ("backup", backup::measure),
    ("restart", recover::measure),
];

fn main() {
    if reference::is_asked_for() {
        reference::serve();
    }
    // Cargo says `--bench` to a bench only when it is there to measure.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_full = arguments.iter().any(|arg| arg == "--bench") && !arguments.iter().any(|arg| arg == "--test");
    let scale = if is_full { Scale::full() } else { Scale::tiny() };
    let asked: Vec<&str> = arguments.iter().map(String::as_str).filter(|arg| !arg.starts_with('-')).collect();
    for name in asked.iter().filter(|name| PARTS.iter().all(|(part, _)| part != *name)) {
        say(&format!("no part is called {name}; there are {}", PARTS.map(|(part, _)| part).join(", ")));
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    say(&format!("processors                     {processors}, shared by the servers and whoever asks"));
    say(&format!("executable                     {} bytes", process::size(env!("CARGO_BIN_EXE_linkjar"))));
    say(&nginx::version());
    descriptors::raise();
    let stock = Stock::default();
    for (name, measure) in PARTS {
        if asked.is_empty() || asked.contains(&name) {
            measure(&scale, &stock);
        }
    }
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
