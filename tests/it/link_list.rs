//! The list of one's own links: searched, narrowed, sorted, walked page by page.

use crate::appliance::Start;
use crate::browser::{Browser, Page, attribute, encode};

/// The slugs of the rows, in their order.
fn slugs(page: &Page) -> Vec<String> {
    let rows = page.body.split("<a class=\"address\"").skip(1);
    let texts = rows.map(|row| row[row.find('>').unwrap() + 1..row.find('<').unwrap()].to_owned());
    texts.map(|address| address.rsplit('/').next().unwrap().to_owned()).collect()
}

/// Where a link of a page leads that has this mark in its tag.
fn href(page: &Page, mark: &str) -> Option<String> {
    let tag =
        page.body.split("<a").skip(1).map(|rest| &rest[..rest.find('>').unwrap()]).find(|tag| tag.contains(mark))?;
    attribute(tag, "href")
}

/// Where the link with this text leads.
fn link_called(page: &Page, text: &str) -> String {
    let end = format!(">{text}<");
    let at = page.body.find(&end).unwrap_or_else(|| panic!("no {text:?} in {}", page.body));
    let tag = &page.body[page.body[..at].rfind("<a").unwrap()..at];
    attribute(tag, "href").unwrap()
}

fn make_many(browser: &mut Browser, count: usize) -> Vec<String> {
    let token = browser.open("/links/new").token();
    let made = (1..=count).map(|number| {
        // Neither by age nor backwards: 37 and 100 have no common divisor.
        let slug = format!("s{:02}", number * 37 % 100);
        let target = format!("https://example.com/{number}");
        let fields = [("csrf_token", token.as_str()), ("target_url", &target), ("slug", &slug), ("enabled", "1")];
        assert_eq!(browser.post("/links/new", &fields).status, 303, "{slug}");
        slug
    });
    made.collect()
}

#[test]
fn an_empty_list_offers_the_first_link() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let page = admin.open("/links");
    page.says("You have no links yet. Create your first one!");
    assert!(slugs(&page).is_empty());
    let quick = [("target_url", "example.com"), ("slug", "first")];
    assert_eq!(admin.submit_on(&page, "/links/new", &quick).status, 303);
    assert_eq!(slugs(&admin.open("/links")), ["first"]);
    // Made by the quick form, which has no box to tick, it is switched on.
    assert_eq!(admin.get("/root-user/first").status, 302);
}

#[test]
fn a_wrong_quick_add_keeps_the_words() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let quick = [("target_url", "htp://example.com/a?b=\"c\""), ("slug", "A B")];
    let page = admin.submit("/links", "/links/new", &quick);
    assert_eq!(page.status, 422);
    page.says("Enter an address that starts with http:// or https://.");
    page.says("Use only lowercase letters, numbers, hyphens, and underscores.");
    let fields = page.form("/links/new");
    for field in quick {
        assert!(fields.contains(&(field.0.to_owned(), field.1.to_owned())), "{field:?} in {fields:?}");
    }
    // The box that the quick form does not show stays ticked.
    assert!(fields.contains(&("enabled".to_owned(), "1".to_owned())), "{fields:?}");
}

#[test]
fn sixty_links_are_walked_both_ways_in_every_order() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let oldest = make_many(&mut admin, 60);
    for (slug, clicks) in [("s37", 2), ("s74", 1), ("s20", 3)] {
        for _ in 0..clicks {
            assert_eq!(admin.get(&format!("/root-user/{slug}")).status, 302);
        }
    }
    let newest: Vec<String> = oldest.iter().rev().cloned().collect();
    let mut by_slug = oldest.clone();
    by_slug.sort();
    let clicked = ["s20", "s37", "s74"];
    let rest = newest.iter().filter(|slug| !clicked.contains(&slug.as_str())).cloned();
    let by_clicks: Vec<String> = clicked.iter().map(|slug| (*slug).to_owned()).chain(rest).collect();
    for (query, expected) in [
        ("", &newest),
        ("?sort=newest", &newest),
        ("?sort=oldest", &oldest),
        ("?sort=slug", &by_slug),
        ("?sort=clicks", &by_clicks),
        ("?q=example&sort=oldest", &oldest),
        ("?status=active", &newest),
    ] {
        let mut page = admin.open(&format!("/links{query}"));
        assert!(href(&page, "rel=\"prev\"").is_none(), "{query}");
        let mut forwards = vec![slugs(&page)];
        while let Some(next) = href(&page, "rel=\"next\"") {
            page = admin.open(&next);
            forwards.push(slugs(&page));
        }
        assert_eq!(forwards.concat(), *expected, "{query}");
        assert_eq!(forwards.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 10], "{query}");
        let mut backwards = vec![slugs(&page)];
        while let Some(previous) = href(&page, "rel=\"prev\"") {
            page = admin.open(&previous);
            backwards.insert(0, slugs(&page));
        }
        assert_eq!(backwards, forwards, "{query}");
    }
    admin.open("/links").says("60 links");
}

