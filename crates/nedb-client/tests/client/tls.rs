//! TLS: a private authority is trusted by name, and nothing is sent to somebody who cannot show a certificate.

use std::sync::Arc;

use nedb_client::{Body, Daemon, ErrorCode, Options};

use super::daemon::Served;
use super::network::Hurried;
use super::temp_dir::TempDir;

/// Writes an authority, and a certificate for `localhost` that it signed; gives the authority as PEM.
fn write_certificates(dir: &TempDir) -> String {
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let root = authority.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(authority, key);
    let own = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
    std::fs::write(dir.join("cert.pem"), leaf.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), own.serialize_pem()).unwrap();
    root.pem()
}

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    let files = TempDir::new("client");
    let authority = write_certificates(&files);
    let path = |name: &str| files.join(name).display().to_string();
    let served =
        Served::start(&["--tls-cert", &path("cert.pem"), "--tls-key", &path("key.pem"), "--token", "the-secret"]);
    let url = format!("https://localhost:{}", served.address().port());
    let options = Options::new().token("the-secret").ca_pem(authority.as_str());
    let shop = Daemon::at(&url, options).unwrap().create_database("shop").unwrap();
    assert!(shop.put("c", "a", Body::json("{}")).unwrap().changed());
    assert_eq!(shop.scan("c", &nedb_client::ScanRange::all()).unwrap().count(), 1);
    let writer = shop.writer().unwrap();
    // Records of TLS are shorter than these, and longer than those.
    for (n, text) in (0..600).zip(["short".to_owned(), "x".repeat(40_000)].iter().cycle()) {
        writer.put("w", n.to_string(), Body::json(format!(r#"{{"t":"{text}"}}"#))).unwrap();
    }
    writer.close().unwrap();
    assert_eq!(shop.scan("w", &nedb_client::ScanRange::all()).unwrap().count(), 600);

    let followed = shop.live("FROM c SELECT _id", &nedb_client::Params::new()).unwrap().next().unwrap().unwrap();
    assert_eq!(followed.inserted.len(), 1, "a socket trusts as a request does");

    let told = shop.subscribe(None).unwrap().next().unwrap().unwrap();
    assert_eq!(told.operation().unwrap().seq, nedb_client::Seq::new(0), "and so does a feed");

    let hurried = Arc::new(Hurried::default());
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let distrustful = Options::new().token("the-secret").ca_pem(other).io(hurried.io());
    let other_daemon = Daemon::at(&url, distrustful).unwrap();
    assert_eq!(other_daemon.database("shop").writer().unwrap_err().code(), ErrorCode::Io);
    let error = other_daemon.health().unwrap_err();
    assert_eq!((error.code(), hurried.pauses_us().len()), (ErrorCode::Io, 0), "{error}");
    // The name must be that of the certificate.
    let wrong_name = format!("https://127.0.0.1:{}", served.address().port());
    let options = Options::new().token("the-secret").ca_pem(authority.as_str()).retries(0);
    assert_eq!(Daemon::at(&wrong_name, options).unwrap().health().unwrap_err().code(), ErrorCode::Io);
    let distrustful = Daemon::at(&wrong_name, Options::new().token("the-secret").ca_pem(authority.as_str()).retries(0));
    let refused = distrustful.unwrap().database("shop").live("FROM c", &nedb_client::Params::new());
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Io);
    let plain = Daemon::at(&served.url(), Options::new().token("the-secret").retries(0)).unwrap();
    assert_eq!(plain.health().unwrap_err().code(), ErrorCode::Io);
}

#[test]
fn certificates_that_are_none_are_refused_at_once() {
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let refused = Daemon::at("https://localhost:1", Options::new().ca_pem(pem)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidArgument, "{pem:?}");
    }
}
