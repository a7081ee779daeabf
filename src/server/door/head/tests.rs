//! Heads: what is doubtful row by row, every bound at its edge, no dependence on cuts, no panic on mutations.

use super::*;
use crate::server::door::mutate::Numbers;
use crate::web::headers::NAMES;

/// What a row expects.
#[derive(Debug, Clone, Copy)]
enum Verdict {
    Passes(Framing),
    Refused(u16),
}
use Verdict::{Passes, Refused};

const GET: &[u8] = b"GET /alice/promo?a=b HTTP/1.1\r\nHost: short.example\r\n\r\n";

/// Framing, hosts, lines and versions. What is doubtful in a body stands in `body/tests.rs`.
#[rustfmt::skip]
const FRAMING: &[(&str, &[u8], Verdict)] = &[
    ("length, coding", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", Refused(400)),
    ("coding, length", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", Refused(400)),
    ("unknown coding, length", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n", Refused(400)),
    ("two lines", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", Refused(400)),
    ("two lines, one identity", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n", Refused(400)),
    ("chunked twice", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", Refused(400)),
    ("chunked not last", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", Refused(400)),
    ("gzip, chunked", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Refused(501)),
    ("identity", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", Refused(501)),
    ("xchunked", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", Refused(501)),
    ("space before colon, coding", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n", Refused(400)),
    ("space before colon, any", b"GET / HTTP/1.1\r\nHost: h\r\nX-Any : 1\r\n\r\n", Refused(400)),
    ("tab before colon", b"GET / HTTP/1.1\r\nHost\t: h\r\n\r\n", Refused(400)),
    ("vertical tab", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\x0bchunked\r\n\r\n", Refused(400)),
    ("NUL", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\x00chunked\r\n\r\n", Refused(400)),
    ("form feed behind", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\x0c\r\n\r\n", Refused(400)),
    ("quotes", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", Refused(400)),
    ("empty", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", Refused(400)),
    ("comma only", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked,\r\n\r\n", Refused(400)),
    ("parameter", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;a=b\r\n\r\n", Refused(400)),
    ("no-break space", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \xa0chunked\r\n\r\n", Refused(400)),
    ("any case", b"POST / HTTP/1.1\r\nHost: h\r\ntRaNsFeR-eNcOdInG: CHUNKED\r\n\r\n", Passes(Framing::Chunked)),
    ("outer white space", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\t chunked \t\r\n\r\n", Passes(Framing::Chunked)),
    ("coding on 1.0", b"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", Refused(400)),
    ("unknown coding on 1.0", b"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", Refused(400)),
    ("two lengths", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", Refused(400)),
    ("same length twice", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n", Refused(400)),
    ("list", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n", Refused(400)),
    ("plus", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n", Refused(400)),
    ("minus", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", Refused(400)),
    ("hex", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\n", Refused(400)),
    ("space inside", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5 5\r\n\r\n", Refused(400)),
    ("underscore", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5_0\r\n\r\n", Refused(400)),
    ("fraction", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5.0\r\n\r\n", Refused(400)),
    ("empty", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", Refused(400)),
    ("arabic digit", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \xd9\xa5\r\n\r\n", Refused(400)),
    ("2^64", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\n", Refused(400)),
    ("2^64-1", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n\r\n", Passes(Framing::Length(u64::MAX))),
    ("zero", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", Passes(Framing::Length(0))),
    ("leading zeros", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 005\r\n\r\n", Passes(Framing::Length(5))),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", Refused(400)),
    ("no Host on 1.0", b"GET / HTTP/1.0\r\n\r\n", Passes(Framing::None)),
    ("two Hosts", b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", Refused(400)),
    ("two Hosts on 1.0", b"GET / HTTP/1.0\r\nHost: h\r\nhOST: h\r\n\r\n", Refused(400)),
    ("empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", Refused(400)),
    ("path in Host", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Refused(400)),
    ("list in Host", b"GET / HTTP/1.1\r\nHost: h,h\r\n\r\n", Refused(400)),
    ("space before first field", b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", Refused(400)),
    ("tab before first field", b"GET / HTTP/1.1\r\n\tX: y\r\nHost: h\r\n\r\n", Refused(400)),
    ("folded", b"GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n", Refused(400)),
    ("line of one space", b"GET / HTTP/1.1\r\nHost: h\r\n \r\n\r\n", Refused(400)),
    ("CR in value", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", Refused(400)),
    ("CR before CRLF", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\r\n\r\n", Refused(400)),
    ("CR in name", b"GET / HTTP/1.1\r\nHost: h\r\nX\rY: a\r\n\r\n", Refused(400)),
    ("CR for a line end", b"GET / HTTP/1.1\r\nHost: h\rX: a\r\n\r\n", Refused(400)),
    ("CR in request line", b"GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("NUL in value", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n", Refused(400)),
    ("NUL in name", b"GET / HTTP/1.1\r\nHost: h\r\nX\x00: a\r\n\r\n", Refused(400)),
    ("control in value", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x01\r\n\r\n", Refused(400)),
    ("control in name", b"GET / HTTP/1.1\r\nHost: h\r\n\x01X: a\r\n\r\n", Refused(400)),
    ("DEL in value", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x7f\r\n\r\n", Refused(400)),
    ("no colon", b"GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", Refused(400)),
    ("empty name", b"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", Refused(400)),
    ("space in name", b"GET / HTTP/1.1\r\nHost: h\r\nX Y: a\r\n\r\n", Refused(400)),
    ("parenthesis in name", b"GET / HTTP/1.1\r\nHost: h\r\nX(: a\r\n\r\n", Refused(400)),
    ("high byte in name", b"GET / HTTP/1.1\r\nHost: h\r\nX\xe9: a\r\n\r\n", Refused(400)),
    ("LF after request line", b"GET / HTTP/1.1\nHost: h\r\n\r\n", Refused(400)),
    ("LF after field", b"GET / HTTP/1.1\r\nHost: h\n\r\n", Refused(400)),
    ("LF for blank line", b"GET / HTTP/1.1\r\nHost: h\r\n\n", Refused(400)),
    ("LF everywhere", b"GET / HTTP/1.1\nHost: h\n\n", Refused(400)),
    ("LF before request line", b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("two spaces before target", b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("two spaces before version", b"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("tab", b"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("tab before version", b"GET /\tHTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("leading space", b" GET / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("trailing space", b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", Refused(400)),
    ("fourth word", b"GET / HTTP/1.1 x\r\nHost: h\r\n\r\n", Refused(400)),
    ("missing version", b"GET /\r\n", Refused(400)),
    ("missing version, space", b"GET / \r\nHost: h\r\n\r\n", Refused(400)),
    ("method only", b"GET\r\n\r\n", Refused(400)),
    ("lower-case version", b"GET / http/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("short version", b"GET / HTTP/1\r\nHost: h\r\n\r\n", Refused(400)),
    ("long version", b"GET / HTTP/1.10\r\nHost: h\r\n\r\n", Refused(400)),
    ("HTTP/2.0", b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", Refused(505)),
    ("HTTP/9.9", b"GET / HTTP/9.9\r\nHost: h\r\n\r\n", Refused(505)),
    ("HTTP/1.2", b"GET / HTTP/1.2\r\nHost: h\r\n\r\n", Refused(505)),
    ("HTTP/0.9", b"GET / HTTP/0.9\r\nHost: h\r\n\r\n", Refused(505)),
    ("preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Refused(505)),
    ("one CRLF", b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", Passes(Framing::None)),
    ("two CRLFs", b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("nine CRLFs", b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("CR alone", b"\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("head with a length", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 53\r\n\r\n", Passes(Framing::Length(53))),
    ("TLS handshake", b"\x16\x03\x01\x02\x00\x01", Refused(400)),
];

/// Methods, targets and expectations.
#[rustfmt::skip]
const FURTHER: &[(&str, &[u8], Verdict)] = &[
    ("lower-case method", b"get / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(501)),
    ("unknown method", b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(501)),
    ("longer method", b"GETS / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(501)),
    ("method not a token", b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("options of all", b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", Passes(Framing::None)),
    ("star without options", b"GET * HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("absolute form", b"GET http://other.example/x HTTP/1.1\r\nHost: h\r\n\r\n", Passes(Framing::None)),
    ("absolute form, case", b"GET HTTPS://other.example/x HTTP/1.1\r\nHost: h\r\n\r\n", Passes(Framing::None)),
    ("absolute form, other scheme", b"GET ftp://other.example/x HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("authority form", b"GET other.example:443 HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("authority form of connect", b"CONNECT other.example:443 HTTP/1.1\r\nHost: h\r\n\r\n", Passes(Framing::None)),
    ("relative target", b"GET alice/promo HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("fragment", b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("target with UTF-8", b"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("target with NUL", b"GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("target with DEL", b"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    ("target of two slashes", b"GET //evil.example/ HTTP/1.1\r\nHost: h\r\n\r\n", Passes(Framing::None)),
    ("trace", b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", Passes(Framing::None)),
    ("expect continue", b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n", Passes(Framing::Length(1))),
    ("expect other", b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", Refused(417)),
    ("expect list", b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue, x\r\n\r\n", Refused(417)),
    ("expect other on 1.0", b"POST / HTTP/1.0\r\nHost: h\r\nExpect: x\r\n\r\n", Refused(417)),
];

fn rows() -> impl Iterator<Item = &'static (&'static str, &'static [u8], Verdict)> {
    FRAMING.iter().chain(FURTHER)
}

fn head(bytes: &[u8]) -> Head {
    match parse(bytes) {
        Parsed::Head(head) => head,
        other => panic!("{other:?} for {}", bytes[..bytes.len().min(400)].escape_ascii()),
    }
}

fn status(bytes: &[u8]) -> Option<u16> {
    match parse(bytes) {
        Parsed::Refused(refusal) => Some(refusal.status),
        _ => None,
    }
}

/// A GET with these lines behind its Host line.
fn get_with(lines: &str) -> Head {
    head(format!("GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n").as_bytes())
}

/// Every prefix is incomplete until the verdict falls, which then stays as it is.
fn check_cuts(name: &str, bytes: &[u8], lengths: impl Iterator<Item = usize>) {
    let whole = parse(bytes);
    let mut has_verdict = false;
    for length in lengths {
        let part = parse(&bytes[..length]);
        if part == Parsed::Incomplete {
            assert!(!has_verdict, "{name}: verdict withdrawn at {length}");
        } else {
            assert_eq!(part, whole, "{name}: other verdict at {length}");
            has_verdict = true;
        }
    }
}

#[test]
fn every_head_gets_its_verdict() {
    for (name, bytes, verdict) in rows() {
        match (parse(bytes), *verdict) {
            (Parsed::Head(head), Passes(framing)) => {
                assert_eq!((head.framing, head.bytes), (framing, bytes.len()), "{name}");
            }
            (Parsed::Refused(refusal), Refused(status)) => assert_eq!(refusal.status, status, "{name}: {refusal:?}"),
            (parsed, _) => panic!("{name}: {parsed:?}"),
        }
    }
}

#[test]
fn a_verdict_does_not_depend_on_cuts_or_on_what_follows() {
    for (name, bytes, verdict) in rows() {
        check_cuts(name, bytes, 0..=bytes.len());
        let followed = [bytes, GET].concat();
        check_cuts(name, &followed, 0..=followed.len());
        assert_eq!(parse(&followed), parse(bytes), "{name}");
        for length in 0..bytes.len() {
            let is_passing = matches!(verdict, Passes(_));
            assert!(!is_passing || parse(&bytes[..length]) == Parsed::Incomplete, "{name}: {length}");
        }
    }
}

#[test]
fn a_body_with_a_request_in_it_is_not_looked_at() {
    let start = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", GET.len());
    let head = head(&[start.as_bytes(), GET].concat());
    assert_eq!((head.bytes, head.framing), (start.len(), Framing::Length(GET.len() as u64)));
}

#[test]
fn a_host_has_one_form() {
    let long_label = "a".repeat(63);
    let long_name = format!("{long_label}.{long_label}.{long_label}.{}", "a".repeat(61));
    let dotted_port = format!("{long_name}.:65535");
    let written = format!("{long_name}:65535");
    let good = [
        ("h", "h"),
        ("Short.EXAMPLE", "short.example"),
        ("short.example.", "short.example"),
        ("short.example.:8080", "short.example:8080"),
        ("h:0080", "h:80"),
        ("my_app-1:65535", "my_app-1:65535"),
        ("192.0.2.1:80", "192.0.2.1:80"),
        ("[::1]", "[::1]"),
        ("[2001:DB8:0:0::7]:443", "[2001:db8::7]:443"),
        (dotted_port.as_str(), written.as_str()),
    ];
    for (given, kept) in good {
        let head = head(format!("GET / HTTP/1.1\r\nhoST: {given} \r\n\r\n").as_bytes());
        assert_eq!(fields(&head), [("host", kept)]);
    }
    let (long, label, name) = ("a".repeat(300), "a".repeat(64), format!("{long_name}a"));
    let bad = "a/b u@h h:99999 h:65536 h:x h: h:+1 h:000080 [::1 ::1 [::1]x [::1]: [::1%25eth0] [h] [] h,h . .h h.. a..b \
               h%41 http://h h?x h#x h\\x ? * :80 h:80:80";
    for host in bad.split(' ').chain(["a b", "", &long, &label, &name, "\u{e9}"]) {
        assert_eq!(status(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()), Some(400), "{host}");
    }
}

#[test]
fn only_listed_headers_are_kept_and_host_comes_first() {
    let head = get_with(
        "Upgrade: h2c\r\nUser-Agent: a\r\nX-Real-IP: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\nX-Forwarded-Host: evil\r\n\
         Cookie: a=1\r\nACCEPT:  text/html \r\nConnection: user-agent\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n\
         Cookie:\r\nTE: trailers\r\nX-Forwarded-Proto: https\r\nX-HTTP-Method-Override: DELETE\r\nRange: bytes=0-1\r\n\
         Cookie: b=2\r\nAccept: */*\r\nReferer: http://x/\u{e9}\ty\r\nX-Forwarded-For: 3.3.3.3\r\nDNT:\r\n",
    );
    let kept = [
        ("host", "h"),
        ("user-agent", "a"),
        ("accept", "text/html"),
        ("accept", "*/*"),
        ("referer", "http://x/?? y"),
        ("dnt", ""),
        ("cookie", "a=1; b=2"),
    ];
    assert_eq!(fields(&head), kept);
    assert_eq!(get_with("Cookie:\r\nCookie: b=2\r\nCookie:\r\n").headers.one("cookie"), Some("b=2"));
    for name in NAMES.into_iter().filter(|name| *name != "host") {
        assert_eq!(get_with(&format!("{}: x\r\n", name.to_uppercase())).headers.one(name), Some("x"));
    }
}

#[test]
fn a_connection_is_kept_as_the_client_asks() {
    let rows = [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: Upgrade , CLOSE\r\n", false),
        ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("1.1", "Connection: closed\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ];
    for (version, line, keep_alive) in rows {
        let head = head(format!("GET / HTTP/{version}\r\nHost: h\r\n{line}\r\n").as_bytes());
        assert_eq!(head.keep_alive, keep_alive, "{version} {line}");
    }
}

#[test]
fn continue_is_expected_on_1_1_only() {
    for (version, expects) in [("1.1", true), ("1.0", false)] {
        let head = head(
            format!("POST / HTTP/{version}\r\nHost: h\r\nexpect: 100-CONTINUE\r\nContent-Length: 1\r\n\r\n").as_bytes(),
        );
        assert_eq!(head.expects_continue, expects, "{version}");
    }
    assert!(!get_with("").expects_continue);
}

#[test]
fn a_long_request_line_is_414() {
    let line = |bytes: usize| format!("GET /{} HTTP/1.1", "a".repeat(bytes - "GET / HTTP/1.1".len()));
    let fits = format!("{}\r\nHost: h\r\n\r\n", line(8_192));
    assert_eq!(head(fits.as_bytes()).bytes, fits.len());
    for end in ["\r\nHost: h\r\n\r\n", "\r\n", "\n", ""] {
        assert_eq!(status(format!("{}{end}", line(8_193)).as_bytes()), Some(414), "{end:?}");
    }
    for unfinished in ["a".repeat(8_192), "a".repeat(8_192) + "\r", "\r\n".to_owned() + &"a".repeat(8_192)] {
        assert_eq!(parse(unfinished.as_bytes()), Parsed::Incomplete);
    }
    assert_eq!(status("a".repeat(8_193).as_bytes()), Some(414));
    for end in ["\r\n", "\n", "\r\r\n", "\rx"] {
        let long = format!("{}{end}Host: h\r\n\r\n", line(8_193));
        check_cuts(end, long.as_bytes(), 8_180..=long.len());
        let edge = format!("{}{end}Host: h\r\n\r\n", line(8_192));
        check_cuts(end, edge.as_bytes(), 8_180..=edge.len());
    }
}

#[test]
fn a_long_field_line_is_431() {
    let with = |bytes: usize, end: &str| format!("GET / HTTP/1.1\r\nHost: h\r\nX:{}{end}", "a".repeat(bytes - 2));
    let fits = with(8_192, "\r\n\r\n");
    assert_eq!(head(fits.as_bytes()).bytes, fits.len());
    assert_eq!(parse(with(8_192, "").as_bytes()), Parsed::Incomplete);
    for end in ["\r\n\r\n", "\r\n", "\n", ""] {
        assert_eq!(status(with(8_193, end).as_bytes()), Some(431), "{end:?}");
    }
    for end in ["\r\n\r\n", "\n\r\n", "\r\r\n"] {
        for bytes in [8_192, 8_193] {
            let text = with(bytes, end);
            check_cuts(end, text.as_bytes(), 8_200..=text.len());
        }
    }
}

/// Fields of exactly so many bytes with their line ends, the first one a Host.
fn fields_of(bytes: usize) -> String {
    let half = format!("X: {}\r\n", "a".repeat(8_180));
    let start = format!("Host: h\r\n{half}");
    format!("{start}Y: {}\r\n", "b".repeat(bytes - start.len() - "Y: \r\n".len()))
}

#[test]
fn long_fields_are_431_together() {
    let fits = format!("GET / HTTP/1.1\r\n{}\r\n", fields_of(16_384));
    assert_eq!(head(fits.as_bytes()).bytes, fits.len());
    let long = format!("GET / HTTP/1.1\r\n{}\r\n", fields_of(16_385));
    assert_eq!(status(long.as_bytes()), Some(431));
    assert_eq!(status(long.trim_end().as_bytes()), Some(431), "unfinished");
    for text in [&fits, &long] {
        check_cuts("fields", text.as_bytes(), 16_380..=text.len());
    }
    let one_too_many = format!("GET / HTTP/1.1\r\n{}X", fields_of(16_383));
    assert_eq!(status(one_too_many.as_bytes()), Some(431));
}

#[test]
fn many_fields_are_431() {
    let with = |count: usize| format!("GET / HTTP/1.1\r\nHost: h\r\n{}", "X:y\r\n".repeat(count - 1));
    assert_eq!(head(format!("{}\r\n", with(100)).as_bytes()).headers.iter().count(), 1);
    assert_eq!(status(format!("{}\r\n", with(101)).as_bytes()), Some(431));
    assert_eq!(status(format!("{}X", with(100)).as_bytes()), Some(431), "at its first byte");
    assert_eq!(parse(format!("{}\r", with(100)).as_bytes()), Parsed::Incomplete);
}

#[test]
fn joined_cookies_keep_the_bound_of_a_line() {
    let with = |bytes: usize| format!("Cookie: {}\r\nCookie: b\r\n", "a".repeat(bytes));
    assert_eq!(get_with(&with(8_182)).headers.one("cookie").unwrap().len(), 8_185);
    assert_eq!(status(format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", with(8_183)).as_bytes()), Some(431));
}

#[test]
fn the_longest_head_fills_the_bound_and_every_full_buffer_gets_a_verdict() {
    let line = format!("GET /{} HTTP/1.1", "a".repeat(REQUEST_LINE_BYTES_MAX - "GET / HTTP/1.1".len()));
    let longest = format!("\r\n{line}\r\n{}\r\n", fields_of(16_384));
    assert_eq!((head(longest.as_bytes()).bytes, longest.len()), (HEAD_BYTES_MAX, HEAD_BYTES_MAX));
    assert_eq!(parse(&longest.as_bytes()[..HEAD_BYTES_MAX - 1]), Parsed::Incomplete);
    for fill in *b"a\r\n :\0" {
        for length in [0, 1, 2, 20, 8_194, 8_196, 8_197, 16_000, 24_570, 24_578, 24_579, 24_580, 24_581] {
            let mut buffer = longest.as_bytes()[..length].to_vec();
            buffer.resize(HEAD_BYTES_MAX, fill);
            assert_ne!(parse(&buffer), Parsed::Incomplete, "{length} bytes, then {fill}");
        }
    }
}

#[test]
fn a_head_is_written_anew() {
    let head = head(
        b"\r\nPOST /links HTTP/1.0\r\nContent-Length: 3\r\nAccept:*/*\r\nConnection: keep-alive\r\n\
          X-Forwarded-For: 1.1.1.1\r\nHOST: Short.Example\r\n\r\nabc",
    );
    let mut out = b"before".to_vec();
    head.write(&[("x-door", "token 192.0.2.1"), ("x-odd", "a\r\nb: \u{e9}")], 3, &mut out);
    assert_eq!(
        out.escape_ascii().to_string(),
        b"beforePOST /links HTTP/1.1\r\nhost: short.example\r\naccept: */*\r\nx-door: token 192.0.2.1\r\n\
          x-odd: a??b: ??\r\ncontent-length: 3\r\n\r\n"
            .escape_ascii()
            .to_string()
    );
    let mut out = Vec::new();
    head.write(&[], 0, &mut out);
    assert_eq!(out, b"POST /links HTTP/1.1\r\nhost: short.example\r\naccept: */*\r\n\r\n");
}

fn fields(head: &Head) -> Vec<(&'static str, &str)> {
    head.headers.iter().collect()
}

/// Written and read again, a head says the same in clean bytes.
fn check_rewritten(head: &Head) {
    let mut out = Vec::new();
    let hostless = head.headers.one("host").is_none();
    head.write(if hostless { &[("host", "none")] } else { &[] }, 7, &mut out);
    let text = std::str::from_utf8(&out).unwrap();
    assert!(text.replace("\r\n", "").bytes().all(|byte| matches!(byte, 0x20..=0x7e)), "{}", out.escape_ascii());
    let Parsed::Head(again) = parse(&out) else { panic!("{:?} for {}", parse(&out), out.escape_ascii()) };
    let mut headers = fields(head);
    if hostless {
        headers.insert(0, ("host", "none"));
    }
    assert_eq!((again.method, &again.target, fields(&again)), (head.method, &head.target, headers));
    assert_eq!((again.bytes, again.framing), (out.len(), Framing::Length(7)));
}

/// Changes, adds, removes or copies a few bytes.
fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    const ODD: &[u8] = b"\r\n\t :;,/?#*%\0\x01\x7f\x80\xff\"0AGz";
    for _ in 0..=numbers.below(2) {
        let place = numbers.below(bytes.len() + 1);
        let odd = ODD[numbers.below(ODD.len())];
        match numbers.below(5) {
            0 => bytes.insert(place, odd),
            1 if place < bytes.len() => bytes[place] = odd,
            2 if place < bytes.len() => bytes[place] = u8::try_from(numbers.below(256)).unwrap(),
            3 if place < bytes.len() => drop(bytes.remove(place)),
            _ => {
                let start = numbers.below(bytes.len() + 1);
                let end = start + numbers.below(bytes.len() - start + 1);
                let copy = bytes[start..end].to_vec();
                drop(bytes.splice(place..place, copy));
            }
        }
    }
}

#[test]
fn mutated_heads_are_refused_or_mean_what_is_written() {
    const BROWSER: &[u8] = b"GET /alice/promo?x=%20 HTTP/1.1\r\nHost: Short.Example.:8080\r\nUser-Agent: Mozilla/5.0 (X)\r\n\
        Accept: text/html,*/*;q=0.8\r\nCookie: a=1; b=2\r\nCookie: c=3\r\nReferer: http://x/\xe9\r\nConnection: keep-alive\r\n\
        X-Forwarded-For: 1.2.3.4\r\nSec-Fetch-Site: none\r\nDNT: 1\r\nIf-None-Match: \"a\"\r\n\r\n";
    let good = rows().filter(|row| matches!(row.2, Passes(_))).chain(&[("get", GET, Passes(Framing::None))]);
    let good: Vec<&[u8]> = good.map(|row| row.1).chain([BROWSER; 20]).collect();
    let all: Vec<&[u8]> = rows().map(|row| row.1).collect();
    let (mut numbers, mut accepted) = (Numbers(1), 0);
    for round in 0..50_000 {
        let corpus = if round % 2 == 0 { &good } else { &all };
        let mut bytes = corpus[round / 2 % corpus.len()].to_vec();
        mutate(&mut bytes, &mut numbers);
        let cut = numbers.below(bytes.len() + 1);
        let (whole, part) = (parse(&bytes), parse(&bytes[..cut]));
        assert!(part == Parsed::Incomplete || part == whole, "{} cut at {cut}", bytes.escape_ascii());
        if let Parsed::Head(head) = whole {
            assert!(head.bytes <= bytes.len());
            check_rewritten(&head);
            accepted += 1;
        }
    }
    assert!(accepted > 5_000, "only {accepted} of the mutations were accepted");
}
