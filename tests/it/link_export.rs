//! One's links as a table: complete, in pieces, and nobody else's.

use crate::appliance::{ADMIN, Start};
use crate::browser::Browser;
use crate::connection::Connection;

/// The body of a chunked answer.
fn joined(answer: &str) -> String {
    let (head, mut rest) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Transfer-Encoding: chunked") && !head.contains("Content-Length"), "{head}");
    assert!(!head.to_lowercase().contains("x-door"), "{head}");
    let mut body = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        body.push_str(&after[..size]);
        assert_eq!(&after[size..size + 2], "\r\n");
        rest = &after[size + 2..];
        if size == 0 {
            assert_eq!(rest, "");
            return body;
        }
    }
}

fn export(browser: &mut Browser, version: &str) -> String {
    let cookies = browser.cookies();
    let mut connection = Connection::open(browser.address);
    let request = format!(
        "GET /links/export.csv HTTP/{version}\r\nHost: localhost\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n"
    );
    connection.send(request.as_bytes());
    connection.rest()
}

#[test]
fn every_link_is_in_the_table_whatever_stands_in_it() {
    let appliance = Start::with_busy_admin().run();
    let mut browser = Browser::admin(&appliance);
    for number in 0..250 {
        browser.make_link(&format!("https://docs.example/{number}?a=b,\"c\""), &format!("link-{number}"));
    }
    let page = browser.open("/links/new");
    let fields = [("target_url", "https://docs.example/sum"), ("slug", "sum"), ("title", "=SUM(A1)"), ("enabled", "1")];
    browser.submit_on(&page, "/links/new", &fields);
    assert_eq!(Browser::of(&appliance).get(&format!("/{ADMIN}/link-7")).status, 302);
    browser.open("/links").says("Export");
    let answer = export(&mut browser, "1.1");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("Content-Disposition: attachment; filename=\"links.csv\"\r\n"));
    let body = joined(&answer);
    let lines: Vec<&str> = body.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 252);
    assert_eq!(lines[0], r#""slug","target_url","title","enabled","expires_at","created_at","clicks""#);
    assert!(lines[1].starts_with(r#""link-0","https://docs.example/0?a=b,%22c%22","","true","","20"#), "{}", lines[1]);
    assert!(lines[251].starts_with(r#""sum","https://docs.example/sum","'=SUM(A1)","true","","20"#), "{}", lines[251]);
    // A client that knows no chunks finds the end at the end of the connection.
    let old = export(&mut browser, "1.0");
    let (head, old) = old.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("Transfer-Encoding") && head.contains("\r\nConnection: close\r\n"), "{head}");
    assert_eq!(old.lines().count(), 252);
}

#[test]
fn the_table_is_for_its_owner_alone() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    anna.make_link("https://docs.example/anna", "hers");
    let mut bert = Browser::user(&appliance, "bert");
    let table = joined(&export(&mut bert, "1.1"));
    assert_eq!(table.lines().count(), 1, "{table}");
    assert_eq!(Browser::of(&appliance).get("/links/export.csv").status, 302);
    let head = anna.send("HEAD", "/links/export.csv", &[], None);
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (200, None, ""));
    assert_eq!(head.header("cache-control"), Some("no-store"));
    assert_eq!(head.header("cross-origin-resource-policy"), Some("same-origin"));
}

#[test]
fn a_connection_goes_on_behind_a_table() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    browser.make_link("https://docs.example/", "docs");
    let mut connection = Connection::open(appliance.address);
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n", browser.cookies());
    let both = format!("{}\r\n{}Connection: close\r\n\r\n", get("/links/export.csv"), get("/health"));
    connection.send(both.as_bytes());
    let answers = connection.rest();
    let (table, health) = answers.split_once("0\r\n\r\n").unwrap();
    assert!(table.contains("\"docs\"") && health.starts_with("HTTP/1.1 200 OK") && health.ends_with('}'), "{answers}");
}

#[test]
fn programs_get_an_object_a_line_with_the_same_in_it() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    browser.make_link("https://docs.example/", "docs");
    let page = browser.open("/links/new");
    let title = "=1+1 </script>\u{202e}";
    let fields = [("target_url", "https://docs.example/?a=<b>"), ("slug", "odd"), ("title", title)];
    browser.submit_on(&page, "/links/new", &fields);
    let file = browser.download("/links/export.jsonl");
    assert_eq!(file.header("content-type"), Some("application/jsonl; charset=utf-8"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"links.jsonl\""));
    let lines: Vec<serde_json::Value> = file.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["slug"], &lines[0]["type"]), (2, &"docs".into(), &"link".into()));
    assert_eq!((&lines[1]["title"], &lines[1]["enabled"]), (&title.into(), &true.into()));
    assert_eq!((&lines[1]["expires_at"], &lines[1]["clicks"]), (&serde_json::Value::Null, &0.into()));
}
