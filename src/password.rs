//! Password: which ones we take, and the hashes that we keep of them.
//!
//! Apart because Argon2 wants more memory and time than everything else a request does. [`Hasher`] is the only way to
//! it, and lets few in at a time. Nothing here cuts, trims or folds a password: what was sent is what is hashed.
//! Salts are handed in; accounts, limits on tries and what a wrong password looks like are left to others.

use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;

use gate::Gate;

use crate::limits::{ADMINISTRATOR_PASSWORD_CHARS_MIN, HASH_WAIT, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};

mod gate;

/// Digits from which a password of nothing else is taken: 10^16 are as many as 8 random characters in 100 kinds.
const DIGITS_ALONE_MIN: usize = 16;

/// Characters from which a name counts when it is only part of a password: shorter ones are in too many words.
const CONTEXT_CHARS_MIN: usize = 4;

/// Bytes in a salt (RFC 9106, section 3.1).
pub(crate) const SALT_BYTES: usize = 16;

/// Bytes in a hash (RFC 9106, section 4: 256 bits).
const HASH_BYTES: usize = 32;

/// The most that a stored hash may ask for. Anything above was not written by us.
const COST_MAX: Cost = Cost { memory_kib: 256 * 1024, passes: 16, lanes: 4 };

/// Common passwords of at least [`PASSWORD_CHARS_MIN`] characters: lower case, sorted, one per line.
///
/// # Source
/// `common-passwords.txt.gz` of Django 5.2 (BSD-3-Clause), made by Royce Williams from leaked passwords,
/// <https://gist.github.com/roycewilliams/226886fd01572964e1431ac8afc999ce>; shorter entries and those with anything
/// but visible ASCII are left out.
static COMMON: LazyLock<Vec<&'static str>> = LazyLock::new(|| include_str!("password/common.txt").lines().collect());

/// What we keep of a password: a PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PasswordHash(String);

/// Whose password it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    User,
    Administrator,
}

/// Why a password is not taken; its `Display` is the sentence at the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordError {
    /// Fewer than `min` code points.
    TooShort { min: usize },
    /// More than [`PASSWORD_BYTES_MAX`] bytes.
    TooLong,
    /// Among the first that anybody tries.
    Common,
    /// Nothing but digits, and fewer than 16.
    OnlyDigits,
    /// The person's or the site's name, or little more.
    LikeYou,
}

/// What one hash costs us, and whoever guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

/// What came of comparing a password with a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    /// Right, but the hash was made at less cost than today's: time to write a new one.
    RightButOutdated,
    Wrong,
}

/// Why there is no hash and no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HasherError {
    /// Too many are hashing or waiting; trying again in a moment may do.
    Busy,
    /// The stored hash is damaged, or asks for more than we would ever spend.
    BadHash,
    /// No memory for the hash, or a cost that Argon2 does not know.
    Failed,
}

/// Makes and compares hashes, few at a time, in memory that is used again.
///
/// # Invariants
/// At most as many hashes run as were allowed, each in one block of memory; between hashes, no block is larger than
/// `cost` needs.
pub(crate) struct Hasher {
    gate: Gate,
    cost: Cost,
    idle: Mutex<Vec<Vec<Block>>>,
}

/// Whether `password` may become the password of an account.
///
/// `context` holds what others know of the account: user name, e-mail and its local part, site name, host, product.
/// A password is too much like one of these when both are equal, or one contains the other and the word from the
/// context has at least four characters that make up more than half of the password. Case is ignored.
///
/// # Errors
/// The first [`PasswordError`] that applies.
/// # Source
/// NIST SP 800-63B-4, section 3.1.1.2: length and a list of common ones, no rules of composition.
pub(crate) fn check(password: &str, strength: Strength, context: &[&str]) -> Result<(), PasswordError> {
    let min = strength.chars_min();
    let chars = password.chars().count();
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    if chars < min {
        return Err(PasswordError::TooShort { min });
    }
    let folded = password.to_lowercase();
    if COMMON.binary_search(&folded.as_str()).is_ok() {
        return Err(PasswordError::Common);
    }
    if chars < DIGITS_ALONE_MIN && password.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PasswordError::OnlyDigits);
    }
    if context.iter().any(|word| is_like(&folded, &word.to_lowercase())) {
        return Err(PasswordError::LikeYou);
    }
    Ok(())
}

