//! Fuzzes the runs of temporal and text indexes: blocks, nodes and postings as files hold them.
//!
//! The first byte chooses a run and whether its checks are computed again; what follows are patches of the run (page in one
//! byte, offset in two bytes, length in one, bytes). Checks that nothing panics or runs on and on; that damage is never
//! believed: an answer is the one of the whole run, or an error. A run whose checks were computed again is a forgery, which may
//! answer anything, but not more often than it says that it has entries.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nedb_fuzz::planted::bare_machine;
use nedb_fuzz::seal::seal_run;
use nedb_index::{
    IndexDirectory, KeyHasher, KeyRange, RunFile, TemporalChange, TemporalIndex, TemporalRunFiles, TextChange,
    TextIndex, TextQuery, TextTerm, TextVersion, TextWords,
};
use nedb_io::{Access, Io};
use nedb_types::{DatabaseId, Result, Seq};

const SEALED: u8 = 1;
const PAGE_BYTES: usize = 4096;
const DIR: &str = "/index";
/// The last seq of the planted indexes.
const SEQS: u64 = 400;
/// Entries that a forged run may claim are many; no scan of the targets takes more.
const ENTRIES_MAX: usize = 100_000;

/// The runs of one index, with the bytes of each file.
struct Planted {
    files: TemporalRunFiles,
    bytes: Vec<Vec<u8>>,
    is_text: bool,
    answers: Vec<String>,
}

fuzz_target!(|bytes: &[u8]| {
    static PLANTED: LazyLock<[Planted; 2]> = LazyLock::new(|| [values(), texts()]);
    let [choice, patches @ ..] = bytes else {
        return;
    };
    let planted = &PLANTED[usize::from(choice >> 1 & 1)];
    let number = usize::from(choice >> 2) % planted.bytes.len();
    let is_sealed = choice & SEALED != 0;
    let mut run = patched(&planted.bytes[number], patches);
    let digest = if is_sealed { seal_run(&mut run) } else { None };
    let (io, mut files) = (bare_machine(), planted.files.clone());
    io.disk.create_dir(Path::new(DIR)).expect("the directory is new");
    let all = files.live.iter_mut().chain(&mut files.closed).zip(&planted.bytes).enumerate();
    for (at, (file, original)) in all {
        if at == number {
            file.digest = digest.unwrap_or(file.digest);
        }
        let on_disk = io.disk.create_new(&Path::new(DIR).join(&file.name)).expect("the file is new");
        on_disk.write_all_at(if at == number { &run } else { original }, 0).expect("the disk has room");
    }
    let found = answers(&io, &files, planted.is_text);
    if !is_sealed {
        for (found, expected) in found.iter().zip(&planted.answers) {
            assert!(found.is_err() || found.as_ref().is_ok_and(|found| found == expected), "damage was believed");
        }
    }
});

