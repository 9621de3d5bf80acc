//! A socket on which a daemon tells what becomes of the rows of a query.
//!
//! Promises: a server that says nothing, and does not answer a ping either, is given up; what the network did is told apart from what the
//! daemon said.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use nedb::{Error, ErrorCode, Result};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::handshake::HandshakeError;
use tungstenite::http::{HeaderValue, header};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Bytes, Message, WebSocket, client::client_with_config};

use crate::failure;
use crate::tls;
use crate::transport::Transport;

/// The largest message that is taken: the daemon's largest, and room.
const MESSAGE_BYTES_MAX: usize = 128 << 20;

/// The shortest time for which a socket can be told to wait.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// What bytes go over.
trait Wire: Read + Write + Send + Sync {}

impl<T: Read + Write + Send + Sync> Wire for T {}

/// What a look at the socket gave.
pub(super) enum Heard {
    Text(String),
    Nothing,
    /// It broke off, which another connection may mend.
    Broke(Error),
}

/// A socket that is open.
pub(super) struct Connection {
    socket: WebSocket<Box<dyn Wire>>,
    /// The same stream, to say how long it waits.
    stream: TcpStream,
    url: String,
    /// Looks in a row that heard nothing, as time.
    silence: Duration,
    is_pinged: bool,
}

impl Connection {
    /// Opens a socket at a path of the daemon.
    pub(super) fn open(transport: &Transport, path: &str) -> Result<Self> {
        let url = &transport.url;
        let no_socket = |error: &dyn std::fmt::Display| {
            Error::new(ErrorCode::Io, format!("the server at {url} did not open a socket: {error}"))
        };
        let address = format!("ws{}{path}", url.strip_prefix("http").unwrap_or(url));
        let mut request = address.into_client_request().map_err(|error| no_socket(&error).with_source(error))?;
        if let Some(token) = &transport.options.token {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
            let bearer = bearer.map_err(|error| {
                Error::new(ErrorCode::InvalidArgument, "the token has signs that no header takes").with_source(error)
            })?;
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        let is_tls = url.starts_with("https:");
        let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = request.uri().port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let silence_max = transport.options.silence_max;
        let stream = connect(&host, port, silence_max).map_err(|error| no_socket(&error).with_source(error))?;
        let own = stream.try_clone()?;
        let wire: Box<dyn Wire> = if is_tls {
            let config = tls::session_config(transport.options.ca_pem.as_deref())?;
            let name = ServerName::try_from(host).map_err(|error| no_socket(&error).with_source(error))?;
            let connection =
                ClientConnection::new(config, name).map_err(|error| no_socket(&error).with_source(error))?;
            Box::new(StreamOwned::new(connection, stream))
        } else {
            Box::new(stream)
        };
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        match client_with_config(request, wire, Some(config)) {
            Ok((socket, _answer)) => {
                let (silence, is_pinged) = (Duration::ZERO, false);
                Ok(Self { socket, stream: own, url: url.clone(), silence, is_pinged })
            }
            Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                let text = String::from_utf8_lossy(answer.body().as_deref().unwrap_or_default()).into_owned();
                Err(failure::of_answer(answer.status().as_u16(), &text))
            }
            Err(HandshakeError::Failure(error)) => Err(no_socket(&error).with_source(error)),
            Err(HandshakeError::Interrupted(_)) => Err(no_socket(&"it was silent for too long")),
        }
    }

    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        self.socket.send(Message::text(text)).map_err(|error| self.broke(error))
    }

    /// Waits for a message for at most this time, and for less where a ping is to be sent.
    pub(super) fn hear(&mut self, wait: Duration, silence_max: Duration) -> Result<Heard> {
        let wait = wait.min(silence_max / 2).max(WAIT_MIN);
        self.stream.set_read_timeout(Some(wait))?;
        match self.socket.read() {
            Ok(message) => {
                (self.silence, self.is_pinged) = (Duration::ZERO, false);
                match message {
                    Message::Text(text) => Ok(Heard::Text(text.as_str().to_owned())),
                    Message::Close(frame) => {
                        let why = frame.map_or_else(String::new, |frame| format!("{} {}", frame.code, frame.reason));
                        Ok(Heard::Broke(self.broke(format!("it was closed: {why}"))))
                    }
                    _ => Ok(Heard::Nothing),
                }
            }
            Err(tungstenite::Error::Io(error)) if is_timeout(&error) => {
                self.silence += wait;
                if self.silence >= silence_max {
                    return Ok(Heard::Broke(self.broke("it was silent for too long")));
                }
                if self.silence >= silence_max / 2 && !std::mem::replace(&mut self.is_pinged, true) {
                    let pinged = self.socket.send(Message::Ping(Bytes::new()));
                    return Ok(pinged.map_or_else(|error| Heard::Broke(self.broke(error)), |()| Heard::Nothing));
                }
                Ok(Heard::Nothing)
            }
            Err(error) => Ok(Heard::Broke(self.broke(error))),
        }
    }

    fn broke(&self, what: impl std::fmt::Display) -> Error {
        Error::new(ErrorCode::Io, format!("the socket of the server at {} broke off: {what}", self.url))
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Connects with the first of the host's addresses that answers.
fn connect(host: &str, port: u16, time: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"));
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, time) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(time))?;
                stream.set_write_timeout(Some(time))?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
