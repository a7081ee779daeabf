//! One's own links: searched, sorted, a page at a time. All of its state is in the address.

use crate::app::App;
use crate::calendar;
use crate::click;
use crate::limits::{KEPT_LISTED_MAX, LINKS_SCANNED_MAX, SEARCH_BYTES_MAX, SPARKLINE_DAYS};
use crate::link::{LinkId, State};
use crate::store::{Cursor, Kept, Page, Sort, Step, Wanted};
use crate::target::BlockedHosts;
use crate::ui::link_list::{self, Column, Columns, Filter, LinkList, List, Order, Row};
use crate::ui::number;
use crate::ui::pager::{Pager, PagerOrder};
use crate::user::Role;
use crate::web::Section;
use crate::web::access::{SignedIn, Visitor};
use crate::web::error::Error;
use crate::web::percent;
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::router::Parts;

const SORTS: [(Sort, &str); 4] =
    [(Sort::Newest, "newest"), (Sort::Oldest, "oldest"), (Sort::Clicks, "clicks"), (Sort::Slug, "slug")];
const STATES: [(Option<State>, &str, &str); 5] = [
    (None, "", "All"),
    (Some(State::Active), "active", "Active"),
    (Some(State::Disabled), "disabled", "Disabled"),
    (Some(State::Expired), "expired", "Expired"),
    (Some(State::Blocked), "blocked", "Blocked"),
];

/// What the address asks for. Words that mean nothing are taken as the default.
struct Asked<'a> {
    /// The removed user whose links are listed; empty for one's own.
    of: &'a str,
    text: &'a str,
    sort: Sort,
    state: Option<State>,
    step: Step,
}

impl<'a> Asked<'a> {
    fn of(request: &'a Request) -> Asked<'a> {
        let sort = SORTS.iter().find(|(_, word)| *word == request.query("sort")).map_or(Sort::Newest, |found| found.0);
        let state = STATES.iter().find(|(_, word, _)| *word == request.query("status")).and_then(|found| found.0);
        let step = match (cursor(request.query("after")), cursor(request.query("before"))) {
            (Some(after), _) => Step::After(after),
            (None, Some(before)) => Step::Before(before),
            (None, None) => Step::First,
        };
        Asked {
            of: request.query("of"),
            text: click::cut(request.query("q").trim(), SEARCH_BYTES_MAX),
            sort,
            state,
            step,
        }
    }

    fn wanted(&self, app: &App, name: &str) -> Wanted {
        Wanted {
            sort: self.sort,
            text: self.text.to_owned(),
            slug: slug_in(self.text, name),
            state: self.state,
            step: self.step.clone(),
            blocked: app.settings().blocked_hosts.clone(),
            now: app.now(),
        }
    }

    /// The address of this list with another order, filter or place.
    fn href(&self, sort: Sort, state: Option<State>, place: (&str, &str)) -> String {
        let query =
            [("of", self.of), ("q", self.text), ("status", state_word(state)), ("sort", sort_word(sort)), place];
        format!("/links{}", percent::query(&query))
    }

    /// A column's header: sorts by it, the other way round when it already does.
    fn column(&self, usual: Sort, order: Order, other: Option<(Sort, Order)>) -> Column {
        let (sort, order) = match other {
            Some((other, _)) if self.sort == usual => (other, order),
            Some((other, other_order)) if self.sort == other => (usual, other_order),
            _ if self.sort == usual => (usual, order),
            _ => (usual, Order::Unsorted),
        };
        Column { href: self.href(sort, self.state, ("", "")), order }
    }
}

/// The slug in a short address of this user as people paste it: with or without scheme, host and slash, whatever the
/// host, since a server may have been reached under several.
fn slug_in(text: &str, name: &str) -> Option<String> {
    let path = text.split(['?', '#']).next()?.to_lowercase();
    let (own, inside) = (format!("{name}/"), format!("/{name}/"));
    let slug = path.strip_prefix(&own).or_else(|| path.split_once(&inside).map(|(_, rest)| rest))?;
    let slug = slug.trim_end_matches('/');
    (!slug.is_empty()).then(|| slug.to_owned())
}

fn sort_word(sort: Sort) -> &'static str {
    SORTS.iter().find(|(known, _)| *known == sort && *known != Sort::Newest).map_or("", |found| found.1)
}

fn state_word(state: Option<State>) -> &'static str {
    STATES.iter().find(|(known, ..)| *known == state).map_or("", |found| found.1)
}

/// A place in the list as the address has it: the value sorted by, and the link.
fn cursor(text: &str) -> Option<Cursor> {
    let (value, link) = text.rsplit_once('.')?;
    Some(Cursor { value: value.to_owned(), link: LinkId::parse(link)? })
}

fn cursor_text(cursor: &Cursor) -> String {
    format!("{}.{}", cursor.value, cursor.link)
}

