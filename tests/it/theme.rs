//! Light, dark, or as the browser prefers.

use crate::appliance::Start;
use crate::browser::{Browser, Page};

/// What the page's root element says.
fn theme(page: &Page) -> &str {
    let rest = page.body.split("data-theme=\"").nth(1).unwrap_or_default();
    rest.split('"').next().unwrap_or_default()
}

fn choose(browser: &mut Browser, path: &str, word: &str) -> Page {
    browser.submit(path, "/accounts/theme", &[("theme", word)])
}

#[test]
fn the_choice_is_drawn_by_the_server_on_every_page_and_outlives_the_session() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    assert_eq!(theme(&browser.open("/")), "auto");
    for word in ["dark", "light", "auto", "dark"] {
        let page = choose(&mut browser, "/accounts/login", word);
        assert_eq!((page.status, page.header("location")), (303, Some("/accounts/login")));
        let cookie = format!("theme={word}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
        assert_eq!(page.set_cookies(), [cookie]);
        assert_eq!(theme(&browser.open("/accounts/login")), word);
    }
    assert_eq!(theme(&browser.get("/nowhere")), "dark", "errors too");
    assert_eq!(theme(&browser.get("/somebody/nothing")), "dark", "errors of short links too");
    browser.log_in(crate::appliance::ADMIN, crate::appliance::PASSWORD);
    assert_eq!(theme(&browser.open("/links")), "dark");
    browser.submit("/links", "/accounts/logout", &[]);
    assert_eq!(theme(&browser.open("/")), "dark");
}

#[test]
fn the_switch_comes_back_to_its_page_and_leads_nowhere_else() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for path in ["/", "/links", "/links?q=a%26b&sort=slug", "/links/new?url=x", "/accounts/profile"] {
        assert_eq!(choose(&mut admin, path, "dark").header("location"), Some(path));
    }
    let token = admin.open("/links").token();
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "/mallory/phish", "/nowhere", ""] {
        let page = admin.post("/accounts/theme", &[("csrf_token", &token), ("theme", "dark"), ("next", next)]);
        assert_eq!((page.status, page.header("location")), (303, Some("/")), "{next:?}");
    }
}

#[test]
fn an_address_with_letters_of_any_script_does_not_break_the_switch() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let token = browser.open("/").token();
    let page = browser.post("/accounts/theme", &[("csrf_token", &token), ("theme", "dark"), ("next", "/links?q=ü")]);
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.header("location").unwrap().is_ascii());
}

#[test]
fn words_that_are_no_theme_mean_automatic() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    for word in ["", "DARK", "blue", "dark\" onload=\"alert(1)", "dark\r\nSet-Cookie: x=1"] {
        let page = choose(&mut browser, "/", word);
        assert!(page.set_cookies()[0].starts_with("theme=auto; "), "{word:?}: {:?}", page.set_cookies());
        browser.cookies.insert("theme".to_owned(), word.replace(['\r', '\n'], ""));
        assert_eq!(theme(&browser.open("/")), "auto", "{word:?}");
    }
}

#[test]
fn the_theme_changes_by_the_form_only() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let page = browser.get("/accounts/theme?theme=dark");
    assert_eq!((page.status, page.header("allow")), (405, Some("POST, OPTIONS")));
    assert_eq!(browser.post("/accounts/theme", &[("theme", "dark")]).status, 403);
    assert_eq!(theme(&browser.open("/")), "auto");
}
