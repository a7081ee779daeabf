//! Pairs of files as operators have them, and handshakes in memory.
//!
//! The keys beside this file were made for it and protect nothing.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore, ServerConnection,
    SupportedProtocolVersion,
};
use tempfile::TempDir;
use time::OffsetDateTime;

use super::watch::{Watch, Watcher};
use super::*;
use crate::limits::CERTIFICATE_FILE_BYTES_MAX;

const NOON: Timestamp = Timestamp::from_ms(1_795_176_000_000);
const DAY_S: i64 = 86_400;

const RSA: &str = include_str!("tests/rsa.pem");
const P521: &str = include_str!("tests/p521.pem");
/// A certificate of X.509 version 1, as old recipes for openssl make them.
const VERSION_1: &str = include_str!("tests/version1.pem");

/// A folder with `cert.pem` and `key.pem`.
struct Folder(TempDir);

/// The texts of both files.
struct Texts {
    certificate: String,
    key: String,
}

impl Folder {
    fn new(texts: &Texts) -> Folder {
        let folder = Folder(TempDir::new().unwrap());
        folder.write("cert.pem", &texts.certificate);
        folder.write("key.pem", &texts.key);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a new file in the place of the old one, as renewal tools do.
    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let new = self.path("new");
        fs::write(&new, text).unwrap();
        fs::set_permissions(&new, Permissions::from_mode(0o600)).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    fn load(&self) -> Result<(Tls, Vec<String>), String> {
        Tls::load(&self.path("cert.pem"), &self.path("key.pem"), Clock::fixed(NOON))
    }

    /// The message of a pair that is refused, with the folder's name left out.
    fn refusal(&self) -> String {
        let folder = format!("{}/", self.0.path().display());
        match self.load() {
            Ok(_) => String::new(),
            Err(why) => why.replace(&folder, ""),
        }
    }
}

fn texts(key: &KeyPair) -> Texts {
    let certificate = CertificateParams::new(["short.example".to_owned()]).unwrap().self_signed(key).unwrap();
    Texts { certificate: certificate.pem(), key: key.serialize_pem() }
}

fn fresh() -> Texts {
    texts(&KeyPair::generate().unwrap())
}

/// A pair that is good from `from_s` to `until_s` seconds after noon.
fn dated(from_s: i64, until_s: i64) -> Texts {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["short.example".to_owned()]).unwrap();
    let date = |at_s| OffsetDateTime::from_unix_timestamp(NOON.plus_s(at_s).ms() / 1000).unwrap();
    (params.not_before, params.not_after) = (date(from_s), date(until_s));
    Texts { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

/// What PKCS#8 wraps: the same key in its older form (RFC 5958, section 2: the octet string after two short fields).
fn unwrapped(pem: &str, label: &str) -> String {
    let der = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap() {
        PrivateKeyDer::Pkcs8(key) => key.secret_pkcs8_der().to_vec(),
        _ => unreachable!("a test's key"),
    };
    // The inner structure is a long one, and the only thing of its kind that ends where the whole does.
    let start = (4..der.len()).find(|&at| der[at] == 0x30 && ends_at(&der[at..]) == Some(der.len() - at)).unwrap();
    as_pem(&der[start..], label)
}

/// The length of a DER element with its head.
fn ends_at(element: &[u8]) -> Option<usize> {
    match *element.get(1)? {
        short if short < 0x80 => Some(2 + usize::from(short)),
        0x81 => Some(3 + usize::from(*element.get(2)?)),
        0x82 => Some(4 + usize::from(*element.get(2)?) * 256 + usize::from(*element.get(3)?)),
        _ => None,
    }
}

fn as_pem(der: &[u8], label: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in der.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit <= three.len() { DIGITS[value as usize] as char } else { '=' });
        }
    }
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[test]
fn every_usual_kind_and_form_of_key_is_taken() {
    let p256 = fresh();
    let p384 = texts(&KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap());
    let rsa = texts(&KeyPair::from_pem(RSA).unwrap());
    let sec1 = unwrapped(&p256.key, "EC PRIVATE KEY");
    let rows = [
        ("Ed25519", texts(&KeyPair::generate_for(&PKCS_ED25519).unwrap())),
        ("SEC1", Texts { key: sec1.clone(), certificate: p256.certificate.clone() }),
        (
            "SEC1 behind its parameters, as openssl writes it",
            Texts {
                key: format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{sec1}"),
                certificate: p256.certificate.clone(),
            },
        ),
        ("PKCS#1", Texts { key: unwrapped(RSA, "RSA PRIVATE KEY"), certificate: rsa.certificate.clone() }),
        ("RSA", rsa),
        ("P-384", p384),
        (
            "lines of DOS",
            Texts { key: p256.key.replace('\n', "\r\n"), certificate: p256.certificate.replace('\n', "\r\n") },
        ),
        (
            "text around",
            Texts { key: format!("Bag\n{}", p256.key), certificate: format!("subject=x\n{}\nend", p256.certificate) },
        ),
        (
            "both in one file",
            Texts { key: p256.certificate.clone() + &p256.key, certificate: p256.key.clone() + &p256.certificate },
        ),
    ];
    for (kind, texts) in rows {
        let (tls, warnings) = Folder::new(&texts).load().unwrap_or_else(|why| panic!("{kind}: {why}"));
        assert!(warnings.is_empty(), "{kind}: {warnings:?}");
        assert!(tls.valid_until() > NOON, "{kind}");
    }
}

