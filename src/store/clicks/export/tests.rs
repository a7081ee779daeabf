//! Whatever happens between two pieces, each click is in one of them.

use super::*;
use crate::click::Click;
use crate::clock::Timestamp;
use crate::limits::CLICK_ROWS_PER_LINK_MAX;
use crate::store::tests::{NOW, click, fresh, link, open, open_hasty, tamper, user};
use crate::visitor::Class;

/// Lets so many people follow a link, a second apart, the first of them at a second.
fn follow(store: &Store, owner: UserId, id: LinkId, first: i64, count: i64) {
    for number in first..first + count {
        let agent = format!("agent {}", number % 3).into();
        let referrer = format!("news.example/{}", number % 5).into();
        store.record_click(Click { at: at(number), agent, referrer, ..click(owner, id, Class::Human) });
    }
}

fn at(second: i64) -> Timestamp {
    NOW.plus_s(second)
}

/// The seconds of all clicks at some places; `between` is called before each piece.
fn read(store: &Store, owner: UserId, id: LinkId, count: usize, mut between: impl FnMut(usize)) -> Vec<i64> {
    let mut places = store.click_places(owner, id).unwrap();
    let mut seconds = Vec::new();
    for piece in 0.. {
        if places.is_empty() {
            break;
        }
        between(piece);
        let before = places;
        let (clicks, rest) = store.clicks_at(owner, id, places, count).unwrap();
        assert!(clicks.len() <= count && rest.from > before.from && rest.to == before.to, "{before:?} {rest:?}");
        for click in clicks {
            let second = (click.at.ms() - NOW.ms()) / 1_000;
            assert_eq!(click.agent, format!("agent {}", second % 3));
            assert_eq!(click.referrer, format!("news.example/{}", second % 5));
            seconds.push(second);
        }
        places = rest;
    }
    seconds
}

#[test]
fn clicks_come_in_their_order_wherever_they_are() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let (id, other) = (link(&store, anna, "promo").id, link(&store, anna, "other").id);
    assert!(store.click_places(anna, id).unwrap().is_empty());
    follow(&store, anna, id, 0, 400);
    store.settle();
    follow(&store, anna, other, 0, 7);
    follow(&store, anna, id, 400, 100);
    store.flush_clicks();
    follow(&store, anna, id, 500, 50);
    for count in [1, 7, 170, 1_000] {
        assert_eq!(read(&store, anna, id, count, |_| {}), (0..550).collect::<Vec<_>>(), "{count} a piece");
    }
    assert_eq!(read(&store, anna, other, 200, |_| {}).len(), 7);
}

#[test]
fn clicks_that_come_and_are_counted_meanwhile_neither_repeat_nor_hide_any() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    store.close();
    let store = open_hasty(folder.path());
    follow(&store, anna, id, 0, 300);
    store.settle();
    for round in 0..20 {
        let first = 300 + round * 50;
        follow(&store, anna, id, first, 25);
        let mut next = first + 25;
        let seconds = read(&store, anna, id, 1 + round as usize * 3, |piece| match piece % 5 {
            0 if next < first + 50 => {
                follow(&store, anna, id, next, 1);
                next += 1;
            }
            1 => store.flush_clicks(),
            2 => store.settle(),
            _ => {}
        });
        assert_eq!(seconds, (0..first + 25).collect::<Vec<_>>(), "round {round}");
        follow(&store, anna, id, next, first + 50 - next);
    }
}

#[test]
fn clicks_that_are_removed_meanwhile_hide_none_that_stay() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    for (slug, step) in [("a", 3), ("b", 40), ("c", 400)] {
        let id = link(&store, anna, slug).id;
        follow(&store, anna, id, 0, 900);
        store.settle();
        let mut before = 0;
        let seconds = read(&store, anna, id, 50, |_| {
            before = (before + step).min(600);
            store.retire_clicks(at(before), at(before), 0).unwrap();
        });
        assert!(seconds.is_sorted_by(|a, b| a < b), "{slug}: none twice");
        assert_eq!(
            seconds[seconds.len() - 300..],
            (600..900).collect::<Vec<_>>(),
            "{slug}: none that stood is missing"
        );
    }
}

#[test]
fn newer_clicks_that_make_older_ones_go_do_not_shift_the_rest() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let max = i64::from(CLICK_ROWS_PER_LINK_MAX);
    follow(&store, anna, id, 0, max);
    store.settle();
    let seconds = read(&store, anna, id, 10_000, |piece| {
        if piece == 1 {
            follow(&store, anna, id, max, 20_000);
            store.settle();
        }
    });
    assert!(seconds.is_sorted_by(|a, b| a < b));
    assert_eq!((seconds[0], *seconds.last().unwrap()), (0, max - 1));
    assert_eq!(seconds.iter().filter(|second| **second >= 20_500).count() as i64, max - 20_500);
}

#[test]
fn a_link_that_is_gone_ends_it_and_damage_costs_its_own_clicks() {
    let (folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let (id, gone) = (link(&store, anna, "promo").id, link(&store, anna, "gone").id);
    follow(&store, anna, id, 0, 1_000);
    follow(&store, anna, gone, 0, 100);
    store.settle();
    assert!(store.click_places(bert, id).unwrap().is_empty(), "another's");
    let places = store.click_places(anna, gone).unwrap();
    store.delete_link(anna, crate::store::tests::name("anna"), gone).unwrap();
    let (clicks, rest) = store.clicks_at(anna, gone, places, 10).unwrap();
    assert!(clicks.is_empty() && rest.is_empty());
    store.close();
    tamper(folder.path(), CLICK_SEG, &click_key(link_key(anna, id), 1), b"\x01\x60\x00");
    let (store, _) = open(folder.path()).unwrap();
    let seconds = read(&store, anna, id, 30, |_| {});
    assert!(seconds.is_sorted_by(|a, b| a < b) && seconds.contains(&0) && seconds.contains(&999));
    assert!((600..1_000).contains(&seconds.len()), "{}", seconds.len());
}
