//! Connections to a daemon on which more comes than an answer: the address, TLS, and the upgrade to a socket (RFC 6455).
//!
//! Promises: an error is that of the daemon where it said one, with its code; it says whether another attempt could do better. Leaves to
//! others: what goes over them (`writer`, `live`, `feed`), and when they are opened again.

mod wire;

use std::fmt;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use nedb::{Error, ErrorCode, Result};
use nedb_io::Io;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tungstenite::client::client_with_config;
use tungstenite::handshake::client::{Request, generate_key};
use tungstenite::http::Uri;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{HandshakeError, WebSocket};

pub(crate) use self::wire::{End, Wire};
use crate::failure;
use crate::tls;
use crate::transport::{CONNECT_MAX, REFUSALS, Transport, USER_AGENT};

/// The longest message that is taken: the daemon's longest, and room.
const MESSAGE_BYTES_MAX: usize = 128 << 20;

/// Why a connection is of no use, or is none any more.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) error: Error,
    /// Whether the next connection would not be better.
    pub(crate) is_hopeless: bool,
}

/// What a socket is opened with.
pub(crate) struct Target {
    transport: Arc<Transport>,
    /// The address with the path, as `ws` has it.
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    /// The subprotocol that is spoken.
    protocol: Option<&'static str>,
}

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Target").field("uri", &self.uri).finish_non_exhaustive()
    }
}

/// A socket that is open.
pub(crate) struct Open {
    pub(crate) socket: WebSocket<End>,
    pub(crate) wire: Arc<Wire>,
}

/// A message beyond the buffers of WebSocket is written at once.
pub(crate) fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX)).max_frame_size(Some(MESSAGE_BYTES_MAX))
}

impl Target {
    pub(crate) fn new(transport: Arc<Transport>, path: &str, protocol: Option<&'static str>) -> Result<Self> {
        // `http` and `https` become `ws` and `wss`.
        let address = transport.url.strip_prefix("http").unwrap_or_default();
        let wrong = |why: String| Error::new(ErrorCode::InvalidArgument, format!("{:?}: {why}", transport.url));
        let uri: Uri = format!("ws{address}{path}")
            .parse()
            .map_err(|error| wrong(format!("no address: {error}")).with_source(error))?;
        let is_secure = uri.scheme_str() == Some("wss");
        let host = uri.host().map(|host| host.trim_matches(['[', ']']).to_owned());
        let host = host.ok_or_else(|| wrong("it names no host".to_owned()))?;
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let ca_pem = transport.options.ca_pem.as_deref();
        let tls = is_secure.then(|| tls::session_config(ca_pem)).transpose()?;
        Ok(Self { transport, uri, host, port, tls, protocol })
    }

    pub(crate) fn io(&self) -> &Io {
        &self.transport.options.io
    }

    pub(crate) fn retries(&self) -> u32 {
        self.transport.options.retries
    }

    pub(crate) fn silence_max(&self) -> Duration {
        self.transport.options.silence_max
    }

    /// An error of the network.
    pub(crate) fn broken(&self, why: impl fmt::Display) -> Broken {
        let message = format!("the server at {} did not answer: {why}", self.transport.url);
        Broken { error: Error::new(ErrorCode::Io, message), is_hopeless: false }
    }

    /// Something that no daemon says.
    pub(crate) fn strange(&self, what: impl fmt::Display) -> Broken {
        Broken { is_hopeless: true, ..self.broken(what) }
    }

    /// Opens a socket.
    pub(crate) fn open(&self) -> std::result::Result<Open, Broken> {
        let wire = self.dial()?;
        match client_with_config(self.request()?, End(Arc::clone(&wire)), Some(config())) {
            Ok((socket, _response)) => Ok(Open { socket, wire }),
            Err(HandshakeError::Interrupted(_)) => Err(self.broken("it is silent")),
            Err(HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                let body = String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).into_owned();
                Err(refused(response.status().as_u16(), &body))
            }
            Err(HandshakeError::Failure(error)) => Err(self.broken(error)),
        }
    }

    fn request(&self) -> std::result::Result<Request, Broken> {
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::builder()
            .uri(&self.uri)
            .header("host", authority)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", generate_key())
            .header("user-agent", USER_AGENT);
        if let Some(protocol) = self.protocol {
            request = request.header("sec-websocket-protocol", protocol);
        }
        if let Some(token) = &self.transport.options.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.body(()).map_err(|error| self.strange(error))
    }

    /// The head of a request that reads, with which the connection ends.
    pub(crate) fn head(&self, headers: &[(&str, Option<&str>)]) -> std::result::Result<String, Broken> {
        let place = self.uri.path_and_query().map_or("/", |place| place.as_str());
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let token = self.transport.options.token.as_ref().map(|token| format!("Bearer {token}"));
        let own = [("user-agent", Some(USER_AGENT)), ("authorization", token.as_deref())];
        let mut head = format!("GET {place} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n");
        for (name, text) in own.iter().chain(headers) {
            let Some(text) = text else { continue };
            // What ends a line would begin another header.
            if text.bytes().any(|byte| byte.is_ascii_control()) {
                let message = format!("the header {name} cannot have a control character");
                return Err(Broken { error: Error::new(ErrorCode::InvalidArgument, message), is_hopeless: true });
            }
            head += &[name, ": ", text, "\r\n"].concat();
        }
        Ok(head + "\r\n")
    }

    /// Makes a connection on which nothing is said yet.
    pub(crate) fn dial(&self) -> std::result::Result<Arc<Wire>, Broken> {
        let silence_max = self.silence_max();
        let addresses = (self.host.as_str(), self.port).to_socket_addrs().map_err(|error| self.broken(error))?;
        let mut last = self.broken("its name has no address");
        for address in addresses {
            match TcpStream::connect_timeout(&address, silence_max.min(CONNECT_MAX)) {
                Ok(stream) => return self.prepare(stream, silence_max),
                Err(error) => last = self.broken(error),
            }
        }
        Err(last)
    }

    fn prepare(&self, mut stream: TcpStream, silence_max: Duration) -> std::result::Result<Arc<Wire>, Broken> {
        let set = stream.set_nodelay(true);
        let set = set.and_then(|()| stream.set_read_timeout(Some(silence_max)));
        set.and_then(|()| stream.set_write_timeout(Some(silence_max))).map_err(|error| self.broken(error))?;
        let Some(tls) = &self.tls else { return Ok(Wire::plain(stream)) };
        let name = ServerName::try_from(self.host.clone()).map_err(|error| self.strange(error))?;
        let mut session = ClientConnection::new(Arc::clone(tls), name).map_err(|error| self.strange(error))?;
        while session.is_handshaking() {
            if let Err(error) = session.complete_io(&mut stream) {
                // A certificate that is not trusted now is not trusted in a moment.
                let is_distrust =
                    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
                return Err(if is_distrust { self.strange(error) } else { self.broken(error) });
            }
        }
        Ok(Wire::secure(stream, session))
    }
}

/// The error of a request that was refused.
pub(crate) fn refused(status: u16, body: &str) -> Broken {
    Broken { error: failure::of_answer(status, body), is_hopeless: !REFUSALS.contains(&status) }
}
