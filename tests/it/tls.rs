//! TLS over real sockets: who gets through, what browsers are told then, and what becomes of plain words, of nonsense
//! and of floods.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use rustix::process::Signal;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConfig, ClientConnection, Error, HandshakeKind, RootCertStore};
use rustls::{ProtocolVersion, SupportedProtocolVersion};

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start, write_file};
use crate::browser::{Browser, Page, Way};
use crate::connection::{Connection, check_alive, eventually, get, is_closed};

const STRICT: Option<&str> = Some("max-age=31536000");
pub const BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];

/// A certificate for this machine and its key, as their files have them.
pub struct Pair {
    pub certificate: String,
    pub key: String,
    pub der: CertificateDer<'static>,
}

impl Pair {
    pub fn new() -> Pair {
        let key = KeyPair::generate().unwrap();
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        Pair { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone() }
    }

    /// A server with this pair and an administrator.
    pub fn start(&self) -> Start {
        let start = Start::with_admin().env("SERVER_TLS_CERT", "cert.pem").env("SERVER_TLS_KEY", "key.pem");
        start.file("cert.pem", &self.certificate).file("key.pem", &self.key)
    }

    pub fn write(&self, appliance: &Appliance) {
        write_file(&appliance.folder.path().join("cert.pem"), &self.certificate);
        write_file(&appliance.folder.path().join("key.pem"), &self.key);
    }

    /// A client that has never been here.
    pub fn way(&self) -> Way {
        way(&[self], BOTH, &["http/1.1"])
    }

    pub fn browser(&self, appliance: &Appliance) -> Browser {
        let mut browser = Browser::of(appliance);
        browser.way = self.way();
        browser.header("Origin", &appliance.origin());
        browser
    }

    pub fn admin(&self, appliance: &Appliance) -> Browser {
        let mut browser = self.browser(appliance);
        browser.log_in(ADMIN, PASSWORD);
        browser
    }
}

/// A client that trusts these certificates and offers these versions and protocols.
pub fn way(trusted: &[&Pair], versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> Way {
    let mut roots = RootCertStore::empty();
    trusted.iter().for_each(|pair| roots.add(pair.der.clone()).unwrap());
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Way { source: None, tls: Some(Arc::new(config)) }
}

/// The first message of a client, in one record (RFC 5246, section 7.4.1.2): this version, these suites, else as usual.
fn hello(version: u16, suites: &[u16]) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    // Groups, point formats, signatures.
    let extensions: [(u8, &[u8]); 3] = [(10, &[0, 4, 0, 29, 0, 23]), (11, &[1, 0]), (13, &[0, 6, 4, 3, 8, 4, 4, 1])];
    let extensions: Vec<u8> =
        extensions.iter().flat_map(|(kind, body)| [&[0, *kind], &*sized(body)].concat()).collect();
    let body = [&version.to_be_bytes(), [7; 32].as_slice(), &[0], &sized(&suites), &[1, 0], &sized(&extensions)];
    let message = [&[1, 0], sized(&body.concat()).as_slice()].concat();
    [&[22, 3, 1], sized(&message).as_slice()].concat()
}

/// One that gets an answer.
fn usual_hello() -> Vec<u8> {
    hello(0x0303, &[0xc02b, 0xc02f])
}

// --- handshakes -----------------------------------------------------------------------------------------------

#[test]
fn both_versions_are_spoken_and_inside_of_them_http_1() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    assert_eq!(appliance.scheme, "https");
    for (version, expected) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        for (offered, chosen) in [
            ([].as_slice(), None),
            (&["http/1.1"], Some("http/1.1")),
            (&["h2", "http/1.1"], Some("http/1.1")),
            (&["http/1.0", "http/1.1", "h3"], Some("http/1.1")),
        ] {
            let mut connection = way(&[&pair], &[version], offered).open(appliance.address);
            check_alive(&mut connection, appliance.address);
            let tls = connection.tls.unwrap();
            assert_eq!(tls.protocol_version(), Some(expected));
            assert_eq!(tls.alpn_protocol(), chosen.map(str::as_bytes), "{offered:?}");
            assert_eq!(tls.peer_certificates().unwrap()[0], pair.der);
        }
        let error = way(&[&pair], &[version], &["h2"]).try_open(appliance.address).err().unwrap();
        let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
        assert_eq!(error, Some(&Error::AlertReceived(AlertDescription::NoApplicationProtocol)));
    }
    check_alive(&mut pair.way().open(appliance.address), appliance.address);
}

