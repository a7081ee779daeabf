//! Every click counts once, whatever the disk, the clock and the visitors do.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata};
use tempfile::TempDir;

use crate::calendar::{self, Day};
use crate::click::{self, Click, Visit};
use crate::clock::Timestamp;
use crate::limits::{CLICK_QUEUE_MAX, CLICKS_LATEST};
use crate::link::LinkId;
use crate::store::clicks::{History, Numbers, OneDay, Period, Seen, Tally, TallyOf, Whose};
use crate::store::tables::{CLICK_LOG, CLICK_SEG, META, ROLL_DAY, ROLL_TOTAL, link_key};
use crate::store::tests::{
    NOW, Xorshift, audit, click, folder_with, fresh, ignore, link, name, open, open_hasty, open_hasty_and_tell, rounds,
    tamper, user,
};
use crate::store::{Fault, Store};
use crate::user::UserId;
use crate::visitor::marks::{Marker, Marks};
use crate::visitor::{self, AddressPolicy, Class, Reason};

impl super::Ledger {
    /// True when nothing is being counted, and nothing will be before more clicks come or grow old.
    pub(in crate::store) fn is_quiet(&self) -> bool {
        let memory = self.lock();
        memory.round.is_none() && memory.fresh.len() < self.pace.round
    }
}

/// Clicks as they were sent, by link, the oldest first.
#[derive(Default, Clone)]
struct Model(BTreeMap<(UserId, LinkId), Vec<Click>>);

const AGENTS: [&str; 4] = [
    "",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
    "curl/8.1",
];

impl Model {
    /// A click of any kind on one of `links`, with a clock that seldom stands right.
    fn send(&mut self, store: &Store, links: &[(UserId, LinkId)], random: &mut Xorshift) {
        let (owner, id) = links[random.below(links.len() as u64) as usize];
        let jump = [0, 0, 0, 86_400, -86_400, -90_000_000, 3_600][random.below(7) as usize];
        let sent = Click {
            at: NOW.plus_s(jump + random.below(1000).cast_signed()),
            class: [Class::Human, Class::Human, Class::Bot, Class::Preview, Class::Prefetch][random.below(5) as usize],
            reason: [Reason::NoAgent, Reason::RobotWord][random.below(2) as usize],
            referrer: match random.below(4) {
                0 => Arc::default(),
                1 => format!("host{}.example", random.below(9)).into(),
                _ => format!("host{}.example/{}", random.below(9), random.below(9)).into(),
            },
            agent: AGENTS[random.below(4) as usize].into(),
            address: [None, Some("203.0.113.0"), Some("2001:db8:1::")][random.below(3) as usize]
                .map(|text| text.parse().unwrap()),
            ..click(owner, id, Class::Human)
        };
        // One of a few people, who has another mark on each link and for each owner.
        let (person, is_told_apart) = (random.below(20) as u32 + 1, random.below(5) > 0);
        let marks = Marks { link: id.0 << 16 | person, owner: owner.0 << 16 | person, site: person };
        let sent = Click { marks: (sent.class == Class::Human && is_told_apart).then_some(marks), ..sent };
        store.record_click(sent.clone());
        self.0.entry((owner, id)).or_default().push(sent);
    }

