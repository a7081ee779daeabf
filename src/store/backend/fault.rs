//! Disks that fail, for tests. A fault concerns the thread that sets it: the writing one, from within a change.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

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

/// What a disk is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Read,
    Write,
    SetLen,
    Sync,
}

/// How it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Broken,
    Full,
    /// Half of a write is done.
    Short,
}

/// Has calls of one kind fail on a thread, also while the file is opened again: so many succeed, then one fails, or all
/// from there on until it is lifted.
#[derive(Debug)]
pub(crate) struct Plan {
    call: Call,
    how: How,
    stays: bool,
    left: AtomicI64,
    is_lifted: AtomicBool,
}

impl Plan {
    pub(in crate::store) fn new(call: Call, after: i64, how: How, stays: bool) -> Arc<Plan> {
        Arc::new(Plan { call, how, stays, left: AtomicI64::new(after), is_lifted: AtomicBool::new(false) })
    }

    /// Has it be followed on this thread.
    pub(in crate::store) fn follow(plan: &Arc<Plan>) {
        PLAN.set(Some(Arc::clone(plan)));
    }

    /// Nothing fails any more. Returns how many calls of its kind were made.
    pub(in crate::store) fn lift(&self) -> i64 {
        self.is_lifted.store(true, Ordering::SeqCst);
        -self.left.load(Ordering::SeqCst)
    }

    /// Whether this call fails.
    fn fails(&self, call: Call) -> bool {
        if call != self.call || self.is_lifted.load(Ordering::SeqCst) {
            return false;
        }
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        left == 0 || left < 0 && self.stays
    }
}

thread_local! {
    static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
    static PLAN: RefCell<Option<Arc<Plan>>> = const { RefCell::new(None) };
    static WRITTEN: Cell<u64> = const { Cell::new(0) };
}

pub(in crate::store) fn set(fault: Option<Fault>) {
    FAULT.set(fault);
}

/// How a call fails if its turn has come.
fn turn(call: Call) -> Option<How> {
    PLAN.with_borrow(|plan| plan.as_ref().filter(|plan| plan.fails(call)).map(|plan| plan.how))
}

fn refused(how: How) -> io::Error {
    // EIO and ENOSPC.
    io::Error::from_raw_os_error(if how == How::Broken { 5 } else { 28 })
}

pub(super) fn nth(call: Call) -> io::Result<()> {
    turn(call).map_or(Ok(()), |how| Err(refused(how)))
}

pub(super) fn nth_write(file: &impl StorageBackend, offset: u64, data: &[u8]) -> io::Result<()> {
    let Some(how) = turn(Call::Write) else { return Ok(()) };
    if how == How::Short {
        file.write(offset, &data[..data.len() / 2])?;
    }
    Err(refused(how))
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
