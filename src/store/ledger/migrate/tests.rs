//! A file of format 1, written as that format's program wrote it, and what becomes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTableMetadata};
use tempfile::TempDir;

use super::*;
use crate::clock::Timestamp;
use crate::limits::{CLICKS_LATEST, REFERRERS_PER_LINK_MAX};
use crate::link::LinkId;
use crate::store::backend::fault;
use crate::store::clicks::{Numbers, Seen, Tally};
use crate::store::tables::{CLICK_LOG, CLICK_SEG, Definition, link_key};
use crate::store::tests::{
    NOW, Xorshift, audit, click, folder_with, fresh, link, name, open, rounds as repeated, user,
};
use crate::store::{FILE_NAME, Fault, Store};
use crate::user::UserId;
use crate::visitor;

/// What format 1 held of a link.
#[derive(Default)]
pub(in crate::store) struct Kept {
    total: Option<TotalRecord>,
    tally: Option<TallyRecord>,
    rows: Vec<ClickRecord>,
}

/// Counts a click as format 1 did.
fn count(kept: &mut Kept, click: &ClickRecord) {
    let total = kept.total.get_or_insert(TotalRecord { rows: 0, humans: 0, bots: 0, last_ms: 0 });
    total.rows += 1;
    match click.class {
        0 => total.humans += 1,
        1 | 2 => total.bots += 1,
        _ => {}
    }
    if click.class != 3 {
        total.last_ms = total.last_ms.max(click.at_ms);
    }
    let empty = TallyRecord { referrers: Vec::new(), referrers_other: 0, browsers: Vec::new(), systems: Vec::new() };
    let tally = kept.tally.get_or_insert(empty);
    kept.rows.push(click.clone());
    if click.class != 0 {
        return;
    }
    let host = click.referrer.split('/').next().unwrap();
    if !host.is_empty() {
        if let Some((_, count)) = tally.referrers.iter_mut().find(|(name, _)| name == host) {
            *count += 1;
        } else {
            if tally.referrers.len() >= REFERRERS_PER_LINK_MAX {
                let smallest = (0..tally.referrers.len()).min_by_key(|&at| tally.referrers[at].1).unwrap();
                tally.referrers_other += tally.referrers.swap_remove(smallest).1;
            }
            tally.referrers.push((host.to_owned(), 1));
        }
    }
    if !click.agent.is_empty() {
        let about = visitor::describe(&click.agent);
        for (counts, code) in [(&mut tally.browsers, about.browser as u8), (&mut tally.systems, about.system as u8)] {
            match counts.iter_mut().find(|(known, _)| *known == code) {
                Some((_, count)) => *count += 1,
                None => counts.push((code, 1)),
            }
        }
    }
}

