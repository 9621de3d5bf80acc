//! Large and deep inputs: bounded, and refused by name where they go beyond.

use nedb_nql::{Expr, Params, Query, parse, parse_condition};
use nedb_types::limits::{QUERY_BYTES_MAX, QUERY_NESTING_MAX};
use nedb_types::{Collection, ErrorCode, FieldPath, Value};

#[test]
fn a_chain_of_a_million_conditions_is_one_flat_list() {
    for word in ["AND", "OR"] {
        let chain = vec!["a=1"; 1_000_000].join(&format!(" {word} "));
        match parse_condition(&chain).unwrap() {
            Expr::And(parts) | Expr::Or(parts) => assert_eq!(parts.len(), 1_000_000),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_list_may_have_a_million_values() {
    let numbers: Vec<String> = (0..1_000_000).rev().map(|number| number.to_string()).collect();
    let statement = parse(&format!("FROM a WHERE n IN ({})", numbers.join(","))).unwrap();
    assert!(statement.bind(&Params::new()).is_ok());
    let list: Vec<Value> = (0..1_000_000_i64).map(Value::from).collect();
    assert!(parse("FROM a WHERE n IN $list").unwrap().bind(&Params::new().with("list", list)).is_ok());
}

#[test]
fn too_many_conditions_are_refused_by_name() {
    let chain = vec!["a=1"; 1_100_000].join(" AND ");
    let error = parse_condition(&chain).unwrap_err();
    assert_eq!(error.code(), ErrorCode::QueryTooLarge);
    assert!(error.message().contains("QUERY_TERMS_MAX"), "{error}");
}

#[test]
fn deep_nesting_is_refused_where_it_begins() {
    let levels = 100_000;
    let deep = [
        "(".repeat(levels),
        "NOT ".repeat(levels),
        format!("a = {}", "[".repeat(levels)),
        format!("a = {}", "{\"a\":".repeat(levels) + "1" + &"}".repeat(levels)),
        "NOT (".repeat(levels),
    ];
    for text in deep {
        let error = parse_condition(&text).unwrap_err();
        assert!(matches!(error.code(), ErrorCode::QueryTooLarge | ErrorCode::QuerySyntax), "{error}");
    }
    let within = |levels: usize| "(".repeat(levels) + "a = 1" + &")".repeat(levels);
    assert_eq!(QUERY_NESTING_MAX, 64);
    assert!(parse_condition(&within(QUERY_NESTING_MAX)).is_ok());
    let error = parse_condition(&within(QUERY_NESTING_MAX + 1)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::QueryTooLarge);
    assert!(error.message().contains("at most 64 levels (QUERY_NESTING_MAX)"), "{error}");
}

#[test]
fn what_the_parser_takes_the_planner_takes() {
    let levels = QUERY_NESTING_MAX / 2;
    let deep = "NOT (b = 1 OR a = 2 AND ".repeat(levels) + "c = 3" + &")".repeat(levels);
    let statement = parse(&format!("FROM a WHERE {deep}")).unwrap();
    statement.bind(&Params::new()).unwrap();
    assert_eq!(parse(&statement.to_string()).unwrap(), statement);
}

#[test]
fn a_built_condition_that_is_too_deep_is_refused() {
    let mut expr = Expr::Exists { path: FieldPath::field("a") };
    for _ in 0..1_000 {
        expr = expr.negate();
    }
    let query = Query { filter: Some(expr), ..Query::all_of(Collection::new("a").unwrap()) };
    assert_eq!(query.plan(&Params::new()).unwrap_err().code(), ErrorCode::QueryTooLarge);
}

#[test]
fn a_text_that_is_too_long_is_refused_unread() {
    let error = parse(&" ".repeat(QUERY_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::QueryTooLarge);
}
