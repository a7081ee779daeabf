//! Many clicks in few bytes: blocks of the log, and segments of one link.
//!
//! A block is `2`, a u16 count, then for each click how far its link's key is from the last one's, the click, and a
//! person's marks (three u32: link, owner, site; zeros for none), which a block of version 1 has not. A segment is `1`, a
//! u16 count, the times of its first and last click (two i64), then the clicks. Both end in the checksum of [`record`]. A
//! click is
//!
//! - how many ms it came after the one before it (the first: after 1970, or after the segment's first time), zigzag,
//! - the numbers of its referrer and its agent in the dictionary,
//! - one byte: class in bits 0–1, reason in 2–4, kind of address in 5–7 (see [`push_address`]),
//! - the bytes of the address.
//!
//! Numbers are varints of seven bits a byte, the lowest first; those of fixed width are little-endian.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use crate::limits::{CLICK_BLOCK_BYTES_MAX, CLICK_SEGMENT_BYTES_MAX};
use crate::store::error::Error;
use crate::store::record;
use crate::visitor::marks::Marks;
use crate::visitor::{AddressPolicy, Class, Reason};

const BLOCK_VERSION: u8 = 2;
/// Nobody was told apart.
const BLOCK_VERSION_WITHOUT_MARKS: u8 = 1;
const SEGMENT_VERSION: u8 = 1;
const SEGMENT_VERSIONS: RangeInclusive<u8> = SEGMENT_VERSION..=SEGMENT_VERSION;
/// Version and count.
const BLOCK_HEAD_BYTES: usize = 3;
/// The same and two times.
const SEGMENT_HEAD_BYTES: usize = 19;
const CHECKSUM_BYTES: usize = 4;
/// The longest click: time 10, numbers 5 and 5, the byte of kinds, address 16.
const CLICK_BYTES_MAX: usize = 37;
/// The longest step from one link's key to another's.
const KEY_BYTES_MAX: usize = 10;
const MARKS_BYTES: usize = 12;
/// The longest click with the key of its link.
pub(super) const ENTRY_BYTES_MAX: usize = KEY_BYTES_MAX + CLICK_BYTES_MAX + MARKS_BYTES;

/// A click as it is kept, its texts as numbers in the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Packed {
    pub(in crate::store) at_ms: i64,
    pub(in crate::store) referrer: u32,
    pub(in crate::store) agent: u32,
    pub(in crate::store) class: Class,
    pub(in crate::store) reason: Reason,
    pub(in crate::store) address: Option<IpAddr>,
}

impl Packed {
    /// True when it has more than the network of its visitor.
    pub(in crate::store) fn has_whole_address(&self) -> bool {
        self.address.is_some_and(|address| AddressPolicy::Shorten.apply(address) != Some(address))
    }
}

/// A click in the log, with the key of its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Entry {
    pub(in crate::store) key: u64,
    pub(in crate::store) packed: Packed,
    pub(in crate::store) marks: Option<Marks>,
}

/// Where the step to the next click begins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Last {
    key: u64,
    at_ms: i64,
}

pub(super) fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // The lowest seven bits, and a mark that more follow.
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The kind of an address, and its bytes: those that shortening has made zero are left out.
///
/// 0 none; 1 IPv4 without its last byte; 2 IPv4; 3 the first six bytes of IPv6; 4 IPv6.
fn push_address(out: &mut Vec<u8>, address: Option<IpAddr>) -> u8 {
    match address {
        None => 0,
        Some(IpAddr::V4(v4)) => match v4.octets() {
            [a, b, c, 0] => {
                out.extend([a, b, c]);
                1
            }
            all => {
                out.extend(all);
                2
            }
        },
        Some(IpAddr::V6(v6)) => match v6.octets().split_at(6) {
            (network, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) => {
                out.extend(network);
                3
            }
            _ => {
                out.extend(v6.octets());
                4
            }
        },
    }
}

fn push_click(out: &mut Vec<u8>, before_ms: i64, click: &Packed) {
    push_varint(out, zigzag(click.at_ms.wrapping_sub(before_ms)));
    push_varint(out, click.referrer.into());
    push_varint(out, click.agent.into());
    let at = out.len();
    out.push(click.class as u8 | (click.reason as u8) << 2);
    out[at] |= push_address(out, click.address) << 5;
}

