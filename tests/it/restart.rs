//! Killed and stopped while at work: what was acknowledged is there afterwards, and nothing is there by half.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::browser::{Browser, FIREFOX, Page, encode};
use crate::chance;

/// Small delays, the same for the same seed.
pub struct Delays(u64);

impl Delays {
    pub fn new(seed: u64) -> Delays {
        Delays(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// xorshift64.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    pub fn pause(&mut self, ms_max: u64) {
        thread::sleep(Duration::from_millis(self.below(ms_max)));
    }
}

/// Polls until something is true.
#[track_caller]
pub fn wait_until(what: &str, is_true: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_true() {
        assert!(Instant::now() < end, "{what} did not happen");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Sends a request; nothing unless its answer came whole.
pub fn try_send(address: SocketAddr, head: &str, body: &str) -> Option<Page> {
    try_send_as(FIREFOX, address, head, body)
}

/// The same as some other agent.
pub fn try_send_as(agent: &str, address: SocketAddr, head: &str, body: &str) -> Option<Page> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let request = format!("{head}Host: {address}\r\nUser-Agent: {agent}\r\nConnection: close\r\n{length}\r\n{body}");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    if !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        return None;
    }
    let page = Page::parse(&answer);
    let length: usize = page.header("content-length")?.parse().ok()?;
    (page.bytes.len() == length).then_some(page)
}

pub fn post_head(path: &str, cookies: &BTreeMap<String, String>) -> String {
    let cookies: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookies = cookies.join("; ");
    format!("POST {path} HTTP/1.1\r\nCookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n")
}

pub fn follow(appliance: &Appliance, browser: &mut Browser) {
    browser.address = appliance.address;
    browser.header("Host", &appliance.address.to_string());
}

/// What a short address may answer: each target that the last acknowledged and the last attempted change allow, and
/// nothing for "not found".
type Model = BTreeMap<String, Vec<Option<String>>>;

/// Makes, changes and deletes links of its own until the server is gone.
fn write_links(admin: &Browser, token: &str, prefix: &str, acknowledged: &AtomicUsize) -> Model {
    let mut model = Model::new();
    for number in 0.. {
        let slug = format!("{prefix}-{number}");
        let mut id = String::new();
        for step in 0..4 {
            let wanted = format!("https://example.com/{slug}/{step}/{}", "x".repeat(step * 500));
            let (path, after) = match step {
                0 => ("/links/new".to_owned(), Some(wanted.clone())),
                3 if number % 2 == 0 => (format!("/links/{id}/delete"), None),
                _ => (format!("/links/{id}/edit"), Some(wanted.clone())),
            };
            let possible = model.entry(slug.clone()).or_insert_with(|| vec![None]);
            possible.push(after.clone());
            let body = format!("csrf_token={token}&target_url={}&slug={slug}&enabled=1", encode(&wanted));
            match try_send(admin.address, &post_head(&path, &admin.cookies), &body) {
                Some(page) if page.status == 303 => {
                    *possible = vec![after];
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    if step == 0 {
                        id = page.header("location").unwrap().strip_prefix("/links?new=").unwrap().to_owned();
                    }
                }
                // Not done, or done and never answered: both are allowed.
                _ => return model,
            }
        }
    }
    model
}

/// Every link of the list with the id of its page, over all pages.
fn listed(admin: &mut Browser) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut next = Some("/links?sort=oldest".to_owned());
    while let Some(path) = next {
        let page = admin.open(&path);
        for row in page.body.split("<a class=\"address\" href=\"/links/").skip(1) {
            let (id, rest) = row.split_once("\">").unwrap();
            let address = &rest[..rest.find('<').unwrap()];
            all.insert(address.rsplit('/').next().unwrap().to_owned(), id.to_owned());
        }
        let tag = page.body.split("<a").find(|tag| tag.contains("rel=\"next\""));
        next = tag.map(|tag| crate::browser::attribute(tag, "href").unwrap());
    }
    all
}

