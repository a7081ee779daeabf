//! From a client's request to its answer, by one of the three ways that the [door](super) knows.

use std::time::Instant;

use log::debug;

use crate::app::App;
use crate::limits::{ANSWERS_PER_TURN, LANE_TIMEOUT};
use crate::server::door::client::{Next, Request};
use crate::server::door::feeder::Fed;
use crate::server::door::finder::{Found, Wanted};
use crate::server::door::head::Head;
use crate::server::door::{Loop, Ticket};
use crate::server::exchange;
use crate::server::identity::Identity;
use crate::store::Redirect;
use crate::web;
use crate::web::request::{Method, Raw};
use crate::web::response::Response;

impl Loop {
    /// Lets a client go on as far as it can.
    pub(super) fn proceed(&mut self, key: usize, now: Instant) {
        let is_crowded = self.is_crowded();
        if let Some(client) = self.clients.get_mut(key) {
            client.begin_turn(is_crowded);
        }
        let mut answers = 0;
        while answers < ANSWERS_PER_TURN {
            let Some(client) = self.clients.get_mut(key) else { return };
            client.lend(&mut self.buffers);
            match client.proceed(now) {
                Next::Wait => break,
                Next::Close => return self.close(key),
                Next::Refuse(status, reason) => self.refuse(key, status, reason, now),
                Next::GiveUp => self.give_up(key, now),
                Next::Feed(stream) => {
                    self.feeder.feed(Ticket { key, generation: client.generation }, stream);
                    break;
                }
                Next::NotTls => {
                    self.app.traffic.note_refused(400);
                    client.refuse(&web::refuse_plain(&self.app), now);
                }
                Next::Answer(request) => {
                    if !self.take(key, request, now) {
                        break;
                    }
                    answers += 1;
                }
            }
        }
        self.settle(key);
        if let Some(client) = self.clients.get(key)
            && (client.wants_turn() || answers == ANSWERS_PER_TURN)
        {
            self.turns.push(Ticket { key, generation: client.generation });
        }
    }

    /// Lets those go on who could have gone on, once others have had their turn.
    pub(super) fn take_turns(&mut self, now: Instant) {
        for ticket in std::mem::take(&mut self.turns) {
            if is_here(&self.clients, ticket) {
                self.proceed(ticket.key, now);
            }
        }
    }

    /// Answers a request that cannot be trusted, or is too large or too late, and ends its connection.
    pub(super) fn refuse(&mut self, key: usize, status: u16, reason: &'static str, now: Instant) {
        let Some(client) = self.clients.get_mut(key) else { return };
        debug!(target: "door", status, reason, ip = client.peer.to_string(); "refused");
        self.app.traffic.note_refused(status);
        client.refuse(&web::refuse(&self.app, status, client.transport), now);
    }

    /// Has a complete request answered. True when the answer is there already.
    fn take(&mut self, key: usize, request: Box<Request>, now: Instant) -> bool {
        let Some(client) = self.clients.get(key) else { return false };
        let (peer, transport) = (client.peer, client.transport);
        let ticket = Ticket { key, generation: client.generation };
        if request.head.method == Method::Connect {
            self.refuse(key, 405, "a tunnel was asked for", now);
            return true;
        }
        let from = self.origin(peer, transport, &request.head);
        let is_plain = request.body.is_empty() && matches!(request.head.method, Method::Get | Method::Head);
        if is_plain && web::assets::is_plain(&request.head.target) {
            let response = self.answer_now(*request, from, web::respond);
            return self.give(ticket, response, now);
        }
        match web::plain_path(&request.head.target).filter(|_| is_plain) {
            Some(path) => match self.app.store.hot_redirect(&path) {
                Some(redirect) => self.answer_short(ticket, *request, from, &redirect, now),
                None => self.find(Wanted { ticket, request, from, path }, now),
            },
            None => self.enqueue(ticket, *request, from, now),
        }
    }

    /// Has a request answered that waits for nothing. The loop carries every client, so nothing that one of them asks
    /// may end it.
    fn answer_now(&self, request: Request, from: Identity, answer: impl FnOnce(&App, Raw) -> Response) -> Response {
        exchange::guarded(&self.app, from.transport, || answer(&self.app, raw(request.head, from)))
    }

