//! Very many clicks, made as fast as the program's own store takes them.
//!
//! Links are followed as links are: a few all the time, most seldom (Zipf's law). There are a thousand and a half
//! referrers, six hundred user agents, and a hundred thousand visitors; the clicks spread over the last thirty days.

use std::net::{IpAddr, Ipv4Addr};

use crate::click::{Click, Visit};
use crate::clock::{Clock, Timestamp};
use crate::link::LinkId;
use crate::store::Store;
use crate::user::UserId;
use crate::visitor::AddressPolicy;
use crate::visitor::marks::Marker;

const DAYS: i64 = 30;
const REFERRERS: u64 = 1_500;
const HOSTS: u64 = 200;
const AGENTS: u64 = 600;
const VISITORS: u64 = 100_000;

/// Makes clicks, the same ones each time but for their time.
pub struct Clicks {
    owner: UserId,
    links: Vec<LinkId>,
    marker: Marker,
    random: u64,
    begin: Timestamp,
    step_ms: f64,
    made: u64,
}

impl Clicks {
    /// Clicks on the links of a user; so many of them take up thirty days.
    pub fn new(owner: UserId, links: Vec<LinkId>, count: u64) -> Clicks {
        let begin = Clock::system().now().plus_s(-DAYS * 86_400);
        let step_ms = (DAYS * 86_400_000) as f64 / count.max(1) as f64;
        Clicks { owner, links, marker: Marker::default(), random: 0x9e37_79b9_7f4a_7c15, begin, step_ms, made: 0 }
    }

    /// xorshift64.
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    pub fn one(&mut self) -> Click {
        // The logarithm of a link's rank is as likely to have one value as another.
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = ((self.links.len() as f64 + 1.0).ln() * share).exp() as usize - 1;
        let link = self.links[rank.min(self.links.len() - 1)];
        let at = Timestamp::from_ms(self.begin.ms() + (self.made as f64 * self.step_ms) as i64);
        self.made += 1;
        let (agent, from, visitor) = (self.below(AGENTS), self.below(2 * REFERRERS), self.below(VISITORS) as u32);
        let agent = format!("Mozilla/5.0 (X11; Linux x86_64; rv:{agent}.0) Gecko/20100101 Firefox/{agent}.0");
        let referrer = match from {
            known if known < REFERRERS => format!("https://host{}.example/page/{known}", known % HOSTS),
            _ => String::new(),
        };
        let visit = Visit {
            at,
            address: Some(IpAddr::V4(Ipv4Addr::from(0x0b00_0000 + visitor * 97))),
            agent: &agent,
            referrer: &referrer,
            ahead_of_time: false,
            counts_only: false,
        };
        Click::of(visit, self.owner, link, AddressPolicy::Shorten, &self.marker)
    }

    /// Leaves so many in a store, and waits until they are on disk.
    pub fn pour(&mut self, store: &Store, count: u64, per_commit: u64) {
        let mut left = count;
        while left > 0 {
            let now = left.min(per_commit);
            for _ in 0..now {
                assert!(store.record_click(self.one()).is_some(), "a click was shed");
            }
            store.flush_clicks();
            left -= now;
        }
    }
}
