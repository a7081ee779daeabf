//! The power goes at any moment: what was answered is there afterwards, nothing is there by half, and no click counts
//! twice.
//!
//! A script of changes and clicks runs on a file whose disk keeps a tape ([`Tape`]). Then the power is cut in many places of
//! it, and what the disk may hold then is opened, examined, and held against what people had been told by then.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::chance;
use super::*;
use crate::session::SessionHash;
use crate::store::backend::tape::Tape;
use crate::store::ledger::migrate::tests::{compare, old_file};

/// What is in the file as far as people were told.
#[derive(Debug, Clone, Default)]
struct Told {
    users: Vec<(UserId, String)>,
    /// Owner, path and target.
    links: BTreeMap<LinkId, (UserId, String, String)>,
    sessions: BTreeMap<SessionHash, UserId>,
    site_name: String,
    /// Clicks known to be on disk, and clicks sent.
    written: usize,
    sent: usize,
}

/// Everything that happened, and when on the tape people heard of it.
struct Story {
    tape: std::sync::Arc<Tape>,
    /// The last is what it comes to.
    told: Vec<(usize, Told)>,
    /// The links of all clicks in the order in which they came.
    clicks: Vec<LinkId>,
}

/// Waits until the thread has nothing more to do. While clicks wait for their time it counts none.
fn wait_until_quiet(store: &Store) {
    while store.queue.unwritten_clicks() == 0 && !store.ledger.is_quiet() {
        std::thread::yield_now();
    }
}

impl Story {
    /// Runs a script to the clean end of its store. With every fourth seed the writing thread is not waited for, and may
    /// fall in elsewhere the next time.
    fn tell(seed: u64) -> Story {
        let mut random = Xorshift(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let folder = quick_folder();
        open(folder.path()).unwrap().0.close();
        let tape = Tape::insert(std::fs::read(folder.path().join(FILE_NAME)).unwrap());
        let is_racing = seed.is_multiple_of(4);
        // Otherwise nothing is counted before there is a round of it.
        let settle = if is_racing { Duration::ZERO } else { Duration::from_secs(3600) };
        let store = open_at(folder.path(), CACHE_BYTES, Pace { settle, ..hasty() }, ignore);
        store.set_click_flow(crate::click::Durability::Relaxed, Duration::from_secs(3600));
        let first = Told { site_name: store.settings().unwrap().site_name, ..Told::default() };
        let mut story = Story { tape, told: vec![(0, first)], clicks: Vec::new() };
        for number in 0..30 + random.below(30) {
            let mut told = story.told.last().unwrap().1.clone();
            story.step(&store, &mut told, number, &mut random);
            if !is_racing {
                wait_until_quiet(&store);
            }
            told.sent = story.clicks.len();
            story.told.push((story.tape.len(), told));
        }
        store.close();
        let mut told = story.told.last().unwrap().1.clone();
        told.written = told.sent;
        story.told.push((story.tape.len(), told));
        story
    }

    /// One thing that people do.
    fn step(&mut self, store: &Store, told: &mut Told, number: u64, random: &mut Xorshift) {
        let some = |count: usize, random: &mut Xorshift| random.below(count as u64) as usize;
        let link = (!told.links.is_empty()).then(|| *told.links.keys().nth(some(told.links.len(), random)).unwrap());
        let of_link = link.map(|link| (link, told.links[&link].0));
        let name_of = |told: &Told, id: UserId| told.users.iter().find(|user| user.0 == id).unwrap().1.clone();
        let target = format!("https://example.com/{number}/{}", "x".repeat(some(900, random)));
        match (random.below(9), of_link) {
            (0, _) | (_, None) if told.users.len() < 2 || random.below(3) == 0 => {
                let text = format!("user{number}");
                told.users.push((user(store, &text), text));
            }
            (1 | 2, _) | (_, None) => {
                let (owner, text) = told.users[some(told.users.len(), random)].clone();
                let new = NewLink { slug: Some(slug(&format!("s{number}"))), change: about(&target, "") };
                let made = store.create_link(owner, name(&text), new, NOW).unwrap().unwrap();
                told.links.insert(made.id, (owner, format!("{text}/s{number}"), target));
            }
            (3, Some((link, owner))) => {
                let text = name_of(told, owner);
                let renamed = slug(&format!("r{number}"));
                store
                    .change_link(owner, name(&text), link, renamed, about(&target, ""), NOW)
                    .unwrap()
                    .unwrap()
                    .unwrap();
                told.links.insert(link, (owner, format!("{text}/r{number}"), target));
            }
            (4, Some((link, owner))) => {
                store.delete_link(owner, name(&name_of(told, owner)), link).unwrap().unwrap();
                told.links.remove(&link);
                if random.below(2) == 0 {
                    while store.purge_clicks().unwrap() {}
                }
            }
            (5, Some(_)) if told.sessions.len() > 1 => {
                let (hash, _) = told.sessions.pop_first().unwrap();
                store.end_session(hash).unwrap();
            }
            (5, Some((_, owner))) => {
                let hash = [number as u8; 32];
                assert!(store.sign_in(owner, hash_of("first"), None, hash, None, NOW).unwrap());
                told.sessions.insert(hash, owner);
            }
            (6, Some(_)) => {
                told.site_name = format!("Site {number}");
                let settings = Settings { site_name: told.site_name.clone(), ..Settings::default() };
                store.put_settings(settings).unwrap();
            }
            (_, Some(_)) => {
                for _ in 0..random.below(25) {
                    let link = *told.links.keys().nth(some(told.links.len(), random)).unwrap();
                    store.record_click(click(told.links[&link].0, link, Class::Human));
                    self.clicks.push(link);
                }
                // Otherwise they go along with what comes next.
                if random.below(4) > 0 {
                    store.flush_clicks();
                    told.written = self.clicks.len();
                }
            }
        }
    }

    /// What may be found after so many calls: what people were told, or the next of it; and how many of the clicks.
    fn possible(&self, at: usize) -> (&[(usize, Told)], RangeInclusive<usize>) {
        let last = self.told.iter().rposition(|(position, _)| *position <= at).unwrap();
        let possible = &self.told[last..self.told.len().min(last + 2)];
        (possible, possible[0].1.written..=possible.last().unwrap().1.sent)
    }
}

impl Told {
    /// True when the store says just this, and has counted the first so many clicks for some number of them.
    fn is_what_is_there(&self, store: &Store, clicks: &[LinkId], count: &RangeInclusive<usize>) -> bool {
        let names: Vec<String> = store.users().unwrap().iter().map(|user| user.name.as_str().to_owned()).collect();
        let sessions =
            (0..=u8::MAX).filter_map(|byte| Some(([byte; 32], store.session([byte; 32], NOW).unwrap()?.0.user)));
        let are_links = self.links.iter().all(|(link, (owner, path, target))| {
            let redirect = store.redirect(path).unwrap();
            let about = store.link(*owner, *link).unwrap().map(|link| link.about.target);
            redirect.is_some_and(|to| {
                to.link == *link && about == to.target && about.is_some_and(|about| about.as_str() == target)
            })
        });
        names.iter().eq(self.users.iter().map(|user| &user.1))
            && store.counts().unwrap().1 == self.links.len() as u64
            && are_links
            && sessions.collect::<BTreeMap<_, _>>() == self.sessions
            && store.settings().unwrap().site_name == self.site_name
            && self.has_counted(store, clicks, count)
    }

