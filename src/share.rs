//! How many of something that is scarce each person has at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::user::UserId;

/// What everybody has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shares(Arc<Mutex<HashMap<UserId, usize>>>);

/// One of them, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Shares,
    user: UserId,
}

impl Shares {
    /// Takes one for a person. `None` when they have `max` already.
    pub(crate) fn take(&self, user: UserId, max: usize) -> Option<Share> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(user).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Share { shares: self.clone(), user })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever has none takes no memory.
        if let Some(count) = held.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_their_share_and_one_given_back_can_be_had_again() {
        let (shares, anna, bert) = (Shares::default(), UserId(1), UserId(2));
        let mut held: Vec<Share> = (0..3).map(|_| shares.take(anna, 3).unwrap()).collect();
        assert!(shares.take(anna, 3).is_none());
        assert!(shares.take(bert, 3).is_some());
        drop(held.pop());
        held.push(shares.take(anna, 3).unwrap());
        assert!(shares.take(anna, 3).is_none());
        held.clear();
        assert!(shares.0.lock().unwrap().is_empty());
    }
}
