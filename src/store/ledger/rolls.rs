//! Sums of clicks: what a list needs of a link, and what a page shows of one day or of all, of a link, a user or the site.

use crate::calendar::{Day, hour};
use crate::click::Click;
use crate::limits::{HOSTS_SUMMED_MAX, REFERRERS_PER_LINK_MAX};
use crate::store::ledger::dict::{NONE, OTHER};
use crate::store::ledger::sketch::{Scope, Sketch};
use crate::store::ledger::{Logged, block::Packed};
use crate::store::record::{OverallRecord, RollRecord, SumRecord};
use crate::visitor::marks::Marks;
use crate::visitor::{self, Class, Reason};

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

impl OverallRecord {
    pub(in crate::store) fn empty() -> OverallRecord {
        OverallRecord { humans: 0, bots: 0, last_ms: 0, gone_humans: 0, gone_bots: 0 }
    }

    pub(in crate::store) fn add(&mut self, click: &Packed) {
        match click.class {
            Class::Human => self.humans = self.humans.saturating_add(1),
            Class::Bot | Class::Preview => self.bots = self.bots.saturating_add(1),
            Class::Prefetch => return,
        }
        self.last_ms = self.last_ms.max(click.at_ms);
    }
}

/// Adds to the count of something in a sorted list.
fn bump<T: Ord + Copy>(counts: &mut Vec<(T, u64)>, what: T, by: u64) {
    match counts.binary_search_by_key(&what, |pair| pair.0) {
        Ok(at) => counts[at].1 = counts[at].1.saturating_add(by),
        Err(at) => counts.insert(at, (what, by)),
    }
}

/// Adds the counts of one sorted list to another.
fn bump_all<T: Ord + Copy>(counts: &mut Vec<(T, u64)>, by: &[(T, u64)]) {
    by.iter().for_each(|&(what, by)| bump(counts, what, by));
}

impl Scope {
    /// The mark that a visitor makes here.
    fn mark(self, marks: Marks) -> u32 {
        match self {
            Scope::Link => marks.link,
            Scope::Owner => marks.owner,
            Scope::Site => marks.site,
        }
    }
}

impl RollRecord {
    pub(in crate::store) const fn empty() -> RollRecord {
        RollRecord {
            humans: 0,
            bots: 0,
            hours: Vec::new(),
            visitors: 0,
            bot_hours: Vec::new(),
            prefetches: 0,
            hosts: Vec::new(),
            hosts_other: 0,
            browsers: Vec::new(),
            systems: Vec::new(),
            devices: Vec::new(),
            reasons: Vec::new(),
            sketch: Sketch::empty(),
        }
    }

    pub(in crate::store) fn add(&mut self, click: &Logged, scope: Scope) {
        let Packed { class, reason, at_ms, agent, .. } = click.packed;
        if !self.count(class, reason, at_ms) {
            return;
        }
        self.add_host(click.host, 1);
        if agent != NONE {
            self.add_agent(click.about);
        }
        self.add_marks(click.marks, scope);
    }

    /// Counts a click whose texts have no numbers yet, but for its host.
    pub(in crate::store) fn add_waiting(&mut self, click: &Click, scope: Scope) {
        if !self.count(click.class, click.reason, click.at.ms()) {
            return;
        }
        if !click.agent.is_empty() {
            self.add_agent(visitor::describe(&click.agent).codes());
        }
        self.add_marks(click.marks, scope);
    }

    /// Counts a click by its kind and hour. True for a person's, of which more is counted.
    fn count(&mut self, class: Class, reason: Reason, at_ms: i64) -> bool {
        match class {
            Class::Human => {
                self.humans = self.humans.saturating_add(1);
                bump(&mut self.hours, hour(at_ms), 1);
            }
            Class::Bot | Class::Preview => {
                self.bots = self.bots.saturating_add(1);
                bump(&mut self.bot_hours, hour(at_ms), 1);
                bump(&mut self.reasons, reason as u8, 1);
            }
            Class::Prefetch => self.prefetches = self.prefetches.saturating_add(1),
        }
        class == Class::Human
    }

    /// Counts somebody who said what they use.
    fn add_agent(&mut self, [browser, system, device]: [u8; 3]) {
        bump(&mut self.browsers, browser, 1);
        bump(&mut self.systems, system, 1);
        bump(&mut self.devices, device, 1);
    }

    fn add_marks(&mut self, marks: Option<Marks>, scope: Scope) {
        if let Some(marks) = marks {
            self.sketch.insert(scope.mark(marks), scope);
        }
    }

    /// Counts people from a host, by its number in the dictionary.
    pub(in crate::store) fn add_host(&mut self, host: u32, people: u64) {
        match host {
            NONE => {}
            OTHER => self.hosts_other = self.hosts_other.saturating_add(people),
            host => bump(&mut self.hosts, host, people),
        }
        if self.hosts.len() > HOSTS_SUMMED_MAX {
            self.trim();
        }
    }

    /// Adds what another has counted, but for different people: those of several days cannot be summed up so.
    pub(in crate::store) fn add_counts(&mut self, other: &RollRecord) {
        self.humans = self.humans.saturating_add(other.humans);
        self.bots = self.bots.saturating_add(other.bots);
        self.prefetches = self.prefetches.saturating_add(other.prefetches);
        self.hosts_other = self.hosts_other.saturating_add(other.hosts_other);
        bump_all(&mut self.hours, &other.hours);
        bump_all(&mut self.bot_hours, &other.bot_hours);
        other.hosts.iter().for_each(|&(host, people)| self.add_host(host, people));
        bump_all(&mut self.browsers, &other.browsers);
        bump_all(&mut self.systems, &other.systems);
        bump_all(&mut self.devices, &other.devices);
        bump_all(&mut self.reasons, &other.reasons);
    }

    /// Adds what another has counted of the same day.
    pub(in crate::store) fn join(&mut self, other: &RollRecord, scope: Scope) {
        self.add_counts(other);
        self.sketch.join(&other.sketch, scope);
        self.count_visitors();
    }

    /// Counts the people in the sketch. There are never more of them than clicks.
    pub(in crate::store) fn count_visitors(&mut self) {
        self.visitors = self.sketch.count().min(self.humans);
    }

    /// Keeps the hosts with the most people, [`REFERRERS_PER_LINK_MAX`] of them; the rest become "other".
    pub(in crate::store) fn trim(&mut self) {
        if self.hosts.len() <= REFERRERS_PER_LINK_MAX {
            return;
        }
        let order = |&(host, count): &(u32, u64)| (std::cmp::Reverse(count), host);
        self.hosts.select_nth_unstable_by_key(REFERRERS_PER_LINK_MAX, order);
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
