//! Every broken promise is found, and nothing is found where none is broken.

use std::cell::RefCell;
use std::path::Path;

use redb::Database;

use super::*;
use crate::limits::{ALIASES_PER_LINK_MAX, GRAVES_PER_USER_MAX, PAST_TARGETS_MAX};
use crate::link::NewLink;
use crate::session::Signs;
use crate::store::ledger::rolls::day;
use crate::store::ledger::sketch::Sketch;
use crate::store::record::{
    DeviceRecord, LinkRecord, OneTimeRecord, OverallRecord, RedirectRecord, RollRecord, SessionRecord, SumRecord,
    UserRecord,
};
use crate::store::tables::*;
use crate::store::tests::{CACHE_BYTES, NOW, about, click, fresh, hash_of, link, name, open_hasty, slug, user};
use crate::store::{FILE_NAME, check_file};
use crate::user::{Estate, UserId};
use crate::visitor::Class;
use crate::visitor::marks::Marks;

/// A closed store with two users, three links, sessions, and clicks in all places they can be.
fn full() -> (tempfile::TempDir, UserId) {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    user(&store, "bert");
    let links = ["a", "b", "c"].map(|slug| link(&store, anna, slug).id);
    let moved = store.change_link(anna, name("anna"), links[0], slug("old"), about("https://example.com/a", ""), NOW);
    moved.unwrap().unwrap().unwrap();
    for target in ["b", "c", "a"].map(|end| format!("https://example.com/{end}")) {
        store.change_link(anna, name("anna"), links[0], slug("a"), about(&target, ""), NOW).unwrap().unwrap().unwrap();
    }
    assert!(store.sign_in(anna, hash_of("first"), None, [7; 32], None, NOW).unwrap());
    let signs = Signs { browser: Some([8; 32]), network: Some([9; 32]) };
    store.remember(anna, signs, NOW).unwrap();
    store.hand_out_reset(None, anna, NOW).unwrap().unwrap();
    remove_three(&store, UserId(2));
    store.close();
    let store = open_hasty(folder.path());
    let send = |count: i64| {
        for number in 0..count {
            let class = if number % 5 == 0 { Class::Bot } else { Class::Human };
            let mut sent = click(anna, links[usize::from(number % 3 == 0)], class);
            (sent.at, sent.referrer, sent.agent) = (NOW.plus_s(number * 9_000), "a.example/b".into(), "curl/8".into());
            sent.marks = (class == Class::Human).then_some(Marks { link: 1, owner: 2, site: number as u32 });
            store.record_click(sent);
        }
    };
    send(60);
    store.settle();
    store.delete_link(anna, crate::store::tests::name("anna"), links[2]).unwrap().unwrap();
    store.close();
    // At its own pace it leaves them in the log.
    let (store, _) = crate::store::tests::open(folder.path()).unwrap();
    store.record_click(click(anna, links[0], Class::Human));
    store.close();
    (folder, anna)
}

/// Users 6 to 8, all of them removed, with a link each: one with a keeper, one without, and one whose link is still to go.
fn remove_three(store: &crate::store::Store, keeper: UserId) {
    let estates = [("dora", Estate::Kept(keeper)), ("emil", Estate::Archived), ("fritz", Estate::Deleted)];
    let ids = estates.map(|(user_name, _)| user(store, user_name));
    for (id, (user_name, estate)) in ids.into_iter().zip(estates) {
        let new = NewLink { slug: None, change: about("https://example.com/", "") };
        store.create_link(id, name(user_name), new, NOW).unwrap().unwrap();
        store.remember(id, Signs { browser: Some([8; 32]), network: None }, NOW).unwrap();
        store.remove_user(None, id, estate).unwrap().unwrap();
    }
}

fn report(folder: &Path) -> Report {
    check_file(&folder.join(FILE_NAME), CACHE_BYTES).unwrap_or_else(|error| panic!("{error}"))
}

