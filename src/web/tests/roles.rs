//! Who may do what, for every address of the router: what is expected of a route follows from its kind, so that a new
//! route is tried from its first day.

use super::*;
use crate::web::router::{ROUTES, Route};

/// A link that nobody has.
const NOTHING: &str = "zzzzz";

/// A site with an administrator and two users, of whom one has a link.
struct Roles {
    site: Site,
    /// Everybody's cookies; nobody has none.
    nobody: String,
    anna: String,
    bob: String,
    admin: String,
    /// Anna's link.
    link: String,
}

impl Roles {
    fn new() -> Roles {
        let site = Site::new();
        let anna = site.user("anna");
        site.user("bob");
        let target = Target::from_stored("https://example.com/secret".to_owned()).unwrap();
        let change = LinkChange { target, title: Title::default(), expires: None, enabled: true };
        let new = NewLink { slug: Some(Slug::parse("promo").unwrap()), change };
        let link = site.app.store.create_link(anna.id, anna.name, new, NOON).unwrap().unwrap();
        let cookie = |name| site.sign_in_as(name);
        let (anna, bob, admin) = (cookie("anna"), cookie("bob"), cookie("alice"));
        // With the first visit it is noted where a session is.
        [&anna, &bob, &admin].into_iter().for_each(|cookie| drop(site.get("/links", cookie)));
        Roles { nobody: String::new(), anna, bob, admin, link: link.id.to_string(), site }
    }

    /// The cookie and the token of somebody's forms; what is known of a visitor is in the cookie, too.
    fn token(&self, cookie: &str) -> (String, String) {
        let page = self.site.get("/accounts/login", cookie);
        let form = header(&page, "Set-Cookie").unwrap_or_default().split(';').next().unwrap().to_owned();
        let cookie = if cookie.is_empty() { form } else { cookie.to_owned() };
        let page =
            self.site.get(if cookie.starts_with("form") { "/accounts/login" } else { "/accounts/profile" }, &cookie);
        (cookie, token(&page))
    }
}

/// The address of a route; its open parts name `what`.
fn path(route: &Route, what: &str) -> String {
    format!("/{}", route.pattern.replace('*', what))
}

