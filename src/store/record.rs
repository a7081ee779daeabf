//! How things look on disk: a version byte, then the bincode of exactly that version's struct.
//!
//! The only file that names bincode. bincode writes fields by position, so a struct here is frozen once a release
//! has written it: a change is a new struct with the next version, and `decode` learns to read both. The tests
//! below hold one value of every record against its bytes.
//!
//! Rows end in four more bytes, but for those of clicks in format 1: the CRC-32 of key, version and body. redb does not check its pages when it reads them; a flipped bit in a target would be a visitor sent to a
//! wrong place, and one in a session somebody else's account. With the key in the sum, a row that was swapped with
//! another is noticed too.

use std::fmt;

use bincode::Options;
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::RECORD_BYTES_MAX;
use crate::store::error::Error;
use crate::store::ledger::sketch::Sketch;

/// A struct that is kept on disk.
pub(super) trait Record: Serialize + DeserializeOwned {
    /// Stands in front of every value.
    const VERSION: u8;
    /// Named when a record is damaged.
    const TABLE: &'static str;

    /// Reads the body of a version before, if there was one.
    fn from_before(_version: u8, _body: &[u8]) -> Option<bincode::Result<Self>> {
        None
    }
}

fn options() -> impl Options {
    bincode::DefaultOptions::new().with_varint_encoding().with_limit(RECORD_BYTES_MAX).reject_trailing_bytes()
}

/// The bytes of a record.
///
/// # Errors
/// When the record is longer than [`RECORD_BYTES_MAX`].
pub(super) fn encode<R: Record>(record: &R) -> Result<Vec<u8>, Error> {
    let mut out = vec![R::VERSION];
    options().serialize_into(&mut out, record).map_err(|why| Error::damaged(R::TABLE, b"(new)", why))?;
    Ok(out)
}

/// Reads a record.
///
/// # Errors
/// [`Error::damaged`] when the version is unknown or the body is not exactly one record.
pub(super) fn decode<R: Record>(key: &[u8], raw: &[u8]) -> Result<R, Error> {
    let (&version, body) = raw.split_first().ok_or_else(|| Error::damaged(R::TABLE, key, "empty"))?;
    let read =
        read::<R>(version, body).ok_or_else(|| Error::damaged(R::TABLE, key, format!("unknown version {version}")))?;
    read.map_err(|why| Error::damaged(R::TABLE, key, why))
}

/// Reads the body of a record of any version that was ever written; `None` when there was none such.
fn read<R: Record>(version: u8, body: &[u8]) -> Option<bincode::Result<R>> {
    if version == R::VERSION { Some(options().deserialize(body)) } else { R::from_before(version, body) }
}

fn checksum(key: &[u8], record: &[u8]) -> [u8; 4] {
    let mut sum = crc32fast::Hasher::new();
    sum.update(key);
    sum.update(record);
    sum.finalize().to_le_bytes()
}

/// The bytes of a record with its checksum.
///
/// # Errors
/// As [`encode`].
pub(super) fn seal<R: Record>(key: &[u8], record: &R) -> Result<Vec<u8>, Error> {
    let mut out = encode(record)?;
    out.extend(checksum(key, &out));
    Ok(out)
}

/// Reads a record with its checksum.
///
/// # Errors
/// As [`decode`], and when the checksum is not that of this key and these bytes.
pub(super) fn unseal<R: Record>(key: &[u8], raw: &[u8]) -> Result<R, Error> {
    match raw.split_last_chunk::<4>() {
        Some((record, sum)) if *sum == checksum(key, record) => decode(key, record),
        _ => Err(Error::damaged(R::TABLE, key, "wrong checksum")),
    }
}

/// Reads the first fields of a record, as a tuple of them, and leaves the rest: a list in it may be long. Every version
/// of the record has to begin with them.
///
/// # Errors
/// As [`unseal`], as far as these fields go.
pub(super) fn unseal_head<R: Record, H: DeserializeOwned>(key: &[u8], raw: &[u8]) -> Result<H, Error> {
    match unseal_bytes(R::TABLE, key, raw)?.split_first() {
        Some((&version, body)) if (1..=R::VERSION).contains(&version) => {
            options().allow_trailing_bytes().deserialize(body).map_err(|why| Error::damaged(R::TABLE, key, why))
        }
        _ => Err(Error::damaged(R::TABLE, key, "unknown version")),
    }
}

/// Ends bytes that are no record, but packed in a way of their own, in the same checksum.
pub(super) fn seal_bytes(key: &[u8], bytes: &mut Vec<u8>) {
    let sum = checksum(key, bytes);
    bytes.extend(sum);
}