/// Compares what is there with what may be, and learns which of two it is.
fn check(admin: &mut Browser, model: &mut Model) {
    let listed = listed(admin);
    for (slug, possible) in model.iter_mut() {
        let answer = admin.get(&format!("/{ADMIN}/{slug}"));
        let found = answer.header("location").map(str::to_owned);
        assert!(matches!((answer.status, &found), (302, Some(_)) | (404 | 410, None)), "{slug}: {}", answer.status);
        assert!(possible.contains(&found), "{slug}: {found:?} is none of {possible:?}");
        assert_eq!(listed.contains_key(slug), found.is_some(), "{slug}: the list and the redirect differ");
        if let Some(target) = &found {
            admin.open(&format!("/links/{}", listed[slug])).says(target);
        }
        *possible = vec![found];
    }
    let there = model.values().filter(|possible| possible[0].is_some()).count();
    assert_eq!(listed.len(), there);
    admin.open("/links").says(&format!("{there} link"));
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill_and_nothing_is_there_by_half() {
    let mut started = Some(Start::with_busy_admin().run());
    let mut admin = Browser::admin(started.as_ref().unwrap());
    let mut model = Model::new();
    chance::rounds(4, |round| {
        let token = admin.open("/links/new").token();
        let acknowledged = AtomicUsize::new(0);
        let appliance = thread::scope(|scope| {
            let (admin, token, acknowledged) = (&admin, token.as_str(), &acknowledged);
            let writers: Vec<_> = (0..8)
                .map(|writer| {
                    let prefix = format!("r{round}w{writer}");
                    scope.spawn(move || write_links(admin, token, &prefix, acknowledged))
                })
                .collect();
            wait_until("a first write", || acknowledged.load(Ordering::SeqCst) > 0);
            Delays::new(round).pause(500);
            let appliance = started.take().unwrap().restart_after_kill();
            for writer in writers {
                model.extend(writer.join().unwrap());
            }
            appliance
        });
        follow(&appliance, &mut admin);
        let log = appliance.log();
        assert!(log.contains("last shutdown was not clean"), "{log}");
        check(&mut admin, &mut model);
        started = Some(appliance);
    });
    // A clean stop after all this keeps everything, too.
    let appliance = started.unwrap().restart();
    follow(&appliance, &mut admin);
    assert!(!appliance.log().contains("not clean"), "{}", appliance.log());
    check(&mut admin, &mut model);
}

fn register_body(token: &str, name: &str) -> String {
    let (email, password) = (encode(&format!("{name}@mail.example")), encode(PASSWORD));
    format!("csrf_token={token}&username={name}&email={email}&password1={password}&password2={password}")
}

#[test]
fn accounts_that_were_acknowledged_can_log_in_after_a_kill() {
    let mut started = Some(Start::with_admin().run());
    chance::rounds(3, |round| {
        let appliance = started.take().unwrap();
        let acknowledged = AtomicUsize::new(0);
        let mut browser = Browser::of(&appliance);
        let token = browser.open("/accounts/register").token();
        let (after, names) = thread::scope(|scope| {
            let (browser, token, acknowledged) = (&browser, token.as_str(), &acknowledged);
            let writers: Vec<_> = (0..2)
                .map(|writer| {
                    scope.spawn(move || {
                        let mut names = Vec::new();
                        loop {
                            let name = format!("u{round}-{writer}-{}", names.len());
                            let head = post_head("/accounts/register", &browser.cookies);
                            let page = try_send(browser.address, &head, &register_body(token, &name));
                            let done = page.is_some_and(|page| page.status == 303);
                            names.push((name, done));
                            if !done {
                                return names;
                            }
                            acknowledged.fetch_add(1, Ordering::SeqCst);
                        }
                    })
                })
                .collect();
            wait_until("a first account", || acknowledged.load(Ordering::SeqCst) > 0);
            Delays::new(round).pause(150);
            let after = appliance.restart_after_kill();
            (after, writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect::<Vec<_>>())
        });
        for (name, done) in names {
            let mut browser = Browser::of(&after);
            let fields = [("username", name.as_str()), ("password", PASSWORD)];
            let page = browser.submit("/accounts/login", "/accounts/login", &fields);
            assert!(page.status == 303 || !done, "{name} was acknowledged");
            if page.status != 303 {
                // Then name and address are both free: no half of it is there.
                Browser::user(&after, &name);
            }
        }
        started = Some(after);
    });
}

pub fn clicks_shown(admin: &mut Browser, id: &str) -> usize {
    usize::try_from(admin.open(&format!("/links/{id}")).clicks().0).unwrap()
}

/// What a page has shown is on disk.
#[test]
fn clicks_that_a_page_has_shown_survive_a_kill_and_none_is_counted_twice() {
    let mut started = Some(Start::with_admin().run());
    let mut admin = Browser::admin(started.as_ref().unwrap());
    let id = admin.make_link("https://example.com/", "promo");
    let mut visitor = Browser::of(started.as_ref().unwrap());
    let (mut shown, mut sent) = (0, 0);
    chance::rounds(5, |round| {
        let mut delays = Delays::new(round);
        for _ in 0..delays.below(60) {
            assert_eq!(visitor.get("/root-user/promo").status, 302);
            sent += 1;
        }
        let before = clicks_shown(&mut admin, &id);
        assert_eq!(before, shown + sent);
        // These nobody has seen yet; of them any number may be lost.
        let mut unseen = 0;
        for _ in 0..delays.below(60) {
            assert_eq!(visitor.get("/root-user/promo").status, 302);
            unseen += 1;
        }
        let appliance = started.take().unwrap().restart_after_kill();
        follow(&appliance, &mut admin);
        follow(&appliance, &mut visitor);
        shown = clicks_shown(&mut admin, &id);
        sent = 0;
        assert!((before..=before + unseen).contains(&shown), "{before} shown, {unseen} sent since, now {shown}");
        started = Some(appliance);
    });
}

/// Waits for the end and starts again on the same folder. The server must have ended well.
fn ended_well(mut appliance: Appliance) -> Appliance {
    let status = appliance.wait();
    assert_eq!(status.code(), Some(0), "{status}: {}", appliance.log());
    assert!(appliance.log().contains("stopped"), "{}", appliance.log());
    let folder = std::mem::replace(&mut appliance.folder, TempDir::new().unwrap());
    let again = Start::with_admin().folder(folder).run();
    assert!(!again.log().contains("not clean"), "{}", again.log());
    again
}

/// Every visitor who was answered is counted, and nobody else.
#[test]
fn a_stop_under_load_loses_no_click() {
    chance::rounds(3, |round| {
        let signal = if round.is_multiple_of(2) { Signal::INT } else { Signal::TERM };
        let appliance = Start::with_admin().run();
        let mut admin = Browser::admin(&appliance);
        let id = admin.make_link("https://example.com/", "promo");
        let (answered, others) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let address = appliance.address;
        let appliance = thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    while let Some(page) = try_send(address, "GET /root-user/promo HTTP/1.1\r\n", "") {
                        let count = if page.status == 302 { &answered } else { &others };
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            wait_until("some clicks", || answered.load(Ordering::SeqCst) > 200);
            Delays::new(round).pause(300);
            let told = Instant::now();
            appliance.signal(signal);
            let appliance = ended_well(appliance);
            assert!(
                told.elapsed() < Duration::from_secs(15),
                "{signal:?}: ended and begun again: {:?}",
                told.elapsed()
            );
            appliance
        });
        follow(&appliance, &mut admin);
        assert_eq!(clicks_shown(&mut admin, &id), answered.load(Ordering::SeqCst), "{signal:?}");
        assert_eq!(others.load(Ordering::SeqCst), 0, "{signal:?}: visitors with another answer than their redirect");
    });
}