    fn has_counted(&self, store: &Store, clicks: &[LinkId], count: &RangeInclusive<usize>) -> bool {
        let shown: BTreeMap<LinkId, u64> = self
            .links
            .iter()
            .map(|(link, (owner, ..))| (*link, store.numbers(*owner, *link).unwrap().humans))
            .filter(|(_, humans)| *humans > 0)
            .collect();
        count.clone().any(|count| {
            let mut first = BTreeMap::new();
            for link in clicks[..count].iter().filter(|link| self.links.contains_key(link)) {
                *first.entry(*link).or_insert(0) += 1;
            }
            first == shown
        })
    }
}

/// Opens an image and examines it. Returns what a disk was told meanwhile, to the end.
fn survives(
    image: Vec<u8>,
    story: &Story,
    possible: &[(usize, Told)],
    count: &RangeInclusive<usize>,
) -> std::sync::Arc<Tape> {
    let folder = quick_folder_with(&image);
    let tape = Tape::insert(image);
    let store = open_hasty(folder.path());
    let is_possible =
        |store: &Store| possible.iter().any(|(_, told)| told.is_what_is_there(store, &story.clicks, count));
    audit(&store);
    assert!(is_possible(&store), "none of what may be there");
    store.settle();
    audit(&store);
    assert!(is_possible(&store), "none of what may be there, once all is counted");
    store.close();
    tape
}

/// What a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Sound,
    Refused,
    /// It says that it was closed well, and is wrong; whoever looks at all of it sees that.
    WrongAndNoticed,
}

