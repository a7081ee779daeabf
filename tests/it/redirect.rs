//! The short addresses: where they lead, when they lead nowhere, and what is kept of a visit.

use std::fs;

use crate::appliance::{Appliance, Start, run_command};
use crate::browser::{Browser, FIREFOX, Page};

/// Stops the server, changes a setting and starts it again; the browser comes along.
fn with_setting(appliance: Appliance, browser: &mut Browser, change: &str) -> Appliance {
    let (status, folder) = appliance.stop();
    assert!(status.success(), "{status}");
    let ended = run_command(folder.path(), &["settings", change], "");
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    let appliance = Start::with_admin().folder(folder).run();
    follow(&appliance, browser);
    appliance
}

/// Goes on talking to a server that has started again on another port.
fn follow(appliance: &Appliance, browser: &mut Browser) {
    browser.address = appliance.address;
    browser.header("Host", &appliance.address.to_string());
}

/// The numbers of people and bots that a link's page shows.
fn numbers(browser: &mut Browser, id: &str) -> (u64, u64) {
    let page = browser.open(&format!("/links/{id}"));
    let (people, bots) = page.clicks();
    assert_eq!(page.text().contains("by bots and previews Show them"), bots > 0, "{}", page.text());
    (people, bots)
}

/// All of an answer that must not differ between misses.
fn shape(page: &Page) -> (u16, Vec<(String, String)>, String) {
    let headers = page.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
    (page.status, headers, page.body.clone())
}

#[test]
fn a_short_link_leads_on_whatever_stands_in_the_query() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    browser.make_link("https://example.com/", "pay");
    let many = format!("?{}", "a&".repeat(200));
    for query in ["?q=50%", "?%", "?q=%zz", "?x=%ff", "?a=1&a=2", many.as_str()] {
        let page = browser.get(&format!("/root-user/pay{query}"));
        assert_eq!((page.status, page.header("location")), (302, Some("https://example.com/")), "{query}");
        assert_eq!(browser.get(&format!("/root-user/none{query}")).status, 404, "{query}");
        assert_eq!(browser.get(&format!("/health{query}")).status, 200, "{query}");
        // A page has to know what was asked; a person gets that answer as a page.
        if query != "?a=1&a=2" {
            let page = browser.get(&format!("/links{query}"));
            assert_eq!(page.status, 400, "{query}");
            page.says("The server could not understand this request. Go to Homepage");
        }
    }
}

#[test]
fn browsers_may_keep_a_lasting_redirect_for_a_little_while() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    let mut visitor = Browser::of(&appliance);
    for (code, cache) in [("302", "no-store"), ("301", "private, max-age=300"), ("302", "no-store")] {
        let fields = [("links.redirect", code)];
        assert_eq!(admin.submit("/admin/settings", "/admin/settings", &fields).status, 303);
        // The second is answered from memory.
        for _ in 0..2 {
            let page = visitor.get("/root-user/promo");
            assert_eq!((page.status.to_string().as_str(), page.header("cache-control")), (code, Some(cache)));
            assert_eq!(page.header("location"), Some("https://example.com/"));
        }
        let missed = visitor.get("/root-user/none");
        assert_eq!((missed.status, missed.header("cache-control")), (404, Some("no-store")), "{code}");
    }
}

#[test]
fn a_short_address_leads_to_its_target_however_it_is_written() {
    let appliance = Start::with_admin().run();
    let target = "https://example.com/page?q=1&r=%22#f";
    Browser::admin(&appliance).make_link(target, "promo-1_x");
    let mut visitor = Browser::of(&appliance);
    for path in [
        "/root-user/promo-1_x",
        "/root-user/promo-1_x/",
        "/Root-User/PROMO-1_X",
        "/ROOT-USER/promo-1_x/",
        "/root%2Duser/%70romo-1_x",
        "/root-user/promo-1_x?",
        "/root-user/promo-1_x?x=//evil.example&url=https://evil.example",
        "/root-user/promo-1_x/?utm_source=a",
    ] {
        for method in ["GET", "HEAD"] {
            let page = visitor.send(method, path, &[], None);
            assert_eq!((page.status, page.header("location")), (302, Some(target)), "{method} {path}");
        }
    }
    let absolute = format!("http://{}/root-user/promo-1_x", appliance.address);
    assert_eq!(visitor.get(&absolute).header("location"), Some(target));
    assert!(visitor.cookies.is_empty());
}

