//! Every verdict of the table of targets, and what must hold for any input at all.
//!
//! U32, bytes that are not UTF-8, has no row: such text never becomes a `&str`. The decoders refuse it.

use super::*;

const OWN_PAGES: [&str; 3] = ["accounts", "links", "health"];

fn own() -> Vec<OwnAddress> {
    let at = |host: &str, ports: &[u16]| OwnAddress { host: host.to_owned(), ports: ports.to_vec() };
    vec![at("short.example", &[80, 443]), at("s.example", &[80, 443]), at("127.0.0.1", &[8000])]
}

fn parse(text: &str, private: PrivateTargets) -> Result<Target, TargetError> {
    let blocked = BlockedHosts::new(vec!["bad.example".to_owned(), "203.0.113.9".to_owned()]);
    let reserved = |word: &str| OWN_PAGES.contains(&word);
    Target::parse(text, &TargetRules { own: &own(), blocked: &blocked, private, reserved })
}

/// `kept` is the stored form.
fn check(text: &str, kept: &str) {
    let target = parse(text, PrivateTargets::Allow);
    assert_eq!(target.as_ref().map(Target::as_str), Ok(kept), "{text:?}");
}

fn check_same(text: &str) {
    check(text, text);
}

fn check_refused(text: &str, error: TargetError) {
    assert_eq!(parse(text, PrivateTargets::Allow), Err(error), "{text:?}");
}

#[test]
fn plain_and_scheme_less_addresses_are_accepted() {
    check_same("https://example.com/page?q=1#f"); // U01
    check("HTTP://EXAMPLE.com/Path", "http://example.com/Path"); // U02
    check("example.com/page", "https://example.com/page"); // U03
    check("example.com", "https://example.com");
    check("example.com?q", "https://example.com?q");
    check("example.com/a:b", "https://example.com/a:b");
    check("my_host.example:8443", "https://my_host.example:8443");
    check("bücher.example:8443/", "https://xn--bcher-kva.example:8443/");
    check("192.0.2.1:8080/", "https://192.0.2.1:8080/");
    check("[::1]:8080/", "https://[::1]:8080/");
    check("example.com:8443/x", "https://example.com:8443/x"); // U04
    check("example.com:8443?x", "https://example.com:8443?x");
    check("localhost:3000", "https://localhost:3000");
    check("localhost:443", "https://localhost");
    check("javascript:80/", "https://javascript:80/"); // U05
    check_same("https://example.com/@user"); // U20
    check(" https://example.com/ ", "https://example.com/"); // U22
    check("\r\n\thttps://example.com/\n", "https://example.com/");
    check_same("https://example.com"); // U63
    check_same("https://example.com/?u=javascript:alert(1)"); // U62
    check_same("https://example.com/a/./b/../c//d");
}

#[test]
fn only_http_and_https_are_schemes() {
    for text in [
        "javascript:alert(1)", // U06
        "JaVaScRiPt:alert(1)", // U07
        "javascript://example.com/%0aalert(1)",
        "javascript:",
        "javascript:80a",
        "data:text/html,<script>alert(1)</script>", // U10
        "vbscript:msgbox",                          // U11
        "file:///etc/passwd",
        "blob:https://example.com/1",
        "about:blank",
        "view-source:https://example.com/",
        "jar:https://example.com!/",
        "ftp://example.com/", // U12
        "ftps://example.com/",
        "mailto:a@b.example", // U13
        "tel:+1",
        "intent://scan/#Intent;end",
        "ms-word:ofe|u|https://example.com/",
        "ws://example.com/",
    ] {
        check_refused(text, TargetError::Scheme);
    }
    for text in ["java\tscript:alert(1)", "java\nscript:alert(1)", "java\rscript:alert(1)"] {
        check_refused(text, TargetError::Control); // U08
    }
    check_refused("\u{1}javascript:alert(1)", TargetError::Control); // U09
    check_refused("\u{8}javascript:alert(1)", TargetError::Control);
}

