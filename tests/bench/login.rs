//! Logins: how many, what many at once take of memory and of others' time, and whether an answer's time tells which names
//! there are.
//!
//! Each try comes from an address of its own, as a proxy tells it; else it would soon have to wait.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::appliance::{ADMIN, PASSWORD};
use crate::browser::{Browser, Page};
use crate::scale::Scale;
use crate::server::{Server, Setting};
use crate::site::Site;
use crate::stock::Stock;
use crate::visitors::Visitors;
use crate::{ms, process, quantile, redirect, say, watch};

const LOGIN: &str = "/accounts/login";
/// People who log in one after the other at the same time: more are turned away.
const PEOPLE: usize = 4;

/// A login form that is open, and who fills it in.
struct Form {
    browser: Browser,
    page: Page,
    addresses: AtomicU32,
}

impl Form {
    fn open(server: &Server) -> Form {
        let mut browser = Browser::at(server.address());
        let page = browser.open(LOGIN);
        Form { browser, page, addresses: AtomicU32::new(Ipv4Addr::new(198, 18, 0, 0).to_bits()) }
    }

    /// The answer's status, and how long it took.
    fn send(&self, name: &str, password: &str) -> (u16, Duration) {
        let mut browser = self.browser.clone();
        let address = Ipv4Addr::from_bits(self.addresses.fetch_add(1, Relaxed));
        browser.header("X-Forwarded-For", &address.to_string());
        let begun = Instant::now();
        let answer = browser.submit_on(&self.page, LOGIN, &[("username", name), ("password", password)]);
        (answer.status, begun.elapsed())
    }
}

pub fn measure(scale: &Scale, _: &Stock) {
    let site = Site::with_links(1);
    let server = site.start(Setting { is_behind_proxy: true, ..Setting::default() }).unwrap();
    let form = Form::open(&server);
    throughput(&form, scale);
    names(&form, scale);
    flood(&server, &form, scale);
}

fn throughput(form: &Form, scale: &Scale) {
    let begun = Instant::now();
    let log_in = || {
        let mut count = 0;
        while count == 0 || begun.elapsed() < scale.lasts {
            count += u64::from(form.send(ADMIN, PASSWORD).0 == 303);
        }
        count
    };
    let count: u64 = thread::scope(|scope| {
        let people: Vec<_> = (0..PEOPLE).map(|_| scope.spawn(log_in)).collect();
        people.into_iter().map(|person| person.join().unwrap()).sum()
    });
    say(&format!("logins, {PEOPLE} people              {:>8.1}/s", count as f64 / begun.elapsed().as_secs_f64()));
}

/// Wrong passwords for a name that there is, and for others, in turn.
fn names(form: &Form, scale: &Scale) {
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..scale.login_tries {
        for (name, times) in [ADMIN, &format!("nobody-{number}")].into_iter().zip(&mut times) {
            let (status, time) = form.send(name, "a wrong one");
            assert_eq!(status, 422, "{name}");
            times.push(time);
        }
    }
    times.iter_mut().for_each(|times| times.sort_unstable());
    let [known, unknown] = times.map(|times| quantile(&times, 50));
    let apart = 100.0 * (known.as_secs_f64() / unknown.as_secs_f64() - 1.0);
    say(&format!("wrong login, median            known {}, unknown {}, {apart:+.1} %", ms(known), ms(unknown)));
}

/// Very many at the same time, while others follow links.
fn flood(server: &Server, form: &Form, scale: &Scale) {
    let idle_kb = process::resident_kb(server.pid());
    let over = AtomicBool::new(false);
    let (compared, turned_away) = (AtomicU32::new(0), AtomicU32::new(0));
    let requests = [redirect::request(server.address(), 0)];
    let (outcome, most) = thread::scope(|scope| {
        for number in 0..scale.logins_at_once {
            let (over, compared, turned_away) = (&over, &compared, &turned_away);
            scope.spawn(move || {
                for round in 0.. {
                    if over.load(Relaxed) {
                        return;
                    }
                    match form.send(&format!("flood-{number}-{round}"), "a wrong one").0 {
                        422 => compared.fetch_add(1, Relaxed),
                        503 => turned_away.fetch_add(1, Relaxed),
                        other => panic!("{other}"),
                    };
                }
            });
        }
        let watcher = scope.spawn(|| watch::watch(server.pid(), &over));
        let visitors = Visitors { endpoint: &server.endpoint, requests: &requests, patience: scale.patience };
        let outcome = visitors.come(scale.visiting);
        over.store(true, Relaxed);
        (outcome, watcher.join().unwrap())
    });
    let p99 = if outcome.times.is_empty() { "-".to_owned() } else { ms(quantile(&outcome.times, 99)) };
    say(&format!(
        "{:>3} logins at once            idle {idle_kb} kB, peak {} kB; {} compared, {} turned away; redirects p99 {p99}, {} % answered",
        scale.logins_at_once,
        most.resident_kb,
        compared.load(Relaxed),
        turned_away.load(Relaxed),
        outcome.new.percent(),
    ));
}
