//! Nobody is sent to an old target after an edit was acknowledged. The two customary ways of keeping a cache true do send
//! people there, by the same tests.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::thread;

use super::*;
use crate::link::LinkId;
use crate::store::tests::{Xorshift, about, fresh, link, name, rounds, user};
use crate::target::Target;
use crate::user::UserId;

fn to(version: u32) -> Arc<Redirect> {
    let target = Target::from_stored("https://example.com/".to_owned()).unwrap();
    Arc::new(Redirect { owner: UserId(1), link: LinkId(version), enabled: true, expires: None, target: Some(target) })
}

#[test]
fn what_is_forgotten_is_not_found_and_what_was_read_before_is_not_kept() {
    let hot = Hot::new();
    assert!(hot.get("anna/docs").is_none());
    let epoch = hot.epoch("anna/docs");
    hot.keep("anna/docs", epoch, to(1));
    assert_eq!(hot.get("anna/docs").unwrap().link, LinkId(1));
    hot.forget("anna/docs");
    assert!(hot.get("anna/docs").is_none());
    hot.keep("anna/docs", epoch, to(1));
    assert!(hot.get("anna/docs").is_none(), "read before the edit, put back after it");
    hot.keep("anna/docs", hot.epoch("anna/docs"), to(2));
    assert_eq!(hot.get("anna/docs").unwrap().link, LinkId(2));
    hot.forget_all();
    assert!(hot.get("anna/docs").is_none());
}

#[test]
fn the_cache_stays_within_its_bound() {
    let hot = Hot::new();
    for number in 0..200_000 {
        let path = format!("anna/{number}");
        hot.keep(&path, hot.epoch(&path), to(number));
    }
    assert!(hot.rows.weight() <= HOT_BYTES_MAX);
    assert!(hot.rows.len() > 1_000);
}

/// How a cache is kept true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// What is kept is removed after the commit.
    RemoveAfter,
    /// It is removed before the commit, and again after it.
    RemoveBeforeAndAfter,
    Epochs,
}

/// A cache kept in one of these ways. Rows are versions that only grow.
struct Kept {
    way: Way,
    hot: Hot,
    plain: Mutex<HashMap<String, u32>>,
}

impl Kept {
    fn new(way: Way) -> Kept {
        Kept { way, hot: Hot::new(), plain: Mutex::default() }
    }

    fn get(&self, path: &str) -> Option<u32> {
        match self.way {
            Way::Epochs => self.hot.get(path).map(|redirect| redirect.link.0),
            _ => self.plain.lock().unwrap().get(path).copied(),
        }
    }

    fn keep(&self, path: &str, epoch: Epoch, version: u32) {
        match self.way {
            Way::Epochs => self.hot.keep(path, epoch, to(version)),
            _ => drop(self.plain.lock().unwrap().insert(path.to_owned(), version)),
        }
    }

    fn before_commit(&self, path: &str) {
        if self.way == Way::RemoveBeforeAndAfter {
            self.plain.lock().unwrap().remove(path);
        }
    }

    fn after_commit(&self, path: &str) {
        match self.way {
            Way::Epochs => self.hot.forget(path),
            _ => drop(self.plain.lock().unwrap().remove(path)),
        }
    }
}

const PATH: &str = "anna/docs";

/// The file, and the version that its editor was told is there.
#[derive(Default)]
struct World {
    file: u32,
    told: u32,
}

/// Somebody who follows the link: looks into the cache, then into the file, keeps what is there, one step at a time.
#[derive(Default)]
struct Reader {
    step: usize,
    least: u32,
    epoch: Option<Epoch>,
    read: u32,
}

impl Reader {
    const STEPS: usize = 4;

    /// Returns the version that the visitor is sent to, once it is known.
    fn go_on(&mut self, cache: &Kept, world: &World) -> Option<u32> {
        self.step += 1;
        match self.step {
            1 => {
                self.least = world.told;
                let found = cache.get(PATH);
                // Whoever has found it is done.
                self.step = if found.is_some() { Reader::STEPS } else { 1 };
                return found;
            }
            2 => self.epoch = Some(cache.hot.epoch(PATH)),
            3 => self.read = world.file,
            4 => {
                cache.keep(PATH, self.epoch.unwrap(), self.read);
                return Some(self.read);
            }
            _ => {}
        }
        None
    }
}

/// One step of an edit.
fn edit(step: usize, cache: &Kept, world: &mut World) {
    match step {
        0 => cache.before_commit(PATH),
        1 => world.file += 1,
        2 => cache.after_commit(PATH),
        _ => world.told = world.file,
    }
}

/// Runs steps of two readers (0, 1) and of one edit after the other (2) in this order, then one more reader. True when
/// somebody was sent to a version older than what had been told when they came.
fn is_stale(way: Way, order: &[usize]) -> bool {
    let (cache, mut world) = (Kept::new(way), World::default());
    let mut readers = [Reader::default(), Reader::default()];
    let (mut edited, mut is_stale) = (0, false);
    for who in order {
        if let Some(reader) = readers.get_mut(*who) {
            is_stale |= reader.go_on(&cache, &world).is_some_and(|version| version < reader.least);
        } else {
            edit(edited % 4, &cache, &mut world);
            edited += 1;
        }
    }
    let mut last = Reader::default();
    let found = (0..Reader::STEPS).find_map(|_| last.go_on(&cache, &world));
    is_stale | found.is_some_and(|version| version < last.least)
}

