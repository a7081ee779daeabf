//! Pages with numbers at ten million clicks, answered by the running server.

use std::time::{Duration, Instant};

use crate::endpoint::Endpoint;
use crate::load::Connection;
use crate::scale::Scale;
use crate::server::{Server, Setting};
use crate::stock::Stock;
use crate::{ms, process, quantile, say};

pub fn measure(scale: &Scale, stock: &Stock) {
    let history = stock.history(scale);
    let server = history.site.start(Setting::default()).unwrap();
    say(&format!("pages at {} clicks          median         p99", scale.history_clicks));
    let last = history.links.len() - 1;
    let page = |rank: usize, rest: &str| format!("/links/{}{rest}", history.links[rank]);
    for (name, path) in [
        ("busiest link, 30 days", page(0, "")),
        ("busiest link, 24 hours", page(0, "?range=24h")),
        ("busiest link, 12 months", page(0, "?range=12m")),
        ("busiest link, all", page(0, "?range=all")),
        ("middling link, 30 days", page(last / 2, "")),
        ("cold link, 30 days", page(last, "")),
        ("list with small charts", "/links".to_owned()),
        ("the same by clicks", "/links?sort=clicks".to_owned()),
    ] {
        let times = times(&server, &history.site.page(server.address(), &path), scale.pages);
        say(&format!("  {name:<28}{:>10}{:>12}", ms(quantile(&times, 50)), ms(quantile(&times, 99))));
    }
    say(&format!("  resident afterwards {} kB", process::resident_kb(server.pid())));
    drop(server);
    latest(scale, stock);
}

/// Times of the same page again and again on one connection, sorted.
fn times(server: &Server, request: &[u8], count: usize) -> Vec<Duration> {
    let mut connection = Connection::open(&Endpoint::plain(server.address()));
    let mut time = || {
        let started = Instant::now();
        assert_eq!(connection.ask(request).status, 200, "{}", String::from_utf8_lossy(request));
        started.elapsed()
    };
    time();
    let mut times: Vec<Duration> = (0..count).map(|_| time()).collect();
    times.sort_unstable();
    times
}

/// A part of such a page by itself, asked of the store in this process.
fn latest(scale: &Scale, stock: &Stock) {
    let history = stock.history(scale);
    let store = history.open();
    let time = |number: usize| {
        let link = history.links[number * 7 % history.links.len()];
        let started = Instant::now();
        store.latest_clicks(history.owner, link, true).unwrap();
        started.elapsed()
    };
    let mut times: Vec<Duration> = (0..scale.pages).map(time).collect();
    times.sort_unstable();
    say(&format!(
        "  {:<28}{:>10}{:>12}",
        "the latest ten by themselves",
        ms(quantile(&times, 50)),
        ms(quantile(&times, 99))
    ));
    store.close();
}
