//! The frames of a stream: the bytes that the specification shows, round trips, and what damage does.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has found something"
)]

use nedb_types::document::json_to_value;
use nedb_types::{ErrorCode, Object, Value};
use nedb_wire::stream::{Credit, Ending, Reply, Request, SUBPROTOCOL, Terms, Window};
use proptest::prelude::*;

const SPECIFICATION: &str = include_str!("../../../docs/stream.md");

fn object(json: &str) -> Object {
    match json_to_value(json.as_bytes()).unwrap() {
        Value::Object(object) => object,
        other => panic!("{other:?} is no object"),
    }
}

fn request() -> Request {
    let fields = object(r#"{"coll":"c","id":"a","doc":{"n":1},"idem":"k"}"#);
    Request { id: 300, verb: "put".to_owned(), fields }
}

fn terms() -> Terms {
    Terms {
        server: "nedbd/0.1.0".to_owned(),
        database: "shop".to_owned(),
        credit: Credit { operations_max: 4096, bytes_max: 16 << 20, message_bytes_max: 64 << 20 },
    }
}

fn replies() -> [Reply; 3] {
    [
        Reply::Greeting(terms()),
        Reply::Done { id: 300, answer: object(r#"{"ok":true,"seq":0}"#) },
        Reply::Failed { id: 301, error: object(r#"{"error":"no","code":"denied"}"#) },
    ]
}

/// The bytes of a block of hexadecimal digits in the specification: what stands before two blanks in each line.
fn shown(name: &str) -> Vec<u8> {
    let (_, block) = SPECIFICATION.split_once(&format!("```hex {name}\n")).unwrap_or_else(|| panic!("no block {name}"));
    let (block, _) = block.split_once("```").unwrap();
    let digits: String = block.lines().map(|line| line.split("  ").next().unwrap().replace(' ', "")).collect();
    nedb_types::hex::decode(&digits).unwrap()
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    assert_eq!(shown("request"), request().encode(1 << 20).unwrap());
    for (name, reply) in ["greeting", "done", "failed"].into_iter().zip(replies()) {
        assert_eq!(shown(name), reply.encode().unwrap(), "{name}");
    }
}

#[test]
fn the_specification_has_the_name_and_every_ending() {
    assert!(SPECIFICATION.contains(&format!("`{SUBPROTOCOL}`")));
    for ending in Ending::ALL {
        let row = format!("\n| {} | ", ending.code());
        assert!(SPECIFICATION.contains(&row), "{row}");
        assert_eq!(Ending::of_code(ending.code()), Some(ending));
    }
}

#[test]
fn every_type_of_the_document_model_survives() {
    let fields = object(
        r#"{"doc":{"i":9007199254740993,"big":123456789012345678901234567890,"f":-0.5,"b":{"$bytes":"AAH/"},
            "d":{"$decimal":"1.10"},"t":{"$datetime":"2026-01-01T00:00:00.000001Z"},"n":null,"l":[true,[],{}]}}"#,
    );
    let request = Request { id: u64::MAX, verb: "v".repeat(32), fields };
    assert_eq!(Request::decode(&request.encode(1 << 20).unwrap()), Ok(request));
}

#[test]
fn a_frame_that_breaks_off_or_goes_on_is_refused() {
    let bytes = request().encode(1 << 20).unwrap();
    for end in 0..bytes.len() {
        assert!(Request::decode(&bytes[..end]).is_err(), "{end} bytes");
    }
    assert!(Request::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    for reply in replies() {
        let bytes = reply.encode().unwrap();
        for end in 0..bytes.len() {
            assert!(Reply::decode(&bytes[..end]).is_err(), "{end} bytes of {reply:?}");
        }
        assert!(Reply::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
}

#[test]
fn each_flipped_bit_gives_an_error_or_another_frame() {
    let bytes = request().encode(1 << 20).unwrap();
    for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << bit;
        if let Ok(read) = Request::decode(&flipped) {
            assert_eq!(read.encode(1 << 20).unwrap(), flipped, "byte {at}, bit {bit}");
            assert_ne!(read, request());
        }
    }
}

#[test]
fn a_message_beyond_its_limit_and_a_verb_without_a_name_are_refused() {
    let long = Request { fields: object(&format!(r#"{{"doc":"{}"}}"#, "x".repeat(1000))), ..request() };
    assert_eq!(long.encode(1000).unwrap_err().code(), ErrorCode::BatchTooLarge);
    assert!(long.encode(2000).unwrap().len() < 1100);
    for verb in ["", &"v".repeat(33)] {
        let request = Request { verb: verb.to_owned(), ..request() };
        assert_eq!(request.encode(1 << 20).unwrap_err().code(), ErrorCode::InvalidArgument);
    }
}

#[test]
fn a_greeting_without_terms_is_refused_and_one_with_more_is_read() {
    let greeting = |json: &str| {
        let Reply::Done { answer, .. } = (Reply::Done { id: 0, answer: object(json) }) else { panic!("it is done") };
        let mut bytes = Reply::Done { id: 0, answer }.encode().unwrap();
        bytes[0] = 0x81;
        Reply::decode(&bytes)
    };
    let whole = r#""server":"s","database":"d","operations_max":1,"bytes_max":1,"message_bytes_max":1"#;
    assert!(greeting(&format!("{{{whole},\"new\":1}}")).is_ok());
    assert!(greeting("{}").is_err());
    assert!(greeting(&format!("{{{}}}", whole.replace(r#""bytes_max":1"#, r#""bytes_max":0"#))).is_err());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::I64),
        ".{0,8}".prop_map(Value::String),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let fields = proptest::collection::btree_map("[a-c]{1,2}", inner.clone(), 0..3);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::Array),
            fields.prop_map(|fields| Value::Object(Object::from_fields(fields.into_iter().collect()).unwrap())),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_is_read(id: u64, verb in "[a-z]{1,32}", values in proptest::collection::btree_map("[a-z]{1,4}", value(), 0..4)) {
        let request = Request { id, verb, fields: Object::from_fields(values.into_iter().collect()).unwrap() };
        let bytes = request.encode(1 << 20).unwrap();
        prop_assert_eq!(Request::decode(&bytes), Ok(request));
    }

    #[test]
    fn what_was_read_is_written_back(mut bytes in proptest::collection::vec(any::<u8>(), 0..64), damage in 0_usize..80, with: u8) {
        let mut whole = request().encode(1 << 20).unwrap();
        if let Some(byte) = whole.get_mut(damage) {
            *byte = with;
        }
        bytes.insert(0, 0x01);
        for bytes in [whole, bytes] {
            if let Ok(request) = Request::decode(&bytes) {
                prop_assert_eq!(request.encode(1 << 20).unwrap(), bytes);
            }
        }
    }

    /// However requests come and go, a server never counts more than a client that keeps to the terms.
    #[test]
    fn a_window_gives_back_what_it_took(sizes in proptest::collection::vec(0_u64..2000, 1..40), order: u64) {
        let credit = Credit { operations_max: 5, bytes_max: 3000, message_bytes_max: 1500 };
        let mut window = Window::new(credit);
        let mut in_flight = Vec::new();
        for (id, bytes) in (0..).zip(sizes) {
            let has_room = window.has_room(bytes) && bytes <= credit.message_bytes_max;
            prop_assert_eq!(window.take(id, bytes).is_ok(), has_room);
            if has_room {
                in_flight.push((id, bytes));
            } else if !in_flight.is_empty() {
                let (id, bytes) = in_flight.swap_remove(usize::try_from(order).unwrap_or(0) % in_flight.len());
                prop_assert_eq!(window.give_back(id), Some(bytes));
            }
            let (count, sum) = (in_flight.len() as u64, in_flight.iter().map(|(_, bytes)| bytes).sum::<u64>());
            prop_assert_eq!((window.operations(), window.bytes()), (count, sum));
            prop_assert!(count <= 5 && (sum <= 3000 || count == 1));
        }
    }
}
