//! The order of values is total, and numbers compare by their exact value.

#![cfg(test)]

mod values;

use nedb_types::document::json_to_value;
use nedb_types::{BigInt, Decimal, Object, Timestamp, Value};
use proptest::prelude::*;
use std::cmp::Ordering;
use values::{any_value, number};

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn float(float: f64) -> Value {
    Value::float(float).unwrap()
}

fn big(text: &str) -> Value {
    Value::integer(text.parse().unwrap())
}

/// Returns a number as an exact fraction, found in another way than the order does.
fn fraction(value: &Value) -> (BigInt, BigInt) {
    let power = |base: u32, exponent: u32| BigInt::from(base).pow(exponent);
    match value {
        Value::I64(integer) => (BigInt::from(*integer), BigInt::from(1)),
        Value::BigInt(integer) => (integer.get().clone(), BigInt::from(1)),
        Value::Decimal(decimal) if decimal.scale() >= 0 => {
            (decimal.coefficient().clone(), power(10, decimal.scale().unsigned_abs()))
        }
        Value::Decimal(decimal) => (decimal.coefficient() * power(10, decimal.scale().unsigned_abs()), BigInt::from(1)),
        Value::F64(float) => {
            // Doubling until whole is exact.
            let (mut whole, mut doublings) = (float.get(), 0);
            while whole.fract() != 0.0 {
                whole *= 2.0;
                doublings += 1;
            }
            (format!("{whole:.0}").parse().unwrap(), power(2, doublings))
        }
        other => panic!("{other:?} is not a number"),
    }
}

#[test]
fn types_sort_in_the_documented_order() {
    let ascending = [
        Value::Null,
        Value::Bool(false),
        Value::Bool(true),
        decimal("-1E+2000000000"),
        float(f64::MIN),
        big("-9223372036854775809"),
        Value::I64(i64::MIN),
        float(-0.5),
        Value::I64(0),
        float(5e-324),
        decimal("0.1"),
        float(0.1),
        Value::I64(1 << 53),
        Value::I64((1 << 53) + 1),
        Value::I64(i64::MAX),
        float(9_223_372_036_854_775_808.0),
        big("9223372036854775809"),
        float(f64::MAX),
        decimal("1E+2147483647"),
        Value::from(""),
        Value::from("Z"),
        Value::from("a"),
        Value::from("ä"),
        Value::Bytes(vec![]),
        Value::Bytes(vec![0]),
        Value::from(Timestamp::from_micros(-1)),
        Value::from(Timestamp::from_micros(1)),
        Value::Uuid([0; 16]),
        Value::ObjectId([0; 12]),
        Value::Array(vec![]),
        Value::Array(vec![Value::Null]),
        Value::Array(vec![Value::Null, Value::Null]),
        Value::Array(vec![Value::from(1)]),
        Value::Object(Object::new()),
    ];
    for (position, left) in ascending.iter().enumerate() {
        for (other, right) in ascending.iter().enumerate() {
            assert_eq!(left.cmp_total(right), position.cmp(&other), "{left:?} {right:?}");
        }
    }
}

#[test]
fn equal_numbers_of_different_types_sort_alike() {
    let equal = |left: &Value, right: &Value| {
        assert_eq!(left.cmp_total(right), Ordering::Equal, "{left:?} {right:?}");
        assert_eq!(right.cmp_total(left), Ordering::Equal, "{left:?} {right:?}");
    };
    equal(&Value::I64(1), &float(1.0));
    equal(&Value::I64(1), &decimal("1.000"));
    equal(&float(0.0), &float(-0.0));
    equal(&float(0.5), &decimal("0.5"));
    equal(&Value::I64(i64::MIN), &float(-9_223_372_036_854_775_808.0));
    equal(&big("18446744073709551616"), &float(18_446_744_073_709_551_616.0));
    equal(&decimal("0"), &decimal("0E-2000000000"));
    equal(&decimal("1E+1"), &Value::I64(10));
}

