//! One lane to a pool that the test plays: a pair of Unix sockets.

use std::time::Duration;

use mio::Poll;

use super::*;

fn ticket(number: u64) -> Ticket {
    Ticket { key: 3, generation: number }
}

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
        Pair { pool, lane, poll }
    }

    fn send(&mut self, request: &[u8], number: u64) {
        self.lane.push(request, number, ticket(number), Instant::now());
        assert_eq!(self.lane.write(self.poll.registry()), Ok(()));
    }

    fn proceed(&mut self) -> Result<(), Broken> {
        self.lane.proceed(self.poll.registry())
    }
}

#[test]
fn requests_go_out_in_order_and_are_answered_in_any() {
    let mut pair = Pair::new();
    for number in 1..=3 {
        pair.send(format!("GET /{number} HTTP/1.1\r\n\r\n").as_bytes(), number);
    }
    let expected = b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n";
    let mut taken = vec![0; expected.len()];
    pair.pool.read_exact(&mut taken).unwrap();
    assert_eq!(taken, expected);
    assert_eq!(pair.proceed(), Ok(()));
    for (number, left) in [(2, 2), (3, 1), (1, 0)] {
        assert_eq!(pair.lane.answered(7), None, "nobody's");
        assert_eq!(pair.lane.answered(number), Some(ticket(number)));
        assert_eq!(pair.lane.answered(number), None, "once");
        assert_eq!(pair.lane.count(), left);
    }
}

#[test]
fn a_large_request_goes_out_as_the_pool_takes_it() {
    let mut pair = Pair::new();
    let request = vec![b'x'; 4 << 20];
    pair.send(&request, 1);
    let mut taken = Vec::new();
    while taken.len() < request.len() {
        let mut room = vec![0; 1 << 20];
        let count = pair.pool.read(&mut room).unwrap();
        taken.extend_from_slice(&room[..count]);
        assert_eq!(pair.proceed(), Ok(()));
    }
    assert_eq!(taken, request);
    assert!(pair.lane.outgoing.capacity() <= KEPT_BYTES_MAX);
    assert_eq!(pair.lane.answered(1), Some(ticket(1)));
}

#[test]
fn a_lane_whose_pool_says_anything_or_closes_it_is_broken() {
    for numbers in [vec![], vec![1], vec![1, 2]] {
        for words in ["HTTP/1.1 500 Internal Server Error\r\n", "x", ""] {
            let mut pair = Pair::new();
            numbers.iter().for_each(|number| pair.send(b"GET / HTTP/1.1\r\n\r\n", *number));
            match words {
                "" => pair.pool.shutdown(std::net::Shutdown::Both).unwrap(),
                words => pair.pool.write_all(words.as_bytes()).unwrap(),
            }
            assert_eq!(pair.proceed(), Err(Broken(numbers.iter().copied().map(ticket).collect())), "{words}");
        }
    }
}

#[test]
fn a_late_answer_is_nobodys_and_counts_until_it_comes() {
    let mut pair = Pair::new();
    let start = Instant::now();
    assert!(pair.lane.overdue(start + LANE_TIMEOUT).is_empty(), "nobody waits");
    pair.lane.push(b"GET", 1, ticket(1), start);
    pair.lane.push(b"GET", 2, ticket(2), start + Duration::from_secs(1));
    assert!(pair.lane.overdue(start + LANE_TIMEOUT - Duration::from_millis(1)).is_empty());
    assert_eq!(pair.lane.overdue(start + LANE_TIMEOUT), [ticket(1)]);
    assert!(pair.lane.overdue(start + LANE_TIMEOUT).is_empty(), "told once");
    assert_eq!(pair.lane.count(), 2);
    assert_eq!(pair.lane.answered(1), Some(Ticket::NOBODY));
    assert_eq!(pair.lane.answered(2), Some(ticket(2)));
}

#[test]
fn a_request_counts_as_slow_after_a_while() {
    let mut pair = Pair::new();
    let start = Instant::now();
    pair.lane.push(b"GET", 1, ticket(1), start);
    assert_eq!(pair.lane.slow_at(start).collect::<Vec<_>>(), [start + WORK_SLOW]);
    assert_eq!(pair.lane.slow_at(start + WORK_SLOW).count(), 0);
}
