//! Deleting one's own account.

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::browser::{Browser, Page};

const PATH: &str = "/accounts/delete";

fn delete(browser: &mut Browser, name: &str, password: &str, links: &str) -> Page {
    browser.submit(PATH, PATH, &[("name", name), ("password", password), ("links", links)])
}

fn cannot_log_in(appliance: &Appliance) {
    let fields = [("username", "anna"), ("password", PASSWORD)];
    let page = Browser::of(appliance).submit("/accounts/login", "/accounts/login", &fields);
    assert_eq!(page.status, 422);
    page.says("Wrong email, username or password.");
}

#[test]
fn it_takes_the_password_the_name_and_a_word_on_the_links() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    anna.make_link("https://example.com/", "promo");
    assert!(anna.open("/accounts/profile").body.contains("href=\"/accounts/delete\""));
    anna.open(PATH).says("What becomes of your 1 link?");
    for (name, password, links, words) in [
        ("anna", "wrong", "keep", "This is not your current password."),
        ("", PASSWORD, "keep", "This is not the username."),
        ("bob", PASSWORD, "delete", "This is not the username."),
        ("anna", PASSWORD, "", "Choose what becomes of the links."),
        ("anna", PASSWORD, "to", "Choose what becomes of the links."),
    ] {
        let page = delete(&mut anna, name, password, links);
        assert_eq!(page.status, 422, "{name} {links}");
        page.says(words);
        assert!(!page.body.contains(PASSWORD));
    }
    anna.open("/links").says("1 link");
    assert_eq!(Browser::of(&appliance).get(PATH).status, 302);
}

#[test]
fn links_go_on_in_the_archive_or_not() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for (name, links, word, status) in [("anna", "keep", "kept", 302), ("bert", "delete", "deleted", 404)] {
        let mut user = Browser::user(&appliance, name);
        let mut elsewhere = Browser::of(&appliance);
        elsewhere.log_in(name, PASSWORD);
        user.make_link("https://example.com/", "promo");
        let page = delete(&mut user, name, PASSWORD, links);
        assert_eq!((page.status, page.header("location")), (303, Some("/")), "{}", page.text());
        user.open("/").says("Your account is deleted.");
        assert_eq!((user.get("/links").status, elsewhere.get("/links").status), (302, 302));
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while Browser::of(&appliance).get(&format!("/{name}/promo")).status != status {
            assert!(std::time::Instant::now() < end, "{links}");
            std::thread::yield_now();
        }
        let page = admin.open(&format!("/admin/users/{name}"));
        page.does_not_say("@mail.example");
        let is_kept = page.text().contains("1 link goes on redirecting, in the archive.");
        let is_gone = page.text().contains("There are no links left under this name.");
        assert_eq!((is_kept, is_gone), (links == "keep", links == "delete"), "{}", page.text());
        assert!(appliance.log().contains(&format!("user removed user={name} links={word} by={name}")));
    }
    cannot_log_in(&appliance);
    admin.open("/links?of=anna").says("/anna/promo");
    assert_eq!(Browser::of(&appliance).get("/anna/promo").status, 302, "nobody else's went with bert's");
    assert_eq!(admin.get("/links?of=bert").status, 404);
}

#[test]
fn links_that_were_handed_to_somebody_are_not_theirs_to_delete() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let (mut anna, mut bert) = (Browser::user(&appliance, "anna"), Browser::user(&appliance, "bert"));
    anna.make_link("https://example.com/", "hers");
    bert.make_link("https://example.com/", "his");
    let form = "/admin/users/anna/remove";
    let page = admin.submit(form, form, &[("links", "to"), ("keeper", "bert"), ("name", "anna")]);
    assert_eq!(page.status, 303, "{}", page.text());
    bert.open("/links?of=anna").says("/anna/hers");
    let page = bert.open(PATH);
    page.says("What becomes of your 1 link?");
    page.says("You look after 1 link of removed users. They stay whatever you choose");
    assert_eq!(delete(&mut bert, "bert", PASSWORD, "delete").status, 303);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while Browser::of(&appliance).get("/bert/his").status != 404 {
        assert!(std::time::Instant::now() < end);
        std::thread::yield_now();
    }
    assert_eq!(Browser::of(&appliance).get("/anna/hers").status, 302);
    admin.open("/links?of=anna").says("/anna/hers");
}

#[test]
fn the_last_administrator_is_told_the_way_out() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let page = delete(&mut admin, ADMIN, PASSWORD, "");
    assert_eq!(page.status, 409);
    page.says("This is the last administrator. Make somebody else one first.");
    admin.open("/admin");
}
