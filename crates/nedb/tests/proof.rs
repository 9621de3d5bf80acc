//! Proofs: what the database proves holds for every operation, and nothing else can be proved with the same text.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the functions around a test stop at the first surprise too"
)]

use nedb::{
    Body, Database, Durability, ErrorCode, Op, Options, ProofSignature, Seq, VerifierKey, WriteBatch, check_proof,
};
use nedb_crypto::{
    NodeSource, leaf_hash, node_hash, sha256, subtree_root, tiles, verify_consistency, verify_inclusion,
};
use nedb_io::{Io, PathKind};
use nedb_types::{Digest, Result};
use std::path::Path;

const DIR: &str = "/db";

fn options(io: &Io) -> Options {
    Options::new().io(io.clone()).sweep_interval_us(0)
}

fn io() -> Io {
    Io::memory(512 << 20)
}

/// Writes operations of several kinds until the history has this size.
fn grow(db: &Database, size: u64) {
    while db.head().size < size {
        let number = db.head().size;
        let left = size - number;
        let body = format!(r#"{{"number": {number}, "text": "operation {number}"}}"#);
        match number % 7 {
            _ if number >= 64 && left >= 64 => {
                let mut batch = WriteBatch::with_capacity(64);
                for at in 0..64 {
                    batch.push(Op::put("bulk", format!("b{}", number + at), Body::json(body.as_str())));
                }
                db.write(batch).unwrap();
            }
            3 => drop(db.link("a:x", &format!("r{number}"), "b:y").unwrap()),
            5 => drop(db.delete("a", format!("k{}", (number - 1) % 5)).unwrap()),
            _ => drop(db.put("a", format!("k{}", number % 5), Body::json(body.as_str())).unwrap()),
        }
        assert!(db.head().size > number, "operation {number} was not written");
    }
}

fn key_of(db: &Database) -> Vec<VerifierKey> {
    vec![db.verifier_key().unwrap().parse().unwrap()]
}

/// The leaves of the whole history, from the entries that proofs carry.
fn leaves(db: &Database) -> Vec<Digest> {
    (0..db.head().size).map(|seq| db.inclusion_proof(Seq::new(seq), Some(seq + 1)).unwrap().leaf).collect()
}

#[test]
fn every_seq_of_small_trees_is_proved_in_every_tree_that_has_it() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    grow(&db, 70);
    let leaves = leaves(&db);
    for size in 1..=70_u64 {
        let root = subtree_root(&leaves[..usize::try_from(size).unwrap()]);
        for seq in 0..size {
            let proof = db.inclusion_proof(Seq::new(seq), Some(size)).unwrap();
            assert_eq!((proof.root, proof.size), (root, size));
            assert_eq!(proof.leaf, leaves[usize::try_from(seq).unwrap()]);
            verify_inclusion(&proof.leaf, seq, size, &proof.hashes, &root).unwrap();
        }
        assert_eq!(db.inclusion_proof(Seq::new(size), Some(size)).unwrap_err().code(), ErrorCode::UnknownProofSeq);
    }
}

#[test]
fn every_pair_of_sizes_to_seventy_is_consistent_and_no_other_root_is() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    grow(&db, 70);
    let leaves = leaves(&db);
    let root = |size: u64| subtree_root(&leaves[..usize::try_from(size).unwrap()]);
    for to in 0..=70_u64 {
        for from in 0..=to {
            let proof = db.consistency_proof(from, to).unwrap();
            assert_eq!((proof.from_root, proof.to_root), (root(from), root(to)), "{from} to {to}");
            proof.verify().unwrap();
            let wrong = sha256(&[b"another history"]);
            assert!(verify_consistency(from, &wrong, to, &root(to), &proof.hashes).is_err(), "{from} to {to}");
        }
        assert!(to == 0 || db.consistency_proof(to, to - 1).unwrap_err().code() == ErrorCode::InvalidArgument);
    }
    assert_eq!(db.consistency_proof(3, 71).unwrap_err().code(), ErrorCode::UnknownProofSeq);
    assert_eq!(db.inclusion_proof(Seq::new(3), Some(71)).unwrap_err().code(), ErrorCode::UnknownProofSeq);
}

