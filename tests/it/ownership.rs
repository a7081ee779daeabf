//! Other people's links are like links that do not exist; and of many who want one slug at once, one gets it.

use std::sync::Barrier;

use crate::appliance::Start;
use crate::browser::{Browser, Page, encode};

/// All of an answer that must not tell one id from another.
fn shape(page: &Page, id: &str) -> (u16, Vec<String>, String) {
    let token = page.body.split("name=\"csrf_token\" value=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]);
    let body = token.fold(page.body.clone(), |body, token| body.replace(token, "TOKEN"));
    let names = page.headers.iter().map(|(name, _)| name.clone()).collect();
    (page.status, names, body.replace(&format!("/links/{id}"), "/links/ID").replace(&format!("%2F{id}"), "%2FID"))
}

#[test]
fn anothers_link_is_answered_like_one_that_does_not_exist() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let mut bob = Browser::user(&appliance, "bob");
    let mut admin = Browser::admin(&appliance);
    let id = anna.make_link("https://example.com/secret", "promo");
    anna.get("/anna/promo");
    bob.open("/links");
    admin.open("/links");
    let nowhere = "zzzzz";
    for (who, browser) in [("bob", &mut bob), ("the administrator", &mut admin)] {
        for rest in ["", "/", "?bots=1", "/edit", "/edit/", "/delete", "/delete/", "/live", "/qr.svg", "/none"] {
            let known = browser.get(&format!("/links/{id}{rest}"));
            assert_eq!(known.status, 404, "{who} {rest}");
            known.does_not_say("secret");
            assert_eq!(known.header("location"), None, "{who} {rest}");
            let unknown = browser.get(&format!("/links/{nowhere}{rest}"));
            assert_eq!(shape(&known, &id), shape(&unknown, nowhere), "{who} {rest}");
        }
        let token = browser.open("/links").token();
        let fields =
            [("csrf_token", token.as_str()), ("target_url", "https://evil.example/"), ("slug", "promo"), ("to", "off")];
        for rest in ["/edit", "/delete", "/switch", "/aliases"] {
            let known = browser.post(&format!("/links/{id}{rest}"), &fields);
            assert_eq!(known.status, 404, "{who} {rest}");
            let unknown = browser.post(&format!("/links/{nowhere}{rest}"), &fields);
            assert_eq!(shape(&known, &id), shape(&unknown, nowhere), "{who} {rest}");
        }
        for (method, rest) in [("HEAD", ""), ("HEAD", "/edit"), ("HEAD", "/delete")] {
            let page = browser.send(method, &format!("/links/{id}{rest}"), &[], None);
            assert_eq!((page.status, page.bytes.len()), (404, 0), "{who} {method} {rest}");
        }
        for method in ["PUT", "PATCH", "DELETE", "POST"] {
            let known = browser.send(method, &format!("/links/{id}"), &[], None);
            assert_eq!((known.status, known.header("allow")), (405, Some("GET, HEAD, OPTIONS")), "{who} {method}");
        }
        browser.open("/links").does_not_say("promo");
        browser.open("/").does_not_say("promo");
    }
    anna.open(&format!("/links/{id}")).says("1 click");
    assert_eq!(anna.get("/anna/promo").header("location"), Some("https://example.com/secret"));
}

/// An id in the form does not count, only the one in the address.
#[test]
fn an_id_in_the_form_reaches_no_other_link() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let mut bob = Browser::user(&appliance, "bob");
    let annas = anna.make_link("https://example.com/anna", "promo");
    let bobs = bob.make_link("https://example.com/bob", "promo");
    let edit = format!("/links/{bobs}/edit");
    let fields = [("id", annas.as_str()), ("owner", "anna"), ("target_url", "https://changed.example/")];
    assert_eq!(bob.submit(&edit, &edit, &fields).status, 303);
    assert_eq!(bob.get("/bob/promo").header("location"), Some("https://changed.example/"));
    assert_eq!(bob.get("/anna/promo").header("location"), Some("https://example.com/anna"));
    let delete = format!("/links/{bobs}/delete");
    assert_eq!(bob.submit(&delete, &delete, &[("id", &annas)]).status, 303);
    assert_eq!(bob.get("/bob/promo").status, 410);
    assert_eq!(bob.get("/anna/promo").status, 302);
}

