//! Old clicks go, sums stay, and nobody's place in between is lost.

use super::*;
use crate::click::Click;
use crate::store::clicks::{Numbers, Seen};
use crate::store::tables::link_key;
use crate::store::tests::{NOW, audit, click, fresh, link, open, tamper, user};
use crate::user::UserId;
use crate::visitor::Class;
use crate::{calendar, link::LinkId};

/// Everything there is to do, in slices. Returns how many clicks went.
fn retire_all(store: &Store, before: Timestamp) -> u64 {
    let (mut from, mut removed) = (Some(0), 0);
    while let Some(link) = from {
        let slice = store.retire_clicks(NOW, before, link).unwrap();
        assert!(slice.next.is_none_or(|next| next > link));
        (from, removed) = (slice.next, removed + slice.removed);
    }
    removed
}

fn kept(store: &Store, owner: UserId, id: LinkId) -> Vec<Seen> {
    store.latest_clicks(owner, id, false).unwrap()
}

/// A store with clicks on one link, one each so many seconds, the last of them now.
fn followed(every_s: i64, count: i64) -> (tempfile::TempDir, Store, UserId, LinkId) {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    for number in 1 - count..=0 {
        store.record_click(Click { at: NOW.plus_s(number * every_s), ..click(anna, id, Class::Human) });
    }
    store.settle();
    (folder, store, anna, id)
}

/// Whether anything in the segments is from before a time.
fn oldest(store: &Store) -> Option<i64> {
    let tx = redb::ReadableDatabase::begin_read(&*store.file.database().unwrap()).unwrap();
    let table = tx.open_table(CLICK_SEG).unwrap();
    let rows = table.iter().unwrap().map(Result::unwrap);
    rows.flat_map(|(key, raw)| block::read_segment(key.value(), raw.value()).unwrap()).map(|click| click.at_ms).min()
}

#[test]
fn clicks_from_before_the_time_go_to_the_second_and_sums_stay() {
    let (_folder, store, anna, id) = followed(60, 1_000);
    let whole = store.statistics(anna, id).unwrap();
    for (before_s, removed) in [(-60_001, 0), (-59_940, 0), (-59_939, 1), (-30_000, 498), (-30_000, 0), (-60, 499)] {
        let before = NOW.plus_s(before_s);
        assert_eq!(retire_all(&store, before), removed, "{before_s}");
        audit(&store);
        assert!(oldest(&store).unwrap() >= before.ms(), "{before_s}");
        assert_eq!(store.statistics(anna, id).unwrap(), whole);
    }
    assert_eq!(kept(&store, anna, id).iter().map(|seen| seen.at).collect::<Vec<_>>(), [NOW, NOW.plus_s(-60)]);
    assert_eq!(retire_all(&store, NOW.plus_s(1)), 2);
    assert_eq!((oldest(&store), kept(&store, anna, id)), (None, Vec::new()));
    audit(&store);
    // The next one begins anew.
    store.record_click(Click { at: NOW.plus_s(5), ..click(anna, id, Class::Human) });
    store.settle();
    audit(&store);
    assert_eq!(kept(&store, anna, id).len(), 1);
    assert_eq!(store.numbers(anna, id).unwrap().humans, 1_001);
}

#[test]
fn a_link_that_is_seldom_followed_keeps_its_clicks_no_longer() {
    // All of them fit one segment.
    let (_folder, store, anna, id) = followed(5 * 86_400, 40);
    assert_eq!(retire_all(&store, NOW.plus_s(-90 * 86_400)), 40 - 19);
    assert_eq!(oldest(&store), Some(NOW.plus_s(-90 * 86_400).ms()));
    audit(&store);
    assert_eq!(store.numbers(anna, id).unwrap(), Numbers { humans: 40, bots: 0, last: Some(NOW) });
}

#[test]
fn a_file_that_has_lost_old_clicks_is_sound() {
    let (folder, store, ..) = followed(60, 1_000);
    for before_s in [-59_000, -30_000, 1] {
        retire_all(&store, NOW.plus_s(before_s));
        let report = store.check(&mut |_| std::ops::ControlFlow::Continue(())).unwrap();
        assert_eq!(report.damage, crate::store::Findings::default(), "{before_s}");
        assert_eq!(report.clicks, 1_000);
    }
    drop((store, folder));
}

/// In the file itself they may be until it is opened again, in pages that nobody uses.
#[test]
fn a_file_written_anew_has_nothing_left_of_clicks_that_went() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let (gone, stays) = ([203, 0, 113, 77], [198, 51, 100, 78]);
    for (second, octets) in [(-100, gone), (0, stays)] {
        let address = Some(std::net::IpAddr::from(octets));
        store.record_click(Click { at: NOW.plus_s(second), address, ..click(anna, id, Class::Human) });
    }
    store.settle();
    assert_eq!(retire_all(&store, NOW.plus_s(-50)), 1);
    let anew = folder.path().join("anew.redb");
    let made = store.compact(&anew, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!(made.report.clicks, 2, "both stay counted");
    let bytes = std::fs::read(anew).unwrap();
    let holds = |octets: [u8; 4]| bytes.windows(4).any(|window| window == octets);
    assert_eq!((holds(gone), holds(stays)), (false, true));
}

