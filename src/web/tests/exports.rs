//! Exports whose reader takes its time.

use super::*;
use crate::click::{Click, Visit};
use crate::web::stream::{Piece, Source};

/// Begins to send a file, as the server would.
fn begin(site: &Site, target: &str) -> Box<dyn Source> {
    let cookie = site.sign_in();
    let mut response = site.get(target, &cookie);
    assert_eq!(response.status, 200);
    response.stream.take().unwrap()
}

fn rest(site: &Site, source: &mut dyn Source) -> String {
    let mut all = Vec::new();
    loop {
        match source.next(&site.app) {
            Piece::Bytes(bytes) => all.extend(bytes),
            Piece::End => return String::from_utf8(all).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

fn follow(site: &Site, number: i64) {
    let found = site.app.store.redirect("alice/promo").unwrap().unwrap();
    let visit = Visit {
        at: NOON.plus_s(number),
        address: None,
        agent: "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
        referrer: "",
        ahead_of_time: false,
        counts_only: false,
    };
    site.app.store.record_click(Click::of(visit, found.owner, found.link, AddressPolicy::Shorten, &site.app.marker));
}

#[test]
fn a_reader_who_stops_in_the_middle_does_not_make_the_file_grow() {
    let site = Site::new();
    site.link("promo", "https://example.com/", None);
    for number in 0..130 {
        site.link(&format!("s{number}"), &format!("https://example.com/{}", "x".repeat(1_500)), None);
    }
    (0..2_000).for_each(|number| follow(&site, number));
    site.app.store.settle();
    let write = |count| {
        for number in 0..count {
            site.app
                .store
                .put_settings(Settings { site_name: format!("name {number}"), ..Settings::default() })
                .unwrap();
        }
    };
    write(50);
    for (path, lines) in [("/links/clicks.csv", 1_000), ("/links/export.csv", 10), ("/accounts/export.jsonl", 1_000)] {
        let mut source = begin(&site, path);
        assert!(matches!(source.next(&site.app), Piece::Bytes(bytes) if !bytes.is_empty()));
        let before = site.app.store.size_bytes();
        // With a transaction held open, a commit takes some 25 KB for good.
        write(400);
        let grown = site.app.store.size_bytes().saturating_sub(before);
        assert!(grown < 1 << 20, "{path}: {grown} bytes");
        let left = rest(&site, &mut *source);
        assert!(left.lines().count() > lines, "{path}: {} lines", left.lines().count());
    }
}

#[test]
fn an_export_beside_retention_has_each_click_that_stays_once() {
    let site = Site::new();
    site.link("promo", "https://example.com/", None);
    (0..3_000).for_each(|number| follow(&site, number));
    site.app.store.settle();
    let mut source = begin(&site, "/links/clicks.jsonl");
    let Piece::Bytes(first) = source.next(&site.app) else { panic!("nothing") };
    let mut all = String::from_utf8(first).unwrap();
    site.app.store.retire_clicks(NOON, NOON.plus_s(1_500), 0).unwrap();
    (3_000..3_100).for_each(|number| follow(&site, number));
    all += &rest(&site, &mut *source);
    let times: Vec<String> = all
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["clicked_at"].as_str().unwrap().to_owned())
        .collect();
    assert!(times.is_sorted_by(|a, b| a < b), "none twice");
    let stay: Vec<String> = (1_500..3_000).map(|number| NOON.plus_s(number).rfc3339()).collect();
    assert!(times.ends_with(&stay), "none that stood from start to end is missing");
}

#[test]
fn an_export_is_cut_off_when_its_reader_is_logged_out() {
    let site = Site::new();
    site.link("promo", "https://example.com/", None);
    (0..3_000).for_each(|number| follow(&site, number));
    site.app.store.settle();
    for target in ["/links/clicks.csv", "/accounts/export.jsonl"] {
        let mut source = begin(&site, target);
        assert!(matches!(source.next(&site.app), Piece::Bytes(_)));
        let alice = site.alice().id;
        for (hash, _) in site.app.store.sessions_of(alice, NOON).unwrap() {
            site.app.store.end_session(hash).unwrap();
        }
        assert_eq!(source.next(&site.app), Piece::Broken, "{target}: not taken for the whole");
    }
}