fn random_click(random: &mut Xorshift, hosts: u64) -> ClickRecord {
    let agents = ["", "curl/8.1", "Mozilla/5.0 (Windows NT 10.0) Firefox/132.0", "Mozilla/5.0 (iPhone) Safari/604.1"];
    ClickRecord {
        at_ms: NOW.plus_s(random.below(40 * 86_400).cast_signed()).ms(),
        class: [0, 0, 0, 1, 2, 3][random.below(6) as usize],
        reason: random.below(6) as u8,
        referrer: match random.below(3) {
            0 => String::new(),
            _ => format!("host{}.example/{}", random.below(hosts), random.below(5)),
        },
        agent: agents[random.below(4) as usize].to_owned(),
        address: [vec![], vec![203, 0, 113, 0], vec![32, 1, 13, 184, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
            [random.below(3) as usize]
            .clone(),
    }
}

pub(in crate::store) type Links = BTreeMap<(UserId, LinkId), Kept>;

/// Puts a closed file back to format 1, with the clicks of `links`, and of a deleted link that wait to be removed.
fn to_format_1(folder: &Path, links: &Links) {
    let database = Database::open(folder.join(FILE_NAME)).unwrap();
    let tx = database.begin_write().unwrap();
    let new = ["click_log", "click_seg", "roll_day", "roll_total", "dict", "dict_id"];
    new.into_iter().for_each(|table| assert!(tx.delete_table(Definition::new(table)).unwrap()));
    {
        let mut meta = tx.open_table(META).unwrap();
        meta.insert(b"schema".as_slice(), 1_u32.to_be_bytes().as_slice()).unwrap();
        meta.remove(b"ingest".as_slice()).unwrap();
        let mut rows = tx.open_table(CLICK).unwrap();
        let mut totals = tx.open_table(CLICK_TOTAL).unwrap();
        let mut tallies = tx.open_table(CLICK_TALLY).unwrap();
        for (&(owner, id), kept) in links {
            let key = link_key(owner, id);
            for (number, row) in kept.rows.iter().enumerate() {
                let key = click_key(key, u32::try_from(number).unwrap());
                rows.insert(key.as_slice(), record::encode(row).unwrap().as_slice()).unwrap();
            }
            if let (Some(total), Some(tally)) = (&kept.total, &kept.tally) {
                totals.insert(key.as_slice(), record::encode(total).unwrap().as_slice()).unwrap();
                tallies.insert(key.as_slice(), record::encode(tally).unwrap().as_slice()).unwrap();
            }
        }
    }
    tx.commit().unwrap();
}

/// A folder with a file of format 1: links with `counts` clicks each, and a deleted one with as many as the first.
pub(in crate::store) fn old_file(counts: &[u64]) -> (TempDir, Links) {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let mut random = Xorshift(0x2545_f491_4f6c_dd1d);
    let mut links = Links::new();
    for (at, count_of) in counts.iter().enumerate() {
        let mut kept = Kept::default();
        // One link has more hosts than are told apart.
        let hosts = if at == 1 { 300 } else { 7 };
        (0..*count_of).for_each(|_| count(&mut kept, &random_click(&mut random, hosts)));
        links.insert((anna, link(&store, anna, &format!("s{at}")).id), kept);
    }
    let gone = link(&store, anna, "gone").id;
    store.delete_link(anna, name("anna"), gone).unwrap().unwrap();
    store.close();
    let rows = (0..counts[0]).map(|_| random_click(&mut random, 3)).collect();
    links.insert((anna, gone), Kept { rows, ..Kept::default() });
    to_format_1(folder.path(), &links);
    links.remove(&(anna, gone));
    (folder, links)
}

fn named(counts: &[(u8, u64)], name: fn(u8) -> &'static str) -> Vec<(&'static str, u64)> {
    let mut named: Vec<_> = counts.iter().map(|&(code, count)| (name(code), count)).collect();
    named.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    named
}

/// What only single clicks tell.
fn of_rows(rows: &[ClickRecord]) -> Tally {
    let (mut devices, mut reasons) = (BTreeMap::new(), BTreeMap::new());
    for click in rows {
        match click.class {
            0 if click.agent.is_empty() => {}
            0 => *devices.entry(visitor::describe(&click.agent).device as u8).or_default() += 1,
            1 | 2 => *reasons.entry(click.reason).or_default() += 1,
            _ => {}
        }
    }
    let list = |counts: BTreeMap<u8, u64>| counts.into_iter().collect::<Vec<_>>();
    Tally {
        devices: named(&list(devices), visitor::device_name),
        reasons: named(&list(reasons), |code| Reason::from_code(code).label()),
        prefetches: rows.iter().filter(|click| click.class == 3).count() as u64,
        ..Tally::default()
    }
}

/// What pages showed of a link with format 1.
fn shown(kept: &Kept) -> (Numbers, Tally, Vec<Seen>) {
    let (Some(total), Some(tally)) = (&kept.total, &kept.tally) else { return Default::default() };
    let last = (total.last_ms > 0).then(|| Timestamp::from_ms(total.last_ms));
    let mut referrers = tally.referrers.clone();
    referrers.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let tally = Tally {
        referrers,
        referrers_other: tally.referrers_other,
        browsers: named(&tally.browsers, visitor::browser_name),
        systems: named(&tally.systems, visitor::system_name),
        ..of_rows(&kept.rows)
    };
    let seen = |click: &ClickRecord| Seen {
        at: Timestamp::from_ms(click.at_ms),
        class: Class::from_code(click.class),
        reason: Reason::from_code(click.reason),
        referrer: click.referrer.clone(),
        agent: click.agent.clone(),
        address: match click.address.as_slice() {
            [] => None,
            &[a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).into()),
            long => Some(std::net::Ipv6Addr::from(<[u8; 16]>::try_from(long).unwrap()).into()),
        },
    };
    let latest = kept.rows.iter().rev().take(CLICKS_LATEST).map(seen).collect();
    (Numbers { humans: total.humans, bots: total.bots, last }, tally, latest)
}

#[track_caller]
pub(in crate::store) fn compare(store: &Store, links: &Links) {
    for (&(owner, id), kept) in links {
        let (numbers, tally, latest) = shown(kept);
        assert_eq!(store.statistics(owner, id).unwrap(), (numbers, tally));
        assert_eq!(store.latest_clicks(owner, id, false).unwrap(), latest);
    }
}

#[test]
fn a_file_of_rows_becomes_one_of_segments_and_loses_nothing() {
    let (folder, links) = old_file(&[12_000, 9_000, 5_000, 1, 0, 300]);
    let rows: usize = links.values().map(|kept| kept.rows.len()).sum();
    let (store, opened) = open(folder.path()).unwrap();
    assert_eq!((opened.new, opened.repaired), (false, false));
    compare(&store, &links);
    let tx = store.file.database().unwrap().begin_read().unwrap();
    let segments = tx.open_table(CLICK_SEG).unwrap();
    let kept: u32 = segments.iter().unwrap().map(|row| super::super::block::count(row.unwrap().1.value())).sum();
    assert_eq!(kept as usize, rows, "every single click, and none of the deleted link");
    assert_eq!(tx.open_table(CLICK_LOG).unwrap().len().unwrap(), 0);
    assert!([CLICK, CLICK_TOTAL, CLICK_TALLY].into_iter().all(|table| tx.open_table(table).is_err()));
    drop((segments, tx));
    assert!(!store.purge_clicks().unwrap());
    // It goes on from there, and stays as it is.
    let &(owner, id) = links.keys().next().unwrap();
    let before = store.numbers(owner, id).unwrap();
    store.record_click(click(owner, id, Class::Human));
    store.settle();
    assert_eq!(store.numbers(owner, id).unwrap().humans, before.humans + 1);
    store.close();
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(store.numbers(owner, id).unwrap().humans, before.humans + 1);
}

#[test]
fn sums_and_days_of_a_migrated_file_agree() {
    // With more hosts than are told apart, the days know other ones than their sum.
    let (folder, links) = old_file(&[500, 0, 40]);
    let (store, _) = open(folder.path()).unwrap();
    compare(&store, &links);
    audit(&store);
    for &(owner, id) in links.keys() {
        (0..50).for_each(|_| {
            store.record_click(click(owner, id, Class::Human));
        });
    }
    store.settle();
    audit(&store);
}

#[test]
fn a_migration_that_ends_anywhere_leaves_the_old_file_or_the_new() {
    let (folder, links) = old_file(&[800, 500, 0]);
    let image = fs::read(folder.path().join(FILE_NAME)).unwrap();
    let (mut at, mut ends) = (0, 0);
    let step = if repeated(1) > 1 { 1 } else { 5 };
    loop {
        for make in [Fault::Once as fn(usize) -> Fault, Fault::From] {
            let left = folder_with(&image);
            fault::set(Some(make(at)));
            let outcome = open(left.path()).map(drop);
            fault::set(None);
            ends = if outcome.is_ok() { ends + 1 } else { 0 };
            let (store, _) = open(left.path()).unwrap_or_else(|error| panic!("{at}: {error}"));
            compare(&store, &links);
            audit(&store);
        }
        at += step;
        if ends >= 2 {
            break;
        }
    }
    assert!(at > 5, "the migration writes more than that");
}

#[test]
fn damaged_rows_of_the_old_format_cost_themselves_only() {
    let (folder, mut links) = old_file(&[100, 0, 60]);
    let keys: Vec<_> = links.keys().copied().collect();
    let tamper = |table, key: &[u8]| crate::store::tests::tamper(folder.path(), table, key, b"\x01\xff");
    tamper(CLICK, &click_key(link_key(keys[0].0, keys[0].1), 50));
    links.get_mut(&keys[0]).unwrap().rows.remove(50);
    tamper(CLICK_TALLY, &link_key(keys[2].0, keys[2].1));
    let (store, _) = open(folder.path()).unwrap();
    let kept = links.remove(&keys[2]).unwrap();
    compare(&store, &links);
    // Its single clicks tell what the sum did.
    assert_eq!(store.statistics(keys[2].0, keys[2].1).unwrap(), (shown(&kept).0, shown(&kept).1));
}
