//! A whole door in front of a disk that fails or stalls: strict visitors are sent on after their click is written, or
//! asked to come back.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::app::App;
use crate::clock::Clock;
use crate::config;
use crate::link::{LinkChange, NewLink, Title};
use crate::options::Options;
use crate::password::{Cost, Hasher, PasswordHash};
use crate::proxy::TrustedProxies;
use crate::server::door::{Door, Entrance, Setting, Speech};
use crate::server::pool::Pool;
use crate::slug::Slug;
use crate::store::{Fault, Settings, Store};
use crate::target::Target;
use crate::user::{Email, NewUser, Role, UserName};

struct Site {
    app: Arc<App>,
    door: Option<Door>,
    pool: Arc<Pool>,
    address: SocketAddr,
    _folder: TempDir,
}

/// One worker, and alice's link `docs`.
fn strict_site() -> Site {
    let folder = TempDir::new().unwrap();
    let (store, _) = Store::open(folder.path(), 1 << 20, |_| {}).unwrap();
    let config =
        config::resolve(&Options::default(), &|name| (name == "SERVER_CLICK_DURABILITY").then(|| "strict".to_owned()));
    let app = App::new(store, Clock::system(), Hasher::new(1, 1, Cost::USUAL), &config.unwrap()).unwrap();
    let name = UserName::parse("alice").unwrap();
    let new = NewUser {
        name: name.clone(),
        email: Email::parse("alice@mail.example").unwrap(),
        password: PasswordHash::from_stored("a hash".to_owned()),
        role: Role::Administrator,
    };
    let alice = app.store.set_up(new, Settings::default(), None, app.now()).unwrap().unwrap();
    app.note_set_up(Settings::default());
    let target = Target::from_stored("https://docs.example/".to_owned()).unwrap();
    let change = LinkChange { target, title: Title::default(), expires: None, enabled: true };
    let new = NewLink { slug: Some(Slug::parse("docs").unwrap()), change };
    app.store.create_link(alice, name, new, app.now()).unwrap().unwrap();
    let app = Arc::new(app);
    let pool = Arc::new(Pool::start(&app, folder.path(), 1).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let setting = Setting {
        app: Arc::clone(&app),
        pool: Arc::clone(&pool),
        entrances: vec![Entrance { listener, speech: Speech::Plain }],
        trusted: TrustedProxies::default(),
        clients_max: 1_000,
    };
    let door = Door::start(setting, channel().0).unwrap();
    Site { app, door: Some(door), pool, address, _folder: folder }
}

impl Drop for Site {
    fn drop(&mut self) {
        let end = Instant::now() + Duration::from_secs(20);
        self.app.note_stopping();
        self.door.take().into_iter().for_each(|door| door.stop(end));
        self.pool.stop(end);
    }
}

impl Site {
    fn ask(&self, path: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        BufReader::new(stream)
    }
}

/// Status, and the value of a header.
fn answer(asked: BufReader<TcpStream>, header: &str) -> (String, Option<String>) {
    let mut lines = asked.lines().map(Result::unwrap);
    let status = lines.next().unwrap()[9..12].to_owned();
    let prefix = format!("{header}: ");
    (status, lines.find_map(|line| line.strip_prefix(&prefix).map(str::to_owned)))
}

fn is_sent_on(asked: BufReader<TcpStream>) {
    assert_eq!(answer(asked, "Location"), ("302".to_owned(), Some("https://docs.example/".to_owned())));
}

fn is_sent_away(asked: BufReader<TcpStream>) {
    assert_eq!(answer(asked, "Retry-After"), ("503".to_owned(), Some("1".to_owned())));
}

#[test]
fn visitors_whose_clicks_cannot_be_written_are_asked_to_come_back() {
    let site = strict_site();
    is_sent_on(site.ask("/alice/docs"));
    site.app.store.break_disk(Fault::Full);
    let crowd: Vec<_> = (0..20).map(|_| site.ask("/alice/docs")).collect();
    crowd.into_iter().for_each(is_sent_away);
    site.app.store.mend_disk();
    is_sent_on(site.ask("/alice/docs"));
}

#[test]
fn a_disk_that_stalls_holds_up_neither_workers_nor_the_loop() {
    let site = strict_site();
    is_sent_on(site.ask("/alice/docs"));
    let ((begin, begun), (end, ended)) = (channel(), channel());
    thread::scope(|scope| {
        scope.spawn(|| site.app.store.stall(begin, ended));
        begun.recv().unwrap();
        let begun = Instant::now();
        // The second address is the pool's business.
        let crowd: Vec<_> =
            ["/alice/docs", "/alice/d%6fcs"].repeat(10).into_iter().map(|path| site.ask(path)).collect();
        // The only worker is free.
        assert_eq!(answer(site.ask("/health"), "Server").0, "200");
        crowd.into_iter().for_each(is_sent_away);
        assert!(begun.elapsed() >= crate::limits::CLICK_STRICT_WAIT);
        let late = site.ask("/alice/docs");
        drop(end);
        is_sent_on(late);
    });
}
