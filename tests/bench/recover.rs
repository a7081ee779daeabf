//! From the start of the program to its first redirect, after it was killed while clicks came as fast as they could.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::load::Connection;
use crate::scale::Scale;
use crate::server::Setting;
use crate::stock::Stock;
use crate::{busy, ms, quantile, redirect, say};

pub fn measure(scale: &Scale, stock: &Stock) {
    let history = stock.history(scale);
    let (mut times, mut clicks) = (Vec::new(), 0);
    for _ in 0..scale.starts {
        let server = history.site.start(Setting::default()).unwrap();
        let (over, answers) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            let pumping = scope.spawn(|| busy::pump(&server.endpoint, history.links.len(), &over, &answers));
            // Up to the most that wait to be counted, in memory and on disk.
            thread::sleep(scale.busy);
            over.store(true, Relaxed);
            pumping.join().unwrap();
        });
        clicks += answers.into_inner();
        let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        drop(server);
        let started = Instant::now();
        let server = history.site.start(Setting::default()).unwrap();
        let answer = Connection::open(&server.endpoint).ask(&redirect::request(server.address(), 0));
        assert_eq!(answer.status, 302);
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let each = clicks / scale.starts as u64;
    say(&format!("start after a kill amid {each} clicks  {} (median of {})", ms(quantile(&times, 50)), times.len()));
}
