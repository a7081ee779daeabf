//! Removing a user, after a page that says what becomes of the links.

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::browser::{Browser, Page};

const PATH: &str = "/admin/users/anna/remove";

/// A server with anna, who has two links, and bob.
fn with_people() -> (Appliance, Browser, Browser, Browser, String) {
    let appliance = Start::with_admin().run();
    let (mut anna, bob) = (Browser::user(&appliance, "anna"), Browser::user(&appliance, "bob"));
    let id = anna.make_link("https://example.com/one", "one");
    anna.make_link("https://example.com/two", "two");
    let admin = Browser::admin(&appliance);
    (appliance, admin, anna, bob, id)
}

fn remove(admin: &mut Browser, fields: &[(&str, &str)]) -> Page {
    admin.submit(PATH, PATH, fields)
}

/// Asks until the answer has this status: what is to go does so soon, not at once.
fn until(browser: &mut Browser, path: &str, status: u16) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while browser.get(path).status != status {
        assert!(std::time::Instant::now() < end, "{path}");
        std::thread::yield_now();
    }
}

#[test]
fn removing_asks_for_the_name_and_what_becomes_of_links() {
    let (appliance, mut admin, mut anna, ..) = with_people();
    let page = admin.open(PATH);
    page.says("anna has 2 links.");
    for (fields, words) in [
        (&[("name", "anna")][..], "Choose what becomes of the links."),
        (&[("name", "bob"), ("links", "keep")], "This is not the username."),
        (&[("name", ""), ("links", "delete")], "This is not the username."),
        (&[("name", "anna"), ("links", "burn")], "Choose what becomes of the links."),
        (&[("name", "anna"), ("links", "to")], "The links need another user who can log in."),
        (&[("name", "anna"), ("links", "to"), ("keeper", "nobody")], "The links need another user who can log in."),
        (&[("name", "anna"), ("links", "to"), ("keeper", "anna")], "The links need another user who can log in."),
    ] {
        let page = remove(&mut admin, fields);
        assert_eq!(page.status, 422, "{fields:?}");
        page.says(words);
    }
    anna.open("/links").says("2 links");
    // Nothing to decide for somebody without links.
    let bob = "/admin/users/bob/remove";
    admin.open(bob).says("bob has no links.");
    assert_eq!(admin.submit(bob, bob, &[]).status, 303);
    admin.open("/admin/users").says("Removed bob.");
    assert_eq!(admin.submit("/admin/users/bob", "/admin/users/bob/release", &[]).status, 303);
    Browser::user(&appliance, "bob");
    let log = appliance.log();
    assert!(log.contains(&format!("user removed user=bob links=kept by={ADMIN} ip=127.0.0.1")), "{log}");
}

#[test]
fn links_that_are_handed_over_go_on_while_everybody_works() {
    let (appliance, mut admin, mut anna, mut bob, id) = with_people();
    let mut visitor = Browser::of(&appliance);
    assert_eq!(visitor.get("/anna/one").status, 302);
    let page = remove(&mut admin, &[("name", "anna"), ("links", "to"), ("keeper", "bob")]);
    assert_eq!((page.status, page.header("location")), (303, Some("/admin/users")));
    assert_eq!(anna.get("/links").status, 302, "out at once");
    assert_eq!(visitor.get("/anna/one").header("location"), Some("https://example.com/one"));
    bob.open("/links").says("anna’s links (2)");
    assert_eq!(bob.open(&format!("/links/{id}")).clicks(), (2, 0));
    let edit = format!("/links/{id}/edit");
    let page = bob.submit(&edit, &edit, &[("slug", "two")]);
    assert_eq!(page.status, 422);
    page.says("This slug is taken.");
    assert_eq!(admin.get(&format!("/links/{id}")).status, 404);
    let page = admin.open("/admin/users/anna");
    page.says("2 links go on redirecting. bob looks after them.");
    page.does_not_say("anna@mail.example");
    let fields = [("username", "anna"), ("email", "x@y.example"), ("password1", PASSWORD), ("password2", PASSWORD)];
    let page = visitor.submit("/accounts/register", "/accounts/register", &fields);
    assert_eq!(page.status, 422);
    page.says("This name is not available.");

    // Bob has no links of his own; those that he looks after would go with him, and that is asked.
    let path = "/admin/users/bob/remove";
    admin.open(path).says("bob has no links and looks after 2 more, which go the same way.");
    let page = admin.submit(path, path, &[("name", "bob")]);
    assert_eq!(page.status, 422);
    page.says("Choose what becomes of the links.");

    // It can be decided anew: the archive is every administrator's.
    assert_eq!(remove(&mut admin, &[("name", "anna"), ("links", "keep")]).status, 303);
    assert_eq!(bob.get(&format!("/links/{id}")).status, 404);
    admin.open(&format!("/links/{id}")).says("/anna/one");
    admin.open("/links?of=anna").says("/anna/two");
    let token = admin.open("/links").token();
    let release = "/admin/users/anna/release";
    assert_eq!(admin.post(release, &[("csrf_token", &token)]).status, 409, "the name is part of addresses");

    // And they can go in the end.
    assert_eq!(remove(&mut admin, &[("name", "anna"), ("links", "delete")]).status, 303);
    until(&mut visitor, "/anna/one", 404);
    until(&mut visitor, "/anna/two", 404);
    assert_eq!(visitor.get("/anna/one").text(), visitor.get("/nobody/one").text());
    assert_eq!(admin.get(PATH).status, 404, "that is decided");
    let page = admin.open("/admin/users/anna");
    page.says("There are no links left under this name.");
    assert_eq!(admin.submit_on(&page, release, &[]).status, 303);
    Browser::user(&appliance, "anna").open("/links").says("You have no links yet.");
}

#[test]
fn nothing_of_a_removed_user_is_in_what_can_be_read() {
    let (appliance, mut admin, ..) = with_people();
    assert_eq!(remove(&mut admin, &[("name", "anna"), ("links", "delete")]).status, 303);
    until(&mut Browser::of(&appliance), "/anna/two", 404);
    for path in ["/admin/users", "/admin/users?q=anna", "/admin/users/anna", "/admin"] {
        admin.open(path).does_not_say("anna@mail.example");
    }
    let (_, folder) = appliance.stop();
    // A file that is written anew has no pages left over from before.
    let compact = crate::appliance::run_command(folder.path(), &["export", "--compact", "compact.redb"], "");
    assert_eq!(compact.code(), 0, "{}", compact.stderr);
    let bytes = std::fs::read(folder.path().join("compact.redb")).unwrap();
    let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    assert!(has(b"bob@mail.example"), "that is what an address looks like in there");
    assert!(!has(b"anna@mail.example") && !has(b"example.com/one"));
}
