//! How a request becomes a WebSocket, and how a page gives its token.
//!
//! ```text
//! Sec-WebSocket-Protocol: nedb.v1, nedb.bearer.<the token in base64url, without =>
//! ```
//!
//! A page cannot set `Authorization` on a WebSocket, and an address with a token in it would stand in logs. Promises: the token is
//! never sent back. Extended CONNECT of h2 is not offered: clients open a connection of HTTP/1.1 for their sockets.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Response, Version, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::upgrade::OnUpgrade;
use nedb::{Error, ErrorCode, Result};
use nedb_io::Mutex;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use super::super::body::invalid;
use super::wire::{Held, Wire};
use super::{Seat, Talk, carry};
use crate::server::Shared;

/// What client and daemon speak where a route says nothing else; whoever offers subprotocols offers this one.
const PROTOCOL: &str = "nedb.v1";

/// What comes before a token among the subprotocols.
const TOKEN_PREFIX: &str = "nedb.bearer.";

/// Makes the token among the subprotocols the one of the request.
pub(in super::super) fn take_token(headers: &mut HeaderMap) -> Result<()> {
    let token = offered(headers).find_map(|protocol| protocol.strip_prefix(TOKEN_PREFIX)).map(str::to_owned);
    let Some(token) = token else { return Ok(()) };
    if headers.contains_key(header::AUTHORIZATION) {
        return Err(invalid("the token stands in Authorization and in Sec-WebSocket-Protocol"));
    }
    let bearer = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).ok();
    let bearer = bearer.and_then(|token| HeaderValue::from_bytes(&[b"Bearer ", token.as_slice()].concat()).ok());
    let bearer = bearer.ok_or_else(|| {
        let message = format!("what follows {TOKEN_PREFIX} in Sec-WebSocket-Protocol is no token in base64url");
        Error::new(ErrorCode::Unauthenticated, message)
    })?;
    headers.insert(header::AUTHORIZATION, bearer);
    Ok(())
}

fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

/// A request that asks for a WebSocket.
pub(in super::super) struct Upgrade {
    response: Response<Body>,
    upgraded: OnUpgrade,
    seat: Arc<Seat>,
}

impl Upgrade {
    /// Checks that the request may become a WebSocket. A route with a protocol of its own must be asked for it, since another version
    /// would have another name.
    ///
    /// Errors: `invalid_argument` saying what is missing.
    pub(in super::super) fn of(request: &mut Request, own: Option<&'static str>) -> Result<Self> {
        if request.version() == Version::HTTP_2 {
            return Err(invalid("a WebSocket begins with HTTP/1.1, and this connection speaks h2"));
        }
        let mut response = create_response_with_body(request, Body::empty).map_err(|error| {
            invalid(format!("this address is one of a WebSocket (RFC 6455): {error}")).with_source(error)
        })?;
        let mut protocols = offered(request.headers()).peekable();
        if own.is_some() || protocols.peek().is_some() {
            let spoken = own.unwrap_or(PROTOCOL);
            if !protocols.any(|protocol| protocol == spoken) {
                return Err(invalid(format!("Sec-WebSocket-Protocol has no {spoken}, the one that there is")));
            }
            response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(spoken));
        }
        drop(protocols);
        let no_seat = || invalid("this connection cannot become a WebSocket");
        let seat = request.extensions().get::<Arc<Seat>>().cloned().ok_or_else(no_seat)?;
        Ok(Self { response, upgraded: hyper::upgrade::on(request), seat })
    }

    /// The answer, after which the talk begins.
    pub(in super::super) fn into_response(self, shared: &Arc<Shared>, talk: Talk) -> Response<Body> {
        let Self { response, upgraded, seat } = self;
        let shared = Arc::clone(shared);
        // From here on, so that the connection never seems to rest in between.
        let seat = (seat.begin(), seat);
        tokio::spawn(async move {
            match upgraded.await {
                Ok(upgraded) => {
                    let held = Arc::new(Mutex::new(Held::new(shared.doorman.memory())));
                    carry(shared, Wire::new(upgraded, Arc::clone(&held)), held, seat, talk).await;
                }
                Err(error) => tracing::debug!("a connection did not become a WebSocket: {error}"),
            }
        });
        response
    }
}