#[test]
fn no_comparison_of_numbers_rounds() {
    let two_pow_53 = float(9_007_199_254_740_992.0);
    assert_eq!(Value::I64((1 << 53) + 1).cmp_total(&two_pow_53), Ordering::Greater);
    assert_eq!(Value::I64(-(1 << 53) - 1).cmp_total(&float(-9_007_199_254_740_992.0)), Ordering::Less);
    assert_eq!(decimal("0.1").cmp_total(&float(0.1)), Ordering::Less);
    assert_eq!(Value::I64(-1).cmp_total(&float(-0.5)), Ordering::Less);
    assert_eq!(Value::I64(0).cmp_total(&float(-0.5)), Ordering::Greater);
    assert_eq!(Value::I64(0).cmp_total(&float(5e-324)), Ordering::Less);
}

#[test]
fn objects_compare_by_their_sorted_fields() {
    let parse = |json: &str| json_to_value(json.as_bytes()).unwrap();
    let ascending = ["{}", r#"{"a":1}"#, r#"{"b":0,"a":1}"#, r#"{"a":2}"#, r#"{"b":0}"#];
    for pair in ascending.windows(2) {
        assert_eq!(parse(pair[0]).cmp_total(&parse(pair[1])), Ordering::Less, "{pair:?}");
    }
    assert_eq!(parse(r#"{"a":1,"b":2}"#).cmp_total(&parse(r#"{"b":2,"a":1.0}"#)), Ordering::Equal);
}

#[test]
fn decimals_print_and_parse_exactly() {
    for (coefficient, scale, text) in [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (5, 3, "0.005"),
        (-1250, 2, "-12.50"),
        (1, 6, "0.000001"),
        (1, 7, "1E-7"),
        (123, -2, "1.23E+4"),
        (7, i32::MIN, "7E+2147483648"),
        (7, i32::MAX, "7E-2147483647"),
    ] {
        let number = Decimal::new(BigInt::from(coefficient), scale);
        assert_eq!(number.to_string(), text);
        assert_eq!(text.parse::<Decimal>().unwrap(), number);
    }
    assert_eq!("+.5".parse::<Decimal>().unwrap(), Decimal::new(BigInt::from(5), 1));
    for bad in
        ["", "-", ".", "1e", "e5", "1.2.3", "--1", "1_0", "0x1", "NaN", "1E+99999999999", "1E+9999999999999999999"]
    {
        assert!(bad.parse::<Decimal>().is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn the_order_is_antisymmetric(left in any_value(), right in any_value()) {
        prop_assert_eq!(left.cmp_total(&right), right.cmp_total(&left).reverse());
        prop_assert_eq!(left.cmp_total(&left), Ordering::Equal);
    }

    #[test]
    fn the_order_is_transitive(mut values in proptest::collection::vec(prop_oneof![number(), any_value()], 3..8)) {
        values.sort_by(Value::cmp_total);
        for (position, left) in values.iter().enumerate() {
            for right in &values[position..] {
                prop_assert_ne!(left.cmp_total(right), Ordering::Greater, "{:?} {:?}", left, right);
            }
        }
    }

    #[test]
    fn numbers_compare_as_exact_fractions(left in number(), right in number()) {
        // Powers of ten beyond this would not fit the memory of a test.
        let small = |value: &Value| !matches!(value, Value::Decimal(decimal) if decimal.scale().unsigned_abs() > 400);
        prop_assume!(small(&left) && small(&right));
        let ((a, b), (c, d)) = (fraction(&left), fraction(&right));
        prop_assert_eq!(left.cmp_total(&right), (a * d).cmp(&(c * b)));
    }

    #[test]
    fn a_decimal_comes_back_from_its_text(coefficient in any::<i128>(), scale in any::<i32>()) {
        let number = Decimal::new(BigInt::from(coefficient), scale);
        prop_assert_eq!(number.to_string().parse::<Decimal>().unwrap(), number);
    }
}
