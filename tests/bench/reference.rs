//! The HTTP library with nothing behind it: the same redirect for everybody, or a page of any size. What it reaches is
//! the most that a program could whose network front it is.
//!
//! It is this executable once more, in a process of its own, so that its processor time can be told apart.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::Arc;
use std::thread;

use socket2::{Domain, Protocol, Socket, Type};
use tiny_http::{Header, Request, Response};

use crate::server::{Server, Setting};
use crate::{descriptors, say};

pub const NAME: &str = "tiny_http alone";
/// Set for the child.
const VARIABLE: &str = "LINKJAR_BENCH_REFERENCE";
/// As many as the program has.
const THREADS: usize = 10;
/// Where pages are: behind it stands how many bytes.
const PAGES: &str = "/bytes/";

/// Starts it. It speaks no TLS.
pub fn start(setting: Setting<'_>) -> Server {
    let mut command = descriptors::limited(&std::env::current_exe().unwrap(), setting.descriptors);
    // What it says in its distress belongs to what is measured, but not to the result.
    let command = command.env(VARIABLE, "1").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().parse().expect("the reference says where it is");
    Server::new(NAME, child, address, Setting { certificate: None, ..setting })
}

/// The path of a page of so many bytes.
pub fn page(bytes: usize) -> String {
    format!("{PAGES}{bytes}")
}

/// Whether this process is to be the reference.
pub fn is_asked_for() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Answers until it is killed.
pub fn serve() -> ! {
    let listener = listen().expect("a free port");
    say(&listener.local_addr().expect("it is bound").to_string());
    let server = Arc::new(tiny_http::Server::from_listener(listener, None).expect("threads"));
    for _ in 1..THREADS {
        let server = Arc::clone(&server);
        thread::spawn(move || server.incoming_requests().for_each(answer));
    }
    server.incoming_requests().for_each(answer);
    std::process::exit(1)
}

/// Its own listener would let every page wait for the client's delayed acknowledgement, 40 ms.
fn listen() -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}

fn answer(request: Request) {
    let header = |name: &str, value: &str| Header::from_bytes(name, value).expect("a plain header");
    let bytes = request.url().strip_prefix(PAGES).and_then(|bytes| bytes.parse().ok());
    // Whoever asked may be gone.
    let _ = match bytes {
        None => request.respond(Response::empty(302).with_header(header("Location", "https://docs.example/some/page"))),
        Some(bytes) => {
            let response = Response::from_data(vec![b' '; bytes]).with_header(header("Content-Type", "text/html"));
            request.respond(response.with_chunked_threshold(usize::MAX))
        }
    };
}
