//! One answer off a connection, with as little work as possible on this side.

use std::io::{self, ErrorKind, Read};

/// What an answer says of itself.
#[derive(Clone, Copy)]
pub struct Answer {
    pub status: u16,
    /// Head and body together.
    pub bytes: usize,
    /// The server has said that it ends the connection.
    pub is_last: bool,
}

const CLOSE: &[u8] = b"\r\nConnection: close\r\n";
const LENGTH: &[u8] = b"\r\nContent-Length: ";

/// Reads one answer to its end.
///
/// # Errors
/// Those of the connection, [`ErrorKind::UnexpectedEof`] when it ends before the answer, and
/// [`ErrorKind::InvalidData`] for what is no answer with a length, or is longer than the buffer.
pub fn read(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<Answer> {
    let (mut filled, mut length) = (0, None);
    while length.is_none_or(|length| filled < length) {
        let free = buffer.get_mut(filled..).filter(|free| !free.is_empty()).ok_or(ErrorKind::InvalidData)?;
        let count = stream.read(free)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        if length.is_none() {
            length = self::length(&buffer[..filled])?;
        }
    }
    let head = &buffer[..filled.min(512)];
    let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let is_last = head.windows(CLOSE.len()).any(|window| window == CLOSE);
    Ok(Answer { status: status.ok_or(ErrorKind::InvalidData)?, bytes: filled, is_last })
}

/// The length of head and body together, once the head is there.
///
/// # Errors
/// [`ErrorKind::InvalidData`] for an answer without a length.
pub fn length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let at = bytes[..head].windows(LENGTH.len()).position(|window| window == LENGTH);
    let from = at.ok_or(ErrorKind::InvalidData)? + LENGTH.len();
    let digits = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit());
    let body = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Ok(Some(head + 4 + body))
}