fn push_marks(out: &mut Vec<u8>, marks: Option<Marks>) {
    let Marks { link, owner, site } = marks.unwrap_or(Marks { link: 0, owner: 0, site: 0 });
    [link, owner, site].into_iter().for_each(|mark| out.extend(mark.to_le_bytes()));
}

pub(super) fn push_entry(out: &mut Vec<u8>, last: &mut Last, entry: &Entry) {
    push_varint(out, entry.key.wrapping_sub(last.key));
    push_click(out, last.at_ms, &entry.packed);
    if entry.packed.class == Class::Human {
        push_marks(out, entry.marks);
    }
    *last = Last { key: entry.key, at_ms: entry.packed.at_ms };
}

/// What is left to read. `None` from any of its functions: the bytes end too early, or mean nothing.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.take()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn address(&mut self, kind: u8) -> Option<Option<IpAddr>> {
        Some(match kind {
            0 => None,
            1 => self.take().map(|[a, b, c]| Some(Ipv4Addr::new(a, b, c, 0).into()))?,
            2 => Some(Ipv4Addr::from(self.take::<4>()?).into()),
            3 => {
                let mut octets = [0; 16];
                octets[..6].copy_from_slice(&self.take::<6>()?);
                Some(Ipv6Addr::from(octets).into())
            }
            4 => Some(Ipv6Addr::from(self.take::<16>()?).into()),
            _ => return None,
        })
    }

    fn click(&mut self, before_ms: i64) -> Option<Packed> {
        let at_ms = before_ms.wrapping_add(unzigzag(self.varint()?));
        let (referrer, agent) = (self.varint()?.try_into().ok()?, self.varint()?.try_into().ok()?);
        let [kinds] = self.take()?;
        let (class, reason) = (Class::from_code(kinds & 3), Reason::from_code(kinds >> 2 & 7));
        Some(Packed { at_ms, referrer, agent, class, reason, address: self.address(kinds >> 5)? })
    }

    fn marks(&mut self) -> Option<Option<Marks>> {
        let mut mark = || self.take().map(u32::from_le_bytes);
        let marks = Marks { link: mark()?, owner: mark()?, site: mark()? };
        Some((marks != Marks { link: 0, owner: 0, site: 0 }).then_some(marks))
    }

    pub(super) fn entry(&mut self, last: &mut Last, has_marks: bool) -> Option<Entry> {
        let key = last.key.wrapping_add(self.varint()?);
        let packed = self.click(last.at_ms)?;
        let marks = if has_marks && packed.class == Class::Human { self.marks()? } else { None };
        *last = Last { key, at_ms: packed.at_ms };
        Some(Entry { key, packed, marks })
    }

    /// Version, when it is a known one, and count.
    fn head(&mut self, known: RangeInclusive<u8>) -> Option<(u8, u16)> {
        let [version, low, high] = self.take()?;
        known.contains(&version).then_some((version, u16::from_le_bytes([low, high])))
    }
}

/// Packs clicks into blocks without their checksums. They need no order, but take fewer bytes in that of their keys.
pub(in crate::store) fn blocks(clicks: impl Iterator<Item = Entry>) -> Vec<Vec<u8>> {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let (mut count, mut last) = (0_u16, Last::default());
    for entry in clicks {
        let room = CLICK_BLOCK_BYTES_MAX - CHECKSUM_BYTES - ENTRY_BYTES_MAX;
        if blocks.last().is_none_or(|block| block.len() > room) {
            let mut block = Vec::with_capacity(CLICK_BLOCK_BYTES_MAX);
            block.extend([BLOCK_VERSION, 0, 0]);
            blocks.push(block);
            (count, last) = (0, Last::default());
        }
        let Some(block) = blocks.last_mut() else { break };
        push_entry(block, &mut last, &entry);
        // A click has five bytes at least, so a block holds fewer than a thousand.
        count += 1;
        block[1..BLOCK_HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
    }
    blocks
}

/// Reads a block of the log.
///
/// # Errors
/// [`Error::damaged`]; nothing of the block is known then.
pub(in crate::store) fn read_block(key: &[u8], raw: &[u8]) -> Result<Vec<Entry>, Error> {
    const TABLE: &str = "click_log";
    let mut bytes = Bytes(record::unseal_bytes(TABLE, key, raw)?);
    let read = |bytes: &mut Bytes<'_>| {
        let (version, count) = bytes.head(BLOCK_VERSION_WITHOUT_MARKS..=BLOCK_VERSION)?;
        let (mut clicks, mut last) = (Vec::new(), Last::default());
        for _ in 0..count {
            clicks.push(bytes.entry(&mut last, version == BLOCK_VERSION)?);
        }
        bytes.0.is_empty().then_some(clicks)
    };
    read(&mut bytes).ok_or_else(|| Error::damaged(TABLE, key, "not a block of clicks"))
}

