//! Forged requests: forms count only when a page of ours was drawn for the browser that sends them.

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::browser::{Browser, Page, encode};

/// Every address that takes a form, with a body that would do something if it were believed.
fn forms(id: &str) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let new_password = vec![("password", PASSWORD), ("password1", "blue paper boat"), ("password2", "blue paper boat")];
    vec![
        ("/setup".to_owned(), vec![("code", "aaaa-aaaa-aaaa")]),
        (
            "/accounts/register".to_owned(),
            vec![
                ("username", "mallory"),
                ("email", "mallory@mail.example"),
                ("password1", PASSWORD),
                ("password2", PASSWORD),
            ],
        ),
        ("/accounts/login".to_owned(), vec![("username", ADMIN), ("password", PASSWORD)]),
        ("/accounts/logout".to_owned(), vec![]),
        ("/accounts/theme".to_owned(), vec![("theme", "dark")]),
        ("/accounts/email".to_owned(), vec![("email", "mallory@mail.example"), ("password", PASSWORD)]),
        ("/accounts/password".to_owned(), new_password.clone()),
        ("/accounts/sessions".to_owned(), vec![]),
        ("/accounts/reset".to_owned(), new_password),
        ("/links/new".to_owned(), vec![("target_url", "https://evil.example/"), ("slug", "forged"), ("enabled", "1")]),
        (
            format!("/links/{id}/edit"),
            vec![("target_url", "https://evil.example/"), ("slug", "promo"), ("enabled", "1")],
        ),
        (format!("/links/{id}/delete"), vec![]),
        ("/admin/settings".to_owned(), vec![("site.name", "Forged"), ("password", PASSWORD)]),
        ("/accounts/delete".to_owned(), vec![("name", ADMIN), ("links", "delete"), ("password", PASSWORD)]),
        ("/admin/invitations".to_owned(), vec![]),
        ("/admin/invitations/take-back".to_owned(), vec![("invitation", "0")]),
        (format!("/admin/users/{ADMIN}/role"), vec![("role", "user")]),
        (format!("/admin/users/{ADMIN}/state"), vec![("to", "off")]),
        (format!("/admin/users/{ADMIN}/reset-link"), vec![]),
        (format!("/admin/users/{ADMIN}/sessions"), vec![]),
        (format!("/admin/users/{ADMIN}/remove"), vec![("name", ADMIN), ("links", "delete")]),
        (format!("/admin/users/{ADMIN}/release"), vec![]),
        ("/admin/backups".to_owned(), vec![]),
        ("/admin/backups/download".to_owned(), vec![("name", "linkjar-2026-01-01.redb"), ("password", PASSWORD)]),
    ]
}

/// Whether a form is for signed-in people only; others are sent to log in.
fn needs_login(path: &str) -> bool {
    path.starts_with("/links/")
        || path.starts_with("/admin/")
        || ["/accounts/email", "/accounts/password", "/accounts/delete", "/accounts/sessions"].contains(&path)
}

/// A server with a link of the administrator, and the link's id.
fn with_link() -> (Appliance, Browser, String) {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/page", "promo");
    (appliance, admin, id)
}

/// What a person would call the state of things.
fn state(admin: &mut Browser, id: &str) -> Vec<String> {
    let edit = format!("/links/{id}/edit");
    let fields = admin.open(&edit).form(&edit);
    vec![
        admin.open("/links").text(),
        admin.open("/accounts/profile").text(),
        fields[1..].iter().map(|(_, value)| value.as_str()).collect(),
        // HEAD is not a click.
        admin.send("HEAD", "/root-user/promo", &[], None).header("location").unwrap_or_default().to_owned(),
        admin.send("HEAD", "/root-user/forged", &[], None).status.to_string(),
    ]
}

/// Fails unless a form was turned away as too old.
#[track_caller]
fn is_refused(page: &Page, what: &str) {
    assert_eq!(page.status, 403, "{what}: {}", page.text());
    page.says("This form is too old. Send it again.");
    assert!(page.header("location").is_none(), "{what}");
    let cookies = page.set_cookies();
    // The page may tie its own form to the browser, and show a message that was waiting.
    let harmless = ["form=", "__Host-form=", "flash=;", "__Host-flash=;"];
    assert!(cookies.iter().all(|cookie| harmless.iter().any(|start| cookie.starts_with(start))), "{cookies:?}");
}