#[test]
fn an_incomplete_address_is_not_guessed_at() {
    for text in [
        "//example.com/x", // U14
        "/alice/promo",    // U15
        "?x",
        "#x",
        ".",
        "..",
        "http:/example.com", // U16
        "http:example.com",
        "https:///example.com",
        "http:8080",
        "", // U21
        "   ",
        "https://", // U24
        "https://?q",
        "https://#f",
        "https://:443/",
        "hello",
        "hello/page",
    ] {
        check_refused(text, TargetError::Incomplete);
    }
    for text in ["https:\\\\example.com", "https://example.com\\@evil.example", "https://example.com/a\\b"] {
        check_refused(text, TargetError::Backslash); // U17
    }
    check_same("https://example.com/?a\\b#c\\d");
    check_refused("https://a.example https://b.example", TargetError::TwoAddresses); // U64
    check_refused("a.example\nHTTP://b.example", TargetError::TwoAddresses);
}

#[test]
fn a_user_name_is_no_part_of_a_target() {
    for text in [
        "https://good.example@evil.example/", // U18
        "https://user:pw@example.com/",       // U19
        "https://@example.com/",
        "anna@example.com",
    ] {
        check_refused(text, TargetError::UserName);
    }
}

#[test]
fn invisible_and_control_characters_are_refused_and_named() {
    for text in [
        "\u{a0}https://example.com/", // U23
        "\u{feff}https://example.com/",
        "\u{200b}https://example.com/",
        "https://example.com/\u{200b}",
        "https://exam\u{200d}ple.com/", // U38
        "https://ex\u{202e}ample.com/",
        "https://exam\u{ad}ple.com/",
        "https://exam\u{fe0f}ple.com/",
    ] {
        check_refused(text, TargetError::Invisible);
    }
    check("https://example.com/\u{202e}gnp.exe", "https://example.com/%E2%80%AEgnp.exe"); // U39
    check("https://example.com/\u{2764}\u{fe0f}", "https://example.com/%E2%9D%A4%EF%B8%8F");
    for text in [
        "https://example.com/a\r\nSet-Cookie: x=1", // U28
        "https://example.com/\0",                   // U31
        "https://example.com/\u{7f}",
        "https://example.com/\u{1b}[2J",
        "https://exam\tple.com/",
    ] {
        check_refused(text, TargetError::Control);
    }
}

#[test]
fn after_the_host_text_is_escaped_but_never_decoded() {
    check("https://example.com/a b", "https://example.com/a%20b"); // U26
    check("https://example.com/\"><script>", "https://example.com/%22%3E%3Cscript%3E"); // U27
    check_same("https://example.com/%0d%0aSet-Cookie:x"); // U29
    check_same("https://example.com/%00"); // U30
    check_same("https://example.com/%zz");
    check("https://bücher.example/ü?ö", "https://xn--bcher-kva.example/%C3%BC?%C3%B6"); // U33
    check("https://example.com/`{}|^?`{}|^#`", "https://example.com/%60%7B%7D%7C%5E?%60%7B%7D%7C%5E#%60");
    check_same("https://example.com/'()*!$&,;=[]~#a#b");
}

