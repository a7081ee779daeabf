//! Every record against its bytes, and what becomes of bytes that are not a record.

use std::fmt::Debug;

use super::*;
use crate::limits::{CLICK_KEEP_DAYS, LINKS_PER_MINUTE};
use crate::random::hex;
use crate::store::error::Kind;
use crate::visitor::Reason;

const KEY: &[u8] = b"anna/promo";

/// A record's bytes without and with checksum, and how they are read.
struct Golden {
    table: &'static str,
    plain: Vec<u8>,
    sealed: Vec<u8>,
    decode: fn(&[u8], &[u8]) -> Result<(), Error>,
    unseal: fn(&[u8], &[u8]) -> Result<(), Error>,
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Holds a value against its bytes, in both directions; `sum` is its checksum under [`KEY`].
fn golden<R: Record + PartialEq + Debug>(value: &R, plain: &str, sum: &str) -> Golden {
    let plain = unhex(plain);
    let sealed = [plain.clone(), unhex(sum)].concat();
    assert_eq!(hex(&encode(value).unwrap()), hex(&plain), "{}", R::TABLE);
    assert_eq!(&decode::<R>(KEY, &plain).unwrap(), value);
    assert_eq!(hex(&seal(KEY, value).unwrap()), hex(&sealed), "{}", R::TABLE);
    assert_eq!(&unseal::<R>(KEY, &sealed).unwrap(), value);
    Golden {
        table: R::TABLE,
        plain,
        sealed,
        decode: |key, raw| decode::<R>(key, raw).map(drop),
        unseal: |key, raw| unseal::<R>(key, raw).map(drop),
    }
}

/// One value of every record. Numbers are varints, below 251 one byte, from 251 on `fb` and two, and so on; signed
/// ones are zigzag, so 1 is `02`; a text is its length and its bytes; an option is `00`, or `01` and the value.
fn rows() -> Vec<Golden> {
    let all = users().into_iter().chain(accounts()).chain(settings()).chain(links()).chain(addresses());
    all.chain(sums()).chain(log()).collect()
}

fn sums() -> Vec<Golden> {
    vec![
        golden(
            &SumRecord {
                humans: 251,
                bots: 1,
                first_ms: -1,
                last_ms: 3,
                segment_first: 2,
                segment_next: 300,
                kept: u32::MAX,
                passed: 252,
            },
            "02 fbfb00 01 01 06 02 fb2c01 fcffffffff fbfc00",
            "2b876a81",
        ),
        golden(
            &SumRecord1 {
                humans: 251,
                bots: 1,
                first_ms: -1,
                last_ms: 3,
                segment_first: 2,
                segment_next: 300,
                kept: u32::MAX,
            },
            "01 fbfb00 01 01 06 02 fb2c01 fcffffffff",
            "8c6604cc",
        ),
        golden(
            &OverallRecord { humans: 251, bots: 1, last_ms: 3, gone_humans: 250, gone_bots: 300 },
            "01 fbfb00 01 06 fa fb2c01",
            "3202387b",
        ),
        golden(
            &RollRecord {
                humans: 3,
                bots: 4_294_967_296,
                hours: vec![(0, 1), (23, 2)],
                visitors: 2,
                bot_hours: vec![(5, 251)],
                prefetches: 4,
                hosts: vec![(2, 251)],
                hosts_other: 5,
                browsers: Vec::new(),
                systems: vec![(7, 3)],
                devices: vec![(3, 3)],
                reasons: vec![(3, 4_294_967_296)],
                sketch: Sketch::from_bytes(&[7, 0, 0, 0, 2, 1, 0, 0]).unwrap(),
            },
            "02 03 fd0000000001000000 02 0001 1702 02 01 05fbfb00 04 01 02fbfb00 05 00 01 0703 01 0303 \
             01 03fd0000000001000000 08 0700000002010000",
            "37af4dbe",
        ),
        golden(
            &RollRecord1 {
                humans: 3,
                bots: 4_294_967_296,
                hours: vec![(0, 1), (23, 2)],
                hosts: vec![(2, 251)],
                hosts_other: 5,
                browsers: Vec::new(),
                systems: vec![(7, 3)],
            },
            "01 03 fd0000000001000000 02 0001 1702 01 02fbfb00 05 00 01 0703",
            "a2610591",
        ),
    ]
}

fn log() -> Vec<Golden> {
    vec![
        golden(
            &PlaceRecord { head: 1, to: 251, owner: 7, link: 65_536, within: 0 },
            "01 01 fbfb00 07 fc00000100 00",
            "c8a7ec54",
        ),
        golden(&WordIdRecord { id: 2 }, "01 02", "3be5d2a2"),
        golden(&WordRecord { text: "a.b/c".to_owned() }, "01 05612e622f63", "3c510097"),
    ]
}

fn users() -> Vec<Golden> {
    let text = str::to_owned;
    vec![
        golden(
            &UserRecord {
                name: text("anna"),
                email: text("anna@example.com"),
                password: text("$argon2id$v=19$x"),
                role: 1,
                created_ms: 1_763_640_000_000,
                last_login_ms: None,
                state: 1,
                keeper: None,
            },
            "02 04616e6e61 10616e6e61406578616d706c652e636f6d 10246172676f6e32696424763d31392478 01 fd007c454235030000 00 01 00",
            "6abaf65c",
        ),
        golden(
            &UserRecord {
                name: text("bo"),
                email: text(""),
                password: text(""),
                role: 0,
                created_ms: 0,
                last_login_ms: Some(-1),
                state: 2,
                keeper: Some(251),
            },
            "02 02626f 00 00 00 00 0101 02 01fbfb00",
            "2655f601",
        ),
        golden(
            &UserRecord1 {
                name: text("anna"),
                email: text("anna@example.com"),
                password: text("$argon2id$v=19$x"),
                role: 1,
                created_ms: 1_763_640_000_000,
                last_login_ms: None,
            },
            "01 04616e6e61 10616e6e61406578616d706c652e636f6d 10246172676f6e32696424763d31392478 01 fd007c454235030000 00",
            "b7bee3ef",
        ),
        golden(
            &UserRecord1 {
                name: text("bo"),
                email: text("b@c"),
                password: text(""),
                role: 0,
                created_ms: 0,
                last_login_ms: Some(-1),
            },
            "01 02626f 03624063 00 00 00 0101",
            "92d0fe44",
        ),
    ]
}

fn accounts() -> Vec<Golden> {
    vec![
        golden(
            &SessionRecord {
                user: 7,
                created_ms: 1,
                seen_ms: 200,
                confirmed_ms: 2,
                browser: 3,
                system: 4,
                address: vec![203, 0, 113, 0],
            },
            "02 07 02 fb9001 04 03 04 04cb007100",
            "4a0b2664",
        ),
        golden(&SessionRecord1 { user: 7, created_ms: 1, seen_ms: 200 }, "01 07 02 fb9001", "e8b6afff"),
        golden(&DeviceRecord { kind: 2, seen_ms: 200 }, "01 02 fb9001", "2d417c23"),
        golden(&OneTimeRecord { purpose: 1, user: 251, by: 2, expires_ms: -2 }, "02 01 fbfb00 02 03", "545b8e91"),
        golden(&OneTimeRecord1 { purpose: 1, user: 251, expires_ms: -2 }, "01 01 fbfb00 03", "53f1ce14"),
    ]
}

fn settings() -> Vec<Golden> {
    let text = str::to_owned;
    vec![
        golden(
            &SettingsRecord {
                site_name: text("Linkjar"),
                registration: text("invite"),
                addresses: text("shorten"),
                blocked_hosts: vec![text("evil.example")],
                private_targets: true,
                keep_days: Some(90),
                links_per_user: Some(251),
                redirect_code: 301,
                home: Some(text("https://a.b/")),
                links_per_minute: Some(60),
            },
            "03 074c696e6b6a6172 06696e76697465 0773686f7274656e 01 0c6576696c2e6578616d706c65 01 015a 01fbfb00 fb2d01 \
             010c68747470733a2f2f612e622f 013c",
            "2e9c59a6",
        ),
        golden(
            &SettingsRecord2 {
                site_name: text("Linkjar"),
                registration: text("invite"),
                addresses: text("shorten"),
                blocked_hosts: vec![text("evil.example")],
                private_targets: true,
                keep_days: Some(90),
            },
            "02 074c696e6b6a6172 06696e76697465 0773686f7274656e 01 0c6576696c2e6578616d706c65 01 015a",
            "fc90d3fe",
        ),
        golden(
            &SettingsRecord1 {
                site_name: text("Linkjar"),
                registration: text("invite"),
                addresses: text("shorten"),
                blocked_hosts: vec![text("evil.example")],
                private_targets: true,
            },
            "01 074c696e6b6a6172 06696e76697465 0773686f7274656e 01 0c6576696c2e6578616d706c65 01",
            "91a53650",
        ),
        golden(&ClockRecord { seen_ms: 1, wait_s: 251 }, "01 02 fbfb00", "d7c372d2"),
    ]
}

fn links() -> Vec<Golden> {
    let text = str::to_owned;
    vec![
        golden(
            &LinkRecord {
                slug: text("promo"),
                target: text("https://example.com/"),
                title: text("Sale ü"),
                enabled: true,
                expires_ms: Some(125),
                created_ms: 126,
                updated_ms: i64::MAX,
                aliases: vec![text("sale"), text("x")],
            },
            "02 0570726f6d6f 1468747470733a2f2f6578616d706c652e636f6d2f 0753616c6520c3bc 01 01fa fbfc00 fdfeffffffffffffff 02 0473616c65 0178",
            "bab859d6",
        ),
        golden(
            &LinkRecord1 {
                slug: text("promo"),
                target: text("https://example.com/"),
                title: text("Sale ü"),
                enabled: true,
                expires_ms: Some(125),
                created_ms: 126,
                updated_ms: i64::MAX,
            },
            "01 0570726f6d6f 1468747470733a2f2f6578616d706c652e636f6d2f 0753616c6520c3bc 01 01fa fbfc00 fdfeffffffffffffff",
            "5c7a270e",
        ),
    ]
}

/// What is beside the links themselves.
fn addresses() -> Vec<Golden> {
    let text = str::to_owned;
    vec![
        golden(&PastRecord { until_ms: 3, target: text("http://a.b") }, "01 06 0a687474703a2f2f612e62", "1143b5d6"),
        golden(
            &RedirectRecord {
                owner: 250,
                link: 65_536,
                enabled: false,
                expires_ms: None,
                target: Some(text("http://a.b")),
            },
            "02 fa fc00000100 00 00 01 0a687474703a2f2f612e62",
            "3cf5a6c3",
        ),
        golden(
            &RedirectRecord1 { owner: 250, link: 65_536, enabled: false, expires_ms: None, target: text("http://a.b") },
            "01 fa fc00000100 00 00 0a687474703a2f2f612e62",
            "4fa97c36",
        ),
        golden(
            &ClickRecord {
                at_ms: 3,
                class: 2,
                reason: 255,
                referrer: text("a.b/c"),
                agent: text("X"),
                address: vec![203, 0, 113, 0],
            },
            "01 06 02 ff 05612e622f63 0158 04cb007100",
            "1f9d8dd8",
        ),
        golden(
            &ClickRecord { at_ms: 0, class: 0, reason: 0, referrer: text(""), agent: text(""), address: Vec::new() },
            "01 00 00 00 00 00 00",
            "be5186ae",
        ),
        golden(
            &TotalRecord { rows: u32::MAX, humans: 251, bots: 4_294_967_296, last_ms: i64::MIN },
            "01 fcffffffff fbfb00 fd0000000001000000 fdffffffffffffffff",
            "6dc57519",
        ),
        golden(
            &TallyRecord {
                referrers: vec![(text("a.b"), 2), (text("c"), 300)],
                referrers_other: 4,
                browsers: vec![(1, 5)],
                systems: Vec::new(),
            },
            "01 02 03612e62 02 0163 fb2c01 04 01 01 05 00",
            "288e2b1c",
        ),
    ]
}

/// Pseudo-random numbers that are the same on every run.
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// Another row: some bytes changed, cut out, doubled or appended.
    fn mutate(&mut self, row: &[u8]) -> Vec<u8> {
        let mut out = row.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(out.len() + 1);
            let byte = self.next().to_le_bytes()[0];
            match self.below(5) {
                0 if at < out.len() => out[at] = byte,
                1 if at < out.len() => out[at] ^= 1 << (byte % 8),
                2 => out.truncate(at),
                3 => out.insert(at, byte),
                _ => out.extend_from_slice(&row[at.min(row.len())..]),
            }
        }
        out
    }
}

