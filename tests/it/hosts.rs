//! The names this server answers for, and the address it shows.

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start, run_command};
use crate::browser::{Browser, Page, raw};

/// Asks with these head lines and no others.
fn ask(appliance: &Appliance, first: &str, lines: &[&str]) -> Page {
    let mut head = format!("{first} HTTP/1.1\r\nConnection: close\r\nAccept: text/html\r\n");
    for line in lines {
        head += &format!("{line}\r\n");
    }
    Page::parse(&raw(appliance.address, format!("{head}\r\n").as_bytes()))
}

fn with_host(appliance: &Appliance, path: &str, host: &str) -> Page {
    ask(appliance, &format!("GET {path}"), &[&format!("Host: {host}")])
}

/// A browser that asks for a name.
fn browser_at(appliance: &Appliance, host: &str) -> Browser {
    let mut browser = Browser::of(appliance);
    browser.header("Host", host);
    browser
}

#[test]
fn a_host_that_is_none_is_400() {
    let appliance = Start::with_admin().run();
    let long = "a".repeat(300);
    for host in [
        "",
        "a/b",
        "u@h",
        "u:p@localhost",
        "a b",
        "h:99999",
        "h:x",
        "h:-1",
        "h:+80",
        "h:",
        "[::1",
        "::1",
        "[localhost]",
        "h,h",
        "localhost:80:80",
        "http://localhost",
        "local_host!",
        "<localhost>",
        "localhost?x",
        "localhost#x",
        "localhost\\",
        "%6cocalhost",
        ".",
        &long,
    ] {
        for path in ["/", "/root-user/promo", "/accounts/login"] {
            let page = with_host(&appliance, path, host);
            assert_eq!(page.status, 400, "{host:?} {path}");
            assert!(page.set_cookies().is_empty() && page.header("location").is_none(), "{host:?}");
        }
    }
    assert_eq!(ask(&appliance, "GET /", &[]).status, 400, "none at all");
    assert_eq!(ask(&appliance, "GET /", &["Host: localhost", "Host: localhost"]).status, 400, "two");
    assert_eq!(ask(&appliance, "GET /", &["Host: localhost", "host: evil.example"]).status, 400, "two");
}

#[test]
fn without_a_public_address_only_names_that_nobody_can_own_are_answered() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost:8000",
        "nas",
        "NAS.local",
        "nas.lan:8080",
        "a.b.home.arpa",
        "links.internal",
        "127.0.0.1",
        "127.0.0.1:1",
        "192.168.0.7:8000",
        "203.0.113.9",
        "[::1]",
        "[::1]:8000",
        "[2001:db8::7]",
    ] {
        assert_eq!(with_host(&appliance, "/", host).status, 200, "{host}");
        assert_eq!(with_host(&appliance, "/root-user/promo", host).status, 302, "{host}");
    }
    for host in [
        "evil.example",
        "EVIL.example.",
        "evil.example:80",
        "local.evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-local.example",
        "xlocal.com",
        "127.0.0.1.5",
        "links.internal.example",
    ] {
        for path in ["/", "/root-user/promo", "/accounts/login", "/links", "/setup", "/assets/app.css", "/nowhere"] {
            let page = with_host(&appliance, path, host);
            assert_eq!(page.status, 421, "{host} {path}");
            page.says("This server does not answer for that name.");
            assert!(page.set_cookies().is_empty() && page.header("location").is_none(), "{host} {path}");
        }
        let page = ask(&appliance, "POST /accounts/login", &[&format!("Host: {host}"), "Content-Length: 0"]);
        assert_eq!(page.status, 421, "{host}");
        assert_eq!(with_host(&appliance, "/health", host).status, 200, "{host}");
        assert_eq!(with_host(&appliance, "/health/x", host).status, 421, "{host}");
    }
    // One line a name, however often it is asked.
    let log = appliance.log();
    assert_eq!(log.matches("host refused host=evil.example ip=127.0.0.1").count(), 1, "{log}");
    assert_eq!(log.matches("host refused host=127.0.0.1.evil.example ").count(), 1, "{log}");
}

#[test]
fn an_absolute_target_names_the_host() {
    let appliance = Start::with_admin().run();
    for (first, host, status) in [
        ("GET http://localhost/", "evil.example", 200),
        ("GET http://localhost", "evil.example", 200),
        ("GET http://evil.example/", "localhost", 421),
        ("GET https://evil.example/accounts/login", "localhost", 421),
        ("GET http://a@localhost/", "localhost", 400),
        ("GET ftp://localhost/", "localhost", 400),
        ("GET localhost", "localhost", 400),
        ("OPTIONS *", "localhost", 204),
        ("OPTIONS *", "evil.example", 421),
    ] {
        assert_eq!(ask(&appliance, first, &[&format!("Host: {host}")]).status, status, "{first} at {host}");
    }
}