#[test]
fn a_redirect_carries_what_it_must_and_nothing_else() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/?a=1&b=<x>", "promo");
    for browser in [&mut admin, &mut Browser::of(&appliance)] {
        let page = browser.get("/root-user/promo");
        let head = browser.send("HEAD", "/root-user/promo", &[], None);
        for answer in [&page, &head] {
            assert_eq!(answer.header("location"), Some("https://example.com/?a=1&b=%3Cx%3E"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.header("x-robots-tag"), Some("noindex"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
            let policy = "default-src 'none'; frame-ancestors 'none'";
            assert_eq!(answer.header("content-security-policy"), Some(policy));
            assert_eq!(answer.header("content-length"), Some(page.bytes.len().to_string().as_str()));
            // Each of these would say something to or about the target's site that is not ours to say.
            for absent in ["referrer-policy", "cross-origin-opener-policy", "set-cookie", "vary", "etag", "expires"] {
                assert_eq!(answer.header(absent), None, "{absent}");
            }
        }
        page.says("Moved to https://example.com/?a=1&b=%3Cx%3E");
        assert!(page.bytes.len() < 300);
        assert!(head.bytes.is_empty());
    }
}

#[test]
fn what_is_not_there_has_one_answer_whatever_is_missing() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    let mut visitor = Browser::of(&appliance);
    for accept in ["text/html", "*/*"] {
        visitor.header("Accept", accept);
        let first = visitor.get("/root-user/nothing");
        assert_eq!(first.status, 404);
        assert_eq!(first.header("location"), None);
        for path in ["/nobody/promo", "/nobody/nothing", "/root-user/promo+x", "/root-user/pro%20mo", "/rootuser/promo"]
        {
            let page = visitor.get(path);
            let same = |page: &Page, path: &str| page.body.replace(path, "PATH");
            assert_eq!(same(&page, path), same(&first, "/root-user/nothing"), "{accept} {path}");
            assert_eq!(shape(&page).1.len(), shape(&first).1.len(), "{accept} {path}");
            assert!(page.set_cookies().is_empty(), "{path}");
        }
        first.says("There is nothing at this address. The link may be mistyped or deleted.");
        for path in
            ["/root-user", "/nobody", "/root-user/", "/root-user/promo/extra", "/root-user//promo", "//root-user/promo"]
        {
            let page = visitor.get(path);
            assert_eq!((page.status, page.header("location")), (404, None), "{accept} {path}");
            page.says("There is nothing at this address. The link may be mistyped or deleted.");
        }
    }
}

/// A bare user name is no oracle for who has an account.
#[test]
fn a_bare_name_is_answered_alike_for_users_and_nobody() {
    let appliance = Start::with_admin().run();
    Browser::admin(&appliance).make_link("https://example.com/", "promo");
    for accept in ["*/*", "text/html"] {
        let mut visitor = Browser::of(&appliance);
        visitor.header("Accept", accept);
        let known = visitor.get("/root-user");
        for path in ["/nobody", "/nobody/nothing", "/root-user/nothing"] {
            assert!(shape(&visitor.get(path)) == shape(&known), "{accept}: {path} differs from a bare name");
        }
        assert!(known.set_cookies().is_empty(), "{accept}");
    }
}

#[test]
fn errors_of_short_links_have_no_menu_and_set_no_cookies() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let fields = [("target_url", "https://example.com/hidden"), ("slug", "off"), ("enabled", "")];
    admin.submit("/links/new", "/links/new", &fields);
    admin.open("/links");
    let mut visitor = Browser::of(&appliance);
    for path in ["/root-user/off", "/root-user/nothing", "/nobody/x"] {
        for browser in [&mut visitor, &mut admin] {
            let page = browser.get(path);
            assert!(page.set_cookies().is_empty(), "{path}");
            page.does_not_say("Log in");
            page.does_not_say("Log out");
            page.does_not_say("root-user");
            assert_eq!(page.header("x-robots-tag"), Some("noindex"));
            assert_eq!(page.header("cache-control"), Some("no-store"));
        }
    }
    // A program gets one line.
    visitor.header("Accept", "*/*");
    for (path, line) in [
        ("/root-user/off", "This link is switched off.\n"),
        ("/nobody/x", "There is nothing at this address. The link may be mistyped or deleted.\n"),
    ] {
        let page = visitor.get(path);
        assert_eq!((page.body.as_str(), page.header("content-type")), (line, Some("text/plain; charset=utf-8")));
    }
}

