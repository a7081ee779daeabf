//! How a server of this configuration is asked from its own machine: what `linkjar health` must know, and no more.
//!
//! Apart from [`super::resolve`], which wants everything to be right: a check must not fail because of an option that
//! it does not need.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{ConfigError, Given, Source, address, check_text, variable};
use crate::options::{HOST, HTTP_PORT, Options, PORT, TLS_CERT, TLS_KEY};

/// Where a server listens, and what is spoken there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    /// May be all addresses of the machine.
    pub(crate) listen: SocketAddr,
    /// The file with the certificate that it shows; nothing where it speaks plain HTTP.
    pub(crate) certificate: Option<PathBuf>,
}

/// Reads flags and the process's environment.
///
/// # Errors
/// Only for the options that say where the server is.
pub(crate) fn contact(options: &Options) -> Result<Contact, ConfigError> {
    check_text(&[&HOST, &PORT, &HTTP_PORT, &TLS_CERT, &TLS_KEY])?;
    find(&Given { options, env: &variable })
}

/// The certificate's file, whoever uses it.
///
/// # Errors
/// Only for a name that is not UTF-8.
pub(crate) fn certificate(options: &Options) -> Result<Option<PathBuf>, ConfigError> {
    check_text(&[&TLS_CERT])?;
    let given = Given { options, env: &variable };
    Ok(given.find(&TLS_CERT).map(|value| PathBuf::from(value.text)))
}

/// Plain HTTP is asked where it is spoken. Beside TLS that is the plain port, unless another one was typed: who types a
/// port means it.
pub(super) fn find(given: &Given<'_>) -> Result<Contact, ConfigError> {
    let mut listen = address::listen(given)?;
    // In the environment half a pair means plain HTTP, as for the server; a flag is typed for this check.
    let speaks_tls = |cert: &super::Value| cert.source == Source::Flag || given.find(&TLS_KEY).is_some();
    let Some(cert) = given.find(&TLS_CERT).filter(speaks_tls) else {
        return Ok(Contact { listen, certificate: None });
    };
    let is_typed = given.value(&PORT).source == Source::Flag;
    let plain = given.find(&HTTP_PORT).map(|value| address::port(&value)).transpose()?;
    // Which port a free one became, nobody here knows.
    let plain = plain.filter(|port| *port != 0 && (!is_typed || *port == listen.port()));
    if let Some(port) = plain {
        listen.set_port(port);
    }
    let certificate = plain.is_none().then(|| PathBuf::from(cert.text));
    Ok(Contact { listen, certificate })
}
