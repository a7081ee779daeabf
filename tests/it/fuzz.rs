//! Connections at random: right and harmed requests one behind the other, cut and paused anywhere, left politely or
//! not. The inputs, and how a round is repeated, are those of the door's own targets.
//!
//! Of right requests every answer is known. Of harmed ones it is known what no answer may be: something else than
//! whole answers, more of them than requests, or anything behind the last one.

use std::collections::{BTreeSet, VecDeque};
use std::io::{ErrorKind, Read, Result, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ClientConnection, Stream};
use socket2::SockRef;

use crate::appliance::{ADMIN, Appliance, Start};
use crate::browser::{Browser, FIREFOX, Page, Way};
use crate::connection::Connection;
use crate::crowd::{check_given_back, held};
use crate::mutate::{Numbers, mutated, rounds, seeds};
use crate::tls::Pair;

/// About two seconds in a debug build.
const ROUNDS: u64 = 60;
/// Connections at a time.
const LINES_MAX: usize = 32;
/// Links to be followed; each answer says which one it is.
const LINKS: usize = 8;
/// Nothing a client of these rounds does keeps the server waiting; what takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// Only the door answers these, and always as the last words of a connection.
const ENDINGS: [u16; 7] = [408, 413, 414, 417, 431, 501, 505];

/// A request, and its answer.
#[derive(Clone)]
struct Ask {
    bytes: Vec<u8>,
    status: u16,
    location: Option<String>,
    is_head: bool,
    may_continue: bool,
}

impl Ask {
    fn new(status: u16, head: String, body: &[u8]) -> Ask {
        let (is_head, may_continue) = (head.trim_start().starts_with("HEAD "), head.contains("100-continue"));
        Ask { bytes: [head.as_bytes(), body].concat(), status, location: None, is_head, may_continue }
    }

    /// A request after which the connection goes on.
    fn right(numbers: &mut Numbers) -> Ask {
        let lines = format!("Host: nas\r\nUser-Agent: {FIREFOX}\r\n");
        let bytes_max = if numbers.once_in(8) { 5_000 } else { 50 };
        let body: Vec<u8> = (0..1 + numbers.below(bytes_max)).map(|_| numbers.byte()).collect();
        let length = format!("Content-Length: {}\r\n", body.len());
        let method = if numbers.once_in(4) { "HEAD" } else { "GET" };
        let page = |target: &str| format!("{method} {target} HTTP/1.1\r\n{lines}\r\n");
        match numbers.below(14) {
            0..=2 => {
                let number = numbers.below(LINKS);
                let location = Some(format!("https://example.com/{number}"));
                Ask { location, ..Ask::new(302, page(&format!("/{ADMIN}/p{number}?x=1")), b"") }
            }
            3 => Ask::new(200, page("/health"), b""),
            4 => Ask::new(200, page("/assets/app.css"), b""),
            5 => Ask::new(200, page("http://nas/robots.txt"), b""),
            6 => Ask::new(404, page("/nobody/here"), b""),
            7 => Ask::new(200, format!("\r\n{method} /health HTTP/1.0\r\nConnection: keep-alive\r\n{lines}\r\n"), b""),
            8 => Ask::new(204, format!("OPTIONS * HTTP/1.1\r\n{lines}\r\n"), b""),
            9 => Ask::new(405, format!("PUT /health HTTP/1.1\r\n{lines}{length}\r\n"), &body),
            10 => Ask::new(415, format!("POST /accounts/theme HTTP/1.1\r\n{lines}{length}\r\n"), &body),
            11 => Ask::new(200, format!("{method} /health HTTP/1.1\r\n{lines}{length}\r\n"), &body),
            12 => {
                let head = format!("GET /health HTTP/1.1\r\n{lines}Expect: 100-continue\r\n{length}\r\n");
                Ask::new(200, head, &body)
            }
            _ => {
                let coding = "Transfer-Encoding: chunked\r\n";
                let mut chunked = Vec::new();
                for chunk in body.chunks(1 + numbers.below(900)) {
                    chunked.extend_from_slice(format!("{:x};a=b\r\n", chunk.len()).as_bytes());
                    chunked.extend_from_slice(&[chunk, b"\r\n"].concat());
                }
                chunked.extend_from_slice(b"0\r\nHost: evil.example\r\n\r\n");
                Ask::new(200, format!("{method} /health HTTP/1.1\r\n{lines}{coding}\r\n"), &chunked)
            }
        }
    }

