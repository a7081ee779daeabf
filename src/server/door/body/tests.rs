//! Chunked bodies: good and bad ones row by row, every bound at its edge, no dependence on cuts.

use super::*;

/// What became of a body: the decoded bytes, the bytes taken, and whether it was complete.
type Outcome = (Result<(usize, bool), BodyError>, Vec<u8>);

const BOUND: usize = 100;

/// Feeds the pieces until the body is done or bad.
fn decode<'a>(bytes_max: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let (mut body, mut out, mut consumed) = (Chunked::new(bytes_max), Vec::new(), 0);
    for piece in pieces {
        match body.feed(piece, &mut out) {
            Err(error) => {
                assert_eq!(body.feed(b"0\r\n\r\n", &mut out), Err(error), "the error stays");
                return (Err(error), out);
            }
            Ok(fed) => {
                consumed += fed.consumed;
                if fed.done {
                    let after = body.feed(b"0\r\n\r\n", &mut out);
                    assert_eq!(after, Ok(Fed { consumed: 0, done: true }), "nothing is taken after the end");
                    return (Ok((consumed, true)), out);
                }
                assert_eq!(fed.consumed, piece.len());
            }
        }
    }
    (Ok((consumed, false)), out)
}

/// The outcome of the whole, after it was found the same for all cuts in two and for single bytes.
fn decode_all_ways(name: &str, bytes: &[u8]) -> Outcome {
    let whole = decode(BOUND, [bytes]);
    for cut in 0..=bytes.len() {
        let (start, end) = bytes.split_at(cut);
        assert_eq!(decode(BOUND, [start, end]), whole, "{name}: cut at {cut}");
    }
    assert_eq!(decode(BOUND, bytes.chunks(1)), whole, "{name}: byte by byte");
    whole
}

