//! Redirects over TLS 1.3, and its handshakes. The HTTP library stands beside it in clear.

use std::collections::BTreeMap;

use rustls::client::Resumption;

use crate::certificate::Certificate;
use crate::scale::Scale;
use crate::server::{Server, Setting};
use crate::site::Site;
use crate::stock::Stock;
use crate::tally::Tally;
use crate::{compare, load, redirect, say, visits};

/// Sessions that one visitor remembers.
const SESSIONS: usize = 8;

pub fn measure(scale: &Scale, _: &Stock) {
    let certificate = Certificate::make();
    let setting = Setting { certificate: Some(&certificate), ..Setting::default() };
    let site = Site::with_links(1);
    let own = match site.start(setting) {
        Ok(own) => own,
        Err(why) => return say(&format!("tls: skipped, the program does not start with it: {why}")),
    };
    drop(own);
    let clear = || site.start(Setting::default()).unwrap();
    let mut tally = Tally::begin(&site, clear().address());
    let servers = compare::beside(site.start(setting).unwrap(), setting);
    compare::head("TLS; tiny_http in clear", &compare::names(&servers));
    keep(&servers, scale, &mut tally);
    shake_hands("full handshakes", &servers, Resumption::disabled, scale, &mut tally);
    shake_hands("resumed", &servers, || Resumption::in_memory_sessions(SESSIONS), scale, &mut tally);
    drop(servers);
    tally.end(clear().address());
}

/// Over connections that stay open.
fn keep(servers: &[Server], scale: &Scale, tally: &mut Tally<'_>) {
    let figures = compare::medians(scale.rounds, servers, |server| {
        let requests = [redirect::request(server.address(), 0)];
        let open = load::open(&server.endpoint, scale.many, &requests[0]);
        server.cost_of(|| {
            let run = load::repeat(open, &requests, 302, scale.lasts);
            tally.add(server, run.answers + scale.many as u64);
            run
        })
    });
    compare::line(&format!("{} connections", scale.many), &figures);
}

/// Over a new connection for each.
fn shake_hands(label: &str, servers: &[Server], memory: fn() -> Resumption, scale: &Scale, tally: &mut Tally<'_>) {
    let mut resumed: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let figures = compare::medians(scale.rounds, servers, |server| {
        let request = redirect::request(server.address(), 0);
        server.cost_of(|| {
            let visits = visits::run(&server.endpoint, memory, &request, scale.at_once, scale.lasts);
            visits.judge(server);
            tally.add(server, visits.run.answers);
            let (some, all) = resumed.entry(server.name).or_default();
            *some += visits.resumed;
            *all += visits.run.answers;
            visits.run
        })
    });
    compare::line(&format!("{label}, {} at once", scale.at_once), &figures);
    let tls = servers.iter().filter(|server| server.endpoint.is_secure());
    let shares = tls.map(|server| (server.name, resumed[server.name]));
    let shares: Vec<String> = shares.map(|(name, (some, all))| format!("{some} of {all} by {name}")).collect();
    say(&format!("    resumed: {}", shares.join(", ")));
}
