//! Who a request is from: the other end of the socket, or whom a trusted proxy names.

use std::net::IpAddr;

use log::warn;

use crate::proxy::Transport;
use crate::server::door::Loop;
use crate::server::door::head::Head;
use crate::server::identity::Identity;

impl Loop {
    /// Works out whom a request is from. What others than trusted proxies say of that is not believed; that they say
    /// it is told to the operator once, for it looks as if a setting were missing.
    pub(super) fn origin(&mut self, peer: IpAddr, transport: Transport, head: &Head) -> Identity {
        let own = Identity { address: peer, transport };
        if head.forwarded_for.is_empty() && head.forwarded_proto.is_empty() {
            return own;
        }
        if !self.trusted.contains(peer) {
            if self.app.traffic.note_untrusted_proxy() {
                warn!(target: "door", ip = peer.to_string(); "A proxy sits in front; set SERVER_TRUSTED_PROXIES");
            }
            return own;
        }
        let (chain, words) = (texts(&head.forwarded_for), texts(&head.forwarded_proto));
        let told = self.trusted.transport(peer, &words);
        let transport = if told == Transport::Unknown { transport } else { told };
        Identity { address: self.trusted.client(peer, &chain), transport }
    }
}

fn texts(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}