fn is_like(password: &str, word: &str) -> bool {
    // The word itself, and the word over and over.
    if !word.is_empty() && password.chars().zip(word.chars().cycle()).all(|(a, b)| a == b) {
        return true;
    }
    let word_chars = word.chars().count();
    let contains = password.contains(word) || word.contains(password);
    contains && word_chars >= CONTEXT_CHARS_MIN && word_chars * 2 > password.chars().count()
}

impl Hasher {
    /// A hasher that runs `at_once` hashes and admits `admitted_max` in all, waiting ones included.
    ///
    /// Both are at least one.
    pub(crate) fn new(at_once: usize, admitted_max: usize, cost: Cost) -> Hasher {
        let wait_max = HASH_WAIT;
        Hasher { gate: Gate::new(at_once, admitted_max, wait_max), cost, idle: Mutex::new(Vec::new()) }
    }

    /// Gives the memory kept between hashes back; the next hash takes it anew.
    pub(crate) fn release_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Hashes a new password with a fresh random salt.
    ///
    /// # Errors
    /// [`HasherError::Busy`] when no place was free in time; [`HasherError::Failed`] when memory ran out.
    pub(crate) fn hash(&self, password: &str, salt: [u8; SALT_BYTES]) -> Result<PasswordHash, HasherError> {
        let mut hash = [0; HASH_BYTES];
        self.run(password, &salt, self.cost, &mut hash)?;
        PasswordHash::write(self.cost, &salt, &hash).ok_or(HasherError::Failed)
    }

    /// Compares a password with the hash of an account, or with nothing for an account that does not exist.
    ///
    /// Argon2 runs once in any case, so that the time does not tell which accounts exist.
    ///
    /// # Errors
    /// [`HasherError::Busy`] when no place was free in time; [`HasherError::BadHash`] when `stored` is not one of our
    /// hashes or asks for more than 256 MiB, 16 passes or 4 lanes; [`HasherError::Failed`] when memory ran out.
    pub(crate) fn verify(&self, password: &str, stored: Option<&PasswordHash>) -> Result<Verdict, HasherError> {
        let Some(parts) = stored.and_then(PasswordHash::read) else {
            self.run(password, &[0; SALT_BYTES], self.cost, &mut [0; HASH_BYTES])?;
            return stored.map_or(Ok(Verdict::Wrong), |_| Err(HasherError::BadHash));
        };
        let expected = parts.hash.as_bytes();
        let mut hash = [0; phc::Output::MAX_LENGTH];
        let hash = hash.get_mut(..expected.len()).ok_or(HasherError::BadHash)?;
        self.run(password, parts.salt.as_ref(), parts.cost, hash)?;
        let is_right: bool = hash.ct_eq(expected).into();
        Ok(match is_right {
            false => Verdict::Wrong,
            true if parts.is_outdated(self.cost) => Verdict::RightButOutdated,
            true => Verdict::Right,
        })
    }

    /// One run of Argon2, as soon as there is a place.
    fn run(&self, password: &str, salt: &[u8], cost: Cost, hash: &mut [u8]) -> Result<(), HasherError> {
        let _place = self.gate.enter().ok_or(HasherError::Busy)?;
        let params = cost.params(hash.len()).ok_or(HasherError::Failed)?;
        let mut memory = self.take_memory(params.block_count())?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let outcome = argon2.hash_password_into_with_memory(password.as_bytes(), salt, hash, memory.as_mut_slice());
        self.keep_memory(memory);
        outcome.map_err(|_| HasherError::Failed)
    }

