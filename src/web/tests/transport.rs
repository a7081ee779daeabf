//! What a request means once it is known how it travelled: every way, with every kind of public address.

use super::*;

/// What cookies, links and policies look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Secure,
}

/// One way to reach a site, and what comes of it.
struct Way {
    /// The public address, and the name the request was sent to.
    base: Option<&'static str>,
    host: &'static str,
    /// The ports of our own TLS and of the plain socket beside it.
    tls: Option<(u16, u16)>,
    transport: Transport,
    form: Form,
    strict: bool,
    /// Where pages are, if not here.
    elsewhere: Option<&'static str>,
}

impl Way {
    const fn of(base: Option<&'static str>, host: &'static str, transport: Transport, form: Form) -> Way {
        Way { base, host, tls: None, transport, form, strict: matches!(form, Form::Secure), elsewhere: None }
    }

    const fn beside_tls(self, tls: u16, plain: u16) -> Way {
        Way { tls: Some((tls, plain)), ..self }
    }

    const fn sends_to(self, origin: &'static str) -> Way {
        Way { elsewhere: Some(origin), strict: false, ..self }
    }

    /// A site reached in this way.
    fn site(&self) -> Site {
        let base: Vec<_> = self.base.map(|base| ("SERVER_BASE_URL", base)).into_iter().collect();
        let site = Site::empty(&[base.as_slice(), &[("SERVER_ALLOWED_HOSTS", "s.example")]].concat());
        if let Some((tls, plain)) = self.tls {
            let at = |port: u16| SocketAddr::from(([0, 0, 0, 0], port));
            site.app.note_listening(Listening { main: at(tls), plain: Some(at(plain)) });
        }
        site
    }

    fn ask(&self, site: &Site, method: &str, path: &str, cookie: &str, body: &str) -> Response {
        self.ask_at(site, self.host, method, path, cookie, body)
    }

    fn ask_at(&self, site: &Site, host: &str, method: &str, path: &str, cookie: &str, body: &str) -> Response {
        let headers = [
            ("Host", host),
            ("Accept", "text/html"),
            ("Cookie", cookie),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        site.send(self.transport, method, path, &headers, body)
    }

    fn name(&self) -> String {
        format!("{:?} at {:?}, host {}, TLS {:?}", self.transport, self.base, self.host, self.tls)
    }

    /// The name of a cookie in this form.
    fn cookie(&self, name: &str) -> String {
        if self.form == Form::Secure { format!("__Host-{name}") } else { name.to_owned() }
    }
}

const HTTP: Option<&str> = Some("http://short.example");
const HTTPS: Option<&str> = Some("https://short.example");
const ODD: Option<&str> = Some("https://short.example:8443");

const WAYS: &[Way] = &[
    Way::of(None, "nas.local", Transport::Unknown, Form::Plain),
    Way::of(None, "nas.local:8000", Transport::Plain, Form::Plain),
    Way::of(None, "nas.local", Transport::Secure, Form::Secure),
    Way::of(HTTP, "short.example", Transport::Unknown, Form::Plain),
    Way::of(HTTP, "short.example", Transport::Plain, Form::Plain),
    Way::of(HTTP, "short.example", Transport::Secure, Form::Plain),
    Way::of(HTTPS, "short.example", Transport::Unknown, Form::Secure),
    Way::of(HTTPS, "short.example", Transport::Plain, Form::Secure).sends_to("https://short.example"),
    Way::of(HTTPS, "short.example:80", Transport::Plain, Form::Secure).sends_to("https://short.example"),
    Way::of(HTTPS, "short.example", Transport::Secure, Form::Secure),
    Way::of(ODD, "short.example:8000", Transport::Plain, Form::Secure).sends_to("https://short.example:8443"),
    Way::of(ODD, "short.example:8443", Transport::Secure, Form::Secure),
    // TLS of our own, and a plain socket beside it.
    Way::of(None, "nas.local:8443", Transport::Secure, Form::Secure).beside_tls(8443, 8000),
    Way::of(None, "nas.local:8000", Transport::Plain, Form::Plain)
        .beside_tls(8443, 8000)
        .sends_to("https://nas.local:8443"),
    Way::of(None, "NAS.local.", Transport::Plain, Form::Plain).beside_tls(443, 80).sends_to("https://nas.local"),
    Way::of(None, "[::1]:80", Transport::Plain, Form::Plain).beside_tls(443, 80).sends_to("https://[::1]"),
    Way::of(None, "s.example", Transport::Plain, Form::Plain).beside_tls(443, 80).sends_to("https://s.example"),
    Way::of(HTTPS, "short.example", Transport::Plain, Form::Secure)
        .beside_tls(8443, 8000)
        .sends_to("https://short.example"),
    Way::of(HTTP, "short.example", Transport::Plain, Form::Plain).beside_tls(8443, 8000),
];

/// The ways on which pages are answered.
fn served() -> impl Iterator<Item = &'static Way> {
    WAYS.iter().filter(|way| way.elsewhere.is_none())
}

