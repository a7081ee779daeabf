//! Every page in every state, drawn from plain values.
//!
//! The tests read the pages for what must never be on one. With `LINKJAR_GALLERY=FOLDER` they are also written there
//! as files, to be looked at in a browser.

use std::collections::HashSet;
use std::path::Path;
use std::{env, fs};

use maud::Markup;

use crate::clock::Timestamp;
use crate::ui::account_delete::{self, AccountDelete};
use crate::ui::admin::{self, Instance};
use crate::ui::admin_host_block::{self, AdminHostBlock};
use crate::ui::admin_links::{self, AdminLinks};
use crate::ui::admin_settings::{self, AdminSettings, Backup};
use crate::ui::admin_user::{self, AdminUser, Links};
use crate::ui::admin_user_remove::{self, AdminUserRemove};
use crate::ui::admin_users::{self, AdminUsers, OpenInvitation};
use crate::ui::badge::LinkState;
use crate::ui::bars::Bar;
use crate::ui::columns::{self, Bots, Chart, Unit};
use crate::ui::confirm::{self, Confirm, PASSWORD_AGAIN};
use crate::ui::error::{self, ErrorPage, WayOn};
use crate::ui::field::Errors;
use crate::ui::flash::Flash;
use crate::ui::home::{self, Home, Overview, TopLink};
use crate::ui::layout::{Account, Frame, Section, Theme};
use crate::ui::link_delete::{self, LinkDelete};
use crate::ui::link_detail::{self, LinkDetail, RecentClick};
use crate::ui::link_form::{self, LinkForm, Mode};
use crate::ui::link_list::{self, Column, Columns, Filter, LinkList, List, Order, Row};
use crate::ui::link_selected::{self, LinkSelected};
use crate::ui::login::{self, Login};
use crate::ui::pager::{Pager, PagerOrder};
use crate::ui::preview::{self, Preview};
use crate::ui::privacy::{self, Privacy};
use crate::ui::profile::{self, Profile};
use crate::ui::register::{self, NoRegistration, Register};
use crate::ui::reset::{self, Reset};
use crate::ui::setup::{self, Setup};
use crate::ui::statistics::{self, Change, Clicks, Overall, Statistics};
use crate::ui::{assets, text};
use crate::user::{Estate, Registration, Role, State, UserId};
use crate::visitor::AddressPolicy;

