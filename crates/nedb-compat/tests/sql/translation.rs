//! `to_nql` gives the question that a SELECT asks: NQL answers it with the same rows, but for SUM of nothing.

use nedb::{Body, Database, Object, Value};
use nedb_compat::sql::{SqlParams, to_nql};
use nedb_types::document::{json_to_value, value_to_json};

use crate::rows;

const CONDITIONS: [&str; 22] = [
    "TRUE",
    "FALSE",
    "a = 1",
    "NOT a = 1",
    "a <> 'x'",
    "a > 0",
    "NOT (a > 0)",
    "a IS NULL",
    "NOT (a IS NULL OR b IS NULL)",
    "a IN (1, 2)",
    "a NOT IN (1, 2)",
    "a NOT IN (1, NULL)",
    "a IN ()",
    "a BETWEEN 1 AND 2",
    "a NOT BETWEEN 1 AND 2",
    "c LIKE 'x%'",
    "c NOT LIKE 'x%'",
    "a NOT LIKE '1%'",
    "NOT (c ILIKE 'X_' AND a = 2)",
    "a IS NOT DISTINCT FROM NULL OR b = 0.5",
    "(a = 1) IS UNKNOWN",
    "(a = 1 OR NOT b > 0) IS NOT TRUE",
];

const SHAPES: [&str; 11] = [
    "SELECT * FROM t WHERE {}",
    "SELECT _id, a FROM t WHERE {} ORDER BY a DESC, _id",
    "SELECT DISTINCT c FROM t WHERE {} ORDER BY c",
    "SELECT COUNT(*), COUNT(a), AVG(a), MIN(b), MAX(c) FROM t WHERE {}",
    "SELECT c, COUNT(*) FROM t WHERE {} GROUP BY c HAVING COUNT(*) > 1 ORDER BY c LIMIT 3 OFFSET 1",
    "SELECT SUM(a) FROM t WHERE {}",
    "SELECT c, SUM(a), AVG(a) FROM t WHERE {} GROUP BY c ORDER BY c",
    "SELECT c FROM t WHERE {} GROUP BY c HAVING SUM(a) < 1 ORDER BY c",
    "SELECT c FROM t WHERE {} GROUP BY c HAVING NOT (SUM(a) = 0) ORDER BY c",
    "SELECT c FROM t WHERE {} GROUP BY c HAVING SUM(a) IS NULL ORDER BY c",
    "SELECT c FROM t WHERE {} GROUP BY c HAVING SUM(a) IS DISTINCT FROM 0 ORDER BY c",
];

/// What a row of NQL is in SQL: SUM of nothing is null, which the mean beside it tells; the mean is shown where it was asked for.
fn in_sql(row: &str, has_mean: bool) -> String {
    let Value::Object(row) = json_to_value(row.as_bytes()).unwrap() else { panic!("a row is an object") };
    let is_null = row.get("avg_a") == Some(&Value::Null);
    let mut shown = Object::new();
    for (name, value) in row {
        match name.as_str() {
            "sum_a" if is_null => assert_eq!(value, Value::from(0)),
            "avg_a" if !has_mean => continue,
            _ => {}
        }
        let value = if name == "sum_a" && is_null { Value::Null } else { value };
        shown.insert(name, value);
    }
    value_to_json(&Value::Object(shown)).unwrap()
}

#[test]
fn the_translation_answers_what_the_statement_answers() {
    let db = Database::in_memory().unwrap();
    let documents = [
        r#"{"a":1,"b":0.5,"c":"x"}"#,
        r#"{"a":2,"b":-1,"c":"xy"}"#,
        r#"{"a":-1,"c":"x"}"#,
        r#"{"a":null,"b":0.5,"c":"y"}"#,
        r#"{"b":3,"c":"y"}"#,
        r#"{"a":"text","c":"z"}"#,
        r#"{"a":0,"c":"z"}"#,
        r#"{"c":null}"#,
        r#"{"a":[1],"c":7}"#,
    ];
    for (number, document) in documents.into_iter().enumerate() {
        db.put("t", format!("k{number}"), Body::json(document)).unwrap();
    }
    for shape in SHAPES {
        for condition in CONDITIONS {
            let statement = shape.replace("{}", condition);
            let wanted = rows(&db, &statement, &SqlParams::None).unwrap();
            let nql = to_nql(&statement).unwrap();
            let answered = db.query(&nql).unwrap().map(|row| row.unwrap().to_json().unwrap());
            let answered: Vec<String> = if shape.starts_with("SELECT *") {
                answered.collect()
            } else {
                answered.map(|row| in_sql(&row, shape.contains("AVG(a)"))).collect()
            };
            assert_eq!(answered, wanted, "{statement}\n{nql}");
        }
    }
}