/// The ways on which pages are elsewhere, and where.
fn sent_on() -> impl Iterator<Item = (&'static Way, &'static str)> {
    WAYS.iter().filter_map(|way| way.elsewhere.map(|origin| (way, origin)))
}

fn cookies(response: &Response) -> Vec<&str> {
    let is_cookie = |(name, _): &&(&str, _)| *name == "Set-Cookie";
    response.headers.iter().filter(is_cookie).map(|(_, value)| value.as_ref()).collect()
}

/// `name=value` of a cookie that was set.
fn cookie(response: &Response, name: &str) -> String {
    let found = cookies(response).into_iter().find(|cookie| cookie.starts_with(&format!("{name}=")));
    let cookie = found.unwrap_or_else(|| panic!("no {name} in {:?}", cookies(response)));
    cookie.split(';').next().unwrap().to_owned()
}

/// Checks that every cookie set is in the form of this way.
#[track_caller]
fn check_cookies(way: &Way, response: &Response) {
    for cookie in cookies(response) {
        assert_eq!(cookie.starts_with("__Host-"), way.form == Form::Secure, "{}: {cookie}", way.name());
        assert_eq!(cookie.ends_with("; Secure"), way.form == Form::Secure, "{}: {cookie}", way.name());
    }
}

#[test]
fn pages_are_served_or_sent_on() {
    for way in WAYS {
        let site = way.site();
        site.set_up();
        let asset = "/assets/app.css";
        for path in
            ["/", "/accounts/login", "/accounts/login?next=%2Flinks&next=/x", "/robots.txt", "/nowhere/x/y", asset]
        {
            for method in ["GET", "HEAD"] {
                let response = way.ask(&site, method, path, "", "");
                let what = format!("{method} {path}, {}", way.name());
                check_cookies(way, &response);
                match way.elsewhere {
                    Some(origin) => {
                        let location = format!("{origin}{path}");
                        let found = (response.status, header(&response, "Location"));
                        assert_eq!(found, (308, Some(location.as_str())), "{what}");
                        assert_eq!(header(&response, "Cache-Control"), Some("no-store"), "{what}");
                        assert!(cookies(&response).is_empty() && response.body.is_empty(), "{what}");
                    }
                    None => {
                        let expected = if path == "/nowhere/x/y" { 404 } else { 200 };
                        assert_eq!((response.status, header(&response, "Location")), (expected, None), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn short_links_and_health_are_answered_however_they_travelled() {
    for way in WAYS {
        let site = way.site();
        let what = way.name();
        // An alias of a public address too.
        let hosts = if way.base.is_some() { vec![way.host, "s.example"] } else { vec![way.host] };
        assert_eq!(way.ask(&site, "GET", "/alice/docs", "", "").status, 503, "not set up, {what}");
        assert_eq!(way.ask(&site, "GET", "/health", "", "").status, 200, "not set up, {what}");
        site.set_up();
        site.link("docs", "http://docs.example/", None);
        for host in hosts {
            for (method, path, status, location) in [
                ("GET", "/alice/docs", 302, Some("http://docs.example/")),
                ("HEAD", "/alice/docs/?x", 302, Some("http://docs.example/")),
                ("GET", "/alice/none", 404, None),
                ("GET", "/alice", 404, None),
                ("POST", "/alice/docs", 405, None),
                ("OPTIONS", "/alice/docs", 204, None),
                ("GET", "/health", 200, None),
                ("HEAD", "/health/", 200, None),
                ("POST", "/health", 405, None),
                ("OPTIONS", "/health", 204, None),
                ("GET", "/%zz", 400, None),
                ("BREW", "/", 501, None),
            ] {
                let response = way.ask_at(&site, host, method, path, "", "");
                let found = (response.status, header(&response, "Location"));
                assert_eq!(found, (status, location), "{method} {path} at {host}, {what}");
                assert!(cookies(&response).is_empty(), "{method} {path} at {host}, {what}");
            }
        }
        let raw = Raw {
            method: "GET".into(),
            target: "/alice/docs".to_owned(),
            headers: [("Host", way.host)].into_iter().collect(),
            body: Vec::new(),
            peer: None,
            transport: way.transport,
            host_is_optional: false,
        };
        let found = site.app.store.redirect(&plain_path("/alice/docs").unwrap()).unwrap().unwrap();
        let response = respond_found(&site.app, raw, &found);
        assert_eq!((response.status, header(&response, "Location")), (302, Some("http://docs.example/")), "{what}");
    }
}

#[test]
fn browsers_are_held_to_https_only_over_https() {
    for way in WAYS {
        let site = way.site();
        let expected = way.strict.then_some("max-age=31536000");
        let mut answers: Vec<Response> = ["/", "/setup", "/health", "/assets/app.css", "/a/b", "/%zz", "/x/y/z"]
            .map(|path| way.ask(&site, "GET", path, "", ""))
            .into();
        answers.push(way.ask(&site, "POST", "/accounts/login", "", ""));
        answers.push(way.ask(&site, "OPTIONS", "/", "", ""));
        answers.push(way.ask_at(&site, "evil.example", "GET", "/", "", ""));
        answers.push(refuse(&site.app, 431, way.transport));
        answers.push(respond_to_panic(&site.app, way.transport, "planted"));
        site.set_up();
        site.link("docs", "http://docs.example/", None);
        answers.push(way.ask(&site, "GET", "/alice/docs", "", ""));
        for answer in answers {
            let found = header(&answer, "Strict-Transport-Security");
            assert_eq!(found, expected, "{}: {answer:?}", way.name());
        }
    }
}

#[test]
fn forms_work_where_pages_are_served() {
    for way in served() {
        let site = way.site();
        site.set_up();
        let what = way.name();
        let page = way.ask(&site, "GET", "/accounts/login", "", "");
        check_cookies(way, &page);
        let login = format!("csrf_token={}&username=alice&password=correct+horse", token(&page));
        let form = cookie(&page, &way.cookie("form"));
        let response = way.ask(&site, "POST", "/accounts/login", &form, &login);
        assert_eq!((response.status, header(&response, "Location")), (303, Some("/links")), "{what}");
        check_cookies(way, &response);
        let session = cookie(&response, &way.cookie("session"));

        let (scheme, other) = if way.form == Form::Secure { ("https", "http") } else { ("http", "https") };
        let created = format!("{session}; {}=created.docs", way.cookie("flash"));
        let links = text(&way.ask(&site, "GET", "/links", &created, ""));
        let host = way.base.map_or(way.host, |base| base.split_once("://").unwrap().1);
        assert!(links.contains(&format!("{scheme}://{host}/alice/docs")), "{what}: {links}");
        assert!(!links.contains(&format!("{other}://{host}")), "{what}: {links}");

        let body = format!("csrf_token={}", token(&way.ask(&site, "GET", "/links", &session, "")));
        let response = way.ask(&site, "POST", "/accounts/logout", &session, &body);
        assert_eq!(response.status, 303, "{what}");
        check_cookies(way, &response);
        assert_eq!(header(&response, "Clear-Site-Data").is_some(), way.form == Form::Secure, "{what}");
        assert_eq!(way.ask(&site, "OPTIONS", "/accounts/login", "", "").status, 204, "{what}");
    }
}

#[test]
fn a_reset_link_works_where_pages_are_served_and_stays_unused_where_not() {
    for way in WAYS {
        let site = way.site();
        site.set_up();
        let secret = site.app.store.hand_out_reset(None, site.alice().id, NOON.plus_s(RESET_LINK_S)).unwrap().unwrap();
        let response = way.ask(&site, "GET", &format!("/accounts/reset/{secret}"), "", "");
        check_cookies(way, &response);
        if let Some(origin) = way.elsewhere {
            let there = format!("{origin}/accounts/reset/{secret}");
            assert_eq!((response.status, header(&response, "Location")), (308, Some(there.as_str())));
            continue;
        }
        assert_eq!((response.status, header(&response, "Location")), (303, Some("/accounts/reset")));
        let reset = cookie(&response, &way.cookie("reset"));
        assert_eq!(way.ask(&site, "GET", "/accounts/reset", &reset, "").status, 200, "{}", way.name());
        // Under its other name it is not ours.
        let other = reset.strip_prefix("__Host-").map_or(format!("__Host-{reset}"), str::to_owned);
        assert_eq!(way.ask(&site, "GET", "/accounts/reset", &other, "").status, 404, "{}", way.name());
    }
}

#[test]
fn what_was_sent_in_clear_is_not_done() {
    for (way, _) in sent_on() {
        let site = way.site();
        site.set_up();
        let what = way.name();
        // Everything about the form is right, but for the way it took.
        let value = site.sign_in();
        let session = format!("{value}; __Host-{value}");
        let safe = Way { transport: Transport::Secure, form: Form::Secure, ..*way };
        let token = token(&safe.ask(&site, "GET", "/links/new", &session, ""));
        let body = format!("csrf_token={token}&target_url=https%3A%2F%2Fdocs.example%2F&slug=docs&enabled=1");
        for (method, path) in [
            ("POST", "/links/new"),
            ("POST", "/accounts/logout"),
            ("POST", "/accounts/login"),
            ("POST", "/nowhere/x/y"),
            ("PUT", "/links/new"),
            ("OPTIONS", "/links/new"),
        ] {
            let response = way.ask(&site, method, path, &session, &body);
            let page = text(&response);
            assert_eq!((response.status, header(&response, "Location")), (403, None), "{method} {path}, {what}");
            assert!(page.contains("was not sent over HTTPS and was not accepted"), "{method} {path}, {what}: {page}");
            assert!(!page.contains("csrf_token") && !page.contains("docs.example"), "{what}: {page}");
            assert!(cookies(&response).is_empty(), "{method} {path}, {what}");
        }
        assert_eq!(site.app.store.link_count(site.alice().id).unwrap(), 0, "{what}");
        assert_eq!(safe.ask(&site, "GET", "/links", &session, "").status, 200, "still signed in, {what}");
        assert_eq!(safe.ask(&site, "POST", "/links/new", &session, &body).status, 303, "{what}");
        let line = site.send(way.transport, "POST", "/links/new", &[("Host", way.host)], "");
        assert_eq!((line.status, header(&line, "Content-Type")), (403, Some("text/plain; charset=utf-8")), "{what}");
    }
}

#[test]
fn names_come_before_the_way() {
    for way in WAYS {
        let site = way.site();
        for set_up in [false, true] {
            if set_up {
                site.set_up();
            }
            for (method, path) in [("GET", "/"), ("GET", "/setup"), ("POST", "/setup"), ("GET", "/alice/docs")] {
                let response = way.ask_at(&site, "evil.example", method, path, "", "");
                let found = (response.status, header(&response, "Location"));
                assert_eq!(found, (421, None), "{method} {path}, {}", way.name());
            }
            let Some(base) = way.base else { continue };
            for (method, status, location) in [("GET", 308, Some(format!("{base}/links?a=b"))), ("POST", 403, None)] {
                let response = way.ask_at(&site, "s.example", method, "/links?a=b", "", "");
                let found = (response.status, header(&response, "Location"));
                assert_eq!(found, (status, location.as_deref()), "{method}, {}", way.name());
            }
        }
    }
}

#[test]
fn the_first_run_is_no_exception() {
    for way in WAYS {
        let site = way.site();
        let what = way.name();
        for (path, status) in [("/", 200), ("/setup", 200), ("/links", 503), ("/nowhere/x/y", 503)] {
            let response = way.ask(&site, "GET", path, "", "");
            match way.elsewhere {
                Some(origin) => {
                    let location = format!("{origin}{path}");
                    let found = (response.status, header(&response, "Location"));
                    assert_eq!(found, (308, Some(location.as_str())), "{path}, {what}");
                }
                None => assert_eq!(response.status, status, "{path}, {what}"),
            }
        }
        let code = format!("code={}", site.app.setup_code.as_str());
        let response = way.ask(&site, "POST", "/setup", "", &code);
        assert_eq!(response.status, 403, "{what}");
        let in_clear = text(&response).contains("not sent over HTTPS");
        assert_eq!(in_clear, way.elsewhere.is_some(), "{what}");
    }
}

#[test]
fn a_session_counts_under_the_name_of_its_form_only() {
    for way in served() {
        let site = way.site();
        site.set_up();
        let good = site.sign_in();
        let bad = format!("session={}", "0".repeat(64));
        let (own, other) = if way.form == Form::Secure { ("__Host-", "") } else { ("", "__Host-") };
        for (cookie, is_signed_in) in [
            (format!("{own}{good}"), true),
            (format!("{other}{good}"), false),
            (format!("{own}{good}; {other}{bad}"), true),
            (format!("{other}{bad}; {own}{good}"), true),
            (format!("{own}{bad}; {other}{good}"), false),
            (format!("{other}{good}; {own}{bad}"), false),
            (format!("{own}{good}; {own}{bad}"), false),
            (format!("{own}{good}; {own}{good}; {other}{good}"), false),
        ] {
            let response = way.ask(&site, "GET", "/links", &cookie, "");
            assert_eq!(response.status, if is_signed_in { 200 } else { 302 }, "{cookie}, {}", way.name());
        }
    }
}

#[test]
fn a_forms_page_must_have_travelled_as_the_form_does() {
    use Transport::{Plain, Secure, Unknown};
    // With a public address that one counts, whatever name and way the request took.
    for (base, host, transport, name, value, accepted) in [
        (None, "nas", Unknown, "Origin", "http://nas", true),
        (None, "nas", Unknown, "Origin", "https://nas", true),
        (None, "nas", Plain, "Origin", "http://nas", true),
        (None, "nas", Plain, "Origin", "https://nas", false),
        (None, "nas", Secure, "Origin", "https://nas", true),
        (None, "nas", Secure, "Origin", "http://nas", false),
        (None, "nas:8443", Secure, "Origin", "https://nas:8443", true),
        (None, "nas:443", Secure, "Origin", "https://nas", true),
        (None, "nas", Secure, "Origin", "https://nas:80", false),
        (None, "nas:80", Secure, "Origin", "http://nas", false),
        (None, "nas", Secure, "Origin", "https://other", false),
        (None, "nas", Secure, "Origin", "null", false),
        (None, "nas", Secure, "Referer", "https://nas/links", true),
        (None, "nas", Secure, "Referer", "http://nas/links", false),
        (None, "nas", Secure, "Referer", "https://nas.evil.example/links", false),
        (None, "nas", Secure, "X-None", "", false),
        (None, "nas", Plain, "X-None", "", true),
        (None, "nas", Plain, "Referer", "https://other/", true),
        (None, "nas", Unknown, "X-None", "", true),
        (HTTP, "short.example", Secure, "Origin", "http://short.example", true),
        (HTTP, "short.example", Secure, "Origin", "https://short.example", false),
        (HTTP, "short.example", Plain, "X-None", "", true),
        (HTTPS, "short.example", Unknown, "Origin", "https://short.example", true),
        (HTTPS, "short.example", Unknown, "Origin", "http://short.example", false),
        (HTTPS, "short.example", Unknown, "X-None", "", false),
        (HTTPS, "short.example:8000", Secure, "Origin", "https://short.example", true),
        (HTTPS, "short.example:8000", Secure, "Origin", "https://short.example:8000", false),
    ] {
        let way = Way::of(base, host, transport, Form::Plain);
        let site = way.site();
        site.set_up();
        let page = way.ask(&site, "GET", "/accounts/login", "", "");
        let body = format!("csrf_token={}&theme=dark", token(&page));
        let form = cookies(&page)[0].split(';').next().unwrap().to_owned();
        let headers =
            [("Host", host), ("Cookie", &form), ("Content-Type", "application/x-www-form-urlencoded"), (name, value)];
        let status = site.send(transport, "POST", "/accounts/theme", &headers, &body).status;
        assert_eq!(status, if accepted { 303 } else { 403 }, "{name}: {value}, {}", way.name());
    }
}
