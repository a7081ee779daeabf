//! What the store's tests share: a store on a temporary folder, things to put into it, and an audit of the whole
//! file. Then what concerns all tables at once.

pub(crate) mod chance;
mod disk;
mod power;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use redb::{Database, ReadableTable};
use tempfile::TempDir;

use super::ledger::block::{self, Packed};
use super::ledger::rolls::{ALL_DAYS, day};
use super::record::{
    self, LinkRecord, OverallRecord, RedirectRecord, RollRecord, SessionRecord, SumRecord, UserRecord,
};
use super::tables::*;
use super::*;
use crate::click::Click;
use crate::clock::Timestamp;
use crate::link::{Link, LinkChange, LinkId, NewLink, Title};
use crate::password::PasswordHash;
use crate::slug::Slug;
use crate::target::{BlockedHosts, Target};
use crate::user::{Email, NewUser, Role, UserId, UserName};
use crate::visitor::{Class, Reason};

pub(in crate::store) const CACHE_BYTES: usize = 1 << 20;
pub(in crate::store) const NOW: Timestamp = Timestamp::from_ms(1_763_640_000_000);

impl Store {
    /// Has the disk fail from the next commit on, as `fault` says.
    pub(crate) fn break_disk(&self, fault: Fault) {
        let set = move |_: &WriteTransaction| -> Result<(), Error> {
            backend::fault::set(Some(fault));
            // A change that fails by itself needs no commit.
            Err(Error::new(Kind::Damaged, "only setting the fault"))
        };
        self.write("breaking the disk", set).unwrap_err();
    }

    /// Keeps the writing thread from its work, as `begun` is told, until the other end of `end` is dropped.
    pub(crate) fn stall(&self, begun: Sender<()>, end: Receiver<()>) {
        let wait = move |_: &WriteTransaction| {
            begun.send(()).unwrap();
            let _ = end.recv();
            Ok(())
        };
        self.write("waiting", wait).unwrap();
    }

    /// The disk takes everything again.
    pub(crate) fn mend_disk(&self) {
        let mend = |_: &WriteTransaction| {
            backend::fault::set(None);
            Ok(())
        };
        self.write("mending the disk", mend).unwrap();
    }

    /// Writes and counts all clicks that came before. Without it they are counted when they have settled.
    pub(crate) fn settle(&self) {
        self.flush_clicks();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while self.ledger.hurry() > 0 {
            assert!(std::time::Instant::now() < deadline, "nobody counts");
            self.write("waking the thread", |_| Ok(())).unwrap();
        }
    }

    /// Every row of every table.
    pub(crate) fn rows(&self) -> Vec<Rows> {
        let tx = self.file.database().unwrap().begin_read().unwrap();
        tables::ALL.into_iter().map(|table| all(&tx, table)).collect()
    }

    /// What a killed process would leave now.
    pub(in crate::store) fn image(&self) -> Vec<u8> {
        let path = self.file.path().to_owned();
        // Within a change, so that nothing is being written meanwhile.
        self.write("copying the file", move |_| Ok(std::fs::read(path).unwrap())).unwrap()
    }

    /// Transactions that were written since the file was made.
    pub(in crate::store) fn commits(&self) -> u64 {
        self.read("counting commits", |tx| last_commit(&tx.open_table(META)?)).unwrap()
    }
}

pub(in crate::store) fn ignore(_: &str) {}

pub(in crate::store) fn open(folder: &Path) -> Result<(Store, Opened), OpenError> {
    Store::open(folder, CACHE_BYTES, ignore)
}

/// A folder with a data file.
pub(in crate::store) fn folder_with(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE_NAME), bytes).unwrap();
    folder
}

/// A folder for a file that is synced again and again; in memory where that is possible.
fn quick_folder() -> TempDir {
    TempDir::new_in("/dev/shm").unwrap_or_else(|_| TempDir::new().unwrap())
}

fn quick_folder_with(bytes: &[u8]) -> TempDir {
    let folder = quick_folder();
    std::fs::write(folder.path().join(FILE_NAME), bytes).unwrap();
    folder
}

