//! The health page, for load balancers and containers, and the command that asks it over TLS. Without TLS that command
//! stands among the others, in `command_line.rs`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS12;
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion};
use tempfile::TempDir;

use crate::appliance::{Ended, Start};
use crate::browser::Browser;
use crate::command_line::{is_error, run_with};

const HEALTHY: &str = "{\"status\":\"healthy\",\"database\":\"connected\"}\n";

#[test]
fn health_is_one_json_object_that_needs_nothing_and_tells_nothing() {
    for start in
        [Start::empty(), Start::with_admin(), Start::with_admin().env("SERVER_BASE_URL", "https://short.example")]
    {
        let appliance = start.run();
        let mut probe = Browser::of(&appliance);
        probe.header("User-Agent", "");
        probe.header("Accept", "");
        for (path, host) in
            [("/health", None), ("/health/", None), ("/health", Some("evil.example")), ("/health?x=1", None)]
        {
            let headers: Vec<(&str, &str)> = host.map(|host| ("Host", host)).into_iter().collect();
            let page = probe.send("GET", path, &headers, None);
            assert_eq!(page.status, 200, "{path} {host:?}");
            assert_eq!(page.body, HEALTHY.trim());
            assert_eq!(page.header("content-type"), Some("application/json; charset=utf-8"));
            assert_eq!(page.header("cache-control"), Some("no-store"));
            assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
            assert!(page.set_cookies().is_empty());
            assert!(!format!("{:?}", page.headers).contains(env!("CARGO_PKG_VERSION")));
        }
        let head = probe.send("HEAD", "/health", &[], None);
        assert_eq!((head.status, head.body.as_str(), head.header("content-length")), (200, "", Some("43")));
        let post = probe.post("/health", &[]);
        assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
        assert!(!appliance.log().contains("/health"), "{}", appliance.log());
    }
}