#[test]
fn pages_stay_where_they_are_when_links_come_and_go() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    make_many(&mut admin, 30);
    for sort in ["newest", "slug", "clicks"] {
        let first = admin.open(&format!("/links?sort={sort}"));
        let next = href(&first, "rel=\"next\"").unwrap();
        let second = slugs(&admin.open(&next));
        assert_eq!(second.len(), 5, "{sort}");
        let fresh = format!("a-{sort}");
        let id = admin.make_link("https://example.com/", &fresh);
        assert_eq!(slugs(&admin.open(&next)), second, "{sort}: a new link pushes nothing over the edge");
        let delete = format!("/links/{id}/delete");
        assert_eq!(admin.submit(&delete, &delete, &[]).status, 303);
        // Even the row that the page begins after may go.
        let last = first.body.split("<a class=\"address\" href=\"").last().unwrap();
        let last = last[..last.find('"').unwrap()].to_owned();
        let delete = format!("{last}/delete");
        assert_eq!(admin.submit(&delete, &delete, &[]).status, 303);
        assert_eq!(slugs(&admin.open(&next)), second, "{sort}: a deleted one swallows nothing");
        let slug = slugs(&first).pop().unwrap();
        admin.make_link("https://example.com/", &slug);
        let refreshed = slugs(&admin.open(&format!("/links?sort={sort}")));
        assert_eq!(refreshed.len(), 25, "{sort}");
    }
}

#[test]
fn a_search_looks_at_slug_title_and_target_whatever_the_case() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for (slug, target, title) in [
        ("promo", "https://shop.example/autumn", "Sale"),
        ("docs", "https://docs.example/Promo/intro", "Manual <1>"),
        ("other", "https://example.com/100%25", "PROMO für Anna & Bob"),
        ("nothing", "https://example.com/", ""),
    ] {
        let fields = [("target_url", target), ("slug", slug), ("title", title)];
        assert_eq!(admin.submit("/links/new", "/links/new", &fields).status, 303);
    }
    for (words, found) in [
        ("promo", vec!["other", "docs", "promo"]),
        ("PROMO", vec!["other", "docs", "promo"]),
        ("  promo  ", vec!["other", "docs", "promo"]),
        ("shop.example", vec!["promo"]),
        ("FÜR", vec!["other"]),
        ("<1>", vec!["docs"]),
        ("& bob", vec!["other"]),
        ("100%25", vec!["other"]),
        ("noth", vec!["nothing"]),
    ] {
        let page = admin.open(&format!("/links?q={}", encode(words)));
        assert_eq!(slugs(&page), found, "{words}");
        let link = if found.len() == 1 { "1 of 4 links".to_owned() } else { format!("{} of 4 links", found.len()) };
        page.says(&link);
        let kept = attribute(page.body.split("<input").find(|tag| tag.contains("id=\"search\"")).unwrap(), "value");
        assert_eq!(kept.as_deref(), Some(words.trim()));
    }
    let page = admin.open("/links?q=zzz%22%3E%3Cscript%3E");
    page.says("No link matches “zzz\"><script>”. Clear search");
    assert!(!page.body.contains("<script>”"), "escaped");
    assert_eq!(link_called(&page, "Clear search"), "/links");
    page.says("0 of 4 links");
}

