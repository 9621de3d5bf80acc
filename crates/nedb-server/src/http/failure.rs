//! Errors as answers: `{"error", "code", "kind", "at"?}` with the status of the one table.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use nedb::{Detail, Error, ErrorCode, Object, Value};
use nedb_types::document::value_to_json;

use super::answer::response;
use crate::outward;

/// After how many seconds a caller who was told `busy` may try again.
const RETRY_AFTER_S: u64 = 1;

/// The error as JSON.
pub(super) fn json(error: &Error) -> String {
    json_beside(Object::new(), error)
}

/// The error as JSON, behind fields that say what it is about.
pub(super) fn json_beside(about: Object, error: &Error) -> String {
    value_to_json(&Value::Object(beside(about, error))).unwrap_or_else(|_too_deep| "{}".to_owned())
}

/// What is told of an error.
pub(super) fn object(error: &Error) -> Object {
    beside(Object::new(), error)
}

/// What is told of an error, behind other fields.
pub(super) fn beside(mut object: Object, error: &Error) -> Object {
    object.insert("error", outward::message(error));
    object.insert("code", error.code().as_str());
    object.insert("kind", error.kind().as_str());
    object.insert("remedy", error.remedy());
    if let Some(at) = place(error.detail()) {
        object.insert("at", at);
    }
    object
}

fn place(detail: &Detail) -> Option<Value> {
    let mut at = Object::new();
    match detail {
        Detail::StaleNonce { last } => drop(at.insert("last_nonce", *last)),
        Detail::Path(path) => drop(at.insert("path", path.as_str())),
        Detail::Line { line, column } | Detail::Syntax { line, column, .. } => {
            at.insert("line", *line);
            at.insert("column", *column);
        }
        Detail::Limit { name, max, actual } => {
            at.insert("limit", name.as_ref());
            at.insert("max", *max);
            at.insert("actual", *actual);
        }
        Detail::ForeignCode { number } => drop(at.insert("number", i64::from(*number))),
        Detail::Preconditions(failures) => {
            let failures = failures.iter().map(|failure| {
                let mut one = Object::new();
                one.insert("index", failure.index);
                one.insert("coll", failure.collection.as_str());
                one.insert("id", failure.id.as_str());
                one.insert("expected", failure.expected);
                one.insert("actual", failure.actual);
                Value::Object(one)
            });
            at.insert("failures", Value::Array(failures.collect()));
        }
        _ => return None,
    }
    Some(Value::Object(at))
}

/// The error as a response.
pub(super) fn into_response(error: &Error) -> Response<Body> {
    let status = StatusCode::from_u16(error.code().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() || outward::is_kept_back(error) {
        tracing::warn!(code = error.code().as_str(), "{error}");
    }
    let mut response = response(status, "application/json", Body::from(json(error)));
    let headers = response.headers_mut();
    if error.code() == ErrorCode::Busy {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::together::{LastHere, Together, UNKNOWN_OUTCOME, Work};

    /// Work with a defect, short or not.
    struct Defect(bool);

    impl Work for Defect {
        type Item = ();
        type Answer = ();

        fn is_short(&self, _item: &()) -> bool {
            self.0
        }

        fn is_held_up(&self) -> bool {
            false
        }

        fn round(&self, items: &mut Vec<()>) -> Vec<()> {
            assert!(items.is_empty(), "a defect, as it was wanted");
            std::mem::take(items)
        }
    }

    #[test]
    fn whose_round_a_defect_ended_hears_that_nobody_knows_what_became_of_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for is_short in [true, false] {
            let together = Together::new(Defect(is_short), LastHere::default());
            // The second short one is done where it is called.
            for _ in 0..2 {
                let error = runtime.block_on(together.carry_out((), 1)).unwrap_err();
                let told = object(&error);
                assert_eq!(told.get("code"), Some(&Value::from("io")));
                assert_eq!(told.get("error"), Some(&Value::from(UNKNOWN_OUTCOME)));
            }
        }
    }
}
