//! Heads at random: whatever comes, a verdict is final, and a head that passes can be read in one way only.
//!
//! Beside the rows of `tests.rs`, which say what a verdict should be, this looks for what nobody thought of. Two more
//! readers of the framing stand below; they are careless where the first is strict, and must never disagree.

use std::collections::BTreeSet;

use super::*;
use crate::server::door::mutate::{Numbers, mutated, rounds, seeds};
use crate::web::headers::NAMES;

/// About one second in a debug build.
const ROUNDS: u64 = 12_000;

/// Every status that a head may be refused with, as [`parse`] documents them.
const STATUSES: [u16; 6] = [400, 414, 417, 431, 501, 505];

fn word(parsed: &Parsed) -> String {
    match parsed {
        Parsed::Incomplete => "incomplete".to_owned(),
        Parsed::Head(_) => "passes".to_owned(),
        Parsed::Refused(refusal) => refusal.status.to_string(),
    }
}

#[test]
fn every_seed_gets_the_verdict_in_its_name() {
    for (name, bytes) in seeds("head") {
        let parsed = parse(&bytes);
        assert!(name.starts_with(&(word(&parsed) + "-")), "{name}: {parsed:?}");
    }
}

#[test]
fn whatever_comes_the_verdict_is_final_and_clear() {
    let seeds = seeds("head");
    let (mut seen, mut accepted) = (BTreeSet::new(), 0);
    let is_usual = rounds(ROUNDS, |numbers| {
        let bytes = mutated(&seeds, numbers);
        let whole = parse(&bytes);
        check_cuts(&bytes, &whole, numbers);
        check_followed(&bytes, &whole, &numbers.one_of(&seeds).1);
        if numbers.once_in(16) {
            check_full(&bytes, &numbers.one_of(&seeds).1);
        }
        match &whole {
            Parsed::Incomplete => assert!(bytes.len() < HEAD_BYTES_MAX, "{}", bytes.escape_ascii()),
            Parsed::Refused(refusal) => {
                assert!(STATUSES.contains(&refusal.status), "{refusal:?} for {}", bytes.escape_ascii());
                seen.insert(refusal.status);
            }
            Parsed::Head(head) => {
                check_head(head, &bytes);
                check_written(head, numbers.below(2) * 7);
                accepted += 1;
            }
        }
    });
    if is_usual {
        assert!(accepted > ROUNDS / 10, "only {accepted} were accepted");
        assert!(seen.iter().eq(&STATUSES), "only refusals with {seen:?}");
    }
}

/// Up to the verdict every part is incomplete; from there on every part gets the same.
fn check_cuts(bytes: &[u8], whole: &Parsed, numbers: &mut Numbers) {
    let check = |length: usize| {
        let part = parse(&bytes[..length]);
        let may_wait = part == Parsed::Incomplete && !matches!(whole, Parsed::Head(head) if head.bytes <= length);
        assert!(may_wait || part == *whole, "{part:?} at {length}, then {whole:?}: {}", bytes.escape_ascii());
        if let Parsed::Head(head) = part {
            assert!(head.bytes <= length, "{}", bytes.escape_ascii());
        }
    };
    if bytes.len() <= 400 && numbers.once_in(8) {
        (0..bytes.len()).for_each(check);
    } else {
        (0..6).for_each(|_| check(numbers.below(bytes.len() + 1)));
    }
}

/// What stands behind a verdict does not matter.
fn check_followed(bytes: &[u8], whole: &Parsed, behind: &[u8]) {
    if *whole != Parsed::Incomplete {
        assert_eq!(parse(&[bytes, behind].concat()), *whole, "{} then {}", bytes.escape_ascii(), behind.escape_ascii());
    }
}

/// A buffer of the longest head's size always gets a verdict.
fn check_full(bytes: &[u8], fill: &[u8]) {
    let endless = bytes.iter().chain(fill.iter().cycle()).copied();
    let full: Vec<u8> = endless.take(HEAD_BYTES_MAX).collect();
    assert_ne!(parse(&full), Parsed::Incomplete, "{} then {} for ever", bytes.escape_ascii(), fill.escape_ascii());
}

