//! Lanes to a real pool: opened, given up, and opened again when tiny_http takes no more.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::config;
use crate::options::Options;
use crate::password::{Cost, Hasher};
use crate::store::Store;

const WORKERS: usize = 3;

fn pool() -> (TempDir, Pool) {
    let folder = TempDir::new().unwrap();
    let (store, _) = Store::open(folder.path(), 1 << 20, |_| {}).unwrap();
    let config = config::resolve(&Options::default(), &|_| None).unwrap();
    let app = Arc::new(App::new(store, Clock::system(), Hasher::new(1, 1, Cost::USUAL), &config).unwrap());
    let pool = Pool::start(&app, folder.path(), WORKERS).unwrap();
    (folder, pool)
}

/// Asks over a lane for something that every pool has.
fn ask(pool: &Pool, stream: &mut UnixStream) -> String {
    stream.set_nonblocking(false).unwrap();
    stream.write_all(&greeting(pool.secret())).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1);
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap()
}

fn workers(pool: &Pool, expected: usize) {
    let end = Instant::now() + Duration::from_secs(20);
    while pool.living.load(Ordering::Acquire) != expected {
        assert!(Instant::now() < end, "{} workers", pool.living.load(Ordering::Acquire));
        thread::yield_now();
    }
}

#[test]
fn workers_come_with_a_lane_and_go_with_it() {
    let (_folder, pool) = pool();
    let (_first, seat) = pool.open_lane().unwrap();
    let (mut second, next_seat) = pool.open_lane().unwrap();
    workers(&pool, 2 * WORKERS);
    drop(seat);
    workers(&pool, WORKERS);
    assert!(ask(&pool, &mut second).starts_with("HTTP/1.1 200 OK"));
    drop(next_seat);
    workers(&pool, 0);
}

/// Behind each other on one lane, the slow one first.
#[test]
fn a_request_is_answered_once_in_memory_and_nothing_is_said_on_its_lane() {
    let (_folder, pool) = pool();
    let (mut stream, _seat) = pool.open_lane().unwrap();
    let (rang, rings) = std::sync::mpsc::channel();
    pool.answers().on_arrival(move || rang.send(()).unwrap());
    stream.set_nonblocking(false).unwrap();
    let identity = Identity { address: IpAddr::from([127, 0, 0, 1]), transport: Transport::Unknown };
    let body = "x".repeat(60_000);
    for number in 1..=9 {
        let identity = identity.write(pool.secret(), number);
        let head = format!("/health HTTP/1.1\r\nHost: localhost\r\n{HEADER}: {identity}\r\nContent-Length: ");
        let request = match number {
            1 => format!("POST {head}{}\r\n\r\n{body}", body.len()),
            _ => format!("GET {head}0\r\n\r\n"),
        };
        stream.write_all(request.as_bytes()).unwrap();
    }
    let mut answers = Vec::new();
    while answers.len() < 9 {
        rings.recv_timeout(Duration::from_secs(20)).unwrap();
        answers.extend(pool.answers().take().into_iter().map(|answered| (answered.number, answered.response.status)));
    }
    answers.sort_unstable();
    let expected: Vec<_> = (1..=9).map(|number| (number, if number == 1 { 405 } else { 200 })).collect();
    assert_eq!(answers, expected);
    // It is the library's turn to read, and there is nothing for us.
    assert!(ask(&pool, &mut stream).starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn a_pool_that_takes_no_more_lanes_is_replaced_and_those_it_has_go_on() {
    let (folder, pool) = pool();
    let (mut old, old_seat) = pool.open_lane().unwrap();
    fs::remove_file(folder.path().join(".door/pool-0")).unwrap();
    assert!(pool.open_lane().is_err(), "nobody listens");
    let (mut new, new_seat) = pool.open_lane().unwrap();
    for stream in [&mut old, &mut new] {
        assert!(ask(&pool, stream).starts_with("HTTP/1.1 200 OK"));
    }
    workers(&pool, 2 * WORKERS);
    drop((old_seat, new_seat));
    workers(&pool, 0);
}

#[test]
fn what_does_not_know_the_secret_is_refused() {
    let (folder, pool) = pool();
    let (_lane, _seat) = pool.open_lane().unwrap();
    for secret in ["", "0123456789abcdef0123456789abcdef"] {
        let stranger = connect(&folder.path().join(".door/pool-0"), &greeting(secret));
        let mut stranger = stranger.unwrap();
        stranger.set_nonblocking(false).unwrap();
        stranger.write_all(&greeting(secret)).unwrap();
        let mut answer = [0; 12];
        stranger.read_exact(&mut answer).unwrap();
        assert_eq!(answer.escape_ascii().to_string(), "HTTP/1.1 403", "{secret}");
    }
}

#[test]
fn a_lane_is_open_once_the_pool_has_answered() {
    for (greeting, is_open) in
        [(b"HTTP/1.1 204 No Content\r\n\r\n".as_slice(), true), (b"HTTP/1.1 204", false), (b"", false)]
    {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("pool");
        let listener = UnixListener::bind(&socket).unwrap();
        let pool = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 5]).unwrap();
            stream.write_all(greeting).unwrap();
        });
        assert_eq!(connect(&socket, b"hello").is_ok(), is_open, "{}", greeting.escape_ascii());
        pool.join().unwrap();
    }
    assert!(connect(Path::new("/nowhere/pool"), b"hello").is_err());
}
