//! Every bound on size, count and time, each with its unit in its name and its reason above it.

mod disk;
mod tries;

use std::time::Duration;

pub(crate) use disk::*;
pub(crate) use tries::*;

// --- what a request may carry -------------------------------------------------------------------------------

/// The longest request path with its query. A short address is 65 bytes, a form page with a filled-in target 2 KiB.
pub(crate) const REQUEST_TARGET_BYTES_MAX: usize = 8_192;
/// The longest form body: a link form with the longest target, every byte percent-encoded, fits twelve times.
pub(crate) const FORM_BYTES_MAX: usize = 65_536;
/// No form of ours has more than eight fields; a hundred leave room for extensions and keep parsing cheap.
pub(crate) const FORM_FIELDS_MAX: usize = 100;
/// The longest value of one form field; longer than any field's own bound, so that what is too long is told at the field.
pub(crate) const FORM_VALUE_BYTES_MAX: usize = 16_384;
/// Pairs in a query string; list pages use five.
pub(crate) const QUERY_PAIRS_MAX: usize = 50;
/// The longest `Cookie` header we look at.
pub(crate) const COOKIE_BYTES_MAX: usize = 8_192;
/// Cookies in one header we look at.
pub(crate) const COOKIE_PAIRS_MAX: usize = 50;
/// The longest value a cookie of ours has; session values are 64 bytes, a flash is under 100.
pub(crate) const COOKIE_VALUE_BYTES_MAX: usize = 128;
/// The longest `next` path taken after signing in: it may carry a filled-in link form, whose target alone has 2 KiB.
pub(crate) const NEXT_BYTES_MAX: usize = 4_096;

// --- links --------------------------------------------------------------------------------------------------

/// The longest target as typed, before it is put into its canonical form.
pub(crate) const TARGET_INPUT_BYTES_MAX: usize = 8_192;
/// The longest target as stored. Proxies and browsers agree on `Location` values of this length.
pub(crate) const TARGET_BYTES_MAX: usize = 2_048;
/// The longest slug a person may choose.
pub(crate) const SLUG_BYTES_MAX: usize = 32;
/// Characters in a slug that we choose.
///
/// 32 symbols to the 8th are 1.1e12 slugs. A user with ten million links meets a taken one once in 110,000 picks,
/// so [`SLUG_TRIES_MAX`] picks never all fail in practice.
pub(crate) const SLUG_LENGTH_CHARS: usize = 8;
/// Picks of a free slug inside the writing transaction before giving up with an error.
pub(crate) const SLUG_TRIES_MAX: usize = 10;
/// Earlier slugs of a link that still lead where it leads. Each is a row that every change of the link writes.
pub(crate) const ALIASES_PER_LINK_MAX: usize = 10;
/// Changes of target that are kept of a link, the newest. With the longest targets they take 100 KB.
pub(crate) const PAST_TARGETS_MAX: usize = 50;
/// Addresses of one user where a link has been that still say so; some 60 bytes each. Past it an address of a link that
/// is deleted is like one that never led anywhere.
pub(crate) const GRAVES_PER_USER_MAX: u32 = 10_000;
/// Lists of removed users' links that an administrator has beside their own; the others are found by the users' pages.
pub(crate) const KEPT_LISTED_MAX: usize = 20;
/// The longest title, in characters.
pub(crate) const TITLE_CHARS_MAX: usize = 200;
/// Links on one page of the list.
pub(crate) const LINKS_PER_PAGE: usize = 25;
/// Links in one piece of an export: read in one short transaction, and some tens of kilobytes.
pub(crate) const LINKS_PER_PIECE: usize = 100;
/// Clicks in one piece of an export.
pub(crate) const CLICKS_PER_PIECE: usize = 200;
/// A piece of an export is sent when it has so many bytes, or took so long to make: others wait for theirs meanwhile.
pub(crate) const EXPORT_PIECE_BYTES: usize = 32 << 10;
/// See [`EXPORT_PIECE_BYTES`].
pub(crate) const EXPORT_PIECE: Duration = Duration::from_millis(10);
/// Links looked at for one search or sort; 20,000 take about 10 ms.
pub(crate) const LINKS_SCANNED_MAX: usize = 20_000;
/// Links looked at for one page of everybody's, or to count those that lead to a host; the next page goes on from there.
/// Each takes two looks more than one of [`LINKS_SCANNED_MAX`], since the ranges of all owners are merged.
pub(crate) const SITE_LINKS_SCANNED_MAX: usize = 20_000;
/// The longest search text.
pub(crate) const SEARCH_BYTES_MAX: usize = 200;

