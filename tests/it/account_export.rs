//! Everything of a person as one file.

use std::collections::BTreeMap;

use crate::appliance::{PASSWORD, Start};
use crate::browser::Browser;

#[test]
fn everything_of_a_person_is_in_one_file_and_nothing_of_anybody_else() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let mut bert = Browser::user(&appliance, "bert");
    for number in 0..3 {
        anna.make_link(&format!("https://docs.example/{number}"), &format!("link-{number}"));
    }
    let moved = anna.make_link("https://docs.example/before", "before");
    let edit = format!("/links/{moved}/edit");
    let fields = [("target_url", "https://docs.example/after"), ("slug", "after")];
    assert_eq!(anna.submit(&edit, &edit, &fields).status, 303);
    bert.make_link("https://docs.example/", "his-own");
    for path in ["/anna/link-0", "/anna/link-0", "/anna/link-2", "/bert/his-own"] {
        assert_eq!(Browser::of(&appliance).get(path).status, 302);
    }
    anna.open("/accounts/profile").says("Export everything");
    let file = anna.download("/accounts/export.jsonl");
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"everything.jsonl\""));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for line in file.body.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        *kinds.entry(row["type"].as_str().unwrap().to_owned()).or_default() += 1;
        if row["type"] == "account" {
            assert_eq!((&row["username"], &row["email"]), (&"anna".into(), &"anna@mail.example".into()));
        }
        if row["type"] == "session" {
            assert_eq!((&row["browser"], &row["network"]), (&"Firefox".into(), &"127.0.0.0".into()));
        }
        if row["type"] == "earlier_address" {
            assert_eq!((&row["slug"], &row["earlier_slug"]), (&"after".into(), &"before".into()));
        }
        if row["type"] == "earlier_target" {
            assert_eq!((&row["slug"], &row["target_url"]), (&"after".into(), &"https://docs.example/before".into()));
        }
    }
    assert_eq!((kinds["account"], kinds["session"], kinds["link"], kinds["click"]), (1, 1, 4, 3));
    assert_eq!((kinds["earlier_address"], kinds["earlier_target"]), (1, 1));
    assert!(kinds["statistics"] >= 8, "{kinds:?}");
    for foreign in ["bert", "his-own", PASSWORD, "argon2", &anna.cookies["session"]] {
        assert!(!file.body.contains(foreign), "{foreign}");
    }
    assert_eq!(Browser::of(&appliance).get("/accounts/export.jsonl").status, 302);
}
