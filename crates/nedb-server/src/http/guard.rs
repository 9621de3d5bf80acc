//! Who may come in: the host that was asked for, the page that asks, the token.
//!
//! Promises: a page of another origin is let in only by name, and a name that was bent to loopback is not; a request without a right is
//! refused before anything of it is looked at.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use nedb::{Error, ErrorCode, Result};

use crate::rights::{Identity, Right};
use crate::server::Shared;

/// Who calls from an address.
pub(super) fn identify(shared: &Shared, headers: &HeaderMap, address: IpAddr) -> Result<Option<Identity>> {
    check_host(shared, headers)?;
    check_origin(shared, headers)?;
    let tokens = shared.tokens();
    if tokens.is_empty() {
        return Ok(Some(Identity::root("anybody")));
    }
    let Some(given) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = given.to_str().ok().and_then(|text| text.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    if let Some(identity) = token.and_then(|token| tokens.identify(None, token)) {
        return Ok(Some(identity.clone()));
    }
    Err(shared.wrong_tokens.came(address))
}

/// Refuses a caller who lacks a right.
pub(super) fn demand(identity: &Identity, right: Right, database: Option<&str>) -> Result<()> {
    if identity.may(right, database) {
        return Ok(());
    }
    let place = database.map_or("all databases".to_owned(), |database| format!("database {database}"));
    let message = format!("{} lacks the right {} on {place}", identity.name, right.as_str());
    Err(Error::new(ErrorCode::Denied, message))
}

/// A daemon on loopback that asks for no token answers to loopback's names alone: a page could bend its own name to this machine.
fn check_host(shared: &Shared, headers: &HeaderMap) -> Result<()> {
    if !shared.config.host.is_loopback() || !shared.tokens().is_empty() {
        return Ok(());
    }
    let Some(host) = headers.get(header::HOST) else { return Ok(()) };
    let host = host.to_str().unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_loopback {
        return Ok(());
    }
    let message = format!("host {name:?}: a daemon without a token answers to localhost only");
    Err(Error::new(ErrorCode::Denied, message))
}

/// A page may call from the origins that were named, and from the daemon's own.
fn check_origin(shared: &Shared, headers: &HeaderMap) -> Result<()> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let is_own = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .is_some_and(|host| origin.split_once("://").is_some_and(|(_, authority)| authority == host));
    if is_own || shared.config.cors_origins.iter().any(|allowed| allowed == origin) {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Denied, format!("origin {origin:?} is not among --cors-origins")))
}

/// Lets the page of an allowed origin read the answer.
pub(super) fn add_cors(shared: &Shared, origin: Option<&HeaderValue>, response: &mut Response<Body>) {
    let Some(origin) = origin else { return };
    if shared.config.cors_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
        let allowed = HeaderValue::from_static("authorization, content-encoding, content-type, last-event-id");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
}
