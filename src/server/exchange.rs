//! One request: tiny_http on one side, `web` on the other.
//!
//! What comes here has passed the door: it is whole, bounded and framed without doubt, and one header says who sent it.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use log::debug;
use tiny_http::Request;

use crate::app::App;
use crate::limits::FORM_BYTES_MAX;
use crate::proxy::Transport;
use crate::server::answers::{Answered, Answers};
use crate::server::identity::{self, GREETING, Identity};
use crate::server::wire::{self, Send};
use crate::web;
use crate::web::request::Raw;
use crate::web::response::Response;

/// Reads a request, has it answered, and gives the answer to the door. A panic on the way is a 500, and the worker
/// lives on.
pub(super) fn serve(app: &App, secret: &str, answers: &Answers, mut request: Request) {
    let mut body = Vec::new();
    // The door sends no more than this; another process that reached the socket might.
    if let Err(error) = request.as_reader().take(FORM_BYTES_MAX as u64).read_to_end(&mut body) {
        debug!(target: "core", "body not read: {error}");
        return;
    }
    let (response, number) = match raw(secret, &request, body) {
        Some((raw, number)) => (guarded(app, raw.transport, || web::respond(app, raw)), number),
        None => (web::refuse(app, 403, Transport::Unknown), GREETING),
    };
    if number == GREETING {
        return reply(request, &response);
    }
    // Nothing is said on the lane, and it can take the next request before the door hears of this one.
    drop(request.into_writer());
    answers.give(Answered { number, response });
}

/// Answers where a request came from.
fn reply(request: Request, response: &Response) {
    let send = if request.method().as_str() == "HEAD" { Send::HeadOnly } else { Send::Whole };
    let mut bytes = Vec::new();
    wire::print_or_apologise(response, send, "", &mut bytes);
    let mut writer = request.into_writer();
    // Whoever asked may have gone away.
    let _ = writer.write_all(&bytes).and_then(|()| writer.flush());
}

/// Has a request answered; a panic on the way is a 500 with an incident number, and whoever called lives on.
pub(super) fn guarded(app: &App, transport: Transport, answer: impl FnOnce() -> Response) -> Response {
    catch_unwind(AssertUnwindSafe(answer))
        .unwrap_or_else(|panic| web::respond_to_panic(app, transport, &panic_text(panic.as_ref())))
}

/// The request as `web` wants it, and its number. `None` when it did not come from our door.
fn raw(secret: &str, request: &Request, body: Vec<u8>) -> Option<(Raw, u64)> {
    let fields = || request.headers().iter().map(|header| (header.field.as_str().as_str(), header.value.as_str()));
    let mut own = fields().filter(|(name, _)| name.eq_ignore_ascii_case(identity::HEADER));
    let (Some((_, value)), None) = (own.next(), own.next()) else { return None };
    let (from, number) = Identity::read(value, secret)?;
    let raw = Raw {
        method: request.method().as_str().to_owned().into(),
        target: request.url().to_owned(),
        headers: fields().collect(),
        body,
        peer: Some(from.address),
        transport: from.transport,
        // The door has seen to it that every client that must name a host did.
        host_is_optional: true,
    };
    Some((raw, number))
}

fn panic_text(panic: &(dyn std::any::Any + std::marker::Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config;
    use crate::options::Options;
    use crate::password::{Cost, Hasher};
    use crate::store::Store;

    #[test]
    fn a_panic_on_the_way_to_an_answer_is_an_incident_and_nothing_more() {
        let folder = tempfile::TempDir::new().unwrap();
        let (store, _) = Store::open(folder.path(), 1 << 20, |_| {}).unwrap();
        let config = config::resolve(&Options::default(), &|_| None).unwrap();
        let app = App::new(store, Clock::system(), Hasher::new(1, 1, Cost::USUAL), &config).unwrap();
        let response = guarded(&app, Transport::Unknown, || panic!("planted in a page"));
        let words = String::from_utf8(response.body.to_vec()).unwrap();
        assert_eq!(response.status, 500);
        assert!(words.contains("The log has it under") && !words.contains("planted"), "{words}");
        assert_eq!(guarded(&app, Transport::Unknown, || Response::plain(200, "well")).status, 200);
    }
}
