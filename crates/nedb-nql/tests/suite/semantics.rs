//! The meaning of conditions: a table of promises, and a naive evaluator written apart that must agree.

use nedb_nql::{
    Arg, BoundStatement, CaseRule, CompareOp, Expr, FieldRef, Fields, InList, IndexKeys, Params, Plan, Predicate,
    Query, SortDirection, Test, order_rows, parse,
};
use nedb_types::document::{DocumentBuf, json_to_document};
use nedb_types::{Collection, Object, Value};
use proptest::prelude::*;
use std::cmp::Ordering;

use crate::random::{expr, row, value};

fn plan(text: &str) -> Plan {
    match parse(text).unwrap().bind(&Params::new()).unwrap() {
        BoundStatement::Query(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

fn holds(condition: &str, json: &str) -> bool {
    let document = json_to_document(json.as_bytes()).unwrap();
    plan(&format!("FROM a WHERE {condition}")).filter.matches(&document.as_document()).unwrap()
}

#[test]
fn each_operator_means_what_the_language_says() {
    let row = r#"{"n":5,"f":5.0,"big":123456789012345678901234567890,"s":"Ada","z":null,"t":true,"a":[1,"x"],"o":{"p":[{"q":7}]}}"#;
    let rules = [
        ("n = 5.0 AND f = 5 AND NOT n != 5", true),
        ("t = 1 OR t = 'true'", false),
        ("t = true", true),
        ("missing = null AND missing IS NULL AND z IS NULL AND z = null", true),
        ("missing != 5 AND z <> 5", true),
        ("EXISTS(missing)", false),
        ("EXISTS(z)", true),
        ("n < null OR n >= null OR z < 5 OR missing <= 5", false),
        ("n < 'a' OR n > 'a' OR s > 1", false),
        ("NOT n < 'a' AND NOT missing < 5", true),
        ("n BETWEEN 5 AND 5 AND n NOT BETWEEN 6 AND 4", true),
        ("n BETWEEN 1 AND 'z' OR missing BETWEEN null AND null", false),
        ("n NOT BETWEEN 1 AND 'z'", true),
        ("n IN (4, 5.0) AND missing IN (1, null) AND n NOT IN ()", true),
        ("s LIKE 'A%a' AND s LIKE '___' AND s NOT LIKE 'a%' AND s ILIKE 'aDA'", true),
        ("n LIKE '%' OR missing LIKE '%'", false),
        ("n NOT LIKE '%' AND missing NOT LIKE '%'", true),
        ("s CONTAINS 'da' AND a CONTAINS 1.0 AND a CONTAINS x", true),
        ("s CONTAINS 1 OR n CONTAINS 5 OR missing CONTAINS 'x'", false),
        ("a = [1.0, 'x'] AND a[0] = 1 AND a[1] = x AND a != [1]", true),
        ("a[2] IS NULL AND NOT EXISTS(a[2])", true),
        ("o.p[0].q = 7 AND o = {\"p\": [{\"q\": 7}]}", true),
        ("big > 123456789012345678901234567889 AND big < 1e30", true),
        ("s = Ada AND s < 'B'", true),
        ("t > false", true),
    ];
    for (condition, expected) in rules {
        assert_eq!(holds(condition, row), expected, "{condition}");
    }
}

#[test]
fn null_comes_last_ascending_and_first_descending() {
    let (null, one) = (Value::Null, Value::from(1));
    assert!(order_rows(&one, &null, SortDirection::Ascending).is_lt());
    assert!(order_rows(&null, &one, SortDirection::Descending).is_lt());
    assert!(order_rows(&one, &Value::from("a"), SortDirection::Ascending).is_lt());
}

#[test]
fn a_hostile_pattern_takes_no_more_than_text_times_pattern() {
    let pattern = "%a".repeat(2_000) + "%b";
    let text = "a".repeat(20_000);
    assert!(!holds(&format!("s LIKE '{pattern}'"), &format!(r#"{{"s":"{text}"}}"#)));
}

#[test]
fn equalities_on_one_field_become_one_look_up() {
    let filter = plan("FROM a WHERE n = 2 OR n IN (3, 1.0) OR n = 1").filter;
    let index_use = filter.index_use().unwrap();
    assert!(index_use.is_exact);
    assert!(matches!(index_use.keys, IndexKeys::Points(points) if points.len() == 3));
    assert!(plan("FROM a WHERE n IN ()").filter.is_never());
    assert!(plan("FROM a WHERE NOT n IN ()").filter.is_always());
}

fn query_of(filter: Expr) -> Query {
    Query { filter: Some(filter), ..Query::all_of(Collection::new("a").unwrap()) }
}

/// Evaluates a condition as it is written, by the sentences of the language.
fn naive(expr: &Expr, row: &Object) -> bool {
    let get = |path| row.field(path).unwrap().map(|found: FieldRef<'_>| found.to_value().unwrap());
    let given = |arg: &Arg<Value>| match arg {
        Arg::Given(value) => value.clone(),
        Arg::Param(name) => panic!("{name:?}"),
    };
    match expr {
        Expr::And(parts) => parts.iter().all(|part| naive(part, row)),
        Expr::Or(parts) => parts.iter().any(|part| naive(part, row)),
        Expr::Not(inner) => !naive(inner, row),
        Expr::Compare { path, op, value } => compares(&get(path).unwrap_or_default(), *op, &given(value)),
        Expr::In { path, list: InList::Items(items) } => {
            items.iter().any(|item| compares(&get(path).unwrap_or_default(), CompareOp::Equal, &given(item)))
        }
        Expr::Between { path, low, high } => {
            let found = get(path).unwrap_or_default();
            compares(&found, CompareOp::GreaterOrEqual, &given(low))
                && compares(&found, CompareOp::LessOrEqual, &given(high))
        }
        Expr::Like { path, pattern: Arg::Given(pattern), case } => match get(path) {
            Some(Value::String(text)) if *case == CaseRule::Exact => is_like(&text, pattern),
            Some(Value::String(text)) => is_like(&text.to_lowercase(), &pattern.to_lowercase()),
            _ => false,
        },
        Expr::In { list: InList::Param(name), .. } | Expr::Like { pattern: Arg::Param(name), .. } => panic!("{name:?}"),
        Expr::IsNull { path } => get(path).unwrap_or_default() == Value::Null,
        Expr::Exists { path } => get(path).is_some(),
        Expr::Contains { path, value } => match (get(path), given(value)) {
            (Some(Value::String(text)), Value::String(part)) => text.contains(&part),
            (Some(Value::Array(elements)), member) => elements.iter().any(|element| element.cmp_total(&member).is_eq()),
            _ => false,
        },
    }
}

fn compares(left: &Value, op: CompareOp, right: &Value) -> bool {
    let is_number = |value: &Value| matches!(value.type_name(), "integer" | "float" | "decimal");
    let is_ordered =
        *left != Value::Null && (left.type_name() == right.type_name() || (is_number(left) && is_number(right)));
    let order = left.cmp_total(right);
    match op {
        CompareOp::Equal => order == Ordering::Equal,
        CompareOp::NotEqual => order != Ordering::Equal,
        CompareOp::Less => is_ordered && order.is_lt(),
        CompareOp::LessOrEqual => is_ordered && order.is_le(),
        CompareOp::Greater => is_ordered && order.is_gt(),
        CompareOp::GreaterOrEqual => is_ordered && order.is_ge(),
    }
}

/// Matches by trying everything.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut pieces = pattern.chars();
    let mut rest = text.chars();
    match pieces.next() {
        None => text.is_empty(),
        Some('%') => {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| is_like(&text[at..], pieces.as_str()))
        }
        Some('_') => rest.next().is_some() && is_like(rest.as_str(), pieces.as_str()),
        Some(other) => {
            let wanted = if other == '\\' { pieces.next().unwrap_or('\\') } else { other };
            rest.next() == Some(wanted) && is_like(rest.as_str(), pieces.as_str())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_normal_form_agrees_with_the_naive_reading(expr in expr(false), row in row()) {
        let expected = naive(&expr, &row);
        let plan = query_of(expr).plan(&Params::new()).unwrap();
        prop_assert_eq!(plan.filter.matches(&row).unwrap(), expected, "{:?}", plan.filter);
        if let Ok(stored) = DocumentBuf::from_object(&row) {
            prop_assert_eq!(plan.filter.matches(&stored.as_document()).unwrap(), expected, "stored: {:?}", plan.filter);
        }
    }

    #[test]
    fn an_index_use_misses_no_row_and_is_exact_where_it_says_so(expr in expr(false), row in row()) {
        let plan = query_of(expr).plan(&Params::new()).unwrap();
        for conjunct in plan.filter.conjuncts() {
            let Some(index_use) = conjunct.index_use() else { continue };
            let found = row.field(index_use.path).unwrap().map_or(Value::Null, |found| found.to_value().unwrap());
            let is_listed = match &index_use.keys {
                IndexKeys::Points(points) => points.iter().any(|point| point.cmp_total(&found).is_eq()),
                IndexKeys::Range(range) => range.contains(&found),
            };
            let is_match = conjunct.matches(&row).unwrap();
            prop_assert!(is_listed || !is_match, "missed {found:?} by {conjunct:?}");
            prop_assert!(!index_use.is_exact || is_listed == is_match, "not exact for {found:?}: {conjunct:?}");
        }
    }

    #[test]
    fn ranges_intersect_as_sets(low in value(), high in value(), probe in value()) {
        let within = |text: &str, bound: &Value| {
            let plan = parse(&format!("FROM a WHERE x {text} $v")).unwrap().bind(&Params::new().with("v", bound.clone()));
            match plan.unwrap() {
                BoundStatement::Query(plan) => match plan.filter {
                    Predicate::Field(test) => match test.test {
                        Test::Within(range) => Some(range),
                        other => panic!("{other:?}"),
                    },
                    _ => None,
                },
                other => panic!("{other:?}"),
            }
        };
        if let (Some(above), Some(below)) = (within(">", &low), within("<=", &high)) {
            let both = above.contains(&probe) && below.contains(&probe);
            let range = above.intersect(below);
            prop_assert_eq!(range.contains(&probe), both);
            prop_assert!(!(range.is_empty() && both));
        }
    }
}
