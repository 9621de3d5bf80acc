//! What went wrong: errors that the daemon told, and those of the network.
//!
//! Promises: an error of the daemon has its code, message and detail, as in process; what has no code is `io`.

use nedb::{Detail, Error, ErrorCode, Value};
use nedb_types::PreconditionFailure;
use nedb_types::document::json_to_value;

use crate::fields::Fields;

/// Whether the server may have done what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It saw nothing of the request.
    Unsent,
    /// Nobody knows.
    Unknown,
    /// It does not matter: the next attempt would fail as well.
    Hopeless,
}

/// The error that the network gave.
pub(crate) fn of_network(url: &str, error: ureq::Error) -> (Error, Reach) {
    let reach = reach_of(&error);
    let message = format!("the server at {url} did not answer: {error}");
    (Error::new(ErrorCode::Io, message).with_source(error), reach)
}

fn reach_of(error: &ureq::Error) -> Reach {
    use ureq::{Error as E, Timeout as T};
    match error {
        E::HostNotFound | E::ConnectionFailed | E::Timeout(T::Resolve | T::Connect) => Reach::Unsent,
        E::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Reach::Unsent,
        // A certificate that is not trusted now is not trusted in a moment.
        E::Io(error) if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) => {
            Reach::Hopeless
        }
        E::Io(_) | E::Timeout(_) | E::Protocol(_) => Reach::Unknown,
        _ => Reach::Hopeless,
    }
}

/// The error of an answer with such a status; what is not the daemon's own is told by its status.
pub(crate) fn of_answer(status: u16, text: &str) -> Error {
    if let Ok(Value::Object(object)) = json_to_value(text.as_bytes())
        && let Some(error) = told(&Fields(object))
    {
        return error;
    }
    let code = match status {
        401 => ErrorCode::Unauthenticated,
        403 => ErrorCode::Denied,
        404 => ErrorCode::NotFound,
        _ => ErrorCode::Io,
    };
    Error::new(code, format!("the server answered with the status {status}"))
}

/// The error that an object of the daemon tells; none when it tells none.
pub(crate) fn told(fields: &Fields) -> Option<Error> {
    let (message, code) = (fields.maybe_text("error")?, fields.maybe_text("code")?);
    // A newer daemon has codes that this table lacks.
    let Ok(code) = code.parse::<ErrorCode>() else {
        return Some(Error::new(ErrorCode::Io, format!("{message} ({code})")));
    };
    let error = Error::new(code, message);
    let Some(Value::Object(at)) = fields.0.get("at") else { return Some(error) };
    Some(match detail(Fields(at.clone())) {
        Detail::None => error,
        detail => error.with_detail(detail),
    })
}

fn detail(mut at: Fields) -> Detail {
    if let Some(last) = at.maybe_number("last_nonce") {
        return Detail::StaleNonce { last };
    }
    if let Ok(failures) = at.list("failures") {
        return Detail::Preconditions(failures.into_iter().filter_map(failed).collect());
    }
    if let Some(path) = at.maybe_text("path") {
        return Detail::Path(path.to_owned());
    }
    if let (Some(line), Some(column)) = (at.maybe_number("line"), at.maybe_number("column")) {
        return Detail::Line { line, column };
    }
    let number = at.0.get("number").and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok());
    if let Some(number) = number {
        return Detail::ForeignCode { number };
    }
    match (at.maybe_text("limit"), at.maybe_number("max"), at.maybe_number("actual")) {
        (Some(name), Some(max), Some(actual)) => Detail::Limit { name: name.to_owned().into(), max, actual },
        _ => Detail::None,
    }
}

fn failed(failure: Value) -> Option<PreconditionFailure> {
    let fields = Fields::of(failure).ok()?;
    let seq = |name: &str| fields.0.get(name).and_then(Value::as_i64);
    Some(PreconditionFailure {
        index: fields.maybe_number("index")?,
        collection: fields.maybe_text("coll")?.to_owned(),
        id: fields.maybe_text("id")?.to_owned(),
        id_bytes: None,
        expected: seq("expected")?,
        actual: seq("actual")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_comes_back_with_its_detail() {
        for code in ErrorCode::ALL {
            let text = format!(r#"{{"error":"what","code":"{code}","kind":"{}","remedy":"r"}}"#, code.kind().as_str());
            let error = of_answer(code.http_status(), &text);
            assert_eq!((error.code(), error.message()), (*code, "what"));
        }
        let at =
            |at: &str| of_answer(400, &format!(r#"{{"error":"e","code":"stale_nonce","at":{at}}}"#)).detail().clone();
        assert_eq!(at(r#"{"last_nonce":7}"#), Detail::StaleNonce { last: 7 });
        assert_eq!(at(r#"{"path":"a.b"}"#), Detail::Path("a.b".to_owned()));
        assert_eq!(at(r#"{"line":2,"column":3}"#), Detail::Line { line: 2, column: 3 });
        assert_eq!(at(r#"{"number":-5}"#), Detail::ForeignCode { number: -5 });
        let limit = Detail::Limit { name: "ID_BYTES_MAX".into(), max: 1, actual: 2 };
        assert_eq!(at(r#"{"limit":"ID_BYTES_MAX","max":1,"actual":2}"#), limit);
        let failures = at(r#"{"failures":[{"index":0,"coll":"c","id":"i","expected":-1,"actual":4}]}"#);
        assert!(matches!(failures, Detail::Preconditions(failures) if failures[0].actual == 4));
        assert_eq!(at(r#"{"new":1}"#), Detail::None);
    }

    #[test]
    fn what_is_not_the_daemon_s_is_told_by_its_status() {
        let code = |status: u16, text: &str| of_answer(status, text).code();
        assert_eq!(code(502, "<html>"), ErrorCode::Io);
        assert_eq!(code(401, ""), ErrorCode::Unauthenticated);
        assert_eq!(code(404, "{}"), ErrorCode::NotFound);
        let newer = of_answer(409, r#"{"error":"e","code":"of_a_later_version"}"#);
        assert_eq!((newer.code(), newer.message()), (ErrorCode::Io, "e (of_a_later_version)"));
    }
}
