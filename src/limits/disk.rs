//! Bounds of the data file, of the room it stands in, and of its copies.

use std::time::Duration;

// --- the data file ------------------------------------------------------------------------------------------

/// The store's page cache: 1/32 of memory within these bounds; 16 MiB were measured to do nearly what 1 GiB does.
pub(crate) const PAGE_CACHE_BYTES: std::ops::RangeInclusive<usize> = 16 << 20..=64 << 20;
/// What the operator may say: with less each page is read again and again, more than a small machine's address space
/// holds is a slip of the hand.
pub(crate) const PAGE_CACHE_MIB: std::ops::RangeInclusive<usize> = 1..=2_047;
/// Memory for redirects that were followed lately: about 130,000 of ordinary length.
pub(crate) const HOT_BYTES_MAX: u64 = 32 << 20;
/// What stands around the texts of one of them.
pub(crate) const HOT_ENTRY_BYTES: u64 = 160;
/// Epochs shared by all paths; an edit makes one path in this many be read once more.
pub(crate) const HOT_STRIPES: usize = 4_096;
/// The longest encoded record; the largest ever written, a link's tally of format 1, stays under 120 KiB.
pub(crate) const RECORD_BYTES_MAX: u64 = 256 << 10;
/// A reader waits this long for the file to be opened again after a disk error: other readers have a second to let go
/// of it, and as long again is left for opening. Past it the visitor is asked to come back.
pub(crate) const REOPEN_WAIT: Duration = Duration::from_secs(2);
/// Room that is kept free on the file system: more than a second of clicks as fast as they were ever measured takes
/// (100,000 of 250 B), what the end writes, and what housekeeping needs to remove something.
pub(crate) const SPACE_KEPT_BYTES_MAX: u64 = 64 << 20;
/// At most this part of a file system is kept free: there are small ones.
pub(crate) const SPACE_KEPT_PART: u64 = 16;
/// The room is looked at this often.
pub(crate) const SPACE_LOOK_EVERY: Duration = Duration::from_secs(1);
/// After failed commits for want of room clicks wait this long at most: writing goes on within ten seconds.
pub(crate) const SPACE_RETRY_MAX: Duration = Duration::from_secs(8);
/// Rows removed per transaction by housekeeping, so that nobody waits behind it.
pub(crate) const PURGE_ROWS_PER_COMMIT: usize = 2_000;
/// Links of a removed user deleted per transaction. Each takes some five rows with it.
pub(crate) const LINKS_DELETED_PER_COMMIT: usize = PURGE_ROWS_PER_COMMIT / 5;
/// Housekeeping looks for what has expired this often.
pub(crate) const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(60);

/// A clock that stands this much before what the file has seen was set back; less is a clock put right.
pub(crate) const CLOCK_BEHIND_S: i64 = 3_600;
/// A clock that has gone this much further than the program has run was set forward; where clicks are kept for fewer days
/// these count.
pub(crate) const CLOCK_AHEAD_S: i64 = 7 * 86_400;
/// After that nothing goes because of its age until the program has run for this long: time to notice one bad answer
/// of a time server.
pub(crate) const CLOCK_DOUBT: Duration = Duration::from_secs(86_400);
/// What is known of the clock is written this often.
pub(crate) const CLOCK_NOTE_EVERY: Duration = Duration::from_secs(3_600);
/// Old sessions and one-time links are looked for this often; nobody can use them meanwhile.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

// --- older data files ---------------------------------------------------------------------------------------

/// Room that bringing a file to the present format needs, in sizes of that file: its copy, and what rewriting its rows
/// takes beside them; a million links that were rewritten doubled their file.
pub(crate) const UPGRADE_ROOM_FILES: u64 = 2;
/// How far the opening of a large file has come is said this often.
pub(crate) const OPENING_SAID_EVERY: Duration = Duration::from_secs(3);
/// Files of before one format that are kept, under further names; each is an upgrade that was undone.
pub(crate) const UPGRADES_KEPT_MAX: u32 = 100;

// --- backups ------------------------------------------------------------------------------------------------

/// Damaged rows that `linkjar check` names; more say nothing new, and their number is told.
pub(crate) const FINDINGS_MAX: usize = 20;
/// Chunks of 64 KiB that a copy of a running server's file is made of at a time: 4 MiB, which a slow card (10 MB/s) has
/// in half a second.
pub(crate) const COPY_PIECE_CHUNKS: usize = 64;
/// The longest pause after such a piece.
pub(crate) const COPY_PAUSE_MAX: Duration = Duration::from_secs(1);
/// The process that examines a backup before it is restored has at least this long,
pub(crate) const PROOF_TIME_MIN: Duration = Duration::from_secs(120);
/// and a second for so many bytes: a slow card reads a megabyte of scattered pages in that time.
pub(crate) const PROOF_BYTES_PER_S: u64 = 1 << 20;
/// Address space that it may use: sixteen times the largest page cache.
pub(crate) const PROOF_MEMORY_BYTES: u64 = 1 << 30;
/// How far the writing of a new file is, is told after so many rows.
pub(crate) const COMPACT_TOLD_ROWS: u64 = 10_000;
/// Chunks of 64 KiB that may be left to copy while nobody writes: 4 MiB take a few ms.
pub(crate) const BACKUP_LAST_CHUNKS: usize = 64;
/// Passes over chunks that were written meanwhile; after these the rest is copied whatever its size.
pub(crate) const BACKUP_PASSES_MAX: usize = 4;
/// The first daily backup is made when the server has run for this long: a start has other things to do, and a server
/// that is only tried leaves nothing behind.
pub(crate) const BACKUP_AFTER: Duration = Duration::from_secs(600);
/// Between two of them the server has run for this long; a day would drift past midnight and skip a date.
pub(crate) const BACKUP_EVERY: Duration = Duration::from_secs(20 * 3_600);
/// A backup that could not be made is tried again after this long: it costs a copy of the file each time.
pub(crate) const BACKUP_RETRY: Duration = Duration::from_secs(3_600);
/// A newest backup that is older than this is told of: a day, and time for it to be made.
pub(crate) const BACKUP_LATE_S: i64 = 26 * 3_600;
/// Backups that administrators are shown, the newest; beyond the usual seven and four they were asked for.
pub(crate) const BACKUPS_SHOWN_MAX: usize = 50;
/// Weeks of which one backup is kept beyond the daily ones.
pub(crate) const BACKUP_WEEKS_KEPT: usize = 4;
/// Backups kept of those made while the clock stood before times in the data file: a board without a clock of its own that
/// is started each morning would fill its card with them.
pub(crate) const BACKUPS_UNDATED_KEPT: usize = 3;
/// Daily backups that may be asked for; more than a year of them is an archive's business.
pub(crate) const BACKUP_KEEP_MAX: usize = 400;
/// What a command asks of a running server: a word and a path (Linux: 4,096 bytes).
pub(crate) const DESK_LINE_BYTES_MAX: u64 = 8_192;
/// The answer: a line for each 4 MiB that were copied, and [`FINDINGS_MAX`] rows with keys of some hundred bytes.
pub(crate) const DESK_ANSWER_BYTES_MAX: u64 = 16 << 20;
/// Who comes while another is served waits this long before hearing so: two commands may follow each other closely.
pub(crate) const DESK_PATIENCE: Duration = Duration::from_millis(500);
/// Either side of such a conversation is on this machine and has nothing to wait for but the copying itself.
pub(crate) const DESK_TIMEOUT: Duration = Duration::from_secs(5);
