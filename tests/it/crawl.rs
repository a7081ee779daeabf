//! Every page that can be reached by following what pages offer, in each role: headers, policy, and what a page owes
//! to who reads it. A new page is tried as soon as another leads to it.

use std::collections::{BTreeSet, VecDeque};

use crate::appliance::{ADMIN, Start};
use crate::browser::{Browser, Page};
use crate::headers::{Kind, check};
use crate::markup::{Tag, holds_nothing_foreign, tags};

/// Pages per role, so that a list that leads on for ever ends the test and not the machine.
const PAGES_MAX: usize = 600;

/// The addresses of this site that stand in some attributes of a page.
fn addresses(page: &Page, names: &[&str]) -> BTreeSet<String> {
    let tags = tags(&page.body);
    let addresses = tags.iter().flat_map(|tag| names.iter().map(|name| tag.attribute(name)));
    let own = addresses.flatten().filter(|address| address.starts_with('/'));
    own.map(|address| address.split('#').next().unwrap().to_owned()).collect()
}

/// Fails unless every field that a person fills in has a name that is read out.
#[track_caller]
fn has_labels(what: &str, tags: &[Tag]) {
    let labelled: Vec<&str> =
        tags.iter().filter(|tag| tag.name == "label").filter_map(|tag| tag.attribute("for")).collect();
    let mut is_within = false;
    for tag in tags {
        match tag.name.as_str() {
            "label" => is_within = true,
            "/label" => is_within = false,
            "input" | "select" | "textarea" => {
                let is_unseen = matches!(tag.attribute("type"), Some("hidden" | "submit"));
                let has_label = tag.attribute("id").is_some_and(|id| labelled.contains(&id));
                let is_named = is_within || has_label || tag.attribute("aria-label").is_some();
                assert!(is_unseen || is_named, "{what}: nothing names {tag:?}");
            }
            _ => {}
        }
    }
}

/// Fails unless a page is whole: one heading, a title, a language, ids that are one element's.
#[track_caller]
fn is_whole(what: &str, page: &Page) {
    holds_nothing_foreign(&page.body);
    let tags = tags(&page.body);
    let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
    assert_eq!((count("h1"), count("main")), (1, 1), "{what}");
    let head = page.body.split("</head>").next().unwrap_or_default();
    assert!(head.matches("<title>").count() == 1 && !head.contains("<title></title>"), "{what}");
    assert_eq!(tags[0].attribute("lang"), Some("en"), "{what}");
    let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.attribute("id")).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{what}: {ids:?}");
    has_labels(what, &tags);
}

/// A file for somebody signed in.
#[track_caller]
fn is_private_file(what: &str, page: &Page) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-robots-tag", "noindex"),
        ("vary", "Cookie"),
    ] {
        let found: Vec<_> = page.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value).collect();
        assert_eq!(found, [value], "{what}: {name}");
    }
    let cache = page.header("cache-control").unwrap_or_default();
    assert!(["no-store", "private, max-age=3600"].contains(&cache), "{what}: {cache}");
}

/// Follows everything from `starts` on and returns what was met.
fn crawl(role: &str, browser: &mut Browser, starts: &[&str]) -> BTreeSet<String> {
    let mut waiting: VecDeque<String> = starts.iter().map(|start| (*start).to_owned()).collect();
    let mut met: BTreeSet<String> = waiting.iter().cloned().collect();
    let mut forms = BTreeSet::new();
    while let Some(path) = waiting.pop_front() {
        let what = format!("{path} as {role}");
        let page = browser.send("GET", &path, &[("Accept", "text/html")], None);
        // A form may have no page of its own, and one without its fields be nothing.
        let is_there = page.status < 400 || (page.status < 500 && forms.contains(&path));
        assert!(is_there, "{what} is led to: {}", page.status);
        if page.status == 200 && page.header("content-disposition").is_some() {
            is_private_file(&what, &page);
            continue;
        }
        let kind = Kind::of(&path, &page);
        check(&what, kind, &page, false);
        if kind == Kind::Page && page.status == 200 {
            is_whole(&what, &page);
        }
        let actions = addresses(&page, &["action", "formaction"]);
        forms.extend(actions.iter().cloned());
        let further = addresses(&page, &["href", "src"]).into_iter().chain(actions);
        let further = further.chain(page.header("location").map(str::to_owned));
        for path in further.filter(|path| path.starts_with('/')) {
            if met.insert(path.clone()) {
                waiting.push_back(path);
            }
        }
        assert!(met.len() < PAGES_MAX, "{role}: the site has no end: {met:?}");
    }
    met
}

#[test]
fn whatever_pages_lead_to_is_there_and_whole_in_every_role() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    Browser::user(&appliance, "bob");
    let mut admin = Browser::admin(&appliance);
    anna.make_link("https://example.com/<a>?b=\"c\"", "promo");
    admin.make_link("https://example.com/", "docs");
    for agent in ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "crawler-bot"] {
        let mut visitor = Browser::of(&appliance);
        visitor.send("GET", "/anna/promo", &[("User-Agent", agent), ("Referer", "https://news.example/a")], None);
        visitor.send("GET", &format!("/{ADMIN}/docs"), &[("User-Agent", agent)], None);
    }
    let seen = crawl("nobody", &mut Browser::of(&appliance), &["/", "/accounts/login", "/accounts/register"]);
    assert!(seen.contains("/privacy") && !seen.iter().any(|path| path.starts_with("/admin")), "{seen:?}");
    let seen = crawl("anna", &mut anna, &["/"]);
    let has = |words: &str| seen.iter().any(|path| path.contains(words));
    assert!(has("/edit") && has("/delete") && has("/accounts/profile") && !has("/admin"), "{seen:?}");
    let seen = crawl("administrator", &mut admin, &["/"]);
    let has = |words: &str| seen.iter().any(|path| path.contains(words));
    assert!(has("/admin/settings") && has("/admin/users/anna") && has("/admin/statistics"), "{seen:?}");
}
