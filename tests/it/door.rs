//! The door under doubtful, oversized and slow clients: each gets what it is due, all others get their answers, and
//! nothing behind a refusal is ever done.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::browser::{Browser, Page, encode, raw};
use crate::connection::{Connection, get};
use crate::mutate::Numbers;

const LINE: &str = "POST /links/new HTTP/1.1\r\n";

/// A form that makes a link when it gets through: everything is right but for what a row changes.
struct Form {
    host: String,
    cookie: String,
    token: String,
}

impl Form {
    fn of(admin: &mut Browser) -> Form {
        let address = admin.address;
        let token = admin.open("/links/new").token();
        let cookie = format!("Cookie: session={}\r\n", admin.cookies["session"]);
        Form { host: format!("Host: {address}\r\n"), cookie, token }
    }

    fn body(&self, slug: &str) -> String {
        format!("csrf_token={}&target_url=example.com&slug={slug}&enabled=1", self.token)
    }

    fn chunked(&self, slug: &str) -> String {
        let body = self.body(slug);
        format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    }

    /// A request with this request line, these hosts and further lines, `{n}` in them standing for the body's length.
    fn request(&self, line: &str, host: &str, lines: &str, body: &str) -> Vec<u8> {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let lines = lines.replace("{n}", &body.len().to_string());
        latin1(&format!("{line}{host}{}{kind}{lines}\r\n{body}", self.cookie))
    }

    /// One that is right in every way.
    fn right(&self, slug: &str) -> Vec<u8> {
        self.request(LINE, &self.host, "Content-Length: {n}\r\n", &self.body(slug))
    }
}

/// Each character as one byte, so that rows can hold any.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// One answer of this status, the word that it is the last, and the end.
fn check_refused(connection: &mut Connection, what: &str, status: u16) {
    let answer = connection.answer(true);
    assert_eq!(answer.status, status, "{what:?}");
    assert_eq!(answer.header("connection"), Some("close"), "{what:?}");
    assert_eq!(connection.rest(), "", "{what:?}: something was answered behind the refusal");
}

/// Lines of framing and fields, with the body they speak of: `chunk` in a line stands for a chunked one.
const LINES: &[(&str, u16)] = &[
    ("Content-Length: {n}\r\nTransfer-Encoding: chunked\r\n", 400),
    ("Transfer-Encoding: chunked\r\nContent-Length: {n}\r\n", 400),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
    ("Transfer-Encoding: chunked, chunked\r\n", 400),
    ("Transfer-Encoding: chunked, gzip\r\n", 400),
    ("Transfer-Encoding: gzip, chunked\r\n", 501),
    ("Transfer-Encoding: identity\r\n", 501),
    ("Transfer-Encoding: xchunked\r\n", 501),
    ("Transfer-Encoding : chunked\r\n", 400),
    ("Content-Length : {n}\r\n", 400),
    ("X-Any : 1\r\nContent-Length: {n}\r\n", 400),
    ("Transfer-Encoding:\x0bchunked\r\n", 400),
    ("Transfer-Encoding:\0chunked\r\n", 400),
    ("Transfer-Encoding: \"chunked\"\r\n", 400),
    ("Content-Length: {n}\r\nContent-Length: 6\r\n", 400),
    ("Content-Length: {n}\r\nContent-Length: {n}\r\n", 400),
    ("Content-Length: {n}, {n}\r\n", 400),
    ("Content-Length: +{n}\r\n", 400),
    ("Content-Length: -{n}\r\n", 400),
    ("Content-Length: 0x5\r\n", 400),
    ("Content-Length: 5 5\r\n", 400),
    ("Content-Length: 5_0\r\n", 400),
    ("Content-Length: {n}.0\r\n", 400),
    ("Content-Length:\r\n", 400),
    ("Content-Length: \u{d9}\u{a5}\r\n", 400),
    ("Content-Length: 18446744073709551616\r\n", 400),
    ("Content-Length: 18446744073709551615\r\n", 413),
    ("Content-Length: {n}\r\nX-Any: y\r\n z\r\n", 400),
    ("Content-Length: {n}\r\nX-Any: y\r\n\tTransfer-Encoding: chunked\r\n", 400),
    ("Content-Length: {n}\r\nX-Any: a\rb\r\n", 400),
    ("Content-Length: {n}\r\nX\rAny: a\r\n", 400),
    ("Content-Length: {n}\r\nX-Any: a\0b\r\n", 400),
    ("Content-Length: {n}\r\nX\0Any: a\r\n", 400),
    ("Content-Length: {n}\r\nX-Any: a\x01b\r\n", 400),
    ("Content-Length: {n}\r\nX\x01Any: a\r\n", 400),
    ("Content-Length: {n}\r\nnonsense\r\n", 400),
    ("Content-Length: {n}\r\n: a\r\n", 400),
    ("Content-Length: {n}\r\nX Any: a\r\n", 400),
    ("Content-Length: {n}\r\nX(Any: a\r\n", 400),
    ("Content-Length: {n}\r\nX\u{e9}: a\r\n", 400),
    ("Content-Length: {n}\n", 400),
    ("Content-Length: {n}\r\nX-Any: a\n", 400),
    ("Content-Length: {n}\r\n\n", 400),
    ("Content-Length: {n}\r\nExpect: 200-ok\r\n", 417),
];

