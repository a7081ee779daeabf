//! A link by the open part of the path, for whoever may see and change it: its owner, or somebody who looks after the
//! links of a removed user. For anybody else it does not exist.

use crate::app::App;
use crate::limits::LINKS_PER_PAGE;
use crate::link::{Link, LinkId};
use crate::slug::Slug;
use crate::user::UserName;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::percent;
use crate::web::router::Parts;

/// A link that the person who asks may change.
pub(crate) struct OwnLink {
    pub(crate) link: Link,
    /// The name in its address. It is the person's own, unless they look after the link.
    pub(crate) name: UserName,
}

/// # Errors
/// [`Error::NotFound`].
pub(crate) fn find(app: &App, account: &SignedIn, parts: &Parts<'_>) -> Result<OwnLink, Error> {
    let id = parts.first().and_then(|text| LinkId::parse(text)).ok_or(Error::NotFound)?;
    let (link, name) = app.store.link_for(&account.user, id)?.ok_or(Error::NotFound)?;
    Ok(OwnLink { link, name })
}

/// Those of some links that the person who asks may change, so many at most as a page of the list has.
///
/// # Errors
/// When the store fails.
pub(crate) fn find_all<'a>(
    app: &App,
    account: &SignedIn,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<OwnLink>, Error> {
    let mut found = Vec::new();
    for id in ids.take(LINKS_PER_PAGE).filter_map(LinkId::parse) {
        found.extend(app.store.link_for(&account.user, id)?.map(|(link, name)| OwnLink { link, name }));
    }
    Ok(found)
}

impl OwnLink {
    /// The whole short address.
    pub(crate) fn url(&self, visitor: &Visitor) -> String {
        visitor.short_url(self.name.as_str(), self.link.slug.as_str())
    }

    /// The list that it stands in.
    pub(crate) fn list(&self, account: &SignedIn) -> String {
        let of = if self.link.owner == account.user.id { "" } else { self.name.as_str() };
        format!("/links{}", percent::query(&[("of", of)]))
    }

    /// An address of it in a message for the next page.
    pub(crate) fn told(&self, account: &SignedIn, slug: &Slug) -> String {
        let slug = slug.as_str();
        if self.link.owner == account.user.id { slug.to_owned() } else { format!("{}.{slug}", self.name.as_str()) }
    }
}
