//! What is sent on the socket: verbs, odd addresses, bodies that are too large or make no sense, pipelined requests.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::appliance::Start;
use crate::browser::{Browser, FIREFOX, Page, raw};
use crate::connection::Connection;

fn get(address: SocketAddr, target: &str, last: bool) -> String {
    let close = if last { "Connection: close\r\n" } else { "" };
    format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {FIREFOX}\r\n{close}\r\n")
}

/// The status of a request line sent as it is; 0 when the server closes without a word.
fn status_of(address: SocketAddr, line: &[u8]) -> u16 {
    let rest = format!(" HTTP/1.1\r\nHost: {address}\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    let answer = raw(address, &[line, rest.as_bytes()].concat());
    if answer.is_empty() { 0 } else { Page::parse(&answer).status }
}

/// Every address with every verb.
#[test]
fn every_address_answers_to_its_own_verbs_and_names_them() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let (page, form, action) = ("GET, HEAD, OPTIONS", "GET, HEAD, POST, OPTIONS", "POST, OPTIONS");
    let (detail, edit, delete) = (format!("/links/{id}"), format!("/links/{id}/edit"), format!("/links/{id}/delete"));
    for (path, allow) in [
        ("/", page),
        ("/health", page),
        ("/assets/app.css", page),
        ("/favicon.ico", page),
        ("/robots.txt", page),
        ("/.well-known/change-password", page),
        ("/accounts/register", form),
        ("/accounts/login", form),
        ("/accounts/logout", action),
        ("/accounts/theme", action),
        ("/accounts/profile", page),
        ("/accounts/email", action),
        ("/accounts/password", action),
        ("/accounts/reset", form),
        ("/accounts/reset/abc", page),
        ("/links", page),
        ("/links/new", form),
        (detail.as_str(), page),
        (edit.as_str(), form),
        (delete.as_str(), form),
        ("/root-user/promo", "GET, HEAD"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            let answer = admin.send(method, path, &[("X-Secret", "echo-me")], None);
            let offered = allow.split(", ").any(|verb| verb == method);
            match method {
                "OPTIONS" => assert_eq!(answer.status, 204, "{path}"),
                _ if offered => assert!(!matches!(answer.status, 405 | 501), "{method} {path}: {}", answer.status),
                _ => assert_eq!(answer.status, 405, "{method} {path}"),
            }
            if method == "OPTIONS" || !offered {
                assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
                assert!(!answer.body.contains("echo-me"), "{method} {path}");
            }
        }
    }
    // A form without its token did nothing, whichever address took it.
    assert_eq!(admin.get("/root-user/promo").status, 302);
    assert_eq!(admin.get("/links").status, 200);
}

#[test]
fn verbs_are_compared_exactly_and_unknown_ones_are_not_implemented() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    for (method, status) in [
        ("GET", 200),
        ("BREW", 501),
        ("PROPFIND", 501),
        ("GETS", 501),
        ("get", 501),
        ("Get", 501),
        ("post", 501),
        ("M-SEARCH", 501),
    ] {
        assert_eq!(status_of(address, format!("{method} /health").as_bytes()), status, "{method}");
    }
    assert_eq!(status_of(address, b"OPTIONS *"), 204);
    assert_eq!(status_of(address, b"GET *"), 400);
    let connect = format!("CONNECT {address}");
    assert!(matches!(status_of(address, connect.as_bytes()), 400 | 405), "no tunnel");
    // No header or field turns one verb into another.
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let override_header = [("X-HTTP-Method-Override", "DELETE"), ("X-Method-Override", "POST")];
    assert_eq!(admin.send("GET", &format!("/links/{id}/delete?_method=POST"), &override_header, None).status, 200);
    assert_eq!(admin.get("/root-user/promo").status, 302);
}

#[test]
fn head_is_get_without_its_body() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    admin.open("/links");
    for path in [
        "/",
        "/health",
        "/links",
        "/links/new",
        &format!("/links/{id}"),
        &format!("/links/{id}/edit"),
        &format!("/links/{id}/delete"),
        "/accounts/profile",
        "/accounts/login",
        "/accounts/register",
        "/assets/app.css",
        "/robots.txt",
        "/favicon.ico",
        "/nothing/here/at-all",
        "/root-user/nothing",
        "/accounts/logout",
    ] {
        let get = admin.get(path);
        let head = admin.send("HEAD", path, &[], None);
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.bytes.is_empty(), "{path}");
        assert_eq!(head.header("content-length"), Some(get.bytes.len().to_string().as_str()), "{path}");
        let names = |page: &Page| page.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&head), names(&get), "{path}");
    }
    for path in ["/links", "/nothing"] {
        let mut nobody = Browser::of(&appliance);
        assert_eq!(nobody.send("HEAD", path, &[], None).status, nobody.get(path).status, "{path}");
    }
}

