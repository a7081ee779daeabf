//! One client on a real pair of sockets, at times that the test makes up.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream as Far};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig};

use super::*;
use crate::limits::DISCARD_BYTES_MAX;
use crate::web::response::{Kind, Response};

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
/// More than the sockets of both ends hold.
const LARGE_BYTES: usize = 32 << 20;

/// A client, and the far end of its connection.
struct Pair {
    far: Far,
    client: Client,
    start: Instant,
}

impl Pair {
    fn new() -> Pair {
        Pair::of(Socket::plain)
    }

    fn of(speech: impl FnOnce(TcpStream) -> Socket) -> Pair {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = Far::connect(listener.local_addr().unwrap()).unwrap();
        far.set_nodelay(true).unwrap();
        far.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (near, peer) = listener.accept().unwrap();
        near.set_nonblocking(true).unwrap();
        let start = Instant::now();
        let client = Client::new(speech(TcpStream::from_std(near)), peer.ip(), Transport::Unknown, 1, start);
        Pair { far, client, start }
    }

    /// One under TLS, and what the far end knows of it: nothing is missing but the last message of its handshake.
    fn tls() -> (Pair, ClientConnection) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["h".to_owned()]).unwrap().self_signed(&key).unwrap().der().clone();
        let provider = Arc::new(ring::default_provider());
        let near = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let near = near.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let near = near.with_single_cert(vec![certificate.clone()], key.into()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let far = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let far = far.with_root_certificates(roots).with_no_client_auth();
        let mut far = ClientConnection::new(Arc::new(far), ServerName::try_from("h").unwrap()).unwrap();
        let mut pair = Pair::of(|stream| Socket::tls(stream, Arc::new(near)));
        far.write_tls(&mut pair.far).unwrap();
        while far.is_handshaking() {
            pair.until(|pair| {
                check(&pair.proceed(0), "wait");
                pair.far.set_nonblocking(true).unwrap();
                let has_come = pair.far.peek(&mut [0]).is_ok();
                pair.far.set_nonblocking(false).unwrap();
                has_come
            });
            far.read_tls(&mut pair.far).unwrap();
            far.process_new_packets().unwrap();
        }
        (pair, far)
    }

    /// So many seconds after the connection was made.
    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    /// Seconds from the start to the deadline.
    fn deadline(&self) -> u64 {
        self.client.deadline().duration_since(self.start).as_secs()
    }

    /// Sends bytes, and goes on once they have arrived.
    fn send(&mut self, text: &str, seconds: u64) -> Next {
        self.send_bytes(text.as_bytes(), seconds)
    }

    fn send_bytes(&mut self, bytes: &[u8], seconds: u64) -> Next {
        self.far.write_all(bytes).unwrap();
        let mut seen = vec![0; bytes.len()];
        self.until(|pair| {
            bytes.is_empty() || pair.client.stream().peek(&mut seen).is_ok_and(|count| count == bytes.len())
        });
        self.proceed(seconds)
    }

    /// Says that nothing more will come, and goes on once that has arrived.
    fn finish(&mut self, seconds: u64) -> Next {
        self.far.shutdown(Shutdown::Write).unwrap();
        self.until(|pair| pair.client.stream().peek(&mut [0]).is_ok_and(|count| count == 0));
        self.proceed(seconds)
    }

    fn proceed(&mut self, seconds: u64) -> Next {
        self.client.note_readable(true);
        let now = self.at(seconds);
        let mut buffers = Buffers::default();
        self.client.begin_turn(false);
        self.client.lend(&mut buffers);
        let next = self.client.proceed(now);
        self.client.settle(&mut buffers);
        next
    }

    fn answer(&mut self, body: impl Into<String>, seconds: u64) -> Next {
        let now = self.at(seconds);
        self.client.reply(&Response::new(200, Kind::Plain).with_body(body.into().into_bytes()), false, now);
        self.proceed(seconds)
    }

    /// What has been written to the far end, up to this end, without what every answer says.
    fn read(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            let mut byte = [0];
            assert_eq!(self.far.read(&mut byte).unwrap(), 1, "closed after {}", read.escape_ascii());
            read.extend_from_slice(&byte);
        }
        plain(&String::from_utf8(read).unwrap())
    }

    /// Tries again until it is so: the kernel takes a moment from one socket to the other.
    fn until(&mut self, mut is_so: impl FnMut(&mut Pair) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !is_so(self) {
            assert!(Instant::now() < end, "it never came");
            std::thread::yield_now();
        }
    }
}

