//! Fuzzes JSON text on its way into a document: any bytes in, a document or a typed error out.
//!
//! Checks that parsing never panics, that what it writes passes the full check, and that printing
//! and parsing again changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nedb_types::document::json_to_document;

fuzz_target!(|text: &[u8]| {
    let Ok(parsed) = json_to_document(text) else {
        return;
    };
    let document = parsed.as_document();
    document.validate().expect("a document just written is sound");
    let printed = document.to_json().expect("a sound document prints as JSON");
    let again = json_to_document(printed.as_bytes()).expect("printed JSON parses");
    assert_eq!(again.as_bytes(), parsed.as_bytes(), "printed JSON gives the same document: {printed}");
});
