//! Redirects per second over connections that stay open, of links that are in memory, and the processor time of each.

use std::ops::Range;

use crate::scale::Scale;
use crate::server::{Server, Setting};
use crate::site::Site;
use crate::stock::Stock;
use crate::tally::Tally;
use crate::{compare, load, process, redirect, say};

/// Links that are followed in turn.
const LINKS: usize = 16;

/// A few links, over different numbers of connections.
pub fn measure(scale: &Scale, _: &Stock) {
    let site = Site::with_links(LINKS);
    let servers = compare::beside(site.start(Setting::default()).unwrap(), Setting::default());
    let mut tally = Tally::begin(&site, servers[0].address());
    compare::head("redirects, connections", &compare::names(&servers));
    for &connections in scale.connections {
        follow(&connections.to_string(), &servers, 0..LINKS, connections, scale, &mut tally);
    }
    tally.end(servers[0].address());
    say(&format!("  resident afterwards {} kB", process::resident_kb(servers[0].pid())));
}

/// One link against very many, chosen at random, each followed once before.
pub fn measure_flatness(scale: &Scale, stock: &Stock) {
    let site = stock.site(scale);
    let servers = compare::beside(site.start(Setting::default()).unwrap(), Setting::default());
    let mut tally = Tally::begin(site, servers[0].address());
    compare::head(&format!("redirects, {} connections", scale.many), &compare::names(&servers));
    for links in [1, scale.file_links / 10, scale.file_links] {
        let requests = requests(&servers[0], 0..links);
        let open = load::open(&servers[0].endpoint, scale.many, &requests[0]);
        let warm_up = load::once(open, &requests, 302);
        tally.add(&servers[0], warm_up.answers + scale.many as u64);
        follow(&format!("of {links} links"), &servers, 0..links, scale.many, scale, &mut tally);
    }
    tally.end(servers[0].address());
    say(&format!("  resident afterwards {} kB", process::resident_kb(servers[0].pid())));
}

fn follow(
    label: &str,
    servers: &[Server],
    links: Range<usize>,
    connections: usize,
    scale: &Scale,
    tally: &mut Tally<'_>,
) {
    let figures = compare::medians(scale.rounds, servers, |server| {
        let requests = requests(server, links.clone());
        let open = load::open(&server.endpoint, connections, &requests[0]);
        server.cost_of(|| {
            let run = load::repeat(open, &requests, 302, scale.lasts);
            tally.add(server, run.answers + connections as u64);
            run
        })
    });
    compare::line(label, &figures);
}

fn requests(server: &Server, links: Range<usize>) -> Vec<Vec<u8>> {
    links.map(|number| redirect::request(server.address(), number)).collect()
}