    /// Memory of at least `blocks` blocks, used before if there is any.
    fn take_memory(&self, blocks: usize) -> Result<Vec<Block>, HasherError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = idle.unwrap_or_default();
        let missing = blocks.saturating_sub(memory.len());
        memory.try_reserve_exact(missing).map_err(|_| HasherError::Failed)?;
        memory.resize(memory.len() + missing, Block::new());
        Ok(memory)
    }

    /// Lays memory aside for the next hash, less what an unusually costly one had added.
    fn keep_memory(&self, mut memory: Vec<Block>) {
        let usual = self.cost.params(HASH_BYTES).map_or(0, |params| params.block_count());
        memory.truncate(usual);
        memory.shrink_to_fit();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

impl Cost {
    /// What new hashes cost.
    ///
    /// # Source
    /// OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, 2 passes and 1 lane.
    pub(crate) const USUAL: Cost = Cost { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    fn params(self, hash_bytes: usize) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(hash_bytes)).ok()
    }

    /// Whether we would spend this on a stored hash; the lower bounds are Argon2's own.
    fn is_bearable(self) -> bool {
        (1..=COST_MAX.lanes).contains(&self.lanes)
            && (1..=COST_MAX.passes).contains(&self.passes)
            && (8 * self.lanes..=COST_MAX.memory_kib).contains(&self.memory_kib)
    }
}

/// The parameters as a PHC string has them.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}

/// A stored hash taken apart.
struct Parts {
    cost: Cost,
    salt: phc::Salt,
    hash: phc::Output,
}

impl Parts {
    fn is_outdated(&self, today: Cost) -> bool {
        self.cost.memory_kib < today.memory_kib
            || self.cost.passes < today.passes
            || self.salt.as_ref().len() < SALT_BYTES
            || self.hash.len() < HASH_BYTES
    }
}

impl PasswordHash {
    /// A hash from the data file. Whether it is one shows when it is used.
    pub(crate) fn from_stored(text: String) -> PasswordHash {
        PasswordHash(text)
    }

    /// The PHC string, for the data file only.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn write(cost: Cost, salt: &[u8], hash: &[u8]) -> Option<PasswordHash> {
        let salt = phc::Salt::new(salt).ok()?;
        let hash = phc::Output::new(hash).ok()?;
        Some(PasswordHash(format!("$argon2id$v=19${cost}${salt}${hash}")))
    }

    /// Reads exactly what [`PasswordHash::write`] writes, at any bearable cost.
    fn read(&self) -> Option<Parts> {
        let phc = phc::PasswordHash::new(&self.0).ok()?;
        let part = |name| phc.params.get_decimal(name);
        let cost = Cost { memory_kib: part("m")?, passes: part("t")?, lanes: part("p")? };
        let is_ours = phc.algorithm.as_str() == "argon2id"
            && phc.version == Some(Version::V0x13.into())
            && phc.params.as_str() == cost.to_string();
        let parts = Parts { cost, salt: phc.salt?, hash: phc.hash? };
        (is_ours && cost.is_bearable()).then_some(parts)
    }
}

impl Strength {
    /// Code points in a password of this strength.
    pub(crate) fn chars_min(self) -> usize {
        match self {
            Strength::User => PASSWORD_CHARS_MIN,
            Strength::Administrator => ADMINISTRATOR_PASSWORD_CHARS_MIN,
        }
    }
}

/// Says nothing of the content, which must not reach a log.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordError::TooShort { min } => write!(f, "Use at least {min} characters."),
            PasswordError::TooLong => f.write_str("Use at most 1,024 bytes."),
            PasswordError::Common => f.write_str("This password is too common."),
            PasswordError::OnlyDigits => {
                write!(f, "Use letters too, or at least {DIGITS_ALONE_MIN} digits.")
            }
            PasswordError::LikeYou => f.write_str("This password is too much like your name or this site's."),
        }
    }
}

impl fmt::Display for HasherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HasherError::Busy => "too many passwords are being checked",
            HasherError::BadHash => "the stored password hash is damaged or its parameters are out of bounds",
            HasherError::Failed => "the password could not be hashed: not enough memory",
        })
    }
}

impl std::error::Error for PasswordError {}
impl std::error::Error for HasherError {}

#[cfg(test)]
mod tests;
