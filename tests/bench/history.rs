//! A data folder with very many clicks on many links, made when the first part needs it and used by all of them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::appliance::ADMIN;
use crate::clicks::Clicks;
use crate::link::LinkId;
use crate::scale::Scale;
use crate::site::Site;
use crate::store::Store;
use crate::user::UserId;
use crate::{list, redirect, say, writer};

/// The page cache of a small board; a server takes more where there is more.
pub const CACHE_BYTES: usize = 16 << 20;

/// The folder, and whose links these are, the busiest first.
pub struct History {
    pub site: Site,
    pub owner: UserId,
    pub links: Vec<LinkId>,
}

impl History {
    /// Links made over HTTP, and clicks left in the store as the server leaves them.
    pub fn make(links: usize, clicks: u64) -> History {
        let (site, run) = Site::timed(links);
        list::tell(&run);
        let store = open(&site);
        let owner = store.user_by_login(ADMIN).unwrap().unwrap().id;
        let id = |number| store.redirect(&format!("{ADMIN}/{}", redirect::slug(number))).unwrap().unwrap().link;
        let links: Vec<LinkId> = (0..links).map(id).collect();
        let history = History { site, owner, links };
        let begun = Instant::now();
        Clicks::new(owner, history.links.clone(), clicks).pour(&store, clicks, 4_000);
        store.settle();
        store.close();
        if clicks > 0 {
            let (bytes, time) = (writer::allocated(&history.file()), begun.elapsed().as_secs_f64());
            let (links, each) = (history.links.len(), bytes as f64 / clicks as f64);
            say(&format!(
                "a file of {clicks} clicks on {links} links: {time:.0} s, {} MB on disk, {each:.1} bytes each",
                bytes / 1_000_000
            ));
        }
        history
    }

    pub fn of(scale: &Scale) -> History {
        History::make(scale.history_links, scale.history_clicks)
    }

    pub fn file(&self) -> PathBuf {
        PathBuf::from(self.site.data_file())
    }

    /// The store, in this process; no server may run on it.
    pub fn open(&self) -> Store {
        open(&self.site)
    }
}

fn open(site: &Site) -> Store {
    let file = site.data_file();
    let folder = Path::new(&file).parent().unwrap();
    Store::open_and_tell(folder, CACHE_BYTES, |trouble| panic!("{trouble}"), |_| {}).unwrap().0
}
