//! Killed while visitors follow links: in strict mode every visitor who was answered is counted, in relaxed mode all but
//! those of the last moment; nobody is counted twice.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::appliance::{Appliance, Start};
use crate::browser::Browser;
use crate::chance;
use crate::restart::{Delays, clicks_shown, follow, try_send, try_send_as, wait_until};

/// Clients that follow links all the time, as many on each.
const LINKS: usize = 8;
const CLIENTS_PER_LINK: usize = 8;
/// What a crash may take of the latest clicks in relaxed mode.
const WINDOW: Duration = Duration::from_millis(200);
/// A commit on a busy disk, and a client that is slow to note its answer.
const SLACK: Duration = Duration::from_secs(2);

/// A link, how often it was asked for, and when it was answered.
struct Followed {
    slug: String,
    id: String,
    sent: AtomicUsize,
    answered: Mutex<Vec<Instant>>,
}

impl Followed {
    fn new(admin: &mut Browser, slug: String) -> Followed {
        let id = admin.make_link("https://example.com/", &slug);
        Followed { slug, id, sent: AtomicUsize::new(0), answered: Mutex::default() }
    }

    /// Follows it until the server is gone.
    fn follow(&self, address: std::net::SocketAddr) {
        let head = format!("GET /root-user/{} HTTP/1.1\r\n", self.slug);
        loop {
            self.sent.fetch_add(1, Ordering::SeqCst);
            match try_send(address, &head, "") {
                Some(page) if page.status == 302 => self.answered.lock().unwrap().push(Instant::now()),
                _ => return,
            }
        }
    }

    /// Answers until some time.
    fn answered_until(&self, time: Instant) -> usize {
        self.answered.lock().unwrap().iter().filter(|answer| **answer <= time).count()
    }
}

/// Follows new links for a while, kills the server, and starts it again. Returns the links and when the kill came.
fn kill_among_visitors(appliance: Appliance, admin: &mut Browser, seed: u64) -> (Appliance, Vec<Followed>, Instant) {
    let followed: Vec<Followed> = (0..LINKS).map(|n| Followed::new(admin, format!("r{seed}-{n}"))).collect();
    let (appliance, killed) = thread::scope(|scope| {
        for link in followed.iter().flat_map(|link| [link; CLIENTS_PER_LINK]) {
            scope.spawn(|| link.follow(admin.address));
        }
        wait_until("some clicks", || followed.iter().all(|link| !link.answered.lock().unwrap().is_empty()));
        // Once within the window, once long after it.
        thread::sleep(Duration::from_millis(seed.wrapping_mul(0x9e37_79b9) % 3_000));
        let killed = Instant::now();
        (appliance.restart_after_kill(), killed)
    });
    follow(&appliance, admin);
    (appliance, followed, killed)
}

/// Kills a server again and again. Each link must have at least as many clicks as `least` says, and never more than were
/// sent, then and after all other kills.
fn kill_again_and_again(start: Start, line: &str, least: impl Fn(&Followed, Instant) -> usize) {
    let mut appliance = Some(start.run());
    let mut admin = Browser::admin(appliance.as_ref().unwrap());
    let mut counted = Vec::new();
    chance::rounds(2, |seed| {
        let (again, followed, killed) = kill_among_visitors(appliance.take().unwrap(), &mut admin, seed);
        assert!(again.log().contains(line), "{}", again.log());
        for link in &followed {
            let shown = clicks_shown(&mut admin, &link.id);
            let (least, sent) = (least(link, killed), link.sent.load(Ordering::SeqCst));
            let answered = link.answered.lock().unwrap().len();
            assert!(
                (least..=sent).contains(&shown),
                "{shown} shown; {answered} answered of {sent}, {least} of them safe"
            );
            assert!(sent - answered <= CLIENTS_PER_LINK, "whoever got no answer has left");
            counted.push((link.id.clone(), shown));
        }
        appliance = Some(again);
    });
    let again = appliance.unwrap().restart();
    follow(&again, &mut admin);
    for (id, shown) in counted {
        assert_eq!(clicks_shown(&mut admin, &id), shown, "counted once and for all");
    }
}