/// Gives the text that stands in for a sample: the sample itself, or something hostile.
type Words = fn(&'static str) -> &'static str;

const AT: Timestamp = Timestamp::from_ms(1_795_183_320_000);
const HOSTILE: &str =
    "\"><script>alert(1)</script>' onmouseover='x' \" style=\"x\" <img src=x onerror=x> &quot; \u{202e}";

fn kind(sample: &'static str) -> &'static str {
    sample
}

fn hostile(_sample: &'static str) -> &'static str {
    HOSTILE
}

fn frame(words: Words, title: &'static str, theme: Theme) -> Frame<'static> {
    Frame {
        site_name: words("Short links"),
        title,
        failed: false,
        theme,
        account: Some(Account { username: words("alice"), is_admin: true }),
        csrf_token: words("1c5d"),
        here: words("/links?q=a&status=active"),
        flash: None,
        section: Section::Links,
        bare: false,
        version: words("0.1.0"),
        registration_open: true,
    }
}

fn outside(words: Words, title: &'static str, theme: Theme) -> Frame<'static> {
    Frame { account: None, section: Section::LogIn, ..frame(words, title, theme) }
}

fn errors(words: Words, names: &[&'static str]) -> Errors {
    let mut errors = Errors::new();
    for name in names {
        errors.push(name, words(text::SLUG_TAKEN));
    }
    errors
}

/// Every page under a name of its own.
fn pages(words: Words, theme: Theme) -> Vec<(&'static str, String)> {
    let drawn = [
        home_pages(words, theme),
        account_pages(words, theme),
        link_pages(words, theme),
        error_pages(words, theme),
        admin_pages(words, theme),
        site_link_pages(words, theme),
        user_pages(words, theme),
        removal_pages(words, theme),
    ];
    drawn.into_iter().flatten().map(|(name, page)| (name, page.into_string())).collect()
}

fn home_pages(words: Words, theme: Theme) -> Vec<(&'static str, Markup)> {
    let overview = Overview {
        clicks: 12_046,
        change: Some(Change::Percent(12)),
        links: 128,
        today: 87,
        most_clicked: (0..5)
            .map(|rank| TopLink {
                id: words("5k3v9q").to_owned(),
                url: words("https://short.example/alice/promo").to_owned(),
                title: words("Autumn sale").to_owned(),
                clicks: 1204 / (rank + 1),
            })
            .collect(),
    };
    let empty = Overview { clicks: 0, change: None, links: 0, today: 0, most_clicked: Vec::new() };
    let inside = frame(words, "", theme);
    let out = outside(words, "", theme);
    let usual = Privacy { addresses: AddressPolicy::Shorten, keep_days: Some(90), backups: 7 };
    vec![
        ("home-not-set-up", home::page(&out, &Home::NotSetUp)),
        ("home-signed-out", home::page(&out, &Home::SignedOut)),
        ("home", home::page(&inside, &Home::SignedIn(overview))),
        ("home-empty", home::page(&inside, &Home::SignedIn(empty))),
        ("privacy", privacy::page(&out, &usual)),
        (
            "privacy-store",
            privacy::page(&inside, &Privacy { addresses: AddressPolicy::Store, keep_days: None, backups: 0 }),
        ),
    ]
}

const REFUSED_SETTINGS: [&str; 7] =
    ["site.name", "site.home", "accounts.links-max", "links.per-minute", "links.redirect", "links.private", "password"];

fn admin_pages(words: Words, theme: Theme) -> Vec<(&'static str, Markup)> {
    let inside = Frame { section: Section::Admin, ..frame(words, "Administration", theme) };
    let instance = Instance {
        version: "0.1.0",
        uptime_s: 273_840,
        users: 3,
        links: 128,
        people: 12_046,
        bots: 9_310,
        waiting: 12,
        shed: 0,
        file_bytes: 4_205_568,
        free_bytes: 11_811_160_064,
        last_backup: Some((AT, 3_145_728)),
        last_check: Some((AT, "good".to_owned())),
        warnings: Vec::new(),
    };
    let worse = Instance {
        shed: 1_204,
        last_backup: None,
        warnings: vec![
            words("The disk is nearly full: 70.1 MB are free. Below 67.1 MB nothing is written.").to_owned(),
            words("There is no backup, although the server has run for more than a day.").to_owned(),
        ],
        ..instance.clone()
    };
    let none = Errors::new();
    let wrong = errors(words, &REFUSED_SETTINGS);
    let values = [
        ("site.name", words("Our links")),
        ("site.home", words("https://www.example.com/")),
        ("accounts.registration", "invite"),
        ("accounts.links-max", words("unlimited")),
        ("links.per-minute", words("60")),
        ("clicks.addresses", "shorten"),
        ("clicks.keep-days", words("90")),
        ("links.redirect", "302"),
        ("links.blocked-hosts", words("bad.example,worse.example")),
        ("links.private", "allow"),
    ];
    let backup = |name: &'static str, hours: i64| Backup {
        name: words(name).to_owned(),
        made: AT.plus_s(-hours * 3_600),
        bytes: 3_145_728,
    };
    let settings = AdminSettings {
        values: values.map(|(key, value)| (key, value.to_owned())).to_vec(),
        drawn: values.map(|(key, value)| (key, value.to_owned())).to_vec(),
        errors: &none,
        registration_is_set: None,
        backups: vec![backup("linkjar-2026-11-20.redb", 0), backup("linkjar-2026-11-19-231502.redb", 15)],
        is_backing_up: false,
    };
    let refused = AdminSettings {
        errors: &wrong,
        registration_is_set: Some("closed"),
        is_backing_up: true,
        backups: Vec::new(),
        ..settings.clone()
    };
    vec![
        ("admin", admin::page(&inside, &instance)),
        ("admin-warnings", admin::page(&inside, &worse)),
        ("admin-settings", admin_settings::page(&inside, &settings)),
        ("admin-settings-refused", admin_settings::page(&inside, &refused)),
    ]
}

fn site_link_pages(words: Words, theme: Theme) -> Vec<(&'static str, Markup)> {
    let inside = Frame { section: Section::Admin, ..frame(words, "Links", theme) };
    let links = site_links(words);
    let fine = Errors::new();
    let block = AdminHostBlock {
        host: words("shop.example"),
        links: 1,
        is_all: false,
        back: words("/admin/links"),
        errors: &fine,
    };
    let no_links = AdminLinks { rows: Vec::new(), looked_at: Some(20_000), ..links.clone() };
    vec![
        ("admin-links", admin_links::page(&inside, &links)),
        ("admin-host-block", admin_host_block::page(&inside, &block)),
        ("admin-links-none", admin_links::page(&inside, &no_links)),
    ]
}

fn site_links(words: Words) -> AdminLinks<'static> {
    let row = |state| admin_links::Row {
        url: words("https://short.example/alice/promo").to_owned(),
        owner: words("alice").to_owned(),
        title: words("Autumn sale").to_owned(),
        target: words("https://shop.example/collections/autumn/coats-and-jackets?utm_source=letter&size=m").to_owned(),
        created_at: AT,
        state,
        path: format!("/admin/links/{}/5k3v9q", words("alice")),
        block_href: (state != LinkState::Blocked).then(|| words("/admin/block-host?host=shop.example").to_owned()),
        delete_href: format!("/admin/links/{}/5k3v9q/delete?next=%2Fadmin%2Flinks", words("alice")),
    };
    AdminLinks {
        query: words("shop"),
        rows: [LinkState::Active, LinkState::Disabled, LinkState::Expired, LinkState::Blocked].map(row).to_vec(),
        pager: Pager {
            previous: Some(words("/admin/links?before=5k3v9q").to_owned()),
            next: Some(words("/admin/links?after=5k3v9q").to_owned()),
            order: PagerOrder::NewestFirst,
        },
        damaged: 1,
        looked_at: None,
    }
}

fn user_pages(words: Words, theme: Theme) -> Vec<(&'static str, Markup)> {
    let inside = Frame { section: Section::Admin, ..frame(words, "Users", theme) };
    let states = [
        State::Active,
        State::Disabled,
        State::Removed(Estate::Archived),
        State::Removed(Estate::Kept(UserId(1))),
        State::Removed(Estate::Deleted),
    ];
    let row = |state| admin_users::Row {
        name: words("alice").to_owned(),
        email: words("alice@example.com").to_owned(),
        role: if state == State::Active { Role::Administrator } else { Role::User },
        links: 1_204,
        last_login_at: (state == State::Active).then_some(AT),
        state,
    };
    let open = |by: Option<&'static str>| OpenInvitation {
        id: words("0f0f").to_owned(),
        by: by.map(|by| words(by).to_owned()),
        made: AT,
        expires: AT,
    };
    let users = AdminUsers {
        query: words("ali"),
        rows: states.map(row).to_vec(),
        pager: Pager {
            previous: None,
            next: Some(words("/admin/users?after=alice").to_owned()),
            order: PagerOrder::Other,
        },
        damaged: 1,
        is_closed: false,
        invitations: vec![open(Some("alice")), open(None)],
        invited: Some(words("https://short.example/accounts/invite/0f0f")),
    };
    let none =
        AdminUsers { rows: Vec::new(), is_closed: true, invitations: Vec::new(), invited: None, ..users.clone() };
    let user = |state, count| AdminUser {
        name: words("alice"),
        email: words("alice@example.com"),
        role: if state == State::Active { Role::Administrator } else { Role::User },
        state,
        created_at: AT,
        last_login_at: Some(AT),
        links: Links { count, keeper: Some(words("bert")) },
        sessions: 2,
        reset_link: (state == State::Active).then_some(words("https://short.example/accounts/reset/0f0f")),
    };
    let account = |state, count| admin_user::page(&inside, &user(state, count));
    vec![
        ("users", admin_users::page(&inside, &users)),
        ("users-none", admin_users::page(&inside, &none)),
        ("user", account(states[0], 12)),
        ("user-disabled", account(states[1], 1)),
        ("user-archived", account(states[2], 12)),
        ("user-kept", account(states[3], 12)),
        ("user-leaving", account(states[4], 12)),
        ("user-gone", account(states[4], 0)),
    ]
}

fn removal_pages(words: Words, theme: Theme) -> Vec<(&'static str, Markup)> {
    let inside = Frame { section: Section::Admin, ..frame(words, "Remove user", theme) };
    let (no_errors, wrong) = (Errors::new(), errors(words, &["", "links", "keeper", "name", "password"]));
    let remove = |links, errors, is_removed| AdminUserRemove {
        name: words("alice"),
        is_removed,
        links,
        kept: 3,
        chosen: "keep",
        keeper: words("bert"),
        typed: words("alice"),
        errors,
    };
    let delete = |links, errors| AccountDelete {
        name: words("alice"),
        links,
        kept: 3,
        chosen: "keep",
        typed: words("alice"),
        errors,
    };
    vec![
        ("user-remove", admin_user_remove::page(&inside, &remove(12, &no_errors, false))),
        ("user-remove-errors", admin_user_remove::page(&inside, &remove(1, &wrong, true))),
        ("user-remove-without-links", admin_user_remove::page(&inside, &remove(0, &no_errors, false))),
        ("account-delete", account_delete::page(&inside, &delete(12, &no_errors))),
        ("account-delete-errors", account_delete::page(&inside, &delete(0, &wrong))),
    ]
}

fn browser(is_this: bool) -> profile::Browser {
    profile::Browser {
        id: "0123456789abcdef".to_owned(),
        is_this,
        browser: "Firefox",
        system: "Linux",
        address: Some("203.0.113.0".parse().unwrap()),
        first_seen: AT,
        last_seen: AT,
    }
}

fn account_pages(words: Words, theme: Theme) -> Vec<(&'static str, Markup)> {
    let none = Errors::new();
    let wrong = errors(words, &["", "username", "email", "password1", "code"]);
    let setup = |errors| Setup {
        password_chars_min: 8,
        host: words("short.example"),
        code: words(""),
        username: words(""),
        email: words(""),
        site_name: words("Short links"),
        registration: Registration::Invite,
        errors,
    };
    let register = |errors| Register {
        is_invited: true,
        password_chars_min: 8,
        host: words("short.example"),
        username: words("bob"),
        email: words(""),
        errors,
    };
    let login = |errors| Login { username: words(""), next: words("/links"), errors };
    let profile = |email_errors, password_errors| Profile {
        password_chars_min: 8,
        username: words("alice"),
        email: words("alice@example.com"),
        created_at: AT,
        last_login_at: Some(AT),
        is_admin: false,
        links: 1204,
        browsers: [true, false].map(browser).to_vec(),
        new_link_url: words("https://short.example/links/new"),
        new_email: words(""),
        email_errors,
        password_errors,
    };
    let out = |title| outside(words, title, theme);
    let confirm = |errors| Confirm {
        username: words("alice"),
        action: words("/admin/settings"),
        fields: vec![(words("site.name").to_owned(), words("Ours").to_owned())],
        errors,
    };
    let asked = frame(words, "Enter your password", theme);
    let own = Frame { section: Section::Profile, ..frame(words, "Profile", theme) };
    vec![
        ("setup", setup::page(&out("Set up"), &setup(&none))),
        ("setup-errors", setup::page(&out("Set up"), &setup(&wrong))),
        ("register", register::page(&out("Register"), &register(&none))),
        ("register-errors", register::page(&out("Register"), &register(&wrong))),
        ("register-closed", register::closed_page(&out("Register"), NoRegistration::Closed)),
        ("register-invite", register::closed_page(&out("Register"), NoRegistration::ByInvitation)),
        ("login", login::page(&out("Log in"), &login(&none))),
        ("login-errors", login::page(&out("Log in"), &login(&wrong))),
        (
            "reset",
            reset::page(
                &out("New password"),
                &Reset { username: words("alice"), password_chars_min: 8, errors: &wrong },
            ),
        ),
        ("confirm", confirm::page(&asked, &confirm(&none))),
        ("confirm-wrong", confirm::page(&asked, &confirm(&errors(words, &[PASSWORD_AGAIN])))),
        ("profile", profile::page(&own, &profile(&none, &none))),
        ("profile-errors", profile::page(&own, &profile(&wrong, &errors(words, &["password", "password2"])))),
    ]
}

fn link_pages(words: Words, theme: Theme) -> Vec<(&'static str, Markup)> {
    let none = Errors::new();
    let wrong = errors(words, &["slug", "title", "expires_at"]);
    let made = Frame {
        flash: Some(Flash::created(words("https://short.example/alice/x7k2mfq9"))),
        ..frame(words, "Your links", theme)
    };
    let links = frame(words, "Your links", theme);
    let failed = Frame { failed: true, ..frame(words, "New link", theme) };
    let edit = link_form(words, Mode::Edit { id: words("5k3v9q") }, &none);
    let with = |statistics| LinkDetail { statistics, ..detail(words) };
    let none_of = Clicks { people: 0, bots: 0 };
    let usual = || statistics(words);
    let empty =
        Statistics { clicks: none_of, ever: none_of, visitors: 0, change: None, last_click_at: None, ..usual() };
    let quiet = Statistics { clicks: none_of, visitors: 0, change: Some(Change::Percent(-100)), ..usual() };
    let uncounted = Statistics { visitors: 0, has_uncounted_days: true, ..usual() };
    let hours = Statistics {
        chart: chart(words, 24, Unit::Hour),
        change: Some(Change::New),
        bots: Bots::Show,
        prefetches: 12,
        ..usual()
    };
    let many = Statistics { chart: chart(words, 90, Unit::Day), bots: Bots::Show, is_damaged: true, ..usual() };
    let all =
        Statistics { chart: chart(words, 2, Unit::Month), length: None, change: None, uncharted: 1204, ..usual() };
    let overall = |statistics| Overall { heading: words("Statistics of your links"), is_of_site: true, statistics };
    let preview = Preview {
        url: words("https://short.example/alice/promo"),
        target: words("https://shop.example/autumn?from=letter"),
        host: words("shop.example"),
        title: words("Autumn sale"),
        created_at: AT,
        target_changed_at: Some(AT),
    };
    let delete = LinkDelete {
        path: words("/links/5k3v9q"),
        back: words("/links/5k3v9q"),
        url: words("https://short.example/alice/promo"),
        clicks: 1204,
        has_aliases: true,
    };
    vec![
        ("links", link_list::page(&made, &list(words, rows(words), 128))),
        ("links-kept", link_list::page(&made, &LinkList { is_own: false, ..list(words, rows(words), 128) })),
        ("links-empty", link_list::page(&links, &list(words, Vec::new(), 0))),
        ("links-no-match", link_list::page(&links, &list(words, Vec::new(), 128))),
        ("link-new", link_form::page(&links, &link_form(words, Mode::Create, &none))),
        ("link-errors", link_form::page(&failed, &link_form(words, Mode::Create, &wrong))),
        ("link-edit", link_form::page(&links, &edit)),
        ("link", link_detail::page(&links, &detail(words))),
        ("link-no-clicks", link_detail::page(&links, &with(empty.clone()))),
        ("link-quiet", link_detail::page(&links, &with(quiet))),
        ("link-uncounted", link_detail::page(&links, &with(uncounted))),
        ("link-hours", link_detail::page(&links, &with(hours))),
        ("link-many-days", link_detail::page(&links, &with(many.clone()))),
        ("link-all-time", link_detail::page(&links, &with(all))),
        ("statistics", statistics::page(&links, &overall(many))),
        ("statistics-empty", statistics::page(&links, &overall(empty))),
        ("link-delete", link_delete::page(&links, &delete)),
        ("preview", preview::page(&Frame { bare: true, ..outside(words, "Preview", theme) }, &preview)),
        ("link-selected", link_selected::page(&links, &selected(words))),
    ]
}

fn selected(words: Words) -> LinkSelected<'static> {
    let row = |clicks| link_selected::Row {
        id: words("5k3v9q").to_owned(),
        url: words("https://short.example/alice/promo").to_owned(),
        clicks,
    };
    LinkSelected { rows: [1204, 1, 0].map(row).to_vec(), back: words("/links?sort=slug") }
}

fn link_form<'a>(words: Words, mode: Mode<'a>, errors: &'a Errors) -> LinkForm<'a> {
    LinkForm {
        mode,
        prefix: words("short.example/alice/"),
        target_url: words("https://shop.example/autumn?from=letter"),
        slug: words("promo"),
        title: words("Autumn sale"),
        expires_at: words("2026-11-20T14:02"),
        enabled: true,
        errors,
    }
}

fn list(words: Words, rows: Vec<Row>, total: u64) -> LinkList<'static> {
    let column = |order| Column { href: format!("/links?sort={}", words("slug")), order };
    LinkList {
        title: words("Your links"),
        is_own: true,
        lists: [words("Your links"), words("bert’s links (12)")]
            .map(|label| List { label: label.to_owned(), href: words("/links?of=bert").to_owned(), is_current: false })
            .to_vec(),
        total,
        matches: None,
        query: words("promo"),
        kept: vec![("status", words("active").to_owned())],
        filters: ["All", "Active", "Disabled", "Expired"]
            .map(|label| Filter { label, href: "/links".to_owned(), is_current: label == "All" })
            .to_vec(),
        columns: Columns {
            address: column(Order::Unsorted),
            clicks: column(Order::Unsorted),
            created: column(Order::Descending),
        },
        rows,
        pager: Pager {
            previous: Some(format!("/links?before={}", words("1"))),
            next: Some(format!("/links?after={}", words("2"))),
            order: PagerOrder::NewestFirst,
        },
        damaged: 1,
        searched_only: Some(20_000),
        clear_href: "/links",
    }
}

fn rows(words: Words) -> Vec<Row> {
    let row = |slug, title, target, clicks, state| Row {
        id: words("5k3v9q").to_owned(),
        url: words(slug).to_owned(),
        title: words(title).to_owned(),
        target: words(target).to_owned(),
        clicks,
        daily: (0..30).map(|day| clicks * (day * 7 % 11) / 60).collect(),
        created_at: AT,
        state,
        is_new: clicks == 0,
    };
    let long =
        "https://shop.example/collections/autumn/coats-and-jackets?utm_source=letter&utm_campaign=autumn-2026&size=m";
    let slug = "https://short.example/alice/a-long-slug-of-thirty-two-chars-x";
    vec![
        row("https://short.example/alice/x7k2mfq9", "", "https://example.com/", 0, LinkState::Active),
        row("https://short.example/alice/promo", "Autumn sale", long, 1204, LinkState::Active),
        row("https://short.example/alice/docs", "Handbook", "https://docs.example/", 87, LinkState::Expired),
        row(slug, "", long, 1, LinkState::Disabled),
        row(
            "https://short.example/alice/wifi",
            "How guests get on the wifi",
            "http://192.168.1.1/guest",
            12,
            LinkState::Active,
        ),
        row("https://short.example/alice/prize", "", "https://bad.example/", 3, LinkState::Blocked),
    ]
}

fn detail(words: Words) -> LinkDetail<'static> {
    let click = |class| RecentClick {
        at: AT,
        referrer: words("news.example/2026/autumn").to_owned(),
        browser: words("Firefox").to_owned(),
        system: words("").to_owned(),
        address: words("203.0.113.0").to_owned(),
        class,
        reason: "Its user agent names a robot.",
    };
    LinkDetail {
        id: words("5k3v9q"),
        url: words("https://short.example/alice/promo"),
        aliases: vec![(words("https://short.example/alice/sale").to_owned(), words("sale").to_owned())],
        state: LinkState::Active,
        title: words("Autumn sale"),
        target: words(
            "https://shop.example/collections/autumn/coats-and-jackets?utm_source=letter&utm_campaign=autumn-2026",
        ),
        past: vec![(AT, words("https://shop.example/summer").to_owned())],
        created_at: AT,
        expires_at: None,
        statistics: Statistics { live: Some(format!("/links/{}/live", words("5k3v9q"))), ..statistics(words) },
        recent: vec![click(None), click(Some("bot")), click(None)],
    }
}