/// Changes or removes the first row of a table whose key begins so.
fn plant(folder: &Path, table: Definition, prefix: &[u8], change: impl FnOnce(&[u8], Vec<u8>) -> Option<Vec<u8>>) {
    let database = Database::open(folder.join(FILE_NAME)).unwrap();
    let tx = database.begin_write().unwrap();
    {
        let mut table = tx.open_table(table).unwrap();
        let (key, raw) = {
            let (key, raw) = table.range(prefix..).unwrap().next().unwrap().unwrap();
            (key.value().to_vec(), raw.value().to_vec())
        };
        assert!(key.starts_with(prefix));
        match change(&key, raw) {
            Some(raw) => drop(table.insert(key.as_slice(), raw.as_slice()).unwrap()),
            None => drop(table.remove(key.as_slice()).unwrap()),
        }
    }
    tx.commit().unwrap();
}

fn insert(folder: &Path, table: Definition, key: &[u8], raw: &[u8]) {
    crate::store::tests::tamper(folder, table, key, raw);
}

fn edit<R: record::Record>(edit: impl FnOnce(&mut R)) -> impl FnOnce(&[u8], Vec<u8>) -> Option<Vec<u8>> {
    move |key, raw| {
        let mut record = record::unseal::<R>(key, &raw).unwrap();
        edit(&mut record);
        Some(record::seal(key, &record).unwrap())
    }
}

fn flip(_: &[u8], mut raw: Vec<u8>) -> Option<Vec<u8>> {
    raw[1] ^= 1;
    Some(raw)
}

fn gone(_: &[u8], _: Vec<u8>) -> Option<Vec<u8>> {
    None
}

#[test]
fn a_sound_file_has_no_findings() {
    let (folder, _) = full();
    let report = report(folder.path());
    assert_eq!((report.damage.shown, report.leftovers.shown), (vec![], vec![]));
    assert_eq!((report.users, report.links, report.clicks, report.repaired), (5, 5, 61, false));
}

type Break = fn(&Path);