fn is_damaged(result: Result<(), Error>) -> bool {
    result.is_err_and(|error| error.kind == Kind::Damaged)
}

#[test]
fn every_record_has_its_bytes() {
    let mut tables: Vec<_> = rows().iter().map(|row| row.table).collect();
    tables.dedup();
    let all = [
        "user",
        "session",
        "device",
        "one_time",
        "settings",
        "clock",
        "link",
        "link_past",
        "redirect",
        "click",
        "click_total",
        "click_tally",
        "roll_total",
        "roll_day",
        "ingest",
        "dict",
        "dict_id",
    ];
    assert_eq!(tables, all);
}

#[test]
fn records_of_the_version_before_are_read_as_those_of_today() {
    let user = UserRecord1 {
        name: "anna".to_owned(),
        email: "a@b".to_owned(),
        password: "p".to_owned(),
        role: 1,
        created_ms: 2,
        last_login_ms: Some(3),
    };
    let read: UserRecord = unseal(KEY, &seal(KEY, &user).unwrap()).unwrap();
    let UserRecord1 { name, email, password, role, created_ms, last_login_ms } = user;
    assert_eq!(
        read,
        UserRecord { name, email, password, role, created_ms, last_login_ms, state: 0, keeper: None },
        "everybody is in use"
    );
    let settings = SettingsRecord1 {
        site_name: "Links".to_owned(),
        registration: "open".to_owned(),
        addresses: "never".to_owned(),
        blocked_hosts: Vec::new(),
        private_targets: false,
    };
    let read: SettingsRecord = decode(KEY, &encode(&settings).unwrap()).unwrap();
    assert_eq!((read.site_name.as_str(), read.keep_days), ("Links", Some(CLICK_KEEP_DAYS)));
    let settings = SettingsRecord2 { keep_days: None, ..settings.into() };
    let read: SettingsRecord = decode(KEY, &encode(&settings).unwrap()).unwrap();
    assert_eq!((read.site_name.as_str(), read.keep_days), ("Links", None));
    assert_eq!((read.links_per_user, read.redirect_code, read.home), (None, 302, None));
    assert_eq!(read.links_per_minute, Some(LINKS_PER_MINUTE));
    let read: SessionRecord =
        unseal(KEY, &seal(KEY, &SessionRecord1 { user: 1, created_ms: 2, seen_ms: 3 }).unwrap()).unwrap();
    assert_eq!((read.user, read.created_ms, read.seen_ms, read.confirmed_ms), (1, 2, 3, 2));
    assert_eq!((read.browser, read.system, read.address), (0, 0, Vec::new()));
    let sum = SumRecord1 { humans: 1, bots: 2, first_ms: 3, last_ms: 4, segment_first: 5, segment_next: 6, kept: 7 };
    let read: SumRecord = unseal(KEY, &seal(KEY, &sum).unwrap()).unwrap();
    assert_eq!((read.humans, read.kept, read.passed), (1, 7, 0));
    let (slug, target) = ("promo".to_owned(), "https://a.example/".to_owned());
    let redirect = RedirectRecord1 { owner: 1, link: 2, enabled: true, expires_ms: Some(3), target: target.clone() };
    let read: RedirectRecord = unseal(KEY, &seal(KEY, &redirect).unwrap()).unwrap();
    let expected =
        RedirectRecord { owner: 1, link: 2, enabled: true, expires_ms: Some(3), target: Some(target.clone()) };
    assert_eq!(read, expected);
    // Read as one of version 1, this would lead to an empty target; versions are told apart by the checksum.
    let grave = RedirectRecord { enabled: false, expires_ms: None, target: None, ..expected };
    assert_eq!(hex(&encode(&grave).unwrap()), "020102000000");
    assert_eq!(unseal::<RedirectRecord>(KEY, &seal(KEY, &grave).unwrap()).unwrap(), grave);
    let title = String::new();
    let link = LinkRecord1 { slug, target, title, enabled: true, expires_ms: None, created_ms: 1, updated_ms: 2 };
    let read: LinkRecord = unseal(KEY, &seal(KEY, &link).unwrap()).unwrap();
    assert_eq!((read.slug.as_str(), read.aliases.len(), read.updated_ms), ("promo", 0, 2));
}

