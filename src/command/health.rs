//! `linkjar health`: asks a running server whether it is well. For containers without a shell.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};

use crate::cli::Options;
use crate::command::{Error, machine, say};
use crate::config;
use crate::limits::{HEALTH_ANSWER_BYTES_MAX, HEALTH_TIMEOUT};
use crate::spelling::shown;

/// Asks `/health`. Exit code 0 when the answer is 200 and ours.
///
/// # Errors
/// Exit code 1 when there is no such answer in time, 2 for an address that cannot be asked.
pub(crate) fn run(options: &Options, url: Option<&str>) -> Result<(), Error> {
    let (address, host) = match url {
        Some(url) => parse(url)?,
        None => {
            let listen = config::from_environment(options)?.listen;
            let address = SocketAddr::new(machine::reachable(listen.ip()), listen.port());
            (address, address.to_string())
        }
    };
    let answer = ask(address, &host)
        .map_err(|error| Error::failed(format!("no answer from {address}: {error}. Is it running?")))?;
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).unwrap_or_default();
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    // Whatever else listens there may answer with anything, a whole page even.
    let line = shown(body.lines().next().unwrap_or_default().trim());
    let is_ours = line.starts_with("{\"status\":");
    match status {
        "200" if is_ours => {
            say(&format!("{line}\n"));
            Ok(())
        }
        "503" => Err(Error::failed(format!("{address} is not well: 503 {line}. Look into its log."))),
        _ => {
            let status = shown(if status.is_empty() { "no HTTP" } else { status });
            Err(Error::failed(format!("{address} answered {status} and is not Linkjar. Name another with --port.")))
        }
    }
}

fn parse(url: &str) -> Result<(SocketAddr, String), Error> {
    let refuse = || Error::usage(format!("{url:?} cannot be asked. Use an address such as http://127.0.0.1:8000"));
    let rest = url.strip_prefix("http://").ok_or_else(refuse)?;
    let authority = rest.split('/').next().unwrap_or_default();
    let has_port =
        authority.rsplit(':').next().is_some_and(|port| !port.is_empty() && !port.ends_with(']') && port != authority);
    let with_port = if has_port { authority.to_owned() } else { format!("{authority}:80") };
    let address = with_port.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(refuse)?;
    Ok((address, authority.to_owned()))
}

fn ask(address: SocketAddr, host: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, HEALTH_TIMEOUT)?;
    stream.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    stream.set_write_timeout(Some(HEALTH_TIMEOUT))?;
    let request = format!("GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(HEALTH_ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
