//! Text of strangers on our pages: shown as what it is, never as markup.

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start, run_command};
use crate::browser::{Browser, Page, encode, raw};
use crate::markup::{holds_nothing_foreign, skeleton, tags, unescape};

/// Text that becomes something else wherever it is not escaped.
const PAYLOADS: [&str; 14] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "x onclick=alert(1) y",
    "</title><script>alert(1)</script>",
    "</textarea></form><form action=https://evil.example>",
    "--><b>bold</b><!--",
    "javascript:alert(1)",
    "&lt;b&gt;&quot;&amp;amp;&#60;i&#62;",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "]]><style>*{display:none}</style>",
    "`\u{202e}\u{2028}＜b＞\u{1f642}",
];

/// What stands in the place of a payload on the page it is compared with.
const HARMLESS: &str = "harmless";

/// A page with a payload has the elements and attributes of the page without, and shows the payload as text.
#[track_caller]
fn same_markup(harmless: &Page, hostile: &Page, shown: &str) {
    assert_eq!(harmless.status, hostile.status, "{shown:?}");
    assert_eq!(skeleton(&harmless.body), skeleton(&hostile.body), "{shown:?}");
    holds_nothing_foreign(&hostile.body);
    assert!(unescape(&hostile.body).contains(shown), "{shown:?} is not on the page");
}

fn admin(appliance: &Appliance) -> Browser {
    let mut browser = Browser::admin(appliance);
    // The greeting is shown once.
    browser.open("/");
    browser
}

/// Gives a link another title or target, and forgets the message.
fn edit(browser: &mut Browser, id: &str, name: &str, value: &str) {
    let path = format!("/links/{id}/edit");
    let page = browser.submit(&path, &path, &[(name, value)]);
    assert_eq!(page.status, 303, "{value:?}: {}", page.text());
    browser.open("/accounts/profile");
}

#[test]
fn titles_are_text_on_every_page() {
    let appliance = Start::with_admin().run();
    let mut browser = admin(&appliance);
    let id = browser.make_link("https://example.com/", "promo");
    Browser::of(&appliance).get("/root-user/promo");
    let link = format!("/links/{id}");
    let preview = "/root-user/promo+".to_owned();
    let paths = ["/".to_owned(), "/links".to_owned(), link.clone(), format!("{link}/edit"), preview];
    edit(&mut browser, &id, "title", HARMLESS);
    let harmless = paths.clone().map(|path| browser.open(&path));
    for payload in PAYLOADS {
        edit(&mut browser, &id, "title", payload);
        for (path, harmless) in paths.iter().zip(&harmless) {
            same_markup(harmless, &browser.open(path), payload);
        }
        holds_nothing_foreign(&browser.open(&format!("{link}/delete")).body);
    }
}

#[test]
fn targets_are_text_and_addresses_on_every_page() {
    let appliance = Start::with_admin().run();
    let mut browser = admin(&appliance);
    let id = browser.make_link("https://example.com/", "promo");
    let link = format!("/links/{id}");
    let preview = "/root-user/promo+".to_owned();
    let paths = ["/links".to_owned(), link.clone(), format!("{link}/edit"), format!("{link}/delete"), preview];
    let all_pages = |browser: &mut Browser| paths.clone().map(|path| browser.open(&path));
    // Until as many earlier targets are shown as there ever are.
    for number in 0..51 {
        edit(&mut browser, &id, "target_url", &format!("https://example.com/?harmless={number}"));
    }
    let harmless = all_pages(&mut browser);
    for payload in PAYLOADS {
        edit(&mut browser, &id, "target_url", &format!("https://example.com/?{payload}"));
        for (before, page) in harmless.iter().zip(all_pages(&mut browser)) {
            assert_eq!(skeleton(&before.body), skeleton(&page.body), "{payload:?}");
            holds_nothing_foreign(&page.body);
        }
    }
    // The visitor's answer has a body too.
    edit(&mut browser, &id, "target_url", "https://example.com/?harmless");
    let harmless_redirect = browser.get("/root-user/promo");
    for payload in PAYLOADS {
        edit(&mut browser, &id, "target_url", &format!("https://example.com/?{payload}"));
        let redirect = browser.get("/root-user/promo");
        assert_eq!(redirect.status, 302);
        assert_eq!(skeleton(&harmless_redirect.body), skeleton(&redirect.body), "{payload:?}");
        let href = tags(&redirect.body)[0].attribute("href").unwrap().to_owned();
        assert_eq!(Some(href.as_str()), redirect.header("location"));
        assert!(href.starts_with("https://example.com/?"), "{href}");
        assert!(href.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && !b"<>\"`".contains(&byte)), "{href}");
    }
}

