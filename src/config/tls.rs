//! TLS: where its files are, and the plain port beside it.
//!
//! Only the names are looked at. What the files hold shows when the server starts.

use std::net::IpAddr;
use std::path::PathBuf;

use super::{ConfigError, Given, address};
use crate::options::{HTTP_PORT, TLS_CERT, TLS_KEY};

/// The files that make the server speak TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate and those that lead to its issuer, PEM.
    pub(crate) cert: PathBuf,
    /// The certificate's private key, PEM.
    pub(crate) key: PathBuf,
}

/// What is said of half a pair.
const HALF_A_PAIR: &str = "TLS not enabled: both --tls-cert and --tls-key are required";

/// Both files or none. Half a pair is a mistake: on an address of this machine alone a warning is enough, on any other
/// the server must not speak in clear where TLS was meant.
pub(super) fn files(
    given: &Given<'_>,
    listen: IpAddr,
    warnings: &mut Vec<String>,
) -> Result<Option<TlsFiles>, ConfigError> {
    let (known, missing) = match (given.find(&TLS_CERT), given.find(&TLS_KEY)) {
        (Some(cert), Some(key)) => {
            return Ok(Some(TlsFiles { cert: PathBuf::from(cert.text), key: PathBuf::from(key.text) }));
        }
        (None, None) => return Ok(None),
        (Some(cert), None) => (cert, &TLS_KEY),
        (None, Some(key)) => (key, &TLS_CERT),
    };
    if listen.to_canonical().is_loopback() {
        warnings.push(HALF_A_PAIR.to_owned());
        return Ok(None);
    }
    let (flag, variable) = (missing.flag.unwrap_or_default(), missing.variable.unwrap_or_default());
    Err(ConfigError(format!("{HALF_A_PAIR}. Add {flag} ({variable}), or leave out {}.", known.name)))
}

/// The port for plain HTTP, on the address that is listened to.
pub(super) fn http_port(given: &Given<'_>, port: u16, has_tls: bool) -> Result<Option<u16>, ConfigError> {
    let Some(value) = given.find(&HTTP_PORT) else {
        return Ok(None);
    };
    let http_port = address::port(&value)?;
    let name = value.name;
    if !has_tls {
        let way_on = "Add --tls-cert and --tls-key, or leave it out";
        return Err(ConfigError(format!("{name} is for plain HTTP beside TLS, and there is no TLS. {way_on}.")));
    }
    if http_port == port && port != 0 {
        return Err(ConfigError(format!("{name} \"{http_port}\" is the port for TLS. Choose another than --port.")));
    }
    Ok(Some(http_port))
}
