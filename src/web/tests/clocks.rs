//! The clock jumps, far and near, forward and back, while people are at work.

use super::*;

const DAY_S: i64 = 86_400;
const YEAR_S: i64 = 365 * DAY_S;

/// Seconds by which it jumps.
const JUMPS: [i64; 8] =
    [-50 * YEAR_S, -DAY_S, -3_600, -1, 3_600, 8 * DAY_S, 10 * YEAR_S, -(NOON.ms() / 1_000) - 2 * YEAR_S];

fn follow(site: &Site, path: &str) -> u16 {
    site.get(path, "").status
}

fn clicks(site: &Site) -> u64 {
    let found = site.app.store.redirect("alice/promo").unwrap().unwrap();
    let numbers = site.app.store.numbers(found.owner, found.link).unwrap();
    numbers.humans + numbers.bots
}

#[test]
fn whatever_the_clock_does_links_lead_clicks_count_and_nobody_meets_an_error() {
    for jump_s in JUMPS {
        let site = Site::new();
        site.link("promo", "https://example.com/", None);
        site.link("sale", "https://shop.example/", Some(NOON.plus_s(60)));
        let before = site.sign_in();
        assert_eq!((follow(&site, "/alice/promo"), follow(&site, "/alice/sale")), (302, 302));
        // Not on disk yet.
        site.clock.advance_s(jump_s);
        let now = site.clock.now();
        assert_eq!(follow(&site, "/alice/promo"), 302, "{jump_s}");
        // What people said about expiry counts at once.
        assert_eq!(follow(&site, "/alice/sale"), if now >= NOON.plus_s(60) { 410 } else { 302 }, "{jump_s}");
        let is_over = jump_s >= SESSION_IDLE_S;
        assert_eq!(site.get("/links", &before).status, if is_over { 302 } else { 200 }, "{jump_s}");
        let after = site.sign_in();
        let page = format!("/links/{}", site.app.store.redirect("alice/promo").unwrap().unwrap().link);
        for path in ["/links", &page, "/", "/health/"] {
            assert_eq!(site.get(path, &after).status, 200, "{jump_s}: {path}");
        }
        site.app.store.settle();
        assert_eq!(clicks(&site), 2, "{jump_s}");
        // And back again.
        site.clock.advance_s(-jump_s);
        assert_eq!((follow(&site, "/alice/promo"), follow(&site, "/alice/sale")), (302, 302), "{jump_s}");
        // Who came while it stood far off may have to sign in again; nobody else.
        for cookie in [&before, &after] {
            let status = site.get("/links", cookie).status;
            assert!(status == 200 || jump_s.abs() >= SESSION_IDLE_S, "{jump_s}: signed out by a wrong clock");
        }
        site.app.store.settle();
        assert_eq!(clicks(&site), 3, "{jump_s}");
        // Nor is a session for ever, however often somebody comes.
        for _ in 0..=SESSION_ABSOLUTE_S / (20 * DAY_S) {
            site.clock.advance_s(20 * DAY_S);
            [&before, &after].into_iter().for_each(|cookie| drop(site.get("/links", cookie)));
        }
        for cookie in [&before, &after] {
            assert_eq!(site.get("/links", cookie).status, 302, "{jump_s}: still signed in after half a year");
        }
    }
}

#[test]
fn a_right_to_a_new_password_ends_whatever_the_clock_does() {
    for jump_s in JUMPS {
        let site = Site::new();
        let token = site.app.store.hand_out_reset(None, site.alice().id, NOON.plus_s(RESET_LINK_S)).unwrap().unwrap();
        site.clock.advance_s(jump_s);
        let is_good = site.app.store.reset_for(&token, site.clock.now()).unwrap().is_some();
        assert_eq!(is_good, jump_s < RESET_LINK_S, "{jump_s}");
        let page = site.get(&format!("/reset/{token}"), "");
        assert!(page.status < 500, "{jump_s}: {}", page.status);
    }
}
