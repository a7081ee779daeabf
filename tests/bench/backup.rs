//! A copy of a file with very many clicks while more come, and how long nobody can write because of it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::clicks::Clicks;
use crate::scale::Scale;
use crate::stock::Stock;
use crate::{ms, say};

pub fn measure(scale: &Scale, stock: &Stock) {
    let history = stock.history(scale);
    let store = history.open();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut clicks = Clicks::new(history.owner, history.links.clone(), scale.history_clicks);
            while !over.load(Relaxed) {
                // Twenty thousand a second.
                (0..20).for_each(|_| _ = store.record_click(clicks.one()));
                thread::sleep(Duration::from_millis(1));
            }
        });
        for _ in 0..scale.rounds {
            let target = history.file().with_extension("copy");
            let begun = Instant::now();
            let backup = store.back_up(&target, &mut |_| ControlFlow::Continue(())).unwrap();
            let time = begun.elapsed().as_secs_f64();
            let megabytes = backup.bytes / 1_000_000;
            say(&format!(
                "backup of {megabytes} MB, proven  {time:.2} s; nobody could write for {}",
                ms(store.last_pause())
            ));
            std::fs::remove_file(target).unwrap();
        }
        over.store(true, Relaxed);
    });
    store.close();
}