// --- accounts -----------------------------------------------------------------------------------------------

/// A user name, in bytes; it is part of every link of that user.
pub(crate) const USER_NAME_BYTES: std::ops::RangeInclusive<usize> = 2..=32;
/// The longest e-mail address (RFC 5321, section 4.5.3.1.3: a path of 256 with its angle brackets).
pub(crate) const EMAIL_BYTES_MAX: usize = 254;
/// The longest site name, in characters.
pub(crate) const SITE_NAME_CHARS_MAX: usize = 60;
/// What the operator may say of links per user, where any bound is wanted: past it no bound is meant.
pub(crate) const LINKS_PER_USER: std::ops::RangeInclusive<u32> = 1..=1_000_000;
/// The list of hosts where no link may lead, in bytes as it is shown: some four hundred names.
pub(crate) const BLOCKED_HOSTS_BYTES_MAX: usize = 8_192;
/// A session ends after this long without a visit.
pub(crate) const SESSION_IDLE_S: i64 = 30 * 86_400;
/// A session ends after this long in any case.
pub(crate) const SESSION_ABSOLUTE_S: i64 = 180 * 86_400;
/// A visit is written to the session at most this often, to spare the disk.
pub(crate) const SESSION_STAMP_S: i64 = 3_600;
/// A password that was given this long ago is asked for again before what a passer-by must not do (ASVS 7.5).
pub(crate) const CONFIRMED_S: i64 = 15 * 60;
/// Sessions of one user; the oldest is dropped for a new one.
pub(crate) const SESSIONS_PER_USER_MAX: usize = 50;
/// A form shown before signing in may be sent for this long.
pub(crate) const FORM_COOKIE_S: i64 = 86_400;
/// The theme choice is kept for a year.
pub(crate) const THEME_COOKIE_S: i64 = 365 * 86_400;
/// A message for the next page is dropped when no page comes within this time.
pub(crate) const FLASH_COOKIE_S: i64 = 60;
/// Tries of the setup code per minute, by everybody together.
pub(crate) const SETUP_TRIES_PER_MINUTE: u32 = 5;
/// A request waits this long for its turn to hash a password, then is asked to come back.
pub(crate) const HASH_WAIT: Duration = Duration::from_secs(5);

/// Bytes in a password. Long enough for any sentence, and a bound on what one request makes us hash.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1_024;
/// Code points in a user's password (NIST SP 800-63B-4, section 3.1.1.2, where it is one factor of several; here the
/// limits on tries stand in for the second).
pub(crate) const PASSWORD_CHARS_MIN: usize = 8;
/// Code points in the password of an administrator, who can reach everybody's links.
pub(crate) const ADMINISTRATOR_PASSWORD_CHARS_MIN: usize = 12;
/// Memory below which one password is hashed at a time: two would take 38 MiB of a machine that has little to spare.
pub(crate) const TWO_HASHES_MEMORY_BYTES_MIN: u64 = 1_500_000_000;
/// A link to choose a new password is good for this long.
pub(crate) const RESET_LINK_S: i64 = 86_400;

/// An invitation is good for this long.
pub(crate) const INVITATION_S: i64 = 7 * 86_400;
/// Invitations that are open at a time. They are listed on one page, and nobody means to hand out more.
pub(crate) const INVITATIONS_MAX: usize = 100;
/// Users on one page of the list.
pub(crate) const USERS_PER_PAGE: usize = 25;
/// Users looked at for one page of a search; 20,000 take about 20 ms. The next page goes on from there.
pub(crate) const USERS_SCANNED_MAX: usize = 20_000;

// --- clicks -------------------------------------------------------------------------------------------------

