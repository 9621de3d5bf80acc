//! The same questions to NEDB and to SQLite give the same rows, in the same order, now and as of an earlier release.

//!
//! The questions and the tables are those of `tools/beside_sqlite.py`, which needs Python 3 and its SQLite; this test hands
//! it the command and the bundled records, a part of both releases. `NEDB_DATA=DIR` takes all records instead, from
//! `debian-bookworm.ndjson.zst` and `debian-trixie.ndjson.zst` in that directory, as `nedb demo --data DIR` does.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::script::Directory;

#[test]
fn nedb_and_sqlite_answer_alike() {
    let (directory, source) = (Directory::new(), Path::new(env!("CARGO_MANIFEST_DIR")));
    let whole = std::env::var_os("NEDB_DATA").map(PathBuf::from);
    let unpack = |release: &str| -> PathBuf {
        let packed = match &whole {
            Some(data) => std::fs::read(data.join(format!("debian-{release}.ndjson.zst"))).unwrap(),
            None => std::fs::read(source.join(format!("demo/{release}.ndjson.zst"))).unwrap(),
        };
        let path = directory.path().join(format!("{release}.ndjson"));
        std::fs::write(&path, zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
        path
    };
    let mut questions = Command::new("python3");
    questions.arg(source.join("../../tools/beside_sqlite.py")).arg(env!("CARGO_BIN_EXE_nedb"));
    questions.args(["bookworm", "trixie"].map(unpack));
    let output = questions.output().expect("python3 must be installed, as CONTRIBUTING.md says");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