#[test]
fn signed_out_visitors_are_sent_to_the_login_and_come_back() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let id = anna.make_link("https://example.com/", "promo");
    let pages = [
        "/links".to_owned(),
        "/links?q=a%20b&sort=slug".to_owned(),
        "/links/new".to_owned(),
        "/links/new?url=https%3A%2F%2Fexample.com%2F".to_owned(),
        format!("/links/{id}"),
        format!("/links/{id}/edit"),
        format!("/links/{id}/delete"),
        "/links/zzzzz".to_owned(),
        "/accounts/profile".to_owned(),
    ];
    for path in pages {
        for method in ["GET", "HEAD"] {
            let mut visitor = Browser::of(&appliance);
            let page = visitor.send(method, &path, &[], None);
            let next = encode(&path);
            assert_eq!(page.status, 302, "{method} {path}");
            assert_eq!(
                page.header("location"),
                Some(format!("/accounts/login?next={next}").as_str()),
                "{method} {path}"
            );
            assert_eq!(page.header("cache-control"), Some("no-store"), "{method} {path}");
            assert!(page.bytes.is_empty(), "{method} {path}");
        }
    }
    let mut visitor = Browser::of(&appliance);
    let login = visitor.get(&format!("/links/{id}/edit")).header("location").unwrap().to_owned();
    let fields = [("username", "anna"), ("password", crate::appliance::PASSWORD)];
    let page = visitor.submit(&login, "/accounts/login", &fields);
    assert_eq!((page.status, page.header("location")), (303, Some(format!("/links/{id}/edit").as_str())));
}

#[test]
fn a_form_of_a_signed_out_visitor_changes_nothing() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let id = anna.make_link("https://example.com/", "promo");
    let form = anna.open(&format!("/links/{id}/edit"));
    let mut visitor = Browser::of(&appliance);
    let token = visitor.open("/accounts/login").token();
    for path in [format!("/links/{id}/edit"), format!("/links/{id}/delete"), "/links/new".to_owned()] {
        // Whatever token they have, they are asked to sign in: a session that has ended has taken its token along.
        for token in [token.clone(), form.token(), String::new()] {
            let fields = [("csrf_token", token.as_str()), ("target_url", "https://evil.example/"), ("slug", "x")];
            let page = visitor.post(&path, &fields);
            assert_eq!(page.status, 303, "{path}");
            assert!(page.header("location").unwrap().starts_with("/accounts/login"), "{path}");
        }
    }
    assert_eq!(visitor.get("/anna/promo").header("location"), Some("https://example.com/"));
    assert_eq!(visitor.get("/anna/x").status, 404);
}

#[test]
fn a_form_of_one_user_is_worth_nothing_to_another() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let mut bob = Browser::user(&appliance, "bob");
    let stolen = anna.open("/links/new").token();
    let fields = [("csrf_token", stolen.as_str()), ("target_url", "https://evil.example/"), ("slug", "x")];
    assert_eq!(bob.post("/links/new", &fields).status, 403);
    assert_eq!(bob.get("/bob/x").status, 404);
    assert_eq!(bob.get("/anna/x").status, 404);
}

/// Nothing is there, for nobody.
#[test]
fn addresses_that_others_have_for_programs_and_operators_tell_nothing() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    let mut nobody = Browser::of(&appliance);
    for path in ["/ADMIN", "/api/v1/links", "/metrics", "/setup"] {
        for browser in [&mut anna, &mut nobody] {
            assert_eq!(browser.get(path).status, 404, "{path}");
        }
    }
}

/// Decided in the transaction that writes.
#[test]
fn of_fifty_who_want_one_slug_at_once_exactly_one_gets_it() {
    let appliance = Start::with_admin().env("SERVER_NUMTHREADS", "32").run();
    let admin = Browser::admin(&appliance);
    let token = admin.clone().open("/links/new").token();
    let start = Barrier::new(50);
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let tries = (0..50).map(|number| {
            let (mut browser, token, start) = (admin.clone(), token.as_str(), &start);
            scope.spawn(move || {
                let target = format!("https://example.com/{number}");
                start.wait();
                let fields = [("csrf_token", token), ("target_url", &target), ("slug", "promo"), ("enabled", "1")];
                (browser.post("/links/new", &fields).status, target)
            })
        });
        let tries: Vec<_> = tries.collect();
        tries.into_iter().map(|tried| tried.join().unwrap()).collect()
    });
    let winners: Vec<&String> = answers.iter().filter(|(status, _)| *status == 303).map(|(_, target)| target).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|(status, _)| *status == 422).count(), 49, "{answers:?}");
    let mut visitor = Browser::of(&appliance);
    assert_eq!(visitor.get("/root-user/promo").header("location"), Some(winners[0].as_str()));
    admin.clone().open("/links").says("1 link ");
}

#[test]
fn of_many_links_that_want_to_move_to_one_slug_at_once_exactly_one_does() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let ids: Vec<String> =
        (0..12).map(|number| admin.make_link("https://example.com/", &format!("from-{number}"))).collect();
    let token = admin.open("/links/new").token();
    let start = Barrier::new(ids.len());
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = ids
            .iter()
            .map(|id| {
                let (mut browser, token, start) = (admin.clone(), token.as_str(), &start);
                scope.spawn(move || {
                    start.wait();
                    let fields =
                        [("csrf_token", token), ("target_url", "example.com"), ("slug", "to"), ("enabled", "1")];
                    browser.post(&format!("/links/{id}/edit"), &fields).status
                })
            })
            .collect();
        tries.into_iter().map(|tried| tried.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 11, "{statuses:?}");
    let left = (0..12).filter(|number| admin.get(&format!("/root-user/from-{number}")).status == 302).count();
    assert_eq!((left, admin.get("/root-user/to").status), (12, 302), "the one that moved is found under both");
}