const ANNA: [u8; 4] = [0, 0, 0, 1];
const DORA: [u8; 4] = [0, 0, 0, 6];
/// The first link of anna's, all of hers, all of everybody's.
const A: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 3];
const HERS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 0];
const SITE: [u8; 8] = [0; 8];
/// What is found, and what was done to the file. "leftover": something, but no damage.
static BROKEN: &[(&str, Break)] = &[
    ("rows: user \\x00\\x00\\x00\\x01: wrong checksum", |at| plant(at, USER, &ANNA, flip)),
    ("tables: user_name anna: missing", |at| plant(at, USER_NAME, b"anna", gone)),
    ("user_name anna: leads to somebody else", |at| insert(at, USER_NAME, b"anna", &[0, 0, 0, 2])),
    ("user_name ghost: leads to nobody", |at| insert(at, USER_NAME, b"ghost", &[0, 0, 0, 99])),
    ("user_email anna@example.com: missing", |at| plant(at, USER_EMAIL, b"anna", gone)),
    ("user_email x@y: leads to somebody else", |at| insert(at, USER_EMAIL, b"x@y", &ANNA)),
    ("user_name berta: missing", |at| {
        plant(at, USER, &[0, 0, 0, 2], edit(|user: &mut UserRecord| user.name = "berta".to_owned()));
    }),
    ("user \\x00\\x00\\x00\\x01: in no known state", |at| {
        plant(at, USER, &ANNA, edit(|user: &mut UserRecord| user.state = 9));
    }),
    ("session \\x07", |at| plant(at, USER, &ANNA, edit(|user: &mut UserRecord| user.state = 1))),
    ("of an account that is not in use", |at| {
        plant(at, SESSION, &[7], edit(|session: &mut SessionRecord| session.user = 6));
    }),
    ("removed, but more than the name is left", |at| {
        plant(at, USER, &DORA, edit(|user: &mut UserRecord| user.password = "$argon2id".to_owned()));
    }),
    ("nobody knows who looks after the links", |at| plant(at, KEEPER, &[0, 0, 0, 2], gone)),
    ("nobody knows who looks after the links", |at| plant(at, KEEPER, &[0, 0, 0, 0], gone)),
    ("nobody looks after the links", |at| {
        plant(at, USER, &DORA, edit(|user: &mut UserRecord| user.keeper = Some(7)));
        insert(at, KEEPER, &[0, 0, 0, 7, 0, 0, 0, 6], b"");
    }),
    ("of links that others look after", |at| insert(at, KEEPER, &[0, 0, 0, 1, 0, 0, 0, 6], b"")),
    ("of links that others look after", |at| insert(at, KEEPER, &[0, 0, 0, 0, 0, 0, 0, 2], b"")),
    ("keeper abc: key of a wrong length", |at| insert(at, KEEPER, b"abc", b"")),
    ("of links that stay", |at| insert(at, USER_PURGE, &ANNA, b"")),
    ("keeper \\x00\\x00\\x00\\x02\\x00\\x00\\x00\\x06: has a value", |at| {
        insert(at, KEEPER, &[0, 0, 0, 2, 0, 0, 0, 6], b"x")
    }),
    ("user_purge \\x00\\x00\\x00\\x08: has a value", |at| insert(at, USER_PURGE, &[0, 0, 0, 8], b"x")),
    ("links are left that should be deleted", |at| plant(at, USER_PURGE, &[], gone)),
    ("no administrator can log in", |at| insert(at, META, b"set_up", b"1")),
    ("a number that was never given out", |at| insert(at, META, b"seq", &[0, 0, 0, 1])),
    ("meta remains: of a wrong length", |at| insert(at, META, b"remains", b"1")),
    ("meta secret: missing", |at| plant(at, META, b"secret", gone)),
    ("meta secret: of a wrong length", |at| insert(at, META, b"secret", b"short")),
    ("meta secret: wrong checksum", |at| plant(at, META, b"secret", flip)),
    ("meta seq: wrong checksum", |at| plant(at, META, b"seq", flip)),
    ("settings settings", |at| insert(at, META, b"settings", b"\x01\xff")),
    ("ingest ingest", |at| insert(at, META, b"ingest", b"\x01\xff")),
    ("session ", |at| plant(at, SESSION, &[7], flip)),
    ("its user does not know of it", |at| plant(at, SESSION_USER, &ANNA, gone)),
    ("of no user", |at| plant(at, SESSION, &[7], edit(|session: &mut SessionRecord| session.user = 77))),
    ("of another user", |at| {
        let mut key = vec![0, 0, 0, 2];
        key.extend([7; 32]);
        insert(at, SESSION_USER, &key, b"");
    }),
    ("leftover", |at| plant(at, SESSION, &[7], gone)),
    ("device ", |at| plant(at, DEVICE, &ANNA, flip)),
    ("device a: key of a wrong length", |at| insert(at, DEVICE, b"a", b"")),
    ("of no kind", |at| plant(at, DEVICE, &ANNA, edit(|device: &mut DeviceRecord| device.kind = 3))),
    ("of no account", |at| {
        let key = [&[0, 0, 0, 99], [8; 32].as_slice()].concat();
        let device = DeviceRecord { kind: 1, seen_ms: 0 };
        insert(at, DEVICE, &key, &record::seal(&key, &device).unwrap());
    }),
    ("one too many", |at| {
        for number in 0..5 {
            let key = [&ANNA, [100 + number; 32].as_slice()].concat();
            let device = DeviceRecord { kind: 2, seen_ms: 0 };
            insert(at, DEVICE, &key, &record::seal(&key, &device).unwrap());
        }
    }),
    ("one_time ", |at| plant(at, ONE_TIME, b"", flip)),
    ("made by somebody who is no administrator", |at| {
        plant(at, ONE_TIME, b"", edit(|right: &mut OneTimeRecord| right.by = 1));
    }),
    ("made by somebody who is no administrator", |at| {
        plant(at, ONE_TIME, b"", edit(|right: &mut OneTimeRecord| right.by = 77));
    }),
    ("good for nothing that is known", |at| {
        plant(at, ONE_TIME, b"", edit(|right: &mut OneTimeRecord| right.purpose = 3));
    }),
    ("good for nothing that is known", |at| {
        plant(at, ONE_TIME, b"", edit(|right: &mut OneTimeRecord| right.purpose = 2));
    }),
    ("of no user", |at| plant(at, ONE_TIME, b"", edit(|right: &mut OneTimeRecord| right.user = 0))),
    ("link \\x00", |at| plant(at, LINK, b"", flip)),
    ("redirect anna/a: missing", |at| plant(at, REDIRECT, b"anna/a", gone)),
    ("rows: redirect anna/a: wrong checksum", |at| plant(at, REDIRECT, b"anna/a", flip)),
    ("tables: redirect anna/a: differs from its link", |at| {
        let edit = edit(|row: &mut RedirectRecord| row.target = Some("https://evil.example/".to_owned()));
        plant(at, REDIRECT, b"anna/a", edit);
    }),
    ("redirect anna/a: of no link", |at| plant(at, LINK, b"", gone)),
    ("redirect anna/z: missing", |at| {
        plant(at, LINK, b"", edit(|link: &mut LinkRecord| link.slug = "z".to_owned()));
    }),
    ("tables: redirect anna/old: missing", |at| plant(at, REDIRECT, b"anna/old", gone)),
    ("tables: redirect anna/old: differs from its link", |at| {
        plant(at, REDIRECT, b"anna/old", edit(|row: &mut RedirectRecord| row.enabled = false));
    }),
    ("tables: redirect anna/old: differs from its link", |at| {
        plant(at, REDIRECT, b"anna/old", edit(|row: &mut RedirectRecord| row.target = None));
    }),
    ("redirect anna/old: of a link with another slug", |at| {
        plant(at, LINK, &A, edit(|link: &mut LinkRecord| link.aliases.clear()));
    }),
    ("has a slug twice", |at| {
        plant(at, LINK, &A, edit(|link: &mut LinkRecord| link.aliases.push("old".to_owned())));
    }),
    ("has a slug twice", |at| {
        plant(at, LINK, &A, edit(|link: &mut LinkRecord| link.aliases.push("a".to_owned())));
    }),
    ("rows: link \\x00", |at| {
        plant(at, LINK, &A, edit(|link: &mut LinkRecord| link.aliases.push("no slug".to_owned())));
    }),
    ("redirect anna/c: of a user with another name", |at| {
        plant(at, REDIRECT, b"anna/c", edit(|row: &mut RedirectRecord| row.owner = 2));
    }),
    ("leftover", |at| plant(at, REDIRECT, b"anna/c", edit(|row: &mut RedirectRecord| row.owner = 99))),
    ("has more earlier slugs than a link may have", |at| {
        let more = || (0..ALIASES_PER_LINK_MAX).map(|number| format!("old-{number}"));
        plant(at, LINK, &A, edit(|link: &mut LinkRecord| link.aliases.extend(more())));
        for path in more().map(|slug| format!("anna/{slug}")) {
            let raw = RefCell::new(Vec::new());
            plant(at, REDIRECT, b"anna/old", |key, row| {
                let redirect = record::unseal::<RedirectRecord>(key, &row).unwrap();
                *raw.borrow_mut() = record::seal(path.as_bytes(), &redirect).unwrap();
                Some(row)
            });
            insert(at, REDIRECT, path.as_bytes(), &raw.borrow());
        }
    }),
    ("more than are kept of a link", |at| {
        for number in 0..=PAST_TARGETS_MAX {
            let key = click_key(A, u32::try_from(number).unwrap());
            insert(at, LINK_PAST, &key, &past(&key, "https://a.example/"));
        }
    }),
    ("grave_count \\x00\\x00\\x00\\x01: says less than there are", |at| plant(at, GRAVE_COUNT, &ANNA, gone)),
    ("says more than there may be", |at| {
        insert(at, GRAVE_COUNT, &ANNA, &(GRAVES_PER_USER_MAX + 1).to_be_bytes());
    }),
    ("grave_count \\x00\\x00\\x00c: of no user", |at| insert(at, GRAVE_COUNT, &[0, 0, 0, 99], &[0; 4])),
    ("rows: link_past", |at| plant(at, LINK_PAST, b"", flip)),
    ("link_past abc: ", |at| insert(at, LINK_PAST, b"abc", &past(b"abc", "https://a.example/"))),
    ("\\x00c\\x00\\x00\\x00\\x00: of no link", |at| {
        let key = click_key(link_key(UserId(1), crate::link::LinkId(99)), 0);
        insert(at, LINK_PAST, &key, &past(&key, "https://a.example/"));
    }),
    ("one before it is missing", |at| plant(at, LINK_PAST, &click_key(A, 1), gone)),
    ("not a target", |at| {
        let key = click_key(A, 3);
        insert(at, LINK_PAST, &key, &past(&key, "javascript:alert(1)"));
    }),
    ("link_count \\x00\\x00\\x00\\x01: says 9, there are 2", |at| insert(at, LINK_COUNT, &ANNA, &[0, 0, 0, 9])),
    ("link_count \\x00\\x00\\x00c: of no user", |at| insert(at, LINK_COUNT, &[0, 0, 0, 99], &[0; 4])),
    ("roll_total", |at| plant(at, ROLL_TOTAL, &A, flip)),
    ("of a link without sums", |at| plant(at, ROLL_TOTAL, &A, gone)),
    ("differs from the clicks that are kept", |at| {
        plant(at, ROLL_TOTAL, &A, edit(|sum: &mut SumRecord| sum.humans += 1));
    }),
    ("differs from the number of clicks that are kept", |at| {
        plant(at, ROLL_TOTAL, &A, edit(|sum: &mut SumRecord| sum.kept -= 1));
    }),
    ("click_seg", |at| plant(at, CLICK_SEG, b"", flip)),
    ("not where the link's sums expect it", |at| {
        plant(at, ROLL_TOTAL, &A, edit(|sum: &mut SumRecord| sum.segment_next = 0));
    }),
    ("click_seg \\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x03\\x00\\x00\\x00\\x00: missing", |at| {
        plant(at, CLICK_SEG, b"", gone);
    }),
    ("roll_day", |at| plant(at, ROLL_DAY, &A, flip)),
    ("roll_day \\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x03\\x00\\x00: missing", |at| plant(at, ROLL_DAY, &A, gone)),
    ("differs from the link's sums", |at| {
        plant(at, ROLL_DAY, &A, edit(|roll: &mut RollRecord| roll.humans += 1));
    }),
    ("differs from the sum of the days", |at| {
        plant(at, ROLL_DAY, &A, edit(|roll: &mut RollRecord| roll.browsers[0].1 += 1));
    }),
    ("differs from the clicks that are kept", |at| {
        let key = day_key(A, day(NOW.ms()));
        plant(at, ROLL_DAY, &key, edit(|roll: &mut RollRecord| roll.bots += 1));
    }),
    ("counts other visitors than its sketch has", |at| {
        plant(at, ROLL_DAY, &day_key(A, day(NOW.ms())), edit(|roll: &mut RollRecord| roll.visitors += 1));
    }),
    ("counts other visitors than its sketch has", |at| {
        plant(at, ROLL_DAY, &day_key(SITE, day(NOW.ms())), edit(|roll: &mut RollRecord| roll.sketch = Sketch::empty()));
    }),
    ("different days have no visitors in common", |at| {
        let edit = edit(|roll: &mut RollRecord| roll.sketch = Sketch::from_bytes(&[1, 0, 0, 0]).unwrap());
        plant(at, ROLL_DAY, &A, edit);
    }),
    ("differs from the sum of the days", |at| {
        plant(at, ROLL_DAY, &HERS, edit(|roll: &mut RollRecord| roll.visitors += 1));
    }),
    ("differs from the sum of the days", |at| {
        plant(at, ROLL_DAY, &A, edit(|roll: &mut RollRecord| roll.devices[0].1 += 1));
    }),
    ("roll_total \\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00: wrong checksum", |at| plant(at, ROLL_TOTAL, &HERS, flip)),
    ("roll_total \\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00: missing", |at| plant(at, ROLL_TOTAL, &HERS, gone)),
    ("roll_total \\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00: missing", |at| plant(at, ROLL_TOTAL, &SITE, gone)),
    ("roll_total \\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00: differs from the sums below it", |at| {
        plant(at, ROLL_TOTAL, &HERS, edit(|sum: &mut OverallRecord| sum.bots += 1));
    }),
    ("roll_total \\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00: differs from the sums below it", |at| {
        plant(at, ROLL_TOTAL, &HERS, edit(|sum: &mut OverallRecord| sum.gone_humans += 1));
    }),
    ("sums: roll_total \\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00: differs from the sums below it", |at| {
        plant(at, ROLL_TOTAL, &SITE, edit(|sum: &mut OverallRecord| sum.humans -= 1));
    }),
    ("sums: roll_day \\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00: missing", |at| {
        plant(at, ROLL_DAY, &HERS, gone)
    }),
    ("differs from the days below it", |at| move_a_bot(at, HERS)),
    ("differs from the days below it", |at| move_a_bot(at, SITE)),
    ("click_log", |at| plant(at, CLICK_LOG, b"", flip)),
    ("click_log abc: key of a wrong length", |at| insert(at, CLICK_LOG, b"abc", b"")),
    ("counted, but still there", |at| {
        let place = record::PlaceRecord { head: 9_999, to: 9_999, owner: 0, link: 0, within: 0 };
        insert(at, META, b"ingest", &record::seal(b"ingest", &place).unwrap());
    }),
    ("click_purge", |at| insert(at, CLICK_PURGE, &[0, 0, 0, 1, 0, 0, 0, 3], b"")),
    ("of a link without sums", |at| insert(at, ROLL_DAY, &[9; 10], b"")),
    ("dict ", |at| plant(at, DICT, b"", flip)),
    ("dict_id ", |at| plant(at, DICT_ID, b"", flip)),
    ("its number stands for nothing", |at| plant(at, DICT_ID, b"", gone)),
    ("its text has no number", |at| plant(at, DICT, b"", gone)),
];