/// The page of a short link is not where its owner looks for news, and it cannot end the message either.
#[test]
fn a_message_for_the_owner_waits_for_a_page_of_the_site() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let fields = [("target_url", "https://example.com/"), ("slug", "off"), ("enabled", "")];
    admin.submit("/links/new", "/links/new", &fields);
    admin.get("/root-user/off").does_not_say("Created");
    admin.get("/root-user/nothing").does_not_say("Created");
    admin.open("/links").says(&format!("Created {}/root-user/off", appliance.address));
}

#[test]
fn a_link_that_is_switched_off_or_expired_is_gone() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let target = "https://hidden.example/";
    for (slug, enabled, expires, status, words) in [
        ("off", "", "", 410, "This link is switched off."),
        ("old", "1", "2020-01-01T00:00", 410, "This link has expired."),
        ("off-old", "", "2020-01-01T00:00", 410, "This link is switched off."),
        ("later", "1", "2099-12-31T23:59", 302, ""),
    ] {
        let fields = [("target_url", target), ("slug", slug), ("enabled", enabled), ("expires_at", expires)];
        // Only an edit may set a time that has passed.
        let edit = format!("/links/{}/edit", admin.make_link(target, slug));
        assert_eq!(admin.submit(&edit, &edit, &fields).status, 303);
        let mut visitor = Browser::of(&appliance);
        let page = visitor.get(&format!("/root-user/{slug}"));
        assert_eq!(page.status, status, "{slug}");
        page.says(words);
        if status == 410 {
            assert_eq!(page.header("location"), None, "{slug}");
            assert!(!page.body.contains("hidden.example"), "{slug}");
            let head = visitor.send("HEAD", &format!("/root-user/{slug}"), &[], None);
            assert_eq!((head.status, head.bytes.len()), (410, 0), "{slug}");
            assert_eq!(head.header("content-length"), page.header("content-length"), "{slug}");
        }
    }
}

#[test]
fn only_get_and_head_follow_a_link() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    for path in ["/root-user/promo", "/root-user/nothing", "/nobody/promo"] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            let page = admin.send(method, path, &[], None);
            assert_eq!((page.status, page.header("allow")), (405, Some("GET, HEAD")), "{method} {path}");
            assert_eq!(page.header("location"), None, "{method} {path}");
        }
        let options = admin.send("OPTIONS", path, &[], None);
        assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD")), "{path}");
    }
    assert_eq!(numbers(&mut admin, &id), (0, 0));
}

