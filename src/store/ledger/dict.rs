//! The dictionary: referrers and user agents by number, so that a click carries a few bytes and not their texts.
//!
//! Visitors choose these texts, so what they can add is bounded, per hour and in all.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use crate::click;
use crate::limits::{WORDS_MAX, WORDS_REMEMBERED};
use crate::store::error::{Error, unless_damaged};
use crate::store::record::{self, WordIdRecord, WordRecord};
use crate::store::tables::{DICT, DICT_ID, Table};
use crate::visitor::{self, Description};

/// No text at all.
pub(in crate::store) const NONE: u32 = 0;
/// A text that found no room.
pub(in crate::store) const OTHER: u32 = 1;
const FIRST: u32 = 2;

const HOUR: Duration = Duration::from_secs(3_600);

/// What a text is. The numbers are on disk: append, never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::store) enum Words {
    /// Host and path, or a host alone.
    Referrer = 1,
    Agent = 2,
}

/// A referrer's number, and that of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Referrer {
    pub(in crate::store) id: u32,
    pub(in crate::store) host: u32,
}

/// A user agent's number, and what it says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Agent {
    pub(in crate::store) id: u32,
    pub(in crate::store) about: Description,
}

impl Agent {
    fn new(id: u32, text: &str) -> Agent {
        Agent { id, about: visitor::describe(text) }
    }
}

pub(in crate::store) fn text_key(words: Words, text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + text.len());
    key.push(words as u8);
    key.extend(text.as_bytes());
    key
}

pub(in crate::store) fn id_key(words: Words, id: u32) -> [u8; 5] {
    let [a, b, c, d] = id.to_be_bytes();
    [words as u8, a, b, c, d]
}

/// The text with a number; empty when it has none, or does not read.
///
/// # Errors
/// When the store fails.
pub(in crate::store) fn text(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    words: Words,
    id: u32,
) -> Result<String, Error> {
    match id {
        NONE => return Ok(String::new()),
        OTHER => return Ok("(other)".to_owned()),
        _ => {}
    }
    let key = id_key(words, id);
    let Some(raw) = table.get(key.as_slice())? else { return Ok(String::new()) };
    Ok(unless_damaged(record::unseal::<WordRecord>(&key, raw.value()))?.map(|row| row.text).unwrap_or_default())
}

/// Both tables, in one transaction.
pub(in crate::store) struct Tables<'a> {
    ids: Table<'a>,
    texts: Table<'a>,
}

impl<'a> Tables<'a> {
    pub(in crate::store) fn open(tx: &'a WriteTransaction) -> Result<Tables<'a>, Error> {
        Ok(Tables { ids: tx.open_table(DICT)?, texts: tx.open_table(DICT_ID)? })
    }
}

/// What the writing thread remembers of the dictionary.
///
/// # Invariants
/// Everything in it is in the file, or in the transaction at hand: when that comes to nothing, [`Dictionary::forget`]
/// has to be called.
pub(in crate::store) struct Dictionary {
    referrers: HashMap<Box<str>, Referrer>,
    agents: HashMap<Box<str>, Agent>,
    /// The next free number of referrers and of agents, once they are known.
    next: [Option<u32>; 2],
    /// Texts of a kind that may be added in an hour, and how many were in this one.
    per_hour: usize,
    added: [usize; 2],
    hour: Instant,
    /// Texts of a kind in all.
    max: u32,
}

impl Dictionary {
    /// An empty memory; `per_hour` new texts of a kind are taken.
    pub(in crate::store) fn new(per_hour: usize) -> Dictionary {
        Dictionary {
            referrers: HashMap::new(),
            agents: HashMap::new(),
            next: [None; 2],
            per_hour,
            added: [0; 2],
            hour: Instant::now(),
            max: WORDS_MAX,
        }
    }

    /// Forgets what may not be in the file.
    pub(in crate::store) fn forget(&mut self) {
        self.referrers.clear();
        self.agents.clear();
        self.next = [None; 2];
    }

