//! Whose word counts, and what becomes of a forwarded header.

use super::*;

fn proxies(text: &str) -> TrustedProxies {
    TrustedProxies::parse(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_list_is_networks_addresses_and_words() {
    for (text, expected) in [
        ("", &[][..]),
        (" , ,", &[]),
        ("10.0.0.0/8", &["10.0.0.0/8"]),
        ("10.0.0.2", &["10.0.0.2/32"]),
        ("2001:db8::7", &["2001:db8::7/128"]),
        ("2001:DB8::/32", &["2001:db8::/32"]),
        ("0.0.0.0/0 ::/0", &["0.0.0.0/0", "::/0"]),
        ("loopback", &["127.0.0.0/8", "::1/128"]),
        ("private", &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10", "169.254.0.0/16"]),
        (" 10.0.0.0/8,loopback\t192.0.2.1 ,", &["10.0.0.0/8", "127.0.0.0/8", "::1/128", "192.0.2.1/32"]),
        // An address with the length of its network.
        ("10.0.0.1/8,192.168.1.5/24", &["10.0.0.0/8", "192.168.1.0/24"]),
        ("2001:db8::7/64", &["2001:db8::/64"]),
        // IPv4 written as IPv6.
        ("::ffff:10.0.0.2", &["10.0.0.2/32"]),
        ("::ffff:10.0.0.0/104 ::ffff:0:0/96", &["10.0.0.0/8", "0.0.0.0/0"]),
        ("::ffff:10.1.2.3/104", &["10.0.0.0/8"]),
        ("::ffff:0:0/95", &["::fffe:0:0/95"]),
    ] {
        let networks: Vec<String> = proxies(text).0.iter().map(ToString::to_string).collect();
        assert_eq!(networks, expected, "{text}");
    }
}

#[test]
fn a_word_that_is_no_network_is_named() {
    for (text, word) in [
        ("proxy", "proxy"),
        ("Loopback", "Loopback"),
        ("10.0.0.0/8, nginx, more", "nginx"),
        ("10.0.0.0/33", "10.0.0.0/33"),
        ("2001:db8::/129", "2001:db8::/129"),
        ("10.0.0.0/", "10.0.0.0/"),
        ("10.0.0.0/-1", "10.0.0.0/-1"),
        ("10.0.0.0/+8", "10.0.0.0/+8"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/255.0.0.0"),
        ("10.0.0.0/8/8", "10.0.0.0/8/8"),
        ("10/8", "10/8"),
        ("10.0.0.256", "10.0.0.256"),
        ("010.0.0.1", "010.0.0.1"),
        ("0x0a.0.0.1", "0x0a.0.0.1"),
        ("10.0.0.1:80", "10.0.0.1:80"),
        ("[::1]", "[::1]"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("10.0.0.0/8;loopback", "10.0.0.0/8;loopback"),
        ("*", "*"),
        ("１０.0.0.1", "１０.0.0.1"),
        ("\0", "\0"),
    ] {
        assert_eq!(TrustedProxies::parse(text), Err(NetworksError::Word(word.to_owned())), "{text}");
    }
}

#[test]
fn a_list_has_a_bound() {
    let most = vec!["192.0.2.1"; TRUSTED_NETWORKS_MAX].join(",");
    assert_eq!(proxies(&most).0.len(), TRUSTED_NETWORKS_MAX);
    for more in ["192.0.2.1", "loopback", "wrong"] {
        assert_eq!(TrustedProxies::parse(&format!("{most} {more}")), Err(NetworksError::TooMany), "{more}");
    }
}

#[test]
fn an_address_is_trusted_in_every_way_to_write_it() {
    let trusted = proxies("10.0.0.0/8 loopback 2001:db8::/64");
    for (address, expected) in [
        ("10.0.0.0", true),
        ("10.255.255.255", true),
        ("9.255.255.255", false),
        ("11.0.0.0", false),
        ("::ffff:10.0.0.2", true),
        ("::ffff:11.0.0.2", false),
        // Not the form that stands for IPv4 (RFC 4291, section 2.5.5.1, which is deprecated).
        ("::10.0.0.2", false),
        ("127.8.8.8", true),
        ("::1", true),
        ("::2", false),
        ("2001:db8::ffff:ffff:ffff:ffff", true),
        ("2001:db8:0:1::", false),
    ] {
        assert_eq!(trusted.contains(ip(address)), expected, "{address}");
        assert!(!TrustedProxies::default().contains(ip(address)));
    }
    let all_ipv6 = proxies("::/0");
    assert!(!all_ipv6.contains(ip("::ffff:10.0.0.2")) && !all_ipv6.contains(ip("10.0.0.2")));
}

/// Peer, lines of `X-Forwarded-For`, client; `10.0.0.0/8` and `loopback` are trusted.
const CLIENTS: &[(&str, &[&str], &str)] = &[
    // A stranger's word does not count.
    ("203.0.113.5", &["1.2.3.4"], "203.0.113.5"),
    ("203.0.113.5", &["10.0.0.9", "127.0.0.1"], "203.0.113.5"),
    ("::ffff:203.0.113.5", &["1.2.3.4"], "203.0.113.5"),
    // A proxy that says nothing.
    ("10.0.0.2", &[], "10.0.0.2"),
    ("10.0.0.2", &[""], "10.0.0.2"),
    ("10.0.0.2", &["", " \t "], "10.0.0.2"),
    ("10.0.0.2", &["unknown"], "10.0.0.2"),
    ("10.0.0.2", &["_hidden"], "10.0.0.2"),
    // The first that is not trusted, from the right.
    ("10.0.0.2", &["198.51.100.7"], "198.51.100.7"),
    ("10.0.0.2", &["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
    ("10.0.0.2", &["198.51.100.7, 10.0.0.9"], "198.51.100.7"),
    ("10.0.0.2", &["1.1.1.1,198.51.100.7,127.0.0.1\t, 10.0.0.9 "], "198.51.100.7"),
    ("127.0.0.1", &["garbage, 198.51.100.7"], "198.51.100.7"),
    // Several lines are one list.
    ("10.0.0.2", &["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
    ("10.0.0.2", &["6.6.6.6, 198.51.100.7", "10.0.0.8, 10.0.0.9"], "198.51.100.7"),
    // All are trusted: the left end.
    ("10.0.0.2", &["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
    ("10.0.0.2", &["10.0.0.7", "10.0.0.8", "10.0.0.9"], "10.0.0.7"),
    // Ports and brackets.
    ("10.0.0.2", &["198.51.100.7:4711"], "198.51.100.7"),
    ("10.0.0.2", &["198.51.100.7:4711, 10.0.0.9:80"], "198.51.100.7"),
    ("10.0.0.2", &["[2001:db8::7]:4711"], "2001:db8::7"),
    ("10.0.0.2", &["[2001:db8::7]"], "2001:db8::7"),
    ("10.0.0.2", &["2001:DB8::7"], "2001:db8::7"),
    ("10.0.0.2", &["2001:db8::7, [::1]:80, [::1]"], "2001:db8::7"),
    ("10.0.0.2", &["198.51.100.7, [::ffff:10.0.0.9]:80"], "198.51.100.7"),
    // IPv4 written as IPv6, at both ends.
    ("::ffff:10.0.0.2", &["198.51.100.7"], "198.51.100.7"),
    ("::1", &["::ffff:198.51.100.7"], "198.51.100.7"),
    ("::1", &["[::ffff:198.51.100.7]"], "198.51.100.7"),
    ("::1", &["1.1.1.1, ::ffff:198.51.100.7, ::ffff:10.0.0.9"], "198.51.100.7"),
    // Zones.
    ("10.0.0.2", &["fe80::7%eth0"], "fe80::7"),
    ("10.0.0.2", &["[fe80::7%3]:80"], "fe80::7"),
    ("10.0.0.2", &["1.1.1.1, %eth0"], "10.0.0.2"),
    ("10.0.0.2", &["198.51.100.7%eth0"], "10.0.0.2"),
    // What is left of something odd is nobody's word.
    ("10.0.0.2", &["1.1.1.1, garbage, 10.0.0.9"], "10.0.0.9"),
    ("10.0.0.2", &["1.1.1.1, unknown"], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1, , 10.0.0.9"], "10.0.0.9"),
    ("10.0.0.2", &["1.1.1.1,"], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1", ""], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1, 10.0.0.9 10.0.0.8"], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1, \"10.0.0.9\""], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1; 10.0.0.9"], "10.0.0.2"),
    ("10.0.0.2", &["for=1.1.1.1"], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1:"], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1:65536"], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1:+80"], "10.0.0.2"),
    ("10.0.0.2", &["[2001:db8::7]:"], "10.0.0.2"),
    ("10.0.0.2", &["[2001:db8::7]:65536"], "10.0.0.2"),
    ("10.0.0.2", &["[2001:db8::7]:+80"], "10.0.0.2"),
    ("10.0.0.2", &["[2001:db8::7]80"], "10.0.0.2"),
    ("10.0.0.2", &["[2001:db8::7"], "10.0.0.2"),
    ("10.0.0.2", &["2001:db8::7]"], "10.0.0.2"),
    ("10.0.0.2", &["[198.51.100.7]:80"], "10.0.0.2"),
    ("10.0.0.2", &["[[2001:db8::7]]"], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1"], "10.0.0.2"),
    ("10.0.0.2", &["01.1.1.1"], "10.0.0.2"),
    ("10.0.0.2", &["16843009"], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1/32"], "10.0.0.2"),
    ("10.0.0.2", &["１.1.1.1"], "10.0.0.2"),
    ("10.0.0.2", &["1.1.1.1\u{a0}"], "10.0.0.2"),
    ("10.0.0.2", &["http://1.1.1.1"], "10.0.0.2"),
];

#[test]
fn the_client_is_the_first_that_is_not_trusted_from_the_right() {
    let trusted = proxies("10.0.0.0/8, loopback");
    for (peer, lines, client) in CLIENTS {
        assert_eq!(trusted.client(ip(peer), lines).to_string(), *client, "{peer} {lines:?}");
    }
    assert_eq!(TrustedProxies::default().client(ip("127.0.0.1"), &["1.1.1.1"]), ip("127.0.0.1"));
    assert_eq!(proxies("0.0.0.0/0").client(ip("10.0.0.2"), &["6.6.6.6, 7.7.7.7"]), ip("6.6.6.6"));
}

#[test]
fn only_the_last_entries_are_looked_at() {
    let trusted = proxies("10.0.0.0/8");
    let peer = ip("10.0.0.200");
    // 10.0.0.39 is the last of them, 10.0.0.0 the first.
    let entries: Vec<String> = (0..40).map(|last| format!("10.0.0.{last}")).collect();
    let first_seen = ip(&entries[40 - FORWARDED_HOPS_MAX]);
    let one_line = entries.join(", ");
    assert_eq!(trusted.client(peer, &[&one_line]), first_seen);
    let many_lines: Vec<&str> = entries.iter().map(String::as_str).collect();
    assert_eq!(trusted.client(peer, &many_lines), first_seen);
    let with_stranger = |hops: usize| format!("198.51.100.7{}", ", 10.0.0.9".repeat(hops));
    assert_eq!(trusted.client(peer, &[&with_stranger(FORWARDED_HOPS_MAX - 1)]), ip("198.51.100.7"));
    assert_eq!(trusted.client(peer, &[&with_stranger(FORWARDED_HOPS_MAX)]), ip("10.0.0.9"));

    let commas = ",".repeat(10_000);
    assert_eq!(trusted.client(peer, &[&commas]), peer);
    assert_eq!(trusted.client(peer, &[&format!("1.1.1.1{commas}10.0.0.9")]), ip("10.0.0.9"));
    assert_eq!(trusted.client(peer, &[&format!("{commas}198.51.100.7")]), ip("198.51.100.7"));
    assert_eq!(trusted.client(peer, &vec![""; 10_000]), peer);
}

#[test]
fn no_line_makes_the_walk_panic_or_invent_an_address() {
    let pieces =
        ["[", "]", ":", "::", "%", ",", " ", "+", "/", ".", "1", "10.0.0.9", "::1", "65536", "\0", "é", "\u{ff0c}"];
    let trusted = proxies("10.0.0.0/8, ::1");
    let peer = ip("10.0.0.2");
    for a in pieces {
        for b in pieces {
            for c in pieces {
                for d in pieces {
                    let line = [a, b, c, d].concat();
                    let client = trusted.client(peer, &[&line]);
                    assert!(client == peer || line.contains([':', '.']), "{line:?} became {client}");
                    trusted.transport(peer, &[&line]);
                    let _ = TrustedProxies::parse(&line);
                }
            }
        }
    }
}

#[test]
fn only_a_trusted_peer_says_how_a_request_came() {
    let trusted = proxies("10.0.0.0/8");
    for (peer, lines, expected) in [
        ("203.0.113.5", &["https"][..], Transport::Unknown),
        ("203.0.113.5", &["http"], Transport::Unknown),
        ("10.0.0.2", &[], Transport::Unknown),
        ("10.0.0.2", &["https"], Transport::Secure),
        ("10.0.0.2", &["HTTPS"], Transport::Secure),
        ("10.0.0.2", &[" https\t"], Transport::Secure),
        ("::ffff:10.0.0.2", &["https"], Transport::Secure),
        ("10.0.0.2", &["http"], Transport::Plain),
        ("10.0.0.2", &[""], Transport::Plain),
        ("10.0.0.2", &["https,"], Transport::Plain),
        ("10.0.0.2", &["https, https"], Transport::Plain),
        ("10.0.0.2", &["https, http"], Transport::Plain),
        ("10.0.0.2", &["https", "https"], Transport::Plain),
        ("10.0.0.2", &["http", "https"], Transport::Plain),
        ("10.0.0.2", &["https", ""], Transport::Plain),
        ("10.0.0.2", &["wss"], Transport::Plain),
        ("10.0.0.2", &["\"https\""], Transport::Plain),
        ("10.0.0.2", &["httpſ"], Transport::Plain),
        ("10.0.0.2", &["https\0"], Transport::Plain),
    ] {
        assert_eq!(trusted.transport(ip(peer), lines), expected, "{peer} {lines:?}");
    }
    assert_eq!(TrustedProxies::default().transport(ip("127.0.0.1"), &["https"]), Transport::Unknown);
}