#[test]
fn the_chain_is_sent_as_it_stands_in_the_file() {
    let (leaf, above) = (fresh(), fresh());
    let both = Texts { certificate: leaf.certificate.clone() + &above.certificate, key: leaf.key };
    let (tls, _) = Folder::new(&both).load().unwrap();
    assert_eq!(tls.current.pair().certified.cert, [der(&leaf.certificate), der(&above.certificate)]);
}

#[test]
fn a_pair_that_will_not_do_is_refused_with_a_way_on() {
    let good = fresh();
    let (certificate, key) = (good.certificate.as_str(), good.key.as_str());
    let other = fresh();
    let reversed = other.certificate.clone() + certificate;
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old_encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIB\n-----END RSA PRIVATE KEY-----\n";
    let decrypt = "the key key.pem is encrypted. Decrypt it: openssl pkey -in key.pem -out plain.pem";
    let no_certificate =
        "the file cert.pem has no certificate in it. Name one in PEM form, often called fullchain.pem or cert.pem.";
    let no_key =
        "the file key.pem has no private key in it. Name one in PEM form, often called privkey.pem or key.pem.";
    let strangers =
        "the first certificate in cert.pem does not belong to the key key.pem. Name the two that were made together.";
    let bad_kind = "the key key.pem is damaged or of a kind that is not supported. \
                    Use ECDSA P-256 or P-384, Ed25519, or RSA of 2048 to 4096 bits.";
    let half = |text: &str| text[..text.len() / 2].to_owned();
    let long = "x".repeat(usize::try_from(CERTIFICATE_FILE_BYTES_MAX).unwrap() + 1);
    let nonsense = as_pem(b"\x30\x03\x02\x01\x01", "CERTIFICATE");
    for (certificate, key, words) in [
        ("", key, no_certificate),
        (key, key, no_certificate),
        ("\0\u{1}binary", key, no_certificate),
        (certificate, "", no_key),
        (certificate, certificate, no_key),
        (&half(certificate), key, "the certificate cert.pem is damaged or cut off. Copy it again."),
        (certificate, &half(key), "the key key.pem is damaged or cut off. Copy it again."),
        (&certificate.replace("MII", "M!!"), key, "the certificate cert.pem is damaged or cut off. Copy it again."),
        (certificate, encrypted, decrypt),
        (certificate, old_encrypted, decrypt),
        (certificate, &other.key, strangers),
        (&reversed, key, strangers),
        (certificate, RSA, strangers),
        (certificate, P521, bad_kind),
        (certificate, &as_pem(b"nothing", "PRIVATE KEY"), bad_kind),
        (&nonsense, key, "the first certificate in cert.pem cannot be used (BadEncoding). Have it issued again."),
        (
            VERSION_1,
            key,
            "the first certificate in cert.pem cannot be used (Other(OtherError(UnsupportedCertVersion))).",
        ),
        (&long, key, "the certificate cert.pem is longer than 256 KiB. Name the right file in PEM form."),
        (certificate, &long, "the key key.pem is longer than 256 KiB. Name the right file in PEM form."),
    ] {
        let why = Folder::new(&Texts { certificate: certificate.to_owned(), key: key.to_owned() }).refusal();
        assert!(why.starts_with(words), "{why}");
        assert!(!why.contains('\n') && why.len() < 200, "{why}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_systems_reason() {
    for (name, what) in [("cert.pem", "certificate"), ("key.pem", "key")] {
        let folder = Folder::new(&fresh());
        fs::remove_file(folder.path(name)).unwrap();
        let why = folder.refusal();
        let reason = "No such file or directory (os error 2)";
        assert_eq!(why, format!("the {what} {name} cannot be read: {reason}. Correct its name, or who may read it."));
        fs::create_dir(folder.path(name)).unwrap();
        assert_eq!(folder.refusal(), format!("the {what} {name} is not a file. Name a file in PEM form."));
        fs::remove_dir(folder.path(name)).unwrap();
        folder.write(name, "");
        fs::set_permissions(folder.path(name), Permissions::from_mode(0o000)).unwrap();
        let why = folder.refusal();
        // Root may read everything.
        let is_root = fs::read(folder.path(name)).is_ok();
        assert!(is_root || why.contains("cannot be read: Permission denied"), "{why}");
    }
}

#[test]
fn dates_are_warned_of_and_refuse_nothing() {
    let good = "cert.pem is good from";
    for (from_s, until_s, words) in [
        (-DAY_S, 90 * DAY_S, ""),
        (-80 * DAY_S, 14 * DAY_S, ""),
        (-80 * DAY_S, 14 * DAY_S - 1, "cert.pem ends on 4 Dec 2026, 11:59 UTC. Renew it"),
        (-80 * DAY_S, 0, "cert.pem ends on 20 Nov 2026, 12:00 UTC. Renew it"),
        (-80 * DAY_S, -1, "cert.pem is good from 1 Sep 2026, 12:00 UTC to 20 Nov 2026, 11:59 UTC, and now is 20 Nov"),
        (0, 90 * DAY_S, ""),
        (1, 90 * DAY_S, good),
        (400 * DAY_S, 90_000 * DAY_S, good),
        // One of those that are renewed every few days.
        (-3 * DAY_S, 3 * DAY_S, ""),
        (-5 * DAY_S, DAY_S, "cert.pem ends on 21 Nov 2026, 12:00 UTC. Renew it"),
    ] {
        let (tls, warnings) = Folder::new(&dated(from_s, until_s)).load().unwrap();
        assert_eq!(tls.valid_until(), NOON.plus_s(until_s));
        match words {
            "" => assert!(warnings.is_empty(), "{warnings:?}"),
            _ => assert!(warnings.len() == 1 && warnings[0].contains(words), "{from_s} {until_s}: {warnings:?}"),
        }
    }
}

#[test]
fn a_key_that_others_may_read_is_warned_of() {
    let folder = Folder::new(&fresh());
    let path = folder.path("key.pem");
    for (mode, is_open) in [(0o400, false), (0o600, false), (0o640, true), (0o604, true), (0o644, true)] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let (_, warnings) = folder.load().unwrap();
        let path = path.display();
        let warning = format!("the key {path} can be read by others. Run: chmod 600 {path}");
        assert_eq!(warnings, if is_open { vec![warning] } else { Vec::new() }, "{mode:o}");
    }
}

// --- exchanging the pair --------------------------------------------------------------------------------------

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn leaf(tls: &Tls) -> CertificateDer<'static> {
    tls.current.pair().certified.cert[0].clone()
}

