//! Who is let in, who makes room when it is full, and what each holds meanwhile.

use std::io::{ErrorKind, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use log::{debug, warn};
use mio::net::TcpStream;
use mio::{Interest, Token};
use rustix::io::Errno;

use crate::limits::{
    ACCEPT_PAUSE, CLIENTS_PER_ADDRESS_MAX, EVICTED_SHARE, HALF_OPEN_MAX, HANDSHAKES_PER_ADDRESS_MAX, HANDSHAKES_WINDOW,
    HELD_BYTES_MAX, STARVED_QUIET,
};
use crate::proxy::Transport;
use crate::server::door::client::{Client, Standing, Worth};
use crate::server::door::socket::Socket;
use crate::server::door::{FIRST_CLIENT, Loop, Speech};
use crate::server::wire::{self, Send};
use crate::web;

/// More connections than the system has room for (accept(2)).
const OUT_OF: [Errno; 4] = [Errno::NOMEM, Errno::NFILE, Errno::MFILE, Errno::NOBUFS];

impl Loop {
    /// Takes connections that wait at a listening socket, at most so many: more may come while these are seen to, and
    /// those that are in wait for their turn.
    pub(super) fn accept(&mut self, index: usize, most: usize, now: Instant) {
        for _ in 0..most {
            // All are at work, which takes moments; who waits outside waits no longer than in a queue.
            self.is_full = self.clients.len() > self.clients_max && !self.evict(None, 1, now);
            if self.is_full {
                return;
            }
            let Some((listener, speech)) = self.listeners.get(index) else { return };
            match listener.accept() {
                Ok((stream, peer)) => {
                    self.has_made_room = false;
                    let (socket, transport) = begin(speech, stream);
                    self.admit(socket, transport, peer.ip().to_canonical(), now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The client gave up before we came, or a signal did.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(error) => {
                    // Descriptors or memory have run out: whoever waits longest makes room, and others wait a moment.
                    // Where that has not helped, another program takes what becomes free; nobody else has to go.
                    let has_run_out = Errno::from_io_error(&error).is_some_and(|code| OUT_OF.contains(&code));
                    self.note_starved(&error, now);
                    if !has_run_out || self.has_made_room || !self.evict(None, 1, now) {
                        self.accept_again = Some(now + ACCEPT_PAUSE);
                        return;
                    }
                    self.has_made_room = true;
                }
            }
        }
        self.accept_again = Some(now);
    }

    /// Says once in a while that connections cannot be taken.
    fn note_starved(&mut self, error: &std::io::Error, now: Instant) {
        if self.starved.is_none_or(|last| now.duration_since(last) >= STARVED_QUIET) {
            self.starved = Some(now);
            warn!(target: "door", connections = self.clients.len(); "no room for another connection: {error}. Raise the open-file limit");
        }
    }

    fn admit(&mut self, mut socket: Socket, transport: Transport, peer: IpAddr, now: Instant) {
        self.app.traffic.note_connection();
        if self.clients.len() >= self.clients_max {
            // One more than there is room for is let in where nobody can be sent away.
            self.evict(None, (self.clients_max / EVICTED_SHARE).max(1), now);
        }
        let place = place(peer);
        // A proxy speaks for many, and on our own machine there may be one.
        let is_counted = !peer.is_loopback() && !self.trusted.contains(peer);
        let of_place = if is_counted { self.places.get(&place).copied().unwrap_or(0) } else { 0 };
        let is_too_eager = is_counted && transport == Transport::Secure && self.is_too_eager(place, now);
        if is_too_eager || (of_place >= CLIENTS_PER_ADDRESS_MAX && !self.evict(Some(place), 1, now)) {
            self.turn_away(&mut socket, transport);
            return;
        }
        self.generation += 1;
        let is_crowded = self.is_crowded();
        let entry = self.clients.vacant_entry();
        let key = entry.key();
        let client = entry.insert(Client::new(socket, peer, transport, self.generation, now));
        let token = Token(FIRST_CLIENT + key);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(client.stream(), token, interest) {
            debug!(target: "door", "a connection could not be watched: {error}");
            self.clients.remove(key);
            return;
        }
        if is_crowded {
            client.hurry();
        }
        if is_counted {
            client.place = Some(place);
            *self.places.entry(place).or_default() += 1;
        }
        self.proceed(key, now);
    }

    /// Counts a TLS connection of an address. True when it has made too many lately: each costs a signature.
    fn is_too_eager(&mut self, place: IpAddr, now: Instant) -> bool {
        if now.duration_since(self.eager_since) >= HANDSHAKES_WINDOW {
            self.eager.clear();
            self.eager_since = now;
        }
        let count = self.eager.entry(place).or_default();
        *count += 1;
        *count > HANDSHAKES_PER_ADDRESS_MAX
    }

    /// Tells a client that its address has more requests under way, or makes more handshakes, than there is room for; as
    /// far as its socket takes it at once.
    fn turn_away(&mut self, socket: &mut Socket, transport: Transport) {
        self.app.traffic.note_refused(503);
        if transport != Transport::Secure {
            let mut bytes = Vec::new();
            let response = web::refuse(&self.app, 503, transport);
            wire::print_or_apologise(&response, Send::Whole, "Connection: close\r\n", &mut bytes);
            // It is closed either way.
            let _ = socket.tcp().write(&bytes);
        }
    }

    /// Closes the connections that are missed least, of one address or of all: at most `count`, at least one. False when
    /// every one has a request under way.
    fn evict(&mut self, place: Option<IpAddr>, count: usize, now: Instant) -> bool {
        let is_candidate = |client: &Client| place.is_none() || client.place == place;
        // Of equals who keeps us waiting for longest, and of those that came in one moment the first.
        let candidates = self.clients.iter().filter(|(_, client)| is_candidate(client));
        let candidates = candidates.map(|(key, client)| (client.worth(now), client.since(), client.generation, key));
        let mut candidates: Vec<_> = candidates.filter(|(worth, ..)| *worth < Worth::AtWork).collect();
        let count = count.min(candidates.len());
        if count < candidates.len() && count > 0 {
            candidates.select_nth_unstable(count - 1);
        }
        candidates.truncate(count);
        candidates.sort_unstable();
        for (place, (worth, .., key)) in candidates.into_iter().enumerate() {
            // Who has only come, or has an answer to read, is closed only as far as there is need.
            if place == 0 || worth < Worth::New {
                self.close(key);
            }
        }
        count > 0
    }

    /// Notes what a client holds now that it has been seen to, and makes room where that is too much.
    pub(super) fn settle(&mut self, key: usize) {
        let Some(client) = self.clients.get_mut(key) else { return };
        client.settle(&mut self.buffers);
        let held = client.held_bytes();
        self.held_bytes = self.held_bytes + held - std::mem::replace(&mut client.held_noted, held);
        let is_half_open = client.is_half_open();
        match (std::mem::replace(&mut client.half_open_noted, is_half_open), is_half_open) {
            (false, true) => self.half_open.push(key),
            (true, false) => self.half_open.retain(|half_open| *half_open != key),
            _ => {}
        }
        self.watch_deadline(key);
        if self.half_open.len() > HALF_OPEN_MAX {
            self.close_half_open();
        }
        if self.held_bytes > HELD_BYTES_MAX {
            self.close_holders();
        }
    }

    /// Ends the oldest handshake of the address that has most of them: a flood from one place makes room for others.
    fn close_half_open(&mut self) {
        let peer_of = |key: usize| self.clients.get(key).map(|client| place(client.peer));
        let peers: Vec<Option<IpAddr>> = self.half_open.iter().map(|key| peer_of(*key)).collect();
        let count = |peer: &Option<IpAddr>| peers.iter().filter(|other| *other == peer).count();
        // Of equals the last wins, so that one is looked for from the newest to the oldest.
        let worst = (0..peers.len()).rev().max_by_key(|at| count(&peers[*at]));
        if let Some(key) = worst.map(|at| self.half_open[at]) {
            self.close(key);
        }
    }

    /// Closes clients that keep bytes waiting, the longest first, until there is some room again.
    fn close_holders(&mut self) {
        let holders = self.clients.iter().filter(|(_, client)| client.held_noted > 0);
        let mut holders: Vec<_> = holders
            .map(|(key, client)| (client.standing() == Standing::AtWork, client.since(), client.generation, key))
            .collect();
        holders.sort_unstable();
        for (.., key) in holders {
            if self.held_bytes <= HELD_BYTES_MAX / 8 * 7 {
                return;
            }
            self.close(key);
        }
    }

    pub(super) fn close(&mut self, key: usize) {
        let Some(mut client) = self.clients.try_remove(key) else { return };
        client.part();
        client.settle(&mut self.buffers);
        self.held_bytes -= client.held_noted;
        if client.half_open_noted {
            self.half_open.retain(|half_open| *half_open != key);
        }
        if let Some(place) = client.place
            && let Some(count) = self.places.get_mut(&place)
        {
            *count -= 1;
            if *count == 0 {
                self.places.remove(&place);
            }
        }
        // The socket is gone with the client either way.
        let _ = self.poll.registry().deregister(client.stream());
    }
}

/// A new connection, and what is known of the way it came.
fn begin(speech: &Speech, stream: TcpStream) -> (Socket, Transport) {
    match speech {
        Speech::Plain => (Socket::plain(stream), Transport::Unknown),
        Speech::PlainBesideTls => (Socket::plain(stream), Transport::Plain),
        Speech::Tls(tls) => (Socket::tls(stream, tls.config()), Transport::Secure),
    }
}

/// What counts as one client's: its address, or the network of 64 bits that an IPv6 household has.
fn place(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}