const SEGMENTS: &str = "click_seg";

/// A segment that is being written.
pub(in crate::store) struct Segment {
    bytes: Vec<u8>,
}

impl Segment {
    /// An empty one that will begin with `first`.
    pub(in crate::store) fn new(first: &Packed) -> Segment {
        let mut bytes = Vec::with_capacity(CLICK_SEGMENT_BYTES_MAX);
        bytes.extend([SEGMENT_VERSION, 0, 0]);
        bytes.extend(first.at_ms.to_le_bytes());
        bytes.extend(first.at_ms.to_le_bytes());
        Segment { bytes }
    }

    /// One that was written, to go on with.
    ///
    /// # Errors
    /// [`Error::damaged`].
    pub(in crate::store) fn reopen(key: &[u8], raw: &[u8]) -> Result<Segment, Error> {
        let bytes = record::unseal_bytes(SEGMENTS, key, raw)?;
        if bytes.len() < SEGMENT_HEAD_BYTES || bytes[0] != SEGMENT_VERSION {
            return Err(Error::damaged(SEGMENTS, key, "not a segment of clicks"));
        }
        Ok(Segment { bytes: bytes.to_vec() })
    }

    /// True when it may have no room for another click.
    pub(in crate::store) fn is_full(&self) -> bool {
        self.bytes.len() > CLICK_SEGMENT_BYTES_MAX - CHECKSUM_BYTES - CLICK_BYTES_MAX
    }

    pub(in crate::store) fn push(&mut self, click: &Packed) {
        let mut last = [0; 8];
        last.copy_from_slice(&self.bytes[11..SEGMENT_HEAD_BYTES]);
        push_click(&mut self.bytes, i64::from_le_bytes(last), click);
        // A click has four bytes at least, so a segment holds fewer than five hundred.
        let count = u16::from_le_bytes([self.bytes[1], self.bytes[2]]) + 1;
        self.bytes[1..3].copy_from_slice(&count.to_le_bytes());
        self.bytes[11..SEGMENT_HEAD_BYTES].copy_from_slice(&click.at_ms.to_le_bytes());
    }

    /// Its bytes with their checksum.
    pub(in crate::store) fn seal(mut self, key: &[u8]) -> Vec<u8> {
        record::seal_bytes(key, &mut self.bytes);
        self.bytes
    }
}

/// Clicks in a segment, as its head says; 0 when it has none.
pub(in crate::store) fn count(raw: &[u8]) -> u32 {
    Bytes(raw).head(SEGMENT_VERSIONS).map_or(0, |(_, count)| count.into())
}

/// Reads a segment: clicks in the order in which they came.
///
/// # Errors
/// [`Error::damaged`].
pub(in crate::store) fn read_segment(key: &[u8], raw: &[u8]) -> Result<Vec<Packed>, Error> {
    let mut bytes = Bytes(record::unseal_bytes(SEGMENTS, key, raw)?);
    let read = |bytes: &mut Bytes<'_>| {
        let mut clicks = Vec::new();
        let (_, count) = bytes.head(SEGMENT_VERSIONS)?;
        let (mut last_ms, _) = (i64::from_le_bytes(bytes.take()?), bytes.take::<8>()?);
        for _ in 0..count {
            let click = bytes.click(last_ms)?;
            last_ms = click.at_ms;
            clicks.push(click);
        }
        bytes.0.is_empty().then_some(clicks)
    };
    read(&mut bytes).ok_or_else(|| Error::damaged(SEGMENTS, key, "not a segment of clicks"))
}

#[cfg(test)]
mod tests;