/// Sends a form but for its last bytes, which come later.
struct SlowForm {
    stream: TcpStream,
    rest: String,
}

impl SlowForm {
    fn begin(admin: &Browser, token: &str, slug: &str) -> SlowForm {
        // Long enough to be read while it is handled.
        let note = "x".repeat(4000);
        let body = format!("csrf_token={token}&target_url=example.com&slug={slug}&enabled=1&note={note}");
        let (first, rest) = body.split_at(3000);
        let mut stream = TcpStream::connect(admin.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = post_head("/links/new", &admin.cookies);
        let address = admin.address;
        let length = body.len();
        write!(stream, "{head}Host: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{first}")
            .unwrap();
        SlowForm { stream, rest: rest.to_owned() }
    }

    fn end(mut self) -> Page {
        self.stream.write_all(self.rest.as_bytes()).unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).unwrap();
        Page::parse(&answer)
    }
}

#[test]
fn requests_in_flight_are_answered_before_the_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let appliance = Start::with_admin().run();
        let mut admin = Browser::admin(&appliance);
        let token = admin.open("/links/new").token();
        let slow: Vec<SlowForm> = (0..3).map(|n| SlowForm::begin(&admin, &token, &format!("slow-{n}"))).collect();
        for _ in 0..10 {
            admin.open("/links");
        }
        appliance.signal(signal);
        wait_until("the stop", || appliance.log().contains("stopping"));
        for form in slow {
            let page = form.end();
            assert_eq!(page.status, 303, "{signal:?}: {}", appliance.log());
        }
        wait_until("the end", || appliance.log().contains("stopped, 3 requests finished\n"));
        let appliance = ended_well(appliance);
        follow(&appliance, &mut admin);
        for number in 0..3 {
            assert_eq!(admin.get(&format!("/root-user/slow-{number}")).status, 302, "{signal:?}");
        }
    }
}

