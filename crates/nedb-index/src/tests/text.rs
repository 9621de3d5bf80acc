//! Full text against a look at every text, at every moment, and its speed.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;

use nedb_io::Io;
use nedb_types::Seq;

use super::{DATABASE, Seeded, directory, memory_io};
use crate::{
    IndexDirectory, KeyHasher, TextChange, TextHit, TextIndex, TextQuery, TextSnapshot, TextTerm, TextVersion,
    TextWords,
};

const WORDS: [&str; 9] = ["a", "ab", "abc", "b", "ba", "c", "tea", "team", "zoo"];

/// A text that a document had, and when.
struct Text {
    id: Vec<u8>,
    tokens: Vec<String>,
    added: u64,
    removed: Option<u64>,
}

fn words(tokens: &[String]) -> TextWords {
    TextWords::of(tokens.iter().map(String::as_str))
}

fn search(snapshot: &TextSnapshot, query: &TextQuery, limit: usize) -> Vec<TextHit> {
    let free = &mut |_bytes: usize| Ok(());
    snapshot.matches(query, free).unwrap().best(limit, free).unwrap()
}

/// What `next` and `score_of` tell of all documents is what the ranking tells.
fn check_walks(snapshot: &TextSnapshot, query: &TextQuery, ids: &BTreeMap<&Vec<u8>, f64>) {
    let free = &mut |_bytes: usize| Ok(());
    let ranked: BTreeMap<Vec<u8>, u64> =
        search(snapshot, query, usize::MAX).into_iter().map(|hit| (hit.id, hit.score.to_bits())).collect();
    let mut matches = snapshot.matches(query, free).unwrap();
    let mut walked = BTreeMap::new();
    while let Some(found) = matches.next(free).unwrap() {
        walked.insert(found.id.to_vec(), found.score.to_bits());
    }
    assert_eq!(walked, ranked);
    let mut matches = snapshot.matches(query, free).unwrap();
    for number in 0..30 {
        let id = format!("{number:02}").into_bytes();
        let score = matches.score_of(&id).unwrap().map(f64::to_bits);
        assert_eq!(score, ranked.get(&id).copied());
        assert_eq!(score.is_some(), ids.contains_key(&id));
    }
}

fn matches(tokens: &[String], term: &TextTerm) -> bool {
    match term {
        TextTerm::Word(word) => tokens.contains(word),
        TextTerm::Prefix(beginning) => tokens.iter().any(|token| token.starts_with(beginning.as_str())),
        TextTerm::Phrase(words) => tokens.windows(words.len()).any(|window| window == words.as_slice()),
    }
}

/// What counts one word of the query: words, beginnings, and the words of phrases.
fn counted(query: &TextQuery) -> Vec<TextTerm> {
    let words = |words: &Vec<String>| words.iter().cloned().map(TextTerm::Word).collect();
    let counted = |term: &TextTerm| match term {
        TextTerm::Phrase(phrase) => words(phrase),
        other => vec![other.clone()],
    };
    query.required.iter().flat_map(counted).collect()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn naive(texts: &[&Text], query: &TextQuery, limit: usize) -> Vec<(Vec<u8>, f64)> {
    let total: usize = texts.iter().map(|text| text.tokens.len()).sum();
    let (count, average) = (texts.len() as f64, total as f64 / texts.len() as f64);
    let mut hits = Vec::new();
    for text in texts {
        let is_hit = query.required.iter().all(|term| matches(&text.tokens, term))
            && !query.excluded.iter().any(|term| matches(&text.tokens, term))
            && !query.required.is_empty();
        if !is_hit {
            continue;
        }
        let mut score = 0.0;
        for term in counted(query) {
            let one = |token: &String| matches(std::slice::from_ref(token), &term);
            let (df, tf) = (
                texts.iter().filter(|text| text.tokens.iter().any(one)).count() as f64,
                text.tokens.iter().filter(|token| one(token)).count() as f64,
            );
            let rarity = (1.0 + (count - df + 0.5) / (df + 0.5)).ln();
            score += rarity * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * text.tokens.len() as f64 / average));
        }
        hits.push((text.id.clone(), score));
    }
    hits.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    hits.truncate(limit);
    hits
}

fn random_term(random: &mut Seeded) -> TextTerm {
    let word = |random: &mut Seeded| WORDS[random.index(WORDS.len())].to_owned();
    match random.below(4) {
        0 => TextTerm::Prefix(word(random)),
        1 => TextTerm::Phrase((0..=random.below(2)).map(|_| word(random)).collect()),
        _ => TextTerm::Word(word(random)),
    }
}

fn check(index: &TextIndex, texts: &[Text], seq: u64, random: &mut Seeded) {
    let query = TextQuery {
        required: (0..=random.below(3)).map(|_| random_term(random)).collect(),
        excluded: (0..random.below(2)).map(|_| random_term(random)).collect(),
    };
    let visible: Vec<&Text> =
        texts.iter().filter(|text| text.added <= seq && text.removed.is_none_or(|removed| seq < removed)).collect();
    let snapshot = index.snapshot(Seq::new(seq));
    let totals = snapshot.totals().unwrap();
    let tokens: usize = visible.iter().map(|text| text.tokens.len()).sum();
    assert_eq!(
        (u64::try_from(totals.texts).unwrap(), u64::try_from(totals.tokens).unwrap()),
        (visible.len() as u64, tokens as u64)
    );
    let limit = [1, 3, usize::MAX][random.index(3)];
    let hits = search(&snapshot, &query, limit);
    let all = naive(&visible, &query, usize::MAX);
    let expected: BTreeMap<&Vec<u8>, f64> = all.iter().map(|(id, score)| (id, *score)).collect();
    assert_eq!(hits.len(), all.len().min(limit), "as of {seq}: {query:?}");
    check_walks(&snapshot, &query, &expected);
    for (hit, (_, score)) in hits.iter().zip(&all) {
        // The order of float operations differs, so that ranks are compared by score.
        assert!((hit.score - score).abs() < 1e-9, "as of {seq}: {query:?}");
        assert!((expected[&hit.id] - hit.score).abs() < 1e-9, "as of {seq}: {query:?}");
    }
    assert!(hits.windows(2).all(|pair| pair[0].score > pair[1].score
        || (pair[0].score.total_cmp(&pair[1].score).is_eq() && pair[0].id < pair[1].id)));
}