/// Clicks waiting to be written. Past it clicks are shed and counted; a redirect never waits.
pub(crate) const CLICK_QUEUE_MAX: usize = 65_536;
/// Waiting clicks that are kept together. With all of them in one list, each time it grew there would be two for a
/// moment, of megabytes.
pub(crate) const CLICKS_PER_BUNDLE: usize = 256;
/// User agents and referrers that waiting clicks share. Texts of the longest take 0.5 MB.
pub(crate) const TEXTS_SHARED: usize = 1_024;
/// Clicks written in one transaction; bounds how long a person's change waits behind them.
pub(crate) const CLICKS_PER_COMMIT_MAX: usize = 4_096;
/// Under load clicks gather for this long before a commit.
pub(crate) const CLICK_GATHER: Duration = Duration::from_millis(50);
/// A batch this large is written after [`CLICK_GATHER`]; a smaller one waits for [`CLICK_FLUSH`].
pub(crate) const CLICKS_UNDER_LOAD: usize = 32;
/// The longest a click waits for its commit on a working disk, unless the operator says otherwise.
pub(crate) const CLICK_FLUSH: Duration = Duration::from_secs(1);
/// What the operator may say: below it each click would be a commit, above it a crash would lose what people saw.
pub(crate) const CLICK_WINDOW_MS: std::ops::RangeInclusive<u64> = 10..=60_000;
/// A visitor whose click has to be on disk first waits this long, then is asked to come back.
pub(crate) const CLICK_STRICT_WAIT: Duration = Duration::from_secs(2);
/// After failed commits clicks wait longer each time, up to this long; then writing heals within a minute.
pub(crate) const CLICK_RETRY_MAX: Duration = Duration::from_secs(60);
/// Browsers may keep a lasting redirect this long: an edit of the link reaches everybody by then.
pub(crate) const LASTING_REDIRECT_S: i64 = 300;
/// The longest user agent kept; real ones are under 200 bytes.
pub(crate) const AGENT_BYTES_MAX: usize = 256;
/// The longest referrer kept: host and path.
pub(crate) const REFERRER_BYTES_MAX: usize = 512;
/// The longest referring host counted (RFC 1035, section 2.3.4: 255 octets on the wire are 253 characters); a longer
/// one is no name of anything.
pub(crate) const REFERRING_HOST_BYTES_MAX: usize = 253;
/// Referring hosts told apart per link; the smallest makes room for a new one and goes into "other".
pub(crate) const REFERRERS_PER_LINK_MAX: usize = 200;
/// Hosts that are told apart while a day of many links is summed up; past it the smallest make room.
pub(crate) const HOSTS_SUMMED_MAX: usize = 4 * REFERRERS_PER_LINK_MAX;
/// Single clicks kept per link, the newest; the sums count all of them.
///
/// Pages look at [`CLICKS_SCANNED_MAX`] of them. A click has some 12 bytes, 37 at most, so one link's hold 2 MB at most.
pub(crate) const CLICK_ROWS_PER_LINK_MAX: u32 = 50_000;
/// Days that single clicks are kept, unless the operator says otherwise; the sums stay.
pub(crate) const CLICK_KEEP_DAYS: u16 = 90;
/// What the operator may say: below it nothing would be left to look at, above it "for ever" is meant.
pub(crate) const CLICK_KEEP_DAYS_RANGE: std::ops::RangeInclusive<u16> = 1..=3_650;
/// Clicks that are too old are looked for this often.
pub(crate) const RETIRE_EVERY: Duration = Duration::from_secs(86_400);
/// A block of the click log. Pages of the file have 4 KiB; a larger value would take two.
pub(crate) const CLICK_BLOCK_BYTES_MAX: usize = 3_900;
/// A segment of one link's clicks: two fit a page of the file.
pub(crate) const CLICK_SEGMENT_BYTES_MAX: usize = 1_900;
/// Logged clicks that start a round of counting. The more clicks a link has in a round, the less each costs; this many
/// take some 5 MB of memory, and as much again when the next come meanwhile.
pub(crate) const CLICKS_PER_ROUND: usize = 200_000;
/// Logged clicks that are not counted yet. Past it no more are taken from the queue; it fills up and sheds.
pub(crate) const CLICKS_UNCOUNTED_MAX: usize = 400_000;
/// A round starts when the oldest logged click is this old: often enough for what is in memory to stay little, seldom
/// enough that each round has something to do.
pub(crate) const CLICK_SETTLE: Duration = Duration::from_secs(5);
/// A slice of a round ends after this long: it makes a commit wait that may be a person's.
pub(crate) const CLICK_SLICE: Duration = Duration::from_millis(8);
/// The same as a number of clicks; what one link has in a round is cut into pieces of this size, too.
pub(crate) const CLICKS_PER_SLICE: usize = 16_384;
/// People of a day that are counted one by one; of more there is an estimate. Their marks take less room than its
/// registers do.
pub(crate) const MARKS_LISTED_MAX: usize = 96;
/// New referrers, and as many new user agents, that the dictionary takes in an hour; then they are "(other)", and a
/// referrer becomes its host if that is known. Anybody can make some up; honest ones repeat.
pub(crate) const WORDS_PER_HOUR_MAX: usize = 2_000;
/// Referrers, and as many user agents, in the dictionary: with their texts twice they take 400 MB at most.
pub(crate) const WORDS_MAX: u32 = 500_000;
/// Referrers, and as many user agents, whose numbers are remembered: nearly all clicks come with one of these. Texts
/// of the longest take 4 MB.
pub(crate) const WORDS_REMEMBERED: usize = 8_192;
/// Looks at the file for numbers that fit those in memory; each but the first needs a slice to have been counted meanwhile.
pub(crate) const CLICK_LOOKS_MAX: usize = 100;
/// Who watches a link's page hears of its clicks this often; they are written as often.
pub(crate) const LIVE_EVERY: Duration = Duration::from_secs(1);
/// Who watches hears something after this long in any case, and must still be signed in.
pub(crate) const LIVE_WORD_EVERY: Duration = Duration::from_secs(15);
/// Clicks on the detail page.
pub(crate) const CLICKS_LATEST: usize = 10;
/// Clicks looked at to find the latest of the kind asked for.
pub(crate) const CLICKS_SCANNED_MAX: usize = 1_000;
/// Days of one link read for its page: ten years. A day with the most referrers has 1.5 KB.
pub(crate) const HISTORY_DAYS_MAX: usize = 3_660;
/// Days in the small chart beside each link of a list.
pub(crate) const SPARKLINE_DAYS: u16 = 30;
/// Rows in a list of referrers, browsers or systems.
pub(crate) const BARS_MAX: usize = 8;

