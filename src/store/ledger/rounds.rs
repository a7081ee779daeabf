//! Counting: clicks of the log become segments and sums of their links.
//!
//! A round takes the clicks of many blocks, sorted by link, and goes through them in slices, each in a transaction that
//! also moves the [place](crate::store::record::PlaceRecord) on. The tables have the same order, so a slice touches
//! each of their pages once. What it has counted of links is added to the sums of their owners and of the site once for
//! each of these, in the same transaction.

use std::time::Instant;

use redb::{ReadableTable, WriteTransaction};

use crate::calendar::Day;
use crate::limits::CLICK_ROWS_PER_LINK_MAX;
use crate::store::Report;
use crate::store::error::{Error, Kind, unless_damaged};
use crate::store::ledger::block::{self, Packed, Segment};
use crate::store::ledger::rolls::{ALL_DAYS, day};
use crate::store::ledger::sketch::Scope;
use crate::store::ledger::{Logged, Pace};
use crate::store::record::{self, OverallRecord, PlaceRecord, Record, RollRecord, SumRecord};
use crate::store::tables::{CLICK_SEG, LINK, ROLL_DAY, ROLL_TOTAL, Table, click_key, day_key, sum_key};
use crate::user::UserId;

/// What clicks are counted into; opened once for many of them.
pub(in crate::store) struct Tables<'a> {
    links: Table<'a>,
    totals: Table<'a>,
    days: Table<'a>,
    segments: Table<'a>,
}

impl<'a> Tables<'a> {
    pub(in crate::store) fn open(tx: &'a WriteTransaction) -> Result<Tables<'a>, Error> {
        Ok(Tables {
            links: tx.open_table(LINK)?,
            totals: tx.open_table(ROLL_TOTAL)?,
            days: tx.open_table(ROLL_DAY)?,
            segments: tx.open_table(CLICK_SEG)?,
        })
    }

    pub(in crate::store) fn links(&self) -> &Table<'a> {
        &self.links
    }
}

/// Counts the next of a round's clicks, which are sorted by link, and moves the place past them. Returns how many these
/// were: at least one, if there is one.
///
/// # Errors
/// When the disk fails; the caller undoes the transaction then. A damaged sum costs only the clicks on that link: it is
/// reported, and they are dropped, so that it cannot hold up all others.
pub(in crate::store) fn slice(
    tx: &WriteTransaction,
    clicks: impl Iterator<Item = Logged>,
    place: &mut PlaceRecord,
    pace: &Pace,
    report: Report,
) -> Result<usize, Error> {
    let begun = Instant::now();
    let mut tables = Tables::open(tx)?;
    let mut clicks = clicks.take(pace.slice_clicks).peekable();
    // Those of links that are there; from where on they are of the owner at hand.
    let (mut counted, mut of_owner) = (Vec::new(), 0);
    let mut done = 0;
    while let Some(first) = clicks.next() {
        let of_link = counted.len();
        counted.push(first);
        counted.extend(std::iter::from_fn(|| clicks.next_if(|click| click.key == first.key)));
        let count_of_link = counted.len() - of_link;
        match count(&mut tables, &counted[of_link..], report) {
            Ok(true) => {}
            Ok(false) => counted.truncate(of_link),
            Err(error) if error.kind == Kind::Damaged => {
                report(&format!("{count_of_link} clicks were dropped: {error}"));
                counted.truncate(of_link);
            }
            Err(error) => return Err(error),
        }
        super::pass(place, first.key, count_of_link);
        done += count_of_link;
        let is_over = begun.elapsed() >= pace.slice;
        if is_over || clicks.peek().is_none_or(|next| owner(next) != owner(&first)) {
            sum_up(&mut tables, Some(owner(&first)), &counted[of_owner..], report)?;
            of_owner = counted.len();
        }
        // With the sums in it: there may be as many owners as links.
        if is_over || begun.elapsed() >= pace.slice {
            break;
        }
    }
    sum_up(&mut tables, None, &counted, report)?;
    Ok(done)
}

/// Whose link a click is on.
fn owner(click: &Logged) -> UserId {
    // The upper half of a key is the owner's number.
    UserId((click.key >> 32) as u32)
}

/// Adds clicks that were counted to the sums of a user, or of the site.
fn sum_up(tables: &mut Tables<'_>, owner: Option<UserId>, clicks: &[Logged], report: Report) -> Result<(), Error> {
    if clicks.is_empty() {
        return Ok(());
    }
    let scope = if owner.is_some() { Scope::Owner } else { Scope::Site };
    let key = sum_key(owner);
    let read = || -> Result<_, Error> {
        let sum: OverallRecord = get(&tables.totals, &key)?.unwrap_or_else(OverallRecord::empty);
        Ok((sum, add_to_days(&tables.days, key, by_day(clicks, scope), scope)?))
    };
    let read = read().inspect_err(|error| report(&format!("a sum of clicks stays as it is: {error}")));
    // The clicks are counted in the sums of their links, all the same.
    let Some((mut sum, rolls)) = unless_damaged(read)? else { return Ok(()) };
    clicks.iter().for_each(|click| sum.add(&click.packed));
    put_days(tables, key, rolls)?;
    put(&mut tables.totals, &key, &sum)
}

fn get<R: Record>(table: &Table<'_>, key: &[u8]) -> Result<Option<R>, Error> {
    table.get(key)?.map(|raw| record::unseal(key, raw.value())).transpose()
}

fn put<R: Record>(table: &mut Table<'_>, key: &[u8], record: &R) -> Result<(), Error> {
    table.insert(key, record::seal(key, record)?.as_slice())?;
    Ok(())
}

