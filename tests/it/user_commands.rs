//! Accounts as the operator changes them: roles, who may log in, who is removed.

use std::path::Path;

use crate::appliance::{ADMIN, Appliance, Ended, PASSWORD, Start, run_command};
use crate::browser::Browser;

#[track_caller]
fn ok(folder: &Path, line: &str) -> String {
    let ended = user(folder, line);
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{line}");
    ended.stdout
}

fn user(folder: &Path, line: &str) -> Ended {
    let args: Vec<&str> = ["user"].into_iter().chain(line.split(' ')).collect();
    run_command(folder, &args, "")
}

#[track_caller]
fn refused(folder: &Path, line: &str, code: i32, words: &str) {
    let ended = user(folder, line);
    assert_eq!((ended.code(), ended.stdout.as_str()), (code, ""), "{line}: {}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{line}: {}", ended.stderr);
    assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(words), "{line}: {}", ended.stderr);
}

/// A stopped server with the administrator, anna with two links, and bob with one.
fn with_people() -> (tempfile::TempDir, Browser, Browser) {
    let appliance = Start::with_admin().run();
    let (mut anna, mut bob) = (Browser::user(&appliance, "anna"), Browser::user(&appliance, "bob"));
    anna.make_link("https://example.com/one", "one");
    anna.make_link("https://example.com/two", "two");
    bob.make_link("https://example.com/three", "three");
    (appliance.stop().1, anna, bob)
}

fn start(folder: tempfile::TempDir, browsers: &mut [&mut Browser]) -> Appliance {
    let appliance = Start::with_admin().folder(folder).run();
    for browser in browsers {
        browser.address = appliance.address;
        browser.header("Host", &appliance.address.to_string());
    }
    appliance
}

fn cannot_log_in(appliance: &Appliance, name: &str) {
    let fields = [("username", name), ("password", PASSWORD)];
    let page = Browser::of(appliance).submit("/accounts/login", "/accounts/login", &fields);
    assert_eq!(page.status, 422, "{name}");
    page.says("Wrong email, username or password.");
}

#[test]
fn roles_change_but_for_the_last_administrators() {
    let (folder, mut anna, _) = with_people();
    let at = folder.path();
    refused(at, "role anna boss", 2, "there is no role \"boss\". Write admin or user.");
    refused(at, "role nobody admin", 1, "there is no user \"nobody\". See: linkjar user list");
    let last = format!("{ADMIN} is the last administrator. Make somebody else one first: linkjar user role NAME admin");
    for line in ["role root-user user", "disable root-user", "remove root-user --yes"] {
        refused(at, line, 1, &last);
    }
    assert_eq!(ok(at, "role anna admin"), "The role of anna is admin.\n");
    assert_eq!(ok(at, "role root-user user"), "The role of root-user is user.\n");
    refused(at, "role anna user", 1, "anna is the last administrator.");
    let appliance = start(folder, &mut [&mut anna]);
    assert_eq!(anna.get("/links").status, 302, "another role logs out");
    anna.log_in("anna", PASSWORD);
    anna.open("/admin");
    assert_eq!(Browser::admin(&appliance).get("/admin").status, 403);
}

#[test]
fn a_disabled_user_cannot_log_in_until_enabled() {
    let (folder, mut anna, _) = with_people();
    assert!(ok(folder.path(), "disable anna").starts_with("anna cannot log in any more."));
    assert!(ok(folder.path(), "list").lines().any(|line| line.starts_with("anna ") && line.contains("  disabled  ")));
    refused(folder.path(), "reset-link anna", 1, "anna is disabled. Let them in first: linkjar user enable anna");
    let appliance = start(folder, &mut [&mut anna]);
    assert_eq!(anna.get("/links").status, 302);
    cannot_log_in(&appliance, "anna");
    cannot_log_in(&appliance, "anna@mail.example");
    assert_eq!(Browser::of(&appliance).get("/anna/one").header("location"), Some("https://example.com/one"));
    let (_, folder) = appliance.stop();
    assert_eq!(ok(folder.path(), "enable anna"), "anna can log in again.\n");
    let appliance = start(folder, &mut []);
    Browser::of(&appliance).log_in("anna", PASSWORD);
}