/// A row on where a link led.
fn past(key: &[u8], target: &str) -> Vec<u8> {
    record::seal(key, &record::PastRecord { until_ms: 1, target: target.to_owned() }).unwrap()
}

/// Counts a bot of one day on the next.
fn move_a_bot(at: &Path, key: [u8; 8]) {
    let day = day(NOW.ms());
    let fewer = |roll: &mut RollRecord| {
        roll.bots -= 1;
        roll.reasons[0].1 -= 1;
        roll.bot_hours = Vec::new();
    };
    let more = |roll: &mut RollRecord| {
        roll.bots += 1;
        roll.reasons[0].1 += 1;
        roll.bot_hours = Vec::new();
    };
    plant(at, ROLL_DAY, &day_key(key, day), edit(fewer));
    plant(at, ROLL_DAY, &day_key(key, day + 1), edit(more));
    let database = Database::open(at.join(FILE_NAME)).unwrap();
    let tx = database.begin_read().unwrap();
    let table = tx.open_table(ROLL_DAY).unwrap();
    let days = table.range(day_key(key, 1).as_slice()..=day_key(key, u16::MAX).as_slice()).unwrap();
    let mut bot_hours = std::collections::BTreeMap::<u8, u64>::new();
    for row in days {
        let (key, raw) = row.unwrap();
        let roll: RollRecord = record::unseal(key.value(), raw.value()).unwrap();
        roll.bot_hours.into_iter().for_each(|(hour, count)| *bot_hours.entry(hour).or_default() += count);
    }
    drop((table, tx, database));
    plant(at, ROLL_DAY, &key, edit(|roll: &mut RollRecord| roll.bot_hours = bot_hours.into_iter().collect()));
}

