//! Which certificates are trusted, and the cryptography, which is the one that the workspace has (docs/decisions/0041).

use std::sync::Arc;

use nedb::{Error, ErrorCode, Result};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Trusts the certificates of a PEM text, or else those of the machine, for requests.
pub(crate) fn config(ca_pem: Option<&str>) -> Result<TlsConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&trusted(ca_pem)?));
    Ok(builder.unversioned_rustls_crypto_provider(provider).build())
}

/// The same for sockets, which `ureq` does not have.
pub(crate) fn socket_config(ca_pem: Option<&str>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // One of the machine's that cannot be read is not trusted.
    let (_added, _unreadable) = roots.add_parsable_certificates(
        trusted(ca_pem)?.iter().map(|certificate| CertificateDer::from(certificate.der().to_vec())),
    );
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| {
        Error::new(ErrorCode::Unsupported, format!("TLS on this machine: {error}")).with_source(error)
    })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn trusted(ca_pem: Option<&str>) -> Result<Vec<Certificate<'static>>> {
    ca_pem.map_or_else(of_machine, of_text)
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
