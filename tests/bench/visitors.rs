//! Ordinary visitors: some who come on a new connection each, and some who keep theirs.

use std::io::{self, Write};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::answer::{self, Answer};
use crate::endpoint::{Endpoint, Stream};
use crate::load::BUFFER_BYTES;
use crate::visits::visit;

/// Between two new connections, and between two requests on one that is kept.
const EVERY: Duration = Duration::from_millis(50);
/// Connections that are kept.
const KEPT: usize = 4;

/// Who asks whom.
pub struct Visitors<'a> {
    pub endpoint: &'a Endpoint,
    /// They ask for these in turn.
    pub requests: &'a [Vec<u8>],
    /// Whoever waits longer for an answer leaves.
    pub patience: Duration,
}

/// How it went.
pub struct Outcome {
    pub new: Share,
    pub kept: Share,
    /// Times of the answered among the new ones, sorted.
    pub times: Vec<Duration>,
}

/// Requests that were due, and those that were answered in time.
#[derive(Clone, Copy, Default)]
pub struct Share {
    due: usize,
    answered: usize,
}

impl Share {
    pub fn percent(self) -> usize {
        self.answered * 100 / self.due.max(1)
    }
}

impl Visitors<'_> {
    /// Has them come for a while.
    pub fn come(&self, lasts: Duration) -> Outcome {
        let started = Instant::now();
        let due = usize::try_from(lasts.as_millis() / EVERY.as_millis()).unwrap().max(1);
        let times = Mutex::new(Vec::new());
        let kept = thread::scope(|scope| {
            let threads: Vec<_> = (0..KEPT).map(|_| scope.spawn(|| self.keep(started, due))).collect();
            for number in 0..due {
                wait_until(turn(started, number));
                let times = &times;
                scope.spawn(move || {
                    let time = self.visit(number);
                    times.lock().unwrap().extend(time);
                });
            }
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let mut times = times.into_inner().unwrap();
        times.sort_unstable();
        Outcome { new: Share { due, answered: times.len() }, kept: Share { due: KEPT * due, answered: kept }, times }
    }

    /// Asks once on a new connection. The time it took, if the answer was good.
    fn visit(&self, number: usize) -> Option<Duration> {
        let came = Instant::now();
        let answer = visit(self.endpoint, self.request(number), &mut vec![0; BUFFER_BYTES], self.patience);
        self.is_good(answer.map(|(answer, _)| answer), came).then(|| came.elapsed())
    }

    /// Asks again and again on one connection, as long as there is time. Returns the number of good answers.
    fn keep(&self, started: Instant, due: usize) -> usize {
        let mut buffer = vec![0; BUFFER_BYTES];
        let (mut stream, mut answered) = (None, 0);
        for number in 0..due {
            wait_until(turn(started, number));
            let asked = Instant::now();
            // What is not asked in time is not answered.
            if asked > turn(started, due) {
                break;
            }
            let was_kept = stream.is_some();
            let mut answer = self.ask(&mut stream, number, &mut buffer);
            // A server may end a kept connection at any time; browsers then try once more (RFC 9112, section 9.3.1).
            if was_kept && answer.is_err() && asked.elapsed() < self.patience {
                answer = self.ask(&mut stream, number, &mut buffer);
            }
            answered += usize::from(self.is_good(answer, asked));
        }
        answered
    }

    /// Asks on the kept connection, or a new one, and keeps it where it can be kept.
    fn ask(&self, kept: &mut Option<Stream>, number: usize, buffer: &mut [u8]) -> io::Result<Answer> {
        let mut stream = kept.take().map_or_else(|| self.endpoint.connect(self.patience), Ok)?;
        stream.write_all(self.request(number))?;
        let answer = answer::read(&mut stream, buffer)?;
        *kept = (!answer.is_last).then_some(stream);
        Ok(answer)
    }

    fn request(&self, number: usize) -> &[u8] {
        &self.requests[number % self.requests.len()]
    }

    fn is_good(&self, answer: io::Result<Answer>, asked: Instant) -> bool {
        answer.is_ok_and(|answer| answer.status < 400) && asked.elapsed() <= self.patience
    }
}

/// When something is due that happens again and again.
fn turn(started: Instant, number: usize) -> Instant {
    started + EVERY * u32::try_from(number).unwrap()
}

fn wait_until(time: Instant) {
    thread::sleep(time.saturating_duration_since(Instant::now()));
}