    fn numbers<'a>(sent: impl IntoIterator<Item = &'a Click>) -> Numbers {
        let mut numbers = Numbers::default();
        for click in sent {
            match click.class {
                Class::Human => numbers.humans += 1,
                Class::Bot | Class::Preview => numbers.bots += 1,
                Class::Prefetch => continue,
            }
            numbers.last = numbers.last.max(Some(click.at).filter(|at| at.ms() > 0));
        }
        numbers
    }

    fn tally<'a>(sent: impl IntoIterator<Item = &'a Click>) -> Tally {
        let [mut browsers, mut systems, mut devices, mut reasons] = [(); 4].map(|()| HashMap::new());
        let (mut referrers, mut prefetches) = (HashMap::new(), 0);
        for click in sent {
            match click.class {
                Class::Human => {}
                Class::Bot | Class::Preview => {
                    *reasons.entry(click.reason.label()).or_default() += 1;
                    continue;
                }
                Class::Prefetch => {
                    prefetches += 1;
                    continue;
                }
            }
            if !click.referrer.is_empty() {
                *referrers.entry(click::referring_host(&click.referrer).to_owned()).or_default() += 1;
            }
            if !click.agent.is_empty() {
                let about = visitor::describe(&click.agent);
                *browsers.entry(visitor::browser_name(about.browser as u8)).or_default() += 1;
                *systems.entry(visitor::system_name(about.system as u8)).or_default() += 1;
                *devices.entry(visitor::device_name(about.device as u8)).or_default() += 1;
            }
        }
        fn sorted<T: Ord>(counts: HashMap<T, u64>) -> Vec<(T, u64)> {
            let mut counts: Vec<_> = counts.into_iter().collect();
            counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            counts
        }
        Tally {
            referrers: sorted(referrers),
            referrers_other: 0,
            browsers: sorted(browsers),
            systems: sorted(systems),
            devices: sorted(devices),
            reasons: sorted(reasons),
            prefetches,
        }
    }

    /// What is shown of each day.
    fn days<'a>(sent: impl IntoIterator<Item = &'a Click>, mark: fn(&Marks) -> u32) -> Vec<OneDay> {
        let mut days: BTreeMap<Day, (OneDay, HashSet<u32>)> = BTreeMap::new();
        fn bump(hours: &mut Vec<(u8, u64)>, at: Timestamp) {
            let hour = calendar::hour(at.ms());
            match hours.iter_mut().find(|pair| pair.0 == hour) {
                Some((_, count)) => *count += 1,
                None => hours.push((hour, 1)),
            }
            hours.sort_unstable();
        }
        for click in sent.into_iter().filter(|click| click.class != Class::Prefetch) {
            let day = calendar::day(click.at.ms());
            let empty = OneDay { day, people: 0, bots: 0, visitors: 0, hours: vec![], bot_hours: vec![] };
            let (of_day, marks) = days.entry(day).or_insert((empty, HashSet::new()));
            if click.class == Class::Human {
                of_day.people += 1;
                bump(&mut of_day.hours, click.at);
                marks.extend(click.marks.as_ref().map(mark));
                of_day.visitors = marks.len() as u64;
            } else {
                of_day.bots += 1;
                bump(&mut of_day.bot_hours, click.at);
            }
        }
        days.into_values().map(|(day, _)| day).collect()
    }

    #[track_caller]
    fn compare_history(store: &Store, whose: Whose, sent: &[&Click], mark: fn(&Marks) -> u32) {
        let all = Period { days: 1..=Day::MAX, tally: TallyOf::AllTime };
        let sent = || sent.iter().copied();
        let expected = History {
            numbers: Model::numbers(sent()),
            tally: Model::tally(sent()),
            days: Model::days(sent(), mark),
            is_damaged: false,
        };
        assert_eq!(store.history(whose, &all).unwrap(), expected, "{whose:?}");
        // Days one by one, with their own tallies.
        let today = calendar::day(NOW.ms());
        let since = store.history(whose, &Period { days: today..=Day::MAX, tally: TallyOf::Since(today) }).unwrap();
        let is_since = |click: &&Click| calendar::day(click.at.ms()) >= today;
        assert_eq!(since.days, Model::days(sent().filter(is_since), mark), "{whose:?}");
        assert_eq!(since.tally, Model::tally(sent().filter(is_since)), "{whose:?}");
    }

    fn latest(sent: &[Click], people_only: bool) -> Vec<Seen> {
        let fits = sent.iter().rev().filter(|click| !people_only || click.class == Class::Human);
        fits.take(CLICKS_LATEST).map(Seen::from).collect()
    }

    /// Holds everything that pages show against what was sent.
    #[track_caller]
    fn compare(&self, store: &Store) {
        self.compare_links(store);
        self.compare_sums(store);
    }

    #[track_caller]
    fn compare_links(&self, store: &Store) {
        for (&(owner, id), sent) in &self.0 {
            assert_eq!(store.numbers(owner, id).unwrap(), Model::numbers(sent));
            let sent_to_link: Vec<&Click> = sent.iter().collect();
            Model::compare_history(store, Whose::Link(owner, id), &sent_to_link, |marks| marks.link);
            for people_only in [false, true] {
                assert_eq!(store.latest_clicks(owner, id, people_only).unwrap(), Model::latest(sent, people_only));
            }
        }
        let owners: Vec<UserId> = self.0.keys().map(|key| key.0).collect();
        for owner in owners {
            let of_owner = self.0.iter().filter(|(key, _)| key.0 == owner);
            let humans: u64 = of_owner.map(|(_, sent)| Model::numbers(sent).humans).sum();
            assert_eq!(store.most_clicked(owner, 0).unwrap().1, humans);
        }
    }

    /// The same for the sums of users and of the site, in which clicks on deleted links stay once they were counted.
    #[track_caller]
    fn compare_sums(&self, store: &Store) {
        let owners: BTreeSet<UserId> = self.0.keys().map(|key| key.0).collect();
        for owner in owners {
            let of_owner = self.0.iter().filter(|(key, _)| key.0 == owner);
            let sent: Vec<&Click> = of_owner.flat_map(|(_, sent)| sent).collect();
            Model::compare_history(store, Whose::Owner(owner), &sent, |marks| marks.owner);
        }
        let sent: Vec<&Click> = self.0.values().flatten().collect();
        Model::compare_history(store, Whose::Site, &sent, |marks| marks.site);
    }
}