/// Request lines, and what may stand before one.
const REQUEST_LINES: &[(&str, u16)] = &[
    ("POST  /links/new HTTP/1.1\r\n", 400),
    ("POST /links/new  HTTP/1.1\r\n", 400),
    ("POST\t/links/new HTTP/1.1\r\n", 400),
    ("POST /links/new HTTP/1.1 \r\n", 400),
    (" POST /links/new HTTP/1.1\r\n", 400),
    ("POST /links/new\r\n", 400),
    ("POST /links/new http/1.1\r\n", 400),
    ("POST /links/new HTTP/1.1\n", 400),
    ("POST /links/new HTTP/1.1\r", 400),
    ("POST /links/new\0 HTTP/1.1\r\n", 400),
    ("POST /links/new#x HTTP/1.1\r\n", 400),
    ("POST links/new HTTP/1.1\r\n", 400),
    ("POST /links/new HTTP/1.1\r\n X-Any: folded\r\n", 400),
    ("POST /links/new HTTP/2.0\r\n", 505),
    ("POST /links/new HTTP/9.9\r\n", 505),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nPOST /links/new HTTP/1.1\r\n", 400),
    ("\nPOST /links/new HTTP/1.1\r\n", 400),
    ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03", 400),
    ("post /links/new HTTP/1.1\r\n", 501),
];

/// Chunked bodies that are not what they should be.
const CHUNKS: &[(&str, u16)] = &[
    ("FFFFFFFFFFFFFFFFF\r\n", 400),
    ("-1\r\n", 400),
    ("0x5\r\nhello\r\n0\r\n\r\n", 400),
    (" 5\r\nhello\r\n0\r\n\r\n", 400),
    ("\r\nhello\r\n0\r\n\r\n", 400),
    ("5\r\nhello0\r\n\r\n", 400),
    ("5\r\nhello!\r\n0\r\n\r\n", 400),
    ("5\nhello\r\n0\r\n\r\n", 400),
    ("5\r\nhello\n0\r\n\r\n", 400),
    ("0\n\r\n", 400),
    ("0\r\nnonsense\r\n\r\n", 400),
    ("0\r\nX : y\r\n\r\n", 400),
    ("10001\r\n", 413),
    ("FFFFFFFFFFFFFFFF\r\n", 413),
];