#[test]
fn every_answer_names_its_time_and_no_version() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    let long = format!("/{}", "x".repeat(9000));
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/root-user/promo"),
        ("GET", "/nothing"),
        ("GET", "/assets/app.css"),
        ("OPTIONS", "/"),
        ("PUT", "/"),
        ("BREW", "/"),
        ("GET", "/%zz"),
        ("GET", long.as_str()),
        ("POST", "/links/new"),
    ] {
        let answer = admin.send(method, path, &[], None);
        assert!(answer.header("date").is_some_and(|date| date.ends_with(" GMT")), "{method} {path}");
        assert!(matches!(answer.header("server"), None | Some("linkjar")), "{method} {path}");
        assert_eq!(answer.header("x-powered-by"), None);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{method} {path}");
        assert_eq!(answer.header("transfer-encoding"), None, "{method} {path}");
    }
}

/// The longest target passes, one byte more does not.
#[test]
fn addresses_have_their_longest() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    for (bytes, statuses) in [(4_000, [404]), (8_100, [404]), (8_193, [414]), (20_000, [414]), (60_000, [414])] {
        let path = format!("/{}", "x".repeat(bytes - 1));
        let status = status_of(address, format!("GET {path}").as_bytes());
        assert!(statuses.contains(&status), "{bytes}: {status}");
    }
    let pairs = |count: usize| vec!["a=1"; count].join("&");
    assert_eq!(status_of(address, format!("GET /?{}", pairs(50)).as_bytes()), 200);
    assert_eq!(status_of(address, format!("GET /?{}", pairs(51)).as_bytes()), 400);
    assert_eq!(status_of(address, b"GET /health"), 200);
}

/// A path is decoded once, nothing in it is resolved, and what decodes to nothing is refused.
#[test]
fn odd_addresses_are_refused_or_not_found_and_lead_nowhere() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    for (target, status) in [
        ("//evil.example/", 404),
        ("//evil.example", 404),
        ("///evil.example", 404),
        ("/%2e%2e/links", 404),
        ("/links/../links", 404),
        ("/./links", 404),
        ("/links//new", 404),
        ("//links", 404),
        ("/links//", 404),
        ("/LINKS", 404),
        ("/Links/new", 404),
        ("/links;x=1", 404),
        ("/links%2Fnew", 404),
        ("/root-user%2Fpromo", 404),
        ("/root-user/%2e%2e/promo", 404),
        ("/%2561ccounts/login", 404),
        ("/%6cinks", 200),
        ("/links/", 200),
        ("/links?", 200),
        ("/links/new/", 200),
        ("/%00", 400),
        ("/links%00", 400),
        ("/root-user/promo%0d%0aSet-Cookie:x=1", 400),
        ("/%", 400),
        ("/%4", 400),
        ("/%zz", 400),
        ("/%ff", 400),
        ("/%c0%af", 400),
        ("/%ed%a0%80", 400),
        ("/?q=%", 400),
        ("/?q=%ff", 400),
        ("/links#new", 400),
        ("/#", 400),
        ("links", 400),
        ("?q", 400),
        ("ftp://127.0.0.1/", 400),
        ("http:///links", 400),
        ("http://user@127.0.0.1/links", 400),
        ("/\\evil.example", 404),
        ("/%5cevil.example", 404),
        ("/caf%C3%A9", 404),
    ] {
        let answer = admin.get(target);
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.header("location"), None, "{target}");
        assert!(!answer.headers.iter().any(|(_, value)| value.contains("x=1")), "{target}");
    }
    // The host of an absolute address counts instead of the header.
    for (target, host, status) in [
        (format!("http://{}/links", appliance.address), "evil.example", 200),
        ("http://evil.example/links".to_owned(), "127.0.0.1", 421),
    ] {
        assert_eq!(admin.send("GET", &target, &[("Host", host)], None).status, status, "{target}");
    }
}