#[test]
fn a_larger_tree_with_stored_levels_is_proved_too_also_after_a_restart() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    grow(&db, 70_000);
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = |below: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % below
    };
    let check = |db: &Database, roll: &mut dyn FnMut(u64) -> u64| {
        for _ in 0..60 {
            let size = 1 + roll(70_000);
            let seq = roll(size);
            db.inclusion_proof(Seq::new(seq), Some(size)).unwrap().verify().unwrap();
            db.consistency_proof(roll(size), size).unwrap().verify().unwrap();
        }
        let text = db.proof(Seq::new(roll(70_000))).unwrap();
        assert_eq!(check_proof(&text, &key_of(db)).unwrap().root, db.head().root);
    };
    check(&db, &mut roll);
    db.close().unwrap();
    drop(db);
    check(&Database::open(DIR, options(&io)).unwrap(), &mut roll);
}

#[test]
fn a_proof_shows_the_whole_entry_and_the_payload_that_it_commits_to() {
    let io = io();
    let db = Database::open(DIR, options(&io).origin("example.org/shop")).unwrap();
    grow(&db, 10);
    let body = Body::json(r#"{"age": 36}"#);
    let receipt = db.write(WriteBatch::from(Op::put("users", "ada", body)).client("clerk")).unwrap();
    let seq = receipt.last_seq.unwrap();
    grow(&db, 20);
    let checked = check_proof(&db.proof(seq).unwrap(), &key_of(&db)).unwrap();
    assert_eq!((checked.origin.as_str(), checked.size, checked.root), ("example.org/shop", 20, db.head().root));
    assert_eq!(checked.signature, ProofSignature::By(key_of(&db).remove(0)));
    let entry = &checked.entry;
    assert_eq!(
        (entry.seq, entry.kind, entry.collection.as_str(), entry.client.as_str()),
        (seq, "put", "users", "clerk")
    );
    assert_eq!(entry.committed_at, receipt.committed_at);
    let json = checked.to_json().unwrap();
    assert!(json.contains(r#""signature":"verified""#) && json.contains(r#""collection":"users""#), "{json}");

    let payload = db.committed_payload(seq).unwrap().unwrap();
    let content = checked.check_payload(&payload).unwrap();
    assert_eq!(content.id.unwrap().as_bytes(), b"ada");
    assert_eq!(content.document.unwrap().as_document().to_json().unwrap(), r#"{"age":36}"#);
    for at in 0..payload.len() {
        let mut wrong = payload.clone();
        wrong[at] ^= 1;
        assert_eq!(checked.check_payload(&wrong).unwrap_err().code(), ErrorCode::BadProof);
    }
    assert_eq!(checked.check_payload(&payload[..payload.len() - 16]).unwrap_err().code(), ErrorCode::BadProof);
    assert_eq!(db.committed_payload(Seq::new(20)).unwrap_err().code(), ErrorCode::UnknownProofSeq);
}

#[test]
fn without_keys_a_proof_holds_but_its_signature_is_said_to_be_unchecked() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    grow(&db, 5);
    let checked = check_proof(&db.proof(Seq::new(2)).unwrap(), &[]).unwrap();
    assert_eq!(checked.signature, ProofSignature::Unchecked);
    assert!(checked.to_json().unwrap().contains(r#""signature":"unchecked","key":null"#));
}

#[test]
fn a_proof_with_any_byte_changed_or_cut_is_refused() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    grow(&db, 9);
    let (text, keys) = (db.proof(Seq::new(4)).unwrap(), key_of(&db));
    check_proof(&text, &keys).unwrap();
    let allowed = [ErrorCode::BadProof, ErrorCode::BadSignature, ErrorCode::InvalidArgument];
    for end in 0..text.len() {
        let Some(start) = text.get(..end) else { continue };
        let error = check_proof(start, &keys).unwrap_err();
        assert!(allowed.contains(&error.code()), "cut at {end}: {error}");
    }
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let error = check_proof(&changed, &keys).expect_err(&changed);
            assert!(allowed.contains(&error.code()), "byte {at} bit {bit}: {error}");
        }
    }
}

#[test]
fn a_proof_by_another_database_or_in_another_name_is_refused() {
    let (io, other_io) = (io(), self::io());
    let db = Database::open(DIR, options(&io).origin("example.org/a")).unwrap();
    let other = Database::open(DIR, options(&other_io).origin("example.org/a")).unwrap();
    grow(&db, 5);
    grow(&other, 5);
    let text = db.proof(Seq::new(1)).unwrap();
    assert_eq!(check_proof(&text, &key_of(&other)).unwrap_err().code(), ErrorCode::BadSignature);
    // The signed part of one database cannot carry the entry of the other.
    let foreign = other.proof(Seq::new(1)).unwrap();
    let (own, _) = text.split_once("\n\n").unwrap();
    let (_, checkpoint) = foreign.split_once("\n\n").unwrap();
    let mixed = format!("{own}\n\n{checkpoint}");
    assert_eq!(check_proof(&mixed, &key_of(&other)).unwrap_err().code(), ErrorCode::BadProof);
    // A good signature under another name says nothing about this origin.
    let seed = nedb_crypto::SecretSeed::new([5; 32]);
    let stranger = nedb_crypto::SigningKey::new("example.org/b", &seed).unwrap();
    let proof: nedb_crypto::ProofFile = text.parse().unwrap();
    let resigned = nedb_crypto::sign_note(proof.checkpoint().text(), &stranger).unwrap();
    let renamed = format!("{own}\n\n{resigned}");
    assert_eq!(check_proof(&renamed, &[stranger.verifier_key()]).unwrap_err().code(), ErrorCode::BadSignature);
}

#[test]
fn only_what_is_durable_is_signed_and_head_names_it_first() {
    let io = io();
    let db = Database::open(DIR, options(&io).durability(Durability::None)).unwrap();
    grow(&db, 6);
    let durable = db.durable_seq().map_or(0, |seq| seq.get() + 1);
    let head: nedb_crypto::TreeHead =
        db.signed_checkpoint().unwrap().parse::<nedb_crypto::Note>().unwrap().text().parse().unwrap();
    assert_eq!(head.size(), durable);
    assert!(durable < 6, "this mode does not sync each write");
    assert_eq!(db.proof(Seq::new(5)).unwrap_err().code(), ErrorCode::UnknownProofSeq);
    db.flush().unwrap();
    let text = db.proof(Seq::new(5)).unwrap();
    assert_eq!(check_proof(&text, &key_of(&db)).unwrap().size, 6);
    // A reader beside the writer trusts only HEAD and watermarks, so it sees all six exactly because HEAD was written.
    let reader = Database::open(DIR, options(&io).read_only()).unwrap();
    assert_eq!(reader.head(), db.head());
    assert_eq!(reader.signed_checkpoint().unwrap_err().code(), ErrorCode::ReadOnly);
    assert_eq!(reader.inclusion_proof(Seq::new(5), None).unwrap().root, db.head().root);
    assert_eq!(reader.verifier_key().unwrap(), db.verifier_key().unwrap());
}

#[test]
fn the_key_is_read_from_the_log_where_the_key_file_is_absent_and_a_foreign_key_does_not_sign() {
    let io = io();
    let db = Database::open(DIR, options(&io).origin("example.org/a")).unwrap();
    grow(&db, 3);
    let key = db.verifier_key().unwrap();
    db.close().unwrap();
    drop(db);
    let file = Path::new(DIR).join("keys/signing.key");
    io.disk.remove(&file).unwrap();
    let db = Database::open(DIR, options(&io)).unwrap();
    assert_eq!((db.verifier_key().unwrap(), db.origin().unwrap()), (key, "example.org/a".to_owned()));
    assert_eq!(db.signed_checkpoint().unwrap_err().code(), ErrorCode::NotFound);
    db.close().unwrap();
    drop(db);
    let foreign = io.disk.create_new(&file).unwrap();
    foreign.write_all_at(format!("example.org/a\n{}\n", Digest::from_bytes([3; 32])).as_bytes(), 0).unwrap();
    let db = Database::open(DIR, options(&io)).unwrap();
    assert_eq!(db.signed_checkpoint().unwrap_err().code(), ErrorCode::BadSignature);
}

/// Nodes of the tree, read from exported tiles alone.
struct TileSource<'a> {
    io: &'a Io,
    size: u64,
}

impl TileSource<'_> {
    fn leaf(&self, seq: u64) -> Digest {
        let width = u16::try_from((self.size - seq / 256 * 256).min(256)).unwrap();
        let tile = tiles::Tile::new(tiles::TileContent::Hashes { level: 0 }, seq / 256, width).unwrap();
        let bytes = read(self.io, &format!("/tiles/{tile}"));
        let offset = usize::try_from(seq % 256).unwrap() * 32;
        Digest::from_bytes(bytes[offset..offset + 32].try_into().unwrap())
    }
}

