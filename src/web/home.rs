//! The home page.

use crate::app::App;
use crate::store::Whose;
use crate::target::Target;
use crate::ui::home::{self, Home, Overview, TopLink};
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::link_range::Range;
use crate::web::request::Request;
use crate::web::response::{Kind, Response};
use crate::web::router::Parts;

/// Links among the most clicked.
const MOST_CLICKED: usize = 5;

/// Shows the state of the site, or of one's own links. Visitors are sent on where an administrator has said so.
pub(crate) fn show(app: &App, visitor: &Visitor, _: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    if let Some(elsewhere) = &visitor.settings.home
        && visitor.account.is_none()
        && app.is_set_up()
        && !is_circle(app, visitor, elsewhere)
    {
        let response = Response::new(302, Kind::Plain).with("Location", elsewhere.as_str().to_owned());
        return Ok(response.with("Vary", "Cookie"));
    }
    let home = match &visitor.account {
        _ if !app.is_set_up() => Home::NotSetUp,
        None => Home::SignedOut,
        Some(account) => Home::SignedIn(overview(app, visitor, account)?),
    };
    Ok(super::page(home::page(&visitor.frame(""), &home)))
}

/// Whether the home page would lead to this server again. Asked at every visit, too: only then is it certain under
/// which names we are reached.
pub(crate) fn is_circle(app: &App, visitor: &Visitor, elsewhere: &Target) -> bool {
    elsewhere.is_own(&app.own_addresses(&visitor.shown.host, visitor.shown.port))
}

fn overview(app: &App, visitor: &Visitor, account: &SignedIn) -> Result<Overview, Error> {
    app.store.flush_clicks();
    let (user, now) = (&account.user, app.now());
    let range = Range::Days(30);
    let figures = range.figures(now, user.created, &app.store.history(Whose::Owner(user.id), &range.period(now))?);
    let (rows, _) = app.store.most_clicked(user.id, MOST_CLICKED)?;
    let most_clicked = rows.into_iter().map(|row| TopLink {
        id: row.link.id.to_string(),
        url: visitor.short_url(user.name.as_str(), row.link.slug.as_str()),
        title: row.link.about.title.as_str().to_owned(),
        clicks: row.numbers.humans,
    });
    Ok(Overview {
        clicks: figures.people,
        change: figures.change,
        links: app.store.link_count(user.id)?.into(),
        today: figures.chart.columns.last().map_or(0, |today| today.people),
        most_clicked: most_clicked.collect(),
    })
}
