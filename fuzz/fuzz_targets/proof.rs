//! Fuzzes exported proofs: any text in, a checked proof or a typed error out.
//!
//! A text is checked with and without a key. Bytes that do not begin like a proof are taken as the canonical entry of a tree of
//! one, with a proof made for it, so that the reading of entries is reached behind a root that fits. Checks that nothing
//! panics, that a text that was read is written back byte for byte, and that a proof with a key holds without one too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nedb::{CheckedProof, check_proof};
use nedb_crypto::{Note, ProofFile, TreeHead, leaf_hash};
use nedb_fuzz::planted::planted;

const PROOF_START: &[u8] = b"c2sp.org/";
const SEQ: std::ops::Range<usize> = 21..29;
/// Nobody checks this signature; it only has the outline of one.
const SIGNATURE: &str = "\u{2014} example.org/fuzz AAAAAEFBQUE=\n";

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(PROOF_START) {
        if let Ok(text) = std::str::from_utf8(bytes) {
            check_text(text);
        }
        return;
    }
    let mut entry = bytes.to_vec();
    if let Some(seq) = entry.get_mut(SEQ) {
        seq.fill(0);
    }
    let tree = TreeHead::new("example.org/fuzz", 1, leaf_hash(&[&entry])).expect("the origin is good");
    let note: Note = format!("{tree}\n{SIGNATURE}").parse().expect("the note has the outline of one");
    let text = ProofFile::new(0, Vec::new(), note).with_extra(entry).to_string();
    if let Ok(checked) = check_proof(&text, &[]) {
        use_all(&checked, bytes);
    }
});

fn check_text(text: &str) {
    if let Ok(proof) = text.parse::<ProofFile>() {
        assert_eq!(proof.to_string(), text, "a proof has one text");
    }
    let unsigned = check_proof(text, &[]);
    let key = planted().verifier_key.parse().expect("the planted key is good");
    let signed = check_proof(text, &[key]);
    assert!(signed.is_err() || unsigned.is_ok(), "a signature proves nothing that does not hold: {signed:?}");
    if let Ok(checked) = unsigned {
        use_all(&checked, text.as_bytes());
    }
}

fn use_all(checked: &CheckedProof, bytes: &[u8]) {
    checked.to_json().expect("a checked proof prints as JSON");
    assert!(checked.check_payload(bytes).is_err(), "a proof is not its own payload");
}