#[test]
fn a_form_without_its_token_is_refused_at_every_address() {
    let (appliance, mut admin, id) = with_link();
    admin.open("/links");
    let before = state(&mut admin, &id);
    let mut anonymous = Browser::of(&appliance);
    anonymous.open("/accounts/login");
    for (path, fields) in forms(&id) {
        is_refused(&admin.post(&path, &[]), &path);
        is_refused(&admin.post(&path, &fields), &path);
        for browser in [&mut anonymous, &mut Browser::of(&appliance)] {
            for page in [browser.post(&path, &[]), browser.post(&path, &fields)] {
                if needs_login(&path) {
                    assert_eq!(page.status, 303, "{path}: {}", page.text());
                    assert!(page.header("location").unwrap().starts_with("/accounts/login?next=%2F"), "{path}");
                    assert!(page.set_cookies().is_empty(), "{path}");
                } else {
                    is_refused(&page, &path);
                }
            }
        }
    }
    assert_eq!(state(&mut admin, &id), before);
    let login = [("username", "mallory"), ("password", PASSWORD)];
    assert_eq!(anonymous.submit("/accounts/login", "/accounts/login", &login).status, 422, "nobody was made");
    let log = appliance.log();
    assert!(log.contains("form refused reason=token path=/accounts/login ip=127.0.0.1"), "{log}");
}

#[test]
fn the_addresses_that_take_forms_are_those_tried_here() {
    let (_appliance, mut admin, id) = with_link();
    let known: Vec<String> = forms(&id).into_iter().map(|(path, _)| path).collect();
    let link = format!("/links/{id}");
    let others = [
        "/",
        "/health",
        "/robots.txt",
        "/favicon.ico",
        "/assets/app.css",
        "/accounts",
        "/accounts/profile",
        "/accounts/reset/0",
        "/accounts/tokens",
        "/accounts/forgot",
        "/links",
        "/links/import",
        "/links/export.csv",
        "/links/clicks.jsonl",
        "/links/statistics.csv",
        "/accounts/export.jsonl",
        "/links/bulk",
        &link,
        "/admin",
        "/admin/users",
        "/admin/users/root-user",
        "/privacy",
        "/.well-known/gpc.json",
        "/.well-known/change-password",
        "/nowhere",
        "/root-user/promo",
    ];
    for path in known.iter().map(String::as_str).chain(others) {
        let page = admin.send("OPTIONS", path, &[], None);
        let takes_forms = page.header("allow").unwrap_or_default().contains("POST");
        assert_eq!(takes_forms, known.iter().any(|known| known == path), "{path}: {}", page.status);
    }
}

#[test]
fn only_the_token_of_this_session_counts() {
    let (appliance, mut admin, _) = with_link();
    let previous = admin.open("/links").token();
    admin.submit("/links", "/accounts/logout", &[]);
    let before_login = admin.open("/accounts/login").token();
    admin.log_in(ADMIN, PASSWORD);
    let others = Browser::user(&appliance, "alice").open("/links").token();
    let own = admin.open("/links").token();
    assert_eq!(own.len(), 128);
    // The secret without its mask, which a page never shows.
    let byte = |text: &str, at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
    let bare: String = (0..32).map(|at| format!("{:02x}", byte(&own, at) ^ byte(&own, at + 32))).collect();
    let flipped = format!("{}{}", &own[..127], if own.ends_with('0') { '1' } else { '0' });
    for (what, token) in [
        ("nothing", ""),
        ("another text", "token"),
        ("of the session before", &previous),
        ("of the login page", &before_login),
        ("of another person", &others),
        ("cut short", &own[..127]),
        ("its first half", &own[..64]),
        ("with something added", &format!("{own}00")),
        ("with one digit changed", &flipped),
        ("without its mask", &bare),
        ("nothing but mask", &"0".repeat(128)),
        ("the session itself", &admin.cookies["session"].clone()),
    ] {
        let page = admin.post("/accounts/theme", &[("csrf_token", token), ("theme", "dark")]);
        is_refused(&page, what);
    }
    // Not in the address either, nor twice.
    let path = format!("/accounts/theme?csrf_token={own}");
    is_refused(&admin.post(&path, &[("theme", "dark")]), "in the address");
    let twice = [("csrf_token", own.as_str()), ("csrf_token", own.as_str()), ("theme", "dark")];
    assert_eq!(admin.post("/accounts/theme", &twice).status, 400);
    assert!(!admin.cookies.contains_key("theme"));
    assert_eq!(admin.post("/accounts/theme", &[("csrf_token", &own), ("theme", "dark")]).status, 303);
}

