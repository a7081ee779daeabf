//! A data folder with very many links, made when the first part needs it and used by all of them.

use std::cell::OnceCell;

use crate::list;
use crate::scale::Scale;
use crate::site::Site;

/// The folder, while nobody has asked for it not yet made.
#[derive(Default)]
pub struct Stock(OnceCell<Site>);

impl Stock {
    pub fn site(&self, scale: &Scale) -> &Site {
        self.0.get_or_init(|| {
            let (site, run) = Site::timed(scale.file_links);
            list::tell(&run);
            site
        })
    }
}