#[test]
fn host_names_are_mapped_once_and_must_fit_dns() {
    check_same("https://xn--bcher-kva.example/"); // U34
    check("https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example/");
    check("https://раypal.com/", "https://xn--ypal-43d9g.com/"); // U36
    check("https://example。com/", "https://example.com/"); // U37
    check("https://ｅｘａｍｐｌｅ.com/", "https://example.com/");
    check("https://example.com./", "https://example.com/"); // U41
    check_same("https://-a.example/"); // U42
    check_same("https://my_host.example/"); // U43
    check_same("http://nas/");
    check_same("http://nas.local:5000/");
    let label = "a".repeat(63);
    check_same(&format!("https://{label}.example/")); // U44
    let host = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    check_same(&format!("https://{host}/"));
    check(&format!("https://{host}./"), &format!("https://{host}/"));
    for text in [
        "https://exa mple.com/",  // U25
        "https://xn--a.example/", // U35
        "https://xn--/",
        "https://ex%61mple.com/", // U40
        "https://a..b/",          // U42
        "https://.a/",
        "https://a.example../",
        "https://./",
        &format!("https://a{label}.example/"), // U44
        &format!("https://{host}a/"),
        "https://exa\"mple.com/",
        "https://exa,mple.com/",
        "https://example.com／path",
        "http://[::1", // U47
        "http://[fe80::1%25eth0]/",
        "http://[v1.x]/",
        "http://[::1]a/",
    ] {
        check_refused(text, TargetError::HostName);
    }
    check_refused("http://::1/", TargetError::Incomplete); // U47
}

#[test]
fn numeric_hosts_are_plain_or_refused() {
    for text in ["http://192.168.1.1/", "http://127.0.0.1:8080/", "http://169.254.169.254/", "http://[::1]:8080/"] {
        check_same(text); // U45, U46
    }
    check("http://[2001:DB8::7]/", "http://[2001:db8::7]/"); // U46
    check("http://[::ffff:192.0.2.1]/", "http://[::ffff:c000:201]/");
    for text in [
        "http://3232235777/", // U48
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://１27.0.0.1/",
        "http://256.1.1.1/", // U49
        "http://1.2.3.4.5/",
        "http://example.123/",
        "http://example.0x1/",
    ] {
        check_refused(text, TargetError::HostNumber);
    }
}

#[test]
fn own_short_links_are_refused_in_any_dress() {
    for text in [
        "https://short.example/alice/promo",     // U50
        "http://SHORT.example:443/Alice/PROMO/", // U51
        "https://short.example./alice/promo",
        "https://s.example/alice/promo+", // U52
        "https://short.example/%61lice/promo",
        "short.example/bob/none-yet",         // U53
        "https://short.example//alice/promo", // U54
        "https://short.example/x/../alice/promo",
        "https://short.example/accounts/../alice/promo",
        "https://short.example/accounts//promo",
        "https://short.example/accounts/%2e%2e/alice/promo",
        "https://short.example/./accounts",
        "https://short.example//",
        "https://short.example/Accounts/register",
        "https://ｓｈｏｒｔ.example/alice/promo",
        "https://short.example/alice?x#y",
        "http://127.0.0.1:8000/alice/promo", // U57
        "http://[::ffff:127.0.0.1]:8000/alice/promo",
    ] {
        check_refused(text, TargetError::Circle);
    }
    for text in [
        "https://short.example/", // U55
        "https://short.example",
        "https://short.example/?x=/alice/promo",
        "https://short.example/accounts/register",
        "https://short.example/accounts/login?next=/alice/%2e%2e//x#/../",
        "https://short.example/health",
        "https://short.example/links/",
        "https://short.example.evil.test/alice/promo", // U56
        "https://notshort.example/a/b",
        "https://short.example:8443/alice/promo",
        "http://127.0.0.1:8001/alice/promo",
    ] {
        check_same(text);
    }
}

#[test]
fn ports_are_numbers_and_the_usual_one_goes() {
    for port in ["99999", "65536", "0", "-1", "80a", "+80", "8 0", "80:80", "８０"] {
        check_refused(&format!("https://example.com:{port}/"), TargetError::Port); // U58
    }
    check("https://example.com:/x", "https://example.com/x"); // U59
    check("https://example.com:443/x", "https://example.com/x");
    check("http://example.com:0080/x", "http://example.com/x");
    check_same("http://example.com:443/x");
    check_same("https://example.com:65535/x");
}