fn plain(answer: &str) -> String {
    let is_usual = |line: &&str| line.starts_with("Server: ") || line.starts_with("Date: ");
    answer.split_inclusive("\r\n").filter(|line| !is_usual(line)).collect()
}

/// An answer that ends as [`ANSWER`] does.
fn refusal() -> Response {
    Response::new(400, Kind::Plain).with_body(b"hi".as_slice())
}

/// A word for a step.
fn word(next: &Next) -> String {
    match next {
        Next::Wait => "wait".to_owned(),
        Next::Answer(request) => format!("answer {}", request.body.len()),
        Next::Refuse(status, _) => format!("refuse {status}"),
        Next::GiveUp => "give up".to_owned(),
        Next::Feed(_) => "feed".to_owned(),
        Next::NotTls => "not TLS".to_owned(),
        Next::Close => "close".to_owned(),
    }
}

#[track_caller]
fn check(next: &Next, expected: &str) {
    assert_eq!(word(next), expected);
}

#[test]
fn a_connection_without_a_request_is_closed_without_a_word() {
    let mut new = Pair::new();
    check(&new.proceed(0), "wait");
    assert!(new.client.standing() == Standing::Idle && new.client.standing() < Standing::AtWork);
    check(&new.client.timed_out(), "close");

    let mut kept = Pair::new();
    check(&kept.send(GET, 1), "answer 0");
    assert!(kept.client.standing() != Standing::Idle && kept.client.standing() == Standing::AtWork);
    check(&kept.answer("hi", 2), "wait");
    assert!(kept.client.standing() == Standing::Idle && kept.client.standing() < Standing::AtWork);
    assert_eq!(kept.deadline(), 2 + 30);
    check(&kept.client.timed_out(), "close");
}

#[test]
fn a_request_that_nobody_answers_is_given_up() {
    let mut pair = Pair::new();
    check(&pair.send(GET, 0), "answer 0");
    assert!(pair.client.standing() == Standing::AtWork);
    check(&pair.client.timed_out(), "give up");
    check(&pair.answer("hi", 30), "wait");
    assert_eq!(pair.read("hi"), ANSWER);
}

#[test]
fn a_head_is_late_ten_seconds_after_its_first_byte_however_it_trickles() {
    let mut pair = Pair::new();
    check(&pair.send(GET, 0), "answer 0");
    check(&pair.answer("hi", 0), "wait");
    for (second, byte) in GET.chars().take(10).enumerate() {
        check(&pair.send(&byte.to_string(), 5 + second as u64), "wait");
        assert_eq!(pair.deadline(), 15);
    }
    check(&pair.client.timed_out(), "refuse 408");
}

/// The time that passed before the first byte is not the head's.
#[test]
fn a_head_that_begins_late_has_its_ten_seconds_too() {
    let mut new = Pair::new();
    check(&new.send("GET", 9), "wait");
    assert_eq!(new.deadline(), 19, "on a new connection");

    let mut kept = Pair::new();
    check(&kept.send(GET, 0), "answer 0");
    check(&kept.answer("hi", 0), "wait");
    check(&kept.send("GET", 29), "wait");
    assert_eq!(kept.deadline(), 39, "on one that was kept");
}

