//! Which certificates are trusted, and the cryptography, which is the one that the workspace has (docs/decisions/0041).

use std::sync::Arc;

use nedb::{Error, ErrorCode, Result};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// What HTTP is asked with.
pub(crate) fn config(ca_pem: Option<&str>) -> Result<TlsConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots(ca_pem)?));
    Ok(builder.unversioned_rustls_crypto_provider(provider).build())
}

/// What a connection is made with that speaks HTTP/1.1 first, and then something else.
pub(crate) fn session_config(ca_pem: Option<&str>) -> Result<Arc<ClientConfig>> {
    let mut trusted = RootCertStore::empty();
    // Some of a machine's certificates are ones that no program can use.
    trusted.add_parsable_certificates(roots(ca_pem)?.iter().map(|root| CertificateDer::from(root.der().to_vec())));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| {
        let message = format!("TLS cannot be set up: {error}");
        Error::new(ErrorCode::Io, message).with_source(error)
    })?;
    let mut config = builder.with_root_certificates(trusted).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificates of a PEM text, or else those of the machine.
fn roots(ca_pem: Option<&str>) -> Result<Vec<Certificate<'static>>> {
    match ca_pem {
        Some(pem) => of_text(pem),
        None => of_machine(),
    }
}

fn of_text(pem: &str) -> Result<Vec<Certificate<'static>>> {
    let wrong = |what: String| Error::new(ErrorCode::InvalidArgument, format!("the certificates to trust: {what}"));
    let mut roots = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        match item {
            Ok(PemItem::Certificate(certificate)) => roots.push(certificate),
            // A key beside them is not asked for.
            Ok(_) => {}
            Err(error) => return Err(wrong(error.to_string())),
        }
    }
    if roots.is_empty() { Err(wrong("there is none in this PEM text".to_owned())) } else { Ok(roots) }
}

fn of_machine() -> Result<Vec<Certificate<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        let message = format!("this machine's trusted certificates: {why}; name the one to trust");
        return Err(Error::new(ErrorCode::NotFound, message));
    }
    Ok(found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
}
