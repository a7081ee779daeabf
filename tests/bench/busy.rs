//! Redirects, pages and memory while clicks come as fast as one client can make them, on a file with very many.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::answer;
use crate::endpoint::{Endpoint, PATIENCE, Stream};
use crate::history::History;
use crate::load::Connection;
use crate::scale::Scale;
use crate::server::{Server, Setting};
use crate::stock::Stock;
use crate::watch::{self, Most};
use crate::{ms, process, quantile, redirect, say, writer};

/// Requests that are sent in one piece on a connection; the program takes up to 1,000 on each.
const AT_ONCE: usize = 100;
const PER_CONNECTION: usize = 1_000;
/// Connections that a client has open at a time.
const CONNECTIONS: usize = 8;

pub fn measure(scale: &Scale, stock: &Stock) {
    let history = stock.history(scale);
    for cache_mib in [None, Some(16)] {
        let setting = Setting { cache_mib, ..Setting::default() };
        let server = history.site.start(setting).unwrap();
        let cache = cache_mib.map_or_else(|| "the usual cache".to_owned(), |mib| format!("a cache of {mib} MiB"));
        say(&format!("under load, {cache}"));
        say(&format!("  resident before               {} kB", process::resident_kb(server.pid())));
        observe(&server, history, scale);
    }
}

fn observe(server: &Server, history: &History, scale: &Scale) {
    let (over, answers) = (AtomicBool::new(false), AtomicU64::new(0));
    let thread = writer::Thread::writer(server.pid());
    let work = || thread.as_ref().map(writer::Thread::work).unwrap_or_default();
    let (before, begun) = (work(), Instant::now());
    let request = redirect::request(server.address(), 1);
    let (visits, pages, most) = thread::scope(|scope| {
        scope.spawn(|| pump(&server.endpoint, history.links.len(), &over, &answers));
        let watching = scope.spawn(|| watch::watch(server.pid(), &over));
        let visits = scope.spawn(|| ask_again(server, &request, 302, scale.busy));
        let page = history.site.page(server.address(), &format!("/links/{}", history.links[0]));
        let pages = ask_again(server, &page, 200, scale.busy);
        let visits = visits.join().unwrap();
        over.store(true, Relaxed);
        (visits, pages, watching.join().unwrap())
    });
    let (work, elapsed) = (work() - before, begun.elapsed().as_secs_f64());
    let clicks = answers.into_inner() + visits.len() as u64;
    say(&format!(
        "  clicks                        {:.0} /s, of which the writing thread took {:.1} % of a core, {:.0} B each",
        clicks as f64 / elapsed,
        100.0 * work.time.as_secs_f64() / elapsed,
        work.bytes as f64 / clicks as f64
    ));
    tell("redirects meanwhile", &visits);
    tell("the busiest link's page", &pages);
    let Most { resident_kb, .. } = most;
    say(&format!("  resident at most              {resident_kb} kB"));
}

fn tell(what: &str, times: &[Duration]) {
    let (middle, high) = (ms(quantile(times, 50)), ms(quantile(times, 99)));
    say(&format!("  {what:<28}  median {middle}, p99 {high}, of {}", times.len()));
}

/// Asks the same again and again for a while. Returns the times, sorted.
fn ask_again(server: &Server, request: &[u8], expected: u16, lasts: Duration) -> Vec<Duration> {
    let mut connection = Connection::open(&Endpoint::plain(server.address()));
    let (begun, mut times) = (Instant::now(), Vec::new());
    while times.is_empty() || begun.elapsed() < lasts {
        let started = Instant::now();
        assert_eq!(connection.ask(request).status, expected);
        times.push(started.elapsed());
        // Somebody who has an answer looks at it for a moment.
        thread::sleep(Duration::from_micros(200));
    }
    times.sort_unstable();
    times
}

/// Follows links as fast as possible: many requests in one piece, their answers read in pieces, too.
pub fn pump(endpoint: &Endpoint, links: usize, over: &AtomicBool, answers: &AtomicU64) {
    let pieces: Vec<Vec<u8>> = (0..64)
        .map(|piece| {
            (0..AT_ONCE).flat_map(|n| redirect::request(endpoint.address, (piece * AT_ONCE + n) % links)).collect()
        })
        .collect();
    let mut streams: Vec<(Stream, usize)> = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    for round in 0.. {
        if over.load(Relaxed) {
            return;
        }
        streams.retain(|(_, sent)| *sent < PER_CONNECTION);
        while streams.len() < CONNECTIONS {
            streams.push((endpoint.connect(PATIENCE).unwrap(), 0));
        }
        for (number, (stream, sent)) in streams.iter_mut().enumerate() {
            stream.write_all(&pieces[(round * CONNECTIONS + number) % pieces.len()]).unwrap();
            *sent += AT_ONCE;
        }
        for (stream, _) in &mut streams {
            read_many(stream, &mut buffer, AT_ONCE);
        }
        answers.fetch_add((AT_ONCE * CONNECTIONS) as u64, Relaxed);
    }
}

/// Reads so many answers and nothing else.
fn read_many(stream: &mut impl Read, buffer: &mut [u8], count: usize) {
    let (mut begin, mut filled, mut read) = (0, 0, 0);
    while read < count {
        match answer::length(&buffer[begin..filled]).unwrap().filter(|length| begin + length <= filled) {
            Some(length) => {
                assert_eq!(&buffer[begin + 9..begin + 12], b"302");
                begin += length;
                read += 1;
            }
            None => {
                buffer.copy_within(begin..filled, 0);
                (begin, filled) = (0, filled - begin);
                let got = stream.read(&mut buffer[filled..]).unwrap();
                assert!(got > 0, "the connection ended before its answers");
                filled += got;
            }
        }
    }
    assert_eq!(begin, filled);
}
