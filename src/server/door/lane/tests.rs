//! One lane to a pool that the test plays: a pair of Unix sockets, answered by hand.

use std::time::Duration;

use mio::Poll;

use super::*;

const TICKET: Ticket = Ticket { key: 3, generation: 7 };
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// A lane, and the pool's end of it.
struct Pair {
    pool: BlockingStream,
    lane: Lane,
    poll: Poll,
}

impl Pair {
    fn new() -> Pair {
        let (pool, near) = BlockingStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let poll = Poll::new().unwrap();
        let lane = Lane::new(near, poll.registry(), Token(2)).unwrap();
        assert!(lane.is_idle());
        Pair { pool, lane, poll }
    }

    fn send(&mut self, request: &str, has_body: bool) {
        let progress =
            self.lane.send(request.as_bytes().to_vec(), TICKET, has_body, Instant::now(), self.poll.registry());
        assert_eq!(progress, Progress::Busy);
        let mut taken = vec![0; request.len()];
        self.pool.read_exact(&mut taken).unwrap();
        assert_eq!(taken, request.as_bytes());
    }

    /// What comes of the pool's words. A pair of Unix sockets has them on the other side at once.
    fn after(&mut self, answer: &str) -> Progress {
        self.pool.write_all(answer.as_bytes()).unwrap();
        self.proceed()
    }

    fn proceed(&mut self) -> Progress {
        self.lane.proceed(true, &mut [0; 64], self.poll.registry())
    }
}

#[test]
fn an_answer_is_whole_however_it_comes_and_the_lane_is_free_after_it() {
    let mut pair = Pair::new();
    for round in 0..3 {
        assert!(pair.lane.is_idle(), "{round}");
        pair.send("GET / HTTP/1.1\r\n\r\n", true);
        for byte in ANSWER[..ANSWER.len() - 1].chars() {
            assert_eq!(pair.after(&byte.to_string()), Progress::Busy);
            assert!(!pair.lane.is_idle());
        }
        assert_eq!(pair.after("o"), Progress::Answer(TICKET, ANSWER.as_bytes().to_vec()));
    }
    pair.send("HEAD / HTTP/1.1\r\n\r\n", false);
    let head = ANSWER.strip_suffix("hello").unwrap();
    assert_eq!(pair.after(head), Progress::Answer(TICKET, head.as_bytes().to_vec()));
}

#[test]
fn a_lane_whose_pool_says_what_nobody_asked_is_broken() {
    for (answer, has_body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false),
        ("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n", true),
    ] {
        let mut pair = Pair::new();
        pair.send("GET / HTTP/1.1\r\n\r\n", has_body);
        assert_eq!(pair.after(answer), Progress::Broken(Some(TICKET)), "{answer}");
    }
    assert_eq!(Pair::new().after("HTTP"), Progress::Broken(None));
}

#[test]
fn a_lane_that_the_pool_closes_is_broken() {
    let mut idle = Pair::new();
    idle.pool.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(idle.proceed(), Progress::Broken(None));
    let mut busy = Pair::new();
    busy.send("GET / HTTP/1.1\r\n\r\n", true);
    assert_eq!(busy.after("HTTP/1.1 200 OK\r\n"), Progress::Busy);
    busy.pool.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(busy.proceed(), Progress::Broken(Some(TICKET)));
}

#[test]
fn a_late_answer_is_nobodys_and_its_lane_goes_on() {
    let mut pair = Pair::new();
    let start = Instant::now();
    assert_eq!(pair.lane.overdue(start + LANE_TIMEOUT), None, "nobody waits");
    assert_eq!(pair.lane.send(b"GET".to_vec(), TICKET, true, start, pair.poll.registry()), Progress::Busy);
    assert_eq!(pair.lane.overdue(start + LANE_TIMEOUT - Duration::from_millis(1)), None);
    assert_eq!(pair.lane.overdue(start + LANE_TIMEOUT), Some(TICKET));
    assert_eq!(pair.lane.overdue(start + LANE_TIMEOUT), None, "told once");
    assert!(!pair.lane.is_idle());
    assert_eq!(pair.after(ANSWER), Progress::Answer(Ticket::NOBODY, ANSWER.as_bytes().to_vec()));
    assert!(pair.lane.is_idle());
}

#[test]
fn the_end_of_an_answer_is_known_from_its_head() {
    for (bytes, has_body, length) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", true, Some(43)),
        ("HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello", true, Some(42)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, Some(38)),
        ("HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n", true, Some(36)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", true, None),
        ("", true, None),
    ] {
        assert_eq!(answer_length(bytes.as_bytes(), has_body), length, "{bytes}");
    }
    let huge = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", usize::MAX);
    assert_eq!(answer_length(huge.as_bytes(), true), Some(usize::MAX));
}
