//! Redirects that wait until their click is on disk, asked for by very many at a time.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use crate::answer;
use crate::endpoint::{Endpoint, PATIENCE, Stream};
use crate::load::BUFFER_BYTES;
use crate::scale::Scale;
use crate::server::Setting;
use crate::site::Site;
use crate::stock::Stock;
use crate::tally::Tally;
use crate::{ms, process, quantile, redirect, say, writer};

/// Links that are followed in turn.
const LINKS: usize = 16;

pub fn measure(scale: &Scale, _: &Stock) {
    let site = Site::with_links(LINKS);
    let setting = Setting { is_strict: true, ..Setting::default() };
    let server = site.start(setting).unwrap();
    let mut tally = Tally::begin(&site, server.address());
    say("strict redirects, waiting            /s      median         p99   bytes each   us each");
    for waiting in [1, 64, scale.strict_waiting] {
        let thread = writer::Thread::writer(server.pid());
        let written = || thread.as_ref().map_or(0, |thread| thread.work().bytes);
        let before = (written(), process::processor_time(server.pid()));
        let begun = Instant::now();
        let times = ask(&server.endpoint, waiting, scale.lasts);
        let elapsed = begun.elapsed();
        let spent = process::processor_time(server.pid()) - before.1;
        tally.add(&server, times.len() as u64);
        say(&format!(
            "  {waiting:<26}{:>10.0}{:>12}{:>12}{:>13.0}{:>10.1}",
            times.len() as f64 / elapsed.as_secs_f64(),
            ms(quantile(&times, 50)),
            ms(quantile(&times, 99)),
            (written() - before.0) as f64 / times.len() as f64,
            spent.as_secs_f64() * 1e6 / times.len() as f64
        ));
    }
    tally.end(server.address());
}

/// So many ask, wait and ask again, on two threads. Returns how long each waited, sorted.
fn ask(endpoint: &Endpoint, waiting: usize, lasts: Duration) -> Vec<Duration> {
    let begun = Instant::now();
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = [waiting / 2, waiting - waiting / 2]
            .into_iter()
            .map(|count| scope.spawn(move || ask_alone(endpoint, count, begun, lasts)))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    times.sort_unstable();
    times
}

fn ask_alone(endpoint: &Endpoint, count: usize, begun: Instant, lasts: Duration) -> Vec<Duration> {
    let mut streams: Vec<Stream> = (0..count).map(|_| endpoint.connect(PATIENCE).unwrap()).collect();
    let (mut times, mut buffer) = (Vec::new(), vec![0; BUFFER_BYTES]);
    while !streams.is_empty() && (times.is_empty() || begun.elapsed() < lasts) {
        let mut sent = Vec::with_capacity(count);
        for (number, stream) in streams.iter_mut().enumerate() {
            stream.write_all(&redirect::request(endpoint.address, number % LINKS)).unwrap();
            sent.push(Instant::now());
        }
        for (stream, sent) in streams.iter_mut().zip(sent) {
            let answer = answer::read(stream, &mut buffer).unwrap();
            assert_eq!(answer.status, 302);
            times.push(sent.elapsed());
            if answer.is_last {
                *stream = endpoint.connect(PATIENCE).unwrap();
            }
        }
    }
    times
}