/// A certificate and its key, in files and for servers of ours.
struct Pair {
    folder: TempDir,
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Pair {
    /// For a name that nobody here is called by: names do not matter.
    fn new() -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["short.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Pair { folder, certificate, key }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A server's side with this certificate and any key.
    fn config(&self, key: &KeyPair, versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let key = ring::sign::any_supported_type(&key).unwrap();
        let shown = Shown(Arc::new(CertifiedKey::new(vec![self.certificate.der().clone()], key)));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_protocol_versions(versions).unwrap().with_no_client_auth();
        Arc::new(config.with_cert_resolver(Arc::new(shown)))
    }
}

/// Shows its certificate to everybody, whatever its key.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A server with TLS, stopped when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    data: TempDir,
}

impl Server {
    fn start(pair: &Pair, further: &[&str]) -> Server {
        let data = TempDir::new().unwrap();
        let (certificate, key) = (pair.path("cert.pem"), pair.path("key.pem"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_linkjar"))
            .env_clear()
            .current_dir(data.path())
            .args(["serve", "--port=0", "--tls-cert", &certificate, "--tls-key", &key])
            .args(further)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(data.path().join("stderr.log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("https://").and_then(|rest| rest.strip_suffix('/'));
        let address = address.unwrap_or_else(|| panic!("the server did not start: {line:?}")).parse().unwrap();
        Server { child, address, data }
    }

    fn port(&self) -> String {
        self.address.port().to_string()
    }

    fn plain_port(&self) -> String {
        let log = fs::read_to_string(self.data.path().join("stderr.log")).unwrap();
        let (_, rest) = log.split_once("listening for plain HTTP url=http://127.0.0.1:").unwrap();
        rest.split_once('/').unwrap().0.to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `linkjar health` with an environment.
fn check(folder: &Path, env: &[(&str, &str)], args: &[&str]) -> Ended {
    run_with(folder, env, &[&["health"], args].concat())
}

#[track_caller]
fn is_well(ended: &Ended) {
    assert_eq!((ended.code(), ended.stdout.as_str(), ended.stderr.as_str()), (0, HEALTHY, ""));
}

#[test]
fn an_address_that_cannot_be_asked_is_wrong_use() {
    let folder = TempDir::new().unwrap();
    for (args, words) in [
        (["http://"].as_slice(), "\"http://\" cannot be asked. Use an address such as http://127.0.0.1:8000"),
        (&["http://no one/"], "cannot be asked. "),
        (&["http://user@127.0.0.1"], "cannot be asked. "),
        (&["ftp://127.0.0.1"], "cannot be asked. "),
        (
            &["https://127.0.0.1/health"],
            "https://127.0.0.1 cannot be trusted without knowing its certificate. Name its",
        ),
        (&["https://127.0.0.1", "--tls-cert=absent.pem"], "the certificate absent.pem cannot be read: "),
    ] {
        is_error(&check(folder.path(), &[], args), 2, words);
    }
}

#[test]
fn a_server_with_tls_is_asked_over_tls_and_known_by_its_certificate_alone() {
    let (pair, folder) = (Pair::new(), TempDir::new().unwrap());
    let server = Server::start(&pair, &[]);
    let (certificate, port) = (pair.path("cert.pem"), server.port());
    // As in a container. What only the server needs may be missing here.
    let env = [
        ("SERVER_PORT", port.as_str()),
        ("SERVER_TLS_CERT", &certificate),
        ("SERVER_TLS_KEY", "/nonexistent/key.pem"),
        ("SERVER_NUMTHREADS", "many"),
        ("SERVER_ADMIN_USERNAME", "half-an-administrator"),
    ];
    is_well(&check(folder.path(), &env, &[]));
    is_well(&check(folder.path(), &[&env[..], &[("SERVER_HTTP_PORT", "0")]].concat(), &[]));
    // The environment is of the server on port 1, a person asks another.
    let elsewhere = [&env[1..], &[("SERVER_PORT", "1"), ("SERVER_HTTP_PORT", "1")]].concat();
    is_well(&check(folder.path(), &elsewhere, &["--port", &port]));
    for url in ["https://127.0.0.1", "HTTPS://localhost"] {
        is_well(&check(folder.path(), &[], &[&format!("{url}:{port}/health"), "--tls-cert", &certificate]));
        is_well(&check(folder.path(), &env[1..2], &[&format!("{url}:{port}")]));
    }
    is_well(&check(folder.path(), &[], &["--port", &port, "--tls-cert", &certificate]));
    let in_clear = check(folder.path(), &[], &["--port", &port]);
    is_error(&in_clear, 1, "answered 400, as a port for HTTPS does. Name its certificate with --tls-cert, or");
    let other = Pair::new();
    let ended = check(folder.path(), &[], &["--port", &port, "--tls-cert", &other.path("cert.pem")]);
    is_error(&ended, 1, &format!("{} has another certificate than {}. After", server.address, other.path("cert.pem")));
    let ended = check(folder.path(), &[], &["--port", &port, "--tls-cert", &pair.path("key.pem")]);
    is_error(&ended, 2, "has no certificate in it. ");
}

#[test]
fn beside_tls_the_plain_port_is_asked() {
    let (pair, folder) = (Pair::new(), TempDir::new().unwrap());
    let server = Server::start(&pair, &["--http-port=0", "--base-url=https://short.example"]);
    let (port, plain) = (server.port(), server.plain_port());
    // The certificate is not looked at.
    let env = [
        ("SERVER_PORT", port.as_str()),
        ("SERVER_TLS_CERT", "absent.pem"),
        ("SERVER_TLS_KEY", "absent.pem"),
        ("SERVER_HTTP_PORT", &plain),
    ];
    is_well(&check(folder.path(), &env, &[]));
    is_well(&check(folder.path(), &env, &["--port", &plain]));
    is_well(&check(folder.path(), &[], &["--port", &plain]));
    is_well(&check(folder.path(), &[], &[&format!("http://127.0.0.1:{plain}")]));
    is_error(&check(folder.path(), &env, &["--port", &port]), 2, "absent.pem cannot be read: ");
}

#[test]
fn a_server_without_tls_is_told_from_one_with_it() {
    let (appliance, pair, folder) = (Start::with_admin().run(), Pair::new(), TempDir::new().unwrap());
    let url = format!("https://{}", appliance.address);
    let ended = check(folder.path(), &[], &[&url, "--tls-cert", &pair.path("cert.pem")]);
    let address = appliance.address;
    is_error(&ended, 1, &format!("{address} does not speak TLS. Ask http://{address}, or name another port."));
    // Half a pair, with which a server on this machine speaks plain HTTP.
    let port = address.port().to_string();
    is_well(&check(folder.path(), &[("SERVER_PORT", &port), ("SERVER_TLS_CERT", "absent.pem")], &[]));
    appliance.stop();
    let ended = check(folder.path(), &[], &[&url, "--tls-cert", &pair.path("cert.pem")]);
    is_error(&ended, 1, "Is it running?");
}

/// What is done with a connection.
type Serve = Box<dyn FnOnce(TcpStream) + Send>;

/// The outcome of a check over TLS of a server that takes one connection, and how long it took.
fn checked(pair: &Pair, serve: Serve) -> (Ended, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    // Left alone: some would go on for ever.
    thread::spawn(move || serve(listener.accept().unwrap().0));
    let begun = Instant::now();
    let ended = check(pair.folder.path(), &[], &[&url, "--tls-cert", &pair.path("cert.pem")]);
    (ended, begun.elapsed())
}

/// Speaks TLS and answers with `bytes`, over and over while `times` lasts.
fn answering(config: Arc<ServerConfig>, bytes: &'static str, times: usize) -> Serve {
    Box::new(move |tcp| {
        let mut stream = rustls::StreamOwned::new(ServerConnection::new(config).unwrap(), tcp);
        // A client that has seen enough, or trusts nobody, is gone.
        let _ = stream.read(&mut [0; 1_024]);
        for _ in 0..times {
            if stream.write_all(bytes.as_bytes()).is_err() {
                return;
            }
        }
        stream.conn.send_close_notify();
        let _ = stream.flush();
    })
}

#[test]
fn whoever_shows_the_certificate_must_have_its_key() {
    let pair = Pair::new();
    let well = "HTTP/1.1 200 OK\r\n\r\n{\"status\":\"healthy\",\"database\":\"connected\"}";
    for versions in [rustls::ALL_VERSIONS, &[&TLS12]] {
        let (ended, _) = checked(&pair, answering(pair.config(&pair.key, versions), well, 1));
        is_well(&ended);
        let (ended, _) = checked(&pair, answering(pair.config(&KeyPair::generate().unwrap(), versions), well, 1));
        is_error(&ended, 1, "BadSignature. Is it running?");
    }
}

#[test]
fn a_check_ends_in_time_and_reads_no_more_than_it_must() {
    let pair = Pair::new();
    let config = || pair.config(&pair.key, rustls::ALL_VERSIONS);
    let endless = answering(config(), "HTTP/1.1 200 OK\r\n\r\n<html>", usize::MAX);
    is_error(&checked(&pair, endless).0, 1, "answered 200 and is not Linkjar. ");
    let silent: Serve = Box::new(|tcp| {
        thread::sleep(Duration::from_secs(60));
        drop(tcp);
    });
    let trickling: Serve = Box::new(|mut tcp| {
        // The head of a record, then its bytes: each comes before a time-out between two bytes could pass.
        let _ = tcp.write_all(b"\x16\x03\x03\x40\x00");
        while tcp.write_all(b"\x02").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let waiting: Serve = {
        let config = config();
        Box::new(move |tcp| {
            let mut stream = rustls::StreamOwned::new(ServerConnection::new(config).unwrap(), tcp);
            let _ = stream.read(&mut [0; 1_024]);
            thread::sleep(Duration::from_secs(60));
        })
    };
    thread::scope(|scope| {
        for serve in [silent, trickling, waiting] {
            let pair = &pair;
            scope.spawn(move || {
                let (ended, took) = checked(pair, serve);
                is_error(&ended, 1, "3 s have passed. Is it running?");
                assert!((Duration::from_secs(3)..Duration::from_secs(10)).contains(&took), "{took:?}");
            });
        }
    });
}
