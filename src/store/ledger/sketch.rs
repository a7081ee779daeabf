//! How many different people there were in a day: their marks while they are few, an estimate from then on.
//!
//! The estimate is a HyperLogLog. The first bits of a mark choose a register, which keeps the longest run of zeros that
//! the rest of any mark began with. Two sketches of one day are joined without counting anybody twice. Marks of
//! different days have nothing in common, so neither have sketches of different days.
//!
//! # Source
//! Flajolet and others, "HyperLogLog", 2007; the estimate is that of Ertl, "New cardinality estimation algorithms for
//! HyperLogLog sketches", 2017, algorithm 6, which is right for any number of people.

use crate::limits::MARKS_LISTED_MAX;

/// Whose people are counted. Sums of many links see more of them, and have more room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Scope {
    Link,
    /// All links of a user.
    Owner,
    /// All links of everybody.
    Site,
}

impl Scope {
    /// Bits of a mark that choose a register: 1,024 registers are 3 % off at most times, 4,096 half of that.
    const fn bits(self) -> u32 {
        match self {
            Scope::Link => LINK_BITS,
            Scope::Owner | Scope::Site => SUM_BITS,
        }
    }
}

const LINK_BITS: u32 = 10;
const SUM_BITS: u32 = 12;
/// A register says where the first one stands among 22 bits at most, or that there is none: 23 fits five bits.
const REGISTER_BITS: usize = 5;

const fn packed_bytes(bits: u32) -> usize {
    (1 << bits) * REGISTER_BITS / 8
}

// Lists and registers are told apart by their length.
const _: () = assert!(MARKS_LISTED_MAX * 4 < packed_bytes(LINK_BITS));

/// Different people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Sketch {
    /// At most [`MARKS_LISTED_MAX`] of them, sorted.
    Marks(Vec<u32>),
    /// A byte each.
    Registers(Vec<u8>),
}

impl Sketch {
    pub(in crate::store) const fn empty() -> Sketch {
        Sketch::Marks(Vec::new())
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        *self == Sketch::empty()
    }

    /// Adds somebody.
    pub(in crate::store) fn insert(&mut self, mark: u32, scope: Scope) {
        match self {
            Sketch::Marks(marks) => {
                if let Err(at) = marks.binary_search(&mark) {
                    marks.insert(at, mark);
                }
                if marks.len() > MARKS_LISTED_MAX {
                    let marks = std::mem::take(marks);
                    let mut registers = vec![0; 1 << scope.bits()];
                    marks.into_iter().for_each(|mark| note(&mut registers, mark));
                    *self = Sketch::Registers(registers);
                }
            }
            Sketch::Registers(registers) => note(registers, mark),
        }
    }

    /// Adds those of another part of the same day.
    pub(in crate::store) fn join(&mut self, other: &Sketch, scope: Scope) {
        match (&mut *self, other) {
            (_, Sketch::Marks(marks)) => marks.iter().for_each(|mark| self.insert(*mark, scope)),
            (Sketch::Marks(marks), Sketch::Registers(registers)) => {
                let mut registers = registers.clone();
                marks.iter().for_each(|mark| note(&mut registers, *mark));
                *self = Sketch::Registers(registers);
            }
            (Sketch::Registers(mine), Sketch::Registers(others)) => {
                mine.iter_mut().zip(others).for_each(|(mine, other)| *mine = (*mine).max(*other));
            }
        }
    }

    /// How many there are: exactly, but for two with the same mark, or nearly.
    pub(in crate::store) fn count(&self) -> u64 {
        match self {
            Sketch::Marks(marks) => marks.len() as u64,
            Sketch::Registers(registers) => estimate(registers),
        }
    }