#[test]
fn misses_write_nothing() {
    let appliance = Start::with_admin().run();
    Browser::admin(&appliance).make_link("https://example.com/", "promo");
    let mut visitor = Browser::of(&appliance);
    visitor.header("Accept", "*/*");
    let file = appliance.data().join("linkjar.redb");
    // Signing in is noted; a health check afterwards shows that nothing is on its way any more.
    visitor.open("/health");
    let before = (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
    for number in 0..200 {
        assert_eq!(visitor.get(&format!("/nobody-{number}/promo")).status, 404);
        assert_eq!(visitor.get(&format!("/root-user/none-{number}")).status, 404);
    }
    let after = (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
    assert!(before == after, "the data file has changed");
}

#[test]
fn one_get_is_one_click_and_nothing_else_is() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let mut expected = (0, 0);
    for (method, headers, people, bots) in [
        ("GET", vec![], 1, 0),
        ("HEAD", vec![], 0, 0),
        ("GET", vec![("Sec-Purpose", "prefetch")], 0, 0),
        ("GET", vec![("Sec-Purpose", "prefetch;prerender")], 0, 0),
        ("GET", vec![("Sec-Purpose", "Prefetch;anonymous-client-ip")], 0, 0),
        ("GET", vec![("Purpose", "prefetch")], 0, 0),
        ("GET", vec![("X-Moz", "prefetch")], 0, 0),
        ("GET", vec![("Purpose", "other")], 1, 0),
        ("GET", vec![("User-Agent", "curl/8.5.0")], 0, 1),
        ("GET", vec![("User-Agent", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)")], 0, 1),
        ("GET", vec![("User-Agent", "")], 0, 1),
        (
            "GET",
            vec![("User-Agent", "Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) Chrome/120.0 Mobile Safari/537.36")],
            1,
            0,
        ),
        ("HEAD", vec![("User-Agent", "curl/8.5.0")], 0, 0),
        ("GET", vec![("Sec-GPC", "1")], 1, 0),
        ("GET", vec![("DNT", "1")], 1, 0),
        ("GET", vec![("Cookie", "session=x; session=y")], 1, 0),
    ] {
        let mut visitor = Browser::of(&appliance);
        assert_eq!(visitor.send(method, "/root-user/promo", &headers, None).status, 302, "{headers:?}");
        expected = (expected.0 + people, expected.1 + bots);
        assert_eq!(numbers(&mut admin, &id), expected, "{method} {headers:?}");
    }
    // Only people and bots count, but what was fetched ahead is told when everything is asked for.
    let all = admin.open(&format!("/links/{id}?bots=1"));
    assert!(all.body.contains(">prefetch<"));
}

#[test]
fn many_visitors_at_once_are_all_counted() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let mut visitor = Browser::of(&appliance);
            visitor.header("User-Agent", if number < 6 { FIREFOX } else { "curl/8.5.0" });
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(visitor.get("/root-user/promo").status, 302);
                }
            });
        }
    });
    assert_eq!(numbers(&mut admin, &id), (300, 100));
}

#[test]
fn visitors_who_ask_not_to_be_tracked_are_counted_without_details() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for (slug, header) in [("gpc", "Sec-GPC"), ("dnt", "DNT")] {
        let id = admin.make_link("https://example.com/", slug);
        for (value, private) in [("1", true), ("0", false)] {
            let mut visitor = Browser::of(&appliance);
            let referrer = format!("https://from-{value}.example/");
            let headers = [(header, value), ("Referer", referrer.as_str())];
            visitor.send("GET", &format!("/root-user/{slug}"), &headers, None);
            let page = admin.open(&format!("/links/{id}"));
            let shown = page.text().contains(&format!("from-{value}.example"));
            assert_eq!(shown, !private, "{header}: {value}");
            assert_eq!(page.text().contains("127.0.0.0"), !private, "{header}: {value}");
            assert_eq!(page.text().contains("Firefox"), !private, "{header}: {value}");
        }
        assert_eq!(numbers(&mut admin, &id), (2, 0));
    }
}

/// What the setting forbids is shown nowhere and is not in the file either.
#[test]
fn addresses_are_kept_as_the_setting_says() {
    let mut appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for (policy, shown) in [("shorten", Some("127.0.0.0")), ("never", None), ("store", Some("127.0.0.1"))] {
        appliance = with_setting(appliance, &mut admin, &format!("clicks.addresses={policy}"));
        let id = admin.make_link("https://example.com/", policy);
        let mut visitor = Browser::of(&appliance);
        assert_eq!(visitor.get(&format!("/root-user/{policy}")).status, 302);
        let page = admin.open(&format!("/links/{id}"));
        let recent = &page.body[page.body.find("id=\"recent\"").unwrap()..];
        let row = &recent[recent.find("<tbody>").unwrap()..recent.find("</tbody>").unwrap()];
        for address in ["127.0.0.0", "127.0.0.1"] {
            assert_eq!(row.contains(address), shown == Some(address), "{policy}: {row}");
        }
        let kept = fs::read(appliance.data().join("linkjar.redb")).unwrap();
        let whole = [127, 0, 0, 1];
        assert_eq!(kept.windows(4).any(|bytes| bytes == whole), policy == "store", "{policy}");
    }
    // Earlier visits keep what they had.
    let page = admin.open("/links?q=shorten");
    page.says("1 click");
}

