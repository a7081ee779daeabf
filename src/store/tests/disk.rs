//! Any call to the disk fails, once or from then on: no answer is lost or wrong, and once the disk works again so does
//! everything, without a new start.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chance;
use super::*;
use crate::store::backend::fault::{Call, How, Plan};

/// The whole script, and as much of it as has each kind of change.
const STEPS: usize = 24;
const SOME_STEPS: usize = 5;
/// Scripts that run beside each other.
const AT_ONCE: usize = 16;

/// Where each short address may lead, "nowhere" among it; and how many clicks were sent to the first.
#[derive(Default)]
struct Known {
    targets: BTreeMap<String, Vec<Option<String>>>,
    clicks: u64,
}

impl Known {
    /// Notes what became of a change. One that failed may be in the file if nobody could look.
    fn note(&mut self, path: String, target: Option<String>, is_answered: bool) {
        let known = self.targets.entry(path).or_insert_with(|| vec![None]);
        if is_answered {
            known.clear();
        }
        known.push(target);
    }

    /// Holds what the store says against it. While the disk fails it may refuse to say.
    fn compare(&self, store: &Store, is_well: bool) {
        for (path, known) in &self.targets {
            match store.redirect(path) {
                Ok(found) => {
                    let found =
                        found.and_then(|redirect| redirect.target.as_ref().map(|target| target.as_str().to_owned()));
                    assert!(known.contains(&found), "{path}: {found:?} is none of {known:?}");
                }
                Err(error) => assert!(!is_well && error.kind != Kind::Damaged, "{path}: {error}"),
            }
        }
    }
}

/// A closed file with a user and a link.
fn beginning() -> (Vec<u8>, UserId, LinkId) {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let first = link(&store, anna, "first").id;
    store.close();
    (std::fs::read(folder.path().join(FILE_NAME)).unwrap(), anna, first)
}

/// People make, change and delete links while clicks come.
fn script(store: &Store, anna: UserId, first: LinkId, steps: usize, known: &mut Known) {
    let mut made: Vec<(LinkId, String)> = Vec::new();
    for step in 0..steps {
        let target = format!("https://example.com/{step}/{}", "x".repeat(step % 3 * 600));
        match (step % 6, made.pop()) {
            (2, Some((id, path))) => {
                let changed = store.change_link(anna, name("anna"), id, slug(&path), about(&target, ""), NOW);
                known.note(format!("anna/{path}"), Some(target), changed.is_ok());
                made.push((id, path));
            }
            (4, Some((id, path))) => {
                let deleted = store.delete_link(anna, name("anna"), id);
                known.note(format!("anna/{path}"), None, deleted.is_ok());
            }
            (_, before) => {
                made.extend(before);
                let path = format!("s{step}");
                let new = NewLink { slug: Some(slug(&path)), change: about(&target, "") };
                let outcome = store.create_link(anna, name("anna"), new, NOW);
                known.note(format!("anna/{path}"), Some(target), outcome.is_ok());
                made.extend(outcome.ok().map(|link| (link.unwrap().id, path)));
            }
        }
        for _ in 0..step {
            store.record_click(click(anna, first, Class::Human)).unwrap();
            known.clicks += 1;
        }
        if step % 5 == 0 {
            store.flush_clicks();
        }
        known.compare(store, false);
    }
}

/// Follows a plan in the writing thread through so much of the script, then lets the disk recover. Returns how often its call was
/// made.
fn run(bytes: &[u8], anna: UserId, first: LinkId, steps: usize, plan: &Arc<Plan>) -> i64 {
    let folder = quick_folder_with(bytes);
    // Without memory for pages, so that they are read.
    let store = open_at(folder.path(), 0, hasty(), ignore);
    let follow = Arc::clone(plan);
    let set = move |_: &WriteTransaction| -> Result<(), Error> {
        Plan::follow(&follow);
        // A change that fails by itself needs no commit.
        Err(Error::new(Kind::Damaged, "only setting the plan"))
    };
    store.write("breaking the disk", set).unwrap_err();
    let mut known = Known::default();
    script(&store, anna, first, steps, &mut known);
    let calls = plan.lift();
    // The first change after that may find the handle broken, and has it opened again.
    let _ = store.write("trying", |_| Ok(()));
    link(&store, anna, "healed");
    known.compare(&store, true);
    store.settle();
    assert_eq!(store.numbers(anna, first).unwrap().humans, known.clicks);
    audit(&store);
    store.close();
    let (store, opened) = open(folder.path()).unwrap();
    assert!(!opened.repaired);
    audit(&store);
    known.compare(&store, true);
    assert_eq!(store.numbers(anna, first).unwrap().humans, known.clicks);
    calls
}

