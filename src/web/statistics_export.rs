//! What is counted of links as a file: a row for each number of each day, so that a spreadsheet's pivot table, or one line
//! of a script, makes of it what somebody wants to see. Days stay when single clicks are gone.

use crate::app::App;
use crate::calendar::{self, Day, FIRST_DAY};
use crate::link::LinkId;
use crate::store::{Error as StoreError, Period, Store, TallyOf, Whose};
use crate::ui::columns;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::export::{self, Format, Of, Part, Rows, Table, Told};
use crate::web::own_link;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

pub(super) const STATISTICS: Table<5> =
    Table { name: "statistics", columns: ["slug", "date", "what", "name", "clicks"] };

/// Sends the numbers of one link, or of all of them where the address names none.
pub(crate) fn show(
    app: &App,
    _: &Visitor,
    account: &SignedIn,
    request: &Request,
    parts: &Parts<'_>,
) -> Result<Response, Error> {
    let part = match parts {
        [] => Part::OfLinks(Of::Statistics, LinkId(0)),
        _ => Part::OfLink(Of::Statistics, Told::of(&own_link::find(app, account, parts)?.link)),
    };
    export::begin(app, account, ("statistics", Format::of(request)), &STATISTICS.columns, vec![part])
}

/// The days of a link that have clicks, the newest first.
pub(super) fn days(store: &Store, told: &Told) -> Result<Vec<Day>, StoreError> {
    // Nothing is tallied after the last day there is.
    let period = Period { days: FIRST_DAY..=Day::MAX - 1, tally: TallyOf::Since(Day::MAX) };
    let history = store.history(Whose::Link(told.owner, told.id), &period)?;
    Ok(history.days.iter().rev().map(|day| day.day).collect())
}

/// Writes the numbers of a day: clicks of people, different people as far as can be told, bots and previews; then each by
/// the hour, where people came from and what they used, and why bots were taken for such.
pub(super) fn push(rows: &mut Rows, store: &Store, told: &Told, day: Day) -> Result<(), StoreError> {
    let period = Period { days: day..=day, tally: TallyOf::Since(day) };
    let history = store.history(Whose::Link(told.owner, told.id), &period)?;
    let date = calendar::time(day, 0).rfc3339();
    let mut add = |what: &str, name: &str, clicks: u64| {
        let cells = [told.slug.as_str().into(), date[..10].into(), what.into(), name.into(), clicks.into()];
        rows.push(&STATISTICS, cells);
    };
    let tally = history.tally;
    for of_day in history.days {
        add("people", "", of_day.people);
        if columns::are_counted(of_day.people, of_day.visitors) {
            add("visitors", "", of_day.visitors);
        }
        add("bots", "", of_day.bots);
        of_day.hours.iter().for_each(|(hour, clicks)| add("hour", &format!("{hour:02}"), *clicks));
        of_day.bot_hours.iter().for_each(|(hour, clicks)| add("bot_hour", &format!("{hour:02}"), *clicks));
    }
    tally.referrers.iter().for_each(|(host, clicks)| add("referrer", host, *clicks));
    if tally.referrers_other > 0 {
        add("referrer", "(other)", tally.referrers_other);
    }
    for (what, counts) in [
        ("browser", &tally.browsers),
        ("system", &tally.systems),
        ("device", &tally.devices),
        ("bot_reason", &tally.reasons),
    ] {
        counts.iter().for_each(|(name, clicks)| add(what, name, *clicks));
    }
    if tally.prefetches > 0 {
        add("prefetches", "", tally.prefetches);
    }
    Ok(())
}