#[test]
fn what_leaves_room_for_doubt_is_refused_and_neither_it_nor_what_follows_is_done() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let form = Form::of(&mut admin);
    let (length, long) = ("Content-Length: {n}\r\n", format!("Host: {}\r\n", "a".repeat(300)));
    let twice = form.host.repeat(2);
    let mut hosts = vec!["", "Host:\r\n", twice.as_str(), long.as_str()];
    hosts.extend(["Host: a/b\r\n", "Host: u@h\r\n", "Host: a b\r\n", "Host: h:99999\r\n", "Host: h:x\r\n"]);
    hosts.extend(["Host: [::1\r\n", "Host: h,h\r\n", "Host : h\r\n"]);

    let mut rows: Vec<(Vec<u8>, u16)> = Vec::new();
    for (lines, status) in LINES {
        let body = if lines.contains("chunk") { form.chunked("made") } else { form.body("made") };
        rows.push((form.request(LINE, &form.host, lines, &body), *status));
    }
    for (line, status) in REQUEST_LINES {
        rows.push((form.request(line, &form.host, length, &form.body("made")), *status));
    }
    for host in hosts {
        rows.push((form.request(LINE, host, length, &form.body("made")), 400));
    }
    let coding = "Transfer-Encoding: chunked\r\n";
    rows.push((form.request("POST /links/new HTTP/1.0\r\n", &form.host, coding, &form.chunked("made")), 400));
    let extended = format!("5;{}", "a".repeat(10_240));
    for (body, status) in CHUNKS.iter().chain(&[(extended.as_str(), 400)]) {
        rows.push((form.request(LINE, &form.host, coding, body), *status));
    }
    for (bytes, status) in rows {
        let mut connection = Connection::open(appliance.address);
        connection.send(&[bytes.as_slice(), &form.right("behind")].concat());
        check_refused(&mut connection, &bytes.escape_ascii().to_string(), status);
    }
    for slug in ["made", "behind"] {
        assert_eq!(admin.get(&format!("/{ADMIN}/{slug}")).status, 404, "{slug}");
    }
    // The form itself was right all the time.
    let mut connection = Connection::open(appliance.address);
    connection.send(&[form.right("made"), form.right("behind")].concat());
    assert_eq!([connection.answer(true).status, connection.answer(true).status], [303, 303]);
}

#[test]
fn a_body_that_is_cut_off_is_not_done() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let form = Form::of(&mut admin);
    let (body, chunked) = (form.body("made"), form.chunked("made"));
    for (lines, body) in [
        (format!("Content-Length: {}\r\n", body.len() + 1), body.as_str()),
        (format!("Content-Length: {}\r\n", body.len()), ""),
        ("Transfer-Encoding: chunked\r\n".to_owned(), chunked.strip_suffix("0\r\n\r\n").unwrap()),
        ("Transfer-Encoding: chunked\r\n".to_owned(), chunked.strip_suffix("\r\n").unwrap()),
        ("Transfer-Encoding: chunked\r\n".to_owned(), &chunked[..20]),
    ] {
        let mut connection = Connection::open(appliance.address);
        connection.send(&form.request(LINE, &form.host, &lines, body));
        connection.finish();
        check_refused(&mut connection, body, 400);
    }
    assert_eq!(admin.get(&format!("/{ADMIN}/made")).status, 404);
}

#[test]
fn what_is_unusual_but_clear_is_done_once() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let form = Form::of(&mut admin);
    let trailers = |names: &str| form.chunked("trailers").replace("0\r\n\r\n", &format!("0\r\n{names}\r\n"));
    let trailing = trailers("Host: evil.example\r\nContent-Length: 9\r\nAuthorization: x\r\nCookie: session=x\r\n");
    let inside = format!("{}&title=GET%20/&x=\r\n\r\n", form.body("inside"));
    let blank = format!("\r\n{LINE}");
    let absolute = format!("POST http://{}/links/new HTTP/1.1\r\n", appliance.address);
    let length = "Content-Length: {n}\r\n";
    for (slug, line, lines, body) in [
        ("case", LINE, "tRaNsFeR-eNcOdInG:\t CHUNKED \r\n", form.chunked("case")),
        ("trailers", LINE, "Transfer-Encoding: chunked\r\n", trailing),
        ("blank", blank.as_str(), length, form.body("blank")),
        ("inside", LINE, length, inside),
        ("absolute", absolute.as_str(), length, form.body("absolute")),
        ("old", "POST /links/new HTTP/1.0\r\nConnection: keep-alive\r\n", length, form.body("old")),
        (
            "upgrade",
            LINE,
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: {n}\r\n",
            form.body("upgrade"),
        ),
    ] {
        let mut connection = Connection::open(appliance.address);
        connection.send(&form.request(line, &form.host, lines, &body));
        connection.send(get(appliance.address, "/health", "Connection: close\r\n").as_bytes());
        assert_eq!(connection.answer(true).status, 303, "{slug}");
        assert!(connection.answer(true).body.contains("healthy"), "{slug}");
        assert_eq!(connection.rest(), "", "{slug}");
        assert_eq!(admin.get(&format!("/{ADMIN}/{slug}")).status, 302, "{slug}");
    }
}

