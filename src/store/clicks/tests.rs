//! Clicks are counted once, in rows and in sums alike.

use super::*;
use crate::store::tables::CLICK_TOTAL;
use crate::store::tests::{NOW, audit, click, fresh, hash_of, link, name, open, tamper, user};
use redb::{ReadableDatabase, ReadableTableMetadata};

/// Rows in the table of single clicks.
fn rows(store: &Store) -> u64 {
    let tx = store.file.database().unwrap().begin_read().unwrap();
    tx.open_table(CLICK).unwrap().len().unwrap()
}

#[test]
fn a_click_is_counted_once_by_its_kind() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let (one, two) = (link(&store, anna, "one").id, link(&store, anna, "two").id);
    let at = |second| NOW.plus_s(second);
    for (class, second) in [
        (Class::Human, 1),
        (Class::Bot, 3),
        (Class::Preview, 2),
        (Class::Human, 4),
        (Class::Prefetch, 9),
        (Class::Human, -5),
    ] {
        store.record_click(Click { at: at(second), ..click(anna, one, class) });
    }
    for _ in 0..3 {
        store.flush_clicks();
        let (numbers, _) = store.statistics(anna, one).unwrap();
        assert_eq!(numbers, Numbers { humans: 3, bots: 2, last: Some(at(4)) }, "a prefetch is no click");
    }
    assert_eq!(store.statistics(anna, two).unwrap(), (Numbers::default(), Tally::default()));
    assert_eq!(rows(&store), 6);
    audit(&store);
}

#[test]
fn the_latest_clicks_come_newest_first_as_they_were() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    assert_eq!(store.latest_clicks(anna, id, false).unwrap(), []);
    for second in 0..30 {
        let class = if second % 2 == 0 { Class::Human } else { Class::Bot };
        store.record_click(Click { at: NOW.plus_s(second), ..click(anna, id, class) });
    }
    let last = Click {
        at: NOW,
        reason: Reason::PreviewWord,
        referrer: "news.example/story".to_owned(),
        agent: "Agent/1.0".to_owned(),
        address: Some("2001:db8::".parse().unwrap()),
        ..click(anna, id, Class::Preview)
    };
    store.record_click(last.clone());
    store.flush_clicks();
    let everybody = store.latest_clicks(anna, id, false).unwrap();
    assert_eq!(everybody.len(), CLICKS_LATEST);
    let Click { at, class, reason, referrer, agent, address, .. } = last;
    assert_eq!(everybody[0], Seen { at, class, reason, referrer, agent, address });
    assert_eq!(everybody[1].at, NOW.plus_s(29), "order of coming, whatever the clock said");
    let people = store.latest_clicks(anna, id, true).unwrap();
    let expected: Vec<_> = (0..10).map(|at| NOW.plus_s(28 - 2 * at)).collect();
    assert_eq!(people.iter().map(|seen| seen.at).collect::<Vec<_>>(), expected);
    assert!(people.iter().all(|seen| seen.class == Class::Human));
}

#[test]
fn addresses_are_kept_as_they_came() {
    for address in [None, Some("203.0.113.0"), Some("2001:db8:1:2::"), Some("::ffff:203.0.113.0")] {
        let address = address.map(|text| text.parse::<IpAddr>().unwrap());
        let kept = Click { address, ..click(UserId(1), LinkId(1), Class::Human) };
        assert_eq!(from_record(to_record(&kept)).address, address);
    }
    let odd = ClickRecord { address: vec![1, 2, 3], ..to_record(&click(UserId(1), LinkId(1), Class::Human)) };
    assert_eq!(from_record(odd).address, None);
}

#[test]
fn the_tally_counts_people_by_referrer_browser_and_system() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
    for (referrer, agent, class) in [
        ("news.example/a", firefox, Class::Human),
        ("news.example/b", firefox, Class::Human),
        ("blog.example", "", Class::Human),
        ("", "curl", Class::Human),
        ("bots.example", "bot", Class::Bot),
        ("bots.example", firefox, Class::Prefetch),
    ] {
        let (referrer, agent) = (referrer.to_owned(), agent.to_owned());
        store.record_click(Click { referrer, agent, ..click(anna, id, class) });
    }
    store.flush_clicks();
    let (_, tally) = store.statistics(anna, id).unwrap();
    let pairs = [("news.example".to_owned(), 2), ("blog.example".to_owned(), 1)];
    assert_eq!((tally.referrers.as_slice(), tally.referrers_other), (pairs.as_slice(), 0));
    assert_eq!(tally.browsers, [("Firefox", 2), ("Other", 1)]);
    assert_eq!(tally.systems, [("Linux", 2), ("Other", 1)]);
    audit(&store);
}