impl NodeSource for TileSource<'_> {
    fn node(&self, level: u8, index: u64) -> Result<Digest> {
        let leaves: Vec<_> = (index << level..(index + 1) << level).map(|seq| self.leaf(seq)).collect();
        Ok(subtree_root(&leaves))
    }
}

fn read(io: &Io, path: &str) -> Vec<u8> {
    io.disk.read_all(Path::new(path)).expect(path)
}

/// Recomputes every tile of the export from its entry bundles.
fn recompute(io: &Io, size: u64, root: Digest) {
    let mut leaves = Vec::new();
    for tile in tiles::tiles_of_tree(size).filter(|tile| tile.content() == tiles::TileContent::Entries) {
        let bytes = read(io, &format!("/tiles/{tile}"));
        let entries = tiles::decode_bundle(&bytes).unwrap();
        assert_eq!(entries.len(), usize::from(tile.width()));
        leaves.extend(entries.iter().map(|entry| leaf_hash(&[entry])));
    }
    assert_eq!(subtree_root(&leaves), root);
    for tile in tiles::tiles_of_tree(size).filter(|tile| tile.content() != tiles::TileContent::Entries) {
        let expected = tiles::tile_bytes(&nedb_crypto::Leaves(&leaves), tile).unwrap();
        assert_eq!(read(io, &format!("/tiles/{tile}")), expected, "{tile}");
    }
}

