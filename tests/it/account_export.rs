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
    }
    assert_eq!((kinds["account"], kinds["link"], kinds["click"]), (1, 3, 3));
    assert!(kinds["statistics"] >= 8, "{kinds:?}");
    for foreign in ["bert", "his-own", PASSWORD, "argon2", &anna.cookies["session"]] {
        assert!(!file.body.contains(foreign), "{foreign}");
    }
    assert_eq!(Browser::of(&appliance).get("/accounts/export.jsonl").status, 302);
}