/// How often a test repeats what it does; `LINKJAR_ROUNDS` multiplies it.
pub(in crate::store) fn rounds(few: u64) -> u64 {
    few * std::env::var("LINKJAR_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// A store that does everything in little steps, and counts at once.
pub(in crate::store) fn open_hasty(folder: &Path) -> Store {
    open_hasty_and_tell(folder, ignore)
}

pub(in crate::store) fn open_hasty_and_tell(folder: &Path, report: Report) -> Store {
    open_at(folder, CACHE_BYTES, hasty(), report)
}

/// A store on a sound file, at some pace.
fn open_at(folder: &Path, cache_bytes: usize, pace: Pace, report: Report) -> Store {
    Store::on(DataFile::open(folder, cache_bytes, |_| {}).unwrap().0, pace, report).unwrap()
}

fn hasty() -> Pace {
    Pace {
        batch: 7,
        round: 20,
        uncounted_max: 60,
        settle: std::time::Duration::ZERO,
        slice: std::time::Duration::from_secs(1),
        slice_clicks: 3,
    }
}

/// An empty store; the folder goes with the first of the pair.
pub(in crate::store) fn fresh() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path()).unwrap();
    (folder, store)
}

/// Changes the file of a closed store behind its back.
pub(in crate::store) fn tamper(folder: &Path, table: Definition, key: &[u8], value: &[u8]) {
    let database = Database::open(folder.join(FILE_NAME)).unwrap();
    let tx = database.begin_write().unwrap();
    tx.open_table(table).unwrap().insert(key, value).unwrap();
    tx.commit().unwrap();
}

