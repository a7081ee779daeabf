//! What is counted, as files: each number of each day.

use crate::appliance::{ADMIN, Start};
use crate::browser::Browser;

#[test]
fn each_number_of_a_day_has_a_row() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::admin(&appliance);
    let id = browser.make_link("https://example.com/", "promo");
    browser.make_link("https://example.com/", "never-followed");
    for (agent, referrer) in [("", "https://news.example/a"), ("", ""), ("curl/8.5.0", "")] {
        let mut visitor = Browser::of(&appliance);
        if !agent.is_empty() {
            visitor.header("User-Agent", agent);
        }
        visitor.header("Referer", referrer);
        assert_eq!(visitor.get(&format!("/{ADMIN}/promo")).status, 302);
    }
    let file = browser.download(&format!("/links/{id}/statistics.csv"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"statistics.csv\""));
    let rows: Vec<&str> = file.body.split_terminator("\r\n").collect();
    assert_eq!(rows[0], r#""slug","date","what","name","clicks""#);
    let without_date = |row: &str| {
        let cells: Vec<&str> = row.split(',').collect();
        assert_eq!((cells[0], cells[1].len()), ("\"promo\"", 12), "{row}");
        cells[2..].join(",")
    };
    let told: Vec<String> = rows[1..].iter().map(|row| without_date(row)).collect();
    for expected in [
        r#""people","","2""#,
        r#""bots","","1""#,
        r#""referrer","news.example","1""#,
        r#""browser","Firefox","2""#,
        r#""system","Linux","2""#,
        r#""visitors","","1""#,
    ] {
        assert!(told.iter().any(|row| row == expected), "{expected} is not in {told:?}");
    }
    assert_eq!(told.iter().filter(|row| row.starts_with("\"hour\"")).count(), 1, "or 2, once in an hour: {told:?}");
    let all = browser.download("/links/statistics.jsonl");
    let all: Vec<serde_json::Value> = all.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(all.len(), rows.len() - 1);
    assert_eq!((&all[0]["what"], &all[0]["clicks"]), (&"people".into(), &2.into()));
}
