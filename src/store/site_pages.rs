//! The links of everybody, the newest first: searched, a page at a time.
//!
//! Links stand in the file by owner, so a page merges the ends of all owners' ranges. As in one owner's list, a page is
//! found by the place of its neighbour.

use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};
use std::ops::Bound::{Excluded, Included};

use redb::{ReadTransaction, ReadableTable};

use crate::limits::{LINKS_PER_PAGE, SITE_LINKS_SCANNED_MAX};
use crate::link::{Link, LinkId};
use crate::store::error::{Error, unless_damaged};
use crate::store::links::from_row;
use crate::store::tables::{LINK, link_key, link_of, number};
use crate::store::{Store, users};
use crate::target::BlockedHosts;
use crate::user::{UserId, UserName};

/// Where a page lies: beside a link, of whoever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SiteStep {
    First,
    /// At older ones.
    After(LinkId),
    /// At newer ones.
    Before(LinkId),
}

/// One page of everybody's links.
#[derive(Debug)]
pub(crate) struct SitePage {
    /// Links, and the names in their addresses.
    pub(crate) rows: Vec<(Link, UserName)>,
    /// Links on the way that do not read, or whose owner does not.
    pub(crate) damaged: usize,
    /// So many were looked at as may be for one page.
    pub(crate) is_cut_short: bool,
    /// The link to go on before, when there is a page before this one.
    pub(crate) before: Option<LinkId>,
    /// The link to go on after, when there may be more.
    pub(crate) after: Option<LinkId>,
}

/// The way through a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToOlder,
    ToNewer,
}

/// What is looked for, in lower case.
struct Sought<'a> {
    text: &'a str,
    /// The text as far as it can be a short address that somebody pasted.
    address: &'a str,
}

impl<'a> Sought<'a> {
    fn new(text: &'a str) -> Sought<'a> {
        let address = text.split(['?', '#']).next().unwrap_or(text).trim_end_matches(['/', '+']);
        Sought { text, address }
    }

    fn fits(&self, link: &Link, name: &UserName) -> bool {
        let is_at = |slug: &str| {
            let address = format!("{}/{slug}", name.as_str());
            address.contains(self.text) || self.address.ends_with(&format!("/{address}"))
        };
        let is_in = |field: &str| field.to_lowercase().contains(self.text);
        self.text.is_empty()
            || is_in(link.about.target.as_str())
            || is_in(link.about.title.as_str())
            || link.slugs().any(|slug| is_at(slug.as_str()))
    }
}

fn owner_of(key: &[u8]) -> Result<UserId, Error> {
    Ok(UserId(number("link", key.get(..4).unwrap_or_default())?))
}

/// Everybody's links from a place on, in the order of their numbers whoever has them.
struct Merge<T> {
    links: T,
    way: Way,
    /// The next link of each owner who has one. The largest rank comes first.
    next: BinaryHeap<(u32, LinkId, UserId)>,
}

impl<T: ReadableTable<&'static [u8], &'static [u8]>> Merge<T> {
    fn from(links: T, step: SiteStep) -> Result<Merge<T>, Error> {
        let (way, place) = match step {
            SiteStep::First => (Way::ToOlder, None),
            SiteStep::After(link) => (Way::ToOlder, Some(link)),
            SiteStep::Before(link) => (Way::ToNewer, Some(link)),
        };
        let mut merge = Merge { links, way, next: BinaryHeap::new() };
        let mut last = merge.links.last()?.map(|(key, _)| owner_of(key.value())).transpose()?;
        while let Some(owner) = last {
            merge.go_on(owner, place)?;
            let others = merge.links.range(..link_key(owner, LinkId(0)).as_slice())?.next_back().transpose()?;
            last = others.map(|(key, _)| owner_of(key.value())).transpose()?;
        }
        Ok(merge)
    }

