//! One's own account as the profile shows it.

use crate::appliance::{ADMIN, ADMIN_EMAIL, PASSWORD, Start};
use crate::browser::{Browser, attribute};

#[test]
fn the_profile_shows_ones_own_account_and_nobody_elses() {
    let appliance = Start::with_admin().run();
    let mut alice = Browser::user(&appliance, "alice");
    let page = alice.open("/accounts/profile");
    for words in ["Username alice", "Email alice@mail.example", "Role User", "Member since", "Links 0"] {
        page.says(words);
    }
    page.does_not_say("Last login never");
    assert!(!page.body.contains(ADMIN_EMAIL) && !page.body.contains(PASSWORD) && !page.body.contains("$argon2"));
    alice.make_link("https://example.com/", "one");
    alice.open("/accounts/profile").says("Links 1");
    Browser::admin(&appliance).open("/accounts/profile").says("Role Administrator");
}

#[test]
fn without_a_session_the_profile_asks_to_log_in() {
    let appliance = Start::with_admin().run();
    let page = Browser::of(&appliance).get("/accounts/profile");
    assert_eq!((page.status, page.header("location")), (302, Some("/accounts/login?next=%2Faccounts%2Fprofile")));
    assert!(page.body.is_empty());
}

#[test]
fn password_managers_find_the_page_to_change_the_password_on() {
    let appliance = Start::with_admin().run();
    let page = Browser::of(&appliance).get("/.well-known/change-password");
    assert_eq!((page.status, page.header("location")), (302, Some("/accounts/profile")));
    let page = Browser::admin(&appliance).open("/accounts/profile");
    for hint in ["autocomplete=\"current-password\"", "autocomplete=\"new-password\"", "autocomplete=\"username\""] {
        assert!(page.body.contains(hint), "{hint}");
    }
}

#[test]
fn the_code_of_the_bookmark_leads_to_where_links_say_this_server_is() {
    for base in [None, Some("http://short.example")] {
        let mut start = Start::with_admin();
        if let Some(base) = base {
            start = start.env("SERVER_BASE_URL", base);
        }
        let appliance = start.run();
        let mut admin = Browser::of(&appliance);
        if base.is_some() {
            admin.header("Host", "short.example");
        }
        admin.log_in(ADMIN, PASSWORD);
        let page = admin.open("/accounts/profile");
        let site = base.map_or_else(|| format!("http://{}", appliance.address), str::to_owned);
        let tag = page.body.split("<input").find(|tag| tag.contains("id=\"bookmark\"")).unwrap();
        let expected = format!(
            "javascript:location.href='{site}/links/new?url='+encodeURIComponent(location.href)+\
             '&title='+encodeURIComponent(document.title)"
        );
        assert_eq!(attribute(tag, "value"), Some(expected));
        assert!(!page.body.contains("href=\"javascript:"));
    }
}