/// All orders of so many steps of each.
fn orders(left: [usize; 3], order: &mut Vec<usize>, try_it: &mut impl FnMut(&[usize])) {
    if left == [0; 3] {
        try_it(order);
    }
    for who in (0..3).filter(|who| left[*who] > 0) {
        let mut rest = left;
        rest[who] -= 1;
        order.push(who);
        orders(rest, order, try_it);
        order.pop();
    }
}

#[test]
fn in_every_order_of_steps_epochs_are_true_and_the_customary_ways_are_not() {
    for (way, is_true) in [(Way::RemoveAfter, false), (Way::RemoveBeforeAndAfter, false), (Way::Epochs, true)] {
        let (mut all, mut stale) = (0, 0);
        orders([Reader::STEPS, Reader::STEPS, 4], &mut Vec::new(), &mut |order| {
            all += 1;
            stale += usize::from(is_stale(way, order));
        });
        assert_eq!((all, stale == 0), (34_650, is_true), "{way:?}: {stale} orders end with an old target");
    }
    // One reader, two edits.
    orders([Reader::STEPS, 0, 8], &mut Vec::new(), &mut |order| assert!(!is_stale(Way::Epochs, order)));
}

/// Three readers and an editor at full speed. Returns how many of so many reads were older than what the editor had been
/// told when they began; ends at the first if `is_enough`.
fn stress(way: Way, reads: usize, is_enough: bool) -> usize {
    const PATHS: usize = 16;
    let cache = Kept::new(way);
    let paths: Vec<String> = (0..PATHS).map(|path| format!("anna/{path}")).collect();
    let file: Vec<AtomicU64> = (0..PATHS).map(|_| AtomicU64::new(0)).collect();
    let told: Vec<AtomicU64> = (0..PATHS).map(|_| AtomicU64::new(0)).collect();
    let (left, stale) = (AtomicU64::new(reads as u64), AtomicU64::new(0));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for reader in 1..=3 {
            let (cache, paths, file, told, left, stale, is_over) =
                (&cache, &paths, &file, &told, &left, &stale, &is_over);
            scope.spawn(move || {
                let mut random = Xorshift(reader);
                while !is_over.load(Ordering::SeqCst) {
                    let at = random.below(PATHS as u64) as usize;
                    let least = told[at].load(Ordering::SeqCst);
                    let found = cache.get(&paths[at]).unwrap_or_else(|| {
                        let epoch = cache.hot.epoch(&paths[at]);
                        let version = u32::try_from(file[at].load(Ordering::SeqCst)).unwrap();
                        if random.below(8) == 0 {
                            thread::yield_now();
                        }
                        cache.keep(&paths[at], epoch, version);
                        version
                    });
                    let is_stale = u64::from(found) < least;
                    stale.fetch_add(is_stale.into(), Ordering::SeqCst);
                    if left.fetch_sub(1, Ordering::SeqCst) <= 1 || is_stale && is_enough {
                        is_over.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
        for edit in 1.. {
            let at = edit as usize * 5 % PATHS;
            cache.before_commit(&paths[at]);
            file[at].store(edit, Ordering::SeqCst);
            cache.after_commit(&paths[at]);
            told[at].store(edit, Ordering::SeqCst);
            if is_over.load(Ordering::SeqCst) {
                break;
            }
        }
    });
    stale.into_inner() as usize
}

/// `LINKJAR_ROUNDS` asks for so many million reads.
#[test]
fn no_read_of_a_million_is_older_than_the_last_acknowledged_edit() {
    let reads = rounds(1_000_000) as usize;
    assert_eq!(stress(Way::Epochs, reads, false), 0);
    for way in [Way::RemoveAfter, Way::RemoveBeforeAndAfter] {
        assert!(stress(way, 100 * reads, true) > 0, "{way:?}: the test would not notice an old target");
    }
}

/// The same with the store's own reads and edits.
#[test]
fn no_visitor_is_sent_to_an_old_target_after_its_change_was_acknowledged() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let (told, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let least = told.load(Ordering::SeqCst);
                    let redirect = store.redirect("anna/promo").unwrap().unwrap();
                    let version =
                        redirect.target.as_ref().unwrap().as_str().rsplit('/').next().unwrap().parse().unwrap_or(0);
                    assert!(version >= least, "sent to {version} after {least} was acknowledged");
                }
            });
        }
        for version in 1..=rounds(150) {
            let change = about(&format!("https://example.com/{version}"), "");
            let slug = crate::store::tests::slug("promo");
            let changed = store.change_link(anna, name("anna"), id, slug, change, crate::store::tests::NOW);
            changed.unwrap().unwrap().unwrap();
            told.store(version, Ordering::SeqCst);
        }
        is_over.store(true, Ordering::SeqCst);
    });
}
