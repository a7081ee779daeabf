//! A disk that is full, or nearly: what goes on, what is refused, and that it heals by itself.

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::link::LinkId;
use crate::store::error::Kind;
use crate::store::space::fault::set_free;
use crate::store::tests::{CACHE_BYTES, NOW, about, audit, click, fresh, link, name, open, slug, user};
use crate::store::{Fault, Store};
use crate::user::UserId;
use crate::visitor::Class;

/// The promise of the log and of the pages.
const HEALED_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);

static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn tell(sentence: &str) {
    TOLD.lock().unwrap().push(sentence.to_owned());
}

fn make(store: &Store, owner: UserId, text: &str) -> Result<(), Kind> {
    let new = crate::link::NewLink { slug: Some(slug(text)), change: about("https://example.com/", "") };
    store.create_link(owner, name("anna"), new, NOW).map(|made| drop(made.unwrap())).map_err(|error| error.kind)
}

fn follow(store: &Store, owner: UserId, id: LinkId, times: usize) {
    for _ in 0..times {
        let _ = store.record_click(click(owner, id, Class::Human));
    }
}

#[track_caller]
fn wait_until(what: &str, fits: impl Fn() -> bool) {
    let start = Instant::now();
    while !fits() {
        assert!(start.elapsed() < HEALED_WITHIN, "{what} did not happen in time");
        thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn on_a_disk_that_is_nearly_full_only_what_takes_no_room_is_written_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), CACHE_BYTES, tell).unwrap();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    assert!(store.health().writes);
    set_free(folder.path(), Some(3_000_000));
    wait_until("a look", || store.health().space.is_short);
    let before = store.commits();
    follow(&store, anna, id, 100);
    assert_eq!(make(&store, anna, "refused"), Err(Kind::Full));
    assert!(store.redirect("anna/promo").unwrap().is_some());
    assert_eq!(store.statistics(anna, id).unwrap().0.humans, 100, "pages show what waits");
    wait_until("a try", || !store.health().writes);
    let health = store.health();
    assert!(health.reads.is_ok() && health.waiting_clicks == 100 && health.shed_clicks == 0, "{health:?}");
    assert_eq!((health.space.free_bytes, health.space.kept_bytes), (3_000_000, 64 << 20));
    assert!(health.trouble.as_ref().is_some_and(|(_, why)| why.contains("nearly full")), "{health:?}");
    assert_eq!(store.commits(), before, "nothing was written");
    store.write_sparingly("removing something", |_| Ok(())).unwrap();
    assert_eq!(store.commits(), before + 1);
    set_free(folder.path(), None);
    wait_until("healing", || store.health().writes && store.health().waiting_clicks == 0);
    make(&store, anna, "made").unwrap();
    audit(&store);
    let told = TOLD.lock().unwrap();
    assert!(told[0].starts_with("the disk is nearly full: 3 MB are free, 68 MB are kept so. Nothing"), "{told:?}");
    assert!(told[1].starts_with("there is room on the disk again: "), "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn what_waits_is_written_at_the_end_although_the_disk_is_nearly_full() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    set_free(folder.path(), Some(0));
    wait_until("a look", || store.health().space.is_short);
    follow(&store, anna, id, 7);
    store.close();
    set_free(folder.path(), None);
    assert_eq!(open(folder.path()).unwrap().0.statistics(anna, id).unwrap().0.humans, 7);
}

#[test]
fn a_write_that_finds_no_room_is_refused_and_takes_no_click_with_it() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    store.break_disk(Fault::Full);
    follow(&store, anna, id, 3);
    assert_eq!(make(&store, anna, "refused"), Err(Kind::Full));
    let health = store.health();
    assert!(health.reads.is_ok() && !health.writes, "{health:?}");
    store.mend_disk();
    wait_until("healing", || store.health().writes);
    assert_eq!(store.statistics(anna, id).unwrap().0.humans, 3);
    assert!(store.redirect("anna/refused").unwrap().is_none());
    audit(&store);
}

#[test]
fn a_disk_that_failed_once_is_tried_again_with_nobody_asking() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    store.break_disk(Fault::Once(0));
    assert_eq!(make(&store, anna, "refused"), Err(Kind::Disk));
    assert!(!store.health().writes);
    wait_until("healing", || store.health().writes);
    assert!(store.health().trouble.is_some(), "it is remembered");
}