#[test]
fn bytes_that_no_address_may_have_are_refused() {
    let appliance = Start::with_admin().run();
    let lines = [b"GET /a\x01b".as_slice(), b"GET /\x7f", b"GET /\0"];
    let statuses = lines.map(|line| (line.escape_ascii().to_string(), status_of(appliance.address, line)));
    assert!(statuses.iter().all(|(_, status)| *status == 400), "{statuses:?}");
}

const FORM: &str = "application/x-www-form-urlencoded";

fn post_head(address: SocketAddr, headers: &str) -> String {
    format!("POST /accounts/login HTTP/1.1\r\nHost: {address}\r\nAccept: */*\r\nContent-Type: {FORM}\r\n{headers}\r\n")
}

#[test]
fn a_body_of_the_longest_length_is_read_and_one_byte_more_is_refused() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    for (bytes, status) in [(65_536, 400), (65_537, 413), (200_000, 413), (900_000, 413)] {
        // One value that is too long is refused as such, so 400 means that the body itself was read.
        let body = [b"a=".as_slice(), &vec![b'x'; bytes - 2]].concat();
        let answer = browser.send("POST", "/accounts/login", &[("Content-Type", FORM)], Some(&body));
        assert_eq!(answer.status, status, "{bytes}");
        if status == 413 {
            answer.says("That is too large (limit 64 KB).");
        }
    }
    // Within the bound in all, with values of the longest length each.
    let token = browser.open("/accounts/login").token();
    let long = "x".repeat(8_192);
    let fields = [("csrf_token", token.as_str()), ("username", &long), ("password", &long), ("a", &long), ("b", &long)];
    assert_eq!(browser.post("/accounts/login", &fields).status, 422);
}

/// Known from the head, so answered although the body never comes; and nobody else notices.
#[test]
fn a_promised_gigabyte_is_refused_at_once_and_harms_nobody() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut open = Vec::new();
    for promised in ["10000000000", "10000000000", "2000000", "18446744073709551615", "9223372036854775808"] {
        for _ in 0..12 {
            let mut connection = Connection::open(address);
            connection.send(post_head(address, &format!("Content-Length: {promised}\r\n")).as_bytes());
            assert_eq!(connection.answer(true).status, 413, "{promised}");
            open.push(connection);
        }
        assert_eq!(Browser::of(&appliance).get("/health").status, 200, "{promised}");
    }
    drop(open);
    let status = std::fs::read_to_string(format!("/proc/{}/status", appliance.pid())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident_kib: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(resident_kib < 200_000, "{resident_kib} KiB in memory");
}

#[test]
fn an_endless_chunked_body_is_refused_and_nothing_of_it_is_a_request() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut connection = Connection::open(address);
    connection.send(post_head(address, "Transfer-Encoding: chunked\r\n").as_bytes());
    let inside = format!("{:0>8}", format!("DELETE /smuggled HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    let chunk = format!("1000\r\n{:x<4096}\r\n", inside);
    for _ in 0..17 {
        connection.send(chunk.as_bytes());
    }
    assert_eq!(connection.answer(true).status, 413);
    connection.send(b"0\r\n\r\n");
    connection.send(get(address, "/health", true).as_bytes());
    connection.stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut rest = Vec::new();
    let _ = connection.stream.read_to_end(&mut rest);
    let rest = String::from_utf8_lossy(&rest).into_owned();
    assert!(!rest.contains("405") && !rest.contains("404"), "an answer to what was inside the body: {rest}");
    let mut visitor = Browser::of(&appliance);
    for _ in 0..20 {
        assert_eq!(visitor.get("/health").status, 200);
    }
}

#[test]
fn a_chunked_form_is_a_form() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let token = admin.open("/links/new").token();
    let body = format!("csrf_token={token}&target_url=https%3A%2F%2Fexample.com%2F&slug=chunked&enabled=1");
    let (first, second) = body.split_at(50);
    let chunked = format!("{:x}\r\n{first}\r\n{:X};ext=1\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let request = format!(
        "POST /links/new HTTP/1.1\r\nHost: {}\r\nCookie: session={}\r\nContent-Type: {FORM}\r\n\
         tRaNsFeR-eNcOdInG: Chunked\r\nConnection: close\r\n\r\n{chunked}",
        appliance.address, admin.cookies["session"]
    );
    assert_eq!(Page::parse(&raw(appliance.address, request.as_bytes())).status, 303);
    assert_eq!(admin.get("/root-user/chunked").status, 302);
}

