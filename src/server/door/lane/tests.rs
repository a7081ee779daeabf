//! One lane to a pool that the test plays: a pair of Unix sockets.

use std::time::Duration;

use mio::Poll;

use super::*;

const TICKET: Ticket = Ticket { key: 3, generation: 7 };

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

    fn send(&mut self, request: &str, number: u64) {
        let request = request.as_bytes().to_vec();
        let sent = self.lane.send(request.clone(), number, TICKET, Instant::now(), self.poll.registry());
        assert_eq!(sent, Ok(()));
        let mut taken = vec![0; request.len()];
        self.pool.read_exact(&mut taken).unwrap();
        assert_eq!(taken, request);
    }

    fn proceed(&mut self) -> Result<(), Broken> {
        self.lane.proceed(self.poll.registry())
    }
}

#[test]
fn a_lane_is_free_once_its_own_request_was_answered() {
    let mut pair = Pair::new();
    for number in 1..4 {
        pair.send("GET / HTTP/1.1\r\n\r\n", number);
        assert_eq!(pair.proceed(), Ok(()));
        for other in [0, number - 1, number + 1] {
            assert_eq!(pair.lane.answered(other), None);
            assert!(!pair.lane.is_idle());
        }
        assert_eq!(pair.lane.answered(number), Some(TICKET));
        assert!(pair.lane.is_idle());
        assert_eq!(pair.lane.answered(number), None, "once");
    }
}

#[test]
fn a_large_request_goes_out_as_the_pool_takes_it() {
    let mut pair = Pair::new();
    let request = vec![b'x'; 4 << 20];
    assert_eq!(pair.lane.send(request.clone(), 1, TICKET, Instant::now(), pair.poll.registry()), Ok(()));
    let mut taken = Vec::new();
    while taken.len() < request.len() {
        let mut room = vec![0; 1 << 20];
        let count = pair.pool.read(&mut room).unwrap();
        taken.extend_from_slice(&room[..count]);
        assert_eq!(pair.proceed(), Ok(()));
    }
    assert_eq!(taken, request);
    assert_eq!(pair.lane.answered(1), Some(TICKET));
    assert!(pair.lane.is_idle());
}

#[test]
fn a_lane_whose_pool_says_anything_or_closes_it_is_broken() {
    for is_busy in [false, true] {
        for words in ["HTTP/1.1 500 Internal Server Error\r\n", "x", ""] {
            let mut pair = Pair::new();
            if is_busy {
                pair.send("GET / HTTP/1.1\r\n\r\n", 1);
            }
            match words {
                "" => pair.pool.shutdown(std::net::Shutdown::Both).unwrap(),
                words => pair.pool.write_all(words.as_bytes()).unwrap(),
            }
            assert_eq!(pair.proceed(), Err(Broken(is_busy.then_some(TICKET))), "{words}");
        }
    }
}

#[test]
fn a_late_answer_is_nobodys_and_its_lane_goes_on() {
    let mut pair = Pair::new();
    let start = Instant::now();
    assert_eq!(pair.lane.overdue(start + LANE_TIMEOUT), None, "nobody waits");
    assert_eq!(pair.lane.send(b"GET".to_vec(), 1, TICKET, start, pair.poll.registry()), Ok(()));
    assert_eq!(pair.lane.overdue(start + LANE_TIMEOUT - Duration::from_millis(1)), None);
    assert_eq!(pair.lane.overdue(start + LANE_TIMEOUT), Some(TICKET));
    assert_eq!(pair.lane.overdue(start + LANE_TIMEOUT), None, "told once");
    assert!(!pair.lane.is_idle());
    assert_eq!(pair.lane.answered(1), Some(Ticket::NOBODY));
    assert!(pair.lane.is_idle());
}
