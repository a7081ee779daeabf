//! Blocks and segments against their bytes, and what becomes of bytes that are neither.

use super::*;
use crate::random::hex;
use crate::store::error::Kind;
use crate::store::tests::Xorshift;

const KEY: &[u8] = b"key";

fn packed(at_ms: i64, referrer: u32, agent: u32) -> Packed {
    Packed { at_ms, referrer, agent, class: Class::Human, reason: Reason::None, address: None }
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

/// Clicks of every kind on some links; people but for the first have marks.
fn samples() -> Vec<Entry> {
    let key = |owner: u64, link: u64| owner << 32 | link;
    let v6 = "2001:db8:1:2:3:4:5:6";
    let clicks = vec![
        (key(1, 2), packed(1_763_640_000_000, 0, 0)),
        (key(1, 2), Packed { address: address("203.0.113.0"), ..packed(1_763_640_000_005, 2, 3) }),
        (key(1, 2), Packed { address: address("203.0.113.7"), ..packed(1_763_639_999_000, 200, 70_000) }),
        (key(1, 3), Packed { address: address("2001:db8:1::"), class: Class::Bot, ..packed(-1, u32::MAX, u32::MAX) }),
        (key(2, 1), Packed { address: address(v6), reason: Reason::PurposeHeader, ..packed(i64::MAX, 1, 1) }),
        (u64::MAX, Packed { class: Class::Prefetch, ..packed(i64::MIN, 0, 0) }),
        (key(1, 1), Packed { address: address("0.0.0.0"), class: Class::Preview, ..packed(0, 0, 0) }),
        (key(1, 1), Packed { address: address("::"), reason: Reason::RobotWord, ..packed(0, 0, 0) }),
    ];
    let entry = |(at, (key, packed)): (usize, (u64, Packed))| {
        let is_marked = at > 0 && packed.class == Class::Human;
        let marks = Marks { link: u32::MAX - 1, owner: 258, site: at as u32 };
        Entry { key, packed, marks: is_marked.then_some(marks) }
    };
    clicks.into_iter().enumerate().map(entry).collect()
}

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    record::seal_bytes(KEY, &mut bytes);
    bytes
}

fn segment(clicks: &[Packed]) -> Vec<u8> {
    let mut segment = Segment::new(&clicks[0]);
    clicks.iter().for_each(|click| segment.push(click));
    segment.seal(KEY)
}

#[test]
fn numbers_take_as_many_bytes_as_they_need() {
    for (number, bytes) in [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8001"),
        (16_383, "ff7f"),
        (16_384, "808001"),
        (u64::from(u32::MAX), "ffffffff0f"),
        (u64::MAX, "ffffffffffffffffff01"),
    ] {
        let mut out = Vec::new();
        push_varint(&mut out, number);
        assert_eq!(hex(&out), bytes);
        let mut read = Bytes(&out);
        assert_eq!((read.varint(), read.0.len()), (Some(number), 0));
        assert_eq!(Bytes(&out[..out.len() - 1]).varint(), None);
    }
    for (number, folded) in [(0, 0), (-1, 1), (1, 2), (i64::MAX, u64::MAX - 1), (i64::MIN, u64::MAX)] {
        assert_eq!((zigzag(number), unzigzag(folded)), (folded, number));
    }
    // Past 64 bits, and without an end.
    assert_eq!(Bytes(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).varint(), None);
    assert_eq!(Bytes(&[0x80; 11]).varint(), None);
}

#[test]
fn a_block_has_its_bytes() {
    let clicks = &samples()[..3];
    let blocks = blocks(clicks.iter().copied());
    let expected = concat!(
        "020300",                   // version, count
        "8280808010",               // owner 1, link 2
        "80f89592d466",             // the time
        "000000",                   // no referrer, no agent, a person without an address
        "000000000000000000000000", // and without marks
        "00",                       // the same link
        "0a020320cb0071",           // 5 ms later, referrer 2, agent 3, three bytes of an address
        "feffffff0201000001000000", // marks
        "00",
        "d90fc801f0a20440cb007107", // 1,005 ms before, referrer 200, agent 70,000, all of an address
        "feffffff0201000002000000"
    );
    assert_eq!(blocks.iter().map(|block| hex(block)).collect::<Vec<_>>(), [expected]);
    assert_eq!(read_block(KEY, &sealed(blocks[0].clone())).unwrap(), clicks);
}

#[test]
fn a_block_of_version_1_reads_and_has_no_marks() {
    let bytes = "010300 8280808010 80f89592d466 000000 00 0a020320cb0071 00 d90fc801f0a20440cb007107";
    let digits: Vec<char> = bytes.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    let expected: Vec<Entry> = samples()[..3].iter().map(|entry| Entry { marks: None, ..*entry }).collect();
    assert_eq!(read_block(KEY, &sealed(digits.chunks(2).map(byte).collect())).unwrap(), expected);
}

