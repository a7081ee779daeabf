//! Clicks: one row each, and the sums that pages show, written together. The sums count every click; of the rows a
//! link keeps its newest.

use std::collections::HashMap;
use std::net::IpAddr;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use crate::click::{self, Click};
use crate::clock::Timestamp;
use crate::limits::{
    CLICK_ROWS_PER_LINK_MAX, CLICKS_LATEST, CLICKS_PER_COMMIT_MAX, CLICKS_SCANNED_MAX, LINKS_SCANNED_MAX,
    PURGE_ROWS_PER_COMMIT, REFERRERS_PER_LINK_MAX,
};
use crate::link::LinkId;
use crate::store::error::{Error, Kind, unless_damaged};
use crate::store::record::{self, ClickRecord, TallyRecord, TotalRecord};
use crate::store::tables::{CLICK, CLICK_PURGE, CLICK_TALLY, CLICK_TOTAL, LINK, Table, click_key, link_key, link_of};
use crate::store::{Report, Store};
use crate::user::UserId;
use crate::visitor::{self, Class, Reason};

/// A link's clicks in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) humans: u64,
    /// Bots and previews.
    pub(crate) bots: u64,
    pub(crate) last: Option<Timestamp>,
}

/// People's clicks by where they came from and what they used, the largest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) referrers: Vec<(String, u64)>,
    /// Clicks from hosts that made room for larger ones.
    pub(crate) referrers_other: u64,
    pub(crate) browsers: Vec<(&'static str, u64)>,
    pub(crate) systems: Vec<(&'static str, u64)>,
}

/// A click as it was kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at: Timestamp,
    pub(crate) class: Class,
    pub(crate) reason: Reason,
    pub(crate) referrer: String,
    pub(crate) agent: String,
    pub(crate) address: Option<IpAddr>,
}

fn from_record(record: ClickRecord) -> Seen {
    let v4 = <[u8; 4]>::try_from(record.address.as_slice()).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(record.address.as_slice()).map(IpAddr::from);
    Seen {
        at: Timestamp::from_ms(record.at_ms),
        class: Class::from_code(record.class),
        reason: Reason::from_code(record.reason),
        referrer: record.referrer,
        agent: record.agent,
        address: v4.or(v6).ok(),
    }
}

fn to_record(click: &Click) -> ClickRecord {
    let address = match click.address {
        None => Vec::new(),
        Some(IpAddr::V4(v4)) => v4.octets().to_vec(),
        Some(IpAddr::V6(v6)) => v6.octets().to_vec(),
    };
    ClickRecord {
        at_ms: click.at.ms(),
        class: click.class as u8,
        reason: click.reason as u8,
        referrer: click.referrer.clone(),
        agent: click.agent.clone(),
        address,
    }
}

impl TotalRecord {
    fn add(&mut self, click: &Click) {
        match click.class {
            Class::Human => self.humans = self.humans.saturating_add(1),
            Class::Bot | Class::Preview => self.bots = self.bots.saturating_add(1),
            // Nobody has followed the link yet.
            Class::Prefetch => return,
        }
        self.last_ms = self.last_ms.max(click.at.ms());
    }
}

impl TallyRecord {
    fn add(&mut self, click: &Click) {
        if click.class != Class::Human {
            return;
        }
        let host = click::referring_host(&click.referrer);
        if !host.is_empty() {
            self.add_referrer(host);
        }
        if !click.agent.is_empty() {
            let (browser, system) = visitor::describe(&click.agent);
            bump(&mut self.browsers, browser as u8);
            bump(&mut self.systems, system as u8);
        }
    }

    /// Counts a referring host. With the list full the smallest makes room, so the large ones stay.
    fn add_referrer(&mut self, host: &str) {
        if let Some((_, count)) = self.referrers.iter_mut().find(|(name, _)| name == host) {
            *count = count.saturating_add(1);
            return;
        }
        if self.referrers.len() >= REFERRERS_PER_LINK_MAX
            && let Some(smallest) = (0..self.referrers.len()).min_by_key(|&at| self.referrers[at].1)
        {
            let (_, count) = self.referrers.swap_remove(smallest);
            self.referrers_other = self.referrers_other.saturating_add(count);
        }
        self.referrers.push((host.to_owned(), 1));
    }
}

fn bump(counts: &mut Vec<(u8, u64)>, code: u8) {
    match counts.iter_mut().find(|(known, _)| *known == code) {
        Some((_, count)) => *count = count.saturating_add(1),
        None => counts.push((code, 1)),
    }
}