    /// A request after which nothing is answered any more.
    fn last(numbers: &mut Numbers) -> Ask {
        let get = |lines: &str| format!("GET /health HTTP/1.1\r\nHost: nas\r\n{lines}\r\n");
        let long = "x".repeat(8_200);
        let (status, head) = match numbers.below(13) {
            0 => (200, get("Connection: close\r\n")),
            1 => (200, get("").replace("HTTP/1.1", "HTTP/1.0")),
            2 => (405, "CONNECT nas:443 HTTP/1.1\r\nHost: nas\r\n\r\n".to_owned()),
            3 => (400, get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")),
            4 => (400, get("X-Any : 1\r\n")),
            5 => (400, get("Transfer-Encoding: chunked\r\n") + "5;\n"),
            6 => (413, get("Content-Length: 65537\r\n")),
            7 => (413, get("Transfer-Encoding: chunked\r\n") + "10001\r\n"),
            8 => (414, get("").replace("health", &long)),
            9 => (417, get("Expect: 200-ok\r\n")),
            10 => (431, get(&format!("X-Any: {long}\r\n"))),
            11 => (501, get("").replace("GET", "BREW")),
            _ => (505, get("").replace("HTTP/1.1", "HTTP/2.0")),
        };
        Ask::new(status, head, b"")
    }
}

/// A running program with links to follow, and the way there.
struct Site {
    appliance: Appliance,
    way: Way,
}

impl Site {
    fn of(appliance: Appliance, mut admin: Browser) -> Site {
        for number in 0..LINKS {
            admin.make_link(&format!("https://example.com/{number}"), &format!("p{number}"));
        }
        Site { appliance, way: admin.way }
    }

    fn plain() -> Site {
        let appliance = Start::with_admin().run();
        let admin = Browser::admin(&appliance);
        Site::of(appliance, admin)
    }

    fn secure() -> Site {
        let pair = Pair::new();
        let appliance = pair.start().run();
        let admin = pair.admin(&appliance);
        Site::of(appliance, admin)
    }

    fn connect(&self) -> Wire {
        let (tcp, tls) = self.way.connect(self.appliance.address).unwrap();
        Wire { tcp, tls }
    }
}

/// A connection, in clear or under TLS.
struct Wire {
    tcp: TcpStream,
    tls: Option<ClientConnection>,
}

impl Wire {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match &mut self.tls {
            Some(tls) => Stream::new(tls, &mut self.tcp).read(buffer),
            None => self.tcp.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.tls {
            Some(tls) => Stream::new(tls, &mut self.tcp).write(bytes),
            None => self.tcp.write(bytes),
        }
    }

    /// Says that nothing more will come.
    fn finish(&mut self) -> Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            Stream::new(tls, &mut self.tcp).flush()?;
        }
        self.tcp.shutdown(Shutdown::Write)
    }
}

/// How a client ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It says that nothing more will come, and reads to the end.
    Finish,
    /// It reads until it has all answers, or until the server ends.
    Read,
    /// It closes, whatever may still come.
    Leave,
    /// It resets the connection.
    Abort,
}

/// One client.
struct Line {
    /// `None` once it has left.
    wire: Option<Wire>,
    is_secure: bool,
    sent: Vec<u8>,
    pieces: VecDeque<Vec<u8>>,
    read: Vec<u8>,
    end: End,
    /// What must be answered, where that is known.
    asks: Option<Vec<Ask>>,
    /// The last of them ends the connection.
    is_ended: bool,
}

