//! What only a clock that can be set, or a row that can be spoilt, shows: ends of sessions, links and rights, and
//! failures that become numbered incidents.

mod clocks;
mod confirm;
mod exports;
mod kept;
mod roles;
mod throttle;
mod transport;

use std::net::{IpAddr, SocketAddr};

use tempfile::TempDir;

use super::*;
use crate::app::Listening;
use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::limits::{RESET_LINK_S, SESSION_ABSOLUTE_S, SESSION_IDLE_S, SESSION_STAMP_S};
use crate::link::{LinkChange, NewLink, Title};
use crate::options::Options;
use crate::password::{Cost, Hasher};
use crate::session::SessionToken;
use crate::slug::Slug;
use crate::store::{Fault, Settings, Store};
use crate::target::Target;
use crate::user::{Email, NewUser, Role, User, UserId, UserName};

const NOON: Timestamp = Timestamp::from_ms(1_795_176_000_000);

/// A site with one user, on a clock of its own.
struct Site {
    app: App,
    clock: Clock,
    _folder: TempDir,
}

impl Site {
    fn new() -> Site {
        let site = Site::empty(&[]);
        site.set_up();
        site
    }

    /// A site without a user, configured by these variables.
    fn empty(variables: &[(&str, &str)]) -> Site {
        let folder = TempDir::new().unwrap();
        let (store, _) = Store::open(folder.path(), 1 << 20, |_| {}).unwrap();
        let clock = Clock::fixed(NOON);
        let hasher = Hasher::new(1, 4, Cost { memory_kib: 8, passes: 1, lanes: 1 });
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let config = config::resolve(&Options::default(), &variable).unwrap();
        let app = App::new(store, clock.clone(), hasher, &config).unwrap();
        Site { app, clock, _folder: folder }
    }

    fn set_up(&self) {
        let new = NewUser {
            name: UserName::parse("alice").unwrap(),
            email: Email::parse("alice@mail.example").unwrap(),
            password: self.app.hasher.hash("correct horse", [7; 16]).unwrap(),
            role: Role::Administrator,
        };
        self.app.store.set_up(new, Settings::default(), None, NOON).unwrap().unwrap();
        self.app.note_set_up(Settings::default());
    }

    fn alice(&self) -> User {
        self.app.store.user_by_login("alice").unwrap().unwrap()
    }

    /// A user of this name.
    fn user(&self, name: &str) -> User {
        let new = NewUser {
            name: UserName::parse(name).unwrap(),
            email: Email::parse(&format!("{name}@mail.example")).unwrap(),
            password: self.app.hasher.hash("correct horse", [7; 16]).unwrap(),
            role: Role::User,
        };
        self.app.store.create_user(new, NOON).unwrap().unwrap();
        self.app.store.user_by_login(name).unwrap().unwrap()
    }

    /// A browser's session, without the form.
    fn sign_in(&self) -> String {
        self.sign_in_as("alice")
    }

    fn sign_in_as(&self, name: &str) -> String {
        let token = SessionToken::random().unwrap();
        let user = self.app.store.user_by_login(name).unwrap().unwrap();
        let now = self.clock.now();
        assert!(self.app.store.sign_in(user.id, user.password, None, token.hash(), None, now).unwrap());
        format!("session={}", token.text())
    }

    fn link(&self, slug: &str, target: &str, expires: Option<Timestamp>) {
        let target = Target::from_stored(target.to_owned()).unwrap();
        let change = LinkChange { target, title: Title::default(), expires, enabled: true };
        let new = NewLink { slug: Some(Slug::parse(slug).unwrap()), change };
        let alice = self.alice();
        self.app.store.create_link(alice.id, alice.name, new, NOON).unwrap().unwrap();
    }

    fn get(&self, path: &str, cookie: &str) -> Response {
        self.ask("GET", path, cookie, "")
    }

