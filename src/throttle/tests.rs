//! Every limit on a clock of the test's own.

use std::cell::Cell;

use super::*;
use crate::limits::THROTTLED_KEYS_MAX;

/// A clock in seconds, and the limits on it.
struct Rows {
    throttle: Throttle,
    now: Duration,
}

type Try = fn(&Throttle, Duration) -> Result<Attempt<'_>, Wait>;

const A: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)));

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

impl Tables {
    fn len(&self) -> usize {
        self.0.values().map(HashMap::len).sum()
    }
}

impl Rows {
    fn new() -> Rows {
        Rows { throttle: Throttle::new(), now: Duration::from_secs(1_000) }
    }

    fn after(&mut self, s: u64) -> &mut Rows {
        self.now += Duration::from_secs(s);
        self
    }

    /// Tries that fail until one is refused; how many, and the wait.
    fn fail_until_refused(&self, attempt: impl Fn(&Throttle, Duration) -> Result<Attempt<'_>, Wait>) -> (u32, u64) {
        for tries in 0..1_000 {
            match attempt(&self.throttle, self.now) {
                Ok(attempt) => attempt.count(),
                Err(wait) => return (tries, wait.s),
            }
        }
        panic!("never refused");
    }
}

#[test]
fn buckets_give_so_many_at_once_and_then_one_in_their_time() {
    let rows: [(&str, Try, u32, u64); 6] = [
        // Another name each time, so that no pair is met.
        ("guesses", |t, now| t.log_in(now, A, &format!("n{}", t.lock().len()), None), 10, 30),
        ("guesses at home", |t, now| t.log_in(now, ip("192.168.0.1"), &format!("n{}", t.lock().len()), None), 50, 30),
        ("registrations", |t, now| t.register(now, A), 5, 720),
        ("tokens", |t, now| t.token(now, A), 10, 360),
        ("tokens at home", |t, now| t.token(now, ip("fd00::1")), 50, 360),
        ("links", |t, now| t.make_link(now, UserId(1), 12), 12, 5),
    ];
    for (name, attempt, room, every_s) in rows {
        let mut rows = Rows::new();
        assert_eq!(rows.fail_until_refused(attempt), (room, every_s), "{name}");
        assert_eq!(rows.after(every_s - 1).fail_until_refused(attempt), (0, 1), "{name}: too early");
        assert_eq!(rows.after(1).fail_until_refused(attempt), (1, every_s), "{name}: one more");
        assert_eq!(rows.after(2 * every_s).fail_until_refused(attempt), (2, every_s), "{name}: two more");
        assert_eq!(rows.after(u64::from(room + 9) * every_s).fail_until_refused(attempt).0, room, "{name}: all again");
    }
}

#[test]
fn links_are_counted_by_person_and_anew_under_another_bound() {
    let mut rows = Rows::new();
    let links = |user, most| move |t: &Throttle, now| t.make_link(now, UserId(user), most).map(Attempt::count);
    let make = |rows: &Rows, user, most| {
        (0..1_000).take_while(|_| links(user, most)(&rows.throttle, rows.now).is_ok()).count()
    };
    assert_eq!(make(&rows, 1, 60), 60);
    assert_eq!(make(&rows, 2, 60), 60, "another");
    assert_eq!(make(rows.after(20), 1, 60), 20);
    assert_eq!(make(&rows, 1, 90), 90);
    assert_eq!(make(&rows, 3, 0), 1, "none at all is nobody's setting");
    assert_eq!(make(rows.after(600), 1, 60), 60, "never more at once");
}

#[test]
fn a_pair_has_to_pause_ever_longer_and_is_forgotten_after_an_hour() {
    let mut rows = Rows::new();
    // An address at home has tries enough for all of it.
    let attempt: Try = |t, now| t.log_in(now, ip("10.0.0.9"), "alice", None);
    assert_eq!(rows.fail_until_refused(attempt), (5, 30));
    for pause in [60, 120, 240, 480, 900, 900, 900] {
        let last = rows.fail_until_refused(attempt).1;
        assert_eq!(rows.after(last - 1).fail_until_refused(attempt), (0, 1));
        assert_eq!(rows.after(1).fail_until_refused(attempt), (1, pause));
    }
    // Another place, another name.
    assert_eq!(rows.fail_until_refused(|t, now| t.log_in(now, ip("10.0.0.8"), "alice", None)), (5, 30));
    assert_eq!(rows.fail_until_refused(|t, now| t.log_in(now, ip("10.0.0.9"), "bob", None)), (5, 30));
    assert_eq!(rows.after(3_600).fail_until_refused(attempt), (5, 30), "as new");
    rows.after(30);
    rows.throttle.log_in(rows.now, ip("10.0.0.9"), "alice", None).unwrap().succeed();
    assert_eq!(rows.fail_until_refused(attempt), (5, 30), "a right one ends it");
}