fn statistics(words: Words) -> Statistics {
    let bars = |labels: &[&'static str]| {
        labels
            .iter()
            .zip([640, 312, 40, 1])
            .map(|(label, count)| Bar { label: words(label).to_owned(), count })
            .collect()
    };
    Statistics {
        ever: Clicks { people: 12_046, bots: 960 },
        live: None,
        ranges: ["24 h", "7 d", "30 d", "90 d", "12 mo", "All"]
            .map(|label| Filter { label, href: "/links/5k3v9q?range=7d".to_owned(), is_current: label == "30 d" })
            .to_vec(),
        length: Some(words("30 days")),
        clicks: Clicks { people: 1204, bots: 96 },
        visitors: 731,
        has_uncounted_days: false,
        change: Some(Change::Percent(12)),
        chart: chart(words, 30, Unit::Day),
        uncharted: 0,
        is_damaged: false,
        bots: Bots::Hide,
        here: format!("/links/5k3v9q?range={}", words("30d")),
        other_bots: "/links/5k3v9q?bots=1".to_owned(),
        last_click_at: Some(AT),
        referrers: bars(&["direct", "news.example/2026/autumn/the-sales-are-on", "mail.example", "forum.example"]),
        browsers: bars(&["Firefox", "Chrome", "Safari"]),
        systems: bars(&[]),
        devices: bars(&["Phone", "Desktop", "Tablet"]),
        reasons: bars(&["Names a robot", "Link preview", "Not a browser"]),
        prefetches: 0,
    }
}