/// At its edge everything passes and the next request is answered; one past it nothing behind is.
#[test]
fn every_bound_is_met_at_its_edge() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let line = |bytes: usize| get(address, &format!("/{}", "x".repeat(bytes - "GET / HTTP/1.1".len())), "");
    let with = |lines: &str| get(address, "/health", lines);
    let field = |bytes: usize| with(&format!("X-Any: {}\r\n", "x".repeat(bytes - "X-Any: ".len())));
    let own = with("").lines().skip(1).map(|line| line.len() + 2).sum::<usize>() - 2;
    let half = format!("X: {}\r\n", "x".repeat(8_100));
    let fields =
        |bytes: usize| with(&format!("{half}Y: {}\r\n", "y".repeat(bytes - own - half.len() - "Y: \r\n".len())));
    let count = |count: usize| with(&"X:y\r\n".repeat(count - 2));
    let body = |bytes: usize| with(&format!("Content-Length: {bytes}\r\n")) + &"x".repeat(bytes);
    let coded = |chunks: &str| with("Transfer-Encoding: chunked\r\n") + chunks;
    let chunk = |bytes: usize| format!("{bytes:x}\r\n{}\r\n", "x".repeat(bytes));
    let extension = |bytes: usize| coded(&format!("1;{}\r\nx\r\n0\r\n\r\n", "x".repeat(bytes - 1)));
    let trailer = |bytes: usize| coded(&format!("0\r\nX: {}\r\n\r\n", "x".repeat(bytes - "X: \r\n".len())));
    for (what, within, status, past, refused) in [
        ("request line", line(8_192), 404, line(8_193), 414),
        ("field line", field(8_192), 200, field(8_193), 431),
        ("fields", fields(16_384), 200, fields(16_385), 431),
        ("count of fields", count(100), 200, count(101), 431),
        ("body", body(65_536), 200, body(65_537), 413),
        ("one chunk", coded(&(chunk(65_536) + "0\r\n\r\n")), 200, coded(&(chunk(65_537) + "0\r\n\r\n")), 413),
        (
            "chunks",
            coded(&(chunk(32_768).repeat(2) + "0\r\n\r\n")),
            200,
            coded(&(chunk(32_768).repeat(2) + "1\r\n")),
            413,
        ),
        ("chunk extension", extension(256), 200, extension(257), 400),
        ("trailers", trailer(4_096), 200, trailer(4_097), 400),
    ] {
        let behind = get(address, "/robots.txt", "Connection: close\r\n");
        let mut connection = Connection::open(address);
        connection.send((within + &behind).as_bytes());
        assert_eq!(connection.answer(true).status, status, "{what}");
        assert!(connection.answer(true).body.contains("User-agent"), "{what}");
        let mut connection = Connection::open(address);
        connection.send((past + &behind).as_bytes());
        check_refused(&mut connection, what, refused);
    }
}