#[test]
fn length_is_bounded_as_typed_and_as_kept() {
    let start = "https://example.com/";
    let exactly = |bytes: usize| format!("{start}{}", "a".repeat(bytes - start.len()));
    check_same(&exactly(TARGET_BYTES_MAX)); // U60
    check_refused(&exactly(TARGET_BYTES_MAX + 1), TargetError::TooLong);
    check_refused(&format!("{start}{}", "ü".repeat(700)), TargetError::TooLong);
    check(&format!("{start}{}", " ".repeat(TARGET_INPUT_BYTES_MAX - start.len())), start);
    check_refused(&format!("{start}{}", " ".repeat(TARGET_INPUT_BYTES_MAX)), TargetError::TooLong);
}

#[test]
fn blocked_hosts_are_blocked_with_everything_below_them() {
    for text in [
        "https://bad.example/", // U61
        "https://x.BAD.example./",
        "bad.example/x",
        "http://203.0.113.9/",
        "http://[::ffff:203.0.113.9]/",
    ] {
        check_refused(text, TargetError::Blocked);
    }
    check_same("https://notbad.example/");
    check_same("https://bad.example.test/");
    let stored = Target::from_stored("https://x.later.example:8443/a".to_owned()).unwrap();
    assert!(stored.is_blocked(&BlockedHosts::new(vec!["later.example".to_owned()])));
    assert!(!stored.is_blocked(&BlockedHosts::default()));
    let mapped = Target::from_stored("http://[::ffff:cb00:7109]/".to_owned()).unwrap();
    assert!(mapped.is_blocked(&BlockedHosts::new(vec!["203.0.113.9".to_owned()])));
}

#[test]
fn private_targets_can_be_refused() {
    for host in [
        "192.168.1.1", // U45
        "127.0.0.1:8080",
        "169.254.169.254",
        "10.0.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:10.0.0.1]",
        "[::10.0.0.1]",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "nas",
        "nas.local",
        "nas.lan",
        "nas.home.arpa",
        "home.arpa",
        "nas.internal",
    ] {
        let text = format!("http://{host}/");
        assert_eq!(parse(&text, PrivateTargets::Refuse), Err(TargetError::Private), "{text}");
        assert!(parse(&text, PrivateTargets::Allow).is_ok(), "{text}");
    }
    for host in
        ["8.8.8.8", "100.128.0.1", "172.32.0.1", "[2001:db8::7]", "example.com", "notlocal.example", "arpa.example"]
    {
        assert!(parse(&format!("http://{host}/"), PrivateTargets::Refuse).is_ok(), "{host}");
    }
}

#[test]
fn the_host_of_a_target_is_found_without_its_port() {
    for (text, host) in [
        ("https://example.com", "example.com"),
        ("https://example.com:8443?x:1", "example.com"),
        ("https://example.com/a:1", "example.com"),
        ("http://[::1]", "[::1]"),
        ("http://[::1]:80#x", "[::1]"),
        ("http://", ""),
    ] {
        assert_eq!(Target::from_stored(text.to_owned()).unwrap().host(), host);
    }
}

#[test]
fn a_damaged_stored_target_is_none() {
    let too_long = format!("https://a/{}", "a".repeat(TARGET_BYTES_MAX));
    for text in [
        "",
        "ftp://a/",
        "HTTPS://a/",
        "https://a/\r\nX: y",
        "https://a/ b",
        "https://a/\u{7f}",
        "https://ü/",
        &too_long,
    ] {
        assert!(Target::from_stored(text.to_owned()).is_none(), "{text:?}");
    }
}

#[test]
fn a_configured_host_has_one_spelling() {
    for (text, host) in [
        ("Short.Example.", Ok("short.example")),
        ("bücher.example", Ok("xn--bcher-kva.example")),
        ("[::FFFF:127.0.0.1]", Ok("127.0.0.1")),
        ("[::1]", Ok("[::1]")),
        ("", Err(TargetError::HostName)),
        ("a b", Err(TargetError::HostName)),
        ("a:80", Err(TargetError::HostName)),
        ("127.1", Err(TargetError::HostNumber)),
        ("a\u{200b}b", Err(TargetError::Invisible)),
    ] {
        assert_eq!(canonical_host(text).as_deref().map_err(|error| *error), host, "{text:?}");
    }
}

