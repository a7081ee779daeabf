//! Pages, which go through the pool, beside the HTTP library giving an answer of the same size.

use crate::compare;
use crate::endpoint::PATIENCE;
use crate::load::{self, BUFFER_BYTES};
use crate::scale::Scale;
use crate::server::Setting;
use crate::site::Site;
use crate::stock::Stock;
use crate::visits::visit;
use crate::{redirect, reference};

/// As many links as the first page of the list shows.
const LINKS: usize = 25;

pub fn measure(scale: &Scale, _: &Stock) {
    let site = Site::with_links(LINKS);
    let servers = [site.start(Setting::default()).unwrap(), reference::start(Setting::default())];
    let address = servers[0].address();
    compare::head(&format!("pages, {} connections", scale.many), &compare::names(&servers));
    for (name, request) in [
        ("robots.txt", redirect::page(address, "/robots.txt")),
        ("login", redirect::page(address, "/accounts/login")),
        ("list", site.page(address, "/links")),
    ] {
        let (answer, _) = visit(&servers[0].endpoint, &request, &mut vec![0; BUFFER_BYTES], PATIENCE).unwrap();
        let figures = compare::medians(scale.rounds, &servers, |server| {
            let same_size = || redirect::page(server.address(), &reference::page(answer.bytes));
            let requests = [if server.counts_clicks() { request.clone() } else { same_size() }];
            let open = load::open(&server.endpoint, scale.many, &requests[0]);
            server.cost_of(|| load::repeat(open, &requests, 200, scale.lasts))
        });
        compare::line(&format!("{name}, {} bytes", answer.bytes), &figures);
    }
}
