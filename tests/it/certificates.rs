//! Certificates: exchanged while links are followed, kept where the new one will not do, and refused at the start.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::Signal;
use rustls::HandshakeKind;

use crate::appliance::{ADMIN, Appliance, Start, write_file};
use crate::browser::Browser;
use crate::connection::{Connection, check_alive, eventually, get};
use crate::tls::{BOTH, Pair, way};

/// Has the files read again, and waits until the log has said so once more.
fn reload(appliance: &Appliance, words: &str) {
    let said = || appliance.log().matches(words).count();
    let before = said();
    appliance.signal(Signal::HUP);
    eventually("the files are not read again", || said() > before);
}

const LOADED: &str = "INFO  certificate loaded until=";

#[test]
fn certificates_are_exchanged_while_links_are_followed() {
    let pairs = [Pair::new(), Pair::new()];
    let [old, new] = &pairs;
    let appliance = old.start().run();
    let address = appliance.address;
    old.admin(&appliance).make_link("https://example.com/", "promo");
    let trusting = way(&[old, new], BOTH, &["http/1.1"]);
    let mut oldest = trusting.open(address);
    let keeps_ticket = old.way();
    check_alive(&mut keeps_ticket.open(address), address);
    let link = get(address, &format!("/{ADMIN}/promo"), "");
    let is_over = AtomicBool::new(false);
    let follow = |connection: &mut Connection| {
        connection.send(link.as_bytes());
        let answer = connection.answer(true);
        assert_eq!((answer.status, answer.header("location")), (302, Some("https://example.com/")));
        answer.header("connection") != Some("close")
    };
    let followed: usize = thread::scope(|scope| {
        // One client keeps its connection for as long as it may, the other opens a new one each time.
        let clients = [usize::MAX, 1].map(|per_connection| {
            let (trusting, is_over) = (&trusting, &is_over);
            scope.spawn(move || {
                let mut count = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let mut connection = trusting.open(address);
                    let mut left = per_connection;
                    while !is_over.load(Ordering::Relaxed) && left > 0 {
                        (left, count) = (if follow(&mut connection) { left - 1 } else { 0 }, count + 1);
                    }
                }
                count
            })
        });
        for round in 1..=10 {
            let pair = &pairs[round % 2];
            pair.write(&appliance);
            reload(&appliance, LOADED);
            let mut connection = way(&[pair], BOTH, &[]).open(address);
            assert_eq!(connection.tls.as_ref().unwrap().peer_certificates().unwrap()[0], pair.der);
            follow(&mut connection);
            assert!(way(&[&pairs[(round + 1) % 2]], BOTH, &[]).try_open(address).is_err(), "the other is served");
        }
        new.write(&appliance);
        reload(&appliance, LOADED);
        is_over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    assert!(followed > 20, "{followed}");
    // What was begun with the old certificate goes on.
    assert!(follow(&mut oldest));
    assert_eq!(oldest.tls.unwrap().peer_certificates().unwrap()[0], old.der);
    let mut back = keeps_ticket.open(address);
    check_alive(&mut back, address);
    assert_eq!(back.tls.unwrap().handshake_kind(), Some(HandshakeKind::Resumed));
}

#[test]
fn a_pair_that_will_not_do_leaves_the_old_one_in_use() {
    let (old, new) = (Pair::new(), Pair::new());
    let appliance = old.start().run();
    let address = appliance.address;
    let path = |name: &str| appliance.folder.path().join(name);
    let mut kept = old.way().open(address);
    let stays = "ERROR the certificate stays as it was: ";
    let mut check = |words: &str| {
        reload(&appliance, &format!("{stays}{words}"));
        check_alive(&mut old.way().open(address), address);
        check_alive(&mut kept, address);
    };
    write_file(&path("cert.pem"), &new.certificate);
    check("the first certificate in cert.pem does not belong to the key key.pem.");
    write_file(&path("cert.pem"), "");
    check("the file cert.pem has no certificate in it.");
    fs::remove_file(path("cert.pem")).unwrap();
    check("the certificate cert.pem cannot be read: No such file");
    write_file(&path("cert.pem"), &new.certificate);
    write_file(&path("key.pem"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    check("the key key.pem is encrypted.");
    write_file(&path("key.pem"), &new.key);
    reload(&appliance, LOADED);
    check_alive(&mut new.way().open(address), address);
    check_alive(&mut kept, address);
    assert!(old.way().try_open(address).is_err());
}

#[test]
fn without_a_certificate_the_signal_changes_nothing() {
    let appliance = Start::with_admin().run();
    reload(&appliance, "INFO  SIGHUP: there is no certificate to read again");
    assert_eq!(Browser::of(&appliance).get("/health").status, 200);
}

// --- configuration --------------------------------------------------------------------------------------------

/// One line, exit code 2, and no word on stdout.
#[track_caller]
fn check_refused(start: &Start, words: &str) {
    let ended = start.fail();
    assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""), "{}", ended.stderr);
    assert!(ended.stderr.starts_with(&format!("error: {words}")), "{words:?}: {}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(!start.data().exists(), "{words}: a data folder was made");
}

#[test]
fn half_a_pair_is_a_warning_at_home_and_an_error_elsewhere() {
    let words = "TLS not enabled: both --tls-cert and --tls-key are required";
    let pair = Pair::new();
    for (variable, flag) in [("SERVER_TLS_CERT", "--tls-cert"), ("SERVER_TLS_KEY", "--tls-key")] {
        let half = || Start::with_admin().file("pair.pem", &(pair.certificate.clone() + &pair.key));
        for half in [half().env(variable, "pair.pem"), half().arg(flag).arg("pair.pem")] {
            let appliance = half.run();
            assert_eq!(appliance.scheme, "http");
            assert!(appliance.log().contains(&format!("WARN  {words}")), "{}", appliance.log());
            assert_eq!(Browser::of(&appliance).get("/health").status, 200);
        }
        for host in ["0.0.0.0", "::", "192.0.2.7"] {
            check_refused(&half().env(variable, "pair.pem").env("SERVER_HOST", host), words);
        }
    }
}

#[test]
fn a_pair_that_will_not_do_ends_the_start() {
    let (pair, other) = (Pair::new(), Pair::new());
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
    for (certificate, key, words) in [
        (None, Some(pair.key.as_str()), "the certificate cert.pem cannot be read: No such file"),
        (Some(pair.certificate.as_str()), None, "the key key.pem cannot be read: No such file"),
        (Some(""), Some(&pair.key), "the file cert.pem has no certificate in it."),
        (Some(&pair.certificate), Some(""), "the file key.pem has no private key in it."),
        (
            Some(&pair.certificate),
            Some(&other.key),
            "the first certificate in cert.pem does not belong to the key key.pem.",
        ),
        (Some(&pair.certificate), Some(encrypted), "the key key.pem is encrypted."),
        (Some(&pair.certificate[..300]), Some(&pair.key), "the certificate cert.pem is damaged or cut off."),
    ] {
        let start = Start::empty().env("SERVER_TLS_CERT", "cert.pem").env("SERVER_TLS_KEY", "key.pem");
        let start = certificate.into_iter().fold(start, |start, text| start.file("cert.pem", text));
        let start = key.into_iter().fold(start, |start, text| start.file("key.pem", text));
        check_refused(&start, words);
    }
}

#[test]
fn a_plain_port_is_for_beside_tls() {
    let pair = Pair::new();
    let words = "--http-port is for plain HTTP beside TLS, and there is no TLS.";
    check_refused(&Start::empty().arg("--http-port").arg("8080"), words);
    check_refused(&Start::empty().env("SERVER_HTTP_PORT", "8080"), "SERVER_HTTP_PORT is for plain HTTP beside TLS");
    check_refused(&Start::empty().env("SERVER_TLS_CERT", "cert.pem").arg("--http-port").arg("8080"), words);
    let same = || {
        Start::empty().env("SERVER_TLS_CERT", "cert.pem").env("SERVER_TLS_KEY", "key.pem").env("SERVER_PORT", "8443")
    };
    check_refused(&same().arg("--http-port").arg("8443"), "--http-port \"8443\" is the port for TLS.");
    // One that is taken is named, and nothing is served on the other.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = pair.start().arg("--http-port").arg(&port).fail();
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    assert!(
        ended.stderr.contains(&format!("cannot listen on 127.0.0.1:{port}: another program does.")),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("with --http-port"), "{}", ended.stderr);
}