/// A small generator (xorshift64): the same inputs in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const SEEDS: [&str; 16] = [
    "https://example.com/page?q=1#f",
    "HTTP://EXAMPLE.com:8080/Path",
    "example.com:8443/x",
    "https://bücher.example/ü?ö",
    "https://xn--bcher-kva.example/",
    "https://short.example/accounts/register",
    "http://192.168.1.1:80/",
    "http://[2001:DB8::7]:443/",
    "http://[::ffff:1.2.3.4]/",
    "https://example。com/a b",
    "https://faß.example/",
    "https://раypal.com/",
    "http://nas.local:5000/?a#b#c",
    "https://a-b_c.example./x",
    "https://日本語.example/日本語",
    "https://example.com",
];

const PIECES: [&str; 58] = [
    "/", "//", "\\", ":", "::", "@", "?", "#", "%", "%2e", "%00", "%zz", ".", "..", "[", "]", " ", "\t", "\n", "\0",
    "\u{7f}", "\u{85}", "\u{a0}", "\u{ad}", "\u{200b}", "\u{200d}", "\u{202e}", "\u{3002}", "\u{ff0f}", "\u{ff1a}",
    "\u{ff05}", "\u{ff10}", "\u{fe0f}", "\u{e9}", "e\u{301}", "ß", "İ", "K", "日", "א", "1", "0", "0x7f", "443", "80",
    "xn--", "xn--a", "-", "_", "+", "\"", "<", "|", "^", "{", "'", "http:", "https://",
];

/// One to four random edits of a seed: pieces put in, characters taken out or put in another case.
fn mutated(dice: &mut Dice) -> String {
    let mut chars: Vec<char> = dice.pick(&SEEDS).chars().collect();
    for _ in 0..=dice.below(4) {
        let at = dice.below(chars.len() + 1);
        match dice.below(4) {
            0 if at < chars.len() => {
                chars.remove(at);
            }
            1 if at < chars.len() => chars[at] = chars[at].to_ascii_uppercase(),
            _ => {
                chars.splice(at..at, dice.pick(&PIECES).chars());
            }
        }
    }
    chars.into_iter().collect()
}

#[test]
fn whatever_is_accepted_is_canonical_and_read_alike_by_the_url_standard() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for _ in 0..60_000 {
        let text = mutated(&mut dice);
        let Ok(target) = parse(&text, PrivateTargets::Allow) else {
            continue;
        };
        accepted += 1;
        let kept = target.as_str();
        assert!(kept.bytes().all(|byte| matches!(byte, 0x21..=0x7e)), "{text:?} {kept}");
        assert!(kept.starts_with("http://") || kept.starts_with("https://"), "{text:?} {kept}");
        assert!(kept.len() <= TARGET_BYTES_MAX);
        assert_eq!(parse(kept, PrivateTargets::Allow).as_ref(), Ok(&target), "{text:?} {kept}");
        assert_eq!(Target::from_stored(kept.to_owned()).as_ref(), Some(&target));
        let url = url::Url::parse(kept).unwrap_or_else(|error| panic!("{text:?} {kept}: {error}"));
        let address = Address::read(kept).unwrap();
        assert_eq!(url.scheme(), address.scheme.name(), "{text:?} {kept}");
        assert_eq!(url.host_str(), Some(target.host()), "{text:?} {kept}");
        assert_eq!(url.port(), address.port, "{text:?} {kept}");
        assert!(url.username().is_empty() && url.password().is_none(), "{text:?} {kept}");
    }
    assert!(accepted > 5_000, "{accepted} accepted: the generator no longer meets the rules");
}
