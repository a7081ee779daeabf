//! Style sheet, script and icon, as browsers and caches see them.

use crate::appliance::Start;
use crate::browser::{Browser, Page, attribute};

/// The addresses of the files that a page asks for.
fn asked_for(page: &Page) -> Vec<String> {
    let tags = page.body.split('<').filter(|tag| tag.starts_with("link ") || tag.starts_with("script "));
    tags.filter_map(|tag| attribute(tag, "href").or_else(|| attribute(tag, "src"))).collect()
}

#[test]
fn every_file_that_a_page_names_is_kept_for_a_year() {
    for start in [Start::empty(), Start::with_admin()] {
        let appliance = start.run();
        let mut browser = Browser::of(&appliance);
        let files = asked_for(&browser.open("/"));
        assert_eq!(files.len(), 3, "{files:?}");
        browser.cookies.clear();
        for path in files {
            let file = browser.open(&path);
            let (kind, parts) = match path.rsplit('.').next().unwrap() {
                "css" => ("text/css; charset=utf-8", 3),
                "js" => ("text/javascript; charset=utf-8", 3),
                "svg" => ("image/svg+xml; charset=utf-8", 3),
                other => panic!("{other}"),
            };
            assert_eq!(path.split('.').count(), parts, "{path} carries its hash");
            assert_eq!(file.header("content-type"), Some(kind), "{path}");
            assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
            assert_eq!(file.header("x-content-type-options"), Some("nosniff"), "{path}");
            assert!(file.header("etag").is_some_and(|tag| tag.starts_with('"')), "{path}");
            assert!(file.set_cookies().is_empty(), "{path}");
            assert!(!file.bytes.is_empty(), "{path}");
            // The plain name answers too, but is asked for again each time.
            let mut words = path.split('.');
            let plain = format!("{}.{}", words.next().unwrap(), words.next_back().unwrap());
            let same = browser.open(&plain);
            assert_eq!(same.header("cache-control"), Some("no-cache"), "{plain}");
            assert_eq!(same.bytes, file.bytes, "{plain}");
        }
    }
}

#[test]
fn the_smallest_form_that_the_client_takes_is_sent() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let plain = browser.open("/assets/app.css");
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("Accept-Encoding")));
    let mut tags = vec![plain.header("etag").unwrap().to_owned()];
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip, deflate", Some("gzip")),
        ("GZIP", Some("gzip")),
        ("br;q=0, gzip;q=0.5", Some("gzip")),
        ("br;q=0, gzip;q=0", None),
        ("*", Some("br")),
        ("identity", None),
        ("zstd", None),
        ("", None),
    ] {
        let file = browser.send("GET", "/assets/app.css", &[("Accept-Encoding", accepted)], None);
        assert_eq!(file.status, 200);
        assert_eq!(file.header("content-encoding"), coding, "{accepted:?}");
        assert_eq!(file.header("vary"), Some("Accept-Encoding"), "{accepted:?}");
        assert_eq!(file.header("content-type"), Some("text/css; charset=utf-8"), "{accepted:?}");
        match coding {
            None => assert_eq!(file.bytes, plain.bytes, "{accepted:?}"),
            Some(coding) => {
                assert!(file.bytes.len() < plain.bytes.len() / 2, "{accepted:?}");
                assert_eq!(file.bytes.starts_with(&[0x1f, 0x8b]), coding == "gzip", "{accepted:?}");
            }
        }
        tags.push(file.header("etag").unwrap().to_owned());
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "each form has a tag of its own: {tags:?}");
}

#[test]
fn a_file_that_the_client_has_is_not_sent_again() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    for accepted in ["", "gzip", "br"] {
        let path = "/assets/app.js";
        let tag = browser.send("GET", path, &[("Accept-Encoding", accepted)], None).header("etag").unwrap().to_owned();
        for (known, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"other\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
            (tag.replace('"', ""), 200),
        ] {
            let headers = [("Accept-Encoding", accepted), ("If-None-Match", known.as_str())];
            let file = browser.send("GET", path, &headers, None);
            assert_eq!(file.status, status, "{known}");
            assert_eq!(file.bytes.is_empty(), status == 304, "{known}");
            assert_eq!(file.header("etag"), Some(tag.as_str()), "{known}");
            assert_eq!(file.header("vary"), Some("Accept-Encoding"), "{known}");
            assert_eq!(file.header("cache-control"), Some("no-cache"), "{known}");
        }
    }
}

#[test]
fn nothing_but_the_files_is_below_assets() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    for path in [
        "/assets",
        "/assets/",
        "/assets/app",
        "/assets/app.000000000000.css",
        "/assets/app.css.gz",
        "/assets/app.css.br",
        "/assets/APP.CSS",
        "/Assets/app.css",
        "/assets/../Cargo.toml",
        "/assets/..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets//app.css",
        "/assets/app.css/x",
    ] {
        let page = browser.get(path);
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(page.header("location"), None, "{path}");
    }
    let post = browser.post("/assets/app.css", &[]);
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn browsers_that_ask_for_the_old_icon_get_the_new_one() {
    let appliance = Start::empty().run();
    let mut browser = Browser::of(&appliance);
    let icon = browser.open("/favicon.ico");
    assert_eq!(icon.header("content-type"), Some("image/svg+xml; charset=utf-8"));
    assert_eq!(icon.header("cache-control"), Some("public, max-age=3600"));
    assert_eq!(icon.bytes, browser.open("/assets/favicon.svg").bytes);
    let known = browser.send("GET", "/favicon.ico", &[("If-None-Match", icon.header("etag").unwrap())], None);
    assert_eq!(known.status, 304);
    assert!(icon.set_cookies().is_empty());
}