#[test]
fn bytes_that_are_not_exactly_one_record_are_refused() {
    for row in rows() {
        let name = row.table;
        assert!(is_damaged((row.decode)(KEY, &[])), "{name}: empty");
        assert!(is_damaged((row.unseal)(KEY, &[])), "{name}: empty");
        for version in (0..=255).filter(|version| *version != row.plain[0]) {
            let other = [&[version], &row.plain[1..]].concat();
            let is_known = rows().iter().any(|known| known.table == name && known.plain[0] == version);
            match (row.decode)(KEY, &other).unwrap_err() {
                error if is_known => assert_eq!(error.kind, Kind::Damaged, "{name}: version {version}"),
                error => assert_eq!(error.to_string(), format!("{name} anna/promo: unknown version {version}")),
            }
        }
        for end in 0..row.plain.len() {
            assert!(is_damaged((row.decode)(KEY, &row.plain[..end])), "{name}: cut at {end}");
        }
        for end in 0..row.sealed.len() {
            assert!(is_damaged((row.unseal)(KEY, &row.sealed[..end])), "{name}: cut at {end}");
        }
        for more in [&[0_u8][..], &[0xff; 9], &row.plain] {
            assert!(is_damaged((row.decode)(KEY, &[&row.plain, more].concat())), "{name}: trailing bytes");
            assert!(is_damaged((row.unseal)(KEY, &[&row.sealed, more].concat())), "{name}: trailing bytes");
        }
        assert!(is_damaged((row.decode)(KEY, &row.sealed)), "{name}: a checksum is a trailing byte");
    }
}