pub(in crate::store) fn hash_of(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

pub(in crate::store) fn new_user(name: &str, email: &str) -> NewUser {
    NewUser {
        name: UserName::parse(name).unwrap(),
        email: Email::parse(email).unwrap(),
        password: hash_of("first"),
        role: Role::User,
    }
}

pub(in crate::store) fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

/// Makes a user with an e-mail address of the same name.
pub(in crate::store) fn user(store: &Store, name: &str) -> UserId {
    store.create_user(new_user(name, &format!("{name}@example.com")), NOW).unwrap().unwrap()
}

pub(in crate::store) fn admin(store: &Store, name: &str) -> UserId {
    let new = NewUser { role: Role::Administrator, ..new_user(name, &format!("{name}@example.com")) };
    store.create_user(new, NOW).unwrap().unwrap()
}

pub(in crate::store) fn about(target: &str, title: &str) -> LinkChange {
    LinkChange {
        target: Target::from_stored(target.to_owned()).unwrap(),
        title: Title::parse(title).unwrap(),
        expires: None,
        enabled: true,
    }
}

pub(in crate::store) fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

/// Makes a link of `anna` to `https://example.com/` and its slug.
pub(in crate::store) fn link(store: &Store, owner: UserId, text: &str) -> Link {
    let new = NewLink { slug: Some(slug(text)), change: about(&format!("https://example.com/{text}"), "") };
    store.create_link(owner, name("anna"), new, NOW).unwrap().unwrap()
}

pub(in crate::store) fn click(owner: UserId, link: LinkId, class: Class) -> Click {
    Click {
        owner,
        link,
        at: NOW,
        class,
        reason: Reason::None,
        referrer: Arc::default(),
        agent: Arc::default(),
        address: None,
        marks: None,
    }
}

pub(crate) type Rows = Vec<(Vec<u8>, Vec<u8>)>;

fn all(tx: &ReadTransaction, table: Definition) -> Rows {
    let table = tx.open_table(table).unwrap();
    let row = |row: Result<(redb::AccessGuard<'_, _>, redb::AccessGuard<'_, _>), redb::StorageError>| {
        let (key, value): (redb::AccessGuard<'_, &[u8]>, redb::AccessGuard<'_, &[u8]>) = row.unwrap();
        (key.value().to_vec(), value.value().to_vec())
    };
    table.iter().unwrap().map(row).collect()
}

/// Reads every table and checks what [`crate::store`] promises of them.
pub(in crate::store) fn audit(store: &Store) {
    let database = store.file.database().unwrap();
    let tx = database.begin_read().unwrap();
    let names = audit_users(&tx);
    audit_links(&tx, &names);
    audit_clicks(&tx);
}

/// Users have one name and one address each, sessions a row in either table. Returns users' names by key.
fn audit_users(tx: &ReadTransaction) -> HashMap<Vec<u8>, String> {
    let mut names = HashMap::new();
    let (mut by_name, mut by_email, mut keepers): (Rows, Rows, Rows) = (Vec::new(), Vec::new(), Vec::new());
    let mut states = HashMap::new();
    for (key, raw) in all(tx, USER) {
        let record: UserRecord = record::unseal(&key, &raw).unwrap();
        by_name.push((record.name.clone().into_bytes(), key.clone()));
        if record.state < 2 {
            by_email.push((record.email.into_bytes(), key.clone()));
        } else {
            assert_eq!((record.email.as_str(), record.password.as_str()), ("", ""), "the name is left, and no more");
        }
        if record.state == 2 {
            keepers.push(([&record.keeper.unwrap_or(0).to_be_bytes(), key.as_slice()].concat(), Vec::new()));
        }
        states.insert(key.clone(), record.state);
        names.insert(key, record.name);
    }
    // Where there are no links nobody has to look after them.
    let (found, counts) = (all(tx, KEEPER), all(tx, LINK_COUNT));
    let has_links = |id: &[u8]| counts.iter().any(|(key, count)| key == id && *count != [0; 4]);
    assert!(found.iter().all(|row| keepers.contains(row)), "{found:?} {keepers:?}");
    assert!(keepers.iter().all(|row| found.contains(row) || !has_links(&row.0[4..])), "{found:?} {keepers:?}");
    assert!(all(tx, USER_PURGE).iter().all(|(key, _)| states[key] == 3));
    by_name.sort();
    by_email.sort();
    assert_eq!(all(tx, USER_NAME), by_name);
    assert_eq!(all(tx, USER_EMAIL), by_email);
    let of_session = |(key, raw): (Vec<u8>, Vec<u8>)| {
        let record: SessionRecord = record::unseal(&key, &raw).unwrap();
        assert_eq!(states[record.user.to_be_bytes().as_slice()], 0, "only accounts in use have sessions");
        ([&record.user.to_be_bytes(), key.as_slice()].concat(), Vec::new())
    };
    let mut by_user: Rows = all(tx, SESSION).into_iter().map(of_session).collect();
    by_user.sort();
    assert_eq!(all(tx, SESSION_USER), by_user);
    names
}

/// A link stands in `link`, in `redirect` and in its owner's `link_count`.
fn audit_links(tx: &ReadTransaction, names: &HashMap<Vec<u8>, String>) {
    let mut redirects: Rows = Vec::new();
    let mut counts: HashMap<Vec<u8>, u32> = HashMap::new();
    for (key, raw) in all(tx, LINK) {
        let link: LinkRecord = record::unseal(&key, &raw).unwrap();
        let redirect = RedirectRecord {
            owner: u32::from_be_bytes(key[..4].try_into().unwrap()),
            link: u32::from_be_bytes(key[4..].try_into().unwrap()),
            enabled: link.enabled,
            expires_ms: link.expires_ms,
            target: Some(link.target),
        };
        for slug in std::iter::once(&link.slug).chain(&link.aliases) {
            let path = format!("{}/{slug}", names[&key[..4]]).into_bytes();
            redirects.push((path.clone(), record::seal(&path, &redirect).unwrap()));
        }
        *counts.entry(key[..4].to_vec()).or_default() += 1;
    }
    redirects.sort();
    let is_grave =
        |(path, raw): &(Vec<u8>, Vec<u8>)| record::unseal::<RedirectRecord>(path, raw).unwrap().target.is_none();
    let (graves, rows): (Rows, Rows) = all(tx, REDIRECT).into_iter().partition(is_grave);
    assert_eq!(rows, redirects);
    for (path, raw) in graves {
        let owner = record::unseal::<RedirectRecord>(&path, &raw).unwrap().owner.to_be_bytes();
        assert!(path.starts_with(format!("{}/", names[owner.as_slice()]).as_bytes()));
    }
    let kept: HashMap<Vec<u8>, u32> = all(tx, LINK_COUNT)
        .into_iter()
        .map(|(key, raw)| (key, number("link_count", &raw).unwrap()))
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(kept, counts);
}

/// The clicks kept of a link, as its sum says: their segments are numbered without gaps.
fn audit_segments(segments: &HashMap<Vec<u8>, Rows>, key: &[u8], sum: &SumRecord) -> Vec<Packed> {
    let rows = segments.get(key).map(Vec::as_slice).unwrap_or_default();
    let numbers: Vec<u32> = rows.iter().map(|(key, _)| number("click_seg", &key[8..]).unwrap()).collect();
    assert_eq!(numbers, (sum.segment_first..sum.segment_next).collect::<Vec<_>>());
    let kept: Vec<Packed> = rows.iter().flat_map(|(key, raw)| block::read_segment(key, raw).unwrap()).collect();
    assert_eq!(kept.len(), sum.kept as usize);
    assert!(rows.iter().all(|(_, raw)| raw.len() <= crate::limits::CLICK_SEGMENT_BYTES_MAX));
    kept
}

type Days = BTreeMap<u16, RollRecord>;

/// Days agree with the sum of all, which has so many people and bots.
fn audit_days(days: &Days, (humans, bots): (u64, u64)) {
    let all = &days[&ALL_DAYS];
    assert_eq!((all.humans, all.bots), (humans, bots));
    assert!(all.sketch.is_empty());
    let mut summed = RollRecord::empty();
    for roll in days.values().skip(1) {
        assert_eq!(roll.visitors, roll.sketch.count().min(roll.humans));
        summed.add_counts(roll);
        summed.visitors += roll.visitors;
    }
    let hosts = |roll: &RollRecord| roll.hosts.iter().map(|pair| pair.1).sum::<u64>() + roll.hosts_other;
    assert_eq!(hosts(&summed), hosts(all));
    let without_hosts = |roll: &RollRecord| RollRecord { hosts: Vec::new(), hosts_other: 0, ..roll.clone() };
    assert_eq!(without_hosts(&summed), without_hosts(all));
}

/// A link's days agree with its single clicks as far as these are kept.
fn audit_kept(days: &Days, sum: &SumRecord, kept: &[Packed]) {
    if sum.segment_first > 0 || sum.passed > 0 {
        return;
    }
    let count = |fits: &dyn Fn(&Packed) -> bool| kept.iter().filter(|click| fits(click)).count() as u64;
    let is_human = |click: &Packed| click.class == Class::Human;
    let all = &days[&ALL_DAYS];
    let hosts = |roll: &RollRecord| roll.hosts.iter().map(|pair| pair.1).sum::<u64>() + roll.hosts_other;
    assert_eq!(sum.humans, count(&is_human));
    assert_eq!(sum.bots, count(&|click| matches!(click.class, Class::Bot | Class::Preview)));
    assert_eq!(all.browsers.iter().map(|pair| pair.1).sum::<u64>(), count(&|c| is_human(c) && c.agent != 0));
    assert_eq!(hosts(all), count(&|click| is_human(click) && click.referrer != 0));
    for (of_day, roll) in days.iter().skip(1) {
        assert_eq!(roll.humans, count(&|click| is_human(click) && day(click.at_ms) == *of_day));
    }
}

/// What is below the sums of a user, or of the site.
#[derive(Default)]
struct Below {
    humans: u64,
    bots: u64,
    days: BTreeMap<u16, (u64, u64)>,
}

impl Below {
    fn add(&mut self, humans: u64, bots: u64, days: &Days) {
        self.humans += humans;
        self.bots += bots;
        for (day, roll) in days {
            let sum = self.days.entry(*day).or_default();
            *sum = (sum.0 + roll.humans, sum.1 + roll.bots);
        }
    }

    /// A sum holds what is below it and, beyond that, what is gone.
    fn audit(&self, overall: &OverallRecord, days: &Days) {
        let gone = (overall.gone_humans, overall.gone_bots);
        assert_eq!((overall.humans, overall.bots), (self.humans + gone.0, self.bots + gone.1));
        audit_days(days, (overall.humans, overall.bots));
        for (day, roll) in days {
            let (humans, bots) = self.days.get(day).copied().unwrap_or_default();
            assert!(humans <= roll.humans && bots <= roll.bots);
            assert!(gone != (0, 0) || (humans, bots) == (roll.humans, roll.bots), "day {day}");
        }
        assert!(self.days.keys().all(|day| days.contains_key(day)));
    }
}

/// A link's sums, days and single clicks agree, and with those of its owner and of the site; what has no link is waiting to
/// be removed.
fn audit_clicks(tx: &ReadTransaction) {
    let links: Vec<_> = all(tx, LINK).into_iter().map(|(key, _)| key).collect();
    let leaving: Vec<_> = all(tx, CLICK_PURGE).into_iter().map(|(key, _)| key).collect();
    assert!(leaving.iter().all(|key| !links.contains(key)), "clicks of a link that exists are never removed");
    let is_sum = |key: &[u8]| key.ends_with(&[0; 4]);
    let mut segments: HashMap<Vec<u8>, Rows> = HashMap::new();
    let mut days: HashMap<Vec<u8>, Days> = HashMap::new();
    for (key, raw) in all(tx, CLICK_SEG) {
        segments.entry(key[..8].to_vec()).or_default().push((key, raw));
    }
    for (key, raw) in all(tx, ROLL_DAY) {
        let day = u16::from_be_bytes(key[8..].try_into().unwrap());
        days.entry(key[..8].to_vec()).or_default().insert(day, record::unseal(&key, &raw).unwrap());
    }
    let has_place = |key: &Vec<u8>| links.contains(key) || leaving.contains(key) || is_sum(key);
    assert!(segments.keys().chain(days.keys()).all(has_place));
    let sums = all(tx, ROLL_TOTAL);
    assert_eq!(sums.len(), days.keys().filter(|key| links.contains(key) || is_sum(key)).count());
    let (mut users, mut site): (BTreeMap<Vec<u8>, Below>, _) = (BTreeMap::new(), Below::default());
    for (key, raw) in sums.iter().filter(|(key, _)| !is_sum(key)) {
        let sum: SumRecord = record::unseal(key, raw).unwrap();
        let kept = audit_segments(&segments, key, &sum);
        audit_days(&days[key], (sum.humans, sum.bots));
        audit_kept(&days[key], &sum, &kept);
        users.entry([&key[..4], &[0; 4]].concat()).or_default().add(sum.humans, sum.bots, &days[key]);
    }
    for (key, raw) in sums.iter().rev().filter(|(key, _)| is_sum(key)) {
        let overall: OverallRecord = record::unseal(key, raw).unwrap();
        let below = if key == &[0; 8] { std::mem::take(&mut site) } else { users.remove(key).unwrap_or_default() };
        below.audit(&overall, &days[key]);
        site.add(overall.humans, overall.bots, &days[key]);
    }
    assert!(users.is_empty(), "every user with clicks has a sum");
    let place = place(&tx.open_table(META).unwrap()).unwrap();
    for (key, raw) in all(tx, CLICK_LOG) {
        assert!(key >= place.head.to_be_bytes().to_vec(), "a finished round leaves nothing in the log");
        assert!(raw.len() <= crate::limits::CLICK_BLOCK_BYTES_MAX);
        block::read_block(&key, &raw).unwrap();
    }
}

/// Pseudo-random numbers that are the same on every run.
pub(in crate::store) struct Xorshift(pub(in crate::store) u64);

impl Xorshift {
    pub(in crate::store) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What the store should hold: links by owner and slug, and people's clicks on each.
#[derive(Default)]
struct Model {
    links: HashMap<(UserId, String), Link>,
    humans: HashMap<LinkId, u64>,
    gone: Vec<(UserId, LinkId)>,
}

impl Model {
    /// One random thing that a person or a visitor does; the store's answer has to be the model's.
    fn step(&mut self, store: &Store, users: &[(UserId, &str)], random: &mut Xorshift) {
        let (owner, user_name) = users[usize::try_from(random.below(users.len() as u64)).unwrap()];
        let wanted = format!("s{}", random.below(12));
        let other = format!("s{}", random.below(12));
        let mut change = about(&format!("https://example.com/{}", random.below(1000)), "A title");
        change.enabled = random.below(4) > 0;
        change.expires = (random.below(3) == 0).then(|| NOW.plus_s(60));
        let known = self.links.get(&(owner, wanted.clone())).cloned();
        let holder = |model: &Model, text: &str| {
            let has = |link: &&Link| link.owner == owner && link.slugs().any(|slug| slug.as_str() == text);
            model.links.values().find(has).map(|link| link.id)
        };
        match (random.below(7), known) {
            (0 | 1, _) => {
                let new = NewLink { slug: Some(slug(&wanted)), change };
                let made = store.create_link(owner, name(user_name), new, NOW).unwrap();
                assert_eq!(made.is_err(), holder(self, &wanted).is_some());
                if let Ok(link) = made {
                    self.links.insert((owner, wanted), link);
                }
            }
            (2, Some(link)) => {
                let changed = store.change_link(owner, name(user_name), link.id, slug(&other), change, NOW).unwrap();
                let is_full = link.aliases.len() == crate::limits::ALIASES_PER_LINK_MAX;
                let expected = match holder(self, &other) {
                    Some(id) if id != link.id => Err(NotRenamed::Taken),
                    None if is_full => Err(NotRenamed::TooOften),
                    _ => Ok(()),
                };
                let changed = changed.unwrap();
                assert_eq!(changed.as_ref().map(drop), expected.as_ref().map(drop));
                match changed {
                    Err(_) => {}
                    Ok(link) => {
                        self.links.remove(&(owner, wanted));
                        self.links.insert((owner, other), link);
                    }
                }
            }
            (3, Some(link)) => {
                assert_eq!(store.delete_link(owner, name(user_name), link.id).unwrap(), Some(link.clone()));
                assert_eq!(store.delete_link(owner, name(user_name), link.id).unwrap(), None);
                self.links.remove(&(owner, wanted));
                self.humans.remove(&link.id);
                self.gone.push((owner, link.id));
            }
            (4, Some(link)) if !link.aliases.is_empty() => {
                let alias = link.aliases[0].clone();
                let left = store.give_up_alias(owner, name(user_name), link.id, alias.clone()).unwrap().unwrap();
                assert_eq!(left.aliases, link.aliases[1..]);
                assert_eq!(store.redirect(&format!("{user_name}/{}", alias.as_str())).unwrap().unwrap().target, None);
                self.links.insert((owner, wanted), left);
            }
            (_, Some(link)) => {
                for class in [Class::Human, Class::Bot, Class::Prefetch, Class::Preview, Class::Human] {
                    store.record_click(click(owner, link.id, class));
                }
                *self.humans.entry(link.id).or_default() += 2;
            }
            (_, None) => {
                if let Some(&(owner, link)) = self.gone.last() {
                    store.record_click(click(owner, link, Class::Human));
                }
            }
        }
    }

    fn compare(&self, store: &Store, users: &[(UserId, &str)]) {
        for settled in [false, true] {
            if settled {
                store.settle();
            }
            audit(store);
            self.compare_links(store, users);
        }
    }

    fn compare_links(&self, store: &Store, users: &[(UserId, &str)]) {
        for ((owner, slug), link) in &self.links {
            assert_eq!(store.link(*owner, link.id).unwrap().as_ref(), Some(link));
            let name = users.iter().find(|user| user.0 == *owner).unwrap().1;
            assert_eq!(slug, link.slug.as_str());
            for slug in link.slugs() {
                let redirect = store.redirect(&format!("{name}/{}", slug.as_str())).unwrap().unwrap();
                assert_eq!((redirect.link, redirect.target.as_ref()), (link.id, Some(&link.about.target)));
                assert_eq!((redirect.enabled, redirect.expires), (link.about.enabled, link.about.expires));
            }
            let (numbers, _) = store.statistics(*owner, link.id).unwrap();
            assert_eq!(numbers.humans, self.humans.get(&link.id).copied().unwrap_or(0));
        }
        assert_eq!(store.counts().unwrap(), (users.len() as u64, self.links.len() as u64));
    }
}

#[test]
fn whatever_people_do_all_tables_agree() {
    let (folder, store) = fresh();
    let users = [(user(&store, "anna"), "anna"), (user(&store, "bert"), "bert"), (user(&store, "carl"), "carl")];
    let mut model = Model::default();
    let mut random = Xorshift(0x2545_f491_4f6c_dd1d);
    for round in 0..6 {
        for _ in 0..60 {
            model.step(&store, &users, &mut random);
        }
        model.compare(&store, &users);
        if round % 2 == 1 {
            while store.purge_clicks().unwrap() {}
            audit(&store);
        }
    }
    drop(store);
    let (store, opened) = open(folder.path()).unwrap();
    assert_eq!(opened, Opened::default());
    model.compare(&store, &users);
}

#[test]
fn a_closed_store_answers_that_it_is_closed() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    store.close();
    store.close();
    assert_eq!(store.user(anna).unwrap_err().kind, Kind::Unavailable);
    assert_eq!(store.health().reads.unwrap_err().kind, Kind::Unavailable);
    assert_eq!(store.put_settings(Settings::default()).unwrap_err().kind, Kind::Unavailable);
    store.record_click(click(anna, LinkId(1), Class::Human));
    assert_eq!(store.take_shed_clicks(), 1);
}

#[test]
fn settings_and_secret_outlive_the_process() {
    let (folder, store) = fresh();
    assert_eq!(store.settings().unwrap(), Settings::default());
    let secret = store.secret().unwrap();
    let chosen = Settings {
        site_name: "Ours".to_owned(),
        blocked_hosts: BlockedHosts::new(vec!["evil.example".to_owned()]),
        ..Settings::default()
    };
    store.put_settings(chosen.clone()).unwrap();
    store.close();
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(store.settings().unwrap(), chosen);
    assert_eq!(store.secret().unwrap(), secret);
    assert_ne!(secret, fresh().1.secret().unwrap());
}

#[test]
fn damage_ends_the_process_with_its_own_code_also_beside_a_reader() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    store.close();
    for (is_damaged, code) in [(false, 1), (true, 4)] {
        if is_damaged {
            tamper(folder.path(), USER, &user_key(anna), b"no record");
        }
        let (file, _) = DataFile::open(folder.path(), CACHE_BYTES, |_| {}).unwrap();
        let reader = file.database().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(100));
                drop(reader);
            });
            assert_eq!(exit_code(&file, ignore), code);
        });
    }
}