#[test]
fn a_new_pair_is_taken_over_and_a_bad_one_leaves_the_old() {
    let (old, new) = (fresh(), fresh());
    let folder = Folder::new(&old);
    let (tls, _) = folder.load().unwrap();
    let config = tls.config();
    assert!(tls.changed().is_none());
    folder.write("cert.pem", &new.certificate);
    assert!(tls.changed().is_some());
    assert!(tls.reload().is_err());
    assert!(tls.changed().is_none(), "what was tried is not tried again");
    assert_eq!(leaf(&tls), der(&old.certificate));
    fs::remove_file(folder.path("key.pem")).unwrap();
    assert!(tls.changed().is_some() && tls.reload().is_err() && tls.changed().is_none());
    assert_eq!(served(&config, &old).unwrap(), der(&old.certificate));
    folder.write("key.pem", &new.key);
    assert!(tls.changed().is_some());
    assert_eq!(tls.reload(), Ok(Vec::new()));
    assert!(tls.changed().is_none());
    assert_eq!(served(&config, &new).unwrap(), der(&new.certificate));
    assert!(served(&config, &old).is_err());
}

#[test]
fn a_change_of_mode_is_a_change() {
    let folder = Folder::new(&fresh());
    let (tls, _) = folder.load().unwrap();
    // The kernel stamps files with the time of its last tick, at most 10 ms ago.
    std::thread::sleep(Duration::from_millis(20));
    fs::set_permissions(folder.path("key.pem"), Permissions::from_mode(0o640)).unwrap();
    assert!(tls.changed().is_some());
    assert_eq!(tls.reload().unwrap().len(), 1);
}

