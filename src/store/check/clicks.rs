//! Clicks: what is counted of a link is the sum of its days, and of its single clicks as far as these are kept.

use super::{Examiner, Flaw, Rows, damage, miscount};
use crate::store::ledger::block::{self, Entry, Packed};
use crate::store::ledger::dict::{Words, id_key, text_key};
use crate::store::ledger::rolls::{ALL_DAYS, day};
use crate::store::record::{self, RollRecord, SumRecord, WordIdRecord, WordRecord};
use crate::store::tables::{
    self, CLICK_LOG, CLICK_PURGE, CLICK_SEG, DICT, DICT_ID, LINK, META, ROLL_DAY, ROLL_TOTAL, click_key, day_key,
};
use crate::visitor::Class;

/// People and bots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Both(pub(super) u64, pub(super) u64);

impl Both {
    pub(super) fn add_all(&mut self, other: Both) {
        *self = Both(self.0.saturating_add(other.0), self.1.saturating_add(other.1));
    }

    fn add(&mut self, class: Class) {
        match class {
            Class::Human => self.0 += 1,
            Class::Bot | Class::Preview => self.1 += 1,
            Class::Prefetch => {}
        }
    }
}

impl Examiner<'_> {
    pub(super) fn clicks(&mut self) -> Result<(), Flaw> {
        let links = self.open(LINK)?;
        let (sums, days, segments) = (self.open(ROLL_TOTAL)?, self.open(ROLL_DAY)?, self.open(CLICK_SEG)?);
        // Of links that are older than days, the first days are not known.
        let knows_all_days = self.open(META)?.get(b"moved".as_slice())?.is_none();
        let mut counted = 0_u64;
        self.each(&sums, |key, raw| {
            let Ok(link) = <[u8; 8]>::try_from(key) else {
                return Err(damage("roll_total", key, "key of a wrong length"));
            };
            if tables::is_sum(link) {
                return Ok(());
            }
            let sum: SumRecord = record::unseal(key, raw)?;
            counted = counted.saturating_add(sum.humans).saturating_add(sum.bots);
            if links.get(key)?.is_none() {
                return Err(damage("roll_total", key, "of no link"));
            }
            let kept = kept(&segments, link, &sum)?;
            let is_complete = knows_all_days && sum.segment_first == 0 && sum.passed == 0;
            if is_complete && count(&kept, |_| true) != Both(sum.humans, sum.bots) {
                return Err(miscount("roll_total", key, "differs from the clicks that are kept"));
            }
            let counts = Both(sum.humans, sum.bots);
            check_days(&days, link, counts, knows_all_days, is_complete.then_some(kept.as_slice()))
        })?;
        self.report.clicks = counted;
        let outcome = self.sums(&sums, &days, knows_all_days);
        self.note(outcome).map_err(Flaw::Fatal)?;
        self.strays(&links, &sums)?;
        self.log(&links)?;
        self.words()
    }

    /// Rows of links without sums: only clicks of deleted links may have them, until they are removed.
    fn strays(&mut self, links: &Rows, sums: &Rows) -> Result<(), Flaw> {
        let purge = self.open(CLICK_PURGE)?;
        self.each(&purge, |key, _| match links.get(key)? {
            None => Ok(()),
            Some(_) => Err(damage("click_purge", key, "of a link that exists")),
        })?;
        for (name, table, key_bytes) in [("click_seg", CLICK_SEG, 12), ("roll_day", ROLL_DAY, 10)] {
            let rows = self.open(table)?;
            let mut known = [0; 8];
            self.each(&rows, |key, _| {
                let Some(link) = key.first_chunk::<8>().filter(|_| key.len() == key_bytes) else {
                    return Err(damage(name, key, "key of a wrong length"));
                };
                if *link == known {
                    return Ok(());
                }
                if sums.get(link.as_slice())?.is_none() && purge.get(link.as_slice())?.is_none() {
                    return Err(damage(name, key, "of a link without sums"));
                }
                known = *link;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The log reads, and begins where counting has come to. What is not counted yet counts here.
    fn log(&mut self, links: &Rows) -> Result<(), Flaw> {
        // One that does not read was reported already.
        let Ok(place) = tables::place(&self.open(META)?) else { return Ok(()) };
        let last_counted = u64::from(place.owner) << 32 | u64::from(place.link);
        let (log, mut of_last, mut waiting) = (self.open(CLICK_LOG)?, 0_u32, 0_u64);
        self.each(&log, |key, raw| {
            let number = key.try_into().map(u64::from_be_bytes);
            let Ok(number) = number else { return Err(damage("click_log", key, "key of a wrong length")) };
            if number < place.head {
                return Err(damage("click_log", key, "counted, but still there"));
            }
            for Entry { key: link, packed: click, .. } in block::read_block(key, raw)? {
                let is_counted = number < place.to
                    && (link < last_counted
                        || link == last_counted && {
                            of_last += 1;
                            of_last <= place.within
                        });
                let counts = !is_counted && click.class != Class::Prefetch;
                if counts && links.get(link.to_be_bytes().as_slice())?.is_some() {
                    waiting += 1;
                }
            }
            Ok(())
        })?;
        self.report.clicks = self.report.clicks.saturating_add(waiting);
        Ok(())
    }

    /// Texts and their numbers.
    fn words(&mut self) -> Result<(), Flaw> {
        let (ids, texts) = (self.open(DICT)?, self.open(DICT_ID)?);
        self.each(&ids, |key, raw| {
            let record: WordIdRecord = record::unseal(key, raw)?;
            let Some((words, text)) = words(key) else { return Err(damage("dict", key, "of no kind")) };
            let number = id_key(words, record.id);
            let Some(raw) = texts.get(number.as_slice())? else {
                return Err(damage("dict", key, "its number stands for nothing"));
            };
            let found: WordRecord = record::unseal(&number, raw.value())?;
            if found.text.as_bytes() == text {
                return Ok(());
            }
            Err(damage("dict", key, "its number stands for something else"))
        })?;
        self.each(&texts, |key, raw| {
            let record: WordRecord = record::unseal(key, raw)?;
            let Some((words, _)) = words(key) else { return Err(damage("dict_id", key, "of no kind")) };
            // Its own number or, after damage, a newer one.
            match ids.get(text_key(words, &record.text).as_slice())? {
                Some(_) => Ok(()),
                None => Err(damage("dict_id", key, "its text has no number")),
            }
        })
    }
}

fn words(key: &[u8]) -> Option<(Words, &[u8])> {
    let (kind, rest) = key.split_first()?;
    let words = [Words::Referrer, Words::Agent].into_iter().find(|words| *words as u8 == *kind)?;
    Some((words, rest))
}

fn count(clicks: &[Packed], fits: impl Fn(&Packed) -> bool) -> Both {
    let mut both = Both::default();
    clicks.iter().filter(|click| fits(click)).for_each(|click| both.add(click.class));
    both
}

/// The clicks kept of a link: their segments are numbered without gaps, from and to where the sum says.
fn kept(segments: &Rows, link: [u8; 8], sum: &SumRecord) -> Result<Vec<Packed>, Flaw> {
    let (from, to) = (click_key(link, 0), click_key(link, u32::MAX));
    let (mut clicks, mut next) = (Vec::new(), sum.segment_first);
    for row in segments.range(from.as_slice()..=to.as_slice())? {
        let (key, raw) = row?;
        if key.value() != click_key(link, next) || next >= sum.segment_next {
            return Err(miscount("click_seg", key.value(), "not where the link's sums expect it"));
        }
        clicks.extend(block::read_segment(key.value(), raw.value())?);
        next += 1;
    }
    if next != sum.segment_next {
        return Err(miscount("click_seg", &click_key(link, next), "missing"));
    }
    if clicks.len() != sum.kept as usize {
        return Err(miscount("roll_total", &link, "differs from the number of clicks that are kept"));
    }
    Ok(clicks)
}

/// What can be added up in a roll.
fn parts(roll: &RollRecord) -> [u64; 11] {
    fn sum<T>(pairs: &[(T, u64)]) -> u64 {
        pairs.iter().fold(0, |sum, pair| sum.saturating_add(pair.1))
    }
    [
        roll.bots,
        roll.humans,
        roll.visitors,
        roll.prefetches,
        sum(&roll.hours),
        sum(&roll.bot_hours),
        sum(&roll.hosts).saturating_add(roll.hosts_other),
        sum(&roll.browsers),
        sum(&roll.systems),
        sum(&roll.devices),
        sum(&roll.reasons),
    ]
}

/// Days add up to the sum of all days, which is `sum`; and each has the clicks that are kept of it, when all are.
pub(super) fn check_days(
    days: &Rows,
    link: [u8; 8],
    sum: Both,
    knows_all: bool,
    kept: Option<&[Packed]>,
) -> Result<(), Flaw> {
    let (from, to) = (day_key(link, ALL_DAYS), day_key(link, u16::MAX));
    let (mut all, mut total) = (None, [0_u64; 11]);
    for row in days.range(from.as_slice()..=to.as_slice())? {
        let (key, raw) = row?;
        let key = key.value();
        let roll: RollRecord = record::unseal(key, raw.value())?;
        if key == from {
            all = Some(roll);
            continue;
        }
        if roll.visitors != roll.sketch.count().min(roll.humans) {
            return Err(miscount("roll_day", key, "counts other visitors than its sketch has"));
        }
        let own = |click: &Packed| key == day_key(link, day(click.at_ms));
        if kept.is_some_and(|kept| count(kept, own) != Both(roll.humans, roll.bots)) {
            return Err(miscount("roll_day", key, "differs from the clicks that are kept"));
        }
        total.iter_mut().zip(parts(&roll)).for_each(|(total, part)| *total = total.saturating_add(part));
    }
    let Some(all) = all else { return Err(miscount("roll_day", &from, "missing")) };
    if !all.sketch.is_empty() {
        return Err(miscount("roll_day", &from, "different days have no visitors in common"));
    }
    if Both(all.humans, all.bots) != sum {
        return Err(miscount("roll_day", &from, "differs from the link's sums"));
    }
    let agrees = |(total, part): (u64, u64)| if knows_all { total == part } else { total <= part };
    if total.into_iter().zip(parts(&all)).all(agrees) {
        return Ok(());
    }
    Err(miscount("roll_day", &from, "differs from the sum of the days"))
}
