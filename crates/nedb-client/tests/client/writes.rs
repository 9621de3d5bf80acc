//! Writes: they say over HTTP what they say in process, and come back with the same receipt.

use nedb_client::{Body, Cause, ErrorCode, Expected, Object, Op, Seq, Value, WriteBatch};

use super::daemon::Served;

#[test]
fn a_receipt_is_that_of_the_engine() {
    let served = Served::start(&[]);
    let remote = served.database("shop");
    let local = nedb::Database::in_memory().unwrap();
    let batches = || {
        let put =
            Op::put("c", "a", Body::json(r#"{"n":1,"big":123456789012345678901234567890,"t":{"$bytes":"AAE="}}"#));
        let told = put.if_seq(Expected::Missing).evidence("inference").confidence(0.5).ttl_us(86_400_000_001);
        let told = told.valid_from("2026-01-01").valid_to("2027-01-01");
        let key = |name: &str| WriteBatch::new().client("till").idempotency_key(name);
        [
            key("1").op(told),
            key("2").op(Op::put("c", "b", Body::json("{}")).caused_by(Seq::new(0))).op(Op::link("c:a", "to", "c:b")),
            key("3").op(Op::put("c", "d", Body::json("{}"))).op(Op::delete("c", "b").caused_by(Cause::Position(0))),
            key("4").op(Op::delete("c", "b")),
            key("5").op(Op::restore("c", "b", Seq::new(1)).nonce(100)),
            key("6")
                .op(Op::check("c", "d").if_seq(Expected::Seq(Seq::new(3))))
                .op(Op::expire("c", "d").ttl_us(60_000_000)),
            key("7").op(Op::unlink("c:a", "to", "c:b")),
            key("5").op(Op::restore("c", "b", Seq::new(1)).nonce(100)),
        ]
    };
    for (mine, its) in batches().into_iter().zip(batches()) {
        let (mine, its) = (remote.write(mine).unwrap(), local.write(its).unwrap());
        assert_eq!((&mine.outcomes, mine.last_seq, mine.size), (&its.outcomes, its.last_seq, its.size));
        assert_eq!(mine.replayed, its.replayed);
        assert!(mine.committed_at.as_micros() > 1_600_000_000_000_000);
    }
    let mine: Vec<Object> = remote.since(None, 100).unwrap().collect::<Result<_, _>>().unwrap();
    let its: Vec<Object> = local.since(None).map(|entry| entry.unwrap().to_object().unwrap()).collect();
    let without_times = |entries: Vec<Object>| -> Vec<Object> {
        let is_time = |name: &str| ["ts", "expires_at"].contains(&name);
        entries.into_iter().map(|entry| entry.filter_map(|name, value| (!is_time(name)).then_some(value))).collect()
    };
    assert_eq!(without_times(mine), without_times(its));
}

#[test]
fn a_write_has_a_key_of_its_own_unless_the_caller_says_otherwise() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    assert_eq!(shop.delete("c", "nothing").unwrap().seq(), Some(Seq::new(0)), "a key leaves a trace");
    assert_eq!(shop.write_as_given(Op::delete("c", "nothing")).unwrap().seq(), None);
    let put = || WriteBatch::new().idempotency_key("mine").put("c", "a", Body::json("{}"));
    assert!(!shop.write(put()).unwrap().replayed);
    assert!(shop.write(put()).unwrap().replayed && shop.write_as_given(put()).unwrap().replayed);
}

#[test]
fn what_cannot_be_said_over_http_is_refused_by_name() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    assert_eq!(shop.get("c", [0xff]).unwrap_err().code(), ErrorCode::Unsupported);
    let error = shop.write(Op::put("c", [0xff], Body::from(Value::Object(Object::new())))).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
    let at = "2090-01-01T00:00:00Z".parse().unwrap();
    let error = shop.write(Op::put("c", "a", Body::json("{}")).expires_at(at)).unwrap_err();
    assert!(error.message().contains("expires_at"), "{error}");
    assert_eq!(shop.put("c", "a", Body::json("[1]")).unwrap_err().code(), ErrorCode::InvalidJson);
}
