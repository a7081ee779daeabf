//! Lists of links: searched, sorted, a page at a time.
//!
//! A page is found by the place of its neighbour, not by a number, so that links made or removed meanwhile neither
//! repeat a row nor skip one.

use std::cmp::Ordering;
use std::collections::HashMap;

use redb::ReadTransaction;

use crate::clock::Timestamp;
use crate::limits::{LINKS_PER_PAGE, LINKS_SCANNED_MAX};
use crate::link::{Link, LinkId, State};
use crate::store::Store;
use crate::store::clicks::{self, LateNumbers, Numbers};
use crate::store::error::{Error, unless_damaged};
use crate::store::links::{from_row, get, total};
use crate::store::tables::{LINK, link_key, link_of};
use crate::target::BlockedHosts;
use crate::user::UserId;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Newest,
    Oldest,
    Clicks,
    Slug,
}

/// The place of a row in an order: its value there, and its number to tell equals apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) value: String,
    pub(crate) link: LinkId,
}

/// Where a page lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    First,
    After(Cursor),
    Before(Cursor),
}

/// Which links to list.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) sort: Sort,
    /// In slug, title or target, ignoring case; empty for all.
    pub(crate) text: String,
    /// The slug that the text names when it is a short address. Links whose slug has it fit too.
    pub(crate) slug: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) step: Step,
    /// What decides the state of a link besides the link itself.
    pub(crate) blocked: BlockedHosts,
    pub(crate) now: Timestamp,
}

/// A link in a list.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) link: Link,
    pub(crate) numbers: Numbers,
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    /// Links of this user in all.
    pub(crate) total: u32,
    /// Links that fit the search, as far as they were looked at.
    pub(crate) found: usize,
    /// Links on the way that do not read; the others are shown all the same.
    pub(crate) damaged: usize,
    /// Only the newest [`LINKS_SCANNED_MAX`] links were looked at.
    pub(crate) truncated: bool,
    /// The first row's place, when there is a page before this one.
    pub(crate) before: Option<Cursor>,
    /// The last row's place, when there is a page after this one.
    pub(crate) after: Option<Cursor>,
}

impl Wanted {
    fn is_plain(&self) -> bool {
        self.text.is_empty() && self.state.is_none() && matches!(self.sort, Sort::Newest | Sort::Oldest)
    }

    /// Expects text and slug in lower case.
    fn fits(&self, link: &Link) -> bool {
        let is_in = |field: &str| field.to_lowercase().contains(&self.text);
        let is_slug = |fits: &dyn Fn(&str) -> bool| link.slugs().any(|slug| fits(slug.as_str()));
        let text_fits = self.text.is_empty()
            || is_slug(&is_in)
            || is_in(link.about.title.as_str())
            || is_in(link.about.target.as_str())
            || self.slug.as_ref().is_some_and(|wanted| is_slug(&|slug| slug.contains(wanted)));
        text_fits && self.state.is_none_or(|state| link.state(&self.blocked, self.now) == state)
    }

    fn cursor(&self, row: &Row) -> Cursor {
        let value = match self.sort {
            Sort::Newest | Sort::Oldest => String::new(),
            Sort::Clicks => row.numbers.humans.to_string(),
            Sort::Slug => row.link.slug.as_str().to_owned(),
        };
        Cursor { value, link: row.link.id }
    }

    /// Compares two places in this order. Newer links stand first among equals.
    fn order(&self, a: &Cursor, b: &Cursor) -> Ordering {
        let clicks = |cursor: &Cursor| cursor.value.parse::<u64>().unwrap_or(0);
        match self.sort {
            Sort::Newest => b.link.cmp(&a.link),
            Sort::Oldest => a.link.cmp(&b.link),
            Sort::Clicks => clicks(b).cmp(&clicks(a)).then(b.link.cmp(&a.link)),
            Sort::Slug => a.value.cmp(&b.value).then(b.link.cmp(&a.link)),
        }
    }
}

