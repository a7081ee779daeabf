//! Browsers, systems, people and programs, and what is kept of an address.

use super::*;

const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

/// Agents with their browser, system and device.
const AGENTS: &[(&str, &str, &str, &str)] = &[
    (CHROME, "Chrome", "Linux", "Desktop"),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
        "Firefox",
        "Windows",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
        "Safari",
        "macOS",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0 Mobile/15E148 Safari/604.1",
        "Chrome",
        "iOS",
        "Phone",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0",
        "Edge",
        "Windows",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0 Mobile Safari/537.36",
        "Samsung Internet",
        "Android",
        "Phone",
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
        "Chrome",
        "ChromeOS",
        "Desktop",
    ),
    ("Opera/9.80 (X11; FreeBSD) Presto/2.12", "Opera", "BSD", "Desktop"),
    (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Version/16.6 Mobile/15E148 Safari/604.1",
        "Safari",
        "iOS",
        "Tablet",
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36",
        "Chrome",
        "Android",
        "Tablet",
    ),
    ("Mozilla/5.0 (Android 14; Tablet; rv:132.0) Gecko/132.0 Firefox/132.0", "Firefox", "Android", "Tablet"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0", "Firefox", "Android", "Phone"),
    (
        "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko",
        "Internet Explorer",
        "Windows",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
        "Edge",
        "Windows",
        "Other",
    ),
    (
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 Version/6.0 TV Safari/538.1",
        "Safari",
        "Linux",
        "Other",
    ),
    ("curl/8.5.0", "Other", "Other", "Other"),
    ("", "Other", "Other", "Other"),
];

#[test]
fn agents_are_named() {
    for &(agent, browser, system, device) in AGENTS {
        let found = describe(agent);
        let names =
            (browser_name(found.browser as u8), system_name(found.system as u8), device_name(found.device as u8));
        assert_eq!(names, (browser, system, device), "{agent}");
    }
    assert_eq!((browser_name(250), system_name(250), device_name(250)), ("Other", "Other", "Other"));
}

#[test]
fn stored_numbers_stand_at_their_place_in_the_tables() {
    assert!(BROWSERS.iter().enumerate().all(|(at, (browser, _))| *browser as usize == at));
    assert!(SYSTEMS.iter().enumerate().all(|(at, (system, _))| *system as usize == at));
    assert!(DEVICES.iter().enumerate().all(|(at, (device, _))| *device as usize == at));
    for class in [Class::Human, Class::Bot, Class::Preview, Class::Prefetch] {
        assert_eq!(Class::from_code(class as u8), class);
    }
    for code in 0..=5 {
        assert_eq!(Reason::from_code(code) as u8, code);
    }
}

#[test]
fn people_are_told_from_programs() {
    for (agent, prefetch, class, reason) in [
        (CHROME, false, Class::Human, Reason::None),
        (CHROME, true, Class::Prefetch, Reason::PurposeHeader),
        ("Mozilla/5.0 (Linux; Android 10; CUBOT X19) Chrome/100 Mobile", false, Class::Human, Reason::None),
        ("Opera/9.80 (X11; Linux)", false, Class::Human, Reason::None),
        ("", false, Class::Bot, Reason::NoAgent),
        ("curl/8.5.0", false, Class::Bot, Reason::NotABrowser),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            false,
            Class::Bot,
            Reason::RobotWord,
        ),
        ("Mozilla/5.0 HeadlessChrome/130", false, Class::Bot, Reason::RobotWord),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", false, Class::Preview, Reason::PreviewWord),
        ("WhatsApp/2.23", false, Class::Preview, Reason::PreviewWord),
    ] {
        assert_eq!(classify(agent, prefetch), (class, reason), "{agent}");
    }
}

#[test]
fn addresses_are_kept_as_the_policy_says() {
    for (policy, address, kept) in [
        (AddressPolicy::Never, "203.0.113.77", None),
        (AddressPolicy::Shorten, "203.0.113.77", Some("203.0.113.0")),
        (AddressPolicy::Shorten, "2001:db8:1:2::9", Some("2001:db8:1::")),
        (AddressPolicy::Shorten, "::ffff:203.0.113.77", Some("203.0.113.0")),
        (AddressPolicy::Shorten, "::1", Some("::")),
        (AddressPolicy::Store, "::ffff:203.0.113.77", Some("203.0.113.77")),
        (AddressPolicy::Store, "2001:db8:1:2::9", Some("2001:db8:1:2::9")),
    ] {
        let kept = kept.map(|text: &str| text.parse::<IpAddr>().unwrap());
        assert_eq!(policy.apply(address.parse().unwrap()), kept, "{policy:?} {address}");
    }
}
