//! JSON text and documents turn into each other without loss, and bad text is refused with its place.

#![cfg(test)]

mod values;

use nedb_types::document::{
    DocumentBuilder, encode, json_to_document, json_to_document_with, json_to_value, value_to_json,
};
use nedb_types::limits::NESTING_MAX;
use nedb_types::{BigInt, Detail, DocumentBuf, ErrorCode, Object, Timestamp, Value};
use proptest::prelude::*;
use values::{any_value, object_of};

/// Reads and writes a text that must come back unchanged.
#[track_caller]
fn unchanged(json: &str) {
    let document = json_to_document(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
    document.as_document().validate().unwrap();
    assert_eq!(document.as_document().to_json().unwrap(), json);
}

#[track_caller]
fn refused(json: &str) -> nedb_types::Error {
    json_to_document(json.as_bytes()).expect_err(json)
}

#[test]
fn compact_json_comes_back_unchanged() {
    unchanged("{}");
    unchanged(r#"{"b":1,"a":[true,false,null,[],{}],"":""}"#);
    unchanged(r#"{"text":"quote \" backslash \\ newline \n tab \t bell \u0007 umlaut ä smile 😀"}"#);
    unchanged(r#"{"int":-9223372036854775808,"big":9223372036854775808,"less":-9223372036854775809}"#);
    unchanged(r#"{"huge":123456789012345678901234567890123456789012345678901234567890,"next":[1]}"#);
    unchanged(r#"{"one":1.0,"zero":-0.0,"tiny":5e-324,"large":1.7976931348623157e308,"third":0.3333333333333333}"#);
}

#[test]
fn spaces_and_escapes_do_not_change_the_document() {
    let compact = json_to_document(br#"{"a":["x",1],"b":"/"}"#).unwrap();
    let spaced = json_to_document(b" {\n\t\"\\u0061\" : [ \"x\" , 1 ] ,\r\n \"b\":\"\\/\" } ").unwrap();
    assert_eq!(compact, spaced);
}

#[test]
fn integers_stay_integers_and_floats_floats() {
    let value = json_to_value(b"[1,1.0,1e2,-0,10000000000000000000000]").unwrap();
    let expected = vec![
        Value::I64(1),
        Value::float(1.0).unwrap(),
        Value::float(100.0).unwrap(),
        Value::I64(0),
        Value::integer(BigInt::from(10).pow(22)),
    ];
    assert_eq!(value, Value::Array(expected));
}

#[test]
fn very_long_integers_are_exact_up_to_the_limit() {
    let digits = "7".repeat(19_700);
    unchanged(&format!(r#"{{"a":{digits},"b":-{digits},"c":[{digits}]}}"#));
    let error = refused(&format!(r#"{{"a":{}}}"#, "7".repeat(19_800)));
    assert_eq!(error.code(), ErrorCode::InvalidValue);
}

#[test]
fn the_types_that_json_lacks_have_a_form() {
    unchanged(r#"{"a":{"$bytes":"aGk="},"b":{"$bytes":""},"c":{"$datetime":"2024-03-01T11:00:00.25Z"}}"#);
    unchanged(r#"{"a":{"$uuid":"01234567-89ab-cdef-0123-456789abcdef"},"b":{"$oid":"0123456789abcdef01234567"}}"#);
    unchanged(r#"{"a":{"$decimal":"12.50"},"b":{"$decimal":"-1E+400"},"c":{"$decimal":"0.000"}}"#);
    let value = json_to_value(br#"[{"$bytes":"aGk="},{"$datetime":"1970-01-01"}]"#).unwrap();
    let expected = vec![Value::Bytes(b"hi".to_vec()), Value::from(Timestamp::from_micros(0))];
    assert_eq!(value, Value::Array(expected));
}

#[test]
fn an_object_that_looks_like_a_typed_value_is_wrapped() {
    let inner = Object::from_fields(vec![("$bytes".to_owned(), Value::I64(5))]).unwrap();
    let outer = Object::from_fields(vec![("$literal".to_owned(), Value::Object(inner))]).unwrap();
    let text = r#"{"$literal":{"$literal":{"$literal":{"$bytes":5}}}}"#;
    assert_eq!(DocumentBuf::from_object(&outer).unwrap().as_document().to_json().unwrap(), text);
    assert_eq!(json_to_value(text.as_bytes()).unwrap(), Value::Object(outer));
    unchanged(r#"{"a":{"$literal":{"$literal":{}}}}"#);
    unchanged(r#"{"a":{"$literal":{"$bytes":{"$bytes":"aGk="}}}}"#);
}

#[test]
fn with_a_second_field_a_special_name_is_an_ordinary_one() {
    unchanged(r#"{"$bytes":"not base64!","b":1}"#);
    unchanged(r#"{"a":{"b":1,"$bytes":5}}"#);
    unchanged(r#"{"$literal":{"a":1},"b":[2]}"#);
    unchanged(r#"{"$literal":{"$bytes":"aGk="},"b":[2]}"#);
    unchanged(r#"{"$oid":[1],"$decimal":null}"#);
    unchanged(r#"{"$unknown":1}"#);
}

#[test]
fn a_malformed_typed_value_is_refused() {
    for json in [
        r#"{"a":{"$bytes":"aGk"}}"#,
        r#"{"a":{"$bytes":5}}"#,
        r#"{"a":{"$datetime":"yesterday"}}"#,
        r#"{"a":{"$uuid":"0123456789abcdef0123456789abcdef"}}"#,
        r#"{"a":{"$oid":"0123"}}"#,
        r#"{"a":{"$decimal":"1.2.3"}}"#,
        r#"{"a":{"$decimal":1.5}}"#,
        r#"{"a":{"$literal":5}}"#,
    ] {
        assert_eq!(refused(json).code(), ErrorCode::InvalidValue, "{json}");
    }
}

#[test]
fn bad_text_is_refused_with_line_and_column() {
    let error = refused("{\n  \"a\": 1,\n  \"b\": ]\n}");
    assert_eq!(error.code(), ErrorCode::InvalidJson);
    assert_eq!(error.detail(), &Detail::Line { line: 3, column: 8 });
    assert!(error.message().starts_with("JSON line 3 column 8: "), "{error}");
    for json in [
        "",
        "{",
        "{\"a\"",
        "{\"a\":}",
        "{\"a\":1,}",
        "{} {}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":\"\\ud800\"}",
    ] {
        assert_eq!(refused(json).code(), ErrorCode::InvalidJson, "{json}");
    }
    assert!(json_to_document(b"{\"a\":\"\xff\"}").is_err());
    assert!(json_to_document(b"{\"\xff\":1}").is_err());
}

#[test]
fn json_that_is_no_object_is_refused_where_it_begins() {
    for json in ["[1]", "3", "\"text\"", "null", r#"{"$bytes":"aGk="}"#, "1234567890123456789012345678901234567890"] {
        let error = refused(&format!("\n  {json} "));
        assert_eq!(error.code(), ErrorCode::InvalidJson, "{json}");
        assert_eq!(error.detail(), &Detail::Line { line: 2, column: 3 }, "{json}");
        assert_eq!(error.message(), "JSON line 2 column 3: a document must be an object", "{json}");
    }
    let array = encode(&Value::Array(vec![Value::from(1)])).unwrap_err();
    assert_eq!(
        (array.code(), array.message()),
        (ErrorCode::InvalidValue, "a document must be an object, not of type array")
    );
}

#[test]
fn what_cannot_be_stored_is_refused() {
    assert_eq!(refused(r#"{"a":1,"b":2,"a":3}"#).code(), ErrorCode::DuplicateField);
    assert_eq!(refused(r#"{"a":1e999}"#).code(), ErrorCode::InvalidValue);
    let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    unchanged(&nested(NESTING_MAX));
    assert_eq!(refused(&nested(NESTING_MAX + 1)).code(), ErrorCode::NestingTooDeep);
    assert!(json_to_document("[".repeat(100_000).as_bytes()).is_err());
    assert!(json_to_document(r#"{"$literal":"#.repeat(1_000).as_bytes()).is_err());
}

#[test]
fn the_error_of_a_long_number_names_its_place() {
    let error = refused(&format!("{{\"a\":{},\n\"b\" 1}}", "1".repeat(30)));
    assert_eq!(error.detail(), &Detail::Line { line: 2, column: 5 });
}

#[test]
fn a_builder_is_reused_after_an_error() {
    let mut builder = DocumentBuilder::new();
    assert!(json_to_document_with(br#"{"a":[1,2,"#, &mut builder).is_err());
    let document = json_to_document_with(br#"{"a":1}"#, &mut builder).unwrap();
    assert_eq!(document, json_to_document(br#"{"a":1}"#).unwrap());
}

#[test]
fn text_cut_anywhere_is_refused_and_flipped_bits_never_panic() {
    let json =
        r#"{"a":{"$bytes":"aGk="},"b":[1,-2.5e3,"x\u00e9",123456789012345678901],"c":{"$literal":{"$oid":null}}}"#;
    unchanged_bytes(json);
    for length in 0..json.len() {
        assert!(json_to_document(&json.as_bytes()[..length]).is_err(), "{length}");
    }
    for position in 0..json.len() {
        for bit in 0..8 {
            let mut bytes = json.as_bytes().to_vec();
            bytes[position] ^= 1 << bit;
            if let Ok(document) = json_to_document(&bytes) {
                document.as_document().validate().unwrap();
            }
        }
    }
}

fn unchanged_bytes(json: &str) {
    let document = json_to_document(json.as_bytes()).unwrap();
    let text = document.as_document().to_json().unwrap();
    assert_eq!(json_to_document(text.as_bytes()).unwrap(), document);
}

proptest! {
    #[test]
    fn every_document_comes_back_from_its_json(object in object_of(any_value())) {
        let document = DocumentBuf::from_object(&object).unwrap();
        let text = document.as_document().to_json().unwrap();
        prop_assert_eq!(json_to_document(text.as_bytes()).unwrap(), document, "{}", text);
    }

    #[test]
    fn every_value_comes_back_from_its_json(value in any_value()) {
        let text = value_to_json(&value).unwrap();
        prop_assert_eq!(json_to_value(text.as_bytes()).unwrap(), value, "{}", text);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in r#"[\[\]{}",:0-9eE.$\\a-u \n-]{0,60}"#) {
        if let Ok(document) = json_to_document(text.as_bytes()) {
            document.as_document().validate().unwrap();
        }
    }
}