#[test]
fn two_pages_show_different_tokens_and_both_work() {
    let (appliance, admin, _) = with_link();
    for mut browser in [admin, Browser::of(&appliance)] {
        let (first, second) = (browser.open("/").token(), browser.open("/").token());
        assert_ne!(first, second);
        assert_ne!(first[..64], second[..64]);
        assert_ne!(first[64..], second[64..]);
        for token in [&second, &first, &first] {
            assert_eq!(browser.post("/accounts/theme", &[("csrf_token", token), ("theme", "light")]).status, 303);
        }
    }
}

/// Sends the theme form with a good token and these headers.
fn switch(browser: &mut Browser, headers: &[(&str, &str)]) -> Page {
    let token = browser.open("/").token();
    let body = format!("theme=dark&csrf_token={token}");
    let headers = [&[("Content-Type", "application/x-www-form-urlencoded")], headers].concat();
    browser.send("POST", "/accounts/theme", &headers, Some(body.as_bytes()))
}

#[test]
fn what_the_browser_says_of_the_forms_origin_must_be_us() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let address = appliance.address;
    let own = format!("http://{address}");
    let another_port = format!("http://127.0.0.1:{}", if address.port() == 1 { 2 } else { address.port() - 1 });
    let longer = format!("{own}0");
    let userinfo = format!("http://{address}@evil.example");
    let with_path = format!("{own}/x");
    let refused: &[&[(&str, &str)]] = &[
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "Same-Origin")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &own)],
        &[("Origin", "https://evil.example")],
        &[("Origin", "http://evil.example"), ("Sec-Fetch-Site", "same-origin")],
        &[("Origin", "null")],
        &[("Origin", "null"), ("Sec-Fetch-Site", "none")],
        &[("Origin", &another_port)],
        &[("Origin", "http://127.0.0.1")],
        &[("Origin", &longer)],
        &[("Origin", &userinfo)],
        &[("Origin", "http://localhost")],
        &[("Origin", "file://")],
        &[("Origin", "127.0.0.1")],
        &[("Origin", &own), ("Origin", "https://evil.example")],
        &[("Origin", &own), ("Origin", &own)],
        &[("Origin", &with_path)],
    ];
    for headers in refused {
        is_refused(&switch(&mut browser, headers), &format!("{headers:?}"));
    }
    assert!(appliance.log().contains("form refused reason=origin path=/accounts/theme ip=127.0.0.1"));
    // On plain HTTP browsers may say nothing at all; then the token decides.
    let accepted: &[&[(&str, &str)]] = &[
        &[],
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", &own)],
        &[("Origin", &own), ("Sec-Fetch-Site", "same-origin")],
        &[("Referer", "http://somewhere.example/")],
    ];
    for headers in accepted {
        assert_eq!(switch(&mut browser, headers).status, 303, "{headers:?}");
    }
}

#[test]
fn with_a_public_https_address_a_form_must_say_where_it_comes_from() {
    let appliance = Start::with_admin().env("SERVER_BASE_URL", "https://short.example").run();
    let mut browser = Browser::of(&appliance);
    browser.header("Host", "short.example");
    let address = format!("http://{}", appliance.address);
    let refused: &[&[(&str, &str)]] = &[
        &[],
        &[("Referer", "")],
        &[("Referer", "http://short.example/links")],
        &[("Referer", "https://evil.example/https://short.example/")],
        &[("Referer", "https://short.example.evil.example/")],
        &[("Referer", "https://short.example@evil.example/")],
        &[("Referer", "https://evil.example/")],
        &[("Referer", "short.example")],
        &[("Origin", "http://short.example")],
        &[("Origin", "https://short.example:8443")],
        &[("Origin", "https://evil.example"), ("Referer", "https://short.example/")],
        &[("Origin", &address)],
        &[("Origin", "null"), ("Referer", "https://short.example/")],
        &[("Sec-Fetch-Site", "cross-site"), ("Referer", "https://short.example/")],
    ];
    for headers in refused {
        is_refused(&switch(&mut browser, headers), &format!("{headers:?}"));
    }
    let accepted: &[&[(&str, &str)]] = &[
        &[("Origin", "https://short.example")],
        &[("Origin", "https://short.example:443")],
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Referer", "https://short.example/links?q=x")],
        &[("Referer", "https://short.example")],
    ];
    for headers in accepted {
        assert_eq!(switch(&mut browser, headers).status, 303, "{headers:?}");
    }
}

