//! The log: one event, one line, that nobody can forge and that holds no secret.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start, run_command};
use crate::browser::{Browser, FIREFOX};

/// The log once it holds these words.
#[track_caller]
fn log_with(appliance: &Appliance, words: &str) -> String {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let log = appliance.log();
        if log.contains(words) {
            return log;
        }
        assert!(Instant::now() < end, "{words:?} is not in the log:\n{log}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The only line with these words, without its time.
#[track_caller]
fn line_with(log: &str, words: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(words)).collect();
    assert_eq!(lines.len(), 1, "{words:?} in:\n{log}");
    lines[0].get(21..).unwrap_or_default().to_owned()
}

fn log_in(browser: &mut Browser, name: &str, password: &str) -> u16 {
    browser.submit("/accounts/login", "/accounts/login", &[("username", name), ("password", password)]).status
}

#[test]
fn events_are_lines_of_text_with_their_values() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let (edit, delete) = (format!("/links/{id}/edit"), format!("/links/{id}/delete"));
    admin.submit(&edit, &edit, &[("slug", "moved")]);
    admin.submit(&delete, &delete, &[]);
    assert_eq!(log_in(&mut Browser::of(&appliance), "anna", "wrong"), 422);
    admin.post("/links/new", &[("target_url", "https://example.com/")]);
    admin.send("GET", "/", &[("Host", "evil.example")], None);
    admin.send("GET", "/", &[("Host", "evil.example")], None);
    let log = log_with(&appliance, "host refused");
    for line in [
        "INFO  user created user=root-user",
        "INFO  login ok user=root-user ip=127.0.0.1",
        "INFO  link created owner=root-user slug=promo",
        "INFO  link changed owner=root-user slug=moved",
        "INFO  link deleted owner=root-user slug=moved",
        "WARN  login failed user=anna ip=127.0.0.1",
        "INFO  form refused reason=token path=/links/new ip=127.0.0.1",
        "WARN  host refused host=evil.example ip=127.0.0.1",
    ] {
        assert_eq!(line_with(&log, line), line);
    }
    for line in log.lines().filter(|line| line.starts_with("20")) {
        let (time, rest) = line.split_once(' ').unwrap();
        assert_eq!((time.len(), &time[10..11], &time[19..]), (20, "T", "Z"), "{line}");
        assert!(["ERROR ", "WARN  ", "INFO  "].iter().any(|level| rest.starts_with(level)), "{line}");
    }
}

#[test]
fn requests_are_logged_at_debug_only_and_without_query() {
    for (level, logged) in [("info", false), ("debug", true), ("warn,core=debug", true), ("debug,core=info", false)] {
        let appliance = Start::with_admin().env("SERVER_LOG_LEVEL", level).run();
        let mut visitor = Browser::of(&appliance);
        visitor.get("/health?probe=hidden-query");
        visitor.get("/links?q=hidden-query");
        visitor.get("/nobody/promo?x=hidden-query");
        // Whole, and cut off by a mail program: the rest could be guessed.
        visitor.get(&format!("/accounts/reset/{}", "c0ffee01".repeat(8)));
        visitor.get(&format!("/accounts/reset/{}", &"c0ffee01".repeat(8)[..62]));
        visitor.get("/%zz");
        let (status, folder) = appliance.stop();
        assert!(status.success());
        let log = std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
        assert_eq!(log.contains(" request method=GET path=/health status=200 duration_ms="), logged, "{level}: {log}");
        assert!(!log.contains("127.0.0.1 duration_ms"), "{level}: {log}");
        assert_eq!(log.contains("path=/nobody/promo status=404"), logged, "{level}");
        assert_eq!(log.contains("DEBUG request"), logged, "{level}");
        assert!(!log.contains("hidden") && !log.contains("c0ffee01"), "{level}: {log}");
    }
}

#[test]
fn requests_are_logged_with_their_address_only_where_clicks_keep_it() {
    for (policy, logged) in [("never", false), ("shorten", false), ("store", true)] {
        let (_, folder) = Start::with_admin().run().stop();
        run_command(folder.path(), &["settings", &format!("clicks.addresses={policy}")], "");
        let appliance = Start::with_admin().env("SERVER_LOG_LEVEL", "debug").folder(folder).run();
        Browser::of(&appliance).get("/nobody/promo");
        let (_, folder) = appliance.stop();
        let log = std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
        assert_eq!(log.contains("path=/nobody/promo status=404 ip=127.0.0.1 "), logged, "{policy}: {log}");
        assert_eq!(log.contains("127.0.0.1 duration_ms"), logged, "{policy}: {log}");
    }
}