/// Shows a page of the list.
pub(crate) fn show(
    app: &App,
    visitor: &Visitor,
    account: &SignedIn,
    request: &Request,
    _: &Parts<'_>,
) -> Result<Response, Error> {
    let asked = Asked::of(request);
    let kept = match asked.of {
        "" => None,
        of => Some(app.store.kept_of(&account.user, of)?.ok_or(Error::NotFound)?),
    };
    let (owner, name) = match &kept {
        None => (account.user.id, account.user.name.as_str()),
        Some(kept) => (kept.owner, kept.name.as_str()),
    };
    app.store.flush_clicks();
    let page = app.store.links(owner, &asked.wanted(app, name))?;
    let title = if asked.of.is_empty() { "Your links".to_owned() } else { format!("Links of {name}") };
    let mut frame = visitor.frame(&title);
    frame.section = Section::Links;
    let pager = pager(&asked, &page);
    let is_search = !asked.text.is_empty() || asked.state.is_some();
    let new = LinkId::parse(request.query("new"));
    let (now, settings) = (app.now(), app.settings());
    let today = calendar::day(now.ms());
    let days = calendar::before(today, SPARKLINE_DAYS - 1)..=today;
    let ids: Vec<LinkId> = page.rows.iter().map(|row| row.link.id).collect();
    let mut daily = app.store.people_by_day(owner, &ids, &days)?;
    let rows = page.rows.into_iter().map(|row| Row {
        id: row.link.id.to_string(),
        url: visitor.short_url(name, row.link.slug.as_str()),
        title: row.link.about.title.as_str().to_owned(),
        target: row.link.about.target.as_str().to_owned(),
        clicks: row.numbers.humans,
        daily: daily.remove(&row.link.id).unwrap_or_default(),
        created_at: row.link.created,
        state: row.link.state(&settings.blocked_hosts, now),
        is_new: Some(row.link.id) == new,
    });
    let data = LinkList {
        title: &title,
        is_own: asked.of.is_empty(),
        lists: lists(app, account, kept.as_ref())?,
        total: page.total.into(),
        matches: is_search.then_some(page.found as u64),
        query: asked.text,
        kept: [("of", asked.of), ("status", state_word(asked.state)), ("sort", sort_word(asked.sort))]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.to_owned()))
            .collect(),
        filters: filters(&asked, &settings.blocked_hosts),
        columns: Columns {
            address: asked.column(Sort::Slug, Order::Ascending, None),
            clicks: asked.column(Sort::Clicks, Order::Descending, None),
            created: asked.column(Sort::Newest, Order::Descending, Some((Sort::Oldest, Order::Ascending))),
        },
        rows: rows.collect(),
        pager,
        damaged: page.damaged as u64,
        searched_only: page.truncated.then_some(LINKS_SCANNED_MAX as u64),
        clear_href: &format!("/links{}", percent::query(&[("of", asked.of)])),
    };
    Ok(super::page(link_list::page(&frame, &data)))
}

/// One's own links and those that one looks after, where there are any. The archive grows with every user who is removed,
/// and its lists are found by way of the users, too.
fn lists(app: &App, account: &SignedIn, shown: Option<&Kept>) -> Result<Vec<List>, Error> {
    let is_administrator = account.user.role == Role::Administrator;
    let count_max = if is_administrator { KEPT_LISTED_MAX } else { usize::MAX - 1 };
    let mut kept = app.store.kept_by(&account.user, count_max + 1)?;
    let is_cut = kept.len() > count_max;
    kept.truncate(count_max);
    kept.extend(shown.filter(|shown| !kept.contains(shown)).cloned());
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let list = |label: String, href: String, is_current| List { label, href, is_current };
    let of = |kept: &Kept| {
        let label = format!("{}’s links ({})", kept.name.as_str(), number::grouped(kept.links.into()));
        list(label, format!("/links{}", percent::query(&[("of", kept.name.as_str())])), shown == Some(kept))
    };
    let own = list("Your links".to_owned(), "/links".to_owned(), shown.is_none());
    let more = is_cut.then(|| list("More…".to_owned(), "/admin/users".to_owned(), false));
    Ok([own].into_iter().chain(kept.iter().map(of)).chain(more).collect())
}

/// The states to choose from; where no host is blocked, no link is.
fn filters(asked: &Asked<'_>, blocked: &BlockedHosts) -> Vec<Filter> {
    let filter = |&(state, _, label): &(Option<State>, &str, &'static str)| Filter {
        label,
        href: asked.href(asked.sort, state, ("", "")),
        is_current: state == asked.state,
    };
    let may_be = |state| state != Some(State::Blocked) || state == asked.state || !blocked.as_slice().is_empty();
    STATES.iter().filter(|(state, ..)| may_be(*state)).map(filter).collect()
}

fn pager(asked: &Asked<'_>, page: &Page) -> Pager {
    let href = |way, cursor: &Cursor| asked.href(asked.sort, asked.state, (way, &cursor_text(cursor)));
    Pager {
        previous: page.before.as_ref().map(|cursor| href("before", cursor)),
        next: page.after.as_ref().map(|cursor| href("after", cursor)),
        order: if asked.sort == Sort::Newest { PagerOrder::NewestFirst } else { PagerOrder::Other },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_short_address_names_its_slug() {
        for (text, slug) in [
            ("https://go.example/anna/promo", Some("promo")),
            ("HTTP://Go.Example:8080/Anna/Promo/", Some("promo")),
            ("go.example/anna/promo?x=1#y", Some("promo")),
            ("/anna/promo", Some("promo")),
            ("anna/promo", Some("promo")),
            ("https://go.example/bert/promo", None),
            ("https://go.example/joanna/promo", None),
            ("go.example/anna/", None),
            ("anna", None),
            ("?/anna/promo", None),
            ("", None),
        ] {
            assert_eq!(slug_in(text, "anna").as_deref(), slug, "{text}");
        }
    }

    #[test]
    fn places_are_read_back_and_nonsense_is_the_first_page() {
        for (value, link) in [("", 36), ("1204", 1), ("promo-2026", 99)] {
            let place = Cursor { value: value.to_owned(), link: LinkId(link) };
            assert_eq!(cursor(&cursor_text(&place)), Some(place));
        }
        for bad in ["", "x", "x.", "x.UPPER", ".99999999"] {
            assert_eq!(cursor(bad), None, "{bad}");
        }
    }
}