    /// The numbers of a referrer, new ones if need be. One that finds no room is its host, or [`OTHER`].
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::store) fn referrer(&mut self, tables: &mut Tables<'_>, text: &str) -> Result<Referrer, Error> {
        if text.is_empty() {
            return Ok(Referrer { id: NONE, host: NONE });
        }
        if let Some(known) = self.referrers.get(text) {
            return Ok(*known);
        }
        let host = click::referring_host(text);
        let host_id = match host {
            "" => Some(NONE),
            host => self.id(tables, Words::Referrer, host)?,
        };
        let Some(host_id) = host_id else { return Ok(Referrer { id: OTHER, host: OTHER }) };
        let id = if host == text { Some(host_id) } else { self.id(tables, Words::Referrer, text)? };
        let Some(id) = id else { return Ok(Referrer { id: host_id, host: host_id }) };
        if self.referrers.len() >= WORDS_REMEMBERED {
            self.referrers.clear();
        }
        let referrer = Referrer { id, host: host_id };
        self.referrers.insert(text.into(), referrer);
        Ok(referrer)
    }

    /// The number of an agent, a new one if need be. One that finds no room is [`OTHER`]: its text is not kept, but what
    /// it says is counted.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::store) fn agent(&mut self, tables: &mut Tables<'_>, text: &str) -> Result<Agent, Error> {
        if text.is_empty() {
            return Ok(Agent::new(NONE, ""));
        }
        if let Some(known) = self.agents.get(text) {
            return Ok(*known);
        }
        let Some(id) = self.id(tables, Words::Agent, text)? else { return Ok(Agent::new(OTHER, text)) };
        if self.agents.len() >= WORDS_REMEMBERED {
            self.agents.clear();
        }
        let agent = Agent::new(id, text);
        self.agents.insert(text.into(), agent);
        Ok(agent)
    }

    /// The number of a text, a new one if it is unknown; `None` when there is no room for it.
    fn id(&mut self, tables: &mut Tables<'_>, words: Words, text: &str) -> Result<Option<u32>, Error> {
        let key = text_key(words, text);
        if let Some(id) = known(&tables.ids, &key)? {
            return Ok(Some(id));
        }
        if self.hour.elapsed() >= HOUR {
            (self.hour, self.added) = (Instant::now(), [0; 2]);
        }
        let of_kind = if words == Words::Referrer { 0 } else { 1 };
        let id = match self.next[of_kind] {
            Some(next) => next,
            None => next_id(&tables.texts, words)?,
        };
        self.next[of_kind] = Some(id);
        if self.added[of_kind] >= self.per_hour || id - FIRST >= self.max {
            return Ok(None);
        }
        self.added[of_kind] += 1;
        self.next[of_kind] = Some(id + 1);
        tables.ids.insert(key.as_slice(), record::seal(&key, &WordIdRecord { id })?.as_slice())?;
        let key = id_key(words, id);
        let row = record::seal(&key, &WordRecord { text: text.to_owned() })?;
        tables.texts.insert(key.as_slice(), row.as_slice())?;
        Ok(Some(id))
    }
}

/// The host's number of a referrer's number that was read from the log.
///
/// # Errors
/// When the store fails.
pub(in crate::store) fn host_of(tx: &ReadTransaction, id: u32) -> Result<u32, Error> {
    if id <= OTHER {
        return Ok(id);
    }
    let referrer = text(&tx.open_table(DICT_ID)?, Words::Referrer, id)?;
    match click::referring_host(&referrer) {
        "" => Ok(NONE),
        host => Ok(known(&tx.open_table(DICT)?, &text_key(Words::Referrer, host))?.unwrap_or(OTHER)),
    }
}

/// The same for an agent's number.
///
/// # Errors
/// When the store fails.
pub(in crate::store) fn agent_of(tx: &ReadTransaction, id: u32) -> Result<Agent, Error> {
    let text = if id <= OTHER { String::new() } else { text(&tx.open_table(DICT_ID)?, Words::Agent, id)? };
    Ok(Agent::new(id, &text))
}

/// The number of a text that is in the dictionary.
fn known(ids: &impl ReadableTable<&'static [u8], &'static [u8]>, key: &[u8]) -> Result<Option<u32>, Error> {
    let Some(raw) = ids.get(key)? else { return Ok(None) };
    // One that does not read is made anew.
    Ok(unless_damaged(record::unseal::<WordIdRecord>(key, raw.value()))?.map(|row| row.id))
}

/// The number after the last one of a kind.
fn next_id(texts: &Table<'_>, words: Words) -> Result<u32, Error> {
    let (from, to) = (id_key(words, 0), id_key(words, u32::MAX));
    let Some(row) = texts.range(from.as_slice()..=to.as_slice())?.next_back() else { return Ok(FIRST) };
    let (key, _) = row?;
    let last = key.value().last_chunk::<4>().map_or(OTHER, |bytes| u32::from_be_bytes(*bytes));
    Ok(last.max(OTHER).saturating_add(1))
}

#[cfg(test)]
mod tests;
