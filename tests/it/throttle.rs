//! Strangers who guess: slowed down over real sockets, with the owner let in.

use std::collections::BTreeMap;

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::browser::{Browser, Page};

const LOGIN: &str = "/accounts/login";

fn behind_proxy() -> Appliance {
    Start::with_admin().env("SERVER_TRUSTED_PROXIES", "loopback").run()
}

/// A browser at an address, as the proxy tells it.
fn at(appliance: &Appliance, address: &str) -> Browser {
    let mut browser = Browser::of(appliance);
    browser.header("X-Forwarded-For", address);
    browser
}

fn try_to_log_in(browser: &mut Browser, name: &str, password: &str) -> Page {
    browser.submit(LOGIN, LOGIN, &[("username", name), ("password", password)])
}

#[test]
fn fifty_addresses_close_a_name_and_its_owner_still_gets_in() {
    let appliance = behind_proxy();
    let mut owner = at(&appliance, "203.0.113.5");
    owner.log_in(ADMIN, PASSWORD);
    let known: BTreeMap<_, _> = owner.cookies.into_iter().filter(|(name, _)| name == "device").collect();
    assert_eq!(known.len(), 1);
    for number in 0..50 {
        let mut attacker = at(&appliance, &format!("198.51.100.{number}"));
        for _ in 0..2 {
            assert_eq!(try_to_log_in(&mut attacker, ADMIN, "a wrong one").status, 422, "{number}");
        }
    }
    let mut stranger = at(&appliance, "192.0.2.1");
    for password in [PASSWORD, "a wrong one"] {
        let page = try_to_log_in(&mut stranger, ADMIN, password);
        assert_eq!(page.status, 429);
        page.says("Too many attempts. Try again in 60 minutes.");
        assert!(page.header("retry-after").unwrap().parse::<u64>().unwrap() > 3_000);
        assert!(page.body.contains(&format!("value=\"{ADMIN}\"")), "the name is kept");
    }
    assert_eq!(appliance.log().matches("login throttled user=root-user").count(), 1, "{}", appliance.log());
    // The owner, somewhere else, with nothing but the cookie of half a year; and in a network of theirs without it.
    let mut owner = at(&appliance, "192.0.2.77");
    owner.cookies = known;
    owner.log_in(ADMIN, PASSWORD);
    at(&appliance, "203.0.113.99").log_in(ADMIN, PASSWORD);
    // It is no state of the account.
    let appliance = appliance.restart();
    at(&appliance, "192.0.2.150").log_in(ADMIN, PASSWORD);
}

#[test]
fn a_known_browser_is_known_after_a_restart_and_what_is_sent_with_it_is_in_no_answer() {
    let appliance = behind_proxy();
    let mut owner = at(&appliance, "203.0.113.5");
    owner.log_in(ADMIN, PASSWORD);
    let value = owner.cookies["device"].clone();
    let appliance = appliance.restart();
    owner.address = appliance.address;
    owner.header("Host", &appliance.address.to_string());
    owner.submit("/links", "/accounts/logout", &[]);
    assert_eq!(owner.cookies["device"], value, "logging out leaves it");
    owner.log_in(ADMIN, PASSWORD);
    assert_eq!(owner.cookies["device"], value);
    assert!(!owner.open("/accounts/profile").body.contains(&value));
}

#[test]
fn a_new_password_makes_every_browser_but_the_one_at_hand_a_stranger() {
    const NEW: &str = "another-long-secret-42";
    let appliance = behind_proxy();
    let (mut owner, mut thief) = (at(&appliance, "203.0.113.5"), at(&appliance, "198.51.100.5"));
    owner.log_in(ADMIN, PASSWORD);
    thief.log_in(ADMIN, PASSWORD);
    let fields = [("password", PASSWORD), ("password1", NEW), ("password2", NEW)];
    assert_eq!(owner.submit("/accounts/profile", "/accounts/password", &fields).status, 303);
    for browser in [&mut owner, &mut thief] {
        browser.cookies.retain(|name, _| name == "device");
        assert_eq!(browser.cookies.len(), 1);
    }
    for number in 0..50 {
        let mut attacker = at(&appliance, &format!("192.0.2.{number}"));
        (0..2).for_each(|_| assert_eq!(try_to_log_in(&mut attacker, ADMIN, "a wrong one").status, 422, "{number}"));
    }
    assert_eq!(try_to_log_in(&mut thief, ADMIN, "a wrong one").status, 429);
    owner.log_in(ADMIN, NEW);
}

