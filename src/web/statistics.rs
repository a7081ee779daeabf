//! Clicks in numbers: of all of one's own links, of the whole site, and for the page of one link.

use crate::app::App;
use crate::clock::Timestamp;
use crate::limits::BARS_MAX;
use crate::store::{History, Whose};
use crate::ui::bars::Bar;
use crate::ui::columns::Bots;
use crate::ui::link_list::Filter;
use crate::ui::statistics::{self, Change, Clicks, Overall, Statistics};
use crate::web::Section;
use crate::web::access::{Administrator, SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::link_range::{self, Named, Range};
use crate::web::percent;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

/// Shows the clicks on all links of one's own.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    account: &SignedIn,
    request: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let user = &account.user;
    let statistics = of(app, request, Whose::Owner(user.id), "/links/statistics", user.created)?;
    let heading = "Statistics of your links";
    Ok(page(visitor, Section::Links, Overall { heading, is_of_site: false, statistics }))
}

/// Shows the clicks on everybody's links.
pub(crate) fn show_site(
    app: &App,
    visitor: &Visitor,
    _: &Administrator,
    request: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let mut statistics = of(app, request, Whose::Site, "/admin/statistics", Timestamp::from_ms(0))?;
    // When the site was made is not known: that nobody came before may be because there was none.
    statistics.change = statistics.change.filter(|change| *change != Change::New);
    let heading = "Statistics of all users";
    Ok(page(visitor, Section::Admin, Overall { heading, is_of_site: true, statistics }))
}

fn page(visitor: &Visitor, section: Section, overall: Overall<'_>) -> Response {
    let mut frame = visitor.frame(overall.heading);
    frame.section = section;
    super::page(statistics::page(&frame, &overall))
}

/// The clicks that a request asks for with its query, on a page at `path`; there has been something to click on since
/// `created`. Clicks that still wait for their commit are written first, so that a reload after a click shows it.
pub(super) fn of(
    app: &App,
    request: &Request,
    whose: Whose,
    path: &str,
    created: Timestamp,
) -> Result<Statistics, Error> {
    app.store.flush_clicks();
    let (named, bots) = (link_range::of_word(request.query("range")), bots(request));
    let now = app.now();
    let history = app.store.history(whose, &named.range.period(now))?;
    let figures = named.range.figures(now, created, &history);
    let History { numbers, tally, is_damaged, .. } = history;
    let other_bots = if bots == Bots::Show { Bots::Hide } else { Bots::Show };
    Ok(Statistics {
        ever: Clicks { people: numbers.humans, bots: numbers.bots },
        live: None,
        ranges: ranges(path, named, bots),
        length: (named.range != Range::AllTime).then_some(named.length),
        clicks: Clicks { people: figures.people, bots: figures.bots },
        visitors: figures.visitors,
        has_uncounted_days: figures.has_uncounted_days,
        change: figures.change,
        chart: figures.chart,
        uncharted: figures.uncharted,
        is_damaged,
        bots,
        here: href(path, named.word, bots),
        other_bots: href(path, named.word, other_bots),
        last_click_at: numbers.last,
        referrers: bars(tally.referrers.into_iter(), tally.referrers_other),
        browsers: named_bars(tally.browsers),
        systems: named_bars(tally.systems),
        devices: named_bars(tally.devices),
        reasons: named_bars(tally.reasons),
        prefetches: tally.prefetches,
    })
}

/// Whether a request wants to see bots and previews.
pub(super) fn bots(request: &Request) -> Bots {
    if request.query("bots") == "1" { Bots::Show } else { Bots::Hide }
}

/// The address of a page for a range, with bots or without.
fn href(path: &str, range: &str, bots: Bots) -> String {
    let bots = if bots == Bots::Show { "1" } else { "" };
    format!("{path}{}", percent::query(&[("range", range), ("bots", bots)]))
}

fn ranges(path: &str, current: &Named, bots: Bots) -> Vec<Filter> {
    let filter = |named: &Named| Filter {
        label: named.label,
        href: href(path, named.word, bots),
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