#[test]
fn a_kill_takes_no_click_of_a_visitor_who_was_answered_when_clicks_are_strict() {
    let start = Start::with_admin().env("SERVER_CLICK_DURABILITY", "strict");
    kill_again_and_again(start, "last shutdown was not clean", |link, _| link.answered.lock().unwrap().len());
}

#[test]
fn a_kill_takes_no_click_that_is_older_than_the_window_and_the_next_start_says_so() {
    let start = Start::with_admin().env("SERVER_CLICK_WINDOW", &WINDOW.as_millis().to_string());
    let line = "last shutdown was not clean; up to 0.2 s of clicks may be missing";
    kill_again_and_again(start, line, |link, killed| {
        killed.checked_sub(WINDOW + SLACK).map_or(0, |safe| link.answered_until(safe))
    });
}

/// Clients that number their clicks, and how many each makes at most: together fewer than the new texts that the
/// dictionary takes in an hour.
const NUMBERING: usize = 8;
const NUMBERED_MAX: usize = 240;

/// Follows a link with the number of each click in the agent's name. Returns when each was answered.
fn follow_numbered(address: std::net::SocketAddr, path: &str, client: usize) -> Vec<Option<Instant>> {
    let mut sent = Vec::new();
    while sent.len() < NUMBERED_MAX {
        let agent = format!("Mozilla/5.0 client-{client} {}", sent.len());
        let answer = try_send_as(&agent, address, &format!("GET {path} HTTP/1.1\r\n"), "");
        let is_answered = answer.is_some_and(|page| page.status == 302);
        sent.push(is_answered.then(Instant::now));
        if !is_answered {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    sent
}

/// The numbers of the clicks of each client that are kept, in their order.
fn numbers_kept(admin: &mut Browser, id: &str) -> Vec<Vec<usize>> {
    let mut kept = vec![Vec::new(); NUMBERING];
    for line in admin.download(&format!("/links/{id}/clicks.jsonl")).body.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let agent = row["user_agent"].as_str().unwrap();
        let (client, number) = agent.strip_prefix("Mozilla/5.0 client-").unwrap().split_once(' ').unwrap();
        kept[client.parse::<usize>().unwrap()].push(number.parse().unwrap());
    }
    kept
}

#[test]
fn of_clicks_with_numbers_a_kill_takes_the_last_ones_alone_and_none_is_there_twice() {
    let mut appliance = Some(Start::with_admin().env("SERVER_CLICK_WINDOW", &WINDOW.as_millis().to_string()).run());
    let mut admin = Browser::admin(appliance.as_ref().unwrap());
    let mut all_kept = Vec::new();
    chance::rounds(2, |seed| {
        let current = appliance.take().unwrap();
        let (address, path) = (current.address, format!("/root-user/n{seed}"));
        let id = admin.make_link("https://example.com/", &format!("n{seed}"));
        let (again, sent, killed) = thread::scope(|scope| {
            let path = &path;
            let clients: Vec<_> =
                (0..NUMBERING).map(|client| scope.spawn(move || follow_numbered(address, path, client))).collect();
            // Long enough for the first ones to be safe.
            thread::sleep(WINDOW + SLACK);
            Delays::new(seed).pause(800);
            let killed = Instant::now();
            let again = current.restart_after_kill();
            (again, clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>(), killed)
        });
        follow(&again, &mut admin);
        let kept = numbers_kept(&mut admin, &id);
        let safe_until = killed.checked_sub(WINDOW + SLACK).unwrap();
        for (sent, kept) in sent.iter().zip(&kept) {
            assert_eq!(
                *kept,
                (0..kept.len()).collect::<Vec<_>>(),
                "each once, in their order, and none before is missing"
            );
            let safe = sent.iter().flatten().filter(|answered| **answered <= safe_until).count();
            assert!((safe..=sent.len()).contains(&kept.len()), "{} kept of {}, {safe} safe", kept.len(), sent.len());
        }
        assert!(sent.iter().flatten().flatten().any(|answered| *answered <= safe_until), "else nothing is tried here");
        all_kept.push((id, kept));
        appliance = Some(again);
    });
    let again = appliance.unwrap().restart();
    follow(&again, &mut admin);
    for (id, kept) in all_kept {
        assert_eq!(numbers_kept(&mut admin, &id), kept, "once and for all");
    }
}
