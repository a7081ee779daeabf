//! Links: made, listed, changed, removed.

use std::cmp::Ordering;
use std::collections::HashMap;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use crate::clock::Timestamp;
use crate::limits::{LINKS_PER_PAGE, LINKS_SCANNED_MAX, SLUG_TRIES_MAX};
use crate::link::{Link, LinkChange, LinkId, NewLink, State, Title};
use crate::slug::Slug;
use crate::store::clicks::{self, Numbers};
use crate::store::error::{Error, Kind};
use crate::store::record::{self, LinkRecord};
use crate::store::tables::{
    CLICK_PURGE, CLICK_TALLY, CLICK_TOTAL, LINK, LINK_COUNT, link_key, link_of, next_id, number, user_key,
};
use crate::store::{Store, redirects};
use crate::target::Target;
use crate::user::{UserId, UserName};

/// The slug is in use by another link of the same user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken;

fn to_record(link: &Link) -> LinkRecord {
    LinkRecord {
        slug: link.slug.as_str().to_owned(),
        target: link.about.target.as_str().to_owned(),
        title: link.about.title.as_str().to_owned(),
        enabled: link.about.enabled,
        expires_ms: link.about.expires.map(Timestamp::ms),
        created_ms: link.created.ms(),
        updated_ms: link.updated.ms(),
    }
}

fn from_row(owner: UserId, key: &[u8], raw: &[u8]) -> Result<Link, Error> {
    let record: LinkRecord = record::unseal(key, raw)?;
    let slug = Slug::parse(&record.slug).map_err(|why| Error::damaged("link", key, why))?;
    let target = Target::from_stored(record.target).ok_or_else(|| Error::damaged("link", key, "not a target"))?;
    Ok(Link {
        id: link_of(key)?,
        owner,
        slug,
        about: LinkChange {
            target,
            title: Title::from_stored(record.title),
            expires: record.expires_ms.map(Timestamp::from_ms),
            enabled: record.enabled,
        },
        created: Timestamp::from_ms(record.created_ms),
        updated: Timestamp::from_ms(record.updated_ms),
    })
}

fn get(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    owner: UserId,
    id: LinkId,
) -> Result<Option<Link>, Error> {
    let key = link_key(owner, id);
    match table.get(key.as_slice())? {
        Some(raw) => Ok(Some(from_row(owner, &key, raw.value())?)),
        None => Ok(None),
    }
}

/// Writes both rows of a link.
fn put(tx: &WriteTransaction, name: &UserName, link: &Link) -> Result<(), Error> {
    let key = link_key(link.owner, link.id);
    let sealed = record::seal(&key, &to_record(link))?;
    tx.open_table(LINK)?.insert(key.as_slice(), sealed.as_slice())?;
    redirects::put(tx, name, link)
}

/// Changes the number of an owner's links by one, up or down.
fn count(tx: &WriteTransaction, owner: UserId, step: i64) -> Result<(), Error> {
    let mut counts = tx.open_table(LINK_COUNT)?;
    let before = match counts.get(user_key(owner).as_slice())? {
        Some(raw) => number("link_count", raw.value())?,
        None => 0,
    };
    let after = u32::try_from(i64::from(before) + step).unwrap_or(0);
    counts.insert(user_key(owner).as_slice(), after.to_be_bytes().as_slice())?;
    Ok(())
}

/// The slug asked for if it is free, or a free one of our own choosing.
fn free_slug(tx: &WriteTransaction, name: &UserName, wanted: Option<Slug>) -> Result<Result<Slug, Taken>, Error> {
    if let Some(slug) = wanted {
        return Ok(if redirects::is_taken(tx, name, &slug)? { Err(Taken) } else { Ok(slug) });
    }
    for _ in 0..SLUG_TRIES_MAX {
        let slug = Slug::random()?;
        if !redirects::is_taken(tx, name, &slug)? {
            return Ok(Ok(slug));
        }
    }
    Err(Error::new(Kind::Unavailable, "no free slug found"))
}