fn chart(words: Words, count: usize, unit: Unit) -> Chart {
    let column = |at: usize| columns::Column {
        short: format!("{} {}", at % 30 + 1, words("Nov")),
        long: format!("{} {}", at % 30 + 1, words("Nov 2026")),
        people: [12, 40, 87, 3, 0, 55, 61][at % 7] * (at as u64 + 10) / 20,
        visitors: [9, 31, 60, 3, 0, 40, 44][at % 7] * (at as u64 + 10) / 20,
        bots: [0, 4, 9, 30, 1][at % 5],
    };
    Chart { unit, columns: (0..count).map(column).collect() }
}

fn error_pages(words: Words, theme: Theme) -> Vec<(&'static str, Markup)> {
    let bare = Frame { bare: true, ..outside(words, text::NOT_FOUND_HEADING, theme) };
    let inside = frame(words, "Error", theme);
    let plain = |status, heading, text| ErrorPage { status, heading, text, incident: None, way_on: WayOn::Home };
    let not_found = plain(404, text::NOT_FOUND_HEADING, text::NOT_FOUND);
    let broken =
        ErrorPage { incident: Some(words("7f3a-91c2")), ..plain(500, text::SERVER_ERROR_HEADING, text::SERVER_ERROR) };
    let fields = vec![(words("slug").to_owned(), words("promo").to_owned())];
    let old = |way_on| ErrorPage { way_on, ..plain(403, words("Form too old"), text::FORM_TOO_OLD) };
    vec![
        ("error-404", error::page(&bare, &not_found)),
        ("error-404-inside", error::page(&inside, &not_found)),
        ("error-500", error::page(&inside, &broken)),
        ("error-403", error::page(&inside, &old(WayOn::SendAgain { action: words("/links/new"), fields }))),
        ("error-403-secret", error::page(&inside, &old(WayOn::BackToForm(words("/accounts/login").to_owned())))),
    ]
}