    /// Answers with where a link leads. True when the answer is there already: it may have to wait for its click.
    fn answer_short(
        &mut self,
        ticket: Ticket,
        request: Request,
        from: Identity,
        redirect: &Redirect,
        now: Instant,
    ) -> bool {
        let response = self.answer_now(request, from, |app, raw| web::respond_found(app, raw, redirect));
        self.give(ticket, response, now)
    }

    /// Gives a client the answer to its request. True when it is there already: it may have to wait for its click.
    pub(super) fn give(&mut self, ticket: Ticket, mut response: Response, now: Instant) -> bool {
        if let Some(click) = response.click.take() {
            return self.hold(ticket, click, response, now);
        }
        match response.stream.take().map(|source| self.streams.begin(source)) {
            None => self.reply(ticket.key, &response, now),
            Some(None) => self.reply_with(ticket.key, 503, now),
            Some(Some(stream)) => {
                let is_last = self.note_answer();
                if let Some(client) = self.clients.get_mut(ticket.key) {
                    client.begin_stream(&response, stream, is_last, now);
                }
            }
        }
        true
    }

    /// Gives a client an answer as it is.
    pub(super) fn reply(&mut self, key: usize, response: &Response, now: Instant) {
        let is_last = self.note_answer();
        if let Some(client) = self.clients.get_mut(key) {
            client.lend(&mut self.buffers);
            client.reply(response, is_last, now);
        }
    }

    /// Has a link looked up that is not in memory. True when the answer is there already.
    fn find(&mut self, wanted: Wanted, now: Instant) -> bool {
        let key = wanted.ticket.key;
        if let Err(Wanted { ticket, request, from, .. }) = self.finder.find(wanted) {
            return self.enqueue(ticket, *request, from, now);
        }
        if let Some(client) = self.clients.get_mut(key) {
            client.wait_until(now + LANE_TIMEOUT);
        }
        false
    }

    /// Goes on with a request whose link was looked up. What is not found may be a page, and is an error's page else:
    /// the pool's business.
    pub(super) fn take_found(&mut self, Found { wanted, redirect }: Found, now: Instant) {
        let Wanted { ticket, request, from, .. } = wanted;
        if !is_here(&self.clients, ticket) {
            return;
        }
        let is_answered = match redirect {
            Some(redirect) => self.answer_short(ticket, *request, from, &redirect, now),
            None => self.enqueue(ticket, *request, from, now),
        };
        if is_answered {
            self.proceed(ticket.key, now);
        }
    }

    /// Gives a client the piece that was made for it.
    pub(super) fn take_fed(&mut self, fed: Fed, now: Instant) {
        let Fed { ticket, stream, piece } = fed;
        if is_here(&self.clients, ticket)
            && let Some(client) = self.clients.get_mut(ticket.key)
        {
            client.lend(&mut self.buffers);
            if client.take_piece(stream, piece, now) {
                self.proceed(ticket.key, now);
            } else {
                self.close(ticket.key);
            }
        }
    }

    /// Tells a client that its request came to nothing.
    pub(super) fn apologise(&mut self, ticket: Ticket, status: u16, now: Instant) {
        if is_here(&self.clients, ticket) {
            self.reply_with(ticket.key, status, now);
            self.proceed(ticket.key, now);
        }
    }

    /// Tells a client that its answer did not come in time. Should it come yet, it is nobody's.
    pub(super) fn give_up(&mut self, key: usize, now: Instant) {
        self.generation += 1;
        if let Some(client) = self.clients.get_mut(key) {
            client.generation = self.generation;
        }
        self.reply_with(key, 504, now);
    }

    /// Answers a request with a status alone. The client goes on when [`Loop::proceed`] is called next, and not from
    /// here: its next request may come to the same end, and so on for as many as it has sent at once.
    pub(super) fn reply_with(&mut self, key: usize, status: u16, now: Instant) {
        if let Some(client) = self.clients.get(key) {
            self.app.traffic.note_refused(status);
            let response = web::refuse(&self.app, status, client.transport);
            self.reply(key, &response, now);
        }
    }
}

pub(super) fn is_here(clients: &slab::Slab<super::Client>, ticket: Ticket) -> bool {
    clients.get(ticket.key).is_some_and(|client| client.generation == ticket.generation)
}

/// A request without a body as `web` wants it.
fn raw(head: Head, from: Identity) -> Raw {
    Raw {
        method: head.method.as_str().into(),
        target: head.target,
        headers: head.headers,
        body: Vec::new(),
        peer: Some(from.address),
        transport: from.transport,
        host_is_optional: true,
    }
}