impl Line {
    fn open(site: &Site, sent: Vec<u8>, numbers: &mut Numbers) -> Line {
        let mut cuts: Vec<usize> = (0..numbers.below(6)).map(|_| numbers.below(sent.len() + 1)).collect();
        if numbers.once_in(2) {
            // Between head and body, and between one request and the next, most is decided.
            cuts.extend(sent.windows(4).zip(4..).filter(|(window, _)| *window == b"\r\n\r\n").map(|(_, end)| end));
        }
        cuts.extend([0, sent.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| sent[cut[0]..cut[1]].to_vec()).collect();
        let wire = site.connect();
        wire.tcp.set_nonblocking(true).unwrap();
        let is_secure = wire.tls.is_some();
        Line {
            wire: Some(wire),
            is_secure,
            sent,
            pieces,
            read: Vec::new(),
            end: End::Finish,
            asks: None,
            is_ended: false,
        }
    }

    /// Some right requests, perhaps one that ends the connection, and then more that must not be answered.
    fn right(site: &Site, numbers: &mut Numbers) -> Line {
        let mut asks: Vec<Ask> = (0..1 + numbers.below(12)).map(|_| Ask::right(numbers)).collect();
        let is_ended = numbers.once_in(2);
        if is_ended {
            asks.push(Ask::last(numbers));
        }
        let mut sent: Vec<u8> = asks.iter().flat_map(|ask| ask.bytes.clone()).collect();
        if is_ended {
            (0..numbers.below(3)).for_each(|_| sent.extend(Ask::right(numbers).bytes));
        }
        let end = *numbers.one_of(&[End::Finish, End::Finish, End::Read, End::Read, End::Leave, End::Abort]);
        Line { end, asks: Some(asks), is_ended, ..Line::open(site, sent, numbers) }
    }

    /// Something between right requests that may be anything.
    fn harmed(site: &Site, seeds: &[(String, Vec<u8>)], numbers: &mut Numbers) -> Line {
        let mut sent = Vec::new();
        (0..numbers.below(3)).for_each(|_| sent.extend(Ask::right(numbers).bytes));
        sent.extend(mutated(seeds, numbers));
        (0..numbers.below(3)).for_each(|_| sent.extend(Ask::right(numbers).bytes));
        let end = *numbers.one_of(&[End::Finish, End::Finish, End::Finish, End::Leave, End::Abort]);
        Line { end, ..Line::open(site, sent, numbers) }
    }

    /// Sends the next piece. Leaves, if it is one that does, at any of them.
    fn step(&mut self, numbers: &mut Numbers) {
        let Some(piece) = self.pieces.pop_front() else { return };
        let leaves = matches!(self.end, End::Leave | End::Abort) && (self.pieces.is_empty() || numbers.once_in(4));
        self.send(&piece);
        if leaves {
            self.take();
            let wire = self.wire.take().unwrap();
            if self.end == End::Abort {
                SockRef::from(&wire.tcp).set_linger(Some(Duration::ZERO)).unwrap();
            }
            self.pieces.clear();
        }
    }

    /// Sends bytes; where they do not fit, answers are in the way.
    fn send(&mut self, mut bytes: &[u8]) {
        let end = Instant::now() + PATIENCE;
        while let Some(wire) = self.wire.as_mut().filter(|_| !bytes.is_empty()) {
            match wire.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(Instant::now() < end, "not taken: {}", self.shown());
                    self.take();
                    thread::sleep(Duration::from_micros(100));
                }
                // A server that has closed has its reasons; what it said before is read later.
                Err(_) => {
                    self.pieces.clear();
                    return;
                }
            }
        }
    }

    /// Reads what is there. True when the server has ended.
    fn take(&mut self) -> bool {
        let mut buffer = [0; 1 << 16];
        loop {
            match self.wire.as_mut().unwrap().read(&mut buffer) {
                Ok(0) => return true,
                Ok(count) => self.read.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(_) => return true,
            }
        }
    }

    /// Reads what is still to come and checks all of it.
    fn finish(mut self) -> Vec<Page> {
        if let Some(wire) = &mut self.wire {
            wire.tcp.set_nonblocking(false).unwrap();
            if self.end == End::Finish {
                // A server that has closed already has its reasons.
                let _ = wire.finish();
            }
            wire.tcp.set_read_timeout(Some(Duration::from_millis(3))).unwrap();
        }
        let start = Instant::now();
        let ends = self.end == End::Finish || self.is_ended;
        while self.wire.is_some() && !self.take() && (ends || !self.has_all()) {
            assert!(start.elapsed() < PATIENCE, "still open: {}", self.shown());
        }
        match &self.asks {
            Some(asks) => self.check_right(asks),
            None => self.check_harmed(),
        }
    }

    /// What was sent and what was read, for a person.
    fn shown(&self) -> String {
        let short = |bytes: &[u8]| bytes[..bytes.len().min(2_000)].escape_ascii().to_string();
        let way = if self.is_secure { "under TLS" } else { "in clear" };
        let (sent, read) = (short(&self.sent), short(&self.read));
        format!("{:?} {way} after {} bytes:\n{sent}\nand read {read}", self.end, self.sent.len())
    }

    fn has_all(&self) -> bool {
        let asks = self.asks.as_deref().unwrap_or_default();
        let (mut rest, mut next) = (self.read.as_slice(), asks.iter());
        while let Some(page) = take_answer(&mut rest, next.as_slice().first().map(|ask| ask.is_head)) {
            if page.status != 100 {
                next.next();
            }
        }
        next.as_slice().is_empty()
    }

    /// Every request has its own answer, in the order in which they were sent.
    fn check_right(&self, asks: &[Ask]) -> Vec<Page> {
        let (mut rest, mut pages) = (self.read.as_slice(), Vec::new());
        for (number, ask) in asks.iter().enumerate() {
            let mut page = take_answer(&mut rest, Some(ask.is_head));
            if ask.may_continue && page.as_ref().is_some_and(|page| page.status == 100) {
                pages.extend(page);
                page = take_answer(&mut rest, Some(ask.is_head));
            }
            let Some(page) = page else {
                assert!(self.wire.is_none(), "no answer {number}: {}", self.shown());
                return pages;
            };
            let is_last = self.is_ended && number + 1 == asks.len();
            assert_eq!(
                (page.status, page.header("location")),
                (ask.status, ask.location.as_deref()),
                "{}",
                self.shown()
            );
            assert_eq!(page.header("connection") == Some("close"), is_last, "answer {number}: {}", self.shown());
            pages.push(page);
        }
        assert!(rest.is_empty(), "something behind the last answer: {}", self.shown());
        pages
    }

    /// Whole answers, not too many, and nothing behind the last.
    fn check_harmed(&self) -> Vec<Page> {
        let count = |word: &str| String::from_utf8_lossy(&self.sent).to_lowercase().matches(word).count();
        let (mut rest, mut pages) = (self.read.as_slice(), Vec::new());
        while let Some(page) = take_answer(&mut rest, None) {
            pages.push(page);
        }
        assert!(rest.is_empty() || self.wire.is_none(), "a torn answer: {}", self.shown());
        let interim = pages.iter().filter(|page| page.status == 100).count();
        assert!(interim <= count("100-continue"), "{}", self.shown());
        let is_short =
            |page: &&Page| page.header("content-length").is_some_and(|text| text != page.bytes.len().to_string());
        let bodiless = pages.iter().filter(is_short).count();
        assert!(bodiless <= count("head ") || self.wire.is_none(), "no body: {}", self.shown());
        // What is refused as no request at all is answered too.
        assert!(pages.len() - interim <= count(" http/1.") + 1, "more answers than requests: {}", self.shown());
        for (number, page) in pages.iter().enumerate() {
            let says_close = page.header("connection") == Some("close");
            assert!(says_close || !ENDINGS.contains(&page.status), "{} goes on: {}", page.status, self.shown());
            assert!(!says_close || number + 1 == pages.len(), "something behind the end: {}", self.shown());
        }
        pages
    }
}

