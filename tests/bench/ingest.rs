//! What a click costs from the visitor to the disk, beside the layout with a row for each, fed with the same clicks in the
//! same minute; in this process, so that nothing of a client or of HTTP is in it.

use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::clicks::Clicks;
use crate::history::{CACHE_BYTES, History};
use crate::scale::Scale;
use crate::stock::Stock;
use crate::writer::Work;
use crate::{rows, say, writer};

/// Clicks in each transaction, of either layout.
const PER_COMMIT: u64 = 1_000;
/// Clicks a second, where they come at a steady pace.
const PACE: u64 = 100_000;

pub fn measure(scale: &Scale, _: &Stock) {
    let history = History::make(scale.history_links, 0);
    let count = scale.ingest_clicks;
    say(&format!("{count} clicks on {} links, {PER_COMMIT} for each commit", history.links.len()));
    let clicks = || Clicks::new(history.owner, history.links.clone(), count);
    let store = history.open();
    let (thread, before) = (writer::here(), writer::allocated(&history.file()));
    let begun = (Instant::now(), thread.work());
    clicks().pour(&store, count, PER_COMMIT);
    let logged = begun.0.elapsed();
    store.settle();
    let own = thread.work() - begun.1;
    store.close();
    let kept = writer::allocated(&history.file()).saturating_sub(before);
    tell("ledger, all counted", own, kept, count);
    say(&format!("  the last was on disk after    {:.2} s, {:.0} /s", logged.as_secs_f64(), rate(count, logged)));
    let (folder, mut other) = (TempDir::new().unwrap(), clicks());
    let file = folder.path().join("rows.redb");
    let row = rows::write(&file, CACHE_BYTES, count, PER_COMMIT, || other.one());
    let row_kept = writer::allocated(&file);
    tell("a row for each", row, row_kept, count);
    say(&format!(
        "  the ledger's share of that    {:.3} of the time, {:.3} of the bytes written, {:.3} of those kept",
        own.time.as_secs_f64() / row.time.as_secs_f64(),
        own.bytes as f64 / row.bytes as f64,
        kept as f64 / row_kept as f64
    ));
    steady(&history, scale);
}

fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn tell(what: &str, work: Work, kept: u64, count: u64) {
    let each = |bytes: u64| bytes as f64 / count as f64;
    let time_us = work.time.as_secs_f64() * 1e6 / count as f64;
    say(&format!("  {what:<28}  {time_us:.2} us, {:.1} B written, {:.1} B kept", each(work.bytes), each(kept)));
}

/// Clicks at a steady pace, gathered as the server gathers them; rounds of counting go on beside.
fn steady(history: &History, scale: &Scale) {
    let store = history.open();
    let count = PACE / 100 * scale.steady_hundredths;
    let mut clicks = Clicks::new(history.owner, history.links.clone(), count);
    let ready: Vec<_> = (0..count).map(|_| clicks.one()).collect();
    let (thread, begun) = (writer::here(), Instant::now());
    let before = thread.work();
    let (mut shed, mut own) = (0, Duration::ZERO);
    for (number, some) in ready.chunks(PACE as usize / 1_000).enumerate() {
        let due = Duration::from_millis(number as u64);
        thread::sleep(due.saturating_sub(begun.elapsed()));
        let since = Instant::now();
        shed += some.iter().filter(|click| store.record_click((*click).clone()).is_none()).count();
        own += since.elapsed();
    }
    let elapsed = begun.elapsed();
    let work = thread.work() - before;
    store.flush_clicks();
    store.close();
    say(&format!(
        "  at a pace of {PACE} /s          {:.0} /s for {:.1} s, {shed} shed; the writing thread took {:.1} % of a core, \
         leaving the clicks {:.1} %",
        rate(count, elapsed),
        elapsed.as_secs_f64(),
        100.0 * work.time.as_secs_f64() / elapsed.as_secs_f64(),
        100.0 * own.as_secs_f64() / elapsed.as_secs_f64()
    ));
}
