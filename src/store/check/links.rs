//! Links, where they lead, and how many each user has.

use super::{Examiner, Flaw, Rows, damage};
use crate::store::links;
use crate::store::record::{self, LinkRecord, RedirectRecord, UserRecord};
use crate::store::tables::{LINK, LINK_COUNT, REDIRECT, USER, link_key, link_of, number};
use crate::user::UserId;
use crate::{clock::Timestamp, link::LinkId};

impl Examiner<'_> {
    pub(super) fn links(&mut self) -> Result<(), Flaw> {
        let (users, links, redirects) = (self.open(USER)?, self.open(LINK)?, self.open(REDIRECT)?);
        let last_id = self.last_id()?;
        self.each(&links, |key, raw| {
            let link = link_of(key)?;
            if link.0 > last_id {
                return Err(damage("link", key, "a number that was never given out"));
            }
            let owner = UserId(number("link", &key[..4])?);
            let link = links::from_row(owner, key, raw)?;
            let path = format!("{}/{}", owner_name(&users, key)?, link.slug.as_str());
            let expected = RedirectRecord {
                owner: owner.0,
                link: link.id.0,
                enabled: link.about.enabled,
                expires_ms: link.about.expires.map(Timestamp::ms),
                target: link.about.target.as_str().to_owned(),
            };
            let Some(raw) = redirects.get(path.as_bytes())? else {
                return Err(damage("redirect", path.as_bytes(), "missing"));
            };
            let found: RedirectRecord = record::unseal(path.as_bytes(), raw.value())?;
            if found == expected { Ok(()) } else { Err(damage("redirect", path.as_bytes(), "differs from its link")) }
        })?;
        self.each(&redirects, |path, raw| {
            let redirect: RedirectRecord = record::unseal(path, raw)?;
            let key = link_key(UserId(redirect.owner), LinkId(redirect.link));
            let Some(raw) = links.get(key.as_slice())? else { return Err(damage("redirect", path, "of no link")) };
            let link: LinkRecord = record::unseal(&key, raw.value())?;
            let own = format!("{}/{}", owner_name(&users, &key)?, link.slug);
            if own.as_bytes() == path { Ok(()) } else { Err(damage("redirect", path, "of a link with another slug")) }
        })?;
        self.link_counts(&users, &links)
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

/// The name of a link's owner.
fn owner_name(users: &Rows, link: &[u8]) -> Result<String, Flaw> {
    let owner = &link[..4];
    let Some(raw) = users.get(owner)? else { return Err(damage("link", link, "of no user")) };
    Ok(record::unseal::<UserRecord>(owner, raw.value())?.name)
}
