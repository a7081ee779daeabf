//! One link and its clicks.

use crate::app::App;
use crate::store::{Seen, Whose};
use crate::ui::columns::Bots;
use crate::ui::link_detail::{self, LinkDetail, RecentClick};
use crate::ui::statistics::Statistics;
use crate::visitor::{self, AddressPolicy, Class};
use crate::web::Section;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::own_link;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;
use crate::web::statistics;

/// Shows the link.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    account: &SignedIn,
    request: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let own = own_link::find(app, account, parts)?;
    let (url, link) = (own.url(visitor), &own.link);
    let path = format!("/links/{}", link.id);
    let statistics = statistics::of(app, request, Whose::Link(link.owner, link.id), &path, link.created)?;
    let people_only = statistics::bots(request) == Bots::Hide;
    let recent = app.store.latest_clicks(link.owner, link.id, people_only)?;
    let past = app.store.past_targets(link.owner, link.id)?;
    let settings = app.settings();
    let aliases = link.aliases.iter().map(|alias| {
        let slug = alias.as_str().to_owned();
        (visitor.short_url(own.name.as_str(), &slug), slug)
    });
    let mut frame = visitor.frame(link.slug.as_str());
    frame.section = Section::Links;
    let data = LinkDetail {
        id: &link.id.to_string(),
        url: &url,
        aliases: aliases.collect(),
        state: link.state(&settings.blocked_hosts, app.now()),
        title: link.about.title.as_str(),
        target: link.about.target.as_str(),
        past: past.into_iter().map(|past| (past.until, past.target.as_str().to_owned())).collect(),
        created_at: link.created,
        expires_at: link.about.expires,
        statistics: Statistics { live: Some(format!("{path}/live")), ..statistics },
        recent: recent.into_iter().map(|seen| recent_click(seen, settings.addresses)).collect(),
    };
    Ok(super::page(link_detail::page(&frame, &data)))
}

/// A click as it is shown: of its address no more than would be kept now.
fn recent_click(seen: Seen, addresses: AddressPolicy) -> RecentClick {
    let (browser, system) = match seen.agent.as_str() {
        "" => ("", ""),
        agent => {
            let about = visitor::describe(agent);
            (visitor::browser_name(about.browser as u8), visitor::system_name(about.system as u8))
        }
    };
    RecentClick {
        at: seen.at,
        referrer: seen.referrer,
        browser: browser.to_owned(),
        system: system.to_owned(),
        address: seen
            .address
            .and_then(|address| addresses.apply(address))
            .map(|address| address.to_string())
            .unwrap_or_default(),
        class: (seen.class != Class::Human).then(|| seen.class.word()),
        reason: seen.reason.sentence(),
    }
}