/// Whoever only keeps a connection open holds nothing up.
#[test]
fn idle_connections_do_not_delay_the_end() {
    let appliance = Start::with_admin().run();
    let idle: Vec<TcpStream> = (0..4)
        .map(|number| {
            let mut stream = TcpStream::connect(appliance.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            if number < 3 {
                write!(stream, "GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", appliance.address).unwrap();
                let mut first = [0; 12];
                stream.read_exact(&mut first).unwrap();
                assert_eq!(&first, b"HTTP/1.1 200");
            }
            stream
        })
        .collect();
    appliance.signal(Signal::TERM);
    let started = Instant::now();
    let again = ended_well(appliance);
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    drop((idle, again));
}

#[test]
fn a_second_signal_ends_it_at_once_and_the_file_is_sound() {
    let mut appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    let token = admin.open("/links/new").token();
    let slow = SlowForm::begin(&admin, &token, "never");
    for _ in 0..10 {
        admin.open("/links");
    }
    appliance.signal(Signal::TERM);
    wait_until("the stop", || appliance.log().contains("stopping"));
    let started = Instant::now();
    appliance.signal(Signal::TERM);
    appliance.wait();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    drop(slow);
    let folder = std::mem::replace(&mut appliance.folder, TempDir::new().unwrap());
    let again = Start::with_admin().folder(folder).run();
    follow(&again, &mut admin);
    assert_eq!(admin.get("/root-user/promo").header("location"), Some("https://example.com/"));
    assert_eq!(admin.get("/root-user/never").status, 404);
}

#[test]
fn a_hang_up_is_noted_and_ends_nothing() {
    let appliance = Start::with_admin().run();
    appliance.signal(Signal::HUP);
    wait_until("the note", || appliance.log().contains("SIGHUP"));
    assert_eq!(Browser::of(&appliance).get("/health").status, 200);
    let (status, _folder) = appliance.stop();
    assert!(status.success());
}

#[test]
fn a_start_after_a_kill_says_what_strict_clicks_have_lost_and_what_is_counted_now() {
    let appliance = Start::with_admin().env("SERVER_CLICK_DURABILITY", "strict").run();
    Browser::admin(&appliance).make_link("https://example.com/", "promo");
    let mut visitor = Browser::of(&appliance);
    (0..3).for_each(|_| assert_eq!(visitor.get("/root-user/promo").status, 302));
    let appliance = appliance.restart_after_kill();
    let words = "last shutdown was not clean; no click of a visitor who was sent on is missing. \
                 The data file is as of its last commit";
    let log = appliance.log();
    assert!(log.contains(words) && log.contains(" in_log=3"), "{log}");
}

/// As a supervisor does it: on the same port, with the same file.
#[test]
fn whoever_is_started_at_once_after_an_end_gets_the_port_and_the_file() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut appliance = Start::with_admin().env("SERVER_PORT", &port.to_string()).run();
    for round in 0..20 {
        let mut browser = Browser::of(&appliance);
        assert_eq!(browser.get("/health/").status, 200);
        // One whose connection lingers in the port.
        let _open = TcpStream::connect(appliance.address).unwrap();
        let ended = Instant::now();
        appliance = if round % 2 == 0 { appliance.restart() } else { appliance.restart_after_kill() };
        assert!(ended.elapsed() < Duration::from_secs(10), "{:?}", ended.elapsed());
    }
}

#[test]
fn only_a_start_after_a_kill_says_that_the_end_was_not_clean() {
    let words = "last shutdown was not clean; up to 1 s of clicks may be missing";
    let appliance = Start::with_admin().run();
    assert!(!appliance.log().contains(words), "the first start");
    let appliance = appliance.restart();
    assert!(!appliance.log().contains(words), "after a clean stop");
    Browser::admin(&appliance).make_link("https://example.com/", "promo");
    let appliance = appliance.restart_after_kill();
    assert_eq!(appliance.log().matches(words).count(), 1, "after a kill");
    let appliance = appliance.restart();
    assert!(!appliance.log().contains(words), "and no longer than that");
}

/// A supervisor that starts it again at once gets the port and the lock.
#[test]
fn it_starts_again_at_once_on_the_same_port() {
    // Below the ports that the system hands out to whoever asks for any.
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let port = (first..32_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
    let mut appliance = Start::with_admin().arg("--port").arg(&port.to_string()).run();
    for round in 0..6 {
        let visitor = Browser::of(&appliance);
        let kept = TcpStream::connect(visitor.address).unwrap();
        assert_eq!(visitor.clone().get("/health").status, 200);
        appliance = if round % 2 == 0 { appliance.restart() } else { appliance.restart_after_kill() };
        assert_eq!(appliance.address.port(), port);
        drop(kept);
    }
}

/// Sessions and form tokens are the file's, not the process's.
#[test]
fn a_restart_signs_nobody_out_and_ages_no_form() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let form = admin.open("/links/new");
    let appliance = appliance.restart();
    follow(&appliance, &mut admin);
    let page = admin.submit_on(&form, "/links/new", &[("target_url", "example.com"), ("slug", "kept")]);
    assert_eq!(page.status, 303);
    assert_eq!(admin.get("/root-user/kept").status, 302);
}
