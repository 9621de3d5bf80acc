//! `_id` values of any type as document ids of the engine, one to one.
//!
//! Text is the id as it is, so documents of every face have readable ids. The other types are text too:
//!
//! ```text
//! "ada"                       ada
//! an object id                $oid:65f1c0ffee65f1c0ffee65f1
//! 5, 2.5, true, a date ...    $id: and the value as JSON: $id:5   $id:{"$datetime":"2024-03-01T00:00:00Z"}
//! "", "$id:..", "$oid:.."     $id: and the text as JSON, because these texts would look like the above
//! bytes that are no UTF-8     the bytes
//! ```
//!
//! Numbers that are equal are one id, whatever their types: an integer where the value is whole, else a float where there is one of
//! exactly that value, else a decimal without trailing zeros. An id whose type or form the key does not tell (`5.0`) is kept in
//! the document under the field [`KEPT_FIELD`], so that it comes back as it was given.

use nedb_types::{
    BigInt, Decimal, Object, Result, Value,
    document::{json_to_value, value_to_json},
    hex,
};

use super::fault::{Refusal, refused};

/// The field of a stored document that keeps an `_id` which its key does not give back.
pub(super) const KEPT_FIELD: &str = "$id";

const OBJECT_ID: &str = "$oid:";
const OTHER: &str = "$id:";

/// Decimals of fewer places than this before the point are written as integers; the others exceed the length of an id anyway.
const SCALE_MIN: i32 = -1_000;

/// The engine's id of an `_id`.
pub(super) fn key_of(id: &Value) -> Result<Vec<u8>> {
    match id {
        Value::String(text) if is_plain(text) => Ok(text.as_bytes().to_vec()),
        Value::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => Ok(bytes.clone()),
        Value::ObjectId(bytes) => Ok([OBJECT_ID, &hex::encode(bytes)].concat().into_bytes()),
        Value::Array(_) => Err(refused(Refusal::InvalidId, "an _id must not be an array")),
        other => Ok([OTHER, &value_to_json(&canonical(other))?].concat().into_bytes()),
    }
}

/// The `_id` of an id of the engine; an id that no `_id` has reads as its text or bytes.
pub(super) fn value_of(key: &[u8]) -> Value {
    let Ok(text) = std::str::from_utf8(key) else { return Value::Bytes(key.to_vec()) };
    let read = if let Some(digits) = text.strip_prefix(OBJECT_ID) {
        json_to_value(format!(r#"{{"{}":"{digits}"}}"#, OBJECT_ID.trim_end_matches(':')).as_bytes()).ok()
    } else {
        text.strip_prefix(OTHER).and_then(|json| json_to_value(json.as_bytes()).ok())
    };
    // Only what was written by `key_of` is read back.
    let is_own = |value: &Value| key_of(value).is_ok_and(|own| own == key);
    read.filter(is_own).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Whether a text is its own key.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(OBJECT_ID) && !text.starts_with(OTHER)
}

/// The one form of values that are equal.
fn canonical(value: &Value) -> Value {
    match value {
        Value::F64(float) if float.get().fract() == 0.0 => whole(&format!("{:.0}", float.get())),
        Value::Decimal(decimal) => canonical_decimal(decimal),
        Value::Array(elements) => Value::Array(elements.iter().map(canonical).collect()),
        Value::Object(object) => {
            let mut made = Object::new();
            for (name, value) in object.iter() {
                made.insert(name, canonical(value));
            }
            Value::Object(made)
        }
        other => other.clone(),
    }
}

/// The integer of decimal digits; `-0` is 0.
fn whole(digits: &str) -> Value {
    digits.parse().map_or(Value::Null, Value::integer)
}

fn canonical_decimal(decimal: &Decimal) -> Value {
    let (zero, ten) = (BigInt::from(0), BigInt::from(10));
    let (mut coefficient, mut scale) = (decimal.coefficient().clone(), decimal.scale());
    if coefficient == zero {
        return Value::from(0);
    }
    while scale > SCALE_MIN && &coefficient % &ten == zero {
        coefficient /= &ten;
        scale -= 1;
    }
    if (SCALE_MIN..=0).contains(&scale) {
        return Value::integer(coefficient * ten.pow(scale.unsigned_abs()));
    }
    let shortest = Decimal::new(coefficient, scale);
    let float = shortest.to_string().parse().ok().and_then(|float| Value::float(float).ok());
    let exact = Value::Decimal(shortest);
    float.filter(|float| float.cmp_total(&exact).is_eq()).unwrap_or(exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        json_to_value(json.as_bytes()).unwrap()
    }

    fn key(json: &str) -> String {
        String::from_utf8(key_of(&value(json)).unwrap()).unwrap()
    }

    #[test]
    fn text_is_its_own_id_and_every_other_type_has_a_readable_one() {
        for (json, expected) in [
            (r#""ada""#, "ada"),
            (r#"{"$oid":"65f1c0ffee65f1c0ffee65f1"}"#, "$oid:65f1c0ffee65f1c0ffee65f1"),
            ("5", "$id:5"),
            ("2.5", "$id:2.5"),
            ("null", "$id:null"),
            (r#""""#, r#"$id:"""#),
            (r#""$id:5""#, r#"$id:"$id:5""#),
            (r#""$oid:x""#, r#"$id:"$oid:x""#),
            (r#"{"$datetime":"2024-03-01"}"#, r#"$id:{"$datetime":"2024-03-01T00:00:00Z"}"#),
            (r#"{"b":1,"a":[2]}"#, r#"$id:{"b":1,"a":[2]}"#),
        ] {
            assert_eq!(key(json), expected);
            assert_eq!(value_of(expected.as_bytes()), value(json), "{expected}");
        }
        assert!(key_of(&value("[1]")).is_err());
        assert_eq!(key_of(&Value::Bytes(vec![0xff])).unwrap(), [0xff]);
        assert_eq!(value_of(&[0xff]), Value::Bytes(vec![0xff]));
    }

    #[test]
    fn equal_numbers_are_one_id_and_different_ones_are_two() {
        for equal in ["5.0", r#"{"$decimal":"5.00"}"#, r#"{"$decimal":"0.5E+1"}"#] {
            assert_eq!(key(equal), "$id:5", "{equal}");
        }
        assert_eq!(key("-0.0"), "$id:0");
        assert_eq!(key(r#"{"$decimal":"2.50"}"#), "$id:2.5");
        assert_eq!(key("1e300"), format!("$id:{:.0}", 1e300));
        assert_eq!(key(r#"{"$decimal":"0.10"}"#), r#"$id:{"$decimal":"0.1"}"#);
        assert_ne!(key("0.1"), key(r#"{"$decimal":"0.1"}"#));
    }

    #[test]
    fn an_id_that_nobody_here_wrote_reads_as_its_text() {
        for text in ["$oid:XYZ", "$id:{", "$id: 5", r#"$oid:","a":""#, "$id:5.0"] {
            assert_eq!(value_of(text.as_bytes()), Value::from(text));
        }
    }
}
