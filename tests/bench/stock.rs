//! Data folders with very many links, and with very many clicks, made when the first part needs them and used by all.

use std::cell::OnceCell;

use crate::history::History;
use crate::list;
use crate::scale::Scale;
use crate::site::Site;

/// The folders, while nobody has asked for them not yet made.
#[derive(Default)]
pub struct Stock {
    site: OnceCell<Site>,
    history: OnceCell<History>,
}

impl Stock {
    pub fn site(&self, scale: &Scale) -> &Site {
        self.site.get_or_init(|| {
            let (site, run) = Site::timed(scale.file_links);
            list::tell(&run);
            site
        })
    }

    pub fn history(&self, scale: &Scale) -> &History {
        self.history.get_or_init(|| History::of(scale))
    }
}
