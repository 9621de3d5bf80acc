//! Writes the seeds that are made of the planted database; run it again when the format changes.
//!
//!     cargo run --manifest-path fuzz/Cargo.toml --example seeds
//!
//! Promises: the same files every time. Seeds written by hand are left alone.

use std::path::Path;

use nedb::{Access, Seq, check_proof};
use nedb_crypto::ProofFile;
use nedb_fuzz::planted::{HEAD, SEGMENT, machine, open, planted};
use nedb_fuzz::seal::{ENTRY_PREFIX_BYTES, SEGMENT_HEADER_BYTES, frame_end};

fn main() {
    segment();
    head();
    checkpoint();
    proof_and_note();
    record();
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target).join(name);
    std::fs::create_dir_all(path.parent().expect("the path has a folder")).expect("the folder can be made");
    std::fs::write(&path, bytes).expect("the seed can be written");
    println!("{} {}", bytes.len(), path.display());
}

fn segment() {
    let file = &planted().late[SEGMENT];
    let frames = &file[SEGMENT_HEADER_BYTES..];
    let mut ends = vec![SEGMENT_HEADER_BYTES];
    while let Some(end) = frame_end(file, ends[ends.len() - 1]) {
        ends.push(end);
    }
    let end = |number: usize| ends[number] - SEGMENT_HEADER_BYTES;
    let last = ends.len() - 1;
    write("segment", "header", &[&[2], &file[..128]].concat());
    write("segment", "header-sealed", &[&[3], &file[..128]].concat());
    write("segment", "frames", &[&[0], &frames[..end(last)]].concat());
    write("segment", "frames-sealed", &[&[5], &frames[..end(last)]].concat());
    write("segment", "few-frames-sealed", &[&[5], &frames[..end(3)]].concat());
    write("segment", "torn-tail", &[&[4], &frames[..end(3) - 40]].concat());
    write("segment", "hole", &[&[4], &frames[..end(1)], &vec![0; 256], &frames[end(2)..end(last)]].concat());
    write("segment", "catalogue-only", &[&[5], &frames[..end(1)]].concat());
}

fn head() {
    let slots = |file: &[u8]| [&file[..192], &file[4096..4096 + 192]].concat();
    let [late, empty] = [&planted().late[HEAD], &planted().empty[HEAD]].map(|file| slots(file));
    write("head", "both-slots", &[&[0], late.as_slice()].concat());
    write("head", "both-slots-sealed", &[&[1], late.as_slice()].concat());
    write("head", "first-generations-sealed", &[&[1], empty.as_slice()].concat());
    write("head", "one-slot-sealed", &[&[1], vec![0; 192].as_slice(), &late[192..]].concat());
    write("head", "short-file", &[&[2], late.as_slice()].concat());
}

fn checkpoint() {
    let files = planted().late.iter().filter(|(path, _)| path.starts_with("/db/index/"));
    for (number, (path, bytes)) in files.enumerate() {
        let number = u8::try_from(number).expect("the files are few");
        let name = path.rsplit('/').next().expect("a path has a name").split('-').next().expect("a name has a kind");
        for (mode, how) in [(0, "patched"), (1, "patched-sealed")] {
            let patch = [&[number, mode, 8, 0, 4], &bytes[8..12], &[16, 0, 8], &bytes[16..24]].concat();
            write("checkpoint", &format!("{number}-{name}-{how}"), &patch);
        }
        if bytes.len() < 3500 {
            write("checkpoint", &format!("{number}-{name}-whole"), &[&[number, 2], bytes.as_slice()].concat());
            write("checkpoint", &format!("{number}-{name}-whole-sealed"), &[&[number, 3], bytes.as_slice()].concat());
        }
    }
}

fn proof_and_note() {
    let text = planted().proof.as_bytes();
    let proof: ProofFile = planted().proof.parse().expect("the planted proof is good");
    assert!(check_proof(&planted().proof, &[]).is_ok(), "the planted proof is good");
    write("proof", "signed.tlog-proof", text);
    write("proof", "entry", proof.extra().expect("the proof has an entry"));
    write("note", "checkpoint", proof.checkpoint().to_string().as_bytes());
    write("note", "tree-head", proof.checkpoint().text().as_bytes());
    write("note", "verifier-key", planted().verifier_key.as_bytes());
    write("note", "full-tile", b"tile/2/x001/234");
    write("note", "partial-entries", b"tile/entries/x123/x456/078.p/17");
    write("note", "bundle", &[0, 3, b'a', b'b', b'c', 0, 0]);
}

fn record() {
    let db = open(&machine(&planted().late), Access::Write).expect("the planted database opens");
    for seq in 0..db.head().size {
        let text = db.proof(Seq::new(seq)).expect("the entry can be proved");
        let proof: ProofFile = text.parse().expect("the proof was just written");
        let body = &proof.extra().expect("the proof has an entry")[ENTRY_PREFIX_BYTES..];
        let payload = db.committed_payload(Seq::new(seq)).expect("the seq is there").unwrap_or_default();
        let length = u8::try_from(body.len()).expect("the bodies are short");
        write("record", &format!("{seq}-entry"), &[&[0], body].concat());
        write("record", &format!("{seq}-payload"), &[&[1], payload.as_slice()].concat());
        for mode in [2, 3] {
            let frame = [&[mode, length], body, payload.as_slice()].concat();
            write("record", &format!("{seq}-frame-{mode}"), &frame);
        }
    }
}
