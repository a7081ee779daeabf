//! Days and tallies of a link, from the file, from memory, and from both.

use super::*;
use crate::calendar;
use crate::click::Click;
use crate::clock::Timestamp;
use crate::limits::REFERRERS_PER_LINK_MAX;
use crate::store::tables::link_key;
use crate::store::tests::{NOW, click, fresh, link, name, open, tamper, user};
use crate::visitor::Class;

const DAY_S: i64 = 86_400;
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";

fn today() -> Day {
    calendar::day(NOW.ms())
}

fn since(first: Day) -> Period {
    Period { days: first..=today(), tally: TallyOf::Since(first) }
}

fn one(day: Day, people: u64, bots: u64, hours: &[(u8, u64)], bot_hours: &[(u8, u64)]) -> OneDay {
    OneDay { day, people, bots, visitors: 0, hours: hours.to_vec(), bot_hours: bot_hours.to_vec() }
}

#[test]
fn days_are_the_same_in_memory_in_the_log_and_counted() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let (id, other) = (link(&store, anna, "promo").id, link(&store, anna, "other").id);
    let midnight = calendar::time(today(), 0);
    let send = |at: Timestamp, class, host: &str, agent: &str| {
        let (referrer, agent) = (host.into(), agent.into());
        store.record_click(Click { at, referrer, agent, ..click(anna, id, class) });
    };
    let expected = |times: u64| {
        let days = [
            one(today() - 2, times, 0, &[(12, times)], &[]),
            one(today() - 1, times, times, &[(23, times)], &[(23, times)]),
            one(today(), 2 * times, times, &[(0, times), (12, times)], &[(12, times)]),
        ];
        let hosts = vec![("b.example".to_owned(), 2 * times), ("a.example".to_owned(), times)];
        (days, hosts)
    };
    let check = |times: u64| {
        let (days, hosts) = expected(times);
        let week = store.history(Whose::Link(anna, id), &since(today() - 6)).unwrap();
        assert_eq!(week.days, days);
        assert_eq!(week.tally.referrers, hosts);
        assert_eq!(week.tally.browsers, [("Firefox", 2 * times)]);
        assert_eq!(week.tally.devices, [("Desktop", 2 * times)]);
        assert_eq!((&week.tally.reasons, week.tally.prefetches), (&vec![("Reason not kept", 2 * times)], times));
        assert_eq!(week.numbers.humans, 4 * times);
        assert!(!week.is_damaged);
        let two = store.history(Whose::Link(anna, id), &since(today() - 1)).unwrap();
        assert_eq!(two.days, days[1..]);
        assert_eq!(two.tally.referrers, [("b.example".to_owned(), 2 * times)]);
        // Days may be read that the tally is not of.
        let period = Period { tally: TallyOf::Since(today() - 1), ..since(today() - 6) };
        let both = store.history(Whose::Link(anna, id), &period).unwrap();
        assert_eq!((both.days, both.tally), (days.to_vec(), two.tally));
        let all =
            store.history(Whose::Link(anna, id), &Period { days: 1..=Day::MAX, tally: TallyOf::AllTime }).unwrap();
        assert_eq!((all.days, all.tally), (days.to_vec(), week.tally));
    };
    for times in 1..=3 {
        send(midnight.plus_s(-12 * 3_600 - DAY_S), Class::Human, "a.example/x", "");
        send(midnight.plus_s(-1), Class::Human, "b.example", FIREFOX);
        send(midnight.plus_s(-2), Class::Bot, "bots.example", FIREFOX);
        send(midnight, Class::Human, "b.example/y", FIREFOX);
        send(NOW, Class::Human, "", "");
        send(NOW, Class::Preview, "", "");
        send(NOW, Class::Prefetch, "c.example", FIREFOX);
        store.record_click(click(anna, other, Class::Human));
        check(times);
        store.flush_clicks();
        check(times);
        if times > 1 {
            store.settle();
            check(times);
        }
    }
}

#[test]
fn links_of_others_and_links_that_are_gone_have_no_history() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let id = link(&store, anna, "promo").id;
    store.record_click(click(anna, id, Class::Human));
    let all = Period { days: 1..=Day::MAX, tally: TallyOf::AllTime };
    assert_eq!(store.history(Whose::Link(bert, id), &all).unwrap(), History::default());
    assert_eq!(store.history(Whose::Link(anna, id), &since(today() + 1)).unwrap().days, []);
    store.delete_link(anna, name("anna"), id).unwrap();
    assert_eq!(store.history(Whose::Link(anna, id), &all).unwrap(), History::default());
}

#[test]
fn a_damaged_day_costs_itself_and_is_told() {
    let (folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    for days in 0..3 {
        let (at, referrer) = (NOW.plus_s(-days * DAY_S), format!("host{days}.example").into());
        store.record_click(Click { at, referrer, ..click(anna, id, Class::Human) });
    }
    store.settle();
    store.close();
    tamper(folder.path(), ROLL_DAY, &day_key(link_key(anna, id), today() - 1), b"\x01\xff");
    let (store, _) = open(folder.path()).unwrap();
    let week = store.history(Whose::Link(anna, id), &since(today() - 6)).unwrap();
    assert!(week.is_damaged);
    assert_eq!(week.days, [one(today() - 2, 1, 0, &[(12, 1)], &[]), one(today(), 1, 0, &[(12, 1)], &[])]);
    assert_eq!(week.tally.referrers, [("host0.example".to_owned(), 1), ("host2.example".to_owned(), 1)]);
    assert_eq!(week.numbers.humans, 3, "the sum of all time is whole");
    assert!(!store.history(Whose::Link(anna, id), &since(today())).unwrap().is_damaged);
}

#[test]
fn a_year_of_many_hosts_and_visitors_is_read_in_no_time_and_keeps_the_biggest() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let hosts = u32::try_from(REFERRERS_PER_LINK_MAX).unwrap();
    for (whose, registers) in [(Whose::Link(anna, id), 640), (Whose::Owner(anna), 2_560), (Whose::Site, 2_560)] {
        let fill = move |tx: &redb::WriteTransaction| {
            let mut table = tx.open_table(ROLL_DAY)?;
            for back in 0..365_u16 {
                let key = day_key(whose.key(), today() - back);
                let first = 10 + u32::from(back) * hosts;
                let mut roll = RollRecord { humans: 10_000, bots: 10, ..RollRecord::empty() };
                roll.hosts = (first..first + hosts).map(|host| (host, 2)).collect();
                roll.hosts_other = 600;
                roll.hours = (0..24).map(|hour| (hour, 40)).collect();
                // Every register says 1.
                let ones = [0x21, 0x84, 0x10, 0x42, 0x08].repeat(registers / 5);
                roll.sketch = Sketch::from_bytes(&ones).unwrap();
                roll.count_visitors();
                table.insert(key.as_slice(), record::seal(&key, &roll)?.as_slice())?;
            }
            Ok(())
        };
        store.write("filling", fill).unwrap();
        let begun = std::time::Instant::now();
        let year = store.history(whose, &since(today() - 364)).unwrap();
        eprintln!("a year of {whose:?} in {:?}", begun.elapsed());
        assert_eq!(year.days.len(), 365);
        assert!(year.days.iter().all(|day| day.visitors == year.days[0].visitors && day.visitors > 0));
        // None of these numbers has a name.
        assert_eq!((year.tally.referrers.len(), year.tally.referrers_other), (0, 365 * 1_000));
    }
}