    /// Marks as four bytes each, or registers as five bits each, the lowest first.
    pub(in crate::store) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Sketch::Marks(marks) => marks.iter().flat_map(|mark| mark.to_le_bytes()).collect(),
            Sketch::Registers(registers) => {
                let mut bytes = vec![0; registers.len() * REGISTER_BITS / 8];
                for (at, register) in registers.iter().enumerate() {
                    let (byte, shift) = (at * REGISTER_BITS / 8, at * REGISTER_BITS % 8);
                    let [low, high] = (u16::from(*register) << shift).to_le_bytes();
                    bytes[byte] |= low;
                    if high > 0 {
                        bytes[byte + 1] |= high;
                    }
                }
                bytes
            }
        }
    }

    /// Reads what [`Sketch::to_bytes`] wrote. `None` when it can have written nothing like it.
    pub(in crate::store) fn from_bytes(bytes: &[u8]) -> Option<Sketch> {
        if bytes.len() <= MARKS_LISTED_MAX * 4 {
            let (marks, rest) = bytes.as_chunks::<4>();
            let marks: Vec<u32> = marks.iter().map(|mark| u32::from_le_bytes(*mark)).collect();
            return (rest.is_empty() && marks.is_sorted_by(|a, b| a < b)).then_some(Sketch::Marks(marks));
        }
        let bits = [LINK_BITS, SUM_BITS].into_iter().find(|bits| bytes.len() == packed_bytes(*bits))?;
        let register = |at: usize| {
            let (byte, shift) = (at * REGISTER_BITS / 8, at * REGISTER_BITS % 8);
            let high = bytes.get(byte + 1).copied().unwrap_or_default();
            (u16::from_le_bytes([bytes[byte], high]) >> shift) as u8 & 0x1f
        };
        let registers: Vec<u8> = (0..1 << bits).map(register).collect();
        registers.iter().all(|register| u32::from(*register) <= 33 - bits).then_some(Sketch::Registers(registers))
    }
}

/// Notes a mark in its register.
fn note(registers: &mut [u8], mark: u32) {
    let bits = registers.len().trailing_zeros();
    // There are 2^10 or 2^12 registers, and the rest of a mark is shorter than 32 bits.
    let at = (mark >> (32 - bits)) as usize;
    let zeros = (mark << bits).leading_zeros().min(32 - bits) as u8;
    registers[at] = registers[at].max(zeros + 1);
}