fn get_total(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<TotalRecord>, Error> {
    table.get(key)?.map(|raw| record::decode(key, raw.value())).transpose()
}

/// Writes clicks and their sums as part of a transaction. Clicks on links that are gone are dropped.
///
/// # Errors
/// When the disk fails; the caller undoes the transaction then. A damaged sum costs only the clicks on that link:
/// it is reported, and they are dropped, so that it cannot hold up all others.
pub(super) fn write(tx: &WriteTransaction, clicks: &[Click], report: Report) -> Result<(), Error> {
    if clicks.is_empty() {
        return Ok(());
    }
    let mut tables = Tables {
        links: tx.open_table(LINK)?,
        totals: tx.open_table(CLICK_TOTAL)?,
        tallies: tx.open_table(CLICK_TALLY)?,
        rows: tx.open_table(CLICK)?,
    };
    let mut sorted: Vec<&Click> = clicks.iter().collect();
    // Stable: clicks on one link stay in the order they came.
    sorted.sort_by_key(|click| (click.owner, click.link));
    for of_link in sorted.chunk_by(|a, b| (a.owner, a.link) == (b.owner, b.link)) {
        match write_of_link(&mut tables, of_link) {
            Err(error) if error.kind == Kind::Damaged => {
                report(&format!("{} clicks were dropped: {error}", of_link.len()));
            }
            other => other?,
        }
    }
    Ok(())
}

/// What clicks are written to; opened once for all of them.
struct Tables<'a> {
    links: Table<'a>,
    totals: Table<'a>,
    tallies: Table<'a>,
    rows: Table<'a>,
}

fn write_of_link(tables: &mut Tables<'_>, clicks: &[&Click]) -> Result<(), Error> {
    let Some(first) = clicks.first() else { return Ok(()) };
    let key = link_key(first.owner, first.link);
    if tables.links.get(key.as_slice())?.is_none() {
        return Ok(());
    }
    let mut total = get_total(&tables.totals, &key)?.unwrap_or(TotalRecord { rows: 0, humans: 0, bots: 0, last_ms: 0 });
    let mut tally = match tables.tallies.get(key.as_slice())? {
        Some(raw) => record::decode(&key, raw.value())?,
        None => TallyRecord { referrers: Vec::new(), referrers_other: 0, browsers: Vec::new(), systems: Vec::new() },
    };
    for click in clicks {
        let row = click_key(click.owner, click.link, total.rows);
        tables.rows.insert(row.as_slice(), record::encode(&to_record(click))?.as_slice())?;
        if let Some(oldest) = total.rows.checked_sub(CLICK_ROWS_PER_LINK_MAX) {
            tables.rows.remove(click_key(click.owner, click.link, oldest).as_slice())?;
        }
        total.rows = total.rows.saturating_add(1);
        total.add(click);
        tally.add(click);
    }
    tables.totals.insert(key.as_slice(), record::encode(&total)?.as_slice())?;
    tables.tallies.insert(key.as_slice(), record::encode(&tally)?.as_slice())?;
    Ok(())
}

fn to_numbers(total: &TotalRecord) -> Numbers {
    let last = (total.last_ms > 0).then(|| Timestamp::from_ms(total.last_ms));
    Numbers { humans: total.humans, bots: total.bots, last }
}

/// The numbers of one link; none when they do not read.
pub(super) fn numbers(tx: &ReadTransaction, owner: UserId, link: LinkId) -> Result<Numbers, Error> {
    let total = unless_damaged(get_total(&tx.open_table(CLICK_TOTAL)?, &link_key(owner, link)))?.flatten();
    Ok(total.as_ref().map(to_numbers).unwrap_or_default())
}

/// The numbers of a user's newest [`LINKS_SCANNED_MAX`] links that have any, and that read.
pub(super) fn numbers_of_user(tx: &ReadTransaction, owner: UserId) -> Result<HashMap<LinkId, Numbers>, Error> {
    let table = tx.open_table(CLICK_TOTAL)?;
    let (from, to) = (link_key(owner, LinkId(0)), link_key(owner, LinkId(u32::MAX)));
    let mut numbers = HashMap::new();
    for row in table.range(from.as_slice()..=to.as_slice())?.rev().take(LINKS_SCANNED_MAX) {
        let (key, raw) = row?;
        let of_link = link_of(key.value()).and_then(|link| Ok((link, record::decode(key.value(), raw.value())?)));
        numbers.extend(unless_damaged(of_link)?.map(|(link, total)| (link, to_numbers(&total))));
    }
    Ok(numbers)
}

fn named(counts: Vec<(u8, u64)>, name: fn(u8) -> &'static str) -> Vec<(&'static str, u64)> {
    let mut named: Vec<_> = counts.into_iter().map(|(code, count)| (name(code), count)).collect();
    named.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    named
}

