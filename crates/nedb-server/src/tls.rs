//! TLS of both ports: the certificate and the key, and streams that are encrypted or plain.
//!
//! ```text
//! accept ──> (handshake, within its time) ──> Stream ──> HTTP/1.1 or h2 by ALPN, or the Redis protocol
//! ```
//!
//! Promises: a certificate whose key is another's, and a file that holds none, are refused when they are read and not when the first
//! client comes; connections keep the certificate that they began with. Leaves to others: who may come in.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use nedb::{Error, ErrorCode, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::settings::read_text;

/// How long a client may take for its part of the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// What HTTP clients choose from, the best first.
const HTTP_PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where the certificate and its key stand.
#[derive(Clone, Debug)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Handshakes of both ports with one certificate.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) http: TlsAcceptor,
    pub(crate) resp: TlsAcceptor,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl TlsFiles {
    /// Reads both and checks that they belong together.
    ///
    /// Errors: `io` when a file cannot be read; `invalid_argument` naming the file and what is wrong with it.
    pub(crate) fn read(&self) -> Result<Tls> {
        let text = read_linked(&self.certificate)?;
        let chain: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        let chain = chain.map_err(|error| wrong(&self.certificate, "no certificates in PEM", error))?;
        if chain.is_empty() {
            let message =
                format!("{} has no certificate in PEM (-----BEGIN CERTIFICATE-----)", show(&self.certificate));
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        }
        let text = read_linked(&self.key)?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|error| wrong(&self.key, "no private key in PEM (-----BEGIN PRIVATE KEY-----)", error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| {
                let message = format!("{} and {}: {error}", show(&self.certificate), show(&self.key));
                Error::new(ErrorCode::InvalidArgument, message).with_source(error)
            })?;
        let resp = TlsAcceptor::from(Arc::new(config.clone()));
        config.alpn_protocols = HTTP_PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Tls { http: TlsAcceptor::from(Arc::new(config)), resp })
    }
}

fn show(path: &Path) -> std::path::Display<'_> {
    path.display()
}

fn wrong(path: &Path, what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorCode::InvalidArgument, format!("{}: {what}: {error}", show(path))).with_source(error)
}

/// Reads a file behind links: who renews certificates puts a link to the newest one there.
fn read_linked(path: &Path) -> Result<String> {
    let file = path.canonicalize().map_err(|error| {
        Error::new(ErrorCode::Io, format!("cannot read {}: {error}", show(path))).with_source(error)
    })?;
    read_text(&file)
}

/// Encrypts what was accepted, on a port that does.
pub(crate) async fn secure(acceptor: Option<TlsAcceptor>, stream: TcpStream) -> io::Result<Stream> {
    // Without it small answers only come later.
    let _faster = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else { return Ok(Stream::Plain(stream)) };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(accepted) => accepted.map(|stream| Stream::Tls(Box::new(stream))),
        Err(_elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake did not end in time")),
    }
}

/// A connection, encrypted or plain.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// The socket below, to see whether the other side is still there.
    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
