//! `linkjar tls self-signed`: what it writes, for whom it can be read, and what it never overwrites.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::appliance::{Start, run_command};

const PAIR: [&str; 2] = ["data/tls/cert.pem", "data/tls/key.pem"];
const ADVICE: &str =
    "Browsers warn until the certificate is trusted on each device. Compare the fingerprint before you do.\n";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// What openssl says, if this machine has it.
fn openssl(folder: &Path, args: &[&str]) -> Option<String> {
    match Command::new("openssl").args(args).current_dir(folder).output() {
        Ok(output) => Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()),
        Err(_) => {
            println!("skipped: openssl is not installed");
            None
        }
    }
}

#[test]
fn a_pair_is_made_for_our_eyes_only() {
    let folder = TempDir::new().unwrap();
    let ended = run_command(folder.path(), &["tls", "self-signed", "Nas.lan", "192.168.1.5", "[fd00::5]"], "");
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ADVICE), "{}", ended.stdout);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines[0], "certificate  data/tls/cert.pem");
    assert_eq!(lines[1], "key          data/tls/key.pem");
    assert_eq!(lines[2], "names        nas.lan, 192.168.1.5, fd00::5");
    assert!(lines[3].starts_with("until        "), "{}", lines[3]);
    let fingerprint = lines[4].strip_prefix("SHA-256      ").unwrap();
    assert_eq!(fingerprint.split(':').filter(|byte| byte.len() == 2).count(), 32, "{fingerprint}");
    assert_eq!(lines[5..], ["", "linkjar serve --tls-cert data/tls/cert.pem --tls-key data/tls/key.pem"]);
    for (path, expected) in [("data", 0o700), ("data/tls", 0o700), (PAIR[0], 0o600), (PAIR[1], 0o600)] {
        assert_eq!(mode(&folder.path().join(path)), expected, "{path}");
    }
    let [certificate, key] = PAIR.map(|path| fs::read_to_string(folder.path().join(path)).unwrap());
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"), "{certificate}");
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(!ended.stdout.contains("PRIVATE KEY"));
    if let Some(shown) = openssl(folder.path(), &["x509", "-in", PAIR[0], "-noout", "-fingerprint", "-sha256"]) {
        assert!(shown.contains(fingerprint), "{shown}");
    }
}

#[test]
fn a_strict_client_that_trusts_the_certificate_accepts_it_for_its_names_only() {
    let folder = TempDir::new().unwrap();
    assert_eq!(run_command(folder.path(), &["tls", "self-signed", "nas.lan", "192.168.1.5"], "").code(), 0);
    for (check, name, answer) in [
        ("-verify_hostname", "nas.lan", ": OK"),
        ("-verify_ip", "192.168.1.5", ": OK"),
        ("-verify_hostname", "other.lan", "hostname mismatch"),
        ("-verify_ip", "192.168.1.6", "IP address mismatch"),
    ] {
        let strictly = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", PAIR[0], check, name, PAIR[0]];
        if let Some(said) = openssl(folder.path(), &strictly) {
            assert!(said.contains(answer), "{name}: {said}");
        }
    }
    let Some(text) = openssl(folder.path(), &["x509", "-in", PAIR[0], "-noout", "-text"]) else { return };
    for words in ["CA:FALSE", "TLS Web Server Authentication", "ASN1 OID: prime256v1", "DNS:nas.lan, IP Address:192"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let still_valid_in = |days: u32| {
        let seconds = (days * 86_400).to_string();
        openssl(folder.path(), &["x509", "-in", PAIR[0], "-noout", "-checkend", &seconds])
    };
    assert!(still_valid_in(823).is_some_and(|said| said.contains("will not expire")));
    assert!(still_valid_in(825).is_some_and(|said| said.contains("will expire")));
}

#[test]
fn without_names_it_is_for_this_machine() {
    let folder = TempDir::new().unwrap();
    let ended = run_command(folder.path(), &["tls", "self-signed", "--data-dir", "my data"], "");
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    let names = ended.stdout.lines().nth(2).unwrap();
    assert!(names.ends_with("localhost, 127.0.0.1, ::1"), "{names}");
    let line = "linkjar serve --tls-cert 'my data/tls/cert.pem' --tls-key 'my data/tls/key.pem' --data-dir 'my data'\n";
    assert!(ended.stdout.ends_with(line), "{}", ended.stdout);
}

#[test]
fn what_exists_is_never_overwritten() {
    for existing in PAIR {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("data/tls")).unwrap();
        fs::write(folder.path().join(existing), "mine").unwrap();
        let ended = run_command(folder.path(), &["tls", "self-signed"], "");
        let message = format!("error: {existing} exists. Run the server with it, or move it away to make a new one.\n");
        assert_eq!((ended.code(), ended.stdout.as_str(), ended.stderr.as_str()), (1, "", message.as_str()));
        assert_eq!(fs::read_to_string(folder.path().join(existing)).unwrap(), "mine");
        assert_eq!(fs::read_dir(folder.path().join("data/tls")).unwrap().count(), 1, "nothing else was made");
    }
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("data/tls")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", folder.path().join(PAIR[1])).unwrap();
    assert_eq!(run_command(folder.path(), &["tls", "self-signed"], "").code(), 1, "a link counts, too");
    assert!(!folder.path().join("data/elsewhere").exists());
}

#[test]
fn a_pair_can_be_made_while_the_server_runs() {
    let server = Start::empty().run();
    let data = server.data();
    let ended = run_command(data.parent().unwrap(), &["tls", "self-signed"], "");
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
}

#[test]
fn what_cannot_be_made_is_one_line_that_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    fs::create_dir(folder.path().join("sealed")).unwrap();
    fs::set_permissions(folder.path().join("sealed"), Permissions::from_mode(0o500)).unwrap();
    // Root may write anywhere.
    let is_root = fs::write(folder.path().join("sealed/probe"), "").is_ok();
    for (args, words) in [
        (["nas:443"].as_slice(), "\"nas:443\" is no name. Use host names and addresses, without port or *."),
        (&["*.lan"], "\"*.lan\" is no name."),
        (&["--data-dir", "file"], "file/tls cannot be written: "),
        (&["--data-dir", "sealed"], "sealed/tls cannot be written: "),
    ] {
        if is_root && args.contains(&"sealed") {
            println!("skipped: root may write anywhere");
            continue;
        }
        let ended = run_command(folder.path(), &[&["tls", "self-signed"], args].concat(), "");
        assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""), "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(words), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}
