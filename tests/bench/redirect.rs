//! Requests as browsers send them, for redirects above all.

use std::net::SocketAddr;

use crate::appliance::ADMIN;
use crate::browser::FIREFOX;

/// What the links are called.
pub fn slug(number: usize) -> String {
    format!("s{number}")
}

/// Asks where a link leads.
pub fn request(address: SocketAddr, number: usize) -> Vec<u8> {
    page(address, &format!("/{ADMIN}/{}", slug(number)))
}

/// Asks for anything, coming from a page elsewhere.
pub fn page(address: SocketAddr, path: &str) -> Vec<u8> {
    browse(address, path, "Referer: https://news.example/today")
}

/// Asks for anything, with one more header line. The others are those that browsers send; a bare request would be parsed
/// faster than any in real life.
pub fn browse(address: SocketAddr, path: &str, header: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {FIREFOX}\r\n\
         Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
         Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
         {header}\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\n\
         Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n\r\n"
    )
    .into_bytes()
}
