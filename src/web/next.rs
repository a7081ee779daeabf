//! Where to go after signing in: only to pages of ours.
//!
//! A shortener has a hole of its own here: a short link as `next` would be an open redirect with our name on it. So
//! what is accepted is not "a path" but a page the router knows.

use crate::limits::{NEXT_BYTES_MAX, REQUEST_TARGET_BYTES_MAX};
use crate::web::form::Form;
use crate::web::percent;
use crate::web::request::Request;
use crate::web::router::{self, Show};

/// The usual place.
pub(crate) const DEFAULT: &str = "/links";

const LOGIN: &str = "/accounts/login";

/// `next` if it is the path of a page of ours that a person could have been on, else nothing.
pub(crate) fn safe(next: &str) -> Option<&str> {
    if next.len() > NEXT_BYTES_MAX || !is_plain(next) {
        return None;
    }
    let path = next.split('?').next().unwrap_or_default();
    let decoded = percent::decode(path)?;
    if !is_plain(&decoded) || decoded.contains('@') {
        return None;
    }
    let parts = decoded.trim_start_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
    let parts = if parts == [""] { Vec::new() } else { parts };
    let (route, _) = router::find(&parts)?;
    let is_page = matches!(route.show, Some(Show::Anyone(_) | Show::SignedIn(_) | Show::Administrator(_)));
    let is_place = !matches!(route.pattern, "setup" | "accounts/reset" | "accounts/reset/*" | "accounts/invite/*");
    (is_page && is_place).then_some(next)
}

/// The login page that leads back to the page asked for, without its query if that is too long.
pub(crate) fn login_for_page(request: &Request) -> String {
    let login = login(&request.here);
    login.unwrap_or_else(|| login_or_plain(request.path_text()))
}

/// The login page for somebody whose session has ended while they filled in a form: it leads back to that form, and a
/// new link's fields are in it again. What is too long is left out.
pub(crate) fn login_for_form(request: &Request, form: &Form) -> String {
    let path = router::form_page(request);
    let mut best = login_or_plain(path);
    if path != "/links/new" {
        return best;
    }
    let mut carried = Vec::new();
    for (field, name) in [("target_url", "url"), ("slug", "slug"), ("title", "title")] {
        carried.push((name, form.get(field)));
        match login(&format!("{path}{}", percent::query(&carried))) {
            Some(login) => best = login,
            None => {
                carried.pop();
            }
        }
    }
    best
}

/// The page of a form that has to be filled in anew, leading on as the form did.
pub(crate) fn form_again(request: &Request, form: &Form) -> String {
    let next = safe(form.get("next")).unwrap_or_default();
    format!("{}{}", router::form_page(request), percent::query(&[("next", next)]))
}

fn login_or_plain(next: &str) -> String {
    login(next).unwrap_or_else(|| LOGIN.to_owned())
}

/// The address of the login page with this `next`; `None` when `next` or the address is longer than we take.
fn login(next: &str) -> Option<String> {
    let address = format!("{LOGIN}{}", percent::query(&[("next", next)]));
    (next.len() <= NEXT_BYTES_MAX && address.len() <= REQUEST_TARGET_BYTES_MAX).then_some(address)
}

/// Begins with one slash and holds nothing that any browser would read as more than a path.
fn is_plain(text: &str) -> bool {
    let second = text.as_bytes().get(1);
    text.starts_with('/')
        && second != Some(&b'/')
        && second != Some(&b'\\')
        && !text.contains('\\')
        && !text.contains('#')
        // What cannot stand in a header cannot be gone to.
        && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_ours_are_next() {
        for (next, accepted) in [
            ("/links?page=2", true),
            ("/links", true),
            ("/links/5k3v9q/edit", true),
            ("/accounts/profile", true),
            ("/", true),
            ("https://evil.example", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("\\/evil.example", false),
            ("/%2f/evil.example", false),
            ("/%2fevil.example", false),
            ("/%5cevil.example", false),
            ("/\tevil", false),
            ("javascript:alert(1)", false),
            (" /links", false),
            ("/links\r\nSet-Cookie:x", false),
            ("/links%0d%0aSet-Cookie:x", false),
            ("/mallory/phish", false),
            ("/mallory/phish+", false),
            ("/accounts/logout", false),
            ("/accounts/theme", false),
            ("/setup", false),
            ("/api/v1/links", false),
            ("/health", false),
            ("/nowhere", false),
            ("///evil.example", false),
            ("/links//evil", false),
            ("/links/@evil", false),
            ("/links/%40evil", false),
            ("/links?q=@me", true),
            ("/links#evil", false),
            ("/links?q=ü", false),
            ("/links?q=%C3%BC", true),
            ("", false),
        ] {
            assert_eq!(safe(next).is_some(), accepted, "{next:?}");
        }
        let long = format!("/links?q={}", "x".repeat(NEXT_BYTES_MAX));
        assert_eq!(safe(&long), None);
    }
}
