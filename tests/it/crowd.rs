//! Silent, unreading and countless clients: who has to go, who stays, and what they may hold together.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};
use socket2::{Domain, Socket, Type};

use crate::appliance::{Appliance, Start};
use crate::browser::Browser;
use crate::connection::{Connection, check_alive, check_served, eventually, get, is_closed};

/// A program with room for a hundred connections: of 130 open files it keeps 30.
fn roomy() -> Appliance {
    Start::with_admin().env("SERVER_NUMTHREADS", "2").descriptors(130).run()
}

const ROOM: usize = 100;

/// Descriptors and threads of a process.
pub fn held(pid: u32) -> (usize, usize) {
    let count = |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).unwrap().count();
    (count("fd"), count("task"))
}

/// Descriptors and threads are soon as few as they were.
pub fn check_given_back(pid: u32, before: (usize, usize)) {
    eventually("descriptors or threads stay", || {
        let after = held(pid);
        after.0 <= before.0 && after.1 <= before.1
    });
}

/// So many connections more, once all of them have been let in.
fn crowd(appliance: &Appliance, count: usize) -> Vec<Connection> {
    let crowd = (0..count).map(|_| Connection::open(appliance.address)).collect();
    eventually("they are not let in", || waiting_outside(appliance.address) == 0);
    crowd
}

/// Connections that a listening socket holds and nobody has accepted: its receive queue (proc_pid_net(5)).
fn waiting_outside(address: SocketAddr) -> usize {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{:04X}", address.port());
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.filter(|row| row[1].ends_with(&port)).find(|row| row[3] == "0A").unwrap();
    usize::from_str_radix(row[4].split(':').nth(1).unwrap(), 16).unwrap()
}

/// Resident memory of a process.
pub fn resident_bytes(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}

/// A client that asks for more than the sockets hold and reads nothing of it.
fn unreading(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    socket2::SockRef::from(&stream).set_recv_buffer_size(4_096).unwrap();
    stream.set_nonblocking(true).unwrap();
    // What does not fit any more is what the server does not take any more.
    let _ = (&stream).write_all(get(address, "/assets/app.css", "").repeat(600).as_bytes());
    stream
}

#[test]
fn silent_slow_and_unreading_clients_hold_nobody_up() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let silent: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut slow: Vec<Connection> = (0..100).map(|_| Connection::open(address)).collect();
    let unreading: Vec<TcpStream> = (0..50).map(|_| unreading(address)).collect();
    let head = get(address, "/health", "Connection: close\r\n");
    let start = Instant::now();
    for at in 0..50 {
        for connection in &mut slow {
            connection.send(&head.as_bytes()[at..=at]);
        }
        let mut visitor = Connection::open(address);
        visitor.send(head.as_bytes());
        assert_eq!(visitor.answer(true).status, 200, "visitor {at}");
    }
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    for connection in &mut slow {
        connection.send(&head.as_bytes()[50..]);
        assert_eq!(connection.answer(true).status, 200);
    }
    drop((silent, unreading));
}

#[test]
fn connections_that_have_ended_leave_nothing_behind() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let request = get(address, "/health", "");
    assert_eq!(Browser::of(&appliance).get("/health").status, 200);
    let before = held(appliance.pid());
    for number in 0..1_000 {
        let mut connection = Connection::open(address);
        match number % 4 {
            0 => {}
            1 => connection.send(&request.as_bytes()[..30]),
            2 => connection.send(b"\x16\x03\x01"),
            _ => {
                connection.send(request.as_bytes());
                assert_eq!(connection.answer(true).status, 200);
            }
        }
    }
    check_given_back(appliance.pid(), before);
}

#[test]
fn more_connections_than_descriptors_are_survived() {
    let program = Start::with_admin().descriptors(64).run();
    let ask = || {
        let mut visitor = Connection::open(program.address);
        visitor.send(get(program.address, "/health", "Connection: close\r\n").as_bytes());
        let start = Instant::now();
        assert_eq!(visitor.answer(true).status, 200);
        start.elapsed()
    };
    let held: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(program.address).unwrap()).collect();
    let beside = ask();
    assert!(beside < Duration::from_secs(2), "answered after {beside:?} beside silent connections");
    drop(held);
    ask();
    for _ in 0..100 {
        assert!(ask() < Duration::from_secs(1));
    }
}

