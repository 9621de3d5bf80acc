//! A database in memory at its limit: refused with its own code, readable, and never half written.

use nedb::{Body, CheckpointPolicy, Database, ErrorCode, Options, ScanRange, VerifyOptions};

#[test]
fn a_database_in_memory_at_its_limit_refuses_writes_and_stays_readable() {
    let options = Options::new().checkpoints(CheckpointPolicy::manual()).sweep_interval_us(0);
    let db = Database::in_memory_with(options, 12 << 20).expect("there is room for an empty one");
    let body = || Body::json(format!(r#"{{"x":"{}"}}"#, "x".repeat(100_000)));
    let mut puts: u64 = 0;
    let refused = loop {
        match db.put("c", format!("{puts:04}"), body()) {
            Ok(_) => puts += 1,
            Err(error) => break error,
        }
        assert!(puts < 1_000, "12 MiB do not hold 100 MB");
    };
    assert_eq!(refused.code(), ErrorCode::Full, "{refused}");
    assert!(puts > 20, "it holds what its limit says: {puts} documents");
    assert_eq!(db.put("c", "again", body()).expect_err("still full").code(), ErrorCode::Full);

    // Deleting makes no room, because the history stays; what still fits into the last piece is accepted.
    let mut deleted = 0;
    let refused = loop {
        match db
            .write((0..500).fold(nedb::WriteBatch::new(), |batch, n| batch.put("d", format!("{n}"), Body::json("{}"))))
        {
            Ok(_) => deleted += 1,
            Err(error) => break error,
        }
        assert!(deleted < 1_000, "small writes end too");
    };
    assert_eq!(refused.code(), ErrorCode::Full, "{refused}");
    let deletes = (0..puts).map(|n| nedb::Op::delete("c", format!("{n:04}")));
    let deletes = deletes.fold(nedb::WriteBatch::new(), nedb::WriteBatch::op);
    if let Err(error) = db.write(deletes) {
        assert_eq!(error.code(), ErrorCode::Full, "{error}");
        assert_eq!(db.snapshot().scan("c", &ScanRange::all()).expect("readable").count() as u64, puts);
    }
    assert_eq!(db.put("c", "again", body()).expect_err("deletions made no room").code(), ErrorCode::Full);

    for n in 0..puts {
        let row = db.get_at("c", format!("{n:04}"), nedb::Seq::new(puts - 1)).expect("reads go on");
        assert_eq!(row.expect("it is there").seq().get(), n);
    }
    assert!(db.verify_with(&VerifyOptions::new()).expect("it verifies").is_ok());
}
