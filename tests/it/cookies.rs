//! Cookies: how they are written, how strictly they are read, and what a session's cookie is worth.

use std::collections::BTreeSet;

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start, run_command};
use crate::browser::{Browser, Page};

const NEW: &str = "blue paper boats sink";

/// A server behind `https://short.example`.
fn secure() -> Appliance {
    Start::with_admin().env("SERVER_BASE_URL", "https://short.example").run()
}

/// A browser that reaches it there.
fn secure_browser(appliance: &Appliance) -> Browser {
    let mut browser = Browser::of(appliance);
    browser.header("Host", "short.example");
    browser.header("Origin", "https://short.example");
    browser
}

fn log_in(browser: &mut Browser, name: &str, password: &str) -> Page {
    browser.submit("/accounts/login", "/accounts/login", &[("username", name), ("password", password)])
}

/// Asks for `/links` with this `Cookie` header and nothing else; true when that shows the list.
fn is_signed_in(browser: &Browser, cookie: &str) -> bool {
    let page = browser.clone().send("GET", "/links", &[("Cookie", cookie)], None);
    // Headers past their bound are refused before anybody looks for a cookie.
    assert!([200, 302, 431].contains(&page.status), "{}", page.status);
    page.status == 200
}

/// Everything an account's life sets cookies for; the answers in their order.
fn a_whole_life(browser: &mut Browser, reset: &str) -> Vec<Page> {
    let registration =
        [("username", "alice"), ("email", "alice@mail.example"), ("password1", PASSWORD), ("password2", PASSWORD)];
    let change = [("password", PASSWORD), ("password1", NEW), ("password2", NEW)];
    let mut pages = vec![
        browser.get("/"),
        browser.submit("/", "/accounts/theme", &[("theme", "dark")]),
        browser.submit("/accounts/register", "/accounts/register", &registration),
        browser.get("/accounts/login"),
        log_in(browser, "alice", PASSWORD),
        browser.get("/links"),
        browser.submit("/links/new", "/links/new", &[("target_url", "https://example.com/")]),
        browser.get("/links"),
        browser.submit("/accounts/profile", "/accounts/password", &change),
        browser.submit("/accounts/profile", "/accounts/logout", &[]),
        browser.get("/"),
        browser.get(reset),
    ];
    let chosen = [("password1", NEW), ("password2", NEW)];
    pages.push(browser.submit("/accounts/reset", "/accounts/reset", &chosen));
    pages
}

#[test]
fn every_cookie_has_the_least_power() {
    for base_url in ["", "https://short.example"] {
        let is_secure = !base_url.is_empty();
        let (_, folder) = Start::with_admin().run().stop();
        let link = run_command(folder.path(), &["user", "reset-link", ADMIN], "").stdout;
        let reset = &link[link.find("/accounts/reset/").unwrap()..];
        let mut start = Start::with_admin().folder(folder);
        if is_secure {
            start = start.env("SERVER_BASE_URL", base_url);
        }
        let appliance = start.run();
        let mut browser = if is_secure { secure_browser(&appliance) } else { Browser::of(&appliance) };
        let mut seen = BTreeSet::new();
        for page in a_whole_life(&mut browser, reset.trim_end()) {
            assert!(page.status < 400, "{}", page.body);
            let mut names = BTreeSet::new();
            for cookie in page.set_cookies() {
                let mut parts = cookie.split("; ");
                let (name, value) = parts.next().unwrap().split_once('=').unwrap();
                let marks: Vec<&str> = parts.collect();
                assert!(marks.iter().any(|mark| mark.starts_with("Max-Age=")), "{cookie}");
                for mark in ["HttpOnly", "SameSite=Lax", "Path=/"] {
                    assert!(marks.contains(&mark), "{cookie}");
                }
                assert_eq!(marks.contains(&"Secure"), is_secure, "{cookie}");
                assert_eq!(name.starts_with("__Host-"), is_secure, "{cookie}");
                assert!(!cookie.to_ascii_lowercase().contains("domain") && !cookie.contains("Expires"), "{cookie}");
                assert!(value.len() <= 128 && value.is_ascii(), "{cookie}");
                assert!(names.insert(name.to_owned()), "{name} is set twice in one answer");
                seen.insert(name.trim_start_matches("__Host-").to_owned());
            }
            assert!(page.set_cookies().iter().map(|cookie| cookie.len()).sum::<usize>() < 1_024);
        }
        let all = ["device", "flash", "form", "reset", "session", "theme"].map(str::to_owned);
        assert_eq!(seen, BTreeSet::from(all));
    }
}

