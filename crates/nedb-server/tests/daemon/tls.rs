//! TLS: both ports speak it and nothing else, certificates are changed while the daemon runs, and files that are wrong end the start.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use nedb_compat::redis::Reply;
use nedb_server::{Config, command};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::client::{Http, Resp, socket};
use super::daemon::Daemon;
use super::live::Live;
use super::temp_dir::TempDir;

/// Writes a certificate for `localhost` and its key.
fn write_certificate(dir: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// A client that trusts one certificate.
fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    protocols: &[&[u8]],
) -> std::io::Result<StreamOwned<ClientConnection, std::net::TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let mut connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut socket = socket(address);
    connection.complete_io(&mut socket)?;
    Ok(StreamOwned::new(connection, socket))
}

fn settings(dir: &Path) -> [String; 4] {
    let path = |name: &str| dir.join(name).display().to_string();
    ["--tls-cert".to_owned(), path("cert.pem"), "--tls-key".to_owned(), path("key.pem")]
}

fn daemon(files: &TempDir) -> Daemon {
    let settings = settings(files.path());
    Daemon::start(&settings.each_ref().map(String::as_str))
}

#[test]
fn both_ports_speak_tls_and_nothing_else() {
    let files = TempDir::new("daemon");
    let trusted = write_certificate(files.path());
    let daemon = daemon(&files);
    // A client that never begins the handshake holds up nobody.
    let _silent = socket(daemon.http_address());
    let mut http = Http::over(connect(daemon.http_address(), &trusted, &[b"http/1.1"]).unwrap());
    assert_eq!(http.get("/health").status, 200);
    assert_eq!(http.post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let mut resp = Resp::over(connect(daemon.resp_address(), &trusted, &[]).unwrap());
    assert_eq!((resp.run("SET a 1"), resp.run("GET a")), (Reply::ok(), Reply::bulk(*b"1")));
    for protocol in [&b"h2"[..], b"http/1.1"] {
        let stream = connect(daemon.http_address(), &trusted, &[protocol]).unwrap();
        assert_eq!(stream.conn.alpn_protocol(), Some(protocol));
    }
    for (address, asked) in [
        (daemon.http_address(), &b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"[..]),
        (daemon.resp_address(), b"*1\r\n$4\r\nPING\r\n"),
    ] {
        let mut plain = socket(address);
        plain.write_all(asked).unwrap();
        let mut answered = Vec::new();
        // An alert of TLS, or nothing.
        let _ended = plain.read_to_end(&mut answered);
        assert!(!answered.starts_with(b"HTTP") && !answered.starts_with(b"+PONG"));
    }
}

#[test]
fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
    let files = TempDir::new("daemon");
    let first = write_certificate(files.path());
    let daemon = daemon(&files);
    let mut before = Http::over(connect(daemon.http_address(), &first, &[]).unwrap());
    assert_eq!(before.get("/health").status, 200);
    let second = write_certificate(files.path());
    daemon.reload();
    assert!(connect(daemon.http_address(), &first, &[]).is_err());
    assert!(connect(daemon.resp_address(), &second, &[]).is_ok());
    assert_eq!(before.get("/health").status, 200, "a connection keeps what it began with");
    std::fs::write(files.join("key.pem"), "not a key").unwrap();
    daemon.reload();
    assert!(connect(daemon.http_address(), &second, &[]).is_ok());
}

#[test]
fn files_that_are_wrong_are_named_at_the_start() {
    let files = TempDir::new("daemon");
    write_certificate(files.path());
    let other = TempDir::new("daemon");
    write_certificate(other.path());
    let path = |dir: &TempDir, name: &str| dir.join(name).display().to_string();
    let refused = |settings: &[&str]| {
        let words = ["nedbd"].into_iter().chain(settings.iter().copied());
        Config::read(&command().get_matches_from(words)).unwrap_err().message().to_owned()
    };
    let (cert, key) = (path(&files, "cert.pem"), path(&files, "key.pem"));
    for (cert, key, wanted) in [
        (&cert, &path(&other, "key.pem"), "key.pem"),
        (&cert, &path(&files, "none.pem"), "cannot read"),
        (&path(&files, "none.pem"), &key, "cannot read"),
        (&key, &key, "has no certificate in PEM"),
        (&cert, &cert, "no private key in PEM"),
    ] {
        let message = refused(&["--tls-cert", cert, "--tls-key", key]);
        assert!(message.contains(wanted), "{message}");
    }
    assert!(refused(&["--tls-cert", &cert]).contains("tls-key"));
    assert!(refused(&["--tls-key", &key]).contains("tls-cert"));
}

#[test]
fn other_machines_are_let_in_with_a_token_and_tls_together() {
    let files = TempDir::new("daemon");
    write_certificate(files.path());
    let tls = settings(files.path());
    let read = |settings: &[&str]| {
        let words = ["nedbd", "--host", "0.0.0.0"].into_iter().chain(settings.iter().copied());
        Config::read(&command().get_matches_from(words)).map(drop)
    };
    let tls = tls.each_ref().map(String::as_str);
    assert!(read(&[&tls[..], &["--token", "a long secret"]].concat()).is_ok());
    assert!(read(&tls).unwrap_err().message().contains("without a token"));
    assert!(read(&["--token", "a long secret"]).unwrap_err().message().contains("without TLS"));
}

#[test]
fn a_socket_goes_over_tls_as_over_a_plain_connection() {
    let files = TempDir::new("daemon");
    let trusted = write_certificate(files.path());
    let daemon = daemon(&files);
    let stream = || connect(daemon.http_address(), &trusted, &[b"http/1.1"]).unwrap();
    assert_eq!(Http::over(stream()).post("/v1/databases", r#"{"name":"shop"}"#).status, 201);
    let mut live = Live::over(stream(), "").map_err(|status| format!("{status}")).unwrap();
    live.say(r#"{"id":1,"nql":"FROM c COUNT"}"#);
    assert_eq!(live.hear(), r#"{"id":1,"seq":-1,"rows":[{"count":0}]}"#);
}
