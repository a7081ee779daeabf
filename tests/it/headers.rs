//! The headers every answer carries, and pages that need nothing their content policy forbids.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::browser::{Browser, Page, raw};
use crate::markup::holds_nothing_foreign;

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; manifest-src 'self'";
const BARE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// What an answer is, which decides over its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HTML in the site's frame, and the redirects between pages.
    Page,
    /// The redirect of a short address.
    ShortLink,
    Asset,
    /// One line, or JSON.
    Plain,
}

impl Kind {
    pub fn of(path: &str, page: &Page) -> Kind {
        let content = page.header("content-type").unwrap_or_default();
        let is_asset = path.starts_with("/assets/") || path == "/favicon.ico";
        match page.status {
            200 if is_asset => Kind::Asset,
            302 if path.starts_with("/root-user/") => Kind::ShortLink,
            302 if path.starts_with("/.well-known/") => Kind::Page,
            301..=303 => Kind::Page,
            _ if content.starts_with("text/html") => Kind::Page,
            _ => Kind::Plain,
        }
    }
}

/// Checks an answer against the matrix.
#[track_caller]
pub fn check(what: &str, kind: Kind, page: &Page, is_secure: bool) {
    let is = |name: &str, value: Option<&str>| {
        assert_eq!(page.header(name), value, "{what} ({kind:?}): {name} of {:?}", page.headers);
    };
    for (name, _) in page.headers.iter().filter(|(name, _)| name != "set-cookie") {
        assert_eq!(page.headers.iter().filter(|(other, _)| other == name).count(), 1, "{what}: {name} twice");
    }
    let cookies: Vec<&str> =
        page.set_cookies().iter().map(|cookie| cookie.split('=').next().unwrap_or_default()).collect();
    assert_eq!(cookies.len(), cookies.iter().collect::<BTreeSet<_>>().len(), "{what}: {cookies:?}");

    is("x-content-type-options", Some("nosniff"));
    is("strict-transport-security", is_secure.then_some("max-age=31536000"));
    is("server", Some("linkjar"));
    assert!(page.header("date").is_some_and(|date| date.ends_with(" GMT")), "{what}");
    let is_page = kind == Kind::Page;
    is("permissions-policy", is_page.then_some("camera=(), microphone=(), geolocation=()"));
    is("cross-origin-opener-policy", is_page.then_some("same-origin"));
    is("cross-origin-resource-policy", matches!(kind, Kind::Page | Kind::Asset).then_some("same-origin"));
    is("referrer-policy", (kind != Kind::ShortLink).then_some("same-origin"));
    is(
        "content-security-policy",
        match kind {
            Kind::Page => Some(PAGE_POLICY),
            Kind::ShortLink | Kind::Plain => Some(BARE_POLICY),
            Kind::Asset => None,
        },
    );
    if matches!(kind, Kind::Page | Kind::Plain) {
        is("x-frame-options", Some("DENY"));
    }
    if is_page {
        is("vary", Some("Cookie"));
    }
    let cache = page.header("cache-control").unwrap_or_default();
    match kind {
        Kind::Asset => {
            assert!(["public, max-age=31536000, immutable", "no-cache", "public, max-age=3600"].contains(&cache))
        }
        Kind::Plain if page.status < 400 => assert!(["no-store", "public, max-age=3600"].contains(&cache), "{what}"),
        _ => assert_eq!(cache, "no-store", "{what}"),
    }
    if kind == Kind::ShortLink || page.status >= 400 {
        is("x-robots-tag", Some("noindex"));
    }
    if !page.body.is_empty() {
        let content = page.header("content-type").unwrap_or_default();
        assert!(content.contains("charset=utf-8") || content.starts_with("image/"), "{what}: {content}");
    }
    for absent in [
        "x-xss-protection",
        "x-powered-by",
        "expect-ct",
        "access-control-allow-origin",
        "transfer-encoding",
        "via",
        "etag-x",
    ] {
        is(absent, None);
    }
}

