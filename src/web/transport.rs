//! What follows from the way a request travelled: whether browsers are held to HTTPS, and where a page is that shall
//! not travel in clear.
//!
//! It is decided for each request anew and kept nowhere: one visitor may come through a proxy, the next may not.

use crate::app::App;
use crate::proxy::Transport;
use crate::web::host;
use crate::web::request::{Authority, Request};

/// True when cookies carry the `Secure` mark and links begin with `https`. The public address decides; without one,
/// only who knows that the request was encrypted.
pub(super) fn is_secure(app: &App, transport: Transport) -> bool {
    app.base_url.as_ref().map_or(transport == Transport::Secure, |base| base.https)
}

/// True when browsers are told to stay with HTTPS. In clear that is not said: there anybody could have said it (RFC
/// 6797, section 7.2).
pub(super) fn is_strict(app: &App, transport: Transport) -> bool {
    is_secure(app, transport) && transport != Transport::Plain
}

/// Where the page is that was asked for in clear, such as `https://short.example`. Nothing when the request may not
/// have travelled in clear, or when there is no address with HTTPS that we know of: a proxy that says `http` and no
/// public address.
///
/// # Invariants
/// The host is the operator's, or one that [`host::standing`] has let in: whoever calls has asked it.
pub(super) fn https_origin(app: &App, request: &Request) -> Option<String> {
    if request.transport != Transport::Plain {
        return None;
    }
    if let Some(base) = &app.base_url {
        return base.https.then(|| base.text.clone());
    }
    let port = app.port_beside_plain()?;
    let own = Authority { port: (port != 443).then_some(port), ..host::shown(app, request) };
    Some(format!("https://{}", own.text()))
}
