//! Fuzzes the records of the log: entry bodies, payloads, and both as the last frame of a sound log.
//!
//! The first byte chooses. Checks that nothing panics, that an entry or payload that was read is written back byte for byte, and
//! that a log with any record behind good checks is verified, opened, read and continued without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nedb_fuzz::planted::{HEAD, SEGMENT, planted};
use nedb_fuzz::seal::append_record;
use nedb_fuzz::visit::visit;
use nedb_log::{EntryView, PayloadContent, PayloadUnit, PayloadView};
use nedb_types::Seq;

/// Above the seqs of the planted log, so that causes can be below it.
const OWN_SEQ: Seq = Seq::new(1 << 20);

fuzz_target!(|bytes: &[u8]| match bytes {
    [0, body @ ..] => entry(body),
    [1, unit @ ..] => payload(unit),
    // Lengths of inputs stay below those of the fields that hold them.
    [2 | 3, length, rest @ ..] if rest.len() < 1 << 14 => {
        let (body, payload) = rest.split_at(usize::from(*length).min(rest.len()));
        frame(body, payload, bytes[0] == 3);
    }
    _ => {}
});

fn entry(body: &[u8]) {
    let Ok(view) = EntryView::decode(body, OWN_SEQ) else {
        return;
    };
    let causes: Vec<Seq> = view.causes().collect();
    let encoded = view.to_fields(&causes).encode(OWN_SEQ);
    assert_eq!(encoded.expect("an entry that was read can be written"), body, "an entry has one form");
}

fn payload(unit: &[u8]) {
    let Ok(view) = PayloadView::decode(unit) else {
        return;
    };
    let content = PayloadContent {
        id: view.id,
        relation: view.relation(),
        evidence: view.evidence(),
        valid_from_text: view.valid_from_text(),
        valid_to_text: view.valid_to_text(),
        request: view.request(),
        result: view.result(),
        document: view.document,
    };
    let salt = view.salt().try_into().expect("a payload begins with its salt");
    // A name or an id beyond its limit is read, because the limit may rise, but it is not written.
    if let Ok(written) = PayloadUnit::encode(salt, &content) {
        assert_eq!(written.bytes(), unit, "a payload has one form");
    }
}

fn frame(body: &[u8], payload: &[u8], is_head_behind: bool) {
    let planted = planted();
    let mut files = planted.early.clone();
    // The checkpoint ends before the new frame, so that opening replays this frame alone; without it, the whole log.
    if is_head_behind {
        files.retain(|path, _| !path.starts_with("/db/index/"));
        files.insert(HEAD.to_owned(), planted.empty[HEAD].clone());
    }
    let segment = files.get_mut(SEGMENT).expect("the log has a segment");
    append_record(segment, body, payload);
    visit(&files);
}
