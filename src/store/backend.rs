//! The layer between redb and the file: it lets us look before we touch.
//!
//! Opening a database writes to it: redb marks the file as in use, and repairs what a crash left. On a file that
//! turns out to be damaged, foreign or newer than this program, even that is too much. So a [`Backend`] begins
//! *holding*: writes are remembered and read back, but the file stays as it is. Only when the file has opened and
//! its contents are known to be ours, [`Hold::release`] plays the remembered operations into the file, in their
//! order and with their syncs, and from then on the layer does nothing but pass calls on, and note what is written for whoever copies the file.

use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use crate::store::dirty::Dirty;

#[derive(Debug)]
enum Operation {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

#[derive(Debug)]
struct Shared {
    file: FileBackend,
    /// True until released; read without the lock once it is false.
    holding: AtomicBool,
    held: Mutex<Vec<Operation>>,
    dirty: Dirty,
}

/// The storage redb sees.
#[derive(Debug)]
pub(super) struct Backend(Arc<Shared>);

/// The other end: decides when what redb wrote may reach the file.
pub(super) struct Hold(Arc<Shared>);

/// The file beneath, for whoever copies it.
#[derive(Debug, Clone)]
pub(super) struct Storage(Arc<Shared>);

impl Storage {
    /// True when both are the same opening of a file.
    pub(super) fn is(&self, other: &Storage) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        self.0.file.len()
    }

    pub(super) fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.file.read(offset, out)
    }

    /// What is written from now on.
    pub(super) fn dirty(&self) -> &Dirty {
        &self.0.dirty
    }
}

/// A backend that holds its writes back, and the handle that lets them go. Dropping the handle without
/// [`Hold::release`] leaves the file as it was.
pub(super) fn holding(file: FileBackend) -> (Backend, Hold) {
    let shared =
        Arc::new(Shared { file, holding: AtomicBool::new(true), held: Mutex::default(), dirty: Dirty::default() });
    (Backend(Arc::clone(&shared)), Hold(shared))
}

impl Hold {
    /// The file beneath.
    pub(super) fn storage(&self) -> Storage {
        Storage(Arc::clone(&self.0))
    }

    /// Plays the held operations into the file and stops holding.
    ///
    /// # Errors
    /// Those of the file system. What was played is what redb itself would have done up to that point.
    pub(super) fn release(self) -> io::Result<()> {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        for operation in held.drain(..) {
            match operation {
                Operation::Write(offset, data) => self.0.file.write(offset, &data)?,
                Operation::SetLen(len) => self.0.file.set_len(len)?,
                Operation::Sync => self.0.file.sync_data()?,
            }
        }
        self.0.holding.store(false, Ordering::Release);
        Ok(())
    }
}

impl Shared {
    /// The held operations, while there is something to hold back.
    fn held(&self) -> Option<std::sync::MutexGuard<'_, Vec<Operation>>> {
        if !self.holding.load(Ordering::Acquire) {
            return None;
        }
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // Released while we waited for the lock: the file is up to date.
        self.holding.load(Ordering::Acquire).then_some(held)
    }
}

/// The length a file of `len` bytes has after the held operations.
fn len_after(len: u64, held: &[Operation]) -> u64 {
    held.iter().fold(len, |len, operation| match operation {
        Operation::SetLen(new) => *new,
        Operation::Write(offset, data) => len.max(offset + data.len() as u64),
        Operation::Sync => len,
    })
}

impl Backend {
    fn read_held(&self, held: &[Operation], offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut len = self.0.file.len()?;
        // A damaged file may send redb anywhere.
        let end = offset.saturating_add(out.len() as u64);
        if end > len_after(len, held) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let on_disk = usize::try_from(end.min(len).saturating_sub(offset)).unwrap_or(0);
        let (from_file, past_end) = out.split_at_mut(on_disk);
        past_end.fill(0);
        if !from_file.is_empty() {
            self.0.file.read(offset, from_file)?;
        }
        for operation in held {
            match operation {
                Operation::SetLen(new) => {
                    if *new < len && *new < end {
                        let from = usize::try_from(new.saturating_sub(offset)).unwrap_or(0);
                        out[from..].fill(0);
                    }
                    len = *new;
                }
                Operation::Write(at, data) => {
                    len = len.max(at + data.len() as u64);
                    overlay(out, offset, data, *at);
                }
                Operation::Sync => {}
            }
        }
        Ok(())
    }
}

