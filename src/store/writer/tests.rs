//! What a failing change costs others, and what a failing disk costs anybody.

use std::fs;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::link::{LinkId, NewLink};
use crate::store::tests::{NOW, about, audit, click, fresh, link, name, open, slug, user};
use crate::store::{FILE_NAME, Fault, Store};
use crate::user::UserId;
use crate::visitor::Class;

fn refused() -> Error {
    Error::new(Kind::Damaged, "refused")
}

/// A change that says when it has begun, and goes on when it is told to.
fn hold(store: &Store, begun: Sender<()>, go_on: Receiver<()>) {
    let held = move |_: &WriteTransaction| {
        begun.send(()).unwrap();
        go_on.recv().unwrap();
        Ok(())
    };
    store.write("holding the thread", held).unwrap();
}

fn wait_until(fits: impl Fn() -> bool) {
    while !fits() {
        thread::yield_now();
    }
}

#[test]
fn flushing_waits_for_clicks_that_are_being_written() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    store.record_click(click(anna, id, Class::Human));
    let (begun, has_begun) = channel();
    let (go_on, may_go_on) = channel();
    thread::scope(|scope| {
        scope.spawn(|| hold(&store, begun, may_go_on));
        has_begun.recv().unwrap();
        let flush = scope.spawn(|| store.flush_clicks());
        wait_until(|| flush.is_finished() || store.queue.waiting_changes() > 0);
        let is_too_early = flush.is_finished();
        go_on.send(()).unwrap();
        assert!(!is_too_early, "the click was not on disk yet");
    });
    assert_eq!(store.statistics(anna, id).unwrap().0.humans, 1);
}

#[test]
fn a_change_that_fails_at_the_end_takes_no_clicks_with_it() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let (begun, has_begun) = channel();
    let (go_on, may_go_on) = channel();
    thread::scope(|scope| {
        scope.spawn(|| hold(&store, begun, may_go_on));
        has_begun.recv().unwrap();
        let failing = scope.spawn(|| store.write::<()>("failing", |_| Err(refused())));
        wait_until(|| store.queue.waiting_changes() > 0);
        store.record_click(click(anna, id, Class::Human));
        let closing = scope.spawn(|| store.close());
        wait_until(|| store.queue.is_stopping());
        go_on.send(()).unwrap();
        assert_eq!(failing.join().unwrap().unwrap_err().to_string(), "failing: refused");
        closing.join().unwrap();
    });
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(store.statistics(anna, id).unwrap().0.humans, 1);
}

#[test]
fn a_failed_change_leaves_nothing_and_the_next_goes_on() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let write_then_fail = |tx: &WriteTransaction| -> Result<(), Error> {
        tx.open_table(crate::store::tables::USER)?.insert(b"junk".as_slice(), b"junk".as_slice())?;
        Err(refused())
    };
    assert!(store.write("failing", write_then_fail).is_err());
    assert_eq!(store.counts().unwrap(), (1, 0));
    link(&store, anna, "promo");
    audit(&store);
}

/// Breaks the disk for the next commit, with clicks waiting for it.
fn break_disk(store: &Store, next: Fault, clicks: usize, of: (UserId, LinkId)) {
    store.break_disk(next);
    (0..clicks).for_each(|_| {
        store.record_click(click(of.0, of.1, Class::Human));
    });
}

fn humans(store: &Store, of: (UserId, LinkId)) -> u64 {
    store.flush_clicks();
    store.statistics(of.0, of.1).unwrap().0.humans
}

fn make(store: &Store, owner: UserId, text: &str) -> Result<(), Error> {
    let new = NewLink { slug: Some(slug(text)), change: about("https://example.com/", "") };
    store.create_link(owner, name("anna"), new, NOW).map(|made| drop(made.unwrap()))
}

/// Waits for the thread's next try to write clicks.
fn wait_for_clicks(store: &Store) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while store.queue.unwritten_clicks() > 0 {
        assert!(Instant::now() < deadline, "nobody tried again");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_commit_whose_sync_failed_counts_once_and_is_answered_as_what_became_of_it() {
    for (next, is_kept) in [(Fault::AfterSync, true), (Fault::LostWrites, false), (Fault::Full, false)] {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        let of = (anna, link(&store, anna, "promo").id);
        for round in 1..=3_u64 {
            break_disk(&store, next, 2, of);
            let text = format!("new{round}");
            assert_eq!(make(&store, anna, &text).is_ok(), is_kept, "{next:?}");
            assert_eq!(store.redirect(&format!("anna/{text}")).unwrap().is_some(), is_kept, "{next:?}");
            store.mend_disk();
            assert_eq!(humans(&store, of), 2 * round, "{next:?}");
            audit(&store);
        }
        store.close();
        assert_eq!(humans(&open(folder.path()).unwrap().0, of), 6, "{next:?}");
    }
}

#[test]
fn a_commit_stays_undecided_until_the_file_is_open_again_and_counts_once() {
    for (next, is_kept) in [(Fault::AfterSync, true), (Fault::LostWrites, false)] {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        let of = (anna, link(&store, anna, "promo").id);
        let (path, aside) = (folder.path().join(FILE_NAME), folder.path().join("aside"));
        break_disk(&store, next, 3, of);
        fs::rename(&path, &aside).unwrap();
        assert!(make(&store, anna, "undecided").is_err(), "nobody knows");
        // Clicks that come meanwhile are of another batch, and a change cannot be written either.
        (0..4).for_each(|_| {
            store.record_click(click(of.0, of.1, Class::Human));
        });
        assert!(make(&store, anna, "meanwhile").is_err());
        fs::rename(&aside, &path).unwrap();
        wait_for_clicks(&store);
        assert_eq!(humans(&store, of), 7, "{next:?}");
        assert_eq!(store.redirect("anna/undecided").unwrap().is_some(), is_kept, "{next:?}");
        assert!(store.redirect("anna/meanwhile").unwrap().is_none());
        audit(&store);
        store.close();
        assert_eq!(humans(&open(folder.path()).unwrap().0, of), 7, "{next:?}");
    }
}

/// In a process of its own, as it ends with it.
#[test]
fn a_panic_in_the_writing_thread_ends_the_process() {
    const INSIDE: &str = "LINKJAR_PANICS_HERE";
    if std::env::var_os(INSIDE).is_some() {
        let (_folder, store) = fresh();
        let _ = store.write::<()>("panicking", |_| panic!("in the writing thread"));
        thread::sleep(Duration::from_secs(60));
    }
    let mut program = std::process::Command::new(std::env::current_exe().unwrap());
    let only = "store::writer::tests::a_panic_in_the_writing_thread_ends_the_process";
    let ended = program.env(INSIDE, "1").args(["--exact", only]).output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "a supervisor starts it anew; a failed test would end with 101");
}

#[test]
fn readers_do_not_make_clicks_be_tried_again_on_a_failing_disk() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let of = (anna, link(&store, anna, "promo").id);
    store.queue.pretend_failures(u32::MAX);
    store.record_click(click(of.0, of.1, Class::Human));
    assert_eq!(humans(&store, of), 1, "it shows all the same");
    assert_eq!(store.queue.unwritten_clicks(), 1, "it waits for the disk, not for a reader");
    make(&store, anna, "works").unwrap();
    assert!(!store.queue.is_failing(), "a commit that succeeds ends the waiting");
    assert_eq!(humans(&store, of), 1);
}
