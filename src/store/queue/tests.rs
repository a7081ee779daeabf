//! The queue before the writing thread.

use super::*;
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
    assert_eq!(queue.change(|_| Ok(())).unwrap_err().kind, Kind::Unavailable);
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
        assert_eq!(due_in(age, count, failures), rest, "{age:?} {count} {failures}");
    }
}
