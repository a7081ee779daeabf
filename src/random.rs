//! Randomness from the operating system, and the text forms we give it.
//!
//! With [`crate::clock`] this is all the domain asks of the operating system. Everything secret comes from here;
//! there is no generator of our own to seed.

/// The operating system gave no random bytes; nothing secret can be made without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRandomness;

impl std::fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the operating system gave no random bytes")
    }
}

/// `N` fresh random bytes.
///
/// # Errors
/// [`NoRandomness`] when the operating system's source fails; no weaker source is tried.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|_| NoRandomness)?;
    Ok(out)
}

/// The 32 symbols of texts that people read aloud or retype: no `0`, `1`, `l`, `o`.
pub(crate) const READABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// `N` random symbols of [`READABLE`], five bits each.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn readable<const N: usize>() -> Result<String, NoRandomness> {
    // 32 divides 256, so the low five bits of a uniform byte are uniform.
    Ok(bytes::<N>()?.iter().map(|byte| READABLE[usize::from(byte & 31)] as char).collect())
}

/// Lower-case hexadecimal text of some bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS[usize::from(value)] as char;
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads what [`hex`] wrote.
///
/// # Errors
/// `None` unless the text is exactly `2 * N` lower-case hexadecimal digits.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_back_and_nothing_else_is() {
        let bytes = [0x00, 0x7f, 0xff];
        assert_eq!(hex(&bytes), "007fff");
        assert_eq!(from_hex("007fff"), Some(bytes));
        for bad in ["", "007ff", "007FFF", "007ffg", "007fff0", "+07fff"] {
            assert_eq!(from_hex::<3>(bad), None, "{bad}");
        }
    }

    #[test]
    fn readable_text_has_its_length_and_alphabet() {
        let text = readable::<40>().unwrap();
        assert_eq!(text.len(), 40);
        assert!(text.bytes().all(|byte| READABLE.contains(&byte)));
        assert_ne!(text, readable::<40>().unwrap());
    }
}