/// The same where the disk may have lied. One that says it was closed well is opened without a look at every page, so it
/// is looked at by itself, as each backup is.
fn examine_after_lies(image: &[u8], story: &Story) -> Found {
    let folder = quick_folder_with(image);
    let path = folder.path().join(FILE_NAME);
    let is_noticed = check_file(&path, CACHE_BYTES).map_or(true, |report| report.damage.count > 0);
    assert!(std::fs::read(&path).unwrap() == image);
    let (store, opened) = match open(folder.path()) {
        Ok(opened) => opened,
        Err(error) => {
            assert!(matches!(error, OpenError::Damaged(_)), "{error}");
            assert!(is_noticed && std::fs::read(&path).unwrap() == image);
            return Found::Refused;
        }
    };
    if !opened.repaired && is_noticed {
        return Found::WrongAndNoticed;
    }
    let count = 0..=story.clicks.len();
    audit(&store);
    assert!(story.told.iter().any(|(_, told)| told.is_what_is_there(&store, &story.clicks, &count)));
    Found::Sound
}

/// Every place after a sync, and some between.
fn places(tape: &Tape, between: usize, random: &mut Xorshift) -> Vec<usize> {
    let mut places = tape.syncs();
    places.extend((0..between).map(|_| random.below(tape.len() as u64 + 1) as usize));
    places
}

#[test]
fn after_a_power_cut_at_any_moment_all_tables_hold_what_people_were_told() {
    chance::rounds(1, |seed| {
        let story = Story::tell(seed);
        let mut random = Xorshift(seed);
        for at in places(&story.tape, 30, &mut random) {
            let (possible, count) = story.possible(at);
            let image = story.tape.cut(at, usize::MAX, &mut random);
            survives(image, &story, possible, &count);
        }
    });
}

/// The old file stays until the copy is whole, and the copy is on disk before it takes the old file's place.
#[test]
fn a_power_cut_at_any_sync_of_an_upgrade_leaves_the_old_file_or_the_new() {
    let (folder, links) = old_file(&[300, 0, 40]);
    let old = std::fs::read(folder.path().join(FILE_NAME)).unwrap();
    // The old file is opened first.
    let tape = Tape::insert_after(1, old.clone());
    let (file, opened) = DataFile::open(folder.path(), CACHE_BYTES, |_| {}).unwrap();
    assert!(opened.upgraded.is_some());
    let in_place = tape.placed().unwrap();
    let store = Store::on(file, hasty(), ignore).unwrap();
    store.put_settings(Settings::default()).unwrap();
    store.close();
    chance::rounds(1, |seed| {
        let mut random = Xorshift(seed);
        let places = places(&tape, 10, &mut random);
        assert!([places[0] < in_place, places.iter().any(|at| *at > in_place)] == [true; 2], "{places:?}, {in_place}");
        for at in places.into_iter().chain([in_place]) {
            let image = tape.cut(at, usize::MAX, &mut random);
            let is_old = at < in_place;
            let folder = quick_folder_with(if is_old { &old } else { &image });
            if is_old {
                std::fs::write(folder.path().join("linkjar.redb.upgrading"), &image).unwrap();
            }
            let (store, opened) = open(folder.path()).unwrap();
            assert_eq!(opened.upgraded.is_some(), is_old, "{at} of {in_place}");
            compare(&store, &links);
            audit(&store);
        }
    });
}

#[test]
fn a_power_cut_while_recovering_from_one_changes_nothing() {
    chance::rounds(1, |seed| {
        let story = Story::tell(seed);
        let mut random = Xorshift(seed);
        for at in places(&story.tape, 0, &mut random).into_iter().step_by(5) {
            let (possible, count) = story.possible(at);
            let mut image = story.tape.cut(at, usize::MAX, &mut random);
            for _ in 0..=3 {
                let tape = survives(image, &story, possible, &count);
                image = tape.cut(random.below(tape.len() as u64 + 1) as usize, usize::MAX, &mut random);
            }
        }
    });
}

#[test]
fn a_disk_that_lies_about_syncs_leaves_an_older_state_or_damage_that_is_noticed() {
    chance::rounds(1, |seed| {
        let story = Story::tell(seed);
        let mut random = Xorshift(seed);
        let found: Vec<Found> = places(&story.tape, 30, &mut random)
            .into_iter()
            .map(|at| {
                let honest = random.below(at as u64 + 1) as usize;
                examine_after_lies(&story.tape.cut(at, honest, &mut random), &story)
            })
            .collect();
        assert!(found.contains(&Found::Sound) && found.contains(&Found::Refused));
    });
}
