//! What is known of the way a request came: over which transport, and through whose hands.

/// How a request travelled to us, as far as we know for certain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Encrypted: our own TLS, or a trusted proxy says `https`.
    Secure,
    /// In clear: the plain port beside our own TLS, or a trusted proxy says `http`.
    Plain,
    /// Nobody who could know has said.
    #[default]
    Unknown,
}