/// Counts clicks on one link; false when it is gone. Everything is read before anything is written, so that damage leaves
/// no half.
fn count(tables: &mut Tables<'_>, clicks: &[Logged], report: Report) -> Result<bool, Error> {
    let Some(first) = clicks.first() else { return Ok(false) };
    let link = first.key.to_be_bytes();
    let mut sum: SumRecord = match get(&tables.totals, &link)? {
        Some(sum) => sum,
        // A link with sums exists: they go with it.
        None if tables.links.get(link.as_slice())?.is_none() => return Ok(false),
        None => SumRecord::empty(),
    };
    let rolls = add_to_days(&tables.days, link, by_day(clicks, Scope::Link), Scope::Link)?;
    clicks.iter().for_each(|click| sum.add(&click.packed));
    append(tables, link, &mut sum, clicks.iter().map(|click| &click.packed), report)?;
    put_days(tables, link, rolls)?;
    put(&mut tables.totals, &link, &sum)?;
    Ok(true)
}

type Rolls = Vec<(Day, RollRecord)>;

/// Adds the rolls of some days to those in the file. Returns what is to be written, the sum of all days with it.
fn add_to_days(days: &Table<'_>, link: [u8; 8], mut rolls: Rolls, scope: Scope) -> Result<Rolls, Error> {
    let mut all: RollRecord = get(days, &day_key(link, ALL_DAYS))?.unwrap_or_else(RollRecord::empty);
    for (day, roll) in &mut rolls {
        all.add_counts(roll);
        let mut sum: RollRecord = get(days, &day_key(link, *day))?.unwrap_or_else(RollRecord::empty);
        let before = sum.visitors;
        sum.join(roll, scope);
        all.visitors = all.visitors.saturating_sub(before).saturating_add(sum.visitors);
        *roll = sum;
    }
    rolls.push((ALL_DAYS, all));
    Ok(rolls)
}

/// Writes rolls of days.
pub(in crate::store) fn put_days(tables: &mut Tables<'_>, link: [u8; 8], rolls: Rolls) -> Result<(), Error> {
    for (day, mut roll) in rolls {
        roll.trim();
        put(&mut tables.days, &day_key(link, day), &roll)?;
    }
    Ok(())
}

/// Writes what a link's list needs.
pub(in crate::store) fn put_sum(tables: &mut Tables<'_>, link: [u8; 8], sum: &SumRecord) -> Result<(), Error> {
    put(&mut tables.totals, &link, sum)
}

/// What clicks add to each day.
pub(in crate::store) fn by_day<'a>(clicks: impl IntoIterator<Item = &'a Logged>, scope: Scope) -> Rolls {
    // Nearly always one day, seldom two; with a clock that jumps a few more.
    let mut rolls = Rolls::with_capacity(2);
    for click in clicks {
        let day = day(click.packed.at_ms);
        match rolls.iter_mut().rev().find(|roll| roll.0 == day) {
            Some((_, roll)) => roll.add(click, scope),
            None => {
                let mut roll = RollRecord::empty();
                roll.add(click, scope);
                rolls.push((day, roll));
            }
        }
    }
    rolls
}

/// Writes clicks after the last ones of their link, and makes room for them: the oldest segments go.
pub(in crate::store) fn append<'a>(
    tables: &mut Tables<'_>,
    link: [u8; 8],
    sum: &mut SumRecord,
    clicks: impl Iterator<Item = &'a Packed>,
    report: Report,
) -> Result<(), Error> {
    let segments = &mut tables.segments;
    let mut open = newest(segments, link, sum, report)?;
    for click in clicks {
        open = match open {
            Some((number, segment)) if segment.is_full() => {
                write(segments, link, number, segment)?;
                None
            }
            other => other,
        };
        let (_, segment) = open.get_or_insert_with(|| {
            let number = sum.segment_next;
            sum.segment_next = number.saturating_add(1);
            (number, Segment::new(click))
        });
        segment.push(click);
        sum.kept = sum.kept.saturating_add(1);
    }
    if let Some((number, segment)) = open {
        write(segments, link, number, segment)?;
    }
    make_room(segments, link, sum)
}

fn write(segments: &mut Table<'_>, link: [u8; 8], number: u32, segment: Segment) -> Result<(), Error> {
    let key = click_key(link, number);
    segments.insert(key.as_slice(), segment.seal(&key).as_slice())?;
    Ok(())
}

/// The newest segment of a link, to go on with. One that does not read stays as it is: the next begins.
fn newest(
    segments: &Table<'_>,
    link: [u8; 8],
    sum: &SumRecord,
    report: Report,
) -> Result<Option<(u32, Segment)>, Error> {
    let Some(number) = sum.segment_next.checked_sub(1).filter(|number| *number >= sum.segment_first) else {
        return Ok(None);
    };
    let key = click_key(link, number);
    let Some(raw) = segments.get(key.as_slice())? else { return Ok(None) };
    let reopened = Segment::reopen(&key, raw.value()).inspect_err(|error| report(&format!("clicks are lost: {error}")));
    Ok(unless_damaged(reopened)?.map(|segment| (number, segment)))
}

/// Removes the oldest segments until no more than [`CLICK_ROWS_PER_LINK_MAX`] clicks are kept.
fn make_room(segments: &mut Table<'_>, link: [u8; 8], sum: &mut SumRecord) -> Result<(), Error> {
    while sum.kept > CLICK_ROWS_PER_LINK_MAX && sum.segment_first < sum.segment_next {
        let removed = segments.remove(click_key(link, sum.segment_first).as_slice())?;
        sum.let_go(removed.map_or(0, |raw| block::count(raw.value())));
        sum.segment_first = sum.segment_first.saturating_add(1);
    }
    Ok(())
}
