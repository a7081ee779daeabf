//! How much is measured: everything, or so little that it fits among the tests.

use std::time::Duration;

/// Counts and times of all parts.
pub struct Scale {
    /// Links in the list whose pages are measured.
    pub list_links: usize,
    /// Links in the file that the program is started with.
    pub file_links: usize,
    /// Of these, links that are followed for the first time in one round.
    pub cold_links: usize,
    /// Requests for each kind of page.
    pub pages: usize,
    /// Starts of which the median is told.
    pub starts: usize,
    /// Connections that stay open, one measurement each.
    pub connections: &'static [usize],
    /// Connections where there is only one measurement.
    pub many: usize,
    /// New connections on their way at the same time.
    pub at_once: usize,
    /// How long each measurement of speed lasts.
    pub lasts: Duration,
    /// Measurements of which the median is told.
    pub rounds: usize,
    /// Connections that do nothing.
    pub idle: usize,
    /// The same over TLS, and where each costs a thread.
    pub idle_costly: usize,
    /// A server has seen all there is to see after this long.
    pub calm: Duration,
    /// How long ordinary visitors come while there is pressure.
    pub visiting: Duration,
    /// A visitor who waits longer for an answer leaves.
    pub patience: Duration,
    /// Links and clicks in the file with very many of these.
    pub history_links: usize,
    pub history_clicks: u64,
    /// Clicks whose cost is measured.
    pub ingest_clicks: u64,
    /// Hundredths of a second at a steady pace of clicks.
    pub steady_hundredths: u64,
    /// Redirects that wait for the disk at a time.
    pub strict_waiting: usize,
    /// Wrong logins of which the median is told.
    pub login_tries: usize,
    /// Logins at the same time.
    pub logins_at_once: usize,
    /// How long clicks come as fast as they can.
    pub busy: Duration,
    /// The crowd that makes the pressure is divided by this.
    pub crowd_divisor: usize,
}

impl Scale {
    /// `LINKJAR_BENCH_LINKS` is the size of the large data file, `LINKJAR_BENCH_CLICKS` the number of clicks in the one
    /// with very many.
    pub fn full() -> Scale {
        let asked = |name: &str, usual: u64| {
            let text = std::env::var(name).ok();
            text.map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
        };
        let file_links = asked("LINKJAR_BENCH_LINKS", 100_000) as usize;
        let history_clicks = asked("LINKJAR_BENCH_CLICKS", 10_000_000);
        Scale {
            list_links: 10_000,
            file_links,
            cold_links: 20_000,
            pages: 300,
            starts: 7,
            connections: &[1, 16, 64, 256],
            many: 64,
            at_once: 16,
            lasts: Duration::from_millis(1_500),
            rounds: 3,
            idle: 10_000,
            idle_costly: 2_000,
            calm: Duration::from_millis(300),
            visiting: Duration::from_secs(5),
            patience: Duration::from_secs(3),
            history_links: 10_000,
            history_clicks,
            ingest_clicks: history_clicks / 10,
            steady_hundredths: 1_000,
            strict_waiting: 1_024,
            login_tries: 50,
            logins_at_once: 200,
            busy: Duration::from_secs(10),
            crowd_divisor: 1,
        }
    }

    pub fn tiny() -> Scale {
        Scale {
            list_links: 30,
            file_links: 60,
            cold_links: 20,
            pages: 3,
            starts: 1,
            connections: &[1, 4],
            many: 4,
            at_once: 2,
            lasts: Duration::from_millis(10),
            rounds: 1,
            idle: 20,
            idle_costly: 5,
            calm: Duration::from_millis(10),
            visiting: Duration::from_millis(20),
            patience: Duration::from_millis(100),
            history_links: 20,
            history_clicks: 3_000,
            ingest_clicks: 2_000,
            steady_hundredths: 2,
            strict_waiting: 8,
            login_tries: 2,
            logins_at_once: 4,
            busy: Duration::from_millis(50),
            crowd_divisor: 1_000,
        }
    }
}