#[test]
fn a_full_tally_keeps_the_biggest_referrers() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let from = |host: String| Click { referrer: host, ..click(anna, id, Class::Human) };
    for _ in 0..3 {
        (0..5).for_each(|at| store.record_click(from(format!("big{at}.example/path"))));
    }
    (0..REFERRERS_PER_LINK_MAX + 40).for_each(|at| store.record_click(from(format!("small{at}.example"))));
    store.flush_clicks();
    let (numbers, tally) = store.statistics(anna, id).unwrap();
    assert_eq!(tally.referrers.len(), REFERRERS_PER_LINK_MAX);
    let biggest: Vec<_> = (0..5).map(|at| (format!("big{at}.example"), 3)).collect();
    assert_eq!(tally.referrers[..5], biggest);
    assert_eq!(tally.referrers_other, 45);
    assert_eq!(tally.referrers.iter().map(|(_, count)| count).sum::<u64>() + 45, numbers.humans);
    audit(&store);
}

#[test]
fn clicks_on_links_that_are_gone_or_never_were_are_dropped() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let (gone, there) = (link(&store, anna, "gone").id, link(&store, anna, "there").id);
    store.delete_link(anna, name("anna"), gone).unwrap();
    for (owner, id) in [(anna, gone), (anna, LinkId(99)), (bert, there), (anna, there)] {
        store.record_click(click(owner, id, Class::Human));
    }
    store.flush_clicks();
    assert_eq!(rows(&store), 1);
    assert_eq!(store.statistics(anna, there).unwrap().0.humans, 1);
    audit(&store);
}

#[test]
fn clicks_of_deleted_links_are_removed_in_slices() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let (gone, there) = (link(&store, anna, "gone").id, link(&store, anna, "there").id);
    assert!(!store.purge_clicks().unwrap());
    let many = PURGE_ROWS_PER_COMMIT + 5;
    for _ in 0..many {
        store.record_click(click(anna, gone, Class::Human));
    }
    store.record_click(click(anna, there, Class::Human));
    store.flush_clicks();
    store.delete_link(anna, name("anna"), gone).unwrap();
    assert_eq!(store.statistics(anna, gone).unwrap().0, Numbers::default());
    assert_eq!(rows(&store), many as u64 + 1);
    for left in [6, 1] {
        assert!(store.purge_clicks().unwrap());
        assert_eq!(rows(&store), left);
        audit(&store);
    }
    assert!(!store.purge_clicks().unwrap());
    assert_eq!(store.statistics(anna, there).unwrap().0.humans, 1);
}

#[test]
fn flushing_makes_every_click_before_it_visible() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let mut sent = 0;
    for count in [1, 2, 40, CLICKS_PER_COMMIT_MAX + 1, 1, 0] {
        (0..count).for_each(|_| store.record_click(click(anna, id, Class::Human)));
        sent += count as u64;
        store.flush_clicks();
        assert_eq!(store.statistics(anna, id).unwrap().0.humans, sent);
    }
    assert_eq!(store.take_shed_clicks(), 0);
}

#[test]
fn closing_writes_the_clicks_that_wait() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let many = CLICKS_PER_COMMIT_MAX + 100;
    (0..many).for_each(|_| store.record_click(click(anna, id, Class::Human)));
    drop(store);
    let (store, opened) = open(folder.path()).unwrap();
    assert!(!opened.repaired);
    assert_eq!(store.statistics(anna, id).unwrap().0.humans, many as u64);
    assert_eq!(rows(&store), many as u64);
}

