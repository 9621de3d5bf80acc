//! Verifying a whole log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

mod support;

use nedb_crypto::Frontier;
use nedb_io::Io;
use nedb_log::{DamageKind, EntryFields, FramePlan, LogStore, OpKind, Progress, VerifyOptions, verify_log};
use nedb_types::{Digest, Seq};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use support::{DIR, SMALL, Writer, document};

/// Makes an entry or the root of its frame wrong.
type Change<'c> = &'c dyn Fn(&mut EntryFields<'_>, &mut Digest);

fn long_log() -> (Io, Writer) {
    let io = Io::memory(64 << 20);
    let mut writer = Writer::create(&io, SMALL);
    for number in 0..120_u16 {
        let (one, two) = (format!("k{}", number % 7), format!("n{number}"));
        let bytes = document(1_500, one.as_bytes());
        writer.commit(&[(&one, &bytes), (&two, &bytes)]).unwrap();
    }
    let record = writer.log.position().catalogue.record(Seq::new(240), 1, b"signer".to_vec());
    writer.append_with(&[], &[record]).unwrap();
    writer.log.sync().unwrap();
    writer.log.write_head().unwrap();
    (io, writer)
}

#[test]
fn a_sound_log_verifies_on_any_number_of_threads() {
    let (io, writer) = long_log();
    for threads in [1, 2, 5] {
        let (told, done) = (AtomicU64::new(0), AtomicU64::new(0));
        let progress = |progress: Progress| {
            assert!(progress.segments > 5);
            // It says how much there is before it has done anything, and then tells of each segment once.
            assert!(told.fetch_add(1, Ordering::Relaxed) > 0 || progress.segments_done == 0);
            done.fetch_add(progress.segments_done, Ordering::Relaxed);
        };
        let options = VerifyOptions { threads, progress: Some(&progress), ..VerifyOptions::default() };
        let verdict = verify_log(&io, Path::new(DIR), options).unwrap();
        assert_eq!(verdict.damage, None);
        assert_eq!((verdict.size, verdict.payloads, verdict.root), (240, 240, writer.frontier.root()));
        assert_eq!((verdict.catalogue.number, verdict.unsealed_catalogue), (1, 1));
        let segments = told.into_inner() - 1;
        assert_eq!(done.into_inner(), segments * (segments + 1) / 2);
    }
}

#[test]
fn an_expected_root_is_met_at_its_size_even_inside_a_frame() {
    let (io, writer) = long_log();
    let mut leaves = Vec::new();
    let mut frames = writer.log.tail(nedb_log::Address::ZERO).unwrap();
    while let Some(frame) = frames.next().unwrap() {
        leaves.extend(frame.leaves());
    }
    let verdict_of = |expect| {
        verify_log(&io, Path::new(DIR), VerifyOptions { expect: Some(expect), ..VerifyOptions::default() }).unwrap()
    };
    for size in [0, 1, 2, 7, 100, 239, 240] {
        let mut frontier = Frontier::new();
        frontier.extend(&leaves[..size]);
        assert_eq!(verdict_of((size as u64, frontier.root())).damage, None, "size {size}");
        let wrong = verdict_of((size as u64, Digest::from([1; 32]))).damage.unwrap();
        assert_eq!(wrong.kind, DamageKind::Unexpected);
    }
    assert!(!verdict_of((241, writer.frontier.root())).is_sound());
}

#[test]
fn what_was_written_wrong_with_valid_checks_is_inconsistent_at_its_seq() {
    let wrong_root = |_: &mut EntryFields<'_>, root: &mut Digest| *root = Digest::from([9; 32]);
    let wrong_previous = |entry: &mut EntryFields<'_>, _: &mut Digest| entry.previous = Some(Seq::new(0));
    let wrong_catalogue =
        |entry: &mut EntryFields<'_>, _: &mut Digest| entry.catalogue = Some((4, Digest::from([9; 32])));
    let changes: [Change<'_>; 3] = [&wrong_root, &wrong_previous, &wrong_catalogue];
    for change in changes {
        let io = Io::memory(64 << 20);
        let mut writer = Writer::create(&io, SMALL);
        writer.put("a", 10).unwrap();
        let plan = FramePlan { first_seq: Seq::new(1), commit_time: 20, catalogue: &[], records_bytes_max: 4096 };
        let mut builder = writer.log.begin(&plan).unwrap();
        let mut entry = EntryFields::new(OpKind::Noop, "notes", "ann", 1);
        let mut root = Digest::ZERO;
        change(&mut entry, &mut root);
        builder.push(&entry, None, None, None).unwrap();
        if root == Digest::ZERO {
            writer.frontier.extend(&builder.leaves());
            root = writer.frontier.root();
        }
        writer.log.append(builder.follows(), builder.finish(root)).unwrap();
        writer.log.close().unwrap();
        let damage = verify_log(&io, Path::new(DIR), VerifyOptions::default()).unwrap().damage.unwrap();
        assert_eq!((damage.kind, damage.seq()), (DamageKind::Inconsistent, Some(Seq::new(1))), "{damage:?}");
    }
}