#[test]
fn headers_that_anybody_can_send_change_no_address() {
    let appliance = Start::with_admin().run();
    let mut admin = browser_at(&appliance, "nas.local:8000");
    admin.log_in(ADMIN, PASSWORD);
    admin.make_link("https://example.com/", "promo");
    for name in
        ["X-Forwarded-Host", "X-Host", "X-Original-Host", "Forwarded", "X-Forwarded-Server", "X-HTTP-Host-Override"]
    {
        let value = if name == "Forwarded" { "host=evil.example;proto=https" } else { "evil.example" };
        let page = admin.send("GET", "/links", &[(name, value)], None);
        page.says("nas.local:8000/root-user/promo");
        assert!(!page.body.contains("evil.example"), "{name}");
    }
    for name in [
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Forwarded-Prefix",
        "X-Forwarded-Proto",
        "X-Forwarded-Scheme",
        "Front-End-Https",
    ] {
        let page = admin.send("GET", "/accounts/profile", &[(name, "/setup")], None);
        page.says("Email admin@site.example");
        assert!(page.header("strict-transport-security").is_none(), "{name}");
        assert!(page.set_cookies().iter().all(|cookie| !cookie.contains("Secure")), "{name}");
    }
    for name in ["X-Remote-User", "Remote-User", "X-Forwarded-User", "Authorization"] {
        let page = Browser::of(&appliance).send("GET", "/links", &[(name, ADMIN)], None);
        assert_eq!(page.status, 302, "{name}");
    }
    // The client's address is the connection's.
    let claims =
        [("X-Forwarded-For", "203.0.113.77"), ("X-Real-IP", "203.0.113.77"), ("CF-Connecting-IP", "203.0.113.77")];
    let mut browser = Browser::of(&appliance);
    for (name, value) in claims {
        browser.header(name, value);
    }
    browser.submit("/accounts/login", "/accounts/login", &[("username", "nobody"), ("password", "wrong one")]);
    assert!(!appliance.log().contains("203.0.113.77"), "{}", appliance.log());
}

#[test]
fn further_names_are_answered_where_the_operator_says_so() {
    let appliance = Start::with_admin().env("SERVER_ALLOWED_HOSTS", "go.example,s.example").run();
    let mut admin = browser_at(&appliance, "go.example");
    admin.log_in(ADMIN, PASSWORD);
    admin.make_link("https://example.com/", "promo");
    admin.open("/links").says("go.example/root-user/promo");
    assert_eq!(with_host(&appliance, "/root-user/promo", "S.EXAMPLE.:8000").status, 302);
    for host in ["www.go.example", "example", "xgo.example"] {
        let expected = if host.contains('.') { 421 } else { 200 };
        assert_eq!(with_host(&appliance, "/", host).status, expected, "{host}");
    }
}

#[test]
fn with_a_public_address_that_one_counts_whatever_was_asked_for() {
    let start =
        Start::with_admin().env("SERVER_BASE_URL", "https://short.example").env("SERVER_ALLOWED_HOSTS", "s.example");
    let appliance = start.run();
    assert!(appliance.log().contains("https://short.example/"), "the start line shows it: {}", appliance.log());
    let mut admin = browser_at(&appliance, "short.example");
    admin.header("Origin", "https://short.example");
    let fields = [("username", ADMIN), ("password", PASSWORD)];
    let page = admin.submit("/accounts/login", "/accounts/login", &fields);
    assert_eq!((page.status, page.header("location")), (303, Some("/links")), "{}", page.text());
    let id = admin.make_link("https://example.com/", "promo");

    // Every page shows the public address, also when the port of the request is another.
    for host in ["short.example", "SHORT.example.", "short.example:8443"] {
        for path in ["/links", &format!("/links/{id}"), &format!("/links/{id}/delete"), "/links/new"] {
            let page = admin.send("GET", path, &[("Host", host)], None);
            page.says("short.example/root-user/");
            assert!(!page.body.contains("short.example:8443") && !page.body.contains("127.0.0.1"), "{host} {path}");
        }
        assert!(
            admin.send("GET", "/links", &[("Host", host)], None).body.contains("https://short.example/root-user/promo")
        );
    }
    // Names that were good without it are not any more.
    for host in ["localhost", "127.0.0.1", "nas.local", "evil.example", "example", "xshort.example", "a.short.example"]
    {
        assert_eq!(with_host(&appliance, "/", host).status, 421, "{host}");
        assert_eq!(with_host(&appliance, "/root-user/promo", host).status, 421, "{host}");
        assert_eq!(with_host(&appliance, "/health", host).status, 200, "{host}");
    }
}