#[test]
fn every_broken_promise_is_found() {
    let (folder, _) = full();
    let sound = std::fs::read(folder.path().join(FILE_NAME)).unwrap();
    for (expected, plant) in BROKEN {
        std::fs::write(folder.path().join(FILE_NAME), &sound).unwrap();
        plant(folder.path());
        let report = report(folder.path());
        let found = [report.damage.shown.as_slice(), &report.leftovers.shown].concat();
        let is_leftover = *expected == "leftover";
        assert_eq!(is_leftover, report.damage.count == 0, "{expected}: {found:?}");
        assert!(found.iter().any(|found| is_leftover || found.contains(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn a_missing_table_is_damage_and_so_are_many_rows_of_which_some_are_named() {
    let (folder, anna) = full();
    let database = Database::open(folder.path().join(FILE_NAME)).unwrap();
    let tx = database.begin_write().unwrap();
    tx.delete_table(ONE_TIME).unwrap();
    for number in 0..100_u32 {
        tx.open_table(LINK)
            .unwrap()
            .insert([anna.0, number + 50].map(u32::to_be_bytes).concat().as_slice(), b"".as_slice())
            .unwrap();
    }
    tx.commit().unwrap();
    drop(database);
    let report = report(folder.path());
    assert!(report.damage.shown.iter().any(|found| found.contains("one_time")), "{:?}", report.damage);
    assert!(report.damage.count >= 100);
    assert_eq!(report.damage.shown.len(), FINDINGS_MAX);
}