#[test]
fn a_client_is_told_to_continue_only_where_its_body_will_be_read() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let head = |version: &str, lines: &str| {
        format!("POST /accounts/theme HTTP/{version}\r\nHost: {address}\r\nConnection: close\r\n{lines}\r\n")
    };
    let expect = "Expect: 100-continue\r\n";
    for (lines, body) in
        [("Content-Length: 5\r\n", "hello"), ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")]
    {
        let mut connection = Connection::open(address);
        connection.send(head("1.1", &format!("{expect}{lines}")).as_bytes());
        assert_eq!(connection.answer(true).status, 100, "{lines}");
        connection.send(body.as_bytes());
        assert_ne!(connection.answer(true).status, 100, "{lines}");
        assert_eq!(connection.rest(), "", "{lines}");
    }
    for (version, lines, body, status) in [
        ("1.1", "Expect: 100-continue\r\nContent-Length: 65537\r\n", "", Some(413)),
        ("1.1", "Expect: 100-continue\r\nContent-Length: 0\r\n", "", None),
        ("1.1", "Expect: 100-continue\r\n", "", None),
        ("1.1", "Expect: everything\r\nContent-Length: 5\r\n", "", Some(417)),
        ("1.0", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello", None),
    ] {
        let mut connection = Connection::open(address);
        connection.send((head(version, lines) + body).as_bytes());
        let answer = connection.answer(true);
        assert!(
            answer.status >= 400 && status.is_none_or(|status| answer.status == status),
            "{lines}: {}",
            answer.status
        );
        assert_eq!(connection.rest(), "", "{lines}");
    }
}

#[test]
fn a_connection_lives_as_long_as_its_client_asks() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    for (version, line, stays, word) in [
        ("1.1", "", true, None),
        ("1.1", "Connection: close\r\n", false, Some("close")),
        ("1.1", "Connection: keep-alive, Close\r\n", false, Some("close")),
        ("1.0", "", false, Some("close")),
        ("1.0", "Connection: Keep-Alive\r\n", true, Some("keep-alive")),
        ("1.0", "Connection: keep-alive, close\r\n", false, Some("close")),
    ] {
        let request = format!("GET /health HTTP/{version}\r\nHost: {address}\r\n{line}\r\n");
        let mut connection = Connection::open(address);
        connection.send(request.as_bytes());
        let answer = connection.answer(true);
        assert_eq!((answer.status, answer.header("connection")), (200, word), "{version} {line}");
        if stays {
            connection.send(request.as_bytes());
            assert_eq!(connection.answer(true).status, 200, "{version} {line}");
        } else {
            assert_eq!(connection.rest(), "", "{version} {line}");
        }
    }
}

#[test]
fn a_client_that_has_said_all_still_gets_its_answers() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    for count in [1, 3] {
        let mut connection = Connection::open(address);
        connection.send(get(address, "/health", "").repeat(count).as_bytes());
        connection.finish();
        for _ in 0..count {
            assert!(connection.answer(true).body.contains("healthy"));
        }
        assert_eq!(connection.rest(), "");
    }
    // Half a request is none.
    let mut connection = Connection::open(address);
    connection.send(b"GET /health HTTP/1.1\r\nHost: na");
    connection.finish();
    assert_eq!(connection.rest(), "");
}

/// After HEAD nothing but the head belongs to the answer, whoever gives it.
#[test]
fn a_refused_head_request_gets_no_body() {
    let appliance = Start::with_admin().run();
    let mut connection = Connection::open(appliance.address);
    let request = get(appliance.address, "/health", "Content-Length: 70000\r\n").replacen("GET", "HEAD", 1);
    connection.send(request.as_bytes());
    assert_eq!(connection.answer(false).status, 413);
    assert_eq!(connection.rest(), "");
}

#[test]
fn nobody_can_say_who_they_are_but_by_where_they_come_from() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let mut visitor = Browser::of(&appliance);
    let zeros = format!("{} 203.0.113.9", "0".repeat(32));
    for (name, value) in [
        ("X-Door", "203.0.113.9"),
        ("x-door", zeros.as_str()),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Real-IP", "203.0.113.9"),
        ("Forwarded", "for=203.0.113.9;proto=https;host=evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("Connection", "x-door, host"),
    ] {
        assert_eq!(visitor.send("GET", &format!("/{ADMIN}/promo"), &[(name, value)], None).status, 302, "{name}");
    }
    let page = admin.open(&format!("/links/{id}"));
    let recent = &page.body[page.body.find("id=\"recent\"").unwrap()..];
    let rows = &recent[recent.find("<tbody>").unwrap()..recent.find("</tbody>").unwrap()];
    assert_eq!((rows.matches("<tr").count(), rows.matches("127.0.0.0").count()), (7, 7), "{rows}");
    assert!(!page.body.contains("203.0.113") && !page.body.contains("evil.example"));
}

