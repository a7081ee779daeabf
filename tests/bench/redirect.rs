//! Redirects per second over connections that stay open, the processor time of each, and the count of clicks in the
//! end.

use std::net::SocketAddr;

use crate::appliance::{ADMIN, Appliance};
use crate::browser::{Browser, FIREFOX};
use crate::reference::Reference;
use crate::{Scale, load, process, say};

/// Links that are followed in turn.
const LINKS: usize = 16;

/// What one measurement came to.
struct Measured {
    /// All answers, those of the warm-up too.
    answers: u64,
    per_second: f64,
    /// Processor time for each answer, in microseconds.
    cost_us: f64,
}

/// Measures the program beside the reference, and counts its clicks.
pub fn measure(appliance: &Appliance, browser: &mut Browser, scale: &Scale) {
    let slugs: Vec<String> = (0..LINKS).map(|number| format!("bench-{number}")).collect();
    let ids: Vec<String> = slugs.iter().map(|slug| browser.make_link("https://docs.example/some/page", slug)).collect();
    let requests: Vec<Vec<u8>> = slugs.iter().map(|slug| request(appliance.address, slug)).collect();
    let reference = Reference::start();
    say("redirects              linkjar            tiny_http alone         ratio");
    say("connections        /s   us each         /s   us each        /s    us");
    let mut sent = 0;
    for &connections in scale.connections {
        // Reading the page writes the clicks first, so they are part of the cost.
        let mut settle = || drop(browser.open(&format!("/links/{}", ids[0])));
        let own = one(appliance.address, appliance.pid(), connections, &requests, scale, &mut settle);
        let plain = one(reference.address, reference.pid(), connections, &requests, scale, &mut || ());
        sent += own.answers;
        say(&format!(
            "{connections:>11}{:>10.0}{:>10.1}{:>11.0}{:>10.1}{:>10.2}{:>6.2}",
            own.per_second,
            own.cost_us,
            plain.per_second,
            plain.cost_us,
            own.per_second / plain.per_second,
            own.cost_us / plain.cost_us,
        ));
    }
    let kept: u64 = ids.iter().map(|id| clicks(browser, id)).sum();
    say(&format!("redirects sent                 {sent}"));
    say(&format!("clicks on the detail pages     {kept}"));
    assert_eq!(kept, sent, "clicks were lost or made up: {}", appliance.log());
}

fn one(
    address: SocketAddr,
    pid: u32,
    connections: usize,
    requests: &[Vec<u8>],
    scale: &Scale,
    settle: &mut dyn FnMut(),
) -> Measured {
    let open = load::open(address, connections, &requests[0]);
    settle();
    let before = process::processor_time(pid);
    let run = load::repeat(open, requests, 302, scale.lasts);
    settle();
    let spent = process::processor_time(pid) - before;
    Measured {
        answers: run.answers + connections as u64,
        per_second: run.per_second(),
        cost_us: spent.as_secs_f64() * 1e6 / run.answers as f64,
    }
}

/// A request with the headers that browsers send; a bare one would be parsed faster than any in real life.
fn request(address: SocketAddr, slug: &str) -> Vec<u8> {
    format!(
        "GET /{ADMIN}/{slug} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {FIREFOX}\r\n\
         Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
         Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
         Referer: https://news.example/today\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\n\
         Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n\r\n"
    )
    .into_bytes()
}

/// The number in the first tile of a link's page.
fn clicks(browser: &mut Browser, id: &str) -> u64 {
    let page = browser.open(&format!("/links/{id}"));
    let (_, rest) = page.body.split_once("class=\"tile-number\">").expect("the page counts clicks");
    rest.chars().take_while(|c| *c != '<').filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
}
