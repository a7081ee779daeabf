//! The door under siege: clients by the thousand that send slowly, read nothing or say nothing, and more connections
//! than the process may hold. Visitors go on as if nobody else were there, and what the siege took is given back.
//!
//! Answers and counts are judged here, never times; deadlines are there so that a test ends.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::{ClientConnection, StreamOwned};
use socket2::{Domain, SockRef, Socket, Type};

use crate::appliance::{ADMIN, Appliance, Start};
use crate::browser::{Browser, Page, Way};
use crate::connection::{Connection, check_alive, check_served, eventually, get, is_closed};
use crate::crowd::{check_given_back, held, resident_bytes};
use crate::fuzz::take_answer;
use crate::proxies::own_address;
use crate::tls::Pair;

/// Attackers of each kind.
const ATTACKERS_MAX: usize = 1_000;
/// Descriptors that are left for everything else, the other tests of this process among it.
const DESCRIPTORS_KEPT: u64 = 800;
/// Connections that one address may hold; this machine's own loopback addresses are exempt.
const PER_ADDRESS: usize = 100;
/// Memory of the program under siege. About 90 MB were measured in a debug build; a password that is hashed takes
/// 20 MB for a moment.
const RESIDENT_BYTES_MAX: usize = 150 << 20;
/// Asked for by one unreading client, one request behind the other.
const ASSETS: usize = 30;
/// One in so many unreading clients asks for a large page instead: with more of them they would hold more together than
/// they may, and the first would be sent away.
const LARGE_EVERY: usize = 50;
/// A visitor's requests.
const VISITS: usize = 100;

/// What a siege may use, until it is dropped: they share this process, so there is one at a time.
struct Means {
    /// Connections that this process, and the programs that it starts, can hold for a siege.
    connections: usize,
    _alone: MutexGuard<'static, ()>,
}

impl Means {
    fn take() -> Means {
        static ALONE: Mutex<()> = Mutex::new(());
        // A siege that failed before says nothing of this one.
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = getrlimit(Resource::Nofile);
        let wanted = 3 * ATTACKERS_MAX as u64 + DESCRIPTORS_KEPT;
        let allowed = limit.maximum.unwrap_or(wanted).min(wanted);
        if limit.current.is_some_and(|current| current < allowed) {
            setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum: limit.maximum }).unwrap();
        }
        let connections = usize::try_from(allowed.saturating_sub(DESCRIPTORS_KEPT)).unwrap();
        Means { connections, _alone: alone }
    }

    /// Attackers of each of so many kinds: fewer where not as many connections can be held.
    fn attackers(&self, kinds: usize) -> usize {
        let count = (self.connections / kinds).clamp(20, ATTACKERS_MAX);
        if count < ATTACKERS_MAX {
            println!("{count} attackers of each kind instead of {ATTACKERS_MAX}: descriptors are few");
        }
        count
    }
}

/// Connections from one of this machine's own addresses, which take little at a time: without the short segments of a
/// real network the kernel would hold megabytes for each, and no answer would ever wait for its reader.
fn crowd(address: SocketAddr, source: u8, count: usize) -> Vec<TcpStream> {
    let connect = |_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        socket.set_tcp_mss(1_220).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, source), 0)).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_nonblocking(true).unwrap();
        stream
    };
    (0..count).map(connect).collect()
}

/// Sends a byte of the request on each connection, now and then, until it is told to stop. Returns how many were sent.
fn trickle(slow: &[TcpStream], request: &str, stop: &AtomicBool) -> usize {
    let mut sent = 0;
    // The last byte is not sent: then there would be an answer.
    for byte in request.as_bytes()[..request.len() - 1].chunks(1) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        // A server that has had enough of it may close.
        slow.iter().for_each(|mut stream| drop(stream.write(byte)));
        sent += 1;
        thread::sleep(Duration::from_millis(10));
    }
    sent
}

/// Follows the link and asks for a page, on a new connection each time or always on the same one.
fn follow(address: SocketAddr, is_kept: bool) {
    let mut connection = Connection::open(address);
    for number in 0..VISITS {
        if !is_kept {
            connection = Connection::open(address);
        }
        connection.send((get(address, &format!("/{ADMIN}/promo"), "") + &get(address, "/robots.txt", "")).as_bytes());
        let page = connection.answer(true);
        assert_eq!((page.status, page.header("location")), (302, Some("https://example.com/")), "visit {number}");
        assert_eq!(connection.answer(true).status, 200, "visit {number}");
    }
}