/// Versions and suites that nobody should speak any more, each answered by an alert and the end.
#[test]
fn what_is_outdated_is_refused() {
    const PROTOCOL_VERSION: u8 = 70;
    const HANDSHAKE_FAILURE: u8 = 40;
    let pair = Pair::new();
    let appliance = pair.start().run();
    let good = [0xc02b, 0xc02f];
    for (version, suites, alert) in [
        (0x0300, good.as_slice(), PROTOCOL_VERSION),
        (0x0301, &good, PROTOCOL_VERSION),
        (0x0302, &good, PROTOCOL_VERSION),
        // CBC, RSA key exchange, finite fields, RC4, nothing at all, an unknown one.
        (0x0303, &[0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc027], HANDSHAKE_FAILURE),
        (0x0303, &[0x009c, 0x009d, 0x002f, 0x0035], HANDSHAKE_FAILURE),
        (0x0303, &[0x009e, 0x009f], HANDSHAKE_FAILURE),
        (0x0303, &[0x0004, 0x0005, 0xc007], HANDSHAKE_FAILURE),
        (0x0303, &[0x0000, 0xc0ff], HANDSHAKE_FAILURE),
    ] {
        let mut connection = Connection::open(appliance.address);
        connection.send(&hello(version, suites));
        let mut said = Vec::new();
        connection.stream.read_to_end(&mut said).unwrap();
        assert_eq!((said[0], &said[5..]), (21, [2, alert].as_slice()), "{version:x} {suites:x?}");
    }
    // It was not for the rest of the message.
    let mut connection = Connection::open(appliance.address);
    connection.send(&usual_hello());
    let mut first = [0];
    connection.stream.read_exact(&mut first).unwrap();
    assert_eq!(first, [22]);
}

#[test]
fn a_client_that_comes_back_shows_its_ticket() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    for version in BOTH {
        let way = way(&[&pair], &[version], &["http/1.1"]);
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
            let mut connection = way.open(appliance.address);
            check_alive(&mut connection, appliance.address);
            assert_eq!(connection.tls.unwrap().handshake_kind(), Some(expected), "{version:?}");
        }
    }
}

/// A ticket is worth nothing after a restart, and does no harm.
#[test]
fn tickets_end_with_the_program() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let port = appliance.address.port().to_string();
    let way = pair.way();
    check_alive(&mut way.open(appliance.address), appliance.address);
    let (_, folder) = appliance.stop();
    let appliance = pair.start().folder(folder).env("SERVER_PORT", &port).run();
    let mut connection = way.open(appliance.address);
    check_alive(&mut connection, appliance.address);
    assert_eq!(connection.tls.unwrap().handshake_kind(), Some(HandshakeKind::Full));
}