#[test]
fn levels_are_set_for_all_and_for_single_parts() {
    for (level, ok, failed, created) in [
        ("info", true, true, true),
        ("warn", false, true, false),
        ("error", false, false, false),
        ("off", false, false, false),
        ("off,links=info", false, false, true),
        ("warn,accounts=info", true, true, false),
        ("info,accounts=off", false, false, true),
    ] {
        let appliance = Start::with_admin().arg("--log-level").arg(level).run();
        let mut admin = Browser::admin(&appliance);
        admin.make_link("https://example.com/", "promo");
        log_in(&mut Browser::of(&appliance), "anna", "wrong");
        let (_, folder) = appliance.stop();
        let log = std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
        for (words, expected) in [("login ok", ok), ("login failed", failed), ("link created", created)] {
            assert_eq!(log.contains(words), expected, "{level}: {words}: {log}");
        }
    }
}

#[test]
fn json_lines_have_their_fields() {
    let appliance = Start::with_admin().env("SERVER_LOG_FORMAT", "json").run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    log_in(&mut Browser::of(&appliance), "anna", "wrong");
    let log = log_with(&appliance, "login failed");
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    for line in &lines {
        assert!(line["ts"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(["error", "warn", "info"].contains(&line["level"].as_str().unwrap()), "{line}");
        assert!(["accounts", "links", "core", "store"].contains(&line["target"].as_str().unwrap()), "{line}");
    }
    let of =
        |message: &str| lines.iter().find(|line| line["msg"] == message).unwrap_or_else(|| panic!("{message}: {log}"));
    let created = of("link created");
    assert_eq!((&created["target"], &created["level"]), (&"links".into(), &"info".into()));
    assert_eq!((&created["owner"], &created["slug"]), (&ADMIN.into(), &"promo".into()));
    let failed = of("login failed");
    assert_eq!((&failed["target"], &failed["level"]), (&"accounts".into(), &"warn".into()));
    assert_eq!((&failed["user"], &failed["ip"]), (&"anna".into(), &"127.0.0.1".into()));
    // The banner's facts are lines too, and there is no banner.
    let listening = of("listening");
    assert_eq!(listening["url"], format!("http://{}/", appliance.address));
    assert_eq!(listening["data"], "data/linkjar.redb");
    assert_eq!(listening["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn before_setup_the_json_log_says_where_to_go() {
    let appliance = Start::empty().env("SERVER_LOG_FORMAT", "json").run();
    let log = log_with(&appliance, "no administrator yet");
    let line: Value = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["msg"] == "no administrator yet")
        .unwrap();
    assert_eq!(line["level"], "warn", "it is there when only what matters is logged");
    let url = line["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("http://{}/setup#", appliance.address)), "{url}");
    assert!(url.ends_with(&appliance.setup_code()), "{url}");
}

#[test]
fn what_visitors_send_forges_no_line() {
    for format in ["text", "json"] {
        let appliance = Start::with_admin().env("SERVER_LOG_FORMAT", format).env("SERVER_LOG_LEVEL", "debug").run();
        let mut visitor = Browser::of(&appliance);
        let forged = "2026-01-01T00:00:00Z WARN  login failed user=forged ip=1.2.3.4";
        for name in [
            format!("x\" ip=1.2.3.4\n{forged}"),
            format!("anna\r\n{forged}"),
            "\u{1b}[2J\u{202e}\u{2028}".to_owned(),
            "anna ip=1.2.3.4".to_owned(),
            PASSWORD.to_owned(),
        ] {
            log_in(&mut visitor, &name, "wrong");
        }
        for agent in ["Mozilla/5.0 \u{1b}[2J", "\" forged=\"1", "x\tforged"] {
            visitor.send("GET", "/nobody/promo", &[("User-Agent", agent), ("Referer", agent)], None);
        }
        let path = format!("/{}/{}", crate::browser::encode("a\" ip=1.2.3.4 forged"), "x".repeat(2000));
        visitor.get(&path);
        visitor.get("/%E2%80%AEforged/%E2%80%A8forged");
        let (_, folder) = appliance.stop();
        let log = std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
        for raw in ['\u{1b}', '\r', '\u{202e}', '\u{2028}'] {
            assert!(!log.contains(raw), "{format}: {} stands in the log as it is", raw.escape_unicode());
        }
        assert!(!log.contains(PASSWORD), "{format}: a password typed as the name: {log}");
        let failed: Vec<&str> = log.lines().filter(|line| line.contains("login failed")).collect();
        assert_eq!(failed.len(), 5, "{format}: {log}");
        assert!(failed.iter().all(|line| !line.contains("1.2.3.4") && line.contains("127.0.0.1")), "{format}: {log}");
        assert!(!log.lines().any(|line| line.starts_with("2026-01-01")), "{format}: {log}");
        assert!(log.lines().all(|line| line.len() < 1000), "{format}: long values are cut");
        if format == "json" {
            for line in log.lines() {
                let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
                assert!(value["ip"].is_null() || value["ip"] == "127.0.0.1", "{line}");
            }
        }
    }
}

/// Never passwords, tokens, cookies, queries or bodies, at any level.
#[test]
fn the_log_holds_no_secret() {
    let appliance = Start::with_admin().env("SERVER_LOG_LEVEL", "trace").run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    let mut secrets = vec![PASSWORD.to_owned(), admin.cookies["session"].clone(), anna.cookies["session"].clone()];
    let page = admin.open("/links/new?title=query-secret");
    secrets.extend([page.token(), "query-secret".to_owned(), "title-secret".to_owned(), "wrong-secret".to_owned()]);
    let fields = [("target_url", "https://example.com/target-secret"), ("slug", "promo"), ("title", "title-secret")];
    assert_eq!(admin.submit_on(&page, "/links/new", &fields).status, 303);
    log_in(&mut Browser::of(&appliance), "anna", "wrong-secret");
    log_in(&mut Browser::of(&appliance), "wrong-secret and more", "x");
    let referrer =
        [("Referer", "https://news.example/?token=referrer-secret"), ("Authorization", "Bearer auth-secret")];
    anna.send("GET", "/root-user/promo?visit=query-secret", &referrer, None);
    let change =
        [("password", PASSWORD), ("password1", "a new sentence-secret"), ("password2", "a new sentence-secret")];
    let page = anna.open("/accounts/profile");
    let changed = anna.submit_on(&page, "/accounts/password", &change);
    assert_eq!(changed.status, 303, "{}", changed.text());
    secrets.extend(["a new sentence-secret", "referrer-secret", "auth-secret", "target-secret"].map(str::to_owned));
    secrets.extend(anna.cookies.get("session").cloned());
    let (_, folder) = appliance.stop();
    let link = run_command(folder.path(), &["user", "reset-link", "anna"], "").stdout;
    let reset = link.trim().rsplit('/').next().unwrap().to_owned();
    let first_log = std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
    let appliance = Start::with_admin().env("SERVER_LOG_LEVEL", "trace").folder(folder).run();
    let mut browser = Browser::of(&appliance);
    browser.get(&format!("/accounts/reset/{reset}"));
    browser.open("/accounts/reset");
    let cookies: Vec<String> = browser.cookies.values().cloned().collect();
    secrets.push(reset);
    secrets.extend(cookies);
    let (_, folder) = appliance.stop();
    let log = first_log + &std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
    assert!(log.contains("path=/accounts/login"), "requests were logged: {log}");
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret:?} is in the log");
    }
    assert!(!log.contains(FIREFOX), "no agents");
    assert!(!log.contains("argon2"), "no hashes");
}

#[test]
fn a_stop_is_logged_and_a_later_start_is_one_line() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    Browser::user(&appliance, "anna");
    let appliance = appliance.restart();
    let log = appliance.log();
    let banner: Vec<&str> = log.lines().filter(|line| !line.starts_with("20")).collect();
    assert_eq!(banner.len(), 1, "{log}");
    let start = format!(
        "linkjar {}  http://{}/  data/linkjar.redb  2 users, 1 link, ",
        env!("CARGO_PKG_VERSION"),
        appliance.address
    );
    assert!(banner[0].starts_with(&start) && banner[0].ends_with(" MB  backups daily, 7 days and 4 weeks"), "{log}");
    assert!(!log.contains("setup#"), "{log}");
    let (_, folder) = appliance.stop();
    let log = std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
    assert!(log.contains("INFO  stopping") && log.trim_end().ends_with("INFO  stopped, 0 requests finished"), "{log}");
    assert!(!log.contains("ERROR"), "a stop is no error: {log}");
}

#[test]
fn an_open_door_to_the_network_is_warned_of() {
    let appliance = Start::with_admin().env("SERVER_HOST", "0.0.0.0").run();
    let log = appliance.log();
    assert!(log.contains("WARN  anybody who reaches this address can register"), "{log}");
    assert!(log.contains("WARN  plain HTTP on 0.0.0.0: passwords travel unencrypted."), "{log}");
    let appliance = Start::with_admin().run();
    let log = appliance.log();
    assert!(!log.contains("can register") && !log.contains("unencrypted"), "{log}");
}