#[test]
fn a_pasted_short_address_finds_its_link() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    admin.make_link("https://example.com/root-user/elsewhere", "other");
    for (words, found) in [
        ("http://127.0.0.1:8080/root-user/promo", vec!["promo"]),
        ("HTTPS://go.example/Root-User/Promo", vec!["promo"]),
        ("go.example/root-user/promo/", vec!["promo"]),
        ("/root-user/promo", vec!["promo"]),
        ("root-user/promo", vec!["promo"]),
        ("https://example.com/root-user/elsewhere", vec!["other"]),
        ("https://go.example/root-user/none", vec![]),
        ("https://go.example/somebody/promo", vec![]),
    ] {
        let page = admin.open(&format!("/links?q={}", encode(words)));
        assert_eq!(slugs(&page), found, "{words}");
        let kept = attribute(page.body.split("<input").find(|tag| tag.contains("id=\"search\"")).unwrap(), "value");
        assert_eq!(kept.as_deref(), Some(words), "what was pasted stays in the box");
    }
}

#[test]
fn the_list_is_narrowed_by_state_and_keeps_search_and_order() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for (slug, enabled, expires) in [
        ("b-on", "1", ""),
        ("a-on", "1", "2099-01-01T00:00"),
        ("b-off", "", ""),
        ("a-off", "", "2020-01-01T00:00"),
        ("old", "1", "2020-01-01T00:00"),
    ] {
        let fields = [("target_url", "example.com"), ("slug", slug), ("enabled", enabled), ("expires_at", expires)];
        // Only an edit may set a time that has passed.
        let edit = format!("/links/{}/edit", admin.make_link("example.com", slug));
        assert_eq!(admin.submit(&edit, &edit, &fields).status, 303);
    }
    for (query, expected, current) in [
        ("", vec!["old", "a-off", "b-off", "a-on", "b-on"], "All"),
        ("?status=active", vec!["a-on", "b-on"], "Active"),
        ("?status=disabled", vec!["a-off", "b-off"], "Disabled"),
        ("?status=expired", vec!["old"], "Expired"),
        ("?status=active&sort=slug", vec!["a-on", "b-on"], "Active"),
        ("?status=disabled&sort=oldest&q=a-", vec!["a-off"], "Disabled"),
    ] {
        let page = admin.open(&format!("/links{query}"));
        assert_eq!(slugs(&page), expected, "{query}");
        assert!(page.body.contains(&format!("aria-current=\"true\">{current}</a>")), "{query}");
    }
    let page = admin.open("/links?q=a-&sort=slug");
    assert_eq!(link_called(&page, "Disabled"), "/links?q=a-&status=disabled&sort=slug");
    let kept = admin.open("/links?status=expired&sort=clicks").form("/links");
    assert!(kept.contains(&("status".to_owned(), "expired".to_owned())), "{kept:?}");
    assert!(kept.contains(&("sort".to_owned(), "clicks".to_owned())), "{kept:?}");
}

#[test]
fn a_state_without_links_offers_all_of_them() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "on");
    let page = admin.open("/links?status=expired");
    page.says("No link is in this list. Show all links");
    assert_eq!(link_called(&page, "Show all links"), "/links");
}

#[test]
fn column_heads_sort_and_say_how_the_list_is_sorted() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "one");
    for (query, sorted, label, then) in [
        ("", "descending", "Created", "/links?sort=oldest"),
        ("?sort=oldest", "ascending", "Created", "/links"),
        ("?sort=slug", "ascending", "Address", "/links?sort=slug"),
        ("?sort=clicks", "descending", "Clicks", "/links?sort=clicks"),
    ] {
        let page = admin.open(&format!("/links{query}"));
        assert_eq!(page.body.matches("aria-sort=").count(), 1, "{query}");
        let head = &page.body[page.body.find("aria-sort=").unwrap()..];
        let head = &head[..head.find("</th>").unwrap()];
        assert!(head.starts_with(&format!("aria-sort=\"{sorted}\"")), "{query}: {head}");
        assert!(head.contains(label), "{query}: {head}");
        assert_eq!(attribute(&head[head.find("<a").unwrap()..], "href").as_deref(), Some(then), "{query}");
    }
}