fn to_tally(record: TallyRecord) -> Tally {
    let mut referrers = record.referrers;
    referrers.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Tally {
        referrers,
        referrers_other: record.referrers_other,
        browsers: named(record.browsers, visitor::browser_name),
        systems: named(record.systems, visitor::system_name),
    }
}

impl Store {
    /// Leaves a click to be written within [`CLICK_FLUSH`](crate::limits::CLICK_FLUSH). Never waits; with the queue
    /// full the click is shed and counted.
    pub(crate) fn record_click(&self, click: Click) {
        self.queue.push_click(click);
    }

    /// Clicks shed since the last call.
    pub(crate) fn take_shed_clicks(&self) -> u64 {
        self.queue.take_shed()
    }

    /// Waits until the clicks that came before this call are on disk, so that the next read sees them.
    ///
    /// On a disk that takes none they stay where they are: a reader sees older numbers rather than an error, and
    /// does not make the file be opened again.
    pub(crate) fn flush_clicks(&self) {
        // Every change takes the clicks in front of the queue along, as many as fit one commit.
        for _ in 0..self.queue.unwritten_clicks().div_ceil(CLICKS_PER_COMMIT_MAX) {
            if self.queue.is_failing() || self.write("writing clicks", |_| Ok(())).is_err() {
                return;
            }
        }
    }

    /// The numbers of one link, and people's clicks by where they came from and what they used. Of these, what does
    /// not read is left empty.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn statistics(&self, owner: UserId, link: LinkId) -> Result<(Numbers, Tally), Error> {
        self.read("reading statistics", |tx| {
            let key = link_key(owner, link);
            let table = tx.open_table(CLICK_TALLY)?;
            let record = match table.get(key.as_slice())? {
                Some(raw) => unless_damaged(record::decode(&key, raw.value()))?,
                None => None,
            };
            Ok((numbers(tx, owner, link)?, record.map(to_tally).unwrap_or_default()))
        })
    }

    /// The numbers of one link alone.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn numbers(&self, owner: UserId, link: LinkId) -> Result<Numbers, Error> {
        self.read("reading a link's numbers", |tx| numbers(tx, owner, link))
    }

    /// The latest [`CLICKS_LATEST`] clicks of people, or of everybody and everything, the newest first. Looks at the
    /// newest [`CLICKS_SCANNED_MAX`] rows and passes over those that do not read.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn latest_clicks(&self, owner: UserId, link: LinkId, people_only: bool) -> Result<Vec<Seen>, Error> {
        self.read("reading the latest clicks", |tx| {
            let table = tx.open_table(CLICK)?;
            let (from, to) = (click_key(owner, link, 0), click_key(owner, link, u32::MAX));
            let mut latest = Vec::new();
            for row in table.range(from.as_slice()..=to.as_slice())?.rev().take(CLICKS_SCANNED_MAX) {
                let (key, raw) = row?;
                let seen = unless_damaged(record::decode(key.value(), raw.value()))?.map(from_record);
                latest.extend(seen.filter(|seen| !people_only || seen.class == Class::Human));
                if latest.len() == CLICKS_LATEST {
                    break;
                }
            }
            Ok(latest)
        })
    }

    /// Removes one slice of the clicks of deleted links. True while more are left.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn purge_clicks(&self) -> Result<bool, Error> {
        let first = self.read("looking for clicks to remove", |tx| {
            let table = tx.open_table(CLICK_PURGE)?;
            let first = table.iter()?.next();
            Ok(first.transpose()?.map(|(key, _)| key.value().to_vec()))
        })?;
        let Some(first) = first else { return Ok(false) };
        self.write("removing clicks", move |tx| {
            let (mut from, mut to) = (first.clone(), first.clone());
            from.extend([0; 4]);
            to.extend([0xff; 4]);
            // A damaged key must not cost the clicks of links that exist.
            if first.len() != 8 || tx.open_table(LINK)?.get(first.as_slice())?.is_some() {
                tx.open_table(CLICK_PURGE)?.remove(first.as_slice())?;
                return Ok(true);
            }
            let mut rows = tx.open_table(CLICK)?;
            let mut slice = Vec::new();
            for row in rows.range(from.as_slice()..=to.as_slice())?.take(PURGE_ROWS_PER_COMMIT) {
                slice.push(row?.0.value().to_vec());
            }
            for key in &slice {
                rows.remove(key.as_slice())?;
            }
            if slice.len() < PURGE_ROWS_PER_COMMIT {
                tx.open_table(CLICK_PURGE)?.remove(first.as_slice())?;
            }
            Ok(true)
        })
    }
}

#[cfg(test)]
mod tests;
