//! What a placeholder is given is a value and never text of the statement.

use std::collections::BTreeMap;

use crate::{list, rows, written};
use nedb::{Body, Database, ErrorCode, Value};
use nedb_compat::sql::SqlParams;

const ATTEMPTS: [&str; 8] = [
    "x' OR '1' = '1",
    "x\" OR \"1\" = \"1",
    "'; DELETE FROM users; --",
    "$p1",
    ":name",
    "%",
    "\\' OR 1=1 --",
    "' UNION SELECT * FROM secrets --",
];

/// A field as the engine has it.
fn stored(db: &Database, collection: &str, id: &str, field: &str) -> Value {
    let row = db.get(collection, id).unwrap().expect("it was inserted");
    row.field(field).unwrap().expect("it has the field").to_value().unwrap()
}

#[test]
fn an_injected_text_is_compared_stored_and_searched_as_it_is() {
    let db = Database::in_memory().unwrap();
    db.put("users", "ada", Body::json(r#"{"name":"Ada"}"#)).unwrap();
    for attempt in ATTEMPTS {
        let params = list([attempt]);
        assert_eq!(rows(&db, "SELECT * FROM users WHERE name = ?", &params).unwrap(), [""; 0], "{attempt}");
        assert_eq!(rows(&db, "SELECT * FROM users WHERE name IN ($1)", &params).unwrap(), [""; 0], "{attempt}");
        assert_eq!(written(&db, "DELETE FROM users WHERE name = ?", &params).unwrap().rowcount, 0, "{attempt}");
        assert_eq!(written(&db, "INSERT INTO texts (_id, text) VALUES ($1, $1)", &params).unwrap().rowcount, 1);
        let named = SqlParams::Named(BTreeMap::from([("text".to_owned(), Value::from(attempt))]));
        let found = rows(&db, "SELECT text FROM texts WHERE text = :text", &named).unwrap();
        assert_eq!(found.len(), 1, "{attempt}");
        assert_eq!(stored(&db, "texts", attempt, "text"), Value::from(attempt));
    }
    assert_eq!(rows(&db, "SELECT COUNT(*) FROM users", &SqlParams::None).unwrap(), [r#"{"count":1}"#]);
}

#[test]
fn values_keep_their_types() {
    let db = Database::in_memory().unwrap();
    let kinds = vec![
        Value::from(true),
        Value::from(u64::MAX),
        Value::float(1.0).unwrap(),
        Value::Decimal("1.50".parse().unwrap()),
        Value::from("1"),
        Value::Bytes(vec![0, 255]),
        Value::Uuid([7; 16]),
        Value::Array(vec![1.into(), "x".into()]),
        Value::Null,
    ];
    for (position, kind) in kinds.into_iter().enumerate() {
        let id = i64::try_from(position).unwrap();
        let params = SqlParams::List(vec![id.into(), kind.clone()]);
        written(&db, "INSERT INTO kinds (id, value) VALUES (?, ?)", &params).unwrap();
        assert_eq!(stored(&db, "kinds", &position.to_string(), "value"), kind);
        let found = rows(
            &db,
            "SELECT id FROM kinds WHERE value = ? AND id = ?",
            &SqlParams::List(vec![kind.clone(), id.into()]),
        );
        assert_eq!(found.unwrap().len(), usize::from(kind != Value::Null), "{kind:?}");
    }
}

#[test]
fn each_placeholder_takes_one_value_and_each_value_a_placeholder() {
    let db = Database::in_memory().unwrap();
    let refused = |text: &str, params: &SqlParams| rows(&db, text, params).unwrap_err();
    let named = |names: &[&str]| {
        SqlParams::Named(names.iter().map(|name| ((*name).to_owned(), Value::from(1))).collect::<BTreeMap<_, _>>())
    };
    for (text, params) in [
        ("SELECT a FROM t WHERE a = ?", SqlParams::None),
        ("SELECT a FROM t WHERE a = ?", list([1, 2])),
        ("SELECT a FROM t WHERE a = ?", named(&["a"])),
        ("SELECT a FROM t WHERE a = $2", list([1])),
        ("SELECT a FROM t WHERE a = :a", list([1])),
        ("SELECT a FROM t WHERE a = :a", named(&["b"])),
        ("SELECT a FROM t WHERE a = :a", named(&["a", "b"])),
        ("SELECT a FROM t", list([1])),
        ("SELECT a FROM t LIMIT ?", list(["1"])),
        ("SELECT a FROM t LIMIT ?", list([-1])),
        ("SELECT a FROM t WHERE a LIKE ?", list([1])),
        ("SELECT a FROM t AS OF ?", list([true])),
    ] {
        let error = refused(text, &params);
        assert_eq!(error.code(), ErrorCode::SqlParameter, "{text}: {error}");
    }
    assert_eq!(refused("SELECT a FROM t WHERE a = ? OR a = :b", &list([1])).code(), ErrorCode::SqlSyntax);
    assert!(rows(&db, "SELECT a FROM t WHERE a = $1 OR b = $1 OR c = ?2", &list([1, 2])).is_ok());
    assert!(rows(&db, "SELECT a FROM t WHERE a = :a OR a = $a OR a = @a", &named(&["a"])).is_ok());
}
