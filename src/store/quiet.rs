//! Panics that are answers: redb takes some damage for a bug of its own.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IS_TRYING: Cell<bool> = const { Cell::new(false) };
}

/// True while this thread tries whether a file opens: a panic then is an answer, and no news for the operator.
pub(crate) fn is_trying() -> bool {
    IS_TRYING.get()
}

/// Runs `work`; a panic in it is an error with its text.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = IS_TRYING.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    IS_TRYING.set(before);
    outcome.map_err(|panic| text_of(&*panic))
}

/// What a panic says, in one line.
pub(crate) fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}