/// A start tag as a browser reads it.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// All start tags of a page; knows only the double-quoted attributes that maud writes.
fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if rest.starts_with(['/', '!']) {
            continue;
        }
        let name_len = rest.find([' ', '>']).unwrap();
        let mut tag = Tag { name: rest[..name_len].to_owned(), attributes: Vec::new() };
        rest = &rest[name_len..];
        while let Some(attribute) = rest.strip_prefix(' ') {
            let name_len = attribute.find(['=', ' ', '>']).unwrap();
            let name = attribute[..name_len].to_owned();
            rest = &attribute[name_len..];
            let mut value = String::new();
            if let Some(quoted) = rest.strip_prefix("=\"") {
                let value_len = quoted.find('"').unwrap();
                quoted[..value_len].clone_into(&mut value);
                rest = &quoted[value_len + 1..];
            }
            tag.attributes.push((name, value));
        }
        assert!(rest.starts_with('>'), "unreadable tag {}: {:.80}", tag.name, rest);
        tags.push(tag);
    }
    tags
}

#[test]
fn hostile_text_stays_text_on_every_page() {
    for (name, page) in pages(hostile, Theme::Auto) {
        let scripts: Vec<Tag> = tags(&page).into_iter().filter(|tag| tag.name == "script").collect();
        assert_eq!(scripts.len(), 1, "{name}");
        assert_eq!(scripts[0].attribute("src"), Some(assets::APP_JS), "{name}");
        for tag in tags(&page) {
            assert!(tag.name != "img", "{name}");
            for (attribute, _) in &tag.attributes {
                let is_plain =
                    attribute.bytes().all(|byte| byte.is_ascii_alphabetic() || b"0123456789-".contains(&byte));
                assert!(is_plain, "{name}: {attribute}");
                assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: {attribute}");
            }
        }
    }
}

