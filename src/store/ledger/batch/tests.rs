//! Merging gives what sorting would, from any place on, and a batch gives back what was put into it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::store::ledger::block::Packed;
use crate::store::ledger::{beginning, pass};
use crate::store::tests::{Xorshift, rounds};
use crate::visitor::Reason;
use crate::visitor::marks::Marks;

fn click(random: &mut Xorshift, keys: u64) -> Logged {
    let class = Class::from_code(random.below(4) as u8);
    let address = match random.below(4) {
        0 => None,
        1 => Some(Ipv4Addr::from(random.below(1 << 32) as u32).into()),
        2 => Some(Ipv4Addr::new(11, 1, random.below(9) as u8, 0).into()),
        _ => Some(Ipv6Addr::from(u128::from(random.below(u64::MAX)) << 64 | u128::from(random.below(u64::MAX))).into()),
    };
    let mark = |random: &mut Xorshift| random.below(1 << 32) as u32;
    let marks = Marks { link: 1 + random.below(9) as u32, owner: mark(random), site: mark(random) };
    let has_details = class == Class::Human;
    Logged {
        key: (1 << 32) + 1 + random.below(keys),
        packed: Packed {
            at_ms: random.below(u64::MAX).cast_signed(),
            referrer: random.below(300) as u32,
            agent: mark(random),
            class,
            reason: Reason::None,
            address,
        },
        host: if has_details { random.below(300) as u32 } else { 0 },
        about: if has_details { [7, 3, random.below(4) as u8] } else { [0; 3] },
        marks: Some(marks).filter(|_| has_details && random.below(3) > 0),
    }
}

/// A pile of some batches, and its clicks by link, then as they came.
fn pile(random: &mut Xorshift, keys: u64, batches: u64) -> (Pile, Vec<Logged>) {
    let (mut pile, mut all) = (Pile::default(), Vec::new());
    for _ in 0..random.below(batches) {
        let mut clicks: Vec<Logged> = (0..random.below(400)).map(|_| click(random, keys)).collect();
        clicks.sort_by_key(|click| click.key);
        pile.push(Batch::new(&clicks));
        all.extend(clicks);
    }
    all.sort_by_key(|click| click.key);
    (pile, all)
}

/// The place after the first few of them.
fn place_after(clicks: &[Logged]) -> PlaceRecord {
    let mut place = beginning(3, 9);
    for of_link in clicks.chunk_by(|a, b| a.key == b.key) {
        // In two pieces, as a slice may end within a link.
        let (first, rest) = of_link.split_at(of_link.len() / 2);
        [first, rest].into_iter().filter(|some| !some.is_empty()).for_each(|some| {
            pass(&mut place, some[0].key, some.len());
        });
    }
    place
}

#[test]
fn batches_are_merged_as_sorting_would_from_any_place_on() {
    for seed in 1..=rounds(40) {
        let mut random = Xorshift(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let keys = [1, 3, 50, 5_000][random.below(4) as usize];
        let (mut pile, all) = pile(&mut random, keys, 9);
        assert_eq!(pile.len(), all.len());
        let mut done = 0;
        while done <= all.len() {
            let place = place_after(&all[..done]);
            assert!(pile.after(&place).eq(all[done..].iter().copied()), "seed {seed}, after {done}");
            // What is let go of on the way is not missed.
            pile = pile.rest(&place);
            assert!(pile.after(&place).eq(all[done..].iter().copied()), "seed {seed}, the rest after {done}");
            let found = pile.between(&place, 0, u64::MAX).count();
            assert_eq!((found, pile.len()), (all.len() - done, all.len()), "seed {seed}, after {done}");
            done += 1 + random.below(all.len() as u64 / 4 + 1) as usize;
        }
    }
}

#[test]
fn clicks_of_some_links_are_found_in_their_order_from_any_place_on() {
    for seed in 1..=rounds(40) {
        let mut random = Xorshift(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let keys = [1, 3, 50, 5_000][random.below(4) as usize];
        let (pile, all) = pile(&mut random, keys, 9);
        for _ in 0..20 {
            let done = random.below(all.len() as u64 + 1) as usize;
            let from = (1 << 32) + random.below(keys + 2);
            let to = from + [0, 0, 5, u64::from(u32::MAX)][random.below(4) as usize];
            let mut found: Vec<Logged> = pile.between(&place_after(&all[..done]), from, to).collect();
            found.sort_by_key(|click| click.key);
            let expected: Vec<Logged> =
                all[done..].iter().copied().filter(|click| (from..=to).contains(&click.key)).collect();
            assert_eq!(found, expected, "seed {seed}, after {done}, {from} to {to}");
        }
    }
}

#[test]
fn the_longest_clicks_come_back_and_no_part_is_larger_than_a_page() {
    let longest = |key| Logged {
        key,
        packed: Packed {
            at_ms: if key % 2 == 0 { i64::MIN } else { i64::MAX },
            referrer: u32::MAX,
            agent: u32::MAX,
            class: Class::Human,
            reason: Reason::PurposeHeader,
            address: Some(IpAddr::V6(Ipv6Addr::from(u128::MAX))),
        },
        host: u32::MAX,
        about: [255; 3],
        marks: Some(Marks { link: u32::MAX, owner: 1, site: 0 }),
    };
    let clicks: Vec<Logged> = (0..500).chain(u64::MAX - 500..=u64::MAX).map(longest).collect();
    let batch = Batch::new(&clicks);
    assert!(batch.from(0).eq(clicks.iter().copied()));
    assert!(batch.from(u64::MAX).eq([longest(u64::MAX)]));
    assert!(batch.parts.len() > 1);
    assert!(batch.parts.iter().all(|part| part.clicks.len() <= CLICK_BLOCK_BYTES_MAX));
}

#[test]
fn batches_in_the_order_of_links_are_one() {
    let mut random = Xorshift(5);
    let mut of = |key| Batch::new(&[Logged { key, ..click(&mut random, 1) }]);
    let mut pile = Pile::default();
    for (key, batches) in [(5, 1), (5, 1), (7, 1), (6, 2), (9, 2), (1, 3)] {
        pile.push(of(key));
        assert_eq!(pile.batches.len(), batches, "with {key}");
    }
    pile.push(Batch::new(&[]));
    assert_eq!((pile.batches.len(), pile.len()), (3, 6));
}

#[test]
fn what_is_counted_is_let_go_of() {
    let mut random = Xorshift(5);
    let mut clicks: Vec<Logged> = (0..20_000).map(|_| click(&mut random, 5_000)).collect();
    clicks.sort_by_key(|click| click.key);
    let mut pile = Pile::default();
    clicks.chunks(7_000).for_each(|some| pile.push(Batch::new(some)));
    let parts = |pile: &Pile| pile.batches.iter().map(|batch| batch.parts.len()).sum::<usize>();
    let rest = pile.rest(&place_after(&clicks[..15_000]));
    assert!(parts(&rest) <= parts(&pile) / 3, "{} of {}", parts(&rest), parts(&pile));
}