    fn ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> Response {
        let headers = [
            ("Host", "localhost"),
            ("Accept", "text/html"),
            ("Cookie", cookie),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        self.send(Transport::Unknown, method, path, &headers, body)
    }

    fn send(&self, transport: Transport, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        self.send_from(IpAddr::from([203, 0, 113, 77]), transport, method, path, headers, body)
    }

    fn send_from(
        &self,
        peer: IpAddr,
        transport: Transport,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let raw = Raw {
            method: method.to_owned().into(),
            target: path.to_owned(),
            headers: headers.iter().copied().collect(),
            body: body.as_bytes().to_vec(),
            peer: Some(peer),
            transport,
            host_is_optional: false,
        };
        respond(&self.app, raw)
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_ref())
}

fn text(response: &Response) -> String {
    String::from_utf8(response.body.to_vec()).unwrap()
}

/// The form token of a page.
fn token(page: &Response) -> String {
    let page = text(page);
    let (_, rest) = page.split_once("name=\"csrf_token\" value=\"").unwrap_or_else(|| panic!("no token in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_session_ends_after_its_idle_time_and_a_visit_within_it_extends_it() {
    let site = Site::new();
    let cookie = site.sign_in();
    site.clock.advance_s(SESSION_IDLE_S - 1);
    assert_eq!(site.get("/links", &cookie).status, 200);
    // That visit was noted, so the idle time began anew.
    site.clock.advance_s(SESSION_IDLE_S - 1);
    assert_eq!(site.get("/links", &cookie).status, 200);
    site.clock.advance_s(SESSION_IDLE_S);
    let response = site.get("/links", &cookie);
    assert_eq!((response.status, header(&response, "Location")), (302, Some("/accounts/login?next=%2Flinks")));
}

#[test]
fn a_session_ends_after_its_absolute_time_however_often_it_is_used() {
    let site = Site::new();
    let cookie = site.sign_in();
    let step = SESSION_IDLE_S / 2;
    for _ in 0..(SESSION_ABSOLUTE_S / step - 1) {
        site.clock.advance_s(step);
        assert_eq!(site.get("/links", &cookie).status, 200);
    }
    site.clock.advance_s(step);
    assert_eq!(site.get("/links", &cookie).status, 302);
}

#[test]
fn a_clock_that_was_set_back_ends_no_session_and_makes_none_immortal() {
    let site = Site::new();
    site.clock.advance_s(400 * 86_400);
    let cookie = site.sign_in();
    site.clock.advance_s(-400 * 86_400);
    assert_eq!(site.get("/links", &cookie).status, 200);
    // The visit was stamped with the time that now holds.
    site.clock.advance_s(SESSION_STAMP_S);
    assert_eq!(site.get("/links", &cookie).status, 200);
    site.clock.advance_s(SESSION_IDLE_S);
    assert_eq!(site.get("/links", &cookie).status, 302);
}

#[test]
fn a_link_expires_at_its_moment() {
    let site = Site::new();
    site.link("sale", "https://shop.example/", Some(NOON.plus_s(60)));
    assert_eq!(site.get("/alice/sale", "").status, 302);
    site.clock.advance_s(59);
    assert_eq!(site.get("/alice/sale", "").status, 302);
    site.clock.advance_s(1);
    let gone = site.get("/alice/sale", "");
    assert_eq!(gone.status, 410);
    assert!(text(&gone).contains("This link has expired."));
    assert!(!text(&gone).contains("shop.example"), "the target is nobody's business any more");
    assert_eq!(header(&gone, "Location"), None);
}

#[test]
fn a_reset_link_is_good_for_a_day() {
    let site = Site::new();
    let secret = site.app.store.hand_out_reset(None, site.alice().id, NOON.plus_s(RESET_LINK_S)).unwrap().unwrap();
    let path = format!("/accounts/reset/{secret}");
    site.clock.advance_s(RESET_LINK_S - 1);
    assert_eq!(site.get(&path, "").status, 303);
    assert_eq!(site.get(&path, "").status, 303, "looking does not use it up");
    site.clock.advance_s(1);
    assert_eq!(site.get(&path, "").status, 404);
    assert_eq!(site.get("/accounts/reset", &format!("reset={secret}")).status, 404);
}

#[test]
fn a_failure_is_an_incident_with_a_number_and_tells_nothing_else() {
    let site = Site::new();
    let error = Error::Internal("/secret/path: redb says no".to_owned());
    let request = Request::parse(Raw {
        method: "GET".into(),
        target: "/links".to_owned(),
        headers: [("Host", "localhost"), ("Accept", "text/html")].into_iter().collect(),
        body: Vec::new(),
        peer: None,
        transport: crate::proxy::Transport::default(),
        host_is_optional: false,
    });
    let response = failed(&site.app, &request.unwrap(), &error);
    let page = text(&response);
    assert_eq!(response.status, 500);
    assert!(page.contains("Server Error") && page.contains("The log has it under"), "{page}");
    assert!(!page.contains("secret") && !page.contains("redb"), "{page}");
    let names = |response: &Response| response.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let sent = with_headers(&site.app, Transport::Unknown, response);
    assert_eq!(names(&sent), names(&site.get("/accounts/nowhere", "")), "the headers of any error");
    let panic = respond_to_panic(&site.app, Transport::Unknown, "index out of bounds at /home/x.rs");
    assert_eq!(panic.status, 500);
    assert!(!text(&panic).contains("/home"), "{}", text(&panic));
    assert!(header(&panic, "Content-Security-Policy").is_some());
}

#[test]
fn a_closed_store_is_a_busy_server_and_an_unhealthy_one() {
    let site = Site::new();
    site.link("docs", "https://docs.example/", None);
    site.app.store.close();
    let health = site.get("/health", "");
    assert_eq!((health.status, text(&health).as_str()), (503, r#"{"status":"unhealthy","database":"disconnected"}"#));
    let page = site.get("/alice/docs", "");
    assert_eq!((page.status, header(&page, "Retry-After")), (503, Some("2")));
    assert_eq!(header(&page, "Location"), None);
}

#[test]
fn on_a_full_disk_pages_and_redirects_go_on() {
    let site = Site::new();
    site.link("docs", "https://docs.example/", None);
    let cookie = site.sign_in();
    let id = site.app.store.redirect("alice/docs").unwrap().unwrap().link;
    let detail = format!("/links/{id}");
    let delete = format!("/links/{id}/delete");
    site.app.store.break_disk(Fault::Full);
    for _ in 0..3 {
        assert_eq!(site.get("/alice/docs", "").status, 302);
        for path in ["/", "/links", &detail, &delete] {
            assert_eq!(site.get(path, &cookie).status, 200, "{path}");
        }
    }
    site.app.store.mend_disk();
    assert!(text(&site.get(&detail, &cookie)).contains("bots"), "the page is whole");
    let alice = site.alice().id;
    site.app.store.flush_clicks();
    let (numbers, _) = site.app.store.statistics(alice, id).unwrap();
    assert_eq!(numbers.humans + numbers.bots, 3, "every click was counted in the end");
}

#[test]
fn with_strict_clicks_an_answer_names_the_click_it_waits_for() {
    let site = Site::empty(&[("SERVER_CLICK_DURABILITY", "strict")]);
    site.set_up();
    site.link("docs", "https://docs.example/", None);
    let answer = site.get("/alice/docs", "");
    let (click, wait) = (answer.click.unwrap(), Instant::now());
    while site.app.store.written_clicks().last < click {
        assert!(wait.elapsed().as_secs() < 60);
        std::thread::yield_now();
    }
    assert_eq!(site.get("/alice/docs", "").click, Some(click + 1));
    assert_eq!(site.ask("HEAD", "/alice/docs", "", "").click, None, "no click");
    assert_eq!(site.get("/alice/none", "").click, None);
}

#[test]
fn what_asks_for_nobody_sets_no_cookie_when_it_fails_either() {
    let site = Site::new();
    for (method, path, status) in [
        ("POST", "/health", 405),
        ("DELETE", "/robots.txt", 405),
        ("GET", "/assets/none.css", 404),
        ("POST", "/assets/app.css", 405),
    ] {
        let response = site.ask(method, path, &site.sign_in(), "");
        assert_eq!((response.status, header(&response, "Set-Cookie")), (status, None), "{method} {path}");
        assert!(!text(&response).contains("csrf_token"), "{method} {path}");
    }
}

#[test]
fn every_port_of_ours_leads_in_a_circle() {
    let site = Site::empty(&[("SERVER_ALLOWED_HOSTS", "s.example")]);
    site.set_up();
    let at = |port: u16| SocketAddr::from(([192, 168, 0, 7], port));
    site.app.note_listening(Listening { main: at(8443), plain: Some(at(8000)) });
    let session = site.sign_in();
    let token = token(&site.get("/links/new", &session));
    for (origin, is_own) in [
        // Where the request at hand went, and an alias.
        ("http://localhost:8000", true),
        ("https://localhost:8443", true),
        ("https://localhost", true),
        ("http://localhost", true),
        ("http://localhost:9000", false),
        ("https://s.example", true),
        ("http://s.example", true),
        ("https://s.example:8443", true),
        ("http://s.example:8000", true),
        ("http://s.example:9000", false),
        // Our sockets; what else listens there is somebody else's business.
        ("https://127.0.0.1:8443", true),
        ("http://[::1]:8000", true),
        ("https://192.168.0.7:8443", true),
        ("http://192.168.0.7:8000", true),
        ("http://127.0.0.1", false),
        ("https://192.168.0.7", false),
        ("https://other.example:8443", false),
    ] {
        let target = format!("{origin}/alice/docs").replace(':', "%3A").replace('/', "%2F");
        let body = format!("csrf_token={token}&target_url={target}&enabled=1");
        let response = site.ask("POST", "/links/new", &session, &body);
        let found = (response.status, text(&response).contains("That would redirect in a circle."));
        assert_eq!(found, if is_own { (422, true) } else { (303, false) }, "{origin}");
    }
}

#[test]
fn another_users_link_does_not_exist() {
    let site = Site::new();
    let stranger = UserId(site.alice().id.0 + 1);
    site.link("docs", "https://docs.example/", None);
    let found = site.app.store.redirect("alice/docs").unwrap().unwrap();
    assert!(site.app.store.link(found.owner, found.link).unwrap().is_some());
    assert!(site.app.store.link(stranger, found.link).unwrap().is_none());
}

#[test]
fn a_range_is_compared_with_the_one_before_and_says_when_it_is_empty() {
    let site = Site::new();
    site.link("promo", "https://example.com/", None);
    let cookie = site.sign_in();
    let click = |count: usize| {
        let headers = [("Host", "localhost"), ("User-Agent", "Mozilla/5.0 Firefox/140.0")];
        (0..count).for_each(|_| drop(site.send(Transport::Unknown, "GET", "/alice/promo", &headers, "")));
    };
    let id = site.app.store.redirect("alice/promo").unwrap().unwrap().link;
    let page = |range: &str| text(&site.get(&format!("/links/{id}?range={range}"), &cookie));
    click(4);
    site.clock.advance_s(7 * 86_400);
    assert!(page("7d").contains("No clicks in the last 7 days."));
    assert!(page("7d").contains("<strong>−100 %</strong> against the 7 days before"), "{}", page("7d"));
    click(5);
    assert!(page("7d").contains("<strong>+25 %</strong> against the 7 days before"));
    assert!(page("24h").contains("<strong>new</strong>: none in the 24 hours before"));
    assert!(!page("30d").contains("30 days before"), "there was no link then");
    assert!(page("all").contains("data-told=\"9 0\""));
    // A clock that was ahead: what it has counted is neither lost nor taken for now.
    site.clock.advance_s(-3 * 86_400);
    assert!(page("7d").contains("data-told=\"9 0\""));
    assert!(page("7d").contains(">4</span>"), "{}", page("7d"));
    assert!(page("all").contains(">9</span>"));
}
