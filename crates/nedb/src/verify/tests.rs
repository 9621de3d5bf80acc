//! Planted differences in derived state: a deep verification must name each.

use nedb_crypto::sha256;
use nedb_index::{KeyEntry, KeyState, SlotEntry};
use nedb_io::Io;
use nedb_log::{Address, LogStore};
use nedb_types::{Collection, DocId, ErrorCode, key};

use super::{Verdict, VerifyOptions, VerifyReport, verify};
use crate::{Body, Database, Op, Options, WriteBatch, engine::Engine, options::CheckpointPolicy};

const DIR: &str = "/deep";

fn open(io: &Io) -> Database {
    Database::open(DIR, Options::new().io(io.clone()).checkpoints(CheckpointPolicy::manual()).sweep_interval_us(0))
        .unwrap()
}

fn filled(io: &Io) -> Database {
    let db = open(io);
    for number in 0..600_u32 {
        let body = Body::json(format!(r#"{{"n": {number}}}"#).as_str());
        db.put("notes", format!("n{:03}", number % 200), body).unwrap();
    }
    db.delete("notes", "n007").unwrap();
    db.put("users", "ada", Body::json("{}")).unwrap();
    db.link("notes:n001", "by", "users:ada").unwrap();
    db.link("notes:n002", "by", "users:ada").unwrap();
    db.unlink("notes:n002", "by", "users:ada").unwrap();
    let keyed = WriteBatch::from(Op::put("users", "bob", Body::json("{}"))).client("import").idempotency_key("once");
    db.write(keyed).unwrap();
    db
}

fn deep(db: &Database) -> VerifyReport {
    db.verify_with(&VerifyOptions::new().deep(true)).unwrap()
}

/// Plants a difference in an open handle, and the same in a checkpoint that a later handle loads.
fn finds(plant: impl Fn(&Engine), seq: Option<u64>, text: &str) {
    let check = |report: &VerifyReport, how: &str| {
        assert!(!report.is_ok(), "{how}: {text}");
        let finding = report.findings.first().unwrap();
        assert_eq!(finding.code, ErrorCode::Corrupt);
        assert!(finding.message.contains(text), "{how}: {:?} lacks {text:?}", finding.message);
        assert_eq!(finding.place.seq, seq, "{how}: {}", finding.message);
        assert!(matches!(report.verdict, Verdict::Corrupt { .. }));
    };
    let io = Io::memory(256 << 20);
    let db = filled(&io);
    assert!(deep(&db).is_ok());
    plant(db.engine());
    check(&deep(&db), "open handle");
    db.checkpoint().unwrap();
    db.close().unwrap();
    drop(db);
    check(&verify(DIR, &VerifyOptions::new().io(io.clone()).deep(true)).unwrap(), "checkpoint");
    // Without --deep the log alone is judged, and it is sound.
    assert!(verify(DIR, &VerifyOptions::new().io(io)).unwrap().is_ok());
}

fn document(id: &str) -> Vec<u8> {
    key::document_key(&Collection::new("notes").unwrap(), &DocId::new(id).unwrap())
}

fn address(engine: &Engine, seq: u64) -> Address {
    engine.address_of(&engine.log.reader(), nedb_types::Seq::new(seq)).unwrap().unwrap()
}

fn plant_key(engine: &Engine, key: &[u8], seq: u64, state: KeyState) {
    engine.keys.apply(&[KeyEntry { key, hash: engine.keys.hash(key), address: address(engine, seq), state }]);
}

#[test]
fn a_sound_database_is_consistent_in_depth_open_and_closed() {
    let io = Io::memory(256 << 20);
    let db = filled(&io);
    let report = deep(&db);
    assert!(report.is_ok(), "{report:?}");
    let counts = report.deep.unwrap();
    // 200 notes, two users, two edges in both directions.
    assert_eq!((counts.keys, counts.collections, counts.clients, counts.idempotency_keys), (206, 2, 2, 1));
    assert_eq!((counts.tree_nodes, counts.seq_samples), (3, 10));
    db.checkpoint().unwrap();
    db.put("notes", "late", Body::json("{}")).unwrap();
    db.close().unwrap();
    drop(db);
    let report = verify(DIR, &VerifyOptions::new().io(io).deep(true)).unwrap();
    assert!(report.is_ok(), "{report:?}");
    assert!(report.to_json().unwrap().contains(r#""verdict":"consistent""#));
}

#[test]
fn a_key_that_names_an_older_version_is_found() {
    finds(|engine| plant_key(engine, &document("n005"), 5, KeyState::Live), Some(405), "document notes:n005");
}

#[test]
fn a_key_that_names_another_document_is_found() {
    finds(|engine| plant_key(engine, &document("n005"), 599, KeyState::Live), Some(405), "document notes:n005");
}

#[test]
fn a_live_document_that_counts_as_deleted_is_found() {
    finds(|engine| plant_key(engine, &document("n005"), 405, KeyState::Tombstone), Some(405), "deleted");
}

#[test]
fn a_key_that_the_log_does_not_have_is_found() {
    finds(|engine| plant_key(engine, &document("n005x"), 405, KeyState::Live), Some(405), "the log has not");
}

#[test]
fn a_wrong_number_of_documents_is_found() {
    let plant = |engine: &Engine| {
        let mut collections = engine.collections.write();
        let counts: Vec<_> = collections.iter().map(|(name, live)| (name.clone(), live + 1)).collect();
        *collections = crate::state::CollectionCounts::from_counts(counts);
    };
    finds(plant, None, "documents, it has");
}

#[test]
fn a_wrong_tree_node_is_found() {
    let plant = |engine: &Engine| {
        let mut tree = engine.tree.write();
        let mut levels = tree.levels().to_vec();
        levels[0][1] = sha256(&[b"planted"]);
        *tree = crate::state::TreeNodes::from_levels(levels);
    };
    finds(plant, Some(256), "tree node 1 of level 8");
}

#[test]
fn a_wrong_address_of_an_operation_is_found() {
    let plant = |engine: &Engine| {
        let mut seqs = engine.seqs.write();
        let mut addresses = seqs.addresses().to_vec();
        addresses[3] = addresses[4];
        *seqs = crate::state::SeqSamples::from_addresses(addresses);
    };
    finds(plant, Some(192), "seq 192");
}

#[test]
fn a_wrong_nonce_of_a_client_is_found() {
    let plant = |engine: &Engine| {
        let hash = engine.keys.hash(b"import");
        let newest = address(engine, 605);
        engine.client_slots.apply(&[SlotEntry {
            hash,
            address: address(engine, 3),
            replaces: Some(newest),
            number: 9,
        }]);
    };
    finds(plant, Some(605), "client \"import\"");
}

#[test]
fn a_damaged_tree_node_gives_an_error_and_never_a_wrong_proof() {
    let io = Io::memory(256 << 20);
    let db = filled(&io);
    let sound = db.inclusion_proof(nedb_types::Seq::new(5), None).unwrap();
    sound.verify().unwrap();
    {
        let mut tree = db.engine().tree.write();
        let mut levels = tree.levels().to_vec();
        levels[0][1] = sha256(&[b"planted"]);
        *tree = crate::state::TreeNodes::from_levels(levels);
    }
    let error = db.inclusion_proof(nedb_types::Seq::new(5), None).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Corrupt, "{error}");
    assert_eq!(db.consistency_proof(256, 600).unwrap_err().code(), ErrorCode::Corrupt);
    assert_eq!(db.proof(nedb_types::Seq::new(5)).unwrap_err().code(), ErrorCode::Corrupt);
}
