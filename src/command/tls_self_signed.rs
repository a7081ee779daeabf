//! `linkjar tls self-signed`: a certificate and its key, for networks in which no authority knows this machine.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rcgen::{
    Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::cli::Options;
use crate::clock::{Clock, Timestamp};
use crate::command::{Error, say, tell};
use crate::config;
use crate::limits::SELF_SIGNED_S;
use crate::store;

/// The pair's folder inside the data folder.
const FOLDER: &str = "tls";
/// The length of the longest common name (RFC 5280, appendix A.1, `ub-common-name`).
const COMMON_NAME_CHARS_MAX: usize = 64;

/// Makes a pair for `names`, or for this machine's own names when there are none. Does not touch the data file, so it
/// works while the server runs.
///
/// # Errors
/// Exit code 2 for a name that is none and for a folder that cannot be written, 1 when there is a pair already. What
/// was there is unchanged then.
pub(crate) fn run(options: &Options, names: &[String]) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let names = if names.is_empty() { own_names(own_host().as_deref()) } else { read_names(names)? };
    let from = Clock::system().now().plus_s(-86_400);
    // Both ends count (RFC 5280, section 4.1.2.5), hence the second less.
    let until = from.plus_s(SELF_SIGNED_S - 1);
    let (certificate, key) = make(&names, from, until)
        .map_err(|error| Error::failed(format!("no certificate could be made: {error}. Look at the names again.")))?;
    let pair = write_pair(&config.data_dir, &certificate.pem(), &key.serialize_pem())?;
    say(&summary(&pair, &names, until, &fingerprint(certificate.der()), options.data_dir.as_deref()));
    tell("Browsers warn until the certificate is trusted on each device. Compare the fingerprint before you do.\n");
    Ok(())
}

/// The names as browsers spell them, without repetitions.
fn read_names(typed: &[String]) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for text in typed {
        let Some(name) = spelt(text) else {
            return Err(Error::usage(format!("{text:?} is no name. Use host names and addresses, without port or *.")));
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// As in a certificate, where the brackets of an IPv6 address have no place.
fn spelt(text: &str) -> Option<String> {
    config::host_name(text).map(|name| name.trim_matches(['[', ']']).to_owned())
}

/// What this machine is called: on its network, by multicast DNS (RFC 6762), and by itself.
fn own_names(host: Option<&str>) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(host) = host.and_then(spelt).filter(|host| host != "localhost" && host.parse::<IpAddr>().is_err()) {
        let local = format!("{}.local", host.split('.').next().unwrap_or_default());
        let is_local = host == local;
        names.push(host);
        names.extend((!is_local).then_some(local));
    }
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    names
}

/// This machine's host name; `None` where the system does not tell.
fn own_host() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned())
}

/// A certificate that vouches for itself and for nothing else.
///
/// It is no authority: then a stolen key makes no further certificates on devices that trust this one, and rustls and
/// Firefox refuse an authority in a server's place. Browsers ask for the alternative names and the server's purpose.
fn make(names: &[String], from: Timestamp, until: Timestamp) -> Result<(Certificate, KeyPair), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    // Lists of trusted certificates show this and not the alternative names.
    let title = format!("Linkjar {}", names.first().map_or("", String::as_str));
    params.distinguished_name.push(DnType::CommonName, title.chars().take(COMMON_NAME_CHARS_MAX).collect::<String>());
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (date(from), date(until));
    let certificate = params.self_signed(&key)?;
    Ok((certificate, key))
}

fn date(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.ms().div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Where a pair stands.
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
}

/// Writes both files, or none of them.
fn write_pair(data: &Path, certificate: &str, key: &str) -> Result<Pair, Error> {
    let folder = data.join(FOLDER);
    let pair = Pair { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    // One after the other: under some umasks nothing can be made in a new folder before its mode is set.
    store::create_folder(data)
        .and_then(|()| store::create_folder(&folder))
        .map_err(|error| cannot_write(&folder, &error))?;
    write_new(&pair.key, key)?;
    write_new(&pair.certificate, certificate).inspect_err(|_| drop(fs::remove_file(&pair.key)))?;
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|error| cannot_write(&folder, &error))?;
    Ok(pair)
}

/// Writes a file that nobody else may read and that was not there before.
fn write_new(path: &Path, text: &str) -> Result<(), Error> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            let path = path.display();
            return Error::failed(format!("{path} exists. Run the server with it, or move it away to make a new one."));
        }
        cannot_write(path, &error)
    })?;
    // The umask may have taken more away than it should.
    file.set_permissions(Permissions::from_mode(0o600))
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all())
        .map_err(|error| cannot_write(path, &error))
        .inspect_err(|_| drop(fs::remove_file(path)))
}

fn cannot_write(path: &Path, error: &io::Error) -> Error {
    let path = path.display();
    Error::usage(format!("{path} cannot be written: {error}. Make it writable, or choose another with --data-dir."))
}

/// The SHA-256 fingerprint as browsers and `openssl x509 -fingerprint` show it.
fn fingerprint(der: &[u8]) -> String {
    let bytes: Vec<String> = Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

/// What was made, and the line that runs the server with it. `data_dir` is the folder if it was typed.
fn summary(pair: &Pair, names: &[String], until: Timestamp, fingerprint: &str, data_dir: Option<&str>) -> String {
    let (certificate, key) = (pair.certificate.display().to_string(), pair.key.display().to_string());
    let folder = data_dir.map(|folder| format!(" --data-dir {}", quoted(folder))).unwrap_or_default();
    format!(
        "certificate  {certificate}\n\
         key          {key}\n\
         names        {}\n\
         until        {}\n\
         SHA-256      {fingerprint}\n\n\
         linkjar serve --tls-cert {} --tls-key {}{folder}\n",
        names.join(", "),
        until.day_text(),
        quoted(&certificate),
        quoted(&key),
    )
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@".contains(c);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_answers_to_its_own_names() {
        for (host, first) in [
            (Some("Box"), "box box.local"),
            (Some("box.home.example"), "box.home.example box.local"),
            (Some("box.local"), "box.local"),
            (Some("localhost"), ""),
            (Some("not a name"), ""),
            (Some("10"), ""),
            (Some(""), ""),
            (None, ""),
        ] {
            let expected: Vec<&str> = first.split_whitespace().chain(["localhost", "127.0.0.1", "::1"]).collect();
            assert_eq!(own_names(host), expected, "{host:?}");
        }
    }

    #[test]
    fn names_are_spelt_as_browsers_do() {
        let read = |names: &[&str]| read_names(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let names = read(&["NAS.lan.", "[::1]", "0:0::1", "bücher.example", "192.168.1.5", "nas.lan"]).unwrap();
        assert_eq!(names, ["nas.lan", "::1", "xn--bcher-kva.example", "192.168.1.5"]);
        for bad in ["", "*.lan", "nas:443", "https://nas", "a b", "192.168.1.999", "nas.lan/x", "a,b", "%61"] {
            let why = read(&["nas.lan", bad]).unwrap_err();
            assert_eq!(why.text, format!("{bad:?} is no name. Use host names and addresses, without port or *."));
        }
    }

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        for (path, shown) in
            [("data/tls/key.pem", "data/tls/key.pem"), ("my data", "'my data'"), ("it's", r"'it'\''s'"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(path), shown);
        }
    }
}