#[test]
fn requests_are_answered_as_without_tls() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let address = appliance.address;
    let mut connection = pair.way().open(address);
    check_alive(&mut connection, address);
    check_alive(&mut connection, address);
    let health = get(address, "/health", "");
    connection.send((health.replacen("GET", "HEAD", 1) + &get(address, "/robots.txt", "") + &health).as_bytes());
    assert_eq!(connection.answer(false).header("content-length"), Some("43"));
    assert!(connection.answer(true).body.contains("User-agent"));
    assert!(connection.answer(true).body.contains("healthy"));
    connection.send((get(address, "/nowhere", "Connection: close\r\n") + &health).as_bytes());
    let last = connection.answer(true);
    assert_eq!(
        (last.status, last.header("connection"), last.header("strict-transport-security")),
        (404, Some("close"), STRICT)
    );
    assert_eq!(connection.rest(), "", "the server says that it closes");
    // A client that has said all still gets its answer.
    let mut connection = pair.way().open(address);
    connection.send(health.as_bytes());
    connection.finish();
    assert_eq!(connection.answer(true).status, 200);
    assert_eq!(connection.rest(), "");
    // What leaves room for doubt is refused here, too.
    let mut connection = pair.way().open(address);
    connection
        .send((get(address, "/health", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") + &health).as_bytes());
    let refusal = connection.answer(true);
    assert_eq!((refusal.status, refusal.header("strict-transport-security")), (400, STRICT));
    assert_eq!(connection.rest(), "");
}

/// A client that takes little at a time gets the longest page all the same.
#[test]
fn a_large_page_arrives_whole() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let mut admin = pair.admin(&appliance);
    let token = admin.open("/links/new").token();
    for number in 0..25 {
        let target = format!("https://example.com/{number}/{}", "x".repeat(1_900));
        let fields = [("csrf_token", token.as_str()), ("target_url", &target), ("enabled", "1")];
        assert_eq!(admin.post("/links/new", &fields).status, 303);
    }
    let cookie = format!("Cookie: __Host-session={}\r\nAccept: text/html\r\n", admin.cookies["__Host-session"]);
    for version in BOTH {
        let mut connection = way(&[&pair], &[version], &[]).open(appliance.address);
        socket2::SockRef::from(&connection.stream).set_recv_buffer_size(16 << 10).unwrap();
        connection.send(get(appliance.address, "/links", &cookie).repeat(3).as_bytes());
        for _ in 0..3 {
            let page = connection.answer(true);
            assert!(page.bytes.len() > 90_000 && page.body.trim_end().ends_with("</html>"), "{}", page.bytes.len());
            assert_eq!(page.body.matches(&"x".repeat(1_900)).count() % 25, 0);
        }
        check_alive(&mut connection, appliance.address);
    }
}

#[test]
fn bytes_that_come_one_to_a_record_mean_the_same() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let address = appliance.address;
    let chunked = "Transfer-Encoding: chunked\r\n\r\n3;a\r\na=b\r\n0\r\nX: y\r\n\r\n";
    let bytes = format!("POST /accounts/theme HTTP/1.1\r\nHost: {address}\r\n{chunked}")
        + &get(address, "/robots.txt", "Connection: close\r\n");
    let timeless = |answer: &str| -> String { answer.lines().filter(|line| !line.starts_with("Date: ")).collect() };
    let mut connection = pair.way().open(address);
    connection.send(bytes.as_bytes());
    let whole = timeless(&connection.rest());
    assert_eq!(whole.matches("HTTP/1.1 ").count(), 2, "{whole}");
    for version in BOTH {
        let way = way(&[&pair], &[version], &[]);
        for at_once in [1, 2, 7, 100] {
            let mut connection = way.open(address);
            let tls = connection.tls.as_mut().unwrap();
            let mut records = Vec::new();
            for piece in bytes.as_bytes().chunks(at_once) {
                tls.writer().write_all(piece).unwrap();
                while tls.wants_write() {
                    tls.write_tls(&mut records).unwrap();
                }
            }
            // All records in one piece, or each byte of them in one of its own.
            let cut = if at_once == 7 { 1 } else { records.len() };
            records.chunks(cut).for_each(|piece| connection.stream.write_all(piece).unwrap());
            assert_eq!(timeless(&connection.rest()), whole, "{at_once} {version:?}");
        }
    }
}

#[test]
fn browsers_are_held_to_https() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let mut admin = pair.admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    for path in ["/links".to_owned(), format!("/links/{id}")] {
        let page = admin.open(&path);
        assert_eq!(page.header("strict-transport-security"), STRICT, "{path}");
        assert!(page.body.contains(&format!("https://{}/{ADMIN}/promo", appliance.address)), "{path}: {}", page.body);
        assert!(!page.body.contains("http://"), "{path}: {}", page.body);
    }
    assert!(admin.cookies.keys().all(|name| name.starts_with("__Host-")), "{:?}", admin.cookies.keys());
    let login = pair.browser(&appliance).open("/accounts/login");
    assert!(!login.set_cookies().is_empty());
    assert!(login.set_cookies().iter().all(|cookie| cookie.starts_with("__Host-") && cookie.ends_with("; Secure")));
    for path in ["/health", "/assets/app.css", "/nobody/nothing", "/%zz", "/root-user/promo"] {
        assert_eq!(admin.get(path).header("strict-transport-security"), STRICT, "{path}");
    }
    // What a page in clear, or of a neighbour, could have planted does not count.
    let session = admin.cookies["__Host-session"].clone();
    let mut planted = pair.browser(&appliance);
    planted.cookies.insert("session".to_owned(), session.clone());
    assert_eq!(planted.get("/links").status, 302);
    planted.cookies.insert("__Host-session".to_owned(), session);
    assert_eq!(planted.get("/links").status, 200);
    // A form of the same name in clear is no form of ours.
    admin.header("Origin", &appliance.origin().replace("https", "http"));
    assert_eq!(admin.submit("/", "/accounts/theme", &[("theme", "dark")]).status, 403);
}