#[test]
fn only_forms_are_forms() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let token = admin.open("/links/new").token();
    let body = format!("csrf_token={token}&target_url=example.com&slug=made&enabled=1");
    for kind in [
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded-not",
        "application/octet-stream",
        "",
    ] {
        let answer = admin.send("POST", "/links/new", &[("Content-Type", kind)], Some(body.as_bytes()));
        assert_eq!(answer.status, 415, "{kind:?}");
    }
    let coded = [("Content-Type", FORM), ("Content-Encoding", "gzip")];
    assert_eq!(admin.send("POST", "/links/new", &coded, Some(body.as_bytes())).status, 415);
    let twice = [("Content-Type", FORM), ("content-type", "text/plain")];
    assert_eq!(admin.send("POST", "/links/new", &twice, Some(body.as_bytes())).status, 415);
    let own = format!("csrf_token={token}&target_url=example.com&slug=made&enabled=1");
    let many = |count: usize| (0..count).map(|number| format!("&f{number}=1")).collect::<String>();
    let too_long = format!("&title={}", "x".repeat(16_385));
    for (extra, status) in [
        ("&slug=other".to_owned(), 400),
        ("&csrf_token=x".to_owned(), 400),
        ("&%73lug=other".to_owned(), 400),
        ("&title=%ff".to_owned(), 400),
        ("&title=%".to_owned(), 400),
        ("&title=%zz".to_owned(), 400),
        ("&title=%ed%a0%80".to_owned(), 400),
        (too_long, 400),
        (many(97), 400),
    ] {
        let answer =
            admin.send("POST", "/links/new", &[("Content-Type", FORM)], Some((own.clone() + &extra).as_bytes()));
        assert_eq!(answer.status, status, "{}", &extra[..extra.len().min(30)]);
    }
    let not_text = [own.as_bytes(), b"&title=\xff\xfe"].concat();
    assert_eq!(admin.send("POST", "/links/new", &[("Content-Type", FORM)], Some(&not_text)).status, 400);
    assert_eq!(admin.get("/root-user/made").status, 404, "nothing of this was done");
    let most = [("Content-Type", "Application/X-WWW-Form-URLencoded; charset=UTF-8")];
    assert_eq!(admin.send("POST", "/links/new", &most, Some((own + &many(96)).as_bytes())).status, 303);
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut admin = Browser::admin(&appliance);
    for number in 0..30 {
        admin.make_link(&format!("https://example.com/{number}"), &format!("p{number}"));
    }
    for _ in 0..5 {
        let mut connection = Connection::open(address);
        let mut all = String::new();
        for number in 0..30 {
            all += &get(address, &format!("/root-user/p{number}"), false);
            all += &get(address, &format!("/root-user/p{number}"), false).replacen("GET", "HEAD", 1);
        }
        all += &get(address, "/health", true);
        connection.send(all.as_bytes());
        for number in 0..30 {
            let target = format!("https://example.com/{number}");
            assert_eq!(connection.answer(true).header("location"), Some(target.as_str()));
            assert_eq!(connection.answer(false).header("location"), Some(target.as_str()));
        }
        assert!(connection.answer(true).body.contains("healthy"));
        let mut rest = Vec::new();
        let _ = connection.stream.read_to_end(&mut rest);
        assert!(rest.is_empty(), "nothing follows the last answer");
    }
}

/// What looks like a request inside a body is a body.
#[test]
fn a_request_inside_a_body_is_no_request() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let inside = get(address, "/robots.txt", true);
    let mut connection = Connection::open(address);
    connection.send(post_head(address, &format!("Content-Length: {}\r\n", inside.len())).as_bytes());
    connection.send(inside.as_bytes());
    connection.send(get(address, "/health", true).as_bytes());
    assert!(matches!(connection.answer(true).status, 400 | 403));
    assert!(connection.answer(true).body.contains("healthy"));
}

#[test]
fn a_body_on_a_get_is_dropped() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut connection = Connection::open(address);
    let head = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nContent-Length: 5\r\n\r\nhello");
    connection.send(head.as_bytes());
    connection.send(get(address, "/robots.txt", true).as_bytes());
    assert!(connection.answer(true).body.contains("healthy"));
    assert!(connection.answer(true).body.contains("User-agent"));
}