#[test]
fn good_bodies_are_decoded_and_leave_the_next_request() {
    let rows: [(&str, &[u8], &[u8]); 12] = [
        ("empty", b"0\r\n\r\n", b""),
        ("one chunk", b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        ("two chunks", b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world"),
        ("hex, both cases", b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", b"01234567890123456789"),
        ("leading zeros", b"0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", b"hello"),
        ("line ends as data", b"6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", b"\r\n0\r\n\r"),
        ("extensions", b"5;a=b;c=\"d\xe9\"\r\nhello\r\n0;x\r\n\r\n", b"hello"),
        ("Host", b"5\r\nhello\r\n0\r\nHost: evil.example\r\n\r\n", b"hello"),
        ("Content-Length", b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", b"hello"),
        ("Authorization", b"5\r\nhello\r\n0\r\nAuthorization: Bearer x\r\nX:\r\n\r\n", b"hello"),
        ("Cookie", b"5\r\nhello\r\n0\r\nCookie: session=x\xff\t\r\n\r\n", b"hello"),
        ("a request as data", b"12\r\nGET / HTTP/1.1\r\n\r\n\r\n0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"),
    ];
    for (name, bytes, decoded) in rows {
        assert_eq!(decode_all_ways(name, bytes), (Ok((bytes.len(), true)), decoded.to_vec()), "{name}");
        let followed = [bytes, b"GET / HTTP/1.1\r\n"].concat();
        assert_eq!(decode_all_ways(name, &followed), (Ok((bytes.len(), true)), decoded.to_vec()), "{name}");
        for length in 0..bytes.len() {
            let (result, _) = decode(BOUND, [&bytes[..length]]);
            assert_eq!(result, Ok((length, false)), "{name}: the end is missing at {length}");
        }
    }
}

#[test]
fn bad_bodies_are_malformed() {
    let rows: [(&str, &[u8]); 34] = [
        ("17 digits", b"FFFFFFFFFFFFFFFFF\r\n"),
        ("17 zeros", b"00000000000000000\r\n\r\n"),
        ("minus", b"-1\r\n"),
        ("plus", b"+5\r\nhello\r\n0\r\n\r\n"),
        ("0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
        ("space before", b" 5\r\nhello\r\n0\r\n\r\n"),
        ("space behind", b"5 \r\nhello\r\n0\r\n\r\n"),
        ("space before extension", b"5 ;a\r\nhello\r\n0\r\n\r\n"),
        ("tab", b"5\t\r\nhello\r\n0\r\n\r\n"),
        ("empty", b"\r\n\r\n"),
        ("extension only", b";a\r\nhello\r\n0\r\n\r\n"),
        ("not hex", b"g\r\n"),
        ("underscore", b"1_0\r\n"),
        ("full-width digit", "\u{ff15}\r\nhello\r\n0\r\n\r\n".as_bytes()),
        ("no CRLF behind data", b"5\r\nhello0\r\n\r\n"),
        ("longer data", b"5\r\nhello!\r\n0\r\n\r\n"),
        ("LF behind data", b"5\r\nhello\n0\r\n\r\n"),
        ("CR behind data", b"5\r\nhello\r0\r\n\r\n"),
        ("LF behind size", b"5\nhello\r\n0\r\n\r\n"),
        ("CR behind size", b"5\rhello\r\n0\r\n\r\n"),
        ("CR twice", b"5\r\r\nhello\r\n0\r\n\r\n"),
        ("LF in extension", b"5;a\nhello\r\n0\r\n\r\n"),
        ("CR in extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
        ("NUL in extension", b"5;a\0\r\nhello\r\n0\r\n\r\n"),
        ("LF behind last size", b"0\n\r\n"),
        ("LF for the last line", b"0\r\n\n"),
        ("CR, other", b"0\r\n\rx"),
        ("trailer without colon", b"0\r\nnonsense\r\n\r\n"),
        ("trailer without name", b"0\r\n: x\r\n\r\n"),
        ("trailer folded", b"0\r\nX: y\r\n z\r\n\r\n"),
        ("trailer, space before colon", b"0\r\nX : y\r\n\r\n"),
        ("trailer ended by LF", b"0\r\nX: y\n\r\n"),
        ("trailer with CR", b"0\r\nX: y\rz\r\n\r\n"),
        ("trailer with NUL", b"0\r\nX: y\0\r\n\r\n"),
    ];
    for (name, bytes) in rows {
        assert_eq!(decode_all_ways(name, bytes).0, Err(BodyError::Malformed), "{name}");
    }
}

#[test]
fn a_body_past_the_bound_is_too_large() {
    let data = "a".repeat(60);
    let fits = format!("3c\r\n{data}\r\n28\r\n{}\r\n0\r\n\r\n", "b".repeat(40));
    let (result, out) = decode_all_ways("at the bound", fits.as_bytes());
    assert_eq!((result, out.len()), (Ok((fits.len(), true)), BOUND));

    let long = format!("3c\r\n{data}\r\n29\r\n{}\r\n0\r\n\r\n", "b".repeat(41));
    assert_eq!(decode_all_ways("one past", long.as_bytes()), (Err(BodyError::TooLarge), data.clone().into_bytes()));
    for size in ["65\r\n", "FFFFFFFFFFFFFFFF\r\n", "7fffffffffffffff;a\r\n"] {
        assert_eq!(decode_all_ways(size, size.as_bytes()), (Err(BodyError::TooLarge), Vec::new()));
    }
    assert_eq!(decode(0, [b"0\r\n\r\n".as_slice()]).0, Ok((5, true)));
    assert_eq!(decode(0, [b"1\r\n".as_slice()]).0, Err(BodyError::TooLarge));
}

#[test]
fn an_extension_is_bounded_per_chunk() {
    let with = |bytes: usize| {
        let extension = format!(";{}", "a".repeat(bytes - 1));
        format!("1{extension}\r\nx\r\n1{extension}\r\ny\r\n0{extension}\r\n\r\n")
    };
    let fits = with(256);
    assert_eq!(decode_all_ways("at the bound", fits.as_bytes()), (Ok((fits.len(), true)), b"xy".to_vec()));
    assert_eq!(decode_all_ways("one past", with(257).as_bytes()).0, Err(BodyError::Malformed));
    let endless = format!("5;{}", "a".repeat(10_240));
    assert_eq!(decode(BOUND, [endless.as_bytes()]).0, Err(BodyError::Malformed));
}

#[test]
fn trailers_are_bounded_in_all() {
    let with = |bytes: usize| {
        let first = format!("X: {}\r\n", "a".repeat(3_000));
        format!("0\r\n{first}Y: {}\r\n\r\n", "b".repeat(bytes - first.len() - "Y: \r\n".len()))
    };
    let fits = with(4_096);
    for pieces in [1, 7, 1_000, 10_000] {
        assert_eq!(decode(BOUND, fits.as_bytes().chunks(pieces)).0, Ok((fits.len(), true)));
        assert_eq!(decode(BOUND, with(4_097).as_bytes().chunks(pieces)).0, Err(BodyError::Malformed));
    }
}

#[test]
fn mutated_bodies_never_depend_on_cuts() {
    const ODD: &[u8] = b"\r\n;: \t\x000159aFg-+\xff";
    let corpus: [&[u8]; 4] = [
        b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        b"5;a=b\r\nhello\r\n0;x\r\n\r\n",
        b"1\r\na\r\n1\r\nb\r\n0\r\nHost: evil\r\nX: y\r\n\r\nGET /",
        b"000a\r\n0123456789\r\n00\r\n\r\n",
    ];
    let mut state = 1_u64;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    let mut complete = 0;
    for round in 0..50_000 {
        let mut bytes = corpus[round % corpus.len()].to_vec();
        for _ in 0..=below(2) {
            let (place, odd) = (below(bytes.len()), ODD[below(ODD.len())]);
            match below(3) {
                0 => bytes[place] = odd,
                1 => bytes.insert(place, odd),
                _ => drop(bytes.remove(place)),
            }
        }
        let whole = decode(10, [bytes.as_slice()]);
        let (start, end) = bytes.split_at(below(bytes.len() + 1));
        assert_eq!(decode(10, [start, end]), whole, "{}", bytes.escape_ascii());
        assert_eq!(decode(10, bytes.chunks(1)), whole, "{}", bytes.escape_ascii());
        assert!(whole.1.len() <= 10);
        complete += usize::from(matches!(whole.0, Ok((_, true))));
    }
    assert!(complete > 1_000, "only {complete} of the mutations were complete");
}