#[test]
fn clients_that_never_read_cannot_keep_others_out() {
    let program = Start::with_admin().descriptors(64).run();
    let unreading: Vec<TcpStream> = (0..60).map(|_| unreading(program.address)).collect();
    check_served(program.address);
    drop(unreading);
}

// --- more than there is room for ------------------------------------------------------------------------------

#[test]
fn a_newcomer_takes_the_place_of_who_has_been_idle_for_longest() {
    let appliance = roomy();
    let address = appliance.address;
    let mut idle = crowd(&appliance, ROOM / 2);
    // Whoever has had an answer lately has not been idle for long.
    check_alive(&mut idle[0], address);
    idle.extend(crowd(&appliance, ROOM / 2));
    assert!(!idle.iter_mut().any(|connection| is_closed(&mut connection.stream)), "there is room for all");
    check_served(address);
    let stays: Vec<bool> = idle.iter_mut().map(|connection| !is_closed(&mut connection.stream)).collect();
    let gone = stays[1..].iter().take_while(|stays| !**stays).count();
    assert!((1..=16).contains(&gone), "{gone} made room for one");
    assert!(stays[0] && stays[1 + gone..].iter().all(|stays| *stays), "{stays:?}");
    for _ in 0..300 {
        check_served(address);
    }
    let newcomers: Vec<Connection> = (0..300).map(|_| Connection::open(address)).collect();
    check_served(address);
    assert!(held(appliance.pid()).0 <= 130);
    assert!(!appliance.log().contains("no room"), "room was made before it was missing: {}", appliance.log());
    drop((idle, newcomers));
    eventually("descriptors stay", || held(appliance.pid()).0 < 130 - ROOM);
}

/// Another program takes what becomes free, or the limit was lowered: closing one after the other would help nobody.
#[test]
fn visitors_stay_where_closing_one_of_them_makes_no_room() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut idle = crowd(&appliance, 60);
    idle.iter_mut().for_each(|connection| check_alive(connection, address));
    let pid = Pid::from_raw(i32::try_from(appliance.pid()).unwrap());
    let usual =
        prlimit(pid, Resource::Nofile, Rlimit { current: Some(10), maximum: getrlimit(Resource::Nofile).maximum });
    let usual = usual.unwrap();
    let mut newcomers: Vec<Connection> = (0..3).map(|_| Connection::open(address)).collect();
    // Time for a dozen tries.
    thread::sleep(Duration::from_millis(600));
    let gone = idle.iter_mut().filter_map(|connection| is_closed(&mut connection.stream).then_some(())).count();
    assert!((1..=3).contains(&gone), "{gone} were closed for nobody");
    prlimit(pid, Resource::Nofile, usual).unwrap();
    newcomers.iter_mut().for_each(|connection| check_alive(connection, address));
}

/// Everybody asks at one moment, and others come when all are at work.
#[test]
fn nobody_is_closed_while_at_work() {
    let appliance = roomy();
    let address = appliance.address;
    let mut at_work = crowd(&appliance, ROOM);
    appliance.pause();
    let ask = |connection: &mut Connection| connection.send(get(address, "/accounts/login", "").as_bytes());
    at_work.iter_mut().for_each(ask);
    let mut newcomers: Vec<Connection> = (0..2 * ROOM).map(|_| Connection::open(address)).collect();
    newcomers.iter_mut().for_each(ask);
    appliance.resume();
    for connection in at_work.iter_mut().chain(&mut newcomers) {
        assert_eq!(connection.answer(true).status, 200);
    }
}

/// More connections than a process may usually have files.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

