//! What connections cost that do nothing.

use std::io::Write;
use std::thread;

use crate::certificate::Certificate;
use crate::endpoint::{OTHERS, PATIENCE, Stream, is_open};
use crate::load::BUFFER_BYTES;
use crate::scale::Scale;
use crate::server::{Server, Setting};
use crate::site::Site;
use crate::stock::Stock;
use crate::visits::visit;
use crate::{answer, descriptors, nginx, process, redirect, reference, say};

pub fn measure(scale: &Scale, _: &Stock) {
    let site = Site::with_links(1);
    let certificate = Certificate::make();
    let (clear, tls) = (Setting::default(), Setting { certificate: Some(&certificate), ..Setting::default() });
    say("idle connections                      open     of  kB before   kB with  kB each  threads");
    for has_asked in [false, true] {
        hold(&site.start(clear).unwrap(), has_asked, scale.idle, scale);
        hold(&reference::start(clear), has_asked, scale.idle_costly, scale);
        if let Some(nginx) = nginx::start(clear, 0) {
            hold(&nginx, has_asked, scale.idle, scale);
        }
    }
    match site.start(tls) {
        Err(why) => return say(&format!("  TLS: skipped, the program does not start with it: {why}")),
        Ok(own) => hold(&own, false, scale.idle_costly, scale),
    }
    hold(&site.start(tls).unwrap(), true, scale.idle_costly, scale);
    for has_asked in [false, true] {
        if let Some(nginx) = nginx::start(tls, 0) {
            hold(&nginx, has_asked, scale.idle_costly, scale);
        }
    }
}

/// Opens connections, each with one answered request or none, and weighs the server before and with them.
fn hold(server: &Server, has_asked: bool, wanted: usize, scale: &Scale) {
    let count = descriptors::connections(wanted);
    let request = redirect::request(server.address(), 0);
    let mut buffer = vec![0; BUFFER_BYTES];
    visit(&server.endpoint, &request, &mut buffer, PATIENCE).unwrap();
    let before = process::resident_kb(server.pid());
    let mut open = |number: usize| -> std::io::Result<Stream> {
        let mut stream = server.endpoint.connect_from(OTHERS[number % OTHERS.len()], PATIENCE)?;
        if has_asked {
            stream.write_all(&request)?;
            answer::read(&mut stream, &mut buffer)?;
        }
        Ok(stream)
    };
    let connections: Vec<Stream> = (0..count).filter_map(|number| open(number).ok()).collect();
    thread::sleep(scale.calm);
    let (with, threads) = (process::resident_kb(server.pid()), process::threads(server.pid()));
    let still_open = connections.iter().filter(|stream| is_open(stream.socket())).count();
    let way = if server.endpoint.is_secure() { "TLS" } else { "plain" };
    let used = if has_asked { "used" } else { "new" };
    let each = with.saturating_sub(before) as f64 / still_open.max(1) as f64;
    let name = format!("{}, {way}, {used}", server.name);
    say(&format!("  {name:<32}{still_open:>8}{count:>7}{before:>11}{with:>10}{each:>9.2}{threads:>9}"));
    if count < wanted {
        say(&format!("    {wanted} were wanted; the system lets this process hold no more"));
    }
}