// --- the server ---------------------------------------------------------------------------------------------

/// Request threads at most. Beyond this many they wait for the disk or the processors anyway.
pub(crate) const THREADS_MAX: usize = 256;
/// Networks of trusted proxies. An operator's own are a handful, a delivery network in front publishes some dozens. A
/// request is held against all of them at most once per entry of [`FORWARDED_HOPS_MAX`].
pub(crate) const TRUSTED_NETWORKS_MAX: usize = 256;
/// Entries of `X-Forwarded-For` that are looked at, from the right. Real chains have two or three proxies; the rest is
/// made up by the visitor.
pub(crate) const FORWARDED_HOPS_MAX: usize = 20;
/// Connections held at once, where the open-file limit allows them. An idle one costs a few hundred bytes, one under
/// TLS about ten thousand.
pub(crate) const CLIENTS_MAX: usize = 16_384;
/// Connections held at once whatever the open-file limit; with fewer nobody could be served beside a slow client.
pub(crate) const CLIENTS_MIN: usize = 8;
/// Descriptors that are no connection's: the data file, the listening sockets, the event loop's own, the lane's three.
pub(crate) const DESCRIPTORS_KEPT: usize = 30;
/// The share of all connections, one in so many, that is closed when there is no room for another: looking for the one
/// that is missed least costs a look at all.
pub(crate) const EVICTED_SHARE: usize = 512;
/// Connections of one address (IPv6: one /64). The server's own machine is exempt: a proxy there speaks for many.
pub(crate) const CLIENTS_PER_ADDRESS_MAX: usize = 100;
/// Requests on one connection; then it is closed, so that no connection lives for ever.
pub(crate) const REQUESTS_PER_CONNECTION_MAX: u32 = 1_000;
/// A request head must be complete this long after its first byte, whatever trickles in meanwhile.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// A head without a line's end is looked at again after this many more bytes, so that one which comes byte by byte
/// costs no more than its length.
pub(crate) const HEAD_STEP_BYTES: usize = 1_024;
/// A TLS handshake must be done this long after the connection was made.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// TLS connections that one address may make within [`HANDSHAKES_WINDOW`]: twenty a second, and an office that opens
/// its browsers at nine o'clock.
pub(crate) const HANDSHAKES_PER_ADDRESS_MAX: usize = 100;
/// See [`HANDSHAKES_PER_ADDRESS_MAX`].
pub(crate) const HANDSHAKES_WINDOW: Duration = Duration::from_secs(5);
/// Handshakes under way at a time. Each holds some kilobytes and asks for 0.2 ms of a processor with an elliptic key, for
/// 4 ms with one of RSA and 4,096 bits; past it the oldest ends.
pub(crate) const HALF_OPEN_MAX: usize = 64;
/// A connection without a request is closed after this long.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The same while more than half of all connections are in use.
pub(crate) const IDLE_TIMEOUT_CROWDED: Duration = Duration::from_secs(3);
/// A connection this new makes room last of those that have asked for nothing yet; a visitor speaks at once.
pub(crate) const NEWCOMER: Duration = Duration::from_secs(1);
/// Bytes that one client may send in a row before others have their turn: what is mostly framing costs far more to
/// read than it brings.
pub(crate) const TURN_BYTES_MAX: usize = 128 << 10;
/// Answers that one client may have in a row before others have their turn: it may have sent a thousand requests at
/// once, each for a file of 20 KB.
pub(crate) const ANSWERS_PER_TURN: usize = 16;
/// Answers that wait for their clicks to be on disk, those of clients that have left among them. Each has about 1 KB.
pub(crate) const HELD_ANSWERS_MAX: usize = CLIENTS_MAX;
/// A request body has this long from its head before its speed counts.
pub(crate) const BODY_GRACE: Duration = Duration::from_secs(10);
/// A body that comes slower than this is cut off after [`BODY_GRACE`].
pub(crate) const BODY_BYTES_PER_S: usize = 1_024;
/// A request body must be complete this long after its head, whatever its speed.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// A client that takes no byte of its answer for this long is gone.
pub(crate) const ANSWER_STALL: Duration = Duration::from_secs(30);
/// After a refusal this much is read and dropped, for this long, so that the client sees the answer.
pub(crate) const DISCARD_BYTES_MAX: usize = 128 << 10;
/// See [`DISCARD_BYTES_MAX`].
pub(crate) const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);
/// A request waits this long for a worker, then is asked to come back.
pub(crate) const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);
/// Requests waiting for a worker.
pub(crate) const QUEUED_MAX: usize = 1_024;
/// Bytes of them; more would let a thousand forms at one moment take what a small board has.
pub(crate) const QUEUED_BYTES_MAX: usize = 16 << 20;
/// A worker has this long for its answer.
pub(crate) const LANE_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests that may be with the pool at once for each processor, as long as each is answered within [`WORK_SLOW`]. With
/// ten on two processors a small page was measured to cost a fifth more than with four.
pub(crate) const QUICK_PER_PROCESSOR: usize = 2;
/// A request that takes longer waits for something: another may be started beside it.
pub(crate) const WORK_SLOW: Duration = Duration::from_millis(2);
/// The pool has this long to take a new lane.
pub(crate) const LANE_OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// Links that are looked up for the loop at a time. Read from memory they take a millisecond; where each costs a look
/// at a slow disk, further ones are for the pool.
pub(crate) const FINDS_MAX: usize = 256;
/// Links looked up in one reading transaction, so that none is held for long.
pub(crate) const FINDS_PER_READ: usize = 64;
/// Long answers under way at a time, each with a piece of some tens of kilobytes.
pub(crate) const STREAMS_MAX: usize = 256;
/// The same to one person, an eighth of all: pages that show clicks while they happen, and downloads.
pub(crate) const STREAMS_PER_PERSON_MAX: usize = 32;
/// The next piece of a long answer must be there after this long.
pub(crate) const PIECE_TIMEOUT: Duration = Duration::from_secs(30);
/// What the pool answers to the first words on a lane: a head of some hundred bytes.
pub(crate) const LANE_GREETING_BYTES_MAX: usize = 8_192;
/// Bytes held for all clients together: halves of requests, and answers that nobody takes. Past it those who keep them
/// waiting for longest are closed, down to seven eighths of it.
pub(crate) const HELD_BYTES_MAX: usize = 32 << 20;
/// A lane that the pool did not take is tried again after this long.
pub(crate) const LANE_PAUSE: Duration = Duration::from_millis(200);
/// Deadlines are looked at no more often than this: looking costs a look at all connections.
pub(crate) const DEADLINE_STEP: Duration = Duration::from_millis(50);
/// Connections accepted from a socket before others have their turn. A new one may bring a handshake along, and with
/// a long RSA key that takes milliseconds, in which the next one comes.
pub(crate) const ACCEPTED_PER_ROUND: usize = 4;
/// After a failed accept, the next is tried this much later.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// That connections cannot be taken is said once in this time.
pub(crate) const STARVED_QUIET: Duration = Duration::from_secs(60);
/// Events taken from the kernel at a time.
pub(crate) const EVENTS_PER_ROUND: usize = 1_024;
/// Connections the kernel may hold for us before we accept them.
pub(crate) const LISTEN_BACKLOG: u16 = 1_024;
/// Unacknowledged bytes end a connection after this long.
pub(crate) const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);
/// Running requests may finish for this long after the signal to stop.
pub(crate) const STOP_GRACE: Duration = Duration::from_secs(10);
/// A worker that is told to stop waits this long for requests that are on their way.
pub(crate) const STOP_QUIET: Duration = Duration::from_millis(100);
/// How often the end of a thread is looked for.
pub(crate) const STOP_POLL: Duration = Duration::from_millis(5);
/// `linkjar health` waits this long, from the server's name to the last byte of its answer.
pub(crate) const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer `linkjar health` reads.
pub(crate) const HEALTH_ANSWER_BYTES_MAX: u64 = 4_096;
/// A visitor-made value in a log line is cut here.
pub(crate) const LOG_VALUE_BYTES_MAX: usize = 256;

