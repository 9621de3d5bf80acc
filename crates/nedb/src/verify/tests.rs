//! Planted differences in derived state: a deep verification must name each.

use nedb_crypto::sha256;
use nedb_index::{KeyEntry, KeyRange, KeyState, SlotEntry, TemporalChange};
use nedb_io::Io;
use nedb_log::{Address, LogStore, Scratch};
use nedb_types::{Collection, DocId, ErrorCode, Seq, key};

use super::{Verdict, VerifyOptions, VerifyReport, verify};
use crate::{Body, Database, IndexKind, Op, Options, WriteBatch, engine::Engine, keys::Key, options::CheckpointPolicy};

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
    finds_in(filled, plant, seq, text);
}

fn finds_in(filled: impl Fn(&Io) -> Database, plant: impl Fn(&Engine), seq: Option<u64>, text: &str) {
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
        engine.client_slots.apply([SlotEntry { hash, address: address(engine, 3), replaces: Some(newest), number: 9 }]);
    };
    finds(plant, Some(605), "client \"import\"");
}

#[test]
fn an_edge_that_counts_as_removed_or_as_live_is_found_in_both_directions() {
    // Seq 602 links what is linked; seq 604 unlinks another pair.
    for (seq, state) in [(602, KeyState::Tombstone), (604, KeyState::Live)] {
        for is_reverse in [false, true] {
            let plant = |engine: &Engine| {
                let mut scratch = Scratch::new();
                let reader = engine.log.reader();
                let record = reader.record(address(engine, seq), &mut scratch).unwrap();
                let edge = Key::of(&record).unwrap().unwrap();
                let key = if is_reverse { edge.reverse_index_key().unwrap() } else { edge.index_key() };
                plant_key(engine, &key, seq, state);
            };
            finds(plant, Some(seq), "the key index is wrong about whether edge key");
        }
    }
}

#[test]
fn an_edge_that_the_log_does_not_have_is_found() {
    let node = |text: &str| text.parse().unwrap();
    let (from, to) = (node("notes:n001"), node("users:bob"));
    let relation = nedb_types::Relation::new("by").unwrap();
    for key in [key::edge_key(&from, &relation, &to), key::reverse_edge_key(&from, &relation, &to)] {
        finds(|engine| plant_key(engine, &key, 602, KeyState::Live), Some(602), "the log has not");
    }
}

#[test]
fn an_idempotency_key_that_leads_elsewhere_is_found() {
    let plant = |engine: &Engine| {
        let keyed = address(engine, 605);
        let mut scratch = Scratch::new();
        let digest = engine.log.reader().record_entry(keyed, &mut scratch).unwrap().entry.idempotency().unwrap();
        engine.idempotency.apply([SlotEntry {
            hash: engine.keys.hash(digest.as_bytes()),
            address: address(engine, 3),
            replaces: Some(keyed),
            number: 0,
        }]);
    };
    finds(plant, Some(605), "the idempotency key of seq 605 is not remembered");
}