#[test]
fn nonsense_in_the_address_is_the_plain_list() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let made = make_many(&mut admin, 3);
    let newest: Vec<String> = made.into_iter().rev().collect();
    let long = format!("?status=active&sort={}", "x".repeat(3000));
    for query in [
        "?sort=upwards",
        "?sort=CLICKS",
        "?status=broken",
        "?after=",
        "?after=x",
        "?before=.99999999",
        "?after=.ZZ",
        "?new=zzzzzzzzz",
        "?new=%3Cb%3E",
        "?page=7",
        "?q=",
        long.as_str(),
    ] {
        assert_eq!(slugs(&admin.open(&format!("/links{query}"))), newest, "{query}");
    }
    // A place past either end is an empty page with a way back, not an error.
    for query in ["?after=.0", "?before=.1z141z3", "?sort=clicks&after=0.0", "?sort=slug&before=.0"] {
        assert_eq!(slugs(&admin.open(&format!("/links{query}"))), Vec::<String>::new(), "{query}");
    }
    // A search longer than any link is cut, not refused.
    let page = admin.open(&format!("/links?q={}", encode(&"ü".repeat(600))));
    page.says("No link matches “ü");
}

#[test]
fn only_ones_own_links_are_listed_found_and_highlighted() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    let id = admin.make_link("https://example.com/secret", "hidden");
    anna.make_link("https://example.com/", "visible");
    for path in ["/links", "/links?q=e", "/links?sort=clicks", "/links?status=active", &format!("/links?new={id}")] {
        let page = anna.open(path);
        assert_eq!(slugs(&page), ["visible"], "{path}");
        page.does_not_say("hidden");
        assert!(!page.body.contains("class=\"new-row\""), "{path}");
    }
}

#[test]
fn a_row_shows_title_target_state_and_clicks() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let target = format!("https://shop.example/{}/end", "x".repeat(200));
    let fields = [("target_url", target.as_str()), ("slug", "long"), ("title", "<i>Title</i>")];
    admin.submit("/links/new", "/links/new", &fields);
    assert!(!admin.open("/links").body.contains("class=\"spark\""), "nothing to draw yet");
    for _ in 0..2 {
        admin.get("/root-user/long");
    }
    let page = admin.open("/links");
    // Midnight may pass between the two.
    assert!(page.body.contains("<title>2 clicks in 30 days, "), "{}", page.body);
    page.says("<i>Title</i>");
    page.says("https://shop.example/x");
    page.says("xx/end");
    page.says("2 clicks");
    assert!(page.body.contains(&format!("title=\"{target}\"")), "the whole target is there to be hovered");
    assert!(!page.text().contains(&target), "and cut in the text");
    assert!(!page.body.contains("<i>"), "escaped");
}

#[test]
fn links_to_a_blocked_host_are_marked_as_blocked_and_found_by_that() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://www.bad.example/", "bad");
    let off = admin.make_link("https://bad.example/", "off");
    admin.make_link("https://good.example/", "good");
    admin.submit("/links", &format!("/links/{off}/switch"), &[("to", "off")]);
    let states = |browser: &mut Browser| {
        ["active", "blocked", "disabled"].map(|state| {
            let page = browser.open(&format!("/links?status={state}&sort=slug"));
            ["bad", "good", "off"]
                .into_iter()
                .filter(|slug| page.text().contains(&format!("/{slug} ")))
                .collect::<Vec<_>>()
        })
    };
    admin.open("/links").does_not_say("Blocked");
    assert_eq!(states(&mut admin), [vec!["bad", "good"], vec![], vec!["off"]]);
    let settings = "/admin/settings";
    admin.submit(settings, settings, &[("links.blocked-hosts", "bad.example")]);
    let list = admin.open("/links");
    list.says("Blocked https://www.bad.example/");
    list.says("Disabled https://bad.example/");
    list.does_not_say("Blocked https://good.example/");
    assert_eq!(states(&mut admin), [vec!["good"], vec!["bad"], vec!["off"]]);
    let page = admin.open(&format!("/links/{id}"));
    page.says("Blocked");
    page.says("Links to this host are not allowed here. Visitors see “switched off”.");
    page.does_not_say("Active");
    admin.submit(settings, settings, &[("links.blocked-hosts", "")]);
    admin.open(&format!("/links/{id}")).does_not_say("Blocked");
}