/// A hundred wrong passwords for a name, from twenty places.
fn attack(rows: &Rows, name: &str) {
    for number in 0..100 {
        let from = ip(&format!("198.51.100.{}", number / 5));
        rows.throttle.log_in(rows.now, from, name, None).unwrap_or_else(|_| panic!("{number}")).count();
    }
}

/// Tries in what is known, from a place each, so that no pair is met.
fn known(name: &str, known: Known) -> impl Fn(&Throttle, Duration) -> Result<Attempt<'_>, Wait> {
    let number = Cell::new(0);
    move |throttle, now| {
        let place = format!("2001:db8:0:{}::1", number.replace(number.get() + 1));
        throttle.log_in(now, ip(&place), name, Some(known))
    }
}

#[test]
fn a_name_under_attack_is_closed_to_strangers_for_an_hour_and_never_to_those_it_knows() {
    for name in ["alice", "nobody"] {
        let mut rows = Rows::new();
        let stranger =
            |rows: &Rows| rows.throttle.log_in(rows.now, A, name, None).map(Attempt::succeed).map_err(|w| w.s);
        attack(&rows, name);
        assert_eq!(stranger(&rows), Err(3_600));
        assert!(rows.throttle.log_in(rows.now, A, "another", None).is_ok());
        // Ten in a quarter of an hour for each that is known, and none of it keeps the name closed for longer.
        let all = [Known::Browser([1; 32]), Known::Browser([2; 32]), Known::Network([3; 32])];
        for sign in all {
            assert_eq!(rows.fail_until_refused(known(name, sign)), (10, 90), "{sign:?}");
        }
        assert_eq!(rows.after(900).fail_until_refused(known(name, all[0])), (10, 90));
        assert_eq!(stranger(rows.after(2_699)), Err(1));
        assert_eq!(stranger(rows.after(1)), Ok(()), "{name}: an hour after the last failure");
        attack(&rows, name);
        rows.throttle.forgive(name);
        assert_eq!(stranger(&rows), Ok(()));
    }
}

#[test]
fn whoever_guesses_beside_a_known_browser_does_not_keep_its_owner_out() {
    let rows = Rows::new();
    let log_in = |name: &str, known| rows.throttle.log_in(rows.now, A, name, known);
    for number in 0..5 {
        log_in("alice", None).unwrap().count();
        log_in(&format!("n{number}"), None).unwrap().count();
    }
    let browser = Some(Known::Browser([1; 32]));
    for (known, is_in) in [(None, false), (Some(Known::Network([2; 32])), false), (browser, true)] {
        assert_eq!(log_in("alice", known).map(Attempt::succeed).is_ok(), is_in, "{known:?}");
    }
    assert_eq!(rows.fail_until_refused(|t, now| t.log_in(now, A, "alice", browser)), (10, 90), "bounded all the same");
}

#[test]
fn who_fails_seldom_closes_no_name() {
    let mut rows = Rows::new();
    for number in 0..500 {
        let from = ip(&format!("198.51.{}.{}", number / 200, number % 200));
        rows.after(37);
        rows.throttle.log_in(rows.now, from, "alice", None).unwrap().count();
    }
}

#[test]
fn what_was_not_decided_and_what_was_right_counts_for_nothing() {
    let rows = Rows::new();
    let log_in = || rows.throttle.log_in(rows.now, A, "alice", None);
    for _ in 0..200 {
        drop(log_in().unwrap());
        log_in().unwrap().succeed();
    }
    // A right one takes nothing back of what the address has tried.
    for number in 0..10 {
        rows.throttle.log_in(rows.now, A, &format!("n{number}"), None).unwrap().count();
        if number < 9 {
            log_in().unwrap().succeed();
        }
    }
    assert_eq!(log_in().err().map(|wait| wait.s), Some(30));
    // Those under way count, so that nobody gets more tries by making them at once.
    let home = || rows.throttle.log_in(rows.now, ip("10.0.0.1"), "alice", None);
    let under_way: Vec<_> = (0..5).map(|_| home().unwrap()).collect();
    assert!(home().is_err());
    drop(under_way);
    home().unwrap().succeed();
}

#[test]
fn who_comes_to_nothing_opens_only_what_nobody_else_has_closed() {
    let throttle = Throttle::new();
    let begin = |s: u64| throttle.log_in(Duration::from_secs(1_000 + s), ip("10.0.0.1"), "alice", None);
    let fail = |s| begin(s).map(Attempt::count).map_err(|wait| wait.s);
    let slow = begin(0).unwrap();
    (0..4).for_each(|_| fail(0).unwrap());
    assert_eq!(fail(0), Err(30));
    assert_eq!(fail(30), Ok(()));
    drop(slow);
    assert_eq!(fail(30), Err(60), "five others have failed");
    drop(begin(90).unwrap());
    assert_eq!(fail(90), Ok(()), "the last itself came to nothing");
}

