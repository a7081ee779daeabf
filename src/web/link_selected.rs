//! Several links of the list at once: switched on or off, or deleted after a page that asks.

use log::info;

use crate::app::App;
use crate::limits::LINKS_PER_PAGE;
use crate::link::{Link, LinkId};
use crate::ui::link_selected::{self, LinkSelected};
use crate::user::{UserId, UserName};
use crate::web::Section;
use crate::web::access::{SignedIn, Submission, Visitor};
use crate::web::error::Error;
use crate::web::flash::Message;
use crate::web::next;
use crate::web::own_link::{self, OwnLink};
use crate::web::percent;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Asks whether to delete them. Which ones stands in the address; what is not there, or another's, is left out.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    account: &SignedIn,
    request: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let links = own_link::find_all(app, account, request.query("ids").split('.'))?;
    if links.is_empty() {
        return Err(Error::NotFound);
    }
    app.store.flush_clicks();
    let mut frame = visitor.frame("Delete links");
    frame.section = Section::Links;
    let mut rows = Vec::with_capacity(links.len());
    for own in &links {
        let clicks = app.store.numbers(own.link.owner, own.link.id)?.humans;
        rows.push(link_selected::Row { id: own.link.id.to_string(), url: own.url(visitor), clicks });
    }
    let back = next::safe(request.query("next")).unwrap_or(next::DEFAULT);
    Ok(super::page(link_selected::page(&frame, &LinkSelected { rows, back })))
}

/// What is to become of the links.
#[derive(Clone, Copy)]
enum Wish {
    Switch(bool),
    Ask,
    Delete,
}

/// Does it, and tells how many links it concerned.
pub(crate) fn submit(
    app: &App,
    account: &SignedIn,
    submission: &Submission<'_>,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let form = &submission.form;
    let wish = match form.get("do") {
        "enable" => Wish::Switch(true),
        "disable" => Wish::Switch(false),
        "ask" => Wish::Ask,
        "delete" => Wish::Delete,
        _ => return Err(Error::Malformed),
    };
    let ids: Vec<&str> = form.names().filter_map(|name| name.strip_prefix("link-")).collect();
    if ids.len() > LINKS_PER_PAGE {
        return Err(Error::Malformed);
    }
    let back = next::safe(form.get("next")).unwrap_or(next::DEFAULT);
    let links = own_link::find_all(app, account, ids.into_iter())?;
    let say = |message| Ok(submission.visitor.say(Response::see_other(back), &message));
    if links.is_empty() {
        return say(Message::NoneSelected);
    }
    if matches!(wish, Wish::Ask) {
        let ids: Vec<String> = links.iter().map(|own| own.link.id.to_string()).collect();
        let query = percent::query(&[("ids", &ids.join(".")), ("next", back)]);
        return Ok(Response::see_other(format!("/links/selected{query}")));
    }
    let mut count = 0;
    for (owner, name, ids) in by_owner(links) {
        let (done, event): (Vec<Link>, _) = match wish {
            Wish::Switch(enabled) => {
                let event = if enabled { "link enabled" } else { "link disabled" };
                (app.store.switch_links(owner, name.clone(), ids, enabled, app.now())?, event)
            }
            Wish::Ask | Wish::Delete => (app.store.delete_links(owner, name.clone(), ids)?, "link deleted"),
        };
        for link in &done {
            info!(target: "links", owner = name.as_str(), slug = link.slug.as_str(); "{event}");
        }
        count += done.len();
    }
    say(match wish {
        Wish::Switch(true) => Message::ManyEnabled(count),
        Wish::Switch(false) => Message::ManyDisabled(count),
        Wish::Ask | Wish::Delete => Message::ManyDeleted(count),
    })
}

/// The links in groups of one owner. A list shows those of one, so this is one group, and one transaction.
fn by_owner(links: Vec<OwnLink>) -> Vec<(UserId, UserName, Vec<LinkId>)> {
    let mut groups: Vec<(UserId, UserName, Vec<LinkId>)> = Vec::new();
    for own in links {
        match groups.iter_mut().find(|group| group.0 == own.link.owner) {
            Some(group) => group.2.push(own.link.id),
            None => groups.push((own.link.owner, own.name, vec![own.link.id])),
        }
    }
    groups
}
