//! Redirects of links that nobody has followed since the start of the program.

use crate::compare::{self, Figures};
use crate::scale::Scale;
use crate::server::{Server, Setting};
use crate::stock::Stock;
use crate::tally::Tally;
use crate::{load, redirect, reference};

pub fn measure(scale: &Scale, stock: &Stock) {
    let site = stock.site(scale);
    let rival = reference::start(Setting::default());
    let links = scale.cold_links.min(scale.file_links - 1);
    let start = || site.start(Setting::default()).unwrap();
    let mut tally = Tally::begin(site, start().address());
    let mut rounds: [Vec<Figures>; 2] = Default::default();
    for _ in 0..scale.rounds {
        for (server, figures) in [&start(), &rival].into_iter().zip(&mut rounds) {
            figures.push(follow(server, links, scale, &mut tally));
        }
    }
    compare::head(&format!("cold redirects, {} connections", scale.many), &["linkjar", rival.name]);
    compare::line(&format!("{links} links, each once"), &rounds.map(|figures| compare::median(figures.into_iter())));
    tally.end(start().address());
}

/// The last link opens the connections; the first ones are followed.
fn follow(server: &Server, links: usize, scale: &Scale, tally: &mut Tally<'_>) -> Figures {
    let request = |number| redirect::request(server.address(), number);
    let requests: Vec<Vec<u8>> = (0..links).map(request).collect();
    let open = load::open(&server.endpoint, scale.many, &request(scale.file_links - 1));
    server.cost_of(|| {
        let run = load::once(open, &requests, 302);
        tally.add(server, run.answers + scale.many as u64);
        run
    })
}