/// Takes a whole answer from the front, which must have the right form. Where nobody knows whether it is one to HEAD,
/// it is if the next answer, or the end, stands in the place of its body.
pub fn take_answer(rest: &mut &[u8], is_head: Option<bool>) -> Option<Page> {
    let end = rest.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let page = Page::parse(&rest[..end]);
    check_form(&rest[..end], &page);
    let length: usize = page.header("content-length").map_or(0, |length| length.parse().unwrap());
    let behind = &rest[end..];
    let length = match is_head {
        Some(true) => 0,
        None if behind.is_empty() || behind.starts_with(b"HTTP/1.1 ") => 0,
        _ => length,
    };
    let body = behind.get(..length)?;
    let page = Page { bytes: body.to_vec(), ..page };
    *rest = &behind[length..];
    Some(page)
}

/// An answer names its status, its time and its length, once each (RFC 9112, section 4; RFC 9110, section 6.6.1).
fn check_form(head: &[u8], page: &Page) {
    let text = String::from_utf8(head.to_vec()).unwrap();
    assert!(text.replace("\r\n", "").bytes().all(|byte| matches!(byte, 0x20..=0x7e)), "{text:?}");
    let (line, fields) = text.split_once("\r\n").unwrap();
    let is_line = line.len() > 13 && line.starts_with("HTTP/1.1 ") && line[9..13].trim_end().len() == 3;
    assert!(is_line, "{text:?}");
    if page.status == 100 {
        assert_eq!(fields, "\r\n", "{text:?}");
        return;
    }
    assert!(page.header("date").is_some_and(|date| date.ends_with(" GMT")), "{text:?}");
    assert_eq!(page.header("content-length").is_some(), !matches!(page.status, 204 | 304), "{text:?}");
    assert_eq!(page.header("transfer-encoding"), None, "{text:?}");
}

