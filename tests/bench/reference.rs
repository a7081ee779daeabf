//! The HTTP library with nothing behind it: the same redirect for everybody. What it reaches is the most that the
//! program could.
//!
//! It is this executable once more, in a process of its own, so that its processor time can be told apart.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use tiny_http::{Header, Response, Server};

use crate::say;

/// Set for the child.
const VARIABLE: &str = "LINKJAR_BENCH_REFERENCE";
/// As many as the program has.
const THREADS: usize = 10;

/// A running reference, stopped when dropped.
pub struct Reference {
    child: Child,
    pub address: SocketAddr,
}

/// Whether this process is to be the reference.
pub fn is_asked_for() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Answers until it is killed.
pub fn serve() -> ! {
    let server = Arc::new(Server::http("127.0.0.1:0").expect("a free port"));
    say(&server.server_addr().to_string());
    for _ in 1..THREADS {
        let server = Arc::clone(&server);
        thread::spawn(move || answer(&server));
    }
    answer(&server);
    std::process::exit(1)
}

fn answer(server: &Server) {
    let location = Header::from_bytes("Location", "https://docs.example/some/page").expect("a plain header");
    for request in server.incoming_requests() {
        // Whoever asked may be gone.
        let _ = request.respond(Response::empty(302).with_header(location.clone()));
    }
}

impl Reference {
    pub fn start() -> Reference {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.env(VARIABLE, "1").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Reference { address: line.trim().parse().unwrap(), child }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