#[test]
fn removing_says_what_becomes_of_links() {
    let (folder, ..) = with_people();
    let at = folder.path();
    refused(at, "remove anna --yes", 2, "anna has 2 links. Say what becomes of them: --links delete");
    refused(at, "remove anna --links burn --yes", 2, "--links \"burn\" means nothing.");
    refused(at, "remove anna --links to=nobody --yes", 1, "there is no user \"nobody\".");
    refused(at, "remove anna --links to=anna --yes", 1, "the links can be handed to another user in use only.");
    refused(at, "remove anna --links delete", 2, "there is no terminal to ask on. Add --yes");
    refused(at, "remove nobody --yes", 1, "there is no user \"nobody\".");
    refused(at, "release anna", 1, "no user \"anna\" was removed.");
    assert_eq!(ok(at, "remove anna --links keep --yes"), "Removed anna. Links that go on: 2.\n");
    let list = ok(at, "list");
    assert!(list.lines().any(|line| line.starts_with("anna ") && line.contains("  removed  ")), "{list}");
    assert!(!list.contains("anna@"), "{list}");
    let json: serde_json::Value = serde_json::from_str(&ok(at, "list --json")).unwrap();
    let anna = json.as_array().unwrap().iter().find(|user| user["name"] == "anna").unwrap();
    assert_eq!((&anna["state"], &anna["links"]), (&"removed".into(), &2.into()));
    assert!(anna["created_at"].is_null() && anna["email"].is_null());
    for line in ["passwd anna --password-stdin", "reset-link anna", "role anna admin", "enable anna"] {
        refused(at, line, 1, "there is no user \"anna\".");
    }
    refused(at, "add anna --email a@b.example --password-stdin", 2, "there is a user of this name.");
    refused(at, "release anna", 1, "anna still has links. Delete them first");
    let appliance = start(folder, &mut []);
    cannot_log_in(&appliance, "anna");
    let mut visitor = Browser::of(&appliance);
    assert_eq!(visitor.get("/anna/one").header("location"), Some("https://example.com/one"));
    let fields = [("username", "anna"), ("email", "x@y.example"), ("password1", PASSWORD), ("password2", PASSWORD)];
    let page = visitor.submit("/accounts/register", "/accounts/register", &fields);
    assert_eq!(page.status, 422);
    page.says("This name is not available.");

    let (_, folder) = appliance.stop();
    assert_eq!(ok(folder.path(), "remove anna --links delete --yes"), "Removed anna. Links deleted: 2.\n");
    assert_eq!(ok(folder.path(), "release anna"), "The name anna can be taken again.\n");
    let appliance = start(folder, &mut []);
    let shape = |path: &str| {
        let page = Browser::of(&appliance).get(path);
        (page.status, page.text())
    };
    assert_eq!(shape("/anna/one").0, 404);
    assert_eq!(shape("/anna/one"), shape("/nobody/one"));
    Browser::user(&appliance, "anna").open("/links").says("You have no links yet.");
}

#[test]
fn what_a_removed_keeper_looked_after_is_asked_for_too() {
    let (folder, ..) = with_people();
    let at = folder.path();
    assert_eq!(ok(at, "remove anna --links to=bob --yes"), "Removed anna. Links that go on: 2.\n");
    refused(at, "remove bob --yes", 2, "bob has 3 links. Say what becomes of them: --links delete");
    assert_eq!(ok(at, "remove bob --links delete --yes"), "Removed bob. Links deleted: 3.\n");
    let appliance = start(folder, &mut []);
    for path in ["/anna/one", "/bob/three"] {
        assert_eq!(Browser::of(&appliance).get(path).status, 404, "{path}");
    }
}

#[test]
fn the_commands_wait_for_no_server() {
    let appliance = Start::with_admin().run();
    for line in
        ["role root-user admin", "disable root-user", "enable root-user", "remove root-user --yes", "release a-b"]
    {
        refused(appliance.folder.path(), line, 3, "is in use by a running server");
    }
}
