//! History, heads, verification and figures.

use nedb_client::{AsOf, Body, ErrorCode, ExpectedHead, Object, Op, Seq, Value};

use super::daemon::Served;

fn seqs(rows: impl Iterator<Item = nedb_client::Result<Object>>) -> Vec<i64> {
    rows.map(|row| row.unwrap().get("seq").and_then(Value::as_i64).unwrap()).collect()
}

#[test]
fn versions_operations_and_differences_are_listed() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    shop.put("c", "a", Body::json(r#"{"v":1}"#)).unwrap();
    shop.put("c", "b", Body::json("{}")).unwrap();
    shop.put("c", "a", Body::json(r#"{"v":2}"#)).unwrap();
    assert_eq!(seqs(shop.history("c", "a", AsOf::Head).unwrap()), [2, 0]);
    assert_eq!(seqs(shop.history("c", "a", Seq::new(1)).unwrap()), [0]);
    assert_eq!(seqs(shop.since(None, u64::MAX).unwrap()), [0, 1, 2]);
    assert_eq!(seqs(shop.since(Some(Seq::new(0)), 1).unwrap()), [1]);
    assert_eq!(seqs(shop.log(2).unwrap()), [2, 1]);
    let changes = |from: AsOf, to: AsOf| -> Vec<String> {
        let rows = shop.diff(from, to, Some("c")).unwrap();
        rows.map(|row| row.unwrap().get("change").and_then(Value::as_str).unwrap().to_owned()).collect()
    };
    assert_eq!(changes(AsOf::Empty, AsOf::Head), ["added", "added"]);
    assert_eq!(changes(AsOf::Seq(Seq::new(1)), AsOf::Head), ["changed"]);
}

#[test]
fn causes_are_traced_both_ways() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let seen = shop.put("seen", "1", Body::json("{}")).unwrap().seq().unwrap();
    shop.write(Op::put("believed", "1", Body::json("{}")).caused_by(seen)).unwrap();
    assert_eq!(shop.trace("believed", "1").unwrap().count(), 1);
    assert_eq!(shop.trace_reverse("seen", "1").unwrap().count(), 1);
    assert_eq!(shop.trace("seen", "1").unwrap().count(), 0);
}

#[test]
fn the_head_is_that_of_the_last_write_and_verification_contains_it() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let empty = shop.head().unwrap();
    assert_eq!((empty.seq(), empty.size), (None, 0));
    assert!(shop.verify(false, Some(&ExpectedHead::at_size(0, empty.root))).unwrap().is_ok());
    let receipt = shop.put("c", "a", Body::json("{}")).unwrap();
    let head = shop.head().unwrap();
    assert_eq!((head.size, head.root), (receipt.size, receipt.root));
    let kept = ExpectedHead::at_size(head.size, head.root);
    shop.delete("c", "a").unwrap();
    assert!(shop.verify(true, Some(&kept)).unwrap().is_ok());
    let never = ExpectedHead::at_size(1, shop.head().unwrap().root);
    let report = shop.verify(false, Some(&never)).unwrap();
    assert_eq!(report.to_error().unwrap().code(), ErrorCode::HeadMismatch);
    assert_eq!(shop.checkpoint().unwrap(), shop.head().unwrap());
    assert_eq!(shop.sweep().unwrap(), 0);
    assert!(shop.stats().unwrap().get("size").is_some() || !shop.stats().unwrap().is_empty());
}

#[test]
fn a_daemon_tells_about_itself_and_its_databases() {
    let served = Served::start(&[]);
    let daemon = served.client();
    assert_eq!(daemon.health().unwrap().get("ready"), Some(&Value::Bool(true)));
    daemon.create_database("shop").unwrap();
    assert_eq!(daemon.databases().unwrap()[0].get("name").and_then(Value::as_str), Some("shop"));
    assert!(daemon.metrics().unwrap().contains("nedbd_build_info"));
    assert_eq!(daemon.create_database("shop").unwrap_err().code(), ErrorCode::AlreadyExists);
    daemon.drop_database("shop").unwrap();
    assert_eq!(daemon.database("shop").get("c", "a").unwrap_err().code(), ErrorCode::NotFound);
}

#[test]
fn an_operation_is_proved_with_its_content() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    shop.put("c", "a", Body::json(r#"{"v":1}"#)).unwrap();
    shop.put("c", "b", Body::json("{}")).unwrap();
    let key = shop.verifier_key().unwrap();
    let shown = nedb::check_proof(&shop.proof(Seq::new(0)).unwrap(), &[key]).unwrap();
    let payload = shop.committed_payload(Seq::new(0)).unwrap().unwrap();
    assert_eq!(shown.check_payload(&payload).unwrap().id.unwrap().as_str(), Some("a"));
    shop.consistency_proof(1, 2).unwrap().verify().unwrap();
    assert!(shop.signed_checkpoint().unwrap().contains("\n2\n"));
}
