//! Redirects to visitors of whom each comes on a connection of its own.

use rustls::client::Resumption;

use crate::scale::Scale;
use crate::server::Setting;
use crate::site::Site;
use crate::stock::Stock;
use crate::tally::Tally;
use crate::{compare, redirect, visits};

pub fn measure(scale: &Scale, _: &Stock) {
    let site = Site::with_links(1);
    let servers = compare::beside(site.start(Setting::default()).unwrap(), Setting::default());
    let mut tally = Tally::begin(&site, servers[0].address());
    compare::head("a connection for each", &compare::names(&servers));
    let figures = compare::medians(scale.rounds, &servers, |server| {
        let request = redirect::request(server.address(), 0);
        server.cost_of(|| {
            let visits = visits::run(&server.endpoint, Resumption::disabled, &request, scale.at_once, scale.lasts);
            visits.judge(server);
            tally.add(server, visits.run.answers);
            visits.run
        })
    });
    compare::line(&format!("redirects, {} at once", scale.at_once), &figures);
    tally.end(servers[0].address());
}