/// Algorithm 6 of the source, with its names.
fn estimate(registers: &[u8]) -> u64 {
    let m = registers.len() as f64;
    let q = 32 - registers.len().trailing_zeros() as usize;
    let mut counts = [0_u32; 34];
    registers.iter().for_each(|register| counts[usize::from(*register).min(q + 1)] += 1);
    let mut z = m * tau(1.0 - f64::from(counts[q + 1]) / m);
    for count in counts[1..=q].iter().rev() {
        z = 0.5 * (z + f64::from(*count));
    }
    z += m * sigma(f64::from(counts[0]) / m);
    let alpha = 0.5 / std::f64::consts::LN_2;
    // Never below zero nor near the end of the numbers.
    (alpha * m * m / z).round() as u64
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z, mut before) = (1.0, x, f64::NAN);
    while z != before {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    }
    z
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z, mut before) = (1.0, 1.0 - x, f64::NAN);
    while z != before {
        x = x.sqrt();
        before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
    }
    z / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::hex;
    use crate::store::tests::Xorshift;

    fn of(marks: impl IntoIterator<Item = u32>, scope: Scope) -> Sketch {
        let mut sketch = Sketch::empty();
        marks.into_iter().for_each(|mark| sketch.insert(mark, scope));
        sketch
    }

    /// So many marks, spread as those of a hash are.
    fn marks(count: usize, seed: u64) -> Vec<u32> {
        let mut random = Xorshift(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (0..count).map(|_| random.below(1 << 32) as u32).collect()
    }

    #[test]
    fn few_are_counted_exactly_and_many_within_the_error_of_their_registers() {
        for scope in [Scope::Link, Scope::Owner, Scope::Site] {
            // Five standard errors: one of a million sketches is further off.
            let error = 5.0 * 1.04 / f64::from(1_u32 << scope.bits()).sqrt();
            for count in [0, 1, 2, 95, 96, 97, 200, 1_000, 5_000, 20_000, 100_000, 1_000_000] {
                for seed in 1..=3 {
                    let all = marks(count, seed);
                    let sketch = of(all.iter().chain(&all).copied(), scope);
                    let (found, count) = (sketch.count() as f64, count as f64);
                    let off = (found - count).abs();
                    let is_right = if count <= 96.0 { off == 0.0 } else { off <= error * count };
                    assert!(is_right, "{scope:?}: {found} for {count} of seed {seed}");
                }
            }
        }
    }

    #[test]
    fn on_average_an_estimate_is_neither_high_nor_low() {
        let mut sum = 0;
        (1..=100).for_each(|seed| sum += of(marks(3_000, seed), Scope::Link).count());
        // A tenth of the error of one.
        assert!((297_000..303_000).contains(&sum), "{sum}");
    }

    #[test]
    fn parts_of_a_day_join_to_the_sketch_of_the_whole_in_any_order() {
        for (first, second) in [(0, 0), (10, 0), (0, 300), (60, 60), (90, 300), (300, 90), (5_000, 7_000)] {
            let all = marks(first + second, 7);
            // Some are in both.
            let (a, b) = (&all[..first + second / 3], &all[first..]);
            for scope in [Scope::Link, Scope::Site] {
                let whole = of(all.iter().copied(), scope);
                let parts = [of(a.iter().copied(), scope), of(b.iter().copied(), scope)];
                for (one, other) in [(0, 1), (1, 0)] {
                    let mut joined = parts[one].clone();
                    joined.join(&parts[other], scope);
                    joined.join(&parts[one], scope);
                    assert_eq!(joined, whole, "{first} {second}");
                }
            }
        }
    }

    #[test]
    fn sketches_have_their_bytes() {
        assert_eq!(hex(&of([7, 258, 7, u32::MAX], Scope::Link).to_bytes()), "0700000002010000ffffffff");
        let mut registers = vec![0; 1024];
        note(&mut registers, 1 << 21); // register 0, the first bit of the rest
        note(&mut registers, (1 << 22) | 1); // register 1, the last bit of the rest
        note(&mut registers, 2 << 22); // register 2, none
        assert_eq!(registers[..4], [1, 22, 23, 0]);
        let bytes = Sketch::Registers(registers).to_bytes();
        assert_eq!((bytes.len(), hex(&bytes[..4])), (640, "c15e0000".to_owned()));
        for count in [0, 1, 96, 97, 10_000] {
            for (scope, len) in [(Scope::Link, 640), (Scope::Owner, 2560)] {
                let sketch = of(marks(count, 3), scope);
                let bytes = sketch.to_bytes();
                assert_eq!(bytes.len(), if count > 96 { len } else { count * 4 });
                assert_eq!(Sketch::from_bytes(&bytes), Some(sketch));
            }
        }
    }

    #[test]
    fn bytes_of_no_sketch_are_refused() {
        for bytes in [&[1][..], &[0; 5], &[0; 8], &[9, 0, 0, 0, 8, 0, 0, 0], &[0; 388], &[0; 639], &[0; 2561]] {
            assert_eq!(Sketch::from_bytes(bytes), None, "{} bytes", bytes.len());
        }
        assert_eq!(Sketch::from_bytes(&[0xff; 640]), None, "no register says 31");
        let mut random = Xorshift(5);
        for _ in 0..2_000 {
            let len = [random.below(400), 640, 2560][random.below(3) as usize];
            let bytes: Vec<u8> = (0..len).map(|_| random.below(256) as u8 & 0x14).collect();
            if let Some(mut sketch) = Sketch::from_bytes(&bytes) {
                assert!(sketch.count() < 1 << 40);
                sketch.insert(u32::MAX, Scope::Site);
            }
        }
    }
}
