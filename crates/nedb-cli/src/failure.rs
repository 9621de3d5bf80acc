//! How errors reach people and programs: text or JSON on stderr, and an exit code by kind.

use std::{
    error::Error as _,
    io::{self, Write},
};

use nedb_types::{Detail, Error, Place, PreconditionFailure};

use crate::output::{Form, JsonObject};

/// Prints an error and returns its exit code. A reader that closed the pipe is not an error.
pub fn report(error: &Error, form: Form) -> u8 {
    if is_broken_pipe(error) {
        return 0;
    }
    print(error, form);
    error.kind().exit_code()
}

/// Prints an error on stderr.
pub fn print(error: &Error, form: Form) {
    let text = match form {
        Form::Json => to_json(error),
        Form::Text => format!("nedb: {error}\n      {}", error.remedy()),
    };
    // Without a stderr there is nobody left to tell; the exit code still does.
    let _untold = writeln!(io::stderr().lock(), "{text}");
}

fn is_broken_pipe(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| source.kind() == io::ErrorKind::BrokenPipe)
}

/// The error as one line of JSON.
pub fn to_json(error: &Error) -> String {
    let mut object = JsonObject::new()
        .text("error", error.message())
        .text("code", error.code().as_str())
        .text("kind", error.kind().as_str());
    if let Some(place) = error.place() {
        object = object.raw("at", &place_json(place));
    }
    if let Some(detail) = detail_json(error.detail()) {
        object = object.raw("detail", &detail);
    }
    object.text("remedy", error.remedy()).finish()
}

fn place_json(place: &Place) -> String {
    let mut object = JsonObject::new();
    if let Some(file) = &place.file {
        object = object.text("file", file);
    }
    if let Some(offset) = place.offset {
        object = object.number("offset", offset);
    }
    if let Some(seq) = place.seq {
        object = object.number("seq", seq);
    }
    object.finish()
}

fn detail_json(detail: &Detail) -> Option<String> {
    let object = JsonObject::new();
    let object = match detail {
        Detail::StaleNonce { last } => object.number("last", last),
        Detail::Preconditions(failures) => object.list("failures", failures.iter().map(failure_json)),
        Detail::Path(path) => object.text("path", path),
        Detail::Line { line, column } => object.number("line", line).number("column", column),
        Detail::Syntax { line, column, hint, .. } => {
            let place = object.number("line", line).number("column", column);
            hint.iter().fold(place, |object, hint| object.text("hint", hint))
        }
        Detail::Limit { name, max, actual } => object.text("limit", name).number("max", max).number("actual", actual),
        _ => return None,
    };
    Some(object.finish())
}

fn failure_json(failure: &PreconditionFailure) -> String {
    JsonObject::new()
        .number("index", failure.index)
        .text("coll", &failure.collection)
        .text("id", &failure.id)
        .number("expected", failure.expected)
        .number("actual", failure.actual)
        .finish()
}

#[cfg(test)]
mod tests {
    use nedb_types::ErrorCode;

    use super::*;

    #[test]
    fn an_error_as_json_has_its_code_kind_place_detail_and_remedy() {
        let error = Error::new(ErrorCode::StaleNonce, "a \"quoted\" ä")
            .with_detail(Detail::StaleNonce { last: 7 })
            .at(Place::in_file("log/0").offset(5));
        let json: serde_json::Value = serde_json::from_str(&to_json(&error)).unwrap();
        assert_eq!(json["error"], "a \"quoted\" ä");
        assert_eq!(json["code"], "stale_nonce");
        assert_eq!(json["kind"], "conflict");
        assert_eq!(json["at"], serde_json::json!({"file": "log/0", "offset": 5}));
        assert_eq!(json["detail"]["last"], 7);
        assert_eq!(json["remedy"], error.remedy());
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&Error::from(io::Error::from(io::ErrorKind::NotFound))));
    }
}
