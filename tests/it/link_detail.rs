//! The page of one link: its facts, its numbers, its latest clicks.

use crate::appliance::Start;
use crate::browser::{Browser, FIREFOX, Page};

const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

/// Follows a link with some headers of the visitor's.
fn click(browser: &Browser, path: &str, headers: &[(&str, &str)]) {
    let mut visitor = Browser::at(browser.address);
    assert_eq!(visitor.send("GET", path, headers, None).status, 302, "{path}");
}

/// The part of a page between two texts.
fn between<'a>(page: &'a Page, from: &str, to: &str) -> &'a str {
    let start = page.body.find(from).unwrap_or_else(|| panic!("no {from:?} in {}", page.body));
    let rest = &page.body[start..];
    &rest[..rest.find(to).unwrap_or_else(|| panic!("no {to:?} after {from:?}"))]
}

#[test]
fn a_link_without_clicks_says_so_beside_its_facts() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let target = format!("https://shop.example/{}?a=1&b=2", "x".repeat(300));
    let fields = [
        ("target_url", target.as_str()),
        ("slug", "promo"),
        ("title", "Autumn <sale> & \"more\""),
        ("expires_at", "2099-11-20T14:02"),
    ];
    let made = admin.submit("/links/new", "/links/new", &fields);
    let id = made.header("location").unwrap().strip_prefix("/links?new=").unwrap().to_owned();
    let page = admin.open(&format!("/links/{id}"));
    page.says(&format!("{}/root-user/promo", appliance.address));
    page.says("Active");
    page.says("Title Autumn <sale> & \"more\"");
    page.says(&format!("Leads to {target}"));
    page.says("Expires 20 Nov 2099, 14:02 UTC");
    page.says("0 clicks");
    page.says("never last click");
    page.says("No clicks yet. Share the link or open it yourself.");
    assert!(!page.body.contains("<sale>"), "escaped");
    assert!(page.body.contains("<title>promo · Linkjar</title>"));
    assert!(page.body.contains(&format!("href=\"/links/{id}/edit\"")));
    assert!(page.body.contains(&format!("href=\"/links/{id}/delete\"")));
}

#[test]
fn a_reload_right_after_a_click_shows_it() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    for count in 1..=5 {
        click(&admin, "/root-user/promo", &[]);
        let page = admin.open(&format!("/links/{id}"));
        page.says(&if count == 1 { "1 click ".to_owned() } else { format!("{count} clicks ") });
        assert_eq!(page.body.matches("class=\"cell-time\"").count(), count);
    }
    admin.open("/links").says("5 clicks");
    admin.open("/").says("/root-user/promo");
}

#[test]
fn clicks_are_told_apart_by_referrer_browser_and_system() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    click(&admin, "/root-user/promo", &[("Referer", "https://News.Example/story?token=secret#top")]);
    click(&admin, "/root-user/promo", &[("Referer", "https://news.example/other")]);
    click(&admin, "/root-user/promo", &[("Referer", "https://anna:pw@blog.example/"), ("User-Agent", CHROME)]);
    click(&admin, "/root-user/promo", &[("Referer", "javascript:alert(1)")]);
    let page = admin.open(&format!("/links/{id}"));
    page.says("Referrers news.example 2 blog.example 1 Browsers Firefox 3 Chrome 1 Systems Linux 3 Windows 1 Devices Desktop 4");
    page.says("news.example/story");
    for secret in ["token", "secret", "anna", "pw@", "alert"] {
        page.does_not_say(secret);
    }
    let recent = between(&page, "id=\"recent\"", "</section>");
    let order: Vec<usize> =
        ["blog.example", "news.example/other", "news.example/story"].map(|word| recent.find(word).unwrap()).to_vec();
    assert!(order.is_sorted(), "the newest stands first: {recent}");
}

#[test]
fn the_latest_ten_clicks_are_listed_and_all_are_counted() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    for number in 1..=12 {
        click(&admin, "/root-user/promo", &[("Referer", &format!("https://site-{number:02}.example/"))]);
    }
    let page = admin.open(&format!("/links/{id}"));
    page.says("12 clicks");
    let recent = between(&page, "id=\"recent\"", "</section>");
    assert_eq!(recent.matches("class=\"cell-time\"").count(), 10);
    for number in 1..=12 {
        let listed = recent.contains(&format!("site-{number:02}.example"));
        assert_eq!(listed, number > 2, "{number}");
    }
    // Eight lines, the rest as one.
    let referrers = between(&page, "Referrers", "</section>");
    assert_eq!(referrers.matches("<li>").count(), 9);
    assert!(referrers.contains("Others"));
}