#[test]
fn of_clicks_in_no_order_all_old_ones_go_once_their_segment_is_old() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    // A clock that was set back for a while, and one that was ahead.
    for second in [-500, -900, -100, -800, -50, 0] {
        store.record_click(Click { at: NOW.plus_s(second), ..click(anna, id, Class::Human) });
    }
    store.settle();
    assert_eq!(retire_all(&store, NOW.plus_s(-200)), 3);
    audit(&store);
    assert_eq!(retire_all(&store, NOW.plus_s(1)), 3);
    assert_eq!(oldest(&store), None);
    audit(&store);
}

#[test]
fn old_clicks_behind_those_of_a_clock_that_was_ahead_go_with_them() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let day = 86_400;
    // Fifteen days ago the clock was ten days ahead; then it was put right.
    for (days_ago, count) in [(5, 600), (15, 600), (0, 1)] {
        for second in 0..count {
            store.record_click(Click { at: NOW.plus_s(second - days_ago * day), ..click(anna, id, Class::Human) });
        }
    }
    store.settle();
    // Of those that are kept for ten days none is old before five more have passed.
    assert_eq!(retire_all(&store, NOW.plus_s(-10 * day)), 0);
    assert_eq!(retire_all(&store, NOW.plus_s(-4 * day)), 1_200);
    audit(&store);
}

#[test]
fn young_clicks_of_a_segment_that_begins_and_ends_with_old_ones_stay() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    for second in [-900, -100, -50, -800] {
        store.record_click(Click { at: NOW.plus_s(second), ..click(anna, id, Class::Human) });
    }
    store.settle();
    assert_eq!(retire_all(&store, NOW.plus_s(-200)), 2);
    assert_eq!(oldest(&store), Some(NOW.plus_s(-100).ms()));
    audit(&store);
}

#[test]
fn a_click_from_the_future_keeps_no_old_ones_behind_it() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let ten_years = NOW.plus_s(3_650 * 86_400);
    for at in [ten_years].into_iter().chain((-1_999..=0).map(|minute| NOW.plus_s(minute * 60))) {
        store.record_click(Click { at, ..click(anna, id, Class::Human) });
    }
    store.settle();
    for (before_s, removed, left) in [(-60_000, 999, 1_002), (-60, 999, 3), (1, 2, 1), (1, 0, 1)] {
        assert_eq!(retire_all(&store, NOW.plus_s(before_s)), removed, "{before_s}");
        audit(&store);
        let seen = store.latest_clicks(anna, id, false).unwrap();
        assert_eq!(seen.len(), left.min(crate::limits::CLICKS_LATEST), "{before_s}");
        assert_eq!(store.numbers(anna, id).unwrap().humans, 2_001);
    }
    // The next ones go on in a segment that has been emptied.
    store.record_click(click(anna, id, Class::Human));
    store.settle();
    audit(&store);
    assert_eq!(kept(&store, anna, id).iter().map(|seen| seen.at).collect::<Vec<_>>(), [NOW, ten_years]);
    assert_eq!(store.check(&mut |_| std::ops::ControlFlow::Continue(())).unwrap().damage.count, 0);
}

#[test]
fn many_links_are_done_in_slices_and_young_clicks_stay() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let links: Vec<LinkId> = (0..900).map(|at| link(&store, anna, &format!("link-{at}")).id).collect();
    let before = NOW.plus_s(-86_400);
    for id in &links {
        for at in [before.plus_s(-2), before.plus_s(-1), before] {
            store.record_click(Click { at, ..click(anna, *id, Class::Human) });
        }
    }
    store.settle();
    let (mut from, mut slices) = (Some(0), Vec::new());
    while let Some(link) = from {
        let slice = store.retire_clicks(NOW, before, link).unwrap();
        slices.push(slice.removed);
        from = slice.next;
        audit(&store);
    }
    assert_eq!(slices.iter().sum::<u64>(), 1_800);
    assert!(slices.len() >= 3 && slices.iter().all(|removed| *removed <= 1_000), "{slices:?}");
    assert_eq!(oldest(&store), Some(before.ms()));
    let day = calendar::day(before.ms());
    let daily = store.people_by_day(anna, &links, &(day - 1..=day)).unwrap();
    assert!(daily.values().all(|days| days.iter().sum::<u64>() == 3), "the days stay");
}

#[test]
fn what_does_not_read_costs_nobody_else_and_goes_with_its_neighbours() {
    let (folder, store, anna, id) = followed(60, 1_000);
    let other = link(&store, anna, "other").id;
    store.record_click(Click { at: NOW.plus_s(-90_000), ..click(anna, other, Class::Human) });
    store.settle();
    store.close();
    tamper(folder.path(), CLICK_SEG, &click_key(link_key(anna, id), 0), b"\x01\x02\0");
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(kept(&store, anna, other).len(), 1);
    assert!(retire_all(&store, NOW.plus_s(-60)) > 500);
    assert_eq!((kept(&store, anna, id).len(), kept(&store, anna, other).len()), (2, 0));
    store.close();
    tamper(folder.path(), ROLL_TOTAL, &link_key(anna, id), b"\x02");
    let (store, _) = open(folder.path()).unwrap();
    store.record_click(Click { at: NOW.plus_s(-90_000), ..click(anna, other, Class::Human) });
    store.settle();
    assert_eq!(retire_all(&store, NOW.plus_s(-60)), 1);
}