    /// Puts an owner's next link beyond a place in line.
    fn go_on(&mut self, owner: UserId, place: Option<LinkId>) -> Result<(), Error> {
        let (lowest, highest) = (link_key(owner, LinkId(0)), link_key(owner, LinkId(u32::MAX)));
        let place = place.map(|place| link_key(owner, place));
        let beyond = match (&place, self.way) {
            (None, _) => (Included(lowest.as_slice()), Included(highest.as_slice())),
            (Some(place), Way::ToOlder) => (Included(lowest.as_slice()), Excluded(place.as_slice())),
            (Some(place), Way::ToNewer) => (Excluded(place.as_slice()), Included(highest.as_slice())),
        };
        let mut range = self.links.range::<&[u8]>(beyond)?;
        let found = if self.way == Way::ToOlder { range.next_back() } else { range.next() };
        if let Some((key, _)) = found.transpose()? {
            let link = link_of(key.value())?;
            let rank = if self.way == Way::ToOlder { link.0 } else { !link.0 };
            self.next.push((rank, link, owner));
        }
        Ok(())
    }

    /// The next link, or that it does not read.
    fn step(&mut self) -> Result<Option<(LinkId, UserId, Option<Link>)>, Error> {
        let Some((_, id, owner)) = self.next.pop() else { return Ok(None) };
        self.go_on(owner, Some(id))?;
        let key = link_key(owner, id);
        let Some(raw) = self.links.get(key.as_slice())? else { return Ok(Some((id, owner, None))) };
        Ok(Some((id, owner, unless_damaged(from_row(owner, &key, raw.value()))?)))
    }
}

/// Looks at `most` links at most.
fn page(tx: &ReadTransaction, sought: &Sought<'_>, step: SiteStep, most: usize) -> Result<SitePage, Error> {
    let mut merge = Merge::from(tx.open_table(LINK)?, step)?;
    let mut names: HashMap<UserId, Option<UserName>> = HashMap::new();
    let (mut rows, mut damaged) = (Vec::new(), 0);
    // The links looked at, from the place that was asked for on: the first and the last of them, and their number.
    let (mut near, mut far, mut scanned) = (None, None, 0);
    while rows.len() < LINKS_PER_PAGE && scanned < most {
        let Some((id, owner, link)) = merge.step()? else { break };
        if let Entry::Vacant(entry) = names.entry(owner) {
            entry.insert(unless_damaged(users::read(tx, owner))?.flatten().map(|owner| owner.name));
        }
        match link.zip(names[&owner].as_ref()) {
            Some((link, name)) if sought.fits(&link, name) => rows.push((link, name.clone())),
            Some(_) => {}
            None => damaged += 1,
        }
        scanned += 1;
        near.get_or_insert(id);
        far = Some(id);
    }
    let far = far.filter(|_| !merge.next.is_empty());
    if merge.way == Way::ToNewer {
        rows.reverse();
    }
    let (before, after) = match step {
        SiteStep::First => (None, far),
        SiteStep::After(_) => (near, far),
        SiteStep::Before(_) => (far, near),
    };
    Ok(SitePage { rows, damaged, is_cut_short: scanned == most && far.is_some(), before, after })
}

impl Store {
    /// A page of everybody's links that have `text`, which is in lower case, in their address, target or title. At most
    /// [`SITE_LINKS_SCANNED_MAX`] are looked at; the page may be short then.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn site_page(&self, text: &str, step: SiteStep) -> Result<SitePage, Error> {
        self.read("listing everybody's links", |tx| page(tx, &Sought::new(text), step, SITE_LINKS_SCANNED_MAX))
    }

    /// How many links lead to some hosts, and whether that is all of them: at most [`SITE_LINKS_SCANNED_MAX`] are looked
    /// at.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn links_to(&self, hosts: &BlockedHosts) -> Result<(usize, bool), Error> {
        self.read("counting links to a host", |tx| {
            let table = tx.open_table(LINK)?;
            let mut rows = table.iter()?;
            let mut count = 0;
            for row in rows.by_ref().take(SITE_LINKS_SCANNED_MAX) {
                let (key, raw) = row?;
                let link =
                    unless_damaged(owner_of(key.value()).and_then(|owner| from_row(owner, key.value(), raw.value())))?;
                count += usize::from(link.is_some_and(|link| link.about.target.is_blocked(hosts)));
            }
            Ok((count, rows.next().is_none()))
        })
    }
}

#[cfg(test)]
mod tests;
