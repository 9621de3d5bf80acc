//! Arbitrary values for the property tests.

use nedb_types::{BigInt, Decimal, Float, Object, Timestamp, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// Makes values of every type, nested a few levels.
pub fn any_value() -> BoxedStrategy<Value> {
    scalar()
        .prop_recursive(4, 48, 6, |inner| {
            prop_oneof![vec(inner.clone(), 0..6).prop_map(Value::Array), object_of(inner).prop_map(Value::Object)]
        })
        .boxed()
}

/// Makes numbers of every type, many of them close to each other.
pub fn number() -> BoxedStrategy<Value> {
    let near_limits = prop_oneof![Just(0_i128), Just(1 << 53), Just(i128::from(i64::MAX)), Just(i128::from(i64::MIN))];
    let close = (near_limits, -3_i128..=3).prop_map(|(base, offset)| base + offset);
    let integers = prop_oneof![any::<i64>().prop_map(i128::from), any::<i128>(), close].boxed();
    prop_oneof![
        integers.clone().prop_map(|integer| Value::integer(BigInt::from(integer))),
        integers.clone().prop_map(|integer| {
            // Parsing rounds as a cast would, and needs no cast.
            float(integer.to_string().parse().unwrap())
        }),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(float),
        (-40_i32..40).prop_map(|quarters| float(f64::from(quarters) / 4.0)),
        (integers, prop_oneof![-20..20_i32, any::<i32>()])
            .prop_map(|(coefficient, scale)| { Value::Decimal(Decimal::new(BigInt::from(coefficient), scale)) }),
    ]
    .boxed()
}

fn float(float: f64) -> Value {
    Value::F64(Float::new(float).unwrap())
}

fn scalar() -> BoxedStrategy<Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::I64),
        any::<i8>().prop_map(|small| Value::I64(i64::from(small))),
        number(),
        any::<String>().prop_map(Value::String),
        vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        any::<i64>().prop_map(|micros| Value::DateTime(Timestamp::from_micros(micros))),
        any::<[u8; 16]>().prop_map(Value::Uuid),
        any::<[u8; 12]>().prop_map(Value::ObjectId),
    ]
    .boxed()
}

/// Makes objects with fields of the given values, some with names that mean something to JSON.
pub fn object_of(value: BoxedStrategy<Value>) -> impl Strategy<Value = Object> {
    let special = prop_oneof![
        Just("$bytes"),
        Just("$datetime"),
        Just("$uuid"),
        Just("$oid"),
        Just("$decimal"),
        Just("$literal"),
        Just("_id"),
        Just("")
    ];
    let name = prop_oneof![3 => any::<String>(), 1 => special.prop_map(str::to_owned)];
    vec((name, value), 0..6).prop_map(|fields| {
        let mut object = Object::new();
        for (name, value) in fields {
            object.insert(name, value);
        }
        object
    })
}