// --- the wrong port -------------------------------------------------------------------------------------------

#[test]
fn plain_words_on_the_tls_port_are_told_so_and_nothing_of_them_is_done() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let address = appliance.address;
    let mut admin = pair.admin(&appliance);
    let token = admin.open("/links/new").token();
    let session = &admin.cookies["__Host-session"];
    let body = format!("csrf_token={token}&target_url=example.com&slug=made&enabled=1");
    let form = format!(
        "POST /links/new HTTP/1.1\r\nHost: {address}\r\nCookie: session={session}; __Host-session={session}\r\n\
         Origin: https://{address}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let words = "This port speaks HTTPS. Put https:// in front of the address.";
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for bytes in
        [&get(address, "/", ""), &form, "G", "\r\n", "\0", "SSH-2.0-x\r\n", preface, "\x15\x03\x01\0\x02\x01\0"]
    {
        let mut connection = Connection::open(address);
        connection.send((bytes.to_owned() + &form).as_bytes());
        let answer = connection.answer(true);
        assert_eq!((answer.status, answer.body.trim_end(), answer.header("connection")), (400, words, Some("close")));
        assert!(answer.header("strict-transport-security").is_none() && answer.set_cookies().is_empty());
        assert_eq!(connection.rest(), "", "{bytes:?}");
    }
    assert_eq!(admin.get(&format!("/{ADMIN}/made")).status, 404);
    let log = appliance.log();
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn tls_on_a_plain_port_is_refused_at_once() {
    let pair = Pair::new();
    let (plain, both) = (Start::with_admin().run(), pair.start().arg("--http-port=0").run());
    for address in [plain.address, both.plain()] {
        for bytes in [usual_hello(), usual_hello()[..11].to_vec(), vec![22]] {
            let mut connection = Connection::open(address);
            connection.send(&bytes);
            let answer = connection.answer(true);
            assert_eq!((answer.status, answer.header("connection")), (400, Some("close")));
            assert!(answer.header("strict-transport-security").is_none());
            assert_eq!(connection.rest(), "");
        }
        assert!(pair.way().try_open(address).is_err());
    }
}

#[test]
fn the_plain_port_sends_pages_on_and_answers_short_links() {
    let pair = Pair::new();
    for base in [None, Some("https://short.example")] {
        let start = pair.start().arg("--http-port").arg("0");
        let appliance = base.into_iter().fold(start, |start, base| start.env("SERVER_BASE_URL", base)).run();
        let (address, plain) = (appliance.address, appliance.plain());
        let origin = base.map_or_else(|| appliance.origin(), str::to_owned);
        let mut admin = pair.browser(&appliance);
        admin.header("Host", &origin["https://".len()..]);
        admin.header("Origin", &origin);
        admin.log_in(ADMIN, PASSWORD);
        admin.make_link("https://example.com/", "promo");
        let token = admin.open("/links/new").token();

        let mut clear = admin.clone();
        (clear.address, clear.way) = (plain, Way::default());
        let session = admin.cookies["__Host-session"].clone();
        clear.cookies.insert("session".to_owned(), session);
        clear.header("Host", &base.map_or_else(|| plain.to_string(), |base| base["https://".len()..].to_owned()));
        let never_strict = |page: Page| {
            assert!(page.header("strict-transport-security").is_none() && page.set_cookies().is_empty());
            page
        };
        for path in ["/", "/links?q=a%26b&sort=slug", "/accounts/login", "/no/such/page", "/assets/app.css"] {
            for method in ["GET", "HEAD"] {
                let page = never_strict(clear.send(method, path, &[], None));
                let location = format!("{origin}{path}");
                assert_eq!((page.status, page.header("location")), (308, Some(location.as_str())), "{method} {path}");
            }
        }
        for origin in [&origin, &format!("http://{plain}")] {
            clear.header("Origin", origin);
            let fields =
                [("csrf_token", token.as_str()), ("target_url", "example.com"), ("slug", "made"), ("enabled", "1")];
            assert_eq!(never_strict(clear.post("/links/new", &fields)).status, 403);
            let fields = [("csrf_token", token.as_str()), ("username", ADMIN), ("password", PASSWORD)];
            assert_eq!(never_strict(clear.post("/accounts/login", &fields)).status, 403);
        }
        assert_eq!(admin.get(&format!("/{ADMIN}/made")).status, 404);
        // The second comes from memory.
        for _ in 0..2 {
            let page = never_strict(clear.get(&format!("/{ADMIN}/promo")));
            assert_eq!((page.status, page.header("location")), (302, Some("https://example.com/")));
        }
        assert_eq!(never_strict(clear.get(&format!("/{ADMIN}/none"))).status, 404);
        assert_eq!(never_strict(clear.get("/health")).status, 200);
        assert_eq!(never_strict(clear.send("GET", "/", &[("Host", "evil.example")], None)).status, 421);
        assert_eq!(admin.get("/links").status, 200, "nothing of that changed what is at {address}");
    }
}

// --- nonsense, silence and floods -----------------------------------------------------------------------------

/// Whatever stands in the place of a first message, the connection ends and nothing else does.
#[test]
fn nonsense_for_a_handshake_ends_and_costs_nothing() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let address = appliance.address;
    let log = appliance.log();
    let record = |kind: u8, body: &[u8]| {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [[kind, 3, 3].as_slice(), &length, body].concat()
    };
    let noise: Vec<u8> = (0..600_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let goodbye = record(21, &[1, 0]);
    let first = record(22, &[[1, 0, 0xff, 0xf0].as_slice(), &[0; 16_000]].concat());
    // Each is closed by the server, whose client leaves its side open.
    let rows = [
        record(22, &noise),
        [[22, 3, 3, 0xff, 0xff].as_slice(), &noise].concat(),
        [[22, 9, 9, 0, 4].as_slice(), &noise].concat(),
        record(22, &[]).repeat(100),
        record(22, &[0; 4]),
        record(22, &[99, 0, 0, 2, 1, 1]),
        record(22, &[1, 0xff, 0xff, 0xff, 0, 0]),
        [first, record(22, &[0; 16_000]).repeat(5)].concat(),
        [usual_hello(), record(23, &noise)].concat(),
        [usual_hello(), record(20, &[1]).repeat(100)].concat(),
        [usual_hello(), usual_hello()].concat(),
        goodbye.clone(),
    ];
    let mut connections: Vec<Connection> = Vec::new();
    for bytes in &rows {
        let mut connection = Connection::open(address);
        connection.send(bytes);
        connections.push(connection);
    }
    for (row, connection) in connections.iter_mut().enumerate() {
        eventually(&format!("row {row} stays open"), || is_closed(&mut connection.stream));
    }
    // A first message that is cut off by its sender.
    for cut in [1, 4, 5, 9, 60, usual_hello().len() - 1] {
        let mut connection = Connection::open(address);
        connection.send(&usual_hello()[..cut]);
        connection.finish();
        eventually("half a message is waited for", || is_closed(&mut connection.stream));
    }
    // A goodbye that nobody has signed is not believed, and not waited for in a circle either.
    let mut waiting = Connection::open(address);
    waiting.send(&[usual_hello(), goodbye].concat());
    waiting.stream.read_exact(&mut [0]).unwrap();
    let before = appliance.processor_ticks();
    thread::sleep(Duration::from_millis(500));
    let used = appliance.processor_ticks() - before;
    assert!(used < 25, "{used} of 50 hundredths of a second were used for nothing");
    check_alive(&mut pair.way().open(address), address);
    // Counted now and then, but never told one by one.
    let told = |log: String| log.lines().filter(|line| !line.contains("requests refused")).count();
    assert_eq!(told(appliance.log()), told(log), "strangers' nonsense is no news");
}

#[test]
fn silent_and_half_open_clients_keep_nobody_out() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let address = appliance.address;
    let silent: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(address).unwrap()).collect();
    let half = |number: usize| {
        let mut connection = Connection::open(address);
        connection.send(&usual_hello()[..1 + number % 80]);
        connection
    };
    let half: Vec<Connection> = (0..200).map(half).collect();
    let mut kept = pair.way().open(address);
    for _ in 0..10 {
        check_alive(&mut pair.way().open(address), address);
        check_alive(&mut kept, address);
    }
    drop((silent, half));
}