/// Another process of the same user may reach the pool's socket; it is nobody there.
#[test]
fn the_pool_answers_to_the_door_alone() {
    let appliance = Start::with_admin().run();
    let folder = appliance.data().join(".door");
    for (path, mode) in [(folder.clone(), 0o700), (folder.join("pool-0"), 0o600)] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
    let zeros = "0".repeat(32);
    for lines in [
        String::new(),
        "X-Door:\r\n".to_owned(),
        "X-Door: 127.0.0.1\r\n".to_owned(),
        "X-Door:  127.0.0.1\r\n".to_owned(),
        format!("X-Door: {zeros} 127.0.0.1 secure\r\n"),
        format!("X-Door: {zeros} 127.0.0.1\r\nX-Door: {zeros} 127.0.0.1\r\n"),
    ] {
        let mut stream = UnixStream::connect(folder.join("pool-0")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
            .write_all(get(appliance.address, "/health", &format!("{lines}Connection: close\r\n")).as_bytes())
            .unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(Page::parse(&answer).status, 403, "{lines}");
    }
    assert_eq!(Browser::of(&appliance).get("/health").status, 200);
}

#[test]
fn how_bytes_were_cut_on_the_way_changes_no_answer() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    Browser::admin(&appliance).make_link("https://example.com/", "promo");
    let chunked = "POST /accounts/theme HTTP/1.1\r\nHost: nas\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\na=b\r\n0\r\nX: y\r\n\r\n";
    let refused = "POST / HTTP/1.1\r\nHost: nas\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n";
    for bytes in [
        format!("GET /{ADMIN}/promo HTTP/1.1\r\nHost: nas\r\n\r\nHEAD /health HTTP/1.0\r\n\r\n"),
        format!("\r\n{chunked}GET /robots.txt HTTP/1.1\r\nHost: nas\r\nConnection: close\r\n\r\n"),
        format!("GET /health HTTP/1.1\r\nHost: nas\r\n\r\n{refused}GET /robots.txt HTTP/1.1\r\nHost: nas\r\n\r\n"),
    ] {
        let timeless = |answer: &str| -> String { answer.lines().filter(|line| !line.starts_with("Date: ")).collect() };
        let whole = timeless(&String::from_utf8(raw(address, bytes.as_bytes())).unwrap());
        assert!(whole.matches("HTTP/1.1 ").count() >= 2, "{whole}");
        for cut in 1..bytes.len() {
            let mut connection = Connection::open(address);
            connection.send(&bytes.as_bytes()[..cut]);
            connection.send(&bytes.as_bytes()[cut..]);
            assert_eq!(timeless(&connection.rest()), whole, "cut at {cut}");
        }
    }
}