#[test]
fn pages_load_and_send_nothing_to_other_hosts() {
    for (name, page) in pages(kind, Theme::Auto) {
        for tag in tags(&page) {
            for attribute in ["href", "src", "action"] {
                let Some(value) = tag.attribute(attribute) else {
                    continue;
                };
                let is_target = tag.attribute("rel").is_some_and(|rel| rel.starts_with("noopener noreferrer nofollow"));
                let is_own = value.starts_with('#') || (value.starts_with('/') && !value.starts_with("//"));
                assert!(is_own || is_target, "{name}: {value}");
            }
        }
    }
}

#[test]
fn every_page_has_one_heading_unique_ids_and_a_token_in_every_form() {
    for words in [kind, hostile] as [Words; 2] {
        for (name, page) in pages(words, Theme::Auto) {
            let tags = tags(&page);
            let count = |wanted: &dyn Fn(&Tag) -> bool| tags.iter().filter(|tag| wanted(tag)).count();
            assert_eq!(count(&|tag| tag.name == "h1"), 1, "{name}");
            let forms = count(&|tag| tag.attribute("method") == Some("post"));
            assert_eq!(count(&|tag| tag.attribute("name") == Some("csrf_token")), forms, "{name}");
            let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.attribute("id")).collect();
            let known: HashSet<&str> = ids.iter().copied().collect();
            assert_eq!(ids.len(), known.len(), "{name}: {ids:?}");
            for tag in &tags {
                let named = ["for", "aria-describedby", "aria-labelledby"].map(|attribute| tag.attribute(attribute));
                for id in named.into_iter().flatten().flat_map(str::split_whitespace) {
                    assert!(known.contains(id), "{name}: {id}");
                }
            }
        }
    }
}

