//! Clicks that are in no sum yet, as pages need them.

use std::collections::HashMap;

use redb::ReadableTable;

use super::{Numbers, Seen};
use crate::click::{self, Click};
use crate::clock::Timestamp;
use crate::link::LinkId;
use crate::store::error::Error;
use crate::store::ledger::block::Packed;
use crate::store::ledger::dict::{self, Words};
use crate::store::ledger::memory::{Late, Uncounted};
use crate::store::record::RollRecord;
use crate::user::UserId;
use crate::visitor::{self, Class};

impl Late<'_> {
    fn class_and_time(&self) -> (Class, Timestamp) {
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
    for click in late.of_user(owner) {
        let link = match click {
            // The lower half of a key is the link's number.
            Late::Logged(click) => LinkId(click.key as u32),
            Late::Waiting(click) => click.link,
        };
        let (class, at) = click.class_and_time();
        all.entry(link).or_default().count(class, at);
    }
    all
}

/// What clicks that are in no sum add to a tally.
pub(super) struct LateTally {
    pub(super) hosts: HashMap<String, u64>,
    pub(super) roll: RollRecord,
}

pub(super) fn tally<'a>(clicks: impl Iterator<Item = Late<'a>>) -> LateTally {
    let mut tally = LateTally { hosts: HashMap::new(), roll: RollRecord::empty() };
    for late in clicks {
        match late {
            Late::Logged(click) => tally.roll.add(click),
            Late::Waiting(click) if click.class == Class::Human => {
                let host = click::referring_host(&click.referrer);
                if !host.is_empty() {
                    *tally.hosts.entry(host.to_owned()).or_default() += 1;
                }
                if !click.agent.is_empty() {
                    let (browser, system) = visitor::describe(&click.agent);
                    tally.roll.add_agent(browser as u8, system as u8);
                }
            }
            Late::Waiting(_) => {}
        }
    }
    tally
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
            Latest::Whole(click) => {
                let Click { at, class, reason, referrer, agent, address, .. } = *click;
                Seen { at, class, reason, referrer, agent, address }
            }
        })
    }
}
