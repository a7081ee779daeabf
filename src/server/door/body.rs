//! Chunked request bodies, decoded as the bytes arrive.
//!
//! Apart from the head because it keeps state between reads and because it is the second place where a proxy and a
//! server can disagree about the end of a request. Strict for that reason: CRLF everywhere, digits without decoration,
//! extensions and trailers bounded, checked and dropped, so that nothing in them has an effect.
//!
//! It leaves to others: deadlines, the end of the connection before the body is done (that is a malformed body too),
//! and bodies with a `Content-Length`, which need no decoder.

use super::head::{is_token_byte, is_value_byte};

/// Bytes of the extension of one chunk, from its semicolon up to the CRLF. Nobody uses them; long ones are an attack.
pub(crate) const CHUNK_EXTENSION_BYTES_MAX: usize = 256;

/// Bytes of all trailer lines with their CRLFs, the blank line not counted.
pub(crate) const TRAILERS_BYTES_MAX: usize = 4_096;

/// Digits of a chunk size: as many as 64 bits need, so that no size overflows.
const CHUNK_SIZE_DIGITS_MAX: u8 = 16;

/// Decodes one chunked body.
///
/// # Invariants
/// Cutting the input elsewhere changes neither the decoded bytes nor the result. After an error every further call
/// gives the same error; after the end every further call takes nothing.
/// # Source
/// RFC 9112, section 7.1.
#[derive(Debug, Clone)]
pub(crate) struct Chunked {
    state: State,
    /// Bytes of body still allowed.
    left_bytes: usize,
    trailers_bytes: usize,
}

/// What one call of [`Chunked::feed`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fed {
    /// Bytes of the input that belong to this body; all of them unless `done`.
    pub(crate) consumed: usize,
    /// The body is complete; what follows in the input is the next request.
    pub(crate) done: bool,
}

/// Why a body is not accepted; either way the connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// Answer 400.
    Malformed,
    /// Answer 413: a chunk announces more than the bound allows.
    TooLarge,
}

/// What the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A digit of the size, or what ends it.
    Size {
        size: u64,
        digits: u8,
    },
    /// Inside the extension.
    Extension {
        size: u64,
        bytes: usize,
    },
    /// The LF of the size line.
    SizeLf {
        size: u64,
    },
    Data {
        left: usize,
    },
    DataCr,
    DataLf,
    /// A byte of a trailer's name, or the CR of the blank line.
    TrailerName {
        bytes: usize,
    },
    TrailerValue,
    TrailerLf,
    /// The LF of the blank line.
    LastLf,
    Done,
    Failed(BodyError),
}

impl Chunked {
    /// Starts a body of at most `bytes_max` decoded bytes.
    pub(crate) fn new(bytes_max: usize) -> Chunked {
        Chunked { state: State::Size { size: 0, digits: 0 }, left_bytes: bytes_max, trailers_bytes: 0 }
    }

    /// Takes the next bytes of the connection and appends the decoded ones to `out`.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] when the size line of a chunk goes past the bound; none of that chunk is appended.
    /// [`BodyError::Malformed`] at the first byte that does not belong there. What stands before it is in `out`.
    pub(crate) fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Fed, BodyError> {
        let mut rest = input;
        while self.state != State::Done {
            if let State::Failed(error) = self.state {
                return Err(error);
            }
            let Some((&byte, behind)) = rest.split_first() else { break };
            if let State::Data { left } = self.state {
                let (data, behind) = rest.split_at(rest.len().min(left));
                out.extend_from_slice(data);
                rest = behind;
                let left = left - data.len();
                self.state = if left == 0 { State::DataCr } else { State::Data { left } };
            } else {
                self.state = self.step(byte).unwrap_or_else(State::Failed);
                rest = behind;
            }
        }
        match self.state {
            State::Failed(error) => Err(error),
            state => Ok(Fed { consumed: input.len() - rest.len(), done: state == State::Done }),
        }
    }

    /// The state after one byte of framing.
    fn step(&mut self, byte: u8) -> Result<State, BodyError> {
        match (self.state, byte) {
            (State::Size { size, digits: 1.. }, b'\r') => Ok(State::SizeLf { size }),
            (State::Size { size, digits: 1.. }, b';') => Ok(State::Extension { size, bytes: 1 }),
            (State::Size { size, digits }, _) if digits < CHUNK_SIZE_DIGITS_MAX => {
                let digit = char::from(byte).to_digit(16).ok_or(BodyError::Malformed)?;
                Ok(State::Size { size: size << 4 | u64::from(digit), digits: digits + 1 })
            }
            (State::Extension { size, .. }, b'\r') => Ok(State::SizeLf { size }),
            (State::Extension { size, bytes }, _) if bytes < CHUNK_EXTENSION_BYTES_MAX && is_value_byte(byte) => {
                Ok(State::Extension { size, bytes: bytes + 1 })
            }
            (State::SizeLf { size }, b'\n') => self.begin_chunk(size),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size { size: 0, digits: 0 }),
            (State::TrailerName { bytes: 0 }, b'\r') => Ok(State::LastLf),
            (State::LastLf, b'\n') => Ok(State::Done),
            (State::TrailerName { .. } | State::TrailerValue | State::TrailerLf, _) => self.step_trailer(byte),
            _ => Err(BodyError::Malformed),
        }
    }

    /// The state after the size line. A size of 0 announces the end, and trailers.
    fn begin_chunk(&mut self, size: u64) -> Result<State, BodyError> {
        if size == 0 {
            return Ok(State::TrailerName { bytes: 0 });
        }
        let size = usize::try_from(size).ok().filter(|&size| size <= self.left_bytes);
        let size = size.ok_or(BodyError::TooLarge)?;
        self.left_bytes -= size;
        Ok(State::Data { left: size })
    }

    /// The state after one byte of a trailer line, which has the form of a field line (RFC 9112, section 7.1.2).
    fn step_trailer(&mut self, byte: u8) -> Result<State, BodyError> {
        self.trailers_bytes += 1;
        if self.trailers_bytes > TRAILERS_BYTES_MAX {
            return Err(BodyError::Malformed);
        }
        match (self.state, byte) {
            (State::TrailerName { bytes: 1.. }, b':') => Ok(State::TrailerValue),
            (State::TrailerName { bytes }, _) if is_token_byte(byte) => Ok(State::TrailerName { bytes: bytes + 1 }),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, _) if is_value_byte(byte) => Ok(State::TrailerValue),
            (State::TrailerLf, b'\n') => Ok(State::TrailerName { bytes: 0 }),
            _ => Err(BodyError::Malformed),
        }
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