/// All of an answer that must not tell one `what` from another.
fn shape(response: &Response, what: &str) -> (u16, Vec<&'static str>, String) {
    let page = text(response);
    let tokens = page.split("name=\"csrf_token\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let page = tokens.fold(page.clone(), |page, token| page.replace(token, "TOKEN"));
    (
        response.status,
        response.headers.iter().map(|(name, _)| *name).collect(),
        page.replace(&format!("links/{what}"), "links/WHAT"),
    )
}

fn is_sent_to_log_in(response: &Response) -> bool {
    header(response, "Location").is_some_and(|place| place.starts_with("/accounts/login"))
}

#[test]
fn a_page_is_shown_to_those_for_whom_it_is() {
    let roles = Roles::new();
    for route in ROUTES {
        let path = path(route, &roles.link);
        let Some(show) = route.show else { continue };
        for method in ["GET", "HEAD"] {
            let get = |cookie: &str| roles.site.ask(method, &path, cookie, "");
            let is_let_in =
                |response: &Response| response.status < 500 && response.status != 403 && !is_sent_to_log_in(response);
            let (nobody, bob, admin) = (get(&roles.nobody), get(&roles.bob), get(&roles.admin));
            match show {
                Show::Plain(_) | Show::Anyone(_) => {
                    assert!([&nobody, &bob, &admin].into_iter().all(is_let_in), "{method} {path}");
                }
                Show::SignedIn(_) => {
                    assert_eq!((nobody.status, is_sent_to_log_in(&nobody)), (302, true), "{method} {path}");
                    assert!(is_let_in(&bob) && is_let_in(&admin), "{method} {path}: {}, {}", bob.status, admin.status);
                }
                Show::Administrator(_) => {
                    assert_eq!((nobody.status, is_sent_to_log_in(&nobody)), (302, true), "{method} {path}");
                    assert_eq!(bob.status, 403, "{method} {path}");
                    assert!(is_let_in(&admin), "{method} {path}: {}", admin.status);
                }
            }
        }
    }
}

#[test]
fn anothers_link_is_like_none_at_every_address_and_for_every_verb() {
    let roles = Roles::new();
    let mut tried = 0;
    for route in ROUTES.iter().filter(|route| route.pattern.starts_with("links/*")) {
        let own = roles.site.ask("GET", &path(route, &roles.link), &roles.anna, "");
        let is_there = |status: u16| (200..400).contains(&status);
        assert_eq!(is_there(own.status), route.show.is_some(), "{} is anna's own: {}", route.pattern, own.status);
        for cookie in [&roles.nobody, &roles.bob, &roles.admin] {
            let (cookie, token) = roles.token(cookie);
            let forms = ["".to_owned(), format!("csrf_token={token}"), format!("csrf_token={token}&to=off&slug=promo")];
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                for form in if method == "POST" { &forms[..] } else { &forms[..1] } {
                    let ask = |what: &str| roles.site.ask(method, &path(route, what), &cookie, form);
                    let (known, unknown) = (ask(&roles.link), ask(NOTHING));
                    assert_eq!(
                        shape(&known, &roles.link),
                        shape(&unknown, NOTHING),
                        "{method} {} {form}",
                        route.pattern
                    );
                    let may_be_there = method == "OPTIONS" || is_sent_to_log_in(&known);
                    assert!(known.status >= 400 || may_be_there, "{method} {} {form}: {}", route.pattern, known.status);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 200, "{tried}");
    let kept = roles.site.app.store.redirect("anna/promo").unwrap().unwrap();
    assert!(kept.enabled, "and nothing was done to it");
}

#[test]
fn of_the_administrators_addresses_others_learn_nothing() {
    let roles = Roles::new();
    for route in ROUTES.iter().filter(|route| route.pattern.starts_with("admin")) {
        let is_theirs = !matches!(route.show, Some(Show::Plain(_) | Show::Anyone(_) | Show::SignedIn(_)))
            && !matches!(route.submit, Some(Submit::Anyone(_) | Submit::SignedIn(_)));
        assert!(is_theirs, "{} is for administrators", route.pattern);
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
            for (cookie, status) in [(&roles.nobody, 302), (&roles.bob, 403)] {
                let (cookie, token) = roles.token(cookie);
                let form = if method == "POST" { format!("csrf_token={token}") } else { String::new() };
                let there = roles.site.ask(method, &path(route, "anna"), &cookie, &form);
                let nowhere = roles.site.ask(method, "/admin/nothing/at/all/here", &cookie, &form);
                // A form is answered with a redirect that the browser follows with GET.
                let status = if status == 302 && method == "POST" && there.status == 303 { 303 } else { status };
                assert_eq!(there.status, status, "{method} {}", route.pattern);
                if status == 403 {
                    assert_eq!(nowhere.status, 403, "{method}");
                } else {
                    assert!(is_sent_to_log_in(&there) && is_sent_to_log_in(&nowhere), "{method} {}", route.pattern);
                }
            }
        }
    }
}

#[test]
fn an_address_answers_the_verbs_it_says_and_no_other() {
    let roles = Roles::new();
    for route in ROUTES {
        let path = path(route, &roles.link);
        let allow = route.allow();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"] {
            let answer = roles.site.ask(method, &path, &roles.admin, "");
            let is_allowed = allow.split(", ").any(|verb| verb == method);
            let is_refused = answer.status == 405 || answer.status == 501;
            assert_eq!(is_refused, !is_allowed, "{method} {path}: {}", answer.status);
        }
    }
}

#[test]
fn no_address_takes_a_form_that_is_not_ours() {
    let roles = Roles::new();
    let before = roles.site.app.store.rows();
    for route in ROUTES {
        let Some(submit) = route.submit else { continue };
        let path = path(route, &roles.link);
        for cookie in [&roles.nobody, &roles.bob, &roles.admin] {
            for body in ["", "csrf_token=", "csrf_token=00", "password=correct+horse&to=off&links=delete"] {
                let answer = roles.site.ask("POST", &path, cookie, body);
                // The token went with the session; whoever has none is asked to log in, and nothing is done.
                let has_no_session = cookie.is_empty() && !matches!(submit, Submit::Anyone(_));
                if has_no_session {
                    assert!(answer.status == 303 && is_sent_to_log_in(&answer), "{path} {body}: {}", answer.status);
                } else {
                    assert_eq!(answer.status, 403, "{path} {body}");
                }
            }
        }
    }
    assert!(roles.site.app.store.rows() == before, "nothing was changed");
}

#[test]
fn looking_at_everything_changes_nothing() {
    let roles = Roles::new();
    roles.site.link("own", "https://example.com/", None);
    roles.site.get("/alice/own", "");
    roles.site.app.store.flush_clicks();
    roles.site.app.store.settle();
    let before = roles.site.app.store.rows();
    let own = roles.site.app.store.redirect("alice/own").unwrap().unwrap().link.to_string();
    let query =
        "?url=https%3A%2F%2Fevil.example%2F&slug=x&to=off&role=user&state=disabled&links=delete&q=own&_method=DELETE";
    for what in [own.as_str(), "anna", NOTHING] {
        for route in ROUTES {
            for method in ["GET", "HEAD", "OPTIONS"] {
                let answer = roles.site.ask(method, &format!("{}{query}", path(route, what)), &roles.admin, "");
                assert!(answer.status < 500, "{method} {}: {}", route.pattern, answer.status);
            }
        }
    }
    assert!(roles.site.app.store.rows() == before, "looking has changed something");
}