#[test]
fn somebody_is_told_of_once_in_a_pause() {
    let mut rows = Rows::new();
    let attempt: Try = |t, now| t.log_in(now, A, "alice", None);
    (0..5).for_each(|_| attempt(&rows.throttle, rows.now).unwrap().count());
    let is_new = |rows: &Rows| attempt(&rows.throttle, rows.now).err().map(|wait| wait.is_new);
    assert_eq!((is_new(&rows), is_new(rows.after(29))), (Some(true), Some(false)));
    rows.after(1);
    attempt(&rows.throttle, rows.now).unwrap().count();
    assert_eq!((is_new(&rows), is_new(&rows)), (Some(true), Some(false)));
}

#[test]
fn places_are_addresses_and_networks_of_64_bits() {
    for (one, other, same) in [
        ("203.0.113.7", "203.0.113.8", false),
        ("203.0.113.7", "::ffff:203.0.113.7", true),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
    ] {
        assert_eq!(Place::of(ip(one)) == Place::of(ip(other)), same, "{one} {other}");
    }
    for (text, is_private) in [
        ("192.168.0.1", true),
        ("10.1.2.3", true),
        ("172.31.0.1", true),
        ("172.32.0.1", false),
        ("127.0.0.1", true),
        ("::ffff:10.0.0.1", true),
        ("::1", true),
        ("fd12::1", true),
        ("fe80::1", true),
        ("2001:db8::1", false),
        ("203.0.113.7", false),
    ] {
        assert_eq!(Place::of(ip(text)).is_private, is_private, "{text}");
    }
    assert!(Place::of(None).is_private);
}

/// The /64 of this number.
fn network(number: u128) -> Option<IpAddr> {
    Some(IpAddr::from(((0x2001_0db8 << 32 | number) << 64).to_be_bytes()))
}

#[test]
fn countless_networks_take_no_more_room_and_open_nothing_that_is_closed() {
    let mut rows = Rows::new();
    attack(&rows, "alice");
    let stranger =
        |rows: &Rows| rows.throttle.log_in(rows.now, ip("192.0.2.9"), "alice", None).err().map(|wait| wait.s);
    rows.after(60);
    // Secrets cost nothing. Ten of them close their network, for longer than the name.
    for number in 0..40_000 {
        (0..10).for_each(|_| rows.throttle.token(rows.now, network(number)).unwrap().count());
        if number % 1_000 == 0 {
            assert_eq!(stranger(&rows), Some(3_540), "{number}");
        }
    }
    // One each: those come and go, and who has to wait stays.
    for number in 100_000..120_000 {
        rows.throttle.register(rows.now, network(number)).unwrap().count();
        rows.throttle.log_in(rows.now, network(number), &format!("n{number}"), None).unwrap().count();
    }
    let tables = rows.throttle.lock();
    assert!(tables.len() <= THROTTLED_KEYS_MAX);
    assert!(tables.0.values().map(HashMap::capacity).sum::<usize>() <= 3 * THROTTLED_KEYS_MAX);
    drop(tables);
    assert_eq!(stranger(&rows), Some(3_540));
    assert_eq!(rows.throttle.log_in(rows.now, A, "alice", None).err().map(|wait| wait.s), Some(3_540));
}

#[test]
fn who_has_to_wait_stays_while_others_of_the_kind_come_and_go() {
    let rows = Rows::new();
    // Fewer than a sixteenth have nothing to wait for.
    let closed = TOKEN_PLACES_MAX as u128 - 20;
    for number in 0..closed {
        assert_eq!(rows.fail_until_refused(|t, now| t.token(now, network(number))), (10, 360), "{number}");
    }
    for number in 100_000..101_000 {
        rows.throttle.token(rows.now, network(number)).unwrap().count();
    }
    for number in 0..closed {
        assert_eq!(rows.fail_until_refused(|t, now| t.token(now, network(number))).0, 0, "{number}");
    }
}

#[test]
fn a_table_full_of_pauses_still_takes_the_next() {
    let rows = Rows::new();
    for number in 0..REGISTERING_PLACES_MAX as u128 + 10 {
        assert_eq!(rows.fail_until_refused(|t, now| t.register(now, network(number))).0, 5, "{number}");
    }
    assert!(rows.throttle.lock().len() <= REGISTERING_PLACES_MAX);
}
