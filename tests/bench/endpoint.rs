//! Where a server is reached, and how: in clear or over TLS, from one of this machine's own addresses.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, StreamOwned};
use socket2::{Domain, Protocol, Socket, Type};

/// Other addresses of this machine. Each has ports of its own, and each is a client of its own.
pub const OTHERS: [Ipv4Addr; 8] = {
    let mut others = [Ipv4Addr::LOCALHOST; 8];
    let mut last = 0;
    while last < others.len() {
        others[last] = Ipv4Addr::new(127, 0, 0, last as u8 + 2);
        last += 1;
    }
    others
};

/// How long somebody who measures waits for a connection, or for an answer on it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A server as a client sees it.
#[derive(Clone)]
pub struct Endpoint {
    pub address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
}

/// A connection.
pub enum Stream {
    Plain(TcpStream),
    Secure(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Endpoint {
    pub fn plain(address: SocketAddr) -> Endpoint {
        Endpoint { address, tls: None }
    }

    pub fn secure(address: SocketAddr, config: ClientConfig) -> Endpoint {
        Endpoint { address, tls: Some(Arc::new(config)) }
    }

    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// The same as somebody sees it who remembers TLS sessions so.
    pub fn with_memory(&self, memory: Resumption) -> Endpoint {
        let mut tls = self.tls.as_deref().cloned();
        if let Some(config) = &mut tls {
            config.resumption = memory;
        }
        Endpoint { address: self.address, tls: tls.map(Arc::new) }
    }

    /// Connects, and shakes hands where there is TLS. Answers are waited for as long as the connection was.
    ///
    /// # Errors
    /// Those of the operating system, and of TLS as [`ErrorKind::InvalidData`].
    pub fn connect(&self, patience: Duration) -> io::Result<Stream> {
        match TcpStream::connect_timeout(&self.address, patience) {
            // Ports of connections that have ended are kept for a minute. Other addresses have their own.
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                let stream = OTHERS.iter().find_map(|source| dial(self.address, *source, patience).ok());
                self.begin(stream.ok_or(error)?, patience)
            }
            stream => self.begin(stream?, patience),
        }
    }

    /// The same from one of this machine's addresses.
    ///
    /// # Errors
    /// As [`Endpoint::connect`].
    pub fn connect_from(&self, source: Ipv4Addr, patience: Duration) -> io::Result<Stream> {
        self.begin(dial(self.address, source, patience)?, patience)
    }

    fn begin(&self, mut stream: TcpStream, patience: Duration) -> io::Result<Stream> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let Some(config) = &self.tls else { return Ok(Stream::Plain(stream)) };
        let mut connection = handshake(config);
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(Stream::Secure(Box::new(StreamOwned::new(connection, stream))))
    }

    /// The first bytes of a TLS connection.
    pub fn hello(&self) -> Vec<u8> {
        let mut hello = Vec::new();
        if let Some(config) = &self.tls {
            handshake(config).write_tls(&mut hello).unwrap();
        }
        hello
    }
}

fn handshake(config: &Arc<ClientConfig>) -> ClientConnection {
    let name = ServerName::try_from("localhost").unwrap();
    ClientConnection::new(Arc::clone(config), name).unwrap()
}

/// Connects in clear from one of this machine's addresses.
///
/// # Errors
/// Those of the operating system.
pub fn dial(address: SocketAddr, source: Ipv4Addr, patience: Duration) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    socket.connect_timeout(&address.into(), patience)?;
    Ok(socket.into())
}

impl Stream {
    pub fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(stream) => stream,
            Stream::Secure(stream) => &stream.sock,
        }
    }

    /// How the handshake went, if there was one.
    pub fn handshake(&self) -> Option<HandshakeKind> {
        match self {
            Stream::Plain(_) => None,
            Stream::Secure(stream) => stream.conn.handshake_kind(),
        }
    }
}

/// Whether the other side has left a connection open, as far as is known without reading. It does not block any more.
pub fn is_open(stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    match stream.peek(&mut [0]) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Secure(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Secure(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Secure(stream) => stream.flush(),
        }
    }
}
