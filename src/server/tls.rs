//! The certificate with which the door answers, and how TLS is spoken.
//!
//! [`pair`] reads the files and says what is wrong with them, [`validity`] knows the dates, [`watch`] notices that
//! the files have changed. Sockets and handshakes are the door's; it gets one [`ServerConfig`] for the life of the
//! process, in which only the certificate is ever exchanged.

mod pair;
#[cfg(test)]
mod tests;
mod validity;
pub(crate) mod watch;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::crypto::ring;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};

use crate::clock::{Clock, Timestamp};
use pair::Pair;

pub(crate) use pair::chain as certificates;

/// The only protocol spoken inside (RFC 7301, section 6).
const ALPN: &[u8] = b"http/1.1";

/// A certificate and its key, from two files.
pub(crate) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    clock: Clock,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
    /// Both files as they were just before they were last read, whatever came of it.
    tried: Mutex<Stamps>,
}

/// The pair in use. Its lock is held for as long as a pointer is copied, so nobody waits for it.
#[derive(Debug)]
struct Current(RwLock<Arc<Pair>>);

impl Current {
    fn pair(&self) -> Arc<Pair> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.pair().certified))
    }
}

impl Tls {
    /// Reads certificate and key, in PEM form; behind the certificate may stand those that vouch for it. Returns
    /// warnings, too: sentences for the log.
    ///
    /// # Errors
    /// A sentence or two for the operator: what is wrong with which file, and what to do. Dates are no error: the
    /// clock may be wrong, and links should work.
    pub(crate) fn load(certificate: &Path, key: &Path, clock: Clock) -> Result<(Tls, Vec<String>), String> {
        let tried = [Stamp::of(certificate), Stamp::of(key)];
        let pair = pair::read(certificate, key)?;
        let current = Arc::new(Current(RwLock::new(Arc::new(pair))));
        let config = config(Arc::clone(&current))
            .map_err(|error| format!("TLS cannot be set up: {error}. Start the server again."))?;
        let (certificate, key, config) = (certificate.to_owned(), key.to_owned(), Arc::new(config));
        let tls = Tls { certificate, key, clock, current, config, tried: Mutex::new(tried) };
        let warnings = tls.warnings();
        Ok((tls, warnings))
    }

    /// How to speak TLS. Stays right when the certificate is exchanged.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// When the certificate in use ends.
    pub(crate) fn valid_until(&self) -> Timestamp {
        self.current.pair().validity.until
    }

    /// Reads both files again. New handshakes get what they hold; connections and their tickets live on. Returns
    /// warnings as [`Tls::load`] does.
    ///
    /// # Errors
    /// As [`Tls::load`]; the old pair stays in use then.
    fn reload(&self) -> Result<Vec<String>, String> {
        // Before reading: a file that is replaced meanwhile counts as changed once more.
        *self.tried.lock().unwrap_or_else(PoisonError::into_inner) = self.stamps();
        let pair = Arc::new(pair::read(&self.certificate, &self.key)?);
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
        Ok(self.warnings())
    }

    /// The files as they are, if they are not as they were when last read. After an error they count as read, so that
    /// what is wrong with them is said once.
    fn changed(&self) -> Option<Stamps> {
        let now = self.stamps();
        (now != *self.tried.lock().unwrap_or_else(PoisonError::into_inner)).then_some(now)
    }

    fn stamps(&self) -> Stamps {
        [Stamp::of(&self.certificate), Stamp::of(&self.key)]
    }

    /// What the operator should know of the pair in use.
    fn warnings(&self) -> Vec<String> {
        let pair = self.current.pair();
        let dates = pair.validity.warning(self.clock.now());
        let dates = dates.map(|dates| format!("the certificate {} {dates}", self.certificate.display()));
        let key = self.key.display();
        let key = pair.key_is_open.then(|| format!("the key {key} can be read by others. Run: chmod 600 {key}"));
        dates.into_iter().chain(key).collect()
    }
}

/// Certificate and key; `None` for a file that is not to be seen.
type Stamps = [Option<Stamp>; 2];

/// What differs once a file has been written, replaced, or made readable. Links are followed: renewal tools exchange
/// those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length_bytes: u64,
    /// Not the time of writing, which some tools copy along and which is silent on owner and mode.
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        let about = path.metadata().ok()?;
        Some(Stamp { inode: about.ino(), length_bytes: about.len(), changed: (about.ctime(), about.ctime_nsec()) })
    }
}

/// TLS 1.2 and 1.3 with ring's suites, all of which have forward secrecy and authenticated encryption.
fn config(current: Arc<Current>) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(current);
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A client that comes back brings its session along in a ticket under a key of this process (RFC 5077; RFC 8446,
    // section 4.6.1), so none is kept here, and no number of clients takes memory.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}