#[test]
fn whatever_is_sent_and_however_answers_are_whole_and_nobody_is_forgotten() {
    let sites = [Site::plain(), Site::secure()];
    let before = sites.each_ref().map(|site| held(site.appliance.pid()));
    let seeds = [seeds("head"), seeds("body")].concat();
    let mut seen = BTreeSet::new();
    let is_usual = rounds(ROUNDS, |numbers| {
        let open = |numbers: &mut Numbers| {
            let site = &sites[usize::from(numbers.once_in(3))];
            match numbers.once_in(2) {
                true => Line::right(site, numbers),
                false => Line::harmed(site, &seeds, numbers),
            }
        };
        let mut lines: Vec<Line> = (0..1 + numbers.below(LINES_MAX)).map(|_| open(numbers)).collect();
        while lines.iter().any(|line| !line.pieces.is_empty()) {
            let at = numbers.below(lines.len());
            lines[at].step(numbers);
            if numbers.once_in(50) {
                thread::sleep(Duration::from_micros(numbers.below(3_000) as u64));
            }
        }
        seen.extend(lines.into_iter().flat_map(Line::finish).map(|page| page.status));
    });
    let reached: Vec<u16> = [100, 200, 204, 302, 400, 404, 405, 413, 414, 417, 431, 501, 505].into();
    assert!(!is_usual || reached.iter().all(|status| seen.contains(status)), "only answers with {seen:?}");
    for (site, before) in sites.iter().zip(before) {
        check_well(site, before);
    }
}

/// Everybody is served at once, nothing is held for those who left, and nothing went wrong.
fn check_well(site: &Site, before: (usize, usize)) {
    let request = "GET /accounts/login HTTP/1.1\r\nHost: nas\r\nConnection: close\r\n\r\n";
    let ask = |_| {
        let mut wire = site.connect();
        assert_eq!(wire.write(request.as_bytes()).unwrap(), request.len());
        wire
    };
    let visitors: Vec<Wire> = (0..40).map(ask).collect();
    for mut visitor in visitors {
        let (mut read, mut buffer) = (Vec::new(), [0; 1 << 14]);
        while let Ok(count @ 1..) = visitor.read(&mut buffer) {
            read.extend_from_slice(&buffer[..count]);
        }
        let mut rest = read.as_slice();
        assert_eq!(take_answer(&mut rest, Some(false)).map(|page| page.status), Some(200));
        assert!(rest.is_empty());
    }
    check_given_back(site.appliance.pid(), before);
    let log = site.appliance.log();
    assert!(!log.contains("closed its lane") && !log.contains("panic"), "{log}");
}

/// Only an answer to HEAD itself has no body; whoever waits for this one's waits for ever.
#[test]
fn a_refusal_behind_a_head_request_has_its_body() {
    let appliance = Start::with_admin().run();
    let mut connection = Connection::open(appliance.address);
    connection.send(b"HEAD /health HTTP/1.1\r\nHost: nas\r\n\r\nBREW /pot HTTP/1.1\r\nHost: nas\r\n\r\n");
    assert_eq!(connection.answer(false).status, 200);
    assert_eq!(connection.answer(true).status, 501);
}

/// Three pieces: an unfinished head within all bounds, fewer bytes than make the door look again but more than it has
/// room for, and the rest, which nobody reads any more.
#[test]
fn a_head_past_all_bounds_is_refused_however_it_was_cut() {
    let appliance = Start::with_admin().run();
    let line = format!("GET /{} HTTP/1.1\r\n", "a".repeat(8_192 - "GET / HTTP/1.1".len()));
    let fields = format!("Host: nas\r\nX-Any: {}\r\nX-Any: ", "b".repeat(8_000));
    let start = format!("{line}{fields}{}", "c".repeat(23_900 - line.len() - fields.len()));
    let mut connection = Connection::open(appliance.address);
    for piece in [start, "c".repeat(900), "c\r\n\r\n".to_owned()] {
        connection.send(piece.as_bytes());
        thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(connection.answer(true).status, 431);
}