#[test]
fn links_are_followed_to_the_files_of_the_day() {
    let (old, new) = (fresh(), fresh());
    let folder = Folder::new(&old);
    for name in ["cert.pem", "key.pem"] {
        fs::rename(folder.path(name), folder.path(&format!("1-{name}"))).unwrap();
        std::os::unix::fs::symlink(format!("1-{name}"), folder.path(name)).unwrap();
    }
    let (tls, _) = folder.load().unwrap();
    for (name, text) in [("cert.pem", &new.certificate), ("key.pem", &new.key)] {
        folder.write(&format!("2-{name}"), text);
        fs::remove_file(folder.path(name)).unwrap();
        std::os::unix::fs::symlink(format!("2-{name}"), folder.path(name)).unwrap();
    }
    assert!(tls.changed().is_some());
    assert_eq!(tls.reload(), Ok(Vec::new()));
    assert_eq!(leaf(&tls), der(&new.certificate));
}

#[test]
fn files_are_read_when_they_have_stood_still() {
    let (old, new) = (fresh(), fresh());
    let folder = Folder::new(&old);
    let tls = Arc::new(folder.load().unwrap().0);
    let mut watcher = Watcher::new(Arc::clone(&tls));
    watcher.look();
    folder.write("cert.pem", &new.certificate);
    watcher.look();
    folder.write("key.pem", &new.key);
    watcher.look();
    assert!(tls.changed().is_some(), "nothing was tried yet");
    watcher.look();
    assert_eq!(leaf(&tls), der(&new.certificate));
}

#[test]
fn a_bad_pair_is_tried_once_and_then_once_a_day() {
    let (old, new) = (fresh(), fresh());
    let folder = Folder::new(&old);
    let tls = Arc::new(folder.load().unwrap().0);
    let mut watcher = Watcher::new(Arc::clone(&tls));
    folder.write("cert.pem", &new.certificate);
    watcher.look();
    watcher.look();
    assert!(tls.changed().is_none(), "tried");
    // As if the disk had refused to read a file that is there and right.
    folder.write("key.pem", &new.key);
    *tls.tried.lock().unwrap() = tls.stamps();
    watcher.look();
    watcher.look();
    assert_eq!(leaf(&tls), der(&old.certificate));
    watcher.remind();
    assert_eq!(leaf(&tls), der(&new.certificate));
}