/// Copies into `out`, which stands for the bytes from `offset` on, the part of `data` (standing at `at`) it shares.
fn overlay(out: &mut [u8], offset: u64, data: &[u8], at: u64) {
    let start = offset.max(at);
    let end = (offset + out.len() as u64).min(at + data.len() as u64);
    if start < end {
        // Both differences are within a slice, so they fit `usize`.
        let (to, from, count) = ((start - offset) as usize, (start - at) as usize, (end - start) as usize);
        out[to..to + count].copy_from_slice(&data[from..from + count]);
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        let held = self.0.held();
        let len = self.0.file.len()?;
        Ok(held.map_or(len, |held| len_after(len, &held)))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match self.0.held() {
            Some(held) => self.read_held(&held, offset, out),
            None => self.0.file.read(offset, out),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        match self.0.held() {
            Some(mut held) => {
                held.push(Operation::SetLen(len));
                Ok(())
            }
            None => self.0.file.set_len(len),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        match self.0.held() {
            Some(mut held) => {
                held.push(Operation::Sync);
                Ok(())
            }
            None => {
                #[cfg(test)]
                if let Some(outcome) = fault::at_sync(&self.0.file) {
                    return outcome;
                }
                self.0.file.sync_data()
            }
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        match self.0.held() {
            Some(mut held) => {
                held.push(Operation::Write(offset, data.to_vec()));
                Ok(())
            }
            None => {
                #[cfg(test)]
                if let Some(outcome) = fault::at_write(data.len()) {
                    return outcome;
                }
                let written = self.0.file.write(offset, data);
                self.0.dirty.note(offset, data.len());
                written
            }
        }
    }

    fn close(&self) -> io::Result<()> {
        self.0.file.close()
    }

    // Locks are the file's own: without these two processes could open one file.

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.query_lock_range(start, end)
    }
}

/// Disks that fail, for tests. A fault concerns the thread that sets it: the writing one, from within a change.
#[cfg(test)]
pub(super) mod fault {
    use std::cell::Cell;
    use std::io;

    use redb::StorageBackend;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Fault {
        /// The next sync reports an error after doing its work.
        AfterSync,
        /// Writes are lost from now on, and the next sync says so.
        LostWrites,
        /// Every write fails until the fault is taken away.
        Full,
        /// So many writes and syncs succeed, the next fails, and all after it succeed.
        Once(usize),
        /// So many writes and syncs succeed, and none after them, until the fault is taken away.
        From(usize),
    }

    thread_local! {
        static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
        static WRITTEN: Cell<u64> = const { Cell::new(0) };
    }

    pub(in crate::store) fn set(fault: Option<Fault>) {
        FAULT.set(fault);
    }

    /// Counts a write or sync; true when it is to fail.
    fn fails_by_count() -> bool {
        let (fails, next) = match FAULT.get() {
            Some(Fault::Once(0)) => (true, None),
            Some(Fault::Once(left)) => (false, Some(Fault::Once(left - 1))),
            Some(Fault::From(0)) => (true, Some(Fault::From(0))),
            Some(Fault::From(left)) => (false, Some(Fault::From(left - 1))),
            other => (false, other),
        };
        FAULT.set(next);
        fails
    }

    fn failed() -> io::Result<()> {
        Err(io::Error::other("the disk failed"))
    }

    pub(super) fn at_sync(file: &impl StorageBackend) -> Option<io::Result<()>> {
        if fails_by_count() {
            return Some(failed());
        }
        let fault = FAULT.get().filter(|fault| matches!(fault, Fault::AfterSync | Fault::LostWrites))?;
        FAULT.set(None);
        let done = if fault == Fault::AfterSync { file.sync_data() } else { Ok(()) };
        Some(done.and_then(|()| failed()))
    }

    /// Bytes that this thread has written.
    pub(in crate::store) fn written() -> u64 {
        WRITTEN.get()
    }

    pub(super) fn at_write(bytes: usize) -> Option<io::Result<()>> {
        WRITTEN.set(WRITTEN.get() + bytes as u64);
        if fails_by_count() {
            return Some(failed());
        }
        match FAULT.get()? {
            Fault::LostWrites => Some(Ok(())),
            Fault::Full => Some(Err(io::ErrorKind::StorageFull.into())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_file(bytes: &[u8]) -> (tempfile::NamedTempFile, Backend, Hold) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let opened = std::fs::File::options().read(true).write(true).open(file.path()).unwrap();
        let (backend, hold) = holding(FileBackend::new(opened).unwrap());
        (file, backend, hold)
    }

    fn contents(backend: &Backend) -> Vec<u8> {
        let mut out = vec![1; usize::try_from(backend.len().unwrap()).unwrap()];
        backend.read(0, &mut out).unwrap();
        out
    }

    #[test]
    fn held_writes_are_read_back_and_reach_the_file_on_release() {
        let (file, backend, hold) = on_file(b"0123456789");
        backend.write(2, b"ab").unwrap();
        backend.set_len(4).unwrap();
        backend.sync_data().unwrap();
        backend.set_len(8).unwrap();
        backend.write(7, b"xyz").unwrap();
        let expected = b"01ab\0\0\0xyz";
        assert_eq!(contents(&backend), expected);
        let mut middle = [0; 3];
        backend.read(3, &mut middle).unwrap();
        assert_eq!(&middle, b"b\0\0");
        assert!(backend.read(9, &mut middle).is_err(), "past the end");
        assert_eq!(std::fs::read(file.path()).unwrap(), b"0123456789", "nothing was touched");
        hold.release().unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), expected);
        backend.write(0, b"Z").unwrap();
        assert_eq!(contents(&backend)[0], b'Z');
        assert_eq!(std::fs::read(file.path()).unwrap()[0], b'Z');
    }

    #[test]
    fn a_dropped_hold_leaves_the_file_alone() {
        let (file, backend, hold) = on_file(b"0123");
        backend.write(0, b"zz").unwrap();
        backend.set_len(100).unwrap();
        drop(hold);
        drop(backend);
        assert_eq!(std::fs::read(file.path()).unwrap(), b"0123");
    }
}
