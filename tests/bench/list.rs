//! How long pages of the link list take when there are many links.

use std::time::{Duration, Instant};

use crate::appliance::{Appliance, Start};
use crate::browser::{Browser, encode};
use crate::endpoint::Endpoint;
use crate::load::{self, Connection, Run};
use crate::scale::Scale;
use crate::stock::Stock;
use crate::{ms, process, quantile, redirect, say};

/// Connections that make links: a few more than the program has threads, so that none of these waits for us.
const MAKERS: usize = 16;

/// Makes links and measures pages of the list.
pub fn measure(scale: &Scale, _: &Stock) {
    let appliance = Start::with_busy_admin().run();
    let mut browser = Browser::admin(&appliance);
    tell(&fill(&appliance, &mut browser, scale.list_links));
    say(&format!("list of {:>8} links          median         p99", scale.list_links));
    for (name, path) in [
        ("newest", "/links"),
        ("sorted by clicks", "/links?sort=clicks"),
        ("search, many found", "/links?q=page"),
        ("search, none found", "/links?q=nowhere"),
        ("home", "/"),
    ] {
        let times = times(&appliance, &browser, path, scale.pages);
        say(&format!("  {name:<28}{:>10}{:>12}", ms(quantile(&times, 50)), ms(quantile(&times, 99))));
    }
    say(&format!("  resident afterwards {} kB", process::resident_kb(appliance.pid())));
}

/// Times of the same page again and again on one connection, sorted.
fn times(appliance: &Appliance, browser: &Browser, path: &str, count: usize) -> Vec<Duration> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: session={}\r\nAccept: text/html\r\n\r\n",
        appliance.address, browser.cookies["session"]
    );
    let mut connection = Connection::open(&Endpoint::plain(appliance.address));
    let mut time = || {
        let started = Instant::now();
        assert_eq!(connection.ask(request.as_bytes()).status, 200, "{path}");
        started.elapsed()
    };
    time();
    let mut times: Vec<Duration> = (0..count).map(|_| time()).collect();
    times.sort_unstable();
    times
}

/// Makes links as a person would with the form, only faster.
pub fn fill(appliance: &Appliance, browser: &mut Browser, count: usize) -> Run {
    let page = browser.open("/links/new");
    let token = page.token();
    let session = &browser.cookies["session"];
    let request = |number: usize| {
        let target = encode(&format!("https://docs.example/some/long/page-{number}.html?from=bench"));
        let body = format!(
            "csrf_token={token}&target_url={target}&slug={}&title=Page+{number}&enabled=1",
            redirect::slug(number)
        );
        let head = format!("POST /links/new HTTP/1.1\r\nHost: {}\r\nCookie: session={session}\r\n", appliance.address);
        let kind = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ";
        format!("{head}{kind}{}\r\n\r\n{body}", body.len()).into_bytes()
    };
    let requests: Vec<Vec<u8>> = (0..count).map(request).collect();
    let warm_up = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", appliance.address);
    load::once(load::open(&Endpoint::plain(appliance.address), MAKERS, warm_up.as_bytes()), &requests, 303)
}

/// Says how fast links were made.
pub fn tell(run: &Run) {
    let (answers, elapsed, speed) = (run.answers, run.elapsed.as_secs_f64(), run.per_second());
    say(&format!("links made over {MAKERS} connections  {answers} in {elapsed:.1} s, {speed:.0} /s"));
}
