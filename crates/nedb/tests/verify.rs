//! Verification: every kind of planted damage is found, at its place; what is sound is said to be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the functions around a test stop at the first surprise too"
)]

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use nedb::{
    Body, CheckpointPolicy, Database, ErrorCode, ExpectedHead, IndexKind, LogOptions, Options, ValueRange, Verdict,
    VerifierKey, VerifyOptions, VerifyProgress, VerifyReport, Vouched, Witnessed, verify,
};
use nedb_crypto::note::{SecretSeed, SignatureKind, SigningKey, sign_note};
use nedb_io::{Access, File, Io};
use nedb_types::Digest;
use std::path::Path;
use std::sync::Arc;

const DIR: &str = "/db";
const SEGMENT: &str = "log/0000000000000000.seg";

fn options(io: &Io) -> Options {
    Options::new().io(io.clone()).sweep_interval_us(0).checkpoints(CheckpointPolicy::manual())
}

/// A closed database of single puts, and its head after each.
fn closed(io: &Io, size: u64) -> Vec<ExpectedHead> {
    let db = Database::open(DIR, options(io)).unwrap();
    let mut heads = vec![ExpectedHead::at_size(0, Digest::ZERO)];
    for number in 0..size {
        let text = "some text ".repeat(200);
        db.put("notes", format!("number-{number}"), Body::json(format!(r#"{{"text": "{text}"}}"#).as_str())).unwrap();
        heads.push(ExpectedHead::at_size(db.head().size, db.head().root));
    }
    db.close().unwrap();
    heads
}

fn file(io: &Io, name: &str) -> Arc<dyn File> {
    io.disk.open(&Path::new(DIR).join(name), Access::Write).unwrap()
}

fn bytes(io: &Io, name: &str) -> Vec<u8> {
    let file = file(io, name);
    let mut bytes = vec![0; usize::try_from(file.len_bytes().unwrap()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn flip(io: &Io, name: &str, offset: u64) {
    let file = file(io, name);
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], offset).unwrap();
}

fn check(io: &Io) -> VerifyReport {
    verify(DIR, &VerifyOptions::new().io(io.clone()).threads(2)).unwrap()
}

fn io() -> Io {
    Io::memory(256 << 20)
}

/// Where a text first stands in the log.
fn find(io: &Io, text: &[u8]) -> u64 {
    bytes(io, SEGMENT).windows(text.len()).position(|window| window == text).unwrap() as u64
}

#[test]
fn a_sound_database_is_consistent_closed_and_beside_its_writer() {
    let io = io();
    let heads = closed(&io, 20);
    let report = check(&io);
    assert_eq!((report.verdict.clone(), report.size, report.root), (Verdict::Consistent, 20, heads[20].root));
    assert_eq!((report.payloads, report.erased, report.pruned, report.catalogue_records), (20, 0, 0, 1));
    assert!(report.is_ok() && report.to_error().is_none() && report.unsealed_catalogue == 0);
    assert!(report.bytes > 20 * 2000 && report.frames >= 21);
    let json = report.to_json().unwrap();
    assert!(json.starts_with(&format!(r#"{{"verdict":"consistent","ok":true,"size":20,"head":"{}""#, heads[20].root)));

    let db = Database::open(DIR, options(&io)).unwrap();
    db.put("notes", "late", Body::json("{}")).unwrap();
    assert_eq!((db.verify().unwrap().size, check(&io).size), (21, 21));
}

#[test]
fn a_version_chain_in_the_last_bytes_of_a_closed_log_is_consistent() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    db.put("notes", "n", Body::json("{}")).unwrap();
    db.put("notes", "n", Body::json("{}")).unwrap();
    db.close().unwrap();
    let report = check(&io);
    assert!(report.is_ok(), "{report:?}");
}

#[test]
fn an_empty_database_is_consistent_and_its_catalogue_is_said_to_be_unsealed() {
    let io = io();
    let heads = closed(&io, 0);
    let report = check(&io);
    assert!(report.is_ok());
    assert_eq!((report.size, report.root, report.unsealed_catalogue), (0, heads[0].root, 1));
    assert_eq!(report.notes, ["unsealed catalogue: 1"]);
}

#[test]
fn a_flipped_bit_in_a_payload_is_corrupt_at_its_file_offset_and_seq() {
    let io = io();
    closed(&io, 20);
    let offset = find(&io, b"number-7") + 40;
    flip(&io, SEGMENT, offset);
    let report = check(&io);
    let Verdict::Corrupt { place } = &report.verdict else { panic!("{report:?}") };
    assert_eq!(place.file.as_deref(), Some(SEGMENT));
    assert!(place.offset.unwrap() <= offset && offset < place.offset.unwrap() + 4096, "{place} for {offset}");
    assert_eq!(report.to_error().unwrap().code(), ErrorCode::Corrupt);
    assert_eq!(report.size, 7, "what lies before the damage is sound");
}

#[test]
fn a_changed_entry_a_cut_log_and_a_damaged_head_are_found() {
    let io = io();
    closed(&io, 20);
    let log = bytes(&io, SEGMENT);
    // An entry: the name of the collection.
    let offset = find(&io, b"notes");
    flip(&io, SEGMENT, offset);
    assert!(matches!(check(&io).verdict, Verdict::Corrupt { .. }));
    flip(&io, SEGMENT, offset);
    assert!(check(&io).is_ok(), "the damage was taken back");

    // The last frames are gone, as in an older copy of the log.
    file(&io, SEGMENT).set_len_bytes(log.len() as u64 / 2).unwrap();
    let report = check(&io);
    assert!(!report.is_ok());
    assert!(matches!(report.findings[0].code, ErrorCode::Corrupt | ErrorCode::Rollback), "{:?}", report.findings);
    file(&io, SEGMENT).write_all_at(&log, 0).unwrap();
    assert!(check(&io).is_ok());

    // Both slots of HEAD are damaged: nothing says where the log must end.
    flip(&io, "HEAD", 50);
    assert_eq!(check(&io).notes, ["one of the two slots of HEAD is damaged; the other one is in force"]);
    flip(&io, "HEAD", 4096 + 50);
    let report = check(&io);
    let Verdict::Corrupt { place } = report.verdict else { panic!("{report:?}") };
    assert_eq!(place.file.as_deref(), Some("HEAD"));
}

#[test]
fn a_rolled_back_log_under_a_newer_head_is_found() {
    let io = io();
    closed(&io, 10);
    let older = bytes(&io, SEGMENT);
    let db = Database::open(DIR, options(&io)).unwrap();
    db.put("notes", "late", Body::json("{}")).unwrap();
    db.close().unwrap();
    drop(db);
    let segment = file(&io, SEGMENT);
    segment.set_len_bytes(older.len() as u64).unwrap();
    segment.write_all_at(&older, 0).unwrap();
    let report = check(&io);
    assert_eq!(report.findings[0].code, ErrorCode::Rollback, "{report:?}");
    assert!(matches!(report.verdict, Verdict::Inconsistent { .. }));
}

#[test]
fn a_pinned_head_is_demanded_and_a_history_without_it_is_refused() {
    let io = io();
    let heads = closed(&io, 12);
    for head in &heads {
        let report = verify(DIR, &VerifyOptions::new().io(io.clone()).expect_head(*head)).unwrap();
        assert!(report.is_ok(), "{head}: {report:?}");
        let parsed: ExpectedHead = head.to_string().parse().unwrap();
        assert_eq!(parsed, *head);
    }
    let wrong = [
        ExpectedHead::at_size(5, heads[6].root),
        ExpectedHead::at_size(13, heads[12].root),
        ExpectedHead::at_size(0, heads[1].root),
    ];
    for head in wrong {
        let report = verify(DIR, &VerifyOptions::new().io(io.clone()).expect_head(head)).unwrap();
        assert_eq!(report.findings[0].code, ErrorCode::HeadMismatch, "{head}: {report:?}");
        let seq = head.size.checked_sub(1);
        assert_eq!(report.findings[0].place.seq, seq);
        assert!(matches!(report.verdict, Verdict::Inconsistent { seq: found } if found.map(nedb::Seq::get) == seq));
    }
    for text in ["", "5", "5:ab", "+5:", "x:0", "-2:0"] {
        let text = format!("{text}{}", if text.ends_with(':') { "0".repeat(64) } else { String::new() });
        assert_eq!(text.parse::<ExpectedHead>().unwrap_err().code(), ErrorCode::InvalidArgument, "{text:?}");
    }
}

#[test]
fn a_kept_checkpoint_makes_the_verdict_signed_and_only_its_own_history_has_it() {
    let io = io();
    let db = Database::open(DIR, options(&io).origin("example.org/a")).unwrap();
    for number in 0..5 {
        db.put("notes", format!("number-{number}"), Body::json("{}")).unwrap();
    }
    let (kept, key) = (db.signed_checkpoint().unwrap(), db.verifier_key().unwrap().parse().unwrap());
    db.put("notes", "late", Body::json("{}")).unwrap();
    let pinned = ExpectedHead::at_size(6, db.head().root);
    db.close().unwrap();
    drop(db);

    let with = |text: &str, keys: &[_]| VerifyOptions::new().io(io.clone()).signed_checkpoint(text, keys);
    let report = verify(DIR, &with(&kept, &[key])).unwrap();
    assert_eq!((report.verdict.clone(), report.size), (Verdict::Signed { size: 5 }, 6));
    assert!(report.is_ok() && report.notes.is_empty() && report.vouched.signed_by.is_some());
    let report = verify(DIR, &with(&kept, &[]).expect_head(pinned)).unwrap();
    assert_eq!(report.verdict, Verdict::Anchored { size: 6 });
    assert_eq!((report.vouched.signed_size, report.vouched.anchored_size), (Some(5), Some(6)));
    assert!(report.notes[0].contains("pin it"), "{:?}", report.notes);

    let damaged = kept.replacen('5', "4", 1);
    assert!(verify(DIR, &with(&damaged, &[])).is_err() || !verify(DIR, &with(&damaged, &[])).unwrap().is_ok());
    assert_eq!(verify(DIR, &with("no note", &[])).unwrap_err().code(), ErrorCode::InvalidArgument);

    // A database of the same name and another history does not have it.
    let other = Database::open("/other", options(&io).origin("example.org/a")).unwrap();
    for number in 0..9 {
        other.put("notes", format!("number-{number}"), Body::json("{}")).unwrap();
    }
    other.close().unwrap();
    let key = report.vouched.signed_by.unwrap().parse().unwrap();
    let report = verify("/other", &with(&kept, &[key])).unwrap();
    assert_eq!(report.findings[0].code, ErrorCode::HeadMismatch);
}

#[test]
fn a_torn_tail_behind_the_durable_end_is_a_note_and_no_damage() {
    let io = io();
    closed(&io, 10);
    let log = bytes(&io, SEGMENT);
    let db = Database::open(DIR, options(&io).durability(nedb::Durability::None)).unwrap();
    db.put("notes", "late", Body::json("{}")).unwrap();
    // A copy of the log taken while the frame was half written.
    let mut torn = bytes(&io, SEGMENT);
    torn[log.len() + 80] ^= 1;
    file(&io, SEGMENT).write_all_at(&torn, 0).unwrap();
    let report = check(&io);
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.size, 10);
    assert!(report.notes[0].contains("never completed"), "{:?}", report.notes);
}

#[test]
fn a_damaged_checkpoint_is_noted_in_depth_and_a_missing_one_is_nothing() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    for number in 0..300 {
        db.put("notes", format!("number-{number}"), Body::json("{}")).unwrap();
    }
    db.checkpoint().unwrap();
    db.close().unwrap();
    drop(db);
    let deep = || verify(DIR, &VerifyOptions::new().io(io.clone()).deep(true)).unwrap();
    let report = deep();
    assert!(report.is_ok() && report.notes.is_empty(), "{report:?}");
    assert_eq!(report.deep.unwrap().keys, 300);
    let names = io.disk.list(&Path::new(DIR).join("index")).unwrap();
    let name = names.iter().find(|name| name.starts_with("checkpoint-")).unwrap();
    flip(&io, &format!("index/{name}"), 100);
    let report = deep();
    assert!(report.is_ok(), "{report:?}");
    assert!(report.notes[0].contains("is not used"), "{:?}", report.notes);
    for name in names {
        io.disk.remove(&Path::new(DIR).join("index").join(name)).unwrap();
    }
    assert!(deep().is_ok() && deep().notes.is_empty());
}

#[test]
fn a_damaged_page_of_a_run_is_found_in_depth() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    for number in 0..3000 {
        db.put("notes", format!("number-{number}"), Body::json("{}")).unwrap();
    }
    db.checkpoint().unwrap();
    db.close().unwrap();
    drop(db);
    let names = io.disk.list(&Path::new(DIR).join("index")).unwrap();
    let name = names.iter().find(|name| name.starts_with("keys-")).unwrap();
    flip(&io, &format!("index/{name}"), 4096 + 1000);
    let report = verify(DIR, &VerifyOptions::new().io(io).deep(true)).unwrap();
    assert!(matches!(report.verdict, Verdict::Corrupt { .. }), "{report:?}");
    assert_eq!(report.findings[0].code, ErrorCode::Corrupt);
}

#[test]
fn progress_is_told_and_many_segments_are_read_on_many_threads() {
    let io = io();
    let small = LogOptions { segment_bytes: 65_536, ..LogOptions::default() };
    let db = Database::open(DIR, options(&io).log(small)).unwrap();
    for number in 0..400 {
        let text = "some text ".repeat(100);
        db.put("notes", format!("number-{number}"), Body::json(format!(r#"{{"text": "{text}"}}"#).as_str())).unwrap();
    }
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let options = VerifyOptions::new().threads(3).deep(true).progress(move |step| seen.lock().unwrap().push(step));
    let report = db.verify_with(&options).unwrap();
    assert!(report.is_ok(), "{report:?}");
    assert_eq!((report.size, report.root), (400, db.head().root));
    let told = told.lock().unwrap();
    let segments = told.iter().filter(|step| matches!(step, VerifyProgress::Log { .. })).count();
    assert!(segments >= 7, "{told:?}");
    assert!(told.contains(&VerifyProgress::Rebuilding));
}

#[test]
fn what_is_no_database_is_an_error_and_not_a_verdict() {
    let io = io();
    io.disk.create_dir(Path::new("/empty")).unwrap();
    for path in ["/empty", "/nothing"] {
        let error = verify(path, &VerifyOptions::new().io(io.clone())).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotADatabase, "{path}: {error}");
    }
}

#[test]
fn stats_measure_the_files_and_the_collections() {
    let io = io();
    let db = Database::open(DIR, options(&io).origin("example.org/a")).unwrap();
    for number in 0..300 {
        db.put("notes", format!("number-{number}"), Body::json("{}")).unwrap();
    }
    db.put("users", "ada", Body::json("{}")).unwrap();
    db.delete("users", "ada").unwrap();
    let before = db.stats().unwrap();
    assert_eq!(before.collections, [("notes".to_owned(), 300)]);
    assert_eq!((before.head, before.durable_size, before.epoch > 0), (db.head(), 302, true));
    assert_eq!((before.checkpoint_size, before.log_segments), (0, 1));
    assert!(before.log_bytes > 302 * 100 && before.log_bytes <= before.log_bytes_on_disk);
    assert!(before.delta_bytes > 0 && before.index_entries >= 301 && before.background_failure.is_none());
    db.checkpoint().unwrap();
    let after = db.stats().unwrap();
    assert_eq!((after.checkpoint_size, after.origin.as_deref()), (302, Some("example.org/a")));
    assert!(after.index_bytes_on_disk > 0 && after.index_bytes_on_disk > before.index_bytes_on_disk);
    let json = after.to_json().unwrap();
    assert!(json.contains(r#""collections":[{"name":"notes","documents":300}]"#), "{json}");
}

#[test]
fn stats_count_what_caches_had_and_had_not() {
    let io = io();
    let caches = |db: &Database| {
        let caches = db.stats().unwrap().caches.into_iter().map(|(name, figures)| (name, figures.hits, figures.misses));
        caches.collect::<Vec<_>>()
    };
    let db = Database::open(DIR, options(&io)).unwrap();
    for number in 0..20 {
        db.put("notes", format!("n{number}"), Body::json(format!(r#"{{"number": {number}}}"#))).unwrap();
    }
    assert_eq!(caches(&db), [("clients", 19, 1), ("index_nodes", 0, 0)], "one client");
    db.create_index("notes", "number", IndexKind::Ordered).unwrap();
    db.wait_for_index("notes", "number", IndexKind::Ordered, &mut |_| ()).unwrap();
    db.checkpoint().unwrap();
    db.close().unwrap();

    let db = Database::open(DIR, options(&io)).unwrap();
    assert_eq!(caches(&db), [("clients", 0, 0), ("index_nodes", 0, 0)]);
    let snapshot = db.snapshot();
    let scan = || snapshot.index_scan("notes", "number", &ValueRange::all()).unwrap().expect("it is ready").count();
    assert_eq!(scan(), 20);
    assert_eq!(caches(&db), [("clients", 0, 0), ("index_nodes", 0, 1)], "the one node is read");
    assert_eq!((scan(), scan()), (20, 20));
    db.put("notes", "n20", Body::json("{}")).unwrap();
    assert_eq!(caches(&db), [("clients", 0, 1), ("index_nodes", 2, 1)]);
    db.checkpoint().unwrap();
    assert_eq!(caches(&db), [("clients", 0, 1), ("index_nodes", 3, 1)], "merging the files walks over it too");
    assert_eq!(scan(), 20);
    assert_eq!(caches(&db), [("clients", 0, 1), ("index_nodes", 3, 2)], "that of the new file is read");
    let json = db.stats().unwrap().to_json().unwrap();
    assert!(
        json.contains(
            r#""caches":[{"name":"clients","hits":0,"misses":1},{"name":"index_nodes","hits":3,"misses":2}]"#
        ),
        "{json}"
    );
}

#[test]
fn a_database_is_verified_in_depth_while_it_is_written() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let counts = nedb_io::scoped(2, 2, |job| {
        if job == 0 {
            for number in 0..6000 {
                db.put("notes", format!("n{}", number % 50), Body::json(r#"{"text": "meanwhile"}"#)).unwrap();
            }
            is_done.store(true, std::sync::atomic::Ordering::Relaxed);
            return (0, 0);
        }
        let (mut sound, mut busy) = (0, 0);
        while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
            let is_deep = (sound + busy) % 2 == 0;
            match db.verify_with(&VerifyOptions::new().threads(1).deep(is_deep)) {
                Ok(report) => {
                    assert!(report.is_ok(), "{report:?}");
                    sound += 1;
                }
                // A writer that never rests may be faster than the reading; that is said, and no damage is made up.
                Err(error) => {
                    assert_eq!(error.code(), ErrorCode::Busy, "{error}");
                    busy += 1;
                }
            }
        }
        (sound, busy)
    });
    let report = db.verify_with(&VerifyOptions::new().deep(true)).unwrap();
    assert_eq!((report.verdict, report.size), (Verdict::Consistent, 6000));
    println!("verifications beside the writer: {} sound, {} gave way", counts[1].0, counts[1].1);
}

#[test]
fn an_open_handle_knows_where_its_log_must_not_end() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    for number in 0..20 {
        db.put("notes", format!("number-{number}"), Body::json(r#"{"text": "the content"}"#)).unwrap();
    }
    assert!(db.verify().unwrap().is_ok());
    let last = u64::try_from(bytes(&io, SEGMENT).windows(9).rposition(|part| part == b"number-19").unwrap()).unwrap();
    flip(&io, SEGMENT, last);
    // Whoever has only the files takes the frame for one that was never completed.
    assert!(check(&io).is_ok());
    let report = db.verify().unwrap();
    assert!(matches!(report.verdict, Verdict::Corrupt { .. }), "{:?}", report.verdict);
    assert_eq!(report.size, 19);
    assert!(report.findings[0].message.contains("20 were acknowledged"), "{:?}", report.findings);
}

#[test]
fn damage_under_an_open_handle_is_found_wherever_it_is() {
    let io = io();
    let db = Database::open(DIR, options(&io)).unwrap();
    for number in 0..20 {
        db.put("notes", format!("number-{number}"), Body::json(r#"{"text": "some text"}"#)).unwrap();
    }
    assert!(db.verify().unwrap().is_ok());
    let first = find(&io, b"number-7") - 300;
    for offset in first..first + 600 {
        flip(&io, SEGMENT, offset);
        let report = db.verify().unwrap();
        assert!(!report.is_ok(), "offset {offset}: {report:?}");
        assert!((5..=9).contains(&report.size), "offset {offset}: {report:?}");
        flip(&io, SEGMENT, offset);
    }
    assert!(db.verify().unwrap().is_ok());
}

/// The checkpoint with the cosignature of a witness added, and the key of that witness.
fn cosigned(checkpoint: &str, name: &str, seed: u8) -> (String, VerifierKey) {
    let key = SigningKey::new(name, &SecretSeed::new([seed; 32])).unwrap();
    let log_form = key.verifier_key().to_string();
    let public = BASE64.decode(log_form.rsplit('+').next().unwrap()).unwrap();
    let witness = VerifierKey::new(name, SignatureKind::Cosignature, public[1..].try_into().unwrap()).unwrap();
    // The words that a witness signs; the signature is then moved below the checkpoint, with the time before it.
    let (text, time_s) = (checkpoint.split("\n\n").next().unwrap(), 1_767_225_600_u64);
    let signed = sign_note(&format!("cosignature/v1\ntime {time_s}\n{text}\n"), &key).unwrap().to_string();
    let signature = BASE64.decode(signed.trim_end().rsplit(' ').next().unwrap()).unwrap();
    let line = [witness.id().as_slice(), &time_s.to_be_bytes(), &signature[4..]].concat();
    (format!("{checkpoint}\u{2014} {name} {}\n", BASE64.encode(line)), witness)
}

#[test]
fn a_head_that_was_kept_anchors_the_history() {
    let io = io();
    let heads = closed(&io, 20);
    let kept = ExpectedHead::at_size(12, heads[12].root);
    let report = verify(DIR, &VerifyOptions::new().io(io.clone()).expect_head(kept)).unwrap();
    assert_eq!((report.verdict.clone(), report.vouched.anchored_size), (Verdict::Anchored { size: 12 }, Some(12)));
    assert_eq!(report.verdict.to_string(), "anchored (size 12)");
    let wrong = ExpectedHead::at_size(12, heads[11].root);
    let report = verify(DIR, &VerifyOptions::new().io(io).expect_head(wrong)).unwrap();
    assert!(!report.is_ok() && report.vouched == Vouched::default(), "{report:?}");
}

#[test]
fn cosignatures_of_given_witnesses_are_counted() {
    let io = io();
    closed(&io, 20);
    let db = Database::open(DIR, options(&io)).unwrap();
    let own = db.signed_checkpoint().unwrap();
    drop(db);
    let (text, ada) = cosigned(&own, "ada.example", 1);
    let (text, bob) = cosigned(&text, "bob.example", 2);
    let (_, eve) = cosigned(&own, "eve.example", 3);
    let check = |text: &str, witnesses: &[VerifierKey]| {
        verify(DIR, &VerifyOptions::new().io(io.clone()).signed_checkpoint(text, &[]).witnesses(witnesses))
    };
    let report = check(&text, &[ada.clone(), bob.clone(), eve.clone(), ada.clone()]).unwrap();
    let by = Witnessed { cosigned: 2, of: 3 };
    assert_eq!(report.verdict, Verdict::Witnessed { by, size: 20 });
    assert_eq!(report.verdict.to_string(), "witnessed (2 of 3, size 20)");
    assert_eq!((report.vouched.signed_size, report.vouched.witnessed), (Some(20), Some(by)));
    assert_eq!(check(&text, &[]).unwrap().verdict, Verdict::Signed { size: 20 });

    let code = |result: nedb::Result<VerifyReport>| result.unwrap_err().code();
    assert_eq!(code(check(&text, &[eve])), ErrorCode::BadSignature, "none of the given ones cosigned");
    let (_, other) = cosigned(&own.replace("\n20\n", "\n19\n"), "ada.example", 1);
    let (forged, _) = cosigned(&own.replace("\n20\n", "\n19\n"), "ada.example", 1);
    let forged = own.clone() + forged.lines().last().unwrap() + "\n";
    assert_eq!(code(check(&forged, &[other])), ErrorCode::BadSignature, "a cosignature of another head");
    let log_key = SigningKey::new("ada.example", &SecretSeed::new([1; 32])).unwrap().verifier_key();
    assert_eq!(code(check(&text, &[log_key])), ErrorCode::InvalidArgument, "no key of a witness");
    let alone = verify(DIR, &VerifyOptions::new().io(io.clone()).witnesses(&[ada]));
    assert_eq!(code(alone), ErrorCode::InvalidArgument, "no checkpoint to vouch for");
}
