//! A client's socket, in clear or under TLS.
//!
//! Nothing here waits: a call that would have to says so. TLS begins with the client's first byte, so that a silent
//! connection costs no more than a plain one; a first byte that cannot begin a handshake is somebody who took the port
//! for a plain one.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use crate::limits::TURN_BYTES_MAX;
use mio::net::TcpStream;
use rustls::{ServerConfig, ServerConnection};

/// The first byte of a TLS connection: a handshake record (RFC 8446, section 5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// A socket and what is spoken on it.
pub(super) struct Socket {
    tcp: TcpStream,
    speech: Speech,
    tally: Tally,
}

/// What has become of the bytes to be sent.
#[derive(Default)]
struct Tally {
    /// The kernel has taken so many.
    sent: u64,
    /// TLS holds about so many that the kernel has not taken.
    kept: usize,
    /// TLS holds so many that came and are no whole record yet.
    partial: usize,
    /// So many have come since the client's turn began.
    received: usize,
}

enum Speech {
    Plain,
    /// Nothing has come yet.
    Awaited(Arc<ServerConfig>),
    Tls(Box<ServerConnection>),
}

/// What came of reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// So many bytes, and whether there may be more at once.
    Bytes(usize, bool),
    Nothing,
    /// There may be more, but others have their turn first.
    Busy,
    /// The client has sent its last byte, or the connection is broken.
    End,
    /// No TLS where it was expected. The socket is plain from here on, and nothing on it may be believed.
    NotTls,
}

impl Socket {
    pub(super) fn plain(tcp: TcpStream) -> Socket {
        Socket { tcp, speech: Speech::Plain, tally: Tally::default() }
    }

    pub(super) fn tls(tcp: TcpStream, config: Arc<ServerConfig>) -> Socket {
        Socket { tcp, speech: Speech::Awaited(config), tally: Tally::default() }
    }

    pub(super) fn tcp(&mut self) -> &mut TcpStream {
        &mut self.tcp
    }

    /// Bytes that the kernel has taken so far; more than before when the client takes some.
    pub(super) fn sent(&self) -> u64 {
        self.tally.sent
    }

    /// Bytes held in here for a client that does not take them.
    pub(super) fn held(&self) -> usize {
        self.tally.kept + self.tally.partial
    }

    /// A handshake has begun and is not done.
    pub(super) fn is_half_open(&self) -> bool {
        matches!(&self.speech, Speech::Tls(tls) if tls.is_handshaking())
    }

    /// Requests can come.
    pub(super) fn is_open(&self) -> bool {
        match &self.speech {
            Speech::Plain => true,
            Speech::Awaited(_) => false,
            Speech::Tls(tls) => !tls.is_handshaking(),
        }
    }

    /// Begins another turn of this client.
    pub(super) fn begin_turn(&mut self) {
        self.tally.received = 0;
    }

    /// So much has come in this turn that others have theirs first.
    pub(super) fn is_turn_over(&self) -> bool {
        self.tally.received >= TURN_BYTES_MAX
    }

    /// Reads into `room`, which must not be empty. A read that brings less than there was room for has emptied the
    /// socket, and an event will tell of more; asking once more would cost as much again. Only an end that has been
    /// announced already (`is_ending`) has no event of its own.
    pub(super) fn receive(&mut self, room: &mut [u8], is_ending: bool) -> Received {
        loop {
            let mut tap = Tap { tcp: &mut self.tcp, is_dry: false };
            let result = match &mut self.speech {
                Speech::Plain => tap.read(room).map(|count| {
                    self.tally.received += count;
                    (count, is_ending || !tap.is_dry)
                }),
                Speech::Awaited(config) => match begin(tap.tcp, config) {
                    Ok(Some(tls)) => {
                        self.speech = Speech::Tls(tls);
                        continue;
                    }
                    Ok(None) => {
                        self.speech = Speech::Plain;
                        return Received::NotTls;
                    }
                    Err(error) => Err(error),
                },
                Speech::Tls(tls) => {
                    let count = receive_tls(tls, &mut tap, &mut self.tally, room, is_ending);
                    // What is left of a record comes without an event.
                    count.map(|count| (count, is_ending || !tap.is_dry || count == room.len()))
                }
            };
            return match result {
                Ok((0, _)) => Received::End,
                Ok((count, has_more)) => Received::Bytes(count, has_more),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Received::Nothing,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::ResourceBusy => Received::Busy,
                Err(_) => Received::End,
            };
        }
    }