/// So many ask at one moment that some are sent away, and one of those has asked for hundreds of things at once.
#[test]
fn whoever_asks_for_too_much_at_once_is_told_so_each_time() {
    allow_many_files();
    let appliance = Start::with_admin().env("SERVER_NUMTHREADS", "1").run();
    let mut others = crowd(&appliance, 1_300);
    let mut eager = crowd(&appliance, 1).remove(0);
    let login = get(appliance.address, "/accounts/login", "");
    appliance.pause();
    others.iter_mut().for_each(|connection| connection.send(login.as_bytes()));
    eager.send(get(appliance.address, "/nobody", "").repeat(600).as_bytes());
    appliance.resume();
    let answers: Vec<u16> = (0..600).map(|_| eager.answer(true).status).collect();
    assert!(answers.iter().all(|status| matches!(status, 404 | 503)), "{answers:?}");
    assert!(answers.contains(&503), "the queue was never full");
    check_served(appliance.address);
}

/// Far more links that nobody has followed than are looked up at a time, and far more visitors who have to wait for
/// their clicks than there are workers.
#[test]
fn a_crowd_is_sent_on_to_the_right_places_each_counted_once() {
    allow_many_files();
    for durability in ["relaxed", "strict"] {
        let start =
            || Start::with_busy_admin().env("SERVER_NUMTHREADS", "1").env("SERVER_CLICK_DURABILITY", durability);
        let appliance = start().run();
        let mut admin = Browser::admin(&appliance);
        let slugs: Vec<String> = (0..300).map(|number| format!("s{number}")).collect();
        let ids: Vec<String> =
            slugs.iter().map(|slug| admin.make_link(&format!("https://{slug}.example/"), slug)).collect();
        let appliance = again(appliance, start());
        let mut crowd = crowd(&appliance, 900);
        appliance.pause();
        for (connection, slug) in crowd.iter_mut().zip(slugs.iter().cycle()) {
            connection.send(get(appliance.address, &format!("/root-user/{slug}"), "").as_bytes());
        }
        appliance.resume();
        for (connection, slug) in crowd.iter_mut().zip(slugs.iter().cycle()) {
            let answer = connection.answer(true);
            let target = format!("https://{slug}.example/");
            assert_eq!((answer.status, answer.header("location")), (302, Some(target.as_str())), "{durability}");
        }
        let mut admin = Browser::admin(&appliance);
        for id in ids.iter().step_by(100) {
            assert_eq!(admin.open(&format!("/links/{id}")).clicks(), (3, 0), "{durability}");
        }
    }
}

/// Stops the server and starts it again on the same folder: it has nothing in memory then.
fn again(appliance: Appliance, start: Start) -> Appliance {
    let (status, folder) = appliance.stop();
    assert!(status.success(), "{status}");
    start.folder(folder).run()
}

/// Nine tenths of the room, and then one more.
#[test]
fn in_a_crowd_each_answer_is_the_last_of_its_connection() {
    let appliance = roomy();
    let address = appliance.address;
    let mut others = crowd(&appliance, ROOM / 10 * 9);
    let mut kept = others.pop().unwrap();
    let health = get(address, "/health", "");
    kept.send(health.as_bytes());
    assert_eq!(kept.answer(true).header("connection"), None);
    others.extend(crowd(&appliance, 1));
    kept.send(health.as_bytes());
    let answer = kept.answer(true);
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(kept.rest(), "");
}

/// Long before the half minute that it would have otherwise.
#[test]
fn beside_many_others_an_idle_connection_is_closed_after_seconds() {
    let appliance = roomy();
    let address = appliance.address;
    let mut others = crowd(&appliance, ROOM / 2 + 1);
    let mut kept = others.pop().unwrap();
    check_alive(&mut kept, address);
    let start = Instant::now();
    assert_eq!(kept.rest(), "");
    let waited = start.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(15)).contains(&waited), "{waited:?}");
    drop(others);
}

// --- more than they may hold ----------------------------------------------------------------------------------

/// What all clients may hold together.
const HELD_BYTES_MAX: usize = 32 << 20;

/// A page that is long, and a request for it.
struct Long {
    request: String,
    bytes: usize,
}