#[test]
fn a_half_sent_request_does_not_delay_a_stop() {
    let mut appliance = Start::with_admin().run();
    let mut half = Connection::open(appliance.address);
    half.send(b"GET /health HTTP/1.1\r\n");
    assert_eq!(Browser::of(&appliance).get("/health").status, 200);
    let start = Instant::now();
    appliance.signal(Signal::TERM);
    assert_eq!(appliance.wait().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// Half a minute would be too long to wait for in a test, so that all who are slow are slow together.
#[test]
fn whoever_sends_a_byte_a_second_is_told_after_ten() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let body = |length: usize| {
        let line = format!("Content-Length: {length}\r\n");
        get(address, "/accounts/theme", &line).replacen("GET", "POST", 1).into_bytes()
    };
    let chunked = get(address, "/", "Transfer-Encoding: chunked\r\n").into_bytes();
    // What comes at once, what comes by the second, and what comes of it: the last has paid for its time.
    let bytes = 30 << 10;
    let rows = [
        (Vec::new(), get(address, "/health", "").into_bytes(), Some(408)),
        (body(bytes), vec![b'x'; bytes], Some(408)),
        (chunked, b"FFF\r\n".repeat(10), Some(408)),
        ([body(bytes), vec![b'x'; 20 << 10]].concat(), vec![b'x'; 10 << 10], None),
    ];
    let mut clients: Vec<(Connection, usize)> = rows.iter().map(|_| (Connection::open(address), 0)).collect();
    rows.iter().zip(&mut clients).for_each(|(row, (connection, _))| connection.send(&row.0));
    let is_told = |connection: &Connection| {
        connection.stream.set_nonblocking(true).unwrap();
        let told = connection.stream.peek(&mut [0]).is_ok();
        connection.stream.set_nonblocking(false).unwrap();
        told
    };
    let start = Instant::now();
    while !rows.iter().zip(&clients).all(|(row, (connection, _))| row.2.is_none() || is_told(connection)) {
        assert!(start.elapsed() < Duration::from_secs(25), "somebody goes on for ever");
        for (row, (connection, sent)) in rows.iter().zip(&mut clients) {
            if is_told(connection) {
                assert!(row.2.is_some() && start.elapsed() > Duration::from_millis(9_500), "{:?}", start.elapsed());
            } else {
                connection.send(&row.1[*sent..=*sent]);
                *sent += 1;
            }
        }
        thread::sleep(Duration::from_secs(1));
    }
    for (row, (connection, sent)) in rows.iter().zip(&mut clients) {
        match row.2 {
            Some(status) => check_refused(connection, "slow", status),
            None => {
                assert!(!is_told(connection), "its time is not over");
                connection.send(&row.1[*sent..]);
                assert_ne!(connection.answer(true).status, 408);
            }
        }
    }
}

#[test]
fn after_random_bytes_every_worker_still_answers() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let body = "0\r\n\r\n";
    let good = get(address, "/health", "Transfer-Encoding: chunked\r\nCookie: a=b; session=c\r\n") + body;
    let mut numbers = Numbers(1);
    for round in 0..2_000 {
        let bytes: Vec<u8> = if round % 2 == 0 {
            (0..numbers.below(300)).map(|_| numbers.byte()).collect()
        } else {
            let mut bytes = good.clone().into_bytes();
            for _ in 0..=numbers.below(3) {
                let at = numbers.below(bytes.len());
                bytes[at] = if numbers.below(2) == 0 { numbers.byte() } else { b"\r\n :;"[numbers.below(5)] };
            }
            bytes
        };
        let mut connection = Connection::open(address);
        connection.send(&bytes);
        connection.finish();
        let rest = connection.rest();
        assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 "), "round {round}: {rest}");
    }
    let mut all: Vec<Connection> = (0..40).map(|_| Connection::open(address)).collect();
    all.iter_mut().for_each(|connection| connection.send(get(address, "/accounts/login", "").as_bytes()));
    assert!(all.iter_mut().all(|connection| connection.answer(true).status == 200));
    let log = appliance.log();
    assert!(!log.contains("closed its lane") && !log.contains("panic"), "{log}");
}

/// Logins take long enough to be under way when the signal comes.
fn logins(appliance: &Appliance, count: usize) -> Vec<Connection> {
    let send = |_| {
        let mut browser = Browser::of(appliance);
        let token = browser.open("/accounts/login").token();
        let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = format!("csrf_token={token}&username={ADMIN}&password={}", encode(PASSWORD));
        let mut connection = Connection::open(appliance.address);
        connection.send(
            format!(
                "POST /accounts/login HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nContent-Length: {}\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
                appliance.address,
                cookies.join("; "),
                body.len()
            )
            .as_bytes(),
        );
        connection
    };
    (0..count).map(send).collect()
}

#[test]
fn a_stop_answers_what_was_asked_and_closes_the_rest() {
    let mut appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut idle: Vec<Connection> = (0..20).map(|_| Connection::open(address)).collect();
    for connection in &mut idle[10..] {
        connection.send(get(address, "/health", "").as_bytes());
        assert_eq!(connection.answer(true).status, 200);
    }
    let mut under_way = logins(&appliance, 3);
    // What is answered now was read after the logins.
    assert_eq!(Browser::of(&appliance).get("/health").status, 200);
    let start = Instant::now();
    appliance.signal(Signal::TERM);
    for connection in &mut under_way {
        assert_eq!(connection.answer(true).status, 303);
        assert_eq!(connection.rest(), "");
    }
    assert!(idle.iter_mut().all(|connection| connection.rest().is_empty()));
    assert_eq!(appliance.wait().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}
