//! Too many attempts: who has to wait, for how long, and who need not.

use super::*;
use crate::ui::confirm::PASSWORD_AGAIN;

const FORM: &str = "application/x-www-form-urlencoded";

impl Site {
    /// A minute of the clock that never jumps goes by in each.
    fn wait(&mut self, s: u64) {
        self.app.started -= std::time::Duration::from_secs(s);
    }

    fn post_from(&self, ip: &str, path: &str, cookie: &str, body: &str) -> Response {
        let headers = [("Host", "localhost"), ("Accept", "text/html"), ("Cookie", cookie), ("Content-Type", FORM)];
        self.send_from(ip.parse().unwrap(), Transport::Unknown, "POST", path, &headers, body)
    }

    /// Fills in a form for somebody signed out; `cookies` besides that of the form.
    fn fill_in(&self, ip: &str, path: &str, cookies: &str, fields: &str) -> Response {
        let page = self.get(path, "");
        let form = header(&page, "Set-Cookie").unwrap().split(';').next().unwrap();
        self.post_from(ip, path, &format!("{form}; {cookies}"), &format!("csrf_token={}&{fields}", token(&page)))
    }

    fn log_in(&self, ip: &str, cookies: &str, name: &str, password: &str) -> Response {
        self.fill_in(ip, "/accounts/login", cookies, &format!("username={name}&password={password}"))
    }
}

const RIGHT: &str = "correct+horse";

fn retry_after(response: &Response) -> u64 {
    header(response, "Retry-After").map_or(0, |seconds| seconds.parse().unwrap())
}

/// The `Set-Cookie` values of an answer by name.
fn cookie(response: &Response, name: &str) -> Option<String> {
    let all = response.headers.iter().filter(|(found, _)| *found == "Set-Cookie").map(|(_, value)| value);
    all.filter_map(|value| value.split(';').next())
        .find(|pair| pair.starts_with(&format!("{name}=")))
        .map(str::to_owned)
}

#[test]
fn an_address_that_guesses_has_to_wait_and_keeps_what_it_typed_but_for_the_password() {
    let mut site = Site::new();
    let ip = "198.51.100.7";
    for number in 0..10 {
        assert_eq!(site.log_in(ip, "", &format!("name{number}"), "wrong").status, 422);
        // A success on an account of one's own takes nothing back.
        if number < 9 {
            assert_eq!(site.log_in(ip, "", "alice", RIGHT).status, 303, "{number}");
        }
    }
    for name in ["alice", "nobody"] {
        let page = site.log_in(ip, "", name, RIGHT);
        let text = text(&page);
        assert_eq!(page.status, 429, "{name}");
        assert!((29..=30).contains(&retry_after(&page)), "{name}: {}", retry_after(&page));
        assert!(text.contains("Too many attempts. Try again in 1 minute."), "{text}");
        assert!(text.contains(&format!("value=\"{name}\"")) && !text.contains("horse"), "{text}");
    }
    assert_eq!(site.log_in("198.51.100.8", "", "alice", RIGHT).status, 303, "a neighbour");
    // No clock that jumps helps, only time.
    site.clock.advance_s(10 * 365 * 86_400);
    assert_eq!(site.log_in(ip, "", "alice", RIGHT).status, 429);
    site.wait(31);
    assert_eq!(site.log_in(ip, "", "alice", RIGHT).status, 303);
    assert_eq!(site.log_in(ip, "", "nobody", "wrong").status, 422);
    assert_eq!(site.log_in(ip, "", "nobody", "wrong").status, 429, "one in half a minute");
    // A household behind a proxy that says nothing.
    for number in 0..50 {
        assert_eq!(site.log_in("192.168.0.1", "", &format!("name{number}"), "wrong").status, 422, "{number}");
    }
    assert_eq!(site.log_in("192.168.0.1", "", "alice", RIGHT).status, 429);
}

#[test]
fn a_name_under_attack_lets_its_owner_in_and_after_an_hour_anybody() {
    let mut site = Site::new();
    let before = site.log_in("203.0.113.5", "", "alice", RIGHT);
    let device = cookie(&before, "device").expect("the browser is known from now on");
    for number in 0..50 {
        for name in ["alice", "nobody"] {
            for _ in 0..2 {
                assert_eq!(site.log_in(&format!("198.51.100.{number}"), "", name, "wrong").status, 422, "{number}");
            }
        }
    }
    for (ip, name) in [("192.0.2.1", "alice"), ("192.0.2.1", "nobody"), ("198.51.100.60", "alice")] {
        let page = site.log_in(ip, "", name, RIGHT);
        assert_eq!(page.status, 429, "{ip} {name}");
        assert!((3_500..=3_600).contains(&retry_after(&page)), "{}", retry_after(&page));
    }
    let other_device = format!("device={}", "5".repeat(64));
    assert_eq!(site.log_in("192.0.2.1", &other_device, "alice", RIGHT).status, 429);
    assert_eq!(site.log_in("192.0.2.1", &device, "nobody", RIGHT).status, 429);
    assert_eq!(site.log_in("192.0.2.1", &device, "alice", RIGHT).status, 303, "the owner's browser, anywhere");
    assert_eq!(site.log_in("192.0.2.99", "", "alice", RIGHT).status, 303, "and a network that is the owner's now");
    assert_eq!(site.log_in("203.0.113.200", "", "alice", RIGHT).status, 303);
    assert_eq!(site.log_in("2001:db8::1", "", "alice", RIGHT).status, 429);
    site.wait(3_600);
    assert_eq!(site.log_in("2001:db8::1", "", "alice", RIGHT).status, 303);
}

