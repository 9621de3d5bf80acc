//! `cargo xtask demo-data`: the bundled subset of two Debian releases, made from the full files.
//!
//! Promises the same bytes from the same input: packages of the named sections and everything
//! they depend on in either release, each record kept byte for byte, in order of the package name.
//! Leaves a dependency that is no package of its own (a virtual one) dangling, as the index has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::Failure;

const RELEASES: [&str; 2] = ["bookworm", "trixie"];
/// What a machine is administered with, and as many neighbours as fit below the limit.
const SECTIONS: [&str; 8] = ["admin", "database", "httpd", "kernel", "net", "shells", "utils", "vcs"];
/// Both files together; the repository carries no more sample data than this.
const COMPRESSED_BYTES_MAX: usize = 900_000;
/// The slowest of zstd's ordinary levels: it is made once and cloned often.
const ZSTD_LEVEL: i32 = 19;

struct Record<'a> {
    id: String,
    section: String,
    depends: Vec<String>,
    line: &'a str,
}

/// Reads `debian-<release>.ndjson.zst` in `full` and writes `<release>.ndjson.zst` into `dir`.
pub fn write(full: &Path, dir: &Path) -> Result<(), Failure> {
    let mut texts = Vec::new();
    for release in RELEASES {
        let path = full.join(format!("debian-{release}.ndjson.zst"));
        let packed = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        texts.push(String::from_utf8(zstd::decode_all(packed.as_slice())?)?);
    }
    let releases = texts.iter().map(|text| records(text)).collect::<Result<Vec<_>, _>>()?;
    let selected = selected(&releases);
    println!("demo-data: {} packages of {} sections and what they depend on", selected.len(), SECTIONS.len());
    std::fs::create_dir_all(dir)?;
    let mut bytes = 0;
    for (release, records) in RELEASES.into_iter().zip(&releases) {
        let (count, text) = subset(records, &selected);
        let packed = zstd::encode_all(text.as_bytes(), ZSTD_LEVEL)?;
        println!("demo-data: {release}: {count} records, {} bytes, {} compressed", text.len(), packed.len());
        bytes += packed.len();
        std::fs::write(dir.join(format!("{release}.ndjson.zst")), packed)?;
    }
    if bytes > COMPRESSED_BYTES_MAX {
        return Err(format!("demo-data: {bytes} bytes compressed, at most {COMPRESSED_BYTES_MAX}").into());
    }
    println!("demo-data: {bytes} bytes compressed, at most {COMPRESSED_BYTES_MAX}");
    Ok(())
}

fn records(text: &str) -> Result<Vec<Record<'_>>, Failure> {
    text.lines()
        .enumerate()
        .map(|(number, line)| record(line).map_err(|why| format!("line {}: {why}", number + 1).into()))
        .collect()
}

fn record(line: &str) -> Result<Record<'_>, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let word = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let depends = value.get("depends").and_then(Value::as_array).into_iter().flatten();
    Ok(Record {
        id: word("id").ok_or("no id")?,
        section: word("section").unwrap_or_default(),
        depends: depends.filter_map(Value::as_str).map(str::to_owned).collect(),
        line,
    })
}

/// Returns the packages of the sections in any release, closed over the dependencies in all.
fn selected<'a>(releases: &'a [Vec<Record<'_>>]) -> BTreeSet<&'a str> {
    let mut depends: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut open = Vec::new();
    for record in releases.iter().flatten() {
        depends.entry(&record.id).or_default().extend(record.depends.iter().map(String::as_str));
        if SECTIONS.contains(&record.section.as_str()) {
            open.push(record.id.as_str());
        }
    }
    let mut selected = BTreeSet::new();
    while let Some(id) = open.pop() {
        let Some(next) = depends.get(id) else {
            continue;
        };
        if selected.insert(id) {
            open.extend(next);
        }
    }
    selected
}

fn subset(records: &[Record<'_>], selected: &BTreeSet<&str>) -> (usize, String) {
    let mut kept: Vec<&Record<'_>> = records.iter().filter(|record| selected.contains(record.id.as_str())).collect();
    kept.sort_by(|left, right| left.id.cmp(&right.id));
    let text = kept.iter().fold(String::new(), |text, record| text + record.line + "\n");
    (kept.len(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"id":"z","section":"shells","depends":["lib","virtual"]}
{"id":"other","section":"games","depends":[]}
{"id":"lib","section":"libs","depends":["deep"]}"#;
    const NEW: &str = r#"{"id":"deep","section":"libs","depends":[]}
{"id":"a","section":"libs","depends":[]}
{"id":"z","section":"shells","depends":["a"]}"#;

    #[test]
    fn the_subset_is_closed_over_both_releases_and_in_order() {
        let releases = [records(OLD).unwrap(), records(NEW).unwrap()];
        let selected = selected(&releases);
        assert_eq!(selected.iter().copied().collect::<Vec<_>>(), ["a", "deep", "lib", "z"]);
        let (count, text) = subset(&releases[0], &selected);
        assert_eq!(count, 2);
        assert!(text.starts_with(r#"{"id":"lib""#) && text.ends_with("}\n"), "{text}");
    }

    #[test]
    fn a_line_without_an_id_is_named() {
        let failure = records("{\"id\":\"a\"}\n{}\n").err().unwrap();
        assert_eq!(failure.to_string(), "line 2: no id");
    }
}
