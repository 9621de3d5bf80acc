//! No text makes the parser or the translation run out of stack or time.

use crate::{list, rows};
use nedb::{Body, Database, ErrorCode};
use nedb_compat::sql::{SqlParams, to_nql};

/// A stack as small as that of threads on some systems.
const STACK_KIB: usize = 1024;

fn refused(text: &str) -> ErrorCode {
    match to_nql(text) {
        Err(error) => error.code(),
        Ok(nql) => panic!("a text of {} bytes became {} bytes of NQL", text.len(), nql.len()),
    }
}

#[test]
fn deep_nesting_is_refused_and_never_overflows_the_stack() {
    let depth = 100_000;
    for (open, inner, close) in [
        ("(", "a = 1", ")"),
        ("NOT ", "a = 1", ""),
        ("NOT (", "a = 1", ")"),
        ("- ", "1 = a", ""),
        ("CASE WHEN ", "a", " THEN 1 END"),
        ("a = (SELECT b FROM t WHERE ", "a", ")"),
        ("a IN (", "1", ")"),
        ("f(", "1", ")"),
        ("[", "1", "]"),
        ("{", "1", "}"),
    ] {
        let text = format!("SELECT a FROM t WHERE {}{inner}{}", open.repeat(depth), close.repeat(depth));
        let code = refused(&text);
        assert!(matches!(code, ErrorCode::QueryTooLarge | ErrorCode::SqlSyntax), "{open}: {code:?}");
    }
    for text in [
        format!("SELECT a FROM {}t{}", "(".repeat(depth), ")".repeat(depth)),
        format!("{}SELECT a FROM t{}", "(".repeat(depth), ")".repeat(depth)),
        format!("SELECT a{} FROM t", ".b".repeat(depth)),
        format!("SELECT a{} FROM t", "[0]".repeat(depth)),
    ] {
        let code = refused(&text);
        assert!(matches!(code, ErrorCode::QueryTooLarge | ErrorCode::NestingTooDeep), "{code:?}");
    }
}

#[test]
fn nesting_below_the_limit_is_answered_and_at_the_limit_fits_a_small_stack() {
    let nested = |depth: usize| format!("SELECT a FROM t WHERE {}a = 1{}", "NOT (".repeat(depth), ")".repeat(depth));
    assert_eq!(to_nql(&nested(32)).unwrap(), "FROM t WHERE a = 1 SELECT a");
    assert_eq!(refused(&nested(33)), ErrorCode::QueryTooLarge);
    let small = std::thread::Builder::new().stack_size(STACK_KIB << 10);
    let thread = small.spawn(|| {
        for open in ["(", "NOT (", "f("] {
            for inner in ["a = 1", "SELECT", "a b", ""] {
                let text = format!("SELECT a FROM t WHERE {}{inner}{}", open.repeat(32), ")".repeat(32));
                drop(to_nql(&text));
            }
        }
        drop(to_nql(&format!("SELECT a FROM {}t{}", "(".repeat(32), ")".repeat(32))));
        drop(to_nql(&format!("SELECT a FROM t WHERE {} a = 1", "NOT ".repeat(4096))));
        drop(to_nql(&chain(4095)));
        drop(to_nql(&format!("{} FROM", chain(4095))));
        drop(to_nql(&format!("SELECT a FROM t WHERE b = {}1", "1 + ".repeat(4095))));
    });
    thread.unwrap().join().expect("the stack is large enough");
}

fn chain(terms: usize) -> String {
    let terms: Vec<String> = (0..=terms).map(|term| format!("a = {term}")).collect();
    format!("SELECT a FROM t WHERE {}", terms.join(" OR "))
}