// --- listing ------------------------------------------------------------------------------------------------

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
    pub(crate) state: Option<State>,
    pub(crate) step: Step,
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

    fn fits(&self, link: &Link) -> bool {
        let text_fits = self.text.is_empty()
            || [link.slug.as_str(), link.about.title.as_str(), link.about.target.as_str()]
                .iter()
                .any(|field| field.to_lowercase().contains(&self.text));
        text_fits && self.state.is_none_or(|state| link.state(self.now) == state)
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

/// A page of all links by age: straight from the key range, however many links there are.
fn by_age(tx: &ReadTransaction, owner: UserId, wanted: &Wanted) -> Result<Page, Error> {
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
    let mut rows = Vec::new();
    if let (Some(from), Some(to)) = (from, to) {
        let mut range = table.range(from.as_slice()..=to.as_slice())?;
        let newest_first = (wanted.sort == Sort::Newest) != backwards;
        while rows.len() <= LINKS_PER_PAGE {
            let next = if newest_first { range.next_back() } else { range.next() };
            let Some(row) = next else { break };
            let (key, raw) = row?;
            rows.push(from_row(owner, key.value(), raw.value())?);
        }
    }
    let more = rows.len() > LINKS_PER_PAGE;
    rows.truncate(LINKS_PER_PAGE);
    if backwards {
        rows.reverse();
    }
    let numbers = rows.iter().map(|link| clicks::numbers(tx, owner, link.id)).collect::<Result<Vec<_>, _>>()?;
    let rows: Vec<Row> = rows.into_iter().zip(numbers).map(|(link, numbers)| Row { link, numbers }).collect();
    let total = total(tx, owner)?;
    let (earlier, later) = match wanted.step {
        Step::First => (false, more),
        Step::After(_) => (true, more),
        Step::Before(_) => (more, true),
    };
    Ok(Page {
        total,
        found: total as usize,
        truncated: false,
        before: rows.first().filter(|_| earlier).map(|row| wanted.cursor(row)),
        after: rows.last().filter(|_| later).map(|row| wanted.cursor(row)),
        rows,
    })
}

/// A page of a search or another order: looks at the newest [`LINKS_SCANNED_MAX`] links.
fn by_search(tx: &ReadTransaction, owner: UserId, wanted: &Wanted) -> Result<Page, Error> {
    let numbers = clicks::numbers_of_user(tx, owner)?;
    let table = tx.open_table(LINK)?;
    let (from, to) = (link_key(owner, LinkId(0)), link_key(owner, LinkId(u32::MAX)));
    let mut fitting: Vec<(Cursor, Row)> = Vec::new();
    for row in table.range(from.as_slice()..=to.as_slice())?.rev().take(LINKS_SCANNED_MAX) {
        let (key, raw) = row?;
        let link = from_row(owner, key.value(), raw.value())?;
        if wanted.fits(&link) {
            let row = Row { numbers: numbers.get(&link.id).copied().unwrap_or_default(), link };
            fitting.push((wanted.cursor(&row), row));
        }
    }
    fitting.sort_unstable_by(|a, b| wanted.order(&a.0, &b.0));
    let found = fitting.len();
    let start = match &wanted.step {
        Step::First => 0,
        Step::After(cursor) => fitting.partition_point(|(place, _)| wanted.order(place, cursor).is_le()),
        Step::Before(cursor) => {
            let end = fitting.partition_point(|(place, _)| wanted.order(place, cursor).is_lt());
            end.saturating_sub(LINKS_PER_PAGE)
        }
    };
    let end = match &wanted.step {
        Step::Before(cursor) => fitting.partition_point(|(place, _)| wanted.order(place, cursor).is_lt()),
        _ => found.min(start + LINKS_PER_PAGE),
    };
    let total = total(tx, owner)?;
    let page: Vec<(Cursor, Row)> = fitting.drain(start..end).collect();
    Ok(Page {
        total,
        found,
        truncated: total as usize > LINKS_SCANNED_MAX,
        before: page.first().filter(|_| start > 0).map(|(place, _)| place.clone()),
        after: page.last().filter(|_| end < found).map(|(place, _)| place.clone()),
        rows: page.into_iter().map(|(_, row)| row).collect(),
    })
}

fn total(tx: &ReadTransaction, owner: UserId) -> Result<u32, Error> {
    match tx.open_table(LINK_COUNT)?.get(user_key(owner).as_slice())? {
        Some(raw) => number("link_count", raw.value()),
        None => Ok(0),
    }
}

impl Store {
    /// Makes a link under `name`. Whether the slug is free is decided in the transaction that takes it.
    ///
    /// # Errors
    /// When the store fails. A taken slug is an answer: [`Taken`].
    pub(crate) fn create_link(
        &self,
        owner: UserId,
        name: UserName,
        new: NewLink,
        now: Timestamp,
    ) -> Result<Result<Link, Taken>, Error> {
        self.write("creating a link", move |tx| {
            let slug = match free_slug(tx, &name, new.slug)? {
                Ok(slug) => slug,
                Err(taken) => return Ok(Err(taken)),
            };
            let id = LinkId(next_id(tx)?);
            let link = Link { id, owner, slug, about: new.change, created: now, updated: now };
            put(tx, &name, &link)?;
            count(tx, owner, 1)?;
            Ok(Ok(link))
        })
    }

    /// A link of this owner; another's is `None` like one that does not exist.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn link(&self, owner: UserId, id: LinkId) -> Result<Option<Link>, Error> {
        self.read("reading a link", |tx| get(&tx.open_table(LINK)?, owner, id))
    }

    /// A page of an owner's links.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn links(&self, owner: UserId, wanted: &Wanted) -> Result<Page, Error> {
        self.read("listing links", |tx| {
            if wanted.is_plain() { by_age(tx, owner, wanted) } else { by_search(tx, owner, wanted) }
        })
    }

    /// The number of an owner's links.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn link_count(&self, owner: UserId) -> Result<u32, Error> {
        self.read("counting links", |tx| total(tx, owner))
    }

    /// Changes a link, its slug too when `slug` differs. `None` when the owner has no such link.
    ///
    /// # Errors
    /// When the store fails. A taken slug is an answer: [`Taken`]; nothing is changed then.
    pub(crate) fn change_link(
        &self,
        owner: UserId,
        name: UserName,
        id: LinkId,
        slug: Slug,
        about: LinkChange,
        now: Timestamp,
    ) -> Result<Option<Result<Link, Taken>>, Error> {
        self.write("changing a link", move |tx| {
            let Some(old) = get(&tx.open_table(LINK)?, owner, id)? else { return Ok(None) };
            if slug != old.slug {
                if redirects::is_taken(tx, &name, &slug)? {
                    return Ok(Some(Err(Taken)));
                }
                redirects::remove(tx, &name, &old.slug)?;
            }
            let link = Link { slug, about, updated: now.max(old.created), ..old };
            put(tx, &name, &link)?;
            Ok(Some(Ok(link)))
        })
    }

    /// Removes a link and its numbers; its single clicks go later, in slices. `None` when the owner has no such link.
    ///
    /// # Errors
    /// When the store fails; the link stays then.
    pub(crate) fn delete_link(&self, owner: UserId, name: UserName, id: LinkId) -> Result<Option<Link>, Error> {
        self.write("deleting a link", move |tx| {
            let Some(link) = get(&tx.open_table(LINK)?, owner, id)? else { return Ok(None) };
            let key = link_key(owner, id);
            tx.open_table(LINK)?.remove(key.as_slice())?;
            redirects::remove(tx, &name, &link.slug)?;
            count(tx, owner, -1)?;
            tx.open_table(CLICK_TOTAL)?.remove(key.as_slice())?;
            tx.open_table(CLICK_TALLY)?.remove(key.as_slice())?;
            tx.open_table(CLICK_PURGE)?.insert(key.as_slice(), [].as_slice())?;
            Ok(Some(link))
        })
    }

    /// The owner's most clicked links, and people's clicks on all of them together.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn most_clicked(&self, owner: UserId, count: usize) -> Result<(Vec<Row>, u64), Error> {
        self.read("summing up clicks", |tx| {
            let numbers: HashMap<LinkId, Numbers> = clicks::numbers_of_user(tx, owner)?;
            let sum = numbers.values().map(|numbers| numbers.humans).sum();
            let mut ranked: Vec<(LinkId, Numbers)> = numbers.into_iter().filter(|(_, n)| n.humans > 0).collect();
            ranked.sort_unstable_by_key(|(link, numbers)| (std::cmp::Reverse(numbers.humans), *link));
            let table = tx.open_table(LINK)?;
            let mut rows = Vec::new();
            for (id, numbers) in ranked.into_iter().take(count) {
                if let Some(link) = get(&table, owner, id)? {
                    rows.push(Row { link, numbers });
                }
            }
            Ok((rows, sum))
        })
    }
}