#[test]
fn bots_are_counted_apart_and_shown_on_demand() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let path = format!("/links/{id}");
    click(&admin, "/root-user/promo", &[("User-Agent", "curl/8.5.0"), ("Referer", "https://bots.example/")]);
    let page = admin.open(&path);
    page.says("0 clicks");
    page.says("1 click by bots and previews Show them");
    page.says("No clicks yet.");
    for agent in [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "WhatsApp/2.23.20.0",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "",
    ] {
        click(&admin, "/root-user/promo", &[("User-Agent", agent)]);
    }
    click(&admin, "/root-user/promo", &[("User-Agent", FIREFOX), ("Referer", "https://people.example/")]);
    let people = admin.open(&path);
    people.says("1 click ");
    people.says("5 clicks by bots and previews Show them");
    people.says("people.example");
    people.does_not_say("bots.example");
    assert_eq!(people.body.matches("class=\"cell-time\"").count(), 1);
    assert!(people.body.contains(&format!("href=\"{path}?bots=1\"")));
    let everybody = admin.open(&format!("{path}?bots=1"));
    everybody.says("1 click ");
    everybody.says("bots.example");
    everybody.says("5 clicks by bots and previews Hide them");
    assert_eq!(everybody.body.matches("class=\"cell-time\"").count(), 6);
    assert_eq!(between(&everybody, "id=\"recent\"", "</section>").matches(">preview<").count(), 2);
    assert_eq!(between(&everybody, "id=\"recent\"", "</section>").matches(">bot<").count(), 3);
    // The list counts people only.
    admin.open("/links").says("1 click");
}

/// The numbers of the chart's table: each row's name and its numbers.
fn table(page: &Page) -> Vec<Vec<String>> {
    let table = between(page, "<details class=\"values\">", "</details>");
    let rows = table.split("<tr>").skip(2);
    let words = |cell: &str| cell.rsplit('>').next().unwrap().to_owned();
    rows.map(|row| row.split("</t").filter(|cell| cell.contains("<t")).map(words).collect()).collect()
}

#[test]
fn every_range_shows_a_click_right_after_it_and_the_same_numbers_as_a_table() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    for count in 1..=3 {
        click(&admin, "/root-user/promo", &[("Referer", "https://news.example/")]);
        for (range, rows, length) in [
            ("24h", 24, "24 hours"),
            ("7d", 7, "7 days"),
            ("", 30, "30 days"),
            ("90d", 90, "90 days"),
            ("12m", 12, "12 months"),
            ("all", 1, "all"),
            ("nonsense", 30, "30 days"),
        ] {
            let page = admin.open(&format!("/links/{id}?range={range}"));
            let clicks = if count == 1 { "1 click".to_owned() } else { format!("{count} clicks") };
            page.says(&format!("{clicks} in {length} 1 visitor"));
            page.says("Same person, same day: one visitor 0 clicks by bots and previews");
            let days = if range == "24h" { " yesterday and today" } else { "" };
            page.says(&format!("Referrers{days} news.example {count}"));
            let table = table(&page);
            // Midnight may pass between a click and its page.
            assert!(table.len() == rows || range == "all", "{range}: {table:?}");
            let sum = |at: usize| table.iter().map(|row| row[at].parse::<u64>().unwrap()).sum::<u64>();
            assert_eq!(sum(1), count, "{range}: {table:?}");
            assert!(range == "24h" || sum(2) == 1, "{range}: {table:?}");
            assert_eq!(page.body.matches("<g class=\"column\">").count(), table.len());
            assert_eq!(between(&page, "<nav class=\"filters\"", "</nav>").matches("aria-current").count(), 1);
            page.does_not_say("before");
        }
    }
}