/// A client that has sent its first message and had the answer to it, and says nothing more.
fn half_open(source: &str, address: SocketAddr) -> TcpStream {
    let mut connection = Way::from(source).open(address);
    connection.send(&usual_hello());
    connection.stream.read_exact(&mut [0]).unwrap();
    connection.stream
}

#[test]
fn of_too_many_handshakes_the_oldest_end() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let mut all: Vec<TcpStream> =
        (1..=100).map(|number| half_open(&format!("127.0.1.{number}"), appliance.address)).collect();
    let (gone, here) = all.split_at_mut(36);
    gone.iter_mut().for_each(|stream| eventually("an old one stays", || is_closed(stream)));
    assert!(!here.iter_mut().any(is_closed));
    check_alive(&mut pair.way().open(appliance.address), appliance.address);
    // That one may have taken the place of the oldest while its handshake lasted.
    assert!(!here[1..].iter_mut().any(is_closed));
}

#[test]
fn a_flood_from_one_address_makes_room_for_a_slow_client_of_another() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let address = appliance.address;
    let config = pair.way().tls.unwrap();
    let mut tls = ClientConnection::new(config, address.ip().into()).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    tls.write_tls(&mut stream).unwrap();
    stream.peek(&mut [0]).unwrap();
    let mut flood: Vec<TcpStream> = (0..200).map(|_| half_open("127.0.0.9", address)).collect();
    let closed = |flood: &mut [TcpStream]| flood.iter_mut().map(is_closed).take_while(|is_closed| *is_closed).count();
    eventually("the flood stays", || closed(&mut flood) == 200 - 63);
    tls.complete_io(&mut stream).unwrap();
    rustls::Stream::new(&mut tls, &mut stream).write_all(get(address, "/health", "").as_bytes()).unwrap();
    let mut status = [0; 12];
    rustls::Stream::new(&mut tls, &mut stream).read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