/// A hasty store with links of two users.
fn hasty() -> (TempDir, Store, Vec<(UserId, LinkId)>) {
    let (folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let links = ["a", "b", "c"].map(|text| (anna, link(&store, anna, text).id));
    let new = crate::link::NewLink { slug: None, change: crate::store::tests::about("https://example.org/", "") };
    let other = (bert, store.create_link(bert, name("bert"), new, NOW).unwrap().unwrap().id);
    store.close();
    let store = open_hasty(folder.path());
    (folder, store, [links.as_slice(), &[other]].concat())
}

fn len(store: &Store, table: crate::store::tables::Definition) -> u64 {
    store.file.database().unwrap().begin_read().unwrap().open_table(table).unwrap().len().unwrap()
}

#[test]
fn whatever_is_sent_is_shown_at_once_and_for_ever() {
    for seed in 1..=rounds(3) {
        eprintln!("seed {seed}");
        let mut random = Xorshift(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (folder, mut store, links) = hasty();
        let mut model = Model::default();
        for step in 0..60 {
            for _ in 0..random.below(25) {
                model.send(&store, &links, &mut random);
            }
            match random.below(8) {
                0 => store.flush_clicks(),
                1 => {
                    store.settle();
                    audit(&store);
                    assert_eq!(len(&store, CLICK_LOG), 0);
                }
                2 => {
                    store.close();
                    store =
                        if random.below(2) == 0 { open_hasty(folder.path()) } else { open(folder.path()).unwrap().0 };
                }
                3 => {
                    let faults =
                        [Fault::AfterSync, Fault::LostWrites, Fault::Full, Fault::Once(random.below(9) as usize)];
                    store.break_disk(faults[random.below(4) as usize]);
                    model.send(&store, &links, &mut random);
                    store.flush_clicks();
                    model.compare(&store);
                    store.mend_disk();
                }
                _ => {}
            }
            if step % 4 == 0 {
                model.compare(&store);
            }
        }
        store.settle();
        audit(&store);
        model.compare(&store);
    }
}

#[test]
fn a_disk_that_fails_at_any_step_makes_no_click_count_twice_or_never() {
    let faults: [fn(usize) -> Fault; 2] = [Fault::Once, Fault::From];
    // A script has some two hundred writes and syncs; a few places of each on every run, all of them with more rounds.
    let step = (23 / rounds(1)).max(1) as usize;
    for fault in faults {
        for at in (0..230).step_by(step) {
            let (folder, store, links) = hasty();
            let mut random = Xorshift(at as u64 + 1);
            let mut model = Model::default();
            (0..10).for_each(|_| model.send(&store, &links, &mut random));
            store.flush_clicks();
            store.break_disk(fault(at));
            for _ in 0..6 {
                (0..9).for_each(|_| model.send(&store, &links, &mut random));
                // It may be refused; what was sent counts all the same.
                drop(store.write("trying", |_| Ok(())));
                model.compare(&store);
            }
            store.mend_disk();
            model.compare(&store);
            store.settle();
            audit(&store);
            model.compare(&store);
            store.close();
            let (store, opened) = open(folder.path()).unwrap();
            assert!(!opened.repaired);
            audit(&store);
            model.compare(&store);
        }
    }
}

#[test]
fn after_a_crash_at_any_commit_what_was_flushed_counts_once() {
    let (_folder, store, links) = hasty();
    let mut random = Xorshift(0x2545_f491_4f6c_dd1d);
    let (mut model, mut is_in_round) = (Model::default(), 0);
    for _ in 0..rounds(4) {
        (0..40).for_each(|_| model.send(&store, &links, &mut random));
        store.flush_clicks();
        // Between these the thread goes on with its round, three clicks at a time.
        let images: Vec<Vec<u8>> = (0..6).map(|_| store.image()).collect();
        for image in images {
            let left = folder_with(&image);
            let check = |store: &Store| {
                audit(store);
                model.compare(store);
                store.settle();
                audit(store);
                model.compare(store);
                assert_eq!(len(store, CLICK_LOG), 0);
            };
            let (copy, opened) = open(left.path()).unwrap();
            assert!(opened.repaired);
            let place =
                copy.read("reading the place", |tx| crate::store::tables::place(&tx.open_table(META)?)).unwrap();
            is_in_round += u32::from(place.to > place.head);
            check(&copy);
        }
    }
    assert!(is_in_round > 0, "some crashes were in the middle of a round");
}

#[test]
fn no_reader_sees_more_or_less_than_was_sent_while_clicks_are_logged_and_counted() {
    let (_folder, store, links) = hasty();
    let (owner, id) = links[0];
    let sent = AtomicU64::new(0);
    let most = rounds(500);
    std::thread::scope(|scope| {
        let reader = |read: fn(&Store, UserId, LinkId) -> u64| {
            let (store, sent) = (&store, &sent);
            move || {
                loop {
                    let least = sent.load(Ordering::SeqCst);
                    let shown = read(store, owner, id);
                    // One may be in the queue and not yet noted.
                    let most_now = sent.load(Ordering::SeqCst) + 1;
                    assert!((least..=most_now).contains(&shown), "{shown} of {least} to {most_now}");
                    if least == most {
                        return;
                    }
                }
            }
        };
        scope.spawn(reader(|store, owner, id| store.numbers(owner, id).unwrap().humans));
        scope.spawn(reader(|store, owner, id| {
            let (numbers, tally) = store.statistics(owner, id).unwrap();
            assert_eq!(tally.browsers.iter().map(|pair| pair.1).sum::<u64>(), numbers.humans);
            assert_eq!(
                tally.referrers,
                if numbers.humans == 0 { vec![] } else { vec![("a.example".to_owned(), numbers.humans)] }
            );
            numbers.humans
        }));
        scope.spawn(reader(|store, owner, _| store.most_clicked(owner, 0).unwrap().1));
        for number in 0..most {
            let (referrer, agent) = ("a.example/x".into(), AGENTS[1].into());
            store.record_click(Click { referrer, agent, ..click(owner, id, Class::Human) });
            sent.fetch_add(1, Ordering::SeqCst);
            if number % 100 == 0 {
                store.flush_clicks();
            }
        }
    });
    store.settle();
    audit(&store);
}

#[test]
fn a_crash_loses_only_what_was_not_flushed() {
    let (_folder, store, links) = hasty();
    let (owner, id) = links[0];
    let mut flushed = 0;
    for round in 1..=rounds(10) {
        (0..round % 13).for_each(|_| {
            store.record_click(click(owner, id, Class::Human));
        });
        store.flush_clicks();
        flushed += round % 13;
        store.record_click(click(owner, id, Class::Human));
        let left = folder_with(&store.image());
        let humans = open(left.path()).unwrap().0.numbers(owner, id).unwrap().humans;
        assert!((flushed..=flushed + 1).contains(&humans), "{humans} of {flushed}");
        flushed += 1;
    }
}

static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn tell(words: &str) {
    TOLD.lock().unwrap().push(words.to_owned());
}

/// A closed store's folder with `count` clicks in the log, and the link they are on.
fn logged(count: i64) -> (TempDir, UserId, LinkId) {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    for second in 0..count {
        store.record_click(Click { at: NOW.plus_s(second), ..click(anna, id, Class::Human) });
    }
    store.close();
    (folder, anna, id)
}

fn blocks(folder: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let database = redb::Database::open(folder.join(crate::store::FILE_NAME)).unwrap();
    let tx = database.begin_read().unwrap();
    let table = tx.open_table(CLICK_LOG).unwrap();
    table
        .iter()
        .unwrap()
        .map(|row| row.map(|(key, raw)| (key.value().to_vec(), raw.value().to_vec())).unwrap())
        .collect()
}

#[test]
fn a_damaged_block_costs_its_own_clicks_only_and_is_reported() {
    let (folder, anna, id) = logged(3000);
    let before = blocks(folder.path());
    assert!(before.len() > 3);
    let (key, raw) = &before[1];
    let lost = super::block::read_block(key, raw).unwrap().len() as u64;
    let mut flipped = raw.clone();
    flipped[100] ^= 1;
    tamper(folder.path(), CLICK_LOG, key, &flipped);
    let store = open_hasty_and_tell(folder.path(), tell);
    assert_eq!(store.numbers(anna, id).unwrap().humans, 3000 - lost);
    assert!(TOLD.lock().unwrap().iter().any(|told| told.contains("clicks are lost: click_log")));
    store.settle();
    audit(&store);
    assert_eq!(store.numbers(anna, id).unwrap().humans, 3000 - lost);
    assert_eq!(len(&store, CLICK_LOG), 0, "it goes with its round");
}

#[test]
fn without_its_place_the_log_is_not_counted_a_second_time() {
    let (folder, anna, id) = logged(100);
    let (store, _) = open(folder.path()).unwrap();
    store.settle();
    (0..5).for_each(|_| {
        store.record_click(click(anna, id, Class::Human));
    });
    store.close();
    tamper(folder.path(), META, b"ingest", b"\x01\xff");
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(store.numbers(anna, id).unwrap().humans, 100);
    (0..7).for_each(|_| {
        store.record_click(click(anna, id, Class::Human));
    });
    assert_eq!(store.numbers(anna, id).unwrap().humans, 107);
    store.settle();
    assert_eq!(store.numbers(anna, id).unwrap().humans, 107);
    audit(&store);
    store.close();
    assert_eq!(open(folder.path()).unwrap().0.numbers(anna, id).unwrap().humans, 107);
}

#[test]
fn a_queue_full_of_clicks_is_counted_to_the_last() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let ids = ["a", "b", "c"].map(|text| link(&store, anna, text).id);
    for at in 0..CLICK_QUEUE_MAX {
        store.record_click(click(anna, ids[at % 3], Class::Human));
    }
    let shed = store.take_shed_clicks();
    let humans = || ids.map(|id| store.numbers(anna, id).unwrap().humans).iter().sum::<u64>();
    assert_eq!(humans() + shed, CLICK_QUEUE_MAX as u64);
    let before = humans();
    store.settle();
    audit(&store);
    assert_eq!(humans(), before);
    store.close();
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(ids.map(|id| store.numbers(anna, id).unwrap().humans).iter().sum::<u64>(), before);
}

#[test]
fn with_too_much_to_count_clicks_wait_and_then_go_on() {
    let (_folder, store, links) = hasty();
    let (owner, id) = links[0];
    store.break_disk(Fault::Full);
    (0..500).for_each(|_| {
        store.record_click(click(owner, id, Class::Human));
    });
    assert_eq!(store.numbers(owner, id).unwrap().humans, 500);
    store.mend_disk();
    store.settle();
    while store.queue.unwritten_clicks() > 0 {
        store.settle();
    }
    assert_eq!(store.numbers(owner, id).unwrap().humans, 500);
    audit(&store);
}

#[test]
fn a_clock_that_runs_backwards_leaves_every_click_in_its_order() {
    let (_folder, store, links) = hasty();
    let (owner, id) = links[1];
    let times = [0, 5_000, -1, i64::MIN / 1000, i64::MAX / 1000, -86_400, 86_400, 1].map(|second| NOW.plus_s(second));
    let times: Vec<Timestamp> = times.into_iter().chain([Timestamp::from_ms(-1), Timestamp::from_ms(0)]).collect();
    for at in &times {
        store.record_click(Click { at: *at, ..click(owner, id, Class::Human) });
    }
    for _ in 0..2 {
        let latest = store.latest_clicks(owner, id, true).unwrap();
        assert!(latest.iter().map(|seen| seen.at).eq(times.iter().rev().copied()));
        assert_eq!(store.numbers(owner, id).unwrap().last, times.iter().max().copied());
        store.settle();
        audit(&store);
    }
}

#[test]
fn deleting_a_link_leaves_nothing_of_its_clicks() {
    let (_folder, store, links) = hasty();
    let (owner, id) = links[0];
    let mut random = Xorshift(7);
    let mut model = Model::default();
    for when in 0..3 {
        (0..60).for_each(|_| model.send(&store, &links, &mut random));
        match when {
            0 => store.settle(),
            1 => store.flush_clicks(),
            _ => {}
        }
    }
    store.delete_link(owner, name("anna"), id).unwrap().unwrap();
    model.0.remove(&(owner, id));
    model.compare_links(&store);
    assert_eq!(store.statistics(owner, id).unwrap(), (Numbers::default(), Tally::default()));
    store.settle();
    while store.purge_clicks().unwrap() {}
    audit(&store);
    model.compare_links(&store);
    let tx = store.file.database().unwrap().begin_read().unwrap();
    let keys = |table: crate::store::tables::Definition| -> Vec<Vec<u8>> {
        let table = tx.open_table(table).unwrap();
        table.iter().unwrap().map(|row| row.unwrap().0.value().to_vec()).collect()
    };
    let key = crate::store::tables::link_key(owner, id);
    assert!([CLICK_SEG, ROLL_DAY].into_iter().flat_map(keys).all(|other| other[..8] != key));
}

#[test]
fn clicks_on_a_deleted_link_stay_in_the_sums_of_its_owner_and_of_the_site() {
    let (folder, store, links) = hasty();
    let mut random = Xorshift(11);
    let mut model = Model::default();
    (0..200).for_each(|_| model.send(&store, &links, &mut random));
    store.settle();
    model.compare(&store);
    let deleted = links[0];
    store.delete_link(deleted.0, name("anna"), deleted.1).unwrap().unwrap();
    audit(&store);
    model.compare_sums(&store);
    // One that comes after, or that waited meanwhile, counts nowhere.
    store.record_click(click(deleted.0, deleted.1, Class::Human));
    model.compare_sums(&store);
    (0..50).for_each(|_| model.send(&store, &links[1..], &mut random));
    store.settle();
    while store.purge_clicks().unwrap() {}
    audit(&store);
    model.compare_sums(&store);
    // Even when the sums of the link do not read, as long as those of its days do.
    let damaged = links[1];
    store.close();
    tamper(folder.path(), ROLL_TOTAL, &link_key(damaged.0, damaged.1), b"\x01\xff");
    let store = open_hasty(folder.path());
    store.delete_link(damaged.0, name("anna"), damaged.1).unwrap().unwrap();
    audit(&store);
    model.compare_sums(&store);
}

#[test]
fn a_sum_of_many_links_that_does_not_read_costs_no_link_a_click() {
    let (folder, store, links) = hasty();
    let mut random = Xorshift(13);
    let mut model = Model::default();
    (0..40).for_each(|_| model.send(&store, &links, &mut random));
    store.settle();
    store.close();
    tamper(folder.path(), ROLL_TOTAL, &crate::store::tables::sum_key(Some(links[0].0)), b"\x01\xff");
    let store = open_hasty_and_tell(folder.path(), tell);
    (0..40).for_each(|_| model.send(&store, &links, &mut random));
    store.settle();
    model.compare_links(&store);
    assert!(TOLD.lock().unwrap().iter().any(|told| told.contains("a sum of clicks stays as it is: roll_total")));
    let sent: Vec<&Click> = model.0.values().flatten().collect();
    Model::compare_history(&store, Whose::Site, &sent, |marks| marks.site);
}

#[test]
fn many_visitors_of_a_day_are_estimated_and_of_several_days_added_up() {
    let (folder, store, links) = hasty();
    store.close();
    let store = open(folder.path()).unwrap().0;
    let (owner, id) = links[0];
    // Each of 3,000 people comes twice, and 60 of them on the next day again.
    let mut random = Xorshift(17);
    let people: Vec<u32> = (0..3_000).map(|_| random.below(1 << 32) as u32).collect();
    let visit = |person: usize, day: i64| {
        let marks = Marks { link: people[person], owner: people[person], site: people[person] };
        store.record_click(Click {
            at: NOW.plus_s(day * 86_400),
            marks: Some(marks),
            ..click(owner, id, Class::Human)
        });
    };
    (0..6_000).for_each(|at| visit(at % 3_000, 0));
    store.settle();
    (0..1_500).for_each(|person| visit(person, 0));
    (0..60).for_each(|person| visit(person, 1));
    for whose in [Whose::Link(owner, id), Whose::Owner(owner), Whose::Site] {
        let look = || store.history(whose, &Period { days: 1..=Day::MAX, tally: TallyOf::AllTime }).unwrap().days;
        let days = look();
        let visitors: Vec<u64> = days.iter().map(|day| day.visitors).collect();
        assert!((2_700..3_300).contains(&visitors[0]), "{visitors:?}");
        assert_eq!(visitors[1..], [60]);
        store.settle();
        assert_eq!(look(), days, "what is in memory is joined, not added");
    }
    audit(&store);
}

#[test]
fn who_is_told_apart_leaves_the_file_with_the_log_and_the_salt_is_never_in_it() {
    let (folder, store, links) = hasty();
    let (owner, id) = links[0];
    let marker = Marker::default();
    let visit = Visit {
        at: NOW,
        address: Some("203.0.113.77".parse().unwrap()),
        agent: AGENTS[1],
        referrer: "",
        ahead_of_time: false,
        counts_only: false,
    };
    let marked = Click::of(visit, owner, id, AddressPolicy::Never, &marker);
    let marks = marked.marks.unwrap();
    store.record_click(marked);
    store.settle();
    let tx = store.file.database().unwrap().begin_read().unwrap();
    let is_in = |table: crate::store::tables::Definition, mark: u32| {
        let table = tx.open_table(table).unwrap();
        table.iter().unwrap().any(|row| row.unwrap().1.value().windows(4).any(|part| part == mark.to_le_bytes()))
    };
    for mark in [marks.link, marks.owner, marks.site] {
        assert!(!is_in(CLICK_LOG, mark) && !is_in(CLICK_SEG, mark));
        assert!(is_in(ROLL_DAY, mark), "as one of the few of its day");
    }
    drop(tx);
    store.close();
    let secret = marker.secret();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(secret.chunks(8).all(|part| !bytes.windows(8).any(|bytes| bytes == part)));
    }
}

