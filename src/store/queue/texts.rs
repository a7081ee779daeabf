//! Texts that clicks share while they wait: nearly all come with one of a few user agents and referrers.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

use crate::click::Click;
use crate::limits::TEXTS_SHARED;

/// Some texts of the latest clicks.
#[derive(Default)]
pub(super) struct Texts {
    places: Vec<Arc<str>>,
    hasher: RandomState,
}

impl Texts {
    /// Has a click share its texts with earlier ones.
    pub(super) fn share(&mut self, click: &mut Click) {
        self.places.resize_with(TEXTS_SHARED, Arc::default);
        for text in [&mut click.referrer, &mut click.agent] {
            // The remainder fits.
            let place = (self.hasher.hash_one(&**text) % TEXTS_SHARED as u64) as usize;
            let known = &mut self.places[place];
            if known == text {
                *text = Arc::clone(known);
            } else {
                *known = Arc::clone(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkId;
    use crate::store::tests::click;
    use crate::user::UserId;
    use crate::visitor::Class;

    #[test]
    fn equal_texts_are_one_and_others_stay_what_they_are() {
        let mut texts = Texts::default();
        let mut share = |referrer: &str, agent: &str| {
            let mut click = click(UserId(1), LinkId(1), Class::Human);
            (click.referrer, click.agent) = (referrer.into(), agent.into());
            texts.share(&mut click);
            assert_eq!((&*click.referrer, &*click.agent), (referrer, agent));
            click
        };
        let (first, second) = (share("a.example", "Agent"), share("a.example", "Agent"));
        assert!(Arc::ptr_eq(&first.referrer, &second.referrer) && Arc::ptr_eq(&first.agent, &second.agent));
        // More than there are places.
        for number in 0..2 * TEXTS_SHARED {
            share(&format!("{number}.example"), "");
        }
    }
}