/// What visitors do: eight of them follow the link, two log in and look at their links. Returns the clicks.
fn visit(appliance: &Appliance) -> usize {
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || follow(appliance.address, number % 2 == 0));
        }
        for _ in 0..2 {
            scope.spawn(|| Browser::admin(appliance).open("/links/new"));
        }
    });
    8 * VISITS
}

/// No click was lost and none counted twice.
fn check_clicks(admin: &mut Browser, id: &str, clicks: usize) {
    let text = admin.open(&format!("/links/{id}")).text().replace(',', "");
    assert!(text.contains(&format!(" {clicks} clicks ")), "{clicks} clicks are not in: {text}");
}

/// Reads the next answers on a connection.
fn read_answers(mut stream: TcpStream, count: usize) -> Vec<Page> {
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (mut pages, mut read, mut buffer) = (Vec::new(), Vec::new(), [0; 1 << 14]);
    while pages.len() < count {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "closed after {} answers of {count}", pages.len());
        read.extend_from_slice(&buffer[..length]);
        let mut rest = read.as_slice();
        while let Some(page) = take_answer(&mut rest, Some(false)) {
            pages.push(page);
        }
        read = rest.to_vec();
    }
    pages
}

#[test]
fn a_siege_keeps_no_visitor_out_and_leaves_nothing_behind() {
    let means = Means::take();
    let count = means.attackers(3);
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut admin = Browser::admin(&appliance);
    for number in 0..24 {
        admin.make_link(&format!("https://example.com/{number}?{}", "x&".repeat(450)), &format!("long-{number}"));
    }
    let id = admin.make_link("https://example.com/", "promo");
    let page_bytes = admin.open("/links").bytes.len();
    assert!(page_bytes > 100_000, "{page_bytes} bytes are no large page");
    let mut clicks = visit(&appliance);
    let before = held(appliance.pid());

    let silent = crowd(address, 2, count);
    let slow = crowd(address, 3, count);
    let unreading = crowd(address, 4, count);
    let session = format!("Cookie: session={}\r\n", admin.cookies["session"]);
    for (number, mut stream) in unreading.iter().enumerate() {
        let requests = if number % LARGE_EVERY == 0 {
            get(address, "/links", &session).repeat(2)
        } else {
            get(address, "/assets/app.css", "").repeat(ASSETS)
        };
        stream.write_all(requests.as_bytes()).unwrap();
    }
    let request = get(address, "/health", &format!("X-Any: {}\r\nConnection: close\r\n", "x".repeat(1_000)));
    let stop = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        let trickling = scope.spawn(|| trickle(&slow, &request, &stop));
        clicks += visit(&appliance);
        stop.store(true, Ordering::Relaxed);
        trickling.join().unwrap()
    });
    let ((descriptors, threads), resident) = (held(appliance.pid()), resident_bytes(appliance.pid()));
    println!("{count} of each, {sent} bytes trickled, {descriptors} descriptors, {resident} bytes in memory");
    assert!(descriptors > before.0 + 2 * count, "the besiegers were not there: {descriptors} descriptors");
    assert!(threads <= before.1, "{threads} threads, before {}", before.1);
    assert!(resident < RESIDENT_BYTES_MAX, "{resident} bytes in memory");
    check_clicks(&mut admin, &id, clicks);

    // Besiegers are clients too: who sends all of it after all is answered, if not too late, and who reads gets all.
    for mut stream in slow {
        let _ = stream.write_all(&request.as_bytes()[sent..]);
        let status = read_answers(stream, 1)[0].status;
        assert!(matches!(status, 200 | 408), "{status}");
    }
    for (number, stream) in unreading.into_iter().enumerate().step_by(25) {
        let pages = read_answers(stream, if number % LARGE_EVERY == 0 { 2 } else { ASSETS });
        assert!(pages.iter().all(|page| page.status == 200));
    }
    for mut stream in silent {
        let told = stream.read(&mut [0]).is_ok_and(|count| count > 0);
        assert!(!told, "somebody who said nothing was told something");
    }

    check_given_back(appliance.pid(), before);
    clicks += visit(&appliance);
    check_clicks(&mut admin, &id, clicks);
    let log = appliance.log();
    assert!(!log.contains("closed its lane") && !log.contains("panic"), "{log}");
}