#[test]
fn where_cookies_are_secure_the_plain_names_mean_nothing() {
    let appliance = secure();
    let mut browser = secure_browser(&appliance);
    assert_eq!(log_in(&mut browser, ADMIN, PASSWORD).status, 303);
    let value = browser.cookies["__Host-session"].clone();
    let mut fresh = secure_browser(&appliance);
    log_in(&mut fresh, ADMIN, PASSWORD);
    let other = fresh.cookies["__Host-session"].clone();
    for (cookie, signed_in) in [
        (format!("__Host-session={value}"), true),
        (format!("session={value}"), false),
        (format!("session={other}; __Host-session={value}"), true),
        (format!("__Host-session={value}; session={}", "0".repeat(64)), true),
        (format!("__Host-session={}; session={value}", "0".repeat(64)), false),
        (format!("__Secure-session={value}"), false),
    ] {
        assert_eq!(is_signed_in(&browser, &cookie), signed_in, "{cookie}");
    }
    let page = browser.send("GET", "/", &[("Cookie", "theme=dark")], None);
    assert!(page.body.contains("data-theme=\"auto\""));
    let page = browser.send("GET", "/", &[("Cookie", "__Host-theme=dark")], None);
    assert!(page.body.contains("data-theme=\"dark\""));
    // A form cookie planted from a plain page does not make its token good.
    let plain = Start::with_admin().run();
    let mut attacker = Browser::of(&plain);
    let token = attacker.open("/accounts/login").token();
    let mut victim = secure_browser(&appliance);
    victim.cookies.insert("form".to_owned(), attacker.cookies["form"].clone());
    let fields = [("csrf_token", token.as_str()), ("username", ADMIN), ("password", PASSWORD)];
    assert_eq!(victim.post("/accounts/login", &fields).status, 403);
}

#[test]
fn every_page_for_a_signed_out_visitor_renews_the_cookie_of_its_forms() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    browser.open("/accounts/login");
    let value = browser.cookies["form"].clone();
    let renewed = format!("form={value}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax");
    for path in ["/", "/accounts/login", "/accounts/register", "/no/such/page", "/accounts/login?next=%zz"] {
        let page = browser.get(path);
        assert_eq!(page.set_cookies(), [renewed.as_str()], "{path}");
    }
    // An answer that draws nothing leaves it alone, and a login ends it.
    assert!(browser.get("/links").set_cookies().is_empty());
    log_in(&mut browser, ADMIN, PASSWORD);
    assert!(!browser.cookies.contains_key("form"));
    assert!(browser.open("/").set_cookies().iter().all(|cookie| !cookie.starts_with("form=")));
}

#[test]
fn cookies_are_read_byte_for_byte() {
    let appliance = Start::with_admin().run();
    let browser = Browser::admin(&appliance);
    let value = browser.cookies["session"].clone();
    let good = format!("session={value}");
    let other = Browser::admin(&appliance).cookies["session"].clone();
    let filler = |count: usize| (0..count).map(|number| format!("x{number}=1; ")).collect::<String>();
    for (cookie, signed_in) in [
        (good.clone(), true),
        (format!("a=1; {good};b=2"), true),
        (format!("a;;=;{good}"), true),
        (format!("{}{good}", filler(40)), true),
        (format!("{}{good}", filler(60)), false),
        (format!("Session={value}"), false),
        (format!("SESSION={value}"), false),
        (format!("%73ession={value}"), false),
        (format!("__Host-session={value}"), false),
        (format!("\"session\"={value}"), false),
        (format!("session=\"{value}\""), false),
        (format!("session={}", value.to_uppercase()), false),
        (format!("session=%{:02x}{}", value.as_bytes()[0], &value[1..]), false),
        (format!("session={value}0"), false),
        (format!("session={}", &value[1..]), false),
        (format!("{good}; {good}"), false),
        (format!("{good}; session={other}"), false),
        (format!("session={}; {good}", "0".repeat(64)), false),
        (format!("session={value}{}", "0".repeat(128)), false),
        (format!("{good}; long={}", "x".repeat(8_192)), false),
        ("session=".to_owned(), false),
        ("session".to_owned(), false),
    ] {
        assert_eq!(is_signed_in(&browser, &cookie), signed_in, "{cookie}");
    }
    // Two header lines are one header.
    let lines = [("Cookie", good.as_str()), ("Cookie", good.as_str())];
    assert_eq!(browser.clone().send("GET", "/links", &lines, None).status, 302);
}