#[test]
fn what_was_typed_into_a_form_comes_back_as_text() {
    let appliance = Start::with_admin().run();
    let mut browser = admin(&appliance);
    let id = browser.make_link("https://example.com/", "promo");
    let edit = format!("/links/{id}/edit");
    Browser::user(&appliance, "anna").make_link("https://example.com/", "promo");
    browser.open("/");
    let mut stranger = Browser::of(&appliance);
    // Each of these is refused for what stands in `refused`, so that all of the input is shown again.
    // Path and action, fields tried, the field that is wrong, and whether one has to be signed in.
    type Row<'a> = (&'a str, &'a str, &'a [&'a str], (&'a str, &'a str), bool);
    let remove = "/admin/users/anna/remove";
    let settings = &["site.name", "site.home", "accounts.links-max", "clicks.keep-days", "links.blocked-hosts"];
    let forms: [Row<'_>; 8] = [
        ("/links/new", "/links/new", &["slug", "title", "expires_at"], ("target_url", "javascript:x"), true),
        (&edit, &edit, &["title", "expires_at"], ("slug", "not a slug"), true),
        ("/accounts/profile", "/accounts/email", &["email"], ("password", "x"), true),
        ("/accounts/register", "/accounts/register", &["username", "email"], ("password1", "x"), false),
        ("/accounts/login", "/accounts/login", &["username"], ("password", "wrong"), false),
        ("/accounts/delete", "/accounts/delete", &["name"], ("password", PASSWORD), true),
        ("/admin/settings", "/admin/settings", settings, ("accounts.registration", "x"), true),
        (remove, remove, &["name", "keeper"], ("links", "x"), true),
    ];
    for (path, action, names, refused, signed_in) in forms {
        let browser = if signed_in { &mut browser } else { &mut stranger };
        for name in names {
            // The harmless text has a space or a dot too many to be accepted.
            let mut send = |text: &str| browser.submit(path, action, &[(name, text), refused]);
            let harmless = send("not , right");
            assert_eq!(harmless.status, 422, "{action} {name}");
            // Where a password is compared, four payloads are enough.
            let count = if ["/accounts/login", "/accounts/delete"].contains(&action) { 4 } else { PAYLOADS.len() };
            for payload in &PAYLOADS[..count] {
                same_markup_of_errors(&harmless, &send(payload), payload);
            }
        }
    }
    let page = browser.submit("/links/new", "/links/new", &[("target_url", PAYLOADS[1]), ("slug", PAYLOADS[1])]);
    assert_eq!(page.status, 422);
    holds_nothing_foreign(&page.body);
}

/// As [`same_markup`], where one field more or less may be marked as wrong.
#[track_caller]
fn same_markup_of_errors(harmless: &Page, hostile: &Page, shown: &str) {
    assert_eq!(hostile.status, 422, "{shown:?}");
    holds_nothing_foreign(&hostile.body);
    assert!(unescape(&hostile.body).contains(shown), "{shown:?} is not on the page");
    let known = skeleton(&harmless.body);
    for line in skeleton(&hostile.body).lines() {
        let plain = line.replace(" aria-invalid aria-describedby", "");
        let is_known =
            known.lines().any(|known| known == line || known.replace(" aria-invalid aria-describedby", "") == plain);
        assert!(is_known || line.starts_with("input id name type value"), "{shown:?}: {line}");
    }
}

#[test]
fn the_setup_form_comes_back_as_text() {
    for payload in &PAYLOADS[..4] {
        let appliance = Start::empty().run();
        let mut browser = Browser::of(&appliance);
        let names = ["code", "username", "email", "site_name", "registration"];
        let hostile = browser.submit("/setup", "/setup", &names.map(|name| (name, *payload)));
        let harmless = browser.submit("/setup", "/setup", &names.map(|name| (name, HARMLESS)));
        assert_eq!(hostile.status, 403);
        same_markup(&harmless, &hostile, payload);
    }
}

#[test]
fn search_words_and_queries_are_text() {
    let appliance = Start::with_admin().run();
    let mut browser = admin(&appliance);
    browser.make_link("https://example.com/", "promo");
    browser.open("/");
    let mut stranger = Browser::of(&appliance);
    stranger.open("/");
    let harmless_list = browser.open("/links?q=harmless&sort=clicks&status=active");
    let harmless_users = browser.open("/admin/users?q=harmless");
    let harmless_form = browser.open("/links/new?url=harmless&slug=harmless&title=harmless");
    let harmless_login = stranger.open("/accounts/login?next=/links%3Fharmless");
    for payload in PAYLOADS {
        let word = encode(payload);
        same_markup(&harmless_list, &browser.open(&format!("/links?q={word}&sort=clicks&status=active")), payload);
        same_markup(&harmless_users, &browser.open(&format!("/admin/users?q={word}")), payload);
        let page = browser.open(&format!("/links/new?url={word}&slug={word}&title={word}"));
        same_markup(&harmless_form, &page, payload);
        let page = browser.open(&format!("/links?sort={word}&status={word}&after={word}&before={word}&new={word}"));
        holds_nothing_foreign(&page.body);
        let next = payload.replace(char::is_whitespace, "");
        let page = stranger.open(&format!("/accounts/login?next={}", encode(&format!("/links?{next}"))));
        if page.form("/accounts/login").iter().any(|(name, _)| name == "next") {
            same_markup(&harmless_login, &page, &next);
        }
        holds_nothing_foreign(&page.body);
        let page = stranger.open(&format!("/accounts/login?next={word}"));
        holds_nothing_foreign(&page.body);
    }
}

#[test]
fn addresses_as_they_were_sent_are_text() {
    let appliance = Start::with_admin().run();
    let ask = |target: &str| {
        let head =
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
        Page::parse(&raw(appliance.address, head.as_bytes()))
    };
    for before in ["/nowhere/x/y?", "/?x=", "/accounts/login?x=", "/"] {
        let harmless = ask(&format!("{before}harmless"));
        for payload in PAYLOADS {
            // Another slash in the path would make it a short address, whose errors have no menu.
            let bare: String = payload.chars().filter(|c| c.is_ascii_graphic() && !"#/".contains(*c)).collect();
            for text in [bare.clone(), encode(payload)] {
                let page = ask(&format!("{before}{text}"));
                if page.status == harmless.status {
                    assert_eq!(skeleton(&harmless.body), skeleton(&page.body), "{before}{text}");
                }
                if page.header("content-type").is_some_and(|content| content.starts_with("text/html")) {
                    holds_nothing_foreign(&page.body);
                }
            }
        }
    }
}

#[test]
fn cookies_of_strangers_make_no_markup() {
    let appliance = Start::with_admin().run();
    let mut browser = admin(&appliance);
    let session = browser.cookies["session"].clone();
    let harmless = browser.open("/links");
    for payload in PAYLOADS {
        let bare: String = payload.chars().filter(|c| c.is_ascii_graphic() && *c != ';').collect();
        for name in ["theme", "flash", "form", "reset"] {
            for value in [bare.clone(), format!("created.{bare}"), format!("dark{bare}")] {
                let cookie = format!("session={session}; {name}={value}");
                let page = browser.send("GET", "/links", &[("Cookie", &cookie)], None);
                assert_eq!(skeleton(&harmless.body), skeleton(&page.body), "{cookie}");
            }
        }
    }
}

#[test]
fn referrers_and_user_agents_are_text() {
    let appliance = Start::with_admin().run();
    let mut browser = admin(&appliance);
    let visit = |browser: &mut Browser, slug: &str, referrer: &str, agent: &str| {
        let id = browser.make_link("https://example.com/", slug);
        let headers = [("Referer", referrer), ("User-Agent", agent)];
        let page = Browser::of(&appliance).send("GET", &format!("/root-user/{slug}"), &headers, None);
        assert_eq!(page.status, 302, "{referrer}");
        // Shows the message of the new link.
        browser.open("/");
        browser.open(&format!("/links/{id}?bots=1"))
    };
    let agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0";
    let harmless = visit(&mut browser, "harmless", "https://news.example/harmless", agent);
    harmless.says("news.example");
    for (number, payload) in PAYLOADS.iter().enumerate() {
        let ascii: String = payload.chars().filter(|c| c.is_ascii_graphic() && !"?#/".contains(*c)).collect();
        let slug = format!("visit-{number}");
        let page = visit(&mut browser, &slug, &format!("https://news.example/{ascii}"), &format!("{agent} {ascii}"));
        assert_eq!(skeleton(&harmless.body), skeleton(&page.body), "{ascii}");
        holds_nothing_foreign(&page.body);
        // In the place of a host, and as all there is.
        let page = visit(&mut browser, &format!("{slug}-h"), &format!("https://{ascii}/x"), &ascii);
        holds_nothing_foreign(&page.body);
        let page = visit(&mut browser, &format!("{slug}-a"), &ascii, &ascii);
        holds_nothing_foreign(&page.body);
    }
}

#[test]
fn the_sites_name_is_text_on_every_page() {
    let (status, mut folder) = Start::with_admin().run().stop();
    assert!(status.success());
    let mut harmless = Vec::new();
    for name in
        [HARMLESS, "</title><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "&lt;b&gt; ' \" <!--"]
    {
        let ended = run_command(folder.path(), &["settings", &format!("site.name={name}")], "");
        assert_eq!(ended.code(), 0, "{}", ended.stderr);
        let appliance = Start::empty().folder(folder).run();
        let mut browser = admin(&appliance);
        let mut stranger = Browser::of(&appliance);
        let mut pages = Vec::new();
        for path in [
            "/",
            "/links",
            "/links/new",
            "/accounts/profile",
            "/admin",
            "/admin/settings",
            "/nowhere",
            "/root-user/none",
        ] {
            pages.push(browser.get(path));
        }
        for path in ["/", "/accounts/login", "/accounts/register", "/nobody/none"] {
            pages.push(stranger.get(path));
        }
        if name == HARMLESS {
            harmless = pages;
        } else {
            for (before, page) in harmless.iter().zip(&pages) {
                same_markup(before, page, name);
            }
        }
        // One's own page lists where one is logged in.
        browser.submit("/links", "/accounts/logout", &[]);
        folder = appliance.stop().1;
    }
}

#[test]
fn an_odd_address_of_a_person_is_text() {
    let appliance = Start::with_admin().run();
    let mut browser = admin(&appliance);
    let paths = ["/accounts/profile", "/admin/users", "/admin/users/root-user"];
    let harmless = paths.map(|path| browser.open(path));
    for email in ["o'neil&lt@site.example", "a`b{7*7}$&amp'onx=1@site.example", "ü&#60/b/@site.example"] {
        let fields = [("email", email), ("password", PASSWORD)];
        let page = browser.submit("/accounts/profile", "/accounts/email", &fields);
        assert_eq!(page.status, 303, "{email}: {}", page.text());
        browser.open("/");
        for (path, harmless) in paths.iter().zip(&harmless) {
            let page = browser.open(path);
            same_markup(harmless, &page, email);
            assert!(page.body.contains(&email.replace('&', "&amp;")), "{path} would show another address");
        }
    }
    // Names hold nothing that could become markup; as typed they come back as text.
    browser.submit("/", "/accounts/logout", &[]);
    browser.open("/");
    let send = |browser: &mut Browser, name: &str| {
        browser.submit("/accounts/login", "/accounts/login", &[("username", name), ("password", "wrong one")])
    };
    let harmless = send(&mut browser, ADMIN);
    same_markup(&harmless, &send(&mut browser, PAYLOADS[1]), PAYLOADS[1]);
}