/// Behind a proxy that says nothing, or in an office, everybody has the address of whoever guesses.
#[test]
fn guessing_at_an_address_keeps_no_known_browser_out_that_shares_it() {
    let appliance = Start::with_admin().run();
    let mut owner = Browser::of(&appliance);
    owner.log_in(ADMIN, PASSWORD);
    owner.cookies.retain(|name, _| name == "device");
    let mut guesser = Browser::of(&appliance);
    let statuses: Vec<_> = (0..60)
        .map(|number| if number < 5 { ADMIN.to_owned() } else { format!("name{number}") })
        .map(|name| try_to_log_in(&mut guesser, &name, "a wrong one").status)
        .collect();
    assert_eq!((&statuses[..50], &statuses[50..]), (&[422; 50][..], &[429; 10][..]));
    assert_eq!(try_to_log_in(&mut Browser::of(&appliance), ADMIN, PASSWORD).status, 429, "a stranger");
    owner.log_in(ADMIN, PASSWORD);
    // What holds it is its own count.
    owner.cookies.retain(|name, _| name == "device");
    for number in 0..10 {
        assert_eq!(try_to_log_in(&mut owner, ADMIN, "a wrong one").status, 422, "{number}");
    }
    assert_eq!(try_to_log_in(&mut owner, ADMIN, PASSWORD).status, 429);
}

#[test]
fn an_address_that_guesses_is_refused_before_it_costs_anything() {
    let appliance = behind_proxy();
    let mut guesser = at(&appliance, "198.51.100.7");
    for number in 0..10 {
        assert_eq!(try_to_log_in(&mut guesser, &format!("name{number}"), "a wrong one").status, 422);
    }
    let page = guesser.open(LOGIN);
    let before = appliance.processor_ticks();
    for number in 0..30 {
        let fields = [("username", format!("other{number}")), ("password", PASSWORD.to_owned())];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(guesser.submit_on(&page, LOGIN, &fields).status, 429);
    }
    // Thirty passwords to compare would take longer.
    let used = appliance.processor_ticks() - before;
    assert!(used < 30, "{used} hundredths of a second");
    at(&appliance, "198.51.100.8").log_in(ADMIN, PASSWORD);
    let log = appliance.log();
    assert!(log.contains("WARN  login throttled user=other0 ip=198.51.100.7"), "{log}");
    assert!(!log.contains("other29"), "once is enough: {log}");
}

#[test]
fn every_door_that_is_shut_for_a_while_is_told_of_once() {
    let appliance = behind_proxy();
    let mut guesser = at(&appliance, "198.51.100.9");
    for number in 0..10 {
        let door = ["reset", "invite"][number % 2];
        assert_eq!(guesser.get(&format!("/accounts/{door}/{number}")).status, 404);
    }
    for door in ["reset", "invite", "reset"] {
        let page = guesser.get(&format!("/accounts/{door}/secret"));
        assert_eq!(page.status, 429);
        assert!(page.header("retry-after").unwrap().parse::<u64>().unwrap() > 300);
    }
    for number in 0..7 {
        let (name, email) = (format!("user{number}"), format!("user{number}@home.example"));
        let fields = [("username", name.as_str()), ("email", &email), ("password1", PASSWORD), ("password2", PASSWORD)];
        let page = guesser.submit("/accounts/register", "/accounts/register", &fields);
        assert_eq!(page.status, if number < 5 { 303 } else { 429 }, "{number}");
    }
    let log = appliance.log();
    for what in ["one-time link throttled user=-", "registration throttled user=user5"] {
        assert_eq!(log.matches(&format!("WARN  {what} ip=198.51.100.9 wait_s=")).count(), 1, "{what}: {log}");
    }
    assert_eq!(log.matches("throttled").count(), 2, "{log}");
    assert!(!log.contains("secret"), "{log}");
}