#[test]
fn the_watching_thread_reads_when_told_and_ends_when_dropped() {
    let (old, new) = (fresh(), fresh());
    let folder = Folder::new(&old);
    let tls = Arc::new(folder.load().unwrap().0);
    let watch = Watch::start(Arc::clone(&tls)).unwrap();
    let reloader = watch.reloader();
    folder.write("cert.pem", &new.certificate);
    folder.write("key.pem", &new.key);
    reloader.reload_now();
    let started = Instant::now();
    while leaf(&tls) != der(&new.certificate) {
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(watch);
    reloader.reload_now();
    assert_eq!(Arc::strong_count(&tls), 1, "the thread is gone");
}

// --- handshakes -----------------------------------------------------------------------------------------------

fn client(trusted: &Texts, versions: &[&'static SupportedProtocolVersion], alpn: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(der(&trusted.certificate)).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// Both ends of a handshake, or what the first to give up says.
fn shake(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
) -> Result<(ClientConnection, ServerConnection), Error> {
    let name = ServerName::try_from("short.example").unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    while client.wants_write() || server.wants_write() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        wire.clear();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok((client, server))
}

/// The certificate that a client gets who trusts that of `trusted`.
fn served(server: &Arc<ServerConfig>, trusted: &Texts) -> Result<CertificateDer<'static>, Error> {
    let (client, _) = shake(server, &client(trusted, &[&TLS13], &["http/1.1"]))?;
    Ok(client.peer_certificates().unwrap()[0].clone())
}

#[test]
fn clients_of_both_versions_are_understood() {
    let pair = fresh();
    let (tls, _) = Folder::new(&pair).load().unwrap();
    for (versions, version) in [
        ([&TLS12].as_slice(), ProtocolVersion::TLSv1_2),
        (&[&TLS13], ProtocolVersion::TLSv1_3),
        (&[&TLS12, &TLS13], ProtocolVersion::TLSv1_3),
    ] {
        for offered in [["http/1.1"].as_slice(), &["h2", "http/1.1"]] {
            let (mut client, mut server) = shake(&tls.config(), &client(&pair, versions, offered)).unwrap();
            assert_eq!(server.protocol_version(), Some(version));
            assert_eq!(client.alpn_protocol(), Some(ALPN));
            client.writer().write_all(b"GET /").unwrap();
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            let mut heard = [0; 5];
            server.reader().read_exact(&mut heard).unwrap();
            assert_eq!(&heard, b"GET /");
        }
        // Who offers nothing speaks HTTP/1.1 (RFC 7301, section 3.2, leaves it to us).
        let (client, _) = shake(&tls.config(), &client(&pair, versions, &[])).unwrap();
        assert_eq!(client.alpn_protocol(), None);
    }
}

#[test]
fn a_client_that_speaks_nothing_of_ours_is_told_so() {
    let pair = fresh();
    let (tls, _) = Folder::new(&pair).load().unwrap();
    for versions in [[&TLS12].as_slice(), &[&TLS13]] {
        let client = client(&pair, versions, &["h2"]);
        let mut client = ClientConnection::new(client, ServerName::try_from("short.example").unwrap()).unwrap();
        let mut server = ServerConnection::new(tls.config()).unwrap();
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        assert_eq!(server.process_new_packets().unwrap_err(), Error::NoApplicationProtocol);
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        let told = client.process_new_packets().unwrap_err();
        assert_eq!(told, Error::AlertReceived(AlertDescription::NoApplicationProtocol));
    }
}

#[test]
fn a_client_that_comes_back_shows_its_ticket() {
    let pair = fresh();
    let (tls, _) = Folder::new(&pair).load().unwrap();
    for version in [&TLS12, &TLS13] {
        let client = client(&pair, &[version], &["http/1.1"]);
        let (_, first) = shake(&tls.config(), &client).unwrap();
        assert_eq!(first.handshake_kind(), Some(HandshakeKind::Full));
        let (_, second) = shake(&tls.config(), &client).unwrap();
        assert_eq!(second.handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
    }
}

#[test]
fn every_suite_has_forward_secrecy_and_authenticated_encryption() {
    let (tls, _) = Folder::new(&fresh()).load().unwrap();
    for suite in &tls.config().crypto_provider().cipher_suites {
        let name = format!("{:?}", suite.suite());
        assert!(name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_"), "{name}");
        assert!(name.contains("GCM") || name.contains("CHACHA20_POLY1305"), "{name}");
    }
}
