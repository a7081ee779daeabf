//! Single clicks as files: all of them, once, as they were kept, and nobody else's.

use std::io::Read;

use crate::appliance::{ADMIN, Start};
use crate::browser::Browser;
use crate::connection::Connection;

/// Lets somebody follow a link.
fn follow(appliance: &crate::appliance::Appliance, path: &str, headers: &[(&str, &str)]) {
    let mut visitor = Browser::of(appliance);
    assert_eq!(visitor.send("GET", path, headers, None).status, 302);
}

#[test]
fn every_click_is_in_the_file_as_it_was_kept() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let (id, other) =
        (browser.make_link("https://example.com/", "promo"), browser.make_link("https://example.com/", "other"));
    let promo = format!("/{ADMIN}/promo");
    follow(&appliance, &promo, &[("Referer", "https://news.example/a?secret")]);
    follow(&appliance, &promo, &[("User-Agent", "=cmd|' /C calc'!A0")]);
    follow(&appliance, &promo, &[("Sec-GPC", "1")]);
    follow(&appliance, &promo, &[("Sec-Purpose", "prefetch")]);
    follow(&appliance, &format!("/{ADMIN}/other"), &[]);
    let file = browser.download(&format!("/links/{id}/clicks.csv"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"clicks.csv\""));
    let rows: Vec<&str> = file.body.split_terminator("\r\n").collect();
    let columns = r#""slug","clicked_at","class","referrer","browser","system","device","user_agent","address""#;
    assert_eq!((rows.len(), rows[0]), (5, columns));
    for (row, (start, end)) in rows[1..].iter().zip([
        ("\"promo\",\"20", "\"127.0.0.0\""),
        ("\"promo\",\"20", ",\"bot\",\"\",\"Other\",\"Other\",\"Other\",\"'=cmd|' /C calc'!A0\",\"127.0.0.0\""),
        ("\"promo\",\"20", ",\"human\",\"\",\"\",\"\",\"\",\"\",\"\""),
        ("\"promo\",\"20", "\"127.0.0.0\""),
    ]) {
        assert!(row.starts_with(start) && row.ends_with(end), "{row}");
    }
    assert!(
        rows[1].contains(",\"human\",\"news.example/a\",\"Firefox\",\"Linux\",\"Desktop\",\"Mozilla/5.0"),
        "{}",
        rows[1]
    );
    assert!(rows[4].contains(",\"prefetch\","), "{}", rows[4]);
    let all = browser.download("/links/clicks.jsonl");
    let all: Vec<serde_json::Value> = all.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let slugs: Vec<_> = all.iter().map(|click| click["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["promo", "promo", "promo", "promo", "other"]);
    assert_eq!((&all[1]["user_agent"], &all[2]["address"]), (&"=cmd|' /C calc'!A0".into(), &serde_json::Value::Null));
    assert_eq!(browser.download(&format!("/links/{other}/clicks.jsonl")).body.lines().count(), 1);
    browser.open(&format!("/links/{id}")).says("Clicks as CSV");
}

#[test]
fn a_file_longer_than_a_piece_has_each_click_once_while_more_come() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let id = browser.make_link("https://example.com/", "promo");
    let path = format!("/{ADMIN}/promo");
    let agent = |number: usize| format!("agent-{number}-{}", "x".repeat(200));
    for number in 0..700 {
        follow(&appliance, &path, &[("User-Agent", &agent(number))]);
    }
    let file = std::thread::scope(|scope| {
        let late =
            scope.spawn(|| (700..800).for_each(|number| follow(&appliance, &path, &[("User-Agent", &agent(number))])));
        let file = browser.download(&format!("/links/{id}/clicks.csv"));
        late.join().unwrap();
        file
    });
    let rows: Vec<&str> = file.body.split_terminator("\r\n").skip(1).collect();
    assert!((700..=800).contains(&rows.len()), "{}", rows.len());
    for (number, row) in rows.iter().enumerate() {
        assert!(row.contains(&agent(number)), "row {number}: {row}");
    }
}

#[test]
fn where_the_files_end_is_said_beside_them() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    for path in ["/links".to_owned(), format!("/links/{id}")] {
        admin.open(&path).says("Of each link the newest 50,000 clicks, and the newest 3,660 days with clicks.");
    }
}

#[test]
fn clicks_are_their_owners_alone() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let id = anna.make_link("https://example.com/", "hers");
    follow(&appliance, "/anna/hers", &[]);
    let mut bert = Browser::user(&appliance, "bert");
    for ending in ["clicks.csv", "clicks.jsonl", "statistics.csv", "statistics.jsonl"] {
        let path = format!("/links/{id}/{ending}");
        assert_eq!(bert.get(&path).status, 404, "{path}");
        assert_eq!(bert.get(&format!("/links/zzz/{ending}")).status, 404);
        assert_eq!(Browser::of(&appliance).get(&path).status, 302, "{path}");
        assert_eq!(anna.post(&path, &[]).status, 405, "{path}");
        let lines = bert.download(&format!("/links/{ending}")).body.lines().count();
        assert_eq!(lines, usize::from(ending.ends_with("csv")), "{ending}");
        assert!(anna.download(&path).body.lines().count() > 0, "{path}");
    }
}

#[test]
fn one_person_cannot_take_every_long_answer_there_is() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let id = anna.make_link("https://example.com/", "promo");
    let live =
        format!("GET /links/{id}/live HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", appliance.address, anna.cookies());
    let mut open = Vec::new();
    let answer = loop {
        let mut connection = Connection::open(appliance.address);
        connection.send(live.as_bytes());
        let mut start = [0; 12];
        connection.stream.read_exact(&mut start).unwrap();
        if &start != b"HTTP/1.1 200" {
            break String::from_utf8_lossy(&start).into_owned();
        }
        open.push(connection);
        assert!(open.len() < 60);
    };
    assert_eq!((answer.as_str(), open.len()), ("HTTP/1.1 429", 32));
    let refused = anna.get("/links/export.csv");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("10")));
    refused.says("Too many downloads");
    let mut bert = Browser::user(&appliance, "bert");
    bert.download("/links/export.csv");
    drop(open);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while anna.get("/links/export.csv").status != 200 {
        assert!(std::time::Instant::now() < deadline, "those that have ended count for ever");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