/// Overwrites every page but the first, down to its head; redb panics when it reads such a page.
fn ruin_pages(folder: &Path) {
    use std::os::unix::fs::FileExt;
    let path = folder.join(FILE_NAME);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let pages = std::fs::metadata(&path).unwrap().len() / 4_096;
    (1..pages).for_each(|page| file.write_all_at(&[0xff; 4_092], page * 4_096 + 4).unwrap());
}

#[test]
fn a_file_that_does_not_close_well_is_damage_that_is_told_and_no_panic() {
    let (folder, store) = fresh();
    user(&store, "anna");
    store.close_well().unwrap();
    let (store, _) = Store::open(folder.path(), 0, ignore).unwrap();
    user(&store, "bert");
    ruin_pages(folder.path());
    let error = store.close_well().unwrap_err();
    assert_eq!(error.kind, Kind::Damaged);
    assert!(error.to_string().contains("could not be closed well"), "{error}");
}

#[test]
fn a_disk_that_fails_while_it_is_opened_is_not_taken_for_damage() {
    use backend::fault::{Call, How, Plan};
    let (folder, store) = fresh();
    user(&store, "anna");
    store.close_well().unwrap();
    let before = std::fs::read(folder.path().join(FILE_NAME)).unwrap();
    let open_after = |reads| {
        let plan = Plan::new(Call::Read, reads, How::Broken, true);
        Plan::follow(&plan);
        let opened = DataFile::open(folder.path(), 0, |_| {});
        (plan, opened)
    };
    let refusals = (0..).map(open_after).map_while(|(_, opened)| opened.err()).collect::<Vec<_>>();
    assert!(refusals.len() > 3 && refusals.iter().all(|why| matches!(why, OpenError::Disk(_))), "{refusals:?}");
    // And while the log is read.
    let (plan, opened) = open_after(i64::MAX);
    let file = opened.unwrap().0;
    plan.lift();
    Plan::follow(&Plan::new(Call::Read, 0, How::Broken, true));
    let start = || Keeper::start(Arc::new(Ledger::new(hasty())), &file.database()?.begin_read()?, ignore);
    let error = start().err().unwrap();
    assert!(matches!(OpenError::from(error), OpenError::Disk(_)));
    drop(file);
    assert!(std::fs::read(folder.path().join(FILE_NAME)).unwrap() == before);
}

#[test]
fn a_last_number_that_has_gone_back_takes_no_row_of_another() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let first = link(&store, anna, "first");
    store.close();
    let set_back = |by: u32| {
        tamper(folder.path(), META, b"seq", &(first.id.0 - by).to_be_bytes());
        open(folder.path()).unwrap().0
    };
    let store = set_back(1);
    let new = NewLink { slug: None, change: first.about.clone() };
    let refused = store.create_link(anna, UserName::parse("anna").unwrap(), new, NOW).unwrap_err();
    assert_eq!(refused.kind, Kind::Damaged, "{refused}");
    store.close();
    let store = set_back(2);
    let refused = store.create_user(new_user("berta", "berta@mail.example"), NOW).unwrap_err();
    assert_eq!(refused.kind, Kind::Damaged, "{refused}");
    assert_eq!(store.link(anna, first.id).unwrap(), Some(first));
    audit(&store);
}
