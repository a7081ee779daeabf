//! Clicks that are in no sum yet, as pages need them.

use std::collections::{BTreeMap, HashMap};

use redb::ReadableTable;

use super::{Numbers, Seen, Whose};
use crate::calendar::{self, Day};
use crate::click::{self, Click};
use crate::clock::Timestamp;
use crate::link::LinkId;
use crate::store::error::Error;
use crate::store::ledger::block::Packed;
use crate::store::ledger::dict::{self, Words};
use crate::store::ledger::memory::{Late, Uncounted};
use crate::store::ledger::sketch::Scope;
use crate::store::record::RollRecord;
use crate::store::tables::link_key;
use crate::user::UserId;
use crate::visitor::Class;

impl Late<'_> {
    /// Owner and link, as in the tables' keys.
    pub(super) fn key(&self) -> u64 {
        match self {
            Late::Logged(click) => click.key,
            Late::Waiting(click) => u64::from_be_bytes(link_key(click.owner, click.link)),
        }
    }

    pub(super) fn link(&self) -> LinkId {
        match self {
            // The lower half of a key is the link's number.
            Late::Logged(click) => LinkId(click.key as u32),
            Late::Waiting(click) => click.link,
        }
    }

    pub(super) fn class_and_time(&self) -> (Class, Timestamp) {
        match self {
            Late::Logged(click) => (click.packed.class, Timestamp::from_ms(click.packed.at_ms)),
            Late::Waiting(click) => (click.class, click.at),
        }
    }
}

/// The numbers of clicks that are in no sum.
pub(super) fn numbers<'a>(clicks: impl Iterator<Item = Late<'a>>) -> Numbers {
    let mut numbers = Numbers::default();
    for click in clicks {
        let (class, at) = click.class_and_time();
        numbers.count(class, at);
    }
    numbers
}

/// The same for each link of a user.
pub(in crate::store) type LateNumbers = HashMap<LinkId, Numbers>;

pub(super) fn numbers_of_user(late: &Uncounted<'_>, owner: UserId) -> LateNumbers {
    let mut all = LateNumbers::new();
    for click in late.of(Whose::Owner(owner)) {
        let (class, at) = click.class_and_time();
        all.entry(click.link()).or_default().count(class, at);
    }
    all
}

/// What clicks that are in no sum add to a tally.
pub(super) struct LateTally {
    /// Hosts that have no number yet.
    pub(super) hosts: HashMap<String, u64>,
    pub(super) roll: RollRecord,
}

impl LateTally {
    fn add(&mut self, late: &Late<'_>, scope: Scope) {
        match late {
            Late::Logged(click) => self.roll.add(click, scope),
            Late::Waiting(click) => {
                self.roll.add_waiting(click, scope);
                let host = click::referring_host(&click.referrer);
                if click.class == Class::Human && !host.is_empty() {
                    *self.hosts.entry(host.to_owned()).or_default() += 1;
                }
            }
        }
    }
}

/// The tallies of clicks that are in no sum, by day.
pub(super) fn by_day<'a>(clicks: impl Iterator<Item = Late<'a>>, scope: Scope) -> BTreeMap<Day, LateTally> {
    let mut days = BTreeMap::new();
    for late in clicks {
        let (_, at) = late.class_and_time();
        let empty = || LateTally { hosts: HashMap::new(), roll: RollRecord::empty() };
        days.entry(calendar::day(at.ms())).or_insert_with(empty).add(&late, scope);
    }
    days
}

impl From<&Click> for Seen {
    fn from(click: &Click) -> Seen {
        let Click { at, class, reason, ref referrer, ref agent, address, .. } = *click;
        Seen { at, class, reason, referrer: referrer.to_string(), agent: agent.to_string(), address }
    }
}

/// A click on its way to a page, its texts perhaps still numbers.
pub(super) enum Latest {
    Packed(Packed),
    Whole(Box<Click>),
}

impl Latest {
    pub(super) fn class(&self) -> Class {
        match self {
            Latest::Packed(click) => click.class,
            Latest::Whole(click) => click.class,
        }
    }

    pub(super) fn seen(self, words: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<Seen, Error> {
        Ok(match self {
            Latest::Packed(click) => Seen {
                at: Timestamp::from_ms(click.at_ms),
                class: click.class,
                reason: click.reason,
                referrer: dict::text(words, Words::Referrer, click.referrer)?,
                agent: dict::text(words, Words::Agent, click.agent)?,
                address: click.address,
            },
            Latest::Whole(click) => Seen::from(&*click),
        })
    }
}
