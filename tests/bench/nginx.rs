//! nginx with one worker and a redirect that is the same for everybody, if it is installed.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::server::{Server, Setting};
use crate::{descriptors, say};

pub const NAME: &str = "nginx";
/// Where the one page is.
pub const PAGE: &str = "/page";
/// It answers within this time after its start.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// `nginx version: nginx/1.22.1`, or that there is none.
pub fn version() -> String {
    let output = Command::new(NAME).arg("-v").output();
    output.map_or("nginx: not installed".to_owned(), |output| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// Starts it with a page of so many bytes. `None` where it is not installed or does not start.
pub fn start(setting: Setting<'_>, page_bytes: usize) -> Option<Server> {
    let folder = TempDir::new().unwrap();
    let prefix = folder.path();
    // Free now, and hardly taken by somebody else in the next moment.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    fs::write(prefix.join("nginx.conf"), configuration(address, setting)).unwrap();
    fs::write(prefix.join("page"), vec![b' '; page_bytes]).unwrap();
    let mut command = descriptors::limited(Path::new(NAME), setting.descriptors);
    command.arg("-p").arg(prefix).args(["-c", "nginx.conf", "-e", "stderr"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(prefix.join("stderr.log")).unwrap());
    let child = command.spawn().ok()?;
    let server = Server::new(NAME, child, address, setting).keeping(folder);
    let end = Instant::now() + START_PATIENCE;
    while TcpStream::connect(address).is_err() {
        if Instant::now() > end {
            say("nginx does not start");
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
    Some(server)
}

/// One process does everything, so that its figures are all of it: the master would only watch over the one worker.
fn configuration(address: SocketAddr, setting: Setting<'_>) -> String {
    let tls = setting.certificate.map_or(String::new(), |certificate| {
        let (file, key) = (certificate.file(), certificate.key_file());
        format!("ssl_protocols TLSv1.3; ssl_certificate {}; ssl_certificate_key {};", file.display(), key.display())
    });
    let ssl = if setting.certificate.is_some() { " ssl" } else { "" };
    format!(
        "daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr crit;
         events {{ worker_connections 16384; }}
         http {{
             access_log off; keepalive_requests 1000000; default_type text/html;
             client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
             uwsgi_temp_path uwsgi; scgi_temp_path scgi;
             server {{
                 listen {address}{ssl}; {tls}
                 location / {{ return 302 https://docs.example/some/page; }}
                 location = {PAGE} {{ root .; }}
             }}
         }}\n"
    )
}
