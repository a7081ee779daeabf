//! Who is let in, and who makes room when it is full.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Instant;

use log::debug;
use mio::net::TcpStream;
use mio::{Interest, Token};

use crate::limits::{ACCEPT_PAUSE, CLIENTS_MAX, CLIENTS_PER_ADDRESS_MAX};
use crate::server::door::Loop;
use crate::server::door::client::{Client, Standing};

/// ENOMEM, ENFILE, EMFILE, ENOBUFS: more connections than the system has room for (accept(2)).
const OUT_OF: [i32; 4] = [12, 23, 24, 105];

impl Loop {
    /// Takes the connections that wait.
    pub(super) fn accept(&mut self, now: Instant) {
        self.accept_again = None;
        loop {
            let Some(listener) = &self.listener else { return };
            match listener.accept() {
                Ok((stream, peer)) => self.admit(stream, peer.ip().to_canonical(), now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The client gave up before we came, or a signal did.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(error) => {
                    // Descriptors or memory have run out: whoever waits longest makes room, and others wait a moment.
                    debug!(target: "door", "accept failed: {error}");
                    let has_run_out = error.raw_os_error().is_some_and(|code| OUT_OF.contains(&code));
                    if !has_run_out || !self.evict(None) {
                        self.accept_again = Some(now + ACCEPT_PAUSE);
                        return;
                    }
                }
            }
        }
    }

    fn admit(&mut self, stream: TcpStream, peer: IpAddr, now: Instant) {
        if self.clients.len() >= CLIENTS_MAX && !self.evict(None) {
            return;
        }
        let of_address = if peer.is_loopback() {
            0
        } else {
            self.clients.iter().filter(|(_, client)| same_place(client.peer, peer)).count()
        };
        if of_address >= CLIENTS_PER_ADDRESS_MAX && !self.evict(Some(peer)) {
            return;
        }
        self.generation += 1;
        let entry = self.clients.vacant_entry();
        let key = entry.key();
        let client = entry.insert(Client::new(stream, peer, self.generation, now));
        let token = Token(self.first_client + key);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(client.stream(), token, interest) {
            debug!(target: "door", "a connection could not be watched: {error}");
            self.clients.remove(key);
            return;
        }
        self.proceed(key, now);
    }

    /// Closes the connection that is missed least, of one address or of all. False when every one has a request under
    /// way.
    fn evict(&mut self, peer: Option<IpAddr>) -> bool {
        let candidates = self.clients.iter().filter(|(_, client)| {
            client.standing() != Standing::AtWork && peer.is_none_or(|peer| same_place(client.peer, peer))
        });
        // Of those in one standing the one whose time runs out first, and of those that came in one moment the first.
        let age = |client: &Client| (client.standing(), client.deadline(), client.generation);
        let oldest = candidates.min_by_key(|(_, client)| age(client)).map(|(key, _)| key);
        let Some(key) = oldest else { return false };
        self.close(key);
        true
    }
}

/// Whether two addresses count as one client: an IPv6 network of 64 bits is one household's.
fn same_place(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() >> 64 == b.to_bits() >> 64,
        _ => a == b,
    }
}
