//! Whether an account is in use, and what becomes of its links when it is not any more.

use super::UserId;

/// Whether somebody may use their account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    /// Cannot log in; the links go on.
    Disabled,
    /// Gone but for the name, which is part of the links' addresses and nobody else's.
    Removed(Estate),
}

/// What becomes of the links of somebody who is removed. Their addresses stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Estate {
    /// They go on; administrators look after them.
    Archived,
    /// They go on; another user looks after them as after their own.
    Kept(UserId),
    /// They go.
    Deleted,
}

impl State {
    /// The word in lists and commands.
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Disabled => "disabled",
            State::Removed(_) => "removed",
        }
    }

    /// What is left when the account is gone.
    pub(crate) fn estate(self) -> Option<Estate> {
        match self {
            State::Removed(estate) => Some(estate),
            State::Active | State::Disabled => None,
        }
    }
}
