//! TLS from the other side: a client that accepts one certificate and no other.
//!
//! There is no store of authorities in this program, and none is needed: who asks has the server's own file.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};

/// Why a server that took our bytes is not the one we mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistaken {
    /// It has another certificate.
    Certificate,
    /// What it says is no TLS.
    Protocol,
}

/// Speaks TLS on a new connection. The handshake begins with the first byte that is written.
///
/// # Errors
/// Those of the operating system; `rustls` has none to give here.
pub(super) fn speak(
    tcp: TcpStream,
    certificate: CertificateDer<'static>,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let provider = Arc::new(ring::default_provider());
    let only = Arc::new(Only { certificate, provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(only)
        .with_no_client_auth();
    // An address, so that no name is sent: whoever has the certificate is meant, whatever it is called.
    let name = ServerName::from(tcp.peer_addr()?.ip());
    let tls = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(tls, tcp))
}

/// What an error of the connection says of the server, if it is not the network's.
pub(super) fn mistaken(error: &io::Error) -> Option<Mistaken> {
    match error.get_ref()?.downcast_ref()? {
        Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => Some(Mistaken::Certificate),
        Error::InvalidMessage(_) => Some(Mistaken::Protocol),
        _ => None,
    }
}

/// Accepts one certificate, byte for byte. Names and dates do not matter: the server runs with this very file, and
/// says itself when it has run out. That it holds the key is checked as ever.
#[derive(Debug)]
struct Only {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *shown == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
