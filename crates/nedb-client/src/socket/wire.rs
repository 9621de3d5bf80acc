//! Bytes in both directions at once, plain or in TLS.
//!
//! ```text
//! reader ──> incoming ──> session ──> text          a lock on the session for memory work alone
//! writer ──> text ──> session ──> going ──> out      a lock on `going` until the bytes are out, since they have an order
//! ```
//!
//! Promises: a writer that waits for the network never holds up the reader. Leaves to others: what the bytes mean.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use nedb_io::Mutex;
use rustls::ClientConnection;

/// How much is read from the network at once: more than a record of TLS.
const READ_BYTES: usize = 32 << 10;

/// A connection. One thread reads; any may write.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    secure: Option<Secure>,
    /// Whose bytes go out now.
    going: Mutex<()>,
}

#[derive(Debug)]
struct Secure {
    session: Mutex<ClientConnection>,
    /// Bytes that came and that the session has not taken yet.
    incoming: Mutex<Vec<u8>>,
}

impl Wire {
    pub(crate) fn plain(stream: TcpStream) -> Arc<Self> {
        Arc::new(Self { stream, secure: None, going: Mutex::new(()) })
    }

    /// A session whose handshake is over.
    pub(crate) fn secure(stream: TcpStream, session: ClientConnection) -> Arc<Self> {
        let secure = Secure { session: Mutex::new(session), incoming: Mutex::new(Vec::new()) };
        Arc::new(Self { stream, secure: Some(secure), going: Mutex::new(()) })
    }

    /// How long a read waits from now on.
    pub(crate) fn wait_at_most(&self, time: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(time))
    }

    /// Ends it, also for those who read and write.
    pub(crate) fn shut(&self) {
        // It may be gone already.
        let _shut = self.stream.shutdown(Shutdown::Both);
    }

    /// Says that nothing more will be written.
    pub(crate) fn shut_writing(&self) {
        // As above.
        let _shut = self.stream.shutdown(Shutdown::Write);
    }

    fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        let Some(secure) = &self.secure else { return (&self.stream).read(into) };
        let mut incoming = secure.incoming.lock();
        loop {
            match secure.session.lock().reader().read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            if incoming.is_empty() {
                incoming.resize(READ_BYTES, 0);
                let read = (&self.stream).read(&mut incoming);
                incoming.truncate(*read.as_ref().unwrap_or(&0));
                if read? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            let wants_write = {
                let mut session = secure.session.lock();
                let taken = session.read_tls(&mut incoming.as_slice())?;
                incoming.drain(..taken);
                session.process_new_packets().map_err(io::Error::other)?;
                session.wants_write()
            };
            if wants_write {
                self.write_all(&[])?;
            }
        }
    }

    fn write_all(&self, mut text: &[u8]) -> io::Result<()> {
        let _going = self.going.lock();
        let Some(secure) = &self.secure else { return (&self.stream).write_all(text) };
        let mut records = Vec::new();
        {
            let mut session = secure.session.lock();
            loop {
                let taken = session.writer().write(text)?;
                text = text.get(taken..).unwrap_or_default();
                while session.wants_write() {
                    session.write_tls(&mut records)?;
                }
                if text.is_empty() {
                    break;
                }
            }
        }
        (&self.stream).write_all(&records)
    }
}

/// One end of a wire. What is written at once goes out at once, so that frames of two writers do not mix.
#[derive(Clone, Debug)]
pub(crate) struct End(pub(crate) Arc<Wire>);

impl Read for End {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
