//! What holds for every page. One tour visits them all, in all their states, with the longest words that fit.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::appliance::{Appliance, PASSWORD, Start};
use crate::browser::Browser;
use crate::screen::{Screen, Scripts};

/// The longest name that the program takes.
const USER: &str = "a-user-name-of-32-characters-wow";

/// What was seen of one page.
struct Seen {
    /// `page: state`; states of one page share their title.
    name: &'static str,
    facts: Value,
    /// What stands out of the window, by kind of window.
    too_wide: Vec<(&'static str, Value)>,
    complaints: Vec<String>,
}

/// All pages, visited once. Empty without a browser.
static TOUR: LazyLock<Vec<Seen>> = LazyLock::new(tour);

#[test]
fn every_page_has_one_heading_and_a_language() {
    for page in TOUR.iter() {
        assert_eq!(page.facts["headings"][0], 1, "{}: the first heading", page.name);
        let levels: Vec<i64> = page.facts["headings"].as_array().unwrap().iter().filter_map(Value::as_i64).collect();
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{}: {levels:?}", page.name);
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{}: {levels:?}", page.name);
        assert_eq!(page.facts["language"], "en", "{}", page.name);
    }
}

#[test]
fn titles_tell_pages_apart() {
    let mut titles = BTreeMap::new();
    for page in TOUR.iter() {
        let kind = page.name.split(':').next().unwrap();
        let title = page.facts["title"].as_str().unwrap();
        assert!(!title.is_empty(), "{kind}");
        let other = *titles.entry(title).or_insert(kind);
        assert_eq!(kind, other, "both are called {title}");
    }
}

#[test]
fn fields_buttons_and_links_have_names() {
    assert_eq!(found("nameless"), [""; 0]);
}

#[test]
fn every_id_that_a_page_refers_to_is_there_once() {
    assert_eq!(found("dangling"), [""; 0]);
}

#[test]
fn buttons_and_fields_are_large_enough() {
    assert_eq!(found("small"), [""; 0]);
}

#[test]
fn no_page_scrolls_sideways() {
    let mut wide = Vec::new();
    for page in TOUR.iter() {
        let windows = page.too_wide.iter().filter(|(_, elements)| *elements != json!([]));
        wide.extend(windows.map(|(window, elements)| format!("{} on {window}: {elements}", page.name)));
    }
    assert_eq!(wide, [""; 0]);
}

#[test]
fn no_page_makes_the_browser_complain() {
    let complaints = TOUR.iter().flat_map(|page| page.complaints.iter().map(|text| format!("{}: {text}", page.name)));
    assert_eq!(complaints.collect::<Vec<_>>(), [""; 0]);
}

/// Everything of one kind that was found on any page.
fn found(kind: &str) -> Vec<String> {
    let pages = TOUR.iter().filter(|page| page.facts[kind] != json!([]));
    pages.map(|page| format!("{}: {}", page.name, page.facts[kind])).collect()
}

#[test]
fn a_script_that_got_into_a_page_does_not_run() {
    let appliance = Start::with_admin().run();
    let Some(screen) = Screen::open(&appliance, Scripts::On) else { return };
    screen.go("/");
    let add = "const script = document.createElement('script'); script.textContent = arguments[0]; \
               document.body.append(script)";
    screen.run(add, &["window.ran = true"]);
    assert!(screen.is("window.ran === undefined"));
    let complaints = screen.complaints();
    assert!(complaints.iter().any(|text| text.contains("Content Security Policy")), "{complaints:?}");
}

fn tour() -> Vec<Seen> {
    let appliance = Start::empty().run();
    let Some(screen) = Screen::open(&appliance, Scripts::On) else { return Vec::new() };
    let mut seen = Vec::new();
    let mut look = |name| seen.push(Seen::now(&screen, name));
    before_setup(&appliance, &screen, &mut look);
    signed_in(&appliance, &screen, &mut look);
    signed_out(&screen, &mut look);
    seen
}

fn before_setup(appliance: &Appliance, screen: &Screen, look: &mut impl FnMut(&'static str)) {
    screen.go("/");
    look("not set up");
    screen.go("/links");
    look("not set up yet");
    screen.go("/setup");
    look("setup");
    screen.fill("#code", "aaaa-bbbb-cccc");
    screen.send("/setup");
    look("setup again: wrong code");
    screen.go("/setup");
    screen.fill("#code", &appliance.setup_code());
    screen.send("/setup");
    look("setup again: nothing filled in");
    for (field, text) in [
        ("#code", appliance.setup_code().as_str()),
        ("#username", USER),
        ("#email", &format!("{}@{}.example", "e".repeat(64), "m".repeat(60))),
        ("#password1", PASSWORD),
        ("#password2", PASSWORD),
        ("#site_name", &"W".repeat(60)),
    ] {
        screen.fill(field, text);
    }
    screen.click("[name=registration][value=open]");
    screen.send("/setup");
    assert_eq!(screen.place(), "/links");
    look("links: empty");
}

fn signed_in(appliance: &Appliance, screen: &Screen, look: &mut impl FnMut(&'static str)) {
    screen.go("/");
    look("home: signed in, without links");
    let link = fill_the_list(appliance);
    for (path, name) in [
        ("/", "home: signed in"),
        ("/links", "links: full"),
        ("/links?sort=clicks", "links: sorted"),
        ("/links?q=nowhere", "links: no match"),
        ("/links?status=expired", "links: none expired"),
        ("/links/new", "new link"),
        (&format!("/links/{link}"), "link: with clicks"),
        (&format!("/links/{link}?bots=1"), "link: with clicks of bots"),
        (&format!("/links/{link}?range=24h&bots=1"), "link: by hour"),
        (&format!("/links/{link}?range=90d&bots=1"), "link: many days"),
        (&format!("/links/{link}?range=12m"), "link: by month"),
        (&format!("/links/{link}?range=all"), "link: of all time"),
        ("/links/statistics?bots=1", "statistics of one's own"),
        ("/admin/statistics?range=24h", "statistics of all"),
        (&format!("/links/{link}/edit"), "edit link"),
        (&format!("/links/{link}/delete"), "delete link"),
        (&format!("/links/selected?ids={link}"), "delete links"),
        (&format!("/{USER}/{}+", "s".repeat(32)), "preview"),
        ("/accounts/profile", "profile"),
        ("/accounts/delete", "delete account"),
        ("/admin", "admin"),
        ("/admin/links", "links of all"),
        ("/admin/links?q=nowhere", "links of all: no match"),
        (&format!("/admin/block-host?host={}example", "long-name-of-a-host.".repeat(5)), "block host"),
        (&format!("/admin/links/{USER}/{link}/delete"), "delete link: as an administrator"),
        ("/admin/settings", "settings"),
        ("/links/zzzzzz", "not found: no such link"),
    ] {
        screen.go(path);
        look(name);
    }
    screen.go("/links");
    screen.click(".pager-next");
    look("links: second page");
    screen.go("/links/new");
    screen.fill("#target_url", &format!("ftp://{}", "x".repeat(500)));
    screen.fill("#slug", "Ü".repeat(32).as_str());
    screen.send("/links/new");
    look("new link again");
    screen.send("/links/new");
    look("new link again: and again");
    for action in ["/accounts/password", "/accounts/email"] {
        screen.go("/accounts/profile");
        screen.send(action);
        look("profile again");
    }
    around_users(screen, look);
    screen.go("/admin/settings");
    screen.fill("[name='clicks.keep-days']", "0");
    screen.send("/admin/settings");
    look("settings again");
    screen.send("/admin/backups");
    screen.wait("document.querySelector('[role=status]') !== null && document.readyState == 'complete'");
    while screen.is("document.querySelector('form[action$=download]') === null") {
        screen.reload();
    }
    look("settings: with a backup");
    screen.go("/links");
    screen.send("/accounts/logout");
    look("home: just signed out");
}

fn around_users(screen: &Screen, look: &mut impl FnMut(&'static str)) {
    let user = format!("/admin/users/{USER}");
    for (path, name) in [
        ("/admin/users?q=nowhere", "users: no match"),
        ("/admin/users", "users"),
        (&user, "user"),
        (&format!("{user}/remove"), "remove user"),
    ] {
        screen.go(path);
        look(name);
    }
    for (path, action, name) in [
        ("/admin/users", "/admin/invitations", "users: with an invitation"),
        (&user, &format!("{user}/reset-link"), "user: with a reset link"),
        ("/accounts/delete", "/accounts/delete", "delete account again"),
    ] {
        screen.go(path);
        screen.send(action);
        look(name);
    }
}

/// Makes links of every kind and follows one of them. Returns its id.
fn fill_the_list(appliance: &Appliance) -> String {
    let mut browser = Browser::of(appliance);
    browser.log_in(USER, PASSWORD);
    for number in 0..30 {
        browser.make_link(&format!("https://shop.example/{number}"), &format!("s{number}"));
    }
    let target = format!("https://{}.example/{}", "h".repeat(63), "p".repeat(1900));
    let fields = [
        ("target_url", target.as_str()),
        ("slug", &"s".repeat(32)),
        ("title", &"T".repeat(200)),
        ("expires_at", "2099-12-31T23:59"),
    ];
    let made = browser.submit("/links/new", "/links/new", &fields);
    let id = made.header("location").unwrap().strip_prefix("/links?new=").unwrap().to_owned();
    let short = format!("/{USER}/{}", "s".repeat(32));
    browser.header("Referer", &format!("https://{}.example/{}", "r".repeat(63), "q".repeat(400)));
    for agent in [crate::browser::FIREFOX, "Mozilla/5.0 (compatible; ExampleBot/1.0)", "curl/8.0"] {
        browser.header("User-Agent", agent);
        assert_eq!(browser.get(&short).status, 302);
    }
    id
}

fn signed_out(screen: &Screen, look: &mut impl FnMut(&'static str)) {
    for (path, name) in [
        ("/", "home: signed out"),
        ("/accounts/login", "login"),
        ("/accounts/login?next=%2Flinks", "login: to go on"),
        ("/accounts/register", "register"),
        ("/privacy", "privacy"),
        ("/nowhere", "not found: no such page"),
        ("/nobody/nothing", "not found: no such short link"),
    ] {
        screen.go(path);
        look(name);
    }
    screen.go("/accounts/login");
    screen.fill("#username", "nobody");
    screen.fill("#password", "wrong password");
    screen.send("/accounts/login");
    look("login again");
    screen.go("/accounts/register");
    screen.fill("#username", "Not A Name!");
    screen.fill("#email", "nonsense");
    screen.fill("#password1", "short");
    screen.send("/accounts/register");
    look("register again");
}

impl Seen {
    /// Looks at the open page, in windows of several kinds.
    fn now(screen: &Screen, name: &'static str) -> Seen {
        let facts = screen.run(FACTS, &[]);
        let mut too_wide = Vec::new();
        // A window of 1280 pixels at 400 % has 320, scroll bar included; phones have a finger in place of the mouse.
        for (window, width, is_phone) in [
            ("a zoomed window", 320, false),
            ("a small phone", 320, true),
            ("a phone", 360, true),
            ("a small tablet", 650, true),
        ] {
            let size = json!({ "width": width, "height": 640, "deviceScaleFactor": 1, "mobile": is_phone });
            screen.chromium("Emulation.setDeviceMetricsOverride", &size);
            screen.chromium("Emulation.setTouchEmulationEnabled", &json!({ "enabled": is_phone }));
            too_wide.push((window, screen.run(TOO_WIDE, &[])));
        }
        screen.chromium("Emulation.setTouchEmulationEnabled", &json!({ "enabled": false }));
        screen.chromium("Emulation.clearDeviceMetricsOverride", &json!({}));
        Seen { name, facts, too_wide, complaints: screen.complaints() }
    }
}

/// Title, language and headings; and what lacks a name, a target or room.
const FACTS: &str = r"
    const all = (selector) => [...document.querySelectorAll(selector)];
    const visible = (element) => element.checkVisibility();
    const show = (element) => element.outerHTML.slice(0, 200);
    const named = (element) => (element.ariaLabel || '').trim() || element.textContent.trim()
        || [...(element.labels || [])].some((label) => label.textContent.trim());
    const ids = all('[id]').map((element) => element.id);
    const references = ['for', 'aria-describedby', 'aria-labelledby', 'data-mirror'].flatMap((attribute) =>
        all(`[${attribute}]`).flatMap((element) => element.getAttribute(attribute).split(' ')));
    const anchors = all('a[href^=\'#\']').map((element) => element.hash.slice(1));
    // WCAG 2.2, 2.5.8: 24 pixels, but for links inside text. A box is as large as its label.
    const isSmall = (element) => {
        const box = (element.closest('label') || element).getBoundingClientRect();
        return box.width < 24 || box.height < 24;
    };
    return {
        title: document.title,
        language: document.documentElement.lang,
        headings: all('h1, h2, h3, h4').filter(visible).map((element) => Number(element.tagName[1])),
        nameless: all('input:not([type=hidden]), select, textarea, button, a, summary')
            .filter((element) => !named(element)).map(show),
        dangling: [...references, ...anchors].filter((id) => ids.filter((known) => known === id).length !== 1),
        small: all('input:not([type=hidden]), button, .button, summary, .menu-item, .filters a, thead a')
            .filter(visible).filter(isSmall).map(show),
    };
";

/// What stands out to the right of the window, also with each menu open.
const TOO_WIDE: &str = r"
    const root = document.documentElement;
    const show = (element) => element.outerHTML.slice(0, 200);
    const out = () => {
        const width = root.clientWidth;
        if (root.scrollWidth <= width && innerWidth - width < 20) return [];
        const past = (element) => element.getBoundingClientRect().right > width + 0.5;
        return [`${root.scrollWidth} of ${width} (${innerWidth})`,
            ...[...document.querySelectorAll('body *')].filter(past).slice(0, 3).map(show)];
    };
    const found = out();
    for (const values of document.querySelectorAll('details.values')) {
        values.open = true;
        found.push(...out());
        values.open = false;
    }
    for (const menu of document.querySelectorAll('details.menu')) {
        if (!menu.checkVisibility()) continue;
        menu.open = true;
        const panel = menu.querySelector('.menu-panel').getBoundingClientRect();
        if (panel.left < 0) found.push('left of the window: ' + show(menu));
        found.push(...out());
        menu.open = false;
    }
    return found;
";
