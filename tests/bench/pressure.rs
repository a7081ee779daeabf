//! How ordinary visitors fare while somebody presses the server hard.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread;

use crate::attack::{self, Aim, Attack};
use crate::certificate::Certificate;
use crate::endpoint::{OTHERS, PATIENCE};
use crate::load::BUFFER_BYTES;
use crate::scale::Scale;
use crate::server::{Server, Setting};
use crate::site::Site;
use crate::stock::Stock;
use crate::visitors::Visitors;
use crate::visits::visit;
use crate::{ms, nginx, quantile, redirect, reference, say, watch};

/// Bytes of the longest target.
const TARGET_BYTES: usize = 2_048;
/// Links on a page of the list.
const LINKS_PER_PAGE: usize = 25;
/// With so few descriptors the program has hardly any left for connections.
const FEW_DESCRIPTORS: u32 = 64;
/// The visitors' own address.
const HERE: [Ipv4Addr; 1] = [Ipv4Addr::LOCALHOST];

/// A kind of pressure.
struct Pressure {
    name: &'static str,
    attack: fn(&Aim<'_>) -> Attack,
    descriptors: Option<u32>,
    /// Also tried from the visitors' own address.
    from_here: bool,
}

const fn pressure(name: &'static str, attack: fn(&Aim<'_>) -> Attack) -> Pressure {
    Pressure { name, attack, descriptors: None, from_here: false }
}

const CLEAR: &[Pressure] = &[
    pressure("nothing", attack::nothing),
    Pressure { from_here: true, ..pressure("slow heads", attack::slow_heads) },
    Pressure { from_here: true, ..pressure("idle connections", attack::idle) },
    Pressure { from_here: true, ..pressure("promised gigabytes", attack::promises) },
    Pressure { from_here: true, ..pressure("clients that never read", attack::deaf) },
    Pressure { descriptors: Some(FEW_DESCRIPTORS), from_here: true, ..pressure("64 descriptors", attack::many) },
];

const TLS: &[Pressure] = &[
    pressure("nothing, TLS", attack::nothing),
    pressure("flood of handshakes", attack::flood_of_handshakes),
    pressure("silent handshakes", attack::silent_handshakes),
];

/// All that is tried, on every server that there is.
pub fn measure(scale: &Scale, _: &Stock) {
    let site = Site::with_links(1);
    let largest_bytes = enlarge_list(&site);
    say("under pressure                        server            new  kept        p50        p99   most kB threads");
    for pressure in CLEAR {
        let setting = Setting { descriptors: pressure.descriptors, ..Setting::default() };
        let page = |server: &Server, path: &str| redirect::page(server.address(), path);
        let own = || site.start(setting).unwrap();
        let list = |server: &Server| site.page(server.address(), "/links");
        press(&own(), pressure, list, &OTHERS, scale);
        if pressure.from_here {
            press(&own(), pressure, list, &HERE, scale);
        }
        press(
            &reference::start(setting),
            pressure,
            |server| page(server, &reference::page(largest_bytes)),
            &OTHERS,
            scale,
        );
        if let Some(nginx) = nginx::start(setting, largest_bytes) {
            press(&nginx, pressure, |server| page(server, nginx::PAGE), &OTHERS, scale);
        }
    }
    let certificate = Certificate::make();
    let setting = Setting { certificate: Some(&certificate), ..Setting::default() };
    for pressure in TLS {
        match site.start(setting) {
            Err(why) => return say(&format!("  TLS: skipped, the program does not start with it: {why}")),
            Ok(own) => press(&own, pressure, |_| Vec::new(), &OTHERS, scale),
        }
        if let Some(nginx) = nginx::start(setting, 0) {
            press(&nginx, pressure, |_| Vec::new(), &OTHERS, scale);
        }
    }
}

/// Makes the list as long as it can be, and tells how long that is.
fn enlarge_list(site: &Site) -> usize {
    let server = site.start(Setting::default()).unwrap();
    let mut browser = site.browser(server.address());
    for number in 0..LINKS_PER_PAGE {
        let target = format!("{:x<TARGET_BYTES$}", format!("https://docs.example/{number}/"));
        browser.make_link(&target, &format!("long-{number}"));
    }
    let request = site.page(server.address(), "/links");
    visit(&server.endpoint, &request, &mut vec![0; BUFFER_BYTES], PATIENCE).unwrap().0.bytes
}

/// Has visitors come to a server while it is attacked.
fn press(
    server: &Server,
    pressure: &Pressure,
    largest: impl Fn(&Server) -> Vec<u8>,
    sources: &[Ipv4Addr],
    scale: &Scale,
) {
    let aim = Aim { endpoint: &server.endpoint, largest: largest(server), divisor: scale.crowd_divisor };
    let attack = (pressure.attack)(&aim);
    let requests = [redirect::request(server.address(), 0), redirect::page(server.address(), "/accounts/login")];
    for request in &requests {
        visit(&server.endpoint, request, &mut vec![0; BUFFER_BYTES], PATIENCE).unwrap();
    }
    let over = AtomicBool::new(false);
    let (outcome, most, boast) = thread::scope(|scope| {
        let (ready, is_ready) = channel();
        let attacker = scope.spawn(|| attack.run(&server.endpoint, sources, ready, &over));
        let watcher = scope.spawn(|| watch::watch(server.pid(), &over));
        // Nothing is sent: it ends when the attacker has let go of its side.
        let _ = is_ready.recv();
        let visitors = Visitors { endpoint: &server.endpoint, requests: &requests, patience: scale.patience };
        let outcome = visitors.come(scale.visiting);
        over.store(true, Relaxed);
        (outcome, watcher.join().unwrap(), attacker.join().unwrap())
    });
    let name = format!("{}{}", pressure.name, if sources == HERE { ", from here" } else { "" });
    let time = |percent| if outcome.times.is_empty() { "-".to_owned() } else { ms(quantile(&outcome.times, percent)) };
    say(&format!(
        "  {name:<36}{:<16}{:>4}%{:>5}%{:>11}{:>11}{:>10}{:>5}  {boast}",
        server.name,
        outcome.new.percent(),
        outcome.kept.percent(),
        time(50),
        time(99),
        most.resident_kb,
        most.threads,
    ));
}