/// Nanoseconds of processor time that the writing thread has used, and bytes it has written to the file.
fn usage(store: &Store) -> (u64, u64) {
    let ask = |_: &redb::WriteTransaction| {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        let time = stat.split(' ').next().unwrap().parse().unwrap();
        Ok((time, crate::store::backend::fault::written()))
    };
    store.write("asking the thread", ask).unwrap()
}

/// The figures of a processor: `cargo test --release --lib -- --ignored --nocapture what_a_click_costs`.
#[test]
#[ignore = "takes a minute, and says something in a release build only"]
fn what_a_click_costs() {
    for links in [1, 100, 10_000_usize] {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        let ids: Vec<LinkId> = (0..links).map(|at| link(&store, anna, &format!("s{at}")).id).collect();
        store.close();
        let (store, _) = Store::open(folder.path(), 16 << 20, ignore).unwrap();
        let mut random = Xorshift(1);
        let agents: Vec<String> = (0..200).map(|at| format!("{} v{at}", AGENTS[1])).collect();
        let (before, begun) = (usage(&store), std::time::Instant::now());
        let mut sent = 0_u64;
        while sent < 1_000_000 {
            for _ in 0..4096 {
                store.record_click(Click {
                    at: NOW.plus_s((sent / 5000).cast_signed()),
                    referrer: format!("host{}.example/{}", random.below(50), random.below(5)).into(),
                    agent: agents[random.below(200) as usize].as_str().into(),
                    address: Some("203.0.113.0".parse().unwrap()),
                    ..click(anna, ids[random.below(links as u64) as usize], Class::Human)
                });
                sent += 1;
            }
            store.flush_clicks();
        }
        let logged = usage(&store);
        store.settle();
        let after = usage(&store);
        let per_click = |of: fn(&(u64, u64)) -> u64, to: &(u64, u64)| (of(to) - of(&before)) as f64 / sent as f64;
        eprintln!(
            "{links} links: {:.3} us and {:.1} B per click until the last was logged, {:.3} us and {:.1} B when all were \
             counted; {:.1} s; {:.1} B per click in the file",
            per_click(|usage| usage.0, &logged) / 1000.0,
            per_click(|usage| usage.1, &logged),
            per_click(|usage| usage.0, &after) / 1000.0,
            per_click(|usage| usage.1, &after),
            begun.elapsed().as_secs_f64(),
            store.size_bytes() as f64 / sent as f64,
        );
        let time = |of: &dyn Fn()| {
            let begun = std::time::Instant::now();
            (0..10).for_each(|_| of());
            begun.elapsed().as_micros() / 10
        };
        let look = || {
            store.statistics(anna, ids[0]).unwrap();
            store.latest_clicks(anna, ids[0], true).unwrap();
        };
        let counted_us = time(&look);
        for _ in 0..40 {
            (0..4096).for_each(|_| {
                store.record_click(click(anna, ids[0], Class::Human));
            });
            store.flush_clicks();
        }
        eprintln!("a link's page: {counted_us} us; with 160,000 clicks on it in the log: {} us", time(&look));
        let image = folder_with(&store.image());
        let begun = std::time::Instant::now();
        drop(open(image.path()).unwrap());
        eprintln!("opened after a crash in {} ms", begun.elapsed().as_millis());
        store.settle();
        let sent = sent + 40 * 4096;
        assert_eq!(store.most_clicked(anna, 0).unwrap().1, sent);
    }
}