#[test]
fn a_search_as_of_any_moment_finds_what_a_look_at_every_text_finds() {
    for seed in 0..25 {
        let mut random = Seeded(seed);
        let io = memory_io();
        let mut index = TextIndex::new();
        let mut texts: Vec<Text> = Vec::new();
        for seq in 0..240 {
            let id = format!("{:02}", random.below(30)).into_bytes();
            let tokens: Vec<String> =
                (0..random.below(12)).map(|_| WORDS[random.index(WORDS.len())].to_owned()).collect();
            let is_deleted = random.below(4) == 0;
            let place = texts.iter().position(|text| text.id == id && text.removed.is_none());
            if let Some(place) = place {
                texts[place].removed = Some(seq);
            }
            let before = place.map(|place| &texts[place]);
            let (old, new) = (before.map(|text| words(&text.tokens)), words(&tokens));
            index.apply(&[TextChange {
                id: &id,
                seq: Seq::new(seq),
                before: before
                    .zip(old.as_ref())
                    .map(|(text, words)| TextVersion { added: Seq::new(text.added), words: words.as_bytes() }),
                after: (!is_deleted).then_some(new.as_bytes()),
            }]);
            if !is_deleted {
                texts.push(Text { id, tokens, added: seq, removed: None });
            }
            if seq % 37 == 0
                && let Some(frozen) = index.temporal().freeze()
            {
                let runs = directory(&io).write_temporal_runs(&frozen, &index.temporal().runs()).unwrap();
                index.temporal().install(&frozen, runs);
            }
            if seq == 222 {
                let files = index.temporal().runs().files(1);
                let runs = directory(&io).open_temporal_runs(&files).unwrap();
                assert_eq!(index.temporal().delta_bytes(), 0, "everything was written at this seq");
                index = TextIndex::open(runs).unwrap();
            }
            let moment = random.below(seq + 1);
            check(&index, &texts, moment, &mut random);
        }
    }
}

fn measure(io: &Io, snapshot: &TextSnapshot, what: &str) {
    let query = TextQuery {
        required: vec![TextTerm::Word("w100".into()), TextTerm::Word("w101".into())],
        excluded: Vec::new(),
    };
    for word in ["w100", "w101"] {
        println!("{word}: {} texts", snapshot.document_frequency(word).unwrap());
    }
    let start = io.clock.monotonic_us();
    for _ in 0..200 {
        black_box(search(snapshot, &query, 10));
    }
    println!("{what}: {} us each", (io.clock.monotonic_us() - start) / 200);
    let phrase = TextQuery {
        required: vec![TextTerm::Phrase(vec!["w100".into(), "w101".into()])],
        excluded: vec![TextTerm::Word("w7".into())],
    };
    let start = io.clock.monotonic_us();
    for _ in 0..200 {
        black_box(search(snapshot, &phrase, 10));
    }
    println!("{what}, phrase and exclusion: {} us each", (io.clock.monotonic_us() - start) / 200);
}

/// Printed on demand: `cargo test --release -p nedb-index -- --ignored --nocapture text::speed`.
#[test]
#[ignore = "measures, proves nothing"]
fn speed() {
    const TEXTS: u64 = 1_000_000;
    let io = Io::real();
    let dir: PathBuf = std::env::temp_dir().join(format!("nedb-text-speed-{}", std::process::id()));
    io.disk.create_dir(&dir).unwrap();
    let directory = IndexDirectory::new(&io, &dir, DATABASE, KeyHasher::new([5; 16]));
    let index = TextIndex::new();
    let mut random = Seeded(1);
    let start = io.clock.monotonic_us();
    for seq in 0..TEXTS {
        // Ten words of a thousand: each is in a hundredth of the texts.
        let tokens: Vec<String> = (0..10).map(|_| format!("w{}", random.below(1000))).collect();
        let id = format!("{:012x}", Seeded(seq).next() >> 16);
        let tokens = words(&tokens);
        let after = Some(tokens.as_bytes());
        let change = TextChange { id: id.as_bytes(), seq: Seq::new(seq), before: None, after };
        index.apply(&[change]);
        if seq % 100_000 == 99_999 {
            let frozen = index.temporal().freeze().unwrap();
            let runs = directory.write_temporal_runs(&frozen, &index.temporal().runs()).unwrap();
            index.temporal().install(&frozen, runs);
        }
    }
    println!("index: {} ns a text", (io.clock.monotonic_us() - start) * 1000 / TEXTS);
    let runs = index.temporal().runs();
    println!("{} runs, {} bytes a text", runs.run_count(), runs.length_bytes() / TEXTS);
    measure(&io, &index.snapshot(Seq::new(TEXTS)), "two words of a hundredth, top 10");
    measure(&io, &index.snapshot(Seq::new(TEXTS / 2)), "as of half the history");
    io.disk.remove_dir_all(&dir).unwrap();
}
