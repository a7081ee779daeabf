//! Links, where they lead, and how many each user has.

use super::{Examiner, Flaw, Rows, damage, leftover};
use crate::limits::{ALIASES_PER_LINK_MAX, GRAVES_PER_USER_MAX, PAST_TARGETS_MAX};
use crate::link::LinkId;
use crate::store::record::{self, RedirectRecord, UserRecord};
use crate::store::tables::{
    GRAVE_COUNT, LINK, LINK_COUNT, LINK_PAST, REDIRECT, USER, count_of, link_key, link_of, number, user_key,
};
use crate::store::{link_past, links, redirects};
use crate::user::UserId;

impl Examiner<'_> {
    pub(super) fn links(&mut self) -> Result<(), Flaw> {
        let (users, links, rows) = (self.open(USER)?, self.open(LINK)?, self.open(REDIRECT)?);
        let last_id = self.last_id()?;
        self.each(&links, |key, raw| {
            let link = link_of(key)?;
            if link.0 > last_id {
                return Err(damage("link", key, "a number that was never given out"));
            }
            let owner = UserId(number("link", &key[..4])?);
            let link = links::from_row(owner, key, raw)?;
            let (name, expected) = (owner_name(&users, key)?, redirects::to_record(&link));
            for slug in link.slugs() {
                let path = format!("{name}/{}", slug.as_str());
                let Some(raw) = rows.get(path.as_bytes())? else {
                    return Err(damage("redirect", path.as_bytes(), "missing"));
                };
                let found: RedirectRecord = record::unseal(path.as_bytes(), raw.value())?;
                if found != expected {
                    return Err(damage("redirect", path.as_bytes(), "differs from its link"));
                }
            }
            if link.aliases.iter().enumerate().any(|(at, alias)| link.slugs().take(at + 1).any(|slug| slug == alias)) {
                return Err(damage("link", key, "has a slug twice"));
            }
            if link.aliases.len() > ALIASES_PER_LINK_MAX {
                return Err(damage("link", key, "has more earlier slugs than a link may have"));
            }
            Ok(())
        })?;
        let grave_counts = self.open(GRAVE_COUNT)?;
        // All of a user's stand together.
        let mut graves = (UserId(0), 0);
        self.each(&rows, |path, raw| {
            let redirect: RedirectRecord = record::unseal(path, raw)?;
            let owner = UserId(redirect.owner);
            if redirect.target.is_none() {
                graves = if graves.0 == owner { (owner, graves.1 + 1) } else { (owner, 1) };
                grave(&users, path, owner)?;
                if graves.1 == count_of(&grave_counts, owner)?.saturating_add(1) {
                    return Err(damage("grave_count", &user_key(owner), "says less than there are"));
                }
                return Ok(());
            }
            let key = link_key(owner, LinkId(redirect.link));
            let Some(raw) = links.get(key.as_slice())? else { return Err(damage("redirect", path, "of no link")) };
            let link = links::from_row(owner, &key, raw.value())?;
            let name = owner_name(&users, &key)?;
            let is_own = link.slugs().any(|slug| format!("{name}/{}", slug.as_str()).as_bytes() == path);
            if is_own { Ok(()) } else { Err(damage("redirect", path, "of a link with another slug")) }
        })?;
        self.each(&grave_counts, |key, raw| match users.get(key)? {
            None => Err(damage("grave_count", key, "of no user")),
            Some(_) if number("grave_count", raw)? > GRAVES_PER_USER_MAX => {
                Err(damage("grave_count", key, "says more than there may be"))
            }
            Some(_) => Ok(()),
        })?;
        self.past(&links)?;
        self.link_counts(&users, &links)
    }

    /// Looks at where links led before: rows of links that are there, numbered without gaps, and no more than are kept.
    fn past(&mut self, links: &Rows) -> Result<(), Flaw> {
        let rows = self.open(LINK_PAST)?;
        let mut before: Option<([u8; 8], u32)> = None;
        let mut count = 0;
        self.each(&rows, |key, raw| {
            link_past::from_row(key, raw)?;
            let (Some(link), true) = (key.first_chunk::<8>(), key.len() == 12) else {
                return Err(damage("link_past", key, "key of a wrong length"));
            };
            let place = (*link, number("link_past", &key[8..])?);
            let before = before.replace(place).filter(|(other, _)| other == link);
            let follows = before.is_none_or(|(_, last)| last.checked_add(1) == Some(place.1));
            count = if before.is_some() { count + 1 } else { 1 };
            match links.get(link.as_slice())? {
                None => Err(damage("link_past", key, "of no link")),
                Some(_) if !follows => Err(damage("link_past", key, "one before it is missing")),
                Some(_) if count == PAST_TARGETS_MAX + 1 => {
                    Err(damage("link_past", key, "more than are kept of a link"))
                }
                Some(_) => Ok(()),
            }
        })
    }

    fn link_counts(&mut self, users: &Rows, links: &Rows) -> Result<(), Flaw> {
        let counts = self.open(LINK_COUNT)?;
        self.each(users, |key, _| {
            let owner = UserId(number("user", key)?);
            let (from, to) = (link_key(owner, LinkId(0)), link_key(owner, LinkId(u32::MAX)));
            let mut found = 0_u32;
            for row in links.range(from.as_slice()..=to.as_slice())? {
                row?;
                found = found.saturating_add(1);
            }
            let kept = match counts.get(key)? {
                Some(raw) => number("link_count", raw.value())?,
                None => 0,
            };
            if kept == found {
                return Ok(());
            }
            Err(damage("link_count", key, &format!("says {kept}, there are {found}")))
        })?;
        self.each(&counts, |key, _| match users.get(key)? {
            Some(_) => Ok(()),
            None => Err(damage("link_count", key, "of no user")),
        })
    }
}

/// Looks at what is left where a link has been: it must be under the name of whoever may have the address back.
fn grave(users: &Rows, path: &[u8], owner: UserId) -> Result<(), Flaw> {
    let key = user_key(owner);
    let Some(raw) = users.get(key.as_slice())? else { return Err(leftover("redirect", path, "of no user")) };
    let name = record::unseal::<UserRecord>(&key, raw.value())?.name;
    let is_own = path.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"));
    if is_own { Ok(()) } else { Err(damage("redirect", path, "of a user with another name")) }
}

/// The name of a link's owner.
fn owner_name(users: &Rows, link: &[u8]) -> Result<String, Flaw> {
    let owner = &link[..4];
    let Some(raw) = users.get(owner)? else { return Err(damage("link", link, "of no user")) };
    Ok(record::unseal::<UserRecord>(owner, raw.value())?.name)
}