/// As [`filled`], with texts, an index of values and one of words, both ready.
fn indexed(io: &Io) -> Database {
    let db = filled(io);
    for (id, text) in [("a", "green tea"), ("b", "black tea"), ("c", "green apples")] {
        db.put("texts", id, Body::json(format!(r#"{{"t": "{text}"}}"#).as_str())).unwrap();
    }
    for (collection, field, kind) in [("notes", "n", IndexKind::Ordered), ("texts", "t", "search".parse().unwrap())] {
        db.create_index(collection, field, kind).unwrap();
        db.wait_for_index(collection, field, kind, &mut |_| ()).unwrap();
    }
    // Definitions are sealed by the operation behind them.
    db.put("users", "cy", Body::json("{}")).unwrap();
    db
}

/// The seq of the newest operation of [`indexed`].
const INDEXED_LAST: u64 = 609;

/// Applies a change to the index of a collection, made from the entry of one of its documents.
fn plant_entry(engine: &Engine, collection: &str, id: &str, change: impl Fn(&[u8], Seq) -> Planted) {
    engine.catch_up(engine.published.size()).unwrap();
    let indexes = engine.secondary.all();
    let index = indexes.iter().find(|index| index.definition.collection.as_str() == collection).unwrap();
    let snapshot = index.entries().snapshot(Seq::new(engine.published.size() - 1));
    let mut scan = snapshot.scan(&KeyRange::all()).unwrap();
    let planted = loop {
        let entry = scan.next().unwrap().expect("the document is in the index");
        if entry.id == id.as_bytes() {
            break change(entry.key, entry.added);
        }
    };
    let (key, id, added) = (planted.key.as_slice(), id.as_bytes(), planted.added);
    index.entries().apply(&[match planted.removed {
        Some(removed) => TemporalChange::Removed { key, id, added, removed },
        None => TemporalChange::Added { key, id, added, payload: &planted.payload },
    }]);
}

struct Planted {
    key: Vec<u8>,
    added: Seq,
    removed: Option<Seq>,
    payload: Vec<u8>,
}

#[test]
fn a_sound_index_is_compared_entry_by_entry() {
    let io = Io::memory(256 << 20);
    let db = indexed(&io);
    let report = deep(&db);
    assert!(report.is_ok(), "{report:?}");
    assert!(report.deep.unwrap().index_entries > 32 * 100, "{:?}", report.deep);
    assert_eq!(db.head().size, INDEXED_LAST + 1);
}

#[test]
fn an_entry_of_an_index_that_the_log_does_not_have_is_found() {
    let added =
        |key: &[u8]| Planted { key: [key, b"x"].concat(), added: Seq::new(405), removed: None, payload: Vec::new() };
    let plant = |engine: &Engine| plant_entry(engine, "notes", "n005", |key, _| added(key));
    finds_in(indexed, plant, Some(INDEXED_LAST), "the ordered index on n of notes is wrong about \"n005\"");
}

#[test]
fn an_entry_of_an_index_that_ended_too_early_is_found() {
    let removed =
        |key: &[u8], added| Planted { key: key.to_vec(), added, removed: Some(Seq::new(500)), payload: Vec::new() };
    let plant = |engine: &Engine| plant_entry(engine, "notes", "n005", removed);
    finds_in(indexed, plant, Some(INDEXED_LAST), "the ordered index on n of notes is wrong about \"n005\"");
}

#[test]
fn a_difference_in_the_past_of_an_index_is_found() {
    // A value that the document never had, from 100 to 300: it shows at the first moment before that.
    let first = (0..32).map(|moment| INDEXED_LAST - INDEXED_LAST * moment / 32).find(|seq| *seq < 300);
    let plant = |engine: &Engine| {
        let made = |key: &[u8], removed| Planted {
            key: [key, b"x"].concat(),
            added: Seq::new(100),
            removed,
            payload: Vec::new(),
        };
        plant_entry(engine, "notes", "n005", |key, _| made(key, None));
        plant_entry(engine, "notes", "n005", |key, _| {
            // The entry that was just made comes first or second; its key ends with the mark.
            let key = key.strip_suffix(b"x").unwrap_or(key);
            made(key, Some(Seq::new(300)))
        });
    };
    finds_in(indexed, plant, first, "the ordered index on n of notes is wrong about \"n005\"");
}

#[test]
fn a_word_that_no_text_has_and_one_that_is_missing_are_found() {
    let text = "is wrong about \"a\"";
    // Key of a word, and one token, once, in the first place.
    let ghost =
        |_: &[u8], added| Planted { key: b"\x01ghost\0".to_vec(), added, removed: None, payload: vec![2, 1, 0] };
    finds_in(indexed, |engine| plant_entry(engine, "texts", "a", ghost), Some(INDEXED_LAST), text);
    let gone = |key: &[u8], added| Planted {
        key: key.to_vec(),
        added,
        removed: Some(Seq::new(INDEXED_LAST)),
        payload: Vec::new(),
    };
    finds_in(indexed, |engine| plant_entry(engine, "texts", "a", gone), Some(INDEXED_LAST), text);
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
