//! Fuzzes the stored form of documents: any bytes in, a document or a typed error out.
//!
//! Checks that reading never panics, that lazy reading and the full check agree on what is sound,
//! and that a sound document has exactly one encoding, also by way of values and of JSON text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nedb_types::document::{DocumentRef, encode, json_to_document};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = DocumentRef::new(bytes) else {
        return;
    };
    let value = document.to_value();
    let text = document.to_json();
    if document.validate().is_err() {
        return;
    }
    let value = value.expect("a sound document reads as a value");
    let encoded = encode(&value).expect("a value that was read can be written");
    assert_eq!(encoded.as_bytes(), bytes, "a document has one encoding");
    let text = text.expect("a sound document prints as JSON");
    let parsed = json_to_document(text.as_bytes()).expect("printed JSON parses");
    assert_eq!(parsed.as_bytes(), bytes, "printed JSON gives the same document: {text}");
});
