//! What a handler answers, and what becomes of it on the wire.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use nedb::{Head, MemoryShare, Object, Result, Seq, Value};
use nedb_types::document::value_to_json;

use super::encoding::{Coding, ENCODED_BYTES_MIN, Encoder};
use super::held;
use super::lines::{self, Lines};
use crate::databases::Served;
use crate::server::Shared;

/// The answer to a request.
pub(super) enum Answer {
    /// A JSON text.
    Json(StatusCode, String),
    /// A JSON text of any size, which holds its share of the memory until it is sent.
    Held(String, MemoryShare),
    /// Text as it is.
    Text(String),
    /// Text of another kind.
    Page(&'static str, String),
    /// Hashes or entries of the tree, and whether they stay as they are for ever.
    Tile(Vec<u8>, bool),
    /// Lines of JSON that are made while they are sent.
    Lines(Lines),
    /// Whatever comes, for as long as the reader stays.
    Events(super::events::Feed),
}

impl Answer {
    pub(super) fn object(object: Object) -> Result<Self> {
        Self::with_status(StatusCode::OK, object)
    }

    pub(super) fn with_status(status: StatusCode, object: Object) -> Result<Self> {
        value_to_json(&Value::Object(object)).map(|json| Self::Json(status, json))
    }

    /// `{"ok": true, ...fields, "seq", "head"}` at the present head.
    pub(super) fn done(served: &Served, fields: Vec<(&str, Value)>) -> Result<Self> {
        let head = served.db.head();
        let mut object = Object::new();
        object.insert("ok", true);
        for (name, value) in fields {
            object.insert(name, value);
        }
        with_head(&mut object, head.seq(), &head);
        Self::object(object)
    }

    /// Counts an answer that was made whole in the memory that all share, where there is some left: it may have written something, so that it is
    /// never refused.
    pub(super) fn counted(self, shared: &Shared) -> Self {
        match self {
            Self::Json(StatusCode::OK, json) if json.len() > held::PIECE_BYTES => {
                let mut share = shared.doorman.account();
                if let Err(error) = share.set(json.capacity()) {
                    shared.note_memory(&error);
                }
                Self::Held(json, share)
            }
            other => other,
        }
    }

    /// Turns into a response, compressed where the caller accepts that and it is worth it.
    pub(super) fn into_response(self, coding: Option<Coding>) -> Response<Body> {
        match self {
            Self::Json(status, json) => whole(status, "application/json", json, coding),
            Self::Held(json, share) => held::response(json, share, coding),
            Self::Text(text) => whole(StatusCode::OK, "text/plain; charset=utf-8", text, coding),
            Self::Page(kind, text) => whole(StatusCode::OK, kind, text, coding),
            Self::Tile(bytes, is_for_ever) => {
                let mut response = response(StatusCode::OK, "application/octet-stream", Body::from(bytes));
                let kept = if is_for_ever { "private, max-age=31536000, immutable" } else { "private, max-age=60" };
                set(&mut response, header::CACHE_CONTROL, kept);
                response
            }
            Self::Lines(lines) => streamed(lines, coding),
            Self::Events(feed) => feed.into_response(),
        }
    }
}

/// Adds the seq and the head, by which a reader knows what he saw.
pub(super) fn with_head(object: &mut Object, seq: Option<Seq>, head: &Head) {
    object.insert("seq", Seq::number_of(seq));
    object.insert("head", head.hex());
}

pub(super) fn response(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

pub(super) fn set(response: &mut Response<Body>, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// A text that is there as a whole.
fn whole(status: StatusCode, kind: &'static str, text: String, coding: Option<Coding>) -> Response<Body> {
    if text.len() < ENCODED_BYTES_MIN {
        return response(status, kind, Body::from(text));
    }
    // What cannot be compressed goes out as it is.
    let encoded = coding.and_then(|coding| Some((coding, coding.encode(text.as_bytes()).ok()?)));
    let mut response = match encoded {
        None => response(status, kind, Body::from(text)),
        Some((coding, bytes)) => {
            let mut response = response(status, kind, Body::from(bytes));
            set(&mut response, header::CONTENT_ENCODING, coding.as_str());
            response
        }
    };
    set(&mut response, header::VARY, "accept-encoding");
    response
}

/// Lines on their way.
fn streamed(lines: Lines, coding: Option<Coding>) -> Response<Body> {
    let Ok(encoder) = Encoder::new(coding) else { return streamed(lines, None) };
    let mut response = response(StatusCode::OK, "application/x-ndjson", lines::body(lines, encoder));
    if let Some(coding) = coding {
        set(&mut response, header::CONTENT_ENCODING, coding.as_str());
    }
    set(&mut response, header::VARY, "accept-encoding");
    response
}
