//! What proxies say of their visitors: believed of those the operator named, of nobody else, and nothing beyond address
//! and transport. Every peer here is an address of this machine.

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::browser::{Browser, Page, Way};
use crate::connection::{Connection, check_alive, check_served, get, is_closed};

/// The proxy that is named to the server, and a neighbour of it that is not.
const PROXY: &str = "127.0.0.2";
const STRANGER: &str = "127.0.0.3";

const FOR: &str = "X-Forwarded-For";
const PROTO: &str = "X-Forwarded-Proto";

const WARNING: &str = "WARN  A proxy sits in front; set SERVER_TRUSTED_PROXIES ip=";

fn behind_proxy() -> Start {
    Start::with_admin().env("SERVER_TRUSTED_PROXIES", "127.0.0.2/32, 10.0.0.0/8")
}

fn browser(appliance: &Appliance, source: &str) -> Browser {
    let mut browser = Browser::of(appliance);
    browser.way = Way::from(source);
    browser
}

/// Somebody who sends forms that nobody drew again and again: the log tells whom they were taken for. Wrong passwords
/// would soon have to wait.
struct Prober<'a> {
    appliance: &'a Appliance,
    browser: Browser,
}

impl<'a> Prober<'a> {
    fn new(appliance: &'a Appliance, browser: Browser) -> Prober<'a> {
        Prober { appliance, browser }
    }

    fn taken_for(&mut self, headers: &[(&str, &str)]) -> String {
        let refused = "form refused reason=token path=/accounts/login ip=";
        let before = self.appliance.log().matches(refused).count();
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let page = self.browser.send("POST", "/accounts/login", &[&kind, headers].concat(), Some(b"username=x"));
        assert_eq!(page.status, 403, "{headers:?}: {}", page.text());
        let log = self.appliance.log();
        assert_eq!(log.matches(refused).count(), before + 1, "{log}");
        let (_, rest) = log.rsplit_once(refused).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

#[test]
fn the_visitor_is_the_nearest_that_no_trusted_proxy_is() {
    let appliance = behind_proxy().run();
    let mut prober = Prober::new(&appliance, browser(&appliance, PROXY));
    let many = |range: std::ops::RangeInclusive<u32>, with: &str| {
        range.map(|last| format!("10.0.0.{last}")).collect::<Vec<_>>().join(with)
    };
    let (forty, long) = (many(1..=40, ", "), format!("198.51.100.7, {}", many(1..=19, ",")));
    let (short, padding) = (format!("198.51.100.7,{}", many(1..=20, ",")), " ".repeat(4_000));
    let padded = format!("1.1.1.1 ,{padding}198.51.100.7{padding}");
    for (lines, expected) in [
        ([].as_slice(), PROXY),
        (&["198.51.100.7"], "198.51.100.7"),
        (&["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
        (&["198.51.100.7, 10.0.0.9"], "198.51.100.7"),
        (&["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
        (&["6.6.6.6, 198.51.100.7", "10.0.0.9", "10.255.255.255"], "198.51.100.7"),
        // All are trusted: the farthest.
        (&["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
        (&["127.0.0.2"], PROXY),
        // One that is not, between some that are.
        (&["198.51.100.7, 127.0.0.3, 10.0.0.9"], "127.0.0.3"),
        (&["198.51.100.7, 11.0.0.1, 10.0.0.9"], "11.0.0.1"),
        // Ports and forms of addresses.
        (&["198.51.100.7:4711"], "198.51.100.7"),
        (&["[2001:db8::7]:4711"], "2001:db8::7"),
        (&["[2001:db8::7]"], "2001:db8::7"),
        (&["2001:DB8:0:0::7"], "2001:db8::7"),
        (&["::ffff:198.51.100.7"], "198.51.100.7"),
        (&["198.51.100.7, ::ffff:10.0.0.9"], "198.51.100.7"),
        (&["fe80::7%eth0"], "fe80::7"),
        (&[padded.as_str()], "198.51.100.7"),
        // What is no address ends the walk: what stands left of it is nobody's word.
        (&["unknown"], PROXY),
        (&[""], PROXY),
        (&["198.51.100.7,"], PROXY),
        (&["198.51.100.7", ""], PROXY),
        (&["_hidden"], PROXY),
        (&["198.51.100.256"], PROXY),
        (&["198.51.100.7:"], PROXY),
        (&["198.51.100.7 6.6.6.6"], PROXY),
        (&["\"198.51.100.7\""], PROXY),
        (&["1.1.1.1, garbage, 10.0.0.9"], "10.0.0.9"),
        (&["1.1.1.1", "010.0.0.9"], PROXY),
        // Twenty are looked at.
        (&[forty.as_str()], "10.0.0.21"),
        (&[long.as_str()], "198.51.100.7"),
        (&[short.as_str()], "10.0.0.1"),
    ] {
        let headers: Vec<(&str, &str)> = lines.iter().map(|line| (FOR, *line)).collect();
        assert_eq!(prober.taken_for(&headers), expected, "{lines:?}");
    }
    assert_eq!(prober.taken_for(&[("x-fORWARDED-fOR", "198.51.100.7")]), "198.51.100.7");
    assert!(!appliance.log().contains(WARNING), "{}", appliance.log());
}

/// The operator hears of it once, for it looks as if a setting were missing.
#[test]
fn nobody_else_is_believed_and_the_first_is_reported() {
    for (trusted, peers) in [("127.0.0.2/32, 10.0.0.0/8", [STRANGER, "127.0.0.1"]), ("", [STRANGER, PROXY])] {
        let appliance = Start::with_admin().env("SERVER_TRUSTED_PROXIES", trusted).run();
        let mut probers = peers.map(|peer| Prober::new(&appliance, browser(&appliance, peer)));
        assert_eq!(probers[0].taken_for(&[("Forwarded", "for=1.2.3.4"), ("X-Real-IP", "1.2.3.4")]), peers[0]);
        assert!(!appliance.log().contains(WARNING), "those headers are not ours: {}", appliance.log());
        for (prober, peer) in probers.iter_mut().zip(peers) {
            for headers in [
                [(FOR, "1.2.3.4")].as_slice(),
                &[(FOR, "10.0.0.9")],
                &[(FOR, "127.0.0.2"), (FOR, "127.0.0.2")],
                &[(FOR, "")],
                &[(PROTO, "http")],
            ] {
                assert_eq!(prober.taken_for(headers), peer, "{headers:?}");
            }
        }
        let log = appliance.log();
        assert_eq!(log.matches(WARNING).count(), 1, "{log}");
        assert!(log.contains(&format!("{WARNING}{}\n", peers[0])), "{log}");
    }
}

/// `127.0.0.2`, as the peer of a socket that takes both kinds of addresses, is written `::ffff:127.0.0.2`.
#[test]
fn an_address_is_the_same_in_both_spellings() {
    if TcpListener::bind("[::1]:0").is_err() {
        println!("skipped: this machine has no IPv6");
        return;
    }
    let start =
        |trusted: &str| Start::with_admin().env("SERVER_HOST", "::").env("SERVER_TRUSTED_PROXIES", trusted).run();
    for trusted in ["127.0.0.2 ::1", "::ffff:127.0.0.2, ::1/128", "loopback", "::ffff:127.0.0.0/104 0:0::1"] {
        let appliance = start(trusted);
        let port = appliance.address.port();
        for (source, forwarded) in [(PROXY, "198.51.100.7"), ("::1", "::ffff:198.51.100.7")] {
            let source: IpAddr = source.parse().unwrap();
            let there = if source.is_ipv4() { "127.0.0.1".parse().unwrap() } else { source };
            let mut browser = Browser::at(SocketAddr::new(there, port));
            browser.way.source = Some(source);
            let mut prober = Prober::new(&appliance, browser);
            assert_eq!(prober.taken_for(&[(FOR, forwarded)]), "198.51.100.7", "{source} of {trusted}");
            assert_eq!(prober.taken_for(&[]), source.to_string(), "{source} of {trusted}");
        }
        assert!(!appliance.log().contains(WARNING), "{}", appliance.log());
    }
    let appliance = start("10.0.0.0/8");
    let mut browser = Browser::at(SocketAddr::new("127.0.0.1".parse().unwrap(), appliance.address.port()));
    browser.way = Way::from(PROXY);
    assert_eq!(Prober::new(&appliance, browser).taken_for(&[(FOR, "198.51.100.7")]), PROXY);
    assert!(appliance.log().contains(&format!("{WARNING}{PROXY}\n")), "{}", appliance.log());
}

// --- transport ------------------------------------------------------------------------------------------------

/// What is known of a request's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Secure,
    Plain,
    Nothing,
}

/// Lines of `X-Forwarded-Proto`, and what they amount to from a proxy that is believed.
const PROTOS: &[(&[&str], Known)] = &[
    (&[], Known::Nothing),
    (&["https"], Known::Secure),
    (&["HTTPS"], Known::Secure),
    (&[" \thttps\t "], Known::Secure),
    (&["http"], Known::Plain),
    (&["https, http"], Known::Plain),
    (&["http, https"], Known::Plain),
    (&["https, https"], Known::Plain),
    (&["https,"], Known::Plain),
    (&["https", "https"], Known::Plain),
    (&["https", "http"], Known::Plain),
    (&[""], Known::Plain),
    (&["wss"], Known::Plain),
    (&["httpss"], Known::Plain),
    (&["\"https\""], Known::Plain),
    (&["on"], Known::Plain),
];

/// All ways: who says what, and what is known then.
fn ways() -> impl Iterator<Item = (&'static str, Vec<(&'static str, &'static str)>, Known)> {
    [PROXY, STRANGER].into_iter().flat_map(|peer| {
        PROTOS.iter().map(move |(lines, known)| {
            let known = if peer == PROXY { *known } else { Known::Nothing };
            (peer, lines.iter().map(|line| (PROTO, *line)).collect(), known)
        })
    })
}

fn strict(page: &Page) -> Option<&str> {
    page.header("strict-transport-security")
}

const YEAR: Option<&str> = Some("max-age=31536000");

#[test]
fn a_request_is_as_secure_as_a_trusted_proxy_says() {
    let appliance = behind_proxy().run();
    Browser::admin(&appliance).make_link("https://example.com/", "promo");
    for (peer, headers, known) in ways() {
        let mut browser = browser(&appliance, peer);
        let mut ask = |path: &str| browser.send("GET", path, &headers, None);
        let expected = if known == Known::Secure { YEAR } else { None };
        let login = ask("/accounts/login");
        assert_eq!((login.status, strict(&login)), (200, expected), "{peer} {headers:?}");
        assert!(!login.set_cookies().is_empty());
        for cookie in login.set_cookies() {
            let is_secure = cookie.starts_with("__Host-") && cookie.ends_with("; Secure");
            let is_plain = !cookie.contains("__Host-") && !cookie.contains("Secure");
            assert!(if known == Known::Secure { is_secure } else { is_plain }, "{peer} {headers:?}: {cookie}");
        }
        // Of the second kind in a row the answer comes from memory.
        for (path, status) in [("/root-user/promo", 302), ("/root-user/promo", 302), ("/health", 200), ("/none", 404)] {
            let page = ask(path);
            assert_eq!((page.status, strict(&page)), (status, expected), "{path} {peer} {headers:?}");
        }
    }
}

#[test]
fn links_are_shown_as_the_visitor_reaches_them() {
    let appliance = behind_proxy().run();
    let mut secure = browser(&appliance, PROXY);
    secure.header(PROTO, "https");
    secure.header("Origin", &format!("https://{}", appliance.address));
    secure.log_in(ADMIN, PASSWORD);
    secure.make_link("https://example.com/", "promo");
    let address = |scheme: &str| format!("{scheme}://{}/{ADMIN}/promo", appliance.address);
    assert!(secure.open("/links").body.contains(&address("https")));
    // The session of a secure request is none in clear: each request is judged by itself.
    let session = secure.cookies["__Host-session"].clone();
    let mut plain = browser(&appliance, PROXY);
    plain.cookies.insert("__Host-session".to_owned(), session.clone());
    plain.header(PROTO, "http");
    assert_eq!(plain.get("/links").status, 302);
    plain.cookies.insert("session".to_owned(), session);
    assert!(plain.open("/links").body.contains(&address("http")));
    plain.header(PROTO, "https");
    assert!(plain.open("/links").body.contains(&address("https")));
    // Forms are of the origin that the visitor sees.
    let form = [("theme", "dark")];
    secure.header("Origin", &format!("http://{}", appliance.address));
    assert_eq!(secure.submit("/", "/accounts/theme", &form).status, 403);
    plain.header(PROTO, "http");
    plain.header("Origin", &format!("https://{}", appliance.address));
    assert_eq!(plain.submit("/", "/accounts/theme", &form).status, 403);
    plain.header("Origin", &format!("http://{}", appliance.address));
    assert_eq!(plain.submit("/", "/accounts/theme", &form).status, 303);
}

#[test]
fn with_a_public_https_address_pages_do_not_travel_in_clear() {
    let appliance = behind_proxy().env("SERVER_BASE_URL", "https://short.example").run();
    let mut admin = browser(&appliance, PROXY);
    for (name, value) in [("Host", "short.example"), ("Origin", "https://short.example"), (PROTO, "https")] {
        admin.header(name, value);
    }
    admin.log_in(ADMIN, PASSWORD);
    admin.make_link("https://example.com/", "promo");
    let token = admin.open("/links/new").token();
    for (number, (peer, headers, known)) in ways().enumerate() {
        let mut browser = admin.clone();
        browser.header(PROTO, "");
        browser.way = Way::from(peer);
        let mut ask = |method: &str, path: &str| browser.send(method, path, &headers, None);
        let expected = if known == Known::Plain { None } else { YEAR };
        for path in ["/links?q=a%26b", "/accounts/login", "/assets/app.css", "/no/such/page"] {
            for method in ["GET", "HEAD"] {
                let page = ask(method, path);
                let elsewhere = format!("https://short.example{path}");
                let location = (known == Known::Plain).then_some(elsewhere.as_str());
                assert_eq!(strict(&page), expected, "{method} {path} {peer} {headers:?}");
                assert_eq!(page.status == 308, location.is_some(), "{method} {path} {peer} {headers:?}");
                assert!(location.is_none() || page.header("location") == location, "{:?}", page.headers);
            }
        }
        for (path, status) in [("/root-user/promo", 302), ("/root-user/none", 404), ("/health", 200)] {
            let page = ask("GET", path);
            assert_eq!((page.status, strict(&page)), (status, expected), "{path} {peer} {headers:?}");
        }
        let slug = format!("made{number}");
        let body = format!("csrf_token={token}&target_url=example.com&slug={slug}&enabled=1");
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let page = browser.send("POST", "/links/new", &[&kind, headers.as_slice()].concat(), Some(body.as_bytes()));
        let (status, made) = if known == Known::Plain { (403, 404) } else { (303, 302) };
        assert_eq!((page.status, strict(&page)), (status, expected), "{peer} {headers:?}");
        assert_eq!(admin.get(&format!("/{ADMIN}/{slug}")).status, made, "{peer} {headers:?}");
    }
}

// --- what is not read -----------------------------------------------------------------------------------------

/// Headers that other servers believe, each with something that would be noticed.
const IGNORED: &[(&str, &str)] = &[
    ("X-Real-IP", "203.0.113.9"),
    ("Forwarded", "for=203.0.113.9;proto=https;host=evil.example;by=203.0.113.9"),
    ("X-Client-IP", "203.0.113.9"),
    ("True-Client-IP", "203.0.113.9"),
    ("CF-Connecting-IP", "203.0.113.9"),
    ("Fastly-Client-IP", "203.0.113.9"),
    ("X-Cluster-Client-IP", "203.0.113.9"),
    ("X-Forwarded", "for=203.0.113.9"),
    ("Forwarded-For", "203.0.113.9"),
    ("X-Original-Forwarded-For", "203.0.113.9"),
    ("X_Forwarded_For", "203.0.113.9"),
    ("X_Forwarded_Proto", "https"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Server", "evil.example"),
    ("X-Host", "evil.example"),
    ("X-HTTP-Host-Override", "evil.example"),
    ("X-Forwarded-Port", "4711"),
    ("X-Forwarded-Prefix", "/evil.example"),
    ("X-Script-Name", "/evil.example"),
    ("X-Original-URL", "/health"),
    ("X-Rewrite-URL", "/health"),
    ("X-Forwarded-Uri", "/health"),
    ("X-Forwarded-Scheme", "https"),
    ("X-Forwarded-Protocol", "https"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Url-Scheme", "https"),
    ("Front-End-Https", "on"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("X-HTTP-Method", "DELETE"),
    ("X-Method-Override", "DELETE"),
    ("X-Forwarded-Method", "DELETE"),
    ("Remote-User", ADMIN),
    ("X-Remote-User", ADMIN),
    ("X-Forwarded-User", ADMIN),
    ("X-Auth-Request-User", ADMIN),
    ("Authorization", "Basic cm9vdC11c2VyOngK"),
    ("X-Door", "203.0.113.9"),
    ("X-Door", "00000000000000000000000000000000 203.0.113.9 secure"),
    ("x-door", " 203.0.113.9 secure"),
    ("Connection", "x-door, x-forwarded-for, cookie, host"),
];

/// Not even of a proxy that is believed otherwise.
#[test]
fn nothing_else_that_a_proxy_says_has_an_effect() {
    let appliance = behind_proxy().run();
    let mut admin = browser(&appliance, PROXY);
    admin.log_in(ADMIN, PASSWORD);
    admin.make_link("https://example.com/", "promo");
    let mut stranger = browser(&appliance, PROXY);
    let mut prober = Prober::new(&appliance, browser(&appliance, PROXY));
    let stable = |page: &Page| {
        let varies = |name: &str| ["date", "set-cookie", "content-length"].contains(&name);
        let headers = page.headers.iter().filter(|(name, _)| !varies(name)).cloned().collect::<Vec<_>>();
        (page.status, headers)
    };
    let paths = ["/links", "/", "/root-user/promo", "/root-user/none", "/accounts/profile", "/nowhere"];
    let before: Vec<_> = paths.iter().map(|path| stable(&admin.get(path))).collect();
    for header in IGNORED {
        for (path, before) in paths.iter().zip(&before) {
            let page = admin.send("GET", path, &[*header], None);
            assert_eq!(stable(&page), *before, "{header:?} {path}");
            assert!(page.set_cookies().iter().all(|cookie| !cookie.contains("Secure")), "{header:?} {path}");
            for word in ["evil.example", "203.0.113.9", ":4711", "https://127"] {
                assert!(!page.body.contains(word), "{header:?} {path} shows {word}");
            }
        }
        let links = admin.send("GET", "/links", &[*header], None);
        assert!(links.body.contains(&format!("http://{}/{ADMIN}/promo", appliance.address)), "{header:?}");
        assert_eq!(stranger.send("GET", "/links", &[*header], None).status, 302, "{header:?}: nobody has logged in");
        assert_eq!(prober.taken_for(&[*header]), PROXY, "{header:?}");
        assert_eq!(prober.taken_for(&[*header, (FOR, "198.51.100.7")]), "198.51.100.7", "{header:?}");
    }
    assert!(!appliance.log().contains("203.0.113.9"), "{}", appliance.log());
}

/// Once from the file, then from memory.
#[test]
fn clicks_are_of_the_visitor_and_shortened() {
    let appliance = behind_proxy().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    for (peer, forwarded, kept) in [
        (PROXY, "198.51.100.7", "198.51.100.0"),
        (PROXY, "1.1.1.1, 203.0.113.99:4711, 10.0.0.9", "203.0.113.0"),
        (PROXY, "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1::"),
        (PROXY, "nobody", "127.0.0.0"),
        (STRANGER, "192.0.2.9", "127.0.0.0"),
    ] {
        let mut visitor = browser(&appliance, peer);
        let shown = |admin: &mut Browser| {
            let page = admin.open(&format!("/links/{id}"));
            let recent = page.body.split("id=\"recent\"").nth(1).unwrap_or_default();
            recent.split("</table>").next().unwrap_or_default().matches(&format!(">{kept}<")).count()
        };
        let before = shown(&mut admin);
        for _ in 0..2 {
            assert_eq!(visitor.send("GET", "/root-user/promo", &[(FOR, forwarded)], None).status, 302);
        }
        assert_eq!(shown(&mut admin), before + 2, "{forwarded} from {peer}");
    }
    let page = admin.open(&format!("/links/{id}"));
    for address in ["198.51.100.7", "203.0.113.99", "2:3:4", "192.0.2", "10.0.0"] {
        assert!(!page.body.contains(address), "{address}");
    }
}

#[test]
fn a_network_that_is_none_ends_the_start() {
    let words = "networks such as 10.0.0.0/8";
    for (text, word) in [
        ("10.0.0.0/33", "10.0.0.0/33"),
        ("127.0.0.2/32, 10.0.0/8", "10.0.0/8"),
        ("loopback lan", "lan"),
        ("proxy.example", "proxy.example"),
        ("Loopback", "Loopback"),
        ("10.0.0.1:80", "10.0.0.1:80"),
        ("10.0.0.0-10.0.0.9", "10.0.0.0-10.0.0.9"),
        ("*", "*"),
        ("all", "all"),
    ] {
        for (start, name) in [
            (Start::empty().env("SERVER_TRUSTED_PROXIES", text), "SERVER_TRUSTED_PROXIES"),
            (Start::empty().arg("--trusted-proxies").arg(text), "--trusted-proxies"),
        ] {
            let ended = start.fail();
            assert_eq!((ended.code(), ended.stdout.as_str(), ended.stderr.lines().count()), (2, "", 1), "{text}");
            let message = format!("error: {name} \"{word}\" is not accepted. ");
            assert!(ended.stderr.starts_with(&message) && ended.stderr.contains(words), "{}", ended.stderr);
            assert!(!start.data().exists());
        }
    }
}

// --- how many connections -------------------------------------------------------------------------------------

/// Connections of one address.
const OF_ONE_MAX: usize = 100;

/// An address of this machine that is not exempt from that, if it has one. Nothing is sent: a socket is asked which
/// address it would send from.
pub fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    if address.is_loopback() || address.is_unspecified() { None } else { Some(address) }
}

/// A server at that address, with these proxies; `OWN` is the address.
fn reached_from_outside(trusted: &str) -> Option<Appliance> {
    let Some(own) = own_address().map(|own| own.to_string()) else {
        println!("skipped: this machine has no address but 127.0.0.1");
        return None;
    };
    let trusted = trusted.replace("OWN", &own);
    Some(Start::with_admin().env("SERVER_HOST", &own).env("SERVER_TRUSTED_PROXIES", &trusted).run())
}

#[test]
fn an_address_has_only_so_many_connections_unless_it_is_a_trusted_proxy_or_this_machine() {
    let at_home = Some(Start::with_admin().run());
    let (untrusted, unnamed) = (reached_from_outside("10.0.0.0/8"), reached_from_outside(""));
    for (appliance, gone) in [(untrusted, 20), (unnamed, 20), (reached_from_outside("OWN"), 0), (at_home, 0)] {
        let Some(appliance) = appliance else { continue };
        let address = appliance.address;
        let mut all: Vec<Connection> = (0..OF_ONE_MAX + 20).map(|_| Connection::open(address)).collect();
        // Whoever is here already makes room for who comes, the oldest first.
        check_alive(all.last_mut().unwrap(), address);
        let (first, rest) = all.split_at_mut(gone);
        assert!(first.iter_mut().all(|connection| is_closed(&mut connection.stream)), "{address}");
        rest.iter_mut().for_each(|connection| check_alive(connection, address));
    }
}

#[test]
fn an_address_with_all_its_connections_at_work_is_asked_to_come_back() {
    let Some(appliance) = reached_from_outside("10.0.0.0/8") else { return };
    let address = appliance.address;
    let mut at_work: Vec<Connection> = (0..OF_ONE_MAX).map(|_| Connection::open(address)).collect();
    at_work.iter_mut().for_each(|connection| check_alive(connection, address));
    appliance.pause();
    for connection in &mut at_work {
        connection.send(get(address, "/robots.txt", "").as_bytes());
    }
    // Few enough to be accepted in one round: after that one of the others may have had its answer.
    let mut more: Vec<Connection> = (0..3).map(|_| Connection::open(address)).collect();
    appliance.resume();
    for connection in &mut more {
        let answer = connection.answer(true);
        assert_eq!((answer.status, answer.header("connection")), (503, Some("close")));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(connection.rest(), "");
    }
    for connection in &mut at_work {
        assert!(connection.answer(true).body.contains("User-agent"));
    }
    check_served(address);
}
