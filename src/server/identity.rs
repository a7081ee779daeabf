//! Who a request is from, as the door tells the pool: one header with a secret of this process.
//!
//! The pool's socket stands in a folder that nobody else may enter. The secret is the second lock: what does not know it
//! cannot speak for anybody.

use std::net::IpAddr;

use subtle::ConstantTimeEq;

use crate::proxy::Transport;

/// The header's name. A client's own copy never passes the door.
pub(super) const HEADER: &str = "x-door";

/// The number of a request that is answered where it came from. All others are answered to the door.
pub(super) const GREETING: u64 = 0;

/// The visitor a request is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) address: IpAddr,
    pub(super) transport: Transport,
}

const WORDS: [(Transport, &str); 3] =
    [(Transport::Secure, "secure"), (Transport::Plain, "plain"), (Transport::Unknown, "unknown")];

impl Identity {
    /// The header's value, for the request of this number.
    pub(super) fn write(self, secret: &str, number: u64) -> String {
        let word = WORDS.iter().find(|(transport, _)| *transport == self.transport).map_or("", |(_, word)| word);
        format!("{secret} {number} {} {word}", self.address)
    }

    /// Reads what [`Identity::write`] wrote; `None` for another secret or another form.
    pub(super) fn read(value: &str, secret: &str) -> Option<(Identity, u64)> {
        let (shown, rest) = value.split_once(' ')?;
        if !bool::from(shown.as_bytes().ct_eq(secret.as_bytes())) {
            return None;
        }
        let (number, rest) = rest.split_once(' ')?;
        let (address, word) = rest.split_once(' ')?;
        let (transport, _) = WORDS.iter().find(|(_, known)| *known == word)?;
        Some((Identity { address: address.parse().ok()?, transport: *transport }, number.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_knows_the_secret_is_believed() {
        for (transport, _) in WORDS {
            let identity = Identity { address: "2001:db8::7".parse().unwrap(), transport };
            assert_eq!(Identity::read(&identity.write("s3cret", 7), "s3cret"), Some((identity, 7)));
            assert_eq!(Identity::read(&identity.write("s3cre", 7), "s3cret"), None);
        }
        for odd in [
            "",
            "s",
            "s 1",
            "s 1 1.2.3.4",
            "s 1.2.3.4 plain",
            "s x 1.2.3.4 plain",
            "s 1 1.2.3.4 safe",
            "s 1 nobody plain",
            "s 1  1.2.3.4 plain",
            "s 1 1.2.3.4 plain ",
        ] {
            assert_eq!(Identity::read(odd, "s"), None, "{odd}");
        }
    }
}