#[test]
fn titles_tell_pages_and_failures_apart() {
    let drawn = pages(kind, Theme::Dark);
    let page = |wanted: &str| &drawn.iter().find(|(name, _)| *name == wanted).unwrap().1;
    assert!(page("home").contains("<title>Short links</title>"));
    assert!(page("links").contains("<title>Your links · Short links</title>"));
    assert!(page("link-errors").contains("<title>Error: New link · Short links</title>"));
    assert!(page("home").contains("data-theme=\"dark\""));
    assert!(!page("error-404").contains("/accounts/"));
    assert!(!page("error-404").contains("0.1.0"));
}

#[test]
fn the_gallery_is_written_where_somebody_asks_for_it() {
    let Some(folder) = env::var_os("LINKJAR_GALLERY") else {
        return;
    };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    for path in [assets::APP_CSS, assets::APP_JS, assets::FAVICON_SVG] {
        let name = path.trim_start_matches("/assets/");
        fs::write(folder.join(name), assets::find(name).unwrap().asset.plain).unwrap();
    }
    for (theme, words) in [(Theme::Light, kind as Words), (Theme::Dark, kind), (Theme::Auto, hostile)] {
        for (name, page) in pages(words, theme) {
            let file = folder.join(format!("{name}-{}.html", theme.word()));
            fs::write(file, page.replace("\"/assets/", "\"")).unwrap();
        }
    }
}