// --- certificates -------------------------------------------------------------------------------------------

/// The longest certificate or key file. A chain of ten certificates with their text is under 100 KiB.
pub(crate) const CERTIFICATE_FILE_BYTES_MAX: u64 = 256 << 10;
/// The certificate's files are looked at this often; they change every few weeks.
pub(crate) const CERTIFICATE_LOOK_EVERY: Duration = Duration::from_secs(60);
/// Files that have changed are read when they have stood still for this long: certificate and key are written one
/// after the other, and between the two they are no pair.
pub(crate) const CERTIFICATE_SETTLE: Duration = Duration::from_secs(10);
/// A certificate that ends within this time is warned of. Renewal begins a month before the end; two weeks later
/// something is wrong with it.
pub(crate) const CERTIFICATE_SOON_S: i64 = 14 * 86_400;
/// What is wrong with the certificate is said this often: a server may run for longer than a certificate.
pub(crate) const CERTIFICATE_REMIND_EVERY: Duration = Duration::from_secs(86_400);
/// A certificate of our own making is good for this long: the most that Apple's devices accept of one that a person
/// chose to trust (Apple support 103769).
pub(crate) const SELF_SIGNED_S: i64 = 825 * 86_400;
/// Names in such a certificate; a machine is called a handful of things, and each handshake carries all of them.
pub(crate) const SELF_SIGNED_NAMES_MAX: usize = 50;

