//! One link and its clicks.

use crate::app::App;
use crate::limits::BARS_MAX;
use crate::link::Link;
use crate::store::{Seen, Whose};
use crate::ui::bars::Bar;
use crate::ui::columns::Bots;
use crate::ui::link_detail::{self, Clicks, LinkDetail, RecentClick};
use crate::ui::link_list::Filter;
use crate::visitor::{self, Class};
use crate::web::Section;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::link_edit::own_link;
use crate::web::link_range::{self, Named, Range};
use crate::web::percent;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Shows the link. Clicks that still wait for their commit are written first, so that a reload after a click shows
/// it.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    account: &SignedIn,
    request: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let link = own_link(app, account, parts)?;
    app.store.flush_clicks();
    let bots = if request.query("bots") == "1" { Bots::Show } else { Bots::Hide };
    let named = link_range::of_word(request.query("range"));
    let now = app.now();
    let history = app.store.history(Whose::Link(link.owner, link.id), &named.range.period(now))?;
    let figures = named.range.figures(now, link.created, &history);
    let recent = app.store.latest_clicks(link.owner, link.id, bots == Bots::Hide)?;
    let url = visitor.short_url(account.user.name.as_str(), link.slug.as_str());
    let mut frame = visitor.frame(link.slug.as_str());
    frame.section = Section::Links;
    let (numbers, tally) = (history.numbers, history.tally);
    let data = LinkDetail {
        id: &link.id.to_string(),
        url: &url,
        state: link.state(now),
        title: link.about.title.as_str(),
        target: link.about.target.as_str(),
        created_at: link.created,
        expires_at: link.about.expires,
        ever: Clicks { people: numbers.humans, bots: numbers.bots },
        ranges: ranges(&link, named, bots),
        length: (named.range != Range::AllTime).then_some(named.length),
        clicks: Clicks { people: figures.people, bots: figures.bots },
        change: figures.change,
        chart: figures.chart,
        uncharted: figures.uncharted,
        is_damaged: history.is_damaged,
        bots,
        here: href(&link, named.word, bots),
        other_bots: href(&link, named.word, if bots == Bots::Show { Bots::Hide } else { Bots::Show }),
        last_click_at: numbers.last,
        referrers: bars(tally.referrers.into_iter(), tally.referrers_other),
        browsers: named_bars(tally.browsers),
        systems: named_bars(tally.systems),
        recent: recent.into_iter().map(recent_click).collect(),
    };
    Ok(super::page(link_detail::page(&frame, &data)))
}

/// The address of a link's page for a range, with bots or without.
fn href(link: &Link, range: &str, bots: Bots) -> String {
    let bots = if bots == Bots::Show { "1" } else { "" };
    format!("/links/{}{}", link.id, percent::query(&[("range", range), ("bots", bots)]))
}

fn ranges(link: &Link, current: &Named, bots: Bots) -> Vec<Filter> {
    let filter = |named: &Named| Filter {
        label: named.label,
        href: href(link, named.word, bots),
        is_current: named.range == current.range,
    };
    link_range::RANGES.iter().map(filter).collect()
}

fn named_bars(counts: Vec<(&'static str, u64)>) -> Vec<Bar> {
    bars(counts.into_iter().map(|(name, count)| (name.to_owned(), count)), 0)
}

/// The largest counts, and the rest as one.
fn bars(counts: impl Iterator<Item = (String, u64)>, already_other: u64) -> Vec<Bar> {
    let mut rows: Vec<Bar> = counts.map(|(label, count)| Bar { label, count }).collect();
    let rest = rows.split_off(rows.len().min(BARS_MAX));
    let other: u64 = already_other + rest.iter().map(|bar| bar.count).sum::<u64>();
    if other > 0 {
        rows.push(Bar { label: "Others".to_owned(), count: other });
    }
    rows
}

fn recent_click(seen: Seen) -> RecentClick {
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
        address: seen.address.map(|address| address.to_string()).unwrap_or_default(),
        class: (seen.class != Class::Human).then(|| seen.class.word()),
        reason: seen.reason.sentence(),
    }
}
