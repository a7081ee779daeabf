//! A data folder with links, and an administrator who is logged in; the program can be started on it in any way.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use crate::appliance::Start;
use crate::browser::{Browser, attribute};
use crate::load::Run;
use crate::server::{Server, Setting};
use crate::{descriptors, list, redirect};

/// A data folder while nobody uses it.
pub struct Site {
    folder: TempDir,
    session: String,
}

impl Site {
    /// Makes so many links, called as [`redirect::slug`] says.
    pub fn with_links(count: usize) -> Site {
        Site::timed(count).0
    }

    /// The same, and how long it took.
    pub fn timed(count: usize) -> (Site, Run) {
        let appliance = Start::with_busy_admin().run();
        let mut browser = Browser::admin(&appliance);
        let run = list::fill(&appliance, &mut browser, count);
        let (status, folder) = appliance.stop();
        assert!(status.success(), "{status}");
        (Site { folder, session: browser.cookies["session"].clone() }, run)
    }

    /// Starts the program.
    ///
    /// # Errors
    /// What it said when it would not start so.
    pub fn start(&self, setting: Setting<'_>) -> Result<Server, String> {
        let mut command = descriptors::limited(Path::new(env!("CARGO_BIN_EXE_linkjar")), setting.descriptors);
        command.arg("serve");
        if let Some(certificate) = setting.certificate {
            command.arg("--tls-cert").arg(certificate.file()).arg("--tls-key").arg(certificate.key_file());
        }
        command.env_clear().env("SERVER_PORT", "0");
        if setting.is_strict {
            command.env("SERVER_CLICK_DURABILITY", "strict");
        }
        if setting.is_behind_proxy {
            command.env("SERVER_TRUSTED_PROXIES", "loopback");
        }
        if let Some(mib) = setting.cache_mib {
            command.env("SERVER_PAGE_CACHE", mib.to_string());
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.stderr(File::create(self.log_file()).unwrap()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let scheme = if setting.certificate.is_some() { "https://" } else { "http://" };
        let address = line.trim().strip_prefix(scheme).and_then(|rest| rest.trim_end_matches('/').parse().ok());
        let Some(address) = address else {
            // It has ended, or speaks as nobody asked it to.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{line}{}", self.log().lines().last().unwrap_or_default()));
        };
        let server = Server::new("linkjar", child, address, setting);
        Ok(server.settling(self.page(address, "/links")))
    }

    /// The administrator's browser, for a program that speaks in clear.
    pub fn browser(&self, address: SocketAddr) -> Browser {
        let mut browser = Browser::at(address);
        browser.cookies.insert("session".to_owned(), self.session.clone());
        browser
    }

    /// What the program has written to stderr.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    pub fn data_file(&self) -> String {
        self.folder.path().join("data").join("linkjar.redb").to_string_lossy().into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("stderr.log")
    }

    /// Asks for a page as the administrator.
    pub fn page(&self, address: SocketAddr, path: &str) -> Vec<u8> {
        // Over TLS the cookie has the longer name.
        let session = &self.session;
        let cookies = format!("Cookie: session={session}; __Host-session={session}");
        redirect::browse(address, path, &cookies)
    }

    /// People's clicks on all links, from the pages of the list.
    pub fn clicks(&self, address: SocketAddr) -> u64 {
        let mut browser = self.browser(address);
        let (mut sum, mut next) = (0, Some("/links".to_owned()));
        while let Some(path) = next {
            let page = browser.open(&path).body;
            let cells = page.split("class=\"count-beside\">").skip(1);
            sum += cells.map(|cell| number(cell.split('<').next().unwrap_or_default())).sum::<u64>();
            let link = page.split("class=\"button pager-next\"").nth(1);
            next = link.and_then(|link| attribute(&link[..link.find('>')?], "href"));
        }
        sum
    }
}

/// A number as pages write it: `1,204`.
fn number(text: &str) -> u64 {
    text.replace(',', "").parse().expect("a number of clicks")
}
