//! The password is asked for again once it was given long ago.

use super::*;
use crate::limits::CONFIRMED_S;
use crate::ui::confirm::PASSWORD_AGAIN;

const SETTINGS: &str = "/admin/settings";

/// The fields that the only form of a page with hidden ones would send, encoded.
fn carried(page: &Response) -> Vec<String> {
    let page = text(page);
    let form = page.split_once("action=\"/admin/settings\"").unwrap().1.split("</form>").next().unwrap();
    let hidden = form.split("<input type=\"hidden\" name=\"").skip(1);
    let pair = |tag: &str| {
        let (name, rest) = tag.split_once("\" value=\"").unwrap();
        let value = rest.split('"').next().unwrap();
        assert!(!value.contains(['<', '>']), "{value}");
        let value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        format!("{name}={}", percent::query(&[("", &value)]).trim_start_matches("?="))
    };
    hidden.map(pair).collect()
}

fn site_name(site: &Site) -> String {
    site.app.settings().site_name.clone()
}

#[test]
fn an_old_password_is_asked_for_again_and_the_form_is_not_lost() {
    let site = Site::new();
    let cookie = site.sign_in();
    site.clock.advance_s(CONFIRMED_S - 1);
    let save = |name: &str| {
        let page = site.get(SETTINGS, &cookie);
        site.ask("POST", SETTINGS, &cookie, &format!("csrf_token={}&site.name={name}", token(&page)))
    };
    assert_eq!(save("In+time").status, 303);
    assert_eq!(site_name(&site), "In time");
    site.clock.advance_s(1);
    let asked = save("%3Cb%3E+%22quoted%22+%26amp%3B");
    assert_eq!((asked.status, site_name(&site).as_str()), (403, "In time"), "nothing is done");
    assert!(text(&asked).contains("<h1>Enter your password to go on</h1>"));
    let body = carried(&asked).join("&");
    let with = |password: &str| site.ask("POST", SETTINGS, &cookie, &format!("{body}&{PASSWORD_AGAIN}={password}"));
    for wrong in ["", "correct+hors", "correct+horse+"] {
        let refused = with(wrong);
        assert_eq!((refused.status, site_name(&site).as_str()), (422, "In time"), "{wrong}");
        assert!(text(&refused).contains("This is not your current password."));
        assert_eq!(carried(&refused)[1..], carried(&asked)[1..], "what was sent is kept, under a new token");
        assert!(!text(&refused).contains("correct"), "no password is shown");
    }
    assert_eq!(with("correct+horse").status, 303);
    assert_eq!(site_name(&site), "<b> \"quoted\" &amp;");
    // It counts from now on, in this browser only.
    assert_eq!(save("Again").status, 303);
    let other = site.sign_in();
    site.clock.advance_s(CONFIRMED_S);
    assert_eq!(save("Late").status, 403);
    let page = site.get("/links", &other);
    let give = format!("csrf_token={}&{PASSWORD_AGAIN}=correct+horse", token(&page));
    assert_eq!(site.ask("POST", SETTINGS, &other, &give).status, 303);
    assert_eq!(save("Late").status, 403, "another browser's password is not this one's");
}

#[test]
fn a_password_at_another_form_counts_too_and_a_wrong_clock_does_not() {
    let site = Site::new();
    let cookie = site.sign_in();
    let download = || {
        let token = token(&site.get("/links", &cookie));
        site.ask("POST", "/admin/backups/download", &cookie, &format!("csrf_token={token}&name=none")).status
    };
    assert_eq!(download(), 404, "let in");
    site.clock.advance_s(-60);
    assert_eq!(download(), 403, "a password of the future");
    site.clock.advance_s(60 + CONFIRMED_S);
    assert_eq!(download(), 403);
    let token = token(&site.get("/accounts/profile", &cookie));
    let email = format!("csrf_token={token}&email=a%40b.example&password=");
    assert_eq!(site.ask("POST", "/accounts/email", &cookie, &format!("{email}correct")).status, 422);
    assert_eq!(download(), 403);
    assert_eq!(site.ask("POST", "/accounts/email", &cookie, &format!("{email}correct+horse")).status, 303);
    assert_eq!(download(), 404);
}

/// Asks while too many passwords are being compared, until that is the answer.
fn while_busy(site: &Site, mut ask: impl FnMut() -> Response) -> Response {
    use std::sync::atomic::{AtomicBool, Ordering};
    let (app, is_over) = (&site.app, AtomicBool::new(false));
    let refused = std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let _ = app.hasher.hash("correct horse", [7; 16]);
                }
            });
        }
        let refused = (0..10_000).find_map(|_| Some(ask()).filter(|page| page.status == 503));
        is_over.store(true, Ordering::Relaxed);
        refused
    });
    let refused = refused.expect("sixteen beside it fill every place");
    assert!(text(&refused).contains("The server is busy."));
    assert_eq!(header(&refused, "Retry-After"), Some("5"));
    refused
}

#[test]
fn a_busy_server_asks_again_and_the_form_is_not_lost() {
    let site = Site::new();
    let cookie = site.sign_in();
    let refused = while_busy(&site, || {
        site.clock.advance_s(CONFIRMED_S);
        let token = token(&site.get("/links", &cookie));
        let body = format!("csrf_token={token}&site.name=Kept&{PASSWORD_AGAIN}=correct+horse");
        site.ask("POST", SETTINGS, &cookie, &body)
    });
    assert!(carried(&refused).contains(&"site.name=Kept".to_owned()));
}

#[test]
fn a_busy_server_keeps_what_was_typed_to_log_in() {
    let site = Site::new();
    let page = site.get("/accounts/login", "");
    let cookie = header(&page, "Set-Cookie").unwrap().split(';').next().unwrap().to_owned();
    // Right ones, for wrong ones are soon refused without being compared.
    let body = format!("csrf_token={}&username=ALICE&password=correct+horse", token(&page));
    let refused = while_busy(&site, || site.ask("POST", "/accounts/login", &cookie, &body));
    assert!(text(&refused).contains("value=\"ALICE\"") && !text(&refused).contains("correct"));
}

#[test]
fn a_full_disk_keeps_nobody_from_a_backup() {
    let site = Site::new();
    let cookie = site.sign_in();
    site.clock.advance_s(CONFIRMED_S);
    let token = token(&site.get("/links", &cookie));
    site.app.store.break_disk(Fault::Full);
    let body = format!("csrf_token={token}&name=none&{PASSWORD_AGAIN}=correct+horse");
    assert_eq!(site.ask("POST", "/admin/backups/download", &cookie, &body).status, 404, "let in");
}
