//! Chunked bodies at random: no cut changes what is decoded, no bound is passed, and what was decided stays.
//!
//! Beside the rows of `tests.rs`, which say what becomes of a body. Below stand an encoder, whose bodies are read
//! back, and a second, careless decoder, which agrees where the first is content.

use super::*;
use crate::server::door::mutate::{Numbers, mutated, rounds, seeds};

/// About half a second in a debug build.
const ROUNDS: u64 = 12_000;

/// Bounds on a body: two that the seeds pass, and one that they do not.
const BOUNDS: [usize; 4] = [0, 5, 65_536, 65_536];

/// What became of a body: bytes taken and whether it was complete, or what was wrong; and the decoded bytes.
type Outcome = (Result<(usize, bool), BodyError>, Vec<u8>);

fn word((result, _): &Outcome) -> &'static str {
    match result {
        Ok((_, true)) => "whole",
        Ok((_, false)) => "cut",
        Err(BodyError::Malformed) => "malformed",
        Err(BodyError::TooLarge) => "too-large",
    }
}

/// Feeds the pieces until the body is whole or bad, and then some more, which must change nothing.
fn decode<'a>(bytes_max: usize, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let (mut body, mut out, mut consumed) = (Chunked::new(bytes_max), Vec::new(), 0);
    for piece in pieces {
        let result = body.feed(piece, &mut out);
        assert!(out.len() <= bytes_max, "{} bytes where {bytes_max} are allowed", out.len());
        match result {
            Ok(Fed { consumed: taken, done: false }) => {
                assert_eq!(taken, piece.len(), "all of it is taken");
                consumed += taken;
            }
            ended => {
                let after = match ended {
                    Ok(fed) => Ok(Fed { consumed: 0, ..fed }),
                    error => error,
                };
                let length = out.len();
                for more in [b"0\r\n\r\n".as_slice(), b"1\r\nx\r\n", b"", b"\r"] {
                    assert_eq!(body.feed(more, &mut out), after, "it was decided");
                }
                assert_eq!(out.len(), length);
                return (ended.map(|fed| (consumed + fed.consumed, true)), out);
            }
        }
    }
    (Ok((consumed, false)), out)
}

/// The input in pieces of up to so many bytes.
fn pieces<'a>(mut bytes: &'a [u8], piece_max: usize, numbers: &mut Numbers) -> impl Iterator<Item = &'a [u8]> {
    std::iter::from_fn(move || {
        let (piece, rest) = bytes.split_at(bytes.len().min(1 + numbers.below(piece_max)));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

#[test]
fn every_seed_ends_as_its_name_says() {
    for (name, bytes) in seeds("body") {
        let outcome = decode(65_536, [bytes.as_slice()].into_iter());
        assert!(name.starts_with(word(&outcome)), "{name}: {outcome:?}");
    }
}

#[test]
fn whatever_comes_cuts_change_nothing_and_bounds_hold() {
    let seeds = seeds("body");
    let mut whole = 0;
    let is_usual = rounds(ROUNDS, |numbers| {
        let bytes = mutated(&seeds, numbers);
        let bound = *numbers.one_of(&BOUNDS);
        let outcome = decode(bound, [bytes.as_slice()].into_iter());
        let shown = bytes.escape_ascii();
        assert_eq!(decode(bound, bytes.chunks(1)), outcome, "byte by byte: {shown}");
        for piece_max in [8, 200] {
            assert_eq!(decode(bound, pieces(&bytes, piece_max, numbers)), outcome, "in pieces: {shown}");
        }
        check_part(&bytes[..numbers.below(bytes.len() + 1)], bound, &outcome);
        if let (Ok((consumed, true)), out) = &outcome {
            for line_end in [b"\n".as_slice(), b"\r\n"] {
                assert_eq!(careless(&bytes, line_end), Some((*consumed, out.clone())), "{shown}");
            }
            whole += 1;
        }
    });
    assert!(!is_usual || whole > ROUNDS / 20, "only {whole} were whole");
}

/// The first part of a body is not decided yet, or decided as the whole is.
fn check_part(part: &[u8], bound: usize, whole: &Outcome) {
    let outcome = decode(bound, [part].into_iter());
    let is_open = outcome.0 == Ok((part.len(), false)) && whole.1.starts_with(&outcome.1);
    assert!(is_open || outcome == *whole, "{outcome:?}, then {whole:?}, after {}", part.escape_ascii());
}

#[test]
fn whatever_is_written_is_read_back() {
    rounds(ROUNDS / 10, |numbers| {
        let body: Vec<u8> = (0..numbers.below(3_000)).map(|_| numbers.byte()).collect();
        let mut bytes = encode(&body, numbers);
        let length = bytes.len();
        let next = b"GET / HTTP/1.1\r\nHost: nas\r\n\r\n";
        bytes.extend_from_slice(&next[..numbers.below(next.len())]);
        let outcome = decode(body.len(), pieces(&bytes, 700, numbers));
        assert_eq!(outcome, (Ok((length, true)), body.clone()), "{}", bytes.escape_ascii());
        if !body.is_empty() {
            let (result, out) = decode(body.len() - 1, pieces(&bytes, 700, numbers));
            assert_eq!(result, Err(BodyError::TooLarge), "{}", bytes.escape_ascii());
            assert!(body.starts_with(&out));
        }
    });
}

/// Writes a body in chunks of random sizes, with all the freedom that RFC 9112, section 7.1, gives.
fn encode(mut body: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let (chunk, rest) = body.split_at(body.len().min(1 + numbers.below(400)));
        body = rest;
        let zeros = numbers.below(10) + 1;
        let size = format!("{:0zeros$x}", chunk.len());
        let size = if numbers.once_in(2) { size.to_uppercase() } else { size };
        let extension = numbers.one_of(&["", "", ";a", ";a=b;c=\"d e\"", ";"]);
        bytes.extend_from_slice(format!("{size}{extension}\r\n").as_bytes());
        if chunk.is_empty() {
            break;
        }
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    for _ in 0..numbers.below(3) {
        bytes.extend_from_slice(numbers.one_of(&["X:\r\n", "Host: evil.example\r\n", "X-Any: \ta \r\n"]).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// The end and the content of a body for somebody who goes by line ends, takes any number that looks like one, and
/// believes what it says. `None` when that leads nowhere.
fn careless(bytes: &[u8], line_end: &[u8]) -> Option<(usize, Vec<u8>)> {
    let next_line = |at: usize| {
        let rest = bytes.get(at..)?;
        Some(at + rest.windows(line_end.len()).position(|window| window == line_end)? + line_end.len())
    };
    let (mut at, mut out) = (0, Vec::new());
    loop {
        let next = next_line(at)?;
        let line = String::from_utf8_lossy(&bytes[at..next]);
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        at = next;
        if size == 0 {
            break;
        }
        out.extend_from_slice(bytes.get(at..at + size)?);
        at = next_line(at + size)?;
    }
    loop {
        let next = next_line(at)?;
        let is_blank = bytes[at..next].trim_ascii().is_empty();
        at = next;
        if is_blank {
            return Some((at, out));
        }
    }
}
