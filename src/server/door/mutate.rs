//! Inputs at random, made by harming good and bad examples; the same on every run.
//!
//! Apart from the targets because all of them begin alike: read the seeds, take a number of rounds, change a few
//! bytes. Nothing here knows what is tested. The tests of the whole program read this file too.
//!
//! `LINKJAR_FUZZ_ROUNDS` asks for more rounds than the usual ones, `LINKJAR_FUZZ_SEED` for others. Every round has a
//! seed of its own, and one that fails says how to repeat it alone.

use std::path::Path;
use std::str::FromStr;

/// Bytes that a mutated input has at most: no bound of ours lies behind 64 KiB, and longer ones only take time.
const INPUT_BYTES_MAX: usize = 70_000;

/// Words that say where a message, a line or a chunk ends, and single bytes that parsers have stumbled over.
#[rustfmt::skip]
const WORDS: &[&[u8]] = &[
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"\r\r\n", b"\0", b"\t", b" ", b"\x0b", b"\x0c", b"\x7f", b"\x80",
    b"\xa0", b"\xff", b":", b";", b",", b"\"", b"#", b"%00", b"//", b"..",
    b"Content-Length: 5\r\n", b"content-length:0\r\n", b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: 5, 5\r\n", b"Content-Length: +5\r\n", b"Content_Length: 5\r\n", b"Content-Length : 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"transfer-encoding:\tCHUNKED \r\n", b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding: \"chunked\"\r\n",
    b" Transfer-Encoding: chunked\r\n", b"\tfolded\r\n", b"Transfer-Encoding:\r\n chunked\r\n", b"chunked", b"identity",
    b"Expect: 100-continue\r\n", b"Expect: 200-ok\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n",
    b"Connection: content-length, host\r\n", b"Upgrade: h2c\r\n", b"Host: nas\r\n", b"Host:\r\n", b"X-Door: a 127.0.0.1\r\n",
    b"Cookie: a=b\r\n", b"X:y\r\n", b"GET / HTTP/1.1\r\n", b"HEAD ", b"POST ", b"PUT ", b"CONNECT ", b"PRI * HTTP/2.0\r\n",
    b"HTTP/1.0", b"HTTP/1.1", b"HTTP/1.2", b"HTTP/0.9", b" HTTP/1.1\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"5;a=b\r\n",
    b"00000000000000000", b"FFFFFFFFFFFFFFFF\r\n", b"10000000000000000", b"0x5", b"-1", b"+5", b"1_0", b"\r\n0\r\n\r\n",
];

/// Numbers that are the same on every run (splitmix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound
    }

    /// Any byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several things.
    pub(crate) fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }
}

/// Checks as many rounds as asked for, `usual` if nobody asks. Returns true if the usual ones were run, so that what
/// they reach can be counted on.
pub(crate) fn rounds(usual: u64, mut check: impl FnMut(&mut Numbers)) -> bool {
    let (count, seed): (Option<u64>, Option<u64>) = (asked("LINKJAR_FUZZ_ROUNDS"), asked("LINKJAR_FUZZ_SEED"));
    for round in 0..count.unwrap_or(usual) {
        let current = Round { seed: seed.unwrap_or(1).wrapping_add(round) };
        check(&mut Numbers(current.seed));
    }
    seed.is_none() && count.is_none_or(|count| count >= usual)
}

/// A round that says how it is repeated when it fails.
struct Round {
    seed: u64,
}

impl Drop for Round {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat this round alone: LINKJAR_FUZZ_SEED={} LINKJAR_FUZZ_ROUNDS=1", self.seed);
        }
    }
}

fn asked<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

/// The inputs in a folder of `tests/seeds`, each with its file's name, in the order of the names.
pub(crate) fn seeds(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds").join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut seeds: Vec<_> = paths.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect();
    seeds.sort();
    seeds
}

/// One of the seeds, mostly after it was changed in one to four places.
pub(crate) fn mutated(seeds: &[(String, Vec<u8>)], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = numbers.one_of(seeds).1.clone();
    for _ in 0..numbers.below(5) {
        let other = &numbers.one_of(seeds).1;
        change(&mut bytes, other, numbers);
    }
    bytes.truncate(INPUT_BYTES_MAX);
    bytes
}

/// Puts something else in the place of a part: nothing, flipped bits, a word, a piece of this input or of another.
fn change(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let place = numbers.below(bytes.len() + 1);
    // Whole lines do most where lines begin.
    let place = if numbers.once_in(2) { line_start(bytes, place) } else { place };
    let length = if numbers.once_in(2) { 1 } else { 1 + numbers.below(40) };
    let end = (place + length).min(bytes.len());
    let word = numbers.one_of(WORDS).to_vec();
    let (range, new) = match numbers.below(10) {
        0 => (place..end, bytes[place..end].iter().map(|byte| byte ^ 1 << numbers.below(8)).collect()),
        1 => (place..end, Vec::new()),
        2 => (place..bytes.len(), Vec::new()),
        3 => (place..bytes.len(), other[numbers.below(other.len() + 1)..].to_vec()),
        4 => (place..place, piece(other, numbers).to_vec()),
        5 => {
            // Seldom very often: that is how bounds are met.
            let times = if numbers.once_in(8) { 1 << numbers.below(13) } else { 1 + numbers.below(3) };
            let piece = piece(bytes, numbers);
            (place..place, piece.repeat(times.min(INPUT_BYTES_MAX / piece.len().max(1))))
        }
        6 | 7 => (place..end, word),
        _ => (place..place, word),
    };
    drop(bytes.splice(range, new));
}

/// A piece of an input; every other time it is made of whole lines.
fn piece<'a>(bytes: &'a [u8], numbers: &mut Numbers) -> &'a [u8] {
    let (a, b) = (numbers.below(bytes.len() + 1), numbers.below(bytes.len() + 1));
    let (start, end) = (a.min(b), a.max(b));
    if numbers.once_in(2) { &bytes[start..end] } else { &bytes[line_start(bytes, start)..line_start(bytes, end)] }
}

/// Where the line that holds this place begins.
fn line_start(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |lf| lf + 1)
}
