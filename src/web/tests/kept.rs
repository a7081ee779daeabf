//! Lists of removed users' links.

use super::*;
use crate::limits::KEPT_LISTED_MAX;
use crate::user::Estate;

/// The names of the lists beside one's own.
fn listed(page: &str) -> Vec<&str> {
    let places = page.match_indices("<a href=\"/links?of=").map(|(at, tag)| &page[at + tag.len()..]);
    places.filter_map(|rest| rest.split('"').next()).filter(|name| !name.contains('&')).collect()
}

#[test]
fn however_many_users_were_removed_an_administrator_has_a_handful_of_lists() {
    let site = Site::new();
    let cookie = site.sign_in();
    let store = &site.app.store;
    for number in 0..KEPT_LISTED_MAX + 5 {
        let name = format!("user-{number:02}");
        let user = site.user(&name);
        let target = Target::from_stored("https://example.com/".to_owned()).unwrap();
        let change = LinkChange { target, title: Title::default(), expires: None, enabled: true };
        store.create_link(user.id, user.name, NewLink { slug: None, change }, NOON).unwrap().unwrap();
        store.remove_user(None, user.id, Estate::Archived).unwrap().unwrap();
    }
    let own = text(&site.get("/links", &cookie));
    assert_eq!(listed(&own).len(), KEPT_LISTED_MAX, "{own}");
    assert!(own.contains("<a href=\"/admin/users\">More…</a>"), "{own}");
    // Each of them is there all the same, and in its own place.
    let last = text(&site.get("/links?of=user-24", &cookie));
    assert!(last.contains("aria-current=\"page\">user-24’s links (1)</a>"), "{last}");
    assert_eq!(site.get("/links?of=nobody", &cookie).status, 404);
}