#[test]
fn looking_changes_nothing() {
    let (appliance, mut admin, id) = with_link();
    admin.open("/links");
    let before = state(&mut admin, &id);
    let link = format!("/links/{id}");
    let (edit, delete) = (format!("{link}/edit"), format!("{link}/delete"));
    let query = "?url=https%3A%2F%2Fevil.example%2F&target_url=https%3A%2F%2Fevil.example%2F&slug=forged&title=x\
        &enabled=1&theme=dark&email=x%40mail.example&username=mallory&site_name=x&_method=DELETE";
    let paths = [
        "/",
        "/setup",
        "/accounts/register",
        "/accounts/login",
        "/accounts/logout",
        "/accounts/theme",
        "/accounts/profile",
        "/accounts/email",
        "/accounts/password",
        "/accounts/reset",
        "/links",
        "/links/new",
        &link,
        &edit,
        &delete,
    ];
    for path in paths {
        for method in ["GET", "HEAD", "OPTIONS", "GET"] {
            let headers = [("X-HTTP-Method-Override", "DELETE"), ("X-Method-Override", "POST")];
            let page = admin.send(method, &format!("{path}{query}"), &headers, None);
            assert!(page.status < 500, "{method} {path}");
        }
    }
    assert_eq!(state(&mut admin, &id), before);
    // The address only fills the form in.
    let page = admin.open(&format!("/links/new{query}"));
    let fields = page.form("/links/new");
    assert!(fields.contains(&("target_url".to_owned(), "https://evil.example/".to_owned())));
    assert!(fields.contains(&("slug".to_owned(), "forged".to_owned())));
    assert_eq!(Browser::of(&appliance).get("/root-user/forged").status, 404);
}

#[test]
fn a_refused_form_keeps_what_was_typed_and_can_be_sent_again() {
    let (_appliance, mut admin, _) = with_link();
    let old = admin.open("/links/new");
    admin.submit("/links", "/accounts/logout", &[]);
    admin.log_in(ADMIN, PASSWORD);
    let typed = [("target_url", "https://example.com/?a=\"b\"&c"), ("slug", "kept"), ("title", "Autumn <sale>")];
    let page = admin.submit_on(&old, "/links/new", &typed);
    is_refused(&page, "a form of the session before");
    let offered = page.form("/links/new");
    for (name, value) in typed {
        assert!(offered.contains(&(name.to_owned(), value.to_owned())), "{offered:?}");
    }
    let page = admin.submit_on(&page, "/links/new", &[]);
    assert_eq!(page.status, 303, "{}", page.text());
    assert_eq!(admin.get("/root-user/kept").status, 302);
}

