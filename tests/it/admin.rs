//! The pages for administrators: what they say, and that they are for nobody else.

use crate::appliance::{ADMIN, Start, run_command};
use crate::browser::Browser;

/// What there is, and what there is not.
const PATHS: [&str; 8] = [
    "/admin",
    "/admin/settings",
    "/admin/backups",
    "/admin/backups/download",
    "/admin/nothing",
    "/admin/users/1/x",
    "/%61dmin/users",
    "/admin/users/nobody/role",
];

#[test]
fn the_state_of_the_instance_is_told() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    for agent in ["", "", "curl/8.5.0"] {
        let mut visitor = Browser::of(&appliance);
        if !agent.is_empty() {
            visitor.header("User-Agent", agent);
        }
        assert_eq!(visitor.get(&format!("/{ADMIN}/promo")).status, 302);
    }
    let page = admin.open("/admin");
    for words in [
        "1 user",
        "1 link",
        "2 clicks",
        "Clicks by bots 1",
        "Lost since the start 0 clicks",
        "Running for 0 minutes",
        "Last backup none yet",
        "Last check none since the start",
        concat!("Version ", env!("CARGO_PKG_VERSION")),
    ] {
        page.says(words);
    }
    assert!(page.text().contains("MB") || page.text().contains("KB"), "sizes");
    page.does_not_say("nothing is removed");
    for (command, backup) in [(["check"].as_slice(), "none yet"), (&["backup"], "examined when it was made")] {
        assert_eq!(run_command(appliance.folder.path(), command, "").code(), 0);
        let text = admin.open("/admin").text();
        let (before, check) = text.split_once("Last check ").unwrap();
        assert!(before.contains(backup), "{text}");
        assert!(check.contains(" UTC , good"), "{text}");
    }
    let quiet = Start::with_admin().env("SERVER_BACKUP_KEEP", "0").run();
    Browser::admin(&quiet).open("/admin").says("No daily backups are made");
}

#[test]
fn what_strangers_can_make_of_how_the_server_is_reached_is_told() {
    const OPEN: &str = "Anybody who reaches this server can register.";
    const CLEAR: &str = "Passwords travel unencrypted.";
    const PROXY: &str = "A proxy sits in front that is not trusted";
    for (host, base_url, told) in
        [("127.0.0.1", "", &[][..]), ("0.0.0.0", "", &[OPEN, CLEAR]), ("0.0.0.0", "https://short.example", &[OPEN])]
    {
        let appliance = Start::with_admin().env("SERVER_HOST", host).env("SERVER_BASE_URL", base_url).run();
        let mut admin = Browser::of(&appliance);
        if !base_url.is_empty() {
            admin.header("Host", "short.example");
            admin.header("Origin", base_url);
        }
        admin.log_in(ADMIN, crate::appliance::PASSWORD);
        let page = admin.open("/admin");
        for words in [OPEN, CLEAR, PROXY] {
            assert_eq!(page.text().contains(words), told.contains(&words), "{host} {base_url}: {words}");
        }
        admin.send("GET", "/", &[("X-Forwarded-For", "198.51.100.7")], None);
        admin.open("/admin").says(PROXY);
    }
}

#[test]
fn the_pages_are_for_administrators_and_nobody_else_learns_what_there_is() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let mut admin = Browser::admin(&appliance);
    for path in PATHS {
        let out = Browser::of(&appliance).get(path);
        assert_eq!(out.status, 302, "{path}");
        assert!(out.header("location").unwrap().starts_with("/accounts/login?next=%2F"), "{path}");
        let refused = anna.get(path);
        assert_eq!(refused.status, 403, "{path}");
        refused.says("You may not do this.");
        let token = anna.open("/links").token();
        assert_eq!(anna.post(path, &[("csrf_token", &token)]).status, 403, "{path}");
    }
    // No verb, no body and no query tells more.
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for (who, browser) in [("nobody", &mut Browser::of(&appliance)), ("a user", &mut anna)] {
        for (method, headers, body) in [
            ("OPTIONS", &[][..], None),
            ("HEAD", &[], None),
            ("PUT", &[], None),
            ("DELETE", &[], None),
            ("POST", &[kind][..], Some(&b"csrf_token=x"[..])),
            ("POST", &[("Content-Type", "text/plain")], Some(b"x")),
            ("POST", &[kind, ("Origin", "https://evil.example")], Some(b"x=1")),
        ] {
            let answers = PATHS.map(|path| {
                let page = browser.send(method, path, headers, body);
                // Where it leads after logging in follows from the address alone.
                let leads = page.header("location").map(|to| to.split('?').next().unwrap().to_owned());
                (page.status, page.header("allow").map(str::to_owned), leads)
            });
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{who} {method} {headers:?}: {answers:?}");
            assert!(answers[0].1.is_none(), "{who} {method}");
        }
    }
    for (path, status) in PATHS.into_iter().zip([200, 200, 405, 405, 404, 404, 200, 405]) {
        assert_eq!(admin.get(path).status, status, "{path}");
    }
    assert!(!anna.open("/links").body.contains("href=\"/admin\""));
    assert!(admin.open("/links").body.contains("href=\"/admin\""));
}

#[test]
fn logging_in_leads_back_to_the_page() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let login = browser.get("/admin/settings").header("location").unwrap().to_owned();
    let fields = [("username", ADMIN), ("password", crate::appliance::PASSWORD)];
    let page = browser.submit(&login, "/accounts/login", &fields);
    assert_eq!((page.status, page.header("location")), (303, Some("/admin/settings")));
}