#[test]
fn hostile_lengths_are_refused() {
    for length in ["fb ffff", "fc ffffffff", "fd ffffffffffffffff", "fe ffffffffffffffffffffffffffffffff", "ff"] {
        let text_first = unhex(&format!("01 {length} 6161"));
        assert!(decode::<UserRecord>(KEY, &text_first).is_err(), "{length}");
        assert!(decode::<LinkRecord>(KEY, &text_first).is_err(), "{length}");
        assert!(decode::<SettingsRecord>(KEY, &text_first).is_err(), "{length}");
        assert!(decode::<TallyRecord>(KEY, &text_first).is_err(), "{length}");
        assert!(decode::<RedirectRecord>(KEY, &unhex(&format!("01 01 01 01 00 {length} 6161"))).is_err(), "{length}");
        assert!(decode::<ClickRecord>(KEY, &unhex(&format!("01 00 00 00 00 00 {length} 61"))).is_err(), "{length}");
    }
    // Bytes that are no text, and a bool that is neither.
    assert!(decode::<UserRecord>(KEY, &unhex("01 02c328 00 00 00 00 00")).is_err());
    assert!(decode::<RedirectRecord>(KEY, &unhex("01 01 01 02 00 00")).is_err());
}

#[test]
fn a_record_past_the_bound_is_neither_written_nor_read() {
    let max = usize::try_from(RECORD_BYTES_MAX).unwrap();
    let click = |len| ClickRecord {
        at_ms: 0,
        class: 0,
        reason: 0,
        referrer: String::new(),
        agent: "x".repeat(len),
        address: Vec::new(),
    };
    let largest = click(max - 10);
    assert_eq!(decode::<ClickRecord>(KEY, &encode(&largest).unwrap()).unwrap(), largest);
    assert!(encode(&click(max)).is_err());
    assert!(seal(KEY, &click(max)).is_err());
}