#[test]
fn referrers_and_agents_are_kept_short_and_without_secrets() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let long = format!("https://long.example/{}", "x".repeat(3000));
    let agent = format!("{FIREFOX} {}", "agent-tail ".repeat(200));
    let mut visitor = Browser::of(&appliance);
    for headers in [
        vec![("Referer", "https://user:hunter2@news.example/path?token=hunter2#hunter2")],
        vec![("Referer", long.as_str()), ("User-Agent", agent.as_str())],
        vec![("Referer", "android-app://com.example")],
        vec![("Referer", "nonsense")],
        vec![("Referer", "https://a.example/"), ("referer", "https://b.example/")],
    ] {
        assert_eq!(visitor.send("GET", "/root-user/promo", &headers, None).status, 302);
    }
    let page = admin.open(&format!("/links/{id}"));
    page.says("5 clicks");
    page.says("news.example/path");
    page.says(&format!("long.example/{}", "x".repeat(400)));
    page.does_not_say(&"x".repeat(513));
    let file = fs::read(appliance.data().join("linkjar.redb")).unwrap();
    let text = String::from_utf8_lossy(&file).into_owned();
    for absent in ["hunter2", "com.example", "nonsense"] {
        page.does_not_say(absent);
        assert!(!text.contains(absent), "{absent} is in the data file");
    }
    assert!(!text.contains(&"agent-tail ".repeat(30)), "user agents are cut");
}

#[test]
fn hosts_that_are_blocked_later_take_old_links_down_and_unblocking_brings_them_back() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for (slug, target) in [
        ("bad", "https://bad.example/page"),
        ("sub", "https://x.bad.example:8443/"),
        ("other", "https://notbad.example/"),
    ] {
        admin.make_link(target, slug);
    }
    let appliance = with_setting(appliance, &mut admin, "links.blocked-hosts=other.example, BAD.example.");
    let mut visitor = Browser::of(&appliance);
    for (slug, status) in [("bad", 410), ("sub", 410), ("other", 302)] {
        let page = visitor.get(&format!("/root-user/{slug}"));
        assert_eq!(page.status, status, "{slug}");
        assert_eq!(page.header("location").is_some(), status == 302, "{slug}");
        assert!(status == 302 || !page.body.contains("bad.example"), "{slug}");
    }
    let appliance = with_setting(appliance, &mut admin, "links.blocked-hosts=");
    let mut visitor = Browser::of(&appliance);
    assert_eq!(visitor.get("/root-user/bad").header("location"), Some("https://bad.example/page"));
}

#[test]
fn before_setup_short_addresses_say_so() {
    let appliance = Start::empty().run();
    let mut visitor = Browser::of(&appliance);
    let page = visitor.get("/anna/promo");
    assert_eq!(page.status, 503);
    page.says("This server is not set up yet.");
    assert!(visitor.cookies.is_empty());
}

#[test]
fn a_name_that_is_not_ours_gets_no_redirect() {
    let appliance = Start::with_admin()
        .env("SERVER_BASE_URL", "http://short.example")
        .env("SERVER_ALLOWED_HOSTS", "s.example")
        .run();
    let mut admin = Browser::of(&appliance);
    admin.header("Host", "short.example");
    admin.log_in(crate::appliance::ADMIN, crate::appliance::PASSWORD);
    admin.make_link("https://example.com/", "promo");
    let mut visitor = Browser::of(&appliance);
    for (host, status) in
        [("short.example", 302), ("SHORT.example.", 302), ("s.example", 302), ("evil.example", 421), ("127.0.0.1", 421)]
    {
        let page = visitor.send("GET", "/root-user/promo", &[("Host", host)], None);
        assert_eq!(page.status, status, "{host}");
        assert_eq!(page.header("location").is_some(), status == 302, "{host}");
        assert!(page.set_cookies().is_empty(), "{host}");
    }
    // An alias leads to the pages of the public address.
    let page = visitor.send("GET", "/accounts/login?next=/links", &[("Host", "s.example")], None);
    let login = "http://short.example/accounts/login?next=/links";
    assert_eq!((page.status, page.header("location")), (308, Some(login)));
    let page = visitor.send("POST", "/accounts/login", &[("Host", "s.example")], None);
    assert_eq!(page.status, 403);
}
