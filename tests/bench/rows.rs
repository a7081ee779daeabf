//! The layout that others have: a row for each click, with its texts by number, and a total and an hour's count of its link
//! beside it. In the same store, with as many clicks in each transaction.

use std::collections::HashMap;
use std::path::Path;

use redb::{Database, Durability, ReadableTable, TableDefinition};

use crate::click::Click;
use crate::writer::{Thread, Work};

/// Link and number; time, referrer, agent and address.
const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("click");
const TOTALS: TableDefinition<'static, &[u8], u64> = TableDefinition::new("total");
/// Link and hour.
const HOURS: TableDefinition<'static, &[u8], u64> = TableDefinition::new("hour");
const WORDS: TableDefinition<'static, &str, u32> = TableDefinition::new("word");

/// Writes clicks so, and tells what it took, the closing of the file included.
pub fn write(file: &Path, cache_bytes: usize, count: u64, per_commit: u64, mut one: impl FnMut() -> Click) -> Work {
    let database = Database::builder().set_cache_size(cache_bytes).create(file).unwrap();
    let (thread, mut words) = (Thread::own(), HashMap::new());
    let mut spent = Work::default();
    let mut number = 0;
    while number < count {
        // Making them is not part of it.
        let clicks: Vec<Click> = (0..per_commit.min(count - number)).map(|_| one()).collect();
        let before = thread.work();
        commit(&database, &clicks, number, &mut words);
        let work = thread.work() - before;
        spent = Work { time: spent.time + work.time, bytes: spent.bytes + work.bytes };
        number += clicks.len() as u64;
    }
    drop(database);
    spent
}

fn commit(database: &Database, clicks: &[Click], first: u64, known: &mut HashMap<String, u32>) {
    let mut tx = database.begin_write().unwrap();
    tx.set_durability(Durability::Immediate).unwrap();
    {
        let mut rows = tx.open_table(ROWS).unwrap();
        let mut words = tx.open_table(WORDS).unwrap();
        let (mut totals, mut hours) = (HashMap::new(), HashMap::new());
        for (number, click) in (first..).zip(clicks) {
            let mut word = |text: &str| match known.get(text) {
                Some(id) => *id,
                None => {
                    let id = known.len() as u32;
                    words.insert(text, id).unwrap();
                    *known.entry(text.to_owned()).or_insert(id)
                }
            };
            let (referrer, agent) = (word(&click.referrer), word(&click.agent));
            let link = u64::from(click.owner.0) << 32 | u64::from(click.link.0);
            let address = click.address.map_or([0; 16], |address| match address {
                std::net::IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                std::net::IpAddr::V6(address) => address.octets(),
            });
            let key = [link.to_be_bytes(), number.to_be_bytes()].concat();
            let value =
                [&click.at.ms().to_be_bytes()[..], &referrer.to_be_bytes(), &agent.to_be_bytes(), &address[12..]];
            rows.insert(key.as_slice(), value.concat().as_slice()).unwrap();
            *totals.entry(link).or_insert(0) += 1;
            *hours.entry((link, click.at.ms() / 3_600_000)).or_insert(0) += 1;
        }
        let mut table = tx.open_table(TOTALS).unwrap();
        for (link, count) in totals {
            let before = table.get(&link.to_be_bytes()[..]).unwrap().map_or(0, |count| count.value());
            table.insert(&link.to_be_bytes()[..], before + count).unwrap();
        }
        let mut table = tx.open_table(HOURS).unwrap();
        for ((link, hour), count) in hours {
            let key = [link.to_be_bytes(), hour.to_be_bytes()].concat();
            let before = table.get(key.as_slice()).unwrap().map_or(0, |count| count.value());
            table.insert(key.as_slice(), before + count).unwrap();
        }
    }
    tx.commit().unwrap();
}
