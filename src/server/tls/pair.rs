//! Reading a certificate and its key, and telling the operator what is wrong with them.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::Error;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::limits::CERTIFICATE_FILE_BYTES_MAX;
use crate::server::tls::validity::Validity;

/// A certificate with those that vouch for it, and the key that belongs to it.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) validity: Validity,
    /// Somebody beside its owner may read the key's file.
    pub(super) key_is_open: bool,
}

/// Reads a pair.
///
/// # Errors
/// A sentence or two that name the file, say what is wrong and what to do.
pub(super) fn read(certificate: &Path, key: &Path) -> Result<Pair, String> {
    let chain = chain(certificate)?;
    let about_first = |why: &str| format!("the first certificate in {} {why}", certificate.display());
    let unreadable = |why: &str| about_first(&format!("cannot be used ({why}). Have it issued again."));
    let validity = Validity::of(&chain[0]);
    let (key_der, key_is_open) = private_key(key)?;
    let certified = CertifiedKey::from_der(chain, key_der, &ring::default_provider()).map_err(|error| {
        let key = key.display();
        match error {
            Error::InconsistentKeys(_) => {
                about_first(&format!("does not belong to the key {key}. Name the two that were made together."))
            }
            Error::InvalidCertificate(why) => unreadable(&format!("{why:?}")),
            _ => format!(
                "the key {key} is damaged or of a kind that is not supported. \
                 Use ECDSA P-256 or P-384, Ed25519, or RSA of 2048 to 4096 bits."
            ),
        }
    })?;
    let validity = validity.ok_or_else(|| unreadable("its dates make no sense"))?;
    Ok(Pair { certified: Arc::new(certified), validity, key_is_open })
}

/// All certificates of a file, in their order; at least one.
///
/// # Errors
/// As [`read`].
pub(crate) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let (text, _) = contents("certificate", path)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let path = path.display();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(format!(
            "the file {path} has no certificate in it. Name one in PEM form, often called fullchain.pem or cert.pem."
        )),
        Err(_) => Err(format!("the certificate {path} is damaged or cut off. Copy it again.")),
    }
}

/// The first key of a file, and whether others may read it.
fn private_key(path: &Path) -> Result<(PrivateKeyDer<'static>, bool), String> {
    let (text, mode) = contents("key", path)?;
    let holds = |words: &str| text.windows(words.len()).any(|window| window == words.as_bytes());
    let path = path.display();
    // PKCS#8 (RFC 5958, section 3), and the older form of OpenSSL (RFC 1421, section 4.6.1.1).
    if holds("BEGIN ENCRYPTED PRIVATE KEY") || holds("Proc-Type: 4,ENCRYPTED") {
        return Err(format!("the key {path} is encrypted. Decrypt it: openssl pkey -in {path} -out plain.pem"));
    }
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => format!(
            "the file {path} has no private key in it. Name one in PEM form, often called privkey.pem or key.pem."
        ),
        _ => format!("the key {path} is damaged or cut off. Copy it again."),
    })?;
    Ok((key, mode & 0o077 != 0))
}

/// A file's bytes and its mode. `what` it should hold is for the message.
fn contents(what: &str, path: &Path) -> Result<(Vec<u8>, u32), String> {
    let shown = path.display();
    let unreadable =
        |error| format!("the {what} {shown} cannot be read: {error}. Correct its name, or who may read it.");
    // Asked before opening: opening a pipe would wait for somebody to write.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(format!("the {what} {shown} is not a file. Name a file in PEM form."));
    }
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    let mut bytes = Vec::new();
    file.take(CERTIFICATE_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > CERTIFICATE_FILE_BYTES_MAX {
        let most = CERTIFICATE_FILE_BYTES_MAX >> 10;
        return Err(format!("the {what} {shown} is longer than {most} KiB. Name the right file in PEM form."));
    }
    Ok((bytes, mode))
}
