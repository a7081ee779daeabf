//! Logging out browsers that are somewhere else.

use crate::appliance::{ADMIN, PASSWORD, Start};
use crate::browser::{Browser, Page};

const PROFILE: &str = "/accounts/profile";
const SESSIONS: &str = "/accounts/sessions";

/// A browser on an iPhone, so that it is told apart.
fn phone(browser: &mut Browser) {
    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/17.5 Mobile/15E148 Safari/604.1";
    browser.header("User-Agent", agent);
}

fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/links").status == 200
}

/// The names of sessions that the page has buttons for.
fn named(page: &Page) -> Vec<&str> {
    let fields = page.body.split("name=\"session\" value=\"").skip(1);
    fields.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn a_browser_that_is_somewhere_else_is_seen_and_logged_out() {
    let appliance = Start::with_admin().run();
    let mut here = Browser::admin(&appliance);
    here.open("/links");
    let mut there = Browser::of(&appliance);
    phone(&mut there);
    there.log_in(ADMIN, PASSWORD);
    there.open("/links");
    let page = here.open(PROFILE);
    page.says("Firefox on Linux");
    page.says("Safari on iOS");
    page.says("127.0.0.0");
    page.does_not_say("127.0.0.1");
    assert_eq!(page.text().matches("This browser").count(), 1);
    let names = named(&page);
    assert_eq!(names.len(), 1);
    for odd in ["x", "0123456789abcdef0", "0123456789abcdef"] {
        let answer = here.submit_on(&page, SESSIONS, &[("session", odd)]);
        assert_eq!(answer.status, if odd.len() == 16 { 303 } else { 400 }, "{odd}");
    }
    assert!(is_signed_in(&mut there), "nothing was meant by that");
    let answer = here.submit_on(&page, SESSIONS, &[("session", names[0])]);
    assert_eq!((answer.status, answer.header("location")), (303, Some(PROFILE)));
    here.open(PROFILE).says("Logged out there.");
    assert!(!is_signed_in(&mut there) && is_signed_in(&mut here));
    assert!(appliance.log().contains("logged out elsewhere user=root-user ip=127.0.0.1"));
}

#[test]
fn all_others_are_logged_out_at_once_and_nobody_elses() {
    let appliance = Start::with_admin().run();
    let mut bob = Browser::user(&appliance, "bob");
    let mut others: Vec<Browser> = (0..3).map(|_| Browser::admin(&appliance)).collect();
    let mut here = Browser::admin(&appliance);
    let page = here.open(PROFILE);
    assert_eq!(named(&page).len(), 3);
    // Another's session is no concern of theirs.
    let names = named(&page).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let bobs = bob.open(PROFILE);
    assert!(named(&bobs).is_empty() && !bobs.text().contains("Log out all others"));
    for name in &names {
        let fields = [("csrf_token", bobs.token()), ("session", name.clone())];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(bob.post(SESSIONS, &fields).status, 303);
    }
    assert!(others.iter_mut().all(is_signed_in));
    let fields = [("csrf_token", page.token())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(here.post(SESSIONS, &fields).status, 303);
    assert!(!others.iter_mut().any(is_signed_in));
    assert!(is_signed_in(&mut here) && is_signed_in(&mut bob));
    here.open(PROFILE).does_not_say("Log out all others");
}
