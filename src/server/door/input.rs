//! Bytes that came from a client and are not judged yet.
//!
//! Of thousands of connections few carry anything at a time. So the loop lends one large buffer to the client it looks
//! after, and takes it back with only the remainder kept, in a piece of its exact size: usually none at all.

use crate::server::door::head::HEAD_BYTES_MAX;

/// Bytes of the buffer that is lent: more than the longest head, so that every head gets its verdict in it.
const LENT_BYTES: usize = 32 << 10;
const _: () = assert!(LENT_BYTES > HEAD_BYTES_MAX);

/// The bytes of one client.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// All of it is initialised; what counts lies between `start` and `end`.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    /// Goes on with a large buffer: `spare`, or a new one where that is lent to somebody else.
    pub(super) fn lend(&mut self, spare: &mut Vec<u8>) {
        if self.is_lent() {
            return;
        }
        let mut lent = std::mem::take(spare);
        lent.resize(LENT_BYTES, 0);
        let kept = self.end - self.start;
        lent[..kept].copy_from_slice(&self.bytes[self.start..self.end]);
        (self.bytes, self.start, self.end) = (lent, 0, kept);
    }

    /// Keeps only what has not been taken, and gives the large buffer back.
    pub(super) fn settle(&mut self, spare: &mut Vec<u8>) {
        if self.is_lent() {
            let kept = self.data().to_vec();
            (self.start, self.end) = (0, kept.len());
            *spare = std::mem::replace(&mut self.bytes, kept);
        }
    }

    fn is_lent(&self) -> bool {
        self.bytes.len() == LENT_BYTES
    }

    pub(super) fn data(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes bytes from the front.
    pub(super) fn take(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Where the next bytes go; empty when a whole head could be waiting already.
    pub(super) fn room(&mut self) -> &mut [u8] {
        let held = self.end - self.start;
        if held >= HEAD_BYTES_MAX {
            return &mut [];
        }
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, held);
        }
        &mut self.bytes[self.end..]
    }

    /// Notes that so many bytes were put into [`Input::room`].
    pub(super) fn added(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Bytes of memory.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(input: &mut Input, bytes: &[u8]) {
        input.room()[..bytes.len()].copy_from_slice(bytes);
        input.added(bytes.len());
    }

    #[test]
    fn what_is_not_taken_stays_and_nothing_more_is_held() {
        let (mut input, mut spare) = (Input::default(), Vec::new());
        input.lend(&mut spare);
        add(&mut input, b"abcdef");
        input.take(2);
        assert_eq!(input.data(), b"cdef");
        input.settle(&mut spare);
        assert_eq!((spare.len(), input.data(), input.held()), (LENT_BYTES, b"cdef".as_slice(), 4));
        input.lend(&mut spare);
        assert_eq!(spare.len(), 0);
        add(&mut input, b"gh");
        assert_eq!(input.data(), b"cdefgh");
        input.take(100);
        assert!(input.is_empty());
        input.settle(&mut spare);
        assert_eq!(input.held(), 0);
    }

    #[test]
    fn there_is_room_for_a_whole_head_and_no_more() {
        let mut input = Input::default();
        input.lend(&mut Vec::new());
        while !input.room().is_empty() {
            let room = input.room().len().min(1_000);
            input.added(room);
        }
        assert!((HEAD_BYTES_MAX..=LENT_BYTES).contains(&input.data().len()));
        input.take(1);
        input.take(input.data().len() - 10);
        assert_eq!(input.room().len(), LENT_BYTES - 10);
    }
}
