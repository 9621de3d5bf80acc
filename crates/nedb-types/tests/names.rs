//! Names, ids, digests and moments accept what they promise, refuse the rest, and print losslessly.

#![cfg(test)]

use nedb_types::limits::{
    CLIENT_BYTES_MAX, COLLECTION_BYTES_MAX, ID_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, NESTING_MAX, RELATION_BYTES_MAX,
};
use nedb_types::{
    Client, Collection, DatabaseId, Detail, Digest, DocId, ErrorCode, FieldPath, IdempotencyKey, NodeRef, PathStep,
    Relation, Seq, Timestamp,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn names_may_be_as_long_as_their_limit_and_no_longer() {
    let name = |length: usize| "ä".repeat(length / 2);
    assert!(Collection::new(&name(COLLECTION_BYTES_MAX)).is_ok());
    assert!(Relation::new(&name(RELATION_BYTES_MAX)).is_ok());
    assert!(Client::new(&name(CLIENT_BYTES_MAX)).is_ok());
    assert!(DocId::new(name(ID_BYTES_MAX)).is_ok());
    assert!(IdempotencyKey::new(name(IDEMPOTENCY_KEY_BYTES_MAX)).is_ok());

    let too_long = Collection::new(&name(COLLECTION_BYTES_MAX + 2)).unwrap_err();
    assert_eq!(too_long.code(), ErrorCode::NameTooLong);
    assert_eq!(too_long.detail(), &Detail::Limit { name: "COLLECTION_BYTES_MAX".into(), max: 128, actual: 130 });
    assert_eq!(Relation::new(&name(RELATION_BYTES_MAX + 2)).unwrap_err().code(), ErrorCode::NameTooLong);
    assert_eq!(Client::new(&name(CLIENT_BYTES_MAX + 2)).unwrap_err().code(), ErrorCode::ClientTooLong);
    assert_eq!(DocId::new(name(ID_BYTES_MAX + 2)).unwrap_err().code(), ErrorCode::IdTooLong);
    let key = IdempotencyKey::new(name(IDEMPOTENCY_KEY_BYTES_MAX + 2)).unwrap_err();
    assert_eq!(key.code(), ErrorCode::IdempotencyKeyTooLong);
}

#[test]
fn empty_names_and_control_characters_are_refused() {
    for bad in ["", "a\0b", "a\nb", "\u{7f}", "a\u{1f}"] {
        assert_eq!(Collection::new(bad).unwrap_err().code(), ErrorCode::InvalidName, "{bad:?}");
        assert_eq!(Relation::new(bad).unwrap_err().code(), ErrorCode::InvalidName, "{bad:?}");
        assert_eq!(Client::new(bad).unwrap_err().code(), ErrorCode::InvalidName, "{bad:?}");
    }
    assert_eq!(Collection::new("a:b").unwrap_err().code(), ErrorCode::InvalidName);
    assert!(Relation::new("a:b").is_ok());
    assert_eq!(DocId::new("").unwrap_err().code(), ErrorCode::InvalidId);
    assert!(DocId::new("a\0b\n").is_ok());
    assert_eq!(IdempotencyKey::new("").unwrap_err().code(), ErrorCode::InvalidArgument);
}

#[test]
fn different_byte_ids_print_differently() {
    let ids: [&[u8]; 4] = [b"\xff", b"\\xff\xff", b"\xff\\", b"a\xffb"];
    let shown: Vec<String> = ids.iter().map(|id| DocId::new(id).unwrap().to_string()).collect();
    assert_eq!(shown, ["\\xff", "\\\\xff\\xff", "\\xff\\\\", "a\\xffb"]);
    assert_eq!(DocId::new(b"\xff").unwrap().as_str(), None);
    assert_eq!(DocId::new("ä").unwrap().to_string(), "ä");
}

#[test]
fn a_node_is_divided_at_its_first_colon() {
    let node = NodeRef::parse("users:a:b").unwrap();
    assert_eq!((node.collection().as_str(), node.id().as_bytes()), ("users", b"a:b".as_slice()));
    for bad in ["users", ":a", "users:", "", "a\nb:c"] {
        assert_eq!(NodeRef::parse(bad).unwrap_err().code(), ErrorCode::InvalidNode, "{bad:?}");
    }
    assert_eq!(NodeRef::parse(&format!("{}:a", "x".repeat(129))).unwrap_err().code(), ErrorCode::NameTooLong);
}

#[test]
fn hexadecimal_text_is_exact() {
    let digest: Digest = "00ff".repeat(16).parse().unwrap();
    assert_eq!(digest.as_bytes()[..2], [0, 255]);
    assert_eq!(digest, "00FF".repeat(16).parse().unwrap());
    for bad in ["", "00", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"ä".repeat(32)] {
        assert_eq!(bad.parse::<Digest>().unwrap_err().code(), ErrorCode::InvalidArgument, "{bad}");
    }
    assert_eq!(Digest::ZERO.to_string(), "0".repeat(64));
    assert_eq!("12".repeat(16).parse::<DatabaseId>().unwrap().as_bytes(), &[0x12; 16]);
}

#[test]
fn seqs_count_from_zero_and_never_wrap() {
    assert_eq!(Seq::FIRST.next(), Some(Seq::new(1)));
    assert_eq!(Seq::FIRST.previous(), None);
    assert_eq!(Seq::new(u64::MAX).next(), None);
}

#[test]
fn moments_are_read_in_every_promised_form() {
    for (text, micros) in [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01", 1_000_000),
        ("1970-01-01 00:00:01", 1_000_000),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:00.0000019Z", 1),
        ("1969-12-31T23:59:59.9999991Z", -1),
        ("@-5", -5),
    ] {
        assert_eq!(
            Timestamp::parse(text).map_err(|error| error.to_string()),
            Ok(Timestamp::from_micros(micros)),
            "{text}"
        );
    }
    for bad in ["", "yesterday", "1970-13-01", "1970-01-01T25:00", "1970-01-01T00:00[Europe/Paris]", "@", "@1.5"] {
        assert_eq!(Timestamp::parse(bad).unwrap_err().code(), ErrorCode::InvalidArgument, "{bad}");
    }
}

#[test]
fn moments_print_without_trailing_zeros() {
    for (micros, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (250_000, "1970-01-01T00:00:00.25Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (i64::MAX, "@9223372036854775807"),
    ] {
        assert_eq!(Timestamp::from_micros(micros).to_string(), text);
    }
}

#[test]
fn paths_are_parsed_and_printed() {
    let steps = |text: &str| FieldPath::parse(text).unwrap().steps().to_vec();
    let field = |name: &str| PathStep::Field(name.to_owned());
    assert_eq!(steps("a.b"), [field("a"), field("b")]);
    assert_eq!(steps("a[0][12].ü"), [field("a"), PathStep::Index(0), PathStep::Index(12), field("ü")]);
    assert_eq!(steps("`a.b`.`c``d`"), [field("a.b"), field("c`d")]);
    assert_eq!(steps("``"), [field("")]);
    for bad in ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[-1]", "a[+1]", "a[4294967296]", "`a", "a b", "a]"]
    {
        assert_eq!(FieldPath::parse(bad).unwrap_err().code(), ErrorCode::InvalidArgument, "{bad:?}");
    }
    let error = FieldPath::parse("ab[x]").unwrap_err();
    assert_eq!(error.detail(), &Detail::Line { line: 1, column: 4 });
    let deep = vec!["a"; NESTING_MAX + 1].join(".");
    assert_eq!(FieldPath::parse(&deep).unwrap_err().code(), ErrorCode::NestingTooDeep);
}

proptest! {
    #[test]
    fn a_moment_comes_back_from_its_text(micros in any::<i64>()) {
        let moment = Timestamp::from_micros(micros);
        prop_assert_eq!(Timestamp::parse(&moment.to_string()).unwrap(), moment);
    }

    #[test]
    fn a_path_of_any_name_comes_back_from_its_text(first in any::<String>(), index in any::<u32>(), last in any::<String>()) {
        let [from, to] = [&first, &last].map(|name| FieldPath::field(name.clone()));
        let text = format!("{from}[{index}].{to}");
        let path = FieldPath::parse(&text).unwrap();
        prop_assert_eq!(path.to_string(), text);
        prop_assert_eq!(path.steps(), [PathStep::Field(first), PathStep::Index(index), PathStep::Field(last)]);
    }

    #[test]
    fn any_text_is_parsed_without_a_panic(text in any::<String>()) {
        drop((FieldPath::parse(&text), NodeRef::parse(&text), Timestamp::parse(&text), text.parse::<Digest>()));
    }

    #[test]
    fn ids_print_losslessly(ids in proptest::collection::btree_set(proptest::collection::vec(any::<u8>(), 1..6), 2..40)) {
        let binary = ids.iter().filter(|id| std::str::from_utf8(id).is_err());
        let shown: BTreeSet<String> = binary.clone().map(|id| DocId::new(id).unwrap().to_string()).collect();
        prop_assert_eq!(shown.len(), binary.count());
    }
}