#[test]
fn a_segment_has_its_bytes() {
    let clicks: Vec<Packed> = samples()[..2].iter().map(|entry| entry.packed).collect();
    let raw = segment(&clicks);
    let expected = "010200 00be22a19a010000 05be22a19a010000 00000000 0a020320cb0071".replace(' ', "");
    assert_eq!(hex(&raw[..raw.len() - 4]), expected);
    assert_eq!((count(&raw), read_segment(KEY, &raw).unwrap()), (2, clicks));
}

#[test]
fn every_kind_of_click_is_read_as_it_was_packed() {
    let clicks = samples();
    let blocks = blocks(clicks.iter().copied());
    assert_eq!(read_block(KEY, &sealed(blocks[0].clone())).unwrap(), clicks);
    let clicks: Vec<Packed> = clicks.into_iter().map(|entry| entry.packed).collect();
    let raw = segment(&clicks);
    assert_eq!(read_segment(KEY, &raw).unwrap(), clicks);
    // Written in two parts it is the same.
    let reopened = &segment(&clicks[..3]);
    let mut reopened = Segment::reopen(KEY, reopened).unwrap();
    clicks[3..].iter().for_each(|click| reopened.push(click));
    assert_eq!(reopened.seal(KEY), raw);
}

#[test]
fn blocks_and_segments_stay_within_their_bytes_and_lose_nothing() {
    let longest = Packed { address: address("1:2:3:4:5:6:7:8"), ..packed(0, u32::MAX, u32::MAX) };
    let extreme = |at: u64| Packed { at_ms: if at.is_multiple_of(2) { i64::MIN } else { 1 << 62 }, ..longest };
    let short = |at: u64| packed(at.cast_signed(), 2, 2);
    for count in [1, 2, 78, 79, 80, 500, 1000, 5000_u64] {
        for make in [&extreme as &dyn Fn(u64) -> Packed, &short] {
            let marks = |at: u64| at.is_multiple_of(3).then_some(Marks { link: 1, owner: 2, site: 3 });
            let entry = |at: u64| Entry { key: at << 63 | 1, packed: make(at), marks: marks(at) };
            let clicks: Vec<Entry> = (0..count).map(entry).collect();
            let blocks = blocks(clicks.iter().copied());
            assert!(blocks.iter().all(|block| block.len() + CHECKSUM_BYTES <= CLICK_BLOCK_BYTES_MAX));
            let full = blocks.iter().rev().skip(1);
            assert!(full.into_iter().all(|block| block.len() + 64 > CLICK_BLOCK_BYTES_MAX), "nearly full");
            let read: Vec<_> = blocks.into_iter().flat_map(|block| read_block(KEY, &sealed(block)).unwrap()).collect();
            assert_eq!(read, clicks);
            let mut segment = Segment::new(&clicks[0].packed);
            let mut kept = Vec::new();
            for Entry { packed, .. } in &clicks {
                if segment.is_full() {
                    break;
                }
                segment.push(packed);
                kept.push(*packed);
            }
            let raw = segment.seal(KEY);
            assert!(raw.len() <= CLICK_SEGMENT_BYTES_MAX);
            assert_eq!(read_segment(KEY, &raw).unwrap(), kept);
        }
    }
}

#[test]
fn bytes_that_are_no_block_and_no_segment_are_refused() {
    let is_damaged = |bytes: Vec<u8>| {
        let (block, segment) = (read_block(KEY, &bytes), read_segment(KEY, &bytes));
        assert!(block.is_err_and(|error| error.kind == Kind::Damaged));
        assert!(segment.is_err_and(|error| error.kind == Kind::Damaged));
    };
    let clicks = samples();
    let block = blocks(clicks.into_iter()).remove(0);
    let raw = sealed(block.clone());
    for bit in 0..raw.len() * 8 {
        let mut flipped = raw.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        is_damaged(flipped);
    }
    (0..block.len()).for_each(|end| is_damaged(sealed(block[..end].to_vec())));
    is_damaged(sealed([block.as_slice(), &[0]].concat()));
    [0, 3].into_iter().for_each(|version| is_damaged(sealed([&[version], &block[1..]].concat())));
    is_damaged(sealed(vec![1, 0xff, 0xff, 0, 0, 0, 0, 5 << 5]));
    assert!(read_block(b"kez", &raw).is_err(), "a checksum belongs to its key");
    for short in [&b""[..], b"\x01", &[1; 18], &[2; 40]] {
        assert!(Segment::reopen(KEY, &sealed(short.to_vec())).is_err());
    }
    assert_eq!((count(b""), count(b"\x02\x01\x00"), count(b"\x01\x01")), (0, 0, 0));
}

#[test]
fn random_bytes_with_a_right_checksum_never_panic() {
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20_000 {
        let len = random.below(200);
        let mut bytes: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
        if let [first, rest @ ..] = bytes.as_mut_slice() {
            *first = 1 + (*first & 1);
            rest.iter_mut().take(2).for_each(|byte| *byte &= 7);
        }
        let raw = sealed(bytes);
        drop((read_block(KEY, &raw), read_segment(KEY, &raw)));
        if let Ok(mut segment) = Segment::reopen(KEY, &raw) {
            segment.push(&packed(0, 0, 0));
        }
    }
}