#[test]
fn a_chain_has_a_limit_and_a_list_has_none_of_its_own() {
    assert!(to_nql(&chain(4096)).is_ok());
    assert_eq!(refused(&chain(4097)), ErrorCode::QueryTooLarge);
    let db = Database::in_memory().unwrap();
    db.put("t", "x", Body::json(r#"{"a":199999}"#)).unwrap();
    let numbers: Vec<String> = (0..200_000).map(|number| number.to_string()).collect();
    let text = format!("SELECT _id FROM t WHERE a IN ({})", numbers.join(", "));
    assert_eq!(rows(&db, &text, &SqlParams::None).unwrap(), [r#"{"_id":"x"}"#]);
    let text = format!("SELECT _id FROM t WHERE a IN ({})", vec!["?"; 60_000].join(", "));
    assert_eq!(rows(&db, &text, &list(140_000_i64..200_000)).unwrap(), [r#"{"_id":"x"}"#]);
}

#[test]
fn a_text_of_more_than_2_mib_is_refused_before_it_is_read() {
    let statement = "SELECT a FROM t";
    let filled = |bytes: usize| format!("{statement}{}", " ".repeat(bytes - statement.len()));
    assert!(to_nql(&filled(2 << 20)).is_ok());
    let error = to_nql(&filled((2 << 20) + 1)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::QueryTooLarge);
    assert!(error.to_string().contains("SQL_BYTES_MAX"), "{error}");
    assert_eq!(refused(&"(".repeat(64 << 20)), ErrorCode::QueryTooLarge);
}

#[test]
fn conditions_that_say_their_inside_twice_are_bounded() {
    let asked = |truth: &str, times: usize| format!("SELECT a FROM t WHERE a{}", truth.repeat(times));
    assert!(to_nql(&asked(" IS UNKNOWN", 8)).is_ok());
    assert!(to_nql(&asked(" IS TRUE", 64)).is_ok());
    let small = std::thread::Builder::new().stack_size(STACK_KIB << 10);
    let thread = small.spawn(move || {
        for truth in [" IS UNKNOWN", " IS NOT UNKNOWN", " IS TRUE IS UNKNOWN"] {
            assert_eq!(refused(&asked(truth, 40)), ErrorCode::QueryTooLarge, "{truth}");
        }
        for truth in [" IS TRUE", " IS NOT TRUE", " IS FALSE", " IS UNKNOWN"] {
            assert_eq!(refused(&asked(truth, 4000)), ErrorCode::QueryTooLarge, "{truth}");
        }
        let before_a_subscript = format!("SELECT a FROM t WHERE (a{})[0] = 1", " IS TRUE".repeat(4000));
        assert_eq!(refused(&before_a_subscript), ErrorCode::SqlUnsupported);
        let conditions = vec![format!("t.a{}", " IS UNKNOWN".repeat(12)); 300].join(" AND ");
        let joined = format!("SELECT t.a FROM t JOIN u ON t.a = u.a WHERE {conditions}");
        assert_eq!(refused(&joined), ErrorCode::QueryTooLarge);
    });
    thread.unwrap().join().expect("the stack is large enough");
}

#[test]
fn a_join_has_at_most_64_tables() {
    let db = Database::in_memory().unwrap();
    db.put("t", "x", Body::json(r#"{"a":1}"#)).unwrap();
    let joined = |tables: usize| {
        let joins: Vec<String> = (1..tables).map(|table| format!("JOIN t t{table} ON t{table}._id = t0._id")).collect();
        let joins = joins.join(" ");
        rows(&db, &format!("SELECT t0.a FROM t t0 {joins}"), &SqlParams::None)
    };
    assert_eq!(joined(64).unwrap(), [r#"{"a":1}"#]);
    for tables in [65, 4_000] {
        let error = joined(tables).unwrap_err();
        assert_eq!(error.code(), ErrorCode::QueryTooLarge);
        assert!(error.to_string().contains("JOIN_INPUTS_MAX"), "{error}");
    }
}

#[test]
fn a_set_names_few_enough_columns_to_look_for_each_in_each_row() {
    let db = Database::in_memory().unwrap();
    db.put("t", "k", Body::json("{}")).unwrap();
    let update = |count: usize| {
        let columns: Vec<String> = (0..count).map(|n| format!("c{n} = {n}")).collect();
        let params = SqlParams::None;
        nedb_compat::sql::exec(&db, &format!("UPDATE t SET {}", columns.join(", ")), &params).map(drop)
    };
    update(4096).unwrap();
    assert_eq!(update(20_000).unwrap_err().code(), ErrorCode::QueryTooLarge);
}
