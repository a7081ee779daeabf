//! The tables and their keys.
//!
//! Keys and values are raw bytes, so that no encoding of redb's becomes part of our format. Numbers in keys are
//! big-endian: byte order is number order.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | `schema`, `version`, `seq`, `commit`, `secret`, `set_up`, `settings`, `clock`, `ingest`, `moved`, `remains` |
//! | `user` | user | [`UserRecord`](super::record::UserRecord), sealed |
//! | `user_name`, `user_email` | lower-case text | user |
//! | `keeper` | keeper (0 for the archive), user | nothing: who looks after the links of a removed user |
//! | `user_purge` | user | nothing: links of a removed user, deleted in slices |
//! | `session` | SHA-256 of the token | [`SessionRecord`](super::record::SessionRecord), sealed |
//! | `session_user` | user, hash | nothing |
//! | `one_time` | SHA-256 of the token | [`OneTimeRecord`](super::record::OneTimeRecord), sealed |
//! | `device` | user, SHA-256 of the cookie's secret or of the network | [`DeviceRecord`](super::record::DeviceRecord), sealed: where somebody logged in |
//! | `link` | owner, link | [`LinkRecord`](super::record::LinkRecord), sealed |
//! | `link_count` | owner | u32 |
//! | `link_past` | owner, link, number | [`PastRecord`](super::record::PastRecord), sealed |
//! | `redirect` | `name/slug`, the request's path | [`RedirectRecord`](super::record::RedirectRecord), sealed |
//! | `grave_count` | owner | u32: rows in `redirect` that say where a link of theirs has been, or more |
//! | `click_log` | number | a block of clicks as they came, see [`block`](super::ledger::block) |
//! | `click_seg` | owner, link, number | a segment of a link's clicks, see [`block`](super::ledger::block) |
//! | `roll_day` | owner, link, day u16 | [`RollRecord`](super::record::RollRecord), sealed; day 0 is all days together |
//! | `roll_total` | owner, link | [`SumRecord`](super::record::SumRecord), sealed; of link 0 an [`OverallRecord`](super::record::OverallRecord) |
//! | `dict` | kind u8, text | [`WordIdRecord`](super::record::WordIdRecord), sealed |
//! | `dict_id` | kind u8, u32 | [`WordRecord`](super::record::WordRecord), sealed |
//! | `click_purge` | owner, link | nothing: clicks of a deleted link, removed in slices |
//!
//! Days are counted from 1970-01-01, UTC. Links and users are numbered from 1. In `roll_day` and `roll_total` link 0 stands
//! for all links of a user, and with owner 0 for those of everybody.
//!
//! Format 3 had none of `device`, `grave_count`, `keeper`, `link_past` and `user_purge`. Format 2 had no such sums. Format 1 had `click` (owner, link, number), `click_total` and `click_tally` (owner, link) instead of the log and what
//! is made of it.

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use crate::link::LinkId;
use crate::store::error::Error;
use crate::store::record::{self, PlaceRecord};
use crate::user::UserId;

pub(super) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;
/// A table of ours inside a writing transaction.
pub(super) type Table<'a> = redb::Table<'a, &'static [u8], &'static [u8]>;

pub(super) const META: Definition = TableDefinition::new("meta");
pub(super) const USER: Definition = TableDefinition::new("user");
pub(super) const USER_NAME: Definition = TableDefinition::new("user_name");
pub(super) const USER_EMAIL: Definition = TableDefinition::new("user_email");
pub(super) const KEEPER: Definition = TableDefinition::new("keeper");
pub(super) const USER_PURGE: Definition = TableDefinition::new("user_purge");
pub(super) const SESSION: Definition = TableDefinition::new("session");
pub(super) const SESSION_USER: Definition = TableDefinition::new("session_user");
pub(super) const ONE_TIME: Definition = TableDefinition::new("one_time");
pub(super) const DEVICE: Definition = TableDefinition::new("device");
pub(super) const LINK: Definition = TableDefinition::new("link");
pub(super) const LINK_COUNT: Definition = TableDefinition::new("link_count");
pub(super) const LINK_PAST: Definition = TableDefinition::new("link_past");
pub(super) const REDIRECT: Definition = TableDefinition::new("redirect");
pub(super) const GRAVE_COUNT: Definition = TableDefinition::new("grave_count");
/// Of format 1, as are the next two.
pub(super) const CLICK: Definition = TableDefinition::new("click");
pub(super) const CLICK_TOTAL: Definition = TableDefinition::new("click_total");
pub(super) const CLICK_TALLY: Definition = TableDefinition::new("click_tally");
pub(super) const CLICK_LOG: Definition = TableDefinition::new("click_log");
pub(super) const CLICK_SEG: Definition = TableDefinition::new("click_seg");
pub(super) const ROLL_DAY: Definition = TableDefinition::new("roll_day");
pub(super) const ROLL_TOTAL: Definition = TableDefinition::new("roll_total");
pub(super) const DICT: Definition = TableDefinition::new("dict");
pub(super) const DICT_ID: Definition = TableDefinition::new("dict_id");
pub(super) const CLICK_PURGE: Definition = TableDefinition::new("click_purge");

