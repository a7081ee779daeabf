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
    #[cfg(test)]
    tape: Option<Arc<tape::Tape>>,
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
    let shared = Arc::new(Shared {
        file,
        holding: AtomicBool::new(true),
        held: Mutex::default(),
        dirty: Dirty::default(),
        #[cfg(test)]
        tape: tape::inserted(),
    });
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
                Operation::Write(offset, data) => self.0.write(offset, &data)?,
                Operation::SetLen(len) => self.0.set_len(len)?,
                Operation::Sync => self.0.sync_data()?,
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

    // What the disk is told, and where tests have it fail or listen.

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        #[cfg(test)]
        fault::nth(fault::Call::Read)?;
        self.file.read(offset, out)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        fault::nth_write(&self.file, offset, data)?;
        #[cfg(test)]
        let _taped = self.tape.as_ref().map(|tape| tape.write(offset, data));
        self.file.write(offset, data)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        #[cfg(test)]
        fault::nth(fault::Call::SetLen)?;
        #[cfg(test)]
        let _taped = self.tape.as_ref().map(|tape| tape.set_len(len));
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        fault::nth(fault::Call::Sync)?;
        #[cfg(test)]
        let _taped = self.tape.as_ref().map(|tape| tape.sync());
        self.file.sync_data()
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
            self.0.read(offset, from_file)?;
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
            None => self.0.read(offset, out),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        match self.0.held() {
            Some(mut held) => {
                held.push(Operation::SetLen(len));
                Ok(())
            }
            None => self.0.set_len(len),
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
                self.0.sync_data()
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
                let written = self.0.write(offset, data);
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

#[cfg(test)]
pub(super) mod fault;
#[cfg(test)]
pub(super) mod tape;
#[cfg(test)]
mod tests;