#[test]
fn a_body_that_trickles_is_late_and_what_comes_at_some_speed_buys_time() {
    let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (head, bytes) in [(POST, "0123456789"), (chunked, "f\r\n0123456")] {
        let mut pair = Pair::new();
        check(&pair.send(head, 3), "wait");
        for (second, byte) in bytes.chars().enumerate() {
            check(&pair.send(&byte.to_string(), 4 + second as u64), "wait");
            assert_eq!(pair.deadline(), 13);
        }
        assert!(pair.client.standing() < Standing::AtWork && pair.client.standing() != Standing::Idle);
        check(&pair.client.timed_out(), "refuse 408");
    }
    let mut pair = Pair::new();
    check(&pair.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n", 3), "wait");
    for (kib, deadline) in [(1, 14), (20, 33), (49, 62), (50, 63), (51, 63), (63, 63)] {
        let Phase::Body(_, body) = &pair.client.phase else { panic!("it waits for a body") };
        let missing = kib * 1_024 - body.bytes.len();
        check(&pair.send(&"x".repeat(missing), 4), "wait");
        assert_eq!(pair.deadline(), deadline, "{kib} KiB");
    }
}

#[test]
fn an_answer_that_is_not_read_ends_the_connection_and_one_that_is_goes_on() {
    let mut pair = Pair::new();
    check(&pair.send(GET, 0), "answer 0");
    check(&pair.answer("x".repeat(LARGE_BYTES), 1), "wait");
    assert_eq!(pair.deadline(), 31);
    check(&pair.proceed(15), "wait");
    assert_eq!(pair.deadline(), 31, "nothing moved");
    let mut taken = vec![0; 1 << 20];
    pair.until(|pair| {
        assert!(pair.far.read(&mut taken).unwrap() > 0);
        check(&pair.proceed(20), "wait");
        pair.deadline() == 50
    });
    check(&pair.client.timed_out(), "close");
}

#[test]
fn a_refusal_is_the_last_word_and_what_still_comes_is_dropped_for_two_seconds() {
    let mut pair = Pair::new();
    check(&pair.send("nonsense\r\n", 1), "refuse 400");
    let now = pair.at(1);
    pair.client.refuse(&refusal(), now);
    check(&pair.proceed(1), "wait");
    assert!(pair.client.standing() < Standing::AtWork);
    let mut read = String::new();
    pair.far.read_to_string(&mut read).unwrap();
    assert!(read.starts_with("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n") && read.ends_with("hi"), "{read}");
    for second in 1..3 {
        check(&pair.send(GET, second), "wait");
        assert_eq!(pair.deadline(), 3);
    }
    check(&pair.client.timed_out(), "close");
    check(&pair.finish(2), "close");
}

#[test]
fn dropping_what_comes_after_a_refusal_has_its_bound() {
    let mut pair = Pair::new();
    check(&pair.send("nonsense\r\n", 0), "refuse 400");
    let now = pair.at(0);
    pair.client.refuse(&refusal(), now);
    let piece = "x".repeat(DISCARD_BYTES_MAX / 8);
    for _ in 0..7 {
        check(&pair.send(&piece, 0), "wait");
    }
    check(&pair.send(&piece[1..], 0), "wait");
    check(&pair.send("x", 0), "close");
}

#[test]
fn the_thousandth_request_of_a_connection_is_its_last() {
    let mut pair = Pair::new();
    for number in 1..=1_000 {
        check(&pair.send(GET, 0), "answer 0");
        check(&pair.answer("hi", 0), "wait");
        assert_eq!(pair.read("hi").contains("Connection: close"), number == 1_000, "{number}");
    }
    check(&pair.send(GET, 0), "wait");
    assert_eq!(pair.far.read(&mut [0]).unwrap(), 0, "closed");
}

#[test]
fn continue_is_said_only_where_the_body_is_about_to_be_read() {
    let with = |lines: &str| format!("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n{lines}\r\n");
    let old = with("Content-Length: 5\r\n").replace("HTTP/1.1", "HTTP/1.0");
    for (request, step, is_said) in [
        (with("Content-Length: 5\r\n"), "wait", true),
        (with("Transfer-Encoding: chunked\r\n"), "wait", true),
        (with("Content-Length: 5\r\n") + "he", "wait", false),
        (with("Content-Length: 5\r\n") + "hello", "answer 5", false),
        (with("Content-Length: 0\r\n"), "answer 0", false),
        (with(""), "answer 0", false),
        (with("Content-Length: 65537\r\n"), "refuse 413", false),
        (with("Expect: x\r\nContent-Length: 5\r\n"), "refuse 417", false),
        (old, "wait", false),
    ] {
        let mut pair = Pair::new();
        check(&pair.send(&request, 0), step);
        assert!(pair.client.output.is_empty(), "{request}");
        // The end of the answer says what stood before it.
        let now = pair.at(0);
        pair.client.refuse(&refusal(), now);
        pair.proceed(0);
        assert_eq!(pair.read("hi").starts_with("HTTP/1.1 100 Continue\r\n\r\n"), is_said, "{request}");
    }
}

#[test]
fn requests_that_come_together_are_taken_one_after_the_other() {
    let mut pair = Pair::new();
    let chunked = "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    check(&pair.send(&format!("{GET}{POST}01234567890123456789{chunked}{GET}half"), 0), "answer 0");
    for next in ["answer 20", "answer 3", "answer 0", "wait"] {
        check(&pair.proceed(0), "wait");
        check(&pair.answer("hi", 1), next);
        assert_eq!(pair.read("hi"), ANSWER);
    }
    assert_eq!(pair.deadline(), 11, "the clock of a head that has begun");
    assert!(pair.client.standing() != Standing::Idle);
}

#[test]
fn a_client_that_has_sent_its_last_byte_gets_what_it_asked_for() {
    for (sent, steps) in [
        ("", ["close", ""]),
        ("GET / HT", ["close", ""]),
        (POST, ["refuse 400", ""]),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", ["refuse 400", ""]),
        (GET, ["wait", "close"]),
    ] {
        let mut pair = Pair::new();
        pair.send(sent, 0);
        check(&pair.finish(0), steps[0]);
        if !steps[1].is_empty() {
            check(&pair.answer("hi", 0), steps[1]);
            assert_eq!(pair.read("hi"), ANSWER);
        }
    }
}

#[test]
fn an_answer_says_whether_the_connection_goes_on() {
    for (version, lines, line) in [
        ("1.1", "", ""),
        ("1.1", "Connection: close\r\n", "Connection: close\r\n"),
        ("1.0", "", "Connection: close\r\n"),
        ("1.0", "Connection: keep-alive\r\n", "Connection: keep-alive\r\n"),
    ] {
        let mut pair = Pair::new();
        check(&pair.send(&format!("GET / HTTP/{version}\r\nHost: h\r\n{lines}\r\n"), 0), "answer 0");
        check(&pair.answer("hi", 0), "wait");
        assert_eq!(
            pair.read("hi"),
            format!("HTTP/1.1 200 OK\r\n{line}Content-Length: 2\r\n\r\nhi"),
            "{version} {lines}"
        );
    }
}

/// A body behind an answer to HEAD would be taken for the start of the next answer.
#[test]
fn an_answer_to_head_has_no_body_whoever_gives_it() {
    let mut pair = Pair::new();
    let head = GET.replace("GET", "HEAD");
    check(&pair.send(&format!("{head}{GET}"), 0), "answer 0");
    check(&pair.answer("hi", 0), "answer 0");
    check(&pair.answer("ho", 0), "wait");
    assert_eq!(pair.read("ho"), format!("{}{}", ANSWER.replace("hi", ""), ANSWER.replace("hi", "ho")));
}

/// What TLS has to send, and so many bytes of text before it.
fn records(far: &mut ClientConnection, text: &str) -> Vec<u8> {
    far.writer().write_all(text.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    while far.wants_write() {
        far.write_tls(&mut bytes).unwrap();
    }
    bytes
}

#[test]
fn a_request_may_come_with_the_end_of_the_handshake_and_be_the_last() {
    let (mut pair, mut far) = Pair::tls();
    let mut bytes = records(&mut far, GET);
    far.send_close_notify();
    bytes.extend(records(&mut far, ""));
    check(&pair.send_bytes(&bytes, 0), "answer 0");
    check(&pair.answer("hi", 0), "close");
    // The end is ours, and nobody else's.
    pair.client.part();
    let mut read = String::new();
    rustls::Stream::new(&mut far, &mut pair.far).read_to_string(&mut read).unwrap();
    assert_eq!(plain(&read), ANSWER);
}

#[test]
fn a_handshake_that_is_given_up_ends_without_a_word() {
    let (mut pair, _) = Pair::tls();
    assert!(pair.client.is_half_open() && pair.client.standing() == Standing::Incomplete);
    assert_eq!(pair.deadline(), 10);
    check(&pair.client.timed_out(), "close");
    check(&pair.finish(1), "close");
}

/// What TLS holds of an answer counts, and time is granted for each part of it that is taken.
#[test]
fn an_answer_under_tls_is_held_until_the_client_has_taken_it() {
    let (mut pair, mut far) = Pair::tls();
    socket2::SockRef::from(&pair.far).set_recv_buffer_size(4_096).unwrap();
    socket2::SockRef::from(&*pair.client.stream()).set_send_buffer_size(4_096).unwrap();
    let request = records(&mut far, GET);
    check(&pair.send_bytes(&request, 0), "answer 0");
    // The sockets are filled first.
    while pair.client.standing() != Standing::Reading {
        check(&pair.answer("x".repeat(500), 1), "wait");
    }
    check(&pair.answer("x".repeat(60_000), 1), "wait");
    assert!(pair.client.output.is_empty(), "TLS has taken all of it");
    let held = pair.client.held_bytes();
    assert!((60_000..61_000).contains(&held), "{held}");
    assert_eq!(pair.deadline(), 31);
    let mut taken = [0; 4_096];
    pair.until(|pair| {
        assert!(pair.far.read(&mut taken).unwrap() > 0);
        check(&pair.proceed(20), "wait");
        pair.deadline() == 50
    });
    assert!(pair.client.standing() == Standing::Reading && (1..held).contains(&pair.client.held_bytes()));
    pair.until(|pair| {
        assert!(pair.far.read(&mut taken).unwrap() > 0);
        check(&pair.proceed(40), "wait");
        pair.client.standing() == Standing::Idle
    });
    assert_eq!((pair.client.held_bytes(), pair.deadline()), (0, 70));
}

/// Its socket may take all that TLS still held at once, and then has room for what comes behind.
#[test]
fn a_long_answer_under_tls_goes_on_whenever_the_client_goes_on_reading() {
    let (mut pair, mut far) = Pair::tls();
    let request = records(&mut far, GET);
    check(&pair.send_bytes(&request, 0), "answer 0");
    check(&pair.answer("x".repeat(LARGE_BYTES), 1), "wait");
    let mut taken = vec![0; 1 << 20];
    pair.until(|pair| {
        pair.far.set_nonblocking(true).unwrap();
        while pair.far.read(&mut taken).is_ok() {}
        check(&pair.proceed(2), "wait");
        pair.client.standing() == Standing::Idle
    });
}

#[test]
fn a_crowd_hurries_a_client_under_tls_too() {
    let (mut pair, mut far) = Pair::tls();
    let finished = records(&mut far, "");
    pair.far.write_all(&finished).unwrap();
    let now = pair.at(1);
    pair.until(|pair| {
        pair.client.note_readable(false);
        pair.client.begin_turn(true);
        pair.client.lend(&mut Buffers::default());
        check(&pair.client.proceed(now), "wait");
        pair.client.standing() == Standing::Idle
    });
    assert_eq!(pair.deadline(), 1 + 3);
}

#[test]
fn a_refusal_after_the_answer_to_head_has_its_body() {
    let mut pair = Pair::new();
    check(&pair.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 0), "answer 0");
    check(&pair.answer("hi", 0), "wait");
    check(&pair.send("GET nowhere\r\n", 1), "refuse 400");
    pair.client.refuse(&refusal(), pair.at(1));
    check(&pair.proceed(1), "wait");
    let read = pair.read("\r\n\r\nhi");
    assert!(read.contains("HTTP/1.1 400 "), "{read}");
}
