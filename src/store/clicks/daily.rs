//! People's clicks by day, of several links at once: what a list draws beside each.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use redb::ReadTransaction;

use super::Whose;
use crate::calendar::{self, Day};
use crate::link::LinkId;
use crate::store::Store;
use crate::store::error::{Error, unless_damaged};
use crate::store::ledger::memory::Uncounted;
use crate::store::record::{self, RollRecord};
use crate::store::tables::{ROLL_DAY, day_key, link_key};
use crate::user::UserId;
use crate::visitor::Class;

/// People of some days, the oldest first.
type Daily = HashMap<LinkId, Vec<u64>>;

/// Those in no sum, of all links of a user.
fn late(late: &Uncounted<'_>, owner: UserId, days: &RangeInclusive<Day>) -> HashMap<(LinkId, Day), u64> {
    let mut people = HashMap::new();
    for click in late.of(Whose::Owner(owner)) {
        let (class, at) = click.class_and_time();
        let day = calendar::day(at.ms());
        if class == Class::Human && days.contains(&day) {
            *people.entry((click.link(), day)).or_default() += 1;
        }
    }
    people
}

fn read(tx: &ReadTransaction, owner: UserId, links: &[LinkId], days: &RangeInclusive<Day>) -> Result<Daily, Error> {
    let table = tx.open_table(ROLL_DAY)?;
    let mut all = Daily::with_capacity(links.len());
    for link in links {
        let mut people = vec![0; days.len()];
        let key = link_key(owner, *link);
        let (from, to) = (day_key(key, *days.start()), day_key(key, *days.end()));
        for row in table.range(from.as_slice()..=to.as_slice())? {
            let (key, raw) = row?;
            let of_day = unless_damaged(record::unseal_head::<RollRecord, u64>(key.value(), raw.value()))?;
            let day = key.value().last_chunk().map(|day| Day::from_be_bytes(*day));
            if let (Some(of_day), Some(day)) = (of_day, day) {
                people[usize::from(day - days.start())] = of_day;
            }
        }
        all.insert(*link, people);
    }
    Ok(all)
}

impl Store {
    /// People's clicks on each of some links on each of some days; days that do not read are left empty.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn people_by_day(
        &self,
        owner: UserId,
        links: &[LinkId],
        days: &RangeInclusive<Day>,
    ) -> Result<Daily, Error> {
        let late = |all: &Uncounted<'_>| late(all, owner, days);
        self.read_with_late("reading clicks by day", late, |tx, late| {
            let mut all = read(tx, owner, links, days)?;
            for ((link, day), people) in late {
                if let Some(of_link) = all.get_mut(&link) {
                    let of_day = &mut of_link[usize::from(day - days.start())];
                    *of_day = of_day.saturating_add(people);
                }
            }
            Ok(all)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::click::Click;
    use crate::store::tests::{NOW, click, fresh, link, open, tamper, user};

    #[test]
    fn people_are_counted_by_day_in_memory_and_on_disk() {
        let (folder, store) = fresh();
        let anna = user(&store, "anna");
        let ids = ["a", "b", "c"].map(|text| link(&store, anna, text).id);
        let today = calendar::day(NOW.ms());
        for (id, days, class) in [
            (ids[0], 0, Class::Human),
            (ids[0], 0, Class::Human),
            (ids[0], 2, Class::Human),
            (ids[0], 3, Class::Human),
            (ids[0], -1, Class::Human),
            (ids[1], 1, Class::Human),
            (ids[1], 0, Class::Bot),
            (ids[1], 0, Class::Prefetch),
        ] {
            store.record_click(Click { at: NOW.plus_s(-days * 86_400), ..click(anna, id, class) });
        }
        let expected = Daily::from([(ids[0], vec![1, 0, 2]), (ids[1], vec![0, 1, 0]), (ids[2], vec![0; 3])]);
        let daily = |store: &Store| store.people_by_day(anna, &ids, &(today - 2..=today)).unwrap();
        assert_eq!(daily(&store), expected);
        store.flush_clicks();
        assert_eq!(daily(&store), expected);
        store.settle();
        assert_eq!(daily(&store), expected);
        assert_eq!(store.people_by_day(anna, &ids[1..2], &(today..=today)).unwrap()[&ids[1]], [0]);
        store.close();
        tamper(folder.path(), ROLL_DAY, &day_key(link_key(anna, ids[0]), today), b"\x01");
        assert_eq!(daily(&open(folder.path()).unwrap().0)[&ids[0]], [1, 0, 0]);
    }
}