/// Two links of the administrator, of which the second is switched off, and a browser of each role.
struct Site {
    appliance: Appliance,
    browsers: [(&'static str, Browser); 3],
    link: String,
    asset: String,
}

fn site(base_url: &str) -> Site {
    let mut start = Start::with_admin();
    if !base_url.is_empty() {
        start = start.env("SERVER_BASE_URL", base_url);
    }
    let appliance = start.run();
    let mut nobody = Browser::of(&appliance);
    if !base_url.is_empty() {
        nobody.header("Host", base_url.trim_start_matches("https://"));
        nobody.header("Origin", base_url);
    }
    let (mut alice, mut admin) = (nobody.clone(), nobody.clone());
    let registration =
        [("username", "alice"), ("email", "alice@mail.example"), ("password1", PASSWORD), ("password2", PASSWORD)];
    assert_eq!(alice.submit("/accounts/register", "/accounts/register", &registration).status, 303);
    for (browser, name) in [(&mut alice, "alice"), (&mut admin, ADMIN)] {
        let fields = [("username", name), ("password", PASSWORD)];
        assert_eq!(browser.submit("/accounts/login", "/accounts/login", &fields).status, 303);
    }
    let link = format!("/links/{}", admin.make_link("https://example.com/page?a=1&b=2", "promo"));
    let off = format!("/links/{}/edit", admin.make_link("https://example.com/", "off"));
    let token = admin.open(&off).token();
    let fields = [("csrf_token", token.as_str()), ("target_url", "https://example.com/"), ("slug", "off")];
    assert_eq!(admin.post(&off, &fields).status, 303);
    nobody.send("GET", "/root-user/promo", &[("Referer", "https://news.example/today")], None);
    nobody.send("GET", "/root-user/promo", &[("User-Agent", "crawler-bot")], None);
    let home = nobody.open("/").body;
    let at = home.find("/assets/app.").expect("pages have a style sheet");
    let asset = home[at..].split('"').next().unwrap_or_default().to_owned();
    Site { appliance, browsers: [("nobody", nobody), ("user", alice), ("admin", admin)], link, asset }
}

impl Site {
    /// Every address there is, and some that are not.
    fn paths(&self) -> Vec<String> {
        let fixed = [
            "/",
            "/setup",
            "/health",
            "/health/",
            "/favicon.ico",
            "/robots.txt",
            "/.well-known/change-password",
            "/assets/app.css",
            "/assets/app.js",
            "/assets/favicon.svg",
            "/assets/none.css",
            "/accounts/register",
            "/accounts/login",
            "/accounts/login?next=%2Flinks",
            "/accounts/logout",
            "/accounts/theme",
            "/accounts/profile",
            "/accounts/email",
            "/accounts/password",
            "/accounts/reset",
            "/accounts/reset/0000",
            "/links",
            "/links?q=none&sort=clicks&status=active",
            "/links?new=1",
            "/links/new",
            "/links/none",
            "/nowhere",
            "/admin",
            "/api/v1/links",
            "/root-user",
            "/root-user/promo",
            "/root-user/promo/",
            "/root-user/none",
            "/nobody/none",
            "/root-user/off",
            "/%zz",
            "/a%00b",
            "//evil.example",
            "/LINKS",
        ];
        let mut paths: Vec<String> = fixed.map(str::to_owned).to_vec();
        paths.push(self.asset.clone());
        paths.extend(["", "?bots=1", "/edit", "/delete"].map(|rest| format!("{}{rest}", self.link)));
        paths
    }
}

#[test]
fn every_answer_carries_the_headers_of_its_kind() {
    for base_url in ["", "https://short.example"] {
        let mut site = site(base_url);
        let paths = site.paths();
        let mut kinds = Vec::new();
        for (role, browser) in &mut site.browsers {
            for path in &paths {
                for accept in ["text/html,*/*", "*/*"] {
                    let page = browser.send("GET", path, &[("Accept", accept)], None);
                    let kind = Kind::of(path, &page);
                    check(&format!("GET {path} as {role}"), kind, &page, !base_url.is_empty());
                    kinds.push(kind);
                    // HEAD is GET without its body.
                    let head = browser.send("HEAD", path, &[("Accept", accept)], None);
                    assert_eq!((head.status, head.body.as_str()), (page.status, ""), "{path}");
                    assert_eq!(head.header("content-type"), page.header("content-type"), "{path}");
                    for method in ["OPTIONS", "PUT", "BREW"] {
                        let page = browser.send(method, path, &[("Accept", accept)], None);
                        let kind = Kind::of("", &page);
                        check(&format!("{method} {path} as {role}"), kind, &page, !base_url.is_empty());
                    }
                }
            }
        }
        for kind in [Kind::Page, Kind::ShortLink, Kind::Asset, Kind::Plain] {
            assert!(kinds.contains(&kind), "{kind:?} was tried");
        }
    }
}

#[test]
fn answers_to_forms_carry_them_too() {
    let mut site = site("");
    for (role, browser) in &mut site.browsers {
        let token = browser.open("/").token();
        for (path, fields) in [
            ("/accounts/login", vec![("username", "nobody"), ("password", "wrong one")]),
            ("/accounts/login", vec![("username", "alice"), ("password", PASSWORD), ("csrf_token", "")]),
            ("/accounts/register", vec![("username", "-")]),
            ("/accounts/theme", vec![("theme", "dark")]),
            ("/accounts/email", vec![("email", "x")]),
            ("/accounts/password", vec![("password1", "x")]),
            ("/accounts/reset", vec![]),
            ("/links/new", vec![("target_url", "javascript:alert(1)")]),
            ("/links/none/edit", vec![]),
            ("/setup", vec![]),
            ("/accounts/logout", vec![]),
        ] {
            let mut all = vec![("csrf_token", token.as_str())];
            if fields.iter().any(|(name, _)| *name == "csrf_token") {
                all.clear();
            }
            all.extend(fields);
            let page = browser.post(path, &all);
            check(&format!("POST {path} as {role}: {}", page.status), Kind::of("", &page), &page, false);
            holds_nothing_foreign(&page.body);
        }
    }
}

/// An error by its status: how to get it.
fn errors(site: &Site) -> Vec<(u16, Page)> {
    let browser = || site.browsers[0].1.clone();
    let token = browser().open("/").token();
    let login = [("csrf_token", token.as_str()), ("username", "nobody"), ("password", "wrong one")];
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let large = "a=".to_owned() + &"x".repeat(70_000);
    let target = format!("/links?q={}", "x".repeat(8_200));
    vec![
        (400, browser().get("/%zz")),
        (400, browser().post("/accounts/login", &[("a", "1"), ("a", "2")])),
        (403, browser().post("/accounts/login", &[])),
        (404, browser().get("/nowhere")),
        (404, browser().get("/root-user/none")),
        (405, browser().get("/accounts/logout")),
        (405, browser().post("/root-user/promo", &[])),
        (410, browser().get("/root-user/off")),
        (413, browser().send("POST", "/accounts/login", &[form], Some(large.as_bytes()))),
        (414, browser().get(&target)),
        (415, browser().send("POST", "/accounts/login", &[("Content-Type", "text/plain")], Some(b"a=1"))),
        (421, browser().send("GET", "/", &[("Host", "evil.example")], None)),
        (422, browser().post("/accounts/login", &login)),
        (431, browser().send("GET", "/", &[("X-Any", &"x".repeat(9_000))], None)),
        (501, browser().send("BREW", "/", &[], None)),
        (501, browser().send("get", "/", &[], None)),
        (505, Page::parse(&raw(site.appliance.address, b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"))),
    ]
}

#[test]
fn errors_carry_them_too() {
    let site = site("");
    for (status, page) in errors(&site) {
        assert_eq!(page.status, status, "{}", page.body);
        check(&format!("error {status}"), Kind::of("", &page), &page, false);
        holds_nothing_foreign(&page.body);
        assert_eq!(page.header("allow").is_some(), status == 405, "{status}");
        for inside in ["redb", "panicked", "src/", ".rs:", "0.1.0", "tiny", "/tmp", "data/"] {
            // The login form that comes back is an ordinary page, with the version in its footer.
            assert!(status == 422 || !page.body.contains(inside), "{status}: {inside} is in {}", page.body);
        }
    }
    let appliance = Start::empty().run();
    let mut browser = Browser::of(&appliance);
    let page = browser.get("/links");
    assert_eq!(page.status, 503);
    check("error 503", Kind::Page, &page, false);
    for expected in [403, 403, 403, 403, 403, 429] {
        let page = browser.submit("/setup", "/setup", &[("code", "aaaa-aaaa-aaaa")]);
        assert_eq!(page.status, expected);
        check(&format!("error {expected}"), Kind::Page, &page, false);
        holds_nothing_foreign(&page.body);
    }
}

#[test]
fn the_refusal_of_a_body_that_nobody_will_read_carries_its_headers() {
    let site = site("");
    for length in ["2097152", "10000000000", "18446744073709551615"] {
        let head = format!(
            "POST /accounts/login HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(site.appliance.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // The body never comes, and nobody waits for it.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        let page = Page::parse(&answer);
        assert_eq!(page.status, 413, "{length}");
        check(&format!("{length} bytes"), Kind::Plain, &page, false);
        assert_eq!(page.header("server"), Some("linkjar"));
    }
    Browser::of(&site.appliance).open("/");
}

#[test]
fn heads_that_make_no_sense_are_answered_with_a_refusal_only() {
    let site = site("");
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /#top HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let request = head.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
        let page = Page::parse(&raw(site.appliance.address, request.as_bytes()));
        assert_eq!(page.status, 400, "{head:?}");
        check(head, Kind::Plain, &page, false);
        assert!(page.set_cookies().is_empty());
    }
}

#[test]
fn pages_of_the_signed_in_ask_not_to_be_indexed() {
    let mut site = site("");
    let (link, edit, delete) = (site.link.clone(), format!("{}/edit", site.link), format!("{}/delete", site.link));
    let admin = &mut site.browsers[2].1;
    for path in ["/", "/links", "/links/new", "/accounts/profile", &link, &edit, &delete] {
        assert_eq!(admin.open(path).header("x-robots-tag"), Some("noindex"), "{path}");
    }
}

#[test]
fn pages_need_nothing_that_their_policy_forbids() {
    let mut site = site("");
    let paths = site.paths();
    let mut drawn = 0;
    for (role, browser) in &mut site.browsers {
        for path in &paths {
            let page = browser.send("GET", path, &[("Accept", "text/html")], None);
            let is_page = page.header("content-type").is_some_and(|content| content.starts_with("text/html"));
            if !is_page || page.status == 302 {
                continue;
            }
            assert!(page.body.starts_with("<!DOCTYPE html>"), "{path} as {role}");
            holds_nothing_foreign(&page.body);
            drawn += 1;
        }
    }
    assert!(drawn > 60, "{drawn}");
    // Files keep to it as well.
    let style = site.browsers[0].1.open("/assets/app.css").body;
    assert!(
        !style.contains("@import") && !style.contains("//") && !style.contains("http:"),
        "the style sheet reaches out"
    );
    let script = site.browsers[0].1.open("/assets/app.js").body;
    for word in ["eval(", "new Function", "innerHTML", "document.write", "https://", "http://", "insertAdjacentHTML"] {
        assert!(!script.contains(word), "the script uses {word}");
    }
}
