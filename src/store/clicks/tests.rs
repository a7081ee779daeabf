//! Clicks are counted once, in rows and in sums alike.

use redb::{ReadableTable, ReadableTableMetadata};

use super::*;
use crate::limits::{CLICK_ROWS_PER_LINK_MAX, CLICKS_PER_COMMIT_MAX, PURGE_ROWS_PER_COMMIT};
use crate::store::ledger::rolls::ALL_DAYS;
use crate::store::tables::{CLICK_PURGE, ROLL_DAY, day_key};
use crate::store::tests::{NOW, audit, click, fresh, hash_of, link, name, open, tamper, user};

/// Single clicks in the file, counted all.
fn rows(store: &Store) -> u64 {
    store.settle();
    let tx = store.file.database().unwrap().begin_read().unwrap();
    let table = tx.open_table(CLICK_SEG).unwrap();
    table.iter().unwrap().map(|row| u64::from(block::count(row.unwrap().1.value()))).sum()
}

/// Runs `check` on what is logged, and again on what is counted.
fn twice(store: &Store, check: impl Fn()) {
    store.flush_clicks();
    check();
    store.settle();
    audit(store);
    check();
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
    let expected = Numbers { humans: 3, bots: 2, last: Some(at(4)) };
    assert_eq!(store.numbers(anna, one).unwrap(), expected, "without waiting for a disk");
    twice(&store, || {
        let (numbers, _) = store.statistics(anna, one).unwrap();
        assert_eq!(numbers, expected, "a prefetch is no click");
        assert_eq!(store.numbers(anna, one).unwrap(), expected);
    });
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
        referrer: "news.example/story".into(),
        agent: "Agent/1.0".into(),
        address: Some("2001:db8::".parse().unwrap()),
        ..click(anna, id, Class::Preview)
    };
    store.record_click(last.clone());
    let check = || {
        let everybody = store.latest_clicks(anna, id, false).unwrap();
        assert_eq!(everybody.len(), CLICKS_LATEST);
        assert_eq!(everybody[0], Seen::from(&last));
        assert_eq!(everybody[1].at, NOW.plus_s(29), "order of coming, whatever the clock said");
        let people = store.latest_clicks(anna, id, true).unwrap();
        let expected: Vec<_> = (0..10).map(|at| NOW.plus_s(28 - 2 * at)).collect();
        assert_eq!(people.iter().map(|seen| seen.at).collect::<Vec<_>>(), expected);
        assert!(people.iter().all(|seen| seen.class == Class::Human));
    };
    check();
    twice(&store, check);
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
        let (referrer, agent) = (referrer.into(), agent.into());
        store.record_click(Click { referrer, agent, ..click(anna, id, class) });
    }
    let check = || {
        let (_, tally) = store.statistics(anna, id).unwrap();
        let pairs = [("news.example".to_owned(), 2), ("blog.example".to_owned(), 1)];
        assert_eq!((tally.referrers.as_slice(), tally.referrers_other), (pairs.as_slice(), 0));
        assert_eq!(tally.browsers, [("Firefox", 2), ("Other", 1)]);
        assert_eq!(tally.systems, [("Linux", 2), ("Other", 1)]);
    };
    check();
    twice(&store, check);
}