#[test]
fn exported_tiles_are_the_tree_and_an_export_that_exists_is_extended() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    let mut before = 0;
    for size in [0, 1, 5, 255, 256, 300, 513, 513] {
        grow(&db, size);
        let report = db.export_tiles("/tiles").unwrap();
        assert_eq!((report.size, report.root, report.size_before), (size, db.head().root, before));
        if before == size {
            assert_eq!(report.files_written, 0, "nothing is new");
        }
        recompute(&io, size, report.root);
        let head = String::from_utf8(read(&io, "/tiles/checkpoint")).unwrap();
        let head = nedb_crypto::TreeHead::verified(&head.parse().unwrap(), &key_of(&db)).unwrap();
        assert_eq!((head.size(), *head.root()), (size, report.root));
        before = size;
    }
    // Full tiles have replaced the partial ones of earlier exports.
    assert_eq!(io.disk.kind(Path::new("/tiles/tile/0/000.p")).unwrap(), None);
    assert_eq!(io.disk.kind(Path::new("/tiles/tile/entries/001.p")).unwrap(), None);
    let source = TileSource { io: &io, size: 513 };
    let hashes = nedb_crypto::inclusion_proof(&source, 300, 513).unwrap();
    assert_eq!(hashes, db.inclusion_proof(Seq::new(300), None).unwrap().hashes);
    assert_eq!(node_hash(&source.node(8, 0).unwrap(), &source.node(8, 1).unwrap()), source.node(9, 0).unwrap());
}

#[test]
fn a_missing_tile_is_written_again_and_a_foreign_export_is_left_alone() {
    let io = io();
    let db = Database::open(DIR, options(&io).origin("example.org/a")).unwrap();
    grow(&db, 600);
    db.export_tiles("/tiles").unwrap();
    io.disk.remove(Path::new("/tiles/tile/0/001")).unwrap();
    let report = db.export_tiles("/tiles").unwrap();
    assert_eq!(report.files_written, 1);
    recompute(&io, 600, report.root);

    let other = Database::open("/other", options(&io).origin("example.org/a")).unwrap();
    grow(&other, 700);
    assert_eq!(other.export_tiles("/tiles").unwrap_err().code(), ErrorCode::HeadMismatch);
    let named = Database::open("/named", options(&io).origin("example.org/b")).unwrap();
    assert_eq!(named.export_tiles("/tiles").unwrap_err().code(), ErrorCode::WrongDatabase);
    assert_eq!(db.export_tiles(DIR).unwrap_err().code(), ErrorCode::InvalidArgument);
    recompute(&io, 600, report.root);
    assert!(matches!(io.disk.kind(Path::new("/tiles/checkpoint")).unwrap(), Some(PathKind::File { .. })));
}