#[test]
fn another_name_answers_short_links_and_sends_pages_to_the_public_address() {
    let appliance = Start::with_admin()
        .env("SERVER_BASE_URL", "http://short.example:8080")
        .env("SERVER_ALLOWED_HOSTS", "s.example,go.example")
        .run();
    let mut admin = browser_at(&appliance, "short.example:8080");
    admin.log_in(ADMIN, PASSWORD);
    admin.make_link("https://example.com/", "promo");
    admin.open("/links").says("short.example:8080/root-user/promo");
    for host in ["s.example", "GO.example:99"] {
        let page = with_host(&appliance, "/root-user/promo", host);
        assert_eq!((page.status, page.header("location")), (302, Some("https://example.com/")));
        assert_eq!(with_host(&appliance, "/root-user/none", host).status, 404);
        for path in ["/", "/links?q=a%26b&sort=slug", "/accounts/login", "/no/such/page", "//evil.example/x"] {
            for method in ["GET", "HEAD"] {
                let page = ask(&appliance, &format!("{method} {path}"), &[&format!("Host: {host}")]);
                let location = format!("http://short.example:8080{path}");
                assert_eq!((page.status, page.header("location")), (308, Some(location.as_str())), "{method} {path}");
                assert!(page.set_cookies().is_empty());
            }
        }
        for path in ["/accounts/login", "/links/new", "/"] {
            let page = ask(&appliance, &format!("POST {path}"), &[&format!("Host: {host}"), "Content-Length: 0"]);
            assert_eq!(page.status, 403, "{path}");
            assert!(page.header("location").is_none() && page.set_cookies().is_empty());
        }
    }
    // Plain HTTP stays plain.
    let page = admin.open("/links");
    assert!(page.header("strict-transport-security").is_none());
    assert!(admin.cookies.contains_key("session"));
    // The form of an address of ours, but not of this one.
    for origin in ["http://short.example", "https://short.example:8080", "http://s.example", "http://s.example:8080"] {
        admin.header("Origin", origin);
        assert_eq!(admin.submit("/", "/accounts/theme", &[("theme", "dark")]).status, 403, "{origin}");
    }
    admin.header("Origin", "http://short.example:8080");
    assert_eq!(admin.submit("/", "/accounts/theme", &[("theme", "dark")]).status, 303);
}

#[test]
fn a_public_https_address_makes_everything_secure() {
    let start = Start::empty().env("SERVER_BASE_URL", "https://short.example");
    let args = ["user", "add", ADMIN, "--email", "admin@site.example", "--admin", "--password-stdin"];
    let folder = start.data().parent().unwrap().to_owned();
    assert_eq!(run_command(&folder, &args, PASSWORD).code(), 0);
    let appliance = start.run();
    let mut browser = browser_at(&appliance, "short.example");
    browser.header("Origin", "https://short.example");
    browser.submit("/accounts/login", "/accounts/login", &[("username", ADMIN), ("password", PASSWORD)]);
    browser.open("/links");
    browser.make_link("https://example.com/", "promo");
    let names: Vec<&str> = browser.cookies.keys().map(String::as_str).collect();
    assert!(names.contains(&"__Host-session") && names.iter().all(|name| name.starts_with("__Host-")), "{names:?}");
    for path in ["/", "/links", "/health", "/assets/app.css", "/root-user/promo", "/root-user/none", "/%zz", "/nowhere"]
    {
        let page = browser.get(path);
        assert_eq!(page.header("strict-transport-security"), Some("max-age=31536000"), "{path}");
    }
    let page = with_host(&appliance, "/", "evil.example");
    assert_eq!((page.status, page.header("strict-transport-security")), (421, Some("max-age=31536000")));
}

#[test]
fn the_setup_address_shown_is_the_public_one() {
    let appliance = Start::empty().env("SERVER_BASE_URL", "https://short.example").run();
    let code = appliance.setup_code();
    assert!(appliance.log().contains(&format!("https://short.example/setup#{code}")), "{}", appliance.log());
}