#[test]
fn a_known_browser_keeps_its_value_and_no_made_up_one_is_adopted() {
    let site = Site::new();
    let made_up = format!("device={}", "5".repeat(64));
    let first = cookie(&site.log_in("192.0.2.1", &made_up, "alice", RIGHT), "device").unwrap();
    assert_ne!(first, made_up);
    assert_eq!(cookie(&site.log_in("192.0.2.1", &first, "alice", RIGHT), "device"), Some(first.clone()));
    assert_eq!(cookie(&site.log_in("192.0.2.1", &first, "alice", "wrong"), "device"), None);
    site.clock.advance_s(crate::limits::KNOWN_S);
    assert_ne!(cookie(&site.log_in("192.0.2.1", &first, "alice", RIGHT), "device"), Some(first));
}

#[test]
fn a_reset_link_lets_its_user_in_at_once() {
    let site = Site::new();
    for _ in 0..5 {
        assert_eq!(site.log_in("192.0.2.1", "", "alice", "wrong").status, 422);
    }
    assert_eq!(site.log_in("192.0.2.1", "", "alice", RIGHT).status, 429);
    let secret = site.app.store.hand_out_reset(None, site.alice().id, NOON.plus_s(RESET_LINK_S)).unwrap().unwrap();
    let reset = format!("reset={secret}");
    let page = site.get("/accounts/reset", &reset);
    let form = cookie(&page, "form").unwrap();
    let body = format!("csrf_token={}&password1=blue+paper+boats&password2=blue+paper+boats", token(&page));
    let done = site.post_from("192.0.2.1", "/accounts/reset", &format!("{form}; {reset}"), &body);
    assert_eq!(done.status, 303, "{}", text(&done));
    assert!(cookie(&done, "device").is_some());
    assert_eq!(site.log_in("192.0.2.1", "", "alice", "blue+paper+boats").status, 303);
}

#[test]
fn secrets_of_reset_links_cannot_be_guessed_without_end() {
    let mut site = Site::new();
    let ask = |site: &Site, secret: &str| {
        let headers = [("Host", "localhost"), ("Accept", "text/html")];
        let path = format!("/accounts/reset/{secret}");
        site.send_from("192.0.2.1".parse().unwrap(), Transport::Unknown, "GET", &path, &headers, "")
    };
    let good = site.app.store.hand_out_reset(None, site.alice().id, NOON.plus_s(RESET_LINK_S)).unwrap().unwrap();
    for number in 0..10 {
        assert_eq!(ask(&site, &good).status, 303, "a good one does not count");
        assert_eq!(ask(&site, &number.to_string()).status, 404);
    }
    let refused = ask(&site, "10");
    assert_eq!((refused.status, retry_after(&refused) > 300), (429, true));
    assert!(text(&refused).contains("Too many attempts. Try again in 6 minutes."));
    assert_eq!(ask(&site, &good).status, 303, "whoever tries beside them keeps nobody from their link");
    site.wait(360);
    assert_eq!([ask(&site, "11").status, ask(&site, "12").status], [404, 429]);
}

#[test]
fn an_invitation_opens_beside_wrong_ones_and_one_that_is_over_costs_nothing() {
    let site = Site::new();
    let ask = |path: &str, cookie: &str| {
        let headers = [("Host", "localhost"), ("Accept", "text/html"), ("Cookie", cookie)];
        site.send_from("192.0.2.1".parse().unwrap(), Transport::Unknown, "GET", path, &headers, "")
    };
    let over = format!("invite={}", "5".repeat(64));
    for number in 0..20 {
        let page = ask("/accounts/register", &over);
        assert_eq!((page.status, cookie(&page, "invite")), (200, Some("invite=".to_owned())), "{number}");
    }
    let invite = |secret: &str| ask(&format!("/accounts/invite/{secret}"), "").status;
    for number in 0..10 {
        assert_eq!(invite(&number.to_string()), 404, "{number}");
    }
    assert_eq!(invite("10"), 429);
    let good = site.app.store.invite(None, NOON).unwrap().unwrap();
    assert_eq!(invite(&good), 303);
    let page = ask("/accounts/register", &format!("invite={good}"));
    assert_eq!((page.status, cookie(&page, "invite")), (200, None));
}

