//! Errors: what a route answers arrives with its code and detail.

use nedb::Detail;
use nedb_client::{
    Body, Daemon, Database, Error, ErrorCode, Expected, IndexKind, Op, Options, Params, Seq, Value, WriteBatch,
};

use super::daemon::Served;

fn code<T>(result: nedb_client::Result<T>) -> ErrorCode {
    result.err().expect("an error").code()
}

fn first<T>(rows: nedb_client::Result<impl Iterator<Item = nedb_client::Result<T>>>) -> Error {
    match rows {
        Err(error) => error,
        Ok(mut rows) => rows.find_map(Result::err).expect("an error"),
    }
}

#[test]
fn every_route_s_errors_arrive_with_their_code() {
    let served = Served::start(&["--body-mb-max", "1"]);
    let daemon = served.client();
    let shop = served.database("shop");
    shop.put("c", "a", Body::json("{}")).unwrap();
    let none = daemon.database("none");
    let no_database = [
        code(none.put("c", "a", Body::json("{}"))),
        code(none.get("c", "a")),
        code(none.head()),
        code(none.verify(false, None)),
        code(none.stats()),
        code(none.checkpoint()),
        code(none.indexes()),
        code(none.sql("SELECT * FROM c", Value::Null)),
        first(none.query("FROM c", &Params::new())).code(),
        first(none.since(None, 1)).code(),
    ];
    assert_eq!(no_database, [ErrorCode::NotFound; 10]);
    let with = |op: Op| code(shop.write(op));
    let cases: Vec<(ErrorCode, ErrorCode)> = vec![
        (code(daemon.create_database("shop")), ErrorCode::AlreadyExists),
        (code(daemon.create_database("../x")), ErrorCode::InvalidName),
        (code(daemon.drop_database("none")), ErrorCode::NotFound),
        (code(shop.put("a:b", "a", Body::json("{}"))), ErrorCode::InvalidName),
        (code(shop.put("c", "", Body::json("{}"))), ErrorCode::InvalidId),
        (code(shop.put("c", "x".repeat(2000), Body::json("{}"))), ErrorCode::IdTooLong),
        (code(shop.put("c", "b", Body::json(r#"{"_id":"other"}"#))), ErrorCode::IdMismatch),
        (
            code(shop.put("c", "b", Body::json(format!(r#"{{"t":"{}"}}"#, "x".repeat(2 << 20))))),
            ErrorCode::BatchTooLarge,
        ),
        (code(shop.write(WriteBatch::new())), ErrorCode::EmptyBatch),
        (code(shop.link("nonsense", "r", "c:a")), ErrorCode::InvalidNode),
        (with(Op::delete("c", "a").if_seq(Expected::Missing)), ErrorCode::PreconditionFailed),
        (with(Op::delete("c", "a").caused_by(Seq::new(99))), ErrorCode::UnknownCause),
        (with(Op::delete("c", "a").confidence(2.0)), ErrorCode::InvalidConfidence),
        (with(Op::put("c", "a", Body::json("{}")).valid_from("soon")), ErrorCode::InvalidValidTime),
        (with(Op::restore("c", "a", Seq::new(9))), ErrorCode::UnknownVersion),
        (code(shop.get_at("c", "a", "9000-01-01".parse::<nedb_client::AsOf>().unwrap())), ErrorCode::FutureTimestamp),
        (first(shop.query("FROM", &Params::new())).code(), ErrorCode::QuerySyntax),
        (first(shop.query("FROM c WHERE x = $y", &Params::new())).code(), ErrorCode::QueryParameter),
        (code(shop.sql("SELEKT", Value::Null)), ErrorCode::SqlSyntax),
        (code(shop.sql("SELECT * FROM c WHERE x = ?", Value::Null)), ErrorCode::SqlParameter),
        (code(shop.create_index("c", "", IndexKind::Eq)), ErrorCode::InvalidArgument),
        (code(shop.proof(Seq::new(99))), ErrorCode::UnknownProofSeq),
        (code(shop.consistency_proof(5, 9)), ErrorCode::UnknownProofSeq),
    ];
    let wrong: Vec<_> = cases.iter().enumerate().filter(|(_, (got, wanted))| got != wanted).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn what_a_program_reads_of_an_error_arrives_as_well() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let put = |nonce: u64| WriteBatch::new().client("n").op(Op::put("c", "a", Body::json("{}")).nonce(nonce));
    shop.write(put(7)).unwrap();
    let stale = shop.write(put(7)).unwrap_err();
    assert_eq!((stale.code(), stale.detail()), (ErrorCode::StaleNonce, &Detail::StaleNonce { last: 7 }));
    let refused = shop.write(Op::delete("c", "a").if_seq(Expected::Seq(Seq::new(5)))).unwrap_err();
    assert!(
        matches!(refused.detail(), Detail::Preconditions(failures) if (failures[0].expected, failures[0].actual) == (5, 0))
    );
    let keyed = |json: &str| WriteBatch::new().idempotency_key("k").put("c", "k", Body::json(json));
    shop.write(keyed("{}")).unwrap();
    assert_eq!(code(shop.write(keyed(r#"{"other":1}"#))), ErrorCode::IdempotencyConflict);
    let syntax = first(shop.query("FROM c\nWHERE", &Params::new()));
    assert!(matches!(syntax.detail(), Detail::Line { line: 2, .. }), "{:?}", syntax.detail());
    let long = shop.put("c".repeat(300).as_str(), "a", Body::json("{}")).unwrap_err();
    assert!(matches!(long.detail(), Detail::Limit { name, max: 128, actual: 300 } if name == "COLLECTION_BYTES_MAX"));
}

#[test]
fn a_wrong_token_and_a_missing_right_are_told_apart() {
    let served = Served::start(&["--token", "the-right-one"]);
    let with = |options: Options| -> Database { Daemon::at(&served.url(), options).unwrap().database("shop") };
    assert_eq!(code(with(Options::new()).head()), ErrorCode::Unauthenticated);
    assert_eq!(code(with(Options::new().token("a-wrong-one")).head()), ErrorCode::Unauthenticated);
    assert_eq!(code(with(Options::new().token("the-right-one")).head()), ErrorCode::NotFound);
    let files = super::temp_dir::TempDir::new("client");
    let tokens = files.join("tokens.toml");
    let digest = nedb_types::hex::encode(nedb_crypto::sha256(&[b"reader"]).as_bytes());
    let text = format!("[[token]]\nname = \"reader\"\nsha256 = \"{digest}\"\ndatabases = {{ shop = \"read\" }}\n");
    std::fs::write(&tokens, text).unwrap();
    let served = Served::start(&["--tokens", tokens.to_str().unwrap()]);
    let reader = Daemon::at(&served.url(), Options::new().token("reader")).unwrap();
    assert_eq!(code(reader.database("shop").put("c", "a", Body::json("{}"))), ErrorCode::Denied);
    assert_eq!(code(reader.database("other").head()), ErrorCode::Denied);
    assert_eq!(code(reader.create_database("shop")), ErrorCode::Denied);
}