/// Every table; all are made with the file, so that a reader never meets a missing one.
pub(super) const ALL: [Definition; 22] = [
    META,
    USER,
    USER_NAME,
    USER_EMAIL,
    KEEPER,
    USER_PURGE,
    SESSION,
    SESSION_USER,
    ONE_TIME,
    DEVICE,
    LINK,
    LINK_COUNT,
    LINK_PAST,
    REDIRECT,
    GRAVE_COUNT,
    CLICK_LOG,
    CLICK_SEG,
    ROLL_DAY,
    ROLL_TOTAL,
    DICT,
    DICT_ID,
    CLICK_PURGE,
];

pub(super) fn user_key(user: UserId) -> [u8; 4] {
    user.0.to_be_bytes()
}

/// The key that says who looks after the links of a removed user; without a keeper it is the archive.
pub(super) fn keeper_key(keeper: Option<UserId>, user: UserId) -> [u8; 8] {
    (u64::from(keeper.map_or(0, |keeper| keeper.0)) << 32 | u64::from(user.0)).to_be_bytes()
}

pub(super) fn link_key(owner: UserId, link: LinkId) -> [u8; 8] {
    (u64::from(owner.0) << 32 | u64::from(link.0)).to_be_bytes()
}

/// The key of what is summed up of a user, or of the site.
pub(super) fn sum_key(owner: Option<UserId>) -> [u8; 8] {
    link_key(owner.unwrap_or(UserId(0)), LinkId(0))
}

/// True for such a key; else it is a link's.
pub(super) fn is_sum(key: [u8; 8]) -> bool {
    key.ends_with(&[0; 4])
}

/// The key of one of the numbered rows of a link.
pub(super) fn click_key(link: [u8; 8], number: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&link);
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The key of a link's day; day 0 is all days together.
pub(super) fn day_key(link: [u8; 8], day: u16) -> [u8; 10] {
    let mut key = [0; 10];
    key[..8].copy_from_slice(&link);
    key[8..].copy_from_slice(&day.to_be_bytes());
    key
}

pub(super) fn session_user_key(user: UserId, hash: &[u8; 32]) -> [u8; 36] {
    let mut key = [0; 36];
    key[..4].copy_from_slice(&user_key(user));
    key[4..].copy_from_slice(hash);
    key
}

/// The link's part of a key made by [`link_key`].
pub(super) fn link_of(key: &[u8]) -> Result<LinkId, Error> {
    match key.last_chunk::<4>() {
        Some(bytes) if key.len() == 8 => Ok(LinkId(u32::from_be_bytes(*bytes))),
        _ => Err(Error::damaged("link", key, "key of a wrong length")),
    }
}

/// How many of something an owner has, in any kind of transaction's table of such numbers.
pub(super) fn count_of(counts: &impl ReadableTable<&'static [u8], &'static [u8]>, owner: UserId) -> Result<u32, Error> {
    counts.get(user_key(owner).as_slice())?.map_or(Ok(0), |raw| number("count", raw.value()))
}

/// Reads a number that is a value by itself.
pub(super) fn number(table: &str, raw: &[u8]) -> Result<u32, Error> {
    raw.try_into().map(u32::from_be_bytes).map_err(|_| Error::damaged(table, raw, "not a number"))
}

pub(super) const SECRET: &[u8] = b"secret";

/// The secret of this instance.
///
/// # Errors
/// When the store fails, or there is none.
pub(super) fn secret(tx: &ReadTransaction) -> Result<[u8; 32], Error> {
    let meta = tx.open_table(META)?;
    let raw = meta.get(SECRET)?.ok_or_else(|| Error::damaged("meta", SECRET, "missing"))?;
    meta_bytes(SECRET, raw.value())
}