#[test]
fn a_form_of_somebody_elses_page_leaves_nothing_behind() {
    let (appliance, mut admin, id) = with_link();
    let mut anonymous = Browser::of(&appliance);
    anonymous.open("/accounts/login");
    let evidence: [&[(&str, &str)]; 3] = [
        &[("Origin", "https://evil.example")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Origin", "null"), ("Sec-Fetch-Site", "same-site")],
    ];
    for (path, fields) in forms(&id) {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        for headers in evidence {
            let headers = [&[("Content-Type", "application/x-www-form-urlencoded")], headers].concat();
            for browser in [&mut admin, &mut anonymous] {
                let page = browser.send("POST", &path, &headers, Some(body.join("&").as_bytes()));
                is_refused(&page, &path);
                assert!(!page.body.contains("Send again") && !page.body.contains("Back to the form"), "{path}");
                assert!(!page.body.contains("evil.example") && !page.body.contains("forged"), "{path}: {}", page.body);
            }
        }
    }
}

#[test]
fn a_form_with_a_password_leads_back_to_its_page() {
    let (appliance, mut admin, _) = with_link();
    let mut browser = Browser::of(&appliance);
    for (open, path, back) in [
        ("/accounts/login", "/accounts/login", "/accounts/login"),
        ("/accounts/login?next=%2Flinks%2Fnew", "/accounts/login", "/accounts/login?next=%2Flinks%2Fnew"),
        ("/accounts/register", "/accounts/register", "/accounts/register"),
    ] {
        let old = browser.open(open);
        browser.cookies.clear();
        let page = browser.submit_on(&old, path, &[("username", "bob"), ("password", PASSWORD), ("password1", "x")]);
        is_refused(&page, path);
        assert!(!page.body.contains(PASSWORD) && !page.body.contains("Send again"), "{path}");
        assert!(page.body.contains(&format!("href=\"{back}\">Back to the form</a>")), "{}", page.body);
    }
    for path in ["/accounts/email", "/accounts/password"] {
        let page = admin.post(path, &[("password", PASSWORD), ("csrf_token", "old")]);
        is_refused(&page, path);
        assert!(page.body.contains("href=\"/accounts/profile\">Back to the form</a>"), "{}", page.body);
    }
}

#[test]
fn a_new_link_sent_after_the_session_has_ended_is_there_after_logging_in() {
    let (_appliance, mut admin, _) = with_link();
    let old = admin.open("/links/new");
    admin.submit("/links", "/accounts/logout", &[]);
    let long = format!("https://example.com/?q={}", "ü b+".repeat(1_000));
    let (short, title) = ("https://example.com/?a=\"b\"&c", "Autumn <sale> 100%");
    for (target, kept) in [(short, true), (long.as_str(), false)] {
        let typed = [("target_url", target), ("slug", "kept"), ("title", title)];
        let page = admin.submit_on(&old, "/links/new", &typed);
        assert_eq!(page.status, 303, "{}", page.text());
        let login = page.header("location").unwrap().to_owned();
        let fields = [("username", ADMIN), ("password", PASSWORD)];
        let page = admin.submit(&login, "/accounts/login", &fields);
        assert_eq!(page.status, 303, "{}", page.text());
        let form = admin.open(page.header("location").unwrap()).form("/links/new");
        let has = |name: &str, value: &str| form.contains(&(name.to_owned(), value.to_owned()));
        assert!(has("slug", "kept") && has("title", title), "{form:?}");
        assert!(has("target_url", if kept { target } else { "" }), "{form:?}");
        admin.submit("/links", "/accounts/logout", &[]);
    }
    let page = admin.post("/accounts/password", &[("password", PASSWORD)]);
    assert_eq!((page.status, page.header("location")), (303, Some("/accounts/login?next=%2Faccounts%2Fprofile")));
}

#[test]
fn bodies_that_are_no_forms_do_nothing() {
    let (appliance, mut admin, _) = with_link();
    let token = admin.open("/links").token();
    let form = format!("csrf_token={token}&target_url=https%3A%2F%2Fexample.com%2F&slug=odd&enabled=1");
    let json = format!("{{\"csrf_token\":\"{token}\",\"target_url\":\"https://example.com/\",\"slug\":\"odd\"}}");
    let usual = "application/x-www-form-urlencoded";
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, u16);
    let rows: &[Row<'_>] = &[
        (&[("Content-Type", "text/plain")], &form, 415),
        (&[("Content-Type", "application/json")], &json, 415),
        (&[("Content-Type", "multipart/form-data; boundary=x")], &form, 415),
        (&[], &form, 415),
        (&[("Content-Type", "")], &form, 415),
        (&[("Content-Type", "application/x-www-form-urlencoded-not")], &form, 415),
        (&[("Content-Type", usual), ("Content-Encoding", "gzip")], &form, 415),
        (&[("Content-Type", usual)], &form.replace("slug=odd", "slug=odd&slug=even"), 400),
        (&[("Content-Type", usual)], &form.replace("slug=odd", "slug=%ff"), 400),
        (&[("Content-Type", usual)], &form.replace("slug=odd", "slug=%"), 400),
        (&[("Content-Type", usual)], &format!("{form}{}", "&a".repeat(101)), 400),
        (&[("Content-Type", usual)], &format!("{form}&x={}", "a".repeat(16_385)), 400),
        (&[("Content-Type", usual)], &format!("{form}&x={}", "a".repeat(65_536)), 413),
    ];
    for (headers, body, status) in rows {
        let page = admin.send("POST", "/links/new", headers, Some(body.as_bytes()));
        assert_eq!(page.status, *status, "{headers:?}: {}", &body[..body.len().min(200)]);
    }
    assert_eq!(Browser::of(&appliance).get("/root-user/odd").status, 404);
    let page = admin.send(
        "POST",
        "/links/new",
        &[("Content-Type", "Application/X-WWW-Form-Urlencoded ; charset=utf-8")],
        Some(form.as_bytes()),
    );
    assert_eq!(page.status, 303);
}