#[test]
fn the_switch_for_bots_and_the_range_are_kept_together() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let path = format!("/links/{id}");
    for agent in [FIREFOX, "curl/8.5.0", "curl/8.5.0"] {
        click(&admin, "/root-user/promo", &[("User-Agent", agent)]);
    }
    let people = admin.open(&format!("{path}?range=7d"));
    people.says("2 clicks by bots and previews Show them");
    assert!(people.body.contains(&format!("href=\"{path}?range=7d&amp;bots=1\"")));
    assert!(people.body.contains(&format!("href=\"{path}?range=all\"")));
    assert!(people.body.contains(&format!("href=\"{path}\"")), "30 days are the default");
    assert_eq!(table(&people)[0].len(), 3, "day, people, visitors");
    let all = admin.open(&format!("{path}?range=7d&bots=1"));
    all.says("2 clicks by bots and previews Hide them");
    assert!(all.body.contains(&format!("href=\"{path}?range=24h&amp;bots=1\"")));
    assert!(all.body.contains(&format!("href=\"{path}?range=7d\"")));
    let bots: u64 = table(&all).iter().map(|row| row[3].parse::<u64>().unwrap()).sum();
    assert_eq!(bots, 2);
    all.says("Bots and previews Not a browser 2");
    people.does_not_say("Not a browser");
    assert!(all.body.contains("3 clicks by people, bots and previews from "), "{}", all.body);
    let hours = admin.open(&format!("{path}?range=24h&bots=1"));
    let bots: u64 = table(&hours).iter().map(|row| row[2].parse::<u64>().unwrap()).sum();
    assert_eq!((table(&hours)[0].len(), bots), (3, 2), "hour, people, bots: visitors have no hours");
    hours.says("Systems yesterday and today Linux 1");
}

#[test]
fn a_link_that_only_bots_know_has_a_chart_on_demand() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    click(&admin, "/root-user/promo", &[("User-Agent", "curl/8.5.0")]);
    let people = admin.open(&format!("/links/{id}?range=90d"));
    people.says("No clicks yet.");
    assert!(!people.body.contains("class=\"chart\""));
    let all = admin.open(&format!("/links/{id}?range=90d&bots=1"));
    assert!(all.body.contains("class=\"chart\""));
}

#[test]
fn what_visitors_send_is_shown_as_text() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/\"onmouseover=alert(1)", "promo");
    let headers = [
        ("Referer", "https://evil.example/\"><script>alert(1)</script>"),
        ("User-Agent", "Mozilla/5.0 <img src=x onerror=alert(1)> Firefox/132.0"),
    ];
    click(&admin, "/root-user/promo", &headers);
    let page = admin.open(&format!("/links/{id}?bots=1"));
    page.says("evil.example/\"><script>alert(1)</script>");
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert!(!page.body.contains("<img"), "{}", page.body);
    assert!(!page.body.contains("\"onmouseover"), "{}", page.body);
}

#[test]
fn the_state_of_a_link_stands_beside_its_address() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for (slug, enabled, expires, state) in [
        ("on", "1", "", "Active"),
        ("later", "1", "2099-01-01T00:00", "Active"),
        ("off", "", "", "Disabled"),
        ("old", "1", "2020-01-01T00:00", "Expired"),
        ("off-and-old", "", "2020-01-01T00:00", "Disabled"),
    ] {
        let fields = [("target_url", "example.com"), ("slug", slug), ("enabled", enabled), ("expires_at", expires)];
        // Only an edit may set a time that has passed.
        let id = admin.make_link("example.com", slug);
        let edit = format!("/links/{id}/edit");
        assert_eq!(admin.submit(&edit, &edit, &fields).status, 303);
        admin.open(&format!("/links/{id}")).says(&format!("/root-user/{slug} Copy {state} Export"));
    }
}

#[test]
fn an_address_that_names_no_link_is_not_found() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    for path in
        ["/links/zzzzz", "/links/0", &format!("/links/0{id}"), "/links/-1", "/links/1.5", "/links/ü", "/links/%20"]
    {
        let page = admin.get(&path.replace('ü', "%C3%BC"));
        assert_eq!(page.status, 404, "{path}");
        page.says("Page Not Found");
    }
    assert_eq!(
        admin.get(&format!("/links/{}", id.to_uppercase())).status,
        if id == id.to_uppercase() { 200 } else { 404 }
    );
    admin.open(&format!("/links/{id}/"));
}
