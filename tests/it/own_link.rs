//! Links of removed users: whoever looks after them sees and changes them, visitors notice nothing, and for everybody
//! else they do not exist.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::appliance::{Appliance, Start, run_command};
use crate::browser::Browser;

/// Everything that there is at a link.
const PATHS: [&str; 7] =
    ["", "/edit", "/delete", "/clicks.csv", "/clicks.jsonl", "/statistics.csv", "/statistics.jsonl"];

/// Stops the server, runs a command, and starts it again.
fn between(appliance: Appliance, line: &str, browsers: &mut [&mut Browser]) -> Appliance {
    let (_, folder) = appliance.stop();
    let ended = run_command(folder.path(), &line.split(' ').collect::<Vec<_>>(), "");
    assert_eq!(ended.code(), 0, "{line}: {}", ended.stderr);
    let appliance = Start::with_admin().folder(folder).run();
    for browser in browsers {
        browser.address = appliance.address;
        browser.header("Host", &appliance.address.to_string());
    }
    appliance
}

#[test]
fn links_that_are_handed_over_go_on_and_are_their_keepers() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let (mut bob, mut carl) = (Browser::user(&appliance, "bob"), Browser::user(&appliance, "carl"));
    let id = anna.make_link("https://example.com/old", "promo");
    bob.make_link("https://example.com/bob", "promo");
    let mut visitor = Browser::of(&appliance);
    assert_eq!(visitor.get("/anna/promo").status, 302);
    let mut admin = Browser::admin(&appliance);
    for path in PATHS {
        assert_eq!(bob.get(&format!("/links/{id}{path}")).status, 404, "{path}");
    }
    assert_eq!(bob.get("/links?of=anna").status, 404);
    bob.open("/links").does_not_say("anna");

    let browsers = &mut [&mut bob, &mut carl, &mut admin, &mut visitor];
    let appliance = between(appliance, "user remove anna --links to=bob --yes", browsers);
    let list = bob.open("/links");
    list.says("anna’s links (1)");
    assert!(list.body.contains("href=\"/links?of=anna\""));
    let list = bob.open("/links?of=anna");
    list.says("Links of anna");
    list.says("/anna/promo");
    assert!(!list.body.contains("action=\"/links/new\""), "no new links in this name");
    bob.open("/links?of=anna&q=promo&sort=clicks&status=active").says("/anna/promo");
    for path in PATHS {
        assert_eq!(bob.get(&format!("/links/{id}{path}")).status, 200, "{path}");
        for (who, other) in [("carl", &mut carl), ("the administrator", &mut admin)] {
            assert_eq!(other.get(&format!("/links/{id}{path}")).status, 404, "{who} {path}");
        }
    }
    for (who, other) in [("carl", &mut carl), ("the administrator", &mut admin)] {
        assert_eq!(other.get("/links?of=anna").status, 404, "{who}");
        assert_eq!(other.get("/links?of=nobody").status, 404, "{who}");
    }
    let page = bob.open(&format!("/links/{id}"));
    page.says("/anna/promo");
    assert_eq!(page.clicks(), (1, 0));
    assert!(bob.open(&format!("/links/{id}/clicks.csv")).body.contains("promo"));

    // What the keeper changes, visitors see at once and under the same address; nobody notices the change of hands.
    let edit = format!("/links/{id}/edit");
    bob.open(&edit).says("/anna/");
    let page = bob.submit(&edit, &edit, &[("target_url", "https://example.com/new")]);
    assert_eq!(page.status, 303, "{}", page.text());
    assert_eq!(visitor.get("/anna/promo").header("location"), Some("https://example.com/new"));
    assert_eq!(visitor.get("/bob/promo").header("location"), Some("https://example.com/bob"));
    let token = carl.open("/links").token();
    assert_eq!(carl.post(&edit, &[("csrf_token", &token)]).status, 404);

    let switch = format!("/links/{id}/switch");
    assert_eq!(bob.submit("/links?of=anna", &switch, &[("to", "off")]).header("location"), Some("/links?of=anna"));
    assert_eq!(visitor.get("/anna/promo").status, 410);
    assert_eq!(bob.submit(&format!("/links/{id}"), &switch, &[("to", "on")]).status, 303);
    assert_eq!(visitor.get("/anna/promo").status, 302);
    assert_eq!(carl.post(&switch, &[("csrf_token", &token), ("to", "off")]).status, 404);

    // With the keeper it goes on.
    let browsers = &mut [&mut carl, &mut visitor];
    let _appliance = between(appliance, "user remove bob --links to=carl --yes", browsers);
    let list = carl.open("/links");
    list.says("anna’s links (1)");
    list.says("bob’s links (1)");
    let delete = format!("/links/{id}/delete");
    carl.open(&delete).says("/anna/promo");
    let page = carl.submit(&delete, &delete, &[]);
    assert_eq!((page.status, page.header("location")), (303, Some("/links?of=anna")));
    let list = carl.open("/links?of=anna");
    list.says("/anna/promo");
    list.says("No links are left.");
    assert_eq!(visitor.get("/anna/promo").status, 410);
    assert_eq!(visitor.get("/bob/promo").status, 302);
}