#[test]
fn accounts_are_made_no_faster_than_people_do() {
    let site = Site::new();
    site.app.note_settings(Settings { registration: crate::user::Registration::Open, ..Settings::default() });
    let register = |number: u32| {
        let fields =
            format!("username=u{number}&email=u{number}%40b.example&password1=blue+boat+x&password2=blue+boat+x");
        site.fill_in("192.0.2.1", "/accounts/register", "", &fields)
    };
    for number in 0..5 {
        assert_eq!(register(number).status, 303, "{number}");
    }
    let page = register(5);
    assert_eq!(page.status, 429);
    assert!(
        text(&page).contains("Too many attempts. Try again in 12 minutes.") && text(&page).contains("u5@b.example")
    );
    assert!(site.app.store.user_by_login("u5").unwrap().is_none());
}

#[test]
fn who_was_invited_takes_nobodys_place_but_cannot_ask_for_names_without_end() {
    let site = Site::new();
    let open = Settings { registration: crate::user::Registration::Open, ..Settings::default() };
    site.app.note_settings(open);
    let register = |name: &str, cookies: &str| {
        let email = format!("email={name}%40b.example");
        let fields = format!("username={name}&{email}&password1=blue+boat+x&password2=blue+boat+x");
        site.fill_in("192.0.2.1", "/accounts/register", cookies, &fields).status
    };
    let invite = || format!("invite={}", site.app.store.invite(None, NOON).unwrap().unwrap());
    for number in 0..8 {
        assert_eq!(register(&format!("invited{number}"), &invite()), 303, "{number}");
    }
    let invited = invite();
    for _ in 0..4 {
        assert_eq!(register("alice", &invited), 422);
    }
    assert_eq!(register("bob", ""), 303);
    assert_eq!(register("carl", ""), 429, "names that were taken have counted");
    assert_eq!(register("alice", &invited), 429);
}

#[test]
fn links_are_made_no_faster_than_the_setting_says() {
    let mut site = Site::new();
    let cookie = site.sign_in();
    let token = token(&site.get("/links/new", &cookie));
    let make = |site: &Site, slug: &str| {
        let body = format!("csrf_token={token}&target_url=https%3A%2F%2Fa.example%2F&slug={slug}&title=Kept+words");
        site.ask("POST", "/links/new", &cookie, &body)
    };
    let set = |site: &Site, links_per_minute| {
        site.app.note_settings(Settings { links_per_minute, ..Settings::default() });
    };
    set(&site, Some(2));
    assert_eq!(make(&site, "s0").status, 303);
    for _ in 0..5 {
        assert_eq!(make(&site, "s0").status, 422, "what comes to nothing does not count");
    }
    assert_eq!(make(&site, "s1").status, 303);
    let refused = make(&site, "late");
    assert_eq!((refused.status, (1..=30).contains(&retry_after(&refused))), (429, true));
    let page = text(&refused);
    assert!(
        page.contains("You have made many links within a minute.") && page.contains("value=\"Kept words\""),
        "{page}"
    );
    assert_eq!(site.get("/alice/late", "").status, 404);
    site.wait(30);
    assert_eq!(make(&site, "late").status, 303);
    assert_eq!(make(&site, "later").status, 429);
    set(&site, None);
    for number in 0..100 {
        assert_eq!(make(&site, &format!("many{number}")).status, 303, "{number}");
    }
}

#[test]
fn the_password_of_somebody_signed_in_cannot_be_guessed_without_end() {
    let mut site = Site::new();
    let signed_in = site.sign_in();
    site.clock.advance_s(crate::limits::CONFIRMED_S);
    let page = site.get("/links", &signed_in);
    let give = |site: &Site, ip: &str, password: &str| {
        let fields = format!("csrf_token={}&site.name=Kept&{PASSWORD_AGAIN}={password}", token(&page));
        site.post_from(ip, "/admin/settings", &signed_in, &fields)
    };
    for _ in 0..5 {
        assert_eq!(give(&site, "192.0.2.1", "wrong").status, 422);
    }
    let refused = give(&site, "192.0.2.1", RIGHT);
    assert_eq!(refused.status, 429);
    assert!(text(&refused).contains("value=\"Kept\"") && retry_after(&refused) > 0);
    let email = format!("csrf_token={}&email=a%40b.example&password={RIGHT}", token(&page));
    assert_eq!(site.post_from("192.0.2.1", "/accounts/email", &signed_in, &email).status, 429);
    assert_eq!(site.log_in("192.0.2.1", "", "alice", RIGHT).status, 429, "they are one count");
    site.wait(31);
    assert_eq!(give(&site, "192.0.2.1", RIGHT).status, 303);
    // Nor from ever other addresses.
    site.clock.advance_s(crate::limits::CONFIRMED_S);
    let statuses: Vec<_> = (0..6).map(|number| give(&site, &format!("198.51.100.{number}"), "wrong").status).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429]);
    site.wait(90);
    assert_eq!(give(&site, "198.51.100.9", RIGHT).status, 303);
}