#[test]
fn a_stop_does_not_wait_for_handshakes() {
    let pair = Pair::new();
    let mut appliance = pair.start().run();
    let address = appliance.address;
    let silent = TcpStream::connect(address).unwrap();
    let half = half_open("127.0.0.9", address);
    let mut kept = pair.way().open(address);
    check_alive(&mut kept, address);
    let mut asking = pair.way().open(address);
    appliance.pause();
    asking.send(get(address, "/health", "").as_bytes());
    appliance.signal(Signal::TERM);
    appliance.resume();
    assert_eq!(asking.answer(true).status, 200);
    assert_eq!(asking.rest(), "");
    assert_eq!(kept.rest(), "");
    let start = Instant::now();
    assert_eq!(appliance.wait().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    drop((silent, half));
}

#[test]
fn who_connects_again_and_again_does_not_keep_others_waiting() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let address = appliance.address;
    let mut visitor = pair.browser(&appliance);
    let end = Instant::now() + Duration::from_secs(3);
    let flood = move || {
        while Instant::now() < end {
            if let Ok(mut stream) = TcpStream::connect(address) {
                let _ = stream.write_all(&usual_hello()).and_then(|()| stream.read(&mut [0]));
            }
        }
    };
    let floods: Vec<_> = (0..6).map(|_| thread::spawn(flood)).collect();
    let mut answers = 0;
    while Instant::now() < end {
        assert_eq!(visitor.get("/health").status, 200);
        answers += 1;
    }
    floods.into_iter().for_each(|flood| flood.join().unwrap());
    assert!(answers >= 10, "{answers} in three seconds");
}