#[test]
fn the_archive_is_for_administrators() {
    let appliance = Start::with_admin().run();
    let (mut anna, mut bob) = (Browser::user(&appliance, "anna"), Browser::user(&appliance, "bob"));
    let id = anna.make_link("https://example.com/", "promo");
    let mut admin = Browser::admin(&appliance);
    let appliance = between(appliance, "user remove anna --links keep --yes", &mut [&mut admin, &mut bob]);
    admin.open("/links?of=anna").says("/anna/promo");
    for path in PATHS {
        assert_eq!(admin.get(&format!("/links/{id}{path}")).status, 200, "{path}");
        assert_eq!(bob.get(&format!("/links/{id}{path}")).status, 404, "{path}");
    }
    assert_eq!(bob.get("/links?of=anna").status, 404);
    assert_eq!(Browser::of(&appliance).get("/anna/promo").status, 302);
}

#[test]
fn visitors_are_sent_on_and_counted_while_a_keeper_works() {
    let appliance = Start::with_admin().run();
    let (mut anna, mut bob) = (Browser::user(&appliance, "anna"), Browser::user(&appliance, "bob"));
    let ids: Vec<String> =
        (0..3).map(|at| anna.make_link(&format!("https://example.com/{at}"), &format!("p{at}"))).collect();
    let appliance = between(appliance, "user remove anna --links to=bob --yes", &mut [&mut bob]);
    let (is_over, visits) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut visitor = Browser::of(&appliance);
            while !is_over.load(Ordering::SeqCst) {
                let page = visitor.get("/anna/p0");
                assert_eq!(page.status, 302);
                let location = page.header("location").unwrap();
                assert!(location.starts_with("https://example.com/"), "{location}");
                visits.fetch_add(1, Ordering::SeqCst);
            }
        });
        for round in 0..5 {
            let edit = format!("/links/{}/edit", ids[0]);
            let target = format!("https://example.com/round/{round}");
            assert_eq!(bob.submit(&edit, &edit, &[("target_url", &target)]).status, 303);
            assert_eq!(Browser::of(&appliance).get("/anna/p0").header("location"), Some(target.as_str()));
            visits.fetch_add(1, Ordering::SeqCst);
        }
        let delete = format!("/links/{}/delete", ids[1]);
        assert_eq!(bob.submit(&delete, &delete, &[]).status, 303);
        is_over.store(true, Ordering::SeqCst);
    });
    assert_eq!(Browser::of(&appliance).get("/anna/p1").status, 410);
    let people = bob.open(&format!("/links/{}", ids[0])).clicks().0;
    assert_eq!(people, visits.load(Ordering::SeqCst));
}
