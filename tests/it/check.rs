//! `linkjar check`: good, in need of attention, damaged; with the server running and stopped.

use std::fs;

use serde_json::Value;

use crate::appliance::{ADMIN, Start, run_command};
use crate::browser::Browser;
use crate::command_line::is_error;

#[test]
fn a_good_file_is_good_with_and_without_a_server() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://target.example/", "a");
    admin.get(&format!("/{ADMIN}/a"));
    let said = "data/linkjar.redb: good. 1 user, 1 link, 1 click.\n";
    let check = |folder: &std::path::Path| run_command(folder, &["check"], "");
    let ended = check(appliance.folder.path());
    assert_eq!((ended.code(), ended.stdout.as_str(), ended.stderr.as_str()), (0, said, ""));
    let left: Vec<String> = crate::backup::names(&appliance.data());
    assert_eq!(left, [".desk", ".door", "linkjar.redb"]);
    let (_, folder) = appliance.stop();
    let before = fs::read(folder.path().join("data/linkjar.redb")).unwrap();
    let ended = check(folder.path());
    assert_eq!((ended.code(), ended.stdout.as_str(), ended.stderr.as_str()), (0, said, ""));
    assert!(fs::read(folder.path().join("data/linkjar.redb")).unwrap() == before);
    let ended = run_command(folder.path(), &["check", "--json"], "");
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&json["state"], &json["clicks"], &json["damage"]), (&"good".into(), &1.into(), &Value::Array(vec![])));
    is_error(&run_command(folder.path(), &["check", "--data-dir", "none"], ""), 1, "does not exist");
}

#[test]
fn a_file_that_was_not_closed_needs_attention_and_stays_as_it_is() {
    let folder = Start::with_admin().run().kill();
    let path = folder.path().join("data/linkjar.redb");
    let before = fs::read(&path).unwrap();
    let ended = run_command(folder.path(), &["check", "--json"], "");
    assert_eq!(ended.code(), 1, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("error: data/linkjar.redb was not closed cleanly. Start the server once"));
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&json["state"], &json["repaired"]), (&"attention".into(), &true.into()));
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn damage_is_found_wherever_it_is() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for number in 0..20 {
        admin.make_link("https://target.example/with/a/long/path", &format!("slug-{number}"));
    }
    let (_, folder) = appliance.stop();
    let path = folder.path().join("data/linkjar.redb");
    let sound = fs::read(&path).unwrap();
    let needle = b"https://target.example/with/a/long/path";
    let places: Vec<usize> = (0..sound.len() - needle.len()).filter(|at| sound[*at..].starts_with(needle)).collect();
    assert!(places.len() >= 40);
    let mut damaged = 0;
    for at in places.iter().step_by(places.len() / 6) {
        let mut bytes = sound.clone();
        bytes[at + 9] ^= 4;
        fs::write(&path, &bytes).unwrap();
        let ended = run_command(folder.path(), &["check"], "");
        assert!([0, 1, 4].contains(&ended.code()), "{}", ended.stderr);
        // Pages that are no longer in use may hold anything.
        damaged += usize::from(ended.code() == 4);
        assert!(fs::read(&path).unwrap() == bytes, "it is left as it is");
    }
    assert!(damaged > 0);
    for bytes in [b"".as_slice(), b"a text", &sound[..sound.len() / 2]] {
        fs::write(&path, bytes).unwrap();
        let ended = run_command(folder.path(), &["check"], "");
        is_error(&ended, 4, "damaged or not a Linkjar data file");
        assert!(fs::read(&path).unwrap() == bytes);
    }
}
