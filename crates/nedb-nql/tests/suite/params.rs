//! Parameters: each is given, each is used, each has a type that fits.

use nedb_nql::{BoundStatement, Moment, Params, parse};
use nedb_types::{ErrorCode, Seq, Timestamp, Value};

fn message(text: &str, params: &Params) -> String {
    let error = parse(text).unwrap().bind(params).unwrap_err();
    assert_eq!(error.code(), ErrorCode::QueryParameter);
    error.to_string()
}

#[test]
fn a_missing_and_an_extra_parameter_are_named() {
    assert_eq!(message("FROM a LIMIT $n", &Params::new()), "the parameter $n has no value");
    assert_eq!(message("FROM a", &Params::new().with("n", 1)), "the statement has no parameter $n");
}

#[test]
fn a_parameter_of_the_wrong_type_is_named() {
    let cases = [
        ("FROM a LIMIT $p", Value::from("ten"), "the parameter $p must be an integer of 0 or more, not this string"),
        ("FROM a OFFSET $p", Value::from(-1), "the parameter $p must be an integer of 0 or more, not this integer"),
        ("FROM a WHERE x IN $p", Value::from(1), "the parameter $p must be an array, not this integer"),
        ("FROM a WHERE x LIKE $p", Value::from(1), "the parameter $p must be a string, not this integer"),
        ("FROM a SEARCH $p", Value::from(""), "the parameter $p must be the words of a search, not this string"),
    ];
    for (text, value, expected) in cases {
        assert_eq!(message(text, &Params::new().with("p", value)), expected);
    }
}

#[test]
fn a_moment_may_be_a_seq_or_a_time() {
    let at = Timestamp::from_micros(0);
    let cases = [
        (Value::from(7), Moment::Seq(Seq::new(7))),
        (Value::from(-1), Moment::Empty),
        (Value::from("1970-01-01"), Moment::Time(at)),
        (Value::from(at), Moment::Time(at)),
    ];
    for (value, expected) in cases {
        let bound = parse("FROM a AS OF $at").unwrap().bind(&Params::new().with("at", value)).unwrap();
        assert!(matches!(bound, BoundStatement::Query(plan) if plan.as_of == Some(expected)));
    }
}

#[test]
fn a_parameter_is_a_value_and_never_text_of_the_query() {
    let hostile = "x' OR 1 = 1 -- ";
    let bound = parse("FROM a WHERE n = $v").unwrap().bind(&Params::new().with("v", hostile)).unwrap();
    let BoundStatement::Query(plan) = bound else { panic!() };
    assert_eq!(plan.filter.conjuncts().len(), 1);
}