/// Reads a value of `meta` that is no record. Files of format 3 and before have it without a checksum, and one that was
/// not written since still has.
///
/// # Errors
/// When it has another length, or the checksum is not that of this key and these bytes.
pub(super) fn meta_bytes<const N: usize>(key: &[u8], raw: &[u8]) -> Result<[u8; N], Error> {
    let bytes = if raw.len() == N + 4 { record::unseal_bytes("meta", key, raw)? } else { raw };
    bytes.try_into().map_err(|_| Error::damaged("meta", key, "of a wrong length"))
}

/// Writes what [`meta_bytes`] reads.
pub(super) fn put_meta_bytes(meta: &mut Table<'_>, key: &[u8], bytes: &[u8]) -> Result<(), Error> {
    let mut sealed = bytes.to_vec();
    record::seal_bytes(key, &mut sealed);
    meta.insert(key, sealed.as_slice())?;
    Ok(())
}

const COMMIT: &[u8] = b"commit";

/// The number of the transaction that wrote last; 0 before the first, and when it does not read.
pub(super) fn last_commit(meta: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<u64, Error> {
    Ok(meta.get(COMMIT)?.and_then(|raw| raw.value().try_into().ok()).map_or(0, u64::from_be_bytes))
}

/// Numbers a transaction: larger than the one before it in the file, and than `used`, the last number that was given
/// out. So a number found in the file stands for exactly one transaction, and says that it was kept.
pub(super) fn number_commit(tx: &WriteTransaction, used: u64) -> Result<u64, Error> {
    let mut meta = tx.open_table(META)?;
    let number = last_commit(&meta)?.max(used).saturating_add(1);
    meta.insert(COMMIT, number.to_be_bytes().as_slice())?;
    Ok(number)
}

const INGEST: &[u8] = b"ingest";

/// How far the log is counted; the beginning before anything was.
///
/// # Errors
/// When the store fails, or the record is damaged.
pub(super) fn place(meta: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<PlaceRecord, Error> {
    match meta.get(INGEST)? {
        Some(raw) => record::unseal(INGEST, raw.value()),
        None => Ok(PlaceRecord { head: 0, to: 0, owner: 0, link: 0, within: 0 }),
    }
}

/// Moves the place on, together with what was counted.
pub(super) fn put_place(tx: &WriteTransaction, place: &PlaceRecord) -> Result<(), Error> {
    let sealed = record::seal(INGEST, place)?;
    tx.open_table(META)?.insert(INGEST, sealed.as_slice())?;
    Ok(())
}

/// Stands in `meta` from when clicks with whole addresses were removed: their bytes stay in pages that nobody uses until
/// the file is written anew. Its value, a u64, is the number of the first block of the log that has none of them.
pub(super) const REMAINS: &[u8] = b"remains";

/// Leaves that mark, together with what is removed.
pub(super) fn note_remains(tx: &WriteTransaction) -> Result<(), Error> {
    let last = match tx.open_table(CLICK_LOG)?.last()? {
        Some((key, _)) => key.value().try_into().map_or(0, u64::from_be_bytes),
        None => 0,
    };
    tx.open_table(META)?.insert(REMAINS, last.saturating_add(1).to_be_bytes().as_slice())?;
    Ok(())
}

const SEQ: &[u8] = b"seq";

/// The last number that was given to a user or a link.
///
/// # Errors
/// When the store fails, or the number does not read.
pub(super) fn last_id(meta: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<u32, Error> {
    meta.get(SEQ)?.map_or(Ok(0), |raw| meta_bytes(SEQ, raw.value()).map(u32::from_be_bytes))
}

/// The next number for a user or a link, whose row in `table` will be under the `key` of it. Numbers only grow and are
/// never given out twice.
///
/// # Errors
/// When the store fails, after four billion numbers, and when there is such a row: the last number may have been read
/// from a file where it has no checksum, and one that has gone back would have a new row take the place of another.
pub(super) fn next_id<const N: usize>(
    tx: &WriteTransaction,
    table: Definition,
    key: impl FnOnce(u32) -> [u8; N],
) -> Result<u32, Error> {
    let mut meta = tx.open_table(META)?;
    let next = last_id(&meta)?.checked_add(1).ok_or_else(|| Error::damaged("meta", SEQ, "used up"))?;
    if tx.open_table(table)?.get(key(next).as_slice())?.is_some() {
        return Err(Error::damaged("meta", SEQ, "the next number is in use"));
    }
    put_meta_bytes(&mut meta, SEQ, &next.to_be_bytes())?;
    Ok(next)
}