const _: () = assert!(CERTIFICATE_SETTLE.as_secs() < CERTIFICATE_LOOK_EVERY.as_secs());
const _: () = assert!(CERTIFICATE_SOON_S < SELF_SIGNED_S);
const _: () = assert!(FORM_VALUE_BYTES_MAX > TARGET_INPUT_BYTES_MAX);
const _: () = assert!(FORM_VALUE_BYTES_MAX > BLOCKED_HOSTS_BYTES_MAX);
const _: () = assert!(NEXT_BYTES_MAX > TARGET_BYTES_MAX && NEXT_BYTES_MAX < REQUEST_TARGET_BYTES_MAX);
const _: () = assert!(FORM_BYTES_MAX > 3 * FORM_VALUE_BYTES_MAX);
const _: () = assert!(SESSION_IDLE_S < SESSION_ABSOLUTE_S);
const _: () = assert!(CLICKS_PER_COMMIT_MAX < CLICK_QUEUE_MAX);
const _: () = assert!(CLICKS_PER_ROUND + CLICK_QUEUE_MAX < CLICKS_UNCOUNTED_MAX);
const _: () = assert!(CLICKS_LATEST <= CLICKS_SCANNED_MAX);
const _: () = assert!(CLICKS_SCANNED_MAX <= CLICK_ROWS_PER_LINK_MAX as usize);
const _: () = assert!(REFERRING_HOST_BYTES_MAX < REFERRER_BYTES_MAX);
const _: () = assert!(SLUG_LENGTH_CHARS <= SLUG_BYTES_MAX);
