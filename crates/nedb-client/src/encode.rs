//! What goes over the wire: paths, parameters and bodies.
//!
//! Promises: no name, id or value can become another part of a request than the one it is meant for.

use std::fmt::Write as _;

use nedb::{AsOf, DocId, Error, ErrorCode, Object, Result, Value};
use nedb_types::document::value_to_json;

/// A path of parts, each of them whatever it is.
pub(crate) fn path(parts: &[&str]) -> String {
    parts.iter().fold(String::new(), |mut path, part| {
        path.push('/');
        push_encoded(&mut path, part);
        path
    })
}

/// A path with parameters behind it, those that have a value.
pub(crate) fn with_parameters<'p>(
    path: String,
    parameters: impl IntoIterator<Item = (&'p str, Option<String>)>,
) -> String {
    let mut sign = '?';
    parameters.into_iter().fold(path, |mut path, (name, value)| {
        if let Some(value) = value {
            path.push(sign);
            path.push_str(name);
            path.push('=');
            push_encoded(&mut path, &value);
            sign = '&';
        }
        path
    })
}

fn push_encoded(path: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a String cannot fail; the result says so only to satisfy the trait.
            let written = write!(path, "%{byte:02X}");
            debug_assert!(written.is_ok(), "a String takes every byte");
        }
    }
}

/// The text of a body.
pub(crate) fn body(object: Object) -> Result<String> {
    value_to_json(&Value::Object(object))
}

/// A moment as a parameter has it; nothing for the present.
pub(crate) fn moment(as_of: AsOf) -> Option<String> {
    match as_of {
        AsOf::Head => None,
        AsOf::Empty => Some("-1".to_owned()),
        AsOf::Seq(seq) => Some(seq.to_string()),
        AsOf::Time(at) => Some(at.to_string()),
    }
}

/// A moment where one must stand; the present is beyond every seq.
pub(crate) fn moment_or_last(as_of: AsOf) -> String {
    moment(as_of).unwrap_or_else(|| i64::MAX.to_string())
}

/// An id as a part of a path.
pub(crate) fn id_text(id: impl AsRef<[u8]>) -> Result<String> {
    let id = DocId::new(id.as_ref())?;
    let text = id.as_str().map(str::to_owned);
    text.ok_or_else(|| {
        Error::new(ErrorCode::Unsupported, format!("the id {id} is no text, and HTTP has ids of text alone"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_part_of_a_path_is_encoded() {
        assert_eq!(path(&["rows", "a/b", "ü?#%"]), "/rows/a%2Fb/%C3%BC%3F%23%25");
        let parameters = [("as_of", None), ("prefix", Some("a&b=+ c".to_owned())), ("limit", Some("1".to_owned()))];
        assert_eq!(with_parameters("/x".to_owned(), parameters), "/x?prefix=a%26b%3D%2B%20c&limit=1");
    }

    #[test]
    fn an_id_that_is_no_text_is_refused_before_anything_is_sent() {
        assert_eq!(id_text([0xff]).unwrap_err().code(), ErrorCode::Unsupported);
        assert_eq!(id_text("").unwrap_err().code(), ErrorCode::InvalidId);
        assert_eq!(id_text("ä").unwrap(), "ä");
    }
}