fn patched(run: &[u8], mut patches: &[u8]) -> Vec<u8> {
    let mut run = run.to_vec();
    while let [page, low, high, length, rest @ ..] = patches {
        let (bytes, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        let page_start = usize::from(*page) % (run.len() / PAGE_BYTES) * PAGE_BYTES;
        let at = page_start + usize::from(u16::from_le_bytes([*low, *high])) % PAGE_BYTES;
        let end = (at + bytes.len()).min(page_start + PAGE_BYTES);
        run[at..end].copy_from_slice(&bytes[..end - at]);
        patches = rest;
    }
    run
}

fn directory(io: &Io) -> IndexDirectory {
    IndexDirectory::new(io, Path::new(DIR), DatabaseId::from_bytes([2; 16]), KeyHasher::new([1; 16]))
}

/// What the runs answer; each answer stands alone.
fn answers(io: &Io, files: &TemporalRunFiles, is_text: bool) -> Vec<Result<String>> {
    let runs = match directory(io).open_temporal_runs(files) {
        Ok(runs) => runs,
        Err(error) => return vec![Err(error)],
    };
    let mut answers = Vec::new();
    let index = TemporalIndex::open(runs.clone());
    for seq in [0, SEQS / 2, SEQS] {
        let snapshot = index.snapshot(Seq::new(seq));
        answers.push(snapshot.scan(&KeyRange::all()).and_then(walked));
        answers.push(snapshot.scan_descending(&KeyRange::prefix(b"k")).and_then(walked));
        answers.push(snapshot.count(&KeyRange::prefix(b"k1")).map(|count| count.to_string()));
        answers.push(snapshot.added(b"k7", b"7").map(|added| format!("{added:?}")));
    }
    if is_text {
        answers.push(TextIndex::open(runs).and_then(|index| {
            let terms = [TextTerm::Word("tree".into()), TextTerm::Prefix("w".into())];
            let query = TextQuery { required: terms.to_vec(), excluded: vec![TextTerm::Word("w9".into())] };
            let snapshot = index.snapshot(Seq::new(SEQS));
            let best = snapshot.matches(&query, &mut |_| Ok(()))?.best(10, &mut |_| Ok(()))?;
            Ok(format!("{:?} {best:?}", snapshot.totals()?))
        }));
    }
    answers
}

fn walked(mut scan: nedb_index::TemporalScan) -> Result<String> {
    let mut text = String::new();
    for _ in 0..ENTRIES_MAX {
        let Some(entry) = scan.next()? else {
            return Ok(text);
        };
        text += &format!("{:?} {:?} {} {:?}\n", entry.key, entry.id, entry.added, entry.payload);
    }
    panic!("a run of a few pages shows more than {ENTRIES_MAX} entries");
}

/// Values that come and go.
fn values() -> Planted {
    let index = TemporalIndex::new();
    for seq in 0..SEQS {
        let (key, id) = (format!("k{}", seq % 90), seq.to_string());
        let (key, id, added) = (key.as_bytes(), id.as_bytes(), Seq::new(seq));
        index.apply(&[TemporalChange::Added { key, id, added, payload: &[7; 3] }]);
        if seq % 3 == 0 {
            index.apply(&[TemporalChange::Removed { key, id, added, removed: Seq::new(seq + 1) }]);
        }
    }
    planted(&index, false)
}

/// Texts, some of which were written again.
fn texts() -> Planted {
    let index = TextIndex::new();
    let words = |seq: u64| {
        let (rare, frequent) = (format!("w{}", seq % 50), format!("w{}", seq % 7));
        TextWords::of([rare.as_str(), "tree", &frequent, "tree"])
    };
    for seq in 0..SEQS {
        let (id, after) = ((seq % 300).to_string(), words(seq));
        let old = seq.checked_sub(300).map(words);
        let before = old.as_ref().map(|old| TextVersion { words: old.as_bytes(), added: Seq::new(seq - 300) });
        let after = Some(after.as_bytes());
        index.apply(&[TextChange { id: id.as_bytes(), seq: Seq::new(seq), before, after }]);
    }
    planted(index.temporal(), true)
}

fn planted(index: &TemporalIndex, is_text: bool) -> Planted {
    let io = bare_machine();
    io.disk.create_dir(Path::new(DIR)).expect("the directory is new");
    let frozen = index.freeze().expect("changes were applied");
    let runs = directory(&io).write_temporal_runs(&frozen, &index.runs()).expect("the disk has room");
    let files = runs.files(1);
    let read = |file: &RunFile| {
        let on_disk = io.disk.open(&Path::new(DIR).join(&file.name), Access::Read).expect("it was written");
        let mut bytes = vec![0; usize::try_from(file.length_bytes).expect("it is small")];
        on_disk.read_exact_at(&mut bytes, 0).expect("it can be read");
        bytes
    };
    let bytes = files.live.iter().chain(&files.closed).map(read).collect();
    let answers = answers(&io, &files, is_text).into_iter().map(|answer| answer.expect("it is sound")).collect();
    Planted { files, bytes, is_text, answers }
}