/// Reads what [`seal_bytes`] has ended.
///
/// # Errors
/// [`Error::damaged`] when the checksum is not that of this key and these bytes.
pub(super) fn unseal_bytes<'a>(table: &str, key: &[u8], raw: &'a [u8]) -> Result<&'a [u8], Error> {
    match raw.split_last_chunk::<4>() {
        Some((bytes, sum)) if *sum == checksum(key, bytes) => Ok(bytes),
        _ => Err(Error::damaged(table, key, "wrong checksum")),
    }
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident, version $version:literal of $table:literal $(after $before:ident)? {
        $($(#[$about:meta])* $field:ident: $kind:ty),* $(,)?
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            pub(super) struct $name { $($(#[$about])* pub(super) $field: $kind),* }
            impl Record for $name {
                const VERSION: u8 = $version;
                const TABLE: &'static str = $table;
                $(
                    fn from_before(version: u8, body: &[u8]) -> Option<bincode::Result<Self>> {
                        read::<$before>(version, body).map(|read| read.map(Into::into))
                    }
                )?
            }
        )*
    };
}

// Behind the macro, which it uses.
mod before;

use before::{LinkRecord1, OneTimeRecord1, RedirectRecord1, SettingsRecord2, SumRecord1, UserRecord1};

records! {
    UserRecord, version 2 of "user" after UserRecord1 {
        name: String,
        /// Empty, as is the password, of somebody who is removed.
        email: String,
        /// A PHC string.
        password: String,
        /// 0 user, 1 administrator.
        role: u8,
        created_ms: i64,
        last_login_ms: Option<i64>,
        /// 0 active, 1 disabled, 2 removed, 3 removed with all links.
        state: u8,
        /// Who looks after the links of somebody who is removed; nobody but administrators when there is none.
        keeper: Option<u32>,
    }
    SessionRecord, version 2 of "session" after SessionRecord1 {
        user: u32,
        created_ms: i64,
        seen_ms: i64,
        /// When the password was last given in it.
        confirmed_ms: i64,
        /// As a click's, at the visit that was noted last; 0 when not known.
        browser: u8,
        system: u8,
        /// Of the same visit. No bytes, 4 or 16.
        address: Vec<u8>,
    }
    SessionRecord1, version 1 of "session" { user: u32, created_ms: i64, seen_ms: i64 }
    LinkRecord, version 2 of "link" after LinkRecord1 {
        slug: String,
        target: String,
        title: String,
        enabled: bool,
        expires_ms: Option<i64>,
        created_ms: i64,
        updated_ms: i64,
        /// Slugs that it had before and that still lead where it leads, the oldest first.
        aliases: Vec<String>,
    }
    /// Where a link led until it led elsewhere.
    PastRecord, version 1 of "link_past" { until_ms: i64, target: String }
    RedirectRecord, version 2 of "redirect" after RedirectRecord1 {
        owner: u32,
        link: u32,
        enabled: bool,
        expires_ms: Option<i64>,
        /// `None` where a link has been; nobody but its owner gets the address.
        target: Option<String>,
    }
    /// Format 1 only: a click, one row each.
    ClickRecord, version 1 of "click" {
        at_ms: i64,
        class: u8,
        reason: u8,
        referrer: String,
        agent: String,
        /// No bytes, 4 or 16.
        address: Vec<u8>,
    }
    /// Format 1 only: what lists need of a link's clicks.
    TotalRecord, version 1 of "click_total" {
        /// Rows ever written; the next row's number.
        rows: u32,
        humans: u64,
        /// Bots and previews.
        bots: u64,
        last_ms: i64,
    }
    /// Format 1 only: people's clicks by referring host, browser and system.
    TallyRecord, version 1 of "click_tally" {
        referrers: Vec<(String, u64)>,
        referrers_other: u64,
        browsers: Vec<(u8, u64)>,
        systems: Vec<(u8, u64)>,
    }
    /// What lists need of a link's clicks, and where its single ones stand.
    SumRecord, version 2 of "roll_total" after SumRecord1 {
        humans: u64,
        /// Bots and previews.
        bots: u64,
        /// The earliest and the latest click of these; 0 for none.
        first_ms: i64,
        last_ms: i64,
        /// Segments: the oldest kept, and the one after the newest.
        segment_first: u32,
        segment_next: u32,
        /// Clicks in them.
        kept: u32,
        /// Clicks that were in segments once and are not any more, as far as that was counted.
        passed: u64,
    }
    /// What is counted of a user, or of the site, in all time.
    OverallRecord, version 1 of "roll_total" {
        humans: u64,
        bots: u64,
        /// The latest click of these; 0 for none.
        last_ms: i64,
        /// Those of them that are in no sum below this one any more: on links that were deleted.
        gone_humans: u64,
        gone_bots: u64,
    }
    /// The clicks of a link, a user or the site in one day, or on all of them. Pairs are sorted by what is counted. The
    /// counts and the hours stand first: often nothing else is read.
    RollRecord, version 2 of "roll_day" after RollRecord1 {
        humans: u64,
        bots: u64,
        /// People by hour of the day, UTC.
        hours: Vec<(u8, u64)>,
        /// Different people of the day as `sketch` has them; of all days the sum of theirs.
        visitors: u64,
        /// Bots by hour of the day.
        bot_hours: Vec<(u8, u64)>,
        /// Clicks that were none, because a browser was ahead of its user.
        prefetches: u64,
        /// People by referring host, as its number in the dictionary.
        hosts: Vec<(u32, u64)>,
        hosts_other: u64,
        browsers: Vec<(u8, u64)>,
        systems: Vec<(u8, u64)>,
        devices: Vec<(u8, u64)>,
        /// Bots by why they were taken for one.
        reasons: Vec<(u8, u64)>,
        /// Empty for all days together.
        sketch: Sketch,
    }
    RollRecord1, version 1 of "roll_day" {
        humans: u64,
        bots: u64,
        hours: Vec<(u8, u64)>,
        hosts: Vec<(u32, u64)>,
        hosts_other: u64,
        browsers: Vec<(u8, u64)>,
        systems: Vec<(u8, u64)>,
    }
    /// How far the log is counted.
    PlaceRecord, version 1 of "ingest" {
        /// Blocks before this one are counted and gone.
        head: u64,
        /// The round at hand takes the blocks before this one; equal to `head` when there is none.
        to: u64,
        /// The last link counted in the round, and how many of its clicks in the round are.
        owner: u32,
        link: u32,
        within: u32,
    }
    WordIdRecord, version 1 of "dict" { id: u32 }
    WordRecord, version 1 of "dict_id" { text: String }
    /// Where somebody has logged in.
    DeviceRecord, version 1 of "device" {
        /// 1 a browser, 2 a network.
        kind: u8,
        seen_ms: i64,
    }
    /// A right that was handed out as an address and can be used once.
    OneTimeRecord, version 2 of "one_time" after OneTimeRecord1 {
        /// 1 a new password for `user`, 2 an account of one's own.
        purpose: u8,
        /// Whose right it is; 0 of an invitation.
        user: u32,
        /// The administrator who handed it out; 0 for the command line.
        by: u32,
        expires_ms: i64,
    }
    SettingsRecord, version 3 of "settings" after SettingsRecord2 {
        site_name: String,
        registration: String,
        addresses: String,
        blocked_hosts: Vec<String>,
        private_targets: bool,
        /// `None` for ever.
        keep_days: Option<u16>,
        /// `None` for any number.
        links_per_user: Option<u32>,
        /// 301 or 302.
        redirect_code: u16,
        /// Where the home page leads; `None` nowhere.
        home: Option<String>,
        /// `None` for any number.
        links_per_minute: Option<u32>,
    }
    SettingsRecord1, version 1 of "settings" {
        site_name: String,
        registration: String,
        addresses: String,
        blocked_hosts: Vec<String>,
        private_targets: bool,
    }
    /// What housekeeping knew of the clock when it last looked.
    ClockRecord, version 1 of "clock" {
        seen_ms: i64,
        /// How long the program has to run before anything goes because of its age.
        wait_s: u32,
    }
}

/// What stands in front of a [`RollRecord`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RollHead {
    pub(super) humans: u64,
    pub(super) bots: u64,
    pub(super) hours: Vec<(u8, u64)>,
    pub(super) visitors: u64,
    pub(super) bot_hours: Vec<(u8, u64)>,
}

impl RollHead {
    /// Reads it alone.
    ///
    /// # Errors
    /// As [`unseal_head`].
    pub(super) fn unseal(key: &[u8], raw: &[u8]) -> Result<RollHead, Error> {
        let (humans, bots, hours, visitors, bot_hours) = match raw.first() {
            Some(&RollRecord1::VERSION) => {
                let (humans, bots, hours) = unseal_head::<RollRecord, _>(key, raw)?;
                (humans, bots, hours, 0, Vec::new())
            }
            _ => unseal_head::<RollRecord, _>(key, raw)?,
        };
        Ok(RollHead { humans, bots, hours, visitors, bot_hours })
    }
}

/// A sketch in a record: its bytes.
impl Serialize for Sketch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.to_bytes())
    }
}

impl<'de> Deserialize<'de> for Sketch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sketch, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Sketch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the bytes of a sketch")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Sketch, E> {
                Sketch::from_bytes(bytes).ok_or_else(|| E::custom("not a sketch"))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests;