#[test]
fn damaged_sums_cost_the_clicks_on_their_link_only() {
    let too_long = record::encode(&TotalRecord { rows: u32::MAX, humans: u64::MAX, bots: 0, last_ms: 0 }).unwrap();
    for (table, value, is_damaged) in [
        (CLICK_TOTAL, b"\x01\xff".as_slice(), true),
        (CLICK_TOTAL, b"", true),
        (CLICK_TALLY, b"\x02", true),
        (CLICK_TOTAL, &too_long, false),
    ] {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        let (bad, good) = (link(&store, anna, "bad").id, link(&store, anna, "good").id);
        store.close();
        tamper(folder.path(), table, &link_key(anna, bad), value);
        let (store, _) = open(folder.path()).unwrap();
        store.record_click(click(anna, bad, Class::Human));
        store.record_click(click(anna, good, Class::Human));
        store.flush_clicks();
        let (numbers, tally) = store.statistics(anna, bad).unwrap();
        assert_eq!(numbers == Numbers::default(), is_damaged, "{}", value.escape_ascii());
        assert_eq!(tally, Tally::default());
        assert_eq!(store.statistics(anna, good).unwrap().0.humans, 1);
        assert!(store.redirect("anna/bad").unwrap().is_some());
        assert_eq!(rows(&store), if is_damaged { 1 } else { 2 }, "no row without its sums");
    }
}

#[test]
fn damaged_rows_hide_no_others() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    (0..4).for_each(|second| store.record_click(Click { at: NOW.plus_s(second), ..click(anna, id, Class::Human) }));
    store.close();
    tamper(folder.path(), CLICK, &click_key(anna, id, 2), b"\x01\xff");
    tamper(folder.path(), CLICK_TALLY, &link_key(anna, id), b"\x02");
    let (store, _) = open(folder.path()).unwrap();
    for people_only in [true, false] {
        let latest = store.latest_clicks(anna, id, people_only).unwrap();
        assert_eq!(latest.iter().map(|seen| seen.at).collect::<Vec<_>>(), [3, 1, 0].map(|s| NOW.plus_s(s)));
    }
    let (numbers, tally) = store.statistics(anna, id).unwrap();
    assert_eq!((numbers.humans, tally), (4, Tally::default()));
}

#[test]
fn a_link_keeps_its_newest_rows_and_counts_all_of_them() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    (0..3).for_each(|_| store.record_click(click(anna, id, Class::Human)));
    store.close();
    // As if the clicks between these and the next had been written.
    let rows_before = CLICK_ROWS_PER_LINK_MAX - 1;
    let total = TotalRecord { rows: rows_before, humans: rows_before.into(), bots: 0, last_ms: 0 };
    tamper(folder.path(), CLICK_TOTAL, &link_key(anna, id), &record::encode(&total).unwrap());
    let (store, _) = open(folder.path()).unwrap();
    for (number, left) in [(0, 4), (1, 4), (2, 4), (3, 4), (4, 5)] {
        store.record_click(click(anna, id, Class::Human));
        store.flush_clicks();
        assert_eq!(rows(&store), left, "{number}");
        assert_eq!(store.statistics(anna, id).unwrap().0.humans, u64::from(rows_before + number + 1));
    }
    assert_eq!(store.latest_clicks(anna, id, true).unwrap().len(), 5);
}

#[test]
fn a_change_that_fails_takes_no_clicks_with_it() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    store.close();
    tamper(folder.path(), crate::store::tables::USER, &anna.0.to_be_bytes(), b"");
    let (store, _) = open(folder.path()).unwrap();
    for sent in 1..=3 {
        store.record_click(click(anna, id, Class::Human));
        let error = store.change_password(anna, None, hash_of("second"), None, NOW).unwrap_err();
        assert_eq!(error.kind, Kind::Damaged);
        store.flush_clicks();
        assert_eq!(store.statistics(anna, id).unwrap().0.humans, sent);
    }
}

#[test]
fn a_damaged_mark_removes_no_clicks_of_links_that_exist() {
    for mark in [&b""[..], b"\0", &link_key(UserId(1), LinkId(2)), &[0; 12], &click_key(UserId(1), LinkId(2), 0)] {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        let id = link(&store, anna, "promo").id;
        store.record_click(click(anna, id, Class::Human));
        store.close();
        tamper(folder.path(), CLICK_PURGE, mark, b"");
        let (store, _) = open(folder.path()).unwrap();
        while store.purge_clicks().unwrap() {}
        assert_eq!(rows(&store), 1, "{}", mark.escape_ascii());
        audit(&store);
    }
}
