//! Request targets, host names and methods, as they come and as they are read.

use super::*;

fn raw(method: &str, target: &str, headers: &[(&str, &str)]) -> Raw {
    Raw {
        method: method.to_owned().into(),
        target: target.to_owned(),
        headers: headers.iter().copied().collect(),
        body: Vec::new(),
        peer: None,
        transport: crate::proxy::Transport::default(),
        host_is_optional: false,
    }
}

#[test]
fn paths_are_decoded_once_and_never_resolved() {
    for (target, parts) in [
        ("/", Some(vec![])),
        ("/alice/promo", Some(vec!["alice", "promo"])),
        ("/alice/promo/", Some(vec!["alice", "promo"])),
        ("/alice/promo//", Some(vec!["alice", "promo", ""])),
        ("//evil.example/", Some(vec!["", "evil.example"])),
        ("/alice%2Fpromo", Some(vec!["alice/promo"])),
        ("/%2561dmin", Some(vec!["%61dmin"])),
        ("/%2e%2e/admin", Some(vec!["..", "admin"])),
        ("/a/../b", Some(vec!["a", "..", "b"])),
        ("/a;x=1", Some(vec!["a;x=1"])),
        ("/a?x=/b", Some(vec!["a"])),
        ("http://host.local/a/b", Some(vec!["a", "b"])),
        ("http://host.local", Some(vec![])),
        ("/%00", None),
        ("/%0a", None),
        ("/%", None),
        ("/%zz", None),
        ("/%ff", None),
        ("/a#b", None),
        ("a/b", None),
        ("*", None),
        ("", None),
        ("http://", None),
        ("http://u@h/", None),
        ("ftp://host/", None),
    ] {
        let request = Request::parse(raw("GET", target, &[("Host", "localhost")]));
        let found = request.ok().map(|request| request.path);
        assert_eq!(found, parts.map(|parts| parts.into_iter().map(str::to_owned).collect()), "{target}");
    }
}

#[test]
fn hosts_have_one_comparable_form() {
    for (text, host, port) in [
        ("Short.Example", "short.example", None),
        ("short.example.:8080", "short.example", Some(8080)),
        ("[::1]", "[::1]", None),
        ("[::1]:8000", "[::1]", Some(8000)),
        ("192.168.0.1:80", "192.168.0.1", Some(80)),
        ("my_nas", "my_nas", None),
    ] {
        let authority = Authority::parse(text).unwrap();
        assert_eq!((authority.host.as_str(), authority.port), (host, port), "{text}");
    }
    let long = "a".repeat(300);
    for bad in ["", "a/b", "u@h", "a b", "h:99999", "h:x", "h:+1", "[::1", "h,h", ".", "::1", long.as_str()] {
        assert!(Authority::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn one_host_is_needed_unless_the_client_is_old() {
    assert!(Request::parse(raw("GET", "/", &[])).is_err());
    assert!(Request::parse(raw("GET", "/", &[("Host", "a"), ("host", "a")])).is_err());
    assert!(Request::parse(Raw { host_is_optional: true, ..raw("GET", "/", &[]) }).is_ok());
    // The authority of an absolute target replaces the header.
    let request = Request::parse(raw("GET", "http://b/x", &[("Host", "a")])).unwrap();
    assert_eq!(request.authority.unwrap().host, "b");
}

#[test]
fn methods_are_exact_words() {
    for (word, known) in [("GET", true), ("get", false), ("Post", false), ("BREW", false), ("", false)] {
        assert_eq!(Method::parse(word).is_some(), known, "{word}");
    }
}

#[test]
fn secrets_stay_out_of_logged_paths() {
    let secret = "0123456789abcdef".repeat(4);
    for (target, logged) in [
        (format!("/accounts/reset/{secret}?x=secret"), "/accounts/reset/…"),
        (format!("/Accounts/reset/{secret}."), "/Accounts/reset/…"),
        ("/accounts/reset/short/x".to_owned(), "/accounts/reset/…/x"),
        ("/alice/docs/".to_owned(), "/alice/docs"),
        ("/".to_owned(), "/"),
    ] {
        let request = Request::parse(raw("GET", &target, &[("Host", "a")])).unwrap();
        assert_eq!(request.logged_path(), logged);
    }
}