fn row_of(tx: &ReadTransaction, link: Link, late: &LateNumbers) -> Result<Row, Error> {
    let late = late.get(&link.id).copied().unwrap_or_default();
    Ok(Row { numbers: clicks::numbers(tx, link.owner, link.id, late)?, link })
}

/// A page of all links by age: straight from the key range, however many links there are.
fn by_age(tx: &ReadTransaction, owner: UserId, wanted: &Wanted, late: &LateNumbers) -> Result<Page, Error> {
    let table = tx.open_table(LINK)?;
    let whole = link_key(owner, LinkId(0))..=link_key(owner, LinkId(u32::MAX));
    // A page before a place is read backwards from there, then turned round.
    let backwards = matches!(wanted.step, Step::Before(_));
    let (from, to) = match &wanted.step {
        Step::First => (Some(*whole.start()), Some(*whole.end())),
        Step::After(cursor) | Step::Before(cursor) => {
            let towards_older = (wanted.sort == Sort::Newest) != backwards;
            let neighbour = if towards_older { cursor.link.0.checked_sub(1) } else { cursor.link.0.checked_add(1) };
            let neighbour = neighbour.map(|link| link_key(owner, LinkId(link)));
            if towards_older { (Some(*whole.start()), neighbour) } else { (neighbour, Some(*whole.end())) }
        }
    };
    let (mut rows, mut damaged) = (Vec::new(), 0);
    if let (Some(from), Some(to)) = (from, to) {
        let mut range = table.range(from.as_slice()..=to.as_slice())?;
        let newest_first = (wanted.sort == Sort::Newest) != backwards;
        while rows.len() <= LINKS_PER_PAGE {
            let next = if newest_first { range.next_back() } else { range.next() };
            let Some(row) = next else { break };
            let (key, raw) = row?;
            match unless_damaged(from_row(owner, key.value(), raw.value()))? {
                Some(link) => rows.push(link),
                None => damaged += 1,
            }
        }
    }
    let more = rows.len() > LINKS_PER_PAGE;
    rows.truncate(LINKS_PER_PAGE);
    if backwards {
        rows.reverse();
    }
    let rows = rows.into_iter().map(|link| row_of(tx, link, late)).collect::<Result<Vec<Row>, Error>>()?;
    let total = total(tx, owner)?;
    let (earlier, later) = match wanted.step {
        Step::First => (false, more),
        Step::After(_) => (true, more),
        Step::Before(_) => (more, true),
    };
    Ok(Page {
        total,
        found: total as usize,
        damaged,
        truncated: false,
        before: rows.first().filter(|_| earlier).map(|row| wanted.cursor(row)),
        after: rows.last().filter(|_| later).map(|row| wanted.cursor(row)),
        rows,
    })
}