/// A head keeps its invariants, and the careless reader finds the same framing.
fn check_head(head: &Head, bytes: &[u8]) {
    let shown = bytes.escape_ascii();
    assert_eq!(careless(&bytes[..head.bytes]), Ok(head.framing), "{shown}");
    assert!(head.target.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && byte != b'#'), "{shown}");
    for (name, value) in head.headers.iter() {
        assert!(NAMES.contains(&name), "{name} of {shown}");
        assert!(value.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) && value.trim() == value, "{value:?} of {shown}");
    }
    let (hosts, cookies) = (head.headers.all("host").count(), head.headers.all("cookie").count());
    assert!(cookies <= 1, "{shown}");
    assert!(hosts == 1 || hosts == 0 && head.version == Version::Http10, "{shown}");
    assert!(hosts == 0 || head.headers.iter().next().is_some_and(|(name, _)| name == "host"), "{shown}");
    assert!(!head.expects_continue || head.version == Version::Http11, "{shown}");
}

/// Written anew and read again, it is the same head, in clean bytes, with one way to find its end.
fn check_written(head: &Head, body_length: usize) {
    let mut headers = Headers::default();
    if head.headers.one("host").is_none() {
        headers.push("host", "none");
    }
    head.headers.iter().for_each(|(name, value)| headers.push(name, value));
    let mut out = Vec::new();
    Head { headers: headers.clone(), ..head.clone() }.write(&[("x-door", "secret 192.0.2.1")], body_length, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.replace("\r\n", "").bytes().all(|byte| matches!(byte, 0x20..=0x7e)), "{text:?}");
    let framing = if body_length == 0 { Framing::None } else { Framing::Length(body_length as u64) };
    assert_eq!(careless(text.as_bytes()), Ok(framing), "{text:?}");
    match parse(text.as_bytes()) {
        Parsed::Head(again) => {
            assert_eq!((again.bytes, again.framing, again.version), (text.len(), framing, Version::Http11), "{text:?}");
            assert_eq!((again.method, &again.target), (head.method, &head.target), "{text:?}");
            assert!(again.headers.iter().eq(headers.iter()), "{text:?}");
        }
        // The spaces and fields that are written in addition may lead past the bounds, which are for strangers.
        other => assert!(is_near_a_bound(&text) && word(&other) == "431", "{other:?} for {text:?}"),
    }
}

fn is_near_a_bound(text: &str) -> bool {
    let longest = text.lines().map(str::len).max().unwrap_or_default();
    longest > FIELD_LINE_BYTES_MAX || text.len() > FIELDS_BYTES_MAX || text.lines().count() > FIELDS_MAX
}

/// The framing as two readers find it who trim names and values of whatever is no sign, and go by a plain search for
/// the two names: one ends lines at any control byte, the other at CRLF only. The error is a doubt that they have.
fn careless(head: &[u8]) -> Result<Framing, String> {
    let text: String = head.iter().map(|&byte| char::from(byte.to_ascii_lowercase())).collect();
    let by_any = find_framing(text.split(|c: char| c.is_ascii_control() && c != '\t'))?;
    let by_crlf = find_framing(text.split("\r\n"))?;
    if by_any == by_crlf { Ok(by_any) } else { Err(format!("{by_any:?} or {by_crlf:?}")) }
}

fn find_framing<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Framing, String> {
    let mut lines = lines.filter(|line| !line.is_empty());
    let request_line = lines.next().unwrap_or_default();
    let mut found = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) {
            return Err(format!("a folded line: {line:?}"));
        }
        let (name, value) = line.split_once(':').ok_or(format!("no colon: {line:?}"))?;
        let name = name.trim_matches(|c: char| !c.is_ascii_graphic());
        if matches!(name, "content-length" | "transfer-encoding") {
            found.push((name, value.trim_matches([' ', '\t'])));
        }
    }
    let is_old = request_line.ends_with("http/1.0");
    match found.as_slice() {
        [] => Ok(Framing::None),
        [("transfer-encoding", "chunked")] if !is_old => Ok(Framing::Chunked),
        [("content-length", digits)] if digits.chars().all(|c| c.is_ascii_digit()) => {
            digits.parse().map(Framing::Length).map_err(|error| error.to_string())
        }
        doubtful => Err(format!("{request_line:?}: {doubtful:?}")),
    }
}
