//! Rounds of tests that go by chance: so many, each with a seed of its own, and one that fails says how it is repeated.
//!
//! Here for the store's tests; those of the whole program read this file too.

/// Runs as many rounds as asked for, `usual` if nobody asks: `LINKJAR_CRASH_ROUNDS` is their number, and
/// `LINKJAR_CRASH_SEED` the seed of the first.
pub(crate) fn rounds(usual: u64, mut check: impl FnMut(u64)) {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first: u64 = asked("LINKJAR_CRASH_SEED").unwrap_or(1);
    for round in 0..asked("LINKJAR_CRASH_ROUNDS").unwrap_or(usual) {
        let current = Round { seed: first.wrapping_add(round) };
        check(current.seed);
    }
}

struct Round {
    seed: u64,
}

impl Drop for Round {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat this round alone: LINKJAR_CRASH_SEED={} LINKJAR_CRASH_ROUNDS=1", self.seed);
        }
    }
}
