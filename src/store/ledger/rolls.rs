//! Sums of clicks: what a list needs of a link, and what a page shows of one day or of all.

use crate::calendar::{Day, hour};
use crate::limits::REFERRERS_PER_LINK_MAX;
use crate::store::ledger::dict::{NONE, OTHER};
use crate::store::ledger::{Logged, block::Packed};
use crate::store::record::{RollRecord, SumRecord};
use crate::visitor::Class;

pub(in crate::store) use crate::calendar::day;

/// Stands for all days together.
pub(in crate::store) const ALL_DAYS: Day = 0;

impl SumRecord {
    pub(in crate::store) fn empty() -> SumRecord {
        SumRecord { humans: 0, bots: 0, first_ms: 0, last_ms: 0, segment_first: 0, segment_next: 0, kept: 0, passed: 0 }
    }

    pub(in crate::store) fn add(&mut self, click: &Packed) {
        match click.class {
            Class::Human => self.humans = self.humans.saturating_add(1),
            Class::Bot | Class::Preview => self.bots = self.bots.saturating_add(1),
            // Nobody has followed the link yet.
            Class::Prefetch => return,
        }
        self.first_ms = if self.first_ms == 0 { click.at_ms } else { self.first_ms.min(click.at_ms) };
        self.last_ms = self.last_ms.max(click.at_ms);
    }

    /// Notes that single clicks are kept no longer; they stay counted.
    pub(in crate::store) fn let_go(&mut self, clicks: u32) {
        self.kept = self.kept.saturating_sub(clicks);
        self.passed = self.passed.saturating_add(clicks.into());
    }
}

/// Adds to the count of something in a sorted list.
fn bump<T: Ord + Copy>(counts: &mut Vec<(T, u64)>, what: T, by: u64) {
    match counts.binary_search_by_key(&what, |pair| pair.0) {
        Ok(at) => counts[at].1 = counts[at].1.saturating_add(by),
        Err(at) => counts.insert(at, (what, by)),
    }
}

impl RollRecord {
    pub(in crate::store) fn empty() -> RollRecord {
        RollRecord {
            humans: 0,
            bots: 0,
            hours: Vec::new(),
            hosts: Vec::new(),
            hosts_other: 0,
            browsers: Vec::new(),
            systems: Vec::new(),
        }
    }

    pub(in crate::store) fn add(&mut self, click: &Logged) {
        if !self.count(click.packed.class, click.packed.at_ms) {
            return;
        }
        self.add_host(click.host, 1);
        if click.packed.agent != NONE {
            self.add_agent(click.browser, click.system);
        }
    }

    /// Counts a click by its kind and hour. True for a person's, of which more is counted.
    pub(in crate::store) fn count(&mut self, class: Class, at_ms: i64) -> bool {
        match class {
            Class::Human => self.humans = self.humans.saturating_add(1),
            Class::Bot | Class::Preview => self.bots = self.bots.saturating_add(1),
            Class::Prefetch => {}
        }
        let is_human = class == Class::Human;
        if is_human {
            bump(&mut self.hours, hour(at_ms), 1);
        }
        is_human
    }

    /// Counts somebody who said what they use.
    pub(in crate::store) fn add_agent(&mut self, browser: u8, system: u8) {
        bump(&mut self.browsers, browser, 1);
        bump(&mut self.systems, system, 1);
    }

    /// Counts people from a host, by its number in the dictionary.
    pub(in crate::store) fn add_host(&mut self, host: u32, people: u64) {
        match host {
            NONE => {}
            OTHER => self.hosts_other = self.hosts_other.saturating_add(people),
            host => bump(&mut self.hosts, host, people),
        }
    }

    /// Adds what another has counted.
    pub(in crate::store) fn merge(&mut self, other: &RollRecord) {
        self.humans = self.humans.saturating_add(other.humans);
        self.bots = self.bots.saturating_add(other.bots);
        self.hosts_other = self.hosts_other.saturating_add(other.hosts_other);
        other.hours.iter().for_each(|&(hour, count)| bump(&mut self.hours, hour, count));
        other.hosts.iter().for_each(|&(host, count)| bump(&mut self.hosts, host, count));
        other.browsers.iter().for_each(|&(code, count)| bump(&mut self.browsers, code, count));
        other.systems.iter().for_each(|&(code, count)| bump(&mut self.systems, code, count));
    }

    /// Keeps the hosts with the most people, [`REFERRERS_PER_LINK_MAX`] of them; the rest become "other".
    pub(in crate::store) fn trim(&mut self) {
        if self.hosts.len() <= REFERRERS_PER_LINK_MAX {
            return;
        }
        self.hosts.sort_unstable_by_key(|&(host, count)| (std::cmp::Reverse(count), host));
        for (_, count) in self.hosts.drain(REFERRERS_PER_LINK_MAX..) {
            self.hosts_other = self.hosts_other.saturating_add(count);
        }
        self.hosts.sort_unstable_by_key(|pair| pair.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_hosts_the_biggest_stay() {
        let mut roll = RollRecord::empty();
        (2..400).for_each(|host| roll.add_host(host, u64::from(host % 7)));
        let before: u64 = roll.hosts.iter().map(|pair| pair.1).sum();
        roll.trim();
        assert_eq!(roll.hosts.len(), REFERRERS_PER_LINK_MAX);
        assert!(roll.hosts.is_sorted_by_key(|pair| pair.0));
        assert_eq!(roll.hosts.iter().map(|pair| pair.1).sum::<u64>() + roll.hosts_other, before);
        assert_eq!(roll.hosts.iter().map(|pair| pair.1).min(), Some(3));
    }
}
