//! What a disk was told, for tests that cut its power afterwards.
//!
//! A disk may keep of what was not synced any 512 bytes and lose any others, and of some it may keep a part; the file's
//! length is on its own. What was synced stays, unless the disk lied.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::store::tests::Xorshift;

const SECTOR_BYTES: u64 = 512;

#[derive(Debug, Clone)]
enum Told {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
    /// Nothing that concerns its bytes: it took another file's place.
    Placed,
}

/// Everything that one opening of a file told its disk, in order.
#[derive(Debug)]
pub(in crate::store) struct Tape {
    /// The file before.
    start: Vec<u8>,
    told: Mutex<Vec<Told>>,
}

thread_local! {
    /// With it how many files are opened before the one it is for.
    static NEXT: RefCell<Option<(usize, Arc<Tape>)>> = const { RefCell::new(None) };
    /// That of the file that was opened last.
    static LAST: RefCell<Option<Arc<Tape>>> = const { RefCell::new(None) };
}

/// The tape for a file that is being opened.
pub(super) fn inserted() -> Option<Arc<Tape>> {
    let (before, tape) = NEXT.take()?;
    if before == 0 {
        LAST.set(Some(Arc::clone(&tape)));
        return Some(tape);
    }
    NEXT.set(Some((before - 1, tape)));
    None
}

/// Notes that the file which this thread opened last has taken another's place.
pub(in crate::store) fn note_place() {
    if let Some(tape) = LAST.take() {
        drop(tape.tell(Told::Placed));
    }
}

impl Tape {
    /// A tape for the file that this thread opens next; `start` is what is in it.
    pub(in crate::store) fn insert(start: Vec<u8>) -> Arc<Tape> {
        Tape::insert_after(0, start)
    }

    /// The same for the file that it opens after so many others.
    pub(in crate::store) fn insert_after(others: usize, start: Vec<u8>) -> Arc<Tape> {
        let tape = Arc::new(Tape { start, told: Mutex::default() });
        NEXT.set(Some((others, Arc::clone(&tape))));
        tape
    }

    // Calls of several threads reach the disk in the order of the tape: each holds it until the call is done.

    fn tell(&self, told: Told) -> MutexGuard<'_, Vec<Told>> {
        let mut all = self.told.lock().unwrap();
        all.push(told);
        all
    }

    pub(super) fn write(&self, offset: u64, data: &[u8]) -> impl Drop {
        self.tell(Told::Write(offset, data.to_vec()))
    }

    pub(super) fn set_len(&self, len: u64) -> impl Drop {
        self.tell(Told::SetLen(len))
    }

    pub(super) fn sync(&self) -> impl Drop {
        self.tell(Told::Sync)
    }

    /// Calls so far.
    pub(in crate::store) fn len(&self) -> usize {
        self.told.lock().unwrap().len()
    }

    /// The places right after each sync.
    pub(in crate::store) fn syncs(&self) -> Vec<usize> {
        let told = self.told.lock().unwrap();
        let syncs = told.iter().enumerate().filter(|(_, told)| matches!(told, Told::Sync));
        syncs.map(|(at, _)| at + 1).collect()
    }

    /// Where on the tape it took another file's place.
    pub(in crate::store) fn placed(&self) -> Option<usize> {
        self.told.lock().unwrap().iter().position(|told| matches!(told, Told::Placed))
    }

    /// What is in the file when the power goes after so many calls. Syncs past the first `honest` calls were lies.
    pub(in crate::store) fn cut(&self, at: usize, honest: usize, random: &mut Xorshift) -> Vec<u8> {
        let told = self.told.lock().unwrap();
        let synced = told[..at.min(honest)].iter().rposition(|told| matches!(told, Told::Sync)).map_or(0, |at| at + 1);
        let mut bytes = self.start.clone();
        for told in &told[..synced] {
            match told {
                Told::Write(offset, data) => put(&mut bytes, *offset, data),
                Told::SetLen(len) => bytes.resize(*len as usize, 0),
                Told::Sync | Told::Placed => {}
            }
        }
        let unsynced = &told[synced..at];
        let mut lengths = vec![bytes.len()];
        // In eighths: all is lost, all is kept, or some.
        let kept = [0, 1, 4, 7, 8][random.below(5) as usize];
        for told in unsynced {
            match told {
                Told::Write(offset, data) => keep_some(&mut bytes, *offset, data, kept, random),
                Told::SetLen(len) => lengths.push(*len as usize),
                Told::Sync | Told::Placed => {}
            }
        }
        bytes.resize(lengths[random.below(lengths.len() as u64) as usize], 0);
        bytes
    }
}

fn put(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let from = offset as usize;
    if bytes.len() < from + data.len() {
        bytes.resize(from + data.len(), 0);
    }
    bytes[from..from + data.len()].copy_from_slice(data);
}

/// Keeps each sector of a write by chance, and of some only their beginning.
fn keep_some(bytes: &mut Vec<u8>, offset: u64, data: &[u8], kept: u64, random: &mut Xorshift) {
    let mut from = 0;
    while from < data.len() {
        let rest = SECTOR_BYTES - (offset + from as u64) % SECTOR_BYTES;
        let sector = &data[from..data.len().min(from + rest as usize)];
        if random.below(8) < kept {
            let is_torn = random.below(8) == 0;
            let count = if is_torn { random.below(sector.len() as u64) as usize } else { sector.len() };
            put(bytes, offset + from as u64, &sector[..count]);
        }
        from += sector.len();
    }
}