#[test]
fn a_checksum_belongs_to_its_key_and_its_bytes() {
    for row in rows() {
        for key in [&b""[..], b"anna/promO", b"anna/prom", b"anna/promo2", b"bert/promo"] {
            assert!(is_damaged((row.unseal)(key, &row.sealed)), "{} under {}", row.table, key.escape_ascii());
        }
        for bit in 0..row.sealed.len() * 8 {
            let mut flipped = row.sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(is_damaged((row.unseal)(KEY, &flipped)), "{}: bit {bit}", row.table);
        }
        let mut swapped = row.sealed.clone();
        swapped.rotate_left(4);
        assert!(is_damaged((row.unseal)(KEY, &swapped)), "{}", row.table);
    }
}

#[test]
fn mutated_rows_never_panic_and_never_pass_a_checksum() {
    let seed = 0x9e37_79b9_7f4a_7c15;
    eprintln!("seed {seed:#x}");
    let mut random = Xorshift(seed);
    for row in rows() {
        for _ in 0..4_000 {
            let plain = random.mutate(&row.plain);
            // Many mutants are records too; what counts is that reading ends in an answer.
            drop((row.decode)(KEY, &plain));
            let sealed = random.mutate(&row.sealed);
            let outcome = (row.unseal)(KEY, &sealed);
            assert_eq!(outcome.is_ok(), sealed == row.sealed, "{} {}", row.table, hex(&sealed));
        }
    }
}