#[test]
fn a_host_must_be_named_once_and_be_a_name() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let long = "a".repeat(300);
    for (hosts, status) in [
        (vec![], 400),
        (vec![""], 400),
        (vec!["a/b"], 400),
        (vec!["user@nas"], 400),
        (vec!["a b"], 400),
        (vec!["nas:99999"], 400),
        (vec!["nas:x"], 400),
        (vec!["[::1"], 400),
        (vec!["nas,nas"], 400),
        (vec![long.as_str()], 400),
        (vec!["nas", "nas"], 400),
        (vec!["nas"], 200),
        (vec!["NAS:8000"], 200),
        (vec!["[::1]:8000"], 200),
        (vec!["evil.example"], 421),
    ] {
        let lines: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
        let request = format!("GET /robots.txt HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
        assert_eq!(Page::parse(&raw(address, request.as_bytes())).status, status, "{hosts:?}");
    }
    let old = raw(address, b"GET /robots.txt HTTP/1.0\r\n\r\n");
    assert_eq!(Page::parse(&old).status, 200, "HTTP/1.0 may leave it out");
}

/// What a client writes badly costs nobody else anything.
#[test]
fn after_every_kind_of_nonsense_others_are_served() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut visitor = Browser::of(&appliance);
    for bytes in [
        b"".as_slice(),
        b"\r\n\r\n\r\n\r\n",
        b"\0\0\0\0\0\0\0\0",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: nas\r\nX: \xff\xfe\r\n\r\n",
        b"POST /accounts/login HTTP/1.1\r\nHost: nas\r\nContent-Length: -1\r\n\r\n",
        b"POST /accounts/login HTTP/1.1\r\nHost: nas\r\nContent-Length: 5\r\n\r\nab",
        b"POST /accounts/login HTTP/1.1\r\nHost: nas\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: nas\r\nExpect: 100-continue\r\n",
    ] {
        for _ in 0..3 {
            let mut stream = TcpStream::connect(address).unwrap();
            let _ = stream.write_all(bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            assert_eq!(visitor.get("/health").status, 200, "{}", bytes.escape_ascii());
        }
    }
    std::thread::scope(|scope| {
        for _ in 0..10 {
            let mut visitor = visitor.clone();
            scope.spawn(move || assert_eq!(visitor.get("/").status, 200));
        }
    });
}

/// After the refusal the connection ends, so that refused clients cannot use up what a server has of them.
#[test]
fn a_refused_connection_is_closed_soon() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut connection = Connection::open(address);
    connection.send(post_head(address, "Content-Length: 10000000000\r\n").as_bytes());
    assert_eq!(connection.answer(true).status, 413);
    connection.stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let mut buffer = [0; 16];
    match connection.stream.read(&mut buffer) {
        Ok(0) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        other => panic!("still open: {other:?}"),
    }
}

/// Somebody who takes their time takes nobody else's.
#[test]
fn slow_forms_hold_nobody_else_up() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    for count in [2, 4, 6, 9] {
        let slow: Vec<Connection> = (0..count)
            .map(|_| {
                let mut connection = Connection::open(address);
                connection.send(post_head(address, "Content-Length: 4000\r\n").as_bytes());
                connection.send(&[b'x'; 3000]);
                connection
            })
            .collect();
        for _ in 0..5 {
            let mut visitor = Connection::open(address);
            visitor.stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            visitor.send(get(address, "/health", true).as_bytes());
            let answered = visitor.stream.read(&mut [0; 12]).is_ok_and(|bytes| bytes > 0);
            assert!(answered, "no answer beside {count} slow forms");
        }
        drop(slow);
    }
}

/// Browsers open half a dozen connections at once and keep them.
#[test]
fn open_connections_hold_nobody_else_up() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    for _ in 0..5 {
        let mut kept: Vec<Connection> = (0..12).map(|_| Connection::open(address)).collect();
        for connection in &mut kept {
            connection.send(get(address, "/health", false).as_bytes());
        }
        for (number, connection) in kept.iter_mut().enumerate() {
            connection.stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let answered = connection.stream.read(&mut [0; 12]).is_ok_and(|bytes| bytes > 0);
            assert!(answered, "no answer on connection {number} of 12 that stay open");
        }
    }
}
