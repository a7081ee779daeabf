//! `linkjar health`: asks a running server whether it is well. For containers without a shell.

mod tls;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;

use crate::cli::Options;
use crate::command::{Error, machine, say};
use crate::config::{self, Contact};
use crate::limits::{HEALTH_ANSWER_BYTES_MAX, HEALTH_TIMEOUT};
use crate::server;
use crate::spelling::shown;
use tls::Mistaken;

/// A server to ask.
#[derive(Clone)]
struct Target {
    /// Host and port, as in `Host`.
    authority: String,
    /// The file with the only certificate to accept; nothing where plain HTTP is spoken.
    certificate: Option<PathBuf>,
}

/// Asks `/health`. Exit code 0 when the answer is 200 and ours.
///
/// # Errors
/// Exit code 1 when there is no such answer in time, 2 for an address that cannot be asked and for a certificate's file
/// that cannot be used.
pub(crate) fn run(options: &Options, url: Option<&str>) -> Result<(), Error> {
    let target = match url {
        Some(url) => named(url, options)?,
        None => configured(&config::contact(options)?),
    };
    let (sender, answer) = channel();
    // On a thread of its own, because a name server, a handshake or an answer may take as long as it likes.
    let asked = target.clone();
    thread::Builder::new().spawn(move || sender.send(ask(&asked))).map_err(|error| target.silent(&error))?;
    let too_late = |_| target.silent(&format!("{} s have passed", HEALTH_TIMEOUT.as_secs()));
    let answer = answer.recv_timeout(HEALTH_TIMEOUT).map_err(too_late)??;
    say(&format!("{}\n", target.judge(&answer)?));
    Ok(())
}

/// The server at an address that was typed. What stands behind host and port does not matter.
fn named(url: &str, options: &Options) -> Result<Target, Error> {
    let site = url.match_indices('/').nth(2).map_or(url, |(at, _)| &url[..at]);
    let Some(address) = config::web_address(site) else { return Err(cannot_ask(url)) };
    let certificate = if address.https { config::certificate(options)? } else { None };
    if address.https && certificate.is_none() {
        let what = "cannot be trusted without knowing its certificate";
        return Err(Error::usage(format!("{} {what}. Name its file with --tls-cert.", address.text)));
    }
    let port = address.port.unwrap_or(if address.https { 443 } else { 80 });
    Ok(Target { authority: format!("{}:{port}", address.host), certificate })
}

/// The server of this configuration, on this machine.
fn configured(contact: &Contact) -> Target {
    let address = SocketAddr::new(machine::reachable(contact.listen.ip()), contact.listen.port());
    Target { authority: address.to_string(), certificate: contact.certificate.clone() }
}

fn cannot_ask(url: &str) -> Error {
    Error::usage(format!("{url:?} cannot be asked. Use an address such as http://127.0.0.1:8000"))
}

/// The whole answer of a server. May take for ever.
fn ask(target: &Target) -> Result<String, Error> {
    let Target { authority, certificate } = target;
    let addresses: Vec<SocketAddr> = authority.to_socket_addrs().map_err(|_| cannot_ask(authority))?.collect();
    let connected = || TcpStream::connect(addresses.as_slice());
    let answer = match certificate {
        None => connected().and_then(|stream| exchange(stream, authority)),
        Some(file) => {
            let own = server::certificates(file).map_err(Error::usage)?.swap_remove(0);
            connected().and_then(|stream| exchange(tls::speak(stream, own)?, authority))
        }
    };
    answer.map_err(|error| match (tls::mistaken(&error), certificate) {
        (Some(Mistaken::Certificate), Some(file)) => target.has_another_certificate(file),
        (Some(Mistaken::Protocol), _) => {
            Error::failed(format!("{authority} does not speak TLS. Ask http://{authority}, or name another port."))
        }
        _ => target.silent(&error),
    })
}

fn exchange(mut stream: impl Read + Write, authority: &str) -> io::Result<String> {
    let request = format!("GET /health HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut answer = Vec::new();
    stream.take(HEALTH_ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

impl Target {
    /// The line of a server that is well.
    fn judge(&self, answer: &str) -> Result<String, Error> {
        let authority = &self.authority;
        let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).unwrap_or_default();
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        // Whatever else listens there may answer with anything, a whole page even.
        let line = shown(body.lines().next().unwrap_or_default().trim());
        let is_ours = line.starts_with("{\"status\":");
        match status {
            "200" if is_ours => Ok(line),
            "503" => Err(Error::failed(format!("{authority} is not well: 503 {line}. Look into its log."))),
            // So do we, and so do others, when somebody speaks in clear.
            "400" if self.certificate.is_none() => {
                let way_on = "Name its certificate with --tls-cert, or another port with --port";
                Err(Error::failed(format!("{authority} answered 400, as a port for HTTPS does. {way_on}.")))
            }
            _ => {
                let status = shown(if status.is_empty() { "no HTTP" } else { status });
                let way_on = "Name another with --port";
                Err(Error::failed(format!("{authority} answered {status} and is not Linkjar. {way_on}.")))
            }
        }
    }

    fn silent(&self, why: &dyn std::fmt::Display) -> Error {
        Error::failed(format!("no answer from {}: {why}. Is it running?", self.authority))
    }

    fn has_another_certificate(&self, file: &Path) -> Error {
        let (authority, file) = (&self.authority, file.display());
        let way_on = "After a renewal send the server SIGHUP, or give it two minutes";
        Error::failed(format!("{authority} has another certificate than {file}. {way_on}."))
    }
}