#[test]
fn a_session_begins_at_login_with_a_value_of_the_servers_own() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    for path in ["/", "/accounts/login", "/accounts/register", "/links", "/nowhere"] {
        browser.get(path);
        assert!(!browser.cookies.contains_key("session"), "{path}");
    }
    let planted = "5".repeat(64);
    browser.cookies.insert("session".to_owned(), planted.clone());
    assert_eq!(browser.get("/links").status, 302);
    assert_eq!(log_in(&mut browser, ADMIN, PASSWORD).status, 303);
    let first = browser.cookies["session"].clone();
    assert_ne!(first, planted);
    assert!(!is_signed_in(&browser, &format!("session={planted}")));
    // Signing in again where one is signed in: a new value, and the old one is dead.
    let token = browser.open("/links").token();
    let fields = [("csrf_token", token.as_str()), ("username", ADMIN), ("password", PASSWORD)];
    assert_eq!(browser.post("/accounts/login", &fields).status, 303);
    assert_ne!(browser.cookies["session"], first);
    assert!(!is_signed_in(&browser, &format!("session={first}")));
    browser.open("/links");
}

#[test]
fn the_fifty_first_login_drops_the_oldest_session_and_no_value_comes_twice() {
    let appliance = Start::with_admin().run();
    let mut form = Browser::of(&appliance);
    let page = form.open("/accounts/login");
    let sessions: Vec<Browser> = (0..51)
        .map(|_| {
            let mut browser = form.clone();
            let fields = [("username", ADMIN), ("password", PASSWORD)];
            assert_eq!(browser.submit_on(&page, "/accounts/login", &fields).status, 303);
            browser
        })
        .collect();
    let values: Vec<&String> = sessions.iter().map(|browser| &browser.cookies["session"]).collect();
    assert!(values.iter().all(|value| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())));
    let beginnings: BTreeSet<&str> = values.iter().map(|value| &value[..16]).collect();
    let endings: BTreeSet<&str> = values.iter().map(|value| &value[48..]).collect();
    assert_eq!((beginnings.len(), endings.len()), (51, 51));
    let alive: Vec<bool> = values.iter().map(|value| is_signed_in(&form, &format!("session={value}"))).collect();
    assert!(!alive[0], "the oldest is over");
    assert!(alive[1..].iter().all(|alive| *alive), "{alive:?}");
}

#[test]
fn sessions_outlive_a_restart() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let appliance = appliance.restart();
    browser.address = appliance.address;
    browser.open("/links");
}

#[test]
fn redirects_files_and_health_set_no_cookies() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    let id = admin.make_link("https://example.com/", "off");
    // The form without its box: switched off.
    let page = admin.open(&format!("/links/{id}/edit"));
    let token = page.token();
    let fields = [("csrf_token", token.as_str()), ("target_url", "https://example.com/"), ("slug", "off")];
    assert_eq!(admin.post(&format!("/links/{id}/edit"), &fields).status, 303);
    for (path, status) in [
        ("/root-user/promo", 302),
        ("/root-user/promo?x=1", 302),
        ("/root-user/off", 410),
        ("/root-user/none", 404),
        ("/nobody/none", 404),
        ("/assets/app.css", 200),
        ("/assets/none.css", 404),
        ("/favicon.ico", 200),
        ("/robots.txt", 200),
        ("/health", 200),
        ("/.well-known/change-password", 302),
    ] {
        let cookies = format!("session={}; theme=dark; flash=saved", admin.cookies["session"]);
        for headers in [vec![], vec![("Cookie", cookies.as_str())]] {
            let page = Browser::of(&appliance).send("GET", path, &headers, None);
            assert_eq!(page.status, status, "{path}");
            let is_error_page = status == 404 && path.starts_with("/assets/");
            assert!(page.set_cookies().is_empty() || is_error_page, "{path}: {:?}", page.set_cookies());
        }
    }
    for method in ["POST", "PUT", "DELETE"] {
        let page = Browser::of(&appliance).send(method, "/root-user/promo", &[], None);
        assert_eq!((page.status, page.header("allow")), (405, Some("GET, HEAD")));
        assert!(page.set_cookies().is_empty(), "{method}");
    }
}

#[test]
fn a_message_comes_once_and_only_in_our_own_words() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let page = browser.open("/links");
    page.says("Welcome back, root-user!");
    assert_eq!(page.set_cookies(), ["flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]);
    let page = browser.open("/links");
    page.does_not_say("Welcome back");
    assert!(page.set_cookies().is_empty());
    // A redirect on the way does not swallow it.
    browser.cookies.insert("flash".to_owned(), "saved".to_owned());
    assert!(browser.get("/accounts/login").set_cookies().is_empty());
    browser.open("/links").says("Saved.");
    for made_up in
        ["Your account is locked", "created.<b>", "created", "deleted.../..", "<script>", "welcome2", "%77elcome"]
    {
        browser.cookies.insert("flash".to_owned(), made_up.to_owned());
        let page = browser.open("/links");
        assert!(!page.body.contains("class=\"flash"), "{made_up}");
        assert!(!browser.cookies.contains_key("flash"), "it is taken away");
    }
}
