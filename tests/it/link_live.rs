//! The clicks of a link while they happen.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::appliance::{ADMIN, Appliance, Start};
use crate::browser::{Browser, FIREFOX};
use crate::connection::Connection;

fn watch(browser: &mut Browser, id: &str) -> Connection {
    let mut connection = Connection::open(browser.address);
    let cookies = browser.cookies();
    let request = format!("GET /links/{id}/live HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n");
    connection.send(request.as_bytes());
    connection
}

/// Reads until these words have come.
fn until(connection: &mut Connection, words: &str) -> String {
    let mut text = String::new();
    while !text.contains(words) {
        let mut byte = [0];
        assert_eq!(connection.stream.read(&mut byte).unwrap(), 1, "closed after {text:?}");
        text.push(char::from(byte[0]));
    }
    text
}

fn follow(appliance: &Appliance) {
    let mut visitor = Browser::of(appliance);
    visitor.header("User-Agent", FIREFOX);
    assert_eq!(visitor.get(&format!("/{ADMIN}/docs")).status, 302);
}

#[test]
fn whoever_watches_a_link_hears_of_its_clicks() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let id = browser.make_link("https://docs.example/", "docs");
    let mut watched = watch(&mut browser, &id);
    let head = until(&mut watched, "data: 0 0\n\n");
    assert!(head.contains("Content-Type: text/event-stream; charset=utf-8\r\n"), "{head}");
    assert!(head.contains("Cache-Control: no-store\r\n"), "{head}");
    follow(&appliance);
    until(&mut watched, "data: 1 0\n\n");
    follow(&appliance);
    follow(&appliance);
    until(&mut watched, "data: 3 0\n\n");
    // Watchers hold no worker: many more than there are of these, and pages are answered.
    let watchers: Vec<Connection> = (0..30).map(|_| watch(&mut browser, &id)).collect();
    for _ in 0..20 {
        assert_eq!(Browser::of(&appliance).get("/health").status, 200);
    }
    for mut watcher in watchers {
        until(&mut watcher, "data: 3 0\n\n");
    }
}

#[test]
fn there_are_only_so_many_watchers_and_one_that_leaves_makes_room() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let id = browser.make_link("https://docs.example/", "docs");
    // No person has more than an eighth of them.
    let mut watchers: Vec<Connection> = Vec::new();
    for number in 0..8 {
        let mut other = Browser::user(&appliance, &format!("user-{number}"));
        let id = other.make_link("https://docs.example/", "docs");
        watchers.extend((0..32).map(|_| watch(&mut other, &id)));
    }
    for watcher in &mut watchers {
        until(watcher, "data: ");
    }
    assert!(until(&mut watch(&mut browser, &id), "\r\n\r\n").starts_with("HTTP/1.1 503"));
    drop(watchers);
    let end = Instant::now() + Duration::from_secs(20);
    while !until(&mut watch(&mut browser, &id), "\r\n\r\n").starts_with("HTTP/1.1 200") {
        assert!(Instant::now() < end, "no room again");
    }
}

#[test]
fn a_stop_does_not_wait_for_watchers() {
    let mut appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let id = browser.make_link("https://docs.example/", "docs");
    let mut watched = watch(&mut browser, &id);
    until(&mut watched, "data: 0 0\n\n");
    let start = Instant::now();
    appliance.signal(rustix::process::Signal::TERM);
    assert!(watched.rest().ends_with("0\r\n\r\n"), "told that this was all");
    assert_eq!(appliance.wait().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn nothing_is_told_after_signing_out() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let id = browser.make_link("https://docs.example/", "docs");
    let mut watched = watch(&mut browser, &id);
    until(&mut watched, "data: 0 0\n\n");
    let token = browser.open("/accounts/profile").token();
    assert_eq!(browser.post("/accounts/logout", &[("csrf_token", &token)]).status, 303);
    follow(&appliance);
    let rest = until(&mut watched, "0\r\n\r\n");
    assert!(!rest.contains("data:"), "{rest}");
}
