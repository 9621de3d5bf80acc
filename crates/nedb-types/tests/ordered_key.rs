//! The order of the keys of values is the total order of values.

#![cfg(test)]

mod values;

use nedb_types::document::encode_value;
use nedb_types::key::{VALUE_KEY_BYTES_MAX, has_whole_value, stored_value_key_into, value_key};
use nedb_types::{BigInt, Decimal, Timestamp, Value, ValueRef};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::fmt::Write;
use values::{any_value, number};

fn hex(value: &Value) -> String {
    value_key(value).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn keys_of_values_have_their_golden_bytes() {
    assert_eq!(hex(&Value::Null), "10");
    assert_eq!(hex(&Value::from(false)), "20");
    assert_eq!(hex(&Value::from(1)), "30bff000000000000000");
    assert_eq!(hex(&Value::from(-1)), "30400fffffffffffff00");
    assert_eq!(hex(&Value::float(-0.0).unwrap()), "30800000000000000000");
    assert_eq!(
        hex(&Value::from((1_i64 << 53) + 1)),
        "30c34000000000000001800000000000001039303037313939323534373430393933".to_owned() + "00"
    );
    assert_eq!(hex(&Value::from("a\0")), "406100ff0001");
    assert_eq!(hex(&Value::DateTime(Timestamp::from_micros(1))), "508000000000000001");
    assert_eq!(hex(&Value::Array(vec![Value::Null])), "681001");
}

#[test]
fn numbers_of_all_types_that_are_equal_have_one_key() {
    let decimal = |coefficient: i64, scale| Value::Decimal(Decimal::new(BigInt::from(coefficient), scale));
    for equal in [decimal(100, 2), decimal(1, 0), Value::float(1.0).unwrap()] {
        assert_eq!(value_key(&equal), value_key(&Value::from(1)));
    }
    for zero in [decimal(0, 7), Value::float(-0.0).unwrap()] {
        assert_eq!(value_key(&zero), value_key(&Value::from(0)));
    }
}

#[test]
fn numbers_beyond_the_floats_keep_their_order() {
    let decimal = |coefficient: i64, scale| Value::Decimal(Decimal::new(BigInt::from(coefficient), scale));
    let ascending = [
        decimal(-2, i32::MIN),
        decimal(-1, i32::MIN),
        Value::float(f64::MIN).unwrap(),
        Value::from(i64::MIN),
        decimal(-1, i32::MAX - 1),
        decimal(-1, i32::MAX),
        Value::from(0),
        decimal(1, i32::MAX),
        decimal(1, i32::MAX - 1),
        Value::float(f64::from_bits(1)).unwrap(),
        decimal(1, 1),
        Value::float(0.1).unwrap(),
        Value::from(i64::MAX),
        Value::from(u64::MAX),
        Value::float(f64::MAX).unwrap(),
        decimal(1, i32::MIN),
        decimal(2, i32::MIN),
    ];
    for pair in ascending.windows(2) {
        assert_eq!(pair[0].cmp_total(&pair[1]), Ordering::Less, "{pair:?}");
        assert!(value_key(&pair[0]) < value_key(&pair[1]), "{pair:?}");
    }
}

/// Strings around the length at which keys are cut.
fn long_value() -> impl Strategy<Value = Value> {
    let tail = proptest::collection::vec(prop_oneof![Just('\0'), Just('a'), Just('\u{ff}')], 0..6);
    let text = (VALUE_KEY_BYTES_MAX - 8..VALUE_KEY_BYTES_MAX + 2, tail)
        .prop_map(|(length, tail)| "x".repeat(length) + &String::from_iter(tail));
    text.prop_map(|text| Value::Array(vec![Value::String(text)]))
}

fn check(left: &Value, right: &Value) -> Result<(), TestCaseError> {
    let (left_key, right_key) = (value_key(left), value_key(right));
    let order = left.cmp_total(right);
    if has_whole_value(&left_key) || has_whole_value(&right_key) {
        prop_assert_eq!(left_key.cmp(&right_key), order);
    } else {
        prop_assert!(left_key.cmp(&right_key) == order || left_key == right_key);
    }
    if left_key != right_key {
        prop_assert!(!left_key.starts_with(&right_key) && !right_key.starts_with(&left_key));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_stored_value_has_the_key_of_the_value(value in any_value()) {
        let bytes = encode_value(&value).unwrap();
        let mut key = b"before".to_vec();
        stored_value_key_into(&mut key, &ValueRef::read(&bytes).unwrap()).unwrap();
        prop_assert_eq!(key, [b"before", value_key(&value).as_slice()].concat());
    }

    #[test]
    fn keys_of_any_values_sort_as_the_values(left in any_value(), right in any_value()) {
        check(&left, &right)?;
    }

    #[test]
    fn keys_of_numbers_sort_as_the_numbers(left in number(), right in number()) {
        check(&left, &right)?;
    }

    #[test]
    fn keys_that_are_cut_never_sort_wrongly(left in long_value(), right in long_value()) {
        check(&left, &right)?;
    }
}