#[test]
fn the_first_fields_are_read_alone_and_only_from_a_whole_record() {
    let roll = RollRecord {
        humans: 1_204,
        bots: 96,
        hours: vec![(9, 4), (23, 1_200)],
        visitors: 731,
        bot_hours: vec![(3, 96)],
        hosts: vec![(2, 1_000)],
        ..RollRecord::empty()
    };
    let sealed = seal(b"key", &roll).unwrap();
    assert_eq!(unseal_head::<RollRecord, u64>(b"key", &sealed).unwrap(), 1_204);
    let head: (u64, u64, Vec<(u8, u64)>) = unseal_head::<RollRecord, _>(b"key", &sealed).unwrap();
    assert_eq!(head, (roll.humans, roll.bots, roll.hours.clone()));
    let RollRecord { humans, bots, hours, visitors, bot_hours, .. } = roll;
    assert_eq!(RollHead::unseal(b"key", &sealed).unwrap(), RollHead { humans, bots, hours, visitors, bot_hours });
    assert!(unseal_head::<RollRecord, u64>(b"other", &sealed).is_err());
    for at in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[at] ^= 0x10;
        assert!(unseal_head::<RollRecord, u64>(b"key", &flipped).is_err(), "{at}");
        assert!(unseal_head::<RollRecord, u64>(b"key", &sealed[..at]).is_err(), "{at}");
    }
    let mut newer = [&[RollRecord::VERSION + 1], &sealed[1..sealed.len() - 4]].concat();
    seal_bytes(b"key", &mut newer);
    assert!(unseal_head::<RollRecord, u64>(b"key", &newer).is_err());
}

#[test]
fn a_roll_of_version_1_reads_with_what_it_knows() {
    let old = RollRecord1 {
        humans: 1_204,
        bots: 96,
        hours: vec![(9, 4), (23, 1_200)],
        hosts: vec![(2, 1_000)],
        hosts_other: 1,
        browsers: vec![(1, 3)],
        systems: vec![(2, 3)],
    };
    let sealed = seal(b"key", &old).unwrap();
    let RollRecord1 { humans, bots, hours, hosts, hosts_other, browsers, systems } = old;
    let head = RollHead { humans, bots, hours: hours.clone(), visitors: 0, bot_hours: Vec::new() };
    assert_eq!(RollHead::unseal(b"key", &sealed).unwrap(), head);
    assert_eq!(unseal_head::<RollRecord, u64>(b"key", &sealed).unwrap(), 1_204);
    let reasons = vec![(Reason::None as u8, 96)];
    let known =
        RollRecord { humans, bots, hours, hosts, hosts_other, browsers, systems, reasons, ..RollRecord::empty() };
    assert_eq!(unseal::<RollRecord>(b"key", &sealed).unwrap(), known);
}

#[test]
fn the_largest_day_takes_two_pages_of_the_file() {
    let pairs = |count: u8| (0..count).map(|code| (code, u64::MAX)).collect::<Vec<_>>();
    let most = u32::try_from(crate::limits::REFERRERS_PER_LINK_MAX).unwrap();
    let roll = RollRecord {
        humans: u64::MAX,
        bots: u64::MAX,
        hours: pairs(24),
        visitors: u64::MAX,
        bot_hours: pairs(24),
        prefetches: u64::MAX,
        hosts: (0..most).map(|host| (u32::MAX - host, u64::MAX)).collect(),
        hosts_other: u64::MAX,
        browsers: pairs(11),
        systems: pairs(8),
        devices: pairs(4),
        reasons: pairs(6),
        sketch: Sketch::from_bytes(&[0; 2560]).unwrap(),
    };
    let bytes = seal(KEY, &roll).unwrap().len();
    assert!((4_097..8_192).contains(&bytes), "{bytes}");
}