    /// Takes some of the bytes to be sent, of which there must be one; an error of kind `WouldBlock` when the client
    /// must read first.
    ///
    /// # Errors
    /// Those of the operating system; the connection is broken then.
    pub(super) fn send(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.speech {
            Speech::Tls(tls) => loop {
                let count = tls.writer().write(bytes)?;
                self.tally.kept += count;
                let is_sent = push(tls, &mut self.tcp, &mut self.tally)?;
                match (count, is_sent) {
                    (0, false) => return Err(ErrorKind::WouldBlock.into()),
                    // TLS was full. All it held has gone now, so that it takes some.
                    (0, true) => {}
                    _ => return Ok(count),
                }
            },
            _ => {
                let count = self.tcp.write(bytes)?;
                self.tally.sent += count as u64;
                Ok(count)
            }
        }
    }

    /// Hands to the kernel what TLS has written and not yet sent. True when nothing is left.
    ///
    /// # Errors
    /// Those of the operating system; the connection is broken then.
    pub(super) fn flush(&mut self) -> std::io::Result<bool> {
        match &mut self.speech {
            Speech::Tls(tls) => push(tls, &mut self.tcp, &mut self.tally),
            _ => Ok(true),
        }
    }

    /// Says that nothing more will come from here.
    ///
    /// # Errors
    /// Those of the operating system; the connection is broken then.
    pub(super) fn finish(&mut self) -> std::io::Result<()> {
        self.part()?;
        self.tcp.shutdown(Shutdown::Write)
    }

    /// Says goodbye under TLS, where an end without one may be somebody else's cut (RFC 8446, section 6.1). Once is
    /// enough; more often does nothing.
    ///
    /// # Errors
    /// Those of the operating system; the connection is broken then.
    pub(super) fn part(&mut self) -> std::io::Result<()> {
        if let Speech::Tls(tls) = &mut self.speech
            && !tls.is_handshaking()
        {
            tls.send_close_notify();
            push(tls, &mut self.tcp, &mut self.tally)?;
        }
        Ok(())
    }
}

/// Begins TLS when the first byte allows it; `None` when it does not.
fn begin(tcp: &TcpStream, config: &Arc<ServerConfig>) -> std::io::Result<Option<Box<ServerConnection>>> {
    let mut first = [0];
    if tcp.peek(&mut first)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    if first[0] != HANDSHAKE_RECORD {
        return Ok(None);
    }
    let tls = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    Ok(Some(Box::new(tls)))
}

/// A socket that notes when it has been emptied.
struct Tap<'a> {
    tcp: &'a mut TcpStream,
    is_dry: bool,
}

impl Read for Tap<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let count = self.tcp.read(room)?;
        self.is_dry = count < room.len();
        Ok(count)
    }
}

/// Reads what the client has said, going through its handshake where it is not done.
fn receive_tls(
    tls: &mut ServerConnection,
    tap: &mut Tap<'_>,
    tally: &mut Tally,
    room: &mut [u8],
    is_ending: bool,
) -> std::io::Result<usize> {
    loop {
        match tls.reader().read(room) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => {
                tally.partial = 0;
                return result;
            }
        }
        if tap.is_dry && !is_ending {
            return Err(ErrorKind::WouldBlock.into());
        }
        // Records may be empty, and a handshake in the smallest pieces.
        if tally.received >= TURN_BYTES_MAX {
            return Err(ErrorKind::ResourceBusy.into());
        }
        let count = tls.read_tls(tap)?;
        tally.received += count;
        tally.partial += count;
        let outcome = tls.process_new_packets();
        // A handshake's answers, or the alert that says what was wrong.
        push(tls, tap.tcp, tally)?;
        outcome.map_err(std::io::Error::other)?;
        if count == 0 {
            return Ok(0);
        }
    }
}

/// Sends what TLS has to send; true when nothing is left.
fn push(tls: &mut ServerConnection, tcp: &mut TcpStream, tally: &mut Tally) -> std::io::Result<bool> {
    while tls.wants_write() {
        match tls.write_tls(tcp) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                tally.sent += count as u64;
                // Records are a little longer than what is in them.
                tally.kept = tally.kept.saturating_sub(count);
            }
        }
    }
    tally.kept = 0;
    Ok(true)
}
