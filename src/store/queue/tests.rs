//! The queue before the writing thread.

use std::sync::Arc;

use super::*;
use crate::limits::CLICKS_PER_COMMIT_MAX;
use crate::link::LinkId;
use crate::store::ledger::{Ledger, Pace};
use crate::store::tests::click;
use crate::user::UserId;
use crate::visitor::Class;

impl Queue {
    pub(in crate::store) fn unwritten_clicks(&self) -> usize {
        self.lock().unwritten()
    }

    pub(in crate::store) fn waiting_changes(&self) -> usize {
        self.lock().changes.len()
    }

    pub(in crate::store) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    pub(in crate::store) fn pretend_failures(&self, failures: u32) {
        self.lock().failures = failures;
    }
}

#[test]
fn clicks_past_the_queue_are_shed_and_counted() {
    let queue = Queue::new();
    for _ in 0..CLICK_QUEUE_MAX + 7 {
        queue.push_click(click(UserId(1), LinkId(1), Class::Human));
    }
    assert_eq!((queue.unwritten_clicks(), queue.take_shed()), (CLICK_QUEUE_MAX, 7));
    assert_eq!(queue.take_shed(), 0);
    queue.stop();
    queue.push_click(click(UserId(1), LinkId(1), Class::Human));
    assert_eq!(queue.take_shed(), 1);
    assert_eq!(queue.change(Taking::Room, |_| Ok(())).unwrap_err().kind, Kind::Unavailable);
    let mut left = CLICK_QUEUE_MAX;
    let ledger = Ledger::new(Pace::default());
    while let Some(Turn { change: None, is_last: true }) = queue.next(Work::Nothing) {
        let clicks = ledger.take(&queue).len();
        assert!(clicks <= CLICKS_PER_COMMIT_MAX);
        ledger.let_go();
        queue.note_commit(clicks);
        left -= clicks;
    }
    assert_eq!(left, 0, "what waits is written before the end");
}

#[test]
fn clicks_wait_longer_after_each_failure() {
    let ms = Duration::from_millis;
    for (age, count, failures, rest) in [
        (ms(0), 1, 0, CLICK_FLUSH),
        (ms(0), CLICKS_UNDER_LOAD - 1, 0, CLICK_FLUSH),
        (ms(0), CLICKS_UNDER_LOAD, 0, CLICK_GATHER),
        (ms(20), CLICKS_UNDER_LOAD, 0, CLICK_GATHER - ms(20)),
        (CLICK_FLUSH, 1, 0, ms(0)),
        (CLICK_FLUSH * 9, 1, 0, ms(0)),
        (ms(0), CLICKS_UNDER_LOAD, 1, CLICK_FLUSH),
        (ms(0), CLICKS_UNDER_LOAD, 2, CLICK_FLUSH * 2),
        (ms(0), 1, 4, CLICK_FLUSH * 8),
        (ms(0), 1, 7, CLICK_RETRY_MAX),
        (ms(0), 1, u32::MAX, CLICK_RETRY_MAX),
    ] {
        assert_eq!(due_in(age, count, failures, Flow::default()), rest, "{age:?} {count} {failures}");
    }
}

#[test]
fn how_long_clicks_gather_is_as_the_operator_says() {
    let ms = Duration::from_millis;
    for (durability, window, count, failures, rest) in [
        (Durability::Relaxed, ms(5_000), 1, 0, ms(5_000)),
        (Durability::Relaxed, ms(5_000), CLICKS_UNDER_LOAD, 0, CLICK_GATHER),
        (Durability::Relaxed, ms(10), CLICKS_UNDER_LOAD, 0, ms(10)),
        (Durability::Strict, ms(5_000), 1, 0, ms(0)),
        (Durability::Strict, ms(5_000), CLICKS_UNDER_LOAD, 0, ms(0)),
        (Durability::Strict, ms(5_000), 1, 1, CLICK_FLUSH),
    ] {
        assert_eq!(due_in(ms(0), count, failures, Flow { durability, window, ..Flow::default() }), rest);
    }
}

#[test]
fn whoever_waits_for_a_click_is_told_when_it_is_on_disk_and_no_sooner() {
    let queue = Queue::new();
    let calls = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&calls);
    queue.on_written(Box::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    }));
    let check = |expected_calls: u64, last: u64, is_failing: bool| {
        let written = queue.written_clicks();
        assert_eq!(
            (calls.load(Ordering::SeqCst), written.last, written.is_failing),
            (expected_calls, last, is_failing)
        );
    };
    let push = || queue.push_click(click(UserId(1), LinkId(1), Class::Human)).unwrap();
    let (first, second, third) = (push(), push(), push());
    check(0, first - 1, false);
    queue.note_commit(1);
    check(1, first, false);
    queue.note_commit(0);
    check(1, first, false);
    queue.note_failure(CLICK_RETRY_MAX);
    check(2, first, true);
    queue.note_commit(1);
    check(3, second, false);
    queue.stop();
    assert_eq!(queue.note_failure(CLICK_RETRY_MAX), 1);
    check(4, third - 1, true);
    assert_eq!(queue.push_click(click(UserId(1), LinkId(1), Class::Human)), None);
}
