//! A certificate for the servers that are measured, and a client that accepts no other.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;

/// Certificate and key in a folder of their own.
pub struct Certificate {
    folder: TempDir,
    roots: RootCertStore,
}

impl Certificate {
    /// Makes one for `localhost` with a key on the curve P-256, which is what most servers have today.
    pub fn make() -> Certificate {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let certificate = Certificate { folder: TempDir::new().unwrap(), roots };
        std::fs::write(certificate.file(), made.cert.pem()).unwrap();
        std::fs::write(certificate.key_file(), made.signing_key.serialize_pem()).unwrap();
        certificate
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// A client that speaks TLS 1.3 and remembers no session.
    pub fn client(&self) -> ClientConfig {
        let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = versions.with_protocol_versions(&[&TLS13]).unwrap();
        let mut config = builder.with_root_certificates(self.roots.clone()).with_no_client_auth();
        config.resumption = Resumption::disabled();
        config
    }
}