#[test]
fn a_full_tally_keeps_the_biggest_referrers() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let from = |host: String| Click { referrer: host.into(), ..click(anna, id, Class::Human) };
    for _ in 0..3 {
        (0..5).for_each(|at| {
            store.record_click(from(format!("big{at}.example/path")));
        });
    }
    (0..REFERRERS_PER_LINK_MAX + 40).for_each(|at| {
        store.record_click(from(format!("small{at}.example")));
    });
    twice(&store, || {
        let (numbers, tally) = store.statistics(anna, id).unwrap();
        assert_eq!(tally.referrers.len(), REFERRERS_PER_LINK_MAX);
        let biggest: Vec<_> = (0..5).map(|at| (format!("big{at}.example"), 3)).collect();
        assert_eq!(tally.referrers[..5], biggest);
        assert_eq!(tally.referrers_other, 45);
        assert_eq!(tally.referrers.iter().map(|(_, count)| count).sum::<u64>() + 45, numbers.humans);
    });
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
    twice(&store, || {
        assert_eq!(store.statistics(anna, there).unwrap().0.humans, 1);
        for (owner, id) in [(anna, gone), (anna, LinkId(99)), (bert, there)] {
            assert_eq!(store.numbers(owner, id).unwrap(), Numbers::default());
            assert_eq!(store.statistics(owner, id).unwrap(), (Numbers::default(), Tally::default()));
            assert_eq!(store.latest_clicks(owner, id, false).unwrap(), []);
        }
        assert_eq!(store.most_clicked(anna, 5).unwrap().1, 1);
        assert_eq!(store.most_clicked(bert, 5).unwrap().1, 0);
    });
    assert_eq!(rows(&store), 1);
}

#[test]
fn clicks_of_deleted_links_are_removed_in_slices() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let (gone, there) = (link(&store, anna, "gone").id, link(&store, anna, "there").id);
    assert!(!store.purge_clicks().unwrap());
    (0..500).for_each(|_| {
        store.record_click(click(anna, gone, Class::Human));
    });
    store.record_click(click(anna, there, Class::Human));
    store.settle();
    let left = |table| {
        let tx = store.file.database().unwrap().begin_read().unwrap();
        tx.open_table(table).unwrap().len().unwrap()
    };
    // As many segments as half a million clicks have.
    let more = u32::try_from(PURGE_ROWS_PER_COMMIT).unwrap() + 5;
    let fill = move |tx: &redb::WriteTransaction| {
        let mut table = tx.open_table(CLICK_SEG)?;
        for number in 100..100 + more {
            table.insert(click_key(link_key(anna, gone), number).as_slice(), b"".as_slice())?;
        }
        Ok(())
    };
    store.write("filling", fill).unwrap();
    store.delete_link(anna, name("anna"), gone).unwrap();
    assert_eq!(store.statistics(anna, gone).unwrap().0, Numbers::default());
    let segments = left(CLICK_SEG);
    assert!(store.purge_clicks().unwrap());
    assert_eq!(left(CLICK_SEG), segments - PURGE_ROWS_PER_COMMIT as u64);
    assert!(store.purge_clicks().unwrap());
    // Of the link, of its owner and of the site a day, and all days.
    assert_eq!((left(CLICK_SEG), left(ROLL_DAY), left(CLICK_PURGE)), (1, 6, 0));
    audit(&store);
    assert!(!store.purge_clicks().unwrap());
    assert_eq!(store.statistics(anna, there).unwrap().0.humans, 1);
}

#[test]
fn flushing_puts_every_click_before_it_on_disk() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let mut sent = 0;
    for count in [1, 2, 40, CLICKS_PER_COMMIT_MAX + 1, 1, 0] {
        (0..count).for_each(|_| {
            store.record_click(click(anna, id, Class::Human));
        });
        sent += count as u64;
        store.flush_clicks();
        assert_eq!(store.queue.unwritten_clicks(), 0);
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
    (0..many).for_each(|_| {
        store.record_click(click(anna, id, Class::Human));
    });
    drop(store);
    let (store, opened) = open(folder.path()).unwrap();
    assert!(!opened.repaired);
    assert_eq!(store.statistics(anna, id).unwrap().0.humans, many as u64);
    assert_eq!(rows(&store), many as u64);
}