/// So many newcomers at once, beside others that hold all connections with half of a request each. On a network some
/// time passes between a connection and its request.
fn check_newcomers(together: usize) {
    let program = Start::with_admin().descriptors(64).run();
    let half = crowd(program.address, 2, 100);
    // Some are gone already.
    half.iter().for_each(|mut stream| drop(stream.write(b"GET /health HTTP/1.1\r\n")));
    check_served(program.address);
    let mut newcomers: Vec<Connection> = (0..together).map(|_| Connection::open(program.address)).collect();
    thread::sleep(Duration::from_millis(200));
    newcomers.iter_mut().for_each(|newcomer| newcomer.send(get(program.address, "/health", "").as_bytes()));
    assert!(newcomers.iter_mut().all(|newcomer| newcomer.answer(true).status == 200));
    drop(half);
}

#[test]
fn a_newcomer_beside_half_sent_requests_has_time_to_ask() {
    check_newcomers(1);
}

#[test]
fn where_descriptors_run_out_visitors_are_served_and_waiting_costs_nothing() {
    let program = Start::with_admin().descriptors(64).run();
    check_served(program.address);
    let before = held(program.pid());
    for requests in ["", "GET /", &get(program.address, "/assets/app.css", "").repeat(ASSETS)] {
        let besiegers = crowd(program.address, 2, 200);
        // Some are gone already.
        besiegers.iter().for_each(|mut stream| drop(stream.write(requests.as_bytes())));
        (0..10).for_each(|_| check_served(program.address));
        let before_rest = program.processor_ticks();
        thread::sleep(Duration::from_secs(1));
        let spent = program.processor_ticks() - before_rest;
        assert!(spent < 30, "{spent} of the 100 ticks of a second");
        drop(besiegers);
        check_given_back(program.pid(), before);
        (0..50).for_each(|_| check_served(program.address));
    }
}

#[test]
fn one_address_has_its_share_of_connections_and_the_newest_are_kept() {
    let Some(own) = own_address() else {
        println!("skipped: this machine has loopback addresses only");
        return;
    };
    let appliance = Start::with_admin().env("SERVER_HOST", "0.0.0.0").run();
    let port = appliance.address.port();
    let (far, near) = (SocketAddr::new(own, port), SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let before = held(appliance.pid()).0;
    let mut neighbours: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(near).unwrap()).collect();
    let mut crowd: Vec<TcpStream> = (0..3 * PER_ADDRESS).map(|_| TcpStream::connect(far).unwrap()).collect();
    let mut newcomer = Connection::open(far);
    check_alive(&mut newcomer, far);
    assert_eq!(held(appliance.pid()).0, before + neighbours.len() + PER_ADDRESS);
    let (old, new) = crowd.split_at_mut(2 * PER_ADDRESS + 1);
    eventually("the oldest are not closed", || old.iter_mut().all(is_closed));
    assert!(!new.iter_mut().any(is_closed), "one of the newest is closed");
    assert!(!neighbours.iter_mut().any(is_closed), "another address has lost a connection");
    for stream in neighbours {
        (&stream).write_all(get(near, "/health", "").as_bytes()).unwrap();
        assert_eq!(read_answers(stream, 1)[0].status, 200);
    }
}

#[test]
fn nobody_gets_the_answer_of_somebody_who_left() {
    let means = Means::take();
    let count = means.attackers(1);
    let appliance = Start::with_admin().run();
    let before = held(appliance.pid());
    let (mut stay, mut busy) = (Vec::new(), 0);
    for number in 0..count {
        let mut stream = TcpStream::connect(appliance.address).unwrap();
        let target = format!("/accounts/login?next=/links/asked-{number}-");
        stream.write_all(get(appliance.address, &target, "").as_bytes()).unwrap();
        if number % 3 == 0 {
            // Whoever comes next may get the same place in the door, but not the answer that is on its way to it.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        } else {
            stay.push((number, stream));
        }
    }
    for (number, stream) in stay {
        let page = read_answers(stream, 1).remove(0);
        busy += usize::from(page.status == 503);
        let text = String::from_utf8(page.bytes).unwrap();
        let own = text.matches(&format!("/links/asked-{number}-")).count();
        let is_own = own > 0 && own == text.matches("asked-").count();
        assert!(page.status == 503 || page.status == 200 && is_own, "{number}: {} {text}", page.status);
    }
    println!("{count} requests at once, {busy} asked to come back");
    check_served(appliance.address);
    check_given_back(appliance.pid(), before);
}

