//! The stored form keeps every value exactly, has one encoding per value, and survives any bytes.

#![cfg(test)]

mod values;

use nedb_types::document::{DocumentBuilder, encode, encode_value, json_to_document};
use nedb_types::limits::{DOCUMENT_BYTES_MAX, INTEGER_BYTES_MAX, NESTING_MAX};
use nedb_types::{
    BigInt, Detail, DocumentBuf, DocumentRef, ErrorCode, ErrorKind, FieldPath, Object, Timestamp, Value, ValueRef,
};
use proptest::prelude::*;
use values::{any_value, object_of};

/// One value of each type, with the bytes that the format promises for it.
fn golden() -> Vec<(Value, Vec<u8>)> {
    let big = |text: &str| Value::integer(text.parse::<BigInt>().unwrap());
    vec![
        (Value::Null, vec![0x00]),
        (Value::Bool(false), vec![0x01]),
        (Value::Bool(true), vec![0x02]),
        (Value::I64(-1), vec![0x10, 0xff]),
        (Value::I64(127), vec![0x10, 0x7f]),
        (Value::I64(128), vec![0x11, 0x80, 0x00]),
        (Value::I64(40_000), vec![0x12, 0x40, 0x9c, 0, 0]),
        (Value::I64(1 << 31), vec![0x13, 0, 0, 0, 0x80, 0, 0, 0, 0]),
        (big("9223372036854775808"), vec![0x14, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]),
        (big("-18446744073709551616"), vec![0x14, 1, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        (Value::float(1.0).unwrap(), vec![0x18, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]),
        (Value::float(-0.0).unwrap(), vec![0x18, 0, 0, 0, 0, 0, 0, 0, 0x80]),
        (Value::Decimal("-1.50".parse().unwrap()), vec![0x19, 2, 0, 0, 0, 1, 1, 0, 0, 0, 150]),
        (Value::Decimal("0".parse().unwrap()), vec![0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (Value::from("hi"), vec![0x20, 2, b'h', b'i']),
        (Value::Bytes(vec![7]), vec![0x28, 1, 7]),
        (Value::from(Timestamp::from_micros(1)), vec![0x30, 1, 0, 0, 0, 0, 0, 0, 0]),
        (Value::Uuid([9; 16]), [[0x31].as_slice(), &[9; 16]].concat()),
        (Value::ObjectId([8; 12]), [[0x32].as_slice(), &[8; 12]].concat()),
        (Value::Array(vec![]), vec![0x40, 1, 0]),
        (Value::Array(vec![Value::Null, Value::I64(5)]), vec![0x40, 6, 2, 1, 3, 0x00, 0x10, 5]),
        (Value::Object(Object::new()), vec![0x48, 1, 0]),
        (Value::Object(object([("a", Value::I64(1))])), vec![0x48, 6, 1, 4, 1, b'a', 0x10, 1]),
    ]
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Object {
    Object::from_fields(fields.map(|(name, value)| (name.to_owned(), value)).to_vec()).unwrap()
}

/// A document with every type and every width.
fn everything() -> DocumentBuf {
    let mut root = Object::new();
    for (position, (value, _)) in golden().into_iter().enumerate() {
        root.insert(format!("field {position}"), value);
    }
    root.insert("k".repeat(200), Value::from("x".repeat(300)));
    root.insert("nested", object([("a", Value::Array(vec![Value::from("y".repeat(70)); 4]))]));
    DocumentBuf::from_object(&root).unwrap()
}

#[test]
fn every_type_has_its_golden_bytes() {
    for (value, bytes) in golden() {
        assert_eq!(encode_value(&value).unwrap(), bytes, "{value:?}");
        assert_eq!(ValueRef::read(&bytes).unwrap().to_value().unwrap(), value);
    }
}

#[test]
fn the_width_grows_exactly_when_the_length_needs_it() {
    let tag_of = |value: &Value| encode_value(value).unwrap()[0];
    for (length, tag) in [(255, 0x20), (256, 0x21), (65_535, 0x21), (65_536, 0x22)] {
        assert_eq!(tag_of(&Value::from("a".repeat(length))), tag);
        assert_eq!(tag_of(&Value::Bytes(vec![0; length])), tag + 8);
    }
    // An array of one string: count, end, tag, length, text.
    for (length, tag) in [(251, 0x40), (252, 0x41), (65_535 - 7, 0x41), (65_535 - 6, 0x42)] {
        assert_eq!(tag_of(&Value::Array(vec![Value::from("a".repeat(length))])), tag, "{length}");
    }
}

#[test]
fn fields_keep_their_order_and_are_read_one_by_one() {
    let document = DocumentBuf::from_object(&object([
        ("z", Value::I64(1)),
        ("a", Value::Array(vec![Value::Object(object([("b.c", Value::from("deep"))]))])),
    ]))
    .unwrap();
    let document = document.as_document();
    assert_eq!(document.root().keys().collect::<Result<Vec<_>, _>>().unwrap(), ["z", "a"]);
    let at = |path: &str| document.get_path(&FieldPath::parse(path).unwrap()).unwrap();
    assert_eq!(at("a[0].`b.c`"), Some(ValueRef::String("deep")));
    assert_eq!(at("a[1]"), None);
    assert_eq!(at("z.a"), None);
    assert_eq!(at("missing"), None);
}

#[test]
fn a_truncated_document_is_corrupt_at_every_length() {
    let bytes = everything().into_bytes();
    for length in 0..bytes.len() {
        let error = DocumentBuf::from_bytes(bytes[..length].to_vec()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity);
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(DocumentBuf::from_bytes(longer).is_err());
}

#[test]
fn a_flipped_bit_is_refused_or_gives_another_sound_document() {
    let original = everything().into_bytes();
    let mut refused = 0;
    for position in 0..original.len() {
        for bit in 0..8 {
            let mut bytes = original.clone();
            bytes[position] ^= 1 << bit;
            match DocumentBuf::from_bytes(bytes.clone()) {
                Ok(document) => {
                    // What is accepted is exactly what a writer makes of its content.
                    let value = document.as_document().to_value().unwrap();
                    assert_eq!(encode(&value).unwrap().as_bytes(), bytes);
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Integrity);
                    refused += 1;
                }
            }
            read_without_validation(&bytes);
        }
    }
    assert!(refused > original.len(), "only {refused} flips were noticed");
}

/// Reads unchecked bytes in every way; each may fail and none may panic.
fn read_without_validation(bytes: &[u8]) {
    let Ok(document) = DocumentRef::new(bytes) else {
        return;
    };
    drop((
        document.to_value(),
        document.to_json(),
        document.get("nested"),
        document.without_fields(|name| name == b"nested"),
    ));
    drop((DocumentBuf::with_fields(&document, &[("nested", Value::Null)]), document.validate()));
}

#[test]
fn every_other_form_of_a_value_is_refused() {
    let longer_forms: &[(&str, &[u8])] = &[
        ("i16 that fits i8", &[0x11, 5, 0]),
        ("i32 that fits i16", &[0x12, 5, 1, 0, 0]),
        ("i64 that fits i32", &[0x13, 1, 0, 1, 0, 0, 0, 0, 0]),
        ("big integer that fits i64", &[0x14, 0, 1, 0, 0, 0, 5]),
        ("magnitude with a leading zero", &[0x14, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]),
        ("negative zero decimal", &[0x19, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
        ("unknown sign", &[0x19, 0, 0, 0, 0, 2, 1, 0, 0, 0, 1]),
        ("NaN", &[0x18, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]),
        ("string of width 2 that fits width 1", &[0x21, 1, 0, b'a']),
        ("string that is not UTF-8", &[0x20, 1, 0xff]),
        ("array of width 2 that fits width 1", &[0x41, 2, 0, 0, 0]),
        ("array with a byte behind its items", &[0x40, 4, 1, 1, 0, 0]),
        ("array with ends that go back", &[0x40, 5, 2, 2, 1, 0, 0]),
        ("array with an empty item", &[0x40, 4, 2, 1, 1, 0]),
        ("key with a long length", &[0x48, 6, 1, 4, 0x81, 0, b'a', 0]),
        ("key that is not UTF-8", &[0x48, 5, 1, 3, 1, 0xff, 0]),
        ("key twice", &[0x48, 9, 2, 3, 6, 1, b'a', 0, 1, b'a', 0]),
        ("byte behind a null", &[0x00, 0]),
        ("unknown tag", &[0x50]),
    ];
    for (what, bytes) in longer_forms {
        let mut builder = DocumentBuilder::new();
        builder.begin_object().unwrap();
        builder.key("a").unwrap();
        builder.null().unwrap();
        builder.end().unwrap();
        let mut document = builder.finish().unwrap().into_bytes();
        // Replaces the null, which is the last byte, and mends the lengths around it.
        document.pop();
        document.extend_from_slice(bytes);
        let grown = u8::try_from(bytes.len() - 1).unwrap();
        document[1] += grown;
        document[3] += grown;
        let error = DocumentBuf::from_bytes(document).expect_err(what);
        assert_eq!(error.code(), ErrorCode::Corrupt, "{what}");
        assert!(error.place().is_some(), "{what} has no offset");
    }
}

#[test]
fn nesting_is_limited_for_writers_and_readers() {
    let nested = |levels: usize| (1..levels).fold(object([]), |inner, _| object([("a", Value::Object(inner))]));
    let deepest = DocumentBuf::from_object(&nested(NESTING_MAX)).unwrap();
    deepest.as_document().validate().unwrap();
    deepest.as_document().to_json().unwrap();
    let error = DocumentBuf::from_object(&nested(NESTING_MAX + 1)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NestingTooDeep);

    let mut hostile = vec![0x48, 1, 0];
    for _ in 0..NESTING_MAX {
        let body = u32::try_from(hostile.len() + 2).unwrap();
        let outer = if let Ok(length) = u8::try_from(body + 2) {
            vec![0x48, length, 1, length - 2, 1, b'a']
        } else {
            let length = u16::try_from(body + 4).unwrap();
            let (length, end) = (length.to_le_bytes(), (length - 4).to_le_bytes());
            vec![0x49, length[0], length[1], 1, 0, end[0], end[1], 1, b'a']
        };
        hostile = [outer, hostile].concat();
    }
    let document = DocumentRef::new(&hostile).unwrap();
    for error in [document.validate().unwrap_err(), document.to_value().unwrap_err(), document.to_json().unwrap_err()] {
        assert!(error.message().contains("nests deeper"), "{error}");
    }
}

#[test]
fn a_document_may_be_as_large_as_the_limit_and_no_larger() {
    // The root: tag, length, count, end; key length, key; tag, length of the string.
    let overhead = 1 + 4 + 4 + 4 + 2 + 5;
    let of_size = |size: usize| DocumentBuf::from_object(&object([("a", Value::from("x".repeat(size - overhead)))]));
    assert_eq!(of_size(DOCUMENT_BYTES_MAX).unwrap().as_bytes().len(), DOCUMENT_BYTES_MAX);
    assert_eq!(of_size(DOCUMENT_BYTES_MAX + 1).unwrap_err().code(), ErrorCode::DocumentTooLarge);
}

#[test]
fn a_repeated_key_is_refused_in_small_and_large_objects() {
    for count in [2, 33, 34, 5000] {
        let mut builder = DocumentBuilder::new();
        builder.begin_object().unwrap();
        let written: Result<(), _> = (0..count).try_for_each(|number| {
            builder.key(&format!("key number {}", number % (count - 1)))?;
            builder.null()
        });
        let error = written.and_then(|()| builder.end()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DuplicateField, "{count}");
    }
}

#[test]
fn keys_that_share_their_ends_are_told_apart() {
    let names = ["commAmon", "commBmon", "comm", "ab", "ba", "", "a", "aa"];
    let fields = names.map(|name| (name, Value::from(name)));
    let document = DocumentBuf::from_object(&object(fields)).unwrap();
    for name in names {
        assert_eq!(document.as_document().get(name).unwrap(), Some(ValueRef::String(name)));
    }
}

#[test]
fn the_builder_refuses_an_impossible_order() {
    let mut builder = DocumentBuilder::new();
    assert!(builder.key("a").is_err());
    assert!(builder.end().is_err());
    builder.begin_object().unwrap();
    assert!(builder.null().is_err());
    builder.key("a").unwrap();
    assert!(builder.key("b").is_err());
    assert!(builder.end().is_err());
    assert!(builder.finish().is_err());
    builder.null().unwrap();
    builder.end().unwrap();
    assert!(builder.null().is_err());
    assert_eq!(builder.finish().unwrap().as_document().to_json().unwrap(), r#"{"a":null}"#);
    builder.null().unwrap();
    assert_eq!(builder.finish().unwrap_err().code(), ErrorCode::InvalidValue);
}

#[test]
fn an_integer_at_its_limit_is_accepted_and_the_next_one_is_refused() {
    let bits = u32::try_from(8 * INTEGER_BYTES_MAX).unwrap();
    let one = BigInt::from(1);
    let largest = BigInt::from(2).pow(bits) - &one;
    for integer in [largest.clone(), -largest.clone()] {
        let stored = DocumentBuf::from_object(&object([("a", Value::integer(integer.clone()))])).unwrap();
        let json = stored.as_document().to_json().unwrap();
        assert_eq!(json, format!("{{\"a\":{integer}}}"));
        assert_eq!(json_to_document(json.as_bytes()).unwrap(), stored, "also as text");
    }
    for integer in [&largest + &one, -&largest - &one] {
        let refused = DocumentBuf::from_object(&object([("a", Value::integer(integer.clone()))])).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidValue);
        assert!(refused.message().contains(&INTEGER_BYTES_MAX.to_string()), "{refused}");
        let refused = json_to_document(format!("{{\"a\":{integer}}}").as_bytes()).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidValue, "{refused}");
        assert!(refused.message().contains(&INTEGER_BYTES_MAX.to_string()), "{refused}");
    }
}

#[test]
fn an_oversized_integer_is_refused_with_its_path() {
    let huge = Value::integer(BigInt::from(2).pow(8 * 8192));
    let error = DocumentBuf::from_object(&object([("a", Value::Array(vec![Value::Null, huge]))])).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidValue);
    assert_eq!(error.detail(), &Detail::Path("a[1]".to_owned()));
}

#[test]
fn fields_are_replaced_in_place_and_added_at_the_end() {
    let stored = DocumentBuf::from_object(&object([("a", Value::I64(1)), ("b", Value::I64(2))])).unwrap();
    let fields = [("c", Value::I64(3)), ("a", Value::from("new"))];
    let shown = DocumentBuf::with_fields(&stored.as_document(), &fields).unwrap();
    assert_eq!(shown.as_document().to_json().unwrap(), r#"{"a":"new","b":2,"c":3}"#);
    shown.as_document().validate().unwrap();
    let is_left_out = |name: &[u8]| [&b"c"[..], b"a", b"x"].contains(&name);
    let without = shown.as_document().without_fields(is_left_out).unwrap().unwrap();
    assert_eq!(without.as_document().to_json().unwrap(), r#"{"b":2}"#);
    assert_eq!(without.as_document().without_fields(is_left_out).unwrap(), None);
}

proptest! {
    #[test]
    fn every_value_comes_back_from_its_stored_form(value in any_value()) {
        let bytes = encode_value(&value).unwrap();
        prop_assert_eq!(ValueRef::read(&bytes).unwrap().to_value().unwrap(), value);
    }

    #[test]
    fn what_the_writer_makes_passes_the_full_check(object in object_of(any_value())) {
        let document = DocumentBuf::from_object(&object).unwrap();
        prop_assert_eq!(DocumentBuf::from_bytes(document.as_bytes().to_vec()).unwrap(), document.clone());
        for (name, value) in object.iter() {
            let read = document.as_document().get(name).unwrap().unwrap();
            prop_assert_eq!(&read.to_value().unwrap(), value);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let framed = [&[0x48, u8::try_from(bytes.len()).unwrap()], bytes.as_slice()].concat();
        read_without_validation(&framed);
        if let Ok(document) = DocumentBuf::from_bytes(framed.clone()) {
            let value = document.as_document().to_value().unwrap();
            prop_assert_eq!(encode(&value).unwrap().into_bytes(), framed);
        }
    }
}
