//! A server in a process of its own: the program, or one that it is compared with.

use std::net::SocketAddr;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::compare::Figures;
use crate::endpoint::{Endpoint, PATIENCE};
use crate::load::{BUFFER_BYTES, Run};
use crate::process;
use crate::visits::visit;

/// A server that was asked to stop is killed after this long.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// How a server is started.
#[derive(Clone, Copy, Default)]
pub struct Setting<'a> {
    /// Speaks TLS with this.
    pub certificate: Option<&'a Certificate>,
    /// May have only so many sockets and files open.
    pub descriptors: Option<u32>,
    /// Answers a redirect when its click is on disk.
    pub is_strict: bool,
    /// Believes clients of this machine where a request comes from.
    pub is_behind_proxy: bool,
    /// Has so much memory for pages of the data file.
    pub cache_mib: Option<u32>,
}

/// A running server, stopped when dropped.
pub struct Server {
    pub name: &'static str,
    pub endpoint: Endpoint,
    /// Asks for a page for which everything is written first that waits to be.
    settle: Option<Vec<u8>>,
    child: Child,
    /// What it reads while it runs.
    _folder: Option<TempDir>,
}

impl Server {
    pub fn new(name: &'static str, child: Child, address: SocketAddr, setting: Setting<'_>) -> Server {
        let endpoint = match setting.certificate {
            None => Endpoint::plain(address),
            Some(certificate) => Endpoint::secure(address, certificate.client()),
        };
        Server { name, endpoint, settle: None, child, _folder: None }
    }

    pub fn settling(mut self, request: Vec<u8>) -> Server {
        self.settle = Some(request);
        self
    }

    pub fn keeping(mut self, folder: TempDir) -> Server {
        self._folder = Some(folder);
        self
    }

    pub fn address(&self) -> SocketAddr {
        self.endpoint.address
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether this is the program.
    pub fn counts_clicks(&self) -> bool {
        self.settle.is_some()
    }

    /// Has it do some work, and tells what each answer cost with all that was written because of it.
    pub fn cost_of(&self, work: impl FnOnce() -> Run) -> Figures {
        self.settle();
        let before = process::processor_time(self.pid());
        let run = work();
        self.settle();
        let spent = process::processor_time(self.pid()) - before;
        Figures { per_second: run.per_second(), cost_us: spent.as_secs_f64() * 1e6 / run.answers as f64 }
    }

    fn settle(&self) {
        if let Some(request) = &self.settle {
            let (answer, _) = visit(&self.endpoint, request, &mut vec![0; BUFFER_BYTES], PATIENCE).unwrap();
            assert_eq!(answer.status, 200);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let end = Instant::now() + STOP_PATIENCE;
        // It may have ended already.
        if pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok()) {
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
                thread::sleep(Duration::from_millis(5));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