/// Sends a body of nearly the longest length, each byte a chunk of its own with the longest extension: 16 MB in all.
/// True when all of it was taken; a server that refuses it half-way is right, too.
fn send_heavily_framed(connection: Connection) -> bool {
    let Connection { mut stream, mut tls, .. } = connection;
    let mut send = |bytes: &[u8]| match &mut tls {
        Some(tls) => rustls::Stream::new(tls, &mut stream).write_all(bytes).is_ok(),
        None => stream.write_all(bytes).is_ok(),
    };
    let chunks = format!("1;{}\r\nx\r\n", "e".repeat(250)).repeat(100);
    send(b"POST / HTTP/1.1\r\nHost: nas\r\nTransfer-Encoding: chunked\r\n\r\n");
    (0..600).all(|_| send(chunks.as_bytes()))
        && send(b"0\r\n\r\n")
        && stream.read(&mut [0]).is_ok_and(|count| count > 0)
}

/// While the bodies of others are on their way a visitor is served again and again.
fn check_served_beside_framing(address: SocketAddr, way: &Way) {
    thread::scope(|scope| {
        let framed = (0..4).map(|_| scope.spawn(|| send_heavily_framed(way.open(address))));
        let framed: Vec<_> = framed.collect();
        let (mut visitor, mut served) = (way.open(address), 0);
        while framed.iter().any(|framed| !framed.is_finished()) {
            check_alive(&mut visitor, address);
            served += 1;
        }
        let taken = framed.into_iter().map(|framed| framed.join().unwrap()).filter(|is_taken| *is_taken).count();
        println!("a visitor was served {served} times while {taken} such bodies were taken");
        assert!(served >= 2 * taken, "{served} times beside {taken} such bodies");
    });
}

#[test]
fn bodies_that_are_mostly_framing_hold_nobody_up() {
    let appliance = Start::with_admin().run();
    check_served_beside_framing(appliance.address, &Way::default());
}

#[test]
fn bodies_that_are_mostly_framing_hold_nobody_up_under_tls() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    check_served_beside_framing(appliance.address, &pair.way());
}

#[test]
fn newcomers_beside_half_sent_requests_do_not_push_each_other_out() {
    check_newcomers(10);
}

#[test]
fn a_slow_reader_under_tls_gets_all_of_a_large_page() {
    let pair = Pair::new();
    let appliance = pair.start().run();
    let mut admin = pair.admin(&appliance);
    for number in 0..25 {
        admin.make_link(&format!("https://example.com/{number}?{}", "x&".repeat(900)), &format!("long-{number}"));
    }
    let session = format!("Cookie: __Host-session={}\r\nConnection: close\r\n", admin.cookies["__Host-session"]);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_tcp_mss(1_220).unwrap();
    socket.connect(&appliance.address.into()).unwrap();
    let tls = ClientConnection::new(admin.way.tls.unwrap(), appliance.address.ip().into()).unwrap();
    let mut reader = StreamOwned::new(tls, TcpStream::from(socket));
    reader.write_all(get(appliance.address, "/links", &session).as_bytes()).unwrap();
    thread::sleep(Duration::from_secs(1));
    let mut answer = Vec::new();
    // How the connection ends is not what is asked here.
    let _ = reader.read_to_end(&mut answer);
    let page = Page::parse(&answer);
    assert_eq!((page.status, page.header("content-length").unwrap()), (200, page.bytes.len().to_string().as_str()));
}

/// A handshake costs a signature; who only makes them has so many and no more.
#[test]
fn one_address_begins_only_so_many_tls_connections_at_a_time() {
    let Some(own) = own_address() else {
        println!("skipped: this machine has loopback addresses only");
        return;
    };
    let pair = Pair::new();
    let appliance = pair.start().env("SERVER_HOST", "0.0.0.0").run();
    let port = appliance.address.port();
    let (far, near) = (SocketAddr::new(own, port), SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    // Within five seconds, whenever they began: a second hundred may fall into the next.
    let closed = (0..250).filter(|_| {
        let mut stream = TcpStream::connect(far).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        matches!(stream.read(&mut [0]), Ok(0))
    });
    assert!(closed.count() >= 20, "a flood is let in");
    let mut visitor = pair.browser(&appliance);
    visitor.address = near;
    assert_eq!(visitor.get("/health").status, 200);
}
