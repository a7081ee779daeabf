//! Redirects sent against clicks kept: the one thing that this judges.

use std::net::SocketAddr;

use crate::say;
use crate::server::Server;
use crate::site::Site;

/// Redirects that were sent since it began.
pub struct Tally<'a> {
    site: &'a Site,
    before: u64,
    sent: u64,
}

impl<'a> Tally<'a> {
    /// Begins with a program that speaks in clear.
    pub fn begin(site: &'a Site, address: SocketAddr) -> Tally<'a> {
        Tally { site, before: site.clicks(address), sent: 0 }
    }

    /// Adds what this server was sent, if it is the program.
    pub fn add(&mut self, server: &Server, sent: u64) {
        if server.counts_clicks() {
            self.sent += sent;
        }
    }

    /// Every redirect must be found again as a click.
    pub fn end(self, address: SocketAddr) {
        let kept = self.site.clicks(address) - self.before;
        say(&format!("  redirects sent {}, clicks kept {kept}", self.sent));
        assert_eq!(kept, self.sent, "clicks were lost or made up: {}", self.site.log());
    }
}