impl Long {
    fn of(admin: &mut Browser) -> Long {
        let token = admin.open("/links/new").token();
        for number in 0..25 {
            let target = format!("https://example.com/?{number}{}", "&".repeat(1_900));
            let fields = [("csrf_token", token.as_str()), ("target_url", &target), ("enabled", "1")];
            assert_eq!(admin.post("/links/new", &fields).status, 303);
        }
        let lines = format!("Cookie: session={}\r\nAccept: text/html\r\n", admin.cookies["session"]);
        Long { request: get(admin.address, "/links", &lines), bytes: admin.open("/links").bytes.len() }
    }

    /// So many clients that ask for it and read nothing, once each has something to read.
    fn ask(&self, address: SocketAddr, count: usize) -> Vec<TcpStream> {
        let clients: Vec<TcpStream> = (0..count).map(|_| self.ask_once(address)).collect();
        // Who had to go meanwhile is reset.
        clients.iter().for_each(|client| drop(client.peek(&mut [0])));
        check_served(address);
        clients
    }

    /// Whether a client gets all of it after all.
    fn arrives(&self, client: &mut TcpStream) -> bool {
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut buffer = [0; 4_096];
        let mut left = self.bytes;
        while left > 0 {
            match client.read(&mut buffer) {
                Ok(count @ 1..) => left = left.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("neither goes on nor ends"),
                _ => return false,
            }
        }
        true
    }

    /// Its segments are short, so that the kernel takes little.
    fn ask_once(&self, address: SocketAddr) -> TcpStream {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        socket.set_tcp_mss(536).unwrap();
        socket.connect(&address.into()).unwrap();
        let mut stream = TcpStream::from(socket);
        stream.write_all(self.request.as_bytes()).unwrap();
        stream
    }
}

#[test]
fn answers_that_nobody_reads_have_a_bound_together() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let long = Long::of(&mut Browser::admin(&appliance));
    assert!(long.bytes > 200_000, "{}", long.bytes);
    let before = resident_bytes(appliance.pid());
    let mut all: Vec<TcpStream> = (0..10).flat_map(|_| long.ask(address, 30)).collect();
    let grown = resident_bytes(appliance.pid()).saturating_sub(before);
    assert!(grown < 3 * HELD_BYTES_MAX, "{grown} bytes more");
    // Each of those who are still here has all of its answer waiting; whoever waited for longest had to go.
    let here: Vec<bool> = all.iter_mut().map(|stream| long.arrives(stream)).collect();
    let bytes = here.iter().filter(|here| **here).count() * long.bytes;
    assert!((HELD_BYTES_MAX / 4 * 3..=HELD_BYTES_MAX).contains(&bytes), "{bytes} of {}", long.bytes);
    // Few are out of order: the kernel takes a little more of an answer now and then, and that counts as progress.
    let misplaced =
        here[..150].iter().filter(|here| **here).count() + here[250..].iter().filter(|here| !**here).count();
    assert!(misplaced < 20, "{here:?}");
}

/// Those who hold most are others, and have held it for longer.
#[test]
fn a_form_that_is_on_its_way_does_not_go_for_answers_that_nobody_reads() {
    let appliance = Start::with_admin().run();
    let address = appliance.address;
    let mut admin = Browser::admin(&appliance);
    let long = Long::of(&mut admin);
    let most = HELD_BYTES_MAX / long.bytes;
    let mut unread = long.ask(address, most - 5);
    let token = admin.open("/links/new").token();
    let body = format!("csrf_token={token}&target_url=example.com&slug=made&enabled=1");
    let head = format!(
        "POST /links/new HTTP/1.1\r\nHost: {address}\r\nCookie: session={}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        admin.cookies["session"],
        body.len()
    );
    let mut form = Connection::open(address);
    let mut half = Connection::open(address);
    form.send((head.clone() + &body[..20]).as_bytes());
    half.send(&head.as_bytes()[..40]);
    check_served(address);
    unread.extend(long.ask(address, 30));
    assert!(unread.iter_mut().any(|stream| !long.arrives(stream)), "somebody had to go");
    form.send(&body.as_bytes()[20..]);
    assert_eq!(form.answer(true).status, 303);
    half.send((head[40..].to_owned() + &body).as_bytes());
    assert_eq!(half.answer(true).status, 422, "the slug is taken by now");
}