/// How often so much of the script makes a call when nothing fails.
fn total(bytes: &[u8], anna: UserId, first: LinkId, steps: usize, call: Call) -> i64 {
    let never = i64::MAX / 2;
    let total = run(bytes, anna, first, steps, &Plan::new(call, never, How::Broken, false)) + never;
    assert!(total > 0, "{call:?}");
    total
}

/// The beginning of the script, and each of its calls; one way to fail after the other.
#[test]
fn whichever_write_length_or_sync_fails_nothing_is_wrong_and_writing_heals_by_itself() {
    let (bytes, anna, first) = beginning();
    let ways_of = |call| [How::Broken, How::Full, if call == Call::Write { How::Short } else { How::Full }];
    let plans_of = |(call, steps)| {
        let all = 0..total(&bytes, anna, first, steps, call);
        let ways = all.zip(ways_of(call).into_iter().cycle());
        ways.flat_map(move |(after, how)| [false, true].map(|stays| (steps, Plan::new(call, after, how, stays))))
    };
    // A short script does not make the file longer.
    let calls = [(Call::Write, SOME_STEPS), (Call::SetLen, STEPS), (Call::Sync, SOME_STEPS)];
    let plans: Vec<(usize, Arc<Plan>)> = calls.into_iter().flat_map(plans_of).collect();
    // Most of the time a disk that has failed is waited for.
    std::thread::scope(|scope| {
        for share in plans.chunks(plans.len().div_ceil(AT_ONCE)) {
            let bytes = &bytes;
            scope.spawn(move || {
                for (steps, plan) in share {
                    run(bytes, anna, first, *steps, plan);
                }
            });
        }
    });
}

#[test]
fn whichever_call_fails_nothing_is_wrong_and_writing_heals_by_itself() {
    let (bytes, anna, first) = beginning();
    let calls = [Call::Read, Call::Write, Call::SetLen, Call::Sync];
    let totals = calls.map(|call| total(&bytes, anna, first, STEPS, call));
    // As many rounds as there are calls of a kind try all of them: the step has no divisor in common with that.
    chance::rounds(3, |seed| {
        for (call, total) in calls.into_iter().zip(totals) {
            let after = (seed.cast_signed() * 1009) % total;
            for how in [How::Broken, How::Full, How::Short] {
                for stays in [false, true] {
                    if how != How::Short || call == Call::Write {
                        run(&bytes, anna, first, STEPS, &Plan::new(call, after, how, stays));
                    }
                }
            }
        }
    });
}

#[test]
fn a_read_that_fails_is_an_error_and_the_next_ones_heal() {
    let (bytes, anna, first) = beginning();
    chance::rounds(4, |seed| {
        for how in [How::Broken, How::Full] {
            let folder = folder_with(&bytes);
            let (store, _) = Store::open(folder.path(), 0, ignore).unwrap();
            let plan = Plan::new(Call::Read, seed.cast_signed() % 9, how, seed.is_multiple_of(2));
            Plan::follow(&plan);
            let right = Some("https://example.com/first".to_owned());
            for _ in 0..4 {
                let target = |link: Option<Link>| link.map(|link| link.about.target.as_str().to_owned());
                match store.link(anna, first) {
                    Ok(found) => assert_eq!(target(found), right),
                    Err(error) => assert_ne!(error.kind, Kind::Damaged),
                }
            }
            plan.lift();
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while store.link(anna, first).is_err() {
                assert!(std::time::Instant::now() < deadline, "nobody opened the file again");
                std::thread::yield_now();
            }
            audit(&store);
        }
    });
}
