//! Aggregates: exact, and the same in whatever order the rows come.

use nedb_nql::aggregate::Accumulator;
use nedb_nql::{Aggregate, FieldRef};
use nedb_types::{ErrorCode, FieldPath, Value};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::random::value;

fn run(make: fn(FieldPath) -> Aggregate, values: &[Value]) -> Value {
    gathered(make, values).finish()
}

fn gathered(make: fn(FieldPath) -> Aggregate, values: &[Value]) -> Accumulator {
    let mut accumulator = Accumulator::new(&make(FieldPath::field("x")));
    for value in values {
        accumulator.add(&FieldRef::Built(value)).unwrap();
    }
    accumulator
}

fn floats(numbers: &[f64]) -> Vec<Value> {
    numbers.iter().map(|number| Value::float(*number).unwrap()).collect()
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

#[test]
fn the_sum_of_nothing_is_0_and_all_else_of_nothing_is_null() {
    let none = [Value::Null, Value::from("text"), Value::from(true)];
    assert_eq!(run(Aggregate::Sum, &none), Value::from(0));
    assert_eq!(run(Aggregate::Avg, &none), Value::Null);
    assert_eq!(run(Aggregate::Min, &[Value::Null]), Value::Null);
    assert_eq!(run(Aggregate::Max, &[]), Value::Null);
    assert_eq!(run(Aggregate::CountOf, &[]), Value::from(0));
}

#[test]
fn the_count_of_a_field_passes_over_null_alone() {
    assert_eq!(run(Aggregate::CountOf, &[Value::Null, Value::from("text"), Value::from(false)]), Value::from(2));
}

#[test]
fn integer_sums_widen_and_come_back() {
    let values = [Value::from(i64::MAX), Value::from(i64::MAX), Value::from(-i64::MAX), Value::from(-i64::MAX)];
    assert_eq!(run(Aggregate::Sum, &values[..2]), Value::from(2 * i64::MAX.cast_unsigned()));
    assert_eq!(run(Aggregate::Sum, &values), Value::from(0));
}

#[test]
fn float_sums_are_rounded_once() {
    let cases: [(&[f64], f64); 9] = [
        (&[0.1; 10], 1.0),
        (&[1e308, 1e-308, -1e308], 1e-308),
        (&[1e16, 1.0, 1.0, -1e16], 2.0),
        (&[5e-324, 5e-324], 1e-323),
        (&[9_007_199_254_740_992.0, 1.0], 9_007_199_254_740_992.0),
        (&[9_007_199_254_740_992.0, 1.0, 5e-324], 9_007_199_254_740_994.0),
        (&[-0.0], 0.0),
        (&[f64::MAX, f64::MAX, -f64::MAX], f64::MAX),
        // Just above the middle between two floats: the last bit of the small one decides.
        (&[9_007_199_254_740_992.0, 1.0, f64::MIN_POSITIVE], 9_007_199_254_740_994.0),
    ];
    for (numbers, expected) in cases {
        assert_eq!(run(Aggregate::Sum, &floats(numbers)), Value::float(expected).unwrap(), "{numbers:?}");
    }
}

#[test]
fn a_sum_beyond_the_floats_is_an_integer() {
    let sum = run(Aggregate::Sum, &floats(&[f64::MAX, f64::MAX]));
    assert!(matches!(&sum, Value::BigInt(_)), "{sum:?}");
    assert!(sum.cmp_total(&Value::float(f64::MAX).unwrap()).is_gt());
}

#[test]
fn decimals_stay_exact_until_a_float_joins_them() {
    assert_eq!(run(Aggregate::Sum, &[decimal("0.10"), decimal("0.2"), Value::from(1)]), decimal("1.30"));
    assert_eq!(run(Aggregate::Sum, &[decimal("0.5"), Value::float(0.25).unwrap()]), Value::float(0.75).unwrap());
    assert_eq!(run(Aggregate::Sum, &[decimal("1E+3"), decimal("1")]), decimal("1001"));
    // Too far apart to be added exactly: it counts as its nearest float, and is refused where it has none.
    let mut sum = Accumulator::new(&Aggregate::Sum(FieldPath::field("n")));
    let error = sum.add(&FieldRef::Built(&decimal("1E+999999"))).unwrap_err();
    assert!(error.code() == ErrorCode::Unsupported && error.message().contains("999999"), "{error}");
    assert_eq!(run(Aggregate::Sum, &[decimal("1E-30000"), decimal("1")]), Value::float(1.0).unwrap());
}

#[test]
fn an_average_is_the_exact_sum_over_the_count() {
    assert_eq!(run(Aggregate::Avg, &[Value::from(1), Value::from(2), Value::Null]), Value::float(1.5).unwrap());
    assert_eq!(run(Aggregate::Avg, &floats(&[f64::MAX, f64::MAX])), Value::float(f64::MAX).unwrap());
    assert_eq!(
        run(Aggregate::Avg, &[Value::from(1), Value::from(0), Value::from(0)]),
        Value::float(1.0 / 3.0).unwrap()
    );
}

#[test]
fn least_and_greatest_follow_the_total_order() {
    let values = [Value::from("a"), Value::from(3), Value::from(true), Value::Null];
    assert_eq!(run(Aggregate::Min, &values), Value::from(true));
    assert_eq!(run(Aggregate::Max, &values), Value::from("a"));
}

proptest! {
    #[test]
    fn no_result_depends_on_the_order_or_the_division_of_rows(values in vec(value(), 0..12), cut in 0_usize..12) {
        let mut turned = values.clone();
        turned.reverse();
        turned.rotate_left(cut.min(values.len()));
        for make in [Aggregate::Sum, Aggregate::Avg, Aggregate::Min, Aggregate::Max] {
            prop_assert_eq!(run(make, &values), run(make, &turned));
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut joined = gathered(make, right);
            joined.join(gathered(make, left)).unwrap();
            prop_assert_eq!(run(make, &values), joined.finish());
        }
    }

    #[test]
    fn the_sum_of_one_float_is_that_float(number in any::<f64>().prop_filter("finite", |number| number.is_finite() && *number != 0.0)) {
        let value = Value::float(number).unwrap();
        prop_assert_eq!(run(Aggregate::Sum, std::slice::from_ref(&value)), value.clone());
        prop_assert_eq!(run(Aggregate::Avg, &[value.clone(), value.clone(), value.clone()]), value);
    }

    #[test]
    fn the_sum_of_two_floats_is_rounded_as_hardware_rounds(a in any::<f64>(), b in any::<f64>()) {
        prop_assume!(a.is_finite() && b.is_finite() && (a + b).is_finite() && a + b != 0.0);
        prop_assert_eq!(run(Aggregate::Sum, &floats(&[a, b])), Value::float(a + b).unwrap());
    }
}