/// A page of a search or another order: looks at the newest [`LINKS_SCANNED_MAX`] links.
fn by_search(tx: &ReadTransaction, owner: UserId, wanted: &Wanted, late: &LateNumbers) -> Result<Page, Error> {
    let slug = wanted.slug.as_ref().map(|slug| slug.to_lowercase());
    let wanted = &Wanted { text: wanted.text.to_lowercase(), slug, ..wanted.clone() };
    let numbers = match wanted.sort {
        Sort::Clicks => clicks::numbers_of_user(tx, owner, late)?,
        _ => HashMap::new(),
    };
    let table = tx.open_table(LINK)?;
    let (from, to) = (link_key(owner, LinkId(0)), link_key(owner, LinkId(u32::MAX)));
    // Places only: with their targets, 20,000 links would take 60 MiB.
    let (mut fitting, mut damaged): (Vec<Cursor>, usize) = (Vec::new(), 0);
    for row in table.range(from.as_slice()..=to.as_slice())?.rev().take(LINKS_SCANNED_MAX) {
        let (key, raw) = row?;
        let Some(link) = unless_damaged(from_row(owner, key.value(), raw.value()))? else {
            damaged += 1;
            continue;
        };
        if wanted.fits(&link) {
            let numbers = numbers.get(&link.id).copied().unwrap_or_default();
            fitting.push(wanted.cursor(&Row { link, numbers }));
        }
    }
    fitting.sort_unstable_by(|a, b| wanted.order(a, b));
    let found = fitting.len();
    let start = match &wanted.step {
        Step::First => 0,
        Step::After(cursor) => fitting.partition_point(|place| wanted.order(place, cursor).is_le()),
        Step::Before(cursor) => {
            let end = fitting.partition_point(|place| wanted.order(place, cursor).is_lt());
            end.saturating_sub(LINKS_PER_PAGE)
        }
    };
    let end = match &wanted.step {
        Step::Before(cursor) => fitting.partition_point(|place| wanted.order(place, cursor).is_lt()),
        _ => found.min(start + LINKS_PER_PAGE),
    };
    let total = total(tx, owner)?;
    let page = &fitting[start..end];
    let mut rows = Vec::with_capacity(page.len());
    for place in page {
        if let Some(link) = get(&table, owner, place.link)? {
            rows.push(row_of(tx, link, late)?);
        }
    }
    Ok(Page {
        total,
        found,
        damaged,
        truncated: total as usize > LINKS_SCANNED_MAX,
        before: page.first().filter(|_| start > 0).cloned(),
        after: page.last().filter(|_| end < found).cloned(),
        rows,
    })
}

impl Store {
    /// Links of a user from a number on, in the order they were made, and the number to go on from: `None` at the end.
    /// At most `count` are looked at; those that do not read are passed over.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn links_from(
        &self,
        owner: UserId,
        first: LinkId,
        count: usize,
    ) -> Result<(Vec<Row>, Option<LinkId>), Error> {
        self.read_with_late_numbers("reading links to export", owner, |tx, late| {
            let table = tx.open_table(LINK)?;
            let (from, to) = (link_key(owner, first), link_key(owner, LinkId(u32::MAX)));
            let mut range = table.range(from.as_slice()..=to.as_slice())?;
            let mut rows = Vec::new();
            for row in range.by_ref().take(count) {
                let (key, raw) = row?;
                if let Some(link) = unless_damaged(from_row(owner, key.value(), raw.value()))? {
                    rows.push(row_of(tx, link, late)?);
                }
            }
            let next = range.next().transpose()?.map(|(key, _)| link_of(key.value())).transpose()?;
            Ok((rows, next))
        })
    }

    /// A page of an owner's links.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn links(&self, owner: UserId, wanted: &Wanted) -> Result<Page, Error> {
        self.read_with_late_numbers("listing links", owner, |tx, late| {
            if wanted.is_plain() { by_age(tx, owner, wanted, late) } else { by_search(tx, owner, wanted, late) }
        })
    }

    /// The owner's most clicked links, and people's clicks on all of them together.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn most_clicked(&self, owner: UserId, count: usize) -> Result<(Vec<Row>, u64), Error> {
        self.read_with_late_numbers("summing up clicks", owner, |tx, late| {
            let numbers: HashMap<LinkId, Numbers> = clicks::numbers_of_user(tx, owner, late)?;
            let sum = numbers.values().fold(0_u64, |sum, numbers| sum.saturating_add(numbers.humans));
            let mut ranked: Vec<(LinkId, Numbers)> = numbers.into_iter().filter(|(_, n)| n.humans > 0).collect();
            ranked.sort_unstable_by_key(|(link, numbers)| (std::cmp::Reverse(numbers.humans), *link));
            let table = tx.open_table(LINK)?;
            let mut rows = Vec::new();
            for (id, numbers) in ranked {
                if rows.len() == count {
                    break;
                }
                let link = unless_damaged(get(&table, owner, id))?.flatten();
                rows.extend(link.map(|link| Row { link, numbers }));
            }
            Ok((rows, sum))
        })
    }
}

#[cfg(test)]
mod tests;