#[test]
fn damaged_sums_cost_the_clicks_on_their_link_only() {
    for (table, of_day, value) in
        [(ROLL_TOTAL, false, b"\x01\xff".as_slice()), (ROLL_TOTAL, false, b""), (ROLL_DAY, true, b"\x02")]
    {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        let (bad, good) = (link(&store, anna, "bad").id, link(&store, anna, "good").id);
        store.close();
        let key = link_key(anna, bad);
        let key = if of_day { day_key(key, ALL_DAYS).to_vec() } else { key.to_vec() };
        tamper(folder.path(), table, &key, value);
        let (store, _) = open(folder.path()).unwrap();
        store.record_click(click(anna, bad, Class::Human));
        store.record_click(click(anna, good, Class::Human));
        store.settle();
        assert_eq!(store.statistics(anna, bad).unwrap(), (Numbers::default(), Tally::default()));
        assert_eq!(store.statistics(anna, good).unwrap().0.humans, 1);
        assert!(store.redirect("anna/bad").unwrap().is_some());
        assert_eq!(rows(&store), 1, "no single click without its sums");
    }
}

#[test]
fn sums_at_their_end_stay_there() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    store.close();
    let key = link_key(anna, id);
    let full = SumRecord { humans: u64::MAX, segment_first: u32::MAX, segment_next: u32::MAX, ..SumRecord::empty() };
    tamper(folder.path(), ROLL_TOTAL, &key, &record::seal(&key, &full).unwrap());
    let (store, _) = open(folder.path()).unwrap();
    for _ in 0..3 {
        store.record_click(click(anna, id, Class::Human));
        store.settle();
        assert_eq!(store.numbers(anna, id).unwrap().humans, u64::MAX);
    }
}

#[test]
fn a_damaged_segment_costs_its_own_clicks_only() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    (0..1000).for_each(|second| {
        store.record_click(Click { at: NOW.plus_s(second), ..click(anna, id, Class::Human) });
    });
    store.settle();
    let count = |number: u32| {
        let tx = store.file.database().unwrap().begin_read().unwrap();
        let table = tx.open_table(CLICK_SEG).unwrap();
        let raw = table.get(click_key(link_key(anna, id), number).as_slice()).unwrap();
        raw.map_or(0, |raw| i64::from(block::count(raw.value())))
    };
    let counts: Vec<i64> = (0..20).map(count).take_while(|count| *count > 0).collect();
    assert!(counts.len() > 2, "{counts:?}");
    let newest = u32::try_from(counts.len() - 1).unwrap();
    store.close();
    tamper(folder.path(), CLICK_SEG, &click_key(link_key(anna, id), newest), b"\x01\xff");
    let (store, _) = open(folder.path()).unwrap();
    let before_it = 1000 - counts[newest as usize] - 1;
    for people_only in [true, false] {
        let latest = store.latest_clicks(anna, id, people_only).unwrap();
        assert_eq!(latest.first().unwrap().at, NOW.plus_s(before_it));
    }
    assert_eq!(store.numbers(anna, id).unwrap().humans, 1000);
    // The next click goes into a segment after it.
    store.record_click(Click { at: NOW.plus_s(2000), ..click(anna, id, Class::Human) });
    store.settle();
    let latest = store.latest_clicks(anna, id, true).unwrap();
    assert_eq!([latest[0].at, latest[1].at], [2000, before_it].map(|second| NOW.plus_s(second)));
    assert_eq!(store.numbers(anna, id).unwrap().humans, 1001);
}

#[test]
fn a_link_keeps_its_newest_clicks_and_counts_all_of_them() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let max = i64::from(CLICK_ROWS_PER_LINK_MAX);
    let mut sent = 0;
    for count in [max, 1, 700, 9] {
        for _ in 0..count {
            store.record_click(Click { at: NOW.plus_s(sent), ..click(anna, id, Class::Human) });
            sent += 1;
        }
        let kept = i64::try_from(rows(&store)).unwrap();
        assert!((max - 500..=max).contains(&kept), "{kept} of {sent}");
        audit(&store);
        assert_eq!(store.numbers(anna, id).unwrap().humans, sent.cast_unsigned());
        assert_eq!(store.latest_clicks(anna, id, true).unwrap()[0].at, NOW.plus_s(sent - 1));
    }
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
    for mark in [&b""[..], b"\0", &link_key(UserId(1), LinkId(2)), &[0; 12], &click_key([0, 0, 0, 1, 0, 0, 0, 2], 0)] {
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
